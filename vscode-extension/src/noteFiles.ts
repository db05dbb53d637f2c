// Notes that are being written, as documents of the editor: what is typed is kept as a draft, saving makes it a note.
// May not show notes; everything that a document is to become stands in its address, so that any window can go on with it.
import * as vscode from 'vscode';
import type { Note, NoteDraft, NoteReport } from './contract.ts';
import { serverCommand } from './protocol.ts';
import type { Session } from './session.ts';
import { ulid } from './ulid.ts';

export const NOTE_SCHEME = 'holdover-note';
/** Milliseconds after a keystroke in which others join its save, and until a save that failed is tried again. */
const PAUSE_MS = 200;
const AGAIN_MS = 1000;

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
  saved: string | undefined;
  ended: boolean;
  anchor: unknown;
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
      // Not before the editor knows that it is saved: it would ask.
      vscode.workspace.onDidSaveTextDocument(({ uri }) => {
        if (uri.scheme === NOTE_SCHEME) {
          void close(uri);
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
  async write(writing: Writing, title: string, body = '', draft = ulid()): Promise<void> {
    const { workspace, ...rest } = writing;
    const uri = vscode.Uri.from({
      scheme: NOTE_SCHEME,
      path: `/${draft}/${title.replace(/[/\\]/g, '∕')}.md`,
      query: JSON.stringify({ workspace, ...rest }),
    });
    this.begun.set(uri.toString(), { text: body, at: Date.now() });
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: false });
  }

  /** Whether a draft is open in this window. */
  isOpen(draft: string): boolean {
    return vscode.workspace.textDocuments.some(
      ({ uri, isClosed }) => !isClosed && uri.scheme === NOTE_SCHEME && draftOf(uri) === draft,
    );
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { text, at } = await this.text(uri);
    return { type: vscode.FileType.File, ctime: at, mtime: at, size: Buffer.byteLength(text) };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return Buffer.from((await this.text(uri)).text);
  }

  /** Saving: the text becomes a note, or its new version. */
  async writeFile(uri: vscode.Uri, content: Uint8Array): Promise<void> {
    const { workspace, ...fields } = writingOf(uri);
    const body = Buffer.from(content).toString('utf8');
    const state = this.state(uri);
    clearTimeout(state.timer);
    if (state.ended) {
      return;
    }
    const place = state.anchor === undefined ? {} : { anchor: state.anchor };
    try {
      await this.session.quietly<Note>(
        fields.note === undefined ? serverCommand.noteAdd : serverCommand.noteEdit,
        { ...fields, ...place, workspace, body, draft: draftOf(uri) },
      );
    } catch (error) {
      // The editor shows this and keeps the document as it is.
      const reason = error instanceof Error ? error.message : String(error);
      throw vscode.FileSystemError.Unavailable(reason.replace(/\s*\n\s*/g, '; '));
    }
    state.ended = true;
    this.begun.set(uri.toString(), { text: body, at: Date.now() });
    vscode.window.setStatusBarMessage('Holdover: noted', 4_000);
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
      saved: undefined,
      ended: false,
      anchor: undefined,
    };
    this.saving.set(key, known);
    return known;
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
    if (!state.ended) {
      // A pause that began goes on: somebody who types without one is saved too.
      state.timer ??= setTimeout(() => {
        state.timer = undefined;
        void this.save(document, state);
      }, ms);
    }
  }

  private async save(document: vscode.TextDocument, state: Saving): Promise<void> {
    const body = document.getText();
    if (state.ended || state.busy || document.isClosed || body === state.saved) {
      return;
    }
    state.busy = true;
    let again: number | undefined;
    try {
      const fields = writingOf(document.uri);
      const place = state.anchor === undefined ? {} : { anchor: state.anchor };
      const draft = await this.session.quietly<NoteDraft>(serverCommand.noteDraft, {
        ...fields,
        ...place,
        body,
        draft: draftOf(document.uri),
      });
      state.saved = body;
      // Where it stands was taken down with the first letter: lines that are written above it since do not move it.
      state.anchor = fields.note === undefined ? draft.anchor : undefined;
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

  /** Closed without saving, which the editor has asked about: thrown away. */
  private async closed(document: vscode.TextDocument): Promise<void> {
    const key = document.uri.toString();
    const state = this.saving.get(key);
    clearTimeout(state?.timer);
    this.saving.delete(key);
    this.begun.delete(key);
    if (state !== undefined && !state.ended && state.saved !== undefined) {
      state.ended = true;
      const { workspace } = writingOf(document.uri);
      await this.session
        .quietly(serverCommand.noteDraft, { workspace, draft: draftOf(document.uri), discard: true })
        .catch(() => undefined);
    }
  }
}

function writingOf(uri: vscode.Uri): Writing {
  return JSON.parse(uri.query) as Writing;
}

function draftOf(uri: vscode.Uri): string {
  return uri.path.split('/')[1] ?? '';
}

async function close(uri: vscode.Uri): Promise<void> {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  const own = tabs.filter(
    ({ input }) => input instanceof vscode.TabInputText && input.uri.toString() === uri.toString(),
  );
  await vscode.window.tabGroups.close(own);
}
