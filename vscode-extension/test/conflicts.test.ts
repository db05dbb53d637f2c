// Marks of what was resolved stay on their lines while the text around them changes; what a preview is called.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileName, previewName } from '../src/present/conflictPreview.ts';
import { filesWithin, moved, resolvedSummary } from '../src/present/conflicts.ts';

const at = (first: number, last: number) => ({ first, last });
const edit = (from: number, to: number, character: number, text: string) => ({
  range: { start: { line: from }, end: { line: to, character } },
  text,
});

test('of several repositories only the files of those that were chosen are resolved', () => {
  const own = { path: '/w' };
  const inner = { path: '/w/sub' };
  const files = ['/w/a', '/w/sub/b', '/w/submarine/c'].map((path) => ({ path }));
  const of = (chosen: { path: string }[]) => filesWithin(files, [own, inner], chosen).map(({ path }) => path);
  assert.deepEqual(of([own, inner]), ['/w/a', '/w/sub/b', '/w/submarine/c']);
  assert.deepEqual(of([own]), ['/w/a', '/w/submarine/c']);
  assert.deepEqual(of([inner]), ['/w/sub/b']);
  assert.deepEqual(of([]), []);
});

test('what became of all of them is said in the words of the server, which name each repository', () => {
  const answer = { conflicts: 2, files: 1, left: 0 };
  const text = 'resolved 2 conflicts in 2 files of 2 repositories: w (1), w/sub (1); none is left';
  assert.equal(resolvedSummary({ ...answer, text }), text);
  assert.equal(resolvedSummary(answer), '2 conflicts resolved in 1 file, none is left', 'of an older server');
});

test('lines above that come or go move a mark, those below do not', () => {
  const marks = [at(20, 22)];
  // A conflict of seven lines becomes one.
  assert.deepEqual(moved(marks, [edit(1, 8, 0, 'ours\n')]), [at(14, 16)]);
  assert.deepEqual(moved(marks, [edit(14, 20, 0, '')]), [at(14, 16)], 'up to its first line');
  assert.deepEqual(moved(marks, [edit(20, 20, 0, 'a\nb\n')]), [at(22, 24)], 'before its first line');
  assert.deepEqual(moved(marks, [edit(23, 30, 0, 'x\n')]), marks);
});

test('what is typed within a mark makes it longer or shorter, and never nothing', () => {
  assert.deepEqual(moved([at(20, 22)], [edit(21, 21, 3, 'a\nb')]), [at(20, 23)]);
  assert.deepEqual(moved([at(20, 22)], [edit(20, 22, 1, '')]), [at(20, 20)]);
});

test('several changes at once are each at their place in the text before', () => {
  const both = [edit(1, 8, 0, 'ours\n'), edit(10, 17, 0, 'ours\n')];
  for (const edits of [both, both.toReversed()]) {
    assert.deepEqual(moved([at(20, 20)], edits), [at(8, 8)]);
  }
});

test('a preview is called after its file, or after its record, in a name that a path can hold', () => {
  const file = { uri: 'file:///w/s%C3%BC%C3%9F%20one.txt' };
  assert.deepEqual([previewName(file), fileName(file)], ['süß one.txt', 'süß one.txt']);
  const record = {
    kind: 'note',
    entity: 'N1',
    field: 'body',
    title: 'why? a/b <c> and more than fits',
    place: '',
    message: '',
    fingerprint: '',
    sides: [],
    choices: [],
  };
  const named = { uri: 'holdover:/record/N1.md?workspace=%2Fw', record };
  assert.equal(previewName(named), 'note “why? a/b <c> and more t…”');
  assert.equal(fileName(named), 'note “why- a-b -c- and more t…”.md');
});
