// A real merge, rebase and cherry-pick, their conflicts resolved by quick fixes, and gone on with by git: what comes out is
// the commit that it was to be.
// May not write into a file itself; always with the real server.
import path from 'node:path';
import { finish, make, markers } from '../../operations.mjs';
import { expect } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';

const MENU = {
  current: /^Accept current change/,
  incoming: /^Accept incoming change/,
  both: /^Accept both changes, current first/,
  'both-reversed': /^Accept both changes, incoming first/,
  base: /^Accept common ancestor/,
  none: /^Accept neither change/,
  merge: /^Accept the merge: one side only indented these lines/,
};
let operations;

export const operationsDone = {
  name: 'a merge, a rebase and a cherry-pick',
  trusted: true,
  real: true,
  prepare: (project) => {
    operations = make(path.join(project.workspace, 'operations'));
  },
  async run({ steps, window, project }) {
    const resolve = async (file, chosen) => {
      const name = path.basename(file);
      const lines = markers(file);
      expect(lines.length === chosen.length, `${name} has ${lines.length} conflicts, not ${chosen.length}`);
      // From the last to the first: what lies above stays where it was.
      for (let n = chosen.length - 1; n >= 0; n -= 1) {
        await window.openFile(name, lines[n], 3);
        const entries = await window.quickFixes();
        expect(
          entries.some((entry) => MENU[chosen[n]].test(entry)),
          `no ${chosen[n]} among ${entries.join(' | ')}`,
        );
        await window.chooseQuickFix(MENU[chosen[n]]);
        // Saved until it is there: the quick fix may still be on its way.
        await until(`conflict ${n + 1} of ${name} to be gone`, async () => {
          await window.press('Control+s');
          return markers(file).length === n;
        });
      }
    };

    for (const name of Object.keys(operations)) {
      await steps.step(`a ${name} that is resolved by quick fixes ends in the expected commit`, async () => {
        const { folder, stops } = operations[name];
        if (name === 'merge') await window.waitForStatus(/^offline: \d/);
        for (const [n, stop] of stops.entries()) {
          for (const { file, chosen } of stop) await resolve(path.join(folder, file), chosen);
          const came = finish(path.join(project.workspace, 'operations'), name);
          const expected = n + 1 < stops.length ? 'next' : 'equal';
          expect(came === expected, `git says ${came} after stop ${n + 1}, not ${expected}`);
        }
      });
    }
  },
};
