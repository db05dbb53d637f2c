// Where conflicts stand in the documents that are open, as the server tells: drawn where the editor itself draws none, gone
// through one by one, resolved all at once.
// May not look for a conflict itself.
import * as vscode from 'vscode';
import type { ConflictFile, ConflictReport, ConflictShown, ConflictsShown } from './contract.ts';
import { editorDraws, filesWithin, moved, nextLine, resolvedSummary, WAYS } from './present/conflicts.ts';
import { counted } from './present/markdown.ts';
import { serverCommand } from './protocol.ts';
import type { Session } from './session.ts';

const MESSAGE_MS = 8_000;

/** The editor's own colours for a merge, so that both look alike. */
function decoration(part: string, label: string): vscode.TextEditorDecorationType {
  return vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor(`merge.${part}ContentBackground`),
    overviewRulerColor: new vscode.ThemeColor(`editorOverviewRuler.${label}Foreground`),
    overviewRulerLane: vscode.OverviewRulerLane.Full,
  });
}

export class Conflicts implements vscode.Disposable {
  private readonly shown = new Map<string, ConflictsShown>();
  private readonly resolvedAt = new Map<string, vscode.Range[]>();
  private readonly drawn = {
    current: decoration('current', 'currentContent'),
    incoming: decoration('incoming', 'incomingContent'),
    base: decoration('common', 'commonContent'),
    marker: vscode.window.createTextEditorDecorationType({
      isWholeLine: true,
      color: new vscode.ThemeColor('descriptionForeground'),
    }),
    resolved: vscode.window.createTextEditorDecorationType({
      isWholeLine: true,
      borderWidth: '0 0 0 3px',
      borderStyle: 'solid',
      borderColor: new vscode.ThemeColor('editorGutter.addedBackground'),
      after: {
        contentText: 'resolved',
        margin: '0 0 0 2em',
        color: new vscode.ThemeColor('editorCodeLens.foreground'),
      },
    }),
  };
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly session: Session) {
    this.subscriptions = [
      ...Object.values(this.drawn),
      session.onDidShowConflicts((told) => {
        this.take(told);
      }),
      session.onDidChange(() => {
        if (session.standing.kind !== 'running') {
          this.shown.clear();
          this.resolvedAt.clear();
          this.drawAll();
        }
      }),
      vscode.window.onDidChangeVisibleTextEditors(() => {
        this.drawAll();
      }),
      // The editor moves what is drawn; what is drawn again later has to have moved as well.
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        const key = document.uri.toString();
        const marked = this.resolvedAt.get(key);
        if (marked !== undefined && contentChanges.length > 0) {
          const lines = marked.map(({ start, end }) => ({ first: start.line, last: end.line }));
          this.resolvedAt.set(
            key,
            moved(lines, contentChanges).map(({ first, last }) => new vscode.Range(first, 0, last, 0)),
          );
        }
      }),
      // What was resolved is marked until it is saved: then it is text like any.
      vscode.workspace.onDidSaveTextDocument(({ uri }) => {
        if (this.resolvedAt.delete(uri.toString())) {
          this.drawAll();
        }
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.shown.delete(uri.toString());
        this.resolvedAt.delete(uri.toString());
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('merge-conflict')) {
          this.drawAll();
        }
      }),
    ];
  }

  /** To the next conflict of the file in front, or the one before; around its end. */
  go(forward: boolean): void {
    const editor = vscode.window.activeTextEditor;
    const conflicts = editor === undefined ? [] : this.of(editor.document);
    const line = nextLine(conflicts, editor?.selection.active.line ?? 0, forward);
    if (editor === undefined || line === undefined) {
      vscode.window.setStatusBarMessage('Holdover: no conflict in this file', MESSAGE_MS);
      return;
    }
    const at = new vscode.Position(line, 0);
    editor.selection = new vscode.Selection(at, at);
    editor.revealRange(new vscode.Range(at, at), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }

  /** Asks how, and resolves every conflict of the workspace in one edit, which undo takes back file by file. */
  async resolveAll(workspace: string | undefined): Promise<void> {
    const within = workspace === undefined ? {} : { workspace };
    const report = await this.session.quietly<ConflictReport>(serverCommand.conflicts, {
      ...within,
      all: true,
    });
    const chosenOf = await this.chosenRepositories(report);
    if (chosenOf === undefined) {
      return;
    }
    const found = chosenOf.filter(({ regions }) => regions.length > 0);
    const count = found.reduce((sum, { regions }) => sum + regions.length, 0);
    if (count === 0) {
      vscode.window.setStatusBarMessage('Holdover: no conflict in this workspace', MESSAGE_MS);
      return;
    }
    const named = found.length === report.files.length ? report.text : undefined;
    const chosen = await vscode.window.showQuickPick([...WAYS], {
      title: named
        ? `Resolve ${named}`
        : `Resolve ${count} ${count === 1 ? 'conflict' : 'conflicts'} in ${found.length} ${found.length === 1 ? 'file' : 'files'}`,
    });
    if (chosen === undefined) {
      return;
    }
    // An edit is bound to the version of a text that is open.
    for (const { path: file } of found) {
      await vscode.workspace.openTextDocument(vscode.Uri.file(file));
    }
    const answer = await this.session.command<
      { applied: boolean; conflicts: number; files: number; left: number; text?: string } | undefined
    >(serverCommand.resolveConflict, {
      resolve: chosen.resolve,
      seen: found.flatMap((file) =>
        file.regions.map(({ fingerprint }) => ({ file: file.path, fingerprint })),
      ),
    });
    if (answer === undefined) {
      return;
    }
    if (!answer.applied) {
      throw new Error('the text has changed since the edit was made, so nothing was changed');
    }
    vscode.window.setStatusBarMessage(`Holdover: ${resolvedSummary(answer)}`, MESSAGE_MS);
  }

  /** The files to resolve. Of several repositories each is named, and can be left out; none is resolved that was not. */
  private async chosenRepositories(report: ConflictReport): Promise<ConflictFile[] | undefined> {
    const repositories = report.repositories ?? [];
    if (repositories.length < 2) {
      return report.files;
    }
    const rows = repositories.map((one) => ({
      label: one.name,
      description: `${counted(one.conflicts, 'conflict')} in ${counted(one.files, 'file')}`,
      detail: one.within ? one.path : `${one.path}, the workspace’s own`,
      picked: true,
      one,
    }));
    const picked = await vscode.window.showQuickPick(rows, {
      title: 'In which repositories are conflicts to be resolved?',
      canPickMany: true,
    });
    return picked === undefined
      ? undefined
      : filesWithin(
          report.files,
          repositories,
          picked.map(({ one }) => one),
        );
  }

  dispose(): void {
    for (const subscription of this.subscriptions) {
      subscription.dispose();
    }
  }

  private of({ uri }: vscode.TextDocument): readonly ConflictShown[] {
    return this.shown.get(uri.toString())?.conflicts ?? [];
  }

  private take(told: ConflictsShown): void {
    const key = vscode.Uri.parse(told.uri).toString();
    const resolved = (told.resolved ?? []).map(
      ({ start, end }) => new vscode.Range(start, 0, Math.max(start, end - 1), 0),
    );
    const document = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === key);
    // What stands in place of a conflict that came back is one no longer.
    const back = (range: vscode.Range) =>
      told.conflicts.some(({ open, close }) => range.start.line <= close && open <= range.end.line);
    const before = (this.resolvedAt.get(key) ?? []).filter((range) => !back(range));
    const all = [...before, ...resolved.filter((range) => !back(range))];
    if (all.length > 0 && document?.isDirty === true) {
      this.resolvedAt.set(key, all);
    } else {
      this.resolvedAt.delete(key);
    }
    if ((this.shown.get(key)?.version ?? -1) <= told.version) {
      if (told.conflicts.length === 0) {
        this.shown.delete(key);
      } else {
        this.shown.set(key, told);
      }
    }
    this.drawAll();
  }

  private drawAll(): void {
    for (const editor of vscode.window.visibleTextEditors) {
      this.draw(editor);
    }
  }

  private draw(editor: vscode.TextEditor): void {
    const { uri } = editor.document;
    const settings = vscode.workspace.getConfiguration('merge-conflict', uri);
    const own =
      vscode.extensions.getExtension('vscode.merge-conflict') !== undefined &&
      settings.get<boolean>('decorators.enabled', true);
    const parts: Record<'current' | 'incoming' | 'base' | 'marker', vscode.Range[]> = {
      current: [],
      incoming: [],
      base: [],
      marker: [],
    };
    for (const conflict of this.of(editor.document)) {
      if (own && editorDraws(conflict)) {
        continue;
      }
      parts.marker.push(new vscode.Range(conflict.close, 0, conflict.close, 0));
      for (const { part, marker, start, end } of conflict.parts) {
        parts.marker.push(new vscode.Range(marker, 0, start - 1, 0));
        if (end > start) {
          parts[part === 'side' ? 'incoming' : part].push(new vscode.Range(start, 0, end - 1, 0));
        }
      }
    }
    for (const [part, ranges] of Object.entries(parts) as [keyof typeof parts, vscode.Range[]][]) {
      editor.setDecorations(this.drawn[part], ranges);
    }
    editor.setDecorations(this.drawn.resolved, this.resolvedAt.get(uri.toString()) ?? []);
  }
}
