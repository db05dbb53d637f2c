// One editor window in Chromium, driven as a person would: keys, mouse, and what stands on the screen.
// May not reach into the editor or the extension; what is asserted is what is shown.
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 60_000;

export async function openBrowser(editor) {
  const { chromium } = createRequire(path.join(editor, 'code/package.json'))('playwright-core');
  return chromium.launch({
    executablePath: process.env.HOLDOVER_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Asks until the answer is truthy; the last reason why not is in the error. */
export async function until(what, ask, patienceMs = PATIENCE_MS) {
  const deadline = Date.now() + patienceMs;
  let last;
  for (;;) {
    try {
      const answer = await ask();
      if (answer) return answer;
      last = `the answer was ${JSON.stringify(answer)}`;
    } catch (error) {
      last = error.message;
    }
    if (Date.now() > deadline) throw new Error(`waited ${patienceMs / 1000} s for ${what}: ${last}`);
    await sleep(150);
  }
}

export class Window {
  constructor(page, screenshots) {
    this.page = page;
    this.screenshots = screenshots;
  }

  static async open(browser, { url, folder, screenshots, width = 1280, height = 800 }) {
    const context = await browser.newContext({
      viewport: { width, height },
      deviceScaleFactor: 1.5,
    });
    const page = await context.newPage();
    await page.goto(`${url}/?folder=${encodeURIComponent(folder)}`);
    await page.locator('.monaco-workbench').waitFor({ timeout: PATIENCE_MS });
    await page.locator('.statusbar').waitFor({ timeout: PATIENCE_MS });
    return new Window(page, screenshots);
  }

  async shot(name) {
    await sleep(400);
    const file = path.join(this.screenshots, `${name}.png`);
    await this.page.screenshot({ path: file });
    return file;
  }

  async close() {
    await this.page.context().close();
  }

  /** The one item of the status bar that is Holdover's. */
  get statusItem() {
    return this.page.locator('.statusbar-item[id^="holdover.holdover"]').filter({ hasText: /\S/ }).first();
  }

  async statusText() {
    return (await this.statusItem.innerText()).replace(/\u00a0/g, ' ').trim();
  }

  async waitForStatus(pattern, patienceMs) {
    return until(
      `the status bar to read ${pattern}`,
      async () => {
        const text = await this.statusText();
        if (!pattern.test(text)) throw new Error(`it reads "${text}"`);
        return text;
      },
      patienceMs,
    );
  }

  async press(keys) {
    await this.page.keyboard.press(keys);
  }

  async quickInput(keys, text) {
    const box = this.page.locator('.quick-input-widget:visible input').first();
    // One that is just closing still takes the keys: then it is asked for again.
    await until('the quick input', async () => {
      await this.press(keys);
      await box.waitFor({ timeout: 2000 });
      await box.fill(text, { timeout: 2000 });
      return (await box.inputValue({ timeout: 2000 })) === text;
    });
    const row = this.page.locator('.quick-input-list .monaco-list-row').first();
    await row.waitFor({ timeout: PATIENCE_MS });
    return row;
  }

  async command(title) {
    await this.quickInput('F1', `>${title}`);
    const rows = this.page.locator('.quick-input-list .monaco-list-row');
    const row = await until(`the command "${title}" in the palette`, async () => {
      for (const one of await rows.all()) {
        if ((await one.locator('.label-name').first().innerText()).replace(/\u00a0/g, ' ') === title)
          return one;
      }
      return undefined;
    });
    await row.click();
  }

  /** Titles that the palette offers for what was typed. */
  async palette(text) {
    await this.quickInput('F1', `>${text}`);
    await sleep(500);
    const rows = await this.page.locator('.quick-input-list .monaco-list-row .label-name').allInnerTexts();
    await this.press('Escape');
    return rows;
  }

  /** Opens a file of the workspace with the cursor on a line and column, both counted from one. */
  async openFile(name, line = 1, column = 1) {
    const row = await this.quickInput('Control+P', name);
    await until(`${name} in Quick Open`, async () => (await row.innerText()).includes(name));
    await this.press('Enter');
    await this.page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor({ timeout: PATIENCE_MS });
    const place = this.page.locator('.statusbar-item[id="status.editor.selection"]');
    await until(`the cursor on line ${line} of ${name}`, async () => {
      const goTo = await this.quickInput('Control+G', `:${line}:${column}`);
      await until('the picker', async () => (await goTo.innerText()).includes(`line ${line} `), 5000);
      await this.press('Enter');
      await until('the cursor', async () => (await place.innerText()).includes(`Ln ${line},`), 5000);
      return true;
    });
  }

  /** Waits until the line with `text` is underlined, and answers with the kind: error, warning, info or hint. */
  async squiggle(text) {
    const line = this.page.locator('.view-line').filter({ hasText: text }).first();
    return until(`a squiggle under ${text}`, async () => {
      const box = await line.boundingBox();
      const marks = this.page.locator('.cdr[class*="squiggly-"]');
      for (const mark of await marks.all()) {
        const place = await mark.boundingBox();
        if (place && box && place.y >= box.y - 2 && place.y <= box.y + box.height + 2) {
          return /squiggly-(\w+)/.exec(await mark.getAttribute('class'))[1];
        }
      }
      throw new Error(`${await marks.count()} squiggles elsewhere`);
    });
  }

  /** Hovers with the keyboard until all that is expected is there, and answers with the text. */
  async hover(...needles) {
    const box = this.page.locator('.monaco-hover:visible .monaco-hover-content').first();
    await this.command('Show or Focus Hover');
    await box.waitFor({ timeout: PATIENCE_MS });
    return until(
      'the hover',
      async () => {
        const text = (await box.innerText()).replace(/\u00a0/g, ' ');
        const lacking = needles.filter(
          (one) => !(one instanceof RegExp ? one.test(text) : text.includes(one)),
        );
        if (lacking.length > 0) throw new Error(`${lacking.join(', ')} not in:\n${text}`);
        return text;
      },
      10_000,
    );
  }

  /** Opens the quick-fix menu and answers with its entries. */
  async quickFixes() {
    await until('the quick-fix menu', async () => {
      await this.press('Escape');
      await this.press('Control+.');
      await this.page.locator('.action-widget .monaco-list-row.action').first().waitFor({ timeout: 4000 });
      return true;
    });
    return this.page.locator('.action-widget .monaco-list-row.action').allInnerTexts();
  }

  async chooseQuickFix(pattern) {
    await this.page
      .locator('.action-widget .monaco-list-row.action')
      .filter({ hasText: pattern })
      .first()
      .click();
  }

  /** Rows of the Problems panel, files and findings alike, that the filter lets through; only so many fit on the screen. */
  async problems(filter = '') {
    const panel = this.page.locator('.markers-panel');
    if (!(await panel.isVisible())) {
      await this.command('Problems: Focus on Problems View');
      await panel.waitFor({ timeout: PATIENCE_MS });
    }
    const box = this.page
      .locator('.part.panel input[placeholder^="Filter"], .part.panel input[aria-label^="Filter"]')
      .first();
    if ((await box.inputValue()) !== filter) {
      await box.fill(filter);
      await sleep(600);
    }
    const rows = await panel.locator('.monaco-list-row').allInnerTexts();
    return rows.map((row) => row.replace(/\s+/g, ' ').trim());
  }

  async notifications() {
    return this.page.locator('.notifications-toasts .notification-list-item-message').allInnerTexts();
  }

  /** `Dark High Contrast` for example, as the theme picker names it. */
  async theme(label) {
    await this.command('Preferences: Color Theme');
    const box = this.page.locator('.quick-input-widget:visible input').first();
    await until('the theme picker', async () => !(await box.inputValue()).startsWith('>'));
    await box.fill(label);
    const row = this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: label }).first();
    await row.click();
    await this.page.locator('.quick-input-widget:visible').waitFor({ state: 'hidden' });
  }

  /** Text of the rendered Markdown preview that is open. */
  async preview(pattern) {
    return until(`a preview with ${pattern}`, async () => {
      for (const frame of this.page.frames()) {
        const body = frame.locator('.markdown-body');
        if ((await body.count()) > 0) {
          const text = await body.first().innerText();
          if (pattern.test(text)) return text;
        }
      }
      throw new Error(`${this.page.frames().length} frames, none with it`);
    });
  }
}
