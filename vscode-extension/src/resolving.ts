// Edits that resolve conflicts: asked for, compared with the text as it is when they come, and applied or asked for anew.
// May not build an edit itself.
import * as vscode from 'vscode';
import { type CodeAction, LSPErrorCodes, ResponseError } from 'vscode-languageclient/node';
import type { ConflictChoice } from './contract.ts';
import type { Session } from './session.ts';

/** How often an edit is asked for, where the text changes under it. */
const ATTEMPTS = 3;

/** Applies a choice that a person looked at, if its conflict is as it was then. */
export async function applyChoice(session: Session, uri: string, choice: ConflictChoice): Promise<void> {
  const client = session.running();
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { version } = document;
    const action = await client.sendRequest<CodeAction>('codeAction/resolve', {
      title: choice.title,
      data: { ...choice.data, seen: true },
    });
    const edit = await client.protocol2CodeConverter.asWorkspaceEdit(action.edit);
    if (edit === undefined) {
      throw new Error('the server had no edit for it');
    }
    if (document.version === version && (await vscode.workspace.applyEdit(edit))) {
      return;
    }
  }
  throw new Error('the text kept changing, so the conflict was left as it is');
}

/** Resolves a code action as the text stands: one whose text changed on the way is asked for again. */
export async function resolveFresh(
  action: vscode.CodeAction,
  next: () => Promise<vscode.CodeAction | null | undefined> | vscode.ProviderResult<vscode.CodeAction>,
): Promise<vscode.CodeAction | null | undefined> {
  const { data } = action as vscode.CodeAction & { data?: { uri?: string } };
  const key = data?.uri === undefined ? undefined : vscode.Uri.parse(data.uri).toString();
  const version = () => vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === key)?.version;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = version();
    const resolved = await next();
    if (resolved?.edit === undefined || version() === before) {
      return resolved;
    }
    delete action.edit;
  }
  throw new ResponseError(LSPErrorCodes.ContentModified, 'the text kept changing');
}
