#!/usr/bin/env node
// A language server that pretends: it finds what FAKE_MISSING names in the lockfiles missing, until it is told to fetch.
// For tests of the extension alone; it looks at no cache and runs nothing. FAKE_RECORD names a file for what it was told; with
// FAKE_ENDLESS a fetch comes half-way, and ends when it is cancelled.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

if (process.argv[2] !== 'lsp') {
  process.stderr.write('usage: fake-server.mjs lsp\n');
  process.exit(2);
}

let names = (process.env.FAKE_MISSING ?? 'itoa,hex,ms').split(',');
const state = {
  root: '',
  trusted: false,
  forced: false,
  nextId: 1,
  cancelled: new Set(),
  waiting: new Map(),
};

const record = (entry) => {
  if (process.env.FAKE_RECORD) appendFileSync(process.env.FAKE_RECORD, `${JSON.stringify(entry)}\n`);
};
const log = (level, text) =>
  process.stderr.write(`${new Date().toISOString()} ${level.padStart(5)} fake: ${text}\n`);

function send(message) {
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
  process.stdout.write(`Content-Length: ${body.length}\r\n\r\n`);
  process.stdout.write(body);
}
const notify = (method, params) => send({ method, params });
const ask = (method, params) =>
  new Promise((resolve) => {
    const id = `fake-${state.nextId++}`;
    state.waiting.set(id, resolve);
    send({ id, method, params });
  });

/** Every artifact of a lockfile with the line it stands on. */
function artifacts(lockfile) {
  const file = path.join(state.root, lockfile);
  if (!existsSync(file)) return [];
  const npm = lockfile.endsWith('.json');
  const found = [];
  let name;
  readFileSync(file, 'utf8')
    .split('\n')
    .forEach((text, line) => {
      const named = npm ? /^\s*"node_modules\/([^"]+)": \{/.exec(text) : /^name = "([^"]+)"/.exec(text);
      const version = npm ? /^\s*"version": "([^"]+)"/.exec(text) : /^version = "([^"]+)"/.exec(text);
      if (named)
        name = {
          name: named[1],
          line,
          start: text.indexOf(named[1]),
          end: text.indexOf(named[1]) + named[1].length,
        };
      else if (version && name) {
        const at = (utf16) => ({ line: name.line, utf16, byte: 0 });
        found.push({
          id: `${npm ? 'npm' : 'cargo'}:${name.name}@${version[1]}`,
          ecosystem: npm ? 'npm' : 'cargo',
          name: name.name,
          version: version[1],
          state: names.includes(name.name) ? 'missing' : 'present',
          evidence: `no file for ${name.name} ${version[1]} in the cache`,
          lookedIn: [`/fake/cache/${name.name}-${version[1]}`],
          verified: false,
          neededBy: ['a-dependent 1.0.0'],
          target: null,
          file,
          range: { start: at(name.start), end: at(name.end) },
        });
        name = undefined;
      }
    });
  return found;
}

const lockfiles = ['Cargo.lock', 'package-lock.json'];
const all = () => lockfiles.flatMap(artifacts);

function counts(list) {
  const missing = list.filter((one) => one.state === 'missing').length;
  return {
    total: list.length,
    present: list.length - missing,
    missing,
    corrupt: 0,
    stale: 0,
    unknown: 0,
    verified: 0,
    otherTargets: 0,
  };
}

function readiness() {
  const own = counts(all());
  return {
    state: own.missing === 0 ? 'ready' : 'incomplete',
    target: 'x86_64-unknown-linux-gnu',
    ...own,
    ecosystems: lockfiles.map((lockfile) => ({
      name: lockfile.endsWith('.json') ? 'npm' : 'cargo',
      lockfile,
      ...counts(artifacts(lockfile)),
    })),
    proof: null,
  };
}

function status() {
  const ready = readiness();
  const figure = (count) => count.toLocaleString('en-US');
  return {
    workspace: state.root,
    text: `offline: ${figure(ready.present)} of ${figure(ready.total)}`,
    trusted: state.trusted,
    connectivity: {
      state: state.forced ? 'forced-offline' : 'online',
      since: new Date().toISOString(),
      detail: 'pretended',
    },
    readiness: ready,
    functions: [{ name: 'build', mode: 'local', reason: 'pretended', next: '' }],
    caches: [],
    mirrors: [],
    sync: {
      state: 'disabled',
      pending: 0,
      failed: 0,
      conflicts: 0,
      lastSuccess: null,
      nextAttempt: null,
      remotes: [],
    },
    checks: [],
    conflicts: { files: 0, hunks: 0 },
    reviews: { openThreads: 0, unsent: 0 },
    model: { state: 'none', name: null, hash: null, detail: '' },
  };
}

const report = (everything = false) => ({
  workspace: state.root,
  readiness: readiness(),
  artifacts: all().filter((one) => everything || one.state !== 'present'),
});
const lspRange = ({ start, end }) => ({
  start: { line: start.line, character: start.utf16 },
  end: { line: end.line, character: end.utf16 },
});
const sentence = (one) => `${one.name} ${one.version} is missing: ${one.evidence}`;

function publish() {
  for (const lockfile of lockfiles) {
    notify('textDocument/publishDiagnostics', {
      uri: pathToFileURL(path.join(state.root, lockfile)).href,
      diagnostics: artifacts(lockfile)
        .filter((one) => one.state === 'missing')
        .map((one) => ({
          range: lspRange(one.range),
          severity: 2,
          code: 'missing-artifact',
          source: 'holdover',
          message: sentence(one),
        })),
    });
  }
  notify('holdover/didChangeStatus', status());
}

