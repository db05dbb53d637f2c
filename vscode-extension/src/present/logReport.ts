// The log as a text that can be sent to somebody: what runs here, then the log's end, without the home folder's name.
// May not read files or the clipboard: both are handed in and out.

/** Characters of the log that are kept: its end, since what went wrong stands there. */
export const MOST_KEPT = 200_000;

export interface Surroundings {
  extension: string;
  server: string;
  editor: string;
  system: string;
  trusted: boolean;
  folders: number;
  standing: string;
}

export function logReport(around: Surroundings, log: string | undefined, home: string): string {
  const head = [
    'Holdover log',
    `extension: ${around.extension}`,
    `server: ${around.server}`,
    `state: ${around.standing}`,
    `editor: ${around.editor}`,
    `system: ${around.system}`,
    `workspace: ${around.folders} ${around.folders === 1 ? 'folder' : 'folders'}, ${around.trusted ? 'trusted' : 'not trusted'}`,
  ].join('\n');
  const body =
    log === undefined
      ? 'The editor keeps no file of the log; it stands in the output channel alone.'
      : tail(log);
  return redact(`${head}\n\n${body.trimEnd()}\n`, home);
}

/** The home folder becomes `~`, in paths and in addresses; user names and passwords in addresses become `***`. */
export function redact(text: string, home: string): string {
  let result = text.replace(/(\w+:\/\/)[^\s/@]+@/g, '$1***@');
  // A home of `/` names nobody, and would match every path.
  for (const form of new Set([
    home,
    home.replaceAll('\\', '\\\\'),
    encodeURI(home),
    home.replaceAll('\\', '/'),
  ])) {
    if (form.length > 1) {
      result = result.replaceAll(new RegExp(`${literal(form)}(?![\\w-])`, 'gi'), '~');
    }
  }
  return result;
}

function tail(log: string): string {
  if (log.length <= MOST_KEPT) {
    return log;
  }
  const kept = log.slice(-MOST_KEPT);
  return `… the beginning is left out\n${kept.slice(kept.indexOf('\n') + 1)}`;
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
