// A note that is shared with a colleague over a folder, and that both wrote while they were apart: the conflict is in the tree once
// it came, is resolved there, and is settled for the colleague too; and the other way round.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Colleague } from '../../colleague.mjs';
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';

export const sharing = {
  name: 'shared with a colleague',
  trusted: true,
  real: true,
  prepare(project) {
    writeFileSync(path.join(project.workspace, 'shared.txt'), 'one\ntwo\nthree\n');
  },
  async run({ steps, window, env, project, server }) {
    const { page } = window;
    Object.assign(process.env, env);
    const folder = path.join(path.dirname(project.workspace), 'colleague');
    mkdirSync(folder, { recursive: true });
    const colleague = new Colleague(server, project.workspace, folder);
    const empty = () =>
      until('the tree to be empty', async () =>
        (await window.welcome('Conflicts')).includes('There is none'),
      );
    const row = async (text) => {
      const pane = await window.section('Conflicts');
      return pane.locator('.monaco-list-row').filter({ hasText: text }).first();
    };
    const rows = () =>
      until('its rows', async () => {
        const found = await window.rows('Conflicts');
        return found.length === 2 && found;
      });
    let id;

    await steps.step(
      'what a colleague wrote to the same note meanwhile stands in the tree as soon as it came',
      async () => {
        await window.waitForStatus(/^offline: \d/);
        await window.openViews();
        await empty();
        id = colleague.meet('shared.txt', 'why?\ntwo', 'why?\nTWO', 'why?\nzwei');
        const found = await rows();
        expectText(found[0], 'Note: why?, 2 versions, shared.txt:2');
        expectText(found[1], /Bob/, /Ann/);
        await window.shot('01-conflict');
      },
    );

    await steps.step(
      'it is resolved here, and settled for the colleague once both have synchronised, here with a command',
      async () => {
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
        await item.click();
        await empty();
        await window.command('Holdover: Exchange What Is Shared');
        await until('the queue to be empty', () => {
          const { waiting } = JSON.parse(colleague.here('queue', '--json'));
          expect(waiting === 0, `${waiting} events wait`);
          return true;
        });
        const there = colleague.exchange();
        const body = there.bodies[id];
        expect(there.conflicts === 0, `the colleague has ${there.conflicts} conflicts`);
        expect(
          ['why?\nTWO\n\nwhy?\nzwei', 'why?\nzwei\n\nwhy?\nTWO'].includes(body),
          `the colleague has ${JSON.stringify(body)}`,
        );
      },
    );

    await steps.step('one that the colleague resolved is gone here, once that came', async () => {
      const other = colleague.meet('shared.txt', 'how?\ntwo', 'how?\nTWO', 'how?\nzwei');
      await rows();
      colleague.settle(other, 'both');
      await empty();
      const kept = colleague.here('journal', 'log', '--kind', 'note.', '--json');
      expect(kept.includes('TWO') && kept.includes('zwei'), 'both texts stay in the journal');
    });
  },
};
