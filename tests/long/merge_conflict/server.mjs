// Holdover's server as an editor speaks to it: one document, changes told in order, edits applied. Its journal lies in a
// temporary folder that goes with it.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Text } from './text.mjs';

export class Server {
  #waiting = new Map();
  #heard = [];
  #next = 0;
  #buffer = Buffer.alloc(0);

  static async start(program) {
    const server = new Server();
    server.folder = mkdtempSync(join(tmpdir(), 'holdover-bench-'));
    const env = {
      ...process.env,
      HOLDOVER_DATA_DIR: join(server.folder, 'data'),
      HOLDOVER_CONFIG: join(server.folder, 'none.toml'),
    };
    server.process = spawn(program, ['lsp'], { stdio: ['pipe', 'pipe', 'ignore'], env });
    server.process.stdout.on('data', (bytes) => server.#read(bytes));
    const capabilities = {
      general: { positionEncodings: ['utf-16'] },
      experimental: { holdoverConflicts: true },
      workspace: {
        applyEdit: true,
        workspaceEdit: { documentChanges: true },
        codeLens: { refreshSupport: false },
      },
      textDocument: {
        codeLens: {},
        codeAction: {
          dataSupport: true,
          codeActionLiteralSupport: { codeActionKind: { valueSet: ['quickfix'] } },
          resolveSupport: { properties: ['edit'] },
        },
      },
    };
    const root = `file://${server.folder}`;
    await server.#ask('initialize', {
      processId: process.pid,
      rootUri: root,
      workspaceFolders: [{ uri: root, name: 'bench' }],
      capabilities,
    });
    server.#tell('initialized', {});
    return server;
  }

  #read(bytes) {
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    for (;;) {
      const head = this.#buffer.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: *(\d+)/i.exec(this.#buffer.toString('latin1', 0, head))[1]);
      const end = head + 4 + length;
      if (this.#buffer.length < end) return;
      const message = JSON.parse(this.#buffer.toString('utf8', head + 4, end));
      this.#buffer = this.#buffer.subarray(end);
      if (message.method === 'workspace/applyEdit') {
        this.#take(message.params.edit);
        this.#send({ id: message.id, result: { applied: true } });
      } else if (message.method && message.id !== undefined) {
        this.#send({ id: message.id, result: message.method === 'workspace/configuration' ? [null] : null });
      } else if (message.id !== undefined) {
        this.#waiting.get(message.id)(message);
        this.#waiting.delete(message.id);
      } else {
        this.#heard = this.#heard.filter((one) => !one(message));
      }
    }
  }

  #send(message) {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.process.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #tell(method, params) {
    this.#send({ method, params });
  }

  async #ask(method, params) {
    this.#next += 1;
    const id = this.#next;
    const answer = new Promise((done) => this.#waiting.set(id, done));
    this.#send({ id, method, params });
    const { result, error } = await answer;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  #hear(method) {
    return new Promise((done) => {
      this.#heard.push((message) => {
        const { uri, version } = message.params ?? {};
        const mine = message.method === method && uri === this.uri && version >= this.version;
        if (mine) done(message.params);
        return mine;
      });
    });
  }

  async open(text) {
    if (this.uri) this.#tell('textDocument/didClose', { textDocument: { uri: this.uri } });
    this.opened = (this.opened ?? 0) + 1;
    this.uri = `file://${this.folder}/${this.opened}.rs`;
    this.version = 1;
    this.text = new Text(text);
    const known = this.#hear('textDocument/publishDiagnostics');
    this.#tell('textDocument/didOpen', {
      textDocument: { uri: this.uri, languageId: 'rust', version: 1, text },
    });
    await known;
  }

  #change(range, newText) {
    this.version += 1;
    this.text.apply([{ range, newText }]);
    this.#tell('textDocument/didChange', {
      textDocument: { uri: this.uri, version: this.version },
      contentChanges: [{ range, text: newText }],
    });
  }

  #take(edit) {
    const { edits } = edit.documentChanges[0];
    this.text.apply(edits);
    this.version += 1;
    this.#tell('textDocument/didChange', {
      textDocument: { uri: this.uri, version: this.version },
      contentChanges: edits.toReversed().map(({ range, newText }) => ({ range, text: newText })),
    });
  }

  async shift(down) {
    const start = { line: 0, character: 0 };
    this.#change({ start, end: { line: down ? 0 : 1, character: 0 } }, down ? '// above\n' : '');
    const { conflicts } = await this.#hear('holdover/didChangeConflicts');
    if (conflicts.length !== 40) throw new Error(`${conflicts.length} conflicts are told`);
  }

  async type(n) {
    const start = { line: 1, character: 0 };
    this.#change({ start, end: { line: 1, character: n % 2 } }, n % 2 === 0 ? 'x' : '');
    // Where no conflict moved it says nothing of their places; that it has read the change it says with the diagnostics.
    await this.#hear('textDocument/publishDiagnostics');
  }

  async lenses() {
    const found = await this.#ask('textDocument/codeLens', { textDocument: { uri: this.uri } });
    if (found.length === 0) throw new Error('no lenses');
  }

  /**
   * Accepts by a code action at the opening marker; the text afterwards. The actions are asked for as an editor does for its
   * light bulb, or, where `menu` says so, as for its menu, for which a merge is looked for as well.
   */
  async accept(choice, nth, menu = false) {
    const opens = this.text.lines.flatMap((line, n) =>
      /^<{7,}/.test(line) && !line.includes('half') ? [n] : [],
    );
    const at = { line: opens[nth], character: 0 };
    const context = { diagnostics: [], only: ['quickfix'], triggerKind: menu ? 1 : 2 };
    const actions = await this.#ask('textDocument/codeAction', {
      textDocument: { uri: this.uri },
      range: { start: at, end: at },
      context,
    });
    const action = actions.find((one) => one.data?.action === `conflict.accept-${choice}`);
    if (!action) return this.text.whole();
    const { edit } = await this.#ask('codeAction/resolve', action);
    this.#take(edit);
    return this.text.whole();
  }

  async acceptAll(choice) {
    await this.#ask('workspace/executeCommand', {
      command: 'holdover.resolveConflict',
      arguments: [{ file: this.uri, resolve: choice, all: true }],
    });
    return this.text.whole();
  }

  async stop() {
    await this.#ask('shutdown', null);
    this.#tell('exit', null);
    await new Promise((done) => this.process.once('exit', done));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
