// The commands about conflicts, of the palette, of keys, lenses and links.
// May not decide anything that the server decides.
import * as vscode from 'vscode';
import { complain, firstFolder, isRow, show } from './commands.ts';
import type { ConflictPreviews } from './conflictPreview.ts';
import type { Conflicts } from './conflicts.ts';
import { chooseRecord, recordOf } from './recordConflicts.ts';
import type { Session } from './session.ts';
import { undoResolution } from './undoing.ts';

export function registerConflictCommands(
  session: Session,
  conflicts: Conflicts,
  previews: ConflictPreviews,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  const command = (name: string, run: (what: unknown) => Promise<void> | void) =>
    vscode.commands.registerCommand(name, async (what: unknown) => {
      try {
        await run(what);
      } catch (error) {
        void complain(error, log);
      }
    });
  const workspace = (what: unknown) =>
    (isRow(what) ? what.subject?.workspace : undefined) ??
    session.statusFor(vscode.window.activeTextEditor?.document.uri)?.workspace ??
    firstFolder();
  return vscode.Disposable.from(
    command('holdover.resolveHere', async (what) => {
      const record = recordOf(what);
      if (record !== undefined) {
        await chooseRecord(session, record);
      } else if (isRow(what) && what.open !== undefined && 'file' in what.open) {
        await show(what.open);
        await vscode.commands.executeCommand('editor.action.quickFix');
      }
    }),
    command('holdover.previewConflict', (what) => previews.show(what)),
    command('holdover.previewChoice', (what) => previews.other(what)),
    command('holdover.takeChoice', () => previews.take()),
    command('holdover.openMergeEditor', () => previews.mergeEditor()),
    command('holdover.nextConflict', () => {
      conflicts.go(true);
    }),
    command('holdover.previousConflict', () => {
      conflicts.go(false);
    }),
    command('holdover.undo', (what) =>
      undoResolution(session, workspace(what), isRow(what) ? what.subject?.text : undefined),
    ),
    command('holdover.resolveAll', (what) => conflicts.resolveAll(workspace(what))),
  );
}
