// The journal in words: newest first, each event with who did it and how long ago.
// May not know the editor; what an event holds beyond its kind and its figures is the server's to word.
import type { JournalEntry } from '../contract.ts';
import { age, clock } from './age.ts';
import { code, escape, figure } from './markdown.ts';
import type { Row } from './tree.ts';

export function journalRows(events: readonly JournalEntry[], now: Date): Row[] {
  return events.toReversed().map((event) => {
    const what = title(event.kind);
    const told = gist(event.payload);
    const ago = age(event.at, now);
    return {
      id: event.id,
      label: what,
      description: [told, ago].filter((part) => part !== '').join(' · '),
      icon: icon(event.kind),
      spoken: [what, told, ago, `by ${event.actor.name}`].filter((part) => part !== '').join(', '),
      tooltip: (at) =>
        [
          `**${escape(what)}** ${escape(told)}`,
          `${clock(event.at, at)} (${age(event.at, at)}), by ${escape(event.actor.name)}, ${escape(event.state)}`,
          code(event.kind),
        ].join('\n\n'),
      kind: isResolution(event) ? 'journalResolution' : 'journalEntry',
      open: { entry: event.id },
      subject: { workspace: event.workspace ?? '', text: event.id },
    };
  });
}

/** Whether it resolved a conflict: of a file, or of a record, in place of whose versions it wrote one. */
export function isResolution({ kind, payload }: Pick<JournalEntry, 'kind' | 'payload'>): boolean {
  if (kind === 'conflict.resolved') {
    return true;
  }
  const ops: unknown =
    typeof payload === 'object' && payload !== null && 'ops' in payload ? payload.ops : undefined;
  return (
    /^note\.(edit|retract)$/.test(kind) &&
    Array.isArray(ops) &&
    ops.some((op: unknown) => {
      const pred: unknown = typeof op === 'object' && op !== null && 'pred' in op ? op.pred : undefined;
      return Array.isArray(pred) && pred.length > 1;
    })
  );
}

/** `fetch.finished` → `Fetch finished`. */
function title(kind: string): string {
  const words = kind.replace(/[._-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** `22 of 25`, or how it ended, or the file that it is about, where the payload says so. */
function gist(payload: unknown): string {
  if (typeof payload !== 'object' || payload === null) {
    return '';
  }
  const { present, total, state, outcome, path } = payload as Record<string, unknown>;
  if (typeof present === 'number' && typeof total === 'number') {
    return `${figure(present)} of ${figure(total)}`;
  }
  const word = outcome ?? state ?? path;
  return typeof word === 'string' ? word : '';
}

function icon(kind: string): string {
  const [family] = kind.split('.');
  switch (family) {
    case 'fetch':
      return 'cloud-download';
    case 'readiness':
      return 'checklist';
    case 'conflict':
      return 'git-merge';
    case 'trust':
      return 'shield';
    case 'offline':
      return 'debug-disconnect';
    default:
      return 'history';
  }
}
