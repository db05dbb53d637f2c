-- Which buffers get a server, and with which root. Says once what keeps one from starting.

local M = {}

---Problems that were told, so that each is told once and not with every file.
---@type table<string, boolean>
local told = {}

---@param message string
local function fail_once(message)
  if not told[message] then
    told[message] = true
    vim.schedule(function()
      require('holdover.client').fail(message)
    end)
  end
end

---@return vim.lsp.Config
local function configured()
  local configs = vim.lsp.config --[[@as table<string, vim.lsp.Config>]]
  return configs.holdover
end

---Says so where the program of the server is not there: Neovim writes that into its log and starts nothing.
function M.check_program()
  local cmd = configured().cmd
  local program = type(cmd) == 'table' and cmd[1] or nil
  if program and vim.fn.executable(program) == 0 then
    fail_once(
      ('the program %s is not there, so nothing is shown\nhint: cargo install --locked --path server/holdover, or name it in vim.g.holdover.cmd; :Holdover health says more'):format(
        program
      )
    )
  end
end

---`root_dir` of the server: the nearest folder with one of the `root_markers`, or nil for a file outside any, which is
---served without a workspace. Does not call back for a buffer without a file: it gets no server.
---@param bufnr integer
---@param on_dir fun(root_dir?: string)
function M.root_dir(bufnr, on_dir)
  local name = vim.api.nvim_buf_get_name(bufnr)
  -- `scheme://` is another plugin's buffer; its text has no file that a tool could read.
  if name == '' or name:match('^%a[%w+.-]+:/') then
    return
  end
  on_dir(vim.fs.root(bufnr, configured().root_markers --[[@as string[] ]] or { '.git' }))
end

---Files whose dependencies have hints. In others Neovim's switch would show the hints of other servers too.
local MANIFESTS = { 'Cargo.toml', 'package.json', 'pyproject.toml', 'go.mod', 'pom.xml', 'libs.versions.toml' }

---Switches inlay hints on in a manifest, unless the user does not want them.
---@param bufnr integer
function M.show_hints(bufnr)
  local name = vim.fs.basename(vim.api.nvim_buf_get_name(bufnr))
  if require('holdover.config').get().inlay_hints and vim.list_contains(MANIFESTS, name) then
    vim.lsp.inlay_hint.enable(true, { bufnr = bufnr })
  end
end

---@param client vim.lsp.Client
function M.on_init(client)
  local config = require('holdover.config')
  for _, problem in ipairs(config.problems()) do
    fail_once(problem .. '\nhint: :help holdover-config')
  end
  local how = config.get().diagnostics
  if how then
    vim.diagnostic.config(how, vim.lsp.diagnostic.get_namespace(client.id))
  end
end

return M
