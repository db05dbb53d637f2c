// What the status bar item shows for each status, and that nothing from outside becomes a link.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Status } from '../src/contract.ts';
import { statusItem } from '../src/present/statusItem.ts';
import { readyStatus } from './samples.ts';

const NOW = new Date('2026-03-01T12:00:00');
const running = { kind: 'running' } as const;
const shown = (change: (status: Status) => void) => {
  const status = readyStatus();
  change(status);
  const view = statusItem(running, status, NOW);
  assert.ok(view);
  return view;
};

test("the text is the server's, letter for letter, after an icon", () => {
  const view = shown((status) => {
    status.text = 'offline: 1,204 of 1,207';
  });
  assert.equal(view.text.replace(/^\$\([a-z-]+\) /, ''), 'offline: 1,204 of 1,207');
});

test('something missing or corrupt asks for attention, something stale does not', () => {
  const incomplete = (kind: 'missing' | 'corrupt' | 'stale') =>
    shown((status) => {
      status.readiness.state = 'incomplete';
      status.readiness[kind] = 1;
    });
  assert.equal(incomplete('missing').attention, true);
  assert.equal(incomplete('corrupt').attention, true);
  assert.equal(incomplete('stale').attention, false);
  assert.equal(shown(() => undefined).attention, false);
});

test('being offline is a normal state', () => {
  const view = shown((status) => {
    status.connectivity.state = 'offline';
  });
  assert.equal(view.attention, false);
  assert.match(view.label, /no connection/);
});

test('a screen reader hears the figures and what is wrong', () => {
  const view = shown((status) => {
    status.text = 'offline: 1,204 of 1,207';
    status.readiness.state = 'incomplete';
    status.readiness.missing = 2;
    status.readiness.corrupt = 1;
  });
  assert.equal(view.label, 'Holdover, offline: 1,204 of 1,207, 2 missing, 1 corrupt, connected');
});

test('the tooltip has a row for each lockfile, and only columns with something in them', () => {
  const { tooltip } = shown((status) => {
    const [cargo, npm] = status.readiness.ecosystems;
    assert.ok(cargo && npm);
    npm.missing = 1;
    npm.present -= 1;
  });
  assert.match(tooltip, /\| `Cargo\.lock` \| 141 of 141 \| 0 \|/);
  assert.match(tooltip, /\| `web\/package-lock\.json` \| 1,065 of 1,066 \| 1 \|/);
  assert.doesNotMatch(tooltip, /Corrupt|Stale|Unknown/);
});

test('fetching is offered only where something is missing, and going offline only where one is not', () => {
  const ready = shown(() => undefined).tooltip;
  assert.doesNotMatch(ready, /command:holdover\.getMissing/);
  assert.match(ready, /command:holdover\.goOffline/);
  const forced = shown((status) => {
    status.connectivity.state = 'forced-offline';
    status.readiness.missing = 1;
  }).tooltip;
  assert.match(forced, /command:holdover\.getMissing/);
  assert.match(forced, /command:holdover\.goOnline/);
  assert.doesNotMatch(forced, /command:holdover\.goOffline/);
});

test('a name from a lockfile is never a link, an icon or markup', () => {
  const { tooltip } = shown((status) => {
    const [cargo] = status.readiness.ecosystems;
    assert.ok(cargo);
    cargo.lockfile = 'a`b|c.lock';
    cargo.problem = '[now](command:holdover.getMissing) $(warning) **bold** <img src=x>\n# title';
    status.text = 'offline: [x](command:y)';
    status.checks = [{ name: '[c](command:d)', state: 'failed', findings: 1, ranAt: null }];
  });
  assert.doesNotMatch(tooltip, /(?<!\\)\]\(command:(y|d)/);
  assert.doesNotMatch(tooltip, /(?<!\\)\[now/);
  assert.doesNotMatch(tooltip, /[^\\]\$\(warning\) \*\*bold/);
  assert.doesNotMatch(tooltip, /(?<!\\)<img/);
  assert.doesNotMatch(tooltip, /^# title/m);
});

test('a restricted workspace says so', () => {
  const { tooltip } = shown((status) => {
    status.trusted = false;
  });
  assert.match(tooltip, /Restricted: nothing that this workspace configures is run/);
});

test('what else there is, is told; what is switched off is not', () => {
  const quiet = shown(() => undefined).tooltip;
  assert.doesNotMatch(quiet, /Sync|Model|conflict|review/);
  const busy = shown((status) => {
    status.conflicts = { files: 1, hunks: 2 };
    status.sync.state = 'idle';
    status.sync.pending = 4;
    status.reviews.openThreads = 1;
  }).tooltip;
  assert.match(busy, /2 merge conflicts in 1 file/);
  assert.match(busy, /Sync: idle, 4 waiting/);
  assert.match(busy, /1 open review thread/);
});

test('before the first status nothing is shown', () => {
  assert.equal(statusItem({ kind: 'starting' }, undefined, NOW), undefined);
  assert.equal(statusItem(running, undefined, NOW), undefined);
});

test('a server that was not found says where it was looked for and how to name it', () => {
  const view = statusItem(
    { kind: 'absent', decisions: ['no holdover in the 3 folders of PATH'] },
    undefined,
    NOW,
  );
  assert.ok(view);
  assert.equal(view.text, '$(warning) holdover: no server');
  assert.match(view.tooltip, /no holdover in the 3 folders of PATH/);
  assert.match(view.tooltip, /command:workbench\.action\.openSettings\?%5B%22holdover\.server\.path%22%5D/);
});

test('a server that was given up can be started again from the tooltip', () => {
  const view = statusItem({ kind: 'stopped', reason: 'It ended too often.' }, undefined, NOW);
  assert.ok(view);
  assert.match(view.tooltip, /command:holdover\.restartServer/);
});

test('since when there is no connection is a time of day, with the day when it was another', () => {
  const since = (at: string) =>
    shown((status) => {
      status.connectivity.state = 'offline';
      status.connectivity.since = at;
    }).tooltip;
  assert.match(since(new Date('2026-03-01T09:05:00').toISOString()), /No connection since 09:05/);
  assert.match(since(new Date('2026-02-27T09:05:00').toISOString()), /No connection since 2026-02-27 09:05/);
  assert.doesNotMatch(since('not a time'), /since/);
});
