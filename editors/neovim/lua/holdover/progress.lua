-- Progress of long work in the message area. One line that replaces itself; gone when the work is done.
-- May not be used for anything a user must not miss: that is a failure, and client.lua's.

local M = {}

---@class holdover.Running
---@field client_id integer
---@field token integer|string
---@field title string
---@field message_id? integer|string

---@type table<string, holdover.Running> by client id and token
local running = {}

---@param item holdover.Running
---@param text string
---@param percent? integer
---@param status 'running'|'success'|'failed'
local function show(item, text, percent, status)
  if not require('holdover.config').get().progress then
    return
  end
  if vim.fn.has('nvim-0.12') == 1 then
    item.message_id = vim.api.nvim_echo({ { text } }, false, {
      id = item.message_id,
      kind = 'progress',
      title = item.title,
      percent = percent,
      status = status,
      source = 'holdover',
    })
  else
    local share = percent and (' %d%%'):format(percent) or ''
    vim.api.nvim_echo({ { item.title .. ':' .. share .. ' ' .. text } }, false, {})
  end
  vim.cmd.redraw()
end

---@param client vim.lsp.Client
---@param params lsp.ProgressParams
function M.on_event(client, params)
  local value = params.value --[[@as {kind: 'begin'|'report'|'end', title?: string, message?: string, percentage?: integer}]]
  local key = client.id .. ':' .. tostring(params.token)
  if value.kind == 'begin' then
    running[key] = { client_id = client.id, token = params.token, title = value.title or 'Holdover' }
  end
  local item = running[key]
  if not item then
    return
  end
  if value.kind == 'end' then
    running[key] = nil
    show(item, value.message or 'done', 100, 'success')
  else
    show(item, value.message or '', value.percentage, 'running')
  end
end

---Asks the server to stop what it does for a client. Returns how many jobs were asked to stop.
---@param client vim.lsp.Client
---@return integer
function M.cancel(client)
  local count = 0
  for _, item in pairs(running) do
    if item.client_id == client.id then
      client:notify('window/workDoneProgress/cancel', { token = item.token })
      count = count + 1
    end
  end
  return count
end

---Drops what a server was at, because it is gone. Returns the titles of that.
---@param client_id integer
---@return string[]
function M.forget(client_id)
  local titles = {} ---@type string[]
  for key, item in pairs(running) do
    if item.client_id == client_id then
      running[key] = nil
      titles[#titles + 1] = item.title
      show(item, 'the server ended', nil, 'failed')
    end
  end
  return titles
end

---Answers what the user asked for, in one line.
---@param text string
function M.say(text)
  vim.api.nvim_echo({ { 'holdover: ' .. text } }, false, {})
end

return M
