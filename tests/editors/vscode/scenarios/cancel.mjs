// A fetch that is stopped half-way: the server hears of it, nothing is claimed, and no error is shown.
// Always with the pretended server, whose fetch stands still half-way; a real one may be over before the button is pressed.
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';

export const cancel = {
  name: 'a fetch that is stopped',
  trusted: true,
  pretends: true,
  env: () => ({ FAKE_VERSION: '0.0.9', FAKE_ENDLESS: '1' }),
  async run({ steps, window, told, extensionLog }) {
    const toast = () =>
      window.page.locator('.notifications-toasts .notification-list-item').filter({ hasText: 'Getting' });

    await steps.step('Get What Is Missing shows its progress', async () => {
      await window.waitForStatus(/^offline: /);
      await window.command('Holdover: Get What Is Missing');
      await toast().first().waitFor({ timeout: 10_000 });
      await until('a report', async () => (await toast().first().innerText()).includes('of 10'));
      await window.shot('01-fetching-dark');
    });

    await steps.step('Cancel reaches the server', async () => {
      await toast().locator('a, .monaco-button').filter({ hasText: 'Cancel' }).first().click();
      await until('the server to hear of it', async () =>
        told().some((one) => one.notification === 'window/workDoneProgress/cancel'),
      );
      await until('the progress to be gone', async () => (await toast().count()) === 0);
    });

    await steps.step('what is missing is still missing, and stopping is no error', async () => {
      const text = await window.waitForStatus(/^offline: /);
      expect(!/^offline: ([\d,]+) of \1$/.test(text), text);
      await until('the log to say so', async () => extensionLog().includes('stopped as you asked'));
      expectText(extensionLog(), 'nothing new was fetched, 3 still missing');
      const shown = await window.notifications();
      expect(shown.length === 0, `notifications: ${shown.join(' | ')}`);
    });

    await steps.step('every command had one object with the workspace', async () => {
      const [fetched] = told().filter((one) => one.command === 'holdover.fetch');
      expect(fetched.arguments.length === 1, JSON.stringify(fetched));
      expectText(fetched.arguments[0].workspace, /workspace$/);
    });
  },
};
