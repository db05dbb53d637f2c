// The words for figures and states, shared by the status item, its tooltip, the trees and the reports: the server's,
// letter for letter, and the same words made here for a server that does not send them yet. May not know the editor.
import type {
  Connectivity,
  Counts,
  EcosystemReadiness,
  FunctionStatus,
  Mirror,
  Readiness,
} from '../contract.ts';
import { code, counted, figure, prose } from './markdown.ts';

/** What is wrong, `3 missing, 1 corrupt` for example; empty where nothing is. */
export function shortfall(counts: Counts): string {
  return (['missing', 'corrupt', 'stale', 'unknown'] as const)
    .filter((kind) => counts[kind] > 0)
    .map((kind) => `${figure(counts[kind])} ${kind}`)
    .join(', ');
}

/** Whether a person has to do something before there is no network. */
export function needsAttention(readiness: Readiness): boolean {
  return readiness.missing + readiness.corrupt > 0;
}

/** The answer to "will it build without a network?", and behind a colon why. */
export function verdict(readiness: Readiness): string {
  if (readiness.text) {
    return readiness.text;
  }
  const lacking = shortfall(readiness);
  switch (readiness.state) {
    case 'ready':
      return readiness.total === 0
        ? 'ready: nothing is needed from outside'
        : 'ready: everything that the lockfiles name is here';
    case 'proven':
      return 'proven: a build with the network denied has passed';
    case 'stale-proof':
      return 'ready: everything is here, and the proof is older than the inputs';
    case 'incomplete':
      return lacking === '' ? 'not ready' : `not ready: ${lacking}`;
    case 'unknown':
      if (lacking !== '') {
        return `could not be told: ${lacking}`;
      }
      return readiness.ecosystems.length === 0 ? 'not known: no lockfile has been judged' : 'not known yet';
  }
}

const CONNECTIONS: Partial<Record<string, string>> = {
  online: 'connected',
  offline: 'no connection',
  captive: 'something else answers in place of the network',
  degraded: 'connected, but not everything answers',
  'forced-offline': 'offline, because you said so',
};

export function connection(connectivity: Connectivity): string {
  // A newer server may know a state that has no words here.
  return said(connectivity.text) ?? CONNECTIONS[connectivity.state] ?? connectivity.state;
}

const MODES: Partial<Record<string, string>> = {
  local: 'works without a connection',
  delayed: 'works now, reaches others later',
  'needs-online': 'needs a connection',
  unavailable: 'does not work now',
};

export function mode(one: FunctionStatus): string {
  return said(one.text) ?? MODES[one.mode] ?? one.mode;
}

export function mirrorState(mirror: Mirror): string {
  if (mirror.text) {
    return mirror.text;
  }
  const after = typeof mirror.latencyMs === 'number' ? `, after ${figure(mirror.latencyMs)} ms` : '';
  return `${mirror.state === 'unknown' ? 'not asked' : mirror.state}${after}`;
}

/** The counts of one lockfile in words. */
export function lockfileCounts(one: EcosystemReadiness): string {
  if (one.text) {
    return one.text;
  }
  const lacking = shortfall(one);
  return [
    `${figure(one.present)} of ${figure(one.total)} here`,
    ...(lacking === '' ? [] : [lacking]),
    ...(one.otherTargets > 0 ? [`${figure(one.otherTargets)} only for other targets`] : []),
  ].join(', ');
}

export function conflictCount(count: { files: number; hunks: number; text?: string }): string {
  return (
    said(count.text) ??
    (count.hunks === 0
      ? 'none known'
      : `${counted(count.hunks, 'merge conflict')} in ${counted(count.files, 'file')}`)
  );
}

/** A table with one row a lockfile; columns in which every figure is zero or unknown are left out. */
export function lockfileTable(ecosystems: readonly EcosystemReadiness[]): string {
  const extra = (
    [
      ['missing', 'Missing'],
      ['corrupt', 'Corrupt'],
      ['stale', 'Stale'],
      ['unknown', 'Unknown'],
      ['verified', 'Verified'],
      ['otherTargets', 'Other targets'],
    ] as const
  ).filter(([kind]) => ecosystems.some((row) => row[kind] > 0));
  const sized = ecosystems.some((one) => typeof one.bytes === 'number');
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const titles = ['Here', ...extra.map(([, title]) => title), ...(sized ? ['Size'] : [])];
  return [
    // A tooltip sets its columns close together; a report does not mind the space.
    row(['Lockfile', ...titles.map((title) => `&nbsp;&nbsp;${title}`)]),
    row([':--', ...titles.map(() => '--:')]),
    ...ecosystems.map((ecosystem) =>
      row([
        code(ecosystem.lockfile),
        `${figure(ecosystem.present)} of ${figure(ecosystem.total)}`,
        ...extra.map(([kind]) => figure(ecosystem[kind])),
        ...(sized ? [`&nbsp;&nbsp;${size(ecosystem.bytes)}`] : []),
      ]),
    ),
  ].join('\n');
}

/** Lockfiles that could not be judged as a whole, and why; one line each. */
export function lockfileProblems(ecosystems: readonly EcosystemReadiness[]): string[] {
  return ecosystems.flatMap((ecosystem) =>
    ecosystem.problem ? [`${code(ecosystem.lockfile)}: ${prose(ecosystem.problem)}`] : [],
  );
}

/** `12.3 MiB`, rounded down as the server does; empty where it is not known. */
export function size(bytes: number | null | undefined): string {
  if (typeof bytes !== 'number') {
    return '';
  }
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0
    ? `${bytes} B`
    : `${(Math.floor(value * 10) / 10).toLocaleString('en-US', { minimumFractionDigits: 1 })} ${units[unit] ?? ''}`;
}

/** What the server worded; `undefined` where an older one left it to us. */
export function said(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
