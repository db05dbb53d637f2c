// Resolutions taken back from the journal: chosen from a list of those that stand, or from an event that is in front.
// May not edit a text: the server does, by an edit of the editor's where the file is open.
import path from 'node:path';
import * as vscode from 'vscode';
import type { ResolvedConflict } from './contract.ts';
import { serverCommand } from './protocol.ts';
import type { Session } from './session.ts';

const MESSAGE_MS = 8_000;

/** Undoes a resolution: the event's, or one that is chosen from those of the workspace, the file in front first. */
export async function undoResolution(
  session: Session,
  workspace: string | undefined,
  event: string | undefined,
): Promise<void> {
  // An event of the journal names its workspace by an id, which the server knows and no folder is called.
  const isFolder = session.allStatuses.some((status) => status.workspace === workspace);
  const within = isFolder ? { workspace } : {};
  const chosen = event ?? (await choose(session, within, workspace));
  if (chosen === undefined) {
    return;
  }
  const done = await session.quietly<{ applied: boolean; path?: string | null } | undefined>(
    serverCommand.undoResolution,
    { ...within, event: chosen },
  );
  if (done?.applied !== true) {
    throw new Error('the text has changed since the edit was made, so the conflict was not put back');
  }
  if (typeof done.path === 'string') {
    await vscode.window.showTextDocument(vscode.Uri.file(done.path));
  }
  vscode.window.setStatusBarMessage('Holdover: the conflict is back', MESSAGE_MS);
}

async function choose(
  session: Session,
  within: object,
  workspace: string | undefined,
): Promise<string | undefined> {
  const { resolutions } = await session.quietly<{ resolutions: ResolvedConflict[] }>(
    serverCommand.resolutions,
    within,
  );
  if (resolutions.length === 0) {
    vscode.window.setStatusBarMessage('Holdover: no resolution of a conflict is in the journal', MESSAGE_MS);
    return undefined;
  }
  const front = vscode.window.activeTextEditor?.document.uri.fsPath;
  const isFront = ({ path: file }: ResolvedConflict) =>
    typeof file === 'string' && workspace !== undefined && path.join(workspace, file) === front;
  const sorted = [...resolutions.filter(isFront), ...resolutions.filter((one) => !isFront(one))];
  const chosen = await vscode.window.showQuickPick(
    sorted.map(({ text, event }) => ({ label: text, event })),
    { title: 'Which conflict is to come back?' },
  );
  return chosen?.event;
}
