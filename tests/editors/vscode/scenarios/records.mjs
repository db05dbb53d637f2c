// Notes that two people wrote at once: listed with the files' conflicts, looked at beside each other, resolved from there, and
// that undone, as of files.
// Asserts what the window shows, and asks the command line what came of it.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { apart } from '../../apart.mjs';
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';

const WAIT = 'a\n<<<<<<< HEAD\n30\n=======\n60\n>>>>>>> feature\nz\n';

export const records = {
  name: 'conflicts of records',
  trusted: true,
  real: true,
  prepare(project) {
    writeFileSync(path.join(project.workspace, 'apart.txt'), 'one\ntwo\nthree\n');
    writeFileSync(path.join(project.workspace, 'wait.txt'), WAIT);
  },
  async run({ steps, window, env, project, server }) {
    const { page } = window;
    const holdover = (...words) =>
      JSON.parse(
        execFileSync('sh', ['-c', '"$0" "$@" || [ $? = 1 ]', server, ...words, '--json'], {
          env: { ...process.env, ...env },
          encoding: 'utf8',
          cwd: project.workspace,
        }),
      );
    const body = (id) => holdover('note', 'list').notes.find((note) => note.id === id).body;
    const open = () => (holdover('conflicts').records ?? []).length;
    const both = (word) => {
      Object.assign(process.env, env);
      return apart({
        server,
        workspace: project.workspace,
        file: path.join(project.workspace, 'apart.txt'),
        base: `${word}\ntwo\nthree`,
        one: `${word}\nTWO\nthree`,
        other: `${word}\nzwei\nthree`,
      });
    };
    const row = async (text) => {
      const pane = await window.section('Conflicts');
      return pane.locator('.monaco-list-row').filter({ hasText: text }).first();
    };
    const tab = () => page.locator('.tab.active .label-name').first().innerText();
    const thread = page.locator('.review-widget:visible').first();
    const words = async () => (await thread.innerText()).replace(/\u00a0/g, ' ');
    const lines = async () =>
      (await page.locator('.monaco-editor .view-line').allInnerTexts()).map((line) =>
        line.replace(/\u00a0/g, ' '),
      );
    const title = (wanted) =>
      until(`the preview ${wanted}`, async () => {
        const now = await tab();
        expect(now === wanted, `the tab in front is ${now}`);
        return thread.isVisible();
      });
    let first;

    await steps.step(
      'a note that two wrote at once stands in the tree, with who wrote it and when',
      async () => {
        await window.waitForStatus(/^offline: \d/);
        first = await both('why?');
        await window.openViews();
        const rows = await until('its rows', async () => {
          const found = await window.rows('Conflicts');
          return found.length === 2 && found;
        });
        expectText(rows[0], 'Note: why?, 2 versions, apart.txt:2');
        expectText(rows[1], /^conflict, text, Bob, [\d-]+ [\d:]+ or Ann, [\d-]+ [\d:]+$/);
        await window.shot('01-tree-dark');
      },
    );

    await steps.step(
      'a click shows the versions beside each other, what each had seen, and what policies would do',
      async () => {
        await (await row('Text')).click();
        await title('note “why?”: Ann ↔ Bob');
        const shown = await until('both texts', async () => {
          const now = await lines();
          return ['TWO', 'zwei'].every((word) => now.some((line) => line.includes(word))) && now;
        });
        expect(
          shown.some((line) => line.includes('why?')),
          `the texts are\n${shown.join('\n')}`,
        );
        expectText(
          await until('its words', async () => {
            const found = await words();
            return found.includes('Take it') && found;
          }),
          '2 texts were written at the same time, from the same text',
          'drops: 1 line from Ann',
          /Both writers had seen: the text of Ann, [\d-]+ /,
          'policy last-writer: the last writer',
          'policy manual: nothing would be shown until somebody decides',
          'apart.txt:2',
        );
        expect(
          !(await words()).includes('merge editor'),
          'the merge editor is offered, which knows no notes',
        );
        await page.mouse.move(640, 780);
        await window.shot('02-preview-dark');
        await window.theme('light');
        await window.shot('02-preview-light');
        await window.theme('dark');
        expect(open() === 1, 'something was written by looking');
      },
    );

    await steps.step('another choice is a click away, and what it shows is taken', async () => {
      await thread.getByText('Ann', { exact: true }).first().click();
      await title('note “why?”: Bob ↔ Ann');
      await thread.getByText('Take it', { exact: true }).first().click();
      await until('the journal to have it', () => open() === 0);
      expect(body(first) === 'why?\nTWO\nthree', `the note is ${body(first)}`);
      await until('the tree to be empty', async () =>
        (await window.welcome('Conflicts')).includes('There is none'),
      );
      await until('the preview to close', async () => (await page.locator('.tab').count()) === 0);
    });

    await steps.step('a row resolves one by a choice from a menu', async () => {
      const second = await both('how?');
      const item = page
        .locator('.quick-input-list .monaco-list-row', { hasText: 'the oldest first' })
        .first();
      // The row may be drawn anew under the mouse: then it is clicked again.
      await until('its menu', async () => {
        const text = await row('Text');
        await text.hover({ timeout: 2000 });
        await text.locator('.action-label[aria-label^="Resolve"]').first().click({ timeout: 2000 });
        await item.waitFor({ timeout: 3000 });
        return true;
      });
      await window.shot('03-choices-dark');
      await item.click();
      await until('the journal to have it', () => open() === 0);
      expect(
        body(second) === 'how?\nTWO\nthree\n\nhow?\nzwei\nthree',
        `the note is ${JSON.stringify(body(second))}`,
      );
    });

    await steps.step(
      'what settled it is undone from a list, and the conflict is back as it was',
      async () => {
        await window.command('Holdover: Undo a Resolution');
        const item = page.locator('.quick-input-list .monaco-list-row', { hasText: 'note “how?”' }).first();
        await item.waitFor();
        await window.shot('04-undo-dark');
        await item.click();
        await until('the journal to have it', () => open() === 1);
        const [record] = holdover('conflicts').records;
        const whose = record.sides.map(({ author, value }) => `${author.name}: ${value}`).sort();
        expect(
          whose.join(' | ') === 'Ann: how?\nTWO\nthree | Bob: how?\nzwei\nthree',
          `it is back as ${whose.join(' | ')}`,
        );
        await until('its row', async () => (await row('Text')).isVisible());
        holdover('conflicts', '--resolve', 'current', `note:${record.entity}`);
      },
    );

    await steps.step('the conflict of a file is back by a button of its event in the journal', async () => {
      const file = path.join(project.workspace, 'wait.txt');
      holdover('conflicts', '--resolve', 'incoming', file);
      expect(readFileSync(file, 'utf8') === 'a\n60\nz\n', 'the terminal has not resolved it');
      await window.command('Holdover: Check This Project');
      const pane = await window.section('Journal');
      const event = pane.locator('.monaco-list-row').filter({ hasText: 'Conflict resolved' }).first();
      await event.waitFor();
      await event.hover();
      await window.shot('05-journal-dark');
      const undone = () => readFileSync(file, 'utf8') === WAIT;
      // The row may be drawn anew under the mouse: then it is clicked again.
      await until('the conflict in the file', async () => {
        if (undone()) return true;
        await event.hover({ timeout: 2000 });
        await event.locator('.action-label[aria-label^="Undo"]').first().click({ timeout: 2000 });
        return until('its text', undone, 5000);
      });
      await until('the file in front', () =>
        page.locator('.tab.active[data-resource-name="wait.txt"]').isVisible(),
      );
      writeFileSync(file, 'a\n');
    });

    await steps.step(
      'what was written since it was looked at is not resolved, and that is said',
      async () => {
        const third = await both('when?');
        const text = await until('its row', async () => {
          const found = await row('Text');
          return (await found.isVisible()) && found;
        });
        await text.click();
        await title('note “when?”: Ann ↔ Bob');
        holdover('note', 'edit', third, '-m', 'never');
        await thread.getByText('Take it', { exact: true }).first().click();
        await until('that it says so', async () =>
          (await window.notifications()).some((one) => /written since|no record with this id/.test(one)),
        );
        expect(body(third) === 'never', `the note is ${body(third)}`);
      },
    );
  },
};
