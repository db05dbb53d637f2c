-- A note that is shared with a colleague over a folder, and that both wrote while they were apart: the conflict is seen in a real
-- Neovim once it came, resolved there, and settled for the colleague too; and the other way round.

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

---The text of the choice that a preview shows.
---@return string?
local function offered()
  for _, win in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    if vim.wo[win].winbar:find('%(%d of %d%)') then
      return text(vim.api.nvim_win_get_buf(win))
    end
  end
end

t.main(function()
  vim.g.holdover = { cmd = { w.binary, 'lsp' } }
  vim.lsp.enable('holdover')
  t.write(w.folder .. '/shared.txt', 'a\nb\nc\n')
  w.open('shared.txt')

  local id

  t.test('what a colleague wrote to the same note meanwhile is shown as a conflict as soon as it came', function()
    vim.cmd('Holdover conflicts window')
    shows('no conflicts')
    id = colleague('meet', 'shared.txt', 'why?\ntwo', 'why?\nTWO', 'why?\nzwei')
    local shown = shows('1 conflict in 1 record')
    t.contains(shown, 'note: why?', 'the record')
    t.contains(shown, 'on shared.txt:2   2 versions', 'where')
    t.check(shown:find('Ann', 1, true) and shown:find('Bob', 1, true), shown)
  end)

  t.test('it is resolved here, and settled for the colleague once both have synchronised', function()
    t.check(vim.fn.search('conflict between', 'w') > 0, text())
    press('p')
    local chosen = t.wait(function()
      local now = offered()
      return now ~= nil and now ~= '' and now
    end, 'the preview')
    t.check(chosen == 'why?\nTWO' or chosen == 'why?\nzwei', chosen)
    press('<CR>')
    t.wait(function()
      return #vim.api.nvim_list_tabpages() == 1
    end, 'the preview closes')
    shows('no conflicts')
    vim.cmd('Holdover sync')
    t.wait(function()
      return vim.json.decode(colleague('here', 'queue', '--json')).waiting == 0
    end, 'that nothing waits')
    local there = vim.json.decode(colleague('exchange'))
    t.equal(there, { conflicts = 0, bodies = { [id] = chosen } }, 'at the colleague')
  end)

  t.test('one that the colleague resolved is gone here, once that came', function()
    local other = colleague('meet', 'shared.txt', 'how?\ntwo', 'how?\nTWO', 'how?\nzwei')
    shows('1 conflict in 1 record')
    colleague('settle', other, 'both')
    shows('no conflicts')
    local log = vim.system({ w.binary, 'journal', 'log', '--kind', 'note.', '--json' }, { text = true, cwd = w.folder })
    local kept = log:wait().stdout
    t.check(kept:find('TWO', 1, true) and kept:find('zwei', 1, true), 'both texts stay in the journal')
  end)
end)
