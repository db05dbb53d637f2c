-- The window in which a note, or a comment of a review, is written: what is typed is saved as a draft, `:write` makes it one.
-- Knows the buffer and its draft; where they are shown is notes.lua's and review.lua's.

local client_of = require('holdover.client')

local M = {}

---Milliseconds after a keystroke in which others join its save.
local PAUSE = 200
---Milliseconds until a save that did not succeed is tried again.
local AGAIN = 1000

---@class holdover.Writing
---@field workspace string
---@field fields table what `holdover.note.add` or `.edit` takes beside the text
---@field saves? {command: string, fields: table, said: string} how a comment of a review is saved instead
---@field draft string its id
---@field kept boolean the server has something of it, or is being told
---@field tick integer 'changedtick' of what was saved last
---@field busy boolean a save is on its way
---@field timer uv.uv_timer_t
---@field asked integer how often it was to be saved as a note without an answer yet
---@field writing boolean `:write` waits for an answer
---@field done boolean saved as a note, or thrown away

local writing = {} ---@type table<integer, holdover.Writing?>

---@param buf integer
---@return string
local function body(buf)
  return table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, true), '\n')
end

---@param buf integer
---@return vim.lsp.Client?
local function client(buf)
  return client_of.of(buf)
end

---What the server is to know of a draft, whatever it becomes.
---@param state holdover.Writing
---@return table
local function about(state)
  return vim.tbl_extend('force', {}, state.fields, { workspace = state.workspace, draft = state.draft })
end

local save ---@type fun(buf: integer)

---@param buf integer
---@param after integer milliseconds
local function save_soon(buf, after)
  local state = writing[buf]
  if state and not state.done then
    state.timer:start(
      after,
      0,
      vim.schedule_wrap(function()
        save(buf)
      end)
    )
  end
end

---@param buf integer
local function close(buf)
  vim.schedule(function()
    if vim.api.nvim_buf_is_valid(buf) then
      vim.api.nvim_buf_delete(buf, { force = true })
    end
  end)
end

---The text is a comment of a review now: what was typed on meanwhile is kept as a draft of its own.
---@param buf integer
---@param state holdover.Writing
---@param text string
local function commented(buf, state, text)
  require('holdover.progress').say(state.saves and state.saves.said or '')
  if writing[buf] ~= state or not vim.api.nvim_buf_is_loaded(buf) then
    return
  end
  if body(buf) ~= text then
    state.draft, state.kept = require('holdover.ulid').new(), false
    save_soon(buf, 0)
    return
  end
  state.done = true
  state.timer:stop()
  vim.bo[buf].modified = false
  if not state.writing then
    close(buf)
  end
end

---The text is a note now, in whichever answer that came: what is typed on changes it, under a draft of its own.
---@param buf integer
---@param state holdover.Writing
---@param text string
---@param note holdover.Note
local function noted(buf, state, text, note)
  require('holdover.progress').say(state.fields.note and 'the note is changed' or 'noted')
  if writing[buf] ~= state then
    return
  end
  if not vim.api.nvim_buf_is_loaded(buf) or body(buf) == text then
    state.done = true
    state.timer:stop()
    if vim.api.nvim_buf_is_loaded(buf) then
      vim.bo[buf].modified = false
    end
    -- Not under `:write`, which still stands in its window.
    if not state.writing then
      close(buf)
    end
    return
  end
  if state.asked > 0 then
    -- It was asked for again meanwhile, under the same draft: that answer says what the note is.
    return
  end
  local own = text:gsub('%s+$', ''):gsub('^\n+', '')
  local pred = {} ---@type string[]
  for _, version in ipairs(note.versions or {}) do
    if version.body == own then
      vim.list_extend(pred, version.ops)
    end
  end
  state.fields, state.draft, state.kept = { note = note.id, pred = pred }, require('holdover.ulid').new(), false
  save_soon(buf, 0)
end

function save(buf)
  local state = writing[buf]
  if not state or state.done or state.busy or not vim.api.nvim_buf_is_loaded(buf) then
    return
  end
  local tick = vim.api.nvim_buf_get_changedtick(buf)
  if tick == state.tick then
    return
  end
  local server = client(buf)
  if not server then
    -- It may be on its way back.
    save_soon(buf, AGAIN)
    return
  end
  state.busy, state.kept = true, true
  local fields = about(state)
  fields.body = body(buf)
  client_of.execute(server, 'holdover.note.draft', fields, function(err, draft)
    state.busy = false
    if err or not draft then
      local ended = vim.tbl_get(err or {}, 'data', 'kind') == 'draft-ended'
      if ended and state.draft == fields.draft and state.asked == 0 then
        -- It was saved or thrown away in another editor: what is typed on is another draft.
        state.draft = require('holdover.ulid').new()
      end
      save_soon(buf, ended and state.asked == 0 and 0 or AGAIN)
      return
    end
    if state.draft ~= draft.id then
      -- It is a note meanwhile, and what is typed on has a draft of its own.
      save_soon(buf, 0)
      return
    end
    state.tick = tick
    -- Where it stands was taken down with the first letter: lines that are written above it since do not move it.
    state.fields.anchor = state.fields.note == nil and draft.anchor or nil
    if writing[buf] ~= state then
      return
    end
    if vim.api.nvim_buf_is_loaded(buf) and vim.api.nvim_buf_get_changedtick(buf) ~= tick then
      save_soon(buf, PAUSE)
    end
  end)
end

