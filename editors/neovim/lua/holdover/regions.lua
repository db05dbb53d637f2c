-- Merge conflicts in the text: the sides in colour, and the way from one to the next. Where they are, the server says.
-- Nothing of other servers is hidden: what they make of the markers stays visible.

local client_of = require('holdover.client')

local M = {}

local namespace = vim.api.nvim_create_namespace('holdover.regions')
---@type table<any, boolean?>
local codes = { ['merge-conflict'] = true, ['malformed-conflict'] = true }

for group, link in pairs({
  HoldoverConflictCurrent = 'DiffAdd',
  HoldoverConflictIncoming = 'DiffText',
  HoldoverConflictBase = 'DiffChange',
}) do
  vim.api.nvim_set_hl(0, group, { link = link, default = true })
end

---@param buf integer
---@return vim.Diagnostic[] by line
local function diagnostics(buf)
  local found = {} ---@type vim.Diagnostic[]
  for _, client in ipairs(client_of.all({ bufnr = buf })) do
    for _, d in ipairs(vim.diagnostic.get(buf, { namespace = vim.lsp.diagnostic.get_namespace(client.id) })) do
      if codes[d.code] then
        found[#found + 1] = d
      end
    end
  end
  table.sort(found, function(a, b)
    return a.lnum < b.lnum
  end)
  return found
end

---@param buf integer
---@param side? holdover.ConflictSide
---@param group string
local function paint(buf, side, group)
  if not side then
    return
  end
  local first, last = side.range.start.line, side.range['end'].line
  if side.range['end'].utf16 > 0 then
    last = last + 1
  end
  if last > first then
    vim.api.nvim_buf_set_extmark(buf, namespace, first, 0, {
      end_row = math.min(last, vim.api.nvim_buf_line_count(buf)),
      hl_group = group,
      hl_eol = true,
      strict = false,
      invalidate = true,
      undo_restore = false,
      priority = 80,
    })
  end
end

---@param buf integer
---@param report holdover.ConflictsReport
local function show(buf, report)
  vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
  for _, file in ipairs(report.files or {}) do
    for _, region in ipairs(file.regions or {}) do
      paint(buf, region.sides[1], 'HoldoverConflictCurrent')
      paint(buf, region.base, 'HoldoverConflictBase')
      for i = 2, #region.sides do
        paint(buf, region.sides[i], 'HoldoverConflictIncoming')
      end
    end
  end
end

---Draws a buffer's conflicts anew; the callback of `DiagnosticChanged`.
---@param buf integer
function M.refresh(buf)
  if #diagnostics(buf) == 0 then
    vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
    return
  end
  local client = client_of.all({ bufnr = buf })[1]
  if
    not client
    or not client_of.knows(client, 'holdover.conflicts')
    or not require('holdover.config').get().highlight_conflicts
  then
    return
  end
  local tick = vim.api.nvim_buf_get_changedtick(buf)
  local fields = { files = { vim.api.nvim_buf_get_name(buf) }, workspace = client_of.workspace(client, buf) }
  client_of.execute(client, 'holdover.conflicts', fields, function(err, report)
    -- A text that has changed meanwhile gets diagnostics of its own, and with them its own answer.
    if not err and report and vim.api.nvim_buf_is_loaded(buf) and vim.api.nvim_buf_get_changedtick(buf) == tick then
      show(buf, report)
    end
  end)
end

---Goes to the next conflict of this buffer, or the one before.
---@param forward boolean
function M.jump(forward)
  local found = diagnostics(0)
  local here = vim.api.nvim_win_get_cursor(0)[1] - 1
  local say = require('holdover.progress').say
  if #found == 0 then
    say('no conflict in this buffer')
    return
  end
  local target ---@type vim.Diagnostic?
  for _, d in ipairs(found) do
    if forward and d.lnum > here then
      target = d
      break
    elseif not forward and d.lnum < here then
      target = d
    end
  end
  if not target then
    if not vim.o.wrapscan then
      say(forward and 'no conflict below' or 'no conflict above')
      return
    end
    target = forward and found[1] or found[#found] --[[@as vim.Diagnostic]]
  end
  vim.cmd("normal! m'")
  vim.api.nvim_win_set_cursor(0, { target.lnum + 1, 0 })
  vim.cmd('normal! zv')
end

return M
