// Ages, sizes, versions, health and the log for a report, in words.
import assert from 'node:assert/strict';
import test from 'node:test';
import { age } from '../src/present/age.ts';
import { size } from '../src/present/figures.ts';
import { health, origin, versionPage, type HealthInput } from '../src/present/health.ts';
import { logReport, MOST_KEPT, redact } from '../src/present/logReport.ts';
import { mismatch } from '../src/present/version.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const COMMANDS = ['preflight', 'fetch', 'offline', 'conflicts', 'journal'].map((name) => `holdover.${name}`);

test('an age is in the largest unit that is whole, past and to come', () => {
  const ages = [
    '2026-03-01T11:59:30Z',
    '2026-03-01T11:58:00Z',
    '2026-03-01T07:10:00Z',
    '2026-02-28T11:00:00Z',
    '2026-02-20T11:00:00Z',
    '2026-03-01T12:05:30Z',
    '2026-03-04T13:00:00Z',
  ].map((at) => age(at, NOW));
  assert.deepEqual(ages, [
    'just now',
    '2 min ago',
    '4 h ago',
    '1 day ago',
    '9 days ago',
    'in 5 min',
    'in 3 days',
  ]);
  assert.match(age('2025-01-05T12:00:00Z', NOW), /^on 2025-01-05$/);
  assert.deepEqual([age('', NOW), age(null, NOW), age('soon', NOW)], ['', '', '']);
});

test("sizes are the server's", () => {
  assert.deepEqual([0, 1023, 1024, 1536, 12_900_000, 2 ** 60].map(size), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '12.3 MiB',
    '1,048,576.0 TiB',
  ]);
  assert.equal(size(null), '');
});

test('a server of the same release needs no words, whatever its patch', () => {
  assert.equal(
    mismatch({ server: '0.1.7', extension: '0.1.0', commands: COMMANDS, source: 'path' }),
    undefined,
  );
});

test('an older server is told with what it lacks and how to get the right one, by where it came from', () => {
  const older = mismatch({
    server: '0.0.9',
    extension: '0.1.0',
    commands: COMMANDS.slice(0, 3),
    source: 'setting',
  });
  assert.ok(older);
  assert.equal(older.age, 'older');
  assert.match(older.differs, /the server is 0\.0\.9, older than this extension, which is 0\.1\.0/);
  assert.match(
    older.works,
    /lacks what these need: Build and Test Without a Network, the conflicts view, the journal view; all else works/,
  );
  assert.match(older.next, /holdover\.server\.path/);
  const from = (source: 'path' | 'bundled') =>
    mismatch({ server: '0.0.9', extension: '0.1.0', commands: COMMANDS, source })?.next;
  assert.match(from('path') ?? '', /PATH/);
  assert.match(from('bundled') ?? '', /install the extension again/);
});

test('a newer server asks for a newer extension, and 0.10 is newer than 0.9', () => {
  const newer = mismatch({ server: '0.10.0', extension: '0.9.3', commands: COMMANDS, source: 'path' });
  assert.deepEqual([newer?.age, newer?.next], ['newer', 'update the extension']);
});

test('the health of the server has a line for every state', () => {
  const base: HealthInput = {
    standing: { kind: 'running' },
    health: { health: 'ok', quiescent: true, message: 'offline: 25 of 25' },
    serverVersion: '0.1.0',
    extensionVersion: '0.1.0',
    commands: COMMANDS,
    binary: '/opt/holdover',
    source: 'setting',
  };
  assert.deepEqual(health(base), {
    text: 'Holdover 0.1.0',
    detail: 'offline: 25 of 25',
    severity: 'information',
    busy: false,
    label: 'Holdover 0.1.0: offline: 25 of 25',
  });
  const at = (more: Partial<HealthInput>) => health({ ...base, ...more });
  assert.equal(at({ health: { health: 'warning', quiescent: false } }).severity, 'warning');
  assert.equal(at({ health: { health: 'ok', quiescent: false } }).busy, true);
  const older = at({ serverVersion: '0.0.9' });
  assert.deepEqual(
    [older.severity, older.detail, older.differs],
    ['warning', 'older than the extension, 0.1.0', true],
  );
  assert.match(
    versionPage({ ...base, serverVersion: '0.0.9' }) ?? '',
    /## What to do\n\nThe setting holdover\.server\.path/,
  );
  assert.equal(versionPage(base), undefined);
  assert.equal(at({ standing: { kind: 'starting' } }).busy, true);
  assert.match(
    at({ standing: { kind: 'waiting', seconds: 4, death: 4, most: 5 } }).detail,
    /next start in 4 s, 4 of 5/,
  );
  assert.equal(at({ standing: { kind: 'absent', decisions: ['nowhere'] } }).detail, 'nowhere');
  assert.equal(at({ standing: { kind: 'stopped', reason: 'too often' } }).severity, 'error');
  assert.equal(origin(base).detail, 'from the setting holdover.server.path');
  assert.match(origin(base).label, /\/opt\/holdover$/);
  assert.equal(origin({ ...base, binary: undefined, source: undefined }).detail, 'none was found');
});

const around = {
  extension: '0.1.0',
  server: '0.1.0, /home/you/bin/holdover',
  editor: 'Code 1.0.0',
  system: 'linux',
  trusted: true,
  folders: 1,
  standing: 'it is running',
};

test('the home folder is a tilde wherever it stands, and a longer name beside it is left alone', () => {
  const text = redact('/home/you/a file:///home/you/b /home/young/c /home/you', '/home/you');
  assert.equal(text, '~/a file://~/b /home/young/c ~');
  assert.equal(
    redact('C:\\Users\\you\\x C:\\\\Users\\\\you\\\\x c:/users/you/x', 'C:\\Users\\you'),
    '~\\x ~\\\\x ~/x',
  );
  assert.equal(redact('/home/j%C3%B6rg/x', '/home/jörg'), '~/x');
  assert.equal(redact('/etc/x', '/'), '/etc/x');
});

test('names and passwords in addresses are not kept', () => {
  assert.equal(
    redact('get https://you:secret@mirror.example/x', '/home/you'),
    'get https://***@mirror.example/x',
  );
});

test('a long log is cut at its beginning, at a line, and says so; a log that is not there is told', () => {
  const text = logReport(around, `${'x'.repeat(99)}\n`.repeat(4000), '/home/you');
  assert.ok(text.length < MOST_KEPT + 1000);
  assert.match(text, /… the beginning is left out\nx{99}\n/);
  assert.match(text, /server: 0\.1\.0, ~\/bin\/holdover/);
  assert.match(logReport(around, undefined, '/home/you'), /keeps no file of the log/);
});
