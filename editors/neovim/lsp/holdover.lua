-- The server for |vim.lsp.enable()|, in nvim-lspconfig's shape. No feature logic: what needs code is
-- required when it is first used, so that a start of Neovim pays for a table and nothing else.

---@brief
---
--- Holdover tells what a workspace needs that is not on this machine, and fetches it while there is a network.
---
--- ```lua
--- vim.lsp.enable('holdover')
--- ```

local config = require('holdover.config').get()

---@type vim.lsp.Config
return {
  cmd = config.cmd,
  -- Every filetype: a merge conflict or a missing dependency may stand in any file.
  filetypes = nil,
  root_markers = {
    'holdover.toml',
    { 'Cargo.lock', 'package-lock.json', 'uv.lock', 'yarn.lock', 'go.work', 'go.sum' },
    'Cargo.toml',
    '.git',
  },
  root_dir = function(bufnr, on_dir)
    require('holdover.attach').root_dir(bufnr, on_dir)
  end,
  init_options = { trusted = config.trusted, settings = config.settings },
  settings = { holdover = config.settings },
  -- Neovim honours the version of an edit, and says so only when it is told to: without it, an edit that comes late is
  -- applied to lines that have moved.
  capabilities = {
    workspace = { workspaceEdit = { documentChanges = true } },
    experimental = {
      holdoverNotes = true,
      holdoverReviews = true,
      holdoverTrail = true,
      holdoverDelivery = true,
      holdoverConflicts = true,
      holdoverExplanations = true,
    },
  },
  handlers = {
    ['workspace/applyEdit'] = function(err, params, ctx)
      return require('holdover.edit').apply(err, params, ctx)
    end,
    ['textDocument/publishDiagnostics'] = function(err, params, ctx)
      require('holdover.elsewhere').on_publish(err, params, ctx)
    end,
    ['holdover/didChangeStatus'] = function(err, status, ctx)
      require('holdover.status').on_change(err, status, ctx)
    end,
    ['holdover/didChangeNotes'] = function(_, _, ctx)
      local client = vim.lsp.get_client_by_id(ctx.client_id)
      if client then
        require('holdover.notes').refresh_all(client)
      end
    end,
    ['holdover/didChangeReviews'] = function(_, _, ctx)
      local client = vim.lsp.get_client_by_id(ctx.client_id)
      if client then
        require('holdover.review').refresh_all(client)
      end
    end,
    ['holdover/didChangeConflicts'] = function(_, params)
      require('holdover.regions').on_change(params)
    end,
    ['holdover/didChangeExplanation'] = function(_, params)
      require('holdover.explain').on_change(params)
    end,
    ['holdover/didChangeBuild'] = function(_, params)
      require('holdover.build').on_change(params)
    end,
    -- What is sealed, on a remote or seen by others now.
    ['holdover/didChangeDelivery'] = function(_, _, ctx)
      local client = vim.lsp.get_client_by_id(ctx.client_id)
      if client then
        require('holdover.notes').refresh_all(client)
      end
    end,
  },
  commands = {
    -- A code action's fetch takes the same way as `:Holdover fetch`, so that it can offer to trust the workspace.
    ['holdover.fetch'] = function(command, ctx)
      require('holdover.fetch').from_code_action(command, ctx)
    end,
    ['holdover.prove'] = function(command, ctx)
      require('holdover.prove').from_code_action(command, ctx)
    end,
    -- A server cannot ask for a text.
    ['holdover.writeNote'] = function(command)
      require('holdover.notes').from_code_action(command)
    end,
    ['holdover.openNote'] = function(command)
      require('holdover.notes').from_lens(command)
    end,
    ['holdover.replyToThread'] = function(command)
      require('holdover.review').from_code_action(command)
    end,
    ['holdover.previewConflict'] = function(command)
      require('holdover.preview').from_command(command)
    end,
    ['holdover.showExplanation'] = function(command)
      require('holdover.explain').from_code_action(command)
    end,
    ['holdover.showTrail'] = function(command)
      require('holdover.trail').from_code_action(command)
    end,
  },
  on_init = function(client)
    require('holdover.attach').on_init(client)
    require('holdover.notes').offer(client)
  end,
  on_exit = function(code, signal, client_id)
    require('holdover.life').on_exit(code, signal, client_id)
  end,
}
