-- Merge conflicts in the text: the sides in colour, what was just resolved, and the way from one to the next. Where they are,
-- the server says, at every change.

local client_of = require('holdover.client')

local M = {}

local namespace = vim.api.nvim_create_namespace('holdover.regions')
local resolved = vim.api.nvim_create_namespace('holdover.resolved')
---@type table<any, boolean?>
local codes = { ['merge-conflict'] = true, ['malformed-conflict'] = true }

---What the server last told of each buffer.
---@type table<integer, holdover.ConflictsShown?>
local told = {}

for group, link in pairs({
  HoldoverConflictCurrent = 'DiffAdd',
  HoldoverConflictIncoming = 'DiffText',
  HoldoverConflictBase = 'DiffChange',
  HoldoverConflictMarker = 'Comment',
  HoldoverConflictResolved = 'Added',
}) do
  vim.api.nvim_set_hl(0, group, { link = link, default = true })
end

---@type table<string, string>
local groups = {
  current = 'HoldoverConflictCurrent',
  incoming = 'HoldoverConflictIncoming',
  side = 'HoldoverConflictIncoming',
  base = 'HoldoverConflictBase',
}

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
---@param first integer zero-based
---@param last integer the line after
---@param group string
---@param eol boolean
local function paint(buf, first, last, group, eol)
  if last > first then
    vim.api.nvim_buf_set_extmark(buf, namespace, first, 0, {
      end_row = math.min(last, vim.api.nvim_buf_line_count(buf)),
      hl_group = group,
      hl_eol = eol,
      strict = false,
      invalidate = true,
      undo_restore = false,
      priority = 80,
    })
  end
end

---@param buf integer
local function draw(buf)
  vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
  if not require('holdover.config').get().highlight_conflicts then
    return
  end
  for _, conflict in ipairs((told[buf] or {}).conflicts or {}) do
    for _, part in ipairs(conflict.parts) do
      paint(buf, part.marker, part.start, 'HoldoverConflictMarker', false)
      paint(buf, part.start, part['end'], groups[part.part] or 'HoldoverConflictIncoming', true)
    end
    paint(buf, conflict.close, conflict.close + 1, 'HoldoverConflictMarker', false)
  end
end

---Marks what stands in place of conflicts, until it is written or the conflict is back.
---@param buf integer
---@param params holdover.ConflictsShown
local function mark_resolved(buf, params)
  local function is_conflict(first, last)
    for _, conflict in ipairs(params.conflicts) do
      if first <= conflict.close and conflict.open <= last then
        return true
      end
    end
    return false
  end
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(buf, resolved, 0, -1, { details = true })) do
    local last = vim.tbl_get(mark, 4, 'end_row') or mark[2] --[[@as integer]]
    -- One whose text was taken back is turned inside out, or empty.
    if last <= mark[2] or is_conflict(mark[2], last - 1) then
      vim.api.nvim_buf_del_extmark(buf, resolved, mark[1])
    end
  end
  if not require('holdover.config').get().highlight_conflicts or not vim.bo[buf].modified then
    return
  end
  for _, place in ipairs(params.resolved or {}) do
    local last = math.max(place.start, place['end'] - 1)
    if not is_conflict(place.start, last) then
      vim.api.nvim_buf_set_extmark(buf, resolved, place.start, 0, {
        end_row = place['end'],
        number_hl_group = 'HoldoverConflictResolved',
        virt_text = { { '  resolved', 'HoldoverConflictResolved' } },
        strict = false,
        invalidate = true,
        undo_restore = false,
      })
    end
  end
end

---Handler of `holdover/didChangeConflicts`.
---@param params holdover.ConflictsShown
function M.on_change(params)
  local buf = vim.uri_to_bufnr(params.uri)
  if not vim.api.nvim_buf_is_loaded(buf) then
    told[buf] = nil
    return
  end
  mark_resolved(buf, params)
  if params.version >= ((told[buf] or {}).version or -1) then
    told[buf] = #params.conflicts > 0 and params or nil
    -- Where the text has moved on, either the places are still these, or others are on their way.
    draw(buf)
    require('holdover.quiet').refresh(buf)
  end
end

---A buffer was written: what was resolved in it is text like any. Or its server has gone, and what it told with it.
---@param event vim.api.keyset.create_autocmd.callback_args
function M.ended(event)
  local buf = event.buf
  if event.event == 'BufWritePost' then
    vim.api.nvim_buf_clear_namespace(buf, resolved, 0, -1)
  elseif (vim.lsp.get_client_by_id(event.data.client_id) or {}).name == 'holdover' then
    told[buf] = nil
    if vim.api.nvim_buf_is_loaded(buf) then
      vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
      vim.api.nvim_buf_clear_namespace(buf, resolved, 0, -1)
      require('holdover.quiet').refresh(buf)
    end
  end
end

---The conflicts of a buffer, as the server told them last.
---@param buf integer
---@return holdover.ConflictShown[]
function M.of(buf)
  return (told[buf] or {}).conflicts or {}
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
