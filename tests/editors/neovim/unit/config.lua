-- vim.g.holdover: what is wrong in it is named, with what was probably meant, and does no harm.

local t = require('harness')
local s = require('support')

t.main(function()
  t.test('a wrong key in vim.g.holdover is named and does no harm', function()
    vim.g.holdover = { command = 'x', trusted = 'yes', cmd = {} }
    local config = require('holdover.config')
    t.equal(config.get().cmd, { 'holdover', 'lsp' }, 'an empty command counts as not set')
    t.equal(config.get().trusted, nil, 'trust is never taken from a value of the wrong type')
    local problems = table.concat(config.problems(), '\n')
    t.contains(problems, 'vim.g.holdover.command has no meaning; known keys:', 'unknown key')
    t.contains(problems, 'vim.g.holdover.trusted is a string and must be a boolean', 'wrong type')
  end)

  t.test('an unknown key is named with the nearest known one, of the settings too', function()
    vim.g.holdover = {
      highlight_conflict = true,
      settings = {
        inventories = {},
        inventory = { verified = true, exclude = {} },
        fetch = { timeoutSeconds = 9, ['timeout-seconds'] = 9 },
      },
    }
    local problems = table.concat(require('holdover.config').problems(), '\n')
    t.contains(problems, 'vim.g.holdover.highlight_conflict has no meaning; did you mean highlight_conflicts?', 'key')
    t.contains(problems, 'vim.g.holdover.settings.inventories has no meaning; did you mean inventory?', 'section')
    t.contains(problems, 'vim.g.holdover.settings.inventory.verified has no meaning; did you mean verify?', 'setting')
    t.equal(select(2, problems:gsub('\n', '')), 2, 'problems beside these: ' .. problems)
    vim.g.holdover = { zzzzzzzzz = 1 }
    t.contains(require('holdover.config').problems()[1], 'known keys: border, cmd', 'a key like no other')
    vim.g.holdover = nil
  end)

  t.test('the settings that are known are those of the schema', function()
    local schema = vim.json.decode(t.read(os.getenv('HOLDOVER_REPOSITORY') .. '/docs/schema/holdover.schema.json'))
    local defs = schema['$defs']
    local known = {}
    for section, property in pairs(defs.Settings.properties) do
      local name = property['$ref']:match('[^/]*$')
      known[section] = vim.tbl_keys(defs[name].properties)
      table.sort(known[section])
    end
    t.equal(require('holdover.config').settings, known, 'settings')
  end)

  t.test('the version is the one that the program is built with', function()
    local manifest = t.read(os.getenv('HOLDOVER_REPOSITORY') .. '/Cargo.toml')
    t.equal(require('holdover.config').VERSION, manifest:match('\nversion = "(.-)"'), 'version')
  end)

  t.test('what is wrong is told once when a server starts', function()
    s.open()
    vim.g.holdover = { colour = 1 }
    vim.cmd('Holdover restart')
    t.contains(s.notification(), 'vim.g.holdover.colour has no meaning', 'what is said')
    t.contains(s.notification(), ':help holdover-config', 'what to do')
  end)

  t.test('diagnostics takes what vim.diagnostic.config takes, for the own namespace alone', function()
    s.open()
    vim.g.holdover = { diagnostics = { virtual_text = false, underline = false } }
    vim.cmd('Holdover restart')
    local namespace = t.wait(function()
      local of = require('holdover').namespace()
      return of and vim.diagnostic.config(nil, of).underline == false and of
    end, 'the namespace is configured')
    t.equal(vim.diagnostic.config(nil, namespace).virtual_text, false, 'virtual text')
    t.check(vim.diagnostic.config().underline ~= false, 'others are as they were')
  end)
end)
