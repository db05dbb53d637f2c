-- Reviews: a window of a review's files and threads, its threads in the text, the two sides of a file beside each other. Asks the
-- server where a thread is and what a side says; finds no place itself.

local client_of = require('holdover.client')

local M = {}

---@param text string
local function say(text)
  require('holdover.progress').say(text)
end

---@param client vim.lsp.Client
---@param command string the last word of its name
---@param fields table
---@param done fun(result: any)
local function ask(client, command, fields, done)
  client_of.execute(client, 'holdover.review.' .. command, fields, function(err, result)
    if err then
      client_of.fail(err.message)
    else
      done(result)
    end
  end)
end

---The review that is looked at, by workspace.
---@type table<string, string?>
local chosen = {}

---Draws the threads of a buffer beside and behind their lines.
---@param client vim.lsp.Client
---@param buf integer
function M.refresh(client, buf)
  local shows = require('holdover.config').get().notes
    and vim.api.nvim_buf_is_loaded(buf)
    and vim.bo[buf].buftype == ''
    and client_of.knows(client, 'holdover.review.threads')
  if not shows then
    return
  end
  local fields = { file = vim.uri_from_bufnr(buf), workspace = client_of.workspace(client, buf) }
  client_of.execute(client, 'holdover.review.threads', fields, function(_, report)
    if report and vim.api.nvim_buf_is_loaded(buf) then
      local open = vim.tbl_filter(function(thread)
        return not thread.resolved
      end, report.threads or {})
      require('holdover.note_marks').draw(buf, open, 'reviews')
    end
  end)
end

---The reviews of a workspace are others now.
---@param client vim.lsp.Client
function M.refresh_all(client)
  for buf in pairs(client.attached_buffers or {}) do
    M.refresh(client, buf)
  end
  require('holdover.window').refresh_records()
end

---Opens the window of a review.
---@param workspace string
---@param id string
---@param mods? vim.api.keyset.cmd_mods
local function show(workspace, id, mods)
  chosen[workspace] = id
  local content = require('holdover.content')
  content.open(content.name('review', workspace), mods)
  require('holdover.window').refresh_records()
end

