// Which `holdover` program to start, in a documented order, with one sentence for each decision.
// May not start anything, ask the user, or know the editor: the file system is handed in.
import * as path from 'node:path';

export type BinarySource = 'environment' | 'setting' | 'bundled' | 'path';

export interface Surroundings {
  /** Environment of the extension host. */
  env: Readonly<Record<string, string | undefined>>;
  /** `holdover.server.path` as the editor gives it: restricted to trusted sources by the editor. */
  setting: string | null | undefined;
  /** Folder the extension is installed in. */
  extensionFolder: string;
  trusted: boolean;
  platform: NodeJS.Platform;
  home: string;
  isExecutable: (file: string) => boolean;
}

export interface Lookup {
  /** The program, or `undefined` where none was found. */
  file: string | undefined;
  source: BinarySource | undefined;
  /** What was looked at, in order, and what came of it. */
  decisions: string[];
}

/** Names the program for tests and for those who build the server themselves. */
export const OVERRIDE = 'HOLDOVER_SERVER_PATH';

/**
 * Looks in this order: the environment's override, the setting, the program bundled with the extension, `PATH`.
 * What the user named and what cannot be run ends the search: another program in its place would be a guess.
 * `PATH` is only looked at in a trusted workspace, since a workspace can shape it.
 */
export function findServer(around: Surroundings): Lookup {
  const decisions: string[] = [];
  const found = (file: string, source: BinarySource, why: string): Lookup => {
    decisions.push(`${why}: ${file}`);
    return { file, source, decisions };
  };
  const nothing = (why: string): Lookup => {
    decisions.push(why);
    return { file: undefined, source: undefined, decisions };
  };

  const override = around.env[OVERRIDE];
  if (override) {
    return around.isExecutable(override)
      ? found(override, 'environment', `${OVERRIDE} names the server`)
      : nothing(`${OVERRIDE} names a file that cannot be run: ${override}`);
  }
  decisions.push(`${OVERRIDE} is not set`);

  const setting = around.setting?.trim();
  if (setting) {
    const file = expandHome(setting, around.home);
    if (!path.isAbsolute(file)) {
      return nothing(`the setting holdover.server.path is not an absolute path: ${setting}`);
    }
    return around.isExecutable(file)
      ? found(file, 'setting', 'the setting holdover.server.path names the server')
      : nothing(`the setting holdover.server.path names a file that cannot be run: ${file}`);
  }
  decisions.push('the setting holdover.server.path is not set');

  const program = around.platform === 'win32' ? 'holdover.exe' : 'holdover';
  const bundled = path.join(around.extensionFolder, 'server', program);
  if (around.isExecutable(bundled)) {
    return found(bundled, 'bundled', 'the extension brought a server');
  }
  decisions.push(`the extension brought no server: ${bundled}`);

  if (!around.trusted) {
    return nothing('PATH is not looked at, because the workspace is not trusted');
  }
  const folders = (around.env.PATH ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  for (const folder of folders) {
    const file = path.join(folder, program);
    if (around.isExecutable(file)) {
      return found(file, 'path', 'found in PATH');
    }
  }
  return nothing(`no ${program} in the ${folders.length} folders of PATH`);
}

function expandHome(file: string, home: string): string {
  return file === '~' || file.startsWith('~/') ? path.join(home, file.slice(1)) : file;
}
