// A server that is not there: the status bar says so and how to name one, and nothing pops up.
// Asserts what the window shows.
import { expect, expectText } from '../lib/steps.mjs';

export const absent = {
  name: 'no server',
  trusted: true,
  env: () => ({ HOLDOVER_SERVER_PATH: '/nonexistent/holdover' }),
  async run({ steps, window, extensionLog }) {
    await steps.step('the status bar says that there is no server, and where it was looked for', async () => {
      await window.waitForStatus(/^holdover: no server$/);
      await window.statusItem.hover();
      const tooltip = window.page
        .locator('.monaco-hover:visible')
        .filter({ hasText: 'Set the path' })
        .first();
      await tooltip.waitFor();
      expectText(await tooltip.innerText(), '/nonexistent/holdover', 'Show Log');
      await window.shot('01-no-server-dark');
      expectText(
        extensionLog(),
        'HOLDOVER_SERVER_PATH names a file that cannot be run: /nonexistent/holdover',
      );
    });

    await steps.step('the view says so too, and how to name one', async () => {
      await window.press('Escape');
      await window.openViews();
      expectText(
        await window.welcome('Readiness'),
        'was not found',
        'Set Its Path',
        'Show Where It Was Looked For',
      );
      await window.shot('02-view-dark');
    });

    await steps.step('nothing pops up', async () => {
      const shown = await window.notifications();
      expect(shown.length === 0, `notifications: ${shown.join(' | ')}`);
    });

    await steps.step('a command that needs the server is not offered, and Show Status explains', async () => {
      await window.press('Escape');
      const titles = await window.palette('Holdover: ');
      expect(!titles.includes('Holdover: Check This Project'), titles.join(' | '));
      await window.command('Holdover: Show Status');
      expectText(await window.preview(/No status yet/), '/nonexistent/holdover');
    });
  },
};
