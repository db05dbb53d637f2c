-- Fetching, the question of trust before it, progress and the end of it.

local t = require('harness')
local s = require('support')
local fake = require('fake_server')

t.main(function()
  t.test('a fetch asks the server once, with the workspace, and says what it brought', function()
    local server = s.open()
    server.answers['holdover.fetch'] = function()
      return {
        readiness = fake.status(1207, 1207).readiness,
        fetch = { state = 'done', steps = {}, fetched = { 'a', 'b', 'c' } },
      }
    end
    vim.cmd('Holdover fetch')
    s.hears('fetched')
    t.equal(server.asked('holdover.fetch'), 1, 'requests')
    t.equal(s.said[#s.said], 'holdover: 3 artifacts fetched; 1,207 of 1,207 are here', 'what is said')
    t.equal(t.notified, {}, 'success is no notification')
  end)

  t.test("a fetch that fails is notified with the tool's own words", function()
    local server = s.open()
    server.answers['holdover.fetch'] = function()
      return {
        fetch = {
          state = 'failed',
          fetched = {},
          steps = {
            {
              ecosystem = 'cargo',
              lockfile = 'Cargo.lock',
              command = {},
              ok = false,
              error = 'no route to the registry',
            },
          },
        },
      }
    end
    vim.cmd('Holdover fetch')
    t.contains(s.notification(), 'cargo (Cargo.lock): no route to the registry', 'text')
  end)

  t.test('a fetch that the user stopped is no failure', function()
    local server = s.open()
    server.answers['holdover.fetch'] = function()
      return nil, { code = -32800, message = 'stopped, as was asked' }
    end
    vim.cmd('Holdover fetch')
    s.hears('stopped')
    t.equal(t.notified, {}, 'notifications')
  end)

  t.test('in a workspace that is not trusted a fetch offers to trust it, does, and runs again', function()
    local server, client = s.open()
    local arguments = s.stub()
    s.tell(server, client, fake.status(1, 2, { trusted = false }))
    server.answers['holdover.fetch'] = function()
      if arguments() == '' then
        return nil, { code = -32803, message = 'this workspace is not trusted\nhint: holdover trust' }
      end
      return { fetch = { state = 'done', steps = {}, fetched = { 'a' } } }
    end
    local asked = s.choose(1)
    vim.cmd('Holdover fetch')
    t.wait(function()
      return server.asked('holdover.fetch') == 2
    end, 'the second attempt')
    t.equal(#asked, 1, 'asked once')
    t.contains(asked[1].items[1], 'Trust ', 'the offer')
    t.equal(arguments(), 'trust ' .. client.root_dir .. '\n', 'what was run')
    t.equal(t.notified, {}, 'no failure is shown')
  end)

  for _, case in ipairs({
    {
      choice = 1,
      name = 'a server that still refuses after the workspace was trusted is not asked for ever',
      attempts = 2,
    },
    { choice = 2, name = 'who declines to trust is not asked again and nothing runs', attempts = 1 },
  }) do
    t.test(case.name, function()
      local server, client = s.open()
      local arguments = s.stub()
      server.answers['holdover.fetch'] = function()
        return nil, { code = -32803, message = 'not allowed', data = { kind = 'untrusted' } }
      end
      local asked = s.choose(case.choice)
      local finished
      require('holdover.fetch').run(client, nil, function(err)
        finished = err
      end)
      t.wait(function()
        return finished
      end, 'the end')
      t.equal(#asked, 1, 'asked once')
      t.equal(server.asked('holdover.fetch'), case.attempts, 'attempts')
      t.equal(arguments() ~= '', case.choice == 1, 'the tool was run')
      t.equal(#t.notified, case.choice == 1 and 1 or 0, 'failures shown')
    end)
  end

  t.test(':Holdover fetch dry-run shows what would be run, and runs nothing', function()
    local server, client = s.open()
    local asked
    server.answers['holdover.fetch'] = function(argument)
      asked = argument
      local step = { ecosystem = 'cargo', lockfile = 'Cargo.lock', command = { 'cargo', 'fetch', '--locked' } }
      return { fetch = { state = 'queued', steps = { step }, fetched = {} } }
    end
    vim.cmd('Holdover fetch dry-run')
    local text = s.shows('cargo fetch --locked')
    t.equal(asked, { dryRun = true, workspace = client.root_dir }, 'what was asked')
    t.contains(text, 'Cargo.lock', 'which lockfile it is for')
  end)

  t.test('progress is shown and can be cancelled', function()
    local server = s.open()
    server.notify('$/progress', { token = 7, value = { kind = 'begin', title = 'Fetching', percentage = 0 } })
    server.notify('$/progress', { token = 7, value = { kind = 'report', message = '2 of 3: memchr', percentage = 66 } })
    s.hears('2 of 3: memchr')
    vim.cmd('Holdover cancel')
    local cancel = vim.tbl_filter(function(n)
      return n.method == 'window/workDoneProgress/cancel'
    end, server.notifications)
    t.equal(cancel[1] and cancel[1].params.token, 7, 'the token that is cancelled')
    server.notify('$/progress', { token = 7, value = { kind = 'end' } })
  end)

  t.test('vim.g.holdover.progress = false keeps the message area quiet', function()
    local server = s.open()
    vim.g.holdover = { progress = false }
    server.notify('$/progress', { token = 8, value = { kind = 'begin', title = 'Fetching' } })
    server.notify('$/progress', { token = 8, value = { kind = 'end' } })
    server.notify('holdover/didChangeStatus', fake.status(3, 3))
    t.wait(function()
      return require('holdover').statusline() == 'offline: 3 of 3'
    end, 'what was sent after the progress')
    t.equal(s.said, {}, 'echoed')
  end)

  t.test(':Holdover trust runs the command line tool, revoke takes it back, a failure is shown', function()
    local _, client = s.open()
    local arguments = s.stub()
    vim.cmd('Holdover trust')
    t.wait(function()
      return arguments() == 'trust ' .. client.root_dir .. '\n'
    end, 'trust')
    vim.cmd('Holdover trust revoke')
    t.wait(function()
      return arguments():find('--revoke', 1, true)
    end, 'revoke')
    s.stub({ code = 3 })
    vim.cmd('Holdover trust')
    t.contains(s.notification(), 'ended with code 3: no space left', 'text')
    vim.g.holdover = { cmd = { '/nowhere/holdover', 'lsp' } }
    vim.cmd('Holdover trust')
    t.contains(t.notified[2].text, '/nowhere/holdover could not be started', 'a program that is not there')
  end)
end)
