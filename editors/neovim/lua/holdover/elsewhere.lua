-- What another client reports already is not shown twice: rust-analyzer runs Clippy or `cargo check` itself, Ruff's own server reports
-- what Ruff finds. Compares what is shown; knows no client by name, and hides nothing of Holdover's own findings.

local M = {}

---By buffer, what the server said last, in whose namespace.
---@type table<integer, { ns: integer, all: vim.Diagnostic[] }>
local said = {}

local listens = false

---A linter's code under the name that all clients understand: `clippy::x` is `x`, `TS2322` is `2322`.
---@param code any
---@return string
local function plain(code)
  local name = tostring(code or ''):gsub('^.*::', ''):lower()
  return (name:gsub('^ts(%d+)$', '%1'))
end

---@param message string
---@return string
local function first_line(message)
  return vim.trim(message:match('^[^\n]*') or '')
end

---@param one vim.Diagnostic
---@param other vim.Diagnostic
---@return boolean
local function is_same(one, other)
  if one.lnum ~= other.lnum or one.col ~= other.col then
    return false
  end
  local code, same = plain(one.code), plain(other.code)
  if code ~= '' and same ~= '' then
    return code == same
  end
  return first_line(one.message) == first_line(other.message)
end

---@param buf integer
local function filter(buf)
  local known = said[buf]
  if not known or not vim.api.nvim_buf_is_loaded(buf) then
    said[buf] = nil
    return
  end
  local others = vim.tbl_filter(function(d)
    return d.namespace ~= known.ns
  end, vim.diagnostic.get(buf))
  local kept = vim.tbl_filter(function(one)
    for _, other in ipairs(one.source == 'holdover' and {} or others) do
      if is_same(one, other) then
        return false
      end
    end
    return true
  end, known.all)
  if #kept ~= #vim.diagnostic.get(buf, { namespace = known.ns }) then
    vim.diagnostic.set(known.ns, buf, kept)
  end
end

local function listen()
  if listens then
    return
  end
  listens = true
  local group = vim.api.nvim_create_augroup('holdover.elsewhere', {})
  vim.api.nvim_create_autocmd('DiagnosticChanged', {
    group = group,
    desc = 'holdover: what others report is not shown twice',
    callback = function(args)
      vim.schedule(function()
        filter(args.buf)
      end)
    end,
  })
  vim.api.nvim_create_autocmd({ 'BufUnload', 'LspDetach' }, {
    group = group,
    callback = function(args)
      local client = args.data and vim.lsp.get_client_by_id(args.data.client_id)
      if not client or client.name == 'holdover' then
        said[args.buf] = nil
      end
    end,
  })
end

---@param err lsp.ResponseError?
---@param params lsp.PublishDiagnosticsParams
---@param ctx lsp.HandlerContext
function M.on_publish(err, params, ctx)
  vim.lsp.diagnostic.on_publish_diagnostics(err, params, ctx)
  local buf = vim.fn.bufnr(vim.uri_to_fname(params.uri))
  if buf < 0 or not vim.api.nvim_buf_is_loaded(buf) then
    return
  end
  local ns = vim.lsp.diagnostic.get_namespace(ctx.client_id)
  said[buf] = { ns = ns, all = vim.diagnostic.get(buf, { namespace = ns }) }
  listen()
  filter(buf)
end

return M
