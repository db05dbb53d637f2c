-- `vim.g.holdover`, laid over the defaults. Reads and checks; never writes, and works where nothing was set.

local M = {}

---@class holdover.Config
---@field cmd string[] the server and its arguments
---@field trusted? boolean `true`: what the workspace configures may run, as if it stood in the trust list
---@field settings table the keys of `holdover.toml`
---@field progress boolean show the progress of a fetch in the message area
---@field border 'none'|'single'|'double'|'rounded'|'solid'|'shadow'|string[] border of the status float

---@type holdover.Config
local defaults = {
  cmd = { 'holdover', 'lsp' },
  trusted = nil,
  settings = vim.empty_dict(),
  progress = true,
  border = 'rounded',
}

---@type table<string, string[]>
local types = {
  cmd = { 'table' },
  trusted = { 'boolean' },
  settings = { 'table' },
  progress = { 'boolean' },
  border = { 'string', 'table' },
}

---The configuration as it stands now. Keys that have the wrong type count as not set; see |M.problems()|.
---@return holdover.Config
function M.get()
  local config = vim.deepcopy(defaults)
  local user = vim.g.holdover
  if type(user) ~= 'table' then
    return config
  end
  for key, allowed in pairs(types) do
    if vim.list_contains(allowed, type(user[key])) then
      config[key] = user[key]
    end
  end
  if #config.cmd == 0 then
    config.cmd = vim.deepcopy(defaults.cmd)
  end
  return config
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
  local known = vim.tbl_keys(types)
  table.sort(known)
  local problems = {}
  for key, value in vim.spairs(user) do
    local allowed = types[key]
    if not allowed then
      problems[#problems + 1] = ('vim.g.holdover.%s has no meaning; known keys: %s'):format(
        key,
        table.concat(known, ', ')
      )
    elseif not vim.list_contains(allowed, type(value)) then
      problems[#problems + 1] = ('vim.g.holdover.%s is a %s and must be a %s'):format(
        key,
        type(value),
        table.concat(allowed, ' or ')
      )
    elseif key == 'cmd' and (#value == 0 or type(value[1]) ~= 'string') then
      problems[#problems + 1] = "vim.g.holdover.cmd must be a list of words such as { 'holdover', 'lsp' }"
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
