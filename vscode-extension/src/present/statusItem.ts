// What the status bar item shows: text, icons, tooltip and what a screen reader says.
// May not know the editor. The text is the server's, letter for letter; only the icons around it are ours.
import type { Status } from '../contract.ts';
import { connection, needsAttention, shortfall, verdict } from './figures.ts';
import { code, counted, escape } from './markdown.ts';
import { figures } from './tooltip.ts';

/** Where the server stands, as far as the status item tells it. */
export type Standing =
  | { kind: 'starting' }
  | { kind: 'running' }
  | { kind: 'absent'; decisions: readonly string[] }
  | { kind: 'waiting'; seconds: number; death: number; most: number }
  | { kind: 'stopped'; reason: string };

export interface Reading {
  standing: Standing;
  /** Whether the server is at work by its own account. */
  busy: boolean;
  /** Of the folder that the active editor is in. */
  status: Status | undefined;
  /** Of the workspace's other folders. */
  others: readonly Status[];
}

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
  'holdover.copyLog',
  'holdover.openWalkthrough',
  'workbench.view.extension.holdover',
  'workbench.action.openSettings',
  'workbench.trust.manage',
] as const;

/** More other folders than this are counted, not listed. */
const MOST_FOLDERS = 8;

const link = (title: string, command: (typeof LINKED_COMMANDS)[number], argument?: string) =>
  `[${title}](command:${command}${argument === undefined ? '' : `?${encodeURIComponent(JSON.stringify([argument]))}`} "${title}")`;
const row = (...links: string[]) => links.join(' · ');

export function statusItem(reading: Reading, now: Date): StatusItemView {
  const { standing, status } = reading;
  switch (standing.kind) {
    case 'absent':
      return trouble(
        'holdover: no server',
        'The program `holdover` was not found, so nothing is looked at.',
        [
          standing.decisions.map((decision) => `* ${escape(decision)}`).join('\n'),
          row(
            link('Set the path', 'workbench.action.openSettings', 'holdover.server.path'),
            link('Show Log', 'holdover.showLog'),
            link('Try Again', 'holdover.restartServer'),
          ),
        ],
      );
    case 'stopped':
      return trouble('holdover: stopped', escape(standing.reason), [
        row(
          link('Restart Server', 'holdover.restartServer'),
          link('Show Log', 'holdover.showLog'),
          link('Copy Log for a Report', 'holdover.copyLog'),
        ),
      ]);
    case 'waiting':
      return passing(
        'holdover: starting again',
        `The server ended and starts again in ${standing.seconds} s (${standing.death} of ${standing.most} times). What you write is not touched.`,
      );
    case 'starting':
      return passing('holdover: starting', 'The server is starting.');
    case 'running':
      return status === undefined || status.text === ''
        ? passing('holdover: starting', 'The server runs and has not said anything yet.')
        : shown(reading, status, now);
  }
}

function shown({ busy, others }: Reading, status: Status, now: Date): StatusItemView {
  const { readiness, connectivity } = status;
  const lacking = shortfall(readiness);
  const rest = others.length - MOST_FOLDERS;
  const folders = others.slice(0, MOST_FOLDERS).map((one) => {
    const short = shortfall(one.readiness);
    return `* ${code(name(one.workspace))} ${escape(one.text)}${short === '' ? '' : `, ${short}`}`;
  });
  const lines = [
    `**${escape(status.text)}**${others.length > 0 ? ` in ${code(name(status.workspace))}` : ''}${busy ? ' · at work' : ''}`,
    ...figures(status, now),
    ...(others.length > 0
      ? [
          [
            'Other folders:',
            ...folders,
            ...(rest > 0 ? [`* … and ${counted(rest, 'folder')} more`] : []),
          ].join('\n'),
        ]
      : []),
    status.trusted
      ? ''
      : `Restricted: nothing that this workspace configures is run. ${link('Manage trust', 'workbench.trust.manage')}`,
    row(
      ...(needsAttention(readiness) ? [link('Get What Is Missing', 'holdover.getMissing')] : []),
      link('Check This Project', 'holdover.checkProject'),
      link('Show Status', 'holdover.showStatus'),
      link('Open View', 'workbench.view.extension.holdover'),
      connectivity.state === 'forced-offline'
        ? link('Back Online', 'holdover.goOnline')
        : link('Go Offline', 'holdover.goOffline'),
    ),
  ];
  const network = networkIcon(status);
  return {
    text: `$(${busy ? 'sync~spin' : icon(status)}) ${status.text}${network === '' ? '' : ` $(${network})`}`,
    tooltip: lines.filter((line) => line !== '').join('\n\n'),
    label: [
      'Holdover',
      status.text,
      ...(lacking === '' ? [verdict(readiness)] : [lacking]),
      connection(connectivity),
      ...(busy ? ['at work'] : []),
      ...(status.trusted ? [] : ['restricted']),
    ].join(', '),
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

/** Having no network is normal and is shown, quietly; being connected needs no sign. */
function networkIcon({ connectivity }: Status): string {
  switch (connectivity.state) {
    case 'offline':
      return 'debug-disconnect';
    case 'forced-offline':
      return 'circle-slash';
    case 'captive':
    case 'degraded':
      return 'plug';
    case 'online':
      return '';
  }
}

function passing(text: string, sentence: string): StatusItemView {
  return {
    text: `$(sync~spin) ${text}`,
    tooltip: [`**${escape(text)}**`, sentence, link('Show Log', 'holdover.showLog')].join('\n\n'),
    label: `Holdover, ${text.replace('holdover: ', '')}`,
    attention: false,
  };
}

function trouble(text: string, sentence: string, more: string[]): StatusItemView {
  return {
    text: `$(warning) ${text}`,
    tooltip: [`**${escape(text)}**`, sentence, ...more].join('\n\n'),
    label: `Holdover, ${text.replace('holdover: ', '')}`,
    attention: true,
  };
}

/** The last part of a folder's path. */
export function name(folder: string): string {
  return folder.split(/[\\/]/).findLast((part) => part !== '') ?? folder;
}
