// The words for figures and states, shared by the status item, its tooltip and the reports.
// May not know the editor; says nothing that is not in what the server sent.
import type { Connectivity, Counts, EcosystemReadiness, Readiness, Status } from '../contract.ts';
import { code, counted, escape, figure, prose } from './markdown.ts';

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

/** The answer to "will it build without a network?", as one sentence. */
export function verdict(readiness: Readiness): string {
  const lacking = shortfall(readiness);
  switch (readiness.state) {
    case 'ready':
      return readiness.total === 0
        ? 'Nothing is needed from outside.'
        : 'Everything it needs is on this machine.';
    case 'proven':
      return 'A build with the network denied has passed.';
    case 'stale-proof':
      return 'Everything is here; the proof is older than the inputs.';
    case 'incomplete':
      return `Not ready to work without a network: ${lacking}.`;
    case 'unknown':
      if (lacking !== '') {
        return `It could not be told: ${lacking}.`;
      }
      return readiness.ecosystems.length === 0 ? 'No lockfile has been judged.' : 'Not known yet.';
  }
}

export function connection(connectivity: Connectivity): string {
  switch (connectivity.state) {
    case 'online':
      return 'Connected';
    case 'offline':
      return 'No connection';
    case 'captive':
      return 'Something else answers in place of the network';
    case 'degraded':
      return 'Connected, but not everything answers';
    case 'forced-offline':
      return 'Offline, because you said so';
  }
}

/** A table with one row a lockfile; columns in which every figure is zero are left out. */
export function lockfileTable(ecosystems: readonly EcosystemReadiness[]): string {
  const extra = (
    [
      ['missing', 'Missing'],
      ['corrupt', 'Corrupt'],
      ['stale', 'Stale'],
      ['unknown', 'Unknown'],
      ['otherTargets', 'Other targets'],
    ] as const
  ).filter(([kind]) => ecosystems.some((row) => row[kind] > 0));
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [
    // A tooltip sets its columns close together; a report does not mind the space.
    row(['Lockfile', ...['Here', ...extra.map(([, title]) => title)].map((title) => `&nbsp;&nbsp;${title}`)]),
    row([':--', '--:', ...extra.map(() => '--:')]),
    ...ecosystems.map((ecosystem) =>
      row([
        code(ecosystem.lockfile),
        `${figure(ecosystem.present)} of ${figure(ecosystem.total)}`,
        ...extra.map(([kind]) => figure(ecosystem[kind])),
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

/** Sentences about what else the status holds; nothing about what is empty or switched off. */
export function sideNotes(status: Status): string[] {
  const notes: string[] = [];
  if (status.conflicts.hunks > 0) {
    const { hunks, files } = status.conflicts;
    notes.push(`${counted(hunks, 'merge conflict')} in ${counted(files, 'file')}`);
  }
  for (const check of status.checks) {
    const found = check.findings > 0 ? `, ${counted(check.findings, 'finding')}` : '';
    notes.push(`${escape(check.name)}: ${check.state}${found}`);
  }
  if (status.sync.state !== 'disabled') {
    const failed = status.sync.failed > 0 ? `, ${figure(status.sync.failed)} failed` : '';
    notes.push(`Sync: ${status.sync.state}, ${figure(status.sync.pending)} waiting${failed}`);
  }
  if (status.reviews.openThreads > 0) {
    notes.push(counted(status.reviews.openThreads, 'open review thread'));
  }
  if (status.model.state !== 'none') {
    notes.push(`Model: ${escape(status.model.name ?? 'unnamed')}, ${escape(status.model.state)}`);
  }
  return notes;
}

/** `02:14`, or with the day when it was another one; empty for what is no time. */
export function clock(rfc3339: string | null, now: Date): string {
  const at = rfc3339 ? new Date(rfc3339) : undefined;
  if (at === undefined || Number.isNaN(at.getTime())) {
    return '';
  }
  const two = (value: number) => String(value).padStart(2, '0');
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return at.toDateString() === now.toDateString()
    ? time
    : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}
