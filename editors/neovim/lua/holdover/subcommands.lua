-- The subcommands of `:Holdover`, one entry each; each hands over to the module that does it.

local client_of = require('holdover.client')

---@param text string
local function say(text)
  require('holdover.progress').say(text)
end

---Hands the server of this buffer to a function; says what to do where there is none.
---@param fn fun(client: vim.lsp.Client)
local function with_client(fn)
  local client = client_of.of_or_fail()
  if client then
    fn(client)
  end
end

---Runs a command of the server and hands its result on; a failure is shown.
---@param client vim.lsp.Client
---@param command string
---@param fields? table
---@param fn fun(result: any)
local function ask(client, command, fields, fn)
  client_of.execute(client, command, fields, function(err, result)
    if err then
      client_of.fail(err.message)
    else
      fn(result)
    end
  end)
end

---@param path string
---@param mods? vim.api.keyset.cmd_mods
local function open(path, mods)
  client_of.here(function(_, workspace)
    local content = require('holdover.content')
    content.open(content.name(path, workspace), mods)
  end)
end

---@param client vim.lsp.Client
---@param workspace string
---@param kind? string
local function preflight(client, workspace, kind)
  ask(client, 'holdover.preflight', { workspace = workspace }, function(report)
    if require('holdover.lists').preflight(report, kind == 'location' and 'location' or 'quickfix') == 0 then
      local r = report.readiness
      local number = require('holdover.text').number
      say(('%s of %s are here'):format(number(r.present), number(r.total)))
    end
  end)
end

---@param client vim.lsp.Client
---@param workspace string
local function status(client, workspace)
  ask(client, 'holdover.status', { workspace = workspace }, function(result)
    require('holdover.float').open(require('holdover.view').status(result), {
      title = 'Holdover',
      footer = 'f fetch · p preflight · t tree · q close',
      keys = {
        f = function()
          require('holdover.fetch').run(client, { workspace = workspace })
        end,
        p = function()
          preflight(client, workspace)
        end,
        t = function()
          local content = require('holdover.content')
          content.open(content.name('readiness', workspace))
        end,
      },
    })
  end)
end

