// What another extension reports already is not shown twice: rust-analyzer runs Clippy or `cargo check` itself, Ruff's and ESLint's own
// extensions report what they find. Compares what is shown; knows no extension by name, and hides nothing of Holdover's own findings.

/** A diagnostic, as far as it tells two of them apart. */
export interface Told {
  line: number;
  character: number;
  source: string;
  code: string;
  message: string;
}

/** One of a linter's codes under the name that all of them understand: `clippy::x` is `x`, `TS2322` is `2322`. */
function plain(code: string): string {
  const name = code.slice(code.lastIndexOf('::') < 0 ? 0 : code.lastIndexOf('::') + 2).toLowerCase();
  return /^ts\d+$/.test(name) ? name.slice(2) : name;
}

const firstLine = (message: string): string => (message.split('\n')[0] ?? '').trim();

/** Whether both say the same of the same place. */
export function isSame(one: Told, other: Told): boolean {
  if (one.line !== other.line || one.character !== other.character) {
    return false;
  }
  return one.code !== '' && other.code !== ''
    ? plain(one.code) === plain(other.code)
    : firstLine(one.message) === firstLine(other.message);
}

/** Which of ours are shown beside what others say. */
export function kept<T>(ours: readonly T[], others: readonly T[], read: (one: T) => Told): T[] {
  if (others.length === 0) {
    return [...ours];
  }
  const byLine = new Map<number, Told[]>();
  for (const other of others.map(read)) {
    byLine.set(other.line, [...(byLine.get(other.line) ?? []), other]);
  }
  return ours.filter((one) => {
    const told = read(one);
    return told.source === 'holdover' || !(byLine.get(told.line) ?? []).some((other) => isSame(told, other));
  });
}
