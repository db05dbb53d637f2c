// Reads the level out of a line that the server wrote to stderr, so that the log channel can filter by it.
// May not change or drop lines.

export type Level = 'error' | 'warn' | 'info' | 'debug' | 'trace';

// What a terminal is coloured with, should the server take stderr for one.
// eslint-disable-next-line no-control-regex
const COLOUR = /\u001b\[[0-9;]*m/g;
const LINE = /^\s*(?:\d{4}-\d\d-\d\dT\S+\s+)?(ERROR|WARN|INFO|DEBUG|TRACE)\s+(.*)$/s;

/** `2026-01-01T00:00:00Z  WARN holdover_lsp: text` gives `warn` and the rest; a line of another shape is `info`, whole. */
export function serverLine(raw: string): { level: Level; text: string } {
  const line = raw.replace(COLOUR, '');
  const match = LINE.exec(line);
  return match?.[1] === undefined || match[2] === undefined
    ? { level: 'info', text: line }
    : { level: match[1].toLowerCase() as Level, text: match[2] };
}
