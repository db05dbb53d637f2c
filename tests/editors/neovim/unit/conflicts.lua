-- Merge conflicts in a buffer: the sides in colour, the way between them, and a resolution that is applied to the text
-- it was made for or not at all.

local t = require('harness')
local s = require('support')

local CONFLICTED = { 'fn a() {}', '<<<<<<< main', 'left', '=======', 'right', '>>>>>>> feature', 'fn b() {}' }

---@return holdover.ConflictsReport
local function report()
  local region = {
    range = { start = s.range(1).start, ['end'] = s.range(6).start },
    style = 'merge',
    sides = {
      { label = 'main', range = { start = s.range(2).start, ['end'] = s.range(3).start } },
      { label = 'feature', range = { start = s.range(4).start, ['end'] = s.range(5).start } },
    },
    base = vim.NIL,
  }
  local broken = { range = s.range(6), message = 'a closing marker without an opening one' }
  return { files = { { path = s.root .. '/src/lib.rs', regions = { region }, malformed = { broken } } } }
end

---A workspace with a conflict in the current buffer, and a server that knows it.
---@return FakeServer
---@return vim.lsp.Client
local function conflicted()
  local server, client = s.open()
  vim.api.nvim_buf_set_lines(0, 0, -1, true, CONFLICTED)
  server.answers['holdover.conflicts'] = report
  server.answers['textDocument/codeAction'] = function()
    return {
      { title = 'Accept current change: main', kind = 'quickfix', data = { action = 'conflict.accept-current' } },
    }
  end
  server.answers['codeAction/resolve'] = function(action)
    local whole = { start = { line = 1, character = 0 }, ['end'] = { line = 6, character = 0 } }
    action.edit = {
      documentChanges = {
        {
          textDocument = {
            uri = vim.uri_from_bufnr(0),
            version = vim.lsp.util.buf_versions[vim.api.nvim_get_current_buf()],
          },
          edits = { { range = whole, newText = 'left\n' } },
        },
      },
    }
    return action
  end
  return server, client
end

---@param server FakeServer
---@param lines integer[]
local function publish(server, lines)
  server.notify('textDocument/publishDiagnostics', {
    uri = vim.uri_from_bufnr(0),
    diagnostics = vim.tbl_map(function(line)
      return {
        range = { start = { line = line, character = 0 }, ['end'] = { line = line, character = 7 } },
        message = 'merge conflict between main and feature',
        code = 'merge-conflict',
        source = 'holdover',
        severity = 1,
      }
    end, lines),
  })
  t.wait(function()
    return #vim.diagnostic.get(0) == #lines
  end, 'the diagnostics')
end

---@return {row: integer, group: string}[]
local function painted()
  local namespace = vim.api.nvim_get_namespaces()['holdover.regions']
  return vim.tbl_map(function(mark)
    return { row = mark[2], group = mark[4].hl_group }
  end, namespace and vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true }) or {})
end

---@return table
local function conflict()
  local parts = {
    { part = 'current', marker = 1, start = 2, ['end'] = 3 },
    { part = 'incoming', marker = 3, start = 4, ['end'] = 5 },
  }
  return { open = 1, close = 5, style = 'merge', length = 7, message = 'merge conflict', parts = parts }
end

---Has the server tell where conflicts are, and waits until it was taken.
---@param server FakeServer
---@param conflicts table[]
---@param behind? integer versions that it is behind
local function shows(server, conflicts, behind)
  local uri, buf = vim.uri_from_bufnr(0), vim.api.nvim_get_current_buf()
  local version = t.wait(function()
    return vim.lsp.util.buf_versions[buf]
  end, 'the version')
  server.notify('holdover/didChangeConflicts', { uri = uri, version = version + (behind or 0), conflicts = conflicts })
  local taken = false
  vim.schedule(function()
    vim.schedule(function()
      taken = true
    end)
  end)
  t.wait(function()
    return taken
  end, 'the notification')
