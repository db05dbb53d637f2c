// Which notes are one thread, what it is called, and which note is offered a new place first.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Note, NoteDraft, NotePlace } from '../src/contract.ts';
import { lostFirst, noteLabel, noteThreads } from '../src/present/noteThreads.ts';

const at = (first: number, last = first) => ({
  start: { line: first, utf16: 0, byte: 0 },
  end: { line: last, utf16: 3, byte: 3 },
});
const place = (more: Partial<NotePlace> = {}): NotePlace => ({
  grade: 'exact',
  text: 'a.rs:3',
  remark: '',
  path: 'a.rs',
  range: at(2),
  ...more,
});
const note = (id: string, more: Partial<Note> = {}): Note => ({
  id,
  body: id,
  title: id,
  about: '',
  shared: false,
  place: place(),
  state: 'durable',
  versions: [{ ops: [], body: id, at: '' }],
  ...more,
});

test('notes on the same lines are one thread, with what is not saved there', () => {
  const draft: NoteDraft = {
    id: 'd',
    body: 'd',
    title: 'd',
    about: '',
    shared: false,
    anchor: {},
    place: place(),
    open: false,
  };
  const threads = noteThreads({
    notes: [note('1'), note('2'), note('3', { place: place({ range: at(2, 4), text: 'a.rs:3-5' }) })],
    drafts: [draft],
  });
  assert.deepEqual(
    threads.map(({ lines, notes, drafts }) => [lines, notes.map(({ id }) => id), drafts.length]),
    [
      [{ first: 2, last: 2 }, ['1', '2'], 1],
      [{ first: 2, last: 4 }, ['3'], 0],
    ],
  );
  assert.equal(threads[0]?.label, 'Notes on a.rs:3');
});

test('a note on a file is a thread without lines; one on the workspace, or on a file that is gone, is none', () => {
  const threads = noteThreads({
    notes: [
      note('file', {
        place: place({ range: null, text: 'a.rs', grade: 'file', remark: 'its lines are gone' }),
      }),
      note('workspace', { place: place({ path: null, range: null, text: 'workspace' }) }),
      note('gone', { place: place({ range: null, grade: 'gone', remark: 'the file is not there' }) }),
    ],
    drafts: [],
  });
  assert.equal(threads.length, 1);
  assert.deepEqual([threads[0]?.lines, threads[0]?.lost], [undefined, true]);
  assert.equal(threads[0]?.label, 'Notes on a.rs: its lines are gone');
});

test('beside its author stands for whom a note is and how far it has come', () => {
  assert.equal(noteLabel(note('1', { stateText: 'seen by Ann' })), 'personal · seen by Ann');
  const [one] = note('1').versions;
  assert.ok(one);
  assert.equal(
    noteLabel(note('1', { shared: true, versions: [one, one] })),
    'shared · durable · several versions',
  );
});

test('of the notes to put somewhere, those without their lines come first', () => {
  const graded = (id: string, grade: NotePlace['grade'], remark = 'x') =>
    note(id, { place: place({ grade, remark }) });
  const order = lostFirst([
    graded('stands', 'exact', ''),
    graded('whole file', 'file', ''),
    graded('moved', 'moved'),
    graded('changed', 'changed'),
    graded('lost', 'file'),
    graded('gone', 'gone'),
  ]);
  assert.deepEqual(
    order.map(({ id }) => id),
    ['gone', 'lost', 'changed', 'moved', 'stands', 'whole file'],
  );
});
