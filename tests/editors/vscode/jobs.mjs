#!/usr/bin/env node
// Runs the scenarios of run.mjs in several editors at once: `jobs.mjs COUNT [OPTION…]`, with the options of run.mjs; what needs
// no network once more where the kernel gives loopback alone. A run that fails is run once more, alone, and both are told.
import { execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const script = path.join(path.dirname(fileURLToPath(import.meta.url)), 'run.mjs');
const [count, ...options] = process.argv.slice(2);
const jobs = Number(count);
if (!Number.isInteger(jobs) || jobs < 1) {
  console.error('jobs.mjs: the first argument is how many editors run at once');
  process.exit(2);
}
const out = options[options.indexOf('--out') + 1];
if (!options.includes('--out')) {
  console.error('jobs.mjs: --out has to name the folder of the screenshots');
  process.exit(2);
}

/** Only loopback, and that up. */
const ALONE = [
  'unshare',
  '--user',
  '--map-root-user',
  '--net',
  'bash',
  '-c',
  'ip link set lo up && exec "$@"',
  'alone',
];

const runs = [
  ...windows([]).map((names) => ({
    what: names.join(', '),
    command: [script, ...options, ...names],
  })),
  ...windows(['--denied']).map((names) => ({
    what: `${names.join(', ')}, without a network`,
    before: ALONE,
    command: [script, ...options, '--out', `${out}-denied`, '--denied', ...names],
  })),
];

const begun = Date.now();
let passed = 0;
const red = [];
const waiting = [...runs];
await Promise.all(
  Array.from({ length: jobs }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const ended = await run(next);
      if (ended.green) passed += ended.passed;
      else red.push(next);
    }
  }),
);

let failed = 0;
const twice = [];
for (const again of red) {
  console.log(`# once more, alone: ${again.what}`);
  const ended = await run(again);
  passed += ended.passed;
  failed += ended.green ? 0 : Math.max(1, ended.failed);
  if (ended.green) twice.push(again.what);
}
for (const what of twice) console.log(`# FLAKY: red at first, green alone: ${what}`);
console.log(`# ${runs.length} runs, ${jobs} at once, ${((Date.now() - begun) / 1000).toFixed(0)} s`);
console.log(`${passed} passed, ${failed} failed`);
// One that needs luck may be chance; several are a defect.
process.exitCode = failed === 0 && twice.length <= 1 ? 0 : 1;

/** The scenarios that share a window, those that take longest first: `run.mjs --list` knows. */
function windows(more) {
  return JSON.parse(
    execFileSync(process.execPath, [script, ...options, ...more, '--list'], {
      encoding: 'utf8',
    }),
  );
}

/** Runs one, and prints what it said when it has ended. */
function run({ before = [], command }) {
  const [program, ...rest] = [...before, process.execPath, ...command];
  return new Promise((resolve) => {
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (said += part));
    child.on('error', (error) => (said += `${error.message}\n`));
    child.on('close', (status) => {
      process.stdout.write(said);
      const [, some, others] = /^(\d+) passed, (\d+) failed$/m.exec(said) ?? [0, 0, 1];
      resolve({
        green: status === 0,
        passed: Number(some),
        failed: Number(others),
      });
    });
  });
}
