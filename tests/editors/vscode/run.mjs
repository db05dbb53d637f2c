#!/usr/bin/env node
// Drives the extension in a real VS Code: `run.mjs --editor PREFIX (--server BINARY | --fake) --fixture DIR [--denied] [--out DIR] [--extension PATH] [SCENARIO…]`.
// PREFIX is install.sh's, DIR holds workspace, cargo-home and npm-cache. Exit status 1 and a screenshot when a step fails.
// `--list` runs none: it prints the scenarios as JSON, those that share a window together, the longest first.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startCodeServer } from './lib/codeServer.mjs';
import { fixture } from './lib/fixture.mjs';
import { Abandoned, Steps } from './lib/steps.mjs';
import { Window, openBrowser } from './lib/window.mjs';
import { absent } from './scenarios/absent.mjs';
import { cancel } from './scenarios/cancel.mjs';
import { checks } from './scenarios/checks.mjs';
import { conflict } from './scenarios/conflict.mjs';
import { crash } from './scenarios/crash.mjs';
import { mainJob } from './scenarios/mainJob.mjs';
import { denied } from './scenarios/denied.mjs';
import { explain } from './scenarios/explain.mjs';
import { lints } from './scenarios/lints.mjs';
import { notes } from './scenarios/notes.mjs';
import { older } from './scenarios/older.mjs';
import { operationsDone } from './scenarios/operations.mjs';
import { preview } from './scenarios/preview.mjs';
import { record } from './scenarios/record.mjs';
import { records } from './scenarios/records.mjs';
import { restricted } from './scenarios/restricted.mjs';
import { reviews } from './scenarios/reviews.mjs';
import { roots } from './scenarios/roots.mjs';
import { sharing } from './scenarios/sharing.mjs';
import { threads } from './scenarios/threads.mjs';
import { views } from './scenarios/views.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../../..');
/** In this order: one that continues another stands behind it and takes its window over. */
const SCENARIOS = {
  views,
  mainJob,
  record,
  crash,
  conflict,
  lints,
  denied,
  operations: operationsDone,
  preview,
  roots,
  restricted,
  checks,
  explain,
  notes,
  threads,
  records,
  sharing,
  reviews,
  cancel,
  older,
  absent,
};
/** What is taken out of the caches: a crate that the manifest names, one that another brings in, and an npm package. */
const TAKEN = { crates: ['memchr', 'zmij'], npm: ['ms'] };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    editor: {
      type: 'string',
      default: process.env.HOLDOVER_VSCODE_EDITOR ?? '',
    },
    server: { type: 'string', default: process.env.HOLDOVER_SERVER_PATH ?? '' },
    fixture: {
      type: 'string',
      default: process.env.HOLDOVER_FIXTURE_DIR ?? '',
    },
    out: {
      type: 'string',
      default: process.env.HOLDOVER_VSCODE_OUT ?? path.join(root, 'target/editors/vscode'),
    },
    extension: { type: 'string', default: path.join(root, 'vscode-extension') },
    // The server is test/fake-server.mjs: what only a real one can tell is left out, and said.
    fake: { type: 'boolean', default: false },
    // There is no network but loopback, which is checked: only what needs none is driven.
    denied: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

for (const [name, what] of [
  ['editor', 'the PREFIX that install.sh was given'],
  ...(values.fake ? [] : [['server', 'the holdover binary']]),
  ['fixture', 'a folder made by fixtures/generate/small.sh'],
]) {
  if (values[name] === '' || !existsSync(values[name])) {
    console.error(`run.mjs: --${name} has to be ${what}: ${values[name] || 'not given'}`);
    process.exit(2);
  }
}
if (!values.extension.endsWith('.vsix') && !existsSync(path.join(values.extension, 'dist/extension.js'))) {
  console.error(`run.mjs: the extension is not built: run npm ci && npm run build in ${values.extension}`);
  process.exit(2);
}

if (values.denied && !values.list) {
  const others = Object.keys(networkInterfaces()).filter((name) => name !== 'lo');
  if (others.length > 0) {
    console.error(
      `run.mjs: --denied, and there is a network: ${others.join(', ')}; run it in \`unshare --net\``,
    );
    process.exit(2);
  }
}
const out = path.resolve(values.out);
/** Those that take longest, so that where several run at once none of them is the last to begin. */
const LONG = ['notes', 'views', 'operations', 'preview', 'threads', 'crash'];
const PRETENDED = path.join(root, 'vscode-extension/test/fake-server.mjs');
// Without a real server, what only a real one can show is left out by name, and told.
const all = Object.keys(SCENARIOS).filter((name) => {
  if (values.fake && SCENARIOS[name].real && !values.list)
    console.log(`# left out, it needs the real server: ${SCENARIOS[name].name}`);
  return !(values.fake && SCENARIOS[name].real) && (SCENARIOS[name].denied ?? false) === values.denied;
});
const chosen = positionals.length > 0 ? positionals : all;
if (values.list) {
  const windows = [];
  for (const name of chosen) {
    const before = windows.at(-1)?.at(-1);
    if (before !== undefined && SCENARIOS[name].continues?.includes(before)) windows.at(-1).push(name);
    else windows.push([name]);
  }
  const place = ([name]) => (LONG.includes(name) ? LONG.indexOf(name) : LONG.length);
  console.log(JSON.stringify(windows.sort((one, other) => place(one) - place(other))));
  process.exit(0);
}
const begun = Date.now();
let passed = 0;
let failed = 0;

