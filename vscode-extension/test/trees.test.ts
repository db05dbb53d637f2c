// What stands in the trees: order, figures, words for screen readers, and pages of long lists.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Artifact, JournalEntry } from '../src/contract.ts';
import { noteRows } from '../src/present/notesTree.ts';
import { journalRows } from '../src/present/journalTree.ts';
import { checkRows, conflictRows, recordRows, syncRows } from '../src/present/otherTrees.ts';
import { artifactText, readinessRows } from '../src/present/readinessTree.ts';
import { page, PAGE, type Row } from '../src/present/tree.ts';
import { reviewListRows } from '../src/present/reviewTree.ts';
import { readyStatus } from './samples.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const range = { start: { line: 4, utf16: 0 }, end: { line: 4, utf16: 9 } };
const artifact = (name: string, state: Artifact['state'], more: Partial<Artifact> = {}): Artifact => ({
  id: `cargo:${name}@1.0.0`,
  ecosystem: 'cargo',
  name,
  version: '1.0.0',
  state,
  evidence: 'what was seen',
  neededBy: ['a 1.0.0'],
  lookedIn: ['/cache/x'],
  file: '/home/you/project/Cargo.lock',
  range,
  ...more,
});
const below = async (row: Row | undefined) => (await row?.children?.()) ?? [];

function lacking() {
  const status = readyStatus();
  const [cargo] = status.readiness.ecosystems;
  assert.ok(cargo);
  Object.assign(cargo, { missing: 1, corrupt: 1, present: 139, bytes: 3_668_941 });
  Object.assign(status.readiness, {
    missing: 1,
    corrupt: 1,
    state: 'incomplete',
    checkedAt: '2026-03-01T11:58:00Z',
  });
  return status;
}

test('what is not here stands first, then what is, by name as a person counts; other targets stand apart', async () => {
  const artifacts = [
    artifact('b', 'present', { bytes: 2048 }),
    artifact('z', 'missing'),
    artifact('a10', 'present'),
    artifact('a2', 'present'),
    artifact('y', 'corrupt'),
    artifact('w', 'missing', { otherTarget: true }),
    artifact('elsewhere', 'missing', { file: '/home/you/project/other/Cargo.lock' }),
  ];
  const [cargo, npm] = readinessRows([lacking()], NOW, () => Promise.resolve(artifacts));
  assert.equal(cargo?.description, '139 of 141 · 3.4 MiB · 2 min ago');
  assert.equal(cargo.expanded, true);
  assert.equal(npm?.expanded, false);
  const [lockfile] = await below(cargo);
  assert.equal(lockfile?.label, 'Cargo.lock');
  assert.equal(lockfile.description, '1 missing, 1 corrupt · 3.4 MiB');
  const rows = await below(lockfile);
  assert.deepEqual(
    rows.map((row) => row.label),
    ['z', 'y', 'Here', 'Only for other targets'],
  );
  const here = await below(rows[2]);
  assert.deepEqual(
    here.map((row) => row.label),
    ['a2', 'a10', 'b'],
  );
  assert.deepEqual(rows[0]?.open, { file: '/home/you/project/Cargo.lock', line: 4, utf16: 0 });
  assert.deepEqual(
    rows.slice(0, 2).map((row) => [row.kind, row.spoken]),
    [
      ['artifact.missing', 'z 1.0.0, missing'],
      ['artifact.corrupt', 'y 1.0.0, corrupt'],
    ],
  );
  assert.equal(here[2]?.spoken, 'b 1.0.0, here, 2.0 KiB');
  assert.deepEqual(
    (await below(rows[3])).map((row) => row.kind),
    ['artifact.other'],
  );
});

test('where nothing is missing, what is here stands without a row around it', async () => {
  const [cargo] = readinessRows([readyStatus()], NOW, () => Promise.resolve([artifact('a', 'present')]));
  const [lockfile] = await below(cargo);
  assert.deepEqual(
    (await below(lockfile)).map((row) => row.label),
    ['a'],
  );
});

test('the artifacts are asked for only when a lockfile is opened', async () => {
  let asked = 0;
  const [cargo] = readinessRows([lacking()], NOW, () => {
    asked += 1;
    return Promise.resolve([]);
  });
  const [lockfile] = await below(cargo);
  assert.equal(asked, 0);
  await below(lockfile);
  assert.equal(asked, 1);
});

test('several folders have a row each, with their own ids', async () => {
  const other = { ...readyStatus(), workspace: '/home/you/mein Projekt (ö)' };
  const rows = readinessRows([lacking(), other], NOW, () => Promise.resolve([]));
  assert.deepEqual(
    rows.map((row) => [row.label, row.expanded]),
    [
      ['project', true],
      ['mein Projekt (ö)', false],
    ],
  );
  const ids = (await Promise.all(rows.map(below))).flat().map((row) => row.id);
  assert.equal(new Set(ids).size, 4);
  assert.deepEqual(
    readinessRows([], NOW, () => Promise.resolve([])),
    [],
  );
});

