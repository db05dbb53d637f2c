-- Notes and threads of reviews in the text: a sign beside each of their lines, and the first words behind the first one.
-- Draws what it is given. Its signs give way to those of others, and nothing of others is touched.

local M = {}

---@alias holdover.Marked 'notes'|'reviews'

---@type table<holdover.Marked, {namespace: integer, found: string, lost: string, text: string}>
local kinds = {}
for kind, word in pairs({ notes = 'Note', reviews = 'Thread' }) do
  kinds[kind] = {
    namespace = vim.api.nvim_create_namespace('holdover.' .. kind),
    found = 'Holdover' .. word,
    lost = 'Holdover' .. word .. 'Lost',
    text = 'Holdover' .. word .. 'Text',
  }
end

---@type table<string, string>
local groups = {
  HoldoverNote = 'DiagnosticSignHint',
  HoldoverNoteLost = 'DiagnosticSignWarn',
  HoldoverNoteText = 'Comment',
  HoldoverThread = 'DiagnosticSignInfo',
  HoldoverThreadLost = 'DiagnosticSignWarn',
  HoldoverThreadText = 'Comment',
}
for group, link in pairs(groups) do
  vim.api.nvim_set_hl(0, group, { link = link, default = true })
end

---Below that of diagnostics (10) and of plugins that show changes (6): where a line has room for one sign, it is theirs.
local PRIORITY = 4
---Lines of one note that get a sign.
local MOST = 200

---@param note holdover.Note|holdover.Thread
---@return boolean found as it was put
local function stands(note)
  return note.place.grade == 'exact' or note.place.grade == 'shifted'
end

---@param buf integer
---@param notes (holdover.Note|holdover.Thread)[]
---@param what? holdover.Marked default: notes
function M.draw(buf, notes, what)
  local kind = kinds[what or 'notes'] --[[@as {namespace: integer, found: string, lost: string, text: string}]]
  local namespace = kind.namespace
  local sign = require('holdover.config').get().note_sign
  vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
  local last = vim.api.nvim_buf_line_count(buf) - 1
  for _, note in ipairs(notes) do
    local range = note.place.range
    local line = range and math.min(range.start.line, last) or 0
    local stop = range and math.min(range['end'].line, last, line + MOST) or line
    local group = stands(note) and kind.found or kind.lost
    local remark = note.place.remark ~= '' and ' (' .. note.place.remark .. ')' or ''
    vim.api.nvim_buf_set_extmark(buf, namespace, line, 0, {
      virt_text = { { '  ◂ ', group }, { note.title .. remark, kind.text } },
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
