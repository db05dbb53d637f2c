// Entry point: makes the session and what shows it, and starts the server without waiting for it.
// May not hold logic.
import * as vscode from 'vscode';
import { commandRunner, registerCommands } from './commands.ts';
import { Documents } from './documents.ts';
import { Session } from './session.ts';
import { showHealth, showStatusBar } from './statusBar.ts';

let session: Session | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const begun = performance.now();
  const log = vscode.window.createOutputChannel('Holdover', { log: true });
  const version = (context.extension.packageJSON as { version: string }).version;
  session = new Session(context.extension, log, commandRunner(log));
  const documents = new Documents(session, log);
  context.subscriptions.push(
    log,
    session,
    documents,
    registerCommands(session, documents, log),
    showStatusBar(session),
    showHealth(session, version),
  );
  log.info(
    `extension: version ${version}, workspace ${vscode.workspace.isTrusted ? 'trusted' : 'not trusted'}`,
  );
  void session.start();
  log.info(`extension: activated in ${(performance.now() - begun).toFixed(1)} ms`);
}

export async function deactivate(): Promise<void> {
  await session?.stop();
}
