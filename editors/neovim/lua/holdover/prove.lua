-- Proof runs: what builds and tests the workspace with the network kept from it, and the question of trust that may come before.
-- The server runs it and reports progress; see progress.lua for how that is shown.

local client_of = require('holdover.client')
local trust = require('holdover.trust')

local M = {}

---@param report holdover.PreflightReport
local function tell(report)
  local proof = report.readiness and report.readiness.proof
  local words = proof and proof.text or 'the proof run ended'
  if proof and proof.state == 'proven' or proof and proof.state == 'stopped' then
    require('holdover.progress').say(words)
  else
    client_of.fail(words)
  end
  if report.findings and #report.findings > 0 then
    require('holdover.lists').preflight(report, 'quickfix')
  end
end

---Runs `holdover.prove`. Where the workspace is not trusted, asks, trusts it, and runs it once more.
---@param client vim.lsp.Client
---@param fields? table `{ workspace }`
---@param done? fun(err: lsp.ResponseError?, report: holdover.PreflightReport?)
function M.run(client, fields, done)
  local why = "A proof run starts this workspace's own build and tests. Trust it?"
  trust.steer(client, { name = 'holdover.prove', fields = fields, why = why }, tell, done)
end

---Client-side half of the command `holdover.prove` that a code action carries.
---@param command lsp.Command
---@param ctx lsp.HandlerContext
function M.from_code_action(command, ctx)
  local client = vim.lsp.get_client_by_id(ctx.client_id)
  if client then
    M.run(client, (command.arguments or {})[1] --[[@as table?]])
  end
end

return M
