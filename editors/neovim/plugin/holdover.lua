-- What must exist before the first use: the command, mappings that one may bind, and listeners that load their module
-- only when they have something to show. May not require anything at the top.

if vim.g.loaded_holdover then
  return
end
vim.g.loaded_holdover = true

vim.api.nvim_create_user_command('Holdover', function(args)
  require('holdover.commands').run(args.fargs, args.smods, args.range > 0 and { args.line1, args.line2 } or nil)
end, {
  nargs = '*',
  range = true,
  desc = 'Holdover: readiness for work without a network',
  complete = function(lead, line)
    return require('holdover.commands').complete(lead, line)
  end,
})

for name, command in pairs({
  status = 'status',
  readiness = 'readiness',
  preflight = 'preflight',
  fetch = 'fetch',
  conflicts = 'conflicts',
  note = 'note',
  notes = 'notes',
  next = 'next',
  previous = 'previous',
  preview = 'preview',
  resolve = 'resolve',
  review = 'review',
  accept = 'accept',
  ['accept-base'] = 'accept base',
  ['accept-both'] = 'accept both',
  ['accept-both-reversed'] = 'accept both-reversed',
  ['accept-current'] = 'accept current',
  ['accept-incoming'] = 'accept incoming',
  ['accept-none'] = 'accept none',
}) do
  local plug = ('<Plug>(holdover-%s)'):format(name)
  vim.keymap.set('n', plug, ('<Cmd>Holdover %s<CR>'):format(command), { desc = 'Holdover: ' .. command })
end

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
vim.api.nvim_create_autocmd({ 'LspAttach', 'BufWritePost' }, {
  group = group,
  desc = 'Show notes and threads of reviews',
  callback = function(event)
    for _, client in ipairs(vim.lsp.get_clients({ name = 'holdover', bufnr = event.buf })) do
      require('holdover.notes').refresh(client, event.buf)
      require('holdover.review').refresh(client, event.buf)
    end
  end,
})
vim.api.nvim_create_autocmd('LspAttach', {
  group = group,
  desc = 'Show in manifests what is locked and here',
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'holdover' then
      require('holdover.attach').show_hints(event.buf)
    end
  end,
})
vim.api.nvim_create_autocmd({ 'BufWritePost', 'LspDetach' }, {
  group = group,
  desc = 'End the marks of conflicts that were resolved',
  callback = function(event)
    -- Nothing was marked before it was loaded.
    if package.loaded['holdover.regions'] then
      require('holdover.regions').ended(event)
    end
  end,
})
vim.api.nvim_create_autocmd('FileType', {
  group = group,
  desc = 'Say once where the program is not there',
  callback = function()
    -- Nothing is enabled before vim.lsp is loaded.
    if package.loaded['vim.lsp'] and vim.lsp.is_enabled and vim.lsp.is_enabled('holdover') then
      require('holdover.attach').check_program()
      return true
    end
  end,
})
vim.api.nvim_create_autocmd('BufReadCmd', {
  group = group,
  pattern = 'holdover:/*',
  desc = 'Show a document of Holdover',
  callback = function(event)
    require('holdover.content').read(event.buf, event.match)
  end,
})
