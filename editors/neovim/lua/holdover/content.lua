-- `holdover:` buffers: the server's documents as Markdown, and the windows that the plugin draws, all by their name, so
-- that `:edit`, a session and the jump list find them again.

local client_of = require('holdover.client')

local M = {}

---Documents that this plugin draws, and the module that does.
---@type table<string, string?>
local drawn = {
  readiness = 'holdover.readiness',
  conflicts = 'holdover.conflicts',
  journal = 'holdover.journal',
  review = 'holdover.review',
}

---Codes that have a page.
---@type string[]
M.codes = {
  'action-not-pinned',
  'allowance-unused',
  'allowance-without-reason',
  'artifact-deprecated',
  'artifact-too-old',
  'browser-not-here',
  'build-dependency-downloads',
  'build-failed',
  'build-script-downloads',
  'cache-over-quota',
  'cargo-not-offline',
  'check-failed',
  'ci-remote-include',
  'ci-without-cache',
  'corrupt-artifact',
  'credential-expired',
  'credential-expires',
  'credential-missing',
  'dockerfile-add-url',
  'dockerfile-frontend',
  'freshness-unknown',
  'git-dependency-not-pinned',
  'go-not-offline',
  'hook-not-here',
  'image-not-here',
  'image-without-digest',
  'jvm-not-offline',
  'malformed-conflict',
  'malformed-lockfile',
  'merge-conflict',
  'missing-artifact',
  'network-clone',
  'network-download',
  'network-image-pull',
  'network-in-build',
  'network-in-check',
  'network-system-packages',
  'network-tool-install',
  'network-tool-run',
  'network-toolchain',
  'npm-not-offline',
  'packages-not-offline',
  'pip-not-offline',
  'registry-not-allowed',
  'requirement-not-pinned',
  'review-thread',
  'signature-invalid',
  'signature-missing',
  'stale-artifact',
  'stale-proof',
  'submodule-not-here',
  'sync-drift',
  'terraform-module-not-here',
  'terraform-provider-not-here',
  'test-image-not-here',
  'test-reaches-network',
  'toolchain-not-here',
  'unknown-artifact',
  'unknown-setting',
  'unlocked-dependency',
  'url-dependency',
  'uv-not-offline',
  'version-not-fixed',
  'wrapper-not-here',
}

---The name of a document of a workspace.
---@param path string `readiness` for example
---@param workspace? string
---@return string
function M.name(path, workspace)
  if not workspace then
    return 'holdover:/' .. path
  end
  local encoded = workspace:gsub('[^%w%-._~/]', function(byte)
    return ('%%%02X'):format(byte:byte())
  end)
  return ('holdover:/%s?workspace=%s'):format(path, encoded)
end

---@param buf integer
---@param lines string[]
---@param filetype string
local function fill(buf, lines, filetype)
  if not vim.api.nvim_buf_is_loaded(buf) then
    return
  end
  -- Only what is different is drawn: a reader's place stays, and one at the end stays at the end.
  local before = vim.api.nvim_buf_get_lines(buf, 0, -1, true)
  if not vim.deep_equal(before, lines) then
    local at_end = vim.tbl_filter(function(win)
      return #before > 1 and vim.api.nvim_win_get_cursor(win)[1] == #before
    end, vim.fn.win_findbuf(buf))
    vim.bo[buf].modifiable = true
    vim.api.nvim_buf_set_lines(buf, 0, -1, true, lines)
    -- What a run came to stands on top of its log.
    ---@param first? string
    local function runs(first)
      return (first or ''):find(': running for ', 1, true) ~= nil
    end
    local ended = runs(before[1]) and not runs(lines[1])
    for _, win in ipairs(ended and vim.fn.win_findbuf(buf) or at_end) do
      vim.api.nvim_win_set_cursor(win, { ended and 1 or #lines, 0 })
    end
  end
  vim.bo[buf].modifiable, vim.bo[buf].modified = false, false
  if vim.bo[buf].filetype ~= filetype then
    vim.bo[buf].filetype = filetype
  end
  for _, win in ipairs(vim.fn.win_findbuf(buf)) do
    vim.api.nvim_win_call(win, function()
      local wo = vim.wo[0][0]
      wo.number, wo.relativenumber, wo.signcolumn, wo.statuscolumn = false, false, 'no', ''
      wo.wrap, wo.linebreak, wo.list, wo.spell, wo.conceallevel = true, true, false, false, 2
    end)
    require('holdover.window').fit(win)
  end
end

---@param buf integer
---@param name string
local function ask(buf, name)
  vim.bo[buf].buftype, vim.bo[buf].swapfile, vim.bo[buf].undolevels = 'nofile', false, -1
  vim.bo[buf].bufhidden, vim.bo[buf].modifiable = 'wipe', false
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buf, nowait = true, desc = 'Holdover: close' })
  vim.keymap.set('n', 'r', '<Cmd>edit<CR>', { buffer = buf, nowait = true, desc = 'Holdover: look again' })
  local client = client_of.any(buf)
  if not client then
    fill(buf, { 'No Holdover server runs: open a file of the workspace, then `:edit` here.' }, 'markdown')
    return
  end
  client_of.request(client, 'holdover/content', { uri = name }, function(err, result)
    if err then
      local message = vim.split(err.message or 'it could not be shown', '\n', { plain = true })
      local info = client.server_info or {}
      message[1] = 'This document is not to be had: ' .. message[1]
      vim.list_extend(message, { '', ('The server is %s %s.'):format(info.name or 'holdover', info.version or '') })
      fill(buf, message, 'markdown')
    elseif result then
      fill(buf, vim.split((result.text or ''):gsub('\n$', ''), '\n', { plain = true }), 'markdown')
    end
  end)
