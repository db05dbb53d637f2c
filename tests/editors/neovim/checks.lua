-- One of the project's own linters in a real Neovim: what it finds in a file as it is opened and typed, how it stands, the text of its
-- rule, and a fix as a code action; and what it found is there again in a second server that runs nothing.

local t = require('harness')
local w = require('workspace')

---@param source string
---@return vim.Diagnostic[]
local function of(source)
  return vim.tbl_filter(function(d)
    return d.source == source
  end, vim.diagnostic.get(0))
end

---@param count integer
---@return vim.Diagnostic[]
local function found(count)
  return t.wait(function()
    local now = of('ruff')
    return #now == count and now
  end, ('ruff finds %d'):format(count), 60)
end

---@return string
local function text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n')
end

t.main(function()
  vim.g.holdover = { cmd = { w.binary, 'lsp' }, trusted = true }
  vim.lsp.config('holdover', { init_options = { trusted = true } })
  vim.lsp.enable('holdover')
  t.write(w.folder .. '/ruff.toml', "lint.select = ['F']\n")
  t.write(w.folder .. '/a.py', "import os\nimport sys\n\nprint('é😀', sys.argv); import re\n")

  t.write(
    w.folder .. '/holdover.toml',
    '[checks]\nbuild = ["sh", "-c", "echo begun; echo \'a.py:2:1: error: no such thing\'; exit 3"]\n'
  )

  t.test('what Ruff finds stands in the file, with its own code, at its own place', function()
    w.open('a.py')
    local all = found(2)
    t.equal({ all[1].code, all[1].lnum, all[1].col }, { 'F401', 0, 7 }, 'the first')
    t.equal(
      { all[2].lnum, all[2].col },
      { 3, #"print('é😀', sys.argv); import " },
      'columns in bytes, behind a pair'
    )
    t.contains(all[1].message, '`os` imported but unused', 'the words')
  end)

  t.test('what another client says of the same place is not shown twice', function()
    local other = vim.api.nvim_create_namespace('another server')
    local same = { lnum = 0, col = 7, code = 'F401', source = 'Ruff', message = '`os` imported but unused' }
    vim.diagnostic.set(other, 0, { same, { lnum = 3, col = 0, code = 'F401', source = 'Ruff', message = 'elsewhere' } })
    t.equal(found(1)[1].lnum, 3, 'the other one stays')
    vim.diagnostic.set(other, 0, {})
    t.equal(found(2)[1].lnum, 0, 'it is shown again when nobody else says it')
  end)

  t.test(':Holdover checks says how it stands', function()
    vim.cmd('Holdover checks')
    t.wait(function()
      local now = text()
      return now:find('ruff', 1, true) and now:find('2 findings', 1, true)
    end, 'the float', 60)
    t.contains(text(), 'ruff 0.', 'its version')
    vim.cmd.close()
  end)

  t.test(':Holdover build runs what builds it: the failing step on top of its log, its error in the file', function()
    vim.cmd('Holdover build')
    local function shown()
      local buf = vim.fn.bufnr('^holdover:/build.md')
      return buf > 0 and table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, true), '\n') or ''
    end
    t.wait(function()
      return shown():find('# build: failed with exit code 3', 1, true) and shown():find('\nbegun\n', 1, true)
    end, 'the log', 60)
    t.contains(shown(), 'First error, line 2: `a.py:2:1: error: no such thing`', 'what the log says')
    local found = t.wait(function()
      return of('build')[1]
    end, 'the error in the file', 60)
    t.equal({ found.lnum, found.col, found.message }, { 1, 0, 'no such thing' }, 'its place')
    vim.cmd.bwipeout(vim.fn.bufnr('^holdover:/build.md'))
  end)

  t.test("a hover has the rule's own text", function()
    vim.api.nvim_win_set_cursor(0, { 1, 8 })
    t.contains(w.hover(), 'Checks for unused imports.', 'the rule')
  end)

  t.test('a fix is a code action, and what it mends is gone', function()
    vim.api.nvim_win_set_cursor(0, { 1, 8 })
    vim.lsp.buf.code_action({
      apply = true,
      filter = function(action)
        return action.title == 'Ruff: Remove unused import: `os`'
      end,
    })
    t.wait(function()
      return not text():find('import os', 1, true)
    end, 'the edit')
    t.equal(found(1)[1].lnum, 2, 'the other one moved up')
    vim.cmd.write()
  end)

  t.test('a second server shows it again', function()
    found(1)
    t.wait(function()
      local checks = (require('holdover').status() or {}).checks or {}
      for _, check in ipairs(checks) do
        if check.name == 'ruff' and check.state == 'failed' and check.findings == 1 then
          return true
        end
      end
    end, 'it has run on what was saved', 60)
    vim.cmd('Holdover restart')
    t.wait(function()
      return #of('ruff') == 0
    end, 'the first server is gone', 60)
    found(1)
  end)
end)
