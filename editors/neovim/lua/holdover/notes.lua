-- Where notes are shown: behind the lines that they stand on, in the quickfix list, and what was not saved is offered.
-- Asks the server where a note is; finds no place itself.

local client_of = require('holdover.client')

local M = {}

---@param client vim.lsp.Client
---@param fields table
---@param done fun(report: holdover.NoteReport)
---@param quiet? boolean
local function list(client, fields, done, quiet)
  client_of.execute(client, 'holdover.note.list', fields, function(err, report)
    if report then
      done(report)
    elseif err and not quiet then
      client_of.fail(err.message)
    end
  end)
end

---@param client vim.lsp.Client
---@param buf integer
---@return boolean
local function shows(client, buf)
  return require('holdover.config').get().notes
    and vim.api.nvim_buf_is_loaded(buf)
    and vim.bo[buf].buftype == ''
    and client_of.knows(client, 'holdover.note.list')
end

---Draws the notes of a buffer beside and behind their lines.
---@param client vim.lsp.Client
---@param buf integer
function M.refresh(client, buf)
  if not shows(client, buf) then
    return
  end
  local fields = { file = vim.uri_from_bufnr(buf), workspace = client_of.workspace(client, buf) }
  list(client, fields, function(report)
    if not vim.api.nvim_buf_is_loaded(buf) then
      return
    end
    require('holdover.note_marks').draw(buf, report.notes or {})
  end, true)
end

---The notes of a workspace are others now: those of its buffers are drawn again.
---@param client vim.lsp.Client
function M.refresh_all(client)
  for buf in pairs(client.attached_buffers or {}) do
    M.refresh(client, buf)
  end
  require('holdover.content').refresh_grown()
  require('holdover.window').refresh_records()
end

---Says once, when a server has started, that something was not saved.
---@param client vim.lsp.Client
function M.offer(client)
  for _, workspace in ipairs(client_of.folders(client)) do
    if client_of.knows(client, 'holdover.note.list') then
      list(client, { workspace = workspace }, function(report)
        local n = #M.abandoned(report)
        if n > 0 then
          local what = n == 1 and 'a note was' or ('%d notes were'):format(n)
          require('holdover.progress').say(('%s not saved: :Holdover drafts'):format(what))
        end
      end, true)
    end
  end
end

---The drafts that nobody is writing, here or in another editor.
---@param report holdover.NoteReport
---@return holdover.NoteDraft[]
function M.abandoned(report)
  return vim.tbl_filter(function(draft)
    return not draft.open and not require('holdover.note').is_open(draft.id)
  end, report.drafts or {})
end

---Asks which draft is to be taken up again.
function M.drafts()
  client_of.here(function(client, workspace)
    list(client, { workspace = workspace }, function(report)
      local drafts = M.abandoned(report)
      if #drafts == 0 then
        require('holdover.progress').say('nothing waits to be saved')
        return
      end
      vim.ui.select(drafts, {
        prompt = 'Notes that were not saved',
        kind = 'holdover.draft',
        format_item = function(draft)
          return ('%s: %s (%s)'):format(draft.place.text, draft.title, draft.about)
        end,
      }, function(draft)
        if draft then
          require('holdover.note').recover(workspace, draft)
        end
      end)
    end)
  end)
end

---All notes of the workspace in the quickfix list.
function M.quickfix()
  client_of.here(function(client, workspace)
    list(client, { workspace = workspace }, function(report)
      require('holdover.lists').notes(report, workspace)
      if #report.notes == 0 then
        require('holdover.progress').say('there are no notes')
      end
    end)
  end)
end

---Hands the note of the cursor's line to a function; asks which one where there are several.
---@param fn fun(note: holdover.Note, client: vim.lsp.Client, workspace: string)
function M.under_cursor(fn)
  client_of.here(function(client, workspace)
    list(client, { workspace = workspace, file = vim.uri_from_bufnr(0) }, function(report)
      local words = { what = 'note', none = 'no note stands on this line\nhint: :Holdover notes lists them' }
      require('holdover.line').one(report.notes, words, function(note)
        fn(note, client, workspace)
      end)
    end)
  end)
end

---Opens the window to write a note on lines of this buffer, on its file, or on the workspace.
---@param what? 'shared'|'file'|'workspace'
---@param range? {[1]: integer, [2]: integer} first and last line, from 1
function M.write(what, range)
  client_of.here(function(_, workspace)
    local fields, title = { shared = what == 'shared' }, 'the workspace' ---@type table, string
    if what ~= 'workspace' and vim.bo.buftype == '' and vim.api.nvim_buf_get_name(0) ~= '' then
      fields.file = vim.uri_from_bufnr(0)
      local name = vim.api.nvim_buf_get_name(0)
      title = vim.fs.relpath(workspace, name) or vim.fs.basename(name)
      if what ~= 'file' then
        local cursor = vim.api.nvim_win_get_cursor(0)[1]
        local first, last = (range or {})[1] or cursor, (range or {})[2] or cursor
        fields.line, fields.lines = first - 1, last - first + 1
        title = ('%s:%d%s'):format(title, first, last > first and '-' .. last or '')
      end
    end
    require('holdover.note').open(workspace, fields, { title = title })
  end)
