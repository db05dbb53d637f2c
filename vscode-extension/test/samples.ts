// A status as the server sends it, complete and ready, for tests to change.
// May not hold expectations.
import type { Counts, Status } from '../src/contract.ts';

const all = (total: number): Counts => ({
  total,
  present: total,
  missing: 0,
  corrupt: 0,
  stale: 0,
  unknown: 0,
  verified: 0,
  otherTargets: 0,
});

export function readyStatus(): Status {
  return {
    workspace: '/home/you/project',
    text: 'offline: 1,207 of 1,207',
    trusted: true,
    connectivity: { state: 'online', since: '', detail: '' },
    readiness: {
      state: 'ready',
      target: 'x86_64-unknown-linux-gnu',
      ...all(1207),
      ecosystems: [
        { name: 'cargo', lockfile: 'Cargo.lock', ...all(141) },
        { name: 'npm', lockfile: 'web/package-lock.json', ...all(1066) },
      ],
      proof: null,
    },
    functions: [{ name: 'build', mode: 'local', reason: 'everything is here', next: '' }],
    caches: [
      {
        ecosystem: 'cargo',
        path: '/home/you/.cargo',
        bytes: 12_345_678,
        quota: null,
        expiresAt: null,
        stale: 0,
        replaced: 0,
      },
    ],
    sync: { state: 'disabled', pending: 0, failed: 0, conflicts: 0, lastSuccess: null, nextAttempt: null },
    checks: [],
    conflicts: { files: 0, hunks: 0 },
    reviews: { openThreads: 0, unsent: 0 },
    model: { state: 'none', name: null, detail: '' },
  };
}
