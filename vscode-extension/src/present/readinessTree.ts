// The readiness tree in words: ecosystem, lockfile, artifacts; what is not here stands first.
// May not know the editor; the artifacts are asked for when a lockfile is opened.
import type { Artifact, EcosystemReadiness, Status } from '../contract.ts';
import { age } from './age.ts';
import { lockfileCounts, needsAttention, shortfall, size, verdict } from './figures.ts';
import { code, escape, figure, prose } from './markdown.ts';
import { name } from './statusItem.ts';
import type { Row } from './tree.ts';

/** All artifacts of a workspace, present ones too. */
export type Ask = (workspace: string) => Promise<Artifact[]>;

/** Ecosystems of the one folder, or one row a folder. */
export function readinessRows(statuses: readonly Status[], now: Date, ask: Ask): Row[] {
  const [only] = statuses;
  if (only === undefined) {
    return [];
  }
  return statuses.length === 1
    ? ecosystemRows(only, now, ask)
    : statuses.map((status) => folderRow(status, now, ask));
}

function folderRow(status: Status, now: Date, ask: Ask): Row {
  const { workspace, readiness } = status;
  const words = verdict(readiness);
  const looked = age(readiness.checkedAt, now);
  return {
    id: workspace,
    label: name(workspace),
    description: [status.text.replace(/^offline: /, ''), ...(looked === '' ? [] : [looked])].join(' · '),
    icon: 'root-folder',
    spoken: `folder ${name(workspace)}, ${words}`,
    tooltip: () => `${code(workspace)}\n\n${prose(words)}`,
    kind: needsAttention(readiness) ? 'folder.lacking' : 'folder',
    expanded: needsAttention(readiness),
    // With several folders each shows its ecosystems and no more, so that all of them fit.
    ...(readiness.ecosystems.length === 0
      ? {}
      : { children: () => ecosystemRows(status, now, ask).map((row) => ({ ...row, expanded: false })) }),
    subject: { workspace },
  };
}

function ecosystemRows(status: Status, now: Date, ask: Ask): Row[] {
  const byName = new Map<string, EcosystemReadiness[]>();
  for (const one of status.readiness.ecosystems) {
    byName.set(one.name, [...(byName.get(one.name) ?? []), one]);
  }
  return [...byName].map(([ecosystem, lockfiles]) => ecosystemRow(ecosystem, lockfiles, status, now, ask));
}

function ecosystemRow(
  ecosystem: string,
  lockfiles: EcosystemReadiness[],
  status: Status,
  now: Date,
  ask: Ask,
): Row {
  const { workspace } = status;
  const all = sum(lockfiles);
  const looked = age(status.readiness.checkedAt, now);
  const lacking = all.missing + all.corrupt > 0;
  const counts = `${figure(all.present)} of ${figure(all.total)}`;
  const doubtful = lacking || shortfall(all) !== '' || lockfiles.some((one) => one.problem);
  return {
    id: `${workspace}/${ecosystem}`,
    label: ecosystem,
    description: [counts, size(all.bytes), looked].filter((part) => part !== '').join(' · '),
    icon: lacking ? 'warning' : doubtful ? 'question' : 'pass',
    colour: lacking ? 'list.warningForeground' : doubtful ? 'descriptionForeground' : 'testing.iconPassed',
    spoken: [
      `${ecosystem}, ${counts} here`,
      shortfall(all),
      size(all.bytes),
      looked === '' ? '' : `looked ${looked}`,
    ]
      .filter((part) => part !== '')
      .join(', '),
    tooltip: (at) => {
      const caches = status.caches.filter((cache) => cache.ecosystem === ecosystem);
      const seen = age(status.readiness.checkedAt, at);
      return [
        `**${escape(ecosystem)}** ${counts} here${all.bytes === null ? '' : `, ${size(all.bytes)}`}`,
        ...caches.map(
          (cache) =>
            `Cache ${code(cache.path)}${cache.bytes === null ? '' : `, ${size(cache.bytes)} in use here`}`,
        ),
        ...(seen === '' ? [] : [`Looked ${seen}, for ${code(status.readiness.target)}`]),
      ].join('\n\n');
    },
    kind: lacking ? 'ecosystem.lacking' : 'ecosystem',
    expanded: doubtful,
    children: () => lockfiles.map((one) => lockfileRow(one, status, ask)),
    subject: { workspace },
  };
}

function lockfileRow(one: EcosystemReadiness, { workspace }: Status, ask: Ask): Row {
  const id = `${workspace}/${one.name}/${one.lockfile}`;
  const lacking = one.missing + one.corrupt > 0;
  const words = lockfileCounts(one);
  return {
    id,
    label: one.lockfile,
    description: [shortfall(one) || `${figure(one.present)} here`, size(one.bytes)]
      .filter((part) => part !== '')
      .join(' · '),
    icon: one.problem ? 'question' : 'lock',
    ...(one.problem ? { colour: 'list.warningForeground' } : {}),
    spoken: `lockfile ${one.lockfile}, ${words}`,
    tooltip: () =>
      [`${code(one.lockfile)}: ${escape(words)}`, ...(one.problem ? [prose(one.problem)] : [])].join('\n\n'),
    kind: lacking ? 'lockfile.lacking' : 'lockfile',
    expanded: lacking,
    children: async () => artifactRows(await ask(workspace), one, workspace, id),
    subject: { workspace, text: one.lockfile },
  };
}