---@param client vim.lsp.Client
---@param workspace string
local function checks(client, workspace)
  ask(client, 'holdover.status', { workspace = workspace }, function(result)
    require('holdover.float').open(require('holdover.view').checks(result), {
      title = 'Checks',
      footer = 'r run · q close',
      keys = {
        r = function()
          ask(client, 'holdover.check', { workspace = workspace }, function(report)
            say(('%s found'):format(require('holdover.text').count(#report.findings, 'finding')))
          end)
        end,
      },
    })
  end)
end

---@param client vim.lsp.Client
---@param kind? string
local function conflicts(client, kind)
  local lists = require('holdover.lists')
  local where = kind == 'location' and 'location' or 'quickfix' ---@type holdover.ListKind
  local function tell(n)
    if n == 0 then
      say('no conflicts')
    end
  end
  if client_of.knows(client, 'holdover.conflicts') then
    ask(client, 'holdover.conflicts', { all = true }, function(report)
      tell(lists.conflicts(report, client_of.workspace(client), where))
    end)
  else
    tell(lists.conflicts_of_buffers(client, where))
  end
end

---@param client vim.lsp.Client
local function say_connection(client)
  ask(client, 'holdover.status', nil, function(result)
    local c = result.connectivity
    local age = require('holdover.text').age(c.since)
    local state = c.text and c.text ~= '' and c.text or c.state:gsub('-', ' ')
    say(('%s: %s%s'):format(state, c.detail, age and ', since ' .. age or ''))
  end)
end

---@param word? string
local function page(word)
  local code = word
  if not code then
    local line = vim.api.nvim_win_get_cursor(0)[1] - 1
    local found = vim.tbl_filter(function(d)
      return d.source == 'holdover'
    end, vim.diagnostic.get(0, { lnum = line }))[1]
    code = found and tostring(found.code)
  end
  if not code then
    client_of.fail('no diagnostic of Holdover stands on this line\nhint: :Holdover page CODE shows any')
    return
  end
  local content = require('holdover.content')
  content.open(content.name(('diagnostics/%s.md'):format(code)))
end

---@type table<string, holdover.Subcommand>
return {
  accept = {
    about = 'resolve the conflict under the cursor; without a word it asks how',
    words = require('holdover.accept').choices,
    run = function(word)
      if word then
        require('holdover.accept').run(word)
      else
        require('holdover.accept').choose()
      end
    end,
  },
  build = {
    about = 'run what builds and tests the workspace, with its log beside; again: also what has not changed; choose: one step; log: only show it',
    words = { 'again', 'choose', 'log' },
    needs = 'holdover.build',
    run = function(word, mods)
      client_of.here(function(client, workspace)
        local build = require('holdover.build')
        if word == 'log' then
          build.log(workspace, mods)
        elseif word == 'choose' then
          build.choose(client, workspace, mods)
        else
          build.run(client, { workspace = workspace, again = word == 'again' }, mods)
        end
      end)
    end,
  },
  cancel = {
    about = 'stop what is being fetched, proven or built',
    run = function()
      with_client(function(client)
        if require('holdover.progress').cancel(client) == 0 then
          say('nothing is running')
        end
      end)
    end,
  },
  checks = {
    about = "the project's own linters and the built-in lints: how each stands, and what to do where one cannot be run",
    needs = 'holdover.check',
    run = function()
      client_of.here(checks)
    end,
  },
  conflicts = {
    about = 'merge conflicts of open files, of those that git holds as unmerged, and of notes that two wrote at once, in the quickfix list, the location list or a window',
    words = { 'location', 'quickfix', 'window' },
    run = function(word, mods)
      if word == 'window' then
        open('conflicts', mods)
      else
        with_client(function(client)
          conflicts(client, word)
        end)
      end
    end,
  },
  drafts = {
    about = 'notes that were not saved: take one up again',
    needs = 'holdover.note.draft',
    run = function()
      require('holdover.notes').drafts()
    end,
  },
  explain = {
    about = 'what these lines are, beside the text; a change, a command, a log; ask about it, cancel the answer',
    words = { 'ask', 'cancel', 'change', 'command', 'facts', 'log' },
    needs = 'holdover.explain',
    run = function(word, mods, range)
      local explain = require('holdover.explain')
      local run = explain.words[word] or explain.here
      run(range, mods)
    end,
  },
  fetch = {
    about = 'get what is missing; dry-run only says what would be run',
    words = { 'dry-run' },
    needs = 'holdover.fetch',
    run = function(word)
      client_of.here(function(client, workspace)
        local fetch = require('holdover.fetch')
        if word then
          fetch.dry_run(client, workspace)
        else
          fetch.run(client, { workspace = workspace })
        end
      end)
    end,
  },
  health = {
    about = 'what is set up, what is not, and the next step',
    run = function()
      vim.cmd.checkhealth('holdover')
    end,
  },
  journal = {
    about = 'what was done and decided, in a window',
    needs = 'holdover.journal',
    run = function(_, mods)
      open('journal', mods)
    end,
  },
  log = {
    about = "the server's log, in a split",
    run = function(_, mods)
      require('holdover.log').open(mods)
    end,
  },
  next = {
    about = 'go to the next conflict of this file',
    run = function()
      require('holdover.regions').jump(true)
    end,
  },
  note = {
    about = 'write a note on this line or these lines; shared, or on the file or the workspace; edit, show, remove the one here; move one here',
    words = { 'edit', 'file', 'move', 'remove', 'shared', 'show', 'workspace' },
    needs = 'holdover.note.add',
    run = function(word, mods, range)
      local notes = require('holdover.notes')
      if word == 'edit' or word == 'remove' then
        notes[word]()
      elseif word == 'move' then
        notes.move(range)
      elseif word == 'show' then
        notes.under_cursor(function(note, _, workspace)
          notes.show(note.id, workspace, mods)
        end)
      else
        notes.write(word --[[@as 'shared'|'file'|'workspace'?]], range)
      end
    end,
  },
  notes = {
    about = 'all notes of the workspace, in the quickfix list',
    needs = 'holdover.note.list',
    run = function()
      require('holdover.notes').quickfix()
    end,
  },
  offline = {
    about = 'on: no connection by Holdover or a tool it starts; auto: as the network is; without a word: what holds',
    words = { 'auto', 'off', 'on' },
    needs = 'holdover.offline',
    run = function(word)
      with_client(function(client)
        if not word then
          say_connection(client)
          return
        end
        ask(client, 'holdover.offline', { mode = word }, function()
          say('offline is ' .. word)
        end)
      end)
    end,
  },
  page = {
    about = 'the page of a diagnostic code; without a word, of the diagnostic on this line',
    words = require('holdover.content').codes,
    run = page,
  },
  preflight = {
    about = 'what is not on this machine, in the quickfix or the location list',
    words = { 'location', 'quickfix' },
    needs = 'holdover.preflight',
    run = function(word)
      client_of.here(function(client, workspace)
        preflight(client, workspace, word)
      end)
    end,
  },
  prove = {
    about = 'build and test with the network kept away; who reaches for it is named',
    needs = 'holdover.prove',
    run = function()
      client_of.here(function(client, workspace)
        require('holdover.prove').run(client, { workspace = workspace })
      end)
    end,
  },
  preview = {
    about = 'what each choice leaves of the conflict under the cursor, beside one of its sides; taken from there',
    words = require('holdover.resolve').previewed,
    run = function(word)
      require('holdover.preview').run(word)
    end,
  },
  previous = {
    about = 'go to the conflict before',
    run = function()
      require('holdover.regions').jump(false)
    end,
  },
  readiness = {
    about = 'every artifact under its lockfile, in a window',
    needs = 'holdover.preflight',
    run = function(_, mods)
      open('readiness', mods)
    end,
  },
  report = {
    about = 'the whole status as a page',
    run = function(_, mods)
      open('status.md', mods)
    end,
  },
  resolve = {
    about = 'resolve every conflict of the workspace in one way; auto takes the trusted merges; without a word it asks',
    words = require('holdover.resolve').words,
    needs = 'holdover.resolveConflict',
    run = function(word)
      with_client(function(client)
        require('holdover.resolve').run(client, word)
      end)
    end,
  },
  restart = {
    about = 'stop the server and start it again for the same buffers',
    run = function()
      require('holdover.life').restart()
    end,
  },
  review = {
    about = 'reviews of branches: files, threads and verdicts; a thread on this line, an answer to the one here, or all in the quickfix list',
    words = { 'comment', 'quickfix', 'reply', 'resolve' },
    needs = 'holdover.review.list',
    run = function(word, mods, range)
      require('holdover.review').run(word, mods, range)
    end,
  },
  status = {
    about = 'every figure of this workspace, in a float',
    needs = 'holdover.status',
    run = function()
      client_of.here(status)
    end,
  },
  sync = {
    about = "exchange what is shared with the project's remotes, and say what came of it",
    needs = 'holdover.sync',
    run = function()
      client_of.here(function(client, workspace)
        ask(client, 'holdover.sync', { workspace = workspace }, function(report)
          say(table.concat(report.text, '\n'))
        end)
      end)
    end,
  },
  trail = {
    about = 'what happened to this file, or to what the diagnostic of this line is about, with how far each entry has come',
    words = { 'finding' },
    needs = 'holdover.trail',
    run = function(word, mods)
      require('holdover.trail')[word == 'finding' and 'finding' or 'here'](mods)
    end,
  },
  trust = {
    about = 'let what this workspace configures run; revoke takes it back',
    words = { 'revoke' },
    run = function(word)
      client_of.here(function(client, workspace)
        local opts = { program = require('holdover.config').program(client), revoke = word == 'revoke' }
        require('holdover.trust').set(workspace, opts, function(ok)
          if ok then
            local now = opts.revoke and 'is not trusted any more' or 'is trusted'
            say(vim.fn.fnamemodify(workspace, ':~') .. ' ' .. now)
          end
        end)
      end)
    end,
  },
  undo = {
    about = 'undo the resolution of a conflict, of a file or of a note, from the journal; it asks which',
    needs = 'holdover.undoResolution',
    run = function()
      require('holdover.undo').run()
    end,
  },
}
