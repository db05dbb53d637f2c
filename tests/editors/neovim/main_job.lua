-- The main job in a real Neovim with the real server on real input: what is missing, where, why; fetch it; all is here.
-- Then merge conflicts. Needs the environment that run.sh makes; every expectation is computed from files, not from the
-- server.

local t = require('harness')

---@param name string
---@return string
local function need(name)
  return os.getenv(name) or error('not set: ' .. name .. '; run this through run.sh')
end

local binary = need('HOLDOVER_BIN')
local workspace = need('HOLDOVER_FIXTURE')
local total = assert(tonumber(need('HOLDOVER_TOTAL')))
local missing = vim.split(need('HOLDOVER_MISSING'), ' ') -- `ecosystem:name`

---`1204` as `1,204`; written anew here, so that the plugin's own does not judge itself.
local function number(n)
  local s = tostring(n)
  return #s > 3 and s:sub(1, -4) .. ',' .. s:sub(-3) or s
end

---@param present integer
local function text_for(present)
  return ('offline: %s of %s'):format(number(present), number(total))
end

---Zero-based numbers of the lines of a file that match a Lua pattern.
---@param file string
---@param pattern string
---@return integer[]
local function lines_of(file, pattern)
  local found, n = {}, 0
  for line in io.lines(workspace .. '/' .. file) do
    if line:find(pattern) then
      found[#found + 1] = n
    end
    n = n + 1
  end
  return found
end

---@param file string
---@return vim.lsp.Client
local function open(file)
  vim.cmd.edit(vim.fn.fnameescape(workspace .. '/' .. file))
  return t.wait(function()
    local client = vim.lsp.get_clients({ bufnr = 0, name = 'holdover' })[1]
    return client and client.initialized and client
  end, 'the server attaches to ' .. file)
end

---@param code string
---@return vim.Diagnostic[]
local function diagnostics(code)
  local found = vim.tbl_filter(function(d)
    return d.code == code and d.source == 'holdover'
  end, vim.diagnostic.get(0))
  table.sort(found, function(a, b)
    return a.lnum < b.lnum
  end)
  return found
end

---Waits until the current buffer has as many diagnostics of a code, and returns their lines.
---@param code string
---@param count integer
---@return integer[], vim.Diagnostic[]
local function lines_with(code, count)
  local found
  vim.wait(10000, function()
    found = diagnostics(code)
    return #found == count
  end, 20)
  return vim.tbl_map(function(d)
    return d.lnum
  end, found), found
end

---The text of the float that |vim.lsp.buf.hover()| opens at the cursor.
---@return string
local function hover()
  local before = vim.api.nvim_list_wins()
  vim.lsp.buf.hover()
  local win = t.wait(function()
    for _, w in ipairs(vim.api.nvim_list_wins()) do
      if not vim.list_contains(before, w) and vim.api.nvim_win_get_config(w).relative ~= '' then
        return w
      end
    end
  end, 'the hover')
  local text = table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(win), 0, -1, true), '\n')
  vim.api.nvim_win_close(win, true)
  return text
end

