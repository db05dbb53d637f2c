// Which notes stand on the same lines, and so are one thread of the editor; in words where a thread says something.
// May not know the editor; words for authors, places and states are the server's.
import type { Note, NoteDraft, NoteReport } from '../contract.ts';

/** Threads of one folder that are drawn; a window with more would be slow to scroll. */
const MOST = 1000;

export interface Thread {
  /** Relative to the folder. */
  path: string;
  /** First and last line from 0; absent where it is about the file as a whole. */
  lines?: { first: number; last: number };
  /** In the order in which they were written. */
  notes: Note[];
  /** What was being written there and is not saved. */
  drafts: NoteDraft[];
  /** Where it stands, and how it stands with that place. */
  label: string;
  /** Whether its lines are not found as they were, so that somebody may want to put it elsewhere. */
  lost: boolean;
}

export function noteThreads(report: NoteReport): Thread[] {
  const threads = new Map<string, Thread>();
  const at = ({ place }: Note | NoteDraft): Thread | undefined => {
    const { path, range, grade, remark } = place;
    if (path === undefined || path === null || grade === 'gone') {
      return undefined;
    }
    const lines =
      range === undefined || range === null ? undefined : { first: range.start.line, last: range.end.line };
    const key = JSON.stringify([path, lines]);
    const known = threads.get(key);
    if (known !== undefined) {
      return known;
    }
    const thread: Thread = {
      path,
      ...(lines === undefined ? {} : { lines }),
      notes: [],
      drafts: [],
      label: remark === '' ? `Notes on ${place.text}` : `Notes on ${place.text}: ${remark}`,
      lost: remark !== '',
    };
    threads.set(key, thread);
    return thread;
  };
  for (const note of report.notes) {
    at(note)?.notes.push(note);
  }
  for (const draft of report.drafts) {
    at(draft)?.drafts.push(draft);
  }
  return [...threads.values()].slice(0, MOST);
}

/** What stands beside the author of a note. */
export function noteLabel(note: Note): string {
  const several = note.versions.length > 1 ? ' · several versions' : '';
  return `${note.shared ? 'shared' : 'personal'} · ${note.stateText ?? note.state}${several}`;
}

/** Notes to choose from, those that need a new place first. */
export function lostFirst(notes: readonly Note[]): Note[] {
  const rank = ({ place: { grade, remark } }: Note) =>
    remark === '' ? 4 : ['gone', 'file', 'changed', 'moved'].indexOf(grade);
  return notes
    .map((note, index) => ({ note, index }))
    .sort((left, right) => rank(left.note) - rank(right.note) || left.index - right.index)
    .map(({ note }) => note);
}
