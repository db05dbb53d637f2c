// Which dependencies of a project bring in an artifact, directly or through others, from the tools' own graphs.
// usage: brings.mjs cargo NAME… < output of cargo metadata   |   brings.mjs npm NAME… < package-lock.json
import { readFileSync } from 'node:fs';

const [tool, ...names] = process.argv.slice(2);
const input = JSON.parse(readFileSync(0, 'utf8'));

/** Everything that reaches one of the goals over edges `[from, to]`. */
function reaching(goals, edges) {
  const above = new Map();
  for (const [from, to] of edges) above.set(to, [...(above.get(to) ?? []), from]);
  const reached = new Set(goals);
  for (const one of reached) for (const from of above.get(one) ?? []) reached.add(from);
  return reached;
}

function cargo() {
  const { packages, resolve, workspace_members: members } = input;
  const edges = resolve.nodes.flatMap((node) => node.deps.map((dep) => [node.id, dep.pkg]));
  const reached = reaching(
    packages.filter((one) => names.includes(one.name)).map((one) => one.id),
    edges,
  );
  const root = packages.find((one) => members.includes(one.id));
  const direct = new Set(
    edges.filter(([from, to]) => from === root.id && reached.has(to)).map(([, to]) => to),
  );
  const found = new Set(packages.filter((one) => direct.has(one.id)).map((one) => one.name));
  return root.dependencies.filter((one) => found.has(one.name)).map((one) => one.rename ?? one.name);
}

function npm() {
  const all = input.packages;
  /** Where Node finds a package from a folder: beside it, or in any folder above. */
  const find = (from, name) => {
    for (
      let at = from;
      ;
      at = at.includes('/node_modules/') ? at.slice(0, at.lastIndexOf('/node_modules/')) : ''
    ) {
      const key = `${at ? `${at}/` : ''}node_modules/${name}`;
      if (all[key]) return key;
      if (at === '') return undefined;
    }
  };
  const needs = (one) => ({ ...one.peerDependencies, ...one.optionalDependencies, ...one.dependencies });
  const edges = Object.entries(all).flatMap(([key, one]) =>
    Object.keys(key === '' ? { ...needs(one), ...one.devDependencies } : needs(one)).map((name) => [
      key,
      find(key, name),
    ]),
  );
  const reached = reaching(
    names.map((name) => `node_modules/${name}`),
    edges,
  );
  const root = { ...needs(all['']), ...all[''].devDependencies };
  return Object.keys(root).filter((name) => reached.has(`node_modules/${name}`));
}

console.log([...new Set(tool === 'cargo' ? cargo() : npm())].join(' '));
