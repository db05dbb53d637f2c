// The main job in a trusted workspace: three artifacts are missing, VS Code says so, gets them, and everything is here.
// Asserts only what a person sees in the window, and compares the figures with the terminal's.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';
import { putConflict } from './conflict.mjs';

const shown = (count) => count.toLocaleString('en-US');
const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const number = (text) => Number(text.replaceAll(',', ''));
const figures = (text) => {
  const [, present, total] = /^offline: ([\d,]+) of ([\d,]+)$/.exec(text);
  return { present: number(present), total: number(total) };
};

/** The first dependency in a manifest through which an artifact is needed, as the terminal names it. */
async function broughtInBy(server, env, workspace, { name }) {
  const { stdout } = await run(server, ['preflight', workspace, '--json'], env);
  const report = JSON.parse(stdout);
  const lines = report.artifacts.find((one) => one.name === name).manifests;
  return lines[0].dependency;
}

export const mainJob = {
  name: 'main job',
  trusted: true,
  continues: ['views'],
  prepare: putConflict,
  async run({ steps, window, project, server, env, fake, keep }) {
    const [crate, , tarball] = project.missing;

    const before = await steps.step('the status bar says how many of how many are here', async () => {
      const read = figures(await window.waitForStatus(/^offline: [\d,]+ of [\d,]+$/));
      expect(
        read.total - read.present === 3,
        `three are missing, and it says ${read.present} of ${read.total}`,
      );
      return read;
    });

    await steps.step('nothing pops up for a normal state', async () => {
      const shown = await window.notifications();
      expect(shown.length === 0, `notifications: ${shown.join(' | ')}`);
    });

    await steps.step(
      'the status item has a label, a warning background and a tooltip with figures and links',
      async () => {
        const label = await window.statusItem.locator('a').getAttribute('aria-label');
        expectText(label, 'Holdover', '3 missing');
        expectText(await window.statusItem.getAttribute('class'), 'warning-kind');
        const tooltip = await window.statusTooltip('Cargo.lock');
        expectText(
          tooltip,
          'package-lock.json',
          'Missing',
          'Get What Is Missing',
          'Check This Project',
          'Go Offline',
          'Connection',
          'Caches',
          'Journal',
        );
        await window.shot('01-status-tooltip-dark');
        await window.press('Escape');
        await window.page.mouse.move(640, 300);
      },
    );

    if (!fake) {
      await steps.step('the terminal gives the same figures, and exit status 1', async () => {
        const { status, stdout } = await run(server, ['preflight', project.workspace, '--json'], env);
        const { readiness } = JSON.parse(stdout);
        expect(status === 1, `exit status ${status}`);
        expect(
          readiness.total === before.total && readiness.present === before.present,
          `terminal: ${readiness.present} of ${readiness.total}; editor: ${before.present} of ${before.total}`,
        );
      });
    }

    for (const one of project.missing) {
      await steps.step(`${one.name} is underlined in ${one.file}`, async () => {
        await window.openFile(one.file, one.line, one.file.endsWith('.json') ? 8 : 9);
        const kind = await window.squiggle(one.text);
        expect(['warning', 'error'].includes(kind), `the squiggle is of the kind ${kind}`);
      });
      await steps.step(
        `the hover on ${one.name} says what is missing, where it was looked for and what needs it`,
        async () => {
          const place = fake ? '/fake/cache' : one.file.endsWith('.json') ? '_cacache' : 'cargo-home';
          await window.hover(one.name, one.version, /missing/i, /needed by/i, place);
          await window.shot(`02-hover-${one.name}-dark`);
          await window.press('Escape');
        },
      );
    }

    if (!fake) {
      for (const [file, one, key] of [
        ['Cargo.toml', crate, (name) => `${name} = `],
        ['package.json', tarball, (name) => `"${name}": `],
      ]) {
        await steps.step(`the line that brings it in is underlined in ${file}`, async () => {
          const manifest = readFileSync(path.join(project.workspace, file), 'utf8');
          // In a large project something else may bring it in; which, the terminal says too.
          const name = manifest.includes(key(one.name))
            ? one.name
            : await broughtInBy(server, env, project.workspace, one);
          await window.openFile(file, manifest.slice(0, manifest.indexOf(key(name))).split('\n').length, 1);
          await window.squiggle(key(name));
          // Behind the line stands what is locked, and that it or what it needs is not here.
          const line = window.page
            .locator('.view-line')
            .filter({ hasText: key(name) })
            .first();
          await until('the hint behind the line', async () =>
            /\d (missing|here, \d+ that it needs (is|are) not)/.test(
              (await line.innerText()).replaceAll('\u00a0', ' '),
            ),
          );
          await window.shot(`02-hints-${file}-dark`);
        });
      }
    }

    await steps.step('the Problems panel lists the three', async () => {
      // The list draws only the rows that are in view: a large project has more, so each is asked for by name.
      for (const one of project.missing) {
        const words = `${one.name} ${one.version} is not here`;
        await until(`a row that says "${words}"`, async () =>
          (await window.problems(words)).some((row) => row.includes('missing-artifact')),
        );
      }
      await window.problems();
      await window.shot('03-problems-dark');
    });

    await steps.step('Show Status shows every figure, and what is shown is kept for comparison', async () => {
      const rows = [];
      for (const one of project.missing)
        rows.push(...(await window.problems(`${one.name} ${one.version} is not here`)));
      await window.command('Holdover: Show Status');
      const report = await window.preview(/offline: /);
      expectText(report, 'Cargo.lock', 'package-lock.json');
      keep({ line: await window.statusText(), report, findings: rows, root: project.workspace });
    });

    await steps.step(
      'Check This Project lists the three, each with who needs it and where it was looked for',
      async () => {
        await window.command('Holdover: Check This Project');
        const text = await window.preview(/Missing \(3\)/);
        for (const one of project.missing)
          expectText(text, `${one.name} ${one.version}`, `${one.file} line ${one.line}`);
        expectText(text, 'Needed by', 'Looked in');
        expect(!text.includes(']('), 'a link is shown as its source');
        await window.shot('03-check-dark');
      },
    );

    await steps.step('the quick fix on a missing artifact offers to get it', async () => {
      await window.openFile(crate.file, crate.line, 9);
      const entries = await window.quickFixes();
      expect(
        entries.some((entry) => /get|fetch/i.test(entry)),
        `entries: ${entries.join(' | ')}`,
      );
      await window.shot('04-quick-fix-dark');
    });

    await steps.step('fetching shows its progress and can be cancelled', async () => {
      await window.chooseQuickFix(/(get|fetch) (everything|all)/i);
      const progress = window.page
        .locator('.notifications-toasts .notification-list-item')
        .filter({ hasText: /get|fetch/i });
      const cancel = progress.locator('a, .monaco-button').filter({ hasText: 'Cancel' });
      await cancel.first().waitFor({ timeout: 20_000 });
      await window.shot('05-fetching-dark');
    });

    await steps.step('the status bar says that everything is here', async () => {
      const read = figures(await window.waitForStatus(new RegExp(`^offline: ([\\d,]+) of \\1$`), 180_000));
      expect(read.total === before.total, `${before.total} before, ${read.total} now`);
      const item = await window.statusItem.getAttribute('class');
      expect(!item.includes('warning-kind'), 'the status item still has a warning background');
    });

    if (!fake) {
      await steps.step('a requirement is pinned to what is locked, and the edit is undone', async () => {
        const lines = readFileSync(path.join(project.workspace, 'package.json'), 'utf8').split('\n');
        const line = lines.findIndex((one) => /^\s+"[^"]+": "\^/.test(one));
        const [, name] = /"([^"]+)"/.exec(lines[line]);
        const locked = JSON.parse(readFileSync(path.join(project.workspace, 'package-lock.json'), 'utf8'));
        const { version } = locked.packages[`node_modules/${name}`];
        await window.openFile('package.json', line + 1, 8);
        await window.quickFixes();
        await window.chooseQuickFix(
          new RegExp(`^Pin ${literal(name)} to ${literal(version)}, which is locked`),
        );
        const shownLine = window.page
          .locator('.view-line')
          .filter({ hasText: `"${name}": ` })
          .first();
        const reads = (wanted) => async () =>
          (await shownLine.innerText()).replaceAll('\u00a0', ' ').includes(wanted);
        await until('the exact version', reads(`"${name}": "${version}"`));
        await window.shot('06-pinned-dark');
        await window.press('Control+z');
        await until('the range again', reads(`"${name}": "^`));
      });
    }

    await steps.step('no missing artifact is left in the Problems panel or in the editor', async () => {
      await until(
        'no row',
        async () =>
          !(await window.problems('missing-artifact')).some((row) => row.includes('missing-artifact')),
      );
      await window.openFile(tarball.file, tarball.line, 8);
      await until(
        'no squiggle',
        async () => (await window.page.locator('.cdr[class*="squiggly-"]').count()) === 0,
      );
      await until('no notification left', async () => (await window.notifications()).length === 0);
      await window.shot('06-all-here-dark');
    });

    await steps.step('Check This Project says that everything is here', async () => {
      await window.command('Holdover: Check This Project');
      const text = await window.preview(new RegExp(`${shown(before.total)} of ${shown(before.total)} here`));
      expectText(text, 'Cargo.lock', 'package-lock.json');
      await window.shot('07-check-dark');
    });

    await steps.step('Go Offline and Back Online are seen in the status', async () => {
      await window.command('Holdover: Go Offline');
      await until('the label to say so', async () =>
        (await window.statusItem.locator('a').getAttribute('aria-label')).includes('because you said so'),
      );
      await until('Back Online in the palette', async () =>
        (await window.palette('Holdover')).some((title) => title.includes('Back Online')),
      );
      await window.command('Holdover: Back Online');
      await until(
        'the label to say so',
        async () =>
          !(await window.statusItem.locator('a').getAttribute('aria-label')).includes('because you said so'),
      );
    });

    await steps.step('Show Status shows the whole status', async () => {
      await window.command('Holdover: Show Status');
      const text = await window.preview(/offline: /);
      expectText(text, 'Cargo.lock', 'package-lock.json');
      await window.shot('08-status-dark');
    });

    await steps.step('the same in a light and in a high-contrast theme', async () => {
      for (const name of ['light', 'contrast']) {
        await window.theme(name);
        await window.shot(`09-status-${name}`);
      }
    });
  },
};

function run(file, args, env) {
  return new Promise((resolve, reject) => {
    execFile(file, args, { env: { ...process.env, ...env }, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(new Error(`${file}: ${error.message}\n${stderr}`));
      else resolve({ status: error ? error.code : 0, stdout, stderr });
    });
  });
}
