-- The whole flow where the kernel gives no network at all: everything but the fetch works, and the fetch says why not.

local t = require('harness')
local w = require('workspace')

local some, full = w.text_for(w.total - #w.missing), w.text_for(w.total)

---@param text string
local function shows(text)
  t.wait(function()
    return require('holdover').statusline() == text
  end, ('the status line is %q and is %q'):format(text, require('holdover').statusline()))
end

t.main(function()
  vim.g.holdover = { cmd = { w.binary, 'lsp' }, trusted = true }
  vim.lsp.config('holdover', { init_options = { trusted = true } })
  vim.lsp.enable('holdover')

  t.test('without any network the figures, the lines and the hover are there, and nothing is notified', function()
    w.open('Cargo.lock')
    shows(some)
    local line = w.lines_of('Cargo.lock', '^name = "' .. vim.pesc(w.names('cargo')[1]) .. '"$')[1]
    t.check(vim.list_contains(w.lines_with('missing-artifact', #w.names('cargo')), line), 'the line is marked')
    vim.api.nvim_win_set_cursor(0, { line + 1, 8 })
    t.contains(w.hover():lower(), 'needed by', 'hover')
    t.equal(require('holdover').status().connectivity.state, 'offline', 'connection')
    t.equal(t.notified, {}, 'notifications: being offline is none')
  end)

  t.test('the windows and pages are there', function()
    for command, part in pairs({
      ['readiness'] = w.names('npm')[1],
      ['report'] = some,
      ['page missing-artifact'] = 'missing-artifact',
      ['journal'] = 'readiness.observed',
    }) do
      vim.cmd('Holdover ' .. command)
      t.wait(function()
        return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n'):find(part, 1, true)
      end, (':Holdover %s shows %s'):format(command, part))
      vim.cmd.close()
    end
    t.equal(t.notified, {}, 'notifications')
  end)

  t.test('a fetch says that there is no connection, and the editor goes on', function()
    vim.cmd('Holdover fetch')
    local said = t.wait(function()
      return t.notified[1]
    end, 'what is said', 60).text
    t.check(said:lower():find('connection', 1, true) or said:lower():find('network', 1, true), 'why: ' .. said)
    shows(some)
  end)

  t.test('a conflict is resolved as ever', function()
    t.write(w.folder .. '/src/denied.rs', '<<<<<<< main\nleft\n=======\nright\n>>>>>>> feature\n')
    w.open('src/denied.rs')
    w.lines_with('merge-conflict', 1)
    vim.cmd('Holdover accept current')
    t.wait(function()
      return vim.deep_equal(vim.api.nvim_buf_get_lines(0, 0, -1, true), { 'left' })
    end, 'the resolution')
  end)

  t.test('what somebody brings on a stick is seen after :Holdover restart at the latest', function()
    local from, to = w.need('HOLDOVER_WHOLE'), w.need('HOME')
    vim.fn.system({ 'cp', '-a', from .. '/cargo-home/registry', to .. '/.cargo/' })
    vim.fn.system({ 'cp', '-a', from .. '/npm-cache/_cacache', w.need('npm_config_cache') })
    w.open('Cargo.lock')
    vim.cmd('Holdover restart')
    shows(full)
    t.equal(w.lines_with('missing-artifact', 0), {}, 'no line is marked any more')
  end)
end)
