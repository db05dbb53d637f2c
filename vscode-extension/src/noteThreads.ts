// Notes as threads of the editor: a glyph beside their lines, opened in place, answered, changed and removed there.
// May not find places or word anything that the server words; what is being typed is kept by `noteInputs.ts`.
import path from 'node:path';
import * as vscode from 'vscode';
import type { Note, NoteDraft, NoteReport } from './contract.ts';
import { Drawing } from './drawing.ts';
import type { NoteFiles } from './noteFiles.ts';
import type { NoteInputs } from './noteInputs.ts';
import { noteLabel, noteThreads, type Thread } from './present/noteThreads.ts';
import { serverCommand } from './protocol.ts';
import type { Session } from './session.ts';

export const NOTE_CONTROLLER = 'holdover.notes';

/** One note, or a draft of one, as the editor shows it. */
class NoteComment implements vscode.Comment {
  mode = vscode.CommentMode.Preview;
  body: string | vscode.MarkdownString = '';
  author: vscode.CommentAuthorInformation = { name: '' };
  contextValue = 'note';
  label?: string;
  timestamp?: Date;

  constructor(
    readonly workspace: string,
    readonly of: Note | NoteDraft,
    /** Which note it is, over refreshes. */
    readonly id: string,
  ) {}
}

interface Shown {
  workspace: string;
  thread: vscode.CommentThread;
  /** The notes in it. */
  notes: readonly string[];
  /** What it was drawn from: drawn again only where that is different. */
  drawn: string;
}

