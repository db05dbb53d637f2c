-- The status and the outcome of a fetch as text. Pure: tables in, lines and highlights out; opens nothing.

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

---Bytes in the unit that leaves at most three digits before the point.
---@param bytes integer
---@return string
function M.size(bytes)
  local units = { 'B', 'KiB', 'MiB', 'GiB', 'TiB' }
  local unit = 1
  local value = bytes --[[@as number]]
  while value >= 1024 and unit < #units do
    unit, value = unit + 1, value / 1024
  end
  return (unit == 1 and '%d %s' or '%.1f %s'):format(value, units[unit])
end

---@param n integer
---@param one string
---@param many? string
---@return string
local function count(n, one, many)
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

---`2026-11-21T10:03:00Z` as `10:03` local time where it was today, else with its date.
---@param rfc3339? string
---@return string?
function M.time(rfc3339)
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
  local at = utc(int(y), int(mo), int(d), int(h) * 3600 + int(mi) * 60 + int(s)) - offset
  local today = os.date('%Y-%m-%d') == os.date('%Y-%m-%d', at)
  return os.date(today and '%H:%M' or '%Y-%m-%d %H:%M', at) --[[@as string]]
end

---What is wrong, as `2 missing, 1 corrupt`; empty where nothing is.
---@param counts holdover.Readiness|holdover.EcosystemReadiness
---@return holdover.Chunk[]
local function wrong(counts)
  local chunks = {} ---@type holdover.Chunk[]
  for _, kind in ipairs({
    { 'missing', 'DiagnosticError' },
    { 'corrupt', 'DiagnosticError' },
    { 'stale', 'DiagnosticWarn' },
    { 'unknown', 'DiagnosticWarn' },
  }) do
    local n = counts[kind[1]] or 0
    if n > 0 then
      chunks[#chunks + 1] = { (#chunks > 0 and ', ' or '') .. M.number(n) .. ' ' .. kind[1], kind[2] }
    end
  end
  return chunks
end

---@type table<string, holdover.Chunk>
local verdicts = {
  ready = { 'ready to build without a network', 'DiagnosticOk' },
  incomplete = { 'will not build without a network', 'DiagnosticError' },
  unknown = { 'cannot be told', 'DiagnosticWarn' },
  proven = { 'proven by a build without a network', 'DiagnosticOk' },
  ['stale-proof'] = { 'was proven, and has changed since', 'DiagnosticWarn' },
}

---@type table<string, holdover.Chunk>
local modes = {
  ['local'] = { 'works offline', 'DiagnosticOk' },
  delayed = { 'works, reaches others later', 'DiagnosticOk' },
  ['needs-online'] = { 'needs a connection', 'DiagnosticWarn' },
  unavailable = { 'does not work now', 'DiagnosticError' },
}

---Rows whose cells are as wide as their column, two columns of space between.
---@param rows holdover.Chunk[][]
---@param right table<integer, boolean> columns that are aligned to the right
---@return holdover.Chunk[][]
local function aligned(rows, right)
  local widths = {} ---@type integer[]
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do
      widths[i] = math.max(widths[i] or 0, vim.fn.strdisplaywidth(cell[1])) --[[@as integer]]
    end
  end
  return vim.tbl_map(function(row)
    local line = { { '  ' } } ---@type holdover.Chunk[]
    for i, cell in ipairs(row) do
      local pad = (' '):rep((widths[i] or 0) - vim.fn.strdisplaywidth(cell[1]))
      local gap = i < #row and '  ' or ''
      line[#line + 1] = { (right[i] and pad or '') .. cell[1], cell[2] }
      line[#line + 1] = { (i < #row and not right[i] and pad or '') .. gap }
    end
    return line
  end, rows)
end

---@param status holdover.Status
---@param add fun(...: holdover.Chunk)
---@param table_of fun(rows: holdover.Chunk[][], right?: table<integer, boolean>)
local function readiness(status, add, table_of)
  local r = status.readiness
  local verdict = verdicts[r.state] or { r.state, 'DiagnosticWarn' }
  add({ status.text, 'Title' }, { '   ' }, verdict)
  add(
    { vim.fn.fnamemodify(status.workspace or '', ':~'), 'Directory' },
    { r.target ~= '' and '  ' .. r.target or '', 'Comment' }
  )
  if #(r.ecosystems or {}) > 0 then
    add()
  end
  local rows = {} ---@type holdover.Chunk[][]
  local problems = {} ---@type string[]
  for _, eco in ipairs(r.ecosystems or {}) do
    local state = { '', nil } ---@type holdover.Chunk
    local bad = wrong(eco)
    if #bad > 0 then
      state = { table.concat(vim.tbl_map(function(c)
        return c[1]
      end, bad)), bad[1][2] }
    elseif eco.problem then
      state = { 'cannot be read', 'DiagnosticError' }
    else
      state = { 'all here', 'DiagnosticOk' }
    end
    local elsewhere = (eco.otherTargets or 0) > 0 and M.number(eco.otherTargets) .. ' only for other targets' or ''
    rows[#rows + 1] = {
      { eco.name },
      { eco.lockfile, 'Directory' },
      { ('%s of %s'):format(M.number(eco.present), M.number(eco.total)) },
      state,
      { elsewhere, 'Comment' },
    }
    if eco.problem then
      problems[#problems + 1] = eco.lockfile .. ': ' .. eco.problem
    end
  end
  table_of(rows, { [3] = true })
  for _, problem in ipairs(problems) do
    add({ '  ' .. problem, 'DiagnosticError' })
  end
  if r.proof then
    local when = M.time(r.proof.at) or r.proof.at
    add({ ('  proof  %s  %s %s'):format(r.proof.command, r.proof.passed and 'passed' or 'failed', when), 'Comment' })
  end
end

---@param status holdover.Status
---@return holdover.Chunk[][]
local function facts(status)
  local rows = {} ---@type holdover.Chunk[][]
  local function fact(name, text, group)
    rows[#rows + 1] = { { name, 'Comment' }, { text, group } }
  end
  local c = status.connectivity or {}
  local since = M.time(c.since)
  fact(
    'connection',
    (c.state or 'unknown'):gsub('-', ' ')
      .. (since and ' since ' .. since or '')
      .. ((c.detail or '') ~= '' and ': ' .. c.detail or '')
  )
  fact('trust', status.trusted and 'this workspace is trusted' or 'not trusted: nothing that it configures is run')
  local conflicts = status.conflicts or { files = 0, hunks = 0 }
  if conflicts.hunks > 0 then
    fact(
      'conflicts',
      ('%s in %s'):format(count(conflicts.hunks, 'conflict'), count(conflicts.files, 'file')),
      'DiagnosticWarn'
    )
  end
  for _, check in ipairs(status.checks or {}) do
    local found = check.findings > 0 and ', ' .. count(check.findings, 'finding') or ''
    fact(check.name, check.state .. found, check.state == 'failed' and 'DiagnosticError' or nil)
  end
  local sync = status.sync or {}
  if sync.state and sync.state ~= 'disabled' then
    fact('sync', ('%s, %s waiting, %s failed'):format(sync.state, M.number(sync.pending), M.number(sync.failed)))
  end
  local reviews = status.reviews or { openThreads = 0, unsent = 0 }
  if reviews.openThreads + reviews.unsent > 0 then
    fact('reviews', ('%s, %s'):format(count(reviews.openThreads, 'open thread'), M.number(reviews.unsent) .. ' unsent'))
  end
  local model = status.model or {}
  if model.state and model.state ~= 'none' then
    fact('model', vim.trim(model.state .. ' ' .. (model.name or '')))
  end
  for _, mirror in ipairs(status.mirrors or {}) do
    if mirror.state ~= 'unknown' then
      local ok = mirror.state == 'reachable'
      fact(mirror.ecosystem, mirror.state .. '  ' .. mirror.url, not ok and 'DiagnosticWarn' or nil)
    end
  end
  return rows
end

---The whole status, a list of lines, each a list of chunks.
---@param status holdover.Status
---@return holdover.Chunk[][]
function M.status(status)
  local lines = {} ---@type holdover.Chunk[][]
  local function add(...)
    lines[#lines + 1] = { ... }
  end
  local function table_of(rows, right)
    vim.list_extend(lines, aligned(rows, right or {}))
  end
  readiness(status, add, table_of)
  add()
  table_of(facts(status))
  if #(status.functions or {}) > 0 then
    add()
    add({ 'What works', 'Title' })
    local rows, hints = {}, {} ---@type holdover.Chunk[][], string[]
    for _, f in ipairs(status.functions) do
      local mode = modes[f.mode] or { f.mode }
      if f.mode == 'unavailable' and (f.next or '') == '' then
        -- Nothing can be done about it: no reason to shout.
        mode = { mode[1], 'Comment' }
      end
      rows[#rows + 1] = { { f.name }, mode, { f.reason or '', 'Comment' } }
      if (f.next or '') ~= '' and f.mode ~= 'local' and f.mode ~= 'delayed' then
        hints[#hints + 1] = f.name .. ': ' .. f.next
      end
    end
    table_of(rows)
    for _, hint in ipairs(hints) do
      add({ '  hint: ' .. hint, 'DiagnosticHint' })
    end
  end
  if #(status.caches or {}) > 0 then
    add()
    add({ 'Caches', 'Title' })
    table_of(
      vim.tbl_map(function(cache)
        local bytes = type(cache.bytes) == 'number' and M.size(cache.bytes) or ''
        return { { cache.ecosystem }, { bytes }, { vim.fn.fnamemodify(cache.path, ':~'), 'Directory' } }
      end, status.caches),
      { [2] = true }
    )
  end
  return lines
end

---One line about a fetch that succeeded.
---@param report holdover.PreflightReport
---@return string
function M.fetched(report)
  local r = report.readiness
  local now = r and ('; %s of %s are here'):format(M.number(r.present), M.number(r.total)) or ''
  local fetched = report.fetch and report.fetch.fetched or {}
  return count(#fetched, 'artifact') .. ' fetched' .. now
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
