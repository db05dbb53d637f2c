// Reports in Markdown, made from the server's JSON where the server has no ready text: status, preflight, fetch.
// May not know the editor or add figures of its own.
import type { Artifact, PreflightReport, Status } from '../contract.ts';
import { clock, connection, lockfileProblems, lockfileTable, sideNotes, verdict } from './figures.ts';
import { code, counted, escape, figure, prose } from './markdown.ts';

/** More than this many artifacts in one report are counted, not listed. */
export const MOST_LISTED = 500;

export function statusReport(status: Status, now: Date): string {
  const { readiness, connectivity } = status;
  const since = clock(connectivity.since, now);
  const detail = connectivity.detail === '' ? '' : `: ${prose(connectivity.detail)}`;
  return page([
    `# ${escape(status.text)}`,
    `${prose(verdict(readiness))} Judged for ${code(readiness.target)}, in ${code(status.workspace)}.`,
    readiness.ecosystems.length > 0 ? lockfileTable(readiness.ecosystems) : '',
    ...lockfileProblems(readiness.ecosystems),
    '## Connection',
    `${connection(connectivity)}${since === '' ? '' : ` since ${since}`}${detail}.`,
    status.functions.length > 0 ? '## What works' : '',
    status.functions
      .map((one) => {
        const next = one.next === '' ? '' : ` ${prose(one.next)}`;
        return `* **${escape(one.name)}** (${one.mode}): ${prose(one.reason)}${next}`;
      })
      .join('\n'),
    status.caches.length > 0 ? '## Caches' : '',
    status.caches
      .map(
        (cache) =>
          `* ${escape(cache.ecosystem)}: ${code(cache.path)}${cache.bytes === null ? '' : `, ${size(cache.bytes)}`}`,
      )
      .join('\n'),
    sideNotes(status).length > 0 ? '## Besides' : '',
    sideNotes(status)
      .map((note) => `* ${note}`)
      .join('\n'),
    status.trusted ? '' : '> This workspace is not trusted: nothing that it configures is run.',
  ]);
}

export function preflightReport(report: PreflightReport): string {
  const { readiness } = report;
  const groups = (['missing', 'corrupt', 'stale', 'unknown'] as const).map(
    (state) =>
      [state, report.artifacts.filter((one) => one.state === state && one.otherTarget !== true)] as const,
  );
  let room = MOST_LISTED;
  const listed = groups.flatMap(([state, artifacts]) => {
    if (artifacts.length === 0) {
      return [];
    }
    const shown = artifacts.slice(0, room);
    room -= shown.length;
    const rest = artifacts.length - shown.length;
    return [
      `## ${capital(state)} (${figure(artifacts.length)})`,
      ...shown.map(artifactEntry),
      rest > 0 ? `… and ${figure(rest)} more.` : '',
    ];
  });
  const findings = report.findings ?? [];
  return page([
    `# ${figure(readiness.present)} of ${figure(readiness.total)} here`,
    `${prose(verdict(readiness))} Judged for ${code(readiness.target)}, in ${code(report.workspace)}.`,
    readiness.ecosystems.length > 0 ? lockfileTable(readiness.ecosystems) : 'No lockfile was found.',
    ...lockfileProblems(readiness.ecosystems),
    ...listed,
    findings.length > 0 ? '## In lockfiles and manifests' : '',
    findings
      .slice(0, MOST_LISTED)
      .map((finding) => `* ${place(finding.file, finding.range.start.line)}: ${prose(finding.message)}`)
      .join('\n'),
  ]);
}

/** How a fetch ended, in one sentence, and whether a person should look; `undefined`: there was none. */
export function fetchSummary(report: PreflightReport): { sentence: string; failed: boolean } | undefined {
  const outcome = report.fetch;
  if (outcome === undefined) {
    return undefined;
  }
  const left = report.readiness.missing + report.readiness.corrupt;
  const got =
    outcome.fetched.length === 0
      ? 'nothing new was fetched'
      : `fetched ${counted(outcome.fetched.length, 'artifact')}`;
  const stands = left === 0 ? 'everything is here' : `${figure(left)} still missing`;
  if (outcome.state === 'cancelled') {
    return { sentence: `stopped as you asked: ${got}, ${stands}`, failed: false };
  }
  const errors = outcome.steps.flatMap((step) => (step.error ? [`${step.ecosystem}: ${step.error}`] : []));
  const failed = outcome.state === 'failed' || outcome.steps.some((step) => step.ok === false);
  return { sentence: [`${got}, ${stands}`, ...errors].join('; '), failed };
}

function artifactEntry(artifact: Artifact): string {
  const lines = [
    `* **${escape(artifact.name)} ${escape(artifact.version)}** (${escape(artifact.ecosystem)}), ${place(artifact.file, artifact.range.start.line)}`,
    `    * ${prose(artifact.evidence)}`,
  ];
  if (artifact.neededBy.length > 0) {
    lines.push(`    * Needed by ${artifact.neededBy.map(code).join(', ')}`);
  }
  for (const folder of artifact.lookedIn ?? []) {
    lines.push(`    * Looked in ${code(folder)}`);
  }
  return lines.join('\n');
}

/** The preview lets no `file:` link through, so the place is told in words. */
function place(file: string, zeroBasedLine: number): string {
  const name = file.split(/[\\/]/).pop() ?? file;
  return `${escape(name)} line ${zeroBasedLine + 1}`;
}

function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function page(parts: string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
