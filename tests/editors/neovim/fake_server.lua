-- A language server inside Neovim for the plugin's unit tests: says what a test tells it to and records what it was
-- asked. Not a model of the real server; what that does is asserted in main_job.lua.

local M = {}

---@class FakeServer
---@field requests {method: string, params: any}[]
---@field notifications {method: string, params: any}[]
---@field answers table<string, fun(params: any): any, any> by method, or by command for workspace/executeCommand
---@field notify fun(method: string, params: any)
---@field die fun(code: integer, signal: integer)
---@field starts integer
---@field asked fun(key: string): integer
---@field cmd fun(dispatchers: vim.lsp.rpc.Dispatchers): vim.lsp.rpc.PublicClient

---@param opts? {commands?: string[], version?: string}
---@return FakeServer
function M.new(opts)
  opts = opts or {}
  local server = { requests = {}, notifications = {}, answers = {}, starts = 0 }
  local commands = opts.commands
    or {
      'holdover.status',
      'holdover.preflight',
      'holdover.fetch',
      'holdover.offline',
      'holdover.conflicts',
      'holdover.journal',
    }

  server.answers.initialize = function()
    return {
      serverInfo = { name = 'holdover', version = opts.version or '0.1.0' },
      capabilities = {
        textDocumentSync = { openClose = true, change = 2 },
        hoverProvider = true,
        codeActionProvider = true,
        executeCommandProvider = { commands = commands },
      },
    }
  end
  server.answers.shutdown = function()
    return nil
  end

  server.cmd = function(dispatchers)
    local closing = false
    local last = 0
    server.starts = server.starts + 1
    ---Ends as a process does that nobody asked to.
    server.die = function(code, signal)
      closing = true
      vim.schedule(function()
        dispatchers.on_exit(code, signal)
      end)
    end
    server.notify = function(method, params)
      vim.schedule(function()
        if not closing then
          dispatchers.notification(method, params)
        end
      end)
    end
    ---@return boolean, integer?
    local function request(method, params, callback)
      last = last + 1
      table.insert(server.requests, { method = method, params = params })
      local key = method == 'workspace/executeCommand' and params.command or method
      local answer = server.answers[key]
      vim.schedule(function()
        if closing and method ~= 'shutdown' then
          return
        end
        if not answer then
          callback({ code = -32601, message = 'no answer for ' .. key }, nil)
          return
        end
        local result, err = answer(method == 'workspace/executeCommand' and params.arguments[1] or params)
        callback(err, result)
      end)
      return true, last
    end
    return {
      request = request,
      notify = function(method, params)
        table.insert(server.notifications, { method = method, params = params })
        if method == 'exit' and not closing then
          closing = true
          vim.schedule(function()
            dispatchers.on_exit(0, 0)
          end)
        end
        return true
      end,
      is_closing = function()
        return closing
      end,
      terminate = function()
        if not closing then
          closing = true
          vim.schedule(function()
            dispatchers.on_exit(0, 15)
          end)
        end
      end,
    }
  end

  ---How often something was asked.
  function server.asked(key)
    return #vim.tbl_filter(function(r)
      return r.method == key or (r.method == 'workspace/executeCommand' and r.params.command == key)
    end, server.requests)
  end

  return server
end

---A status as the contract has it, with counts of one's choice.
---@param present integer
---@param total integer
---@param more? table
---@return holdover.Status
function M.status(present, total, more)
  local number = require('holdover.text').number
  local missing = total - present
  return vim.tbl_deep_extend('force', {
    workspace = '/tmp/w',
    text = ('offline: %s of %s'):format(number(present), number(total)),
    trusted = true,
    connectivity = { state = 'online', since = '2020-01-02T03:04:05Z', detail = 'a route and a resolver' },
    readiness = {
      state = missing > 0 and 'incomplete' or 'ready',
      target = 'x86_64-unknown-linux-gnu',
      total = total,
      present = present,
      missing = missing,
      corrupt = 0,
      stale = 0,
      unknown = 0,
      verified = 0,
      otherTargets = 37,
      proof = vim.NIL,
      ecosystems = {
        {
          name = 'cargo',
          lockfile = 'Cargo.lock',
          total = 400,
          present = 400 - missing,
          missing = missing,
          corrupt = 0,
          stale = 0,
          unknown = 0,
          verified = 0,
          otherTargets = 37,
        },
        {
          name = 'npm',
          lockfile = 'package-lock.json',
          total = total - 400,
          present = total - 400,
          missing = 0,
          corrupt = 0,
          stale = 0,
          unknown = 0,
          verified = 0,
          otherTargets = 0,
        },
      },
    },
    functions = {
      {
        name = 'build',
        mode = 'unavailable',
        reason = '3 artifacts are missing',
        next = 'fetch them while there is a network',
      },
      { name = 'conflicts', mode = 'local', reason = 'read from the files', next = '' },
    },
    caches = {
      {
        ecosystem = 'cargo',
        path = '/tmp/w/cargo-home',
        bytes = 5 * 1024 * 1024,
        quota = vim.NIL,
        stale = 0,
        replaced = 0,
      },
    },
    mirrors = {
      { ecosystem = 'cargo', url = 'https://example.org', state = 'slow', checkedAt = vim.NIL, latencyMs = vim.NIL },
    },
    sync = { state = 'disabled', pending = 0, failed = 0, conflicts = 0, lastSuccess = vim.NIL, remotes = {} },
    checks = {},
    conflicts = { files = 1, hunks = 3 },
    reviews = { openThreads = 0, unsent = 0 },
    model = { state = 'none', name = vim.NIL, hash = vim.NIL, detail = '' },
  }, more or {})
end

return M
