// The notes in words: by file, what is not saved first, and below each file what happened to it.
// May not know the editor; words for authors, places and states are the server's.
import type { Note, NoteDraft, NoteReport, TrailEntry } from '../contract.ts';
import { escape } from './markdown.ts';
import type { Row } from './tree.ts';

type Trail = (file: string) => Promise<readonly TrailEntry[]>;

export function noteRows(workspace: string, report: NoteReport, trail: Trail): Row[] {
  const files = new Map<string, Note[]>();
  for (const note of report.notes) {
    const file = note.place.path ?? '';
    files.set(file, [...(files.get(file) ?? []), note]);
  }
  return [
    ...report.drafts.map((draft) => draftRow(workspace, draft)),
    ...[...files].map(([file, notes]) => fileRow(workspace, file, notes, trail)),
  ];
}

function draftRow(workspace: string, draft: NoteDraft): Row {
  const description = `not saved · ${draft.place.text}`;
  return {
    id: draft.id,
    label: draft.title,
    description,
    icon: 'edit',
    colour: 'list.warningForeground',
    spoken: `${draft.title}, not saved, ${draft.place.text}`,
    tooltip: () => escape(draft.about),
    kind: 'noteDraft',
    open: { draft: draft.id, workspace },
    subject: { workspace, text: draft.id },
  };
}

function fileRow(workspace: string, file: string, notes: readonly Note[], trail: Trail): Row {
  const label = file === '' ? 'Workspace' : file;
  const count = notes.length === 1 ? '1 note' : `${notes.length} notes`;
  const history: Row = {
    id: `${workspace}/${file}/trail`,
    label: 'What happened here',
    icon: 'history',
    spoken: `What happened to ${label}`,
    kind: 'noteTrail',
    children: async () => trailRows(workspace, await trail(file)),
    subject: { workspace, text: file },
  };
  return {
    id: `${workspace}/${file}`,
    label,
    description: count,
    icon: file === '' ? 'root-folder' : 'file',
    spoken: `${label}, ${count}`,
    kind: 'noteFile',
    expanded: true,
    children: () => [...notes.map((note) => noteRow(workspace, note)), history],
    subject: { workspace, text: file },
  };
}

function noteRow(workspace: string, note: Note): Row {
  const { place } = note;
  const line = place.range === undefined || place.range === null ? '' : `line ${place.range.start.line + 1}`;
  const parts = [line, place.remark, note.shared ? 'shared' : 'personal'].filter((part) => part !== '');
  return {
    id: note.id,
    label: note.title,
    description: parts.join(' · '),
    icon: note.versions.length > 1 ? 'git-compare' : deliveryIcon(note.state),
    spoken: [note.title, ...parts, note.about].join(', '),
    tooltip: () => `${escape(place.text)}\n\n${escape(note.about)}`,
    kind: 'note',
    open:
      place.path === undefined || place.path === null || place.grade === 'gone'
        ? { note: note.id, workspace }
        : { file: `${workspace}/${place.path}`, line: place.range?.start.line ?? 0, utf16: 0 },
    subject: { workspace, text: note.id },
  };
}

function trailRows(workspace: string, entries: readonly TrailEntry[]): Row[] {
  return entries.map((entry) => ({
    id: `trail/${entry.id}`,
    label: entry.what,
    description: `${entry.by} · ${entry.time} · ${entry.stateText}`,
    icon: deliveryIcon(entry.state),
    spoken: [entry.what, entry.by, entry.time, entry.stateText].join(', '),
    tooltip: () =>
      `${escape(entry.what)}\n\n${escape(entry.by)}, ${escape(entry.time)}, ${escape(entry.stateText)}`,
    kind: entry.kind === 'conflict.resolved' ? 'trailResolution' : 'trailEntry',
    open: { entry: entry.id },
    subject: { workspace, text: entry.id },
  }));
}

/** How far an event has come: written, on the disk for good, sealed, with others. */
export function deliveryIcon(state: string): string {
  switch (state) {
    case 'saved':
      return 'circle-outline';
    case 'durable':
      return 'pass';
    case 'sealed':
      return 'lock';
    case 'uploaded':
      return 'cloud';
    case 'seen':
      return 'eye';
    default:
      return 'question';
  }
}