end

---Documents that grow by themselves: trails, notes, events.
---@type table<string, boolean?>
local grows = { artifact = true, journal = true, note = true, record = true, trail = true }

local group = vim.api.nvim_create_augroup('holdover.content', { clear = true })

---What is shown of those is asked for again.
function M.refresh_grown()
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    local name = vim.api.nvim_buf_get_name(buf)
    local kind = name:match('^holdover:/+(%w+)/')
    if kind and grows[kind] and vim.api.nvim_buf_is_loaded(buf) then
      ask(buf, name)
    end
  end
end

---What is shown of one kind, of one workspace, is asked for again.
---@param kind string
---@param workspace string
function M.refresh(kind, workspace)
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    local name = vim.api.nvim_buf_get_name(buf)
    local is_kind = name:match('^holdover:/+(%w+)[/.]') == kind
    if is_kind and vim.b[buf].holdover_workspace == workspace and vim.api.nvim_buf_is_loaded(buf) then
      ask(buf, name)
    end
  end
end

---Fills a buffer by its name; the callback of `BufReadCmd`.
---@param buf integer
---@param name string
function M.read(buf, name)
  local path, query = name:match('^holdover:/+([^?]*)%??(.*)$')
  local workspace = query and query:match('workspace=([^&]*)')
  vim.b[buf].holdover_workspace = workspace and vim.uri_decode(workspace) or nil
  local module = drawn[path] --[[@as string?]]
  if module then
    require('holdover.window').attach(buf, require(module).spec)
    return
  end
  ask(buf, name)
  local record = path and path:match('^record/(%w+)%.md$')
  if record then
    require('holdover.records').keys(buf, record, vim.b[buf].holdover_workspace)
  end
  local kind = path and path:match('^%w+')
  if kind and grows[kind] and not vim.b[buf].holdover_listens then
    vim.b[buf].holdover_listens = true
    -- Notes say so by themselves; what was looked for and fetched comes with a status.
    vim.api.nvim_create_autocmd('User', {
      group = group,
      pattern = 'HoldoverStatus',
      callback = function()
        if not vim.api.nvim_buf_is_loaded(buf) then
          return true
        end
        ask(buf, name)
      end,
    })
  end
end

---Opens a document in a split, or goes to the window that shows it.
---@param name string
---@param mods? vim.api.keyset.cmd_mods where, as `:vertical` and `:tab` say
function M.open(name, mods)
  local buf = vim.fn.bufadd(name)
  local win = vim.fn.bufwinid(buf)
  if win ~= -1 then
    vim.api.nvim_set_current_win(win)
    return
  end
  -- 'split' of the modifiers is empty where none was given.
  local placed = mods and (mods.split ~= '' or (mods.tab or -1) >= 0 or mods.vertical)
  vim.cmd.split({ mods = placed and mods or { split = 'botright' } })
  if not placed then
    vim.w.holdover_share = 0.6
  end
  vim.api.nvim_win_set_buf(0, buf)
end

return M
