-- Edits that the server asks for. Neovim applies the first one to a document whatever has changed, skips later ones that
-- are too old, and says of all of them that they were applied: here they are compared first, and the answer is the truth.

local M = {}

---Whether an edit was made for the text as it is now.
---@param edit lsp.WorkspaceEdit
---@return boolean
function M.is_current(edit)
  for _, change in ipairs(edit.documentChanges or {}) do
    local document = change.textDocument
    local version = document and document.version
    if document and type(version) == 'number' then
      local now = vim.lsp.util.buf_versions[vim.uri_to_bufnr(document.uri)]
      if (now or 0) ~= version then
        return false
      end
    end
  end
  return true
end

---Handler of `workspace/applyEdit`.
---@param err? lsp.ResponseError
---@param params lsp.ApplyWorkspaceEditParams
---@param ctx lsp.HandlerContext
---@return any
function M.apply(err, params, ctx)
  if not M.is_current(params.edit) then
    return { applied = false, failureReason = 'the text has changed since the edit was made' }
  end
  return vim.lsp.handlers['workspace/applyEdit'](err, params, ctx)
end

return M
