-- What must exist before the first use: the command, and two listeners that load their module only when they have
-- something to show. May not require anything at the top.

if vim.g.loaded_holdover then
  return
end
vim.g.loaded_holdover = true

vim.api.nvim_create_user_command('Holdover', function(args)
  require('holdover.commands').run(args.fargs)
end, {
  nargs = '*',
  desc = 'Holdover: readiness for work without a network',
  complete = function(lead, line)
    return require('holdover.commands').complete(lead, line)
  end,
})

local group = vim.api.nvim_create_augroup('holdover', { clear = true })
vim.api.nvim_create_autocmd('LspProgress', {
  group = group,
  desc = 'Show the progress of a fetch',
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'holdover' then
      require('holdover.progress').on_event(client, event.data.params)
    end
  end,
})
