-- The status line, the event that comes with a change, and the float with every figure.

local t = require('harness')
local s = require('support')
local fake = require('fake_server')

t.main(function()
  t.test("the status line is the server's own text and User HoldoverStatus carries the status", function()
    local server = s.open()
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
    local server, client = s.open()
    s.tell(server, client, fake.status(5, 5))
    client:stop(true)
    t.wait(function()
      return require('holdover.status').of_client(client) == nil
    end, 'the status is dropped')
    t.equal(require('holdover').statusline(), '', 'status line')
  end)

  t.test('a window without a file shows the status of the only workspace', function()
    local server = s.open()
    server.notify('holdover/didChangeStatus', fake.status(5, 5))
    vim.cmd.enew()
    t.wait(function()
      return require('holdover').statusline() == 'offline: 5 of 5'
    end, 'status line of an empty buffer')
  end)

  t.test('a server that looks after two folders tells of each the status of its own', function()
    local server, client = s.open()
    local other = s.tmp .. '/other'
    t.write(other .. '/Cargo.lock', 'version = 4\n')
    client:_add_workspace_folder(other)
    s.tell(server, client, fake.status(1, 2, { workspace = s.root }))
    s.tell(server, client, fake.status(3, 4, { workspace = other }))
    t.equal(require('holdover').statusline(), 'offline: 1 of 2', 'the first')
    vim.cmd('noautocmd edit ' .. vim.fn.fnameescape(other .. '/Cargo.lock'))
    vim.lsp.buf_attach_client(0, client.id)
    t.equal(require('holdover').statusline(), 'offline: 3 of 4', 'the second')
  end)

  t.test(':Holdover status shows the figures in a float that q closes', function()
    local server = s.open()
    server.answers['holdover.status'] = function()
      return fake.status(1204, 1207)
    end
    vim.cmd('Holdover status')
    t.wait(function()
      return vim.bo.filetype == 'holdover'
    end, 'the float')
    local text = s.text()
    t.contains(text, 'offline: 1,204 of 1,207   not ready: 3 missing', 'headline')
    t.contains(text, 'Cargo.lock         cargo    397 of 400 here, 3 missing, 37 only for other targets', 'cargo row')
    t.contains(text, 'package-lock.json  npm      807 of 807 here', 'npm row')
    t.contains(text, '3 merge conflicts in 1 file', 'conflicts')
    t.check(not text:find('vim.NIL', 1, true) and not text:find('userdata', 1, true), 'no null is shown')
    t.contains(text, 'hint: build: fetch them while there is a network', 'hint')
    t.contains(text, '5.0 MiB', 'cache size')
    vim.cmd.normal('q')
    t.check(vim.bo.filetype ~= 'holdover', 'q closes the float')
  end)

  t.test("the server's own words are shown, letter for letter", function()
    local server = s.open()
    server.answers['holdover.status'] = function()
      local status = fake.status(1204, 1207)
      status.readiness.text = 'nicht bereit'
      status.readiness.ecosystems[1].text = 'drei fehlen'
      status.connectivity.text = 'verbunden'
      status.functions[1].text = 'geht nicht'
      status.caches[1].text = 'so viel'
      status.mirrors[1].text = 'langsam'
      return status
    end
    vim.cmd('Holdover status')
    local text = s.shows('nicht bereit')
    for _, word in ipairs({ 'drei fehlen', 'verbunden: ', 'geht nicht', 'so viel', 'langsam' }) do
      t.contains(text, word, 'words')
    end
  end)

  t.test('a lockfile that is refused as a whole is told with its reason', function()
    local server = s.open()
    server.answers['holdover.status'] = function()
      local status = fake.status(25, 25)
      status.readiness.state = 'incomplete'
      status.readiness.ecosystems[1].problem = 'line 7 is no TOML'
      return status
    end
    vim.cmd('Holdover status')
    s.shows('Cargo.lock: line 7 is no TOML')
  end)

  t.test('times and sizes are written for people', function()
    local text = require('holdover.text')
    t.equal(text.number(1234567), '1,234,567', 'number')
    t.equal(text.number(999), '999', 'small number')
    t.equal(text.size(1536), '1.5 KiB', 'size')
    t.equal(text.size(12900000), '12.3 MiB', 'cut off, not rounded, as the program has it')
    local now = os.time()
    t.equal(text.time(os.date('!%Y-%m-%dT%H:%M:%SZ', now)), os.date('%H:%M', now), 'today, from UTC')
    t.equal(text.time(os.date('!%Y-%m-%dT%H:%M:%S', now + 7200) .. '+02:00'), os.date('%H:%M', now), 'with an offset')
    t.equal(text.time('never'), nil, 'what is no time')
    local noon = '2026-11-21T12:00:00Z'
    local at = assert(text.epoch(noon))
    t.equal(text.age(noon, at + 20), 'just now', 'seconds')
    t.equal(text.age(noon, at + 60), '1 minute ago', 'a minute')
    t.equal(text.age(noon, at + 3 * 3600 + 59), '3 hours ago', 'hours')
    t.equal(text.age(noon, at + 2 * 86400), '2 days ago', 'days')
    t.equal(text.age(noon, at - 3600), 'in the future, by this clock', 'a clock that went wrong')
    t.equal(text.age(nil), nil, 'no time')
  end)
end)