/** The editor that stands open, for a scenario that continues another. */
let open;

for (const name of chosen) {
  const scenario = SCENARIOS[name];
  if (scenario === undefined) {
    console.error(`run.mjs: no scenario ${name}; there are ${Object.keys(SCENARIOS).join(', ')}`);
    process.exit(2);
  }
  const folder = path.join(out, name);
  const screenshots = path.join(folder, 'screenshots');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(screenshots, { recursive: true });
  if (!(scenario.continues ?? []).includes(open?.name)) {
    await close();
    const fake = values.fake || scenario.pretends === true;
    open = {
      name,
      scenario,
      fake,
      folder,
      server: fake ? PRETENDED : path.resolve(values.server),
    };
  }
  console.log(`# ${scenario.name}${open.fake ? ' (pretended server)' : ''}`);
  const steps = new Steps(async (sentence) => {
    if (open.window)
      console.log(`        screenshot: ${await open.window.shot('failed').catch((error) => error.message)}`);
    console.log(`        in the scenario ${name}, at "${sentence}"; the extension's and the server's log:`);
    console.log(last(60, extensionLog(open.home)));
    console.log(last(60, serverLog(open.env.HOLDOVER_DATA_DIR)));
  });
  try {
    if (open.window === undefined) await start(steps, screenshots);
    open.window.screenshots = screenshots;
    const { env, home } = open;
    await scenario.run({
      ...open,
      steps,
      fixture: path.resolve(values.fixture),
      editor: path.resolve(values.editor),
      extension: path.resolve(values.extension),
      // What a person saw, for the comparison with the other front ends: same.mjs.
      keep: (shown) => writeFileSync(path.join(out, 'shown.json'), JSON.stringify(shown, null, 1)),
      told: () =>
        existsSync(env.FAKE_RECORD)
          ? readFileSync(env.FAKE_RECORD, 'utf8')
              .trim()
              .split('\n')
              .map((line) => JSON.parse(line))
          : [],
      extensionLog: () => extensionLog(home),
    });
    open.name = name;
  } catch (error) {
    if (!(error instanceof Abandoned)) throw error;
    // What comes next starts afresh.
    await close();
  }
  passed += steps.passed;
  failed += steps.failed;
}
await close();

async function start(steps, screenshots) {
  const { scenario, folder, server } = open;
  const project = fixture(path.resolve(values.fixture), path.join(folder, 'project'), TAKEN);
  const opened = scenario.prepare?.(project, path.dirname(path.resolve(values.editor)));
  const env = {
    CARGO_HOME: project.cargoHome,
    npm_config_cache: project.npmCache,
    HOLDOVER_DATA_DIR: process.env.HOLDOVER_DATA_DIR
      ? path.join(process.env.HOLDOVER_DATA_DIR, open.name)
      : path.join(folder, 'data'),
    HOLDOVER_CONFIG: path.join(folder, 'no-config.toml'),
    // What registries answer at this hour is no matter of these tests.
    HOLDOVER_MIRRORS_ASK: 'false',
    // Compiling is no matter of them.
    HOLDOVER_CHECKS_DISABLE: '["clippy"]',
    // What is exchanged, and when, is each scenario's own.
    HOLDOVER_SYNC_AUTOMATIC: 'false',
    HOLDOVER_SERVER_PATH: server,
    FAKE_MISSING: [...TAKEN.crates, ...TAKEN.npm].join(','),
    FAKE_RECORD: path.join(folder, 'told.jsonl'),
    ...scenario.env?.({ folder, server }),
  };
  // A short path: the editor's sockets have to fit into 107 bytes.
  const home = path.join(process.env.TMPDIR ?? tmpdir(), `holdover-vscode-${process.pid}-${open.name}`);
  Object.assign(open, { project, env, home });
  await steps.step('VS Code starts and opens the workspace', async () => {
    open.code = await startCodeServer({
      editor: path.resolve(values.editor),
      home,
      extension: path.resolve(values.extension),
      env,
      trusted: scenario.trusted,
      settings: scenario.settings ?? {},
    });
    open.browser = await openBrowser(path.resolve(values.editor));
    open.window = await Window.open(open.browser, {
      url: open.code.url,
      ...(opened ?? { folder: project.workspace }),
      screenshots,
    });
  });
}

async function close() {
  await open?.browser?.close();
  await open?.code?.stop();
  if (open?.home && !process.env.KEEP) rmSync(open.home, { recursive: true, force: true });
  open = undefined;
}

console.log(`# screenshots under ${out}, ${((Date.now() - begun) / 1000).toFixed(0)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** What the output channel "Holdover" holds: the editor writes it to a file. */
function extensionLog(home) {
  const logs = path.join(home, 'data/logs');
  const folders = [logs, path.join(home, 'user/logs'), path.join(home, 'user')].filter((one) =>
    existsSync(one),
  );
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true })
      .filter((name) => /holdover\.holdover[/\\]Holdover\.log$/.test(name))
      .map((name) => path.join(folder, name)),
  );
  return [...new Set(files)].map((file) => readFileSync(file, 'utf8')).join('\n');
}

/** What the server wrote into its data folder. */
function serverLog(folder) {
  const logs = path.join(folder, 'logs');
  if (!existsSync(logs)) return `no server log in ${logs}`;
  return readdirSync(logs)
    .map((name) => readFileSync(path.join(logs, name), 'utf8'))
    .join('\n');
}

function last(count, text) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
