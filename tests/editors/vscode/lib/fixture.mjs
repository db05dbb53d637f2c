// A private copy of a generated project with three artifacts taken out of its caches, and where they stand in the lockfiles.
// May not touch the project that it copies.
import { cpSync, existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

/** `from` holds workspace, cargo-home and npm-cache; so will `to`. `take`: names of two crates and one npm package. */
export function fixture(from, to, { crates, npm }) {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, {
    recursive: true,
    preserveTimestamps: true,
    verbatimSymlinks: true,
  });
  const place = {
    workspace: path.join(to, 'workspace'),
    cargoHome: path.join(to, 'cargo-home'),
    npmCache: path.join(to, 'npm-cache'),
  };
  const missing = [
    ...crates.map((name) => takeCrate(place, name)),
    ...npm.map((name) => takePackage(place, name)),
  ];
  return { ...place, missing };
}

function takeCrate({ workspace, cargoHome }, name) {
  const lines = readFileSync(path.join(workspace, 'Cargo.lock'), 'utf8').split('\n');
  const line = lines.indexOf(`name = "${name}"`);
  if (line < 0) throw new Error(`no ${name} in Cargo.lock`);
  const version = /"(.+)"/.exec(lines[line + 1])[1];
  let taken = 0;
  for (const part of ['cache', 'src']) {
    for (const registry of readdirSync(path.join(cargoHome, 'registry', part))) {
      for (const file of [`${name}-${version}.crate`, `${name}-${version}`]) {
        const target = path.join(cargoHome, 'registry', part, registry, file);
        if (existsSync(target)) {
          rmSync(target, { recursive: true });
          taken += 1;
        }
      }
    }
  }
  if (taken === 0) throw new Error(`${name} ${version} was not in the cache of ${cargoHome}`);
  return {
    file: 'Cargo.lock',
    name,
    version,
    line: line + 1,
    text: `name = "${name}"`,
  };
}

function takePackage({ workspace, npmCache }, name) {
  const text = readFileSync(path.join(workspace, 'package-lock.json'), 'utf8');
  const entry = JSON.parse(text).packages[`node_modules/${name}`];
  const line = text.split('\n').findIndex((one) => one.includes(`"node_modules/${name}": {`));
  const [algorithm, base64] = entry.integrity.split('-');
  const digest = Buffer.from(base64, 'base64').toString('hex');
  const content = path.join(
    npmCache,
    '_cacache/content-v2',
    algorithm,
    digest.slice(0, 2),
    digest.slice(2, 4),
    digest.slice(4),
  );
  if (!existsSync(content)) throw new Error(`${name} ${entry.version} was not in the cache: ${content}`);
  rmSync(content);
  return {
    file: 'package-lock.json',
    name,
    version: entry.version,
    line: line + 1,
    text: `node_modules/${name}`,
  };
}
