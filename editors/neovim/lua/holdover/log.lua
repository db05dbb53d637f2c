-- The server's log in a split. Finds the file; where there is none, Neovim's own log of language servers has what the
-- server wrote to its error output.

local M = {}

---Where the server says that it logs, else where it does by default, else Neovim's own log.
---@return string
function M.path()
  local client = require('holdover.client').of()
  local said = client and vim.tbl_get(client, 'server_capabilities', 'experimental', 'holdover', 'log')
  if type(said) == 'string' and vim.uv.fs_stat(said) then
    return said
  end
  local data = vim.env.HOLDOVER_DATA_DIR
    or vim.fs.joinpath(vim.env.XDG_DATA_HOME or vim.fn.expand('~/.local/share'), 'holdover')
  local file = vim.fs.joinpath(data, 'logs', 'lsp.log')
  return vim.uv.fs_stat(file) and file or vim.lsp.log.get_filename()
end

---@param mods? vim.api.keyset.cmd_mods
function M.open(mods)
  local placed = mods and (mods.split ~= '' or (mods.tab or -1) >= 0 or mods.vertical)
  vim.cmd.split({ vim.fn.fnameescape(M.path()), mods = placed and mods or { split = 'botright' } })
  vim.bo.readonly, vim.bo.modifiable, vim.bo.swapfile, vim.bo.autoread = true, false, false, true
  vim.cmd.normal({ 'G', bang = true })
end

return M
