-- Notes in the text: a sign beside each of their lines, and the first words behind the first one.
-- Draws what it is given. Its signs give way to those of others, and nothing of others is touched.

local M = {}

local namespace = vim.api.nvim_create_namespace('holdover.notes')

---@type table<string, string>
local groups =
  { HoldoverNote = 'DiagnosticSignHint', HoldoverNoteLost = 'DiagnosticSignWarn', HoldoverNoteText = 'Comment' }
for group, link in pairs(groups) do
  vim.api.nvim_set_hl(0, group, { link = link, default = true })
end

---Below that of diagnostics (10) and of plugins that show changes (6): where a line has room for one sign, it is theirs.
local PRIORITY = 4
---Lines of one note that get a sign.
local MOST = 200

---@param note holdover.Note
---@return boolean found as it was put
local function stands(note)
  return note.place.grade == 'exact' or note.place.grade == 'shifted'
end

---@param buf integer
---@param notes holdover.Note[]
function M.draw(buf, notes)
  local sign = require('holdover.config').get().note_sign
  vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
  local last = vim.api.nvim_buf_line_count(buf) - 1
  for _, note in ipairs(notes) do
    local range = note.place.range
    local line = range and math.min(range.start.line, last) or 0
    local stop = range and math.min(range['end'].line, last, line + MOST) or line
    local group = stands(note) and 'HoldoverNote' or 'HoldoverNoteLost'
    local remark = note.place.remark ~= '' and ' (' .. note.place.remark .. ')' or ''
    vim.api.nvim_buf_set_extmark(buf, namespace, line, 0, {
      virt_text = { { '  ◂ ', group }, { note.title .. remark, 'HoldoverNoteText' } },
      virt_text_pos = 'eol',
      hl_mode = 'combine',
    })
    for row = line, sign ~= '' and stop or -1 do
      vim.api.nvim_buf_set_extmark(buf, namespace, row, 0, {
        sign_text = sign,
        sign_hl_group = group,
        priority = PRIORITY,
      })
    end
  end
end

return M
