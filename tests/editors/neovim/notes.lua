-- Notes in a real Neovim with the real server: written, seen, changed, removed; what was typed outlives a server that is
-- killed and an editor that is killed. What is there is asked of the command line, not of the plugin.

local t = require('harness')
local w = require('workspace')

---What `holdover note list --json` says.
---@return {notes: table[], drafts: table[]}
local function listed()
  local ran = vim.system({ w.binary, 'note', 'list', w.folder, '--json' }, { text = true }):wait()
  return vim.json.decode(ran.stdout)
end

---@param keys string
local function press(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), 'mx', false)
end

---What stands behind the lines of the current buffer, by line from 0.
---@return table<integer, string>
local function behind()
  local found = {} ---@type table<integer, string>
  local namespace = vim.api.nvim_create_namespace('holdover.notes')
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })) do
    if mark[4].virt_text then
      local text = table.concat(vim.tbl_map(function(chunk)
        return chunk[1]
      end, mark[4].virt_text))
      found[mark[2]] = vim.trim(text:gsub('◂', ''))
    end
  end
  return found
end

---What is drawn in the sign column of a line, as a person sees it: `┃` and the group that colours it.
---@param row integer from 1
---@return string[]
local function beside(row)
  local seen = vim.api.nvim_eval_statusline('%s', { use_statuscol_lnum = row, highlights = true })
  return { vim.trim(seen.str), vim.tbl_get(seen, 'highlights', 1, 'group') }
end

---@param expected table<integer, string>
local function shows(expected)
  t.wait(function()
    return vim.deep_equal(behind(), expected)
  end, ('behind the lines stands %s and should %s'):format(vim.inspect(behind()), vim.inspect(expected)))
end

---Waits until nothing is written any more.
local function closed()
  t.wait(function()
    return vim.bo.buftype ~= 'acwrite'
  end, 'the window closes')
end

