// Reports say what the server's JSON says, and hold against names that are made to look like markup.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Artifact, PreflightReport } from '../src/contract.ts';
import { fetchSummary, MOST_LISTED, preflightReport, statusReport } from '../src/present/report.ts';
import { serverLine } from '../src/present/serverLog.ts';
import { readyStatus } from './samples.ts';

const artifact = (name: string, more: Partial<Artifact> = {}): Artifact => ({
  id: `cargo:${name}@1.0.0`,
  ecosystem: 'cargo',
  name,
  version: '1.0.0',
  state: 'missing',
  evidence: `no file ${name}-1.0.0.crate`,
  lookedIn: ['/home/you/.cargo/registry/cache'],
  neededBy: ['serde 1.0.0'],
  file: '/home/you/my project (1)/Cargo.lock',
  range: { start: { line: 11, utf16: 8 }, end: { line: 11, utf16: 12 } },
  ...more,
});

const report = (artifacts: Artifact[], more: Partial<PreflightReport> = {}): PreflightReport => {
  const { readiness, workspace } = readyStatus();
  const missing = artifacts.filter((one) => one.state === 'missing').length;
  return {
    workspace,
    readiness: { ...readiness, state: 'incomplete', missing, present: readiness.total - missing },
    artifacts,
    ...more,
  };
};

test('each missing artifact stands there with its evidence, its dependents, its places and its line', () => {
  const text = preflightReport(report([artifact('itoa')]));
  assert.match(text, /^# 1,206 of 1,207 here/);
  assert.match(text, /## Missing \(1\)/);
  assert.match(text, /\*\*itoa 1\.0\.0\*\*/);
  assert.match(text, /no file itoa/);
  assert.match(text, /Needed by `serde 1\.0\.0`/);
  assert.match(text, /Looked in `\/home\/you\/\.cargo\/registry\/cache`/);
  assert.ok(text.includes('Cargo.lock line 12'), text);
});

test('what only other targets need is not listed as missing', () => {
  assert.doesNotMatch(preflightReport(report([artifact('winapi', { otherTarget: true })])), /winapi/);
});

test('a place is a link from the first folder, however the path is spelled, and plain where there is no folder', () => {
  const link = (file: string, base: string) => {
    const text = preflightReport(report([artifact('itoa', { file })]), base);
    return /\[[^\]]+\]\((\S+)\)/.exec(text)?.[1];
  };
  assert.equal(link('/home/you/p/Cargo.lock', '/home/you/p'), '/Cargo.lock#L12');
  assert.equal(link('/home/you/q/Cargo.lock', '/home/you/p'), '/../q/Cargo.lock#L12');
  assert.equal(
    link('/home/you/p/mein Projekt (ö)/Cargo.lock', '/home/you/p'),
    '/mein%20Projekt%20%28%C3%B6%29/Cargo.lock#L12',
  );
  assert.doesNotMatch(preflightReport(report([artifact('itoa')])), /\]\(/);
});

test('a very long list is cut, and says how much is not shown', () => {
  const many = Array.from({ length: MOST_LISTED + 20 }, (_, n) => artifact(`crate-${n}`));
  const text = preflightReport(report(many));
  assert.equal(text.match(/Needed by/g)?.length, MOST_LISTED);
  assert.match(text, /… and 20 more/);
});

test('evidence from outside is text, not markup', () => {
  const text = preflightReport(report([artifact('x', { evidence: '[a](command:b) <script>\n# c' })]));
  assert.ok(text.includes('\\[a\\](command:b)'), text);
  assert.doesNotMatch(text, /(?<!\\)<script/);
  assert.doesNotMatch(text, /^# c/m);
});

test('the status says what works, what does not, and the next step', () => {
  const status = readyStatus();
  status.functions.push({
    name: 'fetch',
    mode: 'unavailable',
    reason: 'forced offline',
    next: '`holdover offline auto`',
  });
  const text = statusReport(status, new Date());
  assert.match(text, /^# offline: 1,207 of 1,207/);
  assert.match(text, /fetch does not work now: forced offline; `holdover offline auto`/);
  assert.match(text, /11\.7 MiB/);
});

test('the end of a fetch is one sentence', () => {
  const done = report([], {
    fetch: { state: 'done', steps: [], fetched: ['cargo:itoa@1.0.0', 'npm:ms@2.1.3'] },
  });
  assert.deepEqual(fetchSummary(done), {
    sentence: 'fetched 2 artifacts, everything is here',
    failed: false,
  });
  const step = {
    ecosystem: 'npm',
    lockfile: 'package-lock.json',
    command: ['npm'],
    artifacts: [],
    ok: false,
    error: 'no route',
  };
  const failed = report([artifact('a')], { fetch: { state: 'failed', steps: [step], fetched: [] } });
  assert.deepEqual(fetchSummary(failed), {
    sentence: 'nothing new was fetched, 1 still missing; npm: no route',
    failed: true,
  });
  const stopped = report([artifact('a')], { fetch: { state: 'cancelled', steps: [], fetched: [] } });
  assert.equal(fetchSummary(stopped)?.failed, false);
  assert.equal(fetchSummary(report([])), undefined);
});

test('a line of the server keeps its level, and an unknown line is kept whole', () => {
  assert.deepEqual(serverLine('2026-03-01T00:00:00.1Z  WARN holdover_lsp: careful'), {
    level: 'warn',
    text: 'holdover_lsp: careful',
  });
  assert.deepEqual(serverLine('\u001b[31mERROR\u001b[0m broken'), { level: 'error', text: 'broken' });
  assert.deepEqual(serverLine('thread main panicked'), { level: 'info', text: 'thread main panicked' });
});
