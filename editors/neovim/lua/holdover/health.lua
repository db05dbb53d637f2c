-- `:checkhealth holdover`: what is set up, what is not, and the next step. Runs the program once, for its version.

local M = {}

---Milliseconds that `holdover --version` may take.
local PATIENCE = 3000

---@param program string
---@return string? version
---@return string? problem
local function version_of(program)
  local started, result = pcall(function()
    return vim.system({ program, '--version' }, { text = true, timeout = PATIENCE }):wait()
  end)
  if not started then
    return nil, tostring(result)
  end
  ---@cast result vim.SystemCompleted
  local version = (result.stdout or ''):match('(%d+%.%d+%.%d+%S*)')
  if result.code ~= 0 or not version then
    return nil, ('`%s --version` ended with code %d: %s'):format(program, result.code, vim.trim(result.stderr or ''))
  end
  return version, nil
end

---@return string? version
local function program()
  local cmd = require('holdover.config').get().cmd
  vim.health.start('Program')
  local path = vim.fn.exepath(cmd[1] or '')
  if path == '' then
    vim.health.error(('`%s` is not in PATH'):format(cmd[1]), {
      'install it: cargo install --locked --path server/holdover',
      "or name it: vim.g.holdover = { cmd = { '/path/to/holdover', 'lsp' } }",
    })
    return nil
  end
  local version, problem = version_of(path)
  if version then
    vim.health.ok(('holdover %s: %s'):format(version, path))
  else
    vim.health.error(
      problem or 'its version could not be told',
      { 'reinstall it: cargo install --locked --path server/holdover' }
    )
  end
  return version
end

local function configuration()
  vim.health.start('Configuration')
  local problems = require('holdover.config').problems()
  for _, problem in ipairs(problems) do
    vim.health.warn(problem, { ':help holdover-config' })
  end
  if #problems == 0 then
    vim.health.ok(vim.g.holdover and 'vim.g.holdover is sound' or 'defaults: vim.g.holdover is not set')
  end
  if vim.lsp.is_enabled and not vim.lsp.is_enabled('holdover') then
    vim.health.warn('the server is not enabled', { "put vim.lsp.enable('holdover') in your init.lua" })
  end
end

---@param version? string of the program
local function servers(version)
  vim.health.start('Servers')
  local clients = require('holdover.client').all()
  if #clients == 0 then
    vim.health.info('none runs: open a file of a workspace')
  end
  for _, client in ipairs(clients) do
    local where = client.root_dir and vim.fn.fnamemodify(client.root_dir, ':~') or 'a file without a workspace'
    local status = require('holdover.status').of_client(client.id)
    if status then
      vim.health.ok(('%s: %s'):format(where, status.text))
      vim.health.info(
        status.trusted and 'the workspace is trusted'
          or 'the workspace is not trusted: nothing that it configures is run; :Holdover trust'
      )
    else
      vim.health.warn(where .. ': the server has not told its status', { ':Holdover log', ':Holdover restart' })
    end
    local running = client.server_info and client.server_info.version
    if version and running and running ~= version then
      vim.health.warn(('it runs %s, and %s is installed'):format(running, version), { ':Holdover restart' })
    end
  end
  vim.health.info('log: ' .. vim.fn.fnamemodify(require('holdover.log').path(), ':~'))
end

function M.check()
  vim.health.start('Neovim')
  local here = vim.fn.execute('version'):match('NVIM v(%S+)') or 'of unknown version'
  if vim.fn.has('nvim-0.11') == 1 then
    vim.health.ok('Neovim ' .. here)
  else
    vim.health.error('Neovim 0.11 or newer is needed', { 'this is ' .. here })
    return
  end
  local version = program()
  configuration()
  servers(version)
end

return M