export class NoteThreads implements vscode.Disposable {
  private readonly controller = vscode.comments.createCommentController(NOTE_CONTROLLER, 'Notes');
  private readonly shown = new Map<string, Shown>();
  private readonly drawing: Drawing;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly session: Session,
    private readonly inputs: NoteInputs,
    private readonly files: NoteFiles,
    log: vscode.LogOutputChannel,
  ) {
    this.drawing = new Drawing('notes', () => this.draw(), log);
    this.controller.options = { prompt: 'Write a note…', placeHolder: 'Markdown; kept as you type' };
    this.controller.commentingRangeProvider = {
      provideCommentingRanges: (document) =>
        document.uri.scheme === 'file' && this.workspaceOf(document.uri) !== undefined
          ? [new vscode.Range(0, 0, Math.max(0, document.lineCount - 1), 0)]
          : [],
    };
    this.subscriptions = [
      this.controller,
      session.onDidChangeNotes(() => {
        this.refresh();
      }),
      session.onDidChange(() => {
        this.refresh();
      }),
      // Lines that were written above a note have moved it.
      vscode.workspace.onDidSaveTextDocument(({ uri }) => {
        this.rewritten(uri);
      }),
      // A text that came anew from the disk: the editor has lost what stood where.
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0 && !document.isDirty) {
          this.rewritten(document.uri);
        }
      }),
      inputs.onDidEnd(() => {
        this.refresh();
      }),
    ];
    this.refresh();
  }

  /** What was typed becomes a note: of a new thread, or beside those of one that is there. */
  async save({ thread, text }: vscode.CommentReply, shared: boolean | undefined): Promise<void> {
    const [first] = thread.comments;
    const beside = first instanceof NoteComment && 'versions' in first.of ? first.of : undefined;
    const workspace = this.workspaceOf(thread.uri);
    if (workspace === undefined) {
      throw new Error('this file is in no folder that is open, and a note stands in one');
    }
    const { range } = thread;
    const draft = this.inputs.draftOf(text);
    const added = await this.session.quietly<Note>(serverCommand.noteAdd, {
      workspace,
      file: thread.uri.toString(),
      // An answer stands where the note stands that it answers.
      ...(beside !== undefined && (beside.place.range ?? null) === null
        ? {}
        : { line: range.start.line, lines: range.end.line - range.start.line + 1 }),
      body: text,
      // An answer goes where the note goes that it answers.
      shared: shared ?? beside?.shared ?? false,
      ...(draft === undefined ? {} : { draft }),
    });
    this.inputs.saved(text);
    if (first === undefined) {
      // Drawn anew from what the server says; its place in the text stays open.
      this.opened.add(added.id);
      thread.dispose();
    }
    this.refresh();
  }

  /** Notes whose thread is to stand open when it is drawn first. */
  private readonly opened = new Set<string>();

  edit(comment: NoteComment): void {
    if ('versions' in comment.of) {
      const { id, versions } = comment.of;
      const texts = versions.flatMap(({ body }) => (typeof body === 'string' ? [body] : []));
      // Texts that stand beside each other are all there, to be made one.
      const body = texts.join('\n\n---\n\n');
      const thread = this.threadOf(comment);
      this.inputs.expect(
        {
          workspace: comment.workspace,
          ...(thread === undefined ? {} : { file: thread.uri.toString() }),
          note: id,
          pred: versions.flatMap(({ ops }) => ops),
        },
        body,
      );
      comment.body = body;
      comment.mode = vscode.CommentMode.Editing;
      this.redraw(comment);
    }
  }

  async saveEdit(comment: NoteComment): Promise<void> {
    if ('versions' in comment.of) {
      const { id, versions } = comment.of;
      const body = typeof comment.body === 'string' ? comment.body : comment.body.value;
      const draft = this.inputs.draftOf(body);
      await this.session.quietly<Note>(serverCommand.noteEdit, {
        workspace: comment.workspace,
        note: id,
        pred: versions.flatMap(({ ops }) => ops),
        body,
        ...(draft === undefined ? {} : { draft }),
      });
      this.inputs.saved(body);
      this.stopEditing(comment);
    }
  }

  cancelEdit(comment: NoteComment): void {
    this.inputs.cancel(comment.of.id);
    this.stopEditing(comment);
  }

  async remove(comment: NoteComment): Promise<void> {
    const { workspace, of } = comment;
    await ('versions' in of
      ? this.session.command(serverCommand.noteRemove, {
          workspace,
          note: of.id,
          // What its remover saw, and nothing that came meanwhile.
          pred: of.versions.flatMap(({ ops }) => ops),
        })
      : this.session.command(serverCommand.noteDraft, { workspace, draft: of.id, discard: true }));
  }

  /** The note that a comment of ours shows. */
  noteOf(given: unknown): { workspace: string; note: string } | undefined {
    if (given instanceof NoteComment) {
      return { workspace: given.workspace, note: given.of.id };
    }
    const comments = (given as { comments?: readonly unknown[] } | undefined)?.comments;
    return Array.isArray(comments) ? this.noteOf(comments[0]) : undefined;
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

  private rewritten(uri: vscode.Uri): void {
    let own = false;
    for (const shown of this.shown.values()) {
      if (shown.thread.uri.toString() === uri.toString()) {
        shown.drawn = '';
        own = true;
      }
    }
    if (own) {
      this.refresh();
    }
  }

  private refresh(): void {
    this.drawing.refresh();
  }

  private async draw(): Promise<void> {
    const wanted = new Set<string>();
    // A server that starts, or starts again, knows nothing yet: what is shown stays, and what is typed in it.
    const asked = this.session.offers(serverCommand.noteList) ? this.session.allStatuses : [];
    for (const { workspace } of asked) {
      const report = await this.session.quietly<NoteReport>(serverCommand.noteList, { workspace });
      const drafts = report.drafts.filter(
        ({ id, note }) => note === undefined && !this.inputs.isOpen(id) && !this.files.isOpen(id),
      );
      // Those that begin with the same note as before are that one's; of the others, who shares a note.
      const threads = noteThreads({ ...report, drafts }).map((thread) => ({
        thread,
        key: keyOf(workspace, thread),
      }));
      for (const { thread, key } of threads.sort(
        (one, other) => Number(this.shown.has(other.key)) - Number(this.shown.has(one.key)),
      )) {
        this.take(workspace, key, thread, wanted);
        this.show(workspace, key, thread);
        wanted.add(key);
      }
    }
    const answered = new Set(asked.map(({ workspace }) => workspace));
    for (const [key, shown] of this.shown) {
      const gone = answered.has(shown.workspace) || !isOpen(shown.workspace);
      if (gone && !wanted.has(key) && !this.isWritten(shown)) {
        shown.thread.dispose();
        this.shown.delete(key);
      }
    }
  }

  /** Whether somebody is typing into a thread. */
  private isWritten({ thread }: Shown): boolean {
    return thread.comments.some(isEdited) || this.inputs.isTyping(thread.uri);
  }

  /** A thread that lost its first note is the one that showed another of its notes before, and not a new one. */
  private take(workspace: string, key: string, { notes, path: file }: Thread, wanted: Set<string>): void {
    const uri = vscode.Uri.file(path.join(workspace, file)).toString();
    const [before, shown] =
      [...this.shown].find(
        ([known, one]) =>
          !wanted.has(known) &&
          one.thread.uri.toString() === uri &&
          one.notes.some((id) => notes.some((note) => note.id === id)),
      ) ?? [];
    if (!this.shown.has(key) && before !== undefined && shown !== undefined) {
      this.shown.delete(before);
      this.shown.set(key, shown);
    }
  }

  /** Draws a thread, in the one that showed it before. */
  private show(workspace: string, key: string, given: Thread): void {
    const drawn = JSON.stringify(given);
    const known = this.shown.get(key);
    if (known?.drawn === drawn) {
      return;
    }
    const uri = vscode.Uri.file(path.join(workspace, given.path));
    // One about the file as a whole stands at its beginning.
    const { first: from, last } = given.lines ?? { first: 0, last: 0 };
    const range = new vscode.Range(from, 0, last, 0);
    const before = known?.thread.comments ?? [];
    const comments = [
      ...given.notes.map((note) => this.comment(workspace, note, before)),
      ...given.drafts.map((draft) => draftComment(workspace, draft)),
      // One that was removed, or stands elsewhere now, while somebody changes it.
      ...before.filter((one) => isEdited(one) && !given.notes.some(({ id }) => id === one.of.id)),
    ];
    const thread = known?.thread ?? this.controller.createCommentThread(uri, range, comments);
    if (known === undefined) {
      const open = given.notes.some(({ id }) => this.opened.delete(id));
      thread.collapsibleState = open
        ? vscode.CommentThreadCollapsibleState.Expanded
        : vscode.CommentThreadCollapsibleState.Collapsed;
    } else {
      thread.comments = comments;
    }
    // The editor may have moved it with its text since, which this side does not see: said twice, it is heard.
    thread.range = new vscode.Range(range.start.line + 1, 0, range.end.line + 1, 0);
    thread.range = range;
    thread.label = given.label;
    thread.contextValue = given.lost ? 'noteThreadLost' : 'noteThread';
    thread.canReply = given.notes.length > 0;
    this.shown.set(key, { workspace, thread, notes: given.notes.map(({ id }) => id), drawn });
  }

  private comment(workspace: string, note: Note, before: readonly vscode.Comment[]): NoteComment {
    const id = JSON.stringify([note.id]);
    // What somebody is typing in is not taken from under them.
    return before.filter(isEdited).find((one) => one.id === id) ?? noteComment(workspace, note, id);
  }

  private stopEditing(comment: NoteComment): void {
    if ('versions' in comment.of) {
      comment.mode = vscode.CommentMode.Preview;
      comment.body = shownMarkdown(comment.of.shown ?? comment.of.body);
      this.redraw(comment);
      this.refresh();
    }
  }

  /** The editor takes a comment's change in with its thread's. */
  private redraw(comment: NoteComment): void {
    for (const one of this.shown.values()) {
      if (one.thread.comments.includes(comment)) {
        one.thread.comments = [...one.thread.comments];
        one.drawn = '';
      }
    }
  }

  private threadOf(comment: NoteComment): vscode.CommentThread | undefined {
    return [...this.shown.values()].find(({ thread }) => thread.comments.includes(comment))?.thread;
  }

  private workspaceOf(uri: vscode.Uri): string | undefined {
    if (!this.session.offers(serverCommand.noteAdd)) {
      return undefined;
    }
    const folder = vscode.workspace.getWorkspaceFolder(uri)?.uri.fsPath;
    return this.session.allStatuses.find(({ workspace }) => workspace === folder)?.workspace;
  }
}

