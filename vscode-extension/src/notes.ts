// The commands of notes and what stands in their tree: each asks the server and shows its answer.
// May not find places or word anything that the server words.
import * as vscode from 'vscode';
import type { Note, NoteReport, TrailReport } from './contract.ts';
import type { Documents } from './documents.ts';
import type { NoteFiles, Writing } from './noteFiles.ts';
import type { NoteInputs } from './noteInputs.ts';
import { lostFirst } from './present/noteThreads.ts';
import { notice } from './present/notice.ts';
import { noteRows } from './present/notesTree.ts';
import type { Row } from './present/tree.ts';
import { serverCommand } from './protocol.ts';
import type { Session } from './session.ts';

type Chosen = Pick<Row, 'subject'> | undefined;

export class Notes implements vscode.Disposable {
  /** Folders whose drafts were offered, so that each is offered once. */
  private readonly offered = new Set<string>();
  private readonly subscription: vscode.Disposable;

  constructor(
    private readonly session: Session,
    private readonly files: NoteFiles,
    private readonly inputs: NoteInputs,
    private readonly documents: Documents,
  ) {
    this.subscription = session.onDidChange(() => {
      for (const { workspace } of session.allStatuses) {
        if (session.offers(serverCommand.noteList) && !this.offered.has(workspace)) {
          this.offered.add(workspace);
          // A server that went meanwhile is asked by whoever opens the tree.
          void this.offer(workspace).catch(() => undefined);
        }
      }
    });
  }

  dispose(): void {
    this.subscription.dispose();
  }

  /** What a crash left unsaved is said once; where nothing is left, nothing is. */
  private async offer(workspace: string): Promise<void> {
    const { drafts } = await this.report(workspace);
    const [first, ...more] = drafts.filter(({ id, open }) => !open && !this.isOpen(id));
    if (first === undefined) {
      return;
    }
    const takeUp = 'Take It Up';
    const showAll = 'Show Them';
    const chosen =
      more.length === 0
        ? await vscode.window.showInformationMessage(notice(`A note was not saved: ${first.title}`), takeUp)
        : await vscode.window.showInformationMessage(
            notice(`${more.length + 1} notes were not saved.`),
            showAll,
          );
    if (chosen === takeUp) {
      await this.takeUp({ draft: first.id, workspace });
    } else if (chosen === showAll) {
      await vscode.commands.executeCommand('holdover.notes.focus');
    }
  }

  /** The rows of the tree, folder by folder. */
  async rows(): Promise<Row[]> {
    if (!this.session.offers(serverCommand.noteList)) {
      return [];
    }
    const rows = await Promise.all(
      this.session.orderedStatuses.map(async ({ workspace }) => {
        const report = await this.report(workspace);
        const drafts = report.drafts.filter((draft) => !this.files.isOpen(draft.id));
        return noteRows(workspace, { ...report, drafts }, (file) => this.trail(workspace, file));
      }),
    );
    return rows.flat();
  }

  /** A note on the lines that are selected, on the file, or on the workspace where no file is shown. */
  async write(given: unknown, shared: boolean): Promise<void> {
    if (isWriting(given)) {
      await this.files.write(given, title(given));
      return;
    }
    const editor = vscode.window.activeTextEditor;
    const workspace = this.workspace(editor?.document.uri);
    if (editor?.document.uri.scheme !== 'file') {
      await this.files.write({ workspace, shared }, 'Note on the workspace');
      return;
    }
    const clicked = lineOf(given);
    const { start, end } = editor.selection;
    const first = clicked ?? start.line;
    // A selection of whole lines ends before the next one's first column.
    const last = clicked ?? (end.line > start.line && end.character === 0 ? end.line - 1 : end.line);
    const file = editor.document.uri.toString();
    const writing = { workspace, file, line: first, lines: last - first + 1, shared };
    await this.files.write(writing, title(writing));
  }

  async edit(chosen: Chosen): Promise<void> {
    const note = await this.chosen(chosen);
    if (note !== undefined) {
      const [workspace, { id, versions, place }] = note;
      const texts = versions.flatMap(({ body }) => (typeof body === 'string' ? [body] : []));
      // Texts that stand beside each other are all there, to be made one.
      const pred = versions.flatMap(({ ops }) => ops);
      await this.files.write(
        { workspace, note: id, pred },
        `Note on ${place.text}`,
        texts.join('\n\n---\n\n'),
      );
    }
  }

