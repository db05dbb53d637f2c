// The settings in the manifest are the contract's, and the server is told only what somebody set.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { explicitSettings, sectionOf, serverKeys } from '../src/settings.ts';

interface Setting {
  type: string | string[];
  default: unknown;
  scope: string;
  markdownDescription: string;
}
interface Manifest {
  contributes: {
    configuration: { properties: Record<string, Setting> }[];
    commands: { command: string }[];
  };
  capabilities: { untrustedWorkspaces: { restrictedConfigurations: string[] } };
}
interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  $defs?: Record<string, Schema>;
}

// Tests run in the extension's folder.
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const schema = JSON.parse(readFileSync('../docs/schema/holdover.schema.json', 'utf8')) as Schema;
const properties = Object.assign(
  {},
  ...manifest.contributes.configuration.map((one) => one.properties),
) as Record<string, Setting>;

/** Dotted camelCase keys of the contract's settings, with what the schema says of each. */
function contractSettings(): Map<string, Schema> {
  const found = new Map<string, Schema>();
  const walk = (node: Schema, prefix: string) => {
    const name = node.$ref?.split('/').pop();
    const resolved = name === undefined ? node : schema.$defs?.[name];
    assert.ok(resolved, `${node.$ref ?? prefix} is not in the schema`);
    if (resolved.properties === undefined) {
      found.set(prefix, node);
      return;
    }
    for (const [key, child] of Object.entries(resolved.properties)) {
      walk(child, `${prefix}.${key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())}`);
    }
  };
  walk({ $ref: '#/$defs/Settings' }, 'holdover');
  return found;
}

const asTypes = (type: string | string[] | undefined) => [type ?? []].flat().filter((one) => one !== 'null');

/** What only this extension knows. */
const OWN = ['holdover.server.path', 'holdover.trace.server'];

test("the manifest's settings are exactly the contract's, but for what only the extension knows", () => {
  const keys = [...contractSettings().keys()].sort();
  assert.ok(keys.length > 10, `${keys.length} settings in the schema`);
  assert.deepEqual(serverKeys(manifest).sort(), keys);
  assert.deepEqual(
    Object.keys(properties).filter((key) => !keys.includes(key)),
    OWN,
  );
});

test("each setting has the contract's type", () => {
  for (const [key, contract] of contractSettings()) {
    assert.deepEqual(asTypes(properties[key]?.type), asTypes(contract.type), key);
  }
});

test("each setting has the contract's default, and none where it depends on the machine", () => {
  let said = 0;
  for (const [key, contract] of contractSettings()) {
    // A list that is not set is an empty one, and a program's is the one that is found.
    const none: unknown =
      asTypes(contract.type).includes('array') && properties[key]?.default !== null ? [] : null;
    const words = /Default: `?(true|false|\d+|[a-z]+)`?\.$/.exec(contract.description ?? '')?.[1];
    if (words !== undefined) {
      said += 1;
    }
    const expected: unknown =
      words === undefined ? none : /^(true|false|\d+)$/.test(words) ? JSON.parse(words) : words;
    assert.deepEqual(properties[key]?.default, expected, key);
  }
  assert.ok(said >= 6, `${said} defaults are in the schema`);
});

test('each setting has a description, a default and a scope', () => {
  for (const [key, setting] of Object.entries(properties)) {
    assert.ok(setting.markdownDescription.length > 20, key);
    assert.notEqual(setting.default, undefined, key);
    assert.ok(
      ['resource', 'window', 'machine-overridable'].includes(setting.scope),
      `${key}: ${setting.scope}`,
    );
  }
});

test('what the contract calls trusted only is restricted in an untrusted workspace, and so is the path of the server', () => {
  const trustedOnly = [...contractSettings()]
    .filter(([, contract]) => contract.description?.includes('Trusted only') === true)
    .map(([key]) => key);
  assert.ok(trustedOnly.length > 0);
  assert.deepEqual(
    manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.toSorted(),
    [...trustedOnly, 'holdover.server.path'].sort(),
  );
});

test("the extension's commands are not the server's, which its client registers by itself", () => {
  const own = manifest.contributes.commands.map((one) => one.command);
  for (const taken of [
    'holdover.status',
    'holdover.preflight',
    'holdover.fetch',
    'holdover.offline',
    'holdover.conflicts',
    'holdover.resolveConflict',
    'holdover.journal',
    'holdover.check',
    'holdover.sync',
  ]) {
    assert.ok(!own.includes(taken), taken);
  }
});

test('a default that nobody chose is not told, so that holdover.toml still counts', () => {
  const values: Record<string, unknown> = {
    'holdover.inventory.enable': true,
    'holdover.inventory.exclude': ['vendor'],
  };
  const tree = explicitSettings(
    ['holdover.inventory.enable', 'holdover.inventory.exclude', 'holdover.fetch.cargo'],
    {
      get: (key) => values[key] ?? null,
      inspect: (key) => (key === 'holdover.inventory.exclude' ? { workspaceValue: ['vendor'] } : {}),
    },
  );
  assert.deepEqual(tree, { inventory: { exclude: ['vendor'] } });
});

test('a restricted value that the editor holds back is not told', () => {
  const tree = explicitSettings(['holdover.fetch.cargo'], {
    get: () => null,
    inspect: () => ({ workspaceValue: '/workspace/evil' }),
  });
  assert.deepEqual(tree, {});
});

test('a section is answered at any depth, and what is not ours is null', () => {
  const tree = { inventory: { enable: false } };
  assert.deepEqual(sectionOf(tree, 'holdover'), tree);
  assert.deepEqual(sectionOf(tree, 'holdover.inventory'), { enable: false });
  assert.equal(sectionOf(tree, 'holdover.inventory.enable'), false);
  assert.equal(sectionOf(tree, 'holdover.fetch'), null);
  assert.equal(sectionOf(tree, 'holdover.constructor'), null);
  assert.equal(sectionOf(tree, 'editor'), null);
  assert.deepEqual(sectionOf(tree, undefined), { holdover: tree });
});
