-- The journal window: what was done and decided, newest first, with a preview of each entry. Reads; never writes.

local text = require('holdover.text')

local M = {}

---Columns of a screen from which an entry is shown beside the list.
local WIDE = 180
---Events that are asked for at once.
local MOST = 200

---@param payload table<string, any>
---@return string
local function pairs_of(payload)
  local words = {} ---@type string[]
  for key, value in vim.spairs(payload) do
    if type(value) ~= 'table' then
      words[#words + 1] = ('%s %s'):format(key, tostring(value))
    elseif #value > 0 then
      words[#words + 1] = ('%s %s'):format(key, table.concat(vim.tbl_map(tostring, value), ', '))
    end
  end
  return table.concat(words, ', ')
end

---What an event says, in one line. Kinds that are not known here are shown field by field.
---@param event holdover.Event
---@return string
function M.summary(event)
  local p = event.payload or {}
  local kind = event.kind
  if kind == 'readiness.observed' and p.present and p.total then
    return ('%s of %s are here%s'):format(
      text.number(p.present),
      text.number(p.total),
      p.state and ': ' .. tostring(p.state):gsub('-', ' ') or ''
    )
  elseif kind == 'fetch.asked' and type(p.artifacts) == 'table' then
    return text.count(#p.artifacts, 'artifact') .. ': ' .. table.concat(p.artifacts, ', ')
  elseif kind == 'fetch.finished' and type(p.fetched) == 'table' then
    local left = type(p.left) == 'table' and #p.left > 0 and ', ' .. text.number(#p.left) .. ' left' or ''
    local problem = type(p.errors) == 'table' and p.errors[1] and '; ' .. tostring(p.errors[1]) or ''
    return text.count(#p.fetched, 'artifact') .. ' fetched' .. left .. problem
  elseif vim.startswith(kind, 'job.') and p.title then
    return tostring(p.title) .. ((p.attempt or 1) > 1 and ', attempt ' .. p.attempt or '')
  elseif kind == 'offline.set' and p.mode then
    return 'offline ' .. tostring(p.mode)
  end
  return pairs_of(p)
end

---@param events holdover.Event[] oldest first
---@param workspace? string
---@param now? integer
---@return holdover.Line[]
function M.lines(events, workspace, now)
  local lines = {
    {
      chunks = {
        { '  ' .. text.count(#events, 'event') .. (#events >= MOST and ', the last ones' or ''), 'Title' },
        { workspace and '   ' .. vim.fn.fnamemodify(workspace, ':~') or '', 'Directory' },
        { '   <CR> shows one   ? help', 'Comment' },
      },
    },
    { chunks = { { '' } } },
  } ---@type holdover.Line[]
  if #events == 0 then
    lines[3] = { chunks = { { '  Nothing was recorded yet: fetches, looks, trust and offline are written here.' } } }
    return lines
  end
  local rows = {} ---@type holdover.Chunk[][]
  local order = {} ---@type holdover.Event[]
  for i = #events, 1, -1 do
    local event = events[i] --[[@as holdover.Event]]
    order[#order + 1] = event
    local failed = event.kind:match('failed')
      or (event.payload and type(event.payload.errors) == 'table' and event.payload.errors[1])
    rows[#rows + 1] = {
      { text.age(event.at, now) or event.at, 'Comment' },
      { event.kind, failed and 'DiagnosticError' or 'Identifier' },
      { event.actor and event.actor.name or '', 'Comment' },
      { M.summary(event) },
    }
  end
  for i, chunks in ipairs(text.aligned(rows, { [1] = true })) do
    local event = order[i] --[[@as holdover.Event]]
    lines[#lines + 1] = { chunks = chunks, key = event.id, item = event }
  end
  return lines
end

---Shows an entry below the list, in the window that showed the last one.
---@param event holdover.Event
---@param enter boolean
local function preview(event, enter)
  local list = vim.api.nvim_get_current_win()
  local name = ('holdover:/journal/%s.md'):format(event.id)
  local buf = vim.fn.bufadd(name)
  vim.b[buf].holdover_workspace = vim.b.holdover_workspace
  local win = vim.tbl_filter(function(w)
    return vim.startswith(vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(w)), 'holdover:/journal/')
  end, vim.api.nvim_tabpage_list_wins(0))[1]
  if win then
    vim.api.nvim_set_current_win(win)
  else
    -- Beside the list where both have room for their lines, below it otherwise.
    vim.cmd(vim.o.columns >= WIDE and 'belowright vsplit' or 'belowright split')
    vim.wo.winfixheight, vim.wo.cursorline = false, false
    if vim.o.columns < WIDE then
      vim.w.holdover_share = 0.4
    end
  end
  vim.api.nvim_win_set_buf(0, buf)
  if not enter then
    vim.api.nvim_set_current_win(list)
  end
end

---@type holdover.Spec
M.spec = {
  title = 'Journal',
  listens = true,
  load = function(buf, done)
    require('holdover.drawn').load(buf, 'holdover.journal', { limit = MOST }, done, function(result, workspace)
      return M.lines(result and result.events or {}, workspace)
    end)
  end,
  keys = {
    {
      lhs = '<CR>',
      does = 'show the entry, and go there',
      run = function(item)
        if item then
          preview(item, true)
        end
      end,
    },
    {
      lhs = 'p',
      does = 'show the entry, and stay here',
      run = function(item)
        if item then
          preview(item, false)
        end
      end,
    },
    {
      lhs = 'u',
      does = 'undo the resolution of a conflict, which comes back',
      run = function(item)
        if item then
          require('holdover.undo').run(item.id)
        end
      end,
    },
  },
}

return M
