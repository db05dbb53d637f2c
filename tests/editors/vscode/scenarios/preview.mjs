// What a choice would leave of a conflict, looked at side by side and taken from there; conflicts drawn where the editor draws
// none, gone through, and resolved all at once.
/* global getComputedStyle */
// Asserts what the window shows; always with the real server and a real cherry-pick.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { make } from '../../operations.mjs';
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';

const MERGED = 'connect("localhost", 8080, true);';
const JJ = [
  'before',
  '<<<<<<< conflict 1 of 1',
  '+++++++ side #1',
  'a',
  '------- base',
  'b',
  '+++++++ side #2',
  'c',
  '>>>>>>> conflict 1 of 1 ends',
  'after',
  '',
].join('\n');

export const preview = {
  name: 'previews of conflicts',
  trusted: true,
  real: true,
  // Git's merge editor needs git's own extension to know the repository.
  settings: { 'git.autoRepositoryDetection': true, 'git.repositoryScanMaxDepth': 3 },
  prepare: (project) => {
    make(path.join(project.workspace, 'operations'));
    writeFileSync(path.join(project.workspace, 'jj.txt'), JJ);
  },
  async run({ steps, window }) {
    const { page } = window;
    const lines = async () =>
      (await page.locator('.monaco-editor .view-line').allInnerTexts()).map((line) =>
        line.replace(/\u00a0/g, ' '),
      );
    /** What decorations put behind lines: no text of the page's own. */
    const behind = () =>
      page
        .locator('.monaco-editor .view-line span')
        .evaluateAll((spans) =>
          spans.map((span) => getComputedStyle(span, '::after').content.replace(/^"|"$/g, '')),
        );
    const tab = () => page.locator('.tab.active .label-name').first().innerText();
    /** The tab of a file is drawn without what its name ends with. */
    const title = async () => ((await tab()) === 'pick-words' ? 'pick-words.rs' : tab());
    const thread = page.locator('.review-widget:visible').first();
    const words = async () => (await thread.innerText()).replace(/\u00a0/g, ' ');
    const chord = async (key) => {
      await window.press('Control+Alt+h');
      await window.press(key);
    };
    const previewed = async (wanted) =>
      until(`the preview ${wanted}`, async () => {
        expect((await title()) === wanted, `the tab in front is ${await title()}`);
        return thread.isVisible();
      });

    await steps.step('a key shows the suggested merge beside the current side', async () => {
      await window.waitForStatus(/^offline: \d/);
      await window.openFile('pick-words.rs', 3, 3);
      await window.squiggle('<<<<<<< HEAD');
      await chord('p');
      await previewed('pick-words.rs: main ↔ merged');
      const shown = await lines();
      expect(
        shown.some((line) => line.includes(MERGED)),
        `no merged line among:\n${shown.join('\n')}`,
      );
      await until('where the line comes from, behind it', async () =>
        (await behind()).includes('made of both'),
      );
    });

    await steps.step(
      'the server says below it why, how often that was right, and what is dropped',
      async () => {
        const text = await until('its words', async () => {
          const found = await words();
          return found.includes('Take it') && found;
        });
        expectText(
          text,
          'cherry-pick conflict between main',
          'suggested merge, look before you take it: each side changed other words of the same lines',
          /\d+ % of these were exact/,
          'keeps: 1 line made of both',
          'drops: 1 line from main, 1 line from',
          'Open the merge editor',
        );
        await page.mouse.move(640, 780);
        await window.shot('01-preview-dark');
        await window.theme('light');
        await window.shot('02-preview-light');
        await window.theme('dark');
      },
    );

    await steps.step('another choice is a click away, and shown beside the other side', async () => {
      await thread.getByText('main', { exact: true }).first().click();
      await until('the current side', async () => /↔ main$/.test(await title()));
      await thread.getByText('merged', { exact: true }).first().click();
      await previewed('pick-words.rs: main ↔ merged');
    });

    await steps.step('what it shows is taken from there, and undo takes it back', async () => {
      await thread.getByText('Take it', { exact: true }).first().click();
      await until('the merged line in the file', async () => {
        const now = await lines();
        expect((await title()) === 'pick-words.rs', `in front is ${await title()}`);
        expect(
          now.some((line) => line.includes(MERGED)),
          `the file is\n${now.join('\n')}`,
        );
        return true;
      });
      const now = (await lines()).join('\n');
      expect(!/[<=>]{7}/.test(now), `markers are left:\n${now}`);
      await until('that it says so', async () => (await behind()).includes('resolved'));
      await window.shot('03-resolved-dark');
      await window.theme('light');
      await page.mouse.move(640, 780);
      await window.shot('03-resolved-light');
      await window.theme('dark');
      await window.press('Control+z');
      await until('the conflict again', async () => (await lines()).join('\n').includes('<<<<<<< HEAD'));
      await until('that nothing says so any more', async () => !(await behind()).includes('resolved'));
    });

    await steps.step('a line above the conflict opens it too, and the editor title takes it', async () => {
      await page.locator('.codelens-decoration a', { hasText: 'Preview' }).first().click();
      await previewed('pick-words.rs: main ↔ merged');
      await page.locator('.editor-actions [aria-label^="Take "]').first().click();
      await until(
        'the merged line in the file',
        async () =>
          (await title()) === 'pick-words.rs' && (await lines()).some((line) => line.includes(MERGED)),
      );
      await window.press('Control+z');
      await until('the conflict again', async () => (await lines()).join('\n').includes('<<<<<<< HEAD'));
    });

    await steps.step('the preview of a conflict that was changed meanwhile takes nothing', async () => {
      await window.openFile('pick-words.rs', 3, 3);
      await chord('p');
      await previewed('pick-words.rs: main ↔ merged');
      const inFront = page.locator('.tab', { hasText: '↔' }).first();
      const ofFile = page.locator('.tab', { hasNotText: '↔' }).first();
      await ofFile.click();
      await window.quickInput('Control+G', ':3:5');
      await window.press('Enter');
      await page.keyboard.insertText('x');
      await until('what was typed', async () =>
        (await lines()).some((line) => line.startsWith('    xconnect')),
      );
      await inFront.click();
      await previewed('pick-words.rs: main ↔ merged');
      await chord('t');
      await until('that it is refused', async () =>
        (await window.notifications())
          .join('\n')
          .includes('the conflict has changed since the merge was suggested'),
      );
      await window.command('Notifications: Clear All Notifications');
      await ofFile.click();
      await until('the file', async () => (await tab()) === 'pick-words');
      expectText((await lines()).join('\n'), '<<<<<<< HEAD', '    xconnect');
      await window.press('Control+z');
      await inFront.click();
      await previewed('pick-words.rs: main ↔ merged');
    });

    await steps.step("git's merge editor is one click away", async () => {
      await thread.getByText('Open the merge editor').first().click();
      await page.locator('.merge-editor').first().waitFor();
    });

    await steps.step(
      'the conflicts of jj, which the editor does not know, are drawn as its own are',
      async () => {
        await window.openFile('jj.txt', 1, 1);
        await window.squiggle('<<<<<<< conflict');
        const band = await until('coloured lines', async () => {
          const found = await page.locator('.view-overlays .cdr[class*="ced-"]').count();
          return found >= 3 && found;
        });
        expect(band >= 3, `${band} coloured lines`);
        await window.shot('04-jj-dark');
        await window.theme('light');
        await window.shot('04-jj-light');
        await window.theme('dark');
        await chord('j');
        const place = page.locator('.statusbar-item[id="status.editor.selection"]');
        await until('the cursor on its first line', async () =>
          (await place.innerText()).startsWith('Ln 2,'),
        );
      },
    );

    // The merge editor took the other file's markers out of its text.
    await steps.step('all conflicts are resolved at once, in the way that is chosen', async () => {
      await window.command('Holdover: Resolve All Conflicts');
      const asked = page.locator('.quick-input-widget:visible');
      // Each repository within the workspace is named, and could be left out.
      await until('which repositories', async () => {
        const shown = await asked.innerText({ timeout: 2000 });
        return ['In which repositories', 'operations/merge', '4 Selected'].every((words) =>
          shown.includes(words),
        );
      });
      await window.shot('05-repositories-dark');
      await window.press('Enter');
      // With those which nobody opened.
      await until('how many', async () =>
        /Resolve ([2-9]|\d\d+) conflicts in ([2-9]|\d\d+) files/.test(
          await asked.innerText({ timeout: 2000 }),
        ),
      );
      await page
        .locator('.quick-input-list .monaco-list-row', { hasText: 'Accept the current change everywhere' })
        .click();
      await until('the resolved text', async () => {
        const now = (await lines()).join('\n');
        return now.includes('before\na\nafter') && !/[<=>+-]{7}/.test(now);
      });
      await window.press('Control+z');
      await until('the conflict again', async () => (await lines()).join('\n').includes('<<<<<<< conflict'));
    });
  },
};
