-- Resolving the conflict under the cursor. An edit is applied only to the text that it was made for: where the text has
-- changed meanwhile, it is asked for again, and what did not happen is said.

local client_of = require('holdover.client')

local M = {}

---How often an edit is asked for, where the text changes under it.
local ATTEMPTS = 3

---@type string[]
M.choices = { 'base', 'both', 'both-reversed', 'current', 'incoming', 'none' }

---The name of an action of Holdover's.
---@param action lsp.CodeAction
---@return string
function M.choice(action)
  local data = action.data --[[@as {action?: string}?]]
  return type(data) == 'table' and data.action or ''
end

---@param client vim.lsp.Client
---@param done fun(err: string?, actions: lsp.CodeAction[])
local function offered(client, done)
  local position = vim.lsp.util.make_range_params(0, client.offset_encoding) ---@type table
  position.context = { diagnostics = {}, only = { 'quickfix' }, triggerKind = 1 }
  client_of.request(client, 'textDocument/codeAction', position, function(err, actions)
    done(
      err and err.message,
      vim.tbl_filter(function(action)
        return vim.startswith(M.choice(action), 'conflict.accept-')
      end, actions or {})
    )
  end)
end

---@param client vim.lsp.Client
---@param action lsp.CodeAction
---@param done fun(err: string?, edit: lsp.WorkspaceEdit?)
local function resolve(client, action, done)
  if action.edit then
    done(nil, action.edit)
    return
  end
  client_of.request(client, 'codeAction/resolve', action, function(err, resolved)
    done(err and err.message, resolved and resolved.edit)
  end)
end

---@param client vim.lsp.Client
---@param buf integer
---@param wanted string
---@param attempt integer
local function run(client, buf, wanted, attempt)
  local tick = vim.api.nvim_buf_get_changedtick(buf)
  ---Whether the text has moved on: then it is asked for again, a few times.
  local function moved()
    if vim.api.nvim_get_current_buf() ~= buf then
      client_of.fail('another buffer was gone to before the conflict was resolved, so nothing was changed')
      return true
    end
    if vim.api.nvim_buf_get_changedtick(buf) == tick then
      return false
    end
    if attempt < ATTEMPTS then
      run(client, buf, wanted, attempt + 1)
    else
      client_of.fail('the text kept changing, so the conflict was left as it is\nhint: once more')
    end
    return true
  end
  offered(client, function(err, actions)
    if err then
      client_of.fail(err)
      return
    elseif moved() then
      return
    end
    local action = vim.tbl_filter(function(a)
      return M.choice(a) == 'conflict.accept-' .. wanted
    end, actions)[1]
    if not action then
      client_of.fail(
        #actions > 0 and ('this conflict has no %s to accept'):format(wanted)
          or 'there is no conflict under the cursor\nhint: :Holdover next goes to one'
      )
      return
    end
    resolve(client, action, function(problem, edit)
      if moved() then
        return
      elseif problem or not edit then
        client_of.fail(problem or 'the server had no edit for it')
        return
      end
      vim.lsp.util.apply_workspace_edit(edit, client.offset_encoding)
      if vim.api.nvim_buf_get_changedtick(buf) == tick then
        client_of.fail('the conflict was not resolved: Neovim did not take the edit\nhint: once more')
      end
    end)
  end)
end

---Resolves the conflict under the cursor.
---@param wanted string one of `choices`
function M.run(wanted)
  local client = client_of.of_or_fail()
  if client then
    run(client, vim.api.nvim_get_current_buf(), wanted, 1)
  end
end

---Asks how, by the names of the sides, and resolves the conflict under the cursor.
function M.choose()
  local client = client_of.of_or_fail()
  if not client then
    return
  end
  offered(client, function(err, actions)
    if err or #actions == 0 then
      client_of.fail(err or 'there is no conflict under the cursor\nhint: :Holdover next goes to one')
      return
    end
    vim.ui.select(actions, {
      prompt = 'Resolve this conflict:',
      kind = 'holdover.accept',
      format_item = function(action)
        return action.title
      end,
    }, function(action)
      if action then
        M.run((M.choice(action):gsub('^conflict%.accept%-', '')))
      end
    end)
  end)
end

return M
