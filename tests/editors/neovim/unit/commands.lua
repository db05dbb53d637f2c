-- `:Holdover`: its words, their completion, and the commands that show no window of their own.

local t = require('harness')
local s = require('support')
local fake = require('fake_server')

t.main(function()
  t.test('completion offers every subcommand, then its words, then nothing', function()
    t.equal(
      vim.fn.getcompletion('Holdover ', 'cmdline'),
      vim.tbl_filter(function(name)
        return name ~= 'nothing'
      end, vim.fn.sort(vim.tbl_keys(require('holdover.subcommands')))),
      'subcommands'
    )
    t.equal(vim.fn.getcompletion('Holdover pref', 'cmdline'), { 'preflight' }, 'by their beginning')
    t.equal(vim.fn.getcompletion('Holdover offline ', 'cmdline'), { 'auto', 'off', 'on' }, 'words')
    t.equal(vim.fn.getcompletion('vertical Holdover conflicts w', 'cmdline'), { 'window' }, 'behind a modifier')
    t.equal(vim.fn.getcompletion('Holdover offline on ', 'cmdline'), {}, 'no third word')
    t.equal(vim.fn.getcompletion('Holdover restart ', 'cmdline'), {}, 'no word where none is taken')
  end)

  t.test('what the running server does not know is not offered', function()
    s.open({ commands = { 'holdover.status', 'holdover.conflicts' } })
    local offered = vim.fn.getcompletion('Holdover ', 'cmdline')
    for _, name in ipairs({ 'journal', 'fetch', 'preflight', 'readiness', 'offline' }) do
      t.check(not vim.list_contains(offered, name), name .. ' is offered')
    end
    t.check(vim.list_contains(offered, 'status') and vim.list_contains(offered, 'log'), 'the others are')
  end)

  t.test('an unknown subcommand and a wrong word are failures that name what is known', function()
    vim.cmd('Holdover statuses')
    t.contains(t.notified[1].text, 'there is no command statuses\nhint: did you mean status?', 'unknown subcommand')
    vim.cmd('Holdover offline maybe')
    t.contains(t.notified[2].text, ':Holdover offline takes nothing, or auto, off, on', 'wrong word')
    vim.cmd('Holdover fetch now')
    t.contains(t.notified[3].text, ':Holdover fetch takes nothing, or dry-run', 'wrong word')
    t.equal(t.notified[1].level, vim.log.levels.ERROR, 'level')
  end)

  t.test('without a server a command says how to get one', function()
    s.clear()
    vim.cmd('Holdover status')
    t.contains(t.notified[1].text, "vim.lsp.enable('holdover')", 'hint')
    t.equal(require('holdover').statusline(), '', 'status line')
    t.equal(require('holdover').status(), nil, 'status')
  end)

  t.test('a server that does not know a command is named with its version', function()
    local server = s.open({ commands = { 'holdover.status' }, version = '0.0.9' })
    vim.cmd('Holdover fetch')
    t.contains(t.notified[1].text, 'the server (holdover 0.0.9) does not know the command holdover.fetch', 'text')
    t.equal(server.asked('holdover.fetch'), 0, 'it was not asked')
  end)

  t.test(':Holdover preflight lists what is missing, at the columns of the line as Neovim counts them', function()
    local server = s.open()
    t.write(s.root .. '/Cargo.lock', '# é😀 here\nname = "memchr"\n')
    server.answers['holdover.preflight'] = function(argument)
      t.equal(argument.workspace, s.root, 'workspace')
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
            file = s.root .. '/Cargo.lock',
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
            file = s.root .. '/Cargo.lock',
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
    vim.cmd('Holdover preflight location')
    t.wait(function()
      return #vim.fn.getloclist(0) == 1
    end, 'the location list')
    vim.cmd.lclose()
  end)

  t.test(':Holdover offline passes its word on', function()
    local server = s.open()
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

  t.test(':Holdover offline without a word says what holds', function()
    local server = s.open()
    server.answers['holdover.status'] = function()
      return fake.status(1, 1)
    end
    vim.cmd('Holdover offline')
    t.contains(s.hears('a route and a resolver, since'), 'online: ', 'state')
    t.equal(server.asked('holdover.offline'), 0, 'nothing was changed')
  end)

  t.test(':Holdover log opens what there is, read-only', function()
    s.open()
    vim.env.HOLDOVER_DATA_DIR = s.tmp .. '/data'
    t.write(s.tmp .. '/data/logs/lsp.log', 'first\nlast\n')
    vim.cmd('Holdover log')
    t.contains(vim.api.nvim_buf_get_name(0), 'data/logs/lsp.log', 'file')
    t.equal(vim.bo.modifiable, false, 'modifiable')
    t.equal(vim.api.nvim_win_get_cursor(0)[1], 2, 'the last line')
    vim.cmd.close()
    vim.env.HOLDOVER_DATA_DIR = nil
  end)
end)
