#!/usr/bin/env node
// Conflicts in a large file, Holdover's server and VS Code's own extension "Merge Conflict" in turns, by one clock in one process:
// from a change to where its conflicts stand, lenses, and each choice; then what each makes of markers that are hard to read.
// The extension runs as it was built, on a `vscode` module that holds one document and applies its edits as the editor does;
// it has no process to cross, the server has one. Prints tables for docs/performance.md; changes nothing outside a temporary folder.
//
// usage: merge_conflict.mjs EXTENSION HOLDOVER [ROUNDS]     EXTENSION: …/extensions/merge-conflict of an installed VS Code

import { loadavg } from 'node:os';
import { Extension } from './merge_conflict/extension.mjs';
import { Server } from './merge_conflict/server.mjs';
import { hard, large } from './merge_conflict/texts.mjs';

const [folder, program, rounds = '200'] = process.argv.slice(2);
if (!folder || !program) {
  console.error('usage: merge_conflict.mjs EXTENSION HOLDOVER [ROUNDS]');
  process.exit(2);
}

const middle = (times, part) =>
  times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))];
const ms = (time) => time.toFixed(2);
const timed = async (work) => {
  const begun = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - begun) / 1e6;
};

const text = large(10_000, 40);
const peers = { extension: new Extension(folder), holdover: await Server.start(program) };
for (const peer of Object.values(peers)) await peer.open(text);

const jobs = {
  // Above all of them, so that every one moves; then away again.
  'a line comes or goes above all conflicts, until all 40 are drawn anew': (peer, n) =>
    timed(() => peer.shift(n % 2 === 0)),
  'a letter is typed inside a conflict, until its place is known': (peer, n) => timed(() => peer.type(n)),
  'lenses of the whole file': (peer) => timed(() => peer.lenses()),
  ...Object.fromEntries(
    ['current', 'incoming', 'both'].map((choice) => [
      `accept ${choice} in the 20th conflict, until the edit is there`,
      async (peer) => {
        const time = await timed(() => peer.accept(choice, 19));
        await peer.open(text);
        return time;
      },
    ]),
  ),
  "accept current from the menu, which also looks for a merge (VS Code's own looks for none)": async (
    peer,
  ) => {
    const time = await timed(() => peer.accept('current', 19, true));
    await peer.open(text);
    return time;
  },
  'accept all current, until the edit is there': async (peer) => {
    const time = await timed(() => peer.acceptAll('current'));
    await peer.open(text);
    return time;
  },
};

console.log(
  `load ${loadavg()[0].toFixed(1)}, 10,000 lines, 40 conflicts, ${rounds} rounds in turns, p50 and p99 in ms\n`,
);
console.log("| what | VS Code's own | Holdover | ratio of p50 |\n|---|---|---|---|");
for (const [name, job] of Object.entries(jobs)) {
  const times = { extension: [], holdover: [] };
  const turns = name.startsWith('accept') ? Math.ceil(Number(rounds) / 2) : Number(rounds);
  for (let n = 0; n < turns + 5; n += 1) {
    for (const peer of n % 2 === 0 ? ['extension', 'holdover'] : ['holdover', 'extension']) {
      const time = await job(peers[peer], n);
      // The first five warm both up.
      if (n >= 5) times[peer].push(time);
    }
  }
  const [own, ours] = [times.extension, times.holdover].map((of) => [middle(of, 0.5), middle(of, 0.99)]);
  console.log(
    `| ${name} | ${own.map(ms).join(' / ')} | ${ours.map(ms).join(' / ')} | ${(ours[0] / own[0]).toFixed(2)} |`,
  );
}

console.log("\n| markers | VS Code's own | Holdover |\n|---|---|---|");
for (const one of hard) {
  const cells = [];
  for (const peer of [peers.extension, peers.holdover]) {
    const said = [];
    for (const [choice, wanted] of Object.entries(one.wanted)) {
      await peer.open(one.text);
      const found = await peer.accept(choice, one.conflict ?? 0);
      if (found !== wanted)
        said.push(found === one.text ? `${choice}: nothing happens` : `${choice}: ${JSON.stringify(found)}`);
    }
    cells.push(said.length === 0 ? 'right' : `wrong: ${said.join('; ')}`);
  }
  console.log(`| ${one.name} | ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
}
await peers.holdover.stop();
process.exit(0);
