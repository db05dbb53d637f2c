-- :checkhealth holdover.

local t = require('harness')
local s = require('support')
local fake = require('fake_server')

t.main(function()
  t.test('checkhealth names a missing program and how to get it', function()
    s.open()
    vim.g.holdover = { cmd = { '/nowhere/holdover', 'lsp' }, colour = 1 }
    vim.cmd('checkhealth holdover')
    local text = s.text()
    t.contains(text, '`/nowhere/holdover` is not in PATH', 'program')
    t.contains(text, 'cargo install --locked --path server/holdover', 'advice')
    t.contains(text, 'vim.g.holdover.colour has no meaning', 'configuration')
    vim.cmd('silent! bwipeout!')
  end)

  t.test('checkhealth shows program, versions, machine, workspace, status, caches and next steps', function()
    local server, client = s.open({ version = '0.0.9' })
    local doctor = vim.json.encode({
      { mark = 'ok', subject = 'data folder', seen = '/data', next = '' },
      { mark = 'note', subject = 'trust', seen = 'this workspace is not trusted', next = '`holdover trust`' },
      { mark = 'bad', subject = 'journal', seen = 'its key is gone', next = 'restore journal.key' },
    })
    s.stub({ stdout = doctor })
    t.write(
      s.tmp .. '/stub',
      ('#!/bin/sh\nif [ "$1" = doctor ]; then cat "%s/stub.out"; else echo holdover 0.2.0; fi\n'):format(s.tmp)
    )
    local status = fake.status(1204, 1207, { trusted = false })
    status.journal = { state = 'failed', events = vim.NIL, detail = 'the file is locked' }
    s.tell(server, client, status)
    vim.cmd('Holdover health')
    local text = s.text()
    for what, part in pairs({
      ['version and path'] = 'holdover 0.2.0: ' .. s.tmp .. '/stub, named in vim.g.holdover.cmd',
      ['a plugin of another version'] = 'this plugin is of version 0.1.0',
      ['configuration'] = 'vim.g.holdover is sound',
      ['data folder'] = 'OK data folder: /data',
      ['next step of a note'] = 'next: `holdover trust`',
      ['what is broken'] = 'ERROR journal: its key is gone',
      ['and its next step'] = 'restore journal.key',
      ['status'] = 'offline: 1,204 of 1,207; attached to 1 buffer',
      ['trust'] = 'next: :Holdover trust',
      ['journal'] = 'journal: failed: the file is locked',
      ['cache'] = 'cargo cache: 5.0 MiB of it used here, /tmp/w/cargo-home',
      ['what a function needs'] = 'build: 3 artifacts are missing',
      ['a server older than the program'] = 'it runs 0.0.9, and 0.2.0 is installed',
      ['log'] = 'log: ',
    }) do
      t.contains(text, part, what)
    end
  end)
end)
