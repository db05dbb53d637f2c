-- A review as the lines of a window: its files, each with its threads, what people decided. Draws what it is given.

local text = require('holdover.text')

local M = {}

---@class holdover.ReviewItem
---@field review holdover.Review
---@field file? holdover.ReviewFile
---@field thread? holdover.Thread

---@type table<string, string>
local signs = { added = 'A', modified = 'M', deleted = 'D', renamed = 'R', copied = 'C', typechange = 'T' }

---@param thread holdover.Thread
---@param review holdover.Review
---@param lines holdover.Line[]
local function thread_lines(thread, review, lines)
  local item = { review = review, thread = thread } ---@type holdover.ReviewItem
  local state = thread.disputed and 'DiagnosticWarn' or thread.resolved and 'Comment' or 'DiagnosticInfo'
  lines[#lines + 1] = {
    chunks = {
      { '    ' .. (thread.resolved and '✓ ' or '● '), state },
      { thread.title, thread.resolved and 'Comment' or nil },
      { '   ' .. thread.about, 'Comment' },
    },
    level = '>2',
    closed = thread.resolved,
    key = thread.id,
    item = item,
  }
  local function add(words, group)
    lines[#lines + 1] = { chunks = { { '      ' .. words, group } }, level = '2', item = item }
  end
  if thread.disputed then
    add(thread.disputed, 'DiagnosticWarn')
  end
  for _, comment in ipairs(thread.comments) do
    add(comment.about, 'Comment')
    for _, line in ipairs(vim.split(vim.trim(comment.shown), '\n', { plain = true })) do
      add('  ' .. line, comment.removed and 'Comment' or nil)
    end
  end
end

---@param review holdover.Review
---@return holdover.Line[]
function M.lines(review)
  local head = { review = review } ---@type holdover.ReviewItem
  local lines = {
    {
      chunks = {
        { '  ' .. review.title, 'Title' },
        { '   ' .. review.range, 'Directory' },
        { '   <CR> goes there   ? help', 'Comment' },
      },
      item = head,
    },
    { chunks = { { '  ' .. review.about, 'Comment' } }, item = head },
  } ---@type holdover.Line[]
  for _, verdict in ipairs(review.verdicts or {}) do
    lines[#lines + 1] =
      { chunks = { { '  ' .. verdict.about, not verdict.current and 'Comment' or nil } }, item = head }
  end
  lines[#lines + 1] = { chunks = { { '' } }, item = head }
  local left = {} ---@type table<string, holdover.Thread[]>
  local elsewhere = {} ---@type holdover.Thread[]
  for _, thread in ipairs(review.threads or {}) do
    local path = thread.place.path
    if path and thread.place.grade ~= 'review' then
      left[path] = left[path] or {}
      table.insert(left[path] --[[@as holdover.Thread[] ]], thread)
    else
      elsewhere[#elsewhere + 1] = thread
    end
  end
  for _, file in ipairs(review.files or {}) do
    local size = file.binary and 'no text' or ('+%d -%d'):format(file.added, file.removed)
    local threads = file.threads > 0
        and ('   %d of %s open'):format(file.openThreads, text.count(file.threads, 'thread'))
      or ''
    lines[#lines + 1] = {
      chunks = {
        { '  ' .. (signs[file.change] or '?') .. ' ', 'Special' },
        { (file.oldPath and file.oldPath .. ' → ' or '') .. file.path, 'Directory' },
        { '   ' .. size, 'Comment' },
        { threads, 'DiagnosticInfo' },
      },
      level = '>1',
      key = file.path,
      item = { review = review, file = file },
    }
    for _, thread in ipairs(left[file.path] or {}) do
      thread_lines(thread, review, lines)
    end
    left[file.path] = nil
  end
  -- What stands on files that the change does not touch any more, and on the review as a whole.
  for _, path in ipairs(vim.fn.sort(vim.tbl_keys(left))) do
    vim.list_extend(elsewhere, left[path])
  end
  if #elsewhere > 0 then
    lines[#lines + 1] = { chunks = { { '  On the whole review', 'Directory' } }, level = '>1', key = '', item = head }
    for _, thread in ipairs(elsewhere) do
      thread_lines(thread, review, lines)
    end
  end
  return lines
end

return M