async function fetchMissing() {
  const before = all().filter((one) => one.state === 'missing');
  const token = `fetch-${state.nextId++}`;
  await ask('window/workDoneProgress/create', { token });
  const step = (value) => notify('$/progress', { token, value });
  step({ kind: 'begin', title: 'Getting what is missing', cancellable: true, percentage: 0 });
  for (let done = 1; done <= 10 && !state.cancelled.has(token); done += 1) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    step({ kind: 'report', message: `pretending, ${done} of 10`, percentage: done * 10 });
    // Half-way, however long somebody takes to stop it.
    while (done === 5 && process.env.FAKE_ENDLESS !== undefined && !state.cancelled.has(token))
      await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const cancelled = state.cancelled.has(token);
  step({ kind: 'end' });
  if (!cancelled) names = [];
  publish();
  return {
    ...report(),
    fetch: {
      state: cancelled ? 'cancelled' : 'done',
      steps: [
        {
          ecosystem: 'cargo',
          lockfile: 'Cargo.lock',
          command: ['cargo', 'fetch'],
          artifacts: before.map((one) => one.id),
          ok: !cancelled,
        },
      ],
      fetched: cancelled ? [] : before.map((one) => one.id),
    },
  };
}

const at = (params) => {
  const file = new URL(params.textDocument.uri).pathname;
  const line = params.position?.line ?? params.range.start.line;
  return all().filter((one) => one.file === decodeURIComponent(file) && one.range.start.line === line);
};

const requests = {
  initialize(params) {
    state.root = params.rootPath ?? '';
    state.trusted = params.initializationOptions?.trusted === true;
    return {
      capabilities: {
        positionEncoding: 'utf-16',
        textDocumentSync: 2,
        hoverProvider: true,
        codeActionProvider: { codeActionKinds: ['quickfix'] },
        executeCommandProvider: {
          commands: ['holdover.preflight', 'holdover.fetch', 'holdover.offline', 'holdover.status'],
        },
        experimental: process.env.FAKE_OLD === undefined ? { didChangeTrust: true } : {},
      },
      serverInfo: { name: 'fake', version: process.env.FAKE_VERSION ?? '0.1.0' },
    };
  },
  shutdown: () => null,
  'holdover/status': () => status(),
  'textDocument/hover'(params) {
    const one = at(params)[0];
    if (!one) return null;
    const lines = [
      `**${one.name} ${one.version}** is ${one.state}`,
      one.evidence,
      `Looked in \`${one.lookedIn[0]}\``,
      `Needed by ${one.neededBy.join(', ')}`,
    ];
    return { contents: { kind: 'markdown', value: lines.join('\n\n') } };
  },
  'textDocument/codeAction'(params) {
    const missing = at(params).filter((one) => one.state === 'missing');
    if (missing.length === 0) return [];
    const action = (title, fields) => ({
      title,
      kind: 'quickfix',
      diagnostics: params.context.diagnostics,
      command: { title, command: 'holdover.fetch', arguments: [{ workspace: state.root, ...fields }] },
    });
    return [
      action(`Get ${missing[0].name} ${missing[0].version}`, { artifacts: [missing[0].id] }),
      action('Get everything that is missing', {}),
    ];
  },
  async 'workspace/executeCommand'({ command, arguments: given }) {
    record({ command, arguments: given });
    if (command === 'holdover.fetch') return fetchMissing();
    if (command === 'holdover.preflight') return report(given[0].all === true);
    if (command === 'holdover.offline') {
      state.forced = given[0].mode === 'on';
      publish();
    }
    return status();
  },
};

const notifications = {
  initialized() {
    notify('experimental/serverStatus', { health: 'ok', quiescent: true });
    publish();
  },
  exit: () => process.exit(0),
  'window/workDoneProgress/cancel': ({ token }) => state.cancelled.add(token),
  'holdover/didChangeTrust'({ trusted }) {
    state.trusted = trusted;
    publish();
  },
};

async function receive(message) {
  if (message.method === undefined) {
    state.waiting.get(message.id)?.(message.result);
    state.waiting.delete(message.id);
  } else if (message.id === undefined) {
    if (!message.method.startsWith('textDocument/'))
      record({ notification: message.method, params: message.params });
    notifications[message.method]?.(message.params);
  } else if (requests[message.method]) {
    if (message.method !== 'initialize') record({ asked: message.method });
    if (message.method === 'initialize')
      record({
        initialize: message.params.initializationOptions,
        experimental: message.params.capabilities.experimental,
      });
    send({ id: message.id, result: await requests[message.method](message.params) });
  } else {
    send({ id: message.id, error: { code: -32601, message: `unknown method ${message.method}` } });
  }
}

log('INFO', 'started');
let pending = Buffer.alloc(0);
process.stdin.on('data', (chunk) => {
  pending = Buffer.concat([pending, chunk]);
  for (;;) {
    const head = pending.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(pending.subarray(0, head).toString())?.[1]);
    if (pending.length < head + 4 + length) return;
    const message = JSON.parse(pending.subarray(head + 4, head + 4 + length).toString());
    pending = pending.subarray(head + 4 + length);
    void receive(message);
  }
});
process.stdin.on('end', () => process.exit(0));
