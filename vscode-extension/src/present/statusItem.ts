// What the status bar item shows: text, icon, tooltip and what a screen reader says.
// May not know the editor. The text is the server's, letter for letter; only the icon in front of it is ours.
import type { Status } from '../contract.ts';
import {
  clock,
  connection,
  lockfileProblems,
  lockfileTable,
  needsAttention,
  shortfall,
  sideNotes,
  verdict,
} from './figures.ts';
import { escape } from './markdown.ts';

/** Where the server stands, as far as the status item tells it. */
export type Standing =
  | { kind: 'starting' }
  | { kind: 'running' }
  | { kind: 'absent'; decisions: readonly string[] }
  | { kind: 'waiting'; seconds: number }
  | { kind: 'stopped'; reason: string };

export interface StatusItemView {
  text: string;
  /** Markdown with command links. */
  tooltip: string;
  /** For screen readers. */
  label: string;
  /** Whether the item asks for attention by its background. */
  attention: boolean;
}

/** Commands that links in a tooltip may run; no other is enabled there. */
export const LINKED_COMMANDS = [
  'holdover.showStatus',
  'holdover.checkProject',
  'holdover.getMissing',
  'holdover.goOffline',
  'holdover.goOnline',
  'holdover.restartServer',
  'holdover.showLog',
  'workbench.action.openSettings',
  'workbench.trust.manage',
] as const;

const link = (title: string, command: (typeof LINKED_COMMANDS)[number], argument?: string) =>
  `[${title}](command:${command}${argument === undefined ? '' : `?${encodeURIComponent(JSON.stringify([argument]))}`})`;

/** `undefined`: there is nothing to show yet, so nothing is shown. */
export function statusItem(
  standing: Standing,
  status: Status | undefined,
  now: Date,
): StatusItemView | undefined {
  switch (standing.kind) {
    case 'absent':
      return trouble('holdover: no server', 'The `holdover` program was not found.', [
        standing.decisions.map((decision) => `* ${escape(decision)}`).join('\n'),
        [
          link('Set the path', 'workbench.action.openSettings', 'holdover.server.path'),
          link('Show Log', 'holdover.showLog'),
        ].join(' · '),
      ]);
    case 'stopped':
      return trouble('holdover: stopped', escape(standing.reason), [
        [link('Restart Server', 'holdover.restartServer'), link('Show Log', 'holdover.showLog')].join(' · '),
      ]);
    case 'starting':
    case 'waiting':
    case 'running':
      return status === undefined || status.text === '' ? undefined : reading(status, now);
  }
}

function reading(status: Status, now: Date): StatusItemView {
  const { readiness, connectivity } = status;
  const since = clock(connectivity.since, now);
  const lines = [
    `**${escape(status.text)}**`,
    escape(verdict(readiness)),
    readiness.ecosystems.length > 0 ? lockfileTable(readiness.ecosystems) : '',
    ...lockfileProblems(readiness.ecosystems),
    [`${connection(connectivity)}${since === '' ? '' : ` since ${since}`}`, ...sideNotes(status)].join(
      '  \n',
    ),
    status.trusted
      ? ''
      : `Restricted: nothing that this workspace configures is run. ${link('Manage trust', 'workbench.trust.manage')}`,
    [
      ...(needsAttention(readiness) ? [link('Get What Is Missing', 'holdover.getMissing')] : []),
      link('Check This Project', 'holdover.checkProject'),
      link('Show Status', 'holdover.showStatus'),
      connectivity.state === 'forced-offline'
        ? link('Back Online', 'holdover.goOnline')
        : link('Go Offline', 'holdover.goOffline'),
    ].join(' · '),
  ];
  const lacking = shortfall(readiness);
  return {
    text: `$(${icon(status)}) ${status.text}`,
    tooltip: lines.filter((line) => line !== '').join('\n\n'),
    label: `Holdover, ${status.text}${lacking === '' ? '' : `, ${lacking}`}, ${connection(connectivity).toLowerCase()}`,
    attention: needsAttention(readiness),
  };
}

function icon({ readiness }: Status): string {
  switch (readiness.state) {
    case 'ready':
      return 'check';
    case 'proven':
      return 'verified';
    case 'incomplete':
      return needsAttention(readiness) ? 'warning' : 'info';
    case 'stale-proof':
      return 'history';
    case 'unknown':
      return 'question';
  }
}

function trouble(text: string, sentence: string, more: string[]): StatusItemView {
  return {
    text: `$(warning) ${text}`,
    tooltip: [`**${escape(text)}**`, sentence, ...more].join('\n\n'),
    label: `Holdover, ${text.replace('holdover: ', '')}`,
    attention: true,
  };
}
