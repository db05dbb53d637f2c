-- Every conflict of a workspace resolved in one way, through one edit: its files are opened first, because an edit is bound to
-- the version of a text that is open. What was not seen, or has changed since, is not touched.

local client_of = require('holdover.client')

local M = {}

---@type string[]
M.words = { 'auto', 'base', 'both', 'both-reversed', 'current', 'incoming', 'none' }
---@type string[]
M.previewed = { 'base', 'both', 'both-reversed', 'current', 'incoming', 'merge', 'none', 'remembered' }

---@type table<string, string>
local says = {
  auto = 'take the trusted merges; the rest stays',
  base = 'accept the common ancestor wherever it is there',
  both = 'accept both changes everywhere, current first',
  ['both-reversed'] = 'accept both changes everywhere, incoming first',
  current = 'accept the current change everywhere',
  incoming = 'accept the incoming change everywhere',
  none = 'accept neither change anywhere',
}

---@param answer {applied: boolean, conflicts: integer, files: integer, left: integer, text?: string}
---@return string
function M.summary(answer)
  if answer.text then
    return answer.text
  end
  local count = require('holdover.text').count
  local left = answer.left == 0 and 'none is left' or count(answer.left, 'conflict') .. ' left'
  if answer.conflicts == 0 then
    return 'nothing to resolve in that way, ' .. left
  end
  return ('%s resolved in %s, %s'):format(count(answer.conflicts, 'conflict'), count(answer.files, 'file'), left)
end

---@param client vim.lsp.Client
---@param way string
---@param seen {file: string, fingerprint: string}[]
local function apply(client, way, seen)
  client_of.execute(client, 'holdover.resolveConflict', { resolve = way, seen = seen }, function(err, answer)
    if err then
      client_of.fail(err.message)
    elseif not answer.applied then
      client_of.fail('the text has changed since the edit was made, so it was not applied\nhint: once more')
    else
      require('holdover.progress').say(M.summary(answer))
    end
  end)
end

---Waits until the server knows the files, and goes on.
---@param client vim.lsp.Client
---@param report holdover.ConflictsReport
---@param way string
local function open_and_apply(client, report, way)
  local seen = {} ---@type {file: string, fingerprint: string}[]
  for _, file in ipairs(report.files or {}) do
    local buf = vim.fn.bufadd(file.path)
    vim.fn.bufload(buf)
    vim.bo[buf].buflisted = true
    if not vim.lsp.buf_is_attached(buf, client.id) then
      vim.lsp.buf_attach_client(buf, client.id)
    end
    for _, region in ipairs(file.regions or {}) do
      seen[#seen + 1] = { file = file.path, fingerprint = region.fingerprint }
    end
  end
  apply(client, way, seen)
end

---Resolves every conflict of the workspace.
---@param client vim.lsp.Client
---@param way? string one of `words`; asks where there is none
function M.run(client, way)
  client_of.execute(client, 'holdover.conflicts', { all = true }, function(err, report)
    local total = 0
    for _, file in ipairs(report and report.files or {}) do
      total = total + #(file.regions or {})
    end
    if err then
      client_of.fail(err.message)
    elseif total == 0 then
      require('holdover.progress').say('no conflicts')
    elseif way then
      open_and_apply(client, report, way)
    else
      local count = require('holdover.text').count
      vim.ui.select(M.words, {
        -- Of several repositories each is named.
        prompt = ('Resolve %s:'):format(
          report.text or ('%s in %s'):format(count(total, 'conflict'), count(#report.files, 'file'))
        ),
        kind = 'holdover.resolve',
        format_item = function(word)
          return says[word]
        end,
      }, function(word)
        if word then
          open_and_apply(client, report, word)
        end
      end)
    end
  end)
end

return M
