-- An explanation in a real Neovim: facts beside the text at once, a model's words as they come, stopped by a key, and what was said of it.
-- The model is tests/editors/endpoint.mjs, which says what it is told to.

local t = require('harness')
local w = require('workspace')

local go = vim.fn.tempname()
local endpoint = vim.system({
  'node',
  w.need('HOLDOVER_REPOSITORY') .. '/tests/editors/endpoint.mjs',
  go,
  'It adds ',
  'two `numbers`.',
  '--',
  '\n\n```sh\nrm -rf /\n```\n\nThat is `all_of_it`.',
})

---@return string
local function shown()
  for _, win in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    local buf = vim.api.nvim_win_get_buf(win)
    if vim.api.nvim_buf_get_name(buf):find('^holdover:/+explanation/') then
      return table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, true), '\n')
    end
  end
  return ''
end

---@param words string
local function shows(words)
  return t.wait(function()
    local now = shown()
    return now:find(words, 1, true) and now
  end, ('%q is shown, not:\n%s'):format(words, shown()), 60)
end

t.main(function()
  local address = t.wait(function()
    local file = io.open(go .. '.address')
    local text = file and file:read('a')
    return text and text ~= '' and text
  end, 'the endpoint', 60)
  vim.g.holdover = {
    cmd = { w.binary, 'lsp' },
    settings = { explain = { endpoint = address, ['endpoint-model'] = 'scripted' } },
  }
  vim.lsp.config('holdover', {
    init_options = { trusted = true, settings = vim.g.holdover.settings },
    settings = { holdover = vim.g.holdover.settings },
  })
  vim.lsp.enable('holdover')
  t.write(
    w.folder .. '/sum.rs',
    'const BASE: u32 = 1;\n\n/// Adds.\nfn sum(a: u32, b: u32) -> u32 {\n    a + b + BASE\n}\n'
  )
  w.open('sum.rs')

  t.test(':Holdover explain shows facts without a model, and the text keeps the keyboard', function()
    local win = vim.api.nvim_get_current_win()
    vim.cmd('5Holdover explain facts')
    local text = shows('these lines are in `sum`, lines 4 to 6')
    t.contains(text, 'fn sum(a: u32, b: u32) -> u32', 'its signature')
    t.contains(text, 'const BASE: u32 = 1;', 'what it uses')
    t.equal(text:find('## Explanation', 1, true), nil, 'nobody was asked')
    t.equal(vim.api.nvim_get_current_win(), win, 'the window')
  end)

  t.test("a model's words stand beneath, with who says them, and a key stops it", function()
    vim.cmd('only')
    vim.cmd('5Holdover explain')
    local text = shows('It adds two `numbers`.')
    t.contains(text, '> **scripted**, this machine; sum.rs, line 5;', 'who and about what')
    t.contains(text, 'Generated on this machine, may be wrong.', 'what it is worth')
    vim.cmd('wincmd j')
    vim.api.nvim_feedkeys('c', 'mx', false)
    shows('stopped, as was asked')
  end)

  t.test('commands stand apart and classed, and what is not in the context is doubted', function()
    t.write(go, '')
    vim.cmd('wincmd t')
    vim.cmd('only')
    vim.cmd('5Holdover explain')
    local text = shows('Holdover runs none of them')
    t.contains(text, '**DESTRUCTIVE**, `rm` deletes, moves or ends something: `rm -rf /`', 'its class')
    t.contains(text, 'identifier `all_of_it`', 'a doubt')
    t.contains(text, '## What the model saw', 'what it saw')
  end)

  t.test('what a person says of it is written down', function()
    vim.cmd('wincmd j')
    local input = vim.ui.input
    ---@diagnostic disable-next-line: duplicate-set-field
    vim.ui.input = function(_, done)
      done('too short')
    end
    vim.api.nvim_feedkeys('-', 'mx', false)
    shows('You said that it is of no use: too short.')
    vim.ui.input = input
  end)

  t.test('a command is explained, and not run', function()
    vim.cmd('wincmd t')
    vim.cmd('only')
    local input = vim.ui.input
    ---@diagnostic disable-next-line: duplicate-set-field
    vim.ui.input = function(_, done)
      done('touch made-by-nobody && rm -rf sum.rs')
    end
    vim.cmd('Holdover explain command')
    local text = shows('if that went well, `rm -rf sum.rs` is DESTRUCTIVE')
    vim.ui.input = input
    t.contains(text, '# A command, which nobody ran', 'what it is')
    t.equal(vim.uv.fs_stat(w.folder .. '/made-by-nobody'), nil, 'what it would have made')
  end)

  endpoint:kill(15)
end)
