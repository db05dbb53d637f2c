// Notes: written beside their lines, seen above them and in the tree, changed, removed; what was typed outlives a server
// that is killed and an editor that is killed. What is there is asked of the command line, not of the extension.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startCodeServer } from '../lib/codeServer.mjs';
import { expect, expectText } from '../lib/steps.mjs';
import { Window, until } from '../lib/window.mjs';

export const notes = {
  name: 'notes',
  trusted: true,
  real: true,
  prepare(project) {
    writeFileSync(path.join(project.workspace, 'noted.txt'), 'one\ntwo\nthree\nfour\n');
  },
  async run({ steps, window, env, project, server, browser, home, editor, extension }) {
    const { page } = window;
    const listed = () =>
      JSON.parse(
        execFileSync(server, ['note', 'list', project.workspace, '--json'], {
          env: { ...process.env, ...env },
          encoding: 'utf8',
        }),
      );
    const tab = (page) => page.locator('.tab[data-resource-name^="Note on "]');
    const write = async (here, text) => {
      await tab(here.page).first().waitFor();
      await here.page.keyboard.type(text, { delay: 5 });
    };
    const save = async (here) => {
      await here.press('Control+s');
      await until('the note to close', async () => (await tab(here.page).count()) === 0);
    };

    await steps.step('a note is written beside its line, and saving makes it one', async () => {
      await window.waitForStatus(/^offline: \d/);
      await window.openFile('noted.txt', 2);
      await window.press('Control+Alt+h');
      await window.press('n');
      await write(window, 'why two?');
      await window.shot('01-writing-dark');
      await save(window);
      const [note] = listed().notes;
      expect(note.place.text === 'noted.txt:2' && note.body === 'why two?', JSON.stringify(note));
      expect(listed().drafts.length === 0, 'its draft is still there');
    });

    await steps.step('it stands above its line, in the hover and in the tree', async () => {
      await window.openFile('noted.txt', 2);
      await until('the line above it', async () =>
        (await window.page.locator('.codelens-decoration').allInnerTexts()).join().includes('why two?'),
      );
      expectText(await window.hover('why two?'), 'personal', 'written and flushed to the disk');
      await window.leaveHover();
      await window.openViews();
      const rows = await until('its row', async () => {
        const found = await window.rows('Notes');
        return found.some((one) => one.startsWith('why two?')) && found;
      });
      expectText(rows.join('\n'), /^why two\?, line 2, personal, /m, /^noted\.txt, 1 note/m, /What happened/);
      await window.page.locator('.pane .monaco-list-row[aria-label^="What happened"]').first().click();
      await until('the trail', async () =>
        (await window.rows('Notes')).some((one) => one.startsWith('note added: why two?')),
      );
      await window.page.mouse.move(900, 500);
      await window.shot('02-notes-dark');
    });

    await steps.step('it is changed, and removed', async () => {
      await window.openFile('noted.txt', 2);
      await window.command('Holdover: Change This Note');
      await tab(window.page).first().waitFor();
      await window.press('Control+a');
      await write(window, 'because two');
      await save(window);
      await until('the change', async () => listed().notes[0].body === 'because two');
      await window.openFile('noted.txt', 2);
      await window.command('Holdover: Remove This Note');
      await until('no note', async () => listed().notes.length === 0);
    });

    await steps.step(
      'an editor that saves by itself keeps a draft and makes no note of half a thought',
      async () => {
        await window.command('File: Toggle Auto Save');
        const saved = (text) =>
          until('the editor to save by itself', async () => {
            const said = (await page.locator('.statusbar-item').allInnerTexts()).join();
            return said.includes('kept as a draft') && listed().drafts[0]?.body === text;
          });
        await window.openFile('noted.txt', 4);
        await window.press('Control+Alt+h');
        await window.press('n');
        await write(window, 'half');
        await saved('half');
        expect(listed().notes.length === 0, 'half a thought is a note');
        await page.keyboard.type(' and whole', { delay: 5 });
        await save(window);
        await until('the note', async () => listed().notes[0]?.body === 'half and whole');
        expect(listed().drafts.length === 0, 'its draft is still there');

        // Closed without a question, it is not thrown away.
        await window.openFile('noted.txt', 4);
        await window.press('Control+Alt+h');
        await window.press('n');
        await write(window, 'put aside');
        await saved('put aside');
        await window.command('View: Close Editor');
        await until('the note to close', async () => (await tab(page).count()) === 0);
        await window.openViews();
        await until('its row', async () =>
          (await window.rows('Notes')).some((one) => one.startsWith('put aside, not saved')),
        );
        const [draft] = listed().drafts;
        execFileSync(server, ['note', 'remove', draft.id], {
          env: { ...process.env, ...env },
          cwd: project.workspace,
        });
        await window.command('File: Toggle Auto Save');
        const [note] = listed().notes;
        execFileSync(server, ['note', 'remove', note.id], {
          env: { ...process.env, ...env },
          cwd: project.workspace,
        });
      },
    );

    await steps.step('a server that is killed loses nothing that was typed', async () => {
      await window.openFile('noted.txt', 3);
      await window.press('Control+Alt+h');
      await window.press('n');
      await write(window, 'before');
      await until('the draft', async () => listed().drafts[0]?.body === 'before');
      const pids = processes(env, (command) => command.includes('lsp'));
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      await until('the server to be gone', async () => listed().drafts[0]?.open === false);
      await window.page.keyboard.type(' and after', { delay: 5 });
      await until('the next server to go on with it', async () => {
        const [draft, ...more] = listed().drafts;
        return more.length === 0 && draft.body === 'before and after' && draft.open;
      });
    });

    await steps.step('an editor that is killed leaves it, and the next one takes it up', async () => {
      for (const pid of processes(env, () => true)) process.kill(pid, 'SIGKILL');
      await until('all of it to be gone', async () => listed().drafts[0]?.open === false);
      const code = await startCodeServer({
        editor,
        // Nothing that the editor itself may have kept.
        home: `${home}-2`,
        extension,
        env,
        trusted: true,
      });
      try {
        const { screenshots } = window;
        const next = await Window.open(browser, {
          url: code.url,
          folder: project.workspace,
          screenshots,
        });
        await next.waitForStatus(/^offline: \d/);
        // Before a key closes it.
        await until('the offer', async () =>
          (await next.notifications()).join().includes('A note was not saved: before and after'),
        );
        await next.openViews();
        await until('its row', async () =>
          (await next.rows('Notes')).some((one) => one.startsWith('before and after, not saved')),
        );
        await next.shot('03-draft-dark');
        await next.page.locator('.pane .monaco-list-row[aria-label^="before and after"]').first().click();
        await tab(next.page).first().waitFor();
        await until('its text', async () =>
          (await next.page.locator('.monaco-editor .view-line').allInnerTexts())
            .join()
            .replace(/\u00a0/g, ' ')
            .includes('before and after'),
        );
        await save(next);
        const { notes: all, drafts } = listed();
        expect(all[0]?.body === 'before and after' && drafts.length === 0, JSON.stringify(all));
        expect(all[0].place.text === 'noted.txt:3', all[0].place.text);
        await next.close();
      } finally {
        await code.stop();
      }
    });
  },
};

/** Process ids of what this scenario's editor started, itself among them: by the data folder in their environment. */
function processes(env, wanted) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const own = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return own.includes(`HOLDOVER_DATA_DIR=${env.HOLDOVER_DATA_DIR}`) && wanted(command);
      } catch {
        return false;
      }
    });
}
