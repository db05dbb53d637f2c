// The one status bar item of the workspace and the language status item for the server's health.
// May not compute: what they show is made in `present/`.
import * as vscode from 'vscode';
import { LINKED_COMMANDS, statusItem } from './present/statusItem.ts';
import { describe, type Session } from './session.ts';

export function showStatusBar(session: Session): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('holdover.status', vscode.StatusBarAlignment.Left, 0);
  item.name = 'Holdover';
  item.command = 'holdover.showStatus';
  const render = () => {
    const status = session.statusFor(vscode.window.activeTextEditor?.document.uri);
    const view = statusItem(session.standing, status, new Date());
    if (view === undefined) {
      item.hide();
      return;
    }
    const tooltip = new vscode.MarkdownString(view.tooltip, true);
    tooltip.isTrusted = { enabledCommands: LINKED_COMMANDS };
    item.text = view.text;
    item.tooltip = tooltip;
    item.accessibilityInformation = { label: view.label, role: 'button' };
    item.backgroundColor = view.attention
      ? new vscode.ThemeColor('statusBarItem.warningBackground')
      : undefined;
    item.show();
  };
  render();
  return vscode.Disposable.from(
    item,
    session.onDidChange(render),
    vscode.window.onDidChangeActiveTextEditor(render),
  );
}

export function showHealth(session: Session, extensionVersion: string): vscode.Disposable {
  const item = vscode.languages.createLanguageStatusItem('holdover.health', [
    { scheme: 'file' },
    { scheme: 'untitled' },
  ]);
  item.name = 'Holdover';
  const render = () => {
    const { standing, health, serverVersion } = session;
    const mismatch = serverVersion !== undefined && release(serverVersion) !== release(extensionVersion);
    item.busy = standing.kind === 'starting' || (health !== undefined && !health.quiescent);
    item.command =
      standing.kind === 'running'
        ? { command: 'holdover.showLog', title: 'Show Log' }
        : { command: 'holdover.restartServer', title: 'Restart Server' };
    if (standing.kind !== 'running') {
      item.text = 'Holdover server';
      item.detail = describe(standing);
      item.severity =
        standing.kind === 'starting'
          ? vscode.LanguageStatusSeverity.Information
          : vscode.LanguageStatusSeverity.Error;
      return;
    }
    item.text = `Holdover ${serverVersion ?? ''}`.trimEnd();
    item.detail = mismatch
      ? `the extension is ${extensionVersion}: update the older of the two`
      : (health?.message ?? 'the server is well');
    item.severity =
      health?.health === 'error'
        ? vscode.LanguageStatusSeverity.Error
        : health?.health === 'warning' || mismatch
          ? vscode.LanguageStatusSeverity.Warning
          : vscode.LanguageStatusSeverity.Information;
  };
  render();
  return vscode.Disposable.from(item, session.onDidChange(render));
}

/** `0.1` of `0.1.7`: what has to agree between server and extension. */
function release(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
