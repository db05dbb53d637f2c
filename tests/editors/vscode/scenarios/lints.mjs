// What a script reaches for: underlined as it is typed, explained, mended by a quick fix, or allowed with a reason.
// Asserts what the window shows; always with the real server.
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';
import { SCRIPT, putConflict } from './conflict.mjs';

const BUILD = 'cargo build';
const GET = 'curl -fsSLO https://downloads.acme.org/rules.json';

export const lints = {
  name: 'what a script reaches for',
  trusted: true,
  real: true,
  denied: true,
  prepare: putConflict,
  continues: ['conflict'],
  async run({ steps, window }) {
    const { page } = window;
    const line = (words) => page.locator('.monaco-editor .view-line').filter({ hasText: words }).first();
    const text = async () =>
      (await page.locator('.monaco-editor .view-line').allInnerTexts()).join('\n').replace(/\u00a0/g, ' ');
    const problems = (code) => async () =>
      (await window.problems(code)).filter((row) => row.includes(code)).length;

    await steps.step('what is typed into a script is underlined, and the Problems panel has it', async () => {
      await window.waitForStatus(/^offline: \d/);
      await window.openFile(SCRIPT, 2, 1);
      await page.keyboard.insertText(`${BUILD}\n${GET}\n`);
      expect((await window.squiggle(GET)) === 'warning', 'whether it is here cannot be told: a warning');
      await window.squiggle(BUILD);
      await until('its row', async () => (await problems('network-download')()) === 1);
      await window.problems();
      await window.openFile(SCRIPT, 3, 2);
      await window.shot('01-lints-dark');
    });

    await steps.step('the hover says what is fetched', async () => {
      const said = await window.hover('network-download', 'downloads.acme.org');
      expectText(said, /Holdover|holdover/);
      await window.leaveHover();
    });

    await steps.step('the quick fix puts the switches in, and the finding goes', async () => {
      await window.openFile(SCRIPT, 2, 3);
      const entries = await window.quickFixes();
      expect(
        entries.some((entry) => entry.includes('Build with `--locked --offline`')),
        `it is not among ${entries.join(' | ')}`,
      );
      await window.chooseQuickFix('Build with');
      await line('cargo build --locked --offline').waitFor();
      await until('no row', async () => (await problems('cargo-not-offline')()) === 0);
    });

    await steps.step('it is allowed with a comment, which wants a reason', async () => {
      await window.openFile(SCRIPT, 3, 3);
      await window.quickFixes();
      await window.chooseQuickFix('Allow `network-download` here');
      await until('the comment', async () =>
        (await text()).includes('# holdover: allow(network-download) reason=""'),
      );
      await until('the finding on it', async () => (await problems('allowance-without-reason')()) === 1);
      await window.openFile(SCRIPT, 3, '# holdover: allow(network-download) reason="'.length + 1);
      await page.keyboard.insertText('the mirror is on board');
      await until(
        'neither of them',
        async () =>
          (await problems('allowance-without-reason')()) === 0 &&
          (await problems('network-download')()) === 0,
      );
      await window.problems();
      await window.openFile(SCRIPT, 3, 3);
      await window.shot('02-allowed-dark');
    });
  },
};