local function written()
  t.test('a note on a line is written in a window of its own, and stands behind the line', function()
    t.write(w.folder .. '/src/noted.txt', 'one\ntwo\nthree\nfour\n')
    w.open('src/noted.txt')
    vim.api.nvim_win_set_cursor(0, { 2, 0 })
    vim.cmd('Holdover note')
    t.equal(vim.bo.buftype, 'acwrite', 'a window to write in')
    t.contains(vim.wo.winbar, 'src/noted.txt:2', 'where it is put')
    press('iwhy two?<CR><CR>because<Esc>')
    vim.cmd.write()
    closed()
    shows({ [1] = 'why two?' })
    local note = listed().notes[1]
    t.equal(
      { note.body, note.place.text, note.shared, note.state },
      { 'why two?\n\nbecause', 'src/noted.txt:2', false, 'durable' },
      'the note'
    )
    t.equal(listed().drafts, {}, 'its draft has ended')
    vim.api.nvim_win_set_cursor(0, { 2, 0 })
    t.contains(w.hover(), 'because', 'the hover')
    t.equal(t.notified, {}, 'nothing is notified')
  end)

  t.test('a range and a word: a shared note on the lines that were meant', function()
    vim.cmd('3,4Holdover note shared')
    press('iboth of these<Esc>')
    vim.cmd('silent wq')
    closed()
    shows({ [1] = 'why two?', [2] = 'both of these' })
    for row, expected in ipairs({ '', '┃', '┃', '┃' }) do
      t.equal(beside(row)[1], expected, ('the sign of line %d'):format(row))
    end
    t.equal(beside(2)[2], 'HoldoverNote', 'its colour')
    -- Where there is room for one sign, a diagnostic's is seen.
    vim.wo.signcolumn = 'yes:1'
    local namespace = vim.api.nvim_create_namespace('another')
    vim.diagnostic.set(namespace, 0, { { lnum = 1, col = 0, message = 'wrong' } })
    t.equal(beside(2)[1], 'E', 'the sign of another')
    vim.diagnostic.reset(namespace, 0)
    vim.wo.signcolumn = 'auto'
    local note = listed().notes[2]
    t.equal({ note.place.text, note.shared }, { 'src/noted.txt:3-4', true }, 'the note')
  end)

  t.test('the note goes with its line, and the list leads there', function()
    vim.api.nvim_buf_set_lines(0, 0, 0, true, { 'zero' })
    vim.cmd('silent write')
    shows({ [2] = 'why two?', [3] = 'both of these' })
    vim.fn.setqflist({})
    vim.cmd('Holdover notes')
    t.wait(function()
      return #vim.fn.getqflist() == 2
    end, 'the list')
    local first = vim.fn.getqflist()[1]
    t.equal(
      { first.lnum, vim.fs.basename(vim.api.nvim_buf_get_name(first.bufnr)) },
      { 3, 'noted.txt' },
      'where it leads'
    )
    t.contains(first.text, 'why two?', 'what it says')
    vim.cmd.cclose()
  end)

  t.test('the note of this line is changed in the same window, shown whole, and removed', function()
    vim.api.nvim_win_set_cursor(0, { 3, 0 })
    vim.cmd('Holdover note edit')
    t.wait(function()
      return vim.bo.buftype == 'acwrite'
    end, 'a window to write in')
    t.equal(vim.api.nvim_buf_get_lines(0, 0, 1, true), { 'why two?' }, 'begins with the text')
    press('ccbecause two<Esc>')
    vim.cmd.write()
    closed()
    shows({ [2] = 'because two', [3] = 'both of these' })
    vim.cmd('Holdover note show')
    t.wait(function()
      return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n'):find('on `src/noted.txt:3`', 1, true)
    end, 'all of the note')
    vim.cmd.close()
    vim.api.nvim_win_set_cursor(0, { 3, 0 })
    vim.cmd('Holdover note remove')
    shows({ [3] = 'both of these' })
    t.equal(#listed().notes, 1, 'notes')
  end)

  t.test('the trail of the file says who did what, and how far each entry has come', function()
    vim.cmd('Holdover trail')
    local text = t.wait(function()
      local all = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n')
      return all:find('note removed', 1, true) and all
    end, 'the trail')
    for _, part in ipairs({
      'src/noted.txt',
      'note added: why two?',
      'note changed: because two',
      'written and flushed to the disk',
    }) do
      t.contains(text, part, 'the trail')
    end
    vim.cmd.close()
  end)

  t.test('a trail that is open grows by itself, and the place in it stays', function()
    vim.cmd('Holdover trail')
    local buf = vim.api.nvim_get_current_buf()
    local function text()
      return table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, true), '\n')
    end
    t.wait(function()
      return text():find('note removed', 1, true)
    end, 'the trail')
    t.check(not text():find('grows', 1, true), 'not yet')
    vim.api.nvim_win_set_cursor(0, { 2, 0 })
    vim.system({ w.binary, 'note', 'add', w.folder .. '/src/noted.txt', '-m', 'grows' }):wait()
    t.wait(function()
      return text():find('note added: grows', 1, true)
    end, 'the trail has grown')
    t.equal(vim.api.nvim_win_get_cursor(0), { 2, 0 }, 'the place')
    vim.cmd.close()
    local id = listed().notes[1].id
    vim.system({ w.binary, 'note', 'remove', id, '--workspace', w.folder }):wait()
  end)

  t.test('a note whose lines are gone says so, and is put to the lines that are selected', function()
    vim.cmd.edit({ bang = true })
    shows({ [3] = 'both of these' })
    vim.api.nvim_buf_set_lines(0, 0, -1, true, { 'zero', 'one', 'a', 'b', 'c' })
    vim.cmd('silent write')
    shows({ [0] = 'both of these (the lines it was put on are not found any more, line 3 at the time)' })
    t.equal(beside(1), { '┃', 'HoldoverNoteLost' }, 'its sign')
    -- Among the code actions, as somebody finds it.
    local offered = {} ---@type string[]
    ---@diagnostic disable-next-line: duplicate-set-field
    vim.ui.select = function(items, opts, on_choice)
      offered = vim.tbl_map(opts.format_item, items)
      for i, title in ipairs(offered) do
        if title:find('Put the note', 1, true) then
          on_choice(items[i], i)
        end
      end
    end
    vim.lsp.buf.code_action({ range = { start = { 3, 0 }, ['end'] = { 4, 1 } } })
    shows({ [2] = 'both of these' })
    t.contains(table.concat(offered, '\n'), 'Put the note “both of these” here', 'what is offered')
    t.equal(listed().notes[1].place.text, 'src/noted.txt:3-4', 'where it stands')
    t.equal({ beside(1)[1], beside(3), beside(4)[1] }, { '', { '┃', 'HoldoverNote' }, '┃' }, 'its signs')
    -- By the command, any note: the choice is asked for.
    local asked ---@type string
    ---@diagnostic disable-next-line: duplicate-set-field
    vim.ui.select = function(items, opts, on_choice)
      asked = opts.prompt .. ' ' .. opts.format_item(items[1])
      on_choice(items[1], 1)
    end
    vim.cmd('5Holdover note move')
    shows({ [4] = 'both of these' })
    t.equal(asked, 'Which note is to stand on line 5? both of these (src/noted.txt:3-4)', 'the question')
    t.equal(listed().notes[1].place.text, 'src/noted.txt:5', 'where it stands')
    vim.cmd('4,5Holdover note move')
    shows({ [3] = 'both of these' })
  end)

  t.test('what a diagnostic is about has its trail', function()
    w.open('Cargo.lock')
    local found = t.wait(function()
      return vim.iter(vim.diagnostic.get(0)):find(function(d)
        return d.code == 'missing-artifact' and d.message:find('memchr', 1, true)
      end)
    end, 'the diagnostic', 60)
    vim.api.nvim_win_set_cursor(0, { found.lnum + 1, found.col })
    vim.cmd('Holdover trail finding')
    t.wait(function()
      local all = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n')
      return all:find('^# What happened to `memchr ') and all:find('found missing', 1, true)
    end, 'the trail')
    vim.cmd.close()
    vim.cmd('Holdover readiness')
    local row = t.wait(function()
      return vim.fn.search('memchr', 'cnw') > 0 and vim.fn.search('memchr', 'cnw')
    end, 'the window')
    vim.api.nvim_win_set_cursor(0, { row, 0 })
    press('zR')
    vim.api.nvim_feedkeys('t', 'x', false)
    t.wait(function()
      local all = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n')
      return all:find('^# What happened to `memchr ') and all:find('found missing', 1, true)
    end, 'the trail, from the window')
    vim.cmd('silent! only')
    t.equal(t.notified, {}, 'nothing is notified')
    w.open('src/noted.txt')
  end)

  t.test('a note written elsewhere is seen here', function()
    vim.system({ w.binary, 'note', 'add', w.folder .. '/src/noted.txt:1', '-m', 'from a terminal' }):wait()
    shows({ [0] = 'from a terminal', [3] = 'both of these' })
  end)
