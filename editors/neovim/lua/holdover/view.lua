-- The status as lines of text. The words are the server's own, the same in every front end; where a server is too old
-- to send them, they are said here. Pure: tables in, lines and highlights out; opens nothing.

local text = require('holdover.text')

local M = {}

---@type table<string, string>
local colours = {
  ready = 'DiagnosticOk',
  proven = 'DiagnosticOk',
  incomplete = 'DiagnosticError',
  unknown = 'DiagnosticWarn',
  ['stale-proof'] = 'DiagnosticWarn',
}

---The kinds of what is not as it should be, worst first.
---@type [string, string][]
local kinds = {
  { 'missing', 'DiagnosticError' },
  { 'corrupt', 'DiagnosticError' },
  { 'stale', 'DiagnosticWarn' },
  { 'unknown', 'DiagnosticWarn' },
}

---A server's word, or what stands in for it.
---@param said? string
---@param instead string
---@return string
local function word(said, instead)
  return (said and said ~= '') and said or instead
end

---@param chunks holdover.Chunk[]
---@return string
local function plain(chunks)
  return table.concat(vim.tbl_map(function(chunk)
    return chunk[1]
  end, chunks))
end

---@param counts holdover.Readiness|holdover.EcosystemReadiness
---@return holdover.Chunk[] `2 missing, 1 corrupt`; empty where nothing is wrong
local function wrong(counts)
  local chunks = {} ---@type holdover.Chunk[]
  for _, kind in ipairs(kinds) do
    local n = counts[kind[1]] --[[@as integer?]] or 0
    if n > 0 then
      chunks[#chunks + 1] = { (#chunks > 0 and ', ' or '') .. text.number(n) .. ' ' .. kind[1], kind[2] }
    end
  end
  return chunks
end

---Where a check stands, in words.
---@param check holdover.Check
---@return string
function M.check(check)
  local ran = text.age(check.ranAt)
  local found = ('%s%s'):format(text.count(check.findings, 'finding'), ran and ', ' .. ran or '')
  return ('%s, %s'):format(check.state, word(check.text, found))
end

---Each check, how it stands, and what to do where it cannot be run.
---@param status holdover.Status
---@return holdover.Chunk[][]
function M.checks(status)
  local lines = {} ---@type holdover.Chunk[][]
  for _, check in ipairs(status.checks or {}) do
    local colour = check.state == 'failed' and 'DiagnosticError'
      or (check.state == 'stale' or check.state == 'unavailable') and 'DiagnosticWarn'
      or nil
    lines[#lines + 1] = { { check.name .. '  ', 'Title' }, { M.check(check), colour } }
    if check.version then
      lines[#lines + 1] = { { '  ' .. check.version, 'Comment' } }
    end
    for _, line in ipairs(vim.split(check.detail or '', '\n', { trimempty = true })) do
      lines[#lines + 1] = { { '  ' .. line, 'Comment' } }
    end
  end
  if #lines == 0 then
    lines[1] = { { 'nothing has been checked yet' } }
  end
  return lines
end

---The counts of a lockfile in words, what is wrong in colour.
---@param eco holdover.EcosystemReadiness
---@return holdover.Chunk[]
function M.counts(eco)
  local bad = wrong(eco)
  local chunks = {} ---@type holdover.Chunk[]
  if eco.total > 0 or not eco.problem then
    local whole = eco.present == eco.total and not eco.problem
    local here = ('%s of %s here'):format(text.number(eco.present), text.number(eco.total))
    chunks[1] = { here, whole and 'DiagnosticOk' or nil }
  end
  if #bad > 0 then
    chunks[#chunks + 1] = { #chunks > 0 and ', ' or '' }
    vim.list_extend(chunks, bad)
  end
  if (eco.otherTargets or 0) > 0 then
    local elsewhere = text.number(eco.otherTargets) .. ' only for other targets'
    chunks[#chunks + 1] = { (#chunks > 0 and ', ' or '') .. elsewhere, 'Comment' }
  end
  if #chunks == 0 then
    chunks[1] = { 'cannot be judged', 'DiagnosticError' }
  end
  -- Its own words count: where they are others than these, they are shown without the colours of their parts.
  local said = word(eco.text, plain(chunks))
  return said == plain(chunks) and chunks or { { said } }
end

---Whether it will build, in words.
---@param r holdover.Readiness
---@return holdover.Chunk
function M.verdict(r)
  local instead = r.state == 'incomplete' and 'not ready: ' .. plain(wrong(r)) or r.state:gsub('-', ' ')
  return { word(r.text, instead), colours[r.state] or 'DiagnosticWarn' }
end

---Where, for what and when was looked.
---@param workspace? string
---@param r holdover.Readiness
---@return holdover.Chunk[]
function M.about(workspace, r)
  local looked = text.age(r.checkedAt)
  return {
    { vim.fn.fnamemodify(workspace or '', ':~'), 'Directory' },
    { (r.target or '') ~= '' and '   judged for ' .. r.target or '', 'Comment' },
    { looked and '   looked ' .. looked or '', 'Comment' },
  }
end

---@param status holdover.Status
---@return holdover.Chunk[][]
local function lockfiles(status)
  local rows = {} ---@type holdover.Chunk[][]
  local problems = {} ---@type holdover.Chunk[][]
  for _, eco in ipairs(status.readiness.ecosystems or {}) do
    local row = { { eco.lockfile, 'Directory' }, { eco.name } } ---@type holdover.Chunk[]
    row[3] = { eco.bytes and text.size(eco.bytes) or '', 'Comment' }
    rows[#rows + 1] = row
    if eco.problem then
      problems[#problems + 1] = { { '  ' .. eco.lockfile .. ': ' .. eco.problem, 'DiagnosticError' } }
    end
  end
  local lines = text.aligned(rows, { [3] = true })
  for i, eco in ipairs(status.readiness.ecosystems or {}) do
    local line = lines[i] --[[@as holdover.Chunk[] ]]
    line[#line + 1] = { '  ' }
    vim.list_extend(line, M.counts(eco))
  end
  return vim.list_extend(lines, problems)
end

---@param status holdover.Status
---@return holdover.Chunk[][]
local function now(status)
  local rows = {} ---@type holdover.Chunk[][]
  local function fact(name, words, group)
    rows[#rows + 1] = { { name, 'Comment' }, { words, group } }
  end
  local c = status.connectivity or {}
  local since = text.age(c.since)
  fact(
    'connection',
    ('%s: %s%s'):format(
      word(c.text, (c.state or 'unknown'):gsub('-', ' ')),
      c.detail or '',
      since and ', since ' .. since or ''
    ),
    c.state == 'online' and 'DiagnosticOk' or nil
  )
  fact(
    'trust',
    status.trusted and 'trusted: what this workspace configures may be run'
      or 'not trusted: nothing that this workspace configures is run',
    status.trusted and 'DiagnosticOk' or 'DiagnosticWarn'
  )
  local hunks = status.conflicts or { files = 0, hunks = 0 }
  local conflicts = ('%s in %s'):format(text.count(hunks.hunks, 'merge conflict'), text.count(hunks.files, 'file'))
  fact(
    'merge conflicts',
    word(hunks.text, hunks.hunks > 0 and conflicts or 'none known'),
    hunks.hunks > 0 and 'DiagnosticWarn' or nil
  )
  local journal = status.journal
  if journal then
    local events = journal.events and text.count(journal.events, 'event') .. ', ' or ''
    fact('journal', events .. (journal.detail or ''), journal.state == 'failed' and 'DiagnosticError' or nil)
  end
  local proof = status.readiness.proof
  if proof then
    fact(
      'proof',
      proof.text and ('%s, %s'):format(proof.text, text.age(proof.at) or proof.at)
        or ('%s %s %s'):format(proof.command, proof.passed and 'passed' or 'failed', text.age(proof.at) or proof.at)
    )
  end
  local snapshot = status.readiness.snapshot
  if snapshot and snapshot ~= vim.NIL then
    fact('snapshot', snapshot.text, #(snapshot.problems or {}) > 0 and 'DiagnosticWarn' or nil)
  end
  for _, check in ipairs(status.checks or {}) do
    fact(check.name, M.check(check), check.state == 'failed' and 'DiagnosticError' or nil)
  end
  local sync = status.sync or {}
  if sync.state and sync.state ~= 'disabled' then
    fact('sync', ('%s: %s waiting, %s failed'):format(sync.state, text.number(sync.pending), text.number(sync.failed)))
  end
  local reviews = status.reviews or { openThreads = 0, unsent = 0 }
  if reviews.openThreads + reviews.unsent > 0 then
    fact(
      'reviews',
      ('%s, %s unsent'):format(text.count(reviews.openThreads, 'open thread'), text.number(reviews.unsent))
    )
  end
  local model = status.model or {}
  if model.state and model.state ~= 'none' then
    fact('model', vim.trim(model.state .. ' ' .. (model.name or '')))
  end
  return text.aligned(rows, {})
end

---@type table<string, holdover.Chunk>
local modes = {
  ['local'] = { 'works without a connection', 'DiagnosticOk' },
  delayed = { 'works now, reaches others later', 'DiagnosticOk' },
  ['needs-online'] = { 'needs a connection', 'DiagnosticWarn' },
  unavailable = { 'does not work now', 'DiagnosticWarn' },
}

---@param status holdover.Status
---@return holdover.Chunk[][]
local function functions(status)
  local rows, hints = {}, {} ---@type holdover.Chunk[][], holdover.Chunk[][]
  local reasons, without = {}, {} ---@type string[], table<string, string[]?>
  for _, f in ipairs(status.functions or {}) do
    local mode = modes[f.mode] or { f.mode }
    local can, reason = (f.next or '') ~= '', f.reason or ''
    if f.mode == 'unavailable' and not can then
      -- Nothing can be done about these: one line for all that have the same reason.
      local names = without[reason] or {}
      if #names == 0 then
        reasons[#reasons + 1] = reason
      end
      names[#names + 1] = f.name
      without[reason] = names
    else
      rows[#rows + 1] = { { f.name }, { word(f.text, mode[1]), mode[2] }, { reason, 'Comment' } }
      if can and f.mode ~= 'local' and f.mode ~= 'delayed' then
        hints[#hints + 1] = { { '  hint: ' .. f.name .. ': ' .. f.next, 'DiagnosticHint' } }
      end
    end
  end
  local lines = text.aligned(rows, {})
  for _, reason in ipairs(reasons) do
    local names = table.concat(without[reason] or {}, ', ')
    lines[#lines + 1] = { { ('  %s: %s'):format(reason, names), 'Comment' } }
  end
  return vim.list_extend(lines, hints)
end

---@param status holdover.Status
---@return holdover.Chunk[][]
local function caches(status)
  return text.aligned(
    vim.tbl_map(function(cache)
      local instead = cache.bytes and text.size(cache.bytes) .. ' in use here' or ''
      return {
        { cache.ecosystem },
        { word(cache.text, instead) },
        { vim.fn.fnamemodify(cache.path, ':~'), 'Directory' },
      }
    end, status.caches or {}),
    { [2] = true }
  )
end

---@param status holdover.Status
---@return holdover.Chunk[][]
local function mirrors(status)
  local rows = {} ---@type holdover.Chunk[][]
  for _, mirror in ipairs(status.mirrors or {}) do
    local group = mirror.state == 'unknown' and 'Comment' or mirror.state ~= 'reachable' and 'DiagnosticWarn' or nil
    rows[#rows + 1] = { { mirror.ecosystem }, { word(mirror.text, mirror.state), group }, { mirror.url, 'Directory' } }
  end
  return text.aligned(rows, {})
end

---The whole status, a list of lines, each a list of chunks.
---@param status holdover.Status
---@return holdover.Chunk[][]
function M.status(status)
  local lines = {
    { { status.text, 'Title' }, { '   ' }, M.verdict(status.readiness) },
    M.about(status.workspace, status.readiness),
  } ---@type holdover.Chunk[][]
  for _, section in ipairs({
    { nil, lockfiles },
    { nil, now },
    { 'What works', functions },
    { 'Caches', caches },
    { 'Registries', mirrors },
  }) do
    local rows = section[2](status) ---@type holdover.Chunk[][]
    if #rows > 0 then
      lines[#lines + 1] = {}
      if section[1] then
        lines[#lines + 1] = { { section[1], 'Title' } }
      end
      vim.list_extend(lines, rows)
    end
  end
  return lines
end

---One line about a fetch that succeeded.
---@param report holdover.PreflightReport
---@return string
function M.fetched(report)
  local r = report.readiness
  local after = r and ('; %s of %s are here'):format(text.number(r.present), text.number(r.total)) or ''
  local fetched = report.fetch and report.fetch.fetched or {}
  return text.count(#fetched, 'artifact') .. ' fetched' .. after
end

return M
