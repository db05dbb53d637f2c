// Merge conflicts in a file and in an untitled document: underlined, and resolved by a quick fix that undo takes back.
// Asserts what the window shows; always with the real server.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';

const TEXT = [
  'one',
  '<<<<<<< HEAD',
  'let wait = 30;',
  '=======',
  'let wait = 60;',
  '>>>>>>> feature',
  'two 😀',
  '',
].join('\n');

/** A script in which nothing stands yet: lints.mjs types into it. */
export const SCRIPT = 'board.sh';

/** Before the editor starts, so that Quick Open knows the files. */
export function putConflict(project) {
  writeFileSync(path.join(project.workspace, 'wait.txt'), TEXT);
  writeFileSync(path.join(project.workspace, SCRIPT), '#!/bin/sh\n');
}

export const conflict = {
  name: 'merge conflicts',
  trusted: true,
  real: true,
  denied: true,
  prepare: putConflict,
  async run({ steps, window }) {
    const lines = () => window.page.locator('.monaco-editor .view-line').allInnerTexts();
    const text = async () => (await lines()).join('\n').replace(/\u00a0/g, ' ');

    await steps.step('a conflict is underlined and the Problems panel has it', async () => {
      await window.waitForStatus(/^offline: \d/);
      await window.openFile('wait.txt', 2, 3);
      expect((await window.squiggle('<<<<<<< HEAD')) === 'error', 'it is no error');
      await until('a row', async () =>
        (await window.problems('merge-conflict')).some((row) => row.includes('merge-conflict')),
      );
    });

    await steps.step('the quick fixes name both sides by their labels', async () => {
      await window.openFile('wait.txt', 2, 3);
      const entries = await window.quickFixes();
      for (const wanted of [
        'Accept current change: HEAD',
        'Accept incoming change: feature',
        'Accept both changes',
      ]) {
        expect(
          entries.some((entry) => entry.includes(wanted)),
          `${wanted} is not among ${entries.join(' | ')}`,
        );
      }
      await window.shot('01-conflict-dark');
    });

    await steps.step('the tree has it, with the names of its sides, and a click goes there', async () => {
      await window.press('Escape');
      await window.openViews();
      const rows = await until('its row', async () => {
        const found = await window.rows('Conflicts');
        return found.some((one) => one.startsWith('conflict, Lines 2 to 6')) && found;
      });
      expectText(rows.join('\n'), /^conflict, Lines 2 to 6, HEAD or feature/m, /^wait\.txt, 1 conflict/m);
      await window.page.mouse.move(900, 500);
      await window.shot('02-conflict-tree-dark');
      await window.openFile('wait.txt', 2, 3);
      await window.quickFixes();
    });

    await steps.step(
      'accepting the incoming side leaves its text alone, and undo takes it back',
      async () => {
        await window.chooseQuickFix('Accept incoming change');
        await until('the resolved text', async () => {
          const now = await text();
          return now.includes('let wait = 60;') && !now.includes('let wait = 30;') && !/[<=>]{7}/.test(now);
        });
        await until(
          'no squiggle',
          async () => (await window.page.locator('.cdr[class*="squiggly-"]').count()) === 0,
        );
        await window.press('Control+z');
        await until('the conflict again', async () => (await text()).includes('<<<<<<< HEAD'));
      },
    );

    await steps.step('an untitled document has them too', async () => {
      await window.command('File: New Untitled Text File');
      await window.page.locator('.tab.active[data-resource-name^="Untitled"]').waitFor();
      await window.page.keyboard.insertText(TEXT);
      expect((await window.squiggle('<<<<<<< HEAD')) === 'error', 'it is no error');
    });
  },
};
