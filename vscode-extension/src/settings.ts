// Which settings the server is told: those that somebody set, never the editor's defaults.
// May not know the editor. The server lays the editor's settings over `holdover.toml`, so a default sent as if it were
// a choice would silently undo what the project says.

export interface Inspected {
  globalValue?: unknown;
  workspaceValue?: unknown;
  workspaceFolderValue?: unknown;
  globalLanguageValue?: unknown;
  workspaceLanguageValue?: unknown;
  workspaceFolderLanguageValue?: unknown;
}

export interface SettingsSource {
  /** The value in force, with the editor's own trust rules applied. */
  get: (key: string) => unknown;
  inspect: (key: string) => Inspected | undefined;
}

export type SettingsTree = Record<string, unknown>;

const SECTION = 'holdover';
/** Settings that are this extension's own business. */
const OWN = ['holdover.server.', 'holdover.trace.'];

/** Keys of the settings that the server knows, from the extension's manifest. */
export function serverKeys(manifest: unknown): string[] {
  const sections = (manifest as { contributes?: { configuration?: { properties?: object }[] } }).contributes
    ?.configuration;
  return (sections ?? [])
    .flatMap((section) => Object.keys(section.properties ?? {}))
    .filter((key) => !OWN.some((prefix) => key.startsWith(prefix)));
}

/** `{inventory: {enable: false}}` for example: what was set, nested, without the leading `holdover`. */
export function explicitSettings(keys: readonly string[], source: SettingsSource): SettingsTree {
  const tree: SettingsTree = {};
  for (const key of keys) {
    const inspected = source.inspect(key);
    const value = source.get(key);
    if (inspected === undefined || !isSet(inspected) || value === undefined || value === null) {
      continue;
    }
    const names = key.split('.').slice(1);
    const last = names.pop();
    if (last === undefined) {
      continue;
    }
    let node = tree;
    for (const name of names) {
      node = (node[name] ??= {}) as SettingsTree;
    }
    node[last] = value;
  }
  return tree;
}

/** What a `workspace/configuration` item asks for: all, `holdover`, or something below it. `null`: not ours. */
export function sectionOf(tree: SettingsTree, section: string | undefined): unknown {
  if (section === undefined || section === '') {
    return { [SECTION]: tree };
  }
  const [first, ...rest] = section.split('.');
  if (first !== SECTION) {
    return null;
  }
  let node: unknown = tree;
  for (const name of rest) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, name)) {
      return null;
    }
    node = (node as SettingsTree)[name];
  }
  return node;
}

function isSet(inspected: Inspected): boolean {
  return [
    inspected.globalValue,
    inspected.workspaceValue,
    inspected.workspaceFolderValue,
    inspected.globalLanguageValue,
    inspected.workspaceLanguageValue,
    inspected.workspaceFolderLanguageValue,
  ].some((value) => value !== undefined);
}