  async remove(chosen: Chosen): Promise<void> {
    const note = await this.chosen(chosen);
    if (note !== undefined) {
      const [workspace, { id, versions }] = note;
      // What its remover saw, and nothing that came meanwhile.
      const pred = versions.flatMap(({ ops }) => ops);
      await this.session.command(serverCommand.noteRemove, { workspace, note: id, pred });
    }
  }

  async open(given: unknown): Promise<void> {
    const { note, workspace } = given as { note?: string; workspace?: string };
    if (note !== undefined) {
      await this.documents.showNote(note, workspace ?? '');
    } else {
      const chosen = await this.chosen(given as Chosen);
      if (chosen !== undefined) {
        await this.documents.showNote(chosen[1].id, chosen[0]);
      }
    }
  }

  async takeUp(given: unknown): Promise<void> {
    const { draft, workspace } = draftOf(given);
    const report = await this.report(workspace);
    const found = report.drafts.find(({ id }) => id === draft);
    if (found !== undefined) {
      const { anchor, shared, note, pred, place, body, id } = found;
      const writing: Writing =
        typeof note === 'string' ? { workspace, note, pred: pred ?? [] } : { workspace, anchor, shared };
      const editor = await this.files.write(writing, `Note on ${place.text}`, '', id);
      // Typed again, so that the editor holds it for unsaved, which it is.
      await editor.edit((edit) => {
        const all = new vscode.Range(0, 0, editor.document.lineCount, 0);
        edit.replace(all, body);
      });
    }
  }

  async discard(given: unknown): Promise<void> {
    const { draft, workspace } = draftOf(given);
    await this.session.command(serverCommand.noteDraft, { workspace, draft, discard: true });
  }

