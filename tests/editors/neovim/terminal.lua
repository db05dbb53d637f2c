-- The init.lua of the run in a terminal: what a reader of the README would have, and nothing more.

vim.o.statusline = " %f %m%=%{v:lua.require'holdover'.statusline()}  %l:%c "
vim.o.number = true
vim.o.signcolumn = 'yes'
vim.o.swapfile = false
vim.o.winborder = vim.fn.has('nvim-0.11') == 1 and 'rounded' or nil
vim.diagnostic.config({ virtual_text = { spacing = 2, prefix = '●' }, severity_sort = true })

vim.lsp.enable('holdover')
