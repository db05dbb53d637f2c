-- The conflicts window: each file with the conflicts in it, by the names of their sides, and records that several wrote at once.
-- Resolves nothing itself.

local text = require('holdover.text')

local M = {}

---The names of a conflict's two sides, as its markers have them.
---@param region holdover.ConflictRegion
---@return string
function M.between(region)
  local labels = {} ---@type string[]
  for _, side in ipairs(region.sides or {}) do
    labels[#labels + 1] = side.label ~= '' and side.label or 'an unnamed side'
  end
  return 'conflict between ' .. table.concat(labels, ' and ')
end

---Who wrote the versions of a record, and when.
---@param record holdover.RecordConflict
---@return string
function M.between_writers(record)
  local labels = {} ---@type string[]
  for _, side in ipairs(record.sides) do
    labels[#labels + 1] = side.label
  end
  return 'conflict between ' .. table.concat(labels, ' and ')
end

---@param root? string what relative paths are relative to
---@param path string
---@return string
function M.absolute(root, path)
  return (root and path:sub(1, 1) ~= '/') and vim.fs.joinpath(root, path) or path
end

---The lines of a record: what it is, and who wrote its versions.
---@param record holdover.RecordConflict
---@param root? string
---@return holdover.Line[]
local function lines_of_record(record, root)
  local item = { record = record, workspace = root }
  return {
    {
      chunks = {
        { '  ' },
        { ('%s: %s'):format(record.kind, record.title), 'Directory' },
        { '   on ' .. record.place, 'Comment' },
        { '   ' .. text.count(#record.sides, 'version'), 'DiagnosticWarn' },
      },
      level = '>1',
      key = record.entity,
      item = item,
    },
    {
      chunks = {
        { '    ' },
        { record.field == 'body' and 'text' or record.field, 'Comment' },
        { '  ' .. M.between_writers(record) },
        { record.ancestor and '  with the common ancestor' or '', 'Comment' },
      },
      level = '1',
      key = record.entity .. ':1',
      item = item,
    },
  }
end

---@param report holdover.ConflictsReport
---@param root? string
---@return holdover.Line[]
function M.lines(report, root)
  local total = 0
  local lines = {} ---@type holdover.Line[]
  for _, file in ipairs(report.files or {}) do
    local path = M.absolute(root, file.path)
    local regions, malformed = file.regions or {}, file.malformed or {}
    total = total + #regions
    local broken = #malformed > 0 and text.count(#malformed, 'marker') .. ' without counterpart' or nil
    lines[#lines + 1] = {
      chunks = {
        { '  ' },
        { root and vim.fs.relpath(root, path) or vim.fn.fnamemodify(path, ':~'), 'Directory' },
        { '   ' .. text.count(#regions, 'conflict'), 'DiagnosticWarn' },
        { broken and ', ' .. broken or '', 'DiagnosticError' },
      },
      level = '>1',
      key = path,
      item = { path = path, line = 0 },
    }
    local rows, items = {}, {} ---@type holdover.Chunk[][], table[]
    for _, region in ipairs(regions) do
      local first, last = region.range.start.line + 1, region.range['end'].line
      rows[#rows + 1] = {
        { ('line %d to %d'):format(first, math.max(first, last)), 'Comment' },
        { M.between(region) },
        { region.base and 'with the common ancestor' or '', 'Comment' },
      }
      items[#items + 1] = { path = path, line = region.range.start.line, region = region }
    end
    for _, marker in ipairs(malformed) do
      rows[#rows + 1] = {
        { ('line %d'):format(marker.range.start.line + 1), 'Comment' },
        { marker.message, 'DiagnosticError' },
        { '' },
      }
      items[#items + 1] = { path = path, line = marker.range.start.line }
    end
    for i, chunks in ipairs(text.aligned(rows, {}, '    ')) do
      lines[#lines + 1] = { chunks = chunks, level = '1', key = path .. ':' .. i, item = items[i] }
    end
  end
  local files, records = #(report.files or {}), report.records or {}
  for _, record in ipairs(records) do
    vim.list_extend(lines, lines_of_record(record, root))
  end
  local where = {} ---@type string[]
  where[#where + 1] = files > 0 and text.count(files, 'file') or nil
  where[#where + 1] = #records > 0 and text.count(#records, 'record') or nil
  local head = #lines == 0 and 'no conflicts'
    or ('%s in %s'):format(text.count(total + #records, 'conflict'), table.concat(where, ' and '))
  table.insert(lines, 1, {
    chunks = {
      { '  ' .. head, 'Title' },
      { root and '   ' .. vim.fn.fnamemodify(root, ':~') or '', 'Directory' },
      { '   ? help', 'Comment' },
    },
  })
  table.insert(lines, 2, { chunks = { { '' } } })
  return lines
end

---@type holdover.Spec
M.spec = {
  title = 'Conflicts',
  listens = true,
  records = true,
  load = function(buf, done)
    require('holdover.drawn').load(buf, 'holdover.conflicts', { all = true }, done, M.lines)
  end,
  keys = {
    {
      lhs = '<CR>',
      does = 'go to the conflict; of a record, preview it',
      run = function(item)
        if item and item.record then
          require('holdover.records').preview(item.record.entity, item.workspace)
        elseif item then
          require('holdover.window').jump(item.path, item.line, 0)
        end
      end,
    },
    {
      lhs = 'p',
      does = 'go to the conflict and preview it',
      run = function(item)
        if item and item.record then
          require('holdover.records').preview(item.record.entity, item.workspace)
        elseif item and item.region then
          require('holdover.window').jump(item.path, item.line, 0)
          require('holdover.preview').run()
        end
      end,
    },
    {
      lhs = 'a',
      does = 'go to the conflict and resolve it',
      run = function(item)
        if item and item.record then
          require('holdover.records').choose(item.record.entity, item.workspace)
        elseif item and item.region then
          require('holdover.window').jump(item.path, item.line, 0)
          require('holdover.accept').choose()
        end
      end,
    },
  },
}

return M
