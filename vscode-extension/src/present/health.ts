// What the language status shows of the server: how it is, which one it is, and what to do about it.
// May not know the editor.
import type { BinarySource } from '../binary.ts';
import type { ServerStatus } from '../contract.ts';
import { code, escape } from './markdown.ts';
import type { Standing } from './statusItem.ts';
import { mismatch } from './version.ts';

export interface HealthInput {
  standing: Standing;
  health: ServerStatus | undefined;
  serverVersion: string | undefined;
  extensionVersion: string;
  commands: readonly string[];
  binary: string | undefined;
  source: BinarySource | undefined;
}

export interface HealthLine {
  text: string;
  detail: string;
  severity: 'information' | 'warning' | 'error';
  busy: boolean;
  /** For screen readers. */
  label: string;
  /** The server is of another version: there is more to say than fits here. */
  differs?: boolean;
}

const SOURCES: Record<BinarySource, string> = {
  environment: 'from HOLDOVER_SERVER_PATH',
  setting: 'from the setting holdover.server.path',
  bundled: 'came with the extension',
  path: 'found in PATH',
};

/** What differs between server and extension, as a page; `undefined`: nothing does. */
export function versionPage(input: HealthInput): string | undefined {
  const differs = mismatch({
    server: input.serverVersion,
    extension: input.extensionVersion,
    commands: input.commands,
    source: input.source,
  });
  return differs === undefined
    ? undefined
    : [
        '# Server and extension are of different versions',
        `${sentence(differs.differs)} ${sentence(differs.works)}`,
        '## What to do',
        sentence(differs.next),
        input.binary === undefined ? '' : `The server is ${code(input.binary)}.`,
        '',
      ].join('\n\n');
}

function sentence(text: string): string {
  return `${escape(text.charAt(0).toUpperCase() + text.slice(1))}.`;
}

/** How the server is: goes with a link to the log. */
export function health(input: HealthInput): HealthLine {
  const { standing, health: told } = input;
  const line = (
    text: string,
    detail: string,
    severity: HealthLine['severity'],
    busy = false,
  ): HealthLine => ({
    text,
    detail,
    severity,
    busy,
    label: `${text}: ${detail}`,
  });
  switch (standing.kind) {
    case 'starting':
      return line(
        'Holdover is starting',
        'the server was started and has not answered yet',
        'information',
        true,
      );
    case 'waiting':
      return line(
        'Holdover starts again',
        `the server ended; next start in ${standing.seconds} s, ${standing.death} of ${standing.most}`,
        'warning',
        true,
      );
    case 'absent':
      return line('Holdover has no server', standing.decisions.at(-1) ?? 'it was not found', 'error');
    case 'stopped':
      return line('Holdover is stopped', standing.reason, 'error');
    case 'running':
      break;
  }
  const title = `Holdover ${input.serverVersion ?? 'of an unknown version'}`;
  const differs = mismatch({
    server: input.serverVersion,
    extension: input.extensionVersion,
    commands: input.commands,
    source: input.source,
  });
  const busy = told !== undefined && !told.quiescent;
  if (differs !== undefined) {
    // One short line is all that fits; the page behind the link says what works and what to do.
    const short =
      differs.age === 'unknown'
        ? 'does not say its version'
        : `${differs.age} than the extension, ${input.extensionVersion}`;
    return { ...line(title, short, 'warning', busy), differs: true };
  }
  const state = told?.message ?? 'the server is well';
  return line(
    title,
    busy ? `${state}, at work` : state,
    told?.health === 'error' ? 'error' : told?.health === 'warning' ? 'warning' : 'information',
    busy,
  );
}

/** Which server it is: goes with a link that restarts it. */
export function origin({ binary, source }: HealthInput): HealthLine {
  const text = 'Holdover server';
  const detail = binary === undefined || source === undefined ? 'none was found' : SOURCES[source];
  return {
    text,
    detail,
    severity: 'information',
    busy: false,
    label: [text, detail, ...(binary === undefined ? [] : [binary])].join(', '),
  };
}
