// One of the project's own linters: what it finds is underlined with its own code, stands in the tree, and is mended by a quick fix.
// Asserts what the window shows; always with the real server and the real Ruff, with and without a network.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';

export const checks = {
  name: 'checks',
  trusted: true,
  real: true,
  denied: true,
  prepare(project, tools) {
    // The project's own: the editor takes PATH from a shell of its own.
    const own = path.join(project.workspace, '.venv/bin');
    mkdirSync(own, { recursive: true });
    symlinkSync(path.join(tools, 'linters/bin/ruff'), path.join(own, 'ruff'));
    writeFileSync(path.join(project.workspace, 'ruff.toml'), "lint.select = ['F']\n");
    writeFileSync(path.join(project.workspace, 'a.py'), "import os\nimport sys\n\nprint('é😀', sys.argv)\n");
  },
  async run({ steps, window }) {
    const text = async () =>
      (await window.page.locator('.monaco-editor .view-line').allInnerTexts())
        .join('\n')
        .replace(/\u00a0/g, ' ');

    await steps.step('what Ruff finds is a problem with its name and code', async () => {
      await window.waitForStatus(/^offline: \d/);
      await window.openFile('a.py', 1, 8);
      const row = await until('a row', async () =>
        (await window.problems('F401')).find((one) => one.includes('F401')),
      );
      expectText(row, 'imported but unused');
      expectText(row, 'ruff');
    });

    await steps.step('the tree says how each check stands', async () => {
      await window.openViews();
      await window.section('Checks');
      const rows = await until('a row of Ruff', async () => {
        const found = await window.rows('Checks');
        return found.some((one) => /^ruff, failed · 1 finding/.test(one)) && found;
      });
      expect(
        rows.some((one) => one.startsWith('lints')),
        `the built-in lints are not there: ${rows.join(' | ')}`,
      );
      await window.shot('01-checks-dark');
    });

    await steps.step('a quick fix mends it, and it is gone', async () => {
      await window.openFile('a.py', 1, 8);
      await window.quickFixes();
      await window.chooseQuickFix(/Ruff: Remove unused import: `os`/);
      await until('the fix', async () => !(await text()).includes('import os'));
      await until('no row', async () => !(await window.problems('F401')).some((one) => one.includes('F401')));
    });
  },
};
