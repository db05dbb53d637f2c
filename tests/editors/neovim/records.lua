-- Notes that two people wrote at once, in a real Neovim with the real server: listed with the files' conflicts, looked at beside
-- each other, resolved from there, and that undone, as of files. What came of it is asked of the command line, not of the plugin.

local t = require('harness')
local w = require('workspace')

local driver = w.need('HOLDOVER_REPOSITORY') .. '/tests/editors/apart.mjs'

---@param ... string
---@return table
local function holdover(...)
  local ran = vim.system({ w.binary, ... }, { text = true, cwd = w.folder }):wait()
  return vim.json.decode(ran.stdout)
end

---Two people write a note of three lines anew, each another second line.
---@param base string
---@return string id
local function apart(base)
  local texts = { base .. '\ntwo\nthree', base .. '\nTWO\nthree', base .. '\nzwei\nthree' }
  local ran = vim
    .system({ 'node', driver, w.binary, w.folder, 'src/apart.txt', texts[1], texts[2], texts[3] }, { text = true })
    :wait(60000)
  t.equal(ran.code, 0, 'apart.mjs: ' .. (ran.stderr or ''))
  return vim.trim(ran.stdout)
end

---@param id string
---@return string
local function body(id)
  for _, note in ipairs(holdover('note', 'list', '--json').notes) do
    if note.id == id then
      return note.body
    end
  end
  error('no such note: ' .. id)
end

---@return integer
local function open_records()
  return #(holdover('conflicts', '--json').records or {})
end

---@return string
local function text(buf)
  return table.concat(vim.api.nvim_buf_get_lines(buf or 0, 0, -1, true), '\n')
end

---@param words string
local function shows(words)
  return t.wait(function()
    local now = text()
    return now:find(words, 1, true) and now
  end, ('%q is shown, not:\n%s'):format(words, text()))
end

---@param keys string
local function press(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), 'mx', false)
end

---@param words string
local function go(words)
  t.check(vim.fn.search(words, 'w') > 0, words .. ' is in:\n' .. text())
end

---The three windows of a preview: what is beside, what would be left, why.
---@return {left: string, right: string, words: string, bar: string}
local function previewed()
  return t.wait(function()
    local wins = vim.api.nvim_tabpage_list_wins(0)
    if #vim.api.nvim_list_tabpages() ~= 2 or #wins ~= 3 then
      return nil
    end
    local found = {}
    for _, win in ipairs(wins) do
      local bar, buf = vim.wo[win].winbar, vim.api.nvim_win_get_buf(win)
      if bar:find('take it', 1, true) then
        found.words = text(buf)
      elseif bar:find('%(%d of %d%)') then
        found.right, found.bar = text(buf), bar
      else
        found.left = text(buf)
      end
    end
    return found.words and found.right and found.left and found.words ~= '' and found
  end, 'the preview')
end

