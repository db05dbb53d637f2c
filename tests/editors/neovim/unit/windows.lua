-- The windows: readiness, conflicts, the journal and its entries, the server's pages.

local t = require('harness')
local s = require('support')
local fake = require('fake_server')

---@param name string
---@param state string
---@param more? table
---@return holdover.Artifact
local function artifact(name, state, more)
  return vim.tbl_extend('force', {
    id = 'cargo:' .. name .. '@1.0.0',
    ecosystem = 'cargo',
    name = name,
    version = '1.0.0',
    state = state,
    evidence = 'its .crate is not in the cache',
    lookedIn = { '/cache/' .. name .. '.crate' },
    neededBy = { 'app', 'other 1' },
    verified = true,
    file = s.root .. '/Cargo.lock',
    range = s.range(1),
  }, more or {})
end

---@return FakeServer
---@return vim.lsp.Client
local function readiness()
  local server, client = s.open()
  t.write(s.root .. '/Cargo.lock', 'version = 4\nname = "memchr"\n')
  server.answers['holdover.preflight'] = function(argument)
    t.equal(argument.all, true, 'all artifacts are asked for')
    local report = fake.status(1204, 1207).readiness
    report.checkedAt = os.date('!%Y-%m-%dT%H:%M:%SZ', os.time() - 300)
    report.ecosystems[1].bytes = 5 * 1024 * 1024
    return {
      workspace = s.root,
      readiness = report,
      artifacts = {
        artifact('itoa', 'present', { bytes = 12345 }),
        artifact('memchr', 'missing'),
        artifact('winapi', 'missing', { otherTarget = true }),
      },
    }
  end
  vim.cmd('Holdover readiness')
  s.shows('memchr')
  return server, client
end

---@param part string
---@return boolean
local function folded(part)
  local cursor = vim.api.nvim_win_get_cursor(0)
  s.go(part)
  local closed = vim.fn.foldclosed('.') ~= -1
  vim.api.nvim_win_set_cursor(0, cursor)
  return closed
end

