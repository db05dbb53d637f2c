// The tooltip of the status bar item: every figure of one workspace's status, with ages, as Markdown.
// May not know the editor; links are handed in by `statusItem.ts`.
import type { Status } from '../contract.ts';
import { age, clock } from './age.ts';
import {
  conflictCount,
  connection,
  lockfileProblems,
  lockfileTable,
  mirrorState,
  mode,
  said,
  size,
  verdict,
} from './figures.ts';
import { code, counted, escape, figure, prose } from './markdown.ts';

/** More mirrors or caches than this are counted, not listed: a tooltip has to fit on the screen. */
const MOST_LISTED = 6;

/** Paragraphs, to be joined by blank lines. */
export function figures(status: Status, now: Date): string[] {
  const { readiness } = status;
  const looked = age(readiness.checkedAt, now);
  return [
    `${prose(capital(verdict(readiness)))}${looked === '' ? '' : ` · looked ${looked}`}`,
    readiness.ecosystems.length > 0 ? lockfileTable(readiness.ecosystems) : '',
    ...lockfileProblems(readiness.ecosystems),
    table(rows(status, now)),
  ].filter((part) => part !== '');
}

type Row = [title: string, ...lines: string[]];

function rows(status: Status, now: Date): Row[] {
  const { connectivity, readiness } = status;
  const since = clock(connectivity.since, now);
  const ago = age(connectivity.since, now);
  const proof = readiness.proof;
  return [
    [
      'Connection',
      `${prose(connection(connectivity))}${since === '' ? '' : ` since ${since} (${ago})`}`,
      ...(connectivity.detail === '' ? [] : [prose(connectivity.detail)]),
    ],
    ['Functions', ...works(status)],
    ...(proof === null
      ? []
      : [
          [
            'Proof',
            `${said(proof.text) === undefined ? (proof.passed ? 'passed' : 'failed') : prose(proof.text ?? '')} (${age(proof.at, now)}): ${code(proof.command)}`,
          ] as Row,
        ]),
    ...(said(readiness.snapshot?.text) === undefined
      ? []
      : [['Snapshot', prose(readiness.snapshot?.text ?? '')] as Row]),
    [
      'Caches',
      ...listed(
        status.caches.map((cache) => {
          const expires = age(cache.expiresAt, now);
          const words =
            said(cache.text) ??
            [size(cache.bytes), cache.quota === null ? '' : `of ${size(cache.quota)}`].join(' ').trim();
          return `${escape(cache.ecosystem)}: ${[escape(words), expires === '' ? '' : `cleaned ${expires}`].filter((one) => one !== '').join(', ')}`;
        }),
        'none',
      ),
    ],
    [
      'Mirrors',
      ...listed(
        (status.mirrors ?? []).map((mirror) => {
          const asked = age(mirror.checkedAt, now);
          return `${escape(mirror.ecosystem)}: ${code(host(mirror.url))} ${escape(mirrorState(mirror))}${asked === '' ? '' : `, asked ${asked}`}`;
        }),
        'none configured',
      ),
    ],
    ['Conflicts', escape(conflictCount(status.conflicts))],
    ['Checks', ...checks(status, now)],
    ['Sync', sync(status, now)],
    ['Reviews', reviews(status)],
    ['Model', model(status)],
    ['Journal', journal(status)],
  ];
}

/** What works by itself in one line, and one line for each function that does not and could. */
function works({ functions }: Status): string[] {
  const plain = functions.filter((one) => one.mode === 'local').map((one) => escape(one.name));
  const other = functions.filter((one) => one.mode !== 'local');
  return [
    ...(plain.length === 0
      ? []
      : [`${plain.join(', ')} ${plain.length === 1 ? 'works' : 'work'} without a connection`]),
    ...other.map((one) => {
      const next = one.next === '' ? '' : `; ${prose(one.next)}`;
      return `${escape(one.name)} ${escape(mode(one))}: ${prose(one.reason)}${next}`;
    }),
  ];
}

function checks({ checks }: Status, now: Date): string[] {
  if (checks.length === 0) {
    return ['none has run'];
  }
  return checks.map((check) => {
    const found = check.findings > 0 ? `, ${counted(check.findings, 'finding')}` : '';
    const ran = age(check.ranAt, now);
    return `${escape(check.name)}: ${check.state}${found}${ran === '' ? '' : `, ${ran}`}`;
  });
}

function sync({ sync }: Status, now: Date): string {
  if (sync.state === 'disabled') {
    return 'no remote is configured';
  }
  const last = age(sync.lastSuccess, now);
  const next = age(sync.nextAttempt, now);
  return [
    sync.state,
    `${figure(sync.pending)} waiting`,
    ...(sync.failed > 0 ? [`${figure(sync.failed)} failed`] : []),
    ...(sync.conflicts > 0 ? [counted(sync.conflicts, 'conflict')] : []),
    ...(last === '' ? [] : [`last done ${last}`]),
    ...(next === '' ? [] : [`next try ${next}`]),
  ].join(', ');
}

function reviews({ reviews }: Status): string {
  if (reviews.openThreads + reviews.unsent === 0) {
    return 'no open thread';
  }
  return `${counted(reviews.openThreads, 'open thread')}, ${figure(reviews.unsent)} unsent`;
}

function journal({ journal }: Status): string {
  if (journal === undefined) {
    return 'this server does not tell';
  }
  const events = typeof journal.events === 'number' ? `, ${counted(journal.events, 'event')}` : '';
  const detail = journal.detail === '' ? '' : `: ${prose(journal.detail)}`;
  return `${journal.state}${events}${detail}`;
}

function model({ model }: Status): string {
  if (model.state === 'none') {
    return 'none configured';
  }
  const detail = model.detail === '' ? '' : `: ${prose(model.detail)}`;
  return `${escape(model.name ?? 'unnamed')}, ${escape(model.state)}${detail}`;
}

function listed(lines: string[], none: string): string[] {
  if (lines.length === 0) {
    return [none];
  }
  const rest = lines.length - MOST_LISTED;
  return rest > 0 ? [...lines.slice(0, MOST_LISTED), `… and ${figure(rest)} more`] : lines;
}

/** Two columns without a head; the second may have several lines. */
function table(all: Row[]): string {
  return [
    '| | |',
    '|:--|:--|',
    ...all.map(([title, ...lines]) => `| ${title}&nbsp; | ${lines.join('<br>')} |`),
  ].join('\n');
}

function host(url: string): string {
  return /^\w+:\/\/([^/]+)/.exec(url)?.[1] ?? url;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
