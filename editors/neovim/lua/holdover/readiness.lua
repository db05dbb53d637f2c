-- The readiness window: every artifact under its lockfile under its ecosystem. Draws what the server reports and counts
-- nothing itself.

local client_of = require('holdover.client')
local text = require('holdover.text')
local view = require('holdover.view')

local M = {}

---@type table<string, string>
local groups = {
  missing = 'DiagnosticError',
  corrupt = 'DiagnosticError',
  stale = 'DiagnosticWarn',
  unknown = 'DiagnosticWarn',
}

---@param artifact holdover.Artifact
---@return string
local function needed_by(artifact)
  local by = artifact.neededBy or {}
  return by[1] and 'needed by ' .. by[1] .. (#by > 1 and (' and %d more'):format(#by - 1) or '') or ''
end

---Rows of artifacts in columns.
---@param artifacts holdover.Artifact[]
---@param level string
---@return holdover.Line[]
local function rows(artifacts, level)
  local dim = level == '3'

  ---@param a holdover.Artifact
  local function cells_of(a)
    local here = a.state == 'present'
    local state = here and (a.verified and 'here, verified' or 'here') or a.state
    return {
      { here and '✓' or '✗', here and 'DiagnosticOk' or groups[a.state] },
      { a.name .. ' ' .. a.version, dim and 'Comment' or nil },
      { state, not dim and groups[a.state] or 'Comment' },
      { a.bytes and text.size(a.bytes) or '', 'Comment' },
      { needed_by(a), 'Comment' },
    }
  end
  local lines = {} ---@type holdover.Line[]
  for i, chunks in
    ipairs(text.aligned(vim.tbl_map(cells_of, artifacts), { [4] = true }, dim and '        ' or '      '))
  do
    local artifact = artifacts[i] --[[@as holdover.Artifact]]
    lines[i] = { chunks = chunks, level = level, key = artifact.file .. artifact.id, item = artifact }
  end
  return lines
end

---@param eco holdover.EcosystemReadiness
---@param artifacts holdover.Artifact[] those of its lockfile
---@return holdover.Line[]
local function lockfile(eco, artifacts)
  local key = eco.name .. '/' .. eco.lockfile
  local head = { { '    ' }, { eco.lockfile, 'Directory' }, { '   ' } } ---@type holdover.Chunk[]
  vim.list_extend(head, view.counts(eco))
  local first = artifacts[1]
  local lines = { { chunks = head, level = '>2', key = key, item = first and { file = first.file } } } ---@type holdover.Line[]
  local wrong, here, elsewhere = {}, {}, {} ---@type holdover.Artifact[], holdover.Artifact[], holdover.Artifact[]
  for _, a in ipairs(artifacts) do
    table.insert(a.otherTarget and elsewhere or a.state == 'present' and here or wrong, a)
  end
  if eco.problem then
    lines[#lines + 1] =
      { chunks = { { '      ' .. eco.problem, 'DiagnosticError' } }, level = '2', key = key .. '/problem' }
  end
  vim.list_extend(lines, rows(wrong, '2'))
  for _, group in ipairs({
    { here, '%s here', '/here' },
    { elsewhere, '%s only for other targets, not counted', '/elsewhere' },
  }) do
    local of_group = group[1] --[[@as holdover.Artifact[] ]]
    if #of_group > 0 then
      local title = group[2]:format(text.number(#of_group))
      lines[#lines + 1] =
        { chunks = { { '      ' .. title, 'Comment' } }, level = '>3', closed = true, key = key .. group[3] }
      vim.list_extend(lines, rows(of_group, '3'))
    end
  end
  return lines
end

---@param name string
---@param parts holdover.EcosystemReadiness[]
---@return holdover.Line
local function ecosystem(name, parts)
  local sum = { present = 0, total = 0, missing = 0, corrupt = 0, stale = 0, unknown = 0, otherTargets = 0 }
  local bytes ---@type integer?
  for _, eco in ipairs(parts) do
    for key in pairs(sum) do
      sum[key] = sum[key] + (eco[key] or 0)
    end
    bytes = eco.bytes and (bytes or 0) + eco.bytes or bytes
    sum.problem = sum.problem or eco.problem
  end
  local chunks = { { '  ' }, { name, 'Title' }, { '   ' } } ---@type holdover.Chunk[]
  vim.list_extend(chunks, view.counts(sum --[[@as holdover.EcosystemReadiness]]))
  if bytes then
    chunks[#chunks + 1] = { '   ' .. text.size(bytes) .. ' here', 'Comment' }
  end
  return { chunks = chunks, level = '>1', key = name }
end

---@param report holdover.PreflightReport
---@param status? holdover.Status
---@return holdover.Line[]
function M.lines(report, status)
  local r = report.readiness
  local head = status and status.text or ('%s of %s'):format(text.number(r.present), text.number(r.total))
  local about = view.about(report.workspace, r)
  table.insert(about, 1, { '  ' })
  about[#about + 1] = { '   ? help', 'Comment' }
  local lines = {
    { chunks = { { '  ' .. head, 'Title' }, { '   ' }, view.verdict(r) } },
    { chunks = about },
  } ---@type holdover.Line[]
  if status and not status.trusted and r.missing + r.corrupt > 0 then
    lines[#lines + 1] =
      { chunks = { { '  hint: f asks you to trust this workspace, and then gets what is missing', 'DiagnosticHint' } } }
  end
  lines[#lines + 1] = { chunks = { { '' } } }
  local names, parts, by_file = {}, {}, {} ---@type string[], table<string, holdover.EcosystemReadiness[]>, table<string, holdover.Artifact[]>
  for _, eco in ipairs(r.ecosystems or {}) do
    if not parts[eco.name] then
      names[#names + 1] = eco.name
      parts[eco.name] = {}
    end
    table.insert(parts[eco.name], eco)
  end
  for _, artifact in ipairs(report.artifacts or {}) do
    local file = artifact.ecosystem .. '\n' .. vim.fs.normalize(artifact.file)
    by_file[file] = by_file[file] or {}
    table.insert(by_file[file], artifact)
  end
  for _, name in ipairs(names) do
    lines[#lines + 1] = ecosystem(name, parts[name])
    for _, eco in ipairs(parts[name]) do
      local file = vim.fs.normalize(vim.fs.joinpath(report.workspace or '', eco.lockfile))
      vim.list_extend(lines, lockfile(eco, by_file[name .. '\n' .. file] or {}))
    end
  end
  if #names == 0 then
    lines[#lines + 1] = { chunks = { { '  No lockfile was found, so there is nothing to judge.' } } }
    lines[#lines + 1] = {
      chunks = {
        {
          '  hint: `cargo generate-lockfile`, `npm install --package-lock-only` or `uv lock` writes one',
          'DiagnosticHint',
        },
      },
    }
  end
  return lines
end

---@param artifact holdover.Artifact
local function explain(artifact)
  local lines = {
    {
      { artifact.name .. ' ' .. artifact.version, 'Title' },
      { '   ' .. artifact.state, groups[artifact.state] or 'DiagnosticOk' },
    },
  } ---@type holdover.Chunk[][]
  lines[#lines + 1] = { { artifact.evidence or '' } }
  for i, path in ipairs(artifact.lookedIn or {}) do
    lines[#lines + 1] =
      { { i == 1 and 'looked in  ' or '           ', 'Comment' }, { vim.fn.fnamemodify(path, ':~'), 'Directory' } }
  end
  for i, by in ipairs(artifact.neededBy or {}) do
    lines[#lines + 1] = { { i == 1 and 'needed by  ' or '           ', 'Comment' }, { by } }
  end
  require('holdover.float').open(lines, { title = artifact.ecosystem })
end

---@type holdover.Spec
M.spec = {
  title = 'Readiness',
  listens = true,
  load = function(buf, done)
    require('holdover.drawn').load(buf, 'holdover.preflight', { all = true }, done, function(report, workspace, client)
      return M.lines(report, require('holdover.status').of_client(client, workspace))
    end)
  end,
  keys = {
    {
      lhs = '<CR>',
      does = 'go to the line of the lockfile',
      run = function(item)
        if item and item.file then
          local start = item.range and item.range.start or { line = 0, byte = 0 }
          require('holdover.window').jump(item.file, start.line, 0)
        end
      end,
    },
    {
      lhs = 'K',
      does = 'where it was looked for, and what needs it',
      run = function(item)
        if item and item.id then
          explain(item)
        end
      end,
    },
    {
      lhs = 't',
      does = 'what happened to it: when it was found, asked for, fetched',
      run = function(item, buf)
        local workspace = vim.b[buf].holdover_workspace --[[@as string?]]
        if item and item.id and workspace then
          require('holdover.trail').artifacts(workspace, { item.id })
        end
      end,
    },
    {
      lhs = 'f',
      does = 'get what is missing',
      run = function(_, buf)
        local client = client_of.of_or_fail(buf)
        if client then
          require('holdover.fetch').run(client, { workspace = client_of.workspace(client, buf) })
        end
      end,
    },
  },
}

return M
