-- A review in a real Neovim: a colleague on another data folder began a thread, over a folder it comes here, is seen behind its line,
-- answered in a window of its own and resolved; the colleague has the answer. What was typed outlives the window.

local t = require('harness')
local w = require('workspace')

local driver = w.need('HOLDOVER_REPOSITORY') .. '/tests/editors/colleague.mjs'
local folder = vim.fn.tempname()
vim.fn.mkdir(folder, 'p')

---@param ... string
---@return string
local function colleague(...)
  local ran = vim.system({ 'node', driver, w.binary, w.folder, folder, ... }, { text = true }):wait(120000)
  t.equal(ran.code, 0, 'colleague.mjs: ' .. (ran.stderr or ''))
  return vim.trim(ran.stdout)
end

---What the colleague has after they synchronised.
---@return table
local function theirs()
  return vim.json.decode(colleague('review'))
end

---@param keys string
local function press(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), 'mx', false)
end

---What stands behind the lines of the current buffer, by line from 0.
---@return table<integer, string>
local function behind()
  local found = {} ---@type table<integer, string>
  local namespace = vim.api.nvim_create_namespace('holdover.reviews')
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })) do
    if mark[4].virt_text then
      local words = table.concat(vim.tbl_map(function(chunk)
        return chunk[1]
      end, mark[4].virt_text))
      found[mark[2]] = vim.trim(words:gsub('◂', ''))
    end
  end
  return found
end

---@param expected table<integer, string>
local function shows(expected)
  t.wait(function()
    return vim.deep_equal(behind(), expected)
  end, ('behind the lines stands %s and should %s'):format(vim.inspect(behind()), vim.inspect(expected)))
end

---@return string
local function text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n')
end

---Waits until nothing is written any more.
local function closed()
  t.wait(function()
    return vim.bo.buftype ~= 'acwrite'
  end, 'the window closes')
end

t.main(function()
  vim.g.holdover = { cmd = { w.binary, 'lsp' } }
  vim.lsp.enable('holdover')
  local hostile = 'why two?\n\n<img src=x> \27]0;own\7 \u{202e}'
  local thread = colleague('begin-review', 'reviewed.txt', hostile)
  w.open('reviewed.txt')

  t.test('a thread that a colleague began stands behind its line, and a hover shows it without obeying it', function()
    shows({ [1] = 'why two?' })
    vim.api.nvim_win_set_cursor(0, { 2, 0 })
    local hover = w.hover()
    t.contains(hover, 'why two?', 'the hover')
    t.check(not hover:find('[\27\7]') and not hover:find('\u{202e}', 1, true), 'nothing acts: ' .. hover)
    t.check(not hover:find('[^\\]<img'), 'no HTML is read: ' .. hover)
  end)

  t.test('lines that are written above it, and are not saved, move it', function()
    vim.api.nvim_buf_set_lines(0, 0, 0, true, { 'a line above' })
    t.wait(function()
      vim.api.nvim_exec_autocmds('BufWritePost', { buffer = 0 })
      vim.wait(50)
      return behind()[2] == 'why two?'
    end, 'it follows: ' .. vim.inspect(behind()))
    vim.cmd('undo')
  end)

  t.test('what is typed is kept while it is typed, and is the answer once it is written', function()
    vim.api.nvim_win_set_cursor(0, { 2, 0 })
    vim.cmd('Holdover review reply')
    t.wait(function()
      return vim.bo.buftype == 'acwrite'
    end, 'a window to write in')
    press('ibecause it is the second<Esc>')
    t.wait(function()
      local ran = vim.system({ w.binary, 'review', 'list', w.folder, '--json' }, { text = true }):wait()
      local drafts = vim.json.decode(ran.stdout).drafts or {}
      return drafts[1] and drafts[1].body == 'because it is the second'
    end, 'the draft is kept')
    vim.cmd.write()
    closed()
    local ran = vim.system({ w.binary, 'review', 'list', w.folder, '--json' }, { text = true }):wait()
    t.equal(vim.json.decode(ran.stdout).drafts or {}, {}, 'its draft has ended')
    vim.cmd('Holdover sync')
    t.wait(function()
      local comments = theirs().threads[1].comments
      return #comments == 2 and comments[2].body == 'because it is the second' and comments[2].author.name == 'Ann'
    end, 'the colleague has the answer')
  end)

  t.test(
    'the window of the review has its files and threads, shows both sides of a file, and resolves a thread',
    function()
      vim.cmd('Holdover review')
      t.wait(function()
        return text():find('reviewed.txt', 1, true) and text():find('why two?', 1, true)
      end, 'the window: ' .. text())
      t.check(not text():find('[\27\7]') and not text():find('\u{202e}', 1, true), 'nothing acts')
      t.check(vim.fn.search('A reviewed.txt', 'w') > 0, text())
      press('d')
      t.wait(function()
        return #vim.api.nvim_list_tabpages() == 2 and #vim.api.nvim_tabpage_list_wins(0) == 2
      end, 'both sides')
      t.check(vim.wo.diff, 'they are compared')
      t.equal(text(), 'one\ntwo\nthree', 'the new side')
      vim.cmd.tabclose()
      t.check(vim.fn.search('why two?', 'w') > 0, text())
      press('x')
      t.wait(function()
        return text():find('0 of 1 thread open', 1, true)
      end, 'it is resolved: ' .. text())
      vim.cmd('Holdover sync')
      t.wait(function()
        return theirs().threads[1].resolved
      end, 'and at the colleague too')
      t.equal(theirs().threads[1].id, thread, 'the same thread')
      t.equal(t.notified, {}, 'nothing is notified')
    end
  )
end)
