-- Figures, sizes, ages and columns as text, for every window alike. Pure: opens nothing, asks nobody.

local M = {}

---A stretch of a line and its highlight group.
---@alias holdover.Chunk [string, string?]

---`1204` as `1,204`, the way the status line writes it.
---@param n? integer
---@return string
function M.number(n)
  local digits = ('%d'):format(n or 0)
  local grouped = digits:reverse():gsub('(%d%d%d)', '%1,'):reverse()
  return (grouped:gsub('^,', ''))
end

---Bytes in the largest unit of which there is at least one, cut off and not rounded, as the program has it.
---@param bytes integer
---@return string
function M.size(bytes)
  local units = { 'B', 'KiB', 'MiB', 'GiB', 'TiB' }
  local unit, value, rest = 1, bytes, 0
  while value >= 1024 and unit < #units do
    unit, rest, value = unit + 1, value % 1024, math.floor(value / 1024)
  end
  if unit == 1 then
    return ('%d B'):format(bytes)
  end
  return ('%s.%d %s'):format(M.number(value), math.floor(rest * 10 / 1024), units[unit])
end

---@param n integer
---@param one string
---@param many? string
---@return string
function M.count(n, one, many)
  return ('%s %s'):format(M.number(n), n == 1 and one or many or one .. 's')
end

---Seconds since the epoch of a point in time in UTC; `os.time` reads its table as local time.
---@param y integer
---@param mo integer
---@param d integer
---@param seconds integer into the day
---@return integer
local function utc(y, mo, d, seconds)
  -- Days from the civil calendar, Howard Hinnant's algorithm: years begin in March so that the leap day is last.
  y = mo <= 2 and y - 1 or y
  local era = math.floor(y / 400)
  local year_of_era = y - era * 400
  local day_of_year = math.floor((153 * (mo + (mo > 2 and -3 or 9)) + 2) / 5) + d - 1
  local day_of_era = year_of_era * 365 + math.floor(year_of_era / 4) - math.floor(year_of_era / 100) + day_of_year
  return (era * 146097 + day_of_era - 719468) * 86400 + seconds
end

---Seconds since the epoch.
---@param rfc3339? string
---@return integer?
function M.epoch(rfc3339)
  local y, mo, d, h, mi, s, zone = (rfc3339 or ''):match('^(%d+)-(%d+)-(%d+)[Tt](%d+):(%d+):(%d+)%.?%d*(%S*)$')
  if not y then
    return nil
  end
  ---@param digits? string
  local function int(digits)
    return math.floor(tonumber(digits or '') or 0)
  end
  local sign, zh, zm = (zone or ''):match('^([+-])(%d%d):?(%d%d)$')
  local offset = (int(zh) * 3600 + int(zm) * 60) * (sign == '-' and -1 or 1)
  return utc(int(y), int(mo), int(d), int(h) * 3600 + int(mi) * 60 + int(s)) - offset
end

---`2026-11-21T10:03:00Z` as `10:03` local time where it was today, else with its date.
---@param rfc3339? string
---@return string?
function M.time(rfc3339)
  local at = M.epoch(rfc3339)
  if not at then
    return nil
  end
  local today = os.date('%Y-%m-%d') == os.date('%Y-%m-%d', at)
  return os.date(today and '%H:%M' or '%Y-%m-%d %H:%M', at) --[[@as string]]
end

---How long ago, in the largest unit that fits: `just now`, `5 minutes ago`, `2 days ago`.
---@param rfc3339? string
---@param now? integer seconds since the epoch, for tests
---@return string?
function M.age(rfc3339, now)
  local at = M.epoch(rfc3339)
  if not at then
    return nil
  end
  local past = (now or os.time()) - at
  if past < -60 then
    return 'in the future, by this clock'
  end
  for _, unit in ipairs({ { 86400, 'day' }, { 3600, 'hour' }, { 60, 'minute' } }) do
    if past >= unit[1] then
      return M.count(math.floor(past / unit[1]), unit[2]) .. ' ago'
    end
  end
  return 'just now'
end

---Rows whose cells are as wide as their column, two columns of space between.
---@param rows holdover.Chunk[][]
---@param right table<integer, boolean> columns that are aligned to the right
---@param indent? string
---@return holdover.Chunk[][]
function M.aligned(rows, right, indent)
  local widths = {} ---@type integer[]
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do
      widths[i] = math.max(widths[i] or 0, vim.fn.strdisplaywidth(cell[1])) --[[@as integer]]
    end
  end
  return vim.tbl_map(function(row)
    local line = { { indent or '  ' } } ---@type holdover.Chunk[]
    for i, cell in ipairs(row) do
      local pad = (' '):rep((widths[i] or 0) - vim.fn.strdisplaywidth(cell[1]))
      local gap = i < #row and '  ' or ''
      line[#line + 1] = { (right[i] and pad or '') .. cell[1], cell[2] }
      line[#line + 1] = { (i < #row and not right[i] and pad or '') .. gap }
    end
    return line
  end, rows)
end

---Lines of chunks as plain lines.
---@param lines holdover.Chunk[][]
---@return string[]
function M.plain(lines)
  return vim.tbl_map(function(line)
    local text = table.concat(vim.tbl_map(function(chunk)
      return chunk[1]
    end, line))
    return (text:gsub('%s+$', ''):gsub('\n', ' '))
  end, lines)
end

return M
