// The trees of conflicts, checks, the sync queue and reviews in words; each is empty where there is nothing to show.
// May not know the editor. What this version of the server does not tell is not made up here.
import type { ConflictFile, RecordConflict, Status } from '../contract.ts';
import { age } from './age.ts';
import { code, counted, escape, figure } from './markdown.ts';
import { name } from './statusItem.ts';
import type { Row } from './tree.ts';

export function conflictRows(files: readonly ConflictFile[], workspace: string): Row[] {
  return files.map((file) => {
    const malformed = file.malformed ?? [];
    const count = counted(file.regions.length, 'conflict');
    const broken = malformed.length === 0 ? '' : counted(malformed.length, 'stray marker');
    const words = [...(file.regions.length > 0 ? [count] : []), ...(broken === '' ? [] : [broken])].join(
      ', ',
    );
    const short = file.path.startsWith(workspace)
      ? file.path.slice(workspace.length).replace(/^[\\/]/, '')
      : file.path;
    return {
      id: file.path,
      label: name(file.path),
      description: [words, ...(short === name(file.path) ? [] : [short])].join(' · '),
      icon: 'file',
      spoken: `${short}, ${words}`,
      tooltip: () => code(file.path),
      kind: 'conflictFile',
      expanded: true,
      children: () => [
        ...file.regions.map(({ range, sides }): Row => {
          const labels = sides.map((side) => side.label || 'unnamed').join(' or ');
          const lines = `Lines ${figure(range.start.line + 1)} to ${figure(range.end.utf16 === 0 && range.end.line > range.start.line ? range.end.line : range.end.line + 1)}`;
          return {
            id: `${file.path}:${range.start.line}`,
            label: lines,
            description: labels,
            icon: 'git-merge',
            colour: 'list.warningForeground',
            spoken: `conflict, ${lines}, ${labels}`,
            tooltip: () =>
              sides
                .map(
                  (side, index) =>
                    `${index === 0 ? 'Current' : 'Incoming'}: ${escape(side.label || 'unnamed')}`,
                )
                .join('\n\n'),
            kind: 'conflict',
            open: { file: file.path, line: range.start.line, utf16: range.start.utf16 },
          };
        }),
        ...malformed.map(({ range, message }): Row => ({
          id: `${file.path}:${range.start.line}:stray`,
          label: `Line ${figure(range.start.line + 1)}`,
          description: message,
          icon: 'question',
          spoken: `stray marker, line ${range.start.line + 1}, ${message}`,
          tooltip: () => escape(message),
          kind: 'strayMarker',
          open: { file: file.path, line: range.start.line, utf16: range.start.utf16 },
        })),
      ],
    };
  });
}

/** Records that several wrote at once, below the files: a click shows the versions beside each other. */
export function recordRows(records: readonly RecordConflict[], workspace: string): Row[] {
  return records.map((record) => {
    const versions = counted(record.sides.length, 'version');
    const what = `${capitalised(record.kind)}: ${record.title}`;
    const open = { record: record.entity, workspace };
    return {
      id: record.entity,
      label: what,
      description: `${versions} · ${record.place}`,
      icon: 'note',
      spoken: `${what}, ${versions}, ${record.place}`,
      tooltip: () => escape(record.message),
      kind: 'recordConflictHead',
      expanded: true,
      children: () => {
        const labels = record.sides.map(({ label }) => label).join(' or ');
        return [
          {
            id: `${record.entity}:${record.field}`,
            label: record.field === 'body' ? 'Text' : capitalised(record.field),
            description: labels,
            icon: 'git-merge',
            colour: 'list.warningForeground',
            spoken: `conflict, ${record.field === 'body' ? 'text' : record.field}, ${labels}`,
            tooltip: () => escape(record.message),
            kind: 'recordConflict',
            open,
          },
        ];
      },
    };
  });
}

const CHECKS: Record<Status['checks'][number]['state'], [icon: string, colour: string]> = {
  running: ['sync~spin', 'foreground'],
  passed: ['pass', 'testing.iconPassed'],
  failed: ['error', 'list.errorForeground'],
  stale: ['history', 'descriptionForeground'],
  unavailable: ['circle-slash', 'descriptionForeground'],
};

export function checkRows({ workspace, checks }: Status, now: Date): Row[] {
  return checks.map((check) => {
    const [icon, colour] = CHECKS[check.state];
    const ran = age(check.ranAt, now);
    const found = check.findings > 0 ? counted(check.findings, 'finding') : '';
    const told = check.text === undefined || check.text === '' ? [found, ran] : [check.text];
    const words = [check.state, ...told].filter((part) => part !== '').join(' · ');
    return {
      id: `${workspace}/${check.name}`,
      label: check.name,
      description: words,
      icon,
      colour,
      spoken: `${check.name}, ${words}`,
      ...(check.isStep === true
        ? { kind: `step.${check.state}`, subject: { workspace, text: check.name } }
        : { kind: `check.${check.state}` }),
    };
  });
}

export function syncRows({ workspace, sync }: Status, now: Date): Row[] {
  if (sync.state === 'disabled') {
    return [];
  }
  const row = (id: string, label: string, description: string, icon: string): Row => ({
    id: `${workspace}/${id}`,
    label,
    description,
    icon,
    spoken: `${label}, ${description}`,
    kind: `sync.${id}`,
  });
  const last = age(sync.lastSuccess, now);
  const next = age(sync.nextAttempt, now);
  return [
    row('waiting', 'Waiting', figure(sync.pending), 'cloud-upload'),
    ...(sync.failed > 0 ? [row('failed', 'Failed', figure(sync.failed), 'error')] : []),
    ...(sync.conflicts > 0 ? [row('conflicts', 'In conflict', figure(sync.conflicts), 'git-merge')] : []),
    row(
      'state',
      capitalised(sync.state),
      [last === '' ? 'never done' : `last done ${last}`, ...(next === '' ? [] : [`next try ${next}`])].join(
        ' · ',
      ),
      'sync',
    ),
  ];
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
