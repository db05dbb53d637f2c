// One editor window in Chromium, driven as a person would: keys, mouse, and what stands on the screen.
// May not reach into the editor or the extension; what is asserted is what is shown.
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 60_000;
/** What the picker calls a theme, and what the window's class is in it. */
const THEMES = {
  dark: ['Dark Modern', /\bvs-dark\b/],
  light: ['Light Modern', /\bvs\b(?!-)/],
  contrast: ['Dark High Contrast', /\bhc-black\b/],
  'contrast-light': ['Light High Contrast', /\bhc-light\b/],
};

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

  static async open(browser, { url, folder, workspace, screenshots, width = 1280, height = 800 }) {
    const context = await browser.newContext({
      viewport: { width, height },
      deviceScaleFactor: 1.5,
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const page = await context.newPage();
    const opened =
      workspace === undefined
        ? `folder=${encodeURIComponent(folder)}`
        : `workspace=${encodeURIComponent(workspace)}`;
    await page.goto(`${url}/?${opened}`);
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
    const rows = this.page.locator('.quick-input-list .monaco-list-row');
    // The list may still move, or close, under the click: then it is asked for again.
    await until(`the command "${title}" in the palette`, async () => {
      await this.quickInput('F1', `>${title}`);
      for (const one of await rows.all()) {
        const label = await one.locator('.label-name').first().innerText({ timeout: 2000 });
        if (label.replace(/\u00a0/g, ' ') === title) {
          await one.click({ timeout: 2000 });
          return true;
        }
      }
      return false;
    });
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

  /** Brings the view container to the front, by its key. */
  async openViews() {
    const pane = this.page
      .locator('.composite.viewlet')
      .filter({ has: this.page.locator('.pane-header', { hasText: 'Readiness' }) });
    await until('the view container', async () => {
      if (await pane.isVisible()) return true;
      await this.press('Escape');
      await this.press('Control+Alt+h');
      await this.press('v');
      await pane.waitFor({ timeout: 3000 });
      return true;
    });
    return pane;
  }

  /** One of its sections by name, opened. */
  async section(name) {
    const pane = this.page
      .locator('.pane')
      .filter({ has: this.page.locator('.pane-header', { hasText: name }) })
      .first();
    const header = pane.locator('.pane-header').first();
    if ((await header.getAttribute('aria-expanded')) !== 'true') {
      await header.click();
      await until(
        `the section ${name} to open`,
        async () => (await header.getAttribute('aria-expanded')) === 'true',
      );
    }
    return pane;
  }

  /** What a screen reader says of each row of a section that is drawn. */
  async rows(name) {
    const pane = await this.section(name);
    return pane
      .locator('.monaco-list-row')
      .evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-label') ?? ''));
  }

  /** Text of the section's welcome, where it has no row. */
  async welcome(name) {
    const pane = await this.section(name);
    return (await pane.locator('.welcome-view-content').first().innerText()).replace(/\u00a0/g, ' ');
  }

  /** The hover of the status bar item, once it holds what is asked for. */
  async statusTooltip(needle) {
    const tooltip = this.page.locator('.monaco-hover:visible').filter({ hasText: needle }).first();
    // An item to its left that grows moves it away from under the pointer, so the pointer is moved there again.
    return until(`a tooltip with ${needle}`, async () => {
      await this.page.mouse.move(640, 300);
      await this.statusItem.hover();
      await tooltip.waitFor({ timeout: 4000 });
      return (await tooltip.innerText()).replace(/\u00a0/g, ' ');
    });
  }

  /** Lines of the editor's language status; an editor has to be open. */
  async languageStatus() {
    await this.page.locator('.statusbar-item[id="status.languageStatus"]').hover();
    const box = this.page
      .locator('.monaco-hover:visible')
      .filter({ has: this.page.locator('.hover-language-status') })
      .first();
    await box.waitFor({ timeout: 10_000 });
    return (await box.innerText()).replace(/\u00a0/g, ' ');
  }

  async leaveHover() {
    await this.press('Escape');
    await this.page.mouse.move(640, 300);
  }

  async closeEditors() {
    await this.command('View: Close All Editors');
    await until('no editor', async () => (await this.page.locator('.tab').count()) === 0);
  }

  async notifications() {
    return this.page.locator('.notifications-toasts .notification-list-item-message').allInnerTexts();
  }

  /** One of THEMES, from the theme picker. */
  async theme(name) {
    const [label, shade] = THEMES[name];
    const box = this.page.locator('.quick-input-widget:visible input').first();
    // A page that takes the focus while it is drawn closes the picker: then it is opened again.
    await until('the theme picker', async () => {
      if (!(await box.isVisible()) || (await box.inputValue({ timeout: 2000 })).startsWith('>'))
        await this.command('Preferences: Color Theme');
      if ((await box.inputValue({ timeout: 2000 })).startsWith('>')) return false;
      await box.fill(label, { timeout: 3000 });
      return true;
    });
    await until(`the theme ${label}`, async () =>
      shade.test(await this.page.locator('.monaco-workbench').getAttribute('class')),
    );
    await this.press('Enter');
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
