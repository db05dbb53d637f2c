// A server that is older than the extension: what it has is shown, and what it lacks is explained where one looks.
// Always with the server that pretends, which calls itself 0.0.9 and has neither conflicts nor a journal.
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';

/** How long the window is left alone; a minute in a run by hand. */
const IDLE_MS = Number(process.env.HOLDOVER_IDLE ?? 8) * 1000;

export const older = {
  name: 'an older server',
  trusted: true,
  pretends: true,
  continues: ['cancel'],
  env: () => ({ FAKE_VERSION: '0.0.9' }),
  async run({ steps, window, fixture, told }) {
    await steps.step('the status and the tree are there', async () => {
      await window.waitForStatus(/^offline: /);
      await window.openViews();
      await until('a row', async () =>
        (await window.rows('Readiness')).some((one) => one.startsWith('memchr ')),
      );
      expect(fixture.length > 0, 'no fixture');
    });

    await steps.step('the language status says what differs', async () => {
      await window.openFile('Cargo.toml');
      const text = await window.languageStatus();
      expectText(text, 'Holdover 0.0.9', 'older than the extension', 'Explain', 'Restart Server');
      await window.shot('01-older-dark');
      await window.leaveHover();
    });

    await steps.step(
      'its link opens a page that says what still works and how to get the right one',
      async () => {
        await window.page.locator('.statusbar-item[id="status.languageStatus"]').hover();
        await window.page.locator('.monaco-hover:visible a', { hasText: 'Explain' }).first().click();
        const text = await window.preview(/different versions/);
        expectText(text, 'the journal view', 'all else works', 'HOLDOVER_SERVER_PATH names this server');
        await window.page.mouse.move(900, 300);
        await window.shot('03-explained-dark');
      },
    );

    await steps.step('the journal explains itself, and nothing pops up', async () => {
      expectText(await window.welcome('Journal'), 'older than the extension', 'holdover journal log');
      await window.shot('02-journal-dark');
      const shown = await window.notifications();
      expect(shown.length === 0, `notifications: ${shown.join(' | ')}`);
    });

    await steps.step('a window that is left alone tells the server nothing and asks it nothing', async () => {
      // What the last step set off has come by then.
      await until('quiet', async () => {
        const before = told().length;
        await new Promise((resolve) => setTimeout(resolve, 1500));
        return told().length === before;
      });
      const before = told();
      expect(
        before.some((one) => one.asked !== undefined),
        'nothing was recorded at all',
      );
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      const since = told().slice(before.length);
      expect(since.length === 0, JSON.stringify(since));
    });
  },
};
