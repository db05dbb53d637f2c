// What the status bar item shows for each status, and that nothing from outside becomes a link.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Status } from '../src/contract.ts';
import { statusItem, type Reading } from '../src/present/statusItem.ts';
import { readyStatus } from './samples.ts';

const NOW = new Date('2026-03-01T12:00:00');
const at = (time: string) => new Date(`2026-03-01T${time}:00`).toISOString();
const running = { kind: 'running' } as const;
const none = { busy: false, status: undefined, others: [] };
const shown = (change: (status: Status) => void, more: Partial<Reading> = {}) => {
  const status = readyStatus();
  change(status);
  return statusItem({ standing: running, busy: false, status, others: [], ...more }, NOW);
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

test('every figure of the status stands in the tooltip, with its age', () => {
  const { tooltip } = shown((status) => {
    status.connectivity = { state: 'offline', since: at('11:48'), detail: 'no route out' };
    status.readiness.checkedAt = at('11:58');
    status.readiness.proof = {
      at: at('10:00'),
      commit: null,
      inputs: '',
      command: 'cargo build',
      passed: true,
    };
    const [cargo] = status.readiness.ecosystems;
    assert.ok(cargo);
    cargo.bytes = 3_668_941;
    status.functions.push({ name: 'fetch', mode: 'needs-online', reason: 'no route', next: 'connect' });
    status.mirrors = [
      {
        ecosystem: 'npm',
        url: 'https://mirror.example/npm',
        state: 'slow',
        latencyMs: 1900,
        checkedAt: at('11:00'),
      },
    ];
    status.conflicts = { files: 1, hunks: 2 };
    status.checks = [{ name: 'clippy', state: 'failed', findings: 3, ranAt: at('09:00') }];
    status.sync = {
      ...status.sync,
      state: 'backoff',
      pending: 4,
      failed: 1,
      lastSuccess: at('08:00'),
      nextAttempt: at('12:05'),
    };
    status.reviews = { openThreads: 1, unsent: 2 };
    status.journal = { state: 'ready', events: 1204, detail: '' };
    status.model = { state: 'ready', name: 'small', detail: '' };
  });
  for (const words of [
    'looked 2 min ago',
    'No connection since 11:48 (12 min ago)',
    'no route out',
    '3.4 MiB',
    'build works without a connection<br>fetch needs a connection: no route; connect',
    'passed (2 h ago): `cargo build`',
    'cargo: 11.7 MiB',
    '`mirror.example` slow, after 1,900 ms, asked 1 h ago',
    '2 merge conflicts in 1 file',
    'clippy: failed, 3 findings, 3 h ago',
    'backoff, 4 waiting, 1 failed, last done 4 h ago, next try in 5 min',
    '1 open thread, 2 unsent',
    'ready, 1,204 events',
    'small, ready',
  ]) {
    assert.ok(tooltip.toLowerCase().includes(words.toLowerCase()), `${words} is not in:\n${tooltip}`);
  }
});

test('what is empty is said so, and nothing is made up', () => {
  const { tooltip } = shown(() => undefined);
  assert.match(tooltip, /\| Sync&nbsp; \| no remote is configured \|/);
  assert.match(tooltip, /\| Reviews&nbsp; \| no open thread \|/);
  assert.match(tooltip, /\| Journal&nbsp; \| this server does not tell \|/);
});

test('a server at work turns an icon and says so to a screen reader', () => {
  const view = shown(() => undefined, { busy: true });
  assert.equal(view.text, '$(sync~spin) offline: 1,207 of 1,207');
  assert.match(view.label, /at work/);
});

test('without a network, and offline because somebody said so, have their own quiet signs', () => {
  const sign = (state: Status['connectivity']['state']) => {
    const view = shown((status) => {
      status.connectivity.state = state;
    });
    assert.equal(view.attention, false);
    return view.text.replace(/^\S+ offline: 1,207 of 1,207 ?/, '');
  };
  assert.deepEqual((['online', 'offline', 'forced-offline'] as const).map(sign), [
    '',
    '$(debug-disconnect)',
    '$(circle-slash)',
  ]);
});

test('the other folders of the workspace stand in the tooltip, and not more than fit', () => {
  const others = Array.from({ length: 12 }, (_, n) => ({
    ...readyStatus(),
    workspace: `/home/you/other-${n}`,
  }));
  const { tooltip } = shown(() => undefined, { others });
  assert.match(tooltip, /offline: 1,207 of 1,207\*\* in `project`/);
  assert.match(tooltip, /\* `other-0` offline: 1,207 of 1,207/);
  assert.match(tooltip, /and 4 folders more/);
  assert.doesNotMatch(tooltip, /other-8/);
});

test('before the first status it says that the server starts, and when it starts again', () => {
  assert.equal(
    statusItem({ standing: { kind: 'starting' }, ...none }, NOW).text,
    '$(sync~spin) holdover: starting',
  );
  assert.equal(statusItem({ standing: running, ...none }, NOW).attention, false);
  const again = statusItem({ standing: { kind: 'waiting', seconds: 2, death: 3, most: 5 }, ...none }, NOW);
  assert.match(again.tooltip, /starts again in 2 s \(3 of 5 times\)/);
  assert.equal(again.label, 'Holdover, starting again');
});

test('a server that was not found says where it was looked for and how to name it', () => {
  const view = statusItem(
    { standing: { kind: 'absent', decisions: ['no holdover in the 3 folders of PATH'] }, ...none },
    NOW,
  );
  assert.equal(view.text, '$(warning) holdover: no server');
  assert.match(view.tooltip, /no holdover in the 3 folders of PATH/);
  assert.match(view.tooltip, /command:workbench\.action\.openSettings\?%5B%22holdover\.server\.path%22%5D/);
});

test('a server that was given up can be started again from the tooltip', () => {
  const view = statusItem({ standing: { kind: 'stopped', reason: 'It ended too often.' }, ...none }, NOW);
  assert.match(view.tooltip, /command:holdover\.restartServer/);
  assert.match(view.tooltip, /command:holdover\.copyLog/);
});
