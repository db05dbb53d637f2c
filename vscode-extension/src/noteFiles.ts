// Notes that are being written, as documents of the editor: what is typed is kept as a draft, and whoever saves makes it a
// note; the editor's own saving, after a pause or when another window is in front, keeps the draft and no more.
// May not show notes; everything that a document is to become stands in its address, so that any window can go on with it.
import * as vscode from 'vscode';
import type { Note, NoteDraft, NoteReport } from './contract.ts';
import { hasEnded, serverCommand } from './protocol.ts';
import type { Session } from './session.ts';
import { ulid } from './ulid.ts';

export const NOTE_SCHEME = 'holdover-note';
/** Milliseconds after a keystroke in which others join its save, and until a save that failed is tried again. */
const PAUSE_MS = 200;
const AGAIN_MS = 1000;
/** Milliseconds after which a tab that was closed has not moved to another group. */
const MOVED_MS = 300;

/** What a document is to become. */
export interface Writing {
  workspace: string;
  file?: string;
  line?: number;
  lines?: number;
  shared?: boolean;
  anchor?: unknown;
  note?: string;
  pred?: string[];
}

interface Saving {
  timer: NodeJS.Timeout | undefined;
  busy: boolean;
  /** Under which draft it is kept: another than in the address once that one has ended. */
  draft: string;
  /** What the draft holds. */
  saved: string | undefined;
  /** What the note says, once it is one. */
  noted: string | undefined;
  /** The note that it is now, which what is typed on is to change. */
  changes: Pick<Writing, 'note' | 'pred'> | undefined;
  anchor: unknown;
  /** It is on its way to become a note. */
  noting: boolean;
  /** The editor saves because somebody asked for it. */
  asked: boolean;
  /** What the editor saved by itself, and so does not ask about when it is closed. */
  unasked: string | undefined;
}

