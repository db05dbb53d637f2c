// What is left after the main job: the tree has everything here, and the journal has what was done, newest first.
// Asserts what the window shows; always with the real server.
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';

export const record = {
  name: 'the record',
  trusted: true,
  real: true,
  continues: ['mainJob'],
  async run({ steps, window }) {
    await steps.step('the badge is gone, and the tree has everything here', async () => {
      await window.theme('dark');
      await window.closeEditors();
      await window.openViews();
      await until('rows without anything missing', async () => {
        const rows = await window.rows('Readiness');
        return rows.some((one) => one.startsWith('cargo, ')) && !rows.some((one) => one.includes('missing'));
      });
      const item = window.page
        .locator('.activitybar .action-item')
        .filter({ has: window.page.locator('[aria-label^="Holdover"]') });
      expect((await item.locator('.badge-content:visible').count()) === 0, 'there is a badge');
    });

    await steps.step('the journal has the fetch, and an entry opens as a page', async () => {
      const rows = await until('a row of a fetch', async () => {
        const found = await window.rows('Journal');
        return found.some((one) => /^Fetch/.test(one)) && found;
      });
      expectText(rows.join('\n'), /^Readiness observed, [\d,]+ of [\d,]+/m);
      const entry = window.page.locator('.pane .monaco-list-row[aria-label^="Fetch"]').first();
      await entry.click();
      await window.preview(/fetch/i);
      await window.page.mouse.move(900, 300);
      await window.shot('01-journal-dark');
      await window.closeEditors();
      await window.command('View: Show Explorer');
    });
  },
};
