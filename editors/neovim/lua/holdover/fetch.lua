-- Fetching what is missing: the command, and the question of trust that may come before it.
-- The server runs the tools and reports progress; see progress.lua for how that is shown.

local client_of = require('holdover.client')
local trust = require('holdover.trust')

local M = {}

---@param outcome holdover.FetchOutcome
---@return string[]
local function errors(outcome)
  local lines = {}
  for _, step in ipairs(outcome.steps or {}) do
    if step.error then
      lines[#lines + 1] = ('%s (%s): %s'):format(step.ecosystem, step.lockfile, step.error)
    end
  end
  return lines
end

---@param report holdover.PreflightReport
local function tell(report)
  local outcome = report.fetch
  if not outcome or outcome.state == 'done' then
    require('holdover.progress').say(require('holdover.view').fetched(report))
  elseif outcome.state ~= 'cancelled' then
    local lines = errors(outcome)
    client_of.fail('the fetch did not succeed' .. (lines[1] and ': ' .. table.concat(lines, '\n') or ''))
  end
end

---Runs `holdover.fetch`. Where the workspace is not trusted, asks, trusts it, and runs it once more.
---@param client vim.lsp.Client
---@param fields? table flags of `holdover preflight --fetch`
---@param done? fun(err: lsp.ResponseError?, report: holdover.PreflightReport?)
function M.run(client, fields, done)
  local why = "Fetching runs this workspace's own tools and settings. Trust it?"
  local stopped = 'stopped; what had arrived by then is kept'
  trust.steer(client, { name = 'holdover.fetch', fields = fields, why = why, stopped = stopped }, tell, done)
end

---Shows what a fetch would run, and runs nothing.
---@param client vim.lsp.Client
---@param workspace string
function M.dry_run(client, workspace)
  client_of.execute(client, 'holdover.fetch', { workspace = workspace, dryRun = true }, function(err, report)
    if err then
      client_of.fail(err.message)
      return
    end
    local steps = report and report.fetch and report.fetch.steps or {}
    if #steps == 0 then
      require('holdover.progress').say('nothing is missing, so nothing would be run')
      return
    end
    local lines = { { { 'in ' }, { vim.fn.fnamemodify(workspace, ':~'), 'Directory' }, { ' this would be run:' } }, {} } ---@type holdover.Chunk[][]
    for _, step in ipairs(steps) do
      local size = (step.bytes or 0) > 0 and (', ' .. require('holdover.text').size(step.bytes)) or ''
      lines[#lines + 1] =
        { { '  ' .. table.concat(step.command or {}, ' ') }, { '   for ' .. step.lockfile .. size, 'Comment' } }
    end
    require('holdover.float').open(lines, {
      title = 'Fetch',
      footer = 'f fetch · q close',
      keys = {
        f = function()
          M.run(client, { workspace = workspace })
        end,
      },
    })
  end)
end

---Client-side half of the command `holdover.fetch` that a code action carries.
---@param command lsp.Command
---@param ctx lsp.HandlerContext
function M.from_code_action(command, ctx)
  local client = vim.lsp.get_client_by_id(ctx.client_id)
  if client then
    M.run(client, (command.arguments or {})[1] --[[@as table?]])
  end
end

return M
