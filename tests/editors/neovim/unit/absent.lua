-- A program that is not there, in a Neovim that has just started.

local t = require('harness')
local s = require('support')

t.main(function()
  t.test('a program that is not there is told once, with what to do, and not with every file', function()
    vim.lsp.config('holdover', { cmd = { '/nowhere/holdover', 'lsp' } })
    vim.lsp.enable('holdover')
    for _, file in ipairs({ 'Cargo.toml', 'build.rs', 'src/main.rs' }) do
      local path = s.tmp .. '/other/' .. file
      t.write(path, '\n')
      vim.cmd.edit(vim.fn.fnameescape(path))
    end
    t.contains(s.notification(), 'the program /nowhere/holdover is not there', 'what is said')
    t.contains(s.notification(), 'hint: cargo install', 'what to do')
    vim.wait(50)
    t.equal(#t.notified, 1, 'notifications')
    t.equal(#vim.lsp.get_clients({ bufnr = 0 }), 0, 'servers of the file')
  end)
end)
