-- The running server: finding the one a buffer belongs to, and asking it to do something.
-- Knows the protocol's shape of a command; shows nothing but failures.

local M = {}

---Shows a failure. Nothing else in this plugin may use |vim.notify()|.
---@param message string
function M.fail(message)
  vim.notify('holdover: ' .. message, vim.log.levels.ERROR, { title = 'Holdover' })
end

---The servers that run, those that are being stopped left out.
---@param filter? vim.lsp.get_clients.Filter
---@return vim.lsp.Client[]
function M.all(filter)
  filter = vim.tbl_extend('force', filter or {}, { name = 'holdover' })
  return vim.tbl_filter(function(client)
    return not client:is_stopped()
  end, vim.lsp.get_clients(filter))
end

---The folders that a server looks after.
---@param client vim.lsp.Client
---@return string[]
function M.folders(client)
  local folders = {} ---@type string[]
  for _, folder in ipairs(client.workspace_folders or {}) do
    folders[#folders + 1] = vim.uri_to_fname(folder.uri)
  end
  if #folders == 0 and client.root_dir then
    folders[1] = client.root_dir
  end
  return folders
end

---Which of some folders a file lies in, the innermost where several do.
---@param file string
---@param folders string[]
---@return string?
function M.innermost(file, folders)
  local best ---@type string?
  for _, folder in ipairs(folders) do
    if vim.fs.relpath(folder, file) and #folder > #(best or '') then
      best = folder
    end
  end
  return best
end

---The server of a buffer. A window of this plugin belongs to its workspace's; a buffer without a server (help, a new
---tab) is given the only one that runs, if there is only one.
---@param bufnr? integer default: the current buffer
---@return vim.lsp.Client?
function M.of(bufnr)
  if not bufnr or bufnr == 0 then
    bufnr = vim.api.nvim_get_current_buf()
  end
  local here = M.all({ bufnr = bufnr })
  if here[1] then
    return here[1]
  end
  local all = M.all()
  local workspace = vim.b[bufnr].holdover_workspace
  for _, client in ipairs(all) do
    if workspace and vim.list_contains(M.folders(client), workspace) then
      return client
    end
  end
  return #all == 1 and all[1] or nil
end

---Whichever server runs; for what every one of them can tell.
---@param buf integer whose own is taken where it has one
---@return vim.lsp.Client?
function M.any(buf)
  local own = M.of(buf)
  if own then
    return own
  end
  for _, client in ipairs(M.all()) do
    return client
  end
  return nil
end

---The workspace of a buffer, of those that its server looks after.
---@param client vim.lsp.Client
---@param bufnr? integer default: the current buffer
---@return string?
function M.workspace(client, bufnr)
  bufnr = (bufnr and bufnr ~= 0) and bufnr or vim.api.nvim_get_current_buf()
  local folders = M.folders(client)
  local named = vim.b[bufnr].holdover_workspace
  if named and vim.list_contains(folders, named) then
    return named
  end
  return M.innermost(vim.api.nvim_buf_get_name(bufnr), folders) or client.root_dir or folders[1]
end

---Like |M.of()|, and says what to do where there is none.
---@param bufnr? integer
---@return vim.lsp.Client?
function M.of_or_fail(bufnr)
  local client = M.of(bufnr)
  if not client then
    M.fail(
      #M.all() > 1 and 'several workspaces are open\nhint: run this from a file of the one that you mean'
        or "no server runs for this buffer\nhint: put vim.lsp.enable('holdover') in your init.lua; :Holdover health says more"
    )
  end
  return client
end

---Runs a function with the server and the workspace of the file; says so where it has none.
---@param fn fun(client: vim.lsp.Client, workspace: string)
function M.here(fn)
  local client = M.of_or_fail()
  local workspace = client and M.workspace(client)
  if client and workspace then
    fn(client, workspace)
  elseif client then
    M.fail('this file belongs to no workspace\nhint: a folder with a holdover.toml, a lockfile or .git is one')
  end
end

---@param client vim.lsp.Client
---@param command string
---@return boolean
function M.knows(client, command)
  local provider = vim.tbl_get(client, 'server_capabilities', 'executeCommandProvider')
  return provider ~= nil and vim.list_contains(provider.commands or {}, command)
end

---A result without JSON's null: Neovim hands it on as |vim.NIL|, which is true in an `if`. Changes the value in place.
---@generic T
---@param value T
---@return T?
function M.without_null(value)
  if value == vim.NIL then
    return nil
  end
  if type(value) == 'table' then
    for key, item in pairs(value) do
      value[key] = M.without_null(item)
    end
  end
  return value
end

---@param client vim.lsp.Client
---@param method string
---@param params table
---@param done fun(err: lsp.ResponseError?, result: any)
function M.request(client, method, params, done)
  local sent = client:request(
    method --[[@as vim.lsp.protocol.Method.ClientToServer.Request]],
    params,
    function(err, result)
      done(err, M.without_null(result))
    end
  )
  if not sent then
    done({ code = -32099, message = 'the server has stopped\nhint: :Holdover restart' }, nil)
  end
end

---Runs a command of the server. Its one argument is an object: the workspace and the flags of its command line twin.
---@param client vim.lsp.Client
---@param command string `holdover.fetch` for example
---@param fields? table
---@param done fun(err: lsp.ResponseError?, result: any)
function M.execute(client, command, fields, done)
  if not M.knows(client, command) then
    local info = client.server_info or {}
    done({
      code = -32601,
      message = ('the server (%s %s) does not know the command %s\nhint: update the server, then :Holdover restart'):format(
        info.name or client.name,
        info.version or 'of unknown version',
        command
      ),
    }, nil)
    return
  end
  local argument = vim.tbl_extend('keep', fields or {}, { workspace = M.workspace(client) })
  M.request(client, 'workspace/executeCommand', {
    command = command,
    arguments = { next(argument) and argument or vim.empty_dict() },
  }, done)
end

return M
