// Text from outside stays text in Markdown.
import assert from 'node:assert/strict';
import test from 'node:test';
import { code, counted, escape, figure, prose } from '../src/present/markdown.ts';

test('what begins like a list, a heading or a rule does not become one', () => {
  assert.equal(escape('1. one'), '1\\. one');
  assert.equal(escape('- one'), '\\- one');
  assert.equal(escape('# one'), '\\# one');
  assert.equal(escape('=== one'), '\\=== one');
  assert.equal(escape('1.0.0'), '1.0.0');
});

test('an address is not made a link', () => {
  assert.equal(escape('see https://example.com'), 'see https\\://example.com');
});

test('code holds backticks, bars and line ends', () => {
  assert.equal(code('plain'), '`plain`');
  assert.equal(code('a`b'), '`` a`b ``');
  assert.doesNotMatch(code('a|b\nc'), /[|\n]/);
});

test('in a sentence only what stands in backticks is code', () => {
  assert.equal(prose('run `holdover offline auto` *now*'), 'run `holdover offline auto` \\*now\\*');
  assert.equal(prose('one ` alone'), 'one \\` alone');
});

test('figures are grouped by thousands and nouns follow them', () => {
  assert.equal(figure(1_234_567), '1,234,567');
  assert.equal(counted(1, 'file'), '1 file');
  assert.equal(counted(2, 'file'), '2 files');
});
