-- Conflicts of a real cherry-pick and rebase in a real Neovim with the real server: looked at before a choice is taken, and
-- taken from there; drawn; kept quiet; resolved all at once. Needs the environment that run.sh makes.

local t = require('harness')
local w = require('workspace')

local driver = w.need('HOLDOVER_REPOSITORY') .. '/tests/editors/operations.mjs'
local folder = vim.uv.fs_realpath(vim.fn.fnamemodify(vim.fn.tempname(), ':h')) .. '/preview'

---@return string[]
local function lines(buf)
  return vim.api.nvim_buf_get_lines(buf or 0, 0, -1, true)
end

---@return integer
local function openings(buf)
  return #vim.tbl_filter(function(line)
    return line:find('^<<<<<<<') ~= nil
  end, lines(buf))
end

---@param file string
---@param count integer
local function open(file, count)
  vim.cmd.edit(vim.fn.fnameescape(file))
  t.wait(function()
    local client = vim.lsp.get_clients({ bufnr = 0, name = 'holdover' })[1]
    return client and client.initialized
  end, 'the server attaches to ' .. file)
  w.lines_with('merge-conflict', count)
end

---@param name string
---@param buf? integer
---@return {row: integer, group: string?, text: string?}[]
local function marks(name, buf)
  local namespace = vim.api.nvim_get_namespaces()[name]
  return vim.tbl_map(function(mark)
    local text = mark[4].virt_text and mark[4].virt_text[1][1] or nil
    return { row = mark[2], group = mark[4].hl_group, text = text }
  end, namespace and vim.api.nvim_buf_get_extmarks(buf or 0, namespace, 0, -1, { details = true }) or {})
end

---The windows of the preview: what is beside, what would be left, the words.
---@return integer[]
local function previewed(tabs)
  t.wait(function()
    return #vim.api.nvim_list_tabpages() == tabs + 1 and #vim.api.nvim_tabpage_list_wins(0) == 3
  end, 'the preview')
  return vim.api.nvim_tabpage_list_wins(0)
end

---@param win integer
---@return string
local function text(win)
  return table.concat(lines(vim.api.nvim_win_get_buf(win)), '\n')
end

---@param keys string
local function press(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), 'mx', false)
end

