-- What other tools say inside a merge conflict is noise: a compiler reads both sides as one text. It is not drawn while the
-- conflict stands, and is in lists and floats as before. Hides nothing of Holdover's own, and nothing outside a conflict.

local M = {}

---Handlers that were wrapped, with what they did before.
---@type table<string, fun(...)>
local wrapped = {}

---@param buf integer
---@param line integer zero-based
---@return boolean
local function inside(buf, line)
  for _, conflict in ipairs(require('holdover.regions').of(buf)) do
    if conflict.open <= line and line <= conflict.close then
      return true
    end
  end
  return false
end

---@param buf integer
---@param shown vim.Diagnostic[]
---@return vim.Diagnostic[]
local function kept(buf, shown)
  if #require('holdover.regions').of(buf) == 0 or not require('holdover.config').get().quiet_conflicts then
    return shown
  end
  return vim.tbl_filter(function(d)
    return d.source == 'holdover' or not inside(buf, d.lnum)
  end, shown)
end

---Puts the filter in front of whatever draws diagnostics; once, when there is a conflict.
local function wrap()
  for _, name in ipairs({ 'signs', 'underline', 'virtual_text', 'virtual_lines' }) do
    local handler = vim.diagnostic.handlers[name]
    if handler and handler.show and not wrapped[name] then
      local before = handler.show
      wrapped[name] = before
      handler.show = function(ns, buf, shown, opts)
        local real = buf == 0 and vim.api.nvim_get_current_buf() or buf
        before(ns, buf, kept(real, shown), opts)
      end
    end
  end
end

---The conflicts of a buffer are others now: what others say there is drawn anew.
---@param buf integer
function M.refresh(buf)
  local conflicts = #require('holdover.regions').of(buf) > 0
  if conflicts then
    wrap()
  end
  if next(wrapped) then
    vim.schedule(function()
      if vim.api.nvim_buf_is_loaded(buf) then
        vim.diagnostic.show(nil, buf)
      end
    end)
  end
end

return M
