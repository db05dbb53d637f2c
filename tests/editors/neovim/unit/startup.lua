-- What happens before the first use, and which buffers get a server.

local t = require('harness')
local s = require('support')

t.main(function()
  t.test('the plugin loads no module of its own before it is used', function()
    local loaded = vim.tbl_filter(function(name)
      return vim.startswith(name, 'holdover')
    end, vim.tbl_keys(package.loaded))
    t.equal(loaded, {}, 'modules after the start of Neovim')
    t.equal(vim.fn.exists(':Holdover'), 2, ':Holdover is defined')
  end)

  t.test('no key is mapped, and the <Plug> mappings are there', function()
    for _, mode in ipairs({ 'n', 'x', 'o', 'i' }) do
      for _, map in ipairs(vim.api.nvim_get_keymap(mode)) do
        local ours = (map.desc or ''):find('Holdover', 1, true) or (map.rhs or ''):find('Holdover', 1, true)
        t.check(not ours or vim.startswith(map.lhs, '<Plug>(holdover-'), 'mapped by default: ' .. map.lhs)
      end
    end
    for _, name in ipairs({ 'next', 'previous', 'accept', 'accept-current', 'readiness', 'fetch' }) do
      t.check(vim.fn.maparg(('<Plug>(holdover-%s)'):format(name), 'n') ~= '', '<Plug> mapping ' .. name)
    end
  end)

  t.test('the server is configured without setup()', function()
    local config = vim.lsp.config.holdover
    t.equal(config.cmd, { 'holdover', 'lsp' }, 'command')
    t.equal(config.filetypes, nil, 'every filetype')
    t.check(vim.list_contains(config.root_markers, 'holdover.toml'), 'holdover.toml marks a root')
  end)

  t.test('the root is the folder of the lockfile, and the options reach the server', function()
    local server, client = s.open()
    t.equal(client.root_dir, s.root, 'root')
    local params = server.requests[1].params
    t.equal(server.requests[1].method, 'initialize', 'first request')
    t.equal(params.initializationOptions.trusted, nil, 'not trusted unless the user says so')
    t.equal(
      vim.tbl_get(params, 'capabilities', 'workspace', 'workspaceEdit', 'documentChanges'),
      true,
      'edits carry the version they are for'
    )
  end)

  t.test('a buffer without a file and a buffer of another plugin get no server', function()
    local server = s.open()
    vim.cmd.enew()
    vim.cmd.file('someone://else')
    vim.bo.filetype = 'lua'
    vim.cmd.enew()
    vim.bo.filetype = 'rust'
    vim.cmd.edit(vim.fn.fnameescape(s.root .. '/Cargo.lock'))
    t.wait(function()
      return #vim.lsp.get_clients({ bufnr = 0 }) == 1
    end, 'a file that is opened after them is attached')
    local opened = vim.tbl_filter(function(n)
      return n.method == 'textDocument/didOpen'
    end, server.notifications)
    t.equal(#opened, 2, 'documents that were opened')
    t.equal(t.notified, {}, 'notifications')
  end)

  t.test('a file outside any workspace is served without one, and says so when it is asked', function()
    local outside = s.tmp .. '/öutside/notes.txt'
    t.write(outside, 'text\n')
    local server = s.open()
    vim.cmd.edit(vim.fn.fnameescape(outside))
    local client = t.wait(function()
      local found = vim.lsp.get_clients({ bufnr = 0, name = 'holdover' })[1]
      return found and found.initialized and found
    end, 'a server attaches')
    t.equal(client.root_dir, nil, 'root')
    t.equal(server.starts, 2, 'servers: one of the workspace, one of none')
    t.equal(require('holdover').statusline(), '', 'status line')
    vim.cmd('Holdover status')
    t.contains(s.notification(), 'this file belongs to no workspace', 'what is said')
    t.contains(s.notification(), 'hint:', 'what to do')
  end)
end)
