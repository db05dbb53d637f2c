// Threads of reviews as threads of the editor, in their files and beside the two sides of a change: answered and resolved in place.
// May not find places or word anything that the server words; what is being typed is kept by `noteInputs.ts`.
import path from 'node:path';
import * as vscode from 'vscode';
import type { Review, ReviewComment, ReviewReport, ReviewThread } from './contract.ts';
import { Drawing } from './drawing.ts';
import type { NoteInputs } from './noteInputs.ts';
import { shownMarkdown } from './noteThreads.ts';
import { serverCommand } from './protocol.ts';
import { REVIEW_SCHEME, sideOf, sideUri } from './reviewSides.ts';
import type { Session } from './session.ts';

export const REVIEW_CONTROLLER = 'holdover.reviews';
/** Threads of one folder that are drawn; a window with more would be slow to scroll. */
const MOST = 1000;

/** One comment as the editor shows it. */
class ThreadComment implements vscode.Comment {
  mode = vscode.CommentMode.Preview;
  body: string | vscode.MarkdownString;
  author: vscode.CommentAuthorInformation;
  contextValue: string;
  label: string;
  timestamp: Date;

  constructor(
    readonly workspace: string,
    readonly of: ReviewComment,
  ) {
    this.body = shownMarkdown(of.shown);
    this.author = { name: of.author.name };
    this.label = of.stateText;
    this.timestamp = new Date(of.created);
    const what = of.suggestion?.applies === true ? 'suggestion' : 'comment';
    this.contextValue = of.removed === true ? 'removed' : of.mine === true ? `${what} mine` : what;
  }
}

interface Shown {
  workspace: string;
  id: string;
  thread: vscode.CommentThread;
  drawn: string;
}

