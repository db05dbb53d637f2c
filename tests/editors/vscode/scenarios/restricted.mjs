// A workspace that is not trusted: the server is told so, what is missing is still shown, and trust granted reaches it.
// Asserts what the window shows and, with the pretended server, what it was told.
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';

export const restricted = {
  name: 'restricted mode',
  trusted: false,
  settings: {
    'security.workspace.trust.enabled': true,
    'security.workspace.trust.startupPrompt': 'never',
    'security.workspace.trust.banner': 'never',
  },
  async run({ steps, window, fake, told, extensionLog }) {
    const tooltip = async () => {
      const text = await window.statusTooltip('Cargo.lock');
      await window.leaveHover();
      return text;
    };

    await steps.step('a restricted window still shows what is missing', async () => {
      await window.waitForStatus(/^offline: [\d,]+ of [\d,]+$/);
      expectText(await tooltip(), 'Restricted: nothing that this workspace configures is run');
      await window.shot('01-restricted-dark');
    });

    await steps.step('the tree is there, in a window that runs nothing', async () => {
      await window.openViews();
      await until('a row', async () =>
        (await window.rows('Readiness')).some((one) => one.includes('missing')),
      );
      await window.page.mouse.move(900, 300);
      await window.shot('03-restricted-tree-dark');
    });

    await steps.step('the server is told that the workspace is not trusted', async () => {
      expectText(extensionLog(), 'workspace not trusted');
      if (fake) expect(told()[0].initialize.trusted === false, JSON.stringify(told()[0]));
    });

    await steps.step('trust that is granted reaches the server', async () => {
      await window.command('Workspaces: Manage Workspace Trust');
      await window.page
        .locator('.workspace-trust-editor .monaco-button')
        .filter({ hasText: /^Trust$/ })
        .first()
        .click();
      await window.page.locator('.monaco-modal-editor-block .codicon-close').first().click();
      await until('the restriction to be gone', async () => !(await tooltip()).includes('Restricted'));
      if (fake) {
        const change = told().find((one) => one.notification === 'holdover/didChangeTrust');
        expect(change?.params.trusted === true, JSON.stringify(told()));
        expect(told().filter((one) => one.initialize).length === 1, 'the server was started again');
      }
      await window.shot('02-trusted-dark');
    });
  },
};