export type { NoteComment };

function keyOf(workspace: string, { notes, drafts }: Thread): string {
  return `${workspace}\n${notes[0]?.id ?? drafts[0]?.id ?? ''}`;
}

function isOpen(workspace: string): boolean {
  return vscode.workspace.workspaceFolders?.some(({ uri }) => uri.fsPath === workspace) === true;
}

function isEdited(comment: vscode.Comment): comment is NoteComment {
  return comment instanceof NoteComment && comment.mode === vscode.CommentMode.Editing;
}

function noteComment(workspace: string, note: Note, id: string): NoteComment {
  const comment = new NoteComment(workspace, note, id);
  comment.body = shownMarkdown(note.shown ?? note.body);
  comment.author = { name: note.author?.name ?? '' };
  comment.label = noteLabel(note);
  const at = note.edited ?? note.created;
  if (at !== undefined) {
    comment.timestamp = new Date(at);
  }
  return comment;
}

function draftComment(workspace: string, draft: NoteDraft): NoteComment {
  const comment = new NoteComment(workspace, draft, draft.id);
  comment.body = new vscode.MarkdownString().appendText(draft.body);
  comment.author = { name: 'not saved' };
  comment.label = draft.about;
  comment.contextValue = 'noteDraft';
  return comment;
}

/** Somebody's text: read, never obeyed. The server has taken pictures and HTML out of it. */
export function shownMarkdown(text: string): vscode.MarkdownString {
  const shown = new vscode.MarkdownString(text);
  shown.isTrusted = false;
  shown.supportHtml = false;
  return shown;
}