t.main(function()
  t.test('the readiness window has ecosystem, lockfile and artifact, with sizes and ages', function()
    readiness()
    local text = s.text()
    t.contains(text, '1,204 of 1,207   not ready: 3 missing', 'headline')
    t.contains(text, 'looked 5 minutes ago', 'age')
    t.contains(text, '  cargo   397 of 400 here, 3 missing, 37 only for other targets   5.0 MiB here', 'ecosystem')
    t.contains(text, '    Cargo.lock   397 of 400 here, 3 missing', 'lockfile')
    t.contains(text, '✗  memchr 1.0.0  missing    needed by app and 1 more', 'artifact')
    t.contains(text, '✓  itoa 1.0.0  here, verified  12.0 KiB', 'what is here')
    t.contains(text, '1 only for other targets, not counted', 'what is not counted')
    t.equal(vim.bo.modifiable, false, 'modifiable')
    t.check(folded('itoa') and folded('winapi'), 'what is here is folded')
    t.check(not folded('memchr'), 'what is missing is not')
  end)

  t.test('the cursor and the folds stay where they are when the window is drawn again', function()
    local server, client = readiness()
    s.go('1 here')
    vim.cmd('normal! zo')
    s.go('npm')
    vim.cmd('normal! zc')
    s.go('itoa')
    local asked = server.asked('holdover.preflight')
    s.tell(server, client, fake.status(1205, 1207))
    t.wait(function()
      return server.asked('holdover.preflight') > asked
    end, 'it is drawn again')
    vim.wait(50)
    t.contains(vim.api.nvim_get_current_line(), 'itoa', 'line of the cursor')
    t.check(not folded('itoa'), 'what was opened stays open')
    t.check(folded('npm'), 'what was closed stays closed')
  end)

  t.test('any number of changes while it is being drawn come to one more', function()
    local server = readiness()
    local before = server.asked('holdover.preflight')
    for n = 1, 20 do
      server.notify('holdover/didChangeStatus', fake.status(n, 1207))
    end
    t.wait(function()
      return require('holdover').statusline() == 'offline: 20 of 1,207'
    end, 'the last status')
    vim.wait(50)
    t.check(
      server.asked('holdover.preflight') - before <= 4,
      'drawn ' .. server.asked('holdover.preflight') - before .. ' times'
    )
  end)

  t.test('<CR> goes to the line of the lockfile, in the window above', function()
    readiness()
    s.go('memchr')
    s.press('<CR>')
    t.equal(vim.api.nvim_buf_get_name(0), s.root .. '/Cargo.lock', 'file')
    t.equal(vim.api.nvim_win_get_cursor(0)[1], 2, 'line')
    t.equal(#vim.api.nvim_list_wins(), 2, 'windows')
  end)

  t.test('K says where it was looked for and what needs it, ? names the keys, q closes', function()
    readiness()
    s.go('memchr')
    s.press('K')
    local text = s.shows('memchr 1.0.0   missing')
    t.contains(text, 'looked in  /cache/memchr.crate', 'where')
    t.contains(text, 'needed by  app', 'what needs it')
    s.press('q')
    s.press('?')
    t.contains(s.shows('get what is missing'), '<CR>      go to the line of the lockfile', 'help')
    s.press('q')
    s.press('q')
    t.equal(#vim.api.nvim_list_wins(), 1, 'windows')
  end)

  t.test('f fetches, r looks again', function()
    local server, client = readiness()
    local fetched
    server.answers['holdover.fetch'] = function(argument)
      fetched = argument
      return { fetch = { state = 'done', steps = {}, fetched = {} } }
    end
    s.press('f')
    t.wait(function()
      return fetched
    end, 'the fetch')
    t.equal(fetched.workspace, client.root_dir, 'workspace')
    local before = server.asked('holdover.preflight')
    s.press('r')
    t.wait(function()
      return server.asked('holdover.preflight') > before
    end, 'it looks again')
  end)

  t.test('a second :Holdover readiness goes to the window that is there, :vertical and :edit work', function()
    local server = readiness()
    vim.cmd.wincmd('p')
    vim.cmd('Holdover readiness')
    t.equal(#vim.api.nvim_list_wins(), 2, 'windows')
    t.equal(vim.bo.filetype, 'holdover', 'the window is gone to')
    local before = server.asked('holdover.preflight')
    vim.cmd.edit()
    t.wait(function()
      return server.asked('holdover.preflight') > before
    end, ':edit looks again')
    s.press('q')
    vim.cmd('vertical Holdover readiness')
    s.shows('memchr')
    t.check(vim.api.nvim_win_get_width(0) < vim.o.columns, 'it stands beside')
  end)

  t.test('a window whose server has ended says so, and what to do', function()
    local _, client = readiness()
    client:stop(true)
    t.wait(function()
      return #vim.lsp.get_clients() == 0
    end, 'the end')
    s.press('r')
    t.contains(s.shows('no server runs for this workspace'), 'hint: open one of its files', 'hint')
    t.equal(t.notified, {}, 'notifications')
  end)

  t.test('an error of the server stands in the window and is no notification', function()
    local server = readiness()
    server.answers['holdover.preflight'] = function()
      return nil, { code = -32803, message = 'this folder is not open\nhint: open it' }
    end
    s.press('r')
    s.shows('this folder is not open')
    t.equal(t.notified, {}, 'notifications')
  end)

  t.test('the conflicts window lists files and conflicts, and <CR> goes to one', function()
    local server = s.open()
    server.answers['holdover.conflicts'] = function()
      return {
        files = {
          {
            path = s.root .. '/src/lib.rs',
            regions = {
              {
                range = { start = s.range(0).start, ['end'] = s.range(4).start },
                style = 'diff3',
                sides = { { label = 'main', range = s.range(1) }, { label = '', range = s.range(3) } },
                base = { label = 'base', range = s.range(2) },
              },
            },
          },
        },
      }
    end
    vim.cmd('Holdover conflicts window')
    local text = s.shows('1 conflict in 1 file')
    t.contains(text, 'src/lib.rs   1 conflict', 'file')
    t.contains(text, 'line 1 to 4  conflict between main and an unnamed side  with the common ancestor', 'conflict')
    s.go('line 1 to 4')
    s.press('<CR>')
    t.equal(vim.api.nvim_buf_get_name(0), s.root .. '/src/lib.rs', 'file')
  end)

  t.test('the journal is listed newest first, with ages, and an entry is shown beside it', function()
    local server = s.open()
    local now = os.time()
    local function event(id, ago, kind, payload)
      return {
        id = id,
        seq = 1,
        at = os.date('!%Y-%m-%dT%H:%M:%S.123Z', now - ago),
        actor = { kind = 'person', name = 'ada' },
        kind = kind,
        state = 'durable',
        payload = payload,
      }
    end
    server.answers['holdover.journal'] = function(argument)
      t.equal(argument.limit, 200, 'limit')
      return {
        events = {
          event('A1', 7300, 'readiness.observed', { present = 1204, total = 1207, state = 'incomplete' }),
          event('A2', 70, 'fetch.finished', { fetched = { 'a' }, left = { 'b' }, errors = { 'no route' } }),
          event('A3', 1, 'new.kind', { mode = 'x', list = { 'y' } }),
        },
      }
    end
    server.answers['holdover/content'] = function(params)
      return { text = '# ' .. params.uri .. '\n' }
    end
    vim.cmd('Holdover journal')
    local text = s.shows('3 events')
    t.contains(text, '1 minute ago  fetch.finished      ada  1 artifact fetched, 1 left; no route', 'a fetch')
    t.contains(text, '2 hours ago  readiness.observed  ada  1,204 of 1,207 are here: incomplete', 'a look')
    t.contains(text, 'new.kind            ada  list y, mode x', 'a kind that is not known here')
    t.check(text:find('new.kind', 1, true) < text:find('readiness.observed', 1, true), 'newest first')
    s.go('fetch.finished')
    s.press('p')
    t.equal(vim.bo.filetype, 'holdover', 'p stays in the list')
    s.press('<CR>')
    t.contains(s.shows('# holdover:/journal/A2.md'), 'A2', 'the entry')
    t.equal(vim.bo.filetype, 'markdown', 'filetype')
    t.equal(#vim.api.nvim_list_wins(), 3, 'one window for entries')
  end)

  t.test(':Holdover report and :Holdover page show the documents of the server', function()
    local server = s.open()
    local asked
    server.answers['holdover/content'] = function(params)
      asked = params.uri
      return { text = '# A page\n\nText.\n' }
    end
    vim.cmd('Holdover report')
    s.shows('# A page')
    t.check(not asked:find(' ', 1, true), 'the address is encoded: ' .. asked)
    t.equal(vim.uri_decode(asked), 'holdover:/status.md?workspace=' .. s.root, 'address')
    t.equal({ vim.bo.buftype, vim.bo.modifiable, vim.bo.modified }, { 'nofile', false, false }, 'a document to read')
    vim.cmd('Holdover page merge-conflict')
    t.wait(function()
      return asked == 'holdover:/diagnostics/merge-conflict.md'
    end, 'the page of a code')
  end)

  t.test(':Holdover page without a word takes the diagnostic of the line, and says where there is none', function()
    local server = s.open()
    local asked
    server.answers['holdover/content'] = function(params)
      asked = params.uri
      return { text = '' }
    end
    vim.cmd('Holdover page')
    t.contains(s.notification(), 'no diagnostic of Holdover stands on this line', 'none')
    local namespace = assert(require('holdover').namespace())
    local found = { lnum = 0, col = 0, message = 'x', source = 'holdover', code = 'stale-artifact' }
    vim.diagnostic.set(namespace, 0, { found })
    vim.cmd('Holdover page')
    t.wait(function()
      return asked == 'holdover:/diagnostics/stale-artifact.md'
    end, 'its page')
  end)

  t.test('a document that the server does not have says so in the window, with the version of the server', function()
    s.open({ version = '0.0.9' })
    vim.cmd('Holdover report')
    t.contains(s.shows('This document is not to be had'), 'The server is holdover 0.0.9.', 'version')
    t.equal(t.notified, {}, 'notifications')
  end)

  t.test('every code has its page, and no other is offered', function()
    local pages = vim.tbl_map(function(path)
      return vim.fn.fnamemodify(path, ':t:r')
    end, vim.fn.glob(os.getenv('HOLDOVER_REPOSITORY') .. '/docs/diagnostics/*.md', true, true))
    table.sort(pages)
    t.equal(require('holdover.content').codes, pages, 'codes')
  end)
end)