  /** Puts a note to the lines that are selected: the one that was chosen, else one that is asked for. */
  async move(given: { workspace: string; note: string } | undefined): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor?.document.uri.scheme !== 'file') {
      throw new Error('select the lines that the note is to stand on');
    }
    const workspace = given?.workspace ?? this.workspace(editor.document.uri);
    const { start, end } = editor.selection;
    const last = end.line > start.line && end.character === 0 ? end.line - 1 : end.line;
    let note = given?.note;
    if (note === undefined) {
      const { notes } = await this.report(workspace);
      const items = lostFirst(notes).map(({ id, title, place }) => ({
        label: title,
        description: place.text,
        ...(place.remark === '' ? {} : { detail: place.remark }),
        id,
      }));
      const lines = `line${last > start.line ? 's' : ''} ${start.line + 1}${last > start.line ? `–${last + 1}` : ''}`;
      const picked = await vscode.window.showQuickPick(items, {
        placeHolder: `Which note is to stand on ${lines} of ${vscode.workspace.asRelativePath(editor.document.uri, false)}?`,
        matchOnDescription: true,
      });
      note = picked?.id;
    }
    if (note !== undefined) {
      const moved = await this.session.command<Note | undefined>(serverCommand.noteMove, {
        workspace,
        note,
        file: editor.document.uri.toString(),
        line: start.line,
        lines: last - start.line + 1,
      });
      if (moved !== undefined) {
        vscode.window.setStatusBarMessage(`Holdover: the note stands on ${moved.place.text}`, 4_000);
      }
    }
  }

  /** What happened to what the findings under the cursor are about. */
  async showFindingTrail(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const actions =
      editor === undefined
        ? []
        : await vscode.commands.executeCommand<vscode.CodeAction[]>(
            'vscode.executeCodeActionProvider',
            editor.document.uri,
            editor.selection,
            vscode.CodeActionKind.QuickFix.value,
          );
    const trails = actions.flatMap(({ title, command }) =>
      command?.command === 'holdover.showTrail'
        ? [{ label: title.replace(/^Show what happened to /, ''), fields: command.arguments?.[0] as unknown }]
        : [],
    );
    const [first, ...more] = trails;
    if (first === undefined) {
      throw new Error('no finding of Holdover stands here; what happened to the whole file can be shown');
    }
    const picked =
      more.length === 0
        ? first
        : await vscode.window.showQuickPick(trails, { placeHolder: 'What happened to what?' });
    await this.showTrail(picked?.fields);
  }

  /** Of the artifacts of a row or a finding, of a row's file, else of the file that is in front. */
  async showTrail(given: unknown): Promise<void> {
    const uri = vscode.window.activeTextEditor?.document.uri;
    if (isFinding(given)) {
      const { workspace, artifacts, file } = given;
      await (artifacts === undefined
        ? this.documents.showTrail(
            vscode.workspace.asRelativePath(vscode.Uri.parse(file ?? ''), false),
            workspace,
          )
        : this.documents.showArtifactTrail(artifacts, workspace));
      return;
    }
    const chosen = given as Chosen;
    const artifacts = chosen?.subject?.artifacts;
    if (artifacts !== undefined) {
      await this.documents.showArtifactTrail(artifacts, chosen?.subject?.workspace ?? this.workspace(uri));
      return;
    }
    const workspace = chosen?.subject?.workspace ?? this.workspace(uri);
    const file = chosen?.subject?.text ?? vscode.workspace.asRelativePath(uri ?? '', false);
    await this.documents.showTrail(file, workspace);
  }

  private isOpen(draft: string): boolean {
    return this.files.isOpen(draft) || this.inputs.isOpen(draft);
  }

  private report(workspace: string, file?: string): Promise<NoteReport> {
    return this.session.quietly<NoteReport>(serverCommand.noteList, {
      workspace,
      ...(file === undefined ? {} : { file }),
    });
  }

  private async trail(workspace: string, file: string): Promise<TrailReport['entries']> {
    const path = file === '' ? workspace : `${workspace}/${file}`;
    return (await this.session.quietly<TrailReport>(serverCommand.trail, { workspace, file: path })).entries;
  }

  private workspace(uri: vscode.Uri | undefined): string {
    const workspace = this.session.statusFor(uri)?.workspace;
    if (workspace === undefined) {
      throw new Error('no folder is open, and a note stands in one');
    }
    return workspace;
  }

  /** The note of the row, or of the line that the cursor is on. */
  private async chosen(chosen: Chosen): Promise<[string, Note] | undefined> {
    const subject = chosen?.subject;
    const editor = vscode.window.activeTextEditor;
    const workspace = subject?.workspace ?? this.workspace(editor?.document.uri);
    const report = await this.report(
      workspace,
      subject === undefined ? editor?.document.uri.toString() : undefined,
    );
    const line = editor?.selection.active.line ?? -1;
    const here = report.notes.filter(({ id, place: { range } }) =>
      subject === undefined
        ? range !== undefined && range !== null && range.start.line <= line && line <= range.end.line
        : id === subject.text,
    );
    if (here.length <= 1) {
      if (here.length === 0 && subject === undefined) {
        throw new Error('no note stands on this line');
      }
      return here[0] === undefined ? undefined : [workspace, here[0]];
    }
    const items = here.map((note) => ({ label: note.title, description: note.about, note }));
    const picked = await vscode.window.showQuickPick(items, { placeHolder: 'Which note?' });
    return picked === undefined ? undefined : [workspace, picked.note];
  }
}

function title({ file, line, lines }: { file?: string; line?: number; lines?: number }): string {
  if (file === undefined) {
    return 'Note on the workspace';
  }
  const name = vscode.workspace.asRelativePath(vscode.Uri.parse(file), false);
  const first = (line ?? 0) + 1;
  const last = first + (lines ?? 1) - 1;
  return `Note on ${name}${line === undefined ? '' : `:${first}${last > first ? `-${last}` : ''}`}`;
}

/** What a code action of the server hands over. */
function isWriting(given: unknown): given is Writing {
  return typeof given === 'object' && given !== null && 'workspace' in given && 'line' in given;
}

/** What the code action of a finding hands over. */
function isFinding(given: unknown): given is { workspace: string; artifacts?: string[]; file?: string } {
  return typeof given === 'object' && given !== null && 'workspace' in given;
}

/** What the menu of a line number hands over: lines from 1. */
function lineOf(given: unknown): number | undefined {
  const { lineNumber } = (given ?? {}) as { lineNumber?: unknown };
  return typeof lineNumber === 'number' ? lineNumber - 1 : undefined;
}

function draftOf(given: unknown): { draft: string; workspace: string } {
  const { draft, workspace, subject } = given as { draft?: string; workspace?: string } & NonNullable<Chosen>;
  return { draft: draft ?? subject?.text ?? '', workspace: workspace ?? subject?.workspace ?? '' };
}
