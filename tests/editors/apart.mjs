#!/usr/bin/env node
// A note that two people wrote without knowing of each other: two real servers of one workspace, each with a person of its own, each
// told to write it anew in place of the same version, as two editors do.
//
// usage: apart.mjs SERVER WORKSPACE FILE BASE ONE OTHER     prints the note's id; the environment is the servers'
import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The least that a client is. */
class Client {
  constructor(server, workspace, person) {
    this.waiting = new Map();
    this.last = 0;
    this.child = spawn(server, ['lsp', '--stdio'], {
      env: { ...process.env, USER: person, LOGNAME: person },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let bytes = Buffer.alloc(0);
    this.child.stdout.on('data', (some) => {
      bytes = Buffer.concat([bytes, some]);
      for (;;) {
        const end = bytes.indexOf('\r\n\r\n');
        if (end < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(bytes.subarray(0, end).toString())[1]);
        if (bytes.length < end + 4 + length) return;
        const message = JSON.parse(bytes.subarray(end + 4, end + 4 + length).toString());
        bytes = bytes.subarray(end + 4 + length);
        this.take(message);
      }
    });
    this.workspace = workspace;
  }

  take(message) {
    if (message.method !== undefined && message.id !== undefined) {
      this.send({ id: message.id, result: null });
    } else if (message.id !== undefined) {
      const { resolve, reject } = this.waiting.get(message.id);
      if (message.error === undefined) resolve(message.result);
      else reject(new Error(`${message.error.code} ${message.error.message}`));
    }
  }

  send(message) {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    this.child.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    this.child.stdin.write(body);
  }

  ask(method, params) {
    this.last += 1;
    const id = this.last;
    this.send({ id, method, params });
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  command(command, fields) {
    return this.ask('workspace/executeCommand', { command, arguments: [fields] });
  }

  async begin() {
    await this.ask('initialize', {
      processId: process.pid,
      capabilities: {},
      workspaceFolders: [{ uri: pathToFileURL(this.workspace).href, name: 'here' }],
    });
    this.send({ method: 'initialized', params: {} });
    // The first look may still be under way: what the journal is asked for waits for it.
    return this;
  }

  async end() {
    await this.ask('shutdown', null);
    this.send({ method: 'exit' });
  }
}

/** Writes the note and gives its id. */
export async function apart({ server, workspace, file, base, one, other }) {
  const [ann, bob] = [new Client(server, workspace, 'Ann'), new Client(server, workspace, 'Bob')];
  await ann.begin();
  await bob.begin();
  const note = await ann.command('holdover.note.add', { workspace, file, line: 1, body: base });
  const pred = note.versions.flatMap(({ ops }) => ops);
  await ann.command('holdover.note.edit', { workspace, note: note.id, body: one, pred });
  // Ids of events are in the order of their milliseconds: which text is the newer one is the same each time.
  for (const then = Date.now() + 1; Date.now() <= then;) await sleep(1);
  await bob.command('holdover.note.edit', { workspace, note: note.id, body: other, pred });
  await ann.end();
  await bob.end();
  return note.id;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [server, folder, file, base, one, other] = process.argv.slice(2);
  const workspace = path.resolve(folder);
  console.log(await apart({ server, workspace, file: path.join(workspace, file), base, one, other }));
}
