-- `:checkhealth holdover`: what is set up, what is not, and the next step. Runs the program twice: for its version, and
-- for what its `doctor` sees.

local M = {}

---Milliseconds that the program may take.
local PATIENCE = 5000

local REINSTALL = 'reinstall it: cargo install --locked --path server/holdover'

---@param argv string[]
---@param cwd? string
---@return string? output
---@return string? problem
local function output_of(argv, cwd)
  local started, result = pcall(function()
    return vim.system(argv, { text = true, timeout = PATIENCE, cwd = cwd }):wait()
  end)
  if not started then
    return nil, tostring(result)
  end
  ---@cast result vim.SystemCompleted
  if result.code ~= 0 then
    local said = vim.trim(result.stderr or '')
    return nil, ('`%s` ended with code %d: %s'):format(table.concat(argv, ' '), result.code, said)
  end
  return result.stdout or '', nil
end

---@return string? path
---@return string? version
local function program()
  local config = require('holdover.config')
  local cmd = config.get().cmd
  vim.health.start('Program')
  local path = vim.fn.exepath(cmd[1] or '')
  if path == '' then
    vim.health.error(('`%s` is not in PATH'):format(cmd[1]), {
      'install it: cargo install --locked --path server/holdover',
      "or name it: vim.g.holdover = { cmd = { '/path/to/holdover', 'lsp' } }",
    })
    return nil, nil
  end
  local output, problem = output_of({ path, '--version' })
  local version = output and output:match('(%d+%.%d+%.%d+%S*)')
  if not version then
    vim.health.error(problem or ('`%s --version` names no version'):format(path), { REINSTALL })
    return path, nil
  end
  local from = vim.g.holdover and vim.g.holdover.cmd and 'named in vim.g.holdover.cmd' or 'found in PATH'
  vim.health.ok(('holdover %s: %s, %s'):format(version, vim.fn.fnamemodify(path, ':~'), from))
  if version == config.VERSION then
    vim.health.ok('this plugin is of the same version')
  else
    vim.health.warn(
      ('this plugin is of version %s; what one of them does not know is not offered'):format(config.VERSION),
      { 'update the older of the two, then :Holdover restart' }
    )
  end
  return path, version
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

---What `holdover doctor` sees: data folder, journal, tools, connection, trust, settings.
---@param path string
---@param workspace? string
local function machine(path, workspace)
  vim.health.start('This machine' .. (workspace and ', for ' .. vim.fn.fnamemodify(workspace, ':~') or ''))
  local output, problem = output_of({ path, 'doctor', '--json' }, workspace)
  local ok, all = pcall(vim.json.decode, output or '')
  if not ok or type(all) ~= 'table' then
    vim.health.warn(problem or ('`%s doctor --json` said nothing that can be read'):format(path), { REINSTALL })
    return
  end
  for _, advice in ipairs(all) do
    local text = ('%s: %s'):format(advice.subject, advice.seen)
    local next_step = (advice.next or '') ~= '' and { advice.next } or {} ---@type string[]
    if advice.mark == 'ok' then
      vim.health.ok(text)
    elseif advice.mark == 'note' then
      vim.health.info(text .. (next_step[1] and '\nnext: ' .. next_step[1] or ''))
    else
      vim.health.error(text, next_step)
    end
  end
end

---@param client vim.lsp.Client
---@param workspace? string
local function server(client, workspace)
  local text = require('holdover.text')
  local where = workspace and vim.fn.fnamemodify(workspace, ':~') or 'files without a workspace'
  local buffers = text.count(vim.tbl_count(client.attached_buffers), 'buffer')
  local status = require('holdover.status').of_client(client, workspace)
  if not status then
    if workspace then
      vim.health.warn(where .. ': the server has not told its status', { ':Holdover log', ':Holdover restart' })
    else
      vim.health.ok(('%s: attached to %s; conflicts are shown, nothing is judged'):format(where, buffers))
    end
    return
  end
  vim.health.ok(('%s: %s; attached to %s'):format(where, status.text, buffers))
  if status.trusted then
    vim.health.info('the workspace is trusted')
  else
    vim.health.info('the workspace is not trusted: nothing that it configures is run\nnext: :Holdover trust')
  end
  local journal = status.journal
  if journal then
    local events = journal.events and ', ' .. text.count(journal.events, 'event') or ''
    local report = journal.state == 'failed' and vim.health.warn or vim.health.info --[[@as fun(text: string)]]
    report(
      ('journal: %s%s%s'):format(journal.state, events, (journal.detail or '') ~= '' and ': ' .. journal.detail or '')
    )
  end
  for _, cache in ipairs(status.caches or {}) do
    local size = cache.bytes and text.size(cache.bytes) .. ' of it used here, ' or ''
    vim.health.info(('%s cache: %s%s'):format(cache.ecosystem, size, vim.fn.fnamemodify(cache.path, ':~')))
  end
  for _, fn in ipairs(status.functions or {}) do
    if (fn.next or '') ~= '' and fn.mode ~= 'local' and fn.mode ~= 'delayed' then
      vim.health.info(('%s: %s\nnext: %s'):format(fn.name, fn.reason, fn.next))
    end
  end
end

---@param version? string of the program
local function servers(version)
  vim.health.start('Servers')
  local of = require('holdover.client')
  local clients = of.all()
  if #clients == 0 then
    vim.health.info('none runs: open a file of a workspace')
  end
  for _, client in ipairs(clients) do
    local folders = of.folders(client)
    if #folders == 0 then
      server(client, nil)
    end
    for _, folder in ipairs(folders) do
      server(client, folder)
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
  local path, version = program()
  configuration()
  if path and version then
    local client = require('holdover.client').of()
    machine(path, client and client.root_dir)
  end
  servers(version)
end

return M
