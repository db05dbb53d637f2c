-- A real workspace with holes, and questions that the scripts beside this one ask of it. Needs the environment that run.sh
-- makes; every expectation is computed from files, not from the server.

local t = require('harness')

local M = {}

---@param name string
---@return string
function M.need(name)
  return os.getenv(name) or error('not set: ' .. name .. '; run this through run.sh')
end

M.binary = M.need('HOLDOVER_BIN')
M.folder = M.need('HOLDOVER_FIXTURE')
M.total = assert(tonumber(M.need('HOLDOVER_TOTAL')))
M.missing = vim.split(M.need('HOLDOVER_MISSING'), ' ') -- `ecosystem:name`

---`1204` as `1,204`; written anew here, so that the plugin's own does not judge itself.
function M.number(n)
  local s = tostring(n)
  return #s > 3 and s:sub(1, -4) .. ',' .. s:sub(-3) or s
end

---@param present integer
function M.text_for(present)
  return ('offline: %s of %s'):format(M.number(present), M.number(M.total))
end

---Zero-based numbers of the lines of a file that match a Lua pattern.
---@param file string
---@param pattern string
---@return integer[]
function M.lines_of(file, pattern)
  local found, n = {}, 0
  for line in io.lines(M.folder .. '/' .. file) do
    if line:find(pattern) then
      found[#found + 1] = n
    end
    n = n + 1
  end
  return found
end

---The packages of Cargo.lock that name another as what they depend on.
---@param name string
---@return string[]
function M.dependents(name)
  local found, current = {}, nil
  for line in io.lines(M.folder .. '/Cargo.lock') do
    current = line:match('^name = "(.*)"$') or current
    if line:find('^ "' .. vim.pesc(name) .. '[ "]') then
      found[#found + 1] = current
    end
  end
  return found
end

---Keeps what a person saw, for the comparison with the other front ends (tests/editors/same.mjs): the line, the status
---report, and every finding.
---@param report string
function M.keep(report)
  local findings = {}
  for _, d in ipairs(vim.diagnostic.get()) do
    if d.source == 'holdover' then
      local file = vim.fs.basename(vim.api.nvim_buf_get_name(d.bufnr))
      findings[#findings + 1] = ('%s:%d %s %s'):format(file, d.lnum + 1, d.code, d.message)
    end
  end
  local shown = { line = require('holdover').statusline(), report = report, findings = findings, root = M.folder }
  local out = assert(io.open(M.need('HOLDOVER_SHOWN'), 'w'))
  out:write(vim.json.encode(shown))
  out:close()
end

---@param file string
---@return vim.lsp.Client
function M.open(file)
  vim.cmd.edit(vim.fn.fnameescape(M.folder .. '/' .. file))
  return t.wait(function()
    local client = vim.lsp.get_clients({ bufnr = 0, name = 'holdover' })[1]
    return client and client.initialized and client
  end, 'the server attaches to ' .. file)
end

---@param code string
---@return vim.Diagnostic[]
function M.diagnostics(code)
  local found = vim.tbl_filter(function(d)
    return d.code == code and d.source == 'holdover'
  end, vim.diagnostic.get(0))
  table.sort(found, function(a, b)
    return a.lnum < b.lnum
  end)
  return found
end

---Waits until the current buffer has as many diagnostics of a code, and returns their lines.
---@param code string
---@param count integer
---@return integer[], vim.Diagnostic[]
function M.lines_with(code, count)
  local found
  vim.wait(10000, function()
    found = M.diagnostics(code)
    return #found == count
  end, 20)
  return vim.tbl_map(function(d)
    return d.lnum
  end, found), found
end

---The text of the float that |vim.lsp.buf.hover()| opens at the cursor.
---@return string
function M.hover()
  local before = vim.api.nvim_list_wins()
  vim.lsp.buf.hover()
  local win = t.wait(function()
    for _, w in ipairs(vim.api.nvim_list_wins()) do
      if not vim.list_contains(before, w) and vim.api.nvim_win_get_config(w).relative ~= '' then
        return w
      end
    end
  end, 'the hover')
  local text = table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(win), 0, -1, true), '\n')
  vim.api.nvim_win_close(win, true)
  return text
end

---@return string[] names of what is missing in one ecosystem
function M.names(ecosystem)
  local found = {}
  for _, id in ipairs(M.missing) do
    local name = id:match('^' .. ecosystem .. ':(.*)$')
    if name then
      found[#found + 1] = name
    end
  end
  return found
end

return M