test('a row that has a manifest leads there, and its hover has the evidence', () => {
  const one = artifact('x', 'missing', {
    manifests: [{ file: '/home/you/project/Cargo.toml', range, dependency: 'x', direct: true }],
    evidence: '[x](command:y)',
  });
  const text = artifactText(one);
  assert.match(text, /Needed by `a 1\.0\.0`/);
  assert.match(text, /Looked in `\/cache\/x`/);
  assert.ok(text.includes('\\[x\\]'), text);
});

test('thousands of rows come page by page, and the row that brings more says how many are left', () => {
  const rows = Array.from({ length: 1066 }, (_, n): Row => ({
    id: `${n}`,
    label: `${n}`,
    icon: 'check',
    spoken: `${n}`,
    kind: 'x',
  }));
  const first = page(rows, 'parent', PAGE);
  assert.equal(first.length, PAGE + 1);
  assert.deepEqual(
    [first.at(-1)?.label, first.at(-1)?.description, first.at(-1)?.open],
    ['Show 200 more', '866 not shown', { more: 'parent' }],
  );
  assert.equal(page(rows, 'parent', 1066).length, 1066);
  assert.equal(page(rows, 'parent', 1000).at(-1)?.label, 'Show 66 more');
});

test('a conflict has its lines and the names of its sides, and a stray marker what is wrong with it', async () => {
  const place = (from: number, to: number) => ({
    start: { line: from, utf16: 0 },
    end: { line: to, utf16: 0 },
  });
  const [file] = conflictRows(
    [
      {
        path: '/w/src/wait.rs',
        regions: [
          {
            range: place(1, 6),
            style: 'merge',
            message: 'merge conflict between HEAD and the incoming side',
            fingerprint: 'blake3:0',
            sides: [
              { label: 'HEAD', range: place(2, 3) },
              { label: '', range: place(4, 5) },
            ],
          },
        ],
        malformed: [{ range: place(9, 10), message: 'no counterpart' }],
      },
    ],
    '/w',
  );
  assert.equal(file?.description, '1 conflict, 1 stray marker · src/wait.rs');
  const [region, stray] = await below(file);
  assert.deepEqual([region?.label, region?.description], ['Lines 2 to 6', 'HEAD or unnamed']);
  assert.equal(stray?.spoken, 'stray marker, line 10, no counterpart');
});

test('checks and the sync queue are empty where the server has nothing, and filled where it has', () => {
  const quiet = readyStatus();
  assert.deepEqual([checkRows(quiet, NOW), syncRows(quiet, NOW)], [[], []]);
  const busy = readyStatus();
  busy.checks = [{ name: 'clippy', state: 'failed', findings: 3, ranAt: '2026-03-01T11:00:00Z' }];
  busy.sync = { ...busy.sync, state: 'backoff', pending: 4, failed: 1, nextAttempt: '2026-03-01T12:05:30Z' };
  assert.equal(checkRows(busy, NOW)[0]?.spoken, 'clippy, failed · 3 findings · 1 h ago');
  assert.deepEqual(
    syncRows(busy, NOW).map((row) => [row.label, row.description]),
    [
      ['Waiting', '4'],
      ['Failed', '1'],
      ['Backoff', 'never done · next try in 5 min'],
    ],
  );
});

test('the journal has the newest event first, with its age, its figures and who did it', () => {
  const event = (id: string, kind: string, at: string, payload: unknown): JournalEntry => ({
    id,
    at,
    kind,
    payload,
    state: 'durable',
    actor: { kind: 'tool', name: 'holdover' },
  });
  const rows = journalRows(
    [
      event('1', 'readiness.observed', '2026-03-01T10:00:00Z', { present: 22, total: 25 }),
      event('2', 'fetch.finished', '2026-03-01T11:59:50Z', { outcome: 'done' }),
      event('3', 'something_new', '2026-03-01T11:59:55Z', null),
    ],
    NOW,
  );
  assert.deepEqual(
    rows.map((row) => [row.label, row.description]),
    [
      ['Something new', 'just now'],
      ['Fetch finished', 'done · just now'],
      ['Readiness observed', '22 of 25 · 2 h ago'],
    ],
  );
  assert.equal(rows[1]?.spoken, 'Fetch finished, done, just now, by holdover');
  assert.deepEqual(rows[1].open, { entry: '2' });
});

