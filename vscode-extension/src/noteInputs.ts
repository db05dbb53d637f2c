// What is typed into a thread of the editor, kept as a draft of the server as it is typed: it outlives both.
// May not save notes. The editor does not say where its input stands, so a draft of a new note stands on its file; nor, in
// every version, that it was closed, and never why: what was thrown away there stands among what is not saved until it is
// discarded, and an input that begins with the text of another goes on with it, as when its file is shown again.
import * as vscode from 'vscode';
import type { NoteDraft } from './contract.ts';
import { hasEnded, serverCommand } from './protocol.ts';
import type { Session } from './session.ts';
import { ulid } from './ulid.ts';

/** The scheme of the editor's own inputs. */
const INPUT = 'comment';
/** Milliseconds after a keystroke in which others join its save, and until a save that failed is tried again. */
const PAUSE_MS = 200;
const AGAIN_MS = 1000;
/** Milliseconds after which a text whose input was closed counts as left, and is shown among what is not saved. */
const CLOSED_MS = 1500;

/** Milliseconds after a keystroke for which its thread stays, even when all of its notes were removed. */
const TYPING_MS = 300_000;

/** What a draft is to become. */
export interface Becomes {
  workspace: string;
  /** The file that is written on. */
  file?: string;
  /** The note that is changed. */
  note?: string;
  pred?: string[];
  /** It becomes a comment of a review. */
  review?: object;
}

interface Input {
  document: vscode.TextDocument;
  draft: string;
  becomes: Becomes;
  saved: string | undefined;
  /** Whether the server has something of it. */
  kept: boolean;
  /** When something was typed last. */
  typed: number;
  timer: NodeJS.Timeout | undefined;
  busy: boolean;
  ended: boolean;
  /** Its input was closed a while ago, and none has taken it up. */
  left: boolean;
}

export class NoteInputs implements vscode.Disposable {
  private readonly inputs = new Map<string, Input>();
  /** Inputs that were closed with a text: an editor that is shown again goes on with it. */
  private readonly closed = new Set<Input>();
  private readonly ended = new vscode.EventEmitter<void>();
  /** Something that was typed is not being typed any more. */
  readonly onDidEnd = this.ended.event;
  private expected: { becomes: Becomes; text: string } | undefined;
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
            input.typed = Date.now();
            this.resume(input);
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

  /** The next input that is opened is for this, and begins with that text. */
  expect(becomes: Becomes, text: string): void {
    this.expected = { becomes, text };
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
    return this.known().some((input) => input.draft === draft && !input.left);
  }

  /** Whether something is being typed into a thread of a file. */
  isTyping(file: vscode.Uri): boolean {
    return [...this.inputs.values()].some(
      ({ becomes, document, ended, typed }) =>
        !ended &&
        becomes.file === file.toString() &&
        document.getText().trim() !== '' &&
        Date.now() - typed < TYPING_MS,
    );
  }

  /** Somebody does not want to change a note after all: what was typed is thrown away. */
  cancel(note: string): void {
    for (const input of this.known()) {
      if (input.becomes.note === note && !input.ended) {
        this.discard(input);
      }
    }
  }

  dispose(): void {
    for (const { timer } of this.known()) {
      clearTimeout(timer);
    }
    for (const subscription of this.subscriptions) {
      subscription.dispose();
    }
  }

  private known(): Input[] {
    return [...this.inputs.values(), ...this.closed];
  }

  private holding(text: string): Input | undefined {
    return [...this.inputs.values()].find(({ document, ended }) => !ended && document.getText() === text);
  }

