-- The help and the code name the same commands, options, functions, mappings and highlights.

local t = require('harness')

local help = t.read(vim.api.nvim_get_runtime_file('doc/holdover.txt', false)[1])

---@param pattern string
---@return string[] sorted, each once
local function named(pattern)
  local found = {}
  for name in help:gmatch(pattern) do
    found[name] = true
  end
  found = vim.tbl_keys(found)
  table.sort(found)
  return found
end

---@param set table<string, any>
---@return string[]
local function sorted(set)
  local keys = vim.tbl_keys(set)
  table.sort(keys)
  return keys
end

t.main(function()
  t.test('each subcommand has a tag, and each tag a subcommand', function()
    t.equal(named('%*:Holdover%-([%w-]+)%*'), sorted(require('holdover.subcommands')), 'subcommands')
  end)

  t.test('each word of a subcommand stands at its tag', function()
    for name, sub in pairs(require('holdover.subcommands')) do
      local section = help:match(('%%*:Holdover%%-%s%%*(.-)%%*:?[Hh]oldover%%-'):format(vim.pesc(name))) or ''
      for _, word in ipairs(name == 'page' and {} or sub.words or {}) do
        t.contains(section, word, ('help of :Holdover %s'):format(name))
      end
    end
  end)

  t.test('each option has a tag, and each tag an option', function()
    t.equal(named('%*vim%.g%.holdover%.([%w_]+)%*'), sorted(require('holdover.config').types), 'options')
  end)

  t.test('each function has a tag, and each tag a function', function()
    t.equal(named("%*require%('holdover'%)%.([%w_]+)%(%)%*"), sorted(require('holdover')), 'functions')
  end)

  t.test('each <Plug> mapping has a tag, and each tag a mapping', function()
    local mapped = {}
    for _, map in ipairs(vim.api.nvim_get_keymap('n')) do
      local name = map.lhs:match('^<Plug>%(holdover%-([%w-]+)%)$')
      if name then
        mapped[name] = true
      end
    end
    t.equal(named('%*<Plug>%(holdover%-([%w-]+)%)%*'), sorted(mapped), 'mappings')
  end)

  t.test('each highlight group has a tag, and each tag a group', function()
    require('holdover.regions')
    require('holdover.note_marks')
    t.equal(named('%*hl%-(Holdover%w+)%*'), vim.fn.sort(vim.fn.getcompletion('Holdover', 'highlight')), 'groups')
  end)

  t.test('each key of a window is in the help', function()
    for _, window in ipairs({ 'readiness', 'conflicts', 'journal' }) do
      local section = help:match(('%%*holdover%%-%s%%*(.-)\n[=-]'):format(window)) or ''
      for _, key in ipairs(require('holdover.' .. window).spec.keys) do
        t.check(
          section:find('\n    ' .. vim.pesc(key.lhs) .. '%s'),
          ('%s in the help of the window %s'):format(key.lhs, window)
        )
      end
    end
  end)

  t.test('no line of the help is wider than 80 columns', function()
    for line in help:gmatch('[^\n]+') do
      -- What begins an example is not shown.
      t.check(vim.fn.strdisplaywidth((line:gsub(' >%a*$', ''))) <= 80, line)
    end
  end)

  t.test('every tag that the help points to is there', function()
    local tags = {}
    for _, file in ipairs(vim.api.nvim_get_runtime_file('doc/tags', true)) do
      for line in io.lines(file) do
        tags[line:match('^[^\t]+')] = true
      end
    end
    for tag in help:gmatch('|([^|%s]+)|') do
      t.check(tags[tag], 'there is no help tag ' .. tag)
    end
  end)
end)