export class NoteFiles implements vscode.FileSystemProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.changed.event;
  /** Text with which a document begins. */
  private readonly begun = new Map<string, { text: string; at: number }>();
  private readonly saving = new Map<string, Saving>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly session: Session,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions = [
      this.changed,
      vscode.workspace.registerFileSystemProvider(NOTE_SCHEME, this, { isCaseSensitive: true }),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (document.uri.scheme === NOTE_SCHEME && contentChanges.length > 0) {
          this.soon(document, PAUSE_MS);
        }
      }),
      vscode.workspace.onWillSaveTextDocument(({ document, reason }) => {
        if (document.uri.scheme === NOTE_SCHEME) {
          this.state(document.uri).asked = reason === vscode.TextDocumentSaveReason.Manual;
        }
      }),
      // Not before the editor knows that it is saved: it would ask.
      vscode.workspace.onDidSaveTextDocument((document) => {
        if (document.uri.scheme !== NOTE_SCHEME) {
          return;
        }
        const { noted } = this.state(document.uri);
        if (noted === document.getText()) {
          void close(document.uri);
        } else if (noted !== undefined) {
          // Somebody typed on while it was on its way.
          this.soon(document, PAUSE_MS);
        }
      }),
      // The editor keeps a document for minutes after its last tab.
      vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
        const uris = closed.flatMap(({ input }) => (input instanceof vscode.TabInputText ? [input.uri] : []));
        for (const uri of uris.filter(({ scheme }) => scheme === NOTE_SCHEME)) {
          setTimeout(() => {
            const document = vscode.workspace.textDocuments.find(
              (one) => one.uri.toString() === uri.toString(),
            );
            if (document !== undefined && tabsOf(uri).length === 0) {
              void this.closed(document);
            }
          }, MOVED_MS);
        }
      }),
      vscode.workspace.onDidCloseTextDocument((document) => {
        if (document.uri.scheme === NOTE_SCHEME) {
          void this.closed(document);
        }
      }),
    ];
  }

  /** Opens a document to write in, beside what is shown. */
  async write(writing: Writing, title: string, body = '', draft = ulid()): Promise<vscode.TextEditor> {
    const { workspace, ...rest } = writing;
    const uri = vscode.Uri.from({
      scheme: NOTE_SCHEME,
      path: `/${draft}/${title.replace(/[/\\]/g, '∕')}.md`,
      query: JSON.stringify({ workspace, ...rest }),
    });
    this.begun.set(uri.toString(), { text: body, at: Date.now() });
    const document = await vscode.workspace.openTextDocument(uri);
    return vscode.window.showTextDocument(document, {
      viewColumn: vscode.ViewColumn.Beside,
      preview: false,
    });
  }

  /** Whether a draft is open in this window. */
  isOpen(draft: string): boolean {
    return vscode.workspace.textDocuments.some(
      ({ uri }) =>
        uri.scheme === NOTE_SCHEME &&
        (this.saving.get(uri.toString())?.draft ?? draftOf(uri)) === draft &&
        tabsOf(uri).length > 0,
    );
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { text, at } = await this.text(uri);
    return { type: vscode.FileType.File, ctime: at, mtime: at, size: Buffer.byteLength(text) };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return Buffer.from((await this.text(uri)).text);
  }

  /** Saving: where somebody asked for it, the text becomes a note, or its new version; else it is kept as a draft. */
  async writeFile(uri: vscode.Uri, content: Uint8Array): Promise<void> {
    const body = Buffer.from(content).toString('utf8');
    const state = this.state(uri);
    const { asked } = state;
    state.asked = false;
    if (body === state.noted) {
      return;
    }
    clearTimeout(state.timer);
    state.timer = undefined;
    try {
      if (asked) {
        await this.note(uri, state, body);
      } else if (body !== state.saved && body.trim() !== '') {
        await this.keep(uri, state, body);
      }
    } catch (error) {
      // The editor shows this and keeps the document as it is.
      const reason = error instanceof Error ? error.message : String(error);
      throw vscode.FileSystemError.Unavailable(reason.replace(/\s*\n\s*/g, '; '));
    }
    if (asked) {
      vscode.window.setStatusBarMessage('Holdover: noted', 4_000);
    } else {
      if (state.unasked === undefined) {
        // The editor shows it as saved, which it is not yet.
        vscode.window.setStatusBarMessage('Holdover: kept as a draft; Save makes it a note', 8_000);
      }
      state.unasked = body;
    }
    this.begun.set(uri.toString(), { text: body, at: Date.now() });
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(): void {
    throw vscode.FileSystemError.NoPermissions('notes have no folders');
  }

  delete(): void {
    throw vscode.FileSystemError.NoPermissions('a note is removed where it is shown');
  }

  rename(): void {
    throw vscode.FileSystemError.NoPermissions('notes have no names');
  }

  dispose(): void {
    for (const { timer } of this.saving.values()) {
      clearTimeout(timer);
    }
    for (const subscription of this.subscriptions) {
      subscription.dispose();
    }
  }

  private state(uri: vscode.Uri): Saving {
    const key = uri.toString();
    const known = this.saving.get(key) ?? {
      timer: undefined,
      busy: false,
      draft: draftOf(uri),
      saved: undefined,
      noted: undefined,
      changes: undefined,
      anchor: undefined,
      noting: false,
      asked: false,
      unasked: undefined,
    };
    this.saving.set(key, known);
    return known;
  }

  /** Makes the text a note, or a note's new version. */
  private async note(uri: vscode.Uri, state: Saving, body: string): Promise<void> {
    const fields = becomes(uri, state);
    state.noting = true;
    const note = await this.session
      .quietly<Note>(fields.note === undefined ? serverCommand.noteAdd : serverCommand.noteEdit, {
        ...fields,
        body,
        draft: state.draft,
      })
      .finally(() => {
        state.noting = false;
      });
    state.noted = body;
    state.saved = undefined;
    // What is typed on changes what was saved, and nothing that others wrote meanwhile.
    const own = note.versions.filter((version) => version.body === kept(body));
    state.changes = { note: note.id, pred: own.flatMap(({ ops }) => ops) };
    state.draft = ulid();
  }

  /** Saves the text as a draft. One that has ended, in another window perhaps, keeps nothing more: then as a new one. */
  private async keep(uri: vscode.Uri, state: Saving, body: string): Promise<void> {
    const { draft } = state;
    const fields = becomes(uri, state);
    const save = () =>
      this.session.quietly<NoteDraft>(serverCommand.noteDraft, { ...fields, body, draft: state.draft });
    let answer: NoteDraft;
    try {
      answer = await save();
    } catch (error) {
      // One that ends here becomes a note, and what is typed on has a draft of its own then.
      if (!hasEnded(error) || state.noting || state.draft !== draft) {
        throw error;
      }
      state.draft = ulid();
      answer = await save();
    }
    if (answer.id === state.draft) {
      state.saved = body;
      // Where it stands was taken down with the first letter: lines that are written above it since do not move it.
      state.anchor = fields.note === undefined ? answer.anchor : undefined;
    }
  }

  /** What a document begins with: known here, else, after a crash of the window, what its draft holds. */
  private async text(uri: vscode.Uri): Promise<{ text: string; at: number }> {
    const known = this.begun.get(uri.toString());
    if (known !== undefined) {
      return known;
    }
    let text = '';
    try {
      const { workspace } = writingOf(uri);
      const report = await this.session.quietly<NoteReport>(serverCommand.noteList, { workspace });
      text = report.drafts.find((draft) => draft.id === draftOf(uri))?.body ?? '';
    } catch (error) {
      this.log.debug(`no draft for ${uri.path}: ${error instanceof Error ? error.message : String(error)}`);
    }
    const begun = { text, at: Date.now() };
    this.begun.set(uri.toString(), begun);
    return begun;
  }

  private soon(document: vscode.TextDocument, ms: number): void {
    const state = this.state(document.uri);
    // A pause that began goes on: somebody who types without one is saved too.
    state.timer ??= setTimeout(() => {
      state.timer = undefined;
      void this.save(document, state);
    }, ms);
  }

  private async save(document: vscode.TextDocument, state: Saving): Promise<void> {
    const body = document.getText();
    if (state.busy || document.isClosed || body === state.saved || body === state.noted) {
      return;
    }
    state.busy = true;
    let again: number | undefined;
    try {
      await this.keep(document.uri, state, body);
      again = document.getText() === body ? undefined : PAUSE_MS;
    } catch {
      // The server may be on its way back.
      again = AGAIN_MS;
    }
    state.busy = false;
    if (again !== undefined) {
      this.soon(document, again);
    }
  }

  /** Closed without saving: thrown away where the editor has asked about it, else kept among what is not saved. */
  private async closed(document: vscode.TextDocument): Promise<void> {
    const key = document.uri.toString();
    const state = this.saving.get(key);
    clearTimeout(state?.timer);
    this.saving.delete(key);
    this.begun.delete(key);
    const body = document.getText();
    if (state === undefined || body === state.noted) {
      return;
    }
    const saves = vscode.workspace.getConfiguration('files', document.uri).get<string>('autoSave', 'off');
    if (saves !== 'off' || body === state.unasked) {
      // Even what is kept already: it is told of then, and shown among what is not saved.
      if (body.trim() !== '') {
        await this.keep(document.uri, state, body).catch(() => undefined);
      }
    } else if (state.saved !== undefined) {
      const { workspace } = writingOf(document.uri);
      await this.session
        .quietly(serverCommand.noteDraft, { workspace, draft: state.draft, discard: true })
        .catch(() => undefined);
    }
  }
}

/** What a document is to become, by its address and what happened since. */
function becomes(uri: vscode.Uri, { anchor, changes }: Saving): Writing {
  const writing = writingOf(uri);
  if (changes !== undefined) {
    return { workspace: writing.workspace, ...changes };
  }
  return anchor === undefined ? writing : { ...writing, anchor };
}

/** A text as a note keeps it: lines end in LF, no empty ones around it. */
function kept(body: string): string {
  return body.replace(/\r\n?/g, '\n').trimEnd().replace(/^\n+/, '');
}

function writingOf(uri: vscode.Uri): Writing {
  return JSON.parse(uri.query) as Writing;
}

function draftOf(uri: vscode.Uri): string {
  return uri.path.split('/')[1] ?? '';
}

async function close(uri: vscode.Uri): Promise<void> {
  await vscode.window.tabGroups.close(tabsOf(uri));
}

function tabsOf(uri: vscode.Uri): vscode.Tab[] {
  return vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .filter(({ input }) => input instanceof vscode.TabInputText && input.uri.toString() === uri.toString());
}
