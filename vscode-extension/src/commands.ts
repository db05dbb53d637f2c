// The commands of the palette and of links: each asks the server and shows its answer.
// May not decide anything that the server decides.
import * as vscode from 'vscode';
import { LSPErrorCodes, ResponseError } from 'vscode-languageclient/node';
import type { PreflightReport } from './contract.ts';
import type { Documents } from './documents.ts';
import { fetchSummary } from './present/report.ts';
import { serverCommand } from './protocol.ts';
import type { Session } from './session.ts';

const MESSAGE_MS = 8_000;

export function registerCommands(
  session: Session,
  documents: Documents,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  const workspace = () =>
    session.statusFor(vscode.window.activeTextEditor?.document.uri)?.workspace ?? firstFolder();
  const target = () => {
    const folder = workspace();
    return folder === undefined ? {} : { workspace: folder };
  };
  const command = (name: string, run: () => Promise<void> | void) =>
    vscode.commands.registerCommand(name, async () => {
      try {
        await run();
      } catch (error) {
        void complain(error, log);
      }
    });

  return vscode.Disposable.from(
    command('holdover.showStatus', () => documents.showStatus(workspace())),
    command('holdover.checkProject', async () => {
      const report = await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Window, title: 'Holdover: checking' },
        () => session.command<PreflightReport | undefined>(serverCommand.preflight, target()),
      );
      // Nothing came: why was already said.
      if (report !== undefined) {
        await documents.showPreflight(report);
      }
    }),
    command('holdover.getMissing', async () => {
      await session.command(serverCommand.fetch, target());
    }),
    command('holdover.goOffline', async () => {
      await session.command(serverCommand.offline, { ...target(), mode: 'on' });
    }),
    command('holdover.goOnline', async () => {
      await session.command(serverCommand.offline, { ...target(), mode: 'auto' });
    }),
    command('holdover.restartServer', () => session.restart()),
    command('holdover.showLog', () => {
      log.show(true);
    }),
  );
}

/** Wraps every server command, from the palette or from a code action, so that its end is told the same way. */
export function commandRunner(
  log: vscode.LogOutputChannel,
): (name: string, run: () => Promise<unknown>) => Promise<unknown> {
  return async (name, run) => {
    let result: unknown;
    try {
      result = await run();
    } catch (error) {
      if (isCancelled(error)) {
        return undefined;
      }
      void complain(error, log);
      return undefined;
    }
    if (name === serverCommand.fetch && isReport(result)) {
      tellFetch(result, log);
    }
    return result;
  };
}

function tellFetch(report: PreflightReport, log: vscode.LogOutputChannel): void {
  const summary = fetchSummary(report);
  if (summary === undefined) {
    return;
  }
  if (summary.failed) {
    void complain(new Error(summary.sentence), log);
  } else {
    log.info(summary.sentence);
    vscode.window.setStatusBarMessage(`Holdover: ${summary.sentence}`, MESSAGE_MS);
  }
}

/** The user asked for something and it did not work: that is said, with the way to the log. */
async function complain(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  if (isCancelled(error)) {
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  log.error(message);
  const show = 'Show Log';
  if (
    (await vscode.window.showErrorMessage(`Holdover: ${message.replace(/\s*\n\s*/g, '; ')}`, show)) === show
  ) {
    log.show(true);
  }
}

function isCancelled(error: unknown): boolean {
  return (
    error instanceof vscode.CancellationError ||
    (error instanceof ResponseError &&
      (error.code === LSPErrorCodes.RequestCancelled || error.code === LSPErrorCodes.ServerCancelled))
  );
}

function isReport(result: unknown): result is PreflightReport {
  return typeof result === 'object' && result !== null && 'readiness' in result;
}

function firstFolder(): string | undefined {
  return vscode.workspace.workspaceFolders?.find((folder) => folder.uri.scheme === 'file')?.uri.fsPath;
}
