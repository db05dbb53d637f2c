// What is typed into a thread of the editor, kept as a draft of the server as it is typed: it outlives both.
// May not save notes. The editor does not say where its input stands, so a draft of a new note stands on its file; nor,
// in every version, when it was closed: what was thrown away there stands among what is not saved until it is discarded.
import * as vscode from 'vscode';
import type { NoteDraft } from './contract.ts';
import { serverCommand } from './protocol.ts';
import type { Session } from './session.ts';
import { ulid } from './ulid.ts';

/** The scheme of the editor's own inputs. */
const INPUT = 'comment';
/** Milliseconds after a keystroke in which others join its save, and until a save that failed is tried again. */
const PAUSE_MS = 200;
const AGAIN_MS = 1000;
/** Milliseconds after which an input that was closed while its file is seen counts as thrown away. */
const CLOSED_MS = 1500;

/** What a draft is to become. */
export interface Becomes {
  workspace: string;
  file?: string;
  note?: string;
  pred?: string[];
}

interface Input {
  document: vscode.TextDocument;
  draft: string;
  becomes: Becomes;
  saved: string | undefined;
  timer: NodeJS.Timeout | undefined;
  busy: boolean;
  ended: boolean;
}

export class NoteInputs implements vscode.Disposable {
  private readonly inputs = new Map<string, Input>();
  /** Inputs that were closed with a text, by that text: an editor that is shown again goes on with it. */
  private readonly left = new Map<string, Input>();
  private readonly ended = new vscode.EventEmitter<void>();
  /** Something that was typed is not being typed any more. */
  readonly onDidEnd = this.ended.event;
  private expected: Becomes | undefined;
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly session: Session) {
    this.subscriptions = [
      this.ended,
      vscode.workspace.onDidOpenTextDocument((document) => {
        if (document.uri.scheme === INPUT) {
          this.input(document);
        }
      }),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (document.uri.scheme === INPUT && contentChanges.length > 0) {
          const input = this.input(document);
          if (input !== undefined) {
            this.soon(input, PAUSE_MS);
          }
        }
      }),
      vscode.workspace.onDidCloseTextDocument((document) => {
        if (document.uri.scheme === INPUT) {
          this.close(document);
        }
      }),
    ];
  }

  /** The next input that is opened is for this. */
  expect(becomes: Becomes): void {
    this.expected = becomes;
  }

  /** The draft that holds this text. */
  draftOf(text: string): string | undefined {
    return this.holding(text)?.draft;
  }

  /** The text is a note now. */
  saved(text: string): void {
    const input = this.holding(text);
    if (input !== undefined) {
      clearTimeout(input.timer);
      input.ended = true;
      this.inputs.delete(input.document.uri.toString());
    }
  }

  /** Whether a draft is being typed in this window. */
  isOpen(draft: string): boolean {
    return [...this.inputs.values(), ...this.left.values()].some((input) => input.draft === draft);
  }

  dispose(): void {
    for (const { timer } of this.inputs.values()) {
      clearTimeout(timer);
    }
    for (const subscription of this.subscriptions) {
      subscription.dispose();
    }
  }

  private holding(text: string): Input | undefined {
    return [...this.inputs.values()].find(({ document }) => document.getText() === text);
  }

  /** What is known of an input; those of other extensions are none of ours. */
  private input(document: vscode.TextDocument): Input | undefined {
    const key = document.uri.toString();
    const known = this.inputs.get(key);
    if (known !== undefined) {
      return known;
    }
    const { authority, path } = document.uri;
    let becomes = this.expected;
    // An input of a change has no name in its address, only the one that is expected.
    if (authority === 'holdover.notes' || path.startsWith('/holdover.holdover/')) {
      becomes = this.here();
    } else {
      this.expected = undefined;
    }
    if (becomes === undefined) {
      return undefined;
    }
    const again = this.left.get(document.getText());
    this.left.delete(document.getText());
    const input: Input = {
      document,
      draft: again?.draft ?? ulid(),
      becomes: again?.becomes ?? becomes,
      // What it begins with is nobody's draft yet.
      saved: document.getText(),
      timer: undefined,
      busy: false,
      ended: false,
    };
    this.inputs.set(key, input);
    return input;
  }

  /** The file that is in front. */
  private here(): Becomes | undefined {
    const uri = vscode.window.activeTextEditor?.document.uri;
    const workspace = this.session.statusFor(uri)?.workspace;
    if (workspace === undefined) {
      return undefined;
    }
    return { workspace, ...(uri?.scheme === 'file' ? { file: uri.toString() } : {}) };
  }

  private soon(input: Input, ms: number): void {
    if (!input.ended) {
      // A pause that began goes on: somebody who types without one is saved too.
      input.timer ??= setTimeout(() => {
        input.timer = undefined;
        void this.keep(input);
      }, ms);
    }
  }

  private async keep(input: Input): Promise<void> {
    const body = input.document.getText();
    if (input.ended || input.busy || input.document.isClosed || body === input.saved || body.trim() === '') {
      return;
    }
    input.busy = true;
    let again: number | undefined;
    try {
      await this.session.quietly<NoteDraft>(serverCommand.noteDraft, {
        ...input.becomes,
        body,
        draft: input.draft,
      });
      input.saved = body;
      again = input.document.getText() === body ? undefined : PAUSE_MS;
    } catch {
      // The server may be on its way back.
      again = AGAIN_MS;
    }
    input.busy = false;
    if (again !== undefined) {
      this.soon(input, again);
    }
  }

  /** Closed by whoever typed, which throws it away; or with its editor, which will show it again. */
  private close(document: vscode.TextDocument): void {
    const key = document.uri.toString();
    const input = this.inputs.get(key);
    if (input === undefined) {
      return;
    }
    this.inputs.delete(key);
    clearTimeout(input.timer);
    if (input.ended) {
      return;
    }
    const text = document.getText();
    this.left.set(text, input);
    input.timer = setTimeout(() => {
      const { file } = input.becomes;
      const seen = vscode.window.visibleTextEditors.some(({ document: { uri } }) => uri.toString() === file);
      if (this.left.get(text) === input && (seen || file === undefined)) {
        this.left.delete(text);
        input.ended = true;
        const { workspace } = input.becomes;
        this.session
          .quietly(serverCommand.noteDraft, { workspace, draft: input.draft, discard: true })
          .catch(() => undefined)
          .finally(() => {
            this.ended.fire();
          });
      }
    }, CLOSED_MS);
  }
}
