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

---The server of a buffer. A buffer without one (help, a float, a new tab) is given the only one that runs, if there
---is only one.
---@param bufnr? integer default: the current buffer
---@return vim.lsp.Client?
function M.of(bufnr)
  bufnr = bufnr or 0
  if bufnr == 0 then
    bufnr = vim.api.nvim_get_current_buf()
  end
  local here = M.all({ bufnr = bufnr })
  if here[1] then
    return here[1]
  end
  local all = M.all()
  return #all == 1 and all[1] or nil
end

---Like |M.of()|, and says what to do where there is none.
---@param bufnr? integer
---@return vim.lsp.Client?
function M.of_or_fail(bufnr)
  local client = M.of(bufnr)
  if not client then
    M.fail(
      #M.all() > 1 and 'several workspaces are open: run this from a file of the one you mean'
        or "no server runs for this buffer\nhint: put vim.lsp.enable('holdover') in your init.lua; :checkhealth holdover says more"
    )
  end
  return client
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
  local argument = vim.tbl_extend('keep', fields or {}, { workspace = client.root_dir })
  local sent = client:request(
    'workspace/executeCommand',
    { command = command, arguments = { next(argument) and argument or vim.empty_dict() } },
    function(err, result)
      done(err, M.without_null(result))
    end
  )
  if not sent then
    done({ code = -32099, message = 'the server has stopped\nhint: :Holdover restart' }, nil)
  end
end

return M
