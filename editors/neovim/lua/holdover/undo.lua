-- Resolutions taken back from the journal: the one that is named, or one that is chosen from those that stand. Edits no text: the
-- server does, by an edit of Neovim's where the file is open.

local client_of = require('holdover.client')

local M = {}

---@class holdover.ResolvedConflict
---@field event string
---@field path? string relative to the workspace; none of a record
---@field text string all of it in words

---@param client vim.lsp.Client
---@param workspace? string
---@param event string
local function undo(client, workspace, event)
  local fields = { workspace = workspace, event = event }
  client_of.execute(client, 'holdover.undoResolution', fields, function(err, done)
    if err then
      client_of.fail(err.message)
    elseif not (done and done.applied) then
      client_of.fail('the text has changed since the edit was made, so the conflict was not put back\nhint: once more')
    else
      require('holdover.progress').say('the conflict is back')
      -- One that is open has the edit; what lies on the disk only is read again.
      vim.cmd.checktime()
    end
  end)
end

---Undoes a resolution; asks which, those of this file first, where none is named.
---@param event? string
function M.run(event)
  local client = client_of.of_or_fail()
  if not client then
    return
  end
  local workspace = client_of.workspace(client)
  if event then
    undo(client, workspace, event)
    return
  end
  local here = workspace and vim.fs.relpath(workspace, vim.api.nvim_buf_get_name(0))
  client_of.execute(client, 'holdover.resolutions', { workspace = workspace }, function(err, report)
    local all = report and report.resolutions or {} ---@type holdover.ResolvedConflict[]
    if err then
      client_of.fail(err.message)
      return
    elseif #all == 0 then
      require('holdover.progress').say('no resolution of a conflict is in the journal')
      return
    end
    local sorted = {} ---@type holdover.ResolvedConflict[]
    for _, own in ipairs({ true, false }) do
      for _, one in ipairs(all) do
        if (one.path ~= nil and one.path == here) == own then
          sorted[#sorted + 1] = one
        end
      end
    end
    vim.ui.select(sorted, {
      prompt = 'Which conflict is to come back?',
      kind = 'holdover.undo',
      format_item = function(one)
        return one.text
      end,
    }, function(one)
      if one then
        undo(client, workspace, one.event)
      end
    end)
  end)
end

return M
