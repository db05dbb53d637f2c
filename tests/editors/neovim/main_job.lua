-- The main job in a real Neovim with the real server on real input: what is missing, where, why; fetch it; all is here.
-- Then merge conflicts. Needs the environment that run.sh makes; every expectation is computed from files, not from the
-- server.

local t = require('harness')
local w = require('workspace')

local function main_job()
  vim.g.holdover = { cmd = { w.binary, 'lsp' } }
  vim.lsp.enable('holdover')
  local client

  t.test('opening a file of the workspace starts one server and shows the figures', function()
    client = w.open('Cargo.lock')
    t.equal(client.root_dir, vim.uv.fs_realpath(w.folder), 'root')
    t.wait(function()
      return require('holdover').statusline() == w.text_for(w.total - #w.missing)
    end, ('the status line is %q and is %q'):format(
      w.text_for(w.total - #w.missing),
      require('holdover').statusline()
    ))
    t.equal(#vim.lsp.get_clients({ name = 'holdover' }), 1, 'servers')
    t.equal(t.notified, {}, 'nothing is notified in a normal state')
  end)

  t.test('Cargo.lock: the lines of the missing crates, and no others', function()
    local expected = {}
    for _, name in ipairs(w.names('cargo')) do
      vim.list_extend(expected, w.lines_of('Cargo.lock', '^name = "' .. vim.pesc(name) .. '"$'))
    end
    table.sort(expected)
    t.equal(w.lines_with('missing-artifact', #expected), expected, 'lines')
  end)

  t.test('Cargo.toml: the lines of the dependencies that bring them in', function()
    w.open('Cargo.toml')
    local expected = {}
    for _, key in ipairs(vim.split(w.need('HOLDOVER_CARGO_KEYS'), ' ')) do
      vim.list_extend(expected, w.lines_of('Cargo.toml', '^' .. vim.pesc(key) .. ' = '))
    end
    table.sort(expected)
    t.equal(w.lines_with('missing-artifact', #expected), expected, 'lines')
    -- Behind them stands what is locked, and that it or what it needs is not here.
    local hints = {}
    t.wait(function()
      hints = vim.lsp.inlay_hint.get({ bufnr = 0 })
      return #hints > 0
    end, 'the hints')
    local said = {} ---@type table<integer, string>
    for _, hint in ipairs(hints) do
      said[hint.inlay_hint.position.line] = hint.inlay_hint.label --[[@as string]]
    end
    for _, line in ipairs(expected) do
      local label = said[line] or 'nothing'
      t.check(label:find('missing') or label:find('that it needs'), 'line ' .. line .. ' says ' .. label)
    end
    t.check(vim.lsp.inlay_hint.is_enabled({ bufnr = 0 }), 'they are shown')
  end)

  t.test('package-lock.json: the lines of the missing packages', function()
    w.open('package-lock.json')
    local expected = {}
    for _, name in ipairs(w.names('npm')) do
      vim.list_extend(expected, w.lines_of('package-lock.json', '^    "node_modules/' .. vim.pesc(name) .. '": {$'))
    end
    t.equal(w.lines_with('missing-artifact', #expected), expected, 'lines')
  end)

  t.test('package.json: the lines of the dependencies that bring them in', function()
    w.open('package.json')
    local expected = {}
    for _, key in ipairs(vim.split(w.need('HOLDOVER_NPM_KEYS'), ' ')) do
      vim.list_extend(expected, w.lines_of('package.json', '^    "' .. vim.pesc(key) .. '": '))
    end
    table.sort(expected)
    t.equal(w.lines_with('missing-artifact', #expected), expected, 'lines')
  end)

  t.test('a hover says what is missing, where it was looked for and what needs it', function()
    w.open('Cargo.lock')
    local name = w.names('cargo')[1]
    local line = w.lines_of('Cargo.lock', '^name = "' .. vim.pesc(name) .. '"$')[1]
    vim.api.nvim_win_set_cursor(0, { line + 1, 8 })
    local text = w.hover()
    local version = vim.api.nvim_buf_get_lines(0, line + 1, line + 2, true)[1]:match('"(.*)"')
    t.contains(text, name, 'the crate')
    t.contains(text, version, 'its version')
    t.contains(text, 'missing', 'its state')
    t.contains(text, '/registry/cache/', 'where it was looked for')
    t.contains(text:lower(), 'needed by', 'what needs it')
    local needs = w.dependents(name)
    t.check(
      vim.iter(needs):any(function(dependent)
        return text:find(dependent, 1, true) ~= nil
      end),
      'one of those that need it: ' .. table.concat(needs, ', ')
    )
  end)

  t.test(':Holdover status and :Holdover preflight show the same figures', function()
    vim.cmd('Holdover status')
    t.wait(function()
      return vim.bo.filetype == 'holdover'
    end, 'the float')
    local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n')
    t.contains(text, w.text_for(w.total - #w.missing), 'headline')
    t.contains(text, #w.names('cargo') .. ' missing', 'row of Cargo.lock')
    w.keep(text)
    vim.cmd.normal('q')
    vim.fn.setqflist({})
    vim.cmd('Holdover preflight')
    t.wait(function()
      return #vim.fn.getqflist() > 0
    end, 'the quickfix list')
    local found = vim.tbl_map(function(entry)
      return (entry.text:gsub('^(%S+) (%S+) .*', '%1:%2'))
    end, vim.fn.getqflist())
    table.sort(found)
    local expected = vim.deepcopy(w.missing)
    table.sort(expected)
    t.equal(found, expected, 'entries')
    vim.cmd.cclose()
  end)

  t.test('the code action fetches, after the workspace was trusted, with progress, and everything is here', function()
    w.open('Cargo.lock')
    local asked, events = {}, {}
    ---@diagnostic disable-next-line: duplicate-set-field
    vim.ui.select = function(items, opts, on_choice)
      asked[#asked + 1] = opts.prompt
      on_choice(items[1], 1)
    end
    vim.api.nvim_create_autocmd('LspProgress', {
      callback = function(event)
        events[#events + 1] = event.data.params.value.kind
      end,
    })
    local line = w.lines_of('Cargo.lock', '^name = "' .. vim.pesc(w.names('cargo')[1]) .. '"$')[1]
    vim.api.nvim_win_set_cursor(0, { line + 1, 8 })
    vim.lsp.buf.code_action({
      apply = true,
      filter = function(action)
        return type(action.data) == 'table' and action.data.action == 'inventory.fetch-all'
      end,
    })
    t.wait(function()
      return require('holdover').statusline() == w.text_for(w.total)
    end, 'the status line is ' .. w.text_for(w.total), 120)
    t.equal(#asked, 1, 'questions about trust')
    t.contains(asked[1] or '', 'Trust', 'the question')
    t.equal(events[1], 'begin', 'first progress event')
    t.wait(function()
      return events[#events] == 'end'
    end, 'the end of the progress')
    t.check(vim.list_contains(events, 'report'), 'progress between begin and end: ' .. table.concat(events, ' '))
    t.equal(t.notified, {}, 'nothing is notified')
  end)

  t.test('no line of any file is marked any more', function()
    for _, file in ipairs({ 'Cargo.lock', 'Cargo.toml', 'package-lock.json', 'package.json' }) do
      w.open(file)
      t.equal(w.lines_with('missing-artifact', 0), {}, file)
    end
  end)

  ---Takes the code action of this name at the cursor.
  ---@param name string
  local function take(name)
    vim.lsp.buf.code_action({
      apply = true,
      filter = function(action)
        return type(action.data) == 'table' and action.data.action == name
      end,
    })
  end

  t.test('a requirement is pinned to what is locked, and the edit is undone like any other', function()
    w.open('package.json')
    local line = w.lines_of('package.json', '^%s+"[%w@/._-]+": "%^')[1]
    vim.api.nvim_win_set_cursor(0, { line + 1, 6 })
    local function text()
      return vim.api.nvim_buf_get_lines(0, line, line + 1, true)[1]
    end
    local before = text()
    take('inventory.pin')
    t.wait(function()
      return text() ~= before
    end, 'the edit')
    local name = before:match('^%s+"(.-)"')
    local locked = w.lines_of('package-lock.json', '^    "node_modules/' .. vim.pesc(name) .. '": {$')[1]
    local version = vim.fn.readfile(w.folder .. '/package-lock.json')[locked + 2]:match('"version": "(.-)"')
    t.equal((text():gsub(',$', '')), ('%s"%s": "%s"'):format(before:match('^%s+'), name, version), 'the requirement')
    vim.cmd.undo()
    t.equal(text(), before, 'the line')
    vim.cmd('silent edit!')
  end)

  t.test('a damaged file of a cache is repaired, and kept beside', function()
    local name = w.names('cargo')[1]
    local files = vim.fn.glob(('%s/registry/cache/*/%s-*.crate'):format(w.need('CARGO_HOME'), name), true, true)
    local file = assert(io.open(files[1], 'w'))
    file:write('damaged')
    file:close()
    w.open('Cargo.lock')
    local lines = w.lines_with('corrupt-artifact', 1)
    t.equal(lines, { w.lines_of('Cargo.lock', '^name = "' .. vim.pesc(name) .. '"$')[1] }, 'lines that are marked')
    -- The figures come on their own.
    t.wait(function()
      return require('holdover').statusline() == w.text_for(w.total - 1)
    end, 'the status line is ' .. w.text_for(w.total - 1), 20)
    vim.api.nvim_win_set_cursor(0, { lines[1] + 1, 8 })
    take('inventory.repair')
    t.wait(function()
      return require('holdover').statusline() == w.text_for(w.total)
    end, 'the status line is ' .. w.text_for(w.total), 120)
    t.equal(w.lines_with('corrupt-artifact', 0), {}, 'lines that are marked')
    t.equal(io.lines(files[1] .. '.holdover-damaged')(), 'damaged', 'the damaged file')
  end)

  t.test('the terminal says the same', function()
    local out = vim.system({ w.binary, 'preflight', w.folder, '--json' }, { text = true }):wait()
    t.equal(out.code, 0, 'exit code of preflight: ' .. (out.stderr or ''))
    local report = vim.json.decode(out.stdout)
    t.equal({ report.readiness.present, report.readiness.total }, { w.total, w.total }, 'present and total')
  end)

  t.test('the server ends when Neovim stops it, and its figures go', function()
    local id = client.id
    client:stop()
    t.wait(function()
      return vim.lsp.get_client_by_id(id) == nil
    end, 'the end', 5)
    t.equal(require('holdover').statusline(), '', 'status line')
    vim.cmd('silent! %bwipeout!')
  end)
end

local conflicted = {
  'let emoji = "😀"; // before',
  '<<<<<<< main',
  'let a = "left 😀";',
  '=======',
  'let a = "right";',
  'let b = 2;',
  '>>>>>>> feature',
  'after();',
}

local function conflicts()
  local resolved = {
    current = { 'let a = "left 😀";' },
    incoming = { 'let a = "right";', 'let b = 2;' },
    both = { 'let a = "left 😀";', 'let a = "right";', 'let b = 2;' },
  }
  for _, choice in ipairs({ 'current', 'incoming', 'both' }) do
    t.test(':Holdover accept ' .. choice .. ' leaves exactly that, and one undo brings the conflict back', function()
      local file = 'src/conflict_' .. choice .. '.rs'
      t.write(w.folder .. '/' .. file, table.concat(conflicted, '\n') .. '\n')
      w.open(file)
      local _, found = w.lines_with('merge-conflict', 1)
      t.equal(#found, 1, 'merge-conflict diagnostics')
      t.equal(found[1].lnum, 1, 'the line of the first marker')
      vim.api.nvim_win_set_cursor(0, { 4, 0 })
      vim.cmd('Holdover accept ' .. choice)
      local expected = vim.list_extend({ conflicted[1] }, resolved[choice])
      expected[#expected + 1] = conflicted[8]
      t.wait(function()
        return #vim.api.nvim_buf_get_lines(0, 0, -1, true) == #expected
      end, 'the resolution')
      t.equal(vim.api.nvim_buf_get_lines(0, 0, -1, true), expected, 'text')
      t.equal(w.lines_with('merge-conflict', 0), {}, 'no diagnostic is left')
      vim.cmd.undo()
      t.equal(vim.api.nvim_buf_get_lines(0, 0, -1, true), conflicted, 'after undo')
      w.lines_with('merge-conflict', 1)
      vim.cmd('silent! bwipeout!')
    end)
  end

  t.test(':Holdover conflicts lists the conflict with both labels', function()
    w.open('src/conflict_both.rs')
    w.lines_with('merge-conflict', 1)
    vim.fn.setqflist({})
    vim.cmd('Holdover conflicts')
    t.wait(function()
      return #vim.fn.getqflist() > 0
    end, 'the list')
    local ours = vim.tbl_filter(function(entry)
      return vim.api.nvim_buf_get_name(entry.bufnr):find('conflict_both.rs', 1, true)
    end, vim.fn.getqflist())
    t.equal(#ours, 1, 'entries of this file')
    t.equal(ours[1].lnum, 2, 'line')
    t.contains(ours[1].text, 'main', 'current label')
    t.contains(ours[1].text, 'feature', 'incoming label')
    vim.cmd.cclose()
  end)
end

local function lints()
  local build, get = 'cargo build', 'curl -fsSLO https://downloads.acme.org/rules.json'

  ---Takes the code action at a line, whose title has these words.
  ---@param line integer from one on
  ---@param words string
  local function take(line, words)
    vim.api.nvim_win_set_cursor(0, { line, 2 })
    vim.lsp.buf.code_action({
      apply = true,
      filter = function(action)
        return action.title:find(words, 1, true) ~= nil
      end,
    })
  end
  ---@return string[]
  local function text()
    return vim.api.nvim_buf_get_lines(0, 0, -1, true)
  end

  t.test('what is typed into a script is marked with what it reaches for', function()
    t.write(w.folder .. '/board.sh', '#!/bin/sh\n')
    w.open('board.sh')
    vim.api.nvim_buf_set_lines(0, 1, -1, true, { build, get })
    local lines, found = w.lines_with('network-download', 1)
    t.equal(lines, { 2 }, 'the line of the download')
    t.contains(found[1].message, 'downloads.acme.org', 'what it says')
    t.equal(found[1].severity, vim.diagnostic.severity.WARN, 'whether it is here cannot be told')
    t.equal(w.lines_with('cargo-not-offline', 1), { 1 }, 'the line of cargo')
  end)

  t.test('the code action puts the switches in, and the finding goes', function()
    take(2, 'Build with')
    t.wait(function()
      return text()[2] ~= build
    end, 'the edit')
    t.equal(text(), { '#!/bin/sh', build .. ' --locked --offline', get }, 'text')
    t.equal(w.lines_with('cargo-not-offline', 0), {}, 'lines that are marked')
  end)

  t.test('it is allowed with a comment, which wants a reason', function()
    take(3, 'Allow `network-download` here')
    t.wait(function()
      return #text() == 4
    end, 'the comment')
    local comment = '# holdover: allow(network-download) reason=""'
    t.equal(text()[3], comment, 'the comment')
    t.equal(w.lines_with('allowance-without-reason', 1), { 2 }, 'the line of the comment')
    vim.api.nvim_buf_set_lines(0, 2, 3, true, { (comment:gsub('""', '"the mirror is on board"')) })
    t.equal(w.lines_with('allowance-without-reason', 0), {}, 'lines that want a reason')
    t.equal(w.lines_with('network-download', 0), {}, 'lines that are marked')
    vim.cmd('silent! bwipeout!')
  end)
end

t.main(function()
  main_job()
  conflicts()
  lints()
end)
