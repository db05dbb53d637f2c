// Writes the tarballs' addresses into a package-lock.json that has none, as npm itself writes them unless it is told not
// to: `addresses.mjs PACKAGE_LOCK`. The registry is the one that npm is configured for.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const file = process.argv[2];
if (file === undefined) {
  console.error('usage: addresses.mjs PACKAGE_LOCK');
  process.exit(2);
}
const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
const lock = JSON.parse(readFileSync(file, 'utf8'));
let written = 0;
for (const [place, entry] of Object.entries(lock.packages)) {
  if (!place.includes('node_modules/') || entry.link || entry.inBundle || entry.resolved) continue;
  const name = entry.name ?? place.split('node_modules/').pop();
  const { version, ...rest } = entry;
  const resolved = `${registry.replace(/\/?$/, '/')}${name}/-/${name.split('/').pop()}-${version}.tgz`;
  lock.packages[place] = { version, resolved, ...rest };
  written += 1;
}
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${written} addresses`);
