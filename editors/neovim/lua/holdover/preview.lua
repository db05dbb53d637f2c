-- What a choice would leave of the conflict under the cursor, in a tab of its own: beside one of the sides, as a diff, with the
-- server's words below. The choice is taken from there. Works out nothing itself: texts, origins and words are the server's.

local client_of = require('holdover.client')

local M = {}

local namespace = vim.api.nvim_create_namespace('holdover.preview')
local KEYS = '<CR> take it · <Tab> next choice · a choose · q close'
---Most lines that the words take.
local WORDS = 12

---@class holdover.PreviewState
---@field client vim.lsp.Client
---@field source? integer buffer of the conflict; none of a record's
---@field preview holdover.ConflictPreview
---@field choice integer
---@field tab integer
---@field left integer buffer
---@field right integer buffer
---@field words integer buffer

---The preview of each tab.
---@type table<integer, holdover.PreviewState?>
local open = {}

---@param preview holdover.ConflictPreview
---@param choice holdover.ConflictChoice
---@return holdover.ConflictChoice
local function beside(preview, choice)
  for _, other in ipairs(preview.choices) do
    if other.action == 'conflict.accept-' .. choice.against then
      return other
    end
  end
  return choice
end

---The address of the document that shows a choice.
---@param preview holdover.ConflictPreview
---@param choice holdover.ConflictChoice
---@return string
local function address(preview, choice)
  ---@param text any
  local function encode(text)
    return (tostring(text):gsub('[^%w]', function(byte)
      return ('%%%02X'):format(byte:byte())
    end))
  end
  local name = (choice.action:gsub('^conflict%.', ''):gsub('^accept%-', ''))
  local data = choice.data
  if preview.record then
    return ('holdover:/conflict/%s/text?record=%s&workspace=%s&fingerprint=%s'):format(
      name,
      preview.record.entity,
      encode(data.workspace),
      encode(data.fingerprint)
    )
  end
  return ('holdover:/conflict/%s/text?uri=%s&fingerprint=%s&id=%d&until=%d'):format(
    name,
    encode(preview.uri),
    encode(data.fingerprint),
    data.id,
    data['until']
  )
end

---What a line that no side has is, where it is not made of both.
---@type table<string, string?>
local MADE = {
  ['conflict.accept-base'] = 'from the common ancestor',
  ['conflict.remembered'] = 'in neither side',
}

---@param origin holdover.LineOrigin
---@param preview holdover.ConflictPreview
---@param choice holdover.ConflictChoice
---@return string
local function from(origin, preview, choice)
  ---@param n integer
  ---@param otherwise string
  local function name(n, otherwise)
    local side = preview.region.sides[n] or {}
    local label = side.origin and side.origin.name or side.label or ''
    return label ~= '' and label or otherwise
  end
  if origin == 'current' then
    return 'from ' .. name(1, 'current')
  elseif origin == 'incoming' then
    return 'from ' .. name(2, 'incoming')
  end
  return origin == 'both' and 'in both' or MADE[choice.action] or 'made of both'
end

---@param buf integer
---@param lines string[]
local function fill(buf, lines)
  vim.bo[buf].modifiable = true
  vim.api.nvim_buf_set_lines(buf, 0, -1, true, lines)
  vim.bo[buf].modifiable, vim.bo[buf].modified = false, false
end

