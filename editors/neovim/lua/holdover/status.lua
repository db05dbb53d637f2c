-- The last status of every workspace, and the news of a change. Keeps what the servers said; computes nothing of its own.

local M = {}

local said = {} ---@type table<integer, table<string, holdover.Status>> by client id and workspace

---@param client_id integer
---@param status? holdover.Status
---@param workspace string
local function tell(client_id, status, workspace)
  vim.api.nvim_exec_autocmds('User', {
    pattern = 'HoldoverStatus',
    modeline = false,
    data = { client_id = client_id, workspace = workspace, status = status, text = status and status.text or '' },
  })
  vim.cmd.redrawstatus({ bang = true })
end

---Handler of `holdover/didChangeStatus`.
---@param err? lsp.ResponseError
---@param status? holdover.Status
---@param ctx lsp.HandlerContext
function M.on_change(err, status, ctx)
  status = require('holdover.client').without_null(status)
  if err or not status then
    return
  end
  local workspace = status.workspace or ''
  said[ctx.client_id] = said[ctx.client_id] or {}
  said[ctx.client_id][workspace] = status
  tell(ctx.client_id, status, workspace)
end

---Drops what a server said, because it is gone: an old figure is worse than none.
---@param client_id integer
function M.forget(client_id)
  local gone = said[client_id] or {}
  said[client_id] = nil
  for workspace in pairs(gone) do
    tell(client_id, nil, workspace)
  end
end

---What a server said of one of its workspaces.
---@param client {id: integer, root_dir?: string}
---@param workspace? string default: its first
---@return holdover.Status?
function M.of_client(client, workspace)
  local statuses = said[client.id]
  if not statuses then
    return nil
  end
  workspace = workspace or client.root_dir
  if workspace and statuses[workspace] then
    return statuses[workspace]
  end
  -- A server names a folder by its real path, which may not be the one that it was opened by.
  local one = next(statuses)
  return one and next(statuses, one) == nil and statuses[one] or nil
end

---@param bufnr? integer default: the current buffer
---@return holdover.Status?
function M.get(bufnr)
  local of = require('holdover.client')
  local client = of.of(bufnr)
  return client and M.of_client(client, of.workspace(client, bufnr))
end

return M
