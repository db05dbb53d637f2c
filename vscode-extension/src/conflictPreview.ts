// What a choice would leave of a conflict, side by side with one of its sides, with the server's words below it; a choice is
// taken from here.
// May not work out what a choice leaves, nor word it: the server does. Applies only what the server says now.
import * as vscode from 'vscode';
import type { ConflictChoice, ConflictPreview, RecordConflict } from './contract.ts';
import { beside, fileName, originNote, previewName, previewTitle } from './present/conflictPreview.ts';
import { conflict } from './protocol.ts';
import { recordOf, takeRecord } from './recordConflicts.ts';
import { applyChoice } from './resolving.ts';
import type { Session } from './session.ts';

const SCHEME = 'holdover';
/** Commands that links below a preview may run, and no others. */
const LINKS = ['holdover.takeChoice', 'holdover.previewChoice', 'holdover.openMergeEditor'];

/** As far as it is asked here. */
interface GitExtension {
  enabled: boolean;
  getAPI: (version: 1) => { getRepository: (uri: vscode.Uri) => object | null };
}

/** What a preview shows. */
interface Shown {
  preview: ConflictPreview;
  choice: ConflictChoice;
  left: vscode.Uri;
  right: vscode.Uri;
}

export class ConflictPreviews implements vscode.Disposable {
  private readonly controller = vscode.comments.createCommentController(
    'holdover.conflict',
    'Merge conflict',
  );
  private readonly origins = vscode.window.createTextEditorDecorationType({
    after: { margin: '0 0 0 2em', color: new vscode.ThemeColor('editorCodeLens.foreground') },
  });
  /** By the address of the right side. */
  private readonly shown = new Map<string, Shown & { thread: vscode.CommentThread }>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly session: Session) {
    this.subscriptions = [
      this.controller,
      this.origins,
      vscode.window.onDidChangeVisibleTextEditors((editors) => {
        for (const editor of editors) {
          this.draw(editor);
        }
      }),
      vscode.window.tabGroups.onDidChangeTabs(() => {
        this.forget();
        this.tell();
      }),
      vscode.window.tabGroups.onDidChangeTabGroups(() => {
        this.tell();
      }),
    ];
  }

  /** Shows the conflict at a place, or at the cursor: the suggested merge, or else the current side. */
  async show(what: unknown): Promise<void> {
    const preview = await this.session.running().sendRequest(conflict, recordOf(what) ?? place(what));
    const [choice] = preview.choices;
    if (choice === undefined) {
      throw new Error('this conflict cannot be resolved by choosing: a diff in it is broken');
    }
    await this.open(preview, choice);
  }

  /** Another choice for the conflict of the preview that is in front. */
  async other(what: unknown): Promise<void> {
    const shown = this.inFront();
    if (shown === undefined) {
      throw new Error('no preview of a conflict is in front');
    }
    const named = typeof what === 'object' && what !== null && 'action' in what ? what.action : undefined;
    const choice =
      shown.preview.choices.find(({ action }) => action === named) ??
      (
        await vscode.window.showQuickPick(
          shown.preview.choices.map((one) => ({ label: one.title, picked: one === shown.choice, one })),
          { title: 'What is to stand in place of the conflict?' },
        )
      )?.one;
    if (choice !== undefined) {
      await this.open(shown.preview, choice);
      if (choice !== shown.choice) {
        await this.close(shown);
      }
    }
  }

  /** Takes what the preview in front shows, if the conflict is still as it was. */
  async take(): Promise<void> {
    const shown = this.inFront();
    if (shown === undefined) {
      throw new Error('no preview of a conflict is in front');
    }
    const { preview, choice } = shown;
    if (isRecord(preview)) {
      await takeRecord(this.session, choice.data);
      await this.close(shown);
      return;
    }
    await applyChoice(this.session, preview.uri, choice);
    const uri = vscode.Uri.parse(preview.uri);
    const line = preview.region.range.start.line;
    await vscode.window.showTextDocument(uri, { selection: new vscode.Range(line, 0, line, 0) });
    await this.close(shown);
  }

  /** Git's own editor of three sides for the file of the preview in front, or of the file in front. */
  async mergeEditor(): Promise<void> {
    const uri =
      this.inFront() === undefined
        ? vscode.window.activeTextEditor?.document.uri
        : vscode.Uri.parse(this.inFront()?.preview.uri ?? '');
    if (uri === undefined) {
      throw new Error('no file is in front');
    }
    // Else the command does nothing, and says nothing.
    const git = vscode.extensions.getExtension<GitExtension>('vscode.git');
    const api = git?.isActive === true && git.exports.enabled ? git.exports.getAPI(1) : undefined;
    if ((api?.getRepository(uri) ?? null) === null) {
      throw new Error(
        "the editor's own git does not know a repository of this file, and the merge editor is git's",
      );
    }
    await vscode.commands.executeCommand('git.openMergeEditor', uri);
  }

  dispose(): void {
    for (const subscription of this.subscriptions) {
      subscription.dispose();
    }
  }

  private async open(preview: ConflictPreview, choice: ConflictChoice): Promise<void> {
    const other = beside(preview, choice);
    const [left, right] = [address(preview, other), address(preview, choice)];
    const line = preview.region.range.start.line;
    const at = new vscode.Range(line, 0, line, 0);
    this.shown.get(right.toString())?.thread.dispose();
    this.shown.set(right.toString(), {
      preview,
      choice,
      left,
      right,
      thread: this.explain(preview, choice, right),
    });
    await vscode.commands.executeCommand(
      'vscode.diff',
      left,
      right,
      previewTitle(previewName(preview), other, choice),
      { selection: at, preview: true } satisfies vscode.TextDocumentShowOptions,
    );
    for (const editor of vscode.window.visibleTextEditors) {
      this.draw(editor);
    }
    this.tell();
  }

  /** The server's words, and what can be done, below what would stand there. */
  private explain(preview: ConflictPreview, choice: ConflictChoice, right: vscode.Uri): vscode.CommentThread {
    const lines = choice.text.split('\n').length - (choice.text.endsWith('\n') ? 1 : 0);
    const last = Math.max(0, preview.region.range.start.line + Math.max(lines, 1) - 1);
    // What can be done stands before what is told besides: else it is below the edge of the widget.
    const [why = '', ...besides] = choice.explanation.split(/^---$/m);
    const body = new vscode.MarkdownString(why);
    body.isTrusted = { enabledCommands: LINKS };
    const others = preview.choices
      .filter((one) => one !== choice)
      .map((one) => link(one.short, 'holdover.previewChoice', { action: one.action }));
    const editor = isRecord(preview) ? '' : ` · ${link('Open the merge editor', 'holdover.openMergeEditor')}`;
    body.appendMarkdown(`\n\n${link('**Take it**', 'holdover.takeChoice')}${editor}`);
    body.appendMarkdown(`\n\nOr look at: ${others.join(' · ')}\n`);
    for (const part of besides) {
      body.appendMarkdown(`\n\n---\n${part}`);
    }
    const thread = this.controller.createCommentThread(right, new vscode.Range(last, 0, last, 0), [
      { body, mode: vscode.CommentMode.Preview, author: { name: 'What would stand here' } },
    ]);
    thread.label = preview.region.message;
    thread.canReply = false;
    thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
    return thread;
  }

  /** Behind each line of what would stand there: where it comes from. */
  private draw(editor: vscode.TextEditor): void {
    const shown = this.shown.get(editor.document.uri.toString());
    if (shown === undefined) {
      return;
    }
    const first = shown.preview.region.range.start.line;
    const marks = shown.choice.lines.map((origin, n): vscode.DecorationOptions => {
      const note = originNote(origin, shown.preview, shown.choice);
      const end = editor.document.lineAt(Math.min(first + n, editor.document.lineCount - 1)).range.end;
      return {
        range: new vscode.Range(end, end),
        hoverMessage: note,
        renderOptions: { after: { contentText: note } },
      };
    });
    editor.setDecorations(this.origins, marks);
  }

  private inFront(): (Shown & { thread: vscode.CommentThread }) | undefined {
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    return input instanceof vscode.TabInputTextDiff ? this.shown.get(input.modified.toString()) : undefined;
  }

  /** Closes its tab, where another has not taken its place already. */
  private async close(shown: Shown): Promise<void> {
    const tab = this.tabOf(shown);
    if (tab !== undefined) {
      await vscode.window.tabGroups.close(tab, true);
    }
  }

  private tabOf(shown: Shown): vscode.Tab | undefined {
    return vscode.window.tabGroups.all
      .flatMap((group) => group.tabs)
      .find(
        ({ input }) =>
          input instanceof vscode.TabInputTextDiff &&
          input.modified.toString() === shown.right.toString() &&
          input.original.toString() === shown.left.toString(),
      );
  }

  /** Previews whose tab is closed. */
  private forget(): void {
    for (const [key, shown] of this.shown) {
      if (this.tabOf(shown) === undefined) {
        // A tab is opened a moment after its preview is made.
        const opening = shown.thread.contextValue !== 'open';
        if (!opening) {
          shown.thread.dispose();
          this.shown.delete(key);
        }
      } else {
        shown.thread.contextValue = 'open';
      }
    }
  }

  private tell(): void {
    const inFront = this.inFront();
    const about = inFront === undefined ? false : isRecord(inFront.preview) ? 'record' : 'file';
    void vscode.commands.executeCommand('setContext', 'holdover.conflictPreview', about);
  }
}