---@return string[] names of what is missing in one ecosystem
local function names(ecosystem)
  local found = {}
  for _, id in ipairs(missing) do
    local name = id:match('^' .. ecosystem .. ':(.*)$')
    if name then
      found[#found + 1] = name
    end
  end
  return found
end

local function main_job()
  vim.g.holdover = { cmd = { binary, 'lsp' } }
  vim.lsp.enable('holdover')
  local client

  t.test('opening a file of the workspace starts one server and shows the figures', function()
    client = open('Cargo.lock')
    t.equal(client.root_dir, vim.uv.fs_realpath(workspace), 'root')
    t.wait(function()
      return require('holdover').statusline() == text_for(total - #missing)
    end, ('the status line is %q and is %q'):format(text_for(total - #missing), require('holdover').statusline()))
    t.equal(#vim.lsp.get_clients({ name = 'holdover' }), 1, 'servers')
    t.equal(t.notified, {}, 'nothing is notified in a normal state')
  end)

  t.test('Cargo.lock: the lines of the missing crates, and no others', function()
    local expected = {}
    for _, name in ipairs(names('cargo')) do
      vim.list_extend(expected, lines_of('Cargo.lock', '^name = "' .. vim.pesc(name) .. '"$'))
    end
    table.sort(expected)
    t.equal(lines_with('missing-artifact', #expected), expected, 'lines')
  end)

  t.test('Cargo.toml: the lines of the dependencies that bring them in', function()
    open('Cargo.toml')
    local expected = {}
    for _, key in ipairs(vim.split(need('HOLDOVER_CARGO_KEYS'), ' ')) do
      vim.list_extend(expected, lines_of('Cargo.toml', '^' .. vim.pesc(key) .. ' = '))
    end
    table.sort(expected)
    t.equal(lines_with('missing-artifact', #expected), expected, 'lines')
  end)

  t.test('package-lock.json: the lines of the missing packages', function()
    open('package-lock.json')
    local expected = {}
    for _, name in ipairs(names('npm')) do
      vim.list_extend(expected, lines_of('package-lock.json', '^    "node_modules/' .. vim.pesc(name) .. '": {$'))
    end
    t.equal(lines_with('missing-artifact', #expected), expected, 'lines')
  end)

  t.test('package.json: the line of the dependency', function()
    open('package.json')
    local expected = {}
    for _, name in ipairs(names('npm')) do
      vim.list_extend(expected, lines_of('package.json', '^    "' .. vim.pesc(name) .. '": '))
    end
    t.equal(lines_with('missing-artifact', #expected), expected, 'lines')
  end)

  t.test('a hover says what is missing, where it was looked for and what needs it', function()
    open('Cargo.lock')
    local name = names('cargo')[1]
    local line = lines_of('Cargo.lock', '^name = "' .. vim.pesc(name) .. '"$')[1]
    vim.api.nvim_win_set_cursor(0, { line + 1, 8 })
    local text = hover()
    local version = vim.api.nvim_buf_get_lines(0, line + 1, line + 2, true)[1]:match('"(.*)"')
    t.contains(text, name, 'the crate')
    t.contains(text, version, 'its version')
    t.contains(text, 'missing', 'its state')
    t.contains(text, '/registry/cache/', 'where it was looked for')
    t.contains(text:lower(), 'needed by', 'what needs it')
    t.contains(text, 'holdover-small', 'who needs it')
  end)

  t.test(':Holdover status and :Holdover preflight show the same figures', function()
    vim.cmd('Holdover status')
    t.wait(function()
      return vim.bo.filetype == 'holdover'
    end, 'the float')
    local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n')
    t.contains(text, text_for(total - #missing), 'headline')
    t.contains(text, #names('cargo') .. ' missing', 'row of Cargo.lock')
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
    local expected = vim.deepcopy(missing)
    table.sort(expected)
    t.equal(found, expected, 'entries')
    vim.cmd.cclose()
  end)

  t.test('the code action fetches, after the workspace was trusted, with progress, and everything is here', function()
    open('Cargo.lock')
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
    local line = lines_of('Cargo.lock', '^name = "' .. vim.pesc(names('cargo')[1]) .. '"$')[1]
    vim.api.nvim_win_set_cursor(0, { line + 1, 8 })
    vim.lsp.buf.code_action({
      apply = true,
      filter = function(action)
        return type(action.data) == 'table' and action.data.action == 'inventory.fetch-all'
      end,
    })
    t.wait(function()
      return require('holdover').statusline() == text_for(total)
    end, 'the status line is ' .. text_for(total), 120)
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
      open(file)
      t.equal(lines_with('missing-artifact', 0), {}, file)
    end
  end)

  t.test('the terminal says the same', function()
    local out = vim.system({ binary, 'preflight', workspace, '--json' }, { text = true }):wait()
    t.equal(out.code, 0, 'exit code of preflight: ' .. (out.stderr or ''))
    local report = vim.json.decode(out.stdout)
    t.equal({ report.readiness.present, report.readiness.total }, { total, total }, 'present and total')
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
      t.write(workspace .. '/' .. file, table.concat(conflicted, '\n') .. '\n')
      open(file)
      local _, found = lines_with('merge-conflict', 1)
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
      t.equal(lines_with('merge-conflict', 0), {}, 'no diagnostic is left')
      vim.cmd.undo()
      t.equal(vim.api.nvim_buf_get_lines(0, 0, -1, true), conflicted, 'after undo')
      lines_with('merge-conflict', 1)
      vim.cmd('silent! bwipeout!')
    end)
  end

  t.test(':Holdover conflicts lists the conflict with both labels', function()
    open('src/conflict_both.rs')
    lines_with('merge-conflict', 1)
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

t.main(function()
  main_job()
  conflicts()
end)
