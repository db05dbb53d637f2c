-- What a configuration may use. Nothing need be called: there is no `setup()`.

local M = {}

---The server's own line for a status bar, `offline: 1,204 of 1,207` for example; empty where no server runs.
---@param bufnr? integer default: the current buffer
---@return string
function M.statusline(bufnr)
  -- lualine hands its components a table of its own.
  local status = require('holdover.status').get(type(bufnr) == 'number' and bufnr or nil)
  return status and status.text or ''
end

---Everything that the server last said about the workspace of a buffer.
---@param bufnr? integer default: the current buffer
---@return holdover.Status?
function M.status(bufnr)
  local status = require('holdover.status').get(bufnr)
  return status and vim.deepcopy(status)
end

---The namespace of Holdover's own diagnostics in a buffer, for |vim.diagnostic.config()|; nil where no server runs.
---@param bufnr? integer default: the current buffer
---@return integer?
function M.namespace(bufnr)
  local client = require('holdover.client').of(bufnr)
  return client and vim.lsp.diagnostic.get_namespace(client.id)
end

return M
