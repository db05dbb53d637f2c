// Without any network: the status says so quietly, getting fails with one sentence and no claim, everything else works.
// Asserts what the window shows; always with the real server, and only where the kernel gives loopback alone.
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';

export const denied = {
  name: 'no network',
  trusted: true,
  real: true,
  denied: 'only',
  continues: ['views', 'conflict'],
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

    await steps.step('checking works', async () => {
      await window.command('Holdover: Check This Project');
      await window.preview(/Missing \(3\)/);
    });

    await steps.step('getting what is missing says why it cannot, once, and claims nothing', async () => {
      await window.command('Holdover: Get What Is Missing');
      const told = await until(
        'the sentence',
        async () => {
          const shown = await window.notifications();
          return shown.some((one) => one.startsWith('Holdover: ')) && shown;
        },
        120_000,
      );
      expect(told.length === 1, told.join(' | '));
      await window.shot('02-not-fetched-dark');
      expect(!/^offline: ([\d,]+) of \1$/.test(await window.statusText()), 'it claims that all is here');
    });
  },
};
