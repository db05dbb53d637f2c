// What is told in notifications: nothing that others wrote becomes a link there, least of all one that runs a command.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { notice } from '../src/present/notice.ts';

/** As the editor finds links in a notification. */
const LINK = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (?:"|')(.+?)("|'))?\)/gi;

test('what a registry says is no link that runs a command', () => {
  const said =
    'npm: 404 [Retry](command:workbench.action.terminal.new) [x](https://example.invalid) [y](file:///)';
  assert.equal(said.match(LINK)?.length, 3);
  assert.equal(notice(said).match(LINK), null);
  assert.equal(notice(said).replaceAll('\u200b', ''), said, 'the words are the same');
  assert.equal(notice('fetched 3 artifacts (1 failed) [cargo]'), 'fetched 3 artifacts (1 failed) [cargo]');
});

test('every text of a notification goes this way', () => {
  const calls = readdirSync('src', { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const text = readFileSync(path.join('src', name), 'utf8');
      return [...text.matchAll(/\.show(?:Information|Warning|Error)Message\(\s*(\S{0,8})/g)].map(
        ([, first]) => `${name}: ${first}`,
      );
    });
  assert.ok(calls.length >= 4, 'the calls are found');
  assert.deepEqual(
    calls.filter((call) => !call.includes(': notice(')),
    [],
  );
});
