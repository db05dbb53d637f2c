// A workspace with three roots: one that lacks something, one with a space and letters beyond ASCII, one without a
// lockfile; and a file outside any of them. Asserts what the window shows.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';

const NAME = 'mein Projekt ö ж (1)';

export const roots = {
  name: 'three roots',
  trusted: true,
  real: true,
  prepare(project) {
    const beside = path.dirname(project.workspace);
    cpSync(project.workspace, path.join(beside, NAME), { recursive: true });
    mkdirSync(path.join(beside, 'notes'));
    writeFileSync(path.join(beside, 'notes', 'plain.txt'), 'nothing to see\n');
    writeFileSync(path.join(beside, 'outside.txt'), '<<<<<<< HEAD\na\n=======\nb\n>>>>>>> feature\n');
    const file = path.join(beside, 'three.code-workspace');
    writeFileSync(
      file,
      JSON.stringify({ folders: ['workspace', NAME, 'notes'].map((name) => ({ path: name })) }),
    );
    return { workspace: file };
  },
  async run({ steps, window, project }) {
    const beside = path.dirname(project.workspace);

    await steps.step(
      'one status bar item speaks for the workspace, and its tooltip has every folder',
      async () => {
        await window.waitForStatus(/^offline: [\d,]+ of [\d,]+$/);
        await until('all three folders', async () => {
          const text = await window.statusTooltip('Other folders');
          expectText(text, 'Cargo.lock', NAME, 'notes', 'no lockfile');
          return true;
        });
        expect(
          (await window.page.locator('.statusbar-item[id^="holdover.holdover"]').count()) === 1,
          'more than one item',
        );
        await window.shot('01-three-roots-dark');
        await window.leaveHover();
      },
    );

    await steps.step('the tree has a row for each folder, and the badge counts them all', async () => {
      await window.openViews();
      const rows = await until('three rows', async () => {
        const found = await window.rows('Readiness');
        return found.filter((one) => one.startsWith('folder ')).length === 3 && found;
      });
      expectText(
        rows.join('\n'),
        /^folder workspace, .*3 missing/m,
        new RegExp(`^folder ${NAME.replace(/[()]/g, '.')}, .*3 missing`, 'm'),
      );
      await until('the badge', async () =>
        (await window.page.locator('.activitybar .badge-content:visible').allInnerTexts()).includes('6'),
      );
      await window.page.mouse.move(900, 300);
      await window.shot('02-tree-dark');
    });

    await steps.step('a row below the folder with the hard name opens its line', async () => {
      const [{ name, version, line }] = project.missing;
      await window.page.locator('.pane .monaco-list-row[aria-label^="cargo, "]').nth(1).click();
      const wanted = window.page.locator(`.pane .monaco-list-row[aria-label^="${name} ${version}"]`);
      await until('its artifacts', async () => (await wanted.count()) === 1);
      await wanted.click();
      await until('the path in the editor', async () =>
        (await window.page.locator('.breadcrumbs-control').first().innerText()).includes('Cargo.lock'),
      );
      const place = window.page.locator('.statusbar-item[id="status.editor.selection"]');
      await until('the cursor', async () => (await place.innerText()).includes(`Ln ${line},`));
      await window.squiggle(`name = "${name}"`);
      expectText(await window.statusTooltip('Other folders'), `in ${NAME}`);
      await window.leaveHover();
    });

    await steps.step('the check of that folder has links that open its lines', async () => {
      await window.command('Holdover: Check This Project');
      await window.preview(/Missing \(3\)/);
      const [{ name, line }] = project.missing;
      await until('the link', async () => {
        for (const frame of window.page.frames()) {
          const link = frame
            .locator('.markdown-body li')
            .filter({ hasText: name })
            .locator('a', { hasText: `Cargo.lock line ${line}` });
          if ((await link.count()) > 0) {
            await link.first().click();
            return true;
          }
        }
        return false;
      });
      const place = window.page.locator('.statusbar-item[id="status.editor.selection"]');
      await until('the cursor', async () => (await place.innerText()).includes(`Ln ${line},`));
      const title = await window.page.locator('.tab.active').first().getAttribute('aria-label');
      const shown = await window.page.locator('.breadcrumbs-control').last().innerText();
      expectText(`${title}\n${shown}`, NAME);
    });

    await steps.step('a file outside any root is looked after too', async () => {
      const box = window.page.locator('.quick-input-widget:visible input').first();
      await window.command('File: Open File...');
      await until('the file, by its path in the dialog', async () => {
        await box.fill(path.join(beside, 'outside.txt'), { timeout: 2000 });
        const row = window.page
          .locator('.quick-input-list .monaco-list-row')
          .filter({ hasText: 'outside.txt' });
        await row.first().waitFor({ timeout: 3000 });
        await row.first().click({ timeout: 2000 });
        await window.page.locator('.tab.active[data-resource-name="outside.txt"]').waitFor({ timeout: 5000 });
        return true;
      });
      expect((await window.squiggle('<<<<<<< HEAD')) === 'error', 'it is no error');
      await window.waitForStatus(/^offline: [\d,]+ of [\d,]+$/);
      await window.shot('03-outside-dark');
      const shown = await window.notifications();
      expect(shown.length === 0, `notifications: ${shown.join(' | ')}`);
    });
  },
};
