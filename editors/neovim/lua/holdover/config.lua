-- `vim.g.holdover`, laid over the defaults. Reads and checks; never writes, and works where nothing was set.

local M = {}

---The version of this plugin: that of the program it is released with.
M.VERSION = '0.1.0'

---@class holdover.Config
---@field cmd string[] the server and its arguments
---@field trusted? boolean `true`: what the workspace configures may run, as if it stood in the trust list
---@field settings table the keys of `holdover.toml`
---@field progress boolean show the progress of a fetch in the message area
---@field restart boolean start a server again that ended by itself
---@field notes boolean show notes behind the lines that they stand on
---@field note_sign string what stands beside the lines of a note, in the sign column; '' for nothing
---@field inlay_hints boolean show in manifests which version is locked, and whether it is here
---@field highlight_conflicts boolean show the sides of a merge conflict in the text
---@field quiet_conflicts boolean do not draw what other tools say inside a merge conflict
---@field diagnostics? vim.diagnostic.Opts how Holdover's own diagnostics are shown
---@field border 'none'|'single'|'double'|'rounded'|'solid'|'shadow'|string[] border of the floats

---@type holdover.Config
local defaults = {
  cmd = { 'holdover', 'lsp' },
  trusted = nil,
  settings = vim.empty_dict(),
  progress = true,
  restart = true,
  notes = true,
  note_sign = '┃',
  inlay_hints = true,
  highlight_conflicts = true,
  quiet_conflicts = true,
  diagnostics = nil,
  border = 'rounded',
}

---@type table<string, string[]>
M.types = {
  border = { 'string', 'table' },
  cmd = { 'table' },
  diagnostics = { 'table' },
  notes = { 'boolean' },
  note_sign = { 'string' },
  highlight_conflicts = { 'boolean' },
  inlay_hints = { 'boolean' },
  quiet_conflicts = { 'boolean' },
  progress = { 'boolean' },
  restart = { 'boolean' },
  settings = { 'table' },
  trusted = { 'boolean' },
}

---The keys of `settings`, as the schema has them.
---@type table<string, string[]>
M.settings = {
  checks = { 'build', 'commands', 'disable', 'enable', 'steps', 'test', 'timeout-seconds', 'workflows' },
  conflicts = { 'enable' },
  explain = { 'cloud', 'endpoint', 'endpoint-model', 'key-variable', 'max-tokens', 'timeout-seconds' },
  lints = { 'allow', 'enable' },
  notes = { 'lenses' },
  workspace = { 'project' },
  fetch = { 'cargo', 'go', 'maven', 'npm', 'pnpm', 'poetry', 'python', 'timeout-seconds', 'uv', 'yarn' },
  freshness = { 'rules' },
  inventory = { 'enable', 'exclude', 'hints', 'target', 'timeout-seconds', 'verify' },
  pack = { 'branches', 'commands', 'files', 'refs' },
  journal = { 'enable', 'retention' },
  log = { 'level' },
  mirrors = { 'ask' },
  prove = { 'commands', 'timeout-seconds' },
  sync = { 'automatic', 'drift', 'interval-seconds', 'metrics-file' },
}

---How many letters must be changed, added or taken away to make one word of another.
---@param a string
---@param b string
---@return integer
local function distance(a, b)
  local row = {} ---@type integer[]
  for j = 0, #b do
    row[j] = j
  end
  for i = 1, #a do
    local above_left = row[0] --[[@as integer]]
    row[0] = i
    for j = 1, #b do
      local above = row[j] --[[@as integer]]
      local change = above_left + (a:byte(i) == b:byte(j) and 0 or 1)
      row[j] = math.min(above + 1, row[j - 1] --[[@as integer]] + 1, change)
      above_left = above
    end
  end
  return row[#b] --[[@as integer]]
end

---The known word that an unknown one was probably meant to be.
---@param word string
---@param known string[]
---@return string?
function M.nearest(word, known)
  local best, least ---@type string?, integer?
  for _, candidate in ipairs(known) do
    local far = distance(word:lower(), candidate)
    if not least or far < least then
      best, least = candidate, far
    end
  end
  return least and least <= math.max(2, math.floor(#word / 2)) and best or nil
end

---The configuration as it stands now. Keys that have the wrong type count as not set; see |M.problems()|.
---@return holdover.Config
function M.get()
  local config = vim.deepcopy(defaults)
  local user = vim.g.holdover
  if type(user) ~= 'table' then
    return config
  end
  for key, allowed in pairs(M.types) do
    if vim.list_contains(allowed, type(user[key])) then
      config[key] = user[key]
    end
  end
  if type(config.cmd[1]) ~= 'string' then
    config.cmd = vim.deepcopy(defaults.cmd)
  end
  return config
end

---@param name string
---@param key string
---@param known string[]
---@return string
local function unknown(name, key, known)
  local meant = M.nearest(key, known)
  local hint = meant and 'did you mean ' .. meant .. '?' or 'known keys: ' .. table.concat(known, ', ')
  return ('%s.%s has no meaning; %s'):format(name, key, hint)
end

---@param settings table
---@param problems string[]
local function check_settings(settings, problems)
  for section, values in vim.spairs(settings) do
    local name, known = 'vim.g.holdover.settings', M.settings[section]
    if not known then
      local sections = vim.tbl_keys(M.settings)
      table.sort(sections)
      problems[#problems + 1] = unknown(name, tostring(section), sections)
    elseif type(values) ~= 'table' then
      problems[#problems + 1] = ('%s.%s is a %s and must be a table'):format(name, section, type(values))
    else
      for key in vim.spairs(values) do
        -- The server takes camelCase as well.
        local kebab = tostring(key):gsub('%u', function(letter)
          return '-' .. letter:lower()
        end)
        if not vim.list_contains(known, kebab) then
          problems[#problems + 1] = unknown(name .. '.' .. section, tostring(key), known)
        end
      end
    end
  end
end

---What is wrong with `vim.g.holdover`, one sentence each.
---@return string[]
function M.problems()
  local user = vim.g.holdover
  if user == nil then
    return {}
  end
  if type(user) ~= 'table' then
    return { ('vim.g.holdover is a %s and must be a table'):format(type(user)) }
  end
  local known = vim.tbl_keys(M.types)
  table.sort(known)
  local problems = {}
  for key, value in vim.spairs(user) do
    local allowed = M.types[key]
    if not allowed then
      problems[#problems + 1] = unknown('vim.g.holdover', tostring(key), known)
    elseif not vim.list_contains(allowed, type(value)) then
      problems[#problems + 1] = ('vim.g.holdover.%s is a %s and must be a %s'):format(
        key,
        type(value),
        table.concat(allowed, ' or ')
      )
    elseif key == 'cmd' and type(value[1]) ~= 'string' then
      problems[#problems + 1] = "vim.g.holdover.cmd must be a list of words such as { 'holdover', 'lsp' }"
    elseif key == 'settings' then
      check_settings(value, problems)
    end
  end
  return problems
end

---The program that is also the command line: the first word of the server's command.
---@param client? vim.lsp.Client
---@return string
function M.program(client)
  local cmd = client and client.config.cmd
  if type(cmd) == 'table' and cmd[1] then
    return cmd[1]
  end
  return M.get().cmd[1] --[[@as string]]
end

return M