---@param text string
---@return string[]
local function lines_of(text)
  local lines = vim.split(text, '\n', { plain = true })
  if lines[#lines] == '' and #lines > 1 then
    lines[#lines] = nil
  end
  return lines
end

---@param win integer
---@param title string
local function head(win, title)
  -- A percent sign of a branch's name is none of the bar's.
  vim.wo[win][0].winbar = ' ' .. title:gsub('%%', '%%%%')
end

---Names a buffer after what it shows, for lists of buffers and status lines.
---@param buf integer
---@param preview holdover.ConflictPreview
---@param what string
local function name(buf, preview, what)
  local record = preview.record
  local file = record and ('%s %s'):format(record.kind, (record.title:gsub('[/\\%c]', '-')))
    or vim.fs.basename(vim.uri_to_fname(preview.uri))
  local new = ('holdover-preview://%d/%s: %s'):format(buf, file, (what:gsub('[/\\%c]', '-')))
  local old = vim.api.nvim_buf_get_name(buf)
  if new == old then
    return
  end
  vim.api.nvim_buf_set_name(buf, new)
  -- Neovim keeps an empty buffer under the name that was given up.
  for _, other in ipairs(old ~= '' and vim.api.nvim_list_bufs() or {}) do
    if other ~= buf and vim.api.nvim_buf_get_name(other) == old then
      vim.api.nvim_buf_delete(other, { force = true })
    end
  end
end

---Shows a choice in the windows of a preview.
---@param state holdover.PreviewState
---@param texts {left: string, right: string}
local function draw(state, texts)
  local choice = state.preview.choices[state.choice] --[[@as holdover.ConflictChoice]]
  local other = beside(state.preview, choice)
  fill(state.left, lines_of(texts.left))
  fill(state.right, lines_of(texts.right))
  vim.api.nvim_buf_clear_namespace(state.right, namespace, 0, -1)
  local first = state.preview.region.range.start.line
  for n, origin in ipairs(choice.lines) do
    vim.api.nvim_buf_set_extmark(state.right, namespace, first + n - 1, 0, {
      virt_text = { { '  ' .. from(origin, state.preview, choice), 'Comment' } },
      strict = false,
    })
  end
  local words = lines_of(choice.explanation)
  fill(state.words, words)
  local wins = vim.api.nvim_tabpage_list_wins(state.tab)
  for _, win in ipairs(wins) do
    local buf = vim.api.nvim_win_get_buf(win)
    if buf == state.left then
      head(win, other.short)
      name(buf, state.preview, other.short)
    elseif buf == state.right then
      local chosen = ('%s (%d of %d)'):format(choice.short, state.choice, #state.preview.choices)
      head(win, chosen)
      name(buf, state.preview, chosen)
      pcall(vim.api.nvim_win_set_cursor, win, { first + 1, 0 })
      vim.api.nvim_win_call(win, function()
        vim.cmd('silent! diffupdate')
        vim.cmd('normal! zvzz')
      end)
    elseif buf == state.words then
      head(win, KEYS)
      name(buf, state.preview, 'why')
      vim.api.nvim_win_set_height(win, math.max(3, math.min(#words + 1, WORDS, math.floor(vim.o.lines / 3))))
    end
  end
end

---@param state holdover.PreviewState
local function close(state)
  if open[state.tab] and vim.api.nvim_tabpage_is_valid(state.tab) then
    open[state.tab] = nil
    for _, win in ipairs(vim.api.nvim_tabpage_list_wins(state.tab)) do
      pcall(vim.api.nvim_win_close, win, true)
    end
  end
end

---Asks for the two texts of a choice, and hands them on.
---@param state {client: vim.lsp.Client, preview: holdover.ConflictPreview, choice: integer}
---@param done fun(texts: {left: string, right: string})
local function texts_of(state, done)
  local choice = state.preview.choices[state.choice] --[[@as holdover.ConflictChoice]]
  local texts = {} ---@type table<string, string?>
  for side, one in pairs({ left = beside(state.preview, choice), right = choice }) do
    client_of.request(state.client, 'holdover/content', { uri = address(state.preview, one) }, function(err, result)
      if err then
        client_of.fail(err.message)
        return
      end
      texts[side] = result.text
      if texts.left and texts.right then
        done({ left = texts.left, right = texts.right })
      end
    end)
  end
end

---Goes to the line of a conflict in a window that shows its buffer, or in this one.
---@param state holdover.PreviewState
local function back(state)
  close(state)
  if not state.source then
    return
  end
  local win = vim.fn.bufwinid(state.source)
  if win ~= -1 then
    vim.api.nvim_set_current_win(win)
  else
    vim.api.nvim_set_current_buf(state.source)
  end
  pcall(vim.api.nvim_win_set_cursor, 0, { state.preview.region.range.start.line + 1, 0 })
end

---@param state holdover.PreviewState
local function take(state)
  local choice = state.preview.choices[state.choice] --[[@as holdover.ConflictChoice]]
  if not state.source then
    require('holdover.records').take(state.client, choice, function()
      back(state)
    end)
    return
  end
  local data = vim.tbl_extend('force', choice.data, { seen = true })
  local tick = vim.api.nvim_buf_get_changedtick(state.source)
  client_of.request(state.client, 'codeAction/resolve', { title = choice.title, data = data }, function(err, resolved)
    local edit = resolved and resolved.edit
    if err or not edit then
      client_of.fail(err and err.message or 'the server had no edit for it')
    elseif vim.api.nvim_buf_get_changedtick(state.source) ~= tick then
      -- Typed while the answer was on its way: the conflict itself is compared by the server.
      take(state)
    else
      vim.lsp.util.apply_workspace_edit(edit, state.client.offset_encoding)
      if vim.api.nvim_buf_get_changedtick(state.source) == tick then
        client_of.fail('the conflict was not resolved: Neovim did not take the edit\nhint: once more')
      else
        back(state)
      end
    end
  end)
end

---@param state holdover.PreviewState
---@param n integer
local function show(state, n)
  local count = #state.preview.choices
  state.choice = (n - 1) % count + 1
  texts_of(state, function(texts)
    if open[state.tab] == state then
      draw(state, texts)
    end
  end)
end

---@param state holdover.PreviewState
local function choose(state)
  vim.ui.select(state.preview.choices, {
    prompt = 'What is to stand in place of the conflict?',
    kind = 'holdover.preview',
    format_item = function(choice)
      return choice.title
    end,
  }, function(_, n)
    if n then
      show(state, n)
    end
  end)
end

---@param state holdover.PreviewState
---@param buf integer
local function keys(state, buf)
  ---@param lhs string
  ---@param does string
  ---@param run fun()
  local function map(lhs, does, run)
    vim.keymap.set('n', lhs, run, { buffer = buf, nowait = true, desc = 'Holdover: ' .. does })
  end
  map('<CR>', 'take it', function()
    take(state)
  end)
  map('<Tab>', 'next choice', function()
    show(state, state.choice + 1)
  end)
  map('<S-Tab>', 'choice before', function()
    show(state, state.choice - 1)
  end)
  map('a', 'choose', function()
    choose(state)
  end)
  map('q', 'close', function()
    back(state)
  end)
end

---@param filetype string
---@return integer
local function scratch(filetype)
  local buf = vim.api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden, vim.bo[buf].modifiable, vim.bo[buf].undolevels = 'wipe', false, -1
  vim.bo[buf].filetype = filetype
  return buf
end

---Opens the tab.
---@param client vim.lsp.Client
---@param source? integer
---@param preview holdover.ConflictPreview
---@param n integer
---@param texts {left: string, right: string}
local function begin(client, source, preview, n, texts)
  local filetype = source and vim.bo[source].filetype or 'markdown'
  vim.cmd('tab split')
  ---@type holdover.PreviewState
  local state = {
    client = client,
    source = source,
    preview = preview,
    choice = n,
    tab = vim.api.nvim_get_current_tabpage(),
    left = scratch(filetype),
    right = scratch(filetype),
    words = scratch('markdown'),
  }
  open[state.tab] = state
  vim.api.nvim_win_set_buf(0, state.left)
  local left = vim.api.nvim_get_current_win()
  local words = vim.api.nvim_open_win(state.words, false, { split = 'below', win = left })
  local right = vim.api.nvim_open_win(state.right, true, { split = 'right', win = left })
  for _, win in ipairs({ left, right }) do
    vim.wo[win][0].signcolumn, vim.wo[win][0].statuscolumn = 'no', ''
  end
  local wo = vim.wo[words][0]
  wo.number, wo.relativenumber, wo.signcolumn, wo.statuscolumn = false, false, 'no', ' '
  wo.wrap, wo.linebreak, wo.conceallevel, wo.winfixheight = true, true, 2, true
  for _, buf in ipairs({ state.left, state.right, state.words }) do
    keys(state, buf)
  end
  draw(state, texts)
  for _, win in ipairs({ left, right }) do
    vim.api.nvim_win_call(win, function()
      vim.cmd('diffthis')
    end)
  end
  draw(state, texts)
  -- One window closed is all of it closed.
  vim.api.nvim_create_autocmd('WinClosed', {
    buffer = state.right,
    once = true,
    callback = vim.schedule_wrap(function()
      close(state)
    end),
  })
end

---Shows what the first choice would leave of a record.
---@param client vim.lsp.Client
---@param preview holdover.ConflictPreview
function M.show(client, preview)
  texts_of({ client = client, preview = preview, choice = 1 }, function(texts)
    begin(client, nil, preview, 1, texts)
  end)
end

---Shows what a choice would leave of the conflict on a line.
---@param wanted? string `merge`, `current` and the like; the first that is offered where there is none
---@param at? {buf: integer, line: integer} zero-based; the cursor's where it is not said
function M.run(wanted, at)
  local buf = at and at.buf or vim.api.nvim_get_current_buf()
  local client = client_of.of_or_fail(buf)
  if not client then
    return
  end
  local line = at and at.line or vim.api.nvim_win_get_cursor(0)[1] - 1
  local fields = { uri = vim.uri_from_bufnr(buf), line = line }
  client_of.request(client, 'holdover/conflict', fields, function(err, preview)
    if err then
      client_of.fail(err.message .. '\nhint: :Holdover next goes to a conflict')
      return
    elseif #preview.choices == 0 then
      client_of.fail('this conflict cannot be resolved by choosing: a diff in it is broken')
      return
    end
    local n = 1
    for i, choice in ipairs(preview.choices) do
      if wanted and (choice.action == 'conflict.' .. wanted or choice.action == 'conflict.accept-' .. wanted) then
        n = i
      end
    end
    texts_of({ client = client, preview = preview, choice = n }, function(texts)
      begin(client, buf, preview, n, texts)
    end)
  end)
end

---`Preview` of a code action or a line above a conflict.
---@param command lsp.Command
function M.from_command(command)
  local fields = (command.arguments or {})[1] --[[@as {uri: string, line: integer}]]
  M.run(nil, { buf = vim.uri_to_bufnr(fields.uri), line = fields.line })
end

return M