end

---@return string[]
local function lines()
  return vim.api.nvim_buf_get_lines(0, 0, -1, true)
end

t.main(function()
  t.test('the parts of a conflict are shown in their colours, and no more once it is gone', function()
    local server = conflicted()
    shows(server, { conflict() })
    t.equal(painted(), {
      { row = 1, group = 'HoldoverConflictMarker' },
      { row = 2, group = 'HoldoverConflictCurrent' },
      { row = 3, group = 'HoldoverConflictMarker' },
      { row = 4, group = 'HoldoverConflictIncoming' },
      { row = 5, group = 'HoldoverConflictMarker' },
    }, 'rows and groups')
    shows(server, {})
    t.equal(painted(), {}, 'no part')
  end)

  t.test('where a text has changed since, its places are not drawn; a later answer has them', function()
    local server = conflicted()
    shows(server, { conflict() })
    local before = painted()
    shows(server, {}, -1)
    t.equal(painted(), before, 'an answer that was overtaken changes nothing')
  end)

  t.test('vim.g.holdover.highlight_conflicts = false leaves the text as it is', function()
    local server = conflicted()
    vim.g.holdover = { highlight_conflicts = false }
    shows(server, { conflict() })
    t.equal(painted(), {}, 'marks')
  end)

  for _, quiet in ipairs({ true, false }) do
    local does = quiet and 'is not drawn' or 'is drawn where quiet_conflicts is false'
    t.test('what other tools say inside a conflict ' .. does, function()
      local server = conflicted()
      vim.g.holdover = { quiet_conflicts = quiet }
      shows(server, { conflict() })
      local theirs = vim.api.nvim_create_namespace('another server')
      local function underlined()
        local drawn = {} ---@type integer[]
        for name, namespace in pairs(vim.api.nvim_get_namespaces()) do
          if name:find('another server', 1, true) and name:find('underline', 1, true) then
            for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, {})) do
              drawn[#drawn + 1] = mark[2]
            end
          end
        end
        table.sort(drawn)
        return drawn
      end
      vim.diagnostic.set(theirs, 0, {
        { lnum = 2, col = 0, end_col = 2, message = 'expected expression', severity = 1 },
        { lnum = 6, col = 0, end_col = 2, message = 'elsewhere', severity = 1 },
      })
      t.equal(underlined(), quiet and { 6 } or { 2, 6 }, 'rows')
      t.equal(#vim.diagnostic.get(0, { namespace = theirs }), 2, 'lists have both')
      shows(server, {})
      t.wait(function()
        return vim.deep_equal(underlined(), { 2, 6 })
      end, 'both, once the conflict is gone')
      vim.diagnostic.reset(theirs, 0)
    end)
  end

  t.test('next and previous go from conflict to conflict, around the end where wrapscan says so', function()
    local server = conflicted()
    publish(server, { 1, 5 })
    local function row()
      return vim.api.nvim_win_get_cursor(0)[1]
    end
    vim.cmd('Holdover next')
    t.equal(row(), 2, 'the first')
    s.press('<Plug>(holdover-next)')
    t.equal(row(), 6, 'the second')
    vim.cmd('Holdover next')
    t.equal(row(), 2, 'around the end')
    vim.o.wrapscan = false
    vim.cmd('Holdover previous')
    t.equal(row(), 2, 'no further up')
    s.hears('no conflict above')
    vim.o.wrapscan = true
    vim.cmd('Holdover previous')
    t.equal(row(), 6, 'around the beginning')
    publish(server, {})
    vim.cmd('Holdover next')
    s.hears('no conflict in this buffer')
    t.equal(t.notified, {}, 'none of that is a failure')
  end)

  t.test(':Holdover accept leaves the side that was chosen', function()
    conflicted()
    vim.api.nvim_win_set_cursor(0, { 3, 0 })
    vim.cmd('Holdover accept current')
    t.wait(function()
      return #lines() == 3
    end, 'the resolution')
    t.equal(lines(), { 'fn a() {}', 'left', 'fn b() {}' }, 'text')
  end)

  t.test(':Holdover accept without a word asks by the names of the sides', function()
    conflicted()
    local asked = s.choose(1)
    vim.cmd('Holdover accept')
    t.wait(function()
      return #lines() == 3
    end, 'the resolution')
    t.equal(asked[1].items, { 'Accept current change: main' }, 'choices')
  end)

  t.test('an edit for a text that has changed meanwhile is not applied: it is asked for again', function()
    local server = conflicted()
    local resolve = server.answers['codeAction/resolve']
    server.answers['codeAction/resolve'] = function(action)
      local stale = resolve(action)
      if server.asked('codeAction/resolve') == 1 then
        -- Typed while the answer is on its way; the edit's lines are one too low now.
        vim.api.nvim_buf_set_lines(0, 0, 0, true, { '// new first line' })
      else
        local range = stale.edit.documentChanges[1].edits[1].range
        range.start.line, range['end'].line = 2, 7
      end
      return stale
    end
    vim.cmd('Holdover accept current')
    t.wait(function()
      return #lines() == 4
    end, 'the resolution')
    t.equal(lines(), { '// new first line', 'fn a() {}', 'left', 'fn b() {}' }, 'text')
    t.equal(server.asked('codeAction/resolve'), 2, 'edits that were asked for')
    t.equal(t.notified, {}, 'notifications')
  end)

  t.test('a text that keeps changing is left alone, and that is said', function()
    local server = conflicted()
    local resolve = server.answers['codeAction/resolve']
    server.answers['codeAction/resolve'] = function(action)
      vim.api.nvim_buf_set_lines(0, 0, 0, true, { '//' })
      return resolve(action)
    end
    vim.cmd('Holdover accept current')
    t.contains(s.notification(), 'the text kept changing, so the conflict was left as it is', 'what is said')
    t.equal(#lines(), #CONFLICTED + 3, 'the text has the typed lines and the conflict')
  end)

  t.test('an edit that Neovim skips as stale is told, though Neovim calls it applied', function()
    local server = conflicted()
    local resolve = server.answers['codeAction/resolve']
    server.answers['codeAction/resolve'] = function(action)
      local stale = resolve(action)
      stale.edit.documentChanges[1].textDocument.version = 1
      return stale
    end
    vim.cmd('Holdover accept current')
    t.contains(s.notification(), 'the conflict was not resolved: Neovim did not take the edit', 'what is said')
    t.equal(lines(), CONFLICTED, 'text')
  end)

  t.test('where there is no conflict, or no such side, that is said', function()
    local server = conflicted()
    vim.cmd('Holdover accept base')
    t.contains(s.notification(1), 'this conflict has no base to accept', 'no such side')
    server.answers['textDocument/codeAction'] = function()
      return {}
    end
    vim.cmd('Holdover accept current')
    t.contains(s.notification(2), 'there is no conflict under the cursor', 'no conflict')
  end)

  for _, kind in ipairs({ 'quickfix', 'location' }) do
    t.test(('the %s list names both sides by their labels'):format(kind), function()
      conflicted()
      vim.cmd('Holdover conflicts ' .. kind)
      local entries = t.wait(function()
        local list = kind == 'quickfix' and vim.fn.getqflist() or vim.fn.getloclist(0)
        return #list > 0 and list
      end, 'the list')
      t.equal(entries[1].text, 'conflict between main and feature', 'text')
      t.equal(entries[2].text, 'a closing marker without an opening one', 'a marker without counterpart')
      t.contains(vim.api.nvim_buf_get_name(entries[1].bufnr), s.root .. '/src/lib.rs', 'path')
      vim.cmd(kind == 'quickfix' and 'cclose' or 'lclose')
    end)
  end
end)
