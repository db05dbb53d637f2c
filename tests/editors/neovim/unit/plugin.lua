-- The plugin against a server that says what it is told: commands and their completion, the status line, the event,
-- trust, health. No process is started but the stubs that a test writes itself.

local t = require('harness')
local fake = require('fake_server')

local tmp = vim.fn.tempname()
local root = tmp .. '/work space'

---Opens a file of the workspace with a fresh server behind it.
---@param opts? table of fake.new
---@return FakeServer, vim.lsp.Client
local function open(opts)
  vim.cmd('silent! %bwipeout!')
  for _, client in ipairs(vim.lsp.get_clients()) do
    client:stop(true)
  end
  t.wait(function()
    return #vim.lsp.get_clients() == 0
  end, "the last test's server ends")
  local server = fake.new(opts)
  vim.lsp.config('holdover', { cmd = server.cmd })
  vim.lsp.enable('holdover')
  t.write(root .. '/Cargo.lock', 'version = 4\n')
  t.write(root .. '/src/lib.rs', '// a file\n')
  vim.cmd.edit(vim.fn.fnameescape(root .. '/src/lib.rs'))
  local client = t.wait(function()
    local found = vim.lsp.get_clients({ bufnr = 0, name = 'holdover' })[1]
    return found and found.initialized and found
  end, 'the server attaches')
  return server, client
end

---Remembers what was echoed; messages without history cannot be read back.
local said = {}
local echo = vim.api.nvim_echo
---@diagnostic disable-next-line: duplicate-set-field
vim.api.nvim_echo = function(chunks, ...)
  said[#said + 1] = table.concat(vim.tbl_map(function(c)
    return c[1]
  end, chunks))
  return echo(chunks, ...)
end

