#!/usr/bin/env node
// The same words and the same figures everywhere: what VS Code and Neovim showed of a project with three holes is held
// against what the command line shows of the same project. `same.mjs --server BINARY --fixture DIR --vscode FILE --neovim FILE`;
// the files are the `shown.json` that the editors' tests leave. Exit status 1 where something differs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fixture } from './vscode/lib/fixture.mjs';

const option = { type: 'string' };
const { values } = parseArgs({
  options: { server: option, fixture: option, vscode: option, neovim: option },
});
for (const name of ['server', 'fixture', 'vscode', 'neovim']) {
  if (values[name] === undefined) {
    console.error(`same.mjs: --${name} is missing`);
    process.exit(2);
  }
}

let passed = 0;
let failed = 0;
const check = (sentence, holds, seen) => {
  if (holds) passed += 1;
  else {
    failed += 1;
    console.log(`FAILED  ${sentence}\n        ${seen.replaceAll('\n', '\n        ')}`);
  }
};

/** Text as words: what layout and marks add is gone. */
const words = (text) =>
  text
    .replace(/[`*|\\\u00a0]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
const size = (bytes) =>
  bytes < 1024 ** 2
    ? `${Math.floor((bytes * 10) / 1024) / 10} KiB`
    : `${Math.floor((bytes * 10) / 1024 ** 2) / 10} MiB`;

/** What the command line says of the project, trusted or not, and the document that it comes from. */
function terminal(folder, trusted) {
  const project = fixture(path.resolve(values.fixture), folder, { crates: ['memchr', 'zmij'], npm: ['ms'] });
  const env = {
    ...process.env,
    CARGO_HOME: project.cargoHome,
    npm_config_cache: project.npmCache,
    HOLDOVER_DATA_DIR: path.join(folder, 'data'),
    HOLDOVER_CONFIG: path.join(folder, 'no-config.toml'),
  };
  const run = (...args) => {
    try {
      return execFileSync(path.resolve(values.server), args, {
        cwd: project.workspace,
        env,
        encoding: 'utf8',
      });
    } catch (error) {
      if (error.status !== 1) throw error;
      return error.stdout;
    }
  };
  if (trusted) run('trust', '-q');
  return {
    text: words(run('status')),
    status: JSON.parse(run('status', '--json')),
    preflight: JSON.parse(run('preflight', '--json')),
  };
}

/** What everyone has to show, letter for letter, and how it is called when it is not there. */
function* facts({ status }) {
  yield ['the line of the status bar', status.text];
  yield ['the answer', status.readiness.text];
  for (const one of status.readiness.ecosystems) {
    yield [`the name of ${one.lockfile}`, one.lockfile];
    yield [`how much of ${one.lockfile} is here`, `${one.present} of ${one.total}`];
    yield [`the size of what ${one.lockfile} names`, size(one.bytes)];
  }
  yield ['the connection', status.connectivity.detail];
  yield [
    'trust',
    status.trusted ? 'trusted: what this workspace configures' : 'not trusted: nothing that this workspace',
  ];
  yield ['where the journal is', status.journal.detail];
  for (const one of status.functions) {
    yield [`how ${one.name} works`, `${one.name} ${one.text}`];
    yield [`why ${one.name} works so`, one.reason];
    if (one.next !== '') yield [`what to do about ${one.name}`, one.next];
  }
  for (const one of status.caches) yield [`how much of ${one.ecosystem}'s cache is used`, one.text];
}

const scratch = mkdtempSync(path.join(tmpdir(), 'holdover-same-'));
try {
  for (const [editor, trusted] of [
    ['vscode', true],
    ['neovim', false],
  ]) {
    const shown = JSON.parse(readFileSync(values[editor], 'utf8'));
    const cli = terminal(path.join(scratch, editor), trusted);
    const report = words(shown.report);
    check(
      `${editor}: the line in the editor is the terminal's`,
      shown.line === cli.status.text,
      `${shown.line} and ${cli.status.text}`,
    );
    for (const [what, fact] of facts(cli)) {
      check(`the terminal shows ${what}: ${fact}`, cli.text.includes(words(fact)), cli.text);
      check(`${editor} shows ${what}: ${fact}`, report.includes(words(fact)), report);
    }
    // Every finding stands in its file with the evidence that the terminal gives, and there are no others.
    const { artifacts } = cli.preflight;
    const named = shown.findings.filter((row) => row.includes('missing-artifact'));
    for (const one of artifacts) {
      const line = one.range.start.line + 1;
      const said = `${one.name} ${one.version} is not here: ${one.evidence}`;
      const row = named.find(
        (row) => row.includes(said) && (row.includes(`:${line} `) || row.includes(`Ln ${line},`)),
      );
      check(
        `${editor} shows on line ${line} of ${path.basename(one.file)}: ${said}`,
        row !== undefined,
        named.join('\n'),
      );
      for (const by of one.neededBy)
        check(`${editor} says that ${by} needs ${one.name}`, row?.includes(by) === true, String(row));
    }
    const strange = named.filter(
      (row) => !artifacts.some((one) => row.includes(`${one.name} ${one.version}`)),
    );
    check(`${editor} shows nothing else as missing`, strange.length === 0, strange.join('\n'));
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
