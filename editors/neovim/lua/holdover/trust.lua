-- Trust: what a workspace configures runs only after its user said so. The list is kept by the command line tool,
-- which writes it; this asks, runs it and reports.

local M = {}

---LSP's RequestCancelled.
local CANCELLED = -32800

---Writes a workspace into the user's trust list, or takes it out.
---@param root string
---@param opts {program: string, revoke?: boolean}
---@param done fun(ok: boolean)
function M.set(root, opts, done)
  local argv = { opts.program, 'trust', root }
  if opts.revoke then
    argv[#argv + 1] = '--revoke'
  end
  local fail = require('holdover.client').fail
  local started, problem = pcall(vim.system, argv, { text = true }, function(out)
    vim.schedule(function()
      if out.code ~= 0 then
        local said = vim.trim(out.stderr ~= '' and out.stderr or out.stdout or '')
        fail(('`%s` ended with code %d: %s'):format(table.concat(argv, ' '), out.code, said))
      end
      done(out.code == 0)
    end)
  end)
  if not started then
    fail(('%s could not be started: %s'):format(opts.program, problem))
    done(false)
  end
end

---Asks whether to trust a workspace, and does so.
---@param root string
---@param opts {program: string, why: string}
---@param done fun(ok: boolean)
function M.ask(root, opts, done)
  local yes = 'Trust ' .. vim.fn.fnamemodify(root, ':~')
  vim.ui.select({ yes, 'Not now' }, { prompt = opts.why, kind = 'holdover.trust' }, function(choice)
    if choice ~= yes then
      done(false)
      return
    end
    M.set(root, { program = opts.program }, done)
  end)
end

---Whether an error says that the workspace is not trusted.
---@param err lsp.ResponseError
---@param status? holdover.Status
---@return boolean
function M.is_cause(err, status)
  if type(err.data) == 'table' and err.data.kind == 'untrusted' then
    return true
  end
  return status ~= nil and not status.trusted and (err.message or ''):lower():find('trust', 1, true) ~= nil
end

---Runs a command of the server. Where it says that the workspace is not trusted, asks why it should be, trusts it, and runs it once
---more; an answer of no ends with the server's error and `true`.
---@param client vim.lsp.Client
---@param command {name: string, fields?: table, why: string}
---@param done fun(err: lsp.ResponseError?, result: any, declined: boolean)
function M.execute(client, command, done)
  local client_of = require('holdover.client')
  local fields = command.fields
  local function attempt(may_ask)
    client_of.execute(client, command.name, fields, function(err, result)
      local root = (fields and fields.workspace) or client_of.workspace(client)
      local status = require('holdover.status').of_client(client, root)
      if not (err and may_ask and root and M.is_cause(err, status)) then
        done(err, result, false)
        return
      end
      local program = require('holdover.config').program(client)
      M.ask(root, { program = program, why = command.why }, function(ok)
        if ok then
          attempt(false)
        else
          done(err, nil, true)
        end
      end)
    end)
  end
  attempt(true)
end

---The same for a command that takes its time, and says how it ended: `tell` a report, the words for one that was stopped, or the error.
---@param client vim.lsp.Client
---@param command {name: string, fields?: table, why: string, stopped?: string}
---@param tell fun(report: table)
---@param done? fun(err: lsp.ResponseError?, report: any)
function M.steer(client, command, tell, done)
  M.execute(client, command, function(err, report, declined)
    if declined then
      -- Whoever said no knows.
    elseif err and err.code == CANCELLED then
      require('holdover.progress').say(command.stopped or 'stopped')
    elseif err then
      require('holdover.client').fail(err.message)
    elseif type(report) == 'table' then
      tell(report)
    end
    if done then
      done(err, report)
    end
  end)
end

return M