end

local function drafts()
  ---Runs something where each command of a name that is sent is told of first.
  ---@param told fun(command: string, send: fun())
  ---@param fn fun()
  local function listening(told, fn)
    local client = require('holdover.client')
    local real = client.execute
    ---@diagnostic disable-next-line: duplicate-set-field
    client.execute = function(server, command, ...)
      local rest = { ... }
      told(command, function()
        real(server, command, unpack(rest))
      end)
    end
    local ok, problem = pcall(fn)
    client.execute = real
    assert(ok, problem)
  end

  ---@param body string
  ---@return integer
  local function notes_that_say(body)
    return #vim.tbl_filter(function(note)
      return note.body == body
    end, listed().notes)
  end

  t.test('a note that is written again because no answer was waited for is one note', function()
    w.open('src/noted.txt')
    vim.cmd('Holdover note file')
    press('ionce<Esc>')
    local wait = vim.wait
    -- As Ctrl-C ends it.
    ---@diagnostic disable-next-line: duplicate-set-field
    vim.wait = function()
      return false, -2
    end
    vim.cmd('silent! write')
    vim.cmd('silent! write')
    vim.wait = wait
    t.contains(t.notified[1].text, 'has not answered yet', 'the message')
    closed()
    t.equal(notes_that_say('once'), 1, 'notes')
    t.equal(listed().drafts, {}, 'drafts')
    -- What is typed on before the answer comes is not lost: it is the same note's.
    w.open('src/noted.txt')
    vim.cmd('Holdover note file')
    press('itwice<Esc>')
    vim.wait = function()
      return false, -2
    end
    vim.cmd('silent! write')
    vim.wait = wait
    press('A and more<Esc>')
    t.wait(function()
      return notes_that_say('twice') == 1
    end, 'the note')
    t.equal(vim.bo.buftype, 'acwrite', 'the window stays')
    vim.cmd('silent write')
    closed()
    t.equal({ notes_that_say('twice'), notes_that_say('twice and more') }, { 0, 1 }, 'notes')
    t.equal(listed().drafts, {}, 'drafts')
    t.notified = {}
  end)

  t.test('a draft that is on its way when its note is saved ends with it', function()
    w.open('src/noted.txt')
    vim.cmd('Holdover note file')
    local left = false
    listening(function(command, send)
      send()
      if command == 'holdover.note.draft' and not left then
        left = true
        vim.cmd('silent wq')
      end
    end, function()
      press('ihurried<Esc>')
      t.wait(function()
        return left
      end, 'the draft is on its way')
      closed()
    end)
    t.wait(function()
      return notes_that_say('hurried') == 1
    end, 'the note')
    t.equal(listed().drafts, {}, 'drafts')
  end)

  t.test('what another editor is writing is not offered, and what is typed under an ended draft goes on', function()
    w.open('src/noted.txt')
    vim.cmd('Holdover note file')
    press('ihere<Esc>')
    local draft = t.wait(function()
      return listed().drafts[1]
    end, 'the draft')
    t.check(draft.open, 'somebody may be typing')
    local other = vim.tbl_extend('force', {}, draft, { id = '01KA0000000000000000000009' })
    t.equal(require('holdover.notes').abandoned({ drafts = { draft, other } }), {}, 'what is offered')
    other.open = false
    t.equal(require('holdover.notes').abandoned({ drafts = { draft, other } }), { other }, 'what is offered')
    vim.system({ w.binary, 'note', 'remove', draft.id, '--workspace', w.folder }):wait()
    t.equal(listed().drafts, {}, 'thrown away elsewhere')
    press('A and on<Esc>')
    t.wait(function()
      local now = listed().drafts[1]
      return now and now.body == 'here and on' and now.id ~= draft.id
    end, 'it is kept under a new id')
    vim.cmd('quit!')
    t.wait(function()
      return #listed().drafts == 0
    end, 'no draft')
  end)

  t.test('what is thrown away leaves no draft, and an empty note is refused and kept open', function()
    vim.cmd('Holdover note file')
    press('ithrown away<Esc>')
    t.wait(function()
      return #listed().drafts == 1
    end, 'the draft')
    vim.cmd('quit!')
    t.wait(function()
      return #listed().drafts == 0
    end, 'no draft')
    vim.cmd('Holdover note workspace')
    press('i <Esc>')
    vim.cmd('silent! write')
    t.contains(
      t.wait(function()
        return t.notified[1]
      end, 'a message').text,
      'needs a text',
      'the message'
    )
    t.equal(vim.bo.buftype, 'acwrite', 'the window stays')
    vim.cmd('quit!')
  end)

  t.test('a server that is killed loses nothing that was typed, and the note is saved by the next one', function()
    w.open('src/noted.txt')
    vim.api.nvim_win_set_cursor(0, { 4, 0 })
    vim.cmd('Holdover note')
    press('ibefore<Esc>')
    t.wait(function()
      local draft = listed().drafts[1]
      return draft and draft.body == 'before'
    end, 'the draft')
    local server = vim.iter(vim.api.nvim_get_proc_children(vim.fn.getpid())):find(function(pid)
      return t.read('/proc/' .. pid .. '/cmdline'):find('lsp', 1, true)
    end)
    vim.uv.kill(server, 'sigkill')
    t.wait(function()
      return not listed().drafts[1].open
    end, 'the server is gone')
    t.equal(listed().drafts[1].body, 'before', 'the draft outlives it')
    press('A and after<Esc>')
    t.wait(function()
      local all = listed().drafts
      return #all == 1 and all[1].body == 'before and after' and all[1].open
    end, 'the next server goes on with the same draft', 60)
    vim.cmd('silent write')
    closed()
    t.equal({ #listed().drafts, listed().notes[#listed().notes].body }, { 0, 'before and after' }, 'saved')
  end)

  t.test('an editor that is killed leaves its draft, which the next one offers and takes up', function()
    local script = vim.fn.tempname() .. '.lua'
    t.write(
      script,
      ([[
      vim.g.holdover = { cmd = { %q, 'lsp' } }
      vim.lsp.enable('holdover')
      vim.cmd.edit(%q)
      vim.wait(20000, function() local c = vim.lsp.get_clients({ bufnr = 0 })[1] return c and c.initialized end)
      vim.api.nvim_win_set_cursor(0, { 2, 0 })
      vim.cmd('Holdover note shared')
      vim.api.nvim_feedkeys('ityped in an editor that is killed', 'mx', false)
    ]]):format(w.binary, w.folder .. '/src/noted.txt')
    )
    local plugin = vim.fs.dirname(vim.fs.dirname(vim.api.nvim_get_runtime_file('plugin/holdover.lua', false)[1]))
    local other = vim.system({
      vim.v.progpath,
      '--clean',
      '--headless',
      '--cmd',
      'set rtp^=' .. plugin,
      '-c',
      'luafile ' .. script,
    })
    t.wait(function()
      local draft = listed().drafts[1]
      return draft and draft.body == 'typed in an editor that is killed'
    end, 'the draft', 60)
    other:kill('sigkill')
    other:wait()
    t.wait(function()
      return not listed().drafts[1].open
    end, 'its server ends with it', 30)
    local asked ---@type string[]
    ---@diagnostic disable-next-line: duplicate-set-field
    vim.ui.select = function(items, opts, on_choice)
      asked = vim.tbl_map(opts.format_item, items)
      on_choice(items[1], 1)
    end
    vim.cmd('Holdover drafts')
    t.wait(function()
      return vim.bo.buftype == 'acwrite'
    end, 'the window')
    t.equal(#asked, 1, 'drafts')
    t.contains(asked[1], 'src/noted.txt:2: typed in an editor that is killed', 'what is offered')
    t.equal(vim.api.nvim_buf_get_lines(0, 0, -1, true), { 'typed in an editor that is killed' }, 'text')
    vim.cmd('silent write')
    closed()
    local found = vim.tbl_filter(function(note)
      return note.body == 'typed in an editor that is killed'
    end, listed().notes)
    t.equal(
      { #found, found[1].place.text, found[1].shared, #listed().drafts },
      { 1, 'src/noted.txt:2', true, 0 },
      'the note'
    )
  end)
end

t.main(function()
  vim.g.holdover = { cmd = { w.binary, 'lsp' } }
  vim.lsp.enable('holdover')
  written()
  drafts()
end)
