-- Trails: what the journal knows of a file, of an artifact, of what a diagnostic is about. Opens the server's documents.
-- Finds nothing in the journal itself.

local client_of = require('holdover.client')

local M = {}

---@param text string
---@return string
local function encoded(text)
  return (text:gsub('[^%w%-._~/]', function(byte)
    return ('%%%02X'):format(byte:byte())
  end))
end

---What happened to artifacts.
---@param workspace string
---@param ids string[]
---@param mods? vim.api.keyset.cmd_mods
function M.artifacts(workspace, ids, mods)
  local content = require('holdover.content')
  local named = {} ---@type string[]
  for _, id in ipairs(ids) do
    -- A comma parts them.
    named[#named + 1] = encoded(id)
  end
  content.open(content.name(('artifact/%s.md'):format(table.concat(named, ',')), workspace), mods)
end

---What happened to a file.
---@param workspace string
---@param path string
---@param mods? vim.api.keyset.cmd_mods
function M.file(workspace, path, mods)
  local relative = vim.fs.relpath(workspace, path)
  if not relative or relative == '.' then
    client_of.fail('this is no file of the workspace\nhint: run this from the file that you mean')
    return
  end
  local content = require('holdover.content')
  content.open(content.name(('trail/%s.md'):format(encoded(relative)), workspace), mods)
end

---`Show what happened to …` of a code action.
---@param command lsp.Command
function M.from_code_action(command)
  local fields = (command.arguments or {})[1] --[[@as {workspace: string, artifacts?: string[], file?: string}]]
  if fields.artifacts then
    M.artifacts(fields.workspace, fields.artifacts)
  elseif fields.file then
    M.file(fields.workspace, vim.uri_to_fname(fields.file))
  end
end

---What happened to what the diagnostics of this line are about; asks where they are about several things.
---@param mods? vim.api.keyset.cmd_mods
function M.finding(mods)
  local client = client_of.of_or_fail()
  if not client then
    return
  end
  local line = vim.api.nvim_win_get_cursor(0)[1] - 1
  local found = vim.tbl_filter(function(d)
    return d.source == 'holdover'
  end, vim.diagnostic.get(0, { lnum = line }))
  if #found == 0 then
    client_of.fail('no diagnostic of Holdover stands on this line\nhint: :Holdover trail is about the whole file')
    return
  end
  local params = vim.lsp.util.make_range_params(0, client.offset_encoding) --[[@as lsp.CodeActionParams]]
  params.range.start, params.range['end'] = { line = line, character = 0 }, { line = line + 1, character = 0 }
  params.context = {
    diagnostics = vim.tbl_map(function(d)
      return d.user_data.lsp
    end, found),
    only = { 'quickfix' },
    triggerKind = 1,
  }
  client_of.request(client, 'textDocument/codeAction', params, function(err, actions)
    if err then
      client_of.fail(err.message)
      return
    end
    local trails = vim.tbl_filter(function(action)
      return vim.tbl_get(action, 'data', 'action') == 'trail.show'
    end, actions or {})
    local function show(action)
      if action then
        local fields = action.command.arguments[1]
        if fields.artifacts then
          M.artifacts(fields.workspace, fields.artifacts, mods)
        else
          M.file(fields.workspace, vim.uri_to_fname(fields.file), mods)
        end
      end
    end
    if #trails < 2 then
      show(trails[1])
      return
    end
    vim.ui.select(trails, {
      prompt = 'What happened to what?',
      kind = 'holdover.trail',
      format_item = function(action)
        return (action.title:gsub('^Show what happened to ', ''))
      end,
    }, show)
  end)
end

---What happened to this file.
---@param mods? vim.api.keyset.cmd_mods
function M.here(mods)
  client_of.here(function(_, workspace)
    M.file(workspace, vim.api.nvim_buf_get_name(0), mods)
  end)
end

return M
