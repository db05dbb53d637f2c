// VS Code's own extension on a `vscode` module of our own: one document, one editor, edits applied as the editor does it. It may
// not reach a network: what it asks of `https` is refused.

import Module, { createRequire } from 'node:module';
import { join } from 'node:path';
import { Text } from './text.mjs';

class Position {
  constructor(line, character) {
    Object.assign(this, { line, character });
  }
  isBefore(other) {
    return this.line < other.line || (this.line === other.line && this.character < other.character);
  }
  isEqual(other) {
    return this.line === other.line && this.character === other.character;
  }
  isAfter(other) {
    return other.isBefore(this);
  }
}

class Range {
  constructor(a, b, c, d) {
    this.start = typeof a === 'number' ? new Position(a, b) : a;
    this.end = typeof a === 'number' ? new Position(c, d) : b;
  }
  get isEmpty() {
    return this.start.isEqual(this.end);
  }
  contains(what) {
    const [from, to] = what instanceof Range ? [what.start, what.end] : [what, what];
    return !from.isBefore(this.start) && !to.isAfter(this.end);
  }
  isEqual(other) {
    return this.start.isEqual(other.start) && this.end.isEqual(other.end);
  }
}

/** A document as the extension host keeps it: lines, and objects for lines that are made when they are asked for. */
class Document {
  constructor(text, name) {
    this.text = new Text(text);
    this.uri = { scheme: 'file', path: name, toString: () => `file://${name}` };
  }
  get lineCount() {
    return this.text.lines.length;
  }
  getText(range) {
    return range ? this.text.between(range.start, range.end) : this.text.whole();
  }
  lineAt(at) {
    const line = typeof at === 'number' ? at : at.line;
    const { lines } = this.text;
    const text = lines[line];
    const last = line === lines.length - 1;
    return {
      text,
      range: new Range(line, 0, line, text.length),
      rangeIncludingLineBreak: last ? new Range(line, 0, line, text.length) : new Range(line, 0, line + 1, 0),
      get isEmptyOrWhitespace() {
        return text.trim().length === 0;
      },
    };
  }
}

export class Extension {
  #on = {};
  #commands = {};
  #lenses;
  #editor;
  #drawn;
  #opened = 0;

  constructor(folder) {
    const vscode = this.#module();
    const load = Module._load;
    Module._load = (name, ...rest) => {
      if (name === 'vscode') return vscode;
      if (name === 'https')
        return {
          request: () => {
            throw new Error('no network here');
          },
        };
      return load(name, ...rest);
    };
    const require = createRequire(import.meta.url);
    const { activate } = require(join(folder, 'dist', 'mergeConflictMain.js'));
    const packageJSON = require(join(folder, 'package.json'));
    activate({ subscriptions: [], extension: { packageJSON } });
    Module._load = load;
  }

  #module() {
    const disposable = { dispose() {} };
    const on = (name) => (listener, self) => {
      this.#on[name] = listener.bind(self);
      return disposable;
    };
    const editors = () => (this.#editor ? [this.#editor] : []);
    const logger = { logUsage() {}, logError() {}, dispose() {}, onDidChangeEnableStates: () => disposable };
    return {
      Position,
      Range,
      Selection: Range,
      CodeLens: class {
        constructor(range, command) {
          Object.assign(this, { range, command });
        }
      },
      ThemeColor: class {},
      OverviewRulerLane: { Full: 7 },
      ViewColumn: { Active: -1, Beside: -2 },
      TextEditorRevealType: { Default: 0 },
      Uri: { parse: String },
      EventEmitter: class {
        event = () => disposable;
        fire() {}
        dispose() {}
      },
      UIKind: { Desktop: 1 },
      l10n: { t: (text) => text },
      version: '1.0.0',
      env: {
        isTelemetryEnabled: false,
        machineId: '',
        sessionId: '',
        uiKind: 1,
        appName: '',
        appHost: '',
        onDidChangeTelemetryEnabled: () => disposable,
        createTelemetryLogger: () => logger,
      },
      workspace: {
        getConfiguration: () => ({ get: (_name, otherwise) => otherwise }),
        onDidOpenTextDocument: on('open'),
        onDidChangeTextDocument: on('change'),
        onDidChangeConfiguration: on('configuration'),
        registerTextDocumentContentProvider: () => disposable,
      },
      window: {
        get visibleTextEditors() {
          return editors();
        },
        get activeTextEditor() {
          return editors()[0];
        },
        onDidChangeVisibleTextEditors: on('visible'),
        createTextEditorDecorationType: () => ({ dispose() {} }),
        showWarningMessage: () => {
          this.#drawn?.();
        },
        showErrorMessage() {},
      },
      commands: {
        registerCommand: (name, run) => {
          this.#commands[name] = run;
          return disposable;
        },
        executeCommand: () => Promise.resolve(),
      },
      languages: {
        registerCodeLensProvider: (_selector, provider) => {
          this.#lenses = provider;
          return disposable;
        },
      },
    };
  }

  /** All decorations of one look have been set: they are set at once, one kind after the other. */
  #redrawn(work) {
    return new Promise((done) => {
      this.#drawn = () => {
        this.#drawn = undefined;
        queueMicrotask(done);
      };
      work();
    });
  }

  async open(text) {
    this.#opened += 1;
    const document = new Document(text, `/bench/${this.#opened}.rs`);
    this.#editor = {
      document,
      selection: { active: new Position(0, 0) },
      setDecorations: () => this.#drawn?.(),
      revealRange() {},
      edit: async (build) => {
        const edits = [];
        build({ replace: (range, put) => edits.push({ range, newText: put }) });
        document.text.apply(edits);
        this.edited?.();
        return true;
      },
    };
    if (text.includes('<<<<<<<')) {
      // A text of which it knows no conflict draws nothing, and removes what was drawn: that counts as drawn too.
      await this.#redrawn(() => this.#on.open(document));
    }
  }

  async #change(edit) {
    const { document } = this.#editor;
    await this.#redrawn(() => {
      document.text.apply([edit]);
      this.#on.change({ document });
    });
  }

  shift(down) {
    const range = new Range(0, 0, down ? 0 : 1, 0);
    return this.#change({ range, newText: down ? '// above\n' : '' });
  }

  type(n) {
    const range = new Range(1, 0, 1, n % 2);
    return this.#change({ range, newText: n % 2 === 0 ? 'x' : '' });
  }

  async lenses() {
    const found = await this.#lenses.provideCodeLenses(this.#editor.document);
    if (found.length === 0) throw new Error('no lenses');
  }

  /** Accepts with the cursor at the opening marker; the text afterwards. */
  async accept(choice, nth) {
    const { text } = this.#editor.document;
    const opens = text.lines.flatMap((line, n) => (/^<{7,}/.test(line) && !line.includes('half') ? [n] : []));
    this.#editor.selection = { active: new Position(opens[nth], 0) };
    return this.#run(`merge-conflict.accept.${choice}`);
  }

  acceptAll(choice) {
    return this.#run(`merge-conflict.accept.all-${choice}`);
  }

  /** Done where it edited, or has said that there is nothing to edit. */
  async #run(command) {
    const edited = new Promise((done) => {
      this.edited = done;
      this.#drawn = done;
    });
    this.#commands[command]();
    await edited;
    this.edited = undefined;
    this.#drawn = undefined;
    return this.#editor.document.text.whole();
  }
}