  /** What is known of an input; those of other extensions are none of ours. */
  private input(document: vscode.TextDocument): Input | undefined {
    const key = document.uri.toString();
    const known = this.inputs.get(key);
    if (known !== undefined) {
      return known;
    }
    // An input of a change has no name in its address: it is the one that is expected, or that was closed with its editor.
    const { authority, path } = document.uri;
    const ours =
      authority === 'holdover.notes' ||
      authority === 'holdover.reviews' ||
      path.startsWith('/holdover.holdover/');
    if (!ours && (authority !== '' || path.lastIndexOf('/') > 0)) {
      return undefined;
    }
    let begins = document.getText();
    let becomes = ours
      ? this.here(authority === 'holdover.reviews')
      : this.before(document, (input) => input.becomes.note !== undefined)?.becomes;
    if (!ours && becomes === undefined && this.expected !== undefined) {
      becomes = this.expected.becomes;
      begins = this.expected.text;
      this.expected = undefined;
    }
    if (becomes === undefined) {
      return undefined;
    }
    const input: Input = {
      document,
      draft: ulid(),
      becomes,
      // What it begins with is nobody's draft yet.
      saved: begins,
      kept: false,
      typed: 0,
      timer: undefined,
      busy: false,
      ended: false,
      left: false,
    };
    this.inputs.set(key, input);
    this.resume(input);
    return input;
  }

  /** The input that was there before with the same text. */
  private before(document: vscode.TextDocument, like: (input: Input) => boolean): Input | undefined {
    const text = document.getText();
    // One letter may be typed in two places.
    return text.length < 2
      ? undefined
      : this.known().find(
          (one) => one.document !== document && !one.ended && like(one) && one.document.getText() === text,
        );
  }

  /** An editor that is shown again begins with what was typed before: that goes on, under its draft. */
  private resume(input: Input): void {
    const { note } = input.becomes;
    const before = input.kept
      ? undefined
      : this.before(input.document, ({ becomes }) => becomes.note === note);
    if (before !== undefined) {
      clearTimeout(before.timer);
      this.closed.delete(before);
      this.inputs.delete(before.document.uri.toString());
      const { draft, becomes, saved, kept } = before;
      Object.assign(input, { draft, becomes, saved, kept });
    }
  }

  /** The file that is in front. */
  private here(review: boolean): Becomes | undefined {
    const uri = vscode.window.activeTextEditor?.document.uri;
    const workspace = this.session.statusFor(uri)?.workspace;
    if (workspace === undefined) {
      return undefined;
    }
    return {
      workspace,
      ...(uri?.scheme === 'file' ? { file: uri.toString() } : {}),
      ...(review ? { review: {} } : {}),
    };
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
    if (input.ended || input.busy || body === input.saved || body.trim() === '') {
      return;
    }
    input.busy = true;
    let again: number | undefined;
    try {
      const { file, ...becomes } = input.becomes;
      // A change stands where its note stands.
      const place = becomes.note === undefined && file !== undefined ? { file } : {};
      await this.session.quietly<NoteDraft>(serverCommand.noteDraft, {
        ...becomes,
        ...place,
        body,
        draft: input.draft,
      });
      input.saved = body;
      input.kept = true;
      again = input.document.getText() === body ? undefined : PAUSE_MS;
    } catch (error) {
      if (hasEnded(error)) {
        input.draft = ulid();
        again = 0;
      } else {
        // The server may be on its way back.
        again = AGAIN_MS;
      }
    }
    input.busy = false;
    if (again !== undefined) {
      this.soon(input, again);
    }
  }

  /** Closed by whoever typed, or with its editor, which will show it again: what it holds is kept either way. */
  private close(document: vscode.TextDocument): void {
    const key = document.uri.toString();
    const input = this.inputs.get(key);
    if (input === undefined) {
      return;
    }
    this.inputs.delete(key);
    clearTimeout(input.timer);
    input.timer = undefined;
    if (input.ended) {
      return;
    }
    const text = document.getText();
    if (text.trim() === '' || (!input.kept && text === input.saved)) {
      if (input.kept) {
        this.discard(input);
      }
      return;
    }
    this.closed.add(input);
    void this.keep(input);
    setTimeout(() => {
      if (this.closed.has(input)) {
        input.left = true;
        this.ended.fire();
      }
    }, CLOSED_MS);
  }

  private discard(input: Input): void {
    clearTimeout(input.timer);
    input.ended = true;
    this.closed.delete(input);
    const { workspace } = input.becomes;
    this.session
      .quietly(serverCommand.noteDraft, { workspace, draft: input.draft, discard: true })
      .catch(() => undefined)
      .finally(() => {
        this.ended.fire();
      });
  }
}
