-- What the unit tests share: a workspace with a server that says what it is told, answers read back, questions answered.
-- Starts no process but the stubs that a test asks for.

local t = require('harness')
local fake = require('fake_server')

local M = {}

M.tmp = vim.uv.fs_realpath(vim.fn.fnamemodify(vim.fn.tempname(), ':h')) .. '/holdover'
-- A space, a letter beyond ASCII and one beyond the first plane: every path of every test has them.
M.root = M.tmp .. '/wörk späce 😀'

---Ends every server and closes every window but one, with an empty buffer in it.
function M.clear()
  vim.g.holdover = nil
  vim.cmd('silent! tabonly! | silent! only! | silent! %bwipeout!')
  t.wait(function()
    -- One more may have been on its way for a buffer that was just opened.
    for _, client in ipairs(vim.lsp.get_clients()) do
      client:stop(true)
    end
    return #vim.lsp.get_clients() == 0
  end, "the last test's server ends")
  t.notified = {}
end

---Opens a file of the workspace with a fresh server behind it.
---@param opts? table of fake.new; `file`: another than src/lib.rs
---@return FakeServer, vim.lsp.Client
function M.open(opts)
  M.clear()
  local server = fake.new(opts)
  vim.lsp.config('holdover', { cmd = server.cmd })
  vim.lsp.enable('holdover')
  t.write(M.root .. '/Cargo.lock', 'version = 4\n')
  t.write(M.root .. '/src/lib.rs', '// a file\n')
  vim.cmd.edit(vim.fn.fnameescape(M.root .. '/' .. (opts and opts.file or 'src/lib.rs')))
  local client = t.wait(function()
    local found = vim.lsp.get_clients({ bufnr = 0, name = 'holdover' })[1]
    return found and found.initialized and found
  end, 'the server attaches')
  M.said = {}
  return server, client
end

---What was echoed, newest last; messages without history cannot be read back.
---@type string[]
M.said = {}
local echo = vim.api.nvim_echo
---@diagnostic disable-next-line: duplicate-set-field
vim.api.nvim_echo = function(chunks, ...)
  M.said[#M.said + 1] = table.concat(vim.tbl_map(function(c)
    return c[1]
  end, chunks))
  return echo(chunks, ...)
end

---Waits for something that is echoed, and returns it.
---@param part string
---@return string
function M.hears(part)
  return t.wait(function()
    return vim.iter(M.said):find(function(text)
      return text:find(part, 1, true)
    end)
  end, ('%q is said'):format(part))
end

---Waits for the n-th notification, and returns its text.
---@param n? integer
---@return string
function M.notification(n)
  return t.wait(function()
    return t.notified[n or 1]
  end, ('notification %d'):format(n or 1)).text
end

---Tells a status, and waits until it was taken.
---@param server FakeServer
---@param client vim.lsp.Client
---@param status holdover.Status
function M.tell(server, client, status)
  server.notify('holdover/didChangeStatus', status)
  t.wait(function()
    local known = require('holdover.status').of_client(client, status.workspace)
    return known and known.text == status.text
  end, 'the status is taken')
end

---@param choice integer which of the items is taken
---@return {items: string[], prompt: string}[]
function M.choose(choice)
  local asked = {}
  ---@diagnostic disable-next-line: duplicate-set-field
  vim.ui.select = function(items, opts, on_choice)
    asked[#asked + 1] = { items = vim.tbl_map(opts.format_item or tostring, items), prompt = opts.prompt }
    on_choice(items[choice], choice)
  end
  return asked
end

---A program that writes its arguments to a file, in place of the command line tool. vim.g.holdover names it.
---@param opts? {code?: integer, stdout?: string}
---@return fun(): string arguments
function M.stub(opts)
  local program, record = M.tmp .. '/stub', M.tmp .. '/stub.args'
  local code = opts and opts.code or 0
  os.remove(record)
  t.write(M.tmp .. '/stub.out', opts and opts.stdout or '')
  local lines = {
    '#!/bin/sh',
    ('echo "$@" >> "%s"'):format(record),
    ('cat "%s/stub.out"'):format(M.tmp),
    ('[ %d = 0 ] || echo "no space left" >&2'):format(code),
    ('exit %d'):format(code),
  }
  t.write(program, table.concat(lines, '\n') .. '\n')
  vim.uv.fs_chmod(program, 493)
  vim.g.holdover = { cmd = { program, 'lsp' } }
  return function()
    local ok, text = pcall(t.read, record)
    return ok and text or ''
  end
end

---The text of the current buffer.
---@return string
function M.text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n')
end

---Waits until the current buffer holds a text.
---@param part string
---@return string text all of it
function M.shows(part)
  t.wait(function()
    return M.text():find(part, 1, true)
  end, ('%q is shown'):format(part))
  return M.text()
end

---Presses keys, mappings included.
---@param keys string
function M.press(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), 'mx', false)
end

---Goes to the first line that holds a text.
---@param part string
function M.go(part)
  for n, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, true)) do
    if line:find(part, 1, true) then
      vim.api.nvim_win_set_cursor(0, { n, 0 })
      return
    end
  end
  error(('no line holds %q'):format(part), 2)
end

---A range in a line of plain ASCII.
---@param line integer
---@param from? integer
---@param to? integer
---@return holdover.Range
function M.range(line, from, to)
  from, to = from or 0, to or from or 0
  return {
    start = { line = line, utf16 = from, byte = from },
    ['end'] = { line = line, utf16 = to, byte = to },
  }
end

return M
