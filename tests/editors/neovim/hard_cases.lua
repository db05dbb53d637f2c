-- What goes wrong at other people's desks, in a real Neovim with the real server: several roots, files outside of any, odd
-- paths, a server that is killed while it works, an edit that comes too late.

local t = require('harness')
local w = require('workspace')

local tmp = vim.uv.fs_realpath(vim.fn.fnamemodify(vim.fn.tempname(), ':h')) .. '/cases'

---A copy of what makes the workspace one: manifests and lockfiles.
---@param name string
---@return string
local function copy(name)
  local folder = tmp .. '/' .. name
  for _, file in ipairs({ 'Cargo.toml', 'Cargo.lock', 'package.json', 'package-lock.json', 'src/lib.rs', 'src/main.rs' }) do
    if vim.uv.fs_stat(w.folder .. '/' .. file) then
      t.write(folder .. '/' .. file, t.read(w.folder .. '/' .. file))
    end
  end
  return folder
end

---@param path string
local function edit(path)
  vim.cmd.edit(vim.fn.fnameescape(path))
end

---@return vim.lsp.Client
local function attached()
  return t.wait(function()
    local client = vim.lsp.get_clients({ bufnr = 0, name = 'holdover' })[1]
    return client and client.initialized and client
  end, 'the server attaches')
end

local function stop_all()
  vim.cmd('silent! tabonly! | silent! only! | silent! %bwipeout!')
  t.wait(function()
    for _, client in ipairs(vim.lsp.get_clients()) do
      client:stop()
    end
    return #vim.lsp.get_clients() == 0
  end, 'the servers end')
end