const ORDER: Record<Artifact['state'], number> = { missing: 0, corrupt: 1, stale: 2, unknown: 3, present: 4 };

function artifactRows(
  artifacts: Artifact[],
  lockfile: EcosystemReadiness,
  workspace: string,
  parent: string,
): Row[] {
  const file = join(workspace, lockfile.lockfile);
  const own = artifacts
    .filter((one) => one.ecosystem === lockfile.name && slashes(one.file) === file)
    .sort((left, right) => ORDER[left.state] - ORDER[right.state] || compare(left, right));
  const others = own.filter((one) => one.otherTarget === true);
  const needed = own.filter((one) => one.otherTarget !== true);
  const rows = (list: Artifact[], below: string) => list.map((one) => artifactRow(one, workspace, below));
  const lacking = needed.filter((one) => one.state !== 'present');
  const here = needed.filter((one) => one.state === 'present');
  const group = (id: string, label: string, list: Artifact[], icon: string, tooltip: string): Row[] =>
    list.length === 0
      ? []
      : [
          {
            id: `${parent}/${id}`,
            label,
            description: figure(list.length),
            icon,
            spoken: `${label}, ${figure(list.length)}`,
            tooltip: () => tooltip,
            kind: id,
            expanded: false,
            children: () => rows(list, `${parent}/${id}`),
          },
        ];
  return [
    ...rows(lacking, parent),
    // What is here is behind one row where something is not: thousands of it would push that out of sight.
    ...(lacking.length === 0
      ? rows(here, parent)
      : group('here', 'Here', here, 'check', 'These are on this machine.')),
    ...group(
      'others',
      'Only for other targets',
      others,
      'device-desktop',
      'The lockfile names these, and this machine does not need them.',
    ),
  ];
}

const SIGNS: Record<Artifact['state'], [icon: string, colour: string]> = {
  missing: ['cloud-download', 'list.warningForeground'],
  corrupt: ['error', 'list.errorForeground'],
  stale: ['history', 'descriptionForeground'],
  unknown: ['question', 'descriptionForeground'],
  present: ['check', 'testing.iconPassed'],
};

function artifactRow(one: Artifact, workspace: string, parent: string): Row {
  const [icon, colour] =
    one.otherTarget === true && one.state !== 'present'
      ? ['circle-slash', 'descriptionForeground']
      : SIGNS[one.state];
  const words = one.state === 'present' ? '' : one.state;
  const { start } = one.range;
  const [manifest] = one.manifests ?? [];
  return {
    id: `${parent}/${one.id}`,
    label: one.name,
    description: [one.version, words, size(one.bytes)].filter((part) => part !== '').join(' · '),
    icon,
    colour,
    spoken: [`${one.name} ${one.version}`, one.state === 'present' ? 'here' : one.state, size(one.bytes)]
      .filter((part) => part !== '')
      .join(', '),
    tooltip: () => artifactText(one),
    kind: `artifact.${one.otherTarget === true ? 'other' : one.state}${manifest === undefined ? '' : '.named'}`,
    open: { file: one.file, line: start.line, utf16: start.utf16 },
    subject: {
      workspace,
      artifacts: [one.id],
      text: `${one.name} ${one.version}`,
      ...(manifest === undefined
        ? {}
        : {
            manifest: {
              file: manifest.file,
              line: manifest.range.start.line,
              utf16: manifest.range.start.utf16,
            },
          }),
    },
  };
}

/** More than this many names in a hover are counted. */
const MOST_NAMED = 8;

export function artifactText(one: Artifact): string {
  const needed = one.neededBy.slice(0, MOST_NAMED).map(code).join(', ');
  const more = one.neededBy.length - MOST_NAMED;
  const bytes = size(one.bytes);
  return [
    `**${escape(one.name)} ${escape(one.version)}** (${escape(one.ecosystem)}): ${one.state === 'present' ? 'here' : one.state}${bytes === '' ? '' : `, ${bytes}`}${one.state === 'present' ? (one.verified === true ? ', checksum compared' : ', checksum not compared yet') : ''}`,
    prose(capitalised(one.evidence)),
    ...(needed === '' ? [] : [`Needed by ${needed}${more > 0 ? ` and ${figure(more)} more` : ''}`]),
    ...(one.lookedIn ?? []).map((place) => `Looked in ${code(place)}`),
  ].join('\n\n');
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** By name, then version, as a person expects: `a2` before `a10`. */
function compare(left: Artifact, right: Artifact): number {
  return (
    left.name.localeCompare(right.name, 'en', { numeric: true }) ||
    left.version.localeCompare(right.version, 'en', { numeric: true })
  );
}

function sum(lockfiles: readonly EcosystemReadiness[]) {
  const all = {
    total: 0,
    present: 0,
    missing: 0,
    corrupt: 0,
    stale: 0,
    unknown: 0,
    verified: 0,
    otherTargets: 0,
  };
  let bytes: number | null = null;
  for (const one of lockfiles) {
    for (const kind of Object.keys(all) as (keyof typeof all)[]) {
      all[kind] += one[kind];
    }
    if (typeof one.bytes === 'number') {
      bytes = (bytes ?? 0) + one.bytes;
    }
  }
  return { ...all, bytes };
}

function join(folder: string, relative: string): string {
  return slashes(`${folder.replace(/[\\/]+$/, '')}/${relative}`);
}

function slashes(file: string): string {
  return file.replaceAll('\\', '/');
}
