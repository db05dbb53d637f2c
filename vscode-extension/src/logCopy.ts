// "Copy Log for a Report": the log's end with what runs here, without the home folder's name, onto the clipboard.
// May not send it anywhere: that is for the person who copied it.
import { open } from 'node:fs/promises';
import { homedir, release } from 'node:os';
import * as vscode from 'vscode';
import { logReport, MOST_KEPT } from './present/logReport.ts';
import { describe, type Session } from './session.ts';

/** Where the editor keeps the output channel `Holdover`. */
export async function copyLog(context: vscode.ExtensionContext, session: Session): Promise<void> {
  const file = vscode.Uri.joinPath(context.logUri, 'Holdover.log').fsPath;
  const report = logReport(
    {
      extension: (context.extension.packageJSON as { version: string }).version,
      server: `${session.serverVersion ?? 'version not known'}, ${session.binary ?? 'not found'}`,
      editor: `${vscode.env.appName} ${vscode.version}, ${vscode.env.remoteName ?? 'local'}`,
      system: `${process.platform} ${process.arch} ${release()}`,
      trusted: vscode.workspace.isTrusted,
      folders: vscode.workspace.workspaceFolders?.length ?? 0,
      standing: describe(session.standing),
    },
    await end(file),
    homedir(),
  );
  await vscode.env.clipboard.writeText(report);
  vscode.window.setStatusBarMessage(
    'Holdover: the log is on the clipboard; read it before you send it',
    8_000,
  );
}

/** The last bytes of a file; `undefined` where there is none. */
async function end(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file);
    try {
      const { size } = await handle.stat();
      const length = Math.min(size, MOST_KEPT * 2);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}
