-- `:Holdover`: its words and what completes them. What each does is in subcommands.lua.

local client_of = require('holdover.client')

local M = {}

---@class holdover.Subcommand
---@field about string one line for the help
---@field words? string[] what its first argument may be
---@field needs_word? boolean
---@field needs? string the server's command without which it is not offered
---@field run fun(word?: string, mods?: vim.api.keyset.cmd_mods, range?: {[1]: integer, [2]: integer})

---@return table<string, holdover.Subcommand>
local function all()
  return require('holdover.subcommands')
end

---@param words? string[]
---@return string
local function list(words)
  return table.concat(words or {}, ', ')
end

---The subcommands that can do something here: those that the server of this buffer knows, all where none runs.
---@return string[]
local function names()
  local client = client_of.of()
  local found = {} ---@type string[]
  for name, sub in pairs(all()) do
    if not sub.needs or not client or client_of.knows(client, sub.needs) then
      found[#found + 1] = name
    end
  end
  table.sort(found)
  return found
end

---@param fargs string[]
---@param mods? vim.api.keyset.cmd_mods
---@param range? {[1]: integer, [2]: integer} first and last line, from 1
function M.run(fargs, mods, range)
  local name, word = fargs[1] or 'status', fargs[2]
  local sub = all()[name]
  if not sub then
    local meant = require('holdover.config').nearest(name, names())
    local hint = meant and 'did you mean ' .. meant .. '? ' or ''
    client_of.fail(('there is no command %s\nhint: %sone of %s'):format(name, hint, list(names())))
    return
  end
  local fits = word == nil and not sub.needs_word or sub.words ~= nil and vim.list_contains(sub.words, word)
  if not fits or #fargs > 2 then
    local wanted = sub.words and (sub.needs_word and 'one of ' or 'nothing, or ') .. list(sub.words) or 'nothing'
    client_of.fail((':Holdover %s takes %s'):format(name, wanted))
    return
  end
  sub.run(word, mods, range)
end

---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  -- What stands before the command (`vertical`, a range) is none of its words.
  local before = line:sub(1, #line - #lead):gsub('^.-Hold%a*', 'Holdover', 1)
  local words = vim.split(vim.trim(before), '%s+', { trimempty = true })
  local candidates = {} ---@type string[]
  if #words == 1 then
    candidates = names()
  elseif #words == 2 and all()[words[2]] then
    candidates = all()[words[2]].words or {}
  end
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, lead)
  end, candidates)
end

return M