t.main(function()
  vim.g.holdover = { cmd = { w.binary, 'lsp' } }
  vim.lsp.enable('holdover')
  t.write(w.folder .. '/src/apart.txt', 'a\nb\nc\n')
  w.open('src/apart.txt')

  local first = apart('one')

  t.test('a note that two wrote at once stands in the window of conflicts, with who wrote it and when', function()
    vim.cmd('Holdover conflicts window')
    local shown = shows('1 conflict in 1 record')
    t.contains(shown, 'note: one', 'the record')
    t.contains(shown, 'on src/apart.txt:2   2 versions', 'where')
    t.check(shown:find('text  conflict between %a+, %d+%-%d+%-%d+ %d+:%d+:%d+ and %a+, '), shown)
    t.check(shown:find('Ann', 1, true) and shown:find('Bob', 1, true), shown)
    t.contains(shown, 'with the common ancestor', 'the ancestor')
  end)

  t.test('its preview shows the versions beside each other, what each had seen, and what policies would do', function()
    go('conflict between')
    press('p')
    local preview = previewed()
    t.equal({ preview.left, preview.right }, { 'one\nTWO\nthree', 'one\nzwei\nthree' }, 'both texts')
    for _, said in ipairs({
      'drops: 1 line from Ann',
      'Ann, ',
      'had seen: the text of Ann, ',
      'policy last-writer: the last writer',
      'policy manual: nothing would be shown until somebody decides',
    }) do
      t.contains(preview.words, said, 'the words')
    end
    t.contains(preview.bar, 'Bob', 'who')
    t.equal(open_records(), 1, 'nothing is written by looking')
  end)

  t.test('another choice is a key away, and what it shows is taken', function()
    press('<Tab>')
    t.wait(function()
      return previewed().right == 'one\nTWO\nthree'
    end, 'the other side')
    press('<CR>')
    t.wait(function()
      return #vim.api.nvim_list_tabpages() == 1
    end, 'the preview closes')
    t.equal({ body(first), open_records() }, { 'one\nTWO\nthree', 0 }, 'the note')
    shows('no conflicts')
  end)

  ---Chooses from the next menu.
  ---@param wanted string plain text of an item
  ---@return {asked?: string[]}
  local function choosing(wanted)
    local seen = {} ---@type {asked?: string[]}
    ---@diagnostic disable-next-line: duplicate-set-field
    vim.ui.select = function(items, opts, done)
      seen.asked = vim.tbl_map(opts.format_item, items)
      for n, title in ipairs(seen.asked) do
        if title:find(wanted, 1, true) then
          done(items[n], n)
          return
        end
      end
      done(nil, nil)
    end
    return seen
  end

  t.test('what settled it is undone, and the conflict is back as it was', function()
    local menu = choosing('note')
    vim.cmd('Holdover undo')
    shows('1 conflict in 1 record')
    t.equal(#menu.asked, 1, 'what can be undone')
    t.check(menu.asked[1]:find('^note “one.*”, by '), menu.asked[1])
    local record = holdover('conflicts', '--json').records[1]
    local sides = vim.tbl_map(function(side)
      return side.author.name .. ': ' .. side.value
    end, record.sides)
    table.sort(sides)
    t.equal(sides, { 'Ann: one\nTWO\nthree', 'Bob: one\nzwei\nthree' }, 'whose text is whose')
    t.equal(record.ancestor, 'one\ntwo\nthree', 'the ancestor')
    holdover('conflicts', '--resolve', 'incoming', 'note:' .. first, '--json')
    t.equal(open_records(), 0, 'resolved once more')
  end)

  t.test('the conflict of a file comes back into what is typed since, and from the journal window too', function()
    vim.cmd('silent! only')
    local conflict = '<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> b\n'
    t.write(w.folder .. '/src/undone.txt', 'a\n' .. conflict .. 'z\n')
    w.open('src/undone.txt')
    w.lines_with('merge-conflict', 1)
    vim.api.nvim_win_set_cursor(0, { 3, 0 })
    vim.cmd('Holdover accept incoming')
    t.wait(function()
      return text() == 'a\ntheirs\nz'
    end, 'it is resolved')
    vim.cmd('silent write')
    vim.api.nvim_buf_set_lines(0, 0, 0, true, { 'typed since' })
    t.wait(function()
      return vim.system({ w.binary, 'journal', 'log', '--kind', 'conflict.resolved' }, { cwd = w.folder }):wait().stdout
        ~= ''
    end, 'it is in the journal')
    local menu = choosing('src/undone.txt:2, with the side that was incoming then')
    vim.cmd('Holdover undo')
    t.wait(function()
      return text() == 'typed since\na\n' .. conflict .. 'z'
    end, 'the conflict is back, not:\n' .. text() .. vim.inspect(menu))
    t.check(menu.asked[1]:find('^src/undone.txt:2'), 'this file first: ' .. vim.inspect(menu.asked))
    vim.api.nvim_win_set_cursor(0, { 4, 0 })
    vim.cmd('Holdover accept current')
    t.wait(function()
      return text() == 'typed since\na\nours\nz'
    end, 'it is resolved in another way')
    vim.cmd('Holdover journal')
    shows('conflict.resolved')
    t.wait(function()
      vim.cmd('normal! gg')
      return vim.fn.search('conflict.resolved.*choice current', 'W') > 0 or (press('r') and false)
    end, 'its row')
    press('u')
    t.wait(function()
      local buf = vim.fn.bufnr(w.folder .. '/src/undone.txt')
      return text(buf) == 'typed since\na\n' .. conflict .. 'z'
    end, 'the conflict is back')
    vim.cmd('silent! only')
    vim.cmd('edit ' .. vim.fn.fnameescape(w.folder .. '/src/undone.txt'))
    vim.cmd('silent %delete | silent write')
  end)

  local second = apart('eins')

  t.test('the quickfix list leads to its page, from which it is resolved', function()
    vim.cmd('silent! only')
    vim.cmd('edit ' .. vim.fn.fnameescape(w.folder .. '/src/apart.txt'))
    vim.cmd('Holdover conflicts quickfix')
    local entries = t.wait(function()
      local list = vim.fn.getqflist()
      return #list > 0 and list
    end, 'the list')
    t.equal(#entries, 1, 'entries')
    t.check(entries[1].text:find('^note "eins.*" on src/apart.txt:2: conflict between '), entries[1].text)
    vim.cmd('cfirst')
    local page = shows('# Conflict of a note: eins')
    t.contains(page, 'had seen: the text of Ann', 'what each had seen')
    t.contains(page, 'TWO', 'one version')
    t.contains(page, 'zwei', 'the other')
    local menu = choosing('Take all texts, the newest first')
    press('a')
    t.wait(function()
      return open_records() == 0
    end, 'it is resolved')
    t.equal(#menu.asked, 6, 'what is asked')
    t.equal(body(second), 'eins\nzwei\nthree\n\neins\nTWO\nthree', 'the note')
  end)

  local third = apart('uno')

  t.test('what was written since it was looked at is not resolved, and that is said', function()
    vim.cmd('silent! only')
    vim.cmd('edit ' .. vim.fn.fnameescape(w.folder .. '/src/apart.txt'))
    vim.cmd('Holdover conflicts window')
    shows('1 conflict in 1 record')
    go('conflict between')
    press('<CR>')
    previewed()
    holdover('note', 'edit', third, '-m', 'due', '--json')
    press('<CR>')
    t.wait(function()
      return vim.iter(t.notified):any(function(one)
        return one.text:find('written since it was shown', 1, true) or one.text:find('no record with this id', 1, true)
      end)
    end, 'it is said')
    t.equal(body(third), 'due', 'what was written stays')
    press('q')
  end)
end)
