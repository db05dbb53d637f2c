// Conflicts of records: which one is meant, and a choice for it, which the server writes into the journal.
// May not change a text of the editor's: there is none.
import * as vscode from 'vscode';
import type { ConflictChoice, ConflictPreview } from './contract.ts';
import { conflict, serverCommand } from './protocol.ts';
import type { Session } from './session.ts';

const MESSAGE_MS = 8_000;

/** A record of a workspace. */
export interface Named {
  record: string;
  workspace: string;
}

/** The record that a row of a tree, a click on it or a link means. */
export function recordOf(what: unknown): Named | undefined {
  if (typeof what !== 'object' || what === null) {
    return undefined;
  }
  const open: unknown = 'open' in what ? what.open : what;
  if (typeof open !== 'object' || open === null || !('record' in open) || !('workspace' in open)) {
    return undefined;
  }
  const { record, workspace } = open;
  return typeof record === 'string' && typeof workspace === 'string' ? { record, workspace } : undefined;
}

/** Takes a choice, if the record is still what was looked at. */
export async function takeRecord(session: Session, data: ConflictChoice['data']): Promise<void> {
  const answer = await session.quietly<{ record?: { title: string } } | undefined>(
    serverCommand.resolveConflict,
    data,
  );
  const title = answer?.record?.title;
  vscode.window.setStatusBarMessage(
    `Holdover: ${title === undefined ? 'resolved' : `“${title}” is resolved`}`,
    MESSAGE_MS,
  );
}

/** Asks how, by what each choice does, and takes it. */
export async function chooseRecord(session: Session, named: Named): Promise<void> {
  const preview: ConflictPreview = await session.running().sendRequest(conflict, named);
  const chosen = await vscode.window.showQuickPick(
    preview.choices.map((one) => ({
      label: one.title,
      detail: one.text.trim().replaceAll(/\s*\n\s*/g, ' ⏎ '),
      one,
    })),
    { title: preview.region.message },
  );
  if (chosen !== undefined) {
    await takeRecord(session, chosen.one.data);
  }
}
