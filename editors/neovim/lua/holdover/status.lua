-- The last status of every server, and the news of a change. Keeps what the server said; computes nothing of its own.

local M = {}

local by_client = {} ---@type table<integer, holdover.Status?> by client id

---@param client_id integer
---@param status? holdover.Status
local function tell(client_id, status)
  vim.api.nvim_exec_autocmds('User', {
    pattern = 'HoldoverStatus',
    modeline = false,
    data = { client_id = client_id, status = status, text = status and status.text or '' },
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
  by_client[ctx.client_id] = status
  tell(ctx.client_id, status)
end

---Drops what a server said, because it is gone: an old figure is worse than none.
---@param client_id integer
function M.forget(client_id)
  if by_client[client_id] then
    by_client[client_id] = nil
    tell(client_id, nil)
  end
end

---@param bufnr? integer default: the current buffer
---@return holdover.Status?
function M.get(bufnr)
  local client = require('holdover.client').of(bufnr)
  return client and by_client[client.id]
end

---@param client_id integer
---@return holdover.Status?
function M.of_client(client_id)
  return by_client[client_id]
end

return M