---What was said in the message area, newest last.
local said = {} ---@type string[]
local echo = vim.api.nvim_echo
---@diagnostic disable-next-line: duplicate-set-field
vim.api.nvim_echo = function(chunks, ...)
  said[#said + 1] = chunks[1][1]
  return echo(chunks, ...)
end

---@param words string
local function hears(words)
  t.wait(function()
    return vim.iter(said):any(function(one)
      return one:find(words, 1, true) ~= nil
    end)
  end, ('%q is said, not %s'):format(words, vim.inspect(said)))
end

local MERGED = '    connect("localhost", 8080, true);'

t.main(function()
  vim.g.holdover = { cmd = { w.binary, 'lsp' } }
  vim.lsp.enable('holdover')
  local out = vim.system({ 'node', driver, 'make', folder }, { text = true }):wait()
  t.equal(out.code, 0, 'operations.mjs: ' .. (out.stderr or ''))

  t.test('the suggested merge stands beside the current side, with why and what it drops, and is taken', function()
    open(folder .. '/cherry-pick/pick-words.rs', 1)
    local source = vim.api.nvim_get_current_buf()
    vim.api.nvim_win_set_cursor(0, { 3, 0 })
    vim.cmd('Holdover preview')
    local wins = previewed(1)
    local left, right, words ---@type integer, integer, integer
    for _, win in ipairs(wins) do
      local bar = vim.wo[win].winbar
      if bar:find('main', 1, true) then
        left = win
      elseif bar:find('merged (1 of 7)', 1, true) then
        right = win
      elseif bar:find('<CR> take it', 1, true) then
        words = win
      end
    end
    t.check(left and right and words, 'a bar of each: ' .. vim.inspect(vim.tbl_map(function(win)
      return vim.wo[win].winbar
    end, wins)))
    t.equal(lines(vim.api.nvim_win_get_buf(right)), { 'fn main() {', MERGED, '}' }, 'what would be left')
    t.contains(text(left), 'connect("localhost", 8080, false);', 'what it is beside')
    t.check(vim.wo[left].diff and vim.wo[right].diff, 'they are compared')
    t.contains(text(words), 'each side changed other words of the same lines', 'why')
    t.contains(text(words), '% of these were exact', 'how often that was right')
    t.contains(text(words), 'drops: 1 line from main, 1 line from', 'what is dropped')
    ---What a list of buffers calls those of a preview.
    local function called()
      return vim
        .iter(vim.api.nvim_list_bufs())
        :map(vim.api.nvim_buf_get_name)
        :map(function(full)
          return full:match('^holdover%-preview://%d+/(.*)$')
        end)
        :totable()
    end
    local names = called()
    t.equal(#names, 3, 'each is called after what it shows')
    t.contains(table.concat(names, '\n'), 'pick-words.rs: merged (1 of 7)', 'what is chosen')
    t.contains(table.concat(names, '\n'), 'pick-words.rs: why', 'the words')
    local from = marks('holdover.preview', vim.api.nvim_win_get_buf(right))
    t.equal({ from[1].row, from[1].text }, { 1, '  made of both' }, 'where the line comes from')
    press('<Tab>')
    t.wait(function()
      return text(right):find('8080, false', 1, true)
    end, 'the next choice')
    t.contains(vim.wo[left].winbar, '730dfdd', 'the current side is shown beside the other')
    t.contains(table.concat(called(), '\n'), '(2 of 7)', 'another choice has another name')
    t.equal(#called(), 3, 'and the name before is gone')
    press('<S-Tab>')
    t.wait(function()
      return text(right):find('8080, true', 1, true)
    end, 'the first choice again')
    press('<CR>')
    t.wait(function()
      return vim.deep_equal(lines(source), { 'fn main() {', MERGED, '}' })
    end, 'the resolution')
    t.equal(#vim.api.nvim_list_tabpages(), 1, 'tabs')
    t.equal({ vim.api.nvim_get_current_buf(), vim.api.nvim_win_get_cursor(0)[1] }, { source, 2 }, 'where the cursor is')
    t.wait(function()
      return vim.deep_equal(marks('holdover.resolved'), { { row = 1, text = '  resolved' } })
    end, 'the mark of what was resolved')
    vim.cmd.undo()
    t.equal(openings(), 1, 'undo brings the conflict back')
    t.wait(function()
      return #marks('holdover.resolved') == 0 and #marks('holdover.regions') > 0
    end, 'the mark is gone, and the conflict is drawn')
    t.equal(t.notified, {}, 'notifications')
  end)

  t.test('the preview of a conflict that was changed meanwhile takes nothing', function()
    local source = vim.api.nvim_get_current_buf()
    vim.api.nvim_win_set_cursor(0, { 3, 0 })
    vim.cmd('Holdover preview incoming')
    previewed(1)
    vim.api.nvim_buf_set_lines(source, 2, 3, true, { '    connect("elsewhere", 8080, false);' })
    local before = lines(source)
    press('<CR>')
    t.wait(function()
      return t.notified[1]
    end, 'it is said')
    t.contains(t.notified[1].text, 'the conflict has changed since the action was offered', 'what is said')
    t.equal(lines(source), before, 'the text')
    press('q')
    t.equal(#vim.api.nvim_list_tabpages(), 1, 'q closes')
    vim.cmd.undo()
    vim.cmd('silent write')
  end)

  t.test('parts are drawn, and what others say inside a conflict is not, until it is resolved', function()
    open(folder .. '/cherry-pick/pick-words.rs', 1)
    local drawn = {}
    t.wait(function()
      drawn = vim.tbl_filter(function(mark)
        return mark.group ~= 'HoldoverConflictMarker'
      end, marks('holdover.regions'))
      return #drawn == 3
    end, 'three parts')
    t.equal(
      vim.tbl_map(function(mark)
        return mark.row .. ' ' .. mark.group
      end, drawn),
      { '2 HoldoverConflictCurrent', '4 HoldoverConflictBase', '6 HoldoverConflictIncoming' },
      'rows'
    )
    local theirs = vim.api.nvim_create_namespace('another tool')
    vim.diagnostic.config({ virtual_text = true })
    vim.diagnostic.set(theirs, 0, {
      { lnum = 2, col = 0, message = 'expected expression', severity = 1 },
      { lnum = 0, col = 0, message = 'elsewhere', severity = 1 },
    })
    local function shown()
      local rows = {} ---@type integer[]
      for name, namespace in pairs(vim.api.nvim_get_namespaces()) do
        if name:find('another tool', 1, true) and name:find('virtual_text', 1, true) then
          for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, {})) do
            rows[#rows + 1] = mark[2]
          end
        end
      end
      table.sort(rows)
      return rows
    end
    t.equal(shown(), { 0 }, 'rows with what the other tool says')
    t.equal(#vim.diagnostic.get(0, { namespace = theirs }), 2, 'it is in lists as before')
    vim.api.nvim_win_set_cursor(0, { 3, 0 })
    vim.cmd('Holdover accept current')
    t.wait(function()
      return openings() == 0
    end, 'the resolution')
    vim.diagnostic.set(theirs, 0, { { lnum = 1, col = 0, message = 'expected expression', severity = 1 } })
    t.wait(function()
      return vim.deep_equal(shown(), { 1 })
    end, 'what it says of the resolved text is shown')
    vim.diagnostic.reset(theirs, 0)
    vim.cmd.undo()
    vim.cmd('silent write')
  end)

  t.test('all conflicts of a workspace are listed, also of files that nobody opened, and resolved at once', function()
    vim.cmd('silent! %bwipeout!')
    open(folder .. '/rebase/rebase-plan.txt', 4)
    local source = vim.api.nvim_get_current_buf()
    vim.system({ 'git', 'switch', '--quiet', '--discard-changes', 'main' }, { cwd = folder .. '/merge' }):wait()
    vim.fn.setqflist({})
    vim.cmd('Holdover conflicts')
    t.wait(function()
      return #vim.fn.getqflist() == 4
    end, 'the list')
    vim.cmd.cclose()
    vim.cmd('Holdover resolve current')
    t.wait(function()
      return openings(source) == 0
    end, 'the resolution')
    hears('resolved 4 conflicts in 1 file; none is left')
    local all = table.concat(lines(source), '\n')
    t.contains(all, 'leave at 7, by train', 'the current side')
    t.check(not all:find('rucksack', 1, true), 'nothing of the incoming side')
    t.equal(t.notified, {}, 'notifications')
  end)

  t.test('of a workspace with closed files, each is opened, and one edit resolves them', function()
    vim.cmd('silent! %bwipeout!')
    vim.system({ 'node', driver, 'make', folder }):wait()
    open(folder .. '/merge/merge-plan.txt', 4)
    vim.fn.setqflist({})
    vim.cmd('Holdover conflicts')
    t.wait(function()
      return #vim.fn.getqflist() == 7
    end, 'the list of three files')
    vim.cmd.cclose()
    vim.cmd('Holdover resolve auto')
    hears('nothing to resolve in that way, 7 conflicts left')
    t.equal(openings(), 4, 'no merge of prose in one click changes it')
    vim.cmd('Holdover resolve both')
    hears('resolved 7 conflicts in 3 files; none is left')
    t.equal(openings(), 0, 'conflicts of this file')
    for _, file in ipairs({ 'merge-crlf.txt', 'merge-end.txt' }) do
      local buf = vim.fn.bufnr(folder .. '/merge/' .. file)
      t.check(buf ~= -1, file .. ' was opened')
      t.equal(openings(buf), 0, 'conflicts of ' .. file)
    end
    t.equal(t.notified, {}, 'notifications')
  end)
end)
