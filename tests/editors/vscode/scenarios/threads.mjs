// Notes as threads of the editor, and trails: a glyph beside the lines, answered, changed and removed in place, put to new
// lines when theirs are gone; what is typed into a thread outlives an editor that is killed. Asked of the command line.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';

export const threads = {
  name: 'threads',
  trusted: true,
  real: true,
  prepare(project) {
    writeFileSync(path.join(project.workspace, 'noted.txt'), 'one\ntwo\nthree\nfour\nfive\nsix\n');
  },
  async run({ steps, window, env, project, server }) {
    const { page } = window;
    const holdover = (...words) =>
      execFileSync(server, words, {
        env: { ...process.env, ...env },
        encoding: 'utf8',
        cwd: project.workspace,
      });
    const listed = () => JSON.parse(holdover('note', 'list', '--json'));
    const glyphs = page.locator('.editor-instance .comment-range-glyph.comment-thread');
    const widget = page.locator('.review-widget').first();
    const said = async () => (await widget.innerText()).replace(/\u00a0/g, ' ');
    /** Opens the thread whose glyph stands beside a line, as somebody clicks it. */
    const openThread = async (index = 0) => {
      await until('the thread', async () => {
        if (await widget.isVisible()) return true;
        await glyphs.nth(index).click();
        await widget.waitFor({ timeout: 2000 });
        return true;
      });
    };
    /** One of the buttons beside a note. */
    const act = async (note, title) => {
      await openThread();
      const row = widget.locator('.review-comment').filter({ hasText: note });
      await row.hover();
      await row.locator(`.action-label[aria-label^="${title}"]`).first().click();
    };
    /** Begins a thread as the mouse does: the pointer on a line, and a click on the sign that comes beside it. */
    const begin = async (text) => {
      const line = page.locator('.view-line').filter({ hasText: text }).first();
      const sign = page.locator('.comment-diff-added, .comment-range-glyph.line-hover').first();
      const input = page.locator('.review-widget .comment-form .monaco-editor:visible').first();
      await until('the input', async () => {
        const box = await line.boundingBox();
        await page.mouse.move(box.x + 40, box.y + box.height / 2);
        await sign.waitFor({ timeout: 2000 });
        const at = await sign.boundingBox();
        await page.mouse.click(at.x + at.width / 2, box.y + box.height / 2);
        await input.waitFor({ timeout: 2000 });
        return true;
      });
    };
    const preview = (pattern) => window.preview(pattern);

    await steps.step('a note has a glyph beside its line, which opens it in place', async () => {
      await window.waitForStatus(/^offline: \d/);
      await window.openFile('noted.txt', 5);
      holdover('note', 'add', 'noted.txt:2', '-m', 'why **two**?\n\n![x](http://127.0.0.1:9/p.png)');
      await until('its glyph', async () => (await glyphs.count()) === 1);
      await openThread();
      const text = await until('its text', async () => {
        const now = await said();
        return now.includes('why two?') && now;
      });
      expectText(text, 'Notes on noted.txt:2', /personal · written and flushed to the disk/, '!x');
      expect(
        (await widget.locator('img[src*="127.0.0.1:9"]').count()) === 0,
        'a picture of the note is fetched',
      );
      await window.shot('01-thread-dark');
    });

    await steps.step('an answer in the thread is a note on the same lines', async () => {
      // The editor may close a thread while its state changes.
      await until('the place for an answer', async () => {
        await openThread();
        await widget.locator('.review-thread-reply-button').click({ timeout: 2000 });
        return true;
      });
      await page.keyboard.type('because', { delay: 5 });
      await until('its draft', async () => listed().drafts[0]?.body === 'because');
      await widget.locator('.form-actions .monaco-button', { hasText: 'Save Note' }).first().click();
      const { notes, drafts } = await until('the answer', async () => {
        const now = listed();
        return now.notes.length === 2 && now;
      });
      const [, answer] = notes;
      expect(
        answer.body === 'because' && answer.place.text === 'noted.txt:2' && !answer.shared,
        JSON.stringify(answer),
      );
      expect(drafts.length === 0, 'its draft is still there');
      await until('it in the thread', async () => (await widget.locator('.review-comment').count()) === 2);
      expect((await glyphs.count()) === 1, 'one thread for the line');
      await window.shot('02-answered-dark');
    });

    await steps.step('a note is changed and removed where it is shown', async () => {
      await act('because', 'Change');
      await widget.locator('.edit-container .monaco-editor').first().waitFor();
      await window.press('Control+a');
      await page.keyboard.type('because of three', { delay: 5 });
      await window.shot('03-changing-dark');
      await widget.locator('.edit-container .monaco-button', { hasText: 'Save' }).first().click();
      await until('the change', async () => listed().notes.some(({ body }) => body === 'because of three'));
      await until('it in the thread', async () => (await said()).includes('because of three'));
      await act('because of three', 'Remove');
      await until('one note', async () => listed().notes.length === 1);
      await until('it in the thread', async () => (await widget.locator('.review-comment').count()) === 1);
      expectText(listed().notes[0].body, 'why **two**?');
    });

    await steps.step('a change goes on where it was when its file is shown again', async () => {
      const input = widget.locator('.edit-container .monaco-editor');
      await act('why two?', 'Change');
      await input.first().waitFor();
      await window.press('Control+a');
      await page.keyboard.type('why not two', { delay: 5 });
      await until('its draft', async () => listed().drafts[0]?.body === 'why not two');
      await window.openFile('Cargo.toml');
      await until('no thread', async () => !(await widget.isVisible()));
      await window.openFile('noted.txt', 1);
      await openThread();
      await input.first().click();
      await window.press('Control+End');
      await page.keyboard.type(', then', { delay: 5 });
      await until('the same draft', async () => {
        const [draft, ...more] = listed().drafts;
        return more.length === 0 && draft?.body === 'why not two, then';
      });
    });

    await steps.step('a server that starts anew takes nothing from whoever is typing', async () => {
      const input = widget.locator('.edit-container .monaco-editor');
      const pids = processes(env, 'lsp');
      expect(pids.length === 1, `servers: ${pids.length}`);
      await window.command('Holdover: Restart Server');
      await until('another server', async () => {
        const [pid, ...more] = processes(env, 'lsp');
        return more.length === 0 && pid !== undefined && pid !== pids[0];
      });
      await window.waitForStatus(/^offline: \d/);
      await input.first().click();
      await window.press('Control+End');
      await page.keyboard.type(' three', { delay: 5 });
      await until('its draft', async () => {
        const [draft, ...more] = listed().drafts;
        return more.length === 0 && draft?.body === 'why not two, then three' && draft.open;
      });
      await widget.locator('.edit-container .monaco-button', { hasText: 'Save' }).first().click();
      await until('the change', async () => listed().notes[0]?.body === 'why not two, then three');
      expect(listed().drafts.length === 0, 'its draft is still there');
      await act('why not two', 'Change');
      await input.first().waitFor();
      await window.press('Control+a');
      await page.keyboard.type('why **two**? again', { delay: 5 });
      await until('its draft', async () => listed().drafts[0]?.body === 'why **two**? again');
      await widget.locator('.edit-container .monaco-button', { hasText: 'Cancel' }).first().click();
      await until('no draft', async () => listed().drafts.length === 0);
      const [{ id, body }] = listed().notes;
      expectText(body, 'why not two, then three');
      holdover('note', 'edit', id, '-m', 'why **two**?');
    });

    await steps.step('a thread is begun from the gutter, and shared', async () => {
      await window.press('Escape');
      await begin('four');
      await page.keyboard.type('for all of us', { delay: 5 });
      await until('its draft', async () => listed().drafts[0]?.body === 'for all of us');
      await window.shot('04-begun-dark');
      await page
        .locator('.review-widget .monaco-button', {
          hasText: 'Save as Shared Note',
        })
        .first()
        .click();
      const note = await until('the note', async () =>
        listed().notes.find(({ body }) => body === 'for all of us'),
      );
      expect(note.shared && note.place.text === 'noted.txt:4', JSON.stringify(note));
      expect(listed().drafts.length === 0, 'its draft is still there');
      await until('its glyph', async () => (await glyphs.count()) === 2);
    });

    await steps.step('what is thrown away in a thread stands among what is not saved', async () => {
      const shown = page.locator('.review-widget');
      await window.command('Comments: Collapse All Comments');
      await until('no thread', async () => (await shown.count()) === 0);
      await begin('six');
      await page.keyboard.type('thrown away', { delay: 5 });
      const draft = await until('its draft', async () =>
        listed().drafts.find(({ body }) => body === 'thrown away'),
      );
      await shown.locator('.review-actions .action-label').first().click();
      await page.locator('.monaco-dialog-box .monaco-button', { hasText: 'Discard' }).click();
      await until('no thread', async () => (await shown.count()) === 0);
      await window.openViews();
      await until('its row', async () =>
        (await window.rows('Notes')).some((one) => one.startsWith('thrown away, not saved, noted.txt')),
      );
      await window.shot('05-not-saved-dark');
      holdover('note', 'remove', draft.id);
    });

    await steps.step(
      'a note whose lines are gone says so, and is put to those that are selected',
      async () => {
        writeFileSync(path.join(project.workspace, 'noted.txt'), 'alpha\nbeta\ngamma\nfour\nfive\nsix\n');
        await window.openFile('noted.txt', 3);
        await until('the text', async () =>
          (await page.locator('.editor-instance .view-line').allInnerTexts()).join().includes('gamma'),
        );
        const lost = () => listed().notes.find(({ body }) => body.startsWith('why'));
        expect(['file', 'changed'].includes(lost().place.grade), JSON.stringify(lost().place));
        await window.command('Holdover: Put a Note Here');
        const row = page.locator('.quick-input-list .monaco-list-row').first();
        await until('what is offered', async () => (await row.innerText()).includes('why two?'));
        await window.shot('06-put-here-dark');
        await row.click();
        await until(
          'the new place',
          async () => lost().place.text === 'noted.txt:3' && lost().place.grade === 'exact',
        );

        // What the editor shows is where the server says that they stand, although all of its text has come anew.
        await until('the editor to know', async () => {
          await window.command('Comments: Focus on Comments View');
          const rows = (await page.locator('.comments-panel .monaco-list-row').allInnerTexts()).join('\n');
          return (
            /why two ?\?[^]*\[Ln 3\]/.test(rows.replace(/\u00a0/g, ' ')) &&
            /for all of us[^]*\[Ln 4\]/.test(rows.replace(/\u00a0/g, ' '))
          );
        });
      },
    );

    await steps.step(
      'a quick fix leads from a finding to its trail, which grows while it is open',
      async () => {
        await window.closeEditors();
        const lock = readFileSync(path.join(project.workspace, 'Cargo.lock'), 'utf8').split('\n');
        const line = lock.findIndex((one) => one === 'name = "memchr"') + 1;
        await window.openFile('Cargo.lock', line, 9);
        await window.squiggle('"memchr"');
        const offered = await window.quickFixes();
        expectText(offered.join('\n'), /Show what happened to memchr 2/);
        await window.chooseQuickFix(/Show what happened to memchr/);
        const text = await preview(/What happened to memchr/);
        expectText(text, 'found missing', 'holdover');
        await window.shot('07-finding-trail-dark');
        await window.closeEditors();
        await window.openFile('noted.txt', 3);
        await window.command('Holdover: Show What Happened to This File');
        await preview(/note put to noted.txt:3/);
        holdover('note', 'add', 'noted.txt', '-m', 'grows');
        await preview(/note added: grows/);
        await window.shot('08-file-trail-dark');
      },
    );

    await steps.step('what is typed into a thread outlives an editor that is killed', async () => {
      await window.closeEditors();
      await window.openFile('noted.txt', 6);
      await begin('six');
      await page.keyboard.type('typed before the plug', { delay: 5 });
      await until('the draft', async () => listed().drafts[0]?.body === 'typed before the plug');
      for (const pid of processes(env)) process.kill(pid, 'SIGKILL');
      await until('all of it to be gone', async () => listed().drafts[0]?.open === false);
      expect(listed().drafts[0].place.text === 'noted.txt', JSON.stringify(listed().drafts[0]));
    });
  },
};

/** Process ids of what this scenario's editor started, those with a word alone: by the data folder in their environment. */
function processes(env, word) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const own = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return (
          own.includes(`HOLDOVER_DATA_DIR=${env.HOLDOVER_DATA_DIR}`) &&
          (word === undefined || command.includes(word))
        );
      } catch {
        return false;
      }
    });
}
