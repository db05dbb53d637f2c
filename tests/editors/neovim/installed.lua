-- The plugin as the README installs it, in a Neovim with nothing but that: Neovim's own packages, and lualine beside it.

local t = require('harness')
local s = require('support')
local fake = require('fake_server')

t.main(function()
  t.test('as a package it is there after the start: command, server, help', function()
    t.equal(vim.fn.exists(':Holdover'), 2, ':Holdover')
    t.check(vim.lsp.is_enabled('holdover'), 'the init.lua of the README has enabled the server')
    t.equal(vim.lsp.config.holdover.cmd, { 'holdover', 'lsp' }, 'lsp/holdover.lua is found')
    vim.cmd.help(':Holdover-readiness')
    t.contains(vim.api.nvim_buf_get_name(0), '/doc/holdover.txt', 'the help')
    vim.cmd('silent! helpclose')
  end)

  t.test('lualine shows the status line of the server', function()
    vim.opt.runtimepath:append(os.getenv('HOLDOVER_LUALINE') or '')
    local found, lualine = pcall(require, 'lualine')
    t.check(found, 'no lualine: install.sh brings it, or HOLDOVER_LUALINE names it')
    -- As the README has it.
    lualine.setup({
      sections = { lualine_x = { require('holdover').statusline, 'filetype' } },
    })
    local server, client = s.open()
    s.tell(server, client, fake.status(1204, 1207))
    t.contains(lualine.statusline(true), 'offline: 1,204 of 1,207', 'the line')
    client:stop(true)
    t.wait(function()
      return not lualine.statusline(true):find('offline', 1, true)
    end, 'nothing once the server has ended')
  end)
end)
