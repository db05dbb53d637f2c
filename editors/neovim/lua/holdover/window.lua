-- A buffer of lines that the plugin draws: highlights, folds, keys, a help of them. Knows nothing of what the lines say;
-- draws when it is asked to and when a status changes, never by a clock.

local M = {}

---@class holdover.Line
---@field chunks holdover.Chunk[]
---@field level? string as 'foldexpr' has it: `>1` begins a fold, `1` is inside
---@field closed? boolean the fold that begins here is closed at first
---@field key? string what the line is about: the cursor and the folds stay with it
---@field item? any what the keys act on

---@class holdover.Key
---@field lhs string
---@field does string for the help
---@field run fun(item: any, buf: integer)

---@class holdover.Spec
---@field title string
---@field load fun(buf: integer, done: fun(lines: holdover.Line[]))
---@field keys holdover.Key[]
---@field listens? boolean draw again when a status changes
---@field records? boolean draw again when notes are others: it lists records

---@class holdover.Shown
---@field spec holdover.Spec
---@field lines holdover.Line[]
---@field loading boolean
---@field again boolean

local namespace = vim.api.nvim_create_namespace('holdover.window')
local shown = {} ---@type table<integer, holdover.Shown?>

---@param buf integer
---@param lines holdover.Chunk[][]
function M.fill(buf, lines)
  local plain = require('holdover.text').plain(lines)
  vim.bo[buf].modifiable = true
  -- Only what differs: marks, folds and the view stay where they were.
  local before = vim.api.nvim_buf_get_lines(buf, 0, -1, true)
  local same = 0
  while same < #before and same < #plain and before[same + 1] == plain[same + 1] do
    same = same + 1
  end
  local tail = 0
  while tail < #before - same and tail < #plain - same and before[#before - tail] == plain[#plain - tail] do
    tail = tail + 1
  end
  if same < #before or same < #plain then
    vim.api.nvim_buf_set_lines(buf, same, #before - tail, true, vim.list_slice(plain, same + 1, #plain - tail))
  end
  vim.bo[buf].modifiable, vim.bo[buf].modified = false, false
  vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
  for row, line in ipairs(lines) do
    local col = 0
    for _, chunk in ipairs(line) do
      local stop = math.min(col + #chunk[1], #plain[row])
      if chunk[2] and stop > col then
        vim.api.nvim_buf_set_extmark(buf, namespace, row - 1, col, { end_col = stop, hl_group = chunk[2] })
      end
      col = col + #chunk[1]
    end
  end
end

---'foldexpr' of these buffers.
---@return string
function M.fold()
  local state = shown[vim.api.nvim_get_current_buf()]
  local line = state and state.lines[vim.v.lnum]
  return line and line.level or '0'
end

---What the cursor is on.
---@param buf integer
---@return any
function M.item(buf)
  local state = shown[buf]
  local line = state and state.lines[vim.api.nvim_win_get_cursor(0)[1]]
  return line and line.item
end

---@param win integer
---@param state holdover.Shown
---@return string? key of the line that the cursor is on
---@return table<string, boolean> closed folds
local function place(win, state)
  local closed = {} ---@type table<string, boolean>
  vim.api.nvim_win_call(win, function()
    for row, line in ipairs(state.lines) do
      if line.key and vim.startswith(line.level or '', '>') then
        closed[line.key] = vim.fn.foldclosed(row) == row
      end
    end
  end)
  local line = state.lines[vim.api.nvim_win_get_cursor(win)[1]]
  return line and line.key, closed
end

---@param win integer
---@param state holdover.Shown
---@param key? string
---@param closed table<string, boolean>
local function restore(win, state, key, closed)
  vim.api.nvim_win_call(win, function()
    vim.cmd('silent! normal! zx')
    -- From the end, so that an outer fold is closed after those in it.
    for row = #state.lines, 1, -1 do
      local line = state.lines[row] --[[@as holdover.Line]]
      if line.key and vim.startswith(line.level or '', '>') then
        local close = closed[line.key]
        if close == nil then
          close = line.closed or false
        end
        vim.cmd(('silent! %dfold%s'):format(row, close and 'close' or 'open'))
      end
    end
    for row, line in ipairs(state.lines) do
      if key and line.key == key then
        vim.api.nvim_win_set_cursor(win, { row, 0 })
        break
      end
    end
  end)
end

---Makes a split that was opened for a document as high as what it shows, to its share of the screen. One that was placed by the user
---(`:vertical`, `:tab`) is left alone.
---@param win integer
function M.fit(win)
  local share = vim.w[win].holdover_share --[[@as number?]]
  if share then
    vim.w[win].holdover_share = nil
    local wanted = vim.api.nvim_win_text_height(win, {}).all
    vim.api.nvim_win_set_height(win, math.max(5, math.min(wanted, math.floor(vim.o.lines * share))))
  end
end

---@param buf integer
---@param lines holdover.Line[]
local function draw(buf, lines)
  local state = shown[buf]
  if not state or not vim.api.nvim_buf_is_loaded(buf) then
    return
  end
  local places = {} ---@type {win: integer, key: string?, closed: table<string, boolean>}[]
  for _, win in ipairs(vim.fn.win_findbuf(buf)) do
    local key, closed = place(win, state)
    places[#places + 1] = { win = win, key = key, closed = closed }
  end
  local first = #state.lines == 0
  state.lines = lines
  M.fill(
    buf,
    vim.tbl_map(function(line)
      return line.chunks
    end, lines)
  )
  for _, at in ipairs(places) do
    restore(at.win, state, at.key, at.closed)
    if first then
      M.fit(at.win)
    end
  end
end

---Loads and draws again. While that is under way, any number of calls come to one more.
---@param buf integer
function M.refresh(buf)
  local state = shown[buf]
  if not state then
    return
  end
  if state.loading then
    state.again = true
    return
  end
  state.loading = true
  state.spec.load(buf, function(lines)
    state.loading = false
    draw(buf, lines)
    if state.again then
      state.again = false
      M.refresh(buf)
    end
  end)
end

---Notes are others now: what lists records is drawn again.
function M.refresh_records()
  for buf, state in pairs(shown) do
    if state.spec.records then
      M.refresh(buf)
    end
  end
end

---@param buf integer
local function help(buf)
  local state = shown[buf]
  if not state then
    return
  end
  local rows = {} ---@type holdover.Chunk[][]
  for _, key in ipairs(state.spec.keys) do
    rows[#rows + 1] = { { key.lhs, 'Special' }, { key.does } }
  end
  vim.list_extend(rows, {
    { { 'za zM zR', 'Special' }, { 'fold and unfold, as everywhere' } },
    { { 'r', 'Special' }, { 'look again' } },
    { { '?', 'Special' }, { 'this help' } },
    { { 'q', 'Special' }, { 'close' } },
  })
  require('holdover.float').open(require('holdover.text').aligned(rows, {}), { title = state.spec.title })
end

---Goes to a place in a file, in the window that was used before this one, or in a new one.
---@param file string
---@param line integer zero-based
---@param byte integer zero-based
function M.jump(file, line, byte)
  local own = vim.api.nvim_get_current_win()
  vim.cmd.wincmd('p')
  if vim.api.nvim_get_current_win() == own or vim.bo.buftype ~= '' then
    local other = vim.tbl_filter(function(win)
      return vim.bo[vim.api.nvim_win_get_buf(win)].buftype == '' and vim.api.nvim_win_get_config(win).relative == ''
    end, vim.api.nvim_tabpage_list_wins(0))[1]
    if other then
      vim.api.nvim_set_current_win(other)
    else
      vim.cmd('aboveleft split')
    end
  end
  local at = vim.fn.bufadd(file)
  vim.bo[at].buflisted = true
  if vim.api.nvim_get_current_buf() ~= at then
    -- A changed buffer that may not be hidden is not pushed aside.
    local ok = pcall(vim.cmd.buffer, at)
    if not ok then
      vim.cmd.sbuffer(at)
    end
  end
  vim.cmd("normal! m'")
  local last = vim.api.nvim_buf_line_count(0)
  vim.api.nvim_win_set_cursor(0, { math.min(line + 1, last), byte })
  vim.cmd('normal! zvzz')
end

---Options of the window that shows such a buffer, for as long as it does.
local function options()
  local wo = vim.wo[0][0]
  wo.number, wo.relativenumber, wo.list, wo.spell, wo.wrap = false, false, false, false, false
  wo.signcolumn, wo.statuscolumn, wo.colorcolumn, wo.cursorline = 'no', '', '', true
  wo.foldmethod, wo.foldexpr, wo.foldtext = 'expr', "v:lua.require'holdover.window'.fold()", ''
  wo.foldlevel, wo.foldenable, wo.foldcolumn = 99, true, 'auto:3'
  wo.fillchars = 'fold: ,foldopen:▾,foldclose:▸,foldsep: ,eob: '
  wo.winfixheight, wo.winhighlight = true, 'Folded:Normal'
end

---Makes a buffer one of these, and draws it for the first time.
---@param buf integer
---@param spec holdover.Spec
function M.attach(buf, spec)
  if shown[buf] then
    shown[buf].spec = spec
    M.refresh(buf)
    return
  end
  shown[buf] = { spec = spec, lines = {}, loading = false, again = false }
  vim.bo[buf].buftype, vim.bo[buf].swapfile, vim.bo[buf].undolevels = 'nofile', false, -1
  vim.bo[buf].bufhidden, vim.bo[buf].modifiable = 'wipe', false
  vim.bo[buf].filetype = 'holdover'
  ---@param lhs string
  ---@param does string
  ---@param run fun()
  local function map(lhs, does, run)
    vim.keymap.set('n', lhs, run, { buffer = buf, nowait = true, silent = true, desc = 'Holdover: ' .. does })
  end
  for _, key in ipairs(spec.keys) do
    map(key.lhs, key.does, function()
      key.run(M.item(buf), buf)
    end)
  end
  map('r', 'look again', function()
    M.refresh(buf)
  end)
  map('?', 'help', function()
    help(buf)
  end)
  map('q', 'close', function()
    if not pcall(vim.cmd.close) then
      vim.cmd.bwipeout()
    end
  end)
  local group = vim.api.nvim_create_augroup('holdover.window.' .. buf, { clear = true })
  vim.api.nvim_create_autocmd('BufWinEnter', { group = group, buffer = buf, callback = options })
  if vim.api.nvim_get_current_buf() == buf then
    options()
  end
  if spec.listens then
    vim.api.nvim_create_autocmd('User', {
      group = group,
      pattern = 'HoldoverStatus',
      callback = function()
        M.refresh(buf)
      end,
    })
  end
  -- Ages are written anew when somebody comes back to them.
  vim.api.nvim_create_autocmd({ 'BufEnter', 'FocusGained' }, {
    group = group,
    buffer = buf,
    callback = function()
      M.refresh(buf)
    end,
  })
  vim.api.nvim_create_autocmd('BufWipeout', {
    group = group,
    buffer = buf,
    callback = function()
      shown[buf] = nil
      vim.api.nvim_del_augroup_by_id(group)
    end,
  })
  M.refresh(buf)
end

return M
