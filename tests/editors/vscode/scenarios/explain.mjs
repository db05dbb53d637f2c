// An explanation in a document beside the text: facts at once, a model's words as they come, stopped, and no command in its prose.
// Asserts what the window shows; always with the real server. The model is tests/editors/endpoint.mjs, which says what it is told to.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from '../lib/steps.mjs';

const ENDPOINT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../endpoint.mjs');

let go;

export const explain = {
  name: 'explain',
  trusted: true,
  real: true,
  denied: true,
  prepare(project) {
    const text = 'const BASE: u32 = 1;\n\n/// Adds.\nfn sum(a: u32, b: u32) -> u32 {\n    a + b + BASE\n}\n';
    writeFileSync(path.join(project.workspace, 'sum.rs'), text);
  },
  env({ folder }) {
    go = path.join(folder, 'go');
    const words = ['It adds ', 'two numbers.', '--', '\n\n```sh\nrm -rf /\n```\n\nThat is `all_of_it`.'];
    const endpoint = spawn(process.execPath, [ENDPOINT, go, ...words], { stdio: 'ignore' });
    // It ends with this process, and does not keep it from ending.
    endpoint.unref();
    process.on('exit', () => endpoint.kill());
    const pause = new Int32Array(new SharedArrayBuffer(4));
    while (!existsSync(`${go}.address`)) Atomics.wait(pause, 0, 0, 20);
    return {
      HOLDOVER_EXPLAIN_ENDPOINT: readFileSync(`${go}.address`, 'utf8'),
      HOLDOVER_EXPLAIN_ENDPOINT_MODEL: 'scripted',
    };
  },
  async run({ steps, window }) {
    // Rendered: what would be there as it was written is no preview.
    const shows = async (words) => {
      const pattern = new RegExp(words.replace(/[.()]/g, '\\$&').replaceAll(' ', '\\s+'));
      const text = await window.preview(pattern);
      expect(!/^#|\*\*|`/m.test(text.split('What the model saw')[0]), `it is not rendered: ${text}`);
      return text.replace(/\s+/g, ' ');
    };

    await steps.step('facts stand beside the text, and the words of the model beneath', async () => {
      await window.waitForStatus(/^offline: \d/);
      await window.openFile('sum.rs', 5, 1);
      await window.command('Holdover: Explain These Lines');
      const shown = await shows('It adds two numbers.');
      expect(shown.includes('these lines are in sum, lines 4 to 6'), `no facts: ${shown}`);
      expect(shown.includes('scripted, this machine; sum.rs, line'), `nobody is named: ${shown}`);
      expect(shown.includes('may be wrong'), `no warning: ${shown}`);
      // The text keeps the keyboard.
      await window.page.locator('.statusbar-item[id="status.editor.selection"]').waitFor();
      await window.shot('01-explaining-dark');
    });

    await steps.step('it is stopped by a command', async () => {
      await window.command('Holdover: Stop the Explanation');
      await shows('stopped, as was asked');
    });

    await steps.step('a command that it suggests does not stand in its prose', async () => {
      writeFileSync(go, '');
      await window.openFile('sum.rs', 5, 1);
      await window.command('Holdover: Explain These Lines');
      const shown = await shows('suggested command 1, below');
      const prose = shown.split('Suggested commands')[0];
      expect(!prose.includes('rm -rf'), `it stands in the prose: ${shown}`);
      await window.shot('02-explained-dark');
    });
  },
};