test('notes stand below their file with how far each has come, and what is not saved stands first', async () => {
  const place = { grade: 'moved' as const, text: 'a.txt:3', remark: 'moved here from line 1', path: 'a.txt' };
  const range = { start: { line: 2, utf16: 0, byte: 9 }, end: { line: 2, utf16: 5, byte: 14 } };
  const note = {
    id: 'N1',
    body: 'b',
    title: 'why',
    about: 'me, sealed',
    shared: true,
    state: 'sealed',
    versions: [],
  };
  const draft = {
    id: 'D1',
    body: 'x',
    title: 'half',
    about: 'a note',
    shared: false,
    anchor: {},
    place,
    open: false,
  };
  const asked: string[] = [];
  const rows = noteRows(
    '/w',
    { notes: [{ ...note, place: { ...place, range } }], drafts: [draft] },
    (file) => {
      asked.push(file);
      const entry = {
        id: 'E1',
        time: 't',
        by: 'me',
        what: 'note added: why',
        state: 'durable',
        stateText: 'flushed',
      };
      return Promise.resolve([entry]);
    },
  );
  assert.deepEqual(
    rows.map(({ label, description, kind }) => [label, description, kind]),
    [
      ['half', 'not saved · a.txt:3', 'noteDraft'],
      ['a.txt', '1 note', 'noteFile'],
    ],
  );
  const [one, trail] = (await rows[1]?.children?.()) ?? [];
  assert.deepEqual(
    [one?.label, one?.description, one?.icon, one?.open],
    ['why', 'line 3 · moved here from line 1 · shared', 'lock', { file: '/w/a.txt', line: 2, utf16: 0 }],
  );
  assert.deepEqual(asked, [], 'the trail is asked for when somebody opens it');
  const entries = (await trail?.children?.()) ?? [];
  assert.deepEqual(
    entries.map(({ label, description, icon }) => [label, description, icon]),
    [['note added: why', 'me · t · flushed', 'pass']],
  );
  assert.deepEqual(asked, ['a.txt']);
});

test('a note that two wrote at once is a row with its versions below it, which a click previews', async () => {
  const record = {
    kind: 'note',
    entity: 'N1',
    field: 'body',
    title: 'why <two>?',
    place: 'a.txt:2',
    message: '2 texts were written at the same time: Ann (<b>)',
    fingerprint: 'f',
    sides: [
      { label: 'Bob, 14:00', value: 'b' },
      { label: 'Ann, 13:00', value: 'a' },
    ],
    choices: [],
  };
  assert.deepEqual(recordRows([], '/w'), []);
  const [row] = recordRows([record], '/w');
  assert.deepEqual(
    [row?.label, row?.description, row?.spoken, row?.open],
    ['Note: why <two>?', '2 versions · a.txt:2', 'Note: why <two>?, 2 versions, a.txt:2', undefined],
  );
  assert.ok(row?.tooltip?.(new Date()).includes('\\<b\\>'), row?.tooltip?.(new Date()));
  const [text] = (await row?.children?.()) ?? [];
  assert.deepEqual(
    [text?.label, text?.description, text?.kind, text?.open],
    ['Text', 'Bob, 14:00 or Ann, 13:00', 'recordConflict', { record: 'N1', workspace: '/w' }],
  );
});

test('a review has its files and what stands on none of them, and says what somebody has to decide', async () => {
  const place = { grade: 'exact', text: 'a.rs:3', remark: '', path: 'a.rs', range } as const;
  const comment = {
    id: 'C',
    body: '',
    shown: '',
    about: '',
    author: { name: 'Ann' },
    created: '',
    stateText: '',
  };
  const thread = {
    id: 'T',
    review: 'R',
    title: 'why?',
    about: 'a.rs:3, 1 comment, open',
    anchor: { side: 'new' as const },
    place,
    resolved: false,
    comments: [comment],
  };
  const gone = {
    ...thread,
    id: 'G',
    title: 'gone',
    place: { ...place, grade: 'review' as const, path: 'old.rs' },
  };
  const review = {
    id: 'R',
    title: 'feature',
    range: 'main..feature',
    head: 'b'.repeat(40),
    about: 'Ann',
    fileCount: 1,
    openThreads: 2,
    threadCount: 2,
    decision: { state: 'conflict' as const, text: 'Ann approved, Bob requested changes' },
  };
  const file = { path: 'a.rs', change: 'modified', added: 3, removed: 1, openThreads: 1, threads: 1 };
  const report = { reviews: [review], candidates: [] };
  const rows = reviewListRows('/w', report, () =>
    Promise.resolve({ ...review, files: [file], threads: [thread, gone] }),
  );
  assert.deepEqual(
    rows.map(({ icon, description }) => [icon, description]),
    [['warning', '2 of 2 threads open · Ann approved, Bob requested changes']],
  );
  const below = (await rows[0]?.children?.()) ?? [];
  assert.deepEqual(
    below.map(({ label, description, open }) => [label, description, open]),
    [
      ['a.rs', '+3 -1 · 1 of 1 open', { review: 'R', workspace: '/w', path: 'a.rs', oldPath: 'a.rs' }],
      ['gone', 'a.rs:3, 1 comment, open', undefined],
    ],
  );
});