local some = w.text_for(w.total - #w.missing)

---@param text string
local function shows(text)
  t.wait(function()
    return require('holdover').statusline() == text
  end, ('the status line is %q and is %q'):format(text, require('holdover').statusline()))
end

local CONFLICT = { '<<<<<<< main', 'left', '=======', 'right', '>>>>>>> feature' }

---@param path string
local function open_conflict(path)
  t.write(path, table.concat(vim.list_extend({ 'fn a() {}' }, CONFLICT), '\n') .. '\n')
  edit(path)
  attached()
  w.lines_with('merge-conflict', 1)
end

local function roots()
  t.test('a folder whose path has spaces and letters of other alphabets is judged like any', function()
    local odd = copy("späces and 'quotes' %41 [x] 漢字 😀")
    edit(odd .. '/Cargo.lock')
    attached()
    shows(some)
    local expected = w.lines_of('Cargo.lock', '^name = "' .. vim.pesc(w.names('cargo')[1]) .. '"$')
    t.check(vim.list_contains(w.lines_with('missing-artifact', #w.names('cargo')), expected[1]), 'the line is marked')
    vim.cmd('Holdover readiness')
    t.wait(function()
      return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n'):find(w.names('npm')[1] .. ' ', 1, true)
    end, 'the readiness window')
    t.equal(require('holdover').statusline(), some, 'status line of the window')
    vim.fn.search(vim.pesc(w.names('npm')[1]) .. ' ')
    vim.api.nvim_feedkeys(vim.keycode('<CR>'), 'mx', false)
    t.equal(vim.api.nvim_buf_get_name(0), odd .. '/package-lock.json', 'where <CR> goes')
    vim.cmd('Holdover report')
    t.wait(function()
      return vim.api.nvim_buf_get_lines(0, 0, 1, true)[1]:find(some, 1, true)
    end, 'the report of the same folder')
    t.equal(t.notified, {}, 'notifications')
    stop_all()
  end)

  t.test('three folders of one server are told apart', function()
    local a, b = copy('a'), copy('b')
    local c = tmp .. '/c'
    t.write(c .. '/Cargo.toml', '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n')
    t.write(c .. '/Cargo.lock', 'version = 4\n\n[[package]]\nname = "c"\nversion = "0.1.0"\n')
    t.write(c .. '/src/lib.rs', '')
    edit(a .. '/Cargo.lock')
    local client = attached()
    vim.lsp.buf.add_workspace_folder(b)
    vim.lsp.buf.add_workspace_folder(c)
    shows(some)
    for _, case in ipairs({ { b, some }, { c, 'offline: 0 of 0' }, { a, some } }) do
      edit(case[1] .. '/Cargo.lock')
      t.equal(attached().id, client.id, 'server of ' .. case[1])
      shows(case[2])
    end
    t.equal(#vim.lsp.get_clients({ name = 'holdover' }), 1, 'servers')
    vim.cmd('Holdover preflight')
    t.wait(function()
      return #vim.fn.getqflist() > 0
    end, 'the list')
    for _, entry in ipairs(vim.fn.getqflist()) do
      t.check(vim.startswith(vim.api.nvim_buf_get_name(entry.bufnr), a .. '/'), 'only of the folder of the file')
    end
    t.equal(t.notified, {}, 'notifications')
    stop_all()
  end)

  t.test('ten workspaces at once each have their figures', function()
    local folders = {}
    for n = 1, 10 do
      folders[n] = copy('ten/' .. n)
      edit(folders[n] .. '/Cargo.toml')
      attached()
    end
    for _, folder in ipairs(folders) do
      edit(folder .. '/Cargo.toml')
      shows(some)
    end
    t.equal(#vim.lsp.get_clients({ name = 'holdover' }), 10, 'servers')
    t.equal(t.notified, {}, 'notifications')
    stop_all()
  end)

  t.test('a file outside any workspace has its conflicts shown, and a buffer without a file is left alone', function()
    open_conflict(tmp .. '/öutside/notes.txt')
    local client = attached()
    t.equal(client.root_dir, nil, 'root')
    t.equal(require('holdover').statusline(), '', 'status line')
    vim.api.nvim_win_set_cursor(0, { 2, 0 })
    vim.cmd('Holdover accept incoming')
    t.wait(function()
      return vim.deep_equal(vim.api.nvim_buf_get_lines(0, 0, -1, true), { 'fn a() {}', 'right' })
    end, 'the resolution')
    vim.cmd.enew({ bang = true })
    vim.api.nvim_buf_set_lines(0, 0, -1, true, CONFLICT)
    vim.bo.filetype = 'rust'
    vim.wait(100)
    t.equal(#vim.lsp.get_clients({ bufnr = 0 }), 0, 'servers of the buffer without a file')
    t.equal(t.notified, {}, 'notifications')
    stop_all()
  end)
end

local function edits()
  t.test(
    'an edit of the server that comes too late changes nothing, and the conflict stays marked where it is',
    function()
      open_conflict(tmp .. '/late/src/lib.rs')
      local client = attached()
      local answer
      client:request('workspace/executeCommand', {
        command = 'holdover.resolveConflict',
        arguments = { { file = vim.uri_from_bufnr(0), resolve = 'current', line = 1 } },
      }, function(err, result)
        answer = err or result
      end)
      -- Typed before the server's edit is here.
      vim.api.nvim_buf_set_lines(0, 0, 0, true, { '// typed meanwhile' })
      t.wait(function()
        return answer
      end, 'the answer')
      t.equal({ answer.applied, answer.conflicts }, { false, 1 }, 'the answer is the truth')
      local text = vim.list_extend({ '// typed meanwhile', 'fn a() {}' }, CONFLICT)
      t.equal(vim.api.nvim_buf_get_lines(0, 0, -1, true), text, 'the text')
      t.wait(function()
        local found = w.diagnostics('merge-conflict')
        return #found == 1 and found[1].lnum == 2
      end, 'the conflict is marked one line lower')
      vim.api.nvim_win_set_cursor(0, { 4, 0 })
      vim.cmd('Holdover accept current')
      t.wait(function()
        local lines = vim.api.nvim_buf_get_lines(0, 0, -1, true)
        return vim.deep_equal(lines, { '// typed meanwhile', 'fn a() {}', 'left' })
      end, 'the next attempt')
      t.equal(w.lines_with('merge-conflict', 0), {}, 'no conflict is left')
      stop_all()
    end
  )

  t.test('text that is typed while a conflict is being resolved is kept', function()
    open_conflict(tmp .. '/typing/src/lib.rs')
    vim.api.nvim_win_set_cursor(0, { 2, 0 })
    vim.cmd('Holdover accept incoming')
    vim.api.nvim_buf_set_lines(0, 0, 0, true, { '// typed meanwhile' })
    -- The cursor stays on the line that it was on.
    t.wait(function()
      local lines = vim.api.nvim_buf_get_lines(0, 0, -1, true)
      return vim.deep_equal(lines, { '// typed meanwhile', 'fn a() {}', 'right' })
    end, 'both are there')
    stop_all()
  end)
end

local function killed()
  t.test(
    'a server that is killed while it fetches comes back, says what happened, and shows the figures again',
    function()
      local started = tmp .. '/started'
      -- A cargo that takes for ever, and can be found and ended afterwards.
      t.write(tmp .. '/cargo', ('#!/bin/sh\necho $$ > "%s"\nexec sleep 600\n'):format(started))
      vim.uv.fs_chmod(tmp .. '/cargo', 493)
      vim.g.holdover = { cmd = { w.binary, 'lsp' }, trusted = true, settings = { fetch = { cargo = tmp .. '/cargo' } } }
      vim.lsp.config('holdover', {
        init_options = { trusted = true, settings = vim.g.holdover.settings },
        settings = { holdover = vim.g.holdover.settings },
      })
      edit(copy('killed') .. '/Cargo.lock')
      local client = attached()
      shows(some)
      local begun = false
      vim.api.nvim_create_autocmd('LspProgress', {
        callback = function(event)
          begun = begun or event.data.params.value.kind == 'begin'
        end,
      })
      vim.cmd('Holdover fetch')
      t.wait(function()
        return begun
      end, 'Neovim has heard that something is done')
      local tool = t.wait(function()
        return vim.uv.fs_stat(started) and tonumber(t.read(started))
      end, 'the tool runs')
      local server = vim.iter(vim.api.nvim_get_proc_children(vim.fn.getpid())):find(function(pid)
        return (t.read('/proc/' .. pid .. '/cmdline')):find('lsp', 1, true)
      end)
      vim.uv.kill(server, 'sigkill')
      local said = t.wait(function()
        return vim.iter(t.notified):find(function(message)
          return vim.startswith(message.text, 'holdover: the server of ')
        end)
      end, 'what happened is said')
      vim.uv.kill(tool, 'sigkill')
      t.contains(said.text, 'was ended by signal 9 (killed), while at work: ', 'what happened')
      t.contains(said.text, 'it starts again in 1 s', 'what is next')
      t.equal(require('holdover').statusline(), '', 'no old figure is shown')
      local again = t.wait(function()
        local now = vim.lsp.get_clients({ bufnr = 0, name = 'holdover' })[1]
        return now and now.id ~= client.id and now.initialized and now
      end, 'the new server')
      shows(some)
      t.equal(again.root_dir, client.root_dir, 'root')
      t.equal(#w.lines_with('missing-artifact', #w.names('cargo')), #w.names('cargo'), 'the lines are marked again')
      stop_all()
    end
  )
end

t.main(function()
  vim.g.holdover = { cmd = { w.binary, 'lsp' } }
  vim.lsp.enable('holdover')
  roots()
  edits()
  killed()
end)