end

---Opens the window to write a note anew.
function M.edit()
  M.under_cursor(function(note, _, workspace)
    local pred = {} ---@type string[]
    local texts = {} ---@type string[]
    for _, version in ipairs(note.versions) do
      vim.list_extend(pred, version.ops)
      texts[#texts + 1] = version.body
    end
    require('holdover.note').open(workspace, { note = note.id, pred = pred }, {
      -- Texts that stand beside each other are all there, to be made one.
      body = table.concat(texts, '\n\n---\n\n'),
      title = note.place.text,
    })
  end)
end

---Takes the note of this line away.
function M.remove()
  M.under_cursor(function(note, client, workspace)
    local pred = {} ---@type string[]
    -- What its remover saw, and nothing that came meanwhile.
    for _, version in ipairs(note.versions) do
      vim.list_extend(pred, version.ops)
    end
    local fields = { note = note.id, pred = pred, workspace = workspace }
    client_of.execute(client, 'holdover.note.remove', fields, function(err)
      if err then
        client_of.fail(err.message)
      else
        require('holdover.progress').say('the note is removed')
      end
    end)
  end)
end

---How much a note needs a new place: one whose lines are gone before one that stands where it was put.
---@type table<string, integer>
local lost = { gone = 1, file = 2, changed = 3, moved = 4 }

---Puts a note to lines of this buffer: asks which one, those whose own lines are gone first.
---@param range? {[1]: integer, [2]: integer} first and last line, from 1
function M.move(range)
  if vim.bo.buftype ~= '' or vim.api.nvim_buf_get_name(0) == '' then
    client_of.fail('this is no file that a note could stand on\nhint: run this from the lines that you mean')
    return
  end
  local file, cursor = vim.uri_from_bufnr(0), vim.api.nvim_win_get_cursor(0)[1]
  local first, last = (range or {})[1] or cursor, (range or {})[2] or cursor
  client_of.here(function(client, workspace)
    list(client, { workspace = workspace }, function(report)
      local notes = report.notes
      if #notes == 0 then
        require('holdover.progress').say('there are no notes')
        return
      end
      ---@param note holdover.Note
      ---@return integer
      local function rank(note)
        return note.place.remark ~= '' and lost[note.place.grade] or 5
      end
      local order = {} ---@type table<string, integer>
      for i, note in ipairs(notes) do
        order[note.id] = i
      end
      table.sort(notes, function(a, b)
        return rank(a) == rank(b) and order[a.id] < order[b.id] or rank(a) < rank(b)
      end)
      vim.ui.select(notes, {
        prompt = ('Which note is to stand on line %d?'):format(first),
        kind = 'holdover.note',
        format_item = function(note)
          local remark = note.place.remark ~= '' and ', ' .. note.place.remark or ''
          return ('%s (%s%s)'):format(note.title, note.place.text, remark)
        end,
      }, function(note)
        if not note then
          return
        end
        local fields =
          { workspace = workspace, note = note.id, file = file, line = first - 1, lines = last - first + 1 }
        client_of.execute(client, 'holdover.note.move', fields, function(err, moved)
          if err then
            client_of.fail(err.message)
          else
            require('holdover.progress').say('the note stands on ' .. moved.place.text)
          end
        end)
      end)
    end)
  end)
end

---Shows all of a note.
---@param id string
---@param workspace string
---@param mods? vim.api.keyset.cmd_mods
function M.show(id, workspace, mods)
  local content = require('holdover.content')
  content.open(content.name(('note/%s.md'):format(id), workspace), mods)
end

---`Add a note here` of a code action.
---@param command lsp.Command
function M.from_code_action(command)
  local fields = (command.arguments or {})[1] --[[@as {workspace: string, file: string, line: integer, lines: integer}]]
  local path = vim.uri_to_fname(fields.file)
  local title = ('%s:%d'):format(vim.fs.relpath(fields.workspace, path) or path, fields.line + 1)
  local given = { file = fields.file, line = fields.line, lines = fields.lines }
  require('holdover.note').open(fields.workspace, given, { title = title })
end

---The line above a note was chosen.
---@param command lsp.Command
function M.from_lens(command)
  local fields = (command.arguments or {})[1] --[[@as {workspace: string, note: string}]]
  M.show(fields.note, fields.workspace)
end

return M
