// A review with a colleague over a folder: a thread is begun on a line of its file, kept while it is typed, and read by the colleague;
// their answer comes into the thread and acts on nothing; both sides of the file are compared; it is resolved for both.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Colleague } from '../../colleague.mjs';
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';

const HOSTILE =
  'because\n\n<img src="http://127.0.0.1:9/p.png"> ![x](http://127.0.0.1:9/p.png) [run](command:holdover.goOffline) \u202e';

export const reviews = {
  name: 'a review',
  trusted: true,
  real: true,
  async run({ steps, window, env, project, server }) {
    const { page } = window;
    Object.assign(process.env, env);
    const folder = path.join(path.dirname(project.workspace), 'reviewer');
    mkdirSync(folder, { recursive: true });
    const colleague = new Colleague(server, project.workspace, folder);
    const holdover = (...words) =>
      execFileSync(server, words, {
        env: { ...process.env, ...env },
        encoding: 'utf8',
        cwd: project.workspace,
      });
    const listed = () => JSON.parse(holdover('review', 'list', '--json'));
    const widget = page.locator('.review-widget').first();
    const said = async () => (await widget.innerText()).replace(/\u00a0/g, ' ');
    const glyphs = page.locator('.editor-instance .comment-range-glyph[class*="comment-thread"]');
    const open = () =>
      until('the thread', async () => {
        if (await widget.isVisible()) return true;
        await glyphs.first().click({ timeout: 2000 });
        await widget.waitFor({ timeout: 2000 });
        return true;
      });

    await steps.step('a thread is begun on a line of a review, and what is typed is kept', async () => {
      await window.waitForStatus(/^offline: \d/);
      colleague.branch('reviewed.txt');
      await window.openFile('reviewed.txt', 1);
      const input = page.locator('.review-widget .comment-form .monaco-editor:visible').first();
      // Notes can be written here too: the editor asks which is meant.
      const provider = page.locator('.quick-input-list .monaco-list-row', { hasText: 'Reviews' }).first();
      await until('the input', async () => {
        await window.openFile('reviewed.txt', 2);
        await window.command('Comments: Add Comment on Current Selection');
        await provider.click({ timeout: 3000 });
        await input.waitFor({ timeout: 3000 });
        return true;
      });
      await page.keyboard.type('why two?', { delay: 5 });
      await until('its draft', () => listed().drafts?.[0]?.body === 'why two?');
      await widget
        .locator('.form-actions .monaco-button', { hasText: 'Save Review Comment' })
        .first()
        .click();
      const review = await until('the thread', () => {
        const now = JSON.parse(holdover('review', 'show', '--json'));
        return now.threadCount === 1 && now;
      });
      expectText(review.threads[0].place.text, 'reviewed.txt:2');
      expect((listed().drafts ?? []).length === 0, 'its draft is still there');
    });

    await steps.step('the answer of a colleague comes into the thread, and acts on nothing', async () => {
      holdover('sync');
      const { threads } = colleague.review();
      colleague.away('review', 'reply', threads[0].id, '-m', HOSTILE);
      colleague.away('sync');
      holdover('sync');
      await open();
      await until('both comments', async () => (await widget.locator('.review-comment').count()) === 2);
      const text = await said();
      expectText(text, 'why two?', 'because', '<img');
      expect(!text.includes('\u202e'), 'the direction of writing is turned');
      expect((await widget.locator('img[src*="127.0.0.1:9"]').count()) === 0, 'a picture is fetched');
      expect(
        (await widget.locator('a[href^="command:"], a[data-href^="command:"]').count()) === 0,
        'a command is a link',
      );
      await window.shot('01-thread');
    });

    await steps.step('both sides of a file are compared, and the thread is resolved for both', async () => {
      await window.openViews();
      await until('its row', async () =>
        (await window.rows('Reviews')).some((row) => row.includes('reviewed.txt')),
      );
      await until('the comparison', async () => {
        const pane = await window.section('Reviews');
        const row = pane.locator('.monaco-list-row').filter({ hasText: 'reviewed.txt' }).first();
        await row.click({ timeout: 2000 });
        await page
          .locator('.monaco-diff-editor .view-line', { hasText: 'three' })
          .first()
          .waitFor({ timeout: 3000 });
        return true;
      });
      await until('the thread beside it', async () => (await glyphs.count()) > 0);
      await window.shot('02-comparison');
      await window.command('View: Close Editor');
      await window.openFile('reviewed.txt', 1);
      await open();
      await widget.locator('.action-label[aria-label^="Resolve"]').first().click();
      await until(
        'it to be resolved',
        () => JSON.parse(holdover('review', 'show', '--json')).openThreads === 0,
      );
      holdover('sync');
      expect(colleague.review().threads[0].resolved, 'it is open at the colleague');
      await window.shot('03-resolved');
    });
  },
};
