// The order in which the server's program is looked for, and what is said about it.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { findServer, OVERRIDE, type Surroundings } from '../src/binary.ts';

const around = (existing: string[], more: Partial<Surroundings> = {}): Surroundings => ({
  env: { PATH: ['/usr/local/bin', '/usr/bin'].join(path.delimiter) },
  setting: null,
  extensionFolder: '/ext',
  trusted: true,
  platform: 'linux',
  home: '/home/you',
  isExecutable: (file) => existing.includes(file),
  ...more,
});
const everywhere = ['/test/holdover', '/set/holdover', '/ext/server/holdover', '/usr/bin/holdover'];

test('the environment comes first, then the setting, the bundled program, and PATH', () => {
  const env = { ...around([]).env, [OVERRIDE]: '/test/holdover' };
  assert.equal(findServer(around(everywhere, { env, setting: '/set/holdover' })).source, 'environment');
  assert.equal(findServer(around(everywhere, { setting: '/set/holdover' })).source, 'setting');
  assert.equal(findServer(around(everywhere)).source, 'bundled');
  const inPath = findServer(around(['/usr/bin/holdover']));
  assert.deepEqual([inPath.source, inPath.file], ['path', '/usr/bin/holdover']);
});

test('PATH is not looked at in a workspace that is not trusted', () => {
  const found = findServer(around(['/usr/bin/holdover'], { trusted: false }));
  assert.equal(found.file, undefined);
  assert.match(found.decisions.at(-1) ?? '', /not trusted/);
  assert.equal(findServer(around(everywhere, { trusted: false })).source, 'bundled');
});

test('what the user named is never replaced by something else', () => {
  const setting = findServer(around(everywhere, { setting: '/gone/holdover' }));
  assert.equal(setting.file, undefined);
  assert.match(setting.decisions.at(-1) ?? '', /cannot be run: \/gone\/holdover/);
  const env = { ...around([]).env, [OVERRIDE]: '/gone/holdover' };
  assert.equal(findServer(around(everywhere, { env })).file, undefined);
});

test('a path in the setting may begin at home, and may not be relative', () => {
  assert.equal(
    findServer(around(['/home/you/bin/holdover'], { setting: '~/bin/holdover' })).file,
    '/home/you/bin/holdover',
  );
  assert.match(
    findServer(around(['bin/holdover'], { setting: 'bin/holdover' })).decisions.at(-1) ?? '',
    /not an absolute path/,
  );
});

test('relative folders in PATH are passed over, because they would be the workspace', () => {
  const env = { PATH: ['.', 'bin', '/usr/bin'].join(path.delimiter) };
  assert.equal(findServer(around(['bin/holdover', 'holdover'], { env })).file, undefined);
});

test('each decision is told, in order', () => {
  const { decisions } = findServer(around([]));
  assert.equal(decisions.length, 4);
  assert.match(
    decisions.join('\n'),
    /HOLDOVER_SERVER_PATH[^]*holdover\.server\.path[^]*brought no server[^]*2 folders of PATH/,
  );
});

test('the program has its ending on Windows', () => {
  const bundled = path.join('/ext', 'server', 'holdover.exe');
  assert.equal(findServer(around([bundled], { platform: 'win32' })).file, bundled);
});
