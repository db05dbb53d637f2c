-- The end of a server and what follows it: a restart that was asked for, or one after the server ended by itself, later
-- each time. Sets a timer only between an end and a start; nothing runs while a server does.

local M = {}

---Milliseconds that a server has to end by itself before it is killed.
local PATIENCE = 3000
---Milliseconds before a start that follows an unexpected end: the first, doubled each time.
local FIRST_DELAY = 1000
---Unexpected ends within RECENT milliseconds after which it is not started again.
local MOST, RECENT = 5, 5 * 60 * 1000

---@class holdover.Ended
---@field config vim.lsp.ClientConfig
---@field buffers integer[]

---Restarts that were asked for, by client id.
local awaited = {} ---@type table<integer, (fun(ended: holdover.Ended))?>

---@type table<string, integer[]> when the server of a root ended unexpectedly, oldest first
local ends = {}

---The server that ended last, for a restart after it was left alone.
local last ---@type holdover.Ended?

---@param ended holdover.Ended
local function start(ended)
  for _, bufnr in ipairs(ended.buffers) do
    if vim.api.nvim_buf_is_loaded(bufnr) then
      vim.lsp.start(ended.config, { bufnr = bufnr })
    end
  end
end

---How a server ended, in words.
---@param code integer
---@param signal integer
---@return string
local function how(code, signal)
  if signal ~= 0 then
    return ('was ended by signal %d%s'):format(signal, signal == 9 and ' (killed)' or '')
  end
  return ('ended by itself with code %d'):format(code)
end

---Says what happened, and starts the server again after a while.
---@param ended holdover.Ended
---@param what string
---@param during string[] titles of work that was under way
local function come_back(ended, what, during)
  local root = ended.config.root_dir
  local now = vim.uv.now()
  local recent = vim.tbl_filter(function(at)
    return now - at < RECENT
  end, ends[root or ''] or {})
  recent[#recent + 1] = now
  ends[root or ''] = recent
  local whose = root and 'the server of ' .. vim.fn.fnamemodify(root, ':~') or 'the server'
  local busy = during[1] and (', while at work: ' .. table.concat(during, ', ')) or ''
  local text = ('%s %s%s'):format(whose, what, busy)
  local fail = require('holdover.client').fail
  if not require('holdover.config').get().restart then
    fail(text .. '\nhint: :Holdover log says more; :Holdover restart starts it')
  elseif #recent > MOST then
    fail(
      ('%s; that was %d times in 5 minutes, so it is left alone\nhint: :Holdover log says more; :Holdover restart starts it'):format(
        text,
        #recent
      )
    )
  else
    local delay = math.floor(FIRST_DELAY * 2 ^ (#recent - 1))
    fail(('%s; it starts again in %d s\nhint: :Holdover log says more'):format(text, delay / 1000))
    vim.defer_fn(function()
      start(ended)
    end, delay)
  end
  last = ended
end

---The server's `on_exit`. Called where most of Neovim may not be: only remembers, and goes on later.
---@param code integer
---@param signal integer
---@param client_id integer
function M.on_exit(code, signal, client_id)
  local client = vim.lsp.get_client_by_id(client_id)
  ---@type holdover.Ended?
  local ended = client and { config = client.config, buffers = vim.tbl_keys(client.attached_buffers) }
  -- Both Neovims mark a client that somebody stops; whoever it was, it was meant.
  local meant = (code == 0 and signal == 0) or (client and rawget(client, '_is_stopping')) or false
  vim.schedule(function()
    require('holdover.status').forget(client_id)
    local during = require('holdover.progress').forget(client_id)
    local restart = awaited[client_id]
    awaited[client_id] = nil
    if not ended or vim.v.exiting ~= vim.NIL then
      return
    end
    if restart then
      restart(ended)
    elseif not meant then
      come_back(ended, how(code, signal), during)
    end
  end)
end

---Ends a server that did not end by itself.
---@param client vim.lsp.Client
local function kill(client)
  if awaited[client.id] then
    client:stop(true)
  end
end

---Stops every Holdover server and starts it again for the buffers it served. Waits for the old one to be gone, so that
---two servers never serve one buffer.
function M.restart()
  local clients = require('holdover.client').all()
  ends = {}
  if #clients == 0 then
    if last then
      start(last)
      last = nil
    else
      require('holdover.client').fail("no server runs\nhint: put vim.lsp.enable('holdover') in your init.lua")
    end
    return
  end
  for _, client in ipairs(clients) do
    awaited[client.id] = start
    client:stop()
    vim.defer_fn(function()
      kill(client)
    end, PATIENCE)
  end
end

return M
