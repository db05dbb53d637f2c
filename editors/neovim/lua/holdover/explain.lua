-- Explanations: asked for by a person, shown in a split beside the text, growing while a model speaks. What stands there is the server's.
-- Shows nothing that nobody asked for, and runs nothing that a model said.

local client_of = require('holdover.client')

local M = {}

---What was asked for each explanation that is shown, by id.
---@type table<string, table?>
local asked = {}

---@type string?
local newest

---@param id string
---@return string
local function name_of(id)
  return ('holdover:/explanation/%s.md'):format(id)
end

---@return string?
local function shown()
  local id = vim.api.nvim_buf_get_name(0):match('^holdover:/+explanation/(%w+)%.md$')
  return id or newest
end

---Draws a document as it is now, where it is shown. A reader at the end stays at the end.
---@param id string
---@param text string
local function draw(id, text)
  local buf = vim.fn.bufnr(name_of(id))
  if buf < 0 or not vim.api.nvim_buf_is_loaded(buf) then
    return
  end
  local lines = vim.split((text:gsub('\n$', '')), '\n', { plain = true })
  local before = vim.api.nvim_buf_get_lines(buf, 0, -1, true)
  local first = 1
  while first <= #before and before[first] == lines[first] do
    first = first + 1
  end
  if first > #before and first > #lines then
    return
  end
  vim.bo[buf].modifiable = true
  vim.api.nvim_buf_set_lines(buf, first - 1, -1, true, vim.list_slice(lines, first))
  vim.bo[buf].modifiable, vim.bo[buf].modified = false, false
end

---`holdover/didChangeExplanation`.
---@param params {id: string, state: string, text: string}
function M.on_change(params)
  if asked[params.id] then
    draw(params.id, params.text)
  end
end

---@param accepted boolean
local function judge(accepted)
  local id, client = shown(), client_of.any(0)
  if not id or not client then
    return
  end
  vim.ui.input({ prompt = 'Why? It stays on this machine: ' }, function(reason)
    local fields = { id = id, accepted = accepted, reason = reason or '' }
    client_of.execute(client, 'holdover.judgeExplain', fields, function(err)
      if err then
        client_of.fail(err.message)
      end
    end)
  end)
end

---@param buf integer
local function keys(buf)
  local function map(lhs, run, desc)
    vim.keymap.set('n', lhs, run, { buffer = buf, nowait = true, desc = 'Holdover: ' .. desc })
  end
  map('c', M.cancel, 'stop the answer')
  map('a', M.further, 'ask about it')
  map('+', function()
    judge(true)
  end, 'it was of use')
  map('-', function()
    judge(false)
  end, 'it was of no use')
end

---@param client vim.lsp.Client
---@param fields table
---@param mods? vim.api.keyset.cmd_mods
local function explain(client, fields, mods)
  client_of.execute(client, 'holdover.explain', fields, function(err, explained)
    if err then
      client_of.fail(err.message)
      return
    end
    asked[explained.id], newest = fields, explained.id
    local from = vim.api.nvim_get_current_win()
    require('holdover.content').open(name_of(explained.id), mods)
    keys(vim.api.nvim_get_current_buf())
    -- The text keeps the keyboard.
    if vim.api.nvim_win_is_valid(from) then
      vim.api.nvim_set_current_win(from)
    end
  end)
end

---Lines of this file; the line of the cursor where none are named.
---@param range? {[1]: integer, [2]: integer} first and last line, from 1
---@param mods? vim.api.keyset.cmd_mods
---@param facts? boolean without a model
function M.here(range, mods, facts)
  local client = client_of.of_or_fail()
  if not client then
    return
  end
  local line = vim.api.nvim_win_get_cursor(0)[1]
  local first, last = unpack(range or { line, line })
  local fields = { file = vim.uri_from_bufnr(0), line = first - 1, lines = last - first + 1, facts = facts }
  explain(client, fields, mods)
end

---A code action, on a selection or a finding.
---@param command lsp.Command
function M.from_code_action(command)
  local client = client_of.of_or_fail()
  if client then
    explain(client, (command.arguments or {})[1] --[[@as table]])
  end
end

---Stops every answer that is on its way.
function M.cancel()
  local client = client_of.any(0)
  if client then
    client_of.execute(client, 'holdover.cancelExplain', {}, function(err)
      if err then
        client_of.fail(err.message)
      end
    end)
  end
end

---Asks about the explanation that is shown.
function M.further()
  local id, client = shown(), client_of.any(0)
  if not id or not asked[id] or not client then
    client_of.fail('nothing was explained yet\nhint: :Holdover explain')
    return
  end
  vim.ui.input({ prompt = 'What do you want to know about it? ' }, function(question)
    if question and question ~= '' then
      explain(client, vim.tbl_extend('force', asked[id], { follows = id, ask = question }))
    end
  end)
end

---Asks for something that is not lines of a file, and explains it. A command is not run.
---@param field 'change' | 'command' | 'log'
---@param prompt string
---@param mods? vim.api.keyset.cmd_mods
local function other(field, prompt, mods)
  client_of.here(function(client, workspace)
    local completion = field == 'log' and 'file' or nil
    vim.ui.input({ prompt = prompt, completion = completion }, function(said)
      if not said or (said == '' and field ~= 'change') then
        return
      end
      local named = field == 'log' and vim.fs.abspath(vim.fs.normalize(said)) or said
      explain(client, { workspace = workspace, [field] = named }, mods)
    end)
  end)
end

---@type table<string, fun(range?: {[1]: integer, [2]: integer}, mods?: vim.api.keyset.cmd_mods)>
M.words = {
  change = function(_, mods)
    other('change', 'Which branch, commit or range? This branch: ', mods)
  end,
  command = function(_, mods)
    other('command', 'Which command? It is not run: ', mods)
  end,
  log = function(_, mods)
    other('log', 'Which log? ', mods)
  end,
  ask = M.further,
  cancel = M.cancel,
  facts = function(range, mods)
    M.here(range, mods, true)
  end,
}

return M
