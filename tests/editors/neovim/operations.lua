-- A real merge, rebase and cherry-pick, their conflicts resolved by code actions in a real Neovim with the real server, and
-- gone on with by git: what comes out is the commit that it was to be. Needs the environment that run.sh makes.

local t = require('harness')
local w = require('workspace')

local driver = w.need('HOLDOVER_REPOSITORY') .. '/tests/editors/operations.mjs'
local folder = vim.uv.fs_realpath(vim.fn.fnamemodify(vim.fn.tempname(), ':h')) .. '/operations'

---@param ... string
---@return string
local function run(...)
  local out = vim.system({ 'node', driver, ... }, { text = true }):wait()
  t.equal(out.code, 0, 'operations.mjs: ' .. (out.stderr or ''))
  return out.stdout
end

---@return string[]
local function lines()
  return vim.api.nvim_buf_get_lines(0, 0, -1, true)
end

---@return integer[] lines of the opening markers, from 1
local function openings()
  local found = {} ---@type integer[]
  for n, line in ipairs(lines()) do
    if line:find('^<<<<<<<') then
      found[#found + 1] = n
    end
  end
  return found
end

---Takes a code action at the cursor, as `gra` does with one that fits.
---@param wanted string
local function act(wanted)
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action)
      return type(action.data) == 'table' and action.data.action == 'conflict.' .. wanted
    end,
  })
end

---@param file string
---@param chosen string[] top to bottom
local function resolve(file, chosen)
  vim.cmd.edit(vim.fn.fnameescape(file))
  t.wait(function()
    local client = vim.lsp.get_clients({ bufnr = 0, name = 'holdover' })[1]
    return client and client.initialized
  end, 'the server attaches to ' .. file)
  w.lines_with('merge-conflict', #chosen)
  t.equal(#openings(), #chosen, 'conflicts of ' .. file)
  -- From the last to the first, and then from the first on: what lies below moves.
  local order = {} ---@type integer[]
  for n = 1, #chosen do
    table.insert(order, n % 2 == 0 and 1 or #order + 1, n)
  end
  local open = {} ---@type integer[]
  for n = 1, #chosen do
    open[n] = n
  end
  for _, n in ipairs(order) do
    local place = vim.fn.index(open, n) + 1
    local before = #openings()
    vim.api.nvim_win_set_cursor(0, { openings()[place] + 1, 0 })
    act(chosen[n] == 'merge' and 'merge' or 'accept-' .. chosen[n])
    t.wait(function()
      return #openings() == before - 1
    end, ('%s: conflict %d is resolved by %s'):format(file, n, chosen[n]), 30)
    table.remove(open, place)
  end
  w.lines_with('merge-conflict', 0)
  vim.cmd('silent write')
end

t.main(function()
  vim.g.holdover = { cmd = { w.binary, 'lsp' } }
  vim.lsp.enable('holdover')
  vim.o.autoread = true
  -- Else Neovim itself ends a file's last line when it writes it.
  vim.o.fixendofline = false
  ---@type table<string, {folder: string, stops: {file: string, chosen: string[]}[][]}>
  local operations = vim.json.decode(run('make', folder))
  for _, name in ipairs({ 'merge', 'rebase', 'cherry-pick' }) do
    local operation = operations[name]
    t.test(('a %s that is resolved by code actions ends in the expected commit'):format(name), function()
      for n, stop in ipairs(operation.stops) do
        for _, one in ipairs(stop) do
          resolve(operation.folder .. '/' .. one.file, one.chosen)
        end
        local came = vim.trim(run('finish', folder, name))
        t.equal(came, n < #operation.stops and 'next' or 'equal', 'what git says after stop ' .. n)
        vim.cmd('silent! checktime')
      end
      t.equal(t.notified, {}, 'notifications')
    end)
  end
end)
