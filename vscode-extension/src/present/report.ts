// Reports in Markdown, made from the server's JSON where the server has no ready text: status, preflight, fetch.
// May not know the editor or add figures of its own.
import type { Artifact, PreflightReport, Status } from '../contract.ts';
import { lockfileProblems, lockfileTable, verdict } from './figures.ts';
import { code, counted, escape, figure, prose } from './markdown.ts';
import { name } from './statusItem.ts';
import { capital, figures } from './tooltip.ts';

/** More than this many artifacts in one report are counted, not listed. */
export const MOST_LISTED = 500;

/** The whole status as a page, for a server that has no text of its own for it. */
export function statusReport(status: Status, now: Date): string {
  return page([
    `# ${escape(status.text)}`,
    `Judged for ${code(status.readiness.target)}, in ${code(status.workspace)}.`,
    ...figures(status, now),
    status.caches.map((cache) => `* ${escape(cache.ecosystem)}: ${code(cache.path)}`).join('\n'),
    status.trusted ? '' : '> This workspace is not trusted: nothing that it configures is run.',
  ]);
}

/** `base`: absolute path of the folder that the preview resolves links against; without one, places are told in words. */
export function preflightReport(report: PreflightReport, base?: string): string {
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
      ...shown.map((one) => artifactEntry(one, base)),
      rest > 0 ? `… and ${figure(rest)} more.` : '',
    ];
  });
  const findings = report.findings ?? [];
  return page([
    `# ${figure(readiness.present)} of ${figure(readiness.total)} here`,
    `${prose(capital(verdict(readiness)))}. Judged for ${code(readiness.target)}, in ${code(report.workspace)}.`,
    readiness.ecosystems.length > 0 ? lockfileTable(readiness.ecosystems) : 'No lockfile was found.',
    ...lockfileProblems(readiness.ecosystems),
    ...proofPart(report, base),
    ...listed,
    findings.length > 0 ? '## In lockfiles and manifests' : '',
    findings
      .slice(0, MOST_LISTED)
      .map((finding) => `* ${place(finding.file, finding.range.start.line, base)}: ${prose(finding.message)}`)
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

/** What the last proof run came to, and who reached for the network. */
function proofPart({ readiness: { proof }, workspace }: PreflightReport, base: string | undefined): string[] {
  if (proof?.text === undefined) {
    return [];
  }
  const steps = (proof.steps ?? []).map((step) => `* ${code(step.command.join(' '))} ${escape(step.ended)}`);
  const reaches = (proof.reaches ?? []).map(
    (reach) => `* ${place(`${workspace}/${reach.file}`, reach.range.start.line, base)}: ${prose(reach.text)}`,
  );
  const remarks = (proof.remarks ?? []).map((remark) => `* ${escape(remark)}`);
  return ['## Proof run', `${prose(capital(proof.text))}.`, [...steps, ...reaches, ...remarks].join('\n')];
}

function artifactEntry(artifact: Artifact, base: string | undefined): string {
  const lines = [
    `* **${escape(artifact.name)} ${escape(artifact.version)}** (${escape(artifact.ecosystem)}), ${place(artifact.file, artifact.range.start.line, base)}`,
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

/**
 * A link that opens the line. The preview lets no `file:` link through, and takes one that begins with `/` to be below the
 * workspace's first folder; so the way from there is what is written.
 */
function place(file: string, zeroBasedLine: number, base: string | undefined): string {
  const words = `${escape(name(file))} line ${zeroBasedLine + 1}`;
  const way = base === undefined ? undefined : wayFrom(base, file);
  return way === undefined ? words : `[${words}](/${way}#L${zeroBasedLine + 1})`;
}

/** `../other/Cargo.lock`, each part percent-encoded; `undefined`: on another drive. */
function wayFrom(base: string, file: string): string | undefined {
  const [from, to] = [base, file].map((one) => one.split(/[\\/]/).filter((part) => part !== ''));
  if (from === undefined || to === undefined || (/^[a-z]:/i.test(base) && from[0] !== to[0])) {
    return undefined;
  }
  let same = 0;
  while (same < from.length && from[same] === to[same]) {
    same += 1;
  }
  const parts = [...from.slice(same).map(() => '..'), ...to.slice(same)];
  return parts
    .map((part) => encodeURIComponent(part).replace(/[()']/g, (one) => `%${one.charCodeAt(0).toString(16)}`))
    .join('/');
}

function page(parts: string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
