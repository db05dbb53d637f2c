-- The smallest harness that a headless Neovim needs: named tests, assertions that say what was expected, one closing
-- line, an exit code. Used by every script beside it; knows nothing of Holdover.

local M = { passed = 0, failed = 0 }

local MS = 1
local SECOND = 1000 * MS

---Messages that |vim.notify()| was given, newest last.
---@type {text: string, level: integer}[]
M.notified = {}
---@diagnostic disable-next-line: duplicate-set-field
vim.notify = function(text, level)
  M.notified[#M.notified + 1] = { text = text, level = level or vim.log.levels.INFO }
end

---@param value any
---@return string
local function show(value)
  return type(value) == 'string' and value or vim.inspect(value)
end

---@param actual any
---@param expected any
---@param what string
function M.equal(actual, expected, what)
  if not vim.deep_equal(actual, expected) then
    error(('%s\n     expected: %s\n     actual:   %s'):format(what, show(expected), show(actual)), 2)
  end
end

---@param text string
---@param part string plain text
---@param what string
function M.contains(text, part, what)
  if type(text) ~= 'string' or not text:find(part, 1, true) then
    error(('%s\n     expected to contain: %s\n     actual: %s'):format(what, part, show(text)), 2)
  end
end

---@param condition any
---@param what string
function M.check(condition, what)
  if not condition then
    error(what, 2)
  end
end

---Waits until a function returns something true, and returns that.
---@generic T
---@param fn fun(): T?
---@param what string
---@param seconds? number default 10
---@return T
function M.wait(fn, what, seconds)
  local result
  local ok = vim.wait((seconds or 10) * SECOND, function()
    result = fn()
    return result and true or false
  end, 10 * MS)
  if not ok then
    error(('%s: not within %s s'):format(what, seconds or 10), 2)
  end
  return result
end

---@param name string a sentence
---@param fn fun()
---@return boolean
function M.test(name, fn)
  M.notified = {}
  local started = vim.uv.hrtime()
  local ok, problem = xpcall(fn, function(e)
    return type(e) == 'string' and e or vim.inspect(e)
  end)
  local took = (vim.uv.hrtime() - started) / 1e6
  M[ok and 'passed' or 'failed'] = M[ok and 'passed' or 'failed'] + 1
  io.stdout:write(('%s  %s  (%d ms)\n'):format(ok and 'ok    ' or 'FAILED', name, took))
  if not ok then
    io.stdout:write('     ' .. problem .. '\n')
    for _, message in ipairs(M.notified) do
      io.stdout:write('     notified: ' .. message.text .. '\n')
    end
  end
  io.stdout:flush()
  return ok
end

---Stops every server, writes the closing line for run.sh and ends Neovim.
function M.finish()
  for _, client in ipairs(vim.lsp.get_clients()) do
    client:stop(true)
  end
  io.stdout:write(('%d passed, %d failed\n'):format(M.passed, M.failed))
  io.stdout:flush()
  vim.cmd('silent! %bwipeout!')
  vim.cmd(M.failed > 0 and 'cquit 1' or 'qall!')
end

---Runs a script's body; an error outside a test counts as a failure instead of hanging a headless Neovim.
---@param body fun()
function M.main(body)
  local ok, problem = xpcall(body, debug.traceback)
  if not ok then
    M.failed = M.failed + 1
    io.stdout:write('FAILED  the script ended early: ' .. tostring(problem) .. '\n')
  end
  M.finish()
end

---@param path string
---@return string
function M.read(path)
  local file = assert(io.open(path))
  local text = file:read('*a')
  file:close()
  return text
end

---@param path string
---@param text string
function M.write(path, text)
  vim.fn.mkdir(vim.fs.dirname(path), 'p')
  local file = assert(io.open(path, 'w'))
  file:write(text)
  file:close()
end

return M
