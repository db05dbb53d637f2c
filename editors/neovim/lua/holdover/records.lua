-- Conflicts of records: looked at beside each other, or resolved by a choice, which the server writes into the journal. Changes no
-- buffer of the user's: there is none.

local client_of = require('holdover.client')

local M = {}

---The preview of a record, as the server makes it.
---@param record string its id
---@param workspace? string
---@param done fun(client: vim.lsp.Client, preview: holdover.ConflictPreview)
local function ask(record, workspace, done)
  local client = client_of.of_or_fail()
  if not client then
    return
  end
  client_of.request(client, 'holdover/conflict', { record = record, workspace = workspace }, function(err, preview)
    if err then
      client_of.fail(err.message)
    else
      done(client, preview)
    end
  end)
end

---Takes a choice, if the record is still what was looked at.
---@param client vim.lsp.Client
---@param choice holdover.ConflictChoice
---@param done? fun()
function M.take(client, choice, done)
  client_of.execute(client, 'holdover.resolveConflict', vim.deepcopy(choice.data), function(err, answer)
    if err then
      client_of.fail(err.message)
      return
    end
    local title = vim.tbl_get(answer or {}, 'record', 'title')
    require('holdover.progress').say(title and ('"%s" is resolved'):format(title) or 'resolved')
    if done then
      done()
    end
  end)
end

---What each choice would leave of a record, in a tab of its own.
---@param record string its id
---@param workspace? string
function M.preview(record, workspace)
  ask(record, workspace, function(client, preview)
    require('holdover.preview').show(client, preview)
  end)
end

---Asks how, by what each choice does, and takes it.
---@param record string its id
---@param workspace? string
function M.choose(record, workspace)
  ask(record, workspace, function(client, preview)
    vim.ui.select(preview.choices, {
      prompt = preview.region.message,
      kind = 'holdover.accept',
      format_item = function(choice)
        return choice.title
      end,
    }, function(choice)
      if choice then
        M.take(client, choice)
      end
    end)
  end)
end

---Keys of the page of a record, which quickfix leads to.
---@param buf integer
---@param record string
---@param workspace? string
function M.keys(buf, record, workspace)
  ---@param lhs string
  ---@param does string
  ---@param run fun(record: string, workspace?: string)
  local function map(lhs, does, run)
    vim.keymap.set('n', lhs, function()
      run(record, workspace)
    end, { buffer = buf, nowait = true, desc = 'Holdover: ' .. does })
  end
  map('p', 'preview this conflict', M.preview)
  map('a', 'resolve this conflict', M.choose)
end

return M
