-- Ids as the server has them: the time in milliseconds, then chance, in 26 letters that sort by time.
-- Knows nothing of what they name.

local M = {}

local LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

---@param value integer from 0 to 31
---@return string
local function letter(value)
  return LETTERS:sub(value + 1, value + 1)
end

---@return string
function M.new()
  local seconds, micros = vim.uv.gettimeofday()
  local ms = assert(seconds) * 1000 + math.floor(micros / 1000)
  local out = {} ---@type string[]
  for i = 10, 1, -1 do
    out[i] = letter(ms % 32)
    ms = math.floor(ms / 32)
  end
  for i, byte in ipairs({ assert(vim.uv.random(16)):byte(1, 16) }) do
    out[10 + i] = letter(byte % 32)
  end
  return table.concat(out)
end

return M