/** `holdover:/conflict/merge/wait.txt?uri=…`: the document as it would be, bound to the conflict as it stands. */
function address(preview: ConflictPreview, { action, data }: ConflictChoice): vscode.Uri {
  const { fingerprint, id, until, workspace } = data;
  const query = isRecord(preview)
    ? { record: preview.record.entity, workspace: workspace ?? '', fingerprint }
    : { uri: preview.uri, fingerprint, id: String(id), until: String(until) };
  return vscode.Uri.from({
    scheme: SCHEME,
    path: `/conflict/${action.replace(/^conflict\.(accept-)?/, '')}/${fileName(preview)}`,
    query: new URLSearchParams(query).toString(),
  });
}

function isRecord(preview: ConflictPreview): preview is ConflictPreview & { record: RecordConflict } {
  return (preview.record ?? undefined) !== undefined;
}

function link(label: string, command: string, fields?: object): string {
  const query = fields === undefined ? '' : `?${encodeURIComponent(JSON.stringify([fields]))}`;
  return `[${label.replace(/[[\]<>]/g, '')}](command:${command}${query})`;
}

/** A lens, a code action and a row of a tree say where; a key and the palette mean the cursor. */
function place(what: unknown): { uri: string; line: number } {
  if (typeof what === 'object' && what !== null) {
    if ('uri' in what && typeof what.uri === 'string' && 'line' in what && typeof what.line === 'number') {
      return { uri: what.uri, line: what.line };
    }
    if ('open' in what && typeof what.open === 'object' && what.open !== null && 'file' in what.open) {
      const { file, line } = what.open as { file: string; line: number };
      return { uri: vscode.Uri.file(file).toString(), line };
    }
  }
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) {
    throw new Error('no file is in front, and a conflict stands in one');
  }
  return { uri: editor.document.uri.toString(), line: editor.selection.active.line };
}
