import assert from 'node:assert/strict';
import test from 'node:test';
import { isSame, kept, type Told } from '../src/duplicates.ts';

const one = (source: string, code: string, message: string, line = 1, character = 4): Told => ({
  line,
  character,
  source,
  code,
  message,
});
const same = (told: Told): Told => told;

test('what rust-analyzer, Ruff and TypeScript say in their own way is the same', () => {
  const pairs: [Told, Told][] = [
    [
      one('clippy', 'clippy::needless_return', 'unneeded'),
      one('clippy', 'needless_return', 'unneeded `return`'),
    ],
    [one('rustc', 'E0308', 'mismatched types\nexpected'), one('rustc', 'E0308', 'mismatched types')],
    [one('ruff', 'F401', '`os` imported'), one('Ruff', 'F401', '`os` imported but unused')],
    [one('tsc', 'TS2322', 'Type'), one('ts', '2322', 'Type')],
    [one('ruff', '', 'SyntaxError'), one('Ruff', 'invalid-syntax', 'SyntaxError')],
  ];
  for (const [ours, other] of pairs) {
    assert.ok(isSame(ours, other), JSON.stringify(ours));
  }
});

test('another place, another rule, other words are others', () => {
  const ours = one('ruff', 'F401', 'unused');
  for (const other of [
    one('Ruff', 'F401', 'unused', 2),
    one('Ruff', 'F401', 'unused', 1, 5),
    one('Ruff', 'F402', 'unused'),
    one('Ruff', '', 'used'),
  ]) {
    assert.ok(!isSame(ours, other), JSON.stringify(other));
  }
});

test('only what is said by somebody else is left out, and nothing of our own', () => {
  const [first, second] = [one('ruff', 'F401', 'a'), one('ruff', 'E711', 'b', 7)];
  const own = one('holdover', 'cargo-not-offline', 'c');
  assert.deepEqual(kept([first, second, own], [], same), [first, second, own]);
  assert.deepEqual(kept([first, second, own], [first, { ...own, source: 'x' }], same), [second, own]);
});
