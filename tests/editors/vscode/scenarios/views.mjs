// The view container, the walkthrough, the language status and the log for a report, with three artifacts missing.
// Asserts what the window shows and what a screen reader would say; changes nothing in the project.
import { homedir } from 'node:os';
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';
import { putConflict } from './conflict.mjs';

export const views = {
  name: 'views',
  trusted: true,
  prepare: putConflict,
  async run({ steps, window, project, fake, extensionLog }) {
    const row = (words) => window.page.locator(`.pane .monaco-list-row[aria-label^="${words}"]`).first();

    await steps.step(
      'the container has a badge with the count of what is missing, before it was ever opened',
      async () => {
        await window.waitForStatus(/^offline: [\d,]+ of [\d,]+$/);
        const item = window.page
          .locator('.activitybar .action-item')
          .filter({ has: window.page.locator('[aria-label^="Holdover"]') });
        await until('the badge', async () => (await item.locator('.badge-content').innerText()) === '3');
      },
    );

    await steps.step('the log tells how long the extension took to load and to activate', async () => {
      const [, loaded, activated] =
        /extension: loaded in ([\d.]+) ms, activated in ([\d.]+) ms/.exec(extensionLog()) ?? [];
      expect(activated !== undefined, extensionLog());
      console.log(`        loaded in ${loaded} ms, activated in ${activated} ms; 50 ms are the goal`);
    });

    await steps.step(
      'a chord of keys opens it, and the readiness tree has what is missing first',
      async () => {
        await window.openViews();
        const rows = await until('the rows of both lockfiles', async () => {
          const found = await window.rows('Readiness');
          return found.some((one) => one.startsWith('ms ')) && found;
        });
        const at = (words) => rows.findIndex((one) => one.startsWith(words));
        expectText(
          rows.join('\n'),
          /^cargo, [\d,]+ of [\d,]+ here, 2 missing/m,
          /^lockfile Cargo\.lock, /m,
          /^npm, /m,
        );
        const [one, two] = project.missing
          .filter(({ file }) => file === 'Cargo.lock')
          .map(({ name, version }) => `${name} ${version}, missing`)
          .sort();
        expect(at('lockfile Cargo.lock') + 1 === at(one) && at(one) + 1 === at(two), rows.join('\n'));
        await window.page.mouse.move(900, 300);
        await window.shot('01-readiness-dark');
      },
    );

    await steps.step('the hover of an artifact has its evidence', async () => {
      const { name, version } = project.missing[0];
      await row(`${name} ${version}`).hover();
      const hover = window.page.locator('.monaco-hover:visible').filter({ hasText: 'Needed by' }).first();
      await hover.waitFor();
      expectText(await hover.innerText(), name, 'missing', 'Looked in');
      await window.shot('02-artifact-hover-dark');
      await window.leaveHover();
    });

    await steps.step('its menu gets it, opens the manifest and copies its name', async () => {
      const { name, version } = project.missing[0];
      const menu = window.page
        .locator('.context-view .monaco-menu, .monaco-menu-container .monaco-menu')
        .first();
      // The row may be drawn anew under the mouse: then it is clicked again.
      await until('its menu', async () => {
        await row(`${name} ${version}`).click({ button: 'right', timeout: 2000 });
        await menu.waitFor({ timeout: 3000 });
        return true;
      });
      expectText(
        await menu.innerText(),
        'Get This Artifact',
        ...(fake ? [] : ['Open Where It Is Asked For']),
        'Copy Name',
      );
      await window.shot('03-artifact-menu-dark');
      await window.press('Escape');
    });

    await steps.step('a click opens the line', async () => {
      const { name, version, line, file } = project.missing[0];
      await row(`${name} ${version}`).click();
      await window.page.locator(`.tab.active[data-resource-name="${file}"]`).waitFor();
      const place = window.page.locator('.statusbar-item[id="status.editor.selection"]');
      await until('the cursor', async () => (await place.innerText()).includes(`Ln ${line},`));
      await window.squiggle(`name = "${name}"`);
      await window.page.mouse.move(900, 300);
      await window.shot('04-view-and-line-dark');
    });

    await steps.step(
      'each other section says what it will show, and has a button where there is something to begin',
      async () => {
        for (const [name, words, buttons] of [
          ['Sync Queue', 'stay on this machine', 0],
          ['Reviews', 'what on this machine can be reviewed', 1],
        ]) {
          expectText(await window.welcome(name), words);
          const pane = await window.section(name);
          const there = await pane.locator('.welcome-view-content .monaco-button').count();
          expect(there === buttons, `${name} has ${there} buttons`);
        }
        expectText(await window.welcome('Conflicts'), 'There is none');
        await window.shot('05-welcome-dark');
        for (const name of ['Checks', 'Sync Queue', 'Reviews', 'Conflicts']) {
          await (await window.section(name)).locator('.pane-header').first().click();
        }
      },
    );

    await steps.step(
      'the language status has the health of the server, its version, its place, its log and its restart',
      async () => {
        const text = await window.languageStatus();
        expectText(text, /Holdover \d+\.\d+\.\d+/, 'Show Log', 'Restart Server', 'HOLDOVER_SERVER_PATH');
        await window.shot('06-language-status-dark');
        await window.leaveHover();
      },
    );

    await steps.step('the log is copied for a report, without the name of the home folder', async () => {
      await window.command('Holdover: Copy Log for a Report');
      const copied = await until('the clipboard', async () => {
        const text = await window.page.evaluate('navigator.clipboard.readText()');
        return text.startsWith('Holdover log') && text;
      });
      expectText(copied, 'extension: ', 'editor: ', 'server: running, version');
      expect(!copied.includes(`${homedir()}/`), 'the home folder is in it');
    });

    await steps.step('Get Started leads through four steps', async () => {
      // Without the side bar there is room for its pictures.
      await window.command('View: Close Primary Side Bar');
      await window.command('Holdover: Get Started');
      const page = window.page.locator('.gettingStartedContainer');
      await page.waitFor();
      for (const title of ['Check this project', 'Get what is missing', 'Prove it', 'Go offline'])
        await page.locator('.getting-started-step').filter({ hasText: title }).first().waitFor();
      await until('its picture', async () => {
        for (const frame of window.page.frames())
          if ((await frame.locator('svg text', { hasText: 'Cargo.lock' }).count()) > 0) return true;
        return false;
      });
      await window.shot('07-walkthrough-dark');
      await page.locator('.getting-started-step').filter({ hasText: 'Prove it' }).first().click();
      await until('its words', async () =>
        (await page.innerText()).includes('whoever reaches for it is named'),
      );
      await window.shot('08-walkthrough-prove-dark');
    });

    await steps.step('the same in light and high-contrast themes', async () => {
      for (const name of ['light', 'contrast', 'contrast-light']) {
        await window.theme(name);
        await window.page.mouse.move(900, 300);
        await window.shot(`09-walkthrough-${name}`);
        await window.openViews();
        await window.openFile('Cargo.lock', project.missing[0].line, 1);
        await window.statusTooltip('Cargo.lock');
        await window.shot(`10-view-and-tooltip-${name}`);
        await window.leaveHover();
        await window.command('View: Close Primary Side Bar');
        await window.command('Holdover: Get Started');
      }
      await window.theme('dark');
    });

    await steps.step('nothing popped up', async () => {
      await window.closeEditors();
      await window.command('View: Show Explorer');
      const shown = await window.notifications();
      expect(shown.length === 0, `notifications: ${shown.join(' | ')}`);
    });
  },
};
