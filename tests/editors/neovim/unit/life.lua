-- The end of a server: asked for, or not.

local t = require('harness')
local s = require('support')

---Timers that run or wait, of this Neovim's event loop.
---@return integer
local function timers()
  local count = 0
  vim.uv.walk(function(handle)
    if vim.uv.handle_get_type(handle) == 'timer' and handle:is_active() and not handle:is_closing() then
      count = count + 1
    end
  end)
  return count
end

---Delays that were asked for, in place of waiting for them; what follows them is run by the test.
---@return {delay: integer, fn: fun()}[]
local function deferred()
  local asked = {}
  ---@diagnostic disable-next-line: duplicate-set-field
  vim.defer_fn = function(fn, delay)
    asked[#asked + 1] = { fn = fn, delay = delay }
  end
  return asked
end
local defer_fn = vim.defer_fn

---@return string[] notifications of this plugin
local function ours()
  local texts = {}
  for _, message in ipairs(t.notified) do
    if vim.startswith(message.text, 'holdover: ') then
      texts[#texts + 1] = message.text
    end
  end
  return texts
end

t.main(function()
  t.test(':Holdover restart starts one server for the same buffers', function()
    local server, client = s.open()
    local buffer = vim.api.nvim_get_current_buf()
    vim.cmd('Holdover restart')
    t.wait(function()
      local now = vim.lsp.get_clients({ bufnr = buffer, name = 'holdover' })
      return #now == 1 and now[1].id ~= client.id and now[1].initialized
    end, 'the new server')
    t.equal(server.starts, 2, 'starts')
    t.equal(#vim.lsp.get_clients({ name = 'holdover' }), 1, 'servers')
    t.equal(t.notified, {}, 'notifications')
  end)

  t.test('a server that is killed while it works is told with what it was at, and comes back by itself', function()
    local server, client = s.open()
    local waits = deferred()
    server.notify(
      '$/progress',
      { token = 1, value = { kind = 'begin', title = 'Getting what is missing', message = 'memchr' } }
    )
    s.hears('memchr')
    server.die(0, 9)
    local text = t.wait(function()
      return ours()[1]
    end, 'the notification')
    t.contains(text, 'was ended by signal 9 (killed), while at work: Getting what is missing', 'what happened')
    t.contains(text, 'it starts again in 1 s', 'what is next')
    t.contains(text, 'hint: :Holdover log', 'what to do')
    s.hears('the server ended')
    t.equal(#waits, 1, 'delays')
    waits[1].fn()
    t.wait(function()
      local now = vim.lsp.get_clients({ bufnr = 0, name = 'holdover' })[1]
      return now and now.id ~= client.id and now.initialized
    end, 'the new server serves the same buffer')
    vim.defer_fn = defer_fn
  end)

  t.test('each unexpected end is waited for longer, and after five it is left alone until it is asked for', function()
    local server = s.open()
    vim.cmd('Holdover restart')
    local waits = deferred()
    for n = 1, 6 do
      t.wait(function()
        local now = vim.lsp.get_clients({ bufnr = 0, name = 'holdover' })[1]
        return server.starts == n + 1 and now and now.initialized
      end, 'server ' .. n)
      t.notified = {}
      server.die(101, 0)
      t.wait(function()
        return ours()[1]
      end, 'notification ' .. n)
      t.wait(function()
        return #vim.lsp.get_clients() == 0
      end, 'the end is known')
      t.contains(ours()[1], 'ended by itself with code 101', 'what happened')
      if waits[n] then
        waits[n].fn()
      end
    end
    t.equal(
      vim.tbl_map(function(wait)
        return wait.delay
      end, waits),
      { 1000, 2000, 4000, 8000, 16000 },
      'delays'
    )
    t.contains(ours()[1], '6 times in 5 minutes, so it is left alone', 'the sixth')
    vim.defer_fn = defer_fn
    vim.cmd('Holdover restart')
    t.wait(function()
      return #vim.lsp.get_clients({ bufnr = 0, name = 'holdover' }) == 1
    end, 'it comes when it is asked for')
  end)

  t.test('vim.g.holdover.restart = false only says that it ended', function()
    local server = s.open()
    vim.g.holdover = { restart = false }
    local waits = deferred()
    server.die(0, 11)
    local text = t.wait(function()
      return ours()[1]
    end, 'the notification')
    t.contains(text, ':Holdover restart starts it', 'what to do')
    t.equal(waits, {}, 'delays')
    vim.defer_fn = defer_fn
  end)

  t.test('a server that somebody ends from outside comes back too', function()
    local server = s.open()
    local waits = deferred()
    server.die(0, 15)
    t.contains(
      t.wait(function()
        return ours()[1]
      end, 'the notification'),
      'was ended by signal 15; it starts again',
      'what is said'
    )
    t.equal(#waits, 1, 'delays')
    vim.defer_fn = defer_fn
  end)

  t.test('a server that is stopped on purpose is no failure and does not come back', function()
    for _, force in ipairs({ false, true }) do
      local server, client = s.open()
      client:stop(force)
      t.wait(function()
        return #vim.lsp.get_clients() == 0
      end, 'the end')
      vim.wait(30)
      t.equal(ours(), {}, 'notifications')
      t.equal(server.starts, 1, 'starts')
    end
  end)

  t.test('no timer runs while a server does, with and without a window', function()
    local before = timers()
    local server = s.open()
    server.answers['holdover.preflight'] = function()
      return { workspace = s.root, readiness = require('fake_server').status(1, 2).readiness, artifacts = {} }
    end
    t.equal(timers(), before, 'with a server')
    vim.cmd('Holdover readiness')
    s.shows('1 of 2')
    t.equal(timers(), before, 'with a window')
  end)
end)
