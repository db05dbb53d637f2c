-- Artifacts and conflicts as quickfix and location lists. Builds the list and opens its window; asks the server nothing.

local M = {}

---@param file string
---@param range holdover.Range
---@param text string
---@param kind 'E'|'W'|'I'
---@return vim.quickfix.entry
local function item(file, range, text, kind)
  -- Neovim counts columns in bytes, the server in UTF-16: its own conversion reads the line and knows.
  local location = {
    uri = vim.uri_from_fname(file),
    range = {
      start = { line = range.start.line, character = range.start.utf16 },
      ['end'] = { line = range['end'].line, character = range['end'].utf16 },
    },
  }
  local entry = vim.lsp.util.locations_to_items({ location }, 'utf-16')[1]
  ---@cast entry -nil
  entry.text, entry.type, entry.user_data = text, kind, nil
  return entry
end

---Where a list is shown: quickfix for all of Neovim, location for the window.
---@alias holdover.ListKind 'quickfix'|'location'

---@param items vim.quickfix.entry[]
---@param title string
---@param kind holdover.ListKind
local function open(items, title, kind)
  local location = kind == 'location'
  if location then
    vim.fn.setloclist(0, {}, ' ', { title = title, items = items })
  else
    vim.fn.setqflist({}, ' ', { title = title, items = items })
  end
  if #items == 0 then
    vim.cmd(location and 'lclose' or 'cclose')
    return
  end
  vim.cmd((location and 'lopen ' or 'botright copen ') .. math.max(3, math.min(#items + 1, 10)))
end

---@param artifact holdover.Artifact
---@return string
function M.describe(artifact)
  local by = artifact.neededBy or {}
  local needed = by[1] and ', needed by ' .. by[1] .. (#by > 1 and (' and %d more'):format(#by - 1) or '') or ''
  return ('%s %s %s is %s%s'):format(artifact.ecosystem, artifact.name, artifact.version, artifact.state, needed)
end

---What is not here, one entry an artifact, where the lockfile names it.
---@param report holdover.PreflightReport
---@param kind holdover.ListKind
---@return integer count of entries
function M.preflight(report, kind)
  local items = {} ---@type vim.quickfix.entry[]
  for _, artifact in ipairs(report.artifacts or {}) do
    if artifact.state ~= 'present' and not artifact.otherTarget then
      local certain = artifact.state == 'missing' or artifact.state == 'corrupt'
      items[#items + 1] = item(artifact.file, artifact.range, M.describe(artifact), certain and 'E' or 'W')
    end
  end
  open(items, 'Holdover: not on this machine', kind)
  return #items
end

---Every conflict, one entry a region, named by its two labels; of a record, an entry that leads to its page.
---@param report holdover.ConflictsReport
---@param root? string what relative paths are relative to
---@param kind holdover.ListKind
---@return integer count of entries
function M.conflicts(report, root, kind)
  local of = require('holdover.conflicts')
  local items = {} ---@type vim.quickfix.entry[]
  for _, file in ipairs(report.files or {}) do
    local path = of.absolute(root, file.path)
    for _, region in ipairs(file.regions or {}) do
      items[#items + 1] = item(path, region.range, of.between(region), 'W')
    end
    for _, marker in ipairs(file.malformed or {}) do
      items[#items + 1] = item(path, marker.range, marker.message, 'E')
    end
  end
  for _, record in ipairs(report.records or {}) do
    items[#items + 1] = {
      filename = require('holdover.content').name(('record/%s.md'):format(record.entity), root),
      lnum = 1,
      text = ('%s "%s" on %s: %s'):format(record.kind, record.title, record.place, of.between_writers(record)),
      type = 'W',
    } --[[@as vim.quickfix.entry]]
  end
  open(items, 'Holdover: conflicts', kind)
  return #items
end

---Every note, where it stands now; those on the workspace have no place to go to.
---@param report holdover.NoteReport
---@param root string what their paths are relative to
function M.notes(report, root)
  local items = {} ---@type vim.quickfix.entry[]
  for _, note in ipairs(report.notes) do
    local place = note.place
    local remark = place.remark ~= '' and ' (' .. place.remark .. ')' or ''
    local words = ('%s%s, %s'):format(note.title, remark, note.about)
    local start = { line = 0, utf16 = 0, byte = 0 }
    if place.path and place.grade ~= 'gone' then
      local range = place.range or { start = start, ['end'] = start }
      items[#items + 1] = item(vim.fs.joinpath(root, place.path), range, words, 'I')
    else
      items[#items + 1] = { text = ('%s: %s'):format(place.text, words), type = 'I', valid = 0 } --[[@as vim.quickfix.entry]]
    end
  end
  open(items, 'Holdover: notes', 'quickfix')
end

---The open threads of a review, where they stand now.
---@param review holdover.Review
---@param root string what their paths are relative to
function M.threads(review, root)
  local items = {} ---@type vim.quickfix.entry[]
  local start = { line = 0, utf16 = 0, byte = 0 }
  for _, thread in ipairs(review.threads or {}) do
    local place = thread.place
    local file = place.path and vim.fs.joinpath(root, place.path)
    local words = ('%s, %s'):format(thread.title, thread.about)
    if not thread.resolved and file and vim.uv.fs_stat(file) then
      items[#items + 1] = item(file, place.range or { start = start, ['end'] = start }, words, 'I')
    elseif not thread.resolved then
      items[#items + 1] = { text = words, type = 'I', valid = 0 } --[[@as vim.quickfix.entry]]
    end
  end
  open(items, 'Holdover: threads', 'quickfix')
end

---Conflicts in the buffers that are open, from the server's diagnostics; for a server without the command.
---@param client vim.lsp.Client
---@param kind holdover.ListKind
---@return integer count of entries
function M.conflicts_of_buffers(client, kind)
  local found = vim.tbl_filter(function(d)
    return d.source == 'holdover' and (d.code == 'merge-conflict' or d.code == 'malformed-conflict')
  end, vim.diagnostic.get(nil, { namespace = vim.lsp.diagnostic.get_namespace(client.id) }))
  open(vim.diagnostic.toqflist(found), 'Holdover: conflicts in open files', kind)
  return #found
end

return M
