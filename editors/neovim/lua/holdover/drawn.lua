-- What the windows that the plugin draws have in common: asking the server for what they show, and saying why there is
-- nothing to show.

local client_of = require('holdover.client')

local M = {}

---A message as lines; a `hint:` in its own colour.
---@param message string
---@return holdover.Line[]
function M.problem(message)
  return vim.tbl_map(function(part)
    return { chunks = { { '  ' .. part, vim.startswith(part, 'hint:') and 'DiagnosticHint' or 'DiagnosticError' } } }
  end, vim.split(message, '\n', { plain = true }))
end

---Runs a command of the server for a window and draws its result.
---@param buf integer
---@param command string
---@param fields table
---@param done fun(lines: holdover.Line[])
---@param draw fun(result: any, workspace: string?, client: vim.lsp.Client): holdover.Line[]
function M.load(buf, command, fields, done, draw)
  local client = client_of.of(buf)
  if not client then
    done(M.problem('no server runs for this workspace\nhint: open one of its files, then press r here'))
    return
  end
  local workspace = client_of.workspace(client, buf)
  fields.workspace = workspace
  client_of.execute(client, command, fields, function(err, result)
    done(err and M.problem(err.message) or draw(result, workspace, client))
  end)
end

return M
