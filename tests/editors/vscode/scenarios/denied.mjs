// Without any network: the status says so quietly, getting fails with one sentence and no claim, everything else works.
// Asserts what the window shows; always with the real server, and only where the kernel gives loopback alone.
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';

export const denied = {
  name: 'no network',
  trusted: true,
  real: true,
  denied: true,
  continues: ['conflict', 'lints'],
  async run({ steps, window }) {
    await steps.step('the status says that there is no connection, as a normal state', async () => {
      await window.waitForStatus(/^offline: [\d,]+ of [\d,]+$/);
      const item = window.statusItem;
      expectText(await item.locator('a').getAttribute('aria-label'), 'no connection');
      expect((await item.locator('.codicon-debug-disconnect').count()) === 1, 'no sign of it');
      expectText(await window.statusTooltip('Cargo.lock'), /no connection since/i);
      await window.shot('01-no-network-dark');
      await window.leaveHover();
      const shown = await window.notifications();
      expect(shown.length === 0, `notifications: ${shown.join(' | ')}`);
    });

    await steps.step('the trees and the check work', async () => {
      await window.openViews();
      await until('what is missing', async () =>
        (await window.rows('Readiness')).some((one) => /^memchr .*missing/.test(one)),
      );
      await window.shot('03-tree-dark');
      await window.command('Holdover: Check This Project');
      await window.preview(/Missing \(3\)/);
    });

    await steps.step('getting what is missing says why it cannot, once, and claims nothing', async () => {
      await window.command('Holdover: Get What Is Missing');
      await window.page
        .locator('.notifications-toasts .notification-list-item')
        .filter({ hasText: 'Holdover: ' })
        .first()
        .waitFor({ timeout: 120_000 });
      // The progress closes behind it.
      const told = await until('one notification', async () => {
        const shown = await window.notifications();
        return shown.length === 1 && shown;
      });
      expectText(told[0], 'no route to any network');
      const toast = window.page.locator('.notifications-toasts .notification-list-item');
      expect((await toast.locator('.codicon-error').count()) === 0, 'having no network is told as an error');
      await window.shot('02-not-fetched-dark');
      expect(!/^offline: ([\d,]+) of \1$/.test(await window.statusText()), 'it claims that all is here');
    });
  },
};
