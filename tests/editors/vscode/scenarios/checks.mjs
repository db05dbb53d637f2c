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
    const build = ['sh', '-c', "echo begun; echo 'a.py:2:1: error: no such thing'; exit 3"];
    writeFileSync(
      path.join(project.workspace, 'holdover.toml'),
      `[checks]\nbuild = ${JSON.stringify(build)}\n`,
    );
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

    await steps.step('a build is run with its log beside, and its error stands in the file', async () => {
      await window.command('Holdover: Run Builds and Tests');
      const log = await until('the log', async () => {
        const shown = await text();
        return shown.includes('# build: failed with exit code 3') && shown.includes('begun') && shown;
      });
      // A narrow window wraps it.
      expectText(log.replace(/\s+/g, ' '), 'First error, line 2: `a.py:2:1: error: no such thing`');
      await until('a row', async () =>
        (await window.problems('no such thing')).find((one) => one.includes('no such thing')),
      );
      await until('a row of the step', async () =>
        (await window.rows('Checks')).some((one) => /^build, failed · failed with exit code 3/.test(one)),
      );
      await window.shot('02-build-dark');
      await window.closeEditors();
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
