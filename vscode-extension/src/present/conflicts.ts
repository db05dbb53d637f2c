// Conflicts in words, and which of them the editor itself draws.
// May not know the editor.
import type { ConflictShown } from '../contract.ts';
import { counted } from './markdown.ts';

/** How all conflicts of a workspace may be resolved at once, in the order of a menu. */
export const WAYS = [
  {
    label: 'Take the trusted merges',
    detail: 'Only where both sides can be kept and merges of that kind were right; the rest stays.',
    resolve: 'auto',
  },
  { label: 'Accept the current change everywhere', resolve: 'current' },
  { label: 'Accept the incoming change everywhere', resolve: 'incoming' },
  { label: 'Accept both changes everywhere, current first', resolve: 'both' },
  { label: 'Accept both changes everywhere, incoming first', resolve: 'both-reversed' },
  { label: 'Accept the common ancestor wherever it is there', resolve: 'base' },
  { label: 'Accept neither change anywhere', resolve: 'none' },
] as const;

/** Whether the editor's own extension knows such a conflict, and so draws it: git's, with markers of seven characters. */
export function editorDraws({ style, length }: ConflictShown): boolean {
  return (style === 'merge' || style === 'diff3') && length === 7;
}

/** The line of the next conflict below a line, or above it; around the end of the file. */
export function nextLine(
  conflicts: readonly ConflictShown[],
  line: number,
  forward: boolean,
): number | undefined {
  const lines = conflicts.map(({ open }) => open);
  return forward
    ? (lines.find((open) => open > line) ?? lines[0])
    : (lines.findLast((open) => open < line) ?? lines.at(-1));
}

/** The files of the repositories that were chosen: of those that hold one, the innermost counts. */
export function filesWithin<T extends { path: string }>(
  files: readonly T[],
  repositories: readonly { path: string }[],
  chosen: readonly { path: string }[],
): T[] {
  const holds = ({ path }: { path: string }, file: string) =>
    file.startsWith(path) && /^[\\/]/.test(file.slice(path.length));
  return files.filter((file) => {
    const [inner] = repositories
      .filter((one) => holds(one, file.path))
      .toSorted((a, b) => b.path.length - a.path.length);
    return inner === undefined || chosen.includes(inner);
  });
}

/** What became of a choice for a whole workspace. */
export function resolvedSummary(answer: {
  conflicts: number;
  files: number;
  left: number;
  text?: string;
}): string {
  if (answer.text !== undefined) {
    return answer.text;
  }
  const left = answer.left === 0 ? 'none is left' : `${counted(answer.left, 'conflict')} left`;
  return answer.conflicts === 0
    ? `nothing to resolve in that way, ${left}`
    : `${counted(answer.conflicts, 'conflict')} resolved in ${counted(answer.files, 'file')}, ${left}`;
}

/** Lines of a document, both of them among it. */
export interface Lines {
  first: number;
  last: number;
}

/** A change of a document: what it put in place of what stood between two positions. */
export interface Edit {
  range: { start: { line: number }; end: { line: number; character: number } };
  text: string;
}

/** Where lines stand once all of `edits`, whose places are those of the text before any of them, are made. */
export function moved(lines: readonly Lines[], edits: readonly Edit[]): Lines[] {
  // From the end on, so that none moves the place of another.
  const upwards = edits.toSorted((a, b) => b.range.start.line - a.range.start.line);
  return lines.map((one) =>
    upwards.reduce(({ first, last }, { range: { start, end }, text }) => {
      const by = text.split('\n').length - 1 - (end.line - start.line);
      const isAbove = end.line < first || (end.line === first && end.character === 0 && start.line < first);
      const before = isAbove || (start.line === first && end.line === first && end.character === 0);
      if (before) {
        return { first: first + by, last: last + by };
      }
      return start.line > last ? { first, last } : { first, last: Math.max(first, last + by) };
    }, one),
  );
}
