-- `:Holdover` and what it completes. One entry a subcommand; each hands over to the module that does it.

local client_of = require('holdover.client')

local M = {}

---@class holdover.Subcommand
---@field about string one line for the help
---@field words? string[] what its first argument may be
---@field run fun(word?: string)

---Hands the server of this buffer to a function; says what to do where there is none.
---@param fn fun(client: vim.lsp.Client)
local function with_client(fn)
  local client = client_of.of_or_fail()
  if client then
    fn(client)
  end
end

---Runs a command of the server and hands its result on; a failure is shown.
---@param client vim.lsp.Client
---@param command string
---@param fields? table
---@param fn fun(result: any)
local function ask(client, command, fields, fn)
  client_of.execute(client, command, fields, function(err, result)
    if err then
      client_of.fail(err.message)
    else
      fn(result)
    end
  end)
end

---@param client vim.lsp.Client
local function preflight(client)
  ask(client, 'holdover.preflight', nil, function(report)
    local view = require('holdover.view')
    if require('holdover.lists').preflight(report) == 0 then
      local r = report.readiness
      require('holdover.progress').say(('%s of %s are here'):format(view.number(r.present), view.number(r.total)))
    end
  end)
end

---@param client vim.lsp.Client
local function status(client)
  ask(client, 'holdover.status', nil, function(result)
    require('holdover.float').open(require('holdover.view').status(result), {
      title = 'Holdover',
      footer = 'f fetch · p preflight · q close',
      keys = {
        f = function()
          require('holdover.fetch').run(client)
        end,
        p = function()
          preflight(client)
        end,
      },
    })
  end)
end

---@type table<string, holdover.Subcommand>
M.subcommands = {
  status = {
    about = 'every figure of this workspace, in a float',
    run = function()
      with_client(status)
    end,
  },
  preflight = {
    about = 'what is not on this machine, in the quickfix list',
    run = function()
      with_client(preflight)
    end,
  },
  fetch = {
    about = 'get what is missing',
    run = function()
      with_client(function(client)
        require('holdover.fetch').run(client)
      end)
    end,
  },
  cancel = {
    about = 'stop what is being fetched',
    run = function()
      with_client(function(client)
        if require('holdover.progress').cancel(client) == 0 then
          require('holdover.progress').say('nothing is running')
        end
      end)
    end,
  },
  offline = {
    about = 'on: no connection by Holdover or a tool it starts; auto: as the network is',
    words = { 'auto', 'off', 'on' },
    run = function(word)
      with_client(function(client)
        ask(client, 'holdover.offline', { mode = word }, function()
          require('holdover.progress').say('offline is ' .. word)
        end)
      end)
    end,
  },
  trust = {
    about = 'let what this workspace configures run; revoke takes it back',
    words = { 'revoke' },
    run = function(word)
      with_client(function(client)
        local root = client.root_dir
        if not root then
          client_of.fail(
            'this file belongs to no workspace\nhint: a folder with a holdover.toml, a lockfile or .git is one'
          )
          return
        end
        local opts = { program = require('holdover.config').program(client), revoke = word == 'revoke' }
        require('holdover.trust').set(root, opts, function(ok)
          if ok then
            local now = opts.revoke and 'is not trusted any more' or 'is trusted'
            require('holdover.progress').say(vim.fn.fnamemodify(root, ':~') .. ' ' .. now)
          end
        end)
      end)
    end,
  },
  conflicts = {
    about = 'merge conflicts, in the quickfix list',
    run = function()
      with_client(function(client)
        local lists = require('holdover.lists')
        local function tell(n)
          if n == 0 then
            require('holdover.progress').say('no conflicts')
          end
        end
        if client_of.knows(client, 'holdover.conflicts') then
          ask(client, 'holdover.conflicts', nil, function(report)
            tell(lists.conflicts(report, client.root_dir))
          end)
        else
          tell(lists.conflicts_of_buffers(client))
        end
      end)
    end,
  },
  accept = {
    about = 'resolve the conflict under the cursor',
    words = { 'base', 'both', 'both-reversed', 'current', 'incoming', 'none' },
    run = function(word)
      with_client(function()
        vim.lsp.buf.code_action({
          apply = true,
          filter = function(action)
            return type(action.data) == 'table' and action.data.action == 'conflict.accept-' .. word
          end,
        })
      end)
    end,
  },
  log = {
    about = "the server's log, in a split",
    run = function()
      require('holdover.log').open()
    end,
  },
  restart = {
    about = 'stop the server and start it again for the same buffers',
    run = function()
      require('holdover.restart').run()
    end,
  },
}

---Subcommands that mean nothing without their word.
local needs_word = { offline = true, accept = true }

---@param words? string[]
---@return string
local function list(words)
  return table.concat(words or {}, ', ')
end

---@return string[]
local function names()
  local all = vim.tbl_keys(M.subcommands)
  table.sort(all)
  return all
end

---@param fargs string[]
function M.run(fargs)
  local name, word = fargs[1] or 'status', fargs[2]
  local sub = M.subcommands[name]
  if not sub then
    client_of.fail(('there is no command %s\nhint: one of %s'):format(name, list(names())))
    return
  end
  local fits = word == nil and not needs_word[name] or sub.words ~= nil and vim.list_contains(sub.words, word)
  if not fits or #fargs > 2 then
    local wanted = sub.words and (needs_word[name] and 'one of ' or 'nothing, or ') .. list(sub.words) or 'nothing'
    client_of.fail((':Holdover %s takes %s'):format(name, wanted))
    return
  end
  sub.run(word)
end

---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local before = line:sub(1, #line - #lead)
  local words = vim.split(vim.trim(before), '%s+', { trimempty = true })
  local candidates = {} ---@type string[]
  if #words == 1 then
    candidates = names()
  elseif #words == 2 and M.subcommands[words[2]] then
    candidates = M.subcommands[words[2]].words or {}
  end
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, lead)
  end, candidates)
end

return M