---`:write`: the text becomes a note, or its new version, and the window closes.
---@param buf integer
local function write(buf)
  local state = writing[buf]
  local server = state and client(buf)
  if not state or not server then
    client_of.fail('no server runs, so this is kept as a draft\nhint: :Holdover restart, then :write again')
    return
  end
  local fields = about(state)
  fields.body = body(buf)
  state.timer:stop()
  -- Whoever writes and leaves at once (`:wq`) must not leave before the answer: it says whether the note is on the disk.
  local answer ---@type {err?: lsp.ResponseError}?
  state.asked = state.asked + 1
  -- However late it comes: under its draft, a note that is asked for again is the same one.
  local command = fields.note and 'holdover.note.edit' or 'holdover.note.add'
  if state.saves then
    command = state.saves.command
    fields = vim.tbl_extend(
      'force',
      { workspace = state.workspace, draft = state.draft, body = fields.body },
      state.saves.fields
    )
  end
  client_of.execute(server, command, fields, function(err, note)
    answer = { err = err }
    state.asked = state.asked - 1
    if note and state.saves then
      commented(buf, state, fields.body)
    elseif note then
      noted(buf, state, fields.body, note)
    end
  end)
  state.writing = true
  local answered = vim.wait(10000, function()
    return answer ~= nil
  end, 5)
  state.writing = false
  if state.done then
    close(buf)
  end
  if not answered then
    client_of.fail('the server has not answered yet; the text is kept as a draft')
    return
  end
  if answer and answer.err then
    save_soon(buf, 0)
    client_of.fail(answer.err.message)
  end
end

---@param buf integer
local function gone(buf)
  local state = writing[buf]
  writing[buf] = nil
  if not state then
    return
  end
  state.timer:stop()
  state.timer:close()
  -- Thrown away with `:quit!`. Whoever leaves Neovim keeps the draft.
  local server = not state.done and vim.v.exiting == vim.NIL and client_of.any(buf)
  if server and state.kept then
    state.done = true
    client_of.execute(
      server,
      'holdover.note.draft',
      { draft = state.draft, discard = true, workspace = state.workspace },
      function() end
    )
  end
  state.done = true
end

---Opens a window to write in.
---@param workspace string
---@param fields table `{file, line, lines, shared}` of a new note, `{note, pred}` of a change, `anchor` of a draft
---@param opts? {body?: string, draft?: string, title?: string, saves?: {command: string, fields: table, said: string}}
---@return integer buf
function M.open(workspace, fields, opts)
  opts = opts or {}
  local buf = vim.api.nvim_create_buf(false, false)
  local title = opts.title or (fields.note and 'change' or 'new')
  vim.api.nvim_buf_set_name(buf, ('holdover-note://%d/%s.md'):format(buf, title:gsub('[^%w._-]', '-')))
  vim.bo[buf].buftype, vim.bo[buf].bufhidden, vim.bo[buf].swapfile = 'acwrite', 'wipe', false
  vim.b[buf].holdover_workspace = workspace
  vim.api.nvim_buf_set_lines(buf, 0, -1, true, vim.split(opts.body or '', '\n', { plain = true }))
  vim.bo[buf].modified = opts.draft ~= nil
  local timer = assert(vim.uv.new_timer())
  local tick = opts.draft and -1 or vim.api.nvim_buf_get_changedtick(buf)
  writing[buf] = {
    workspace = workspace,
    fields = fields,
    saves = opts.saves,
    draft = opts.draft or require('holdover.ulid').new(),
    kept = opts.draft ~= nil,
    tick = tick,
    busy = false,
    timer = timer,
    asked = 0,
    writing = false,
    done = false,
  }
  vim.cmd('botright ' .. math.max(5, math.min(12, math.floor(vim.o.lines / 3))) .. 'split')
  vim.api.nvim_win_set_buf(0, buf)
  vim.bo[buf].filetype = 'markdown'
  local wo = vim.wo[0][0]
  wo.number, wo.relativenumber, wo.signcolumn, wo.winfixheight = false, false, 'no', true
  wo.wrap, wo.linebreak = true, true
  local where = (opts.saves and 'review' or fields.shared and 'shared note' or 'note')
    .. (opts.title and ' on ' .. opts.title:gsub('%%', '%%%%') or '')
  wo.winbar = ('%%#Title# %s %%#Comment#:w saves it, :q! throws it away'):format(where)
  local group = vim.api.nvim_create_augroup('holdover.note.' .. buf, { clear = true })
  vim.api.nvim_buf_attach(buf, false, {
    on_lines = function()
      local state = writing[buf]
      if not state or state.done then
        return true
      end
      -- A pause that began goes on: somebody who types without one is saved too.
      if not state.timer:is_active() then
        save_soon(buf, PAUSE)
      end
    end,
  })
  vim.api.nvim_create_autocmd('BufWriteCmd', {
    group = group,
    buffer = buf,
    desc = 'Save the note',
    callback = function()
      write(buf)
    end,
  })
  vim.api.nvim_create_autocmd('BufWipeout', {
    group = group,
    buffer = buf,
    once = true,
    desc = 'Forget the note',
    callback = function()
      gone(buf)
      vim.api.nvim_del_augroup_by_id(group)
    end,
  })
  return buf
end

---Takes up a draft again.
---@param workspace string
---@param draft holdover.NoteDraft
---@return integer buf
function M.recover(workspace, draft)
  local fields = draft.note and { note = draft.note, pred = draft.pred }
    or { anchor = draft.anchor, shared = draft.shared }
  return M.open(workspace, fields, { body = draft.body, draft = draft.id, title = draft.place.text })
end

---Whether a draft is being written here.
---@param id string
---@return boolean
function M.is_open(id)
  for _, state in pairs(writing) do
    if state.draft == id then
      return true
    end
  end
  return false
end

return M