export class ReviewThreads implements vscode.Disposable {
  private readonly controller = vscode.comments.createCommentController(REVIEW_CONTROLLER, 'Reviews');
  private readonly shown = new Map<string, Shown>();
  /** Files that a review is about, by address: where a thread may be begun. */
  private reviewed = new Set<string>();
  private readonly drawing: Drawing;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly session: Session,
    private readonly inputs: NoteInputs,
    log: vscode.LogOutputChannel,
  ) {
    this.drawing = new Drawing('reviews', () => this.draw(), log);
    this.controller.options = {
      prompt: 'Write a review comment…',
      placeHolder: 'Markdown; kept as you type',
    };
    this.controller.commentingRangeProvider = {
      provideCommentingRanges: ({ uri, lineCount }) =>
        uri.scheme === REVIEW_SCHEME || this.reviewed.has(uri.toString())
          ? [new vscode.Range(0, 0, Math.max(0, lineCount - 1), 0)]
          : [],
    };
    this.subscriptions = [
      this.controller,
      session.onDidChangeReviews(() => {
        this.refresh();
      }),
      session.onDidChange(() => {
        this.refresh();
      }),
      vscode.workspace.onDidSaveTextDocument(() => {
        this.refresh();
      }),
      vscode.workspace.onDidOpenTextDocument(({ uri }) => {
        if (uri.scheme === 'file' || uri.scheme === REVIEW_SCHEME) {
          this.refresh();
        }
      }),
      inputs.onDidEnd(() => {
        this.refresh();
      }),
    ];
    this.refresh();
  }

  /** What was typed begins a thread, or answers one. */
  async save({ thread, text }: vscode.CommentReply): Promise<void> {
    const known = [...this.shown.values()].find((one) => one.thread === thread);
    const draft = this.inputs.draftOf(text);
    const ends = draft === undefined ? {} : { draft };
    if (known !== undefined) {
      const { workspace, id } = known;
      await this.session.quietly(serverCommand.reviewReply, { workspace, id, body: text, ...ends });
    } else {
      const { range } = thread;
      const lines = { line: range.start.line, lines: range.end.line - range.start.line + 1 };
      const side = sideOf(thread.uri);
      const place =
        side === undefined
          ? { workspace: this.workspaceOf(thread.uri), file: thread.uri.toString() }
          : { workspace: side.workspace, review: side.review, side: side.side, path: side.path };
      await this.session.quietly(serverCommand.reviewComment, { ...place, ...lines, body: text, ...ends });
      // Drawn anew from what the server says.
      thread.dispose();
    }
    this.inputs.saved(text);
    this.refresh();
  }

  async turn(what: unknown, resolved: boolean): Promise<void> {
    const known = this.threadOf(what);
    if (known !== undefined) {
      const { workspace, id } = known;
      await this.session.command(resolved ? serverCommand.reviewResolve : serverCommand.reviewReopen, {
        workspace,
        id,
      });
      this.refresh();
    }
  }

  async retract(comment: unknown): Promise<void> {
    if (comment instanceof ThreadComment) {
      const { workspace, of } = comment;
      await this.session.command(serverCommand.reviewRetract, { workspace, id: of.id });
      this.refresh();
    }
  }

  /** Puts what a comment suggests in place of its lines, where they are still those; an edit that can be undone. */
  async apply(comment: unknown): Promise<void> {
    if (!(comment instanceof ThreadComment)) {
      return;
    }
    const { workspace, of } = comment;
    const { file, range, text } = await this.session.quietly<{
      file: string;
      range: { start: { line: number; utf16: number }; end: { line: number; utf16: number } };
      text: string;
    }>(serverCommand.reviewApply, { workspace, id: of.id });
    const edit = new vscode.WorkspaceEdit();
    const at = new vscode.Range(range.start.line, range.start.utf16, range.end.line, range.end.utf16);
    edit.replace(vscode.Uri.file(file), at, text);
    await vscode.workspace.applyEdit(edit);
  }

  /** Opens the thread of a code action or a row, so that it can be answered. */
  async reveal(id: string): Promise<void> {
    const known = [...this.shown.values()].find((one) => one.id === id);
    if (known !== undefined) {
      const { thread } = known;
      await vscode.window.showTextDocument(thread.uri, { selection: thread.range });
      thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
    }
  }

  dispose(): void {
    this.drawing.dispose();
    for (const { thread } of this.shown.values()) {
      thread.dispose();
    }
    for (const subscription of this.subscriptions) {
      subscription.dispose();
    }
  }

  private threadOf(what: unknown): { workspace: string; id: string } | undefined {
    const row = what as { subject?: { workspace: string; text?: string } } | undefined;
    if (row?.subject?.text !== undefined) {
      return { workspace: row.subject.workspace, id: row.subject.text };
    }
    return [...this.shown.values()].find(({ thread }) => thread === what);
  }

  private workspaceOf(uri: vscode.Uri): string | undefined {
    return vscode.workspace.getWorkspaceFolder(uri)?.uri.fsPath;
  }

  private refresh(): void {
    this.drawing.refresh();
  }

  private async draw(): Promise<void> {
    const wanted = new Set<string>();
    const reviewed = new Set<string>();
    const asked = this.session.offers(serverCommand.reviewList) ? this.session.allStatuses : [];
    for (const { workspace } of asked) {
      const report = await this.session.quietly<ReviewReport>(serverCommand.reviewList, { workspace });
      for (const { id } of report.reviews) {
        const review = await this.session.quietly<Review>(serverCommand.reviewShow, {
          workspace,
          review: id,
        });
        for (const { path: file } of review.files ?? []) {
          reviewed.add(vscode.Uri.file(path.join(workspace, file)).toString());
        }
        for (const thread of (review.threads ?? []).slice(0, MOST)) {
          for (const { key, uri } of this.places(workspace, thread)) {
            this.show(workspace, key, uri, thread);
            wanted.add(key);
          }
        }
      }
      // In a text that is open a thread stands where its lines are there, saved or not.
      for (const { uri } of documents('file').filter((one) => reviewed.has(one.uri.toString()))) {
        const file = uri.toString();
        const { threads } = await this.session.quietly<{ threads: ReviewThread[] }>(
          serverCommand.reviewThreads,
          { workspace, file },
        );
        for (const thread of threads) {
          this.show(workspace, thread.id, uri, thread);
          wanted.add(thread.id);
        }
      }
    }
    this.reviewed = reviewed;
    if (asked.length > 0) {
      for (const [key, shown] of this.shown) {
        if (!wanted.has(key) && !this.inputs.isTyping(shown.thread.uri)) {
          shown.thread.dispose();
          this.shown.delete(key);
        }
      }
    }
  }

  /** Where a thread is drawn: in its file, where that is not open and so asked for by itself, and beside the side of the change that is. */
  private places(workspace: string, thread: ReviewThread): { key: string; uri: vscode.Uri }[] {
    const { id, review, anchor, place } = thread;
    if (place.path === undefined || place.path === null || place.grade === 'review') {
      return [];
    }
    const side = sideUri({ workspace, review, side: anchor.side, path: place.path });
    const file = vscode.Uri.file(path.join(workspace, place.path));
    const isOpen = (uri: vscode.Uri) =>
      documents(uri.scheme).some((one) => one.uri.toString() === uri.toString());
    return [
      ...(isOpen(side) ? [{ key: `${id}/${anchor.side}`, uri: side }] : []),
      ...(anchor.side === 'new' && !isOpen(file) ? [{ key: id, uri: file }] : []),
    ];
  }

  private show(workspace: string, key: string, uri: vscode.Uri, given: ReviewThread): void {
    const drawn = JSON.stringify(given);
    const known = this.shown.get(key);
    if (known?.drawn === drawn) {
      return;
    }
    const { start, end } = given.place.range ?? { start: { line: 0 }, end: { line: 0 } };
    const range = new vscode.Range(start.line, 0, end.line, 0);
    const comments = given.comments.map((comment) => new ThreadComment(workspace, comment));
    const kept = known?.thread.uri.toString() === uri.toString() ? known.thread : undefined;
    if (kept === undefined) {
      known?.thread.dispose();
    }
    const thread = kept ?? this.controller.createCommentThread(uri, range, comments);
    thread.comments = comments;
    thread.range = range;
    const disputed = given.disputed ?? '';
    thread.label = disputed === '' ? `Review of ${given.about}` : `In dispute: ${disputed}`;
    thread.state = given.resolved ? vscode.CommentThreadState.Resolved : vscode.CommentThreadState.Unresolved;
    thread.contextValue = given.resolved ? 'reviewThreadResolved' : 'reviewThread';
    thread.canReply = true;
    if (kept === undefined) {
      thread.collapsibleState = vscode.CommentThreadCollapsibleState.Collapsed;
    }
    this.shown.set(key, { workspace, id: given.id, thread, drawn });
  }
}

function documents(scheme: string): vscode.TextDocument[] {
  return vscode.workspace.textDocuments.filter(({ uri }) => uri.scheme === scheme);
}