---@param choice integer which of the items is taken
---@return {items: string[], prompt: string}[]
local function choose(choice)
  local asked = {}
  ---@diagnostic disable-next-line: duplicate-set-field
  vim.ui.select = function(items, opts, on_choice)
    asked[#asked + 1] = { items = items, prompt = opts.prompt }
    on_choice(items[choice], choice)
  end
  return asked
end

---A program that writes its arguments to a file, in place of the command line tool.
---@param code? integer
---@return string program
---@return fun(): string arguments
local function stub(code)
  local program, record = tmp .. '/stub', tmp .. '/stub.args'
  os.remove(record)
  t.write(
    program,
    ('#!/bin/sh\necho "$@" >> %s\n[ %d = 0 ] || echo "no space left" >&2\nexit %d\n'):format(
      record,
      code or 0,
      code or 0
    )
  )
  vim.uv.fs_chmod(program, 493)
  return program, function()
    local ok, text = pcall(t.read, record)
    return ok and text or ''
  end
end

t.main(function()
  t.test('the plugin loads no module of its own before it is used', function()
    local loaded = vim.tbl_filter(function(name)
      return vim.startswith(name, 'holdover')
    end, vim.tbl_keys(package.loaded))
    t.equal(loaded, {}, 'modules after the start of Neovim')
    t.equal(vim.fn.exists(':Holdover'), 2, ':Holdover is defined')
  end)

  t.test('the server is configured without setup()', function()
    local config = vim.lsp.config.holdover
    t.equal(config.cmd, { 'holdover', 'lsp' }, 'command')
    t.equal(config.filetypes, nil, 'every filetype')
    t.check(vim.list_contains(config.root_markers, 'holdover.toml'), 'holdover.toml marks a root')
  end)

  t.test('a wrong key in vim.g.holdover is named and does no harm', function()
    vim.g.holdover = { command = 'x', trusted = 'yes', cmd = {} }
    local config = require('holdover.config')
    t.equal(config.get().cmd, { 'holdover', 'lsp' }, 'an empty command counts as not set')
    t.equal(config.get().trusted, nil, 'trust is never taken from a value of the wrong type')
    local problems = table.concat(config.problems(), '\n')
    t.contains(problems, 'vim.g.holdover.command has no meaning', 'unknown key')
    t.contains(problems, 'vim.g.holdover.trusted is a string and must be a boolean', 'wrong type')
    vim.g.holdover = nil
  end)

  t.test('completion offers every subcommand, then its words, then nothing', function()
    t.equal(
      vim.fn.getcompletion('Holdover ', 'cmdline'),
      { 'accept', 'cancel', 'conflicts', 'fetch', 'log', 'offline', 'preflight', 'restart', 'status', 'trust' },
      'subcommands'
    )
    t.equal(vim.fn.getcompletion('Holdover pre', 'cmdline'), { 'preflight' }, 'by their beginning')
    t.equal(vim.fn.getcompletion('Holdover offline ', 'cmdline'), { 'auto', 'off', 'on' }, 'words')
    t.equal(vim.fn.getcompletion('Holdover offline on ', 'cmdline'), {}, 'no third word')
    t.equal(vim.fn.getcompletion('Holdover fetch ', 'cmdline'), {}, 'no word where none is taken')
  end)

  t.test('an unknown subcommand and a wrong word are failures that name what is known', function()
    vim.cmd('Holdover fly')
    t.contains(t.notified[1].text, 'there is no command fly', 'unknown subcommand')
    vim.cmd('Holdover offline')
    t.contains(t.notified[2].text, ':Holdover offline takes one of auto, off, on', 'missing word')
    vim.cmd('Holdover fetch now')
    t.contains(t.notified[3].text, ':Holdover fetch takes nothing', 'word too many')
    t.equal(t.notified[1].level, vim.log.levels.ERROR, 'level')
  end)

  t.test('without a server a command says how to get one', function()
    vim.cmd('Holdover status')
    t.contains(t.notified[1].text, "vim.lsp.enable('holdover')", 'hint')
    t.equal(require('holdover').statusline(), '', 'status line')
    t.equal(require('holdover').status(), nil, 'status')
  end)

  t.test('the root is the folder of the lockfile, and the options reach the server', function()
    local server, client = open()
    t.equal(client.root_dir, vim.uv.fs_realpath(root), 'root')
    local params = server.requests[1].params
    t.equal(server.requests[1].method, 'initialize', 'first request')
    t.equal(params.initializationOptions.trusted, nil, 'not trusted unless the user says so')
  end)

  t.test("the status line is the server's own text and User HoldoverStatus carries the status", function()
    local server = open()
    local events = {}
    local id = vim.api.nvim_create_autocmd('User', {
      pattern = 'HoldoverStatus',
      callback = function(event)
        events[#events + 1] = event.data
      end,
    })
    t.equal(require('holdover').statusline(), '', 'before the server said anything')
    server.notify('holdover/didChangeStatus', fake.status(1204, 1207))
    t.wait(function()
      return events[1]
    end, 'the event')
    t.equal(require('holdover').statusline(), 'offline: 1,204 of 1,207', 'status line')
    t.equal(require('holdover').statusline({ options = {} }), 'offline: 1,204 of 1,207', 'as lualine calls it')
    t.equal(events[1].text, 'offline: 1,204 of 1,207', 'text of the event')
    t.equal(events[1].status.readiness.missing, 3, 'figures of the event')
    t.equal(require('holdover').status().readiness.present, 1204, 'status()')
    vim.api.nvim_del_autocmd(id)
    t.equal(t.notified, {}, 'a status is no notification')
  end)

  t.test('the status of a server that ended is forgotten', function()
    local server, client = open()
    server.notify('holdover/didChangeStatus', fake.status(5, 5))
    t.wait(function()
      return require('holdover').statusline() ~= ''
    end, 'the status')
    client:stop(true)
    t.wait(function()
      return require('holdover.status').of_client(client.id) == nil
    end, 'the status is dropped')
    t.equal(require('holdover').statusline(), '', 'status line')
  end)

  t.test('a window without a file shows the status of the only workspace', function()
    local server = open()
    server.notify('holdover/didChangeStatus', fake.status(5, 5))
    vim.cmd.enew()
    t.wait(function()
      return require('holdover').statusline() == 'offline: 5 of 5'
    end, 'status line of an empty buffer')
  end)

  t.test(':Holdover status shows the figures in a float that q closes', function()
    local server = open()
    server.answers['holdover.status'] = function()
      return fake.status(1204, 1207)
    end
    vim.cmd('Holdover status')
    t.wait(function()
      return vim.bo.filetype == 'holdover'
    end, 'the float')
    local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n')
    t.contains(text, 'offline: 1,204 of 1,207   will not build without a network', 'headline')
    t.contains(text, 'cargo  Cargo.lock         397 of 400  3 missing', 'cargo row')
    t.contains(text, 'npm    package-lock.json  807 of 807  all here', 'npm row')
    t.contains(text, '3 conflicts in 1 file', 'conflicts')
    t.check(not text:find('vim.NIL', 1, true) and not text:find('userdata', 1, true), 'no null is shown')
    t.contains(text, 'hint: build: fetch them while there is a network', 'hint')
    t.contains(text, '5.0 MiB', 'cache size')
    vim.cmd.normal('q')
    t.check(vim.bo.filetype ~= 'holdover', 'q closes the float')
  end)

  t.test(':Holdover preflight lists what is missing, at the columns of the line as Neovim counts them', function()
    local server = open()
    t.write(root .. '/Cargo.lock', '# é😀 here\nname = "memchr"\n')
    server.answers['holdover.preflight'] = function(argument)
      t.equal(argument.workspace, vim.uv.fs_realpath(root), 'workspace')
      local at = { line = 0, utf16 = 5, byte = 8 }
      return {
        workspace = root,
        readiness = fake.status(1, 2).readiness,
        artifacts = {
          {
            id = 'cargo:memchr@2',
            ecosystem = 'cargo',
            name = 'memchr',
            version = '2.8.3',
            state = 'missing',
            evidence = 'x',
            neededBy = { 'aho 1', 'b 2' },
            file = root .. '/Cargo.lock',
            range = { start = at, ['end'] = { line = 0, utf16 = 10, byte = 13 } },
          },
          {
            id = 'cargo:w@1',
            ecosystem = 'cargo',
            name = 'w',
            version = '1',
            state = 'missing',
            evidence = 'x',
            otherTarget = true,
            neededBy = {},
            file = root .. '/Cargo.lock',
            range = { start = at, ['end'] = at },
          },
        },
      }
    end
    vim.cmd('Holdover preflight')
    t.wait(function()
      return #vim.fn.getqflist() > 0
    end, 'the quickfix list')
    local list = vim.fn.getqflist()
    t.equal(#list, 1, 'what only other targets need is not listed')
    t.equal(list[1].text, 'cargo memchr 2.8.3 is missing, needed by aho 1 and 1 more', 'text')
    t.equal({ list[1].lnum, list[1].col, list[1].type }, { 1, 9, 'E' }, 'line, byte column, type')
    t.equal(vim.bo.buftype, 'quickfix', 'its window is open')
    vim.cmd.cclose()
  end)

  t.test('a fetch asks the server once, with the workspace, and says what it brought', function()
    local server = open()
    server.answers['holdover.fetch'] = function()
      return {
        readiness = fake.status(1207, 1207).readiness,
        fetch = { state = 'done', steps = {}, fetched = { 'a', 'b', 'c' } },
      }
    end
    said = {}
    vim.cmd('Holdover fetch')
    t.wait(function()
      return #said > 0
    end, 'the answer')
    t.equal(server.asked('holdover.fetch'), 1, 'requests')
    t.equal(said[#said], 'holdover: 3 artifacts fetched; 1,207 of 1,207 are here', 'what is said')
    t.equal(t.notified, {}, 'success is no notification')
  end)

  t.test("a fetch that fails is notified with the tool's own words", function()
    local server = open()
    server.answers['holdover.fetch'] = function()
      return {
        fetch = {
          state = 'failed',
          fetched = {},
          steps = {
            {
              ecosystem = 'cargo',
              lockfile = 'Cargo.lock',
              command = {},
              ok = false,
              error = 'no route to the registry',
            },
          },
        },
      }
    end
    vim.cmd('Holdover fetch')
    t.wait(function()
      return t.notified[1]
    end, 'the notification')
    t.contains(t.notified[1].text, 'cargo (Cargo.lock): no route to the registry', 'text')
  end)

  t.test('a fetch that the user stopped is no failure', function()
    local server = open()
    server.answers['holdover.fetch'] = function()
      return nil, { code = -32800, message = 'stopped, as was asked' }
    end
    said = {}
    vim.cmd('Holdover fetch')
    t.wait(function()
      return said[1]
    end, 'the answer')
    t.contains(said[1], 'stopped', 'what is said')
    t.equal(t.notified, {}, 'notifications')
  end)

  t.test('in a workspace that is not trusted a fetch offers to trust it, does, and runs again', function()
    local server, client = open()
    local program, arguments = stub()
    vim.g.holdover = { cmd = { program, 'lsp' } }
    server.notify('holdover/didChangeStatus', fake.status(1, 2, { trusted = false }))
    t.wait(function()
      return require('holdover.status').of_client(client.id)
    end, 'the status')
    server.answers['holdover.fetch'] = function()
      if arguments() == '' then
        return nil, { code = -32803, message = 'this workspace is not trusted\nhint: holdover trust' }
      end
      return { fetch = { state = 'done', steps = {}, fetched = { 'a' } } }
    end
    local asked = choose(1)
    vim.cmd('Holdover fetch')
    t.wait(function()
      return server.asked('holdover.fetch') == 2
    end, 'the second attempt')
    t.equal(#asked, 1, 'asked once')
    t.contains(asked[1].items[1], 'Trust ', 'the offer')
    t.equal(arguments(), 'trust ' .. client.root_dir .. '\n', 'what was run')
    t.equal(t.notified, {}, 'no failure is shown')
    vim.g.holdover = nil
  end)

  t.test('a server that still refuses after the workspace was trusted is not asked for ever', function()
    local server, client = open()
    local program = stub()
    vim.g.holdover = { cmd = { program, 'lsp' } }
    server.answers['holdover.fetch'] = function()
      return nil, { code = -32803, message = 'not allowed', data = { kind = 'untrusted' } }
    end
    local asked = choose(1)
    local finished
    require('holdover.fetch').run(client, nil, function(err)
      finished = err
    end)
    t.wait(function()
      return finished
    end, 'the end')
    t.equal(#asked, 1, 'asked once')
    t.equal(server.asked('holdover.fetch'), 2, 'attempts')
    t.contains(t.notified[1].text, 'not allowed', 'the failure is shown')
    vim.g.holdover = nil
  end)

  t.test('who declines to trust is not asked again and nothing runs', function()
    local server, client = open()
    local program, arguments = stub()
    vim.g.holdover = { cmd = { program, 'lsp' } }
    server.answers['holdover.fetch'] = function()
      return nil, { code = -32803, message = 'not allowed', data = { kind = 'untrusted' } }
    end
    local asked = choose(2)
    local finished
    require('holdover.fetch').run(client, nil, function(err)
      finished = err
    end)
    t.wait(function()
      return finished
    end, 'the end')
    t.equal(#asked, 1, 'asked once')
    t.equal(arguments(), '', 'nothing was run')
    t.equal(server.asked('holdover.fetch'), 1, 'one attempt')
    vim.g.holdover = nil
  end)

  t.test(':Holdover trust runs the command line tool, revoke takes it back, a failure is shown', function()
    local _, client = open()
    local program, arguments = stub()
    vim.g.holdover = { cmd = { program, 'lsp' } }
    vim.cmd('Holdover trust')
    t.wait(function()
      return arguments() == 'trust ' .. client.root_dir .. '\n'
    end, 'trust')
    vim.cmd('Holdover trust revoke')
    t.wait(function()
      return arguments():find('--revoke', 1, true)
    end, 'revoke')
    vim.g.holdover = { cmd = { (stub(3)), 'lsp' } }
    vim.cmd('Holdover trust')
    t.wait(function()
      return t.notified[1]
    end, 'the failure')
    t.contains(t.notified[1].text, 'ended with code 3: no space left', 'text')
    vim.g.holdover = { cmd = { '/nowhere/holdover', 'lsp' } }
    vim.cmd('Holdover trust')
    t.contains(t.notified[2].text, '/nowhere/holdover could not be started', 'a program that is not there')
    vim.g.holdover = nil
  end)

  t.test('a server that does not know a command is named with its version', function()
    local server = open({ commands = { 'holdover.status' }, version = '0.0.9' })
    vim.cmd('Holdover fetch')
    t.contains(t.notified[1].text, 'the server (holdover 0.0.9) does not know the command holdover.fetch', 'text')
    t.equal(server.asked('holdover.fetch'), 0, 'it was not asked')
  end)

  t.test('progress is shown and can be cancelled', function()
    local server = open()
    server.notify('$/progress', { token = 7, value = { kind = 'begin', title = 'Fetching', percentage = 0 } })
    said = {}
    server.notify('$/progress', { token = 7, value = { kind = 'report', message = '2 of 3: memchr', percentage = 66 } })
    t.wait(function()
      return table.concat(said, '\n'):find('2 of 3: memchr', 1, true)
    end, 'the report')
    vim.cmd('Holdover cancel')
    local cancel = vim.tbl_filter(function(n)
      return n.method == 'window/workDoneProgress/cancel'
    end, server.notifications)
    t.equal(cancel[1] and cancel[1].params.token, 7, 'the token that is cancelled')
    server.notify('$/progress', { token = 7, value = { kind = 'end' } })
  end)

  t.test('vim.g.holdover.progress = false keeps the message area quiet', function()
    local server = open()
    vim.g.holdover = { progress = false }
    said = {}
    server.notify('$/progress', { token = 8, value = { kind = 'begin', title = 'Fetching' } })
    server.notify('$/progress', { token = 8, value = { kind = 'end' } })
    server.notify('holdover/didChangeStatus', fake.status(3, 3))
    t.wait(function()
      return require('holdover').statusline() == 'offline: 3 of 3'
    end, 'what was sent after the progress')
    t.equal(said, {}, 'echoed')
    vim.g.holdover = nil
  end)

  t.test(':Holdover offline passes its word on', function()
    local server = open()
    local mode
    server.answers['holdover.offline'] = function(argument)
      mode = argument.mode
      return {}
    end
    vim.cmd('Holdover offline on')
    t.wait(function()
      return mode
    end, 'the request')
    t.equal(mode, 'on', 'mode')
  end)

  t.test(':Holdover conflicts names both sides by their labels', function()
    local server = open()
    server.answers['holdover.conflicts'] = function()
      local at = { line = 0, utf16 = 0, byte = 0 }
      local range = { start = at, ['end'] = at }
      return {
        files = {
          {
            path = 'src/lib.rs',
            regions = {
              {
                range = range,
                style = 'merge',
                sides = { { label = 'HEAD', range = range }, { label = 'feature', range = range } },
              },
            },
          },
        },
      }
    end
    vim.fn.setqflist({})
    vim.cmd('Holdover conflicts')
    t.wait(function()
      return #vim.fn.getqflist() > 0
    end, 'the list')
    local entry = vim.fn.getqflist()[1]
    t.equal(entry.text, 'conflict between HEAD and feature', 'text')
    t.contains(vim.api.nvim_buf_get_name(entry.bufnr), 'work space/src/lib.rs', 'a path relative to the workspace')
    vim.cmd.cclose()
  end)

  t.test(':Holdover restart starts one server for the same buffers', function()
    local server, client = open()
    local buffer = vim.api.nvim_get_current_buf()
    vim.cmd('Holdover restart')
    t.wait(function()
      local now = vim.lsp.get_clients({ bufnr = buffer, name = 'holdover' })
      return #now == 1 and now[1].id ~= client.id and now[1].initialized
    end, 'the new server')
    t.equal(server.starts, 2, 'starts')
    t.equal(#vim.lsp.get_clients({ name = 'holdover' }), 1, 'servers')
  end)

  t.test(':Holdover log opens what there is, read-only', function()
    open()
    vim.env.HOLDOVER_DATA_DIR = tmp .. '/data'
    t.write(tmp .. '/data/logs/lsp.log', 'first\nlast\n')
    vim.cmd('Holdover log')
    t.contains(vim.api.nvim_buf_get_name(0), 'data/logs/lsp.log', 'file')
    t.equal(vim.bo.modifiable, false, 'modifiable')
    t.equal(vim.api.nvim_win_get_cursor(0)[1], 2, 'the last line')
    vim.cmd.close()
    vim.env.HOLDOVER_DATA_DIR = nil
  end)

  t.test('checkhealth names a missing program and how to get it', function()
    open()
    vim.g.holdover = { cmd = { '/nowhere/holdover', 'lsp' }, colour = 1 }
    vim.cmd('checkhealth holdover')
    local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n')
    t.contains(text, '`/nowhere/holdover` is not in PATH', 'program')
    t.contains(text, 'cargo install --locked --path server/holdover', 'advice')
    t.contains(text, 'vim.g.holdover.colour has no meaning', 'configuration')
    vim.cmd('silent! bwipeout!')
    vim.g.holdover = nil
  end)

  t.test('checkhealth shows the version, the workspace and its status', function()
    local server, client = open()
    t.write(tmp .. '/holdover', '#!/bin/sh\necho holdover 0.2.0\n')
    vim.uv.fs_chmod(tmp .. '/holdover', 493)
    vim.g.holdover = { cmd = { tmp .. '/holdover', 'lsp' } }
    server.notify('holdover/didChangeStatus', fake.status(1204, 1207, { trusted = false }))
    t.wait(function()
      return require('holdover.status').of_client(client.id)
    end, 'the status')
    vim.cmd('checkhealth holdover')
    local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n')
    t.contains(text, 'holdover 0.2.0: ' .. tmp .. '/holdover', 'version and path')
    t.contains(text, 'offline: 1,204 of 1,207', 'status')
    t.contains(text, 'the workspace is not trusted', 'trust')
    t.contains(text, 'it runs 0.1.0, and 0.2.0 is installed', 'a server older than the program')
    vim.g.holdover = nil
  end)

  t.test('times and sizes are written for people', function()
    local view = require('holdover.view')
    t.equal(view.number(1234567), '1,234,567', 'number')
    t.equal(view.number(999), '999', 'small number')
    t.equal(view.size(1536), '1.5 KiB', 'size')
    local now = os.time()
    t.equal(view.time(os.date('!%Y-%m-%dT%H:%M:%SZ', now)), os.date('%H:%M', now), 'today, from UTC')
    t.equal(view.time(os.date('!%Y-%m-%dT%H:%M:%S', now + 7200) .. '+02:00'), os.date('%H:%M', now), 'with an offset')
    t.equal(view.time('never'), nil, 'what is no time')
  end)

  t.test('the help is there under its tags', function()
    for _, tag in ipairs({ 'holdover', ':Holdover', 'holdover-config', 'holdover-statusline', 'HoldoverStatus' }) do
      t.check(#vim.fn.getcompletion(tag, 'help') > 0, 'help tag ' .. tag)
    end
  end)
end)