---Asks which review, or what to begin one of; the only one is taken.
---@param mods? vim.api.keyset.cmd_mods
function M.open(mods)
  client_of.here(function(client, workspace)
    ask(client, 'list', { workspace = workspace }, function(answer)
      local report = answer --[[@as holdover.ReviewReport]]
      local rows = {} ---@type {words: string, review?: string, range?: string}[]
      for _, review in ipairs(report.reviews) do
        local words = ('%s: %d of %d threads open, %s'):format(
          review.title,
          review.openThreads,
          review.threadCount,
          review.decision.text
        )
        rows[#rows + 1] = { words = words, review = review.id }
      end
      for _, candidate in ipairs(report.candidates) do
        local words = ('begin a review of %s: %d files, %s'):format(candidate.name, candidate.files, candidate.title)
        rows[#rows + 1] = { words = words, range = candidate.range }
      end
      if #report.reviews == 1 and #rows == 1 then
        show(workspace, report.reviews[1].id, mods)
        return
      elseif #rows == 0 then
        say('there is nothing to review here')
        return
      end
      vim.ui.select(rows, {
        prompt = 'Which review?',
        kind = 'holdover.review',
        format_item = function(row)
          return row.words
        end,
      }, function(row)
        if row and row.review then
          show(workspace, row.review, mods)
        elseif row then
          ask(client, 'start', { workspace = workspace, range = row.range }, function(review)
            show(workspace, review.id, mods)
          end)
        end
      end)
    end)
  end)
end

---Hands a thread of the cursor's line to a function; asks which one where there are several.
---@param fn fun(thread: holdover.Thread, client: vim.lsp.Client, workspace: string)
local function under_cursor(fn)
  client_of.here(function(client, workspace)
    ask(client, 'threads', { workspace = workspace, file = vim.uri_from_bufnr(0) }, function(report)
      local none = 'no thread of a review stands on this line\nhint: :Holdover review quickfix lists them'
      require('holdover.line').one(report.threads, { what = 'thread', none = none }, function(thread)
        fn(thread, client, workspace)
      end)
    end)
  end)
end

---Opens the window in which a thread is answered.
---@param workspace string
---@param id string
---@param title string
function M.reply(workspace, id, title)
  require('holdover.note').open(workspace, { review = { thread = id } }, {
    title = title,
    saves = { command = 'holdover.review.reply', fields = { id = id }, said = 'answered' },
  })
end

---Opens the window in which a thread is begun, on lines of this buffer.
---@param range? {[1]: integer, [2]: integer} first and last line, from 1
function M.comment(range)
  client_of.here(function(_, workspace)
    local fields = { review = chosen[workspace] }
    local title = 'the whole review'
    if vim.bo.buftype == '' and vim.api.nvim_buf_get_name(0) ~= '' then
      local cursor = vim.api.nvim_win_get_cursor(0)[1]
      local first, last = (range or {})[1] or cursor, (range or {})[2] or cursor
      fields.file, fields.line, fields.lines = vim.uri_from_bufnr(0), first - 1, last - first + 1
      local name = vim.api.nvim_buf_get_name(0)
      title = ('%s:%d'):format(vim.fs.relpath(workspace, name) or vim.fs.basename(name), first)
    end
    require('holdover.note').open(workspace, { review = fields }, {
      title = title,
      saves = { command = 'holdover.review.comment', fields = fields, said = 'a thread is begun' },
    })
  end)
end

---@param client vim.lsp.Client
---@param workspace string
---@param thread holdover.Thread
local function turn(client, workspace, thread)
  local act = thread.resolved and 'reopen' or 'resolve'
  ask(client, act, { workspace = workspace, id = thread.id }, function()
    say(thread.resolved and 'the thread is open again' or 'the thread is resolved')
  end)
end

---Asks for a verdict on the revision that was looked at.
---@param client vim.lsp.Client
---@param workspace string
---@param review holdover.Review
local function decide(client, workspace, review)
  local verdicts = { 'approve', 'request-changes', 'comment' }
  vim.ui.select(
    verdicts,
    { prompt = 'Your verdict on ' .. review.head:sub(1, 10), kind = 'holdover.verdict' },
    function(verdict)
      if verdict then
        local fields = { workspace = workspace, review = review.id, verdict = verdict, head = review.head }
        ask(client, 'verdict', fields, function(now)
          say(now.decision.text)
        end)
      end
    end
  )
end

---The two sides of a file beside each other, in a tab of their own.
---@param client vim.lsp.Client
---@param workspace string
---@param review holdover.Review
---@param file holdover.ReviewFile
function M.diff(client, workspace, review, file)
  local sides = { old = file.oldPath or file.path, new = file.path }
  local texts = {} ---@type table<string, string>
  local function drawn()
    if not (texts.old and texts.new) then
      return
    end
    vim.cmd.tabnew()
    local filetype = vim.filetype.match({ filename = file.path }) or ''
    for i, side in ipairs({ 'old', 'new' }) do
      if i == 2 then
        vim.cmd('rightbelow vsplit')
      end
      local buf = vim.api.nvim_create_buf(false, true)
      vim.api.nvim_win_set_buf(0, buf)
      vim.api.nvim_buf_set_lines(buf, 0, -1, true, vim.split((texts[side]:gsub('\n$', '')), '\n', { plain = true }))
      vim.bo[buf].bufhidden, vim.bo[buf].modifiable = 'wipe', false
      -- Highlighted by its syntax alone: no plugin of a filetype runs on a text of somebody else.
      vim.bo[buf].syntax = filetype
      vim.b[buf].holdover_workspace = workspace
      vim.b[buf].holdover_review = { review = review.id, path = sides[side], side = side }
      vim.wo[0][0].winbar = ('%%#Title# %s %%#Comment#%s'):format(
        side == 'old' and 'before' or 'after',
        (sides[side]:gsub('%%', '%%%%'))
      )
      vim.keymap.set('n', 'q', '<Cmd>tabclose<CR>', { buffer = buf, nowait = true, desc = 'Holdover: close' })
      vim.keymap.set('n', 'c', function()
        M.comment_side(buf)
      end, { buffer = buf, nowait = true, desc = 'Holdover: begin a thread here' })
      local threads = vim.tbl_filter(function(thread)
        return thread.anchor.side == side and thread.place.path == sides[side] and not thread.resolved
      end, review.threads or {})
      require('holdover.note_marks').draw(buf, threads, 'reviews')
      vim.cmd.diffthis()
    end
  end
  for side, path in pairs(sides) do
    ask(client, 'text', { workspace = workspace, review = review.id, side = side, path = path }, function(result)
      texts[side] = result.text
      drawn()
    end)
  end
end

---Begins a thread on the cursor's line of a side.
---@param buf integer
function M.comment_side(buf)
  local about = vim.b[buf].holdover_review
  local line = vim.api.nvim_win_get_cursor(0)[1] - 1
  local fields = vim.tbl_extend('force', {}, about, { line = line, lines = 1 })
  require('holdover.note').open(vim.b[buf].holdover_workspace, { review = fields }, {
    title = ('%s:%d'):format(about.path, line + 1),
    saves = { command = 'holdover.review.comment', fields = fields, said = 'a thread is begun' },
  })
end

---The open threads of the review that is looked at, in the quickfix list.
function M.quickfix()
  client_of.here(function(client, workspace)
    ask(client, 'show', { workspace = workspace, review = chosen[workspace] }, function(review)
      require('holdover.lists').threads(review, workspace)
    end)
  end)
end

---`Answer` of a code action.
---@param command lsp.Command
function M.from_code_action(command)
  local fields = (command.arguments or {})[1] --[[@as {workspace: string, thread: string}]]
  M.reply(fields.workspace, fields.thread, 'answer')
end

---@param word? string
---@param mods? vim.api.keyset.cmd_mods
---@param range? {[1]: integer, [2]: integer}
function M.run(word, mods, range)
  if word == 'comment' then
    M.comment(range)
  elseif word == 'quickfix' then
    M.quickfix()
  elseif word == 'reply' then
    under_cursor(function(thread, _, workspace)
      M.reply(workspace, thread.id, thread.place.text)
    end)
  elseif word == 'resolve' then
    under_cursor(function(thread, client, workspace)
      turn(client, workspace, thread)
    end)
  else
    M.open(mods)
  end
end

---@param run fun(item: holdover.ReviewItem, client: vim.lsp.Client, workspace: string)
---@return fun(item: holdover.ReviewItem?)
local function with(run)
  return function(item)
    if item then
      client_of.here(function(client, workspace)
        run(item, client, workspace)
      end)
    end
  end
end

---@type holdover.Spec
M.spec = {
  title = 'Review',
  records = true,
  load = function(buf, done)
    local workspace = vim.b[buf].holdover_workspace --[[@as string]]
    local fields = { review = chosen[workspace] }
    require('holdover.drawn').load(buf, 'holdover.review.show', fields, done, function(review)
      return require('holdover.review_view').lines(review)
    end)
  end,
  keys = {
    {
      lhs = '<CR>',
      does = 'go to the file or the thread',
      run = with(function(item, client, workspace)
        local place = item.thread and item.thread.place
        local path = place and place.path or item.file and item.file.path
        local file = path and vim.fs.joinpath(workspace, path)
        if file and vim.uv.fs_stat(file) then
          local start = place and place.range and place.range.start
          require('holdover.window').jump(file, start and start.line or 0, 0)
        elseif item.file then
          M.diff(client, workspace, item.review, item.file)
        end
      end),
    },
    {
      lhs = 'd',
      does = 'show both sides of the file',
      run = with(function(item, client, workspace)
        if item.file then
          M.diff(client, workspace, item.review, item.file)
        end
      end),
    },
    {
      lhs = 'a',
      does = 'answer the thread',
      run = with(function(item, _, workspace)
        if item.thread then
          M.reply(workspace, item.thread.id, item.thread.place.text)
        end
      end),
    },
    {
      lhs = 'x',
      does = 'resolve the thread, or open it again',
      run = with(function(item, client, workspace)
        if item.thread then
          turn(client, workspace, item.thread)
        end
      end),
    },
    {
      lhs = 'c',
      does = 'begin a thread on the whole review',
      run = with(function(item, _, workspace)
        local fields = { review = item.review.id }
        require('holdover.note').open(workspace, { review = fields }, {
          title = 'the whole review',
          saves = { command = 'holdover.review.comment', fields = fields, said = 'a thread is begun' },
        })
      end),
    },
    {
      lhs = 'v',
      does = 'give a verdict on this revision',
      run = with(function(item, client, workspace)
        decide(client, workspace, item.review)
      end),
    },
  },
}

return M
