// Explains a server whose version is not the extension's: what still works, and how to get the right one.
// May not know the editor or decide whether the server is used: it always is.
import type { BinarySource } from '../binary.ts';

export interface Versions {
  /** As the server names itself; `undefined`: it did not say. */
  server: string | undefined;
  extension: string;
  /** Commands that the server offers, as it named them at the start. */
  commands: readonly string[];
  source: BinarySource | undefined;
}

export interface Mismatch {
  age: 'older' | 'newer' | 'unknown';
  /** What differs, in one sentence. */
  differs: string;
  /** What still works and what does not. */
  works: string;
  /** How to get the right one. */
  next: string;
}

/** Commands of the server that something here rests on, and what is empty or missing without each. */
const RESTS_ON: readonly [command: string, what: string][] = [
  ['holdover.preflight', 'the readiness view and Check This Project'],
  ['holdover.fetch', 'Get What Is Missing'],
  ['holdover.prove', 'Build and Test Without a Network'],
  ['holdover.offline', 'Go Offline'],
  ['holdover.conflicts', 'the conflicts view'],
  ['holdover.journal', 'the journal view'],
];

/** `undefined`: both are of the same release, `0.1` of `0.1.7`. */
export function mismatch({ server, extension, commands, source }: Versions): Mismatch | undefined {
  if (server !== undefined && release(server) === release(extension)) {
    return undefined;
  }
  const order = server === undefined ? undefined : compare(server, extension);
  const older = order === undefined ? 'unknown' : order < 0 ? 'older' : 'newer';
  const lacking = RESTS_ON.filter(([command]) => !commands.includes(command)).map(([, what]) => what);
  return {
    age: older,
    differs:
      server === undefined
        ? `the server does not say its version; this extension is ${extension}`
        : `the server is ${server}, ${older} than this extension, which is ${extension}`,
    works:
      lacking.length === 0
        ? 'all that this extension asks of it is there; what only the newer of the two knows is not shown'
        : `it lacks what these need: ${lacking.join(', ')}; all else works`,
    next: older === 'newer' ? 'update the extension' : remedy(source),
  };
}

function remedy(source: BinarySource | undefined): string {
  switch (source) {
    case 'environment':
      return 'HOLDOVER_SERVER_PATH names this server: let it name a newer one';
    case 'setting':
      return 'the setting holdover.server.path names this server: update that program, or clear the setting to use the one that came with the extension';
    case 'path':
      return 'it was found in PATH: update that program';
    case 'bundled':
    case undefined:
      return 'it came with the extension: install the extension again';
  }
}

/** `0.1` of `0.1.7`: what has to agree between server and extension. */
function release(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

function compare(left: string, right: string): number {
  const parts = (version: string) => version.split(/[.+-]/).map((part) => Number.parseInt(part, 10) || 0);
  const [one, other] = [parts(left), parts(right)];
  for (let index = 0; index < 3; index += 1) {
    const difference = (one[index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  return 0;
}
