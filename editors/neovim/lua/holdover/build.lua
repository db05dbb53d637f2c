-- What builds and tests the workspace: run, with its log in a split that grows, the failing step on top. The server runs it and reports
-- progress; `:Holdover cancel` stops it.

local client_of = require('holdover.client')
local content = require('holdover.content')

local M = {}

---@class holdover.CheckStatus
---@field name string
---@field state string
---@field text? string
---@field isStep? boolean

---@param report { checks: holdover.CheckStatus[] }
local function tell(report)
  local failed ---@type holdover.CheckStatus?
  local words = {} ---@type string[]
  for _, check in ipairs(report.checks or {}) do
    if check.isStep then
      failed = failed or (check.state ~= 'passed' and check or nil)
      words[#words + 1] = ('%s: %s'):format(check.name, check.text or check.state)
    end
  end
  if failed then
    client_of.fail(('%s: %s'):format(failed.name, failed.text or failed.state))
  else
    require('holdover.progress').say(table.concat(words, '\n'))
  end
end

---Shows how the steps stand, with the log of the one that runs or failed; it grows while one runs.
---@param workspace string
---@param mods? vim.api.keyset.cmd_mods
function M.log(workspace, mods)
  content.open(content.name('build.md', workspace), mods)
end

---Runs steps of a workspace, all where none is named. Where the workspace is not trusted, asks, trusts it, and runs them then.
---@param client vim.lsp.Client
---@param fields { workspace: string, steps?: string[], again?: boolean }
---@param mods? vim.api.keyset.cmd_mods
function M.run(client, fields, mods)
  local window = vim.api.nvim_get_current_win()
  M.log(fields.workspace, mods)
  vim.api.nvim_set_current_win(window)
  local why = 'This runs what the workspace says builds and tests it. Trust it?'
  require('holdover.trust').steer(client, { name = 'holdover.build', fields = fields, why = why }, tell, function()
    M.on_change({ workspace = fields.workspace })
  end)
end

---Asks which step, and runs that one and what it needs.
---@param client vim.lsp.Client
---@param workspace string
---@param mods? vim.api.keyset.cmd_mods
function M.choose(client, workspace, mods)
  client_of.execute(client, 'holdover.status', { workspace = workspace }, function(err, status)
    if err then
      client_of.fail(err.message)
      return
    end
    local steps = vim.tbl_filter(function(check)
      return check.isStep
    end, status.checks or {})
    vim.ui.select(steps, {
      prompt = 'Run which step?',
      kind = 'holdover.step',
      format_item = function(step)
        return ('%s: %s'):format(step.name, step.text or step.state)
      end,
    }, function(step)
      if step then
        M.run(client, { workspace = workspace, steps = { step.name } }, mods)
      end
    end)
  end)
end

---`holdover/didChangeBuild`: what is shown of it is asked for again.
---@param params { workspace: string, name?: string }
function M.on_change(params)
  content.refresh('build', params.workspace)
end

return M
