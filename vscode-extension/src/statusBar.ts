// The one status bar item of the workspace and the language status items of the server.
// May not compute: what they show is made in `present/`.
import * as vscode from 'vscode';
import type { Ages } from './ages.ts';
import { health, origin, type HealthInput, type HealthLine } from './present/health.ts';
import { LINKED_COMMANDS, statusItem } from './present/statusItem.ts';
import type { Session } from './session.ts';

export function showStatusBar(session: Session, ages: Ages): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('holdover.status', vscode.StatusBarAlignment.Left, 0);
  item.name = 'Holdover';
  item.command = 'holdover.showStatus';
  let last = '';
  const render = () => {
    const status = session.statusFor(vscode.window.activeTextEditor?.document.uri);
    const view = statusItem(
      {
        standing: session.standing,
        busy: session.health?.quiescent === false,
        status,
        others: session.orderedStatuses.filter((one) => one !== status),
      },
      new Date(),
    );
    const now = JSON.stringify(view);
    if (now === last) {
      return;
    }
    last = now;
    const tooltip = new vscode.MarkdownString(view.tooltip, true);
    tooltip.isTrusted = { enabledCommands: LINKED_COMMANDS };
    // For the line breaks in table cells; what comes from outside is escaped.
    tooltip.supportHtml = true;
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
    ages.onDidPass(render),
    vscode.window.onDidChangeActiveTextEditor(render),
  );
}

const SEVERITIES: Record<HealthLine['severity'], vscode.LanguageStatusSeverity> = {
  information: vscode.LanguageStatusSeverity.Information,
  warning: vscode.LanguageStatusSeverity.Warning,
  error: vscode.LanguageStatusSeverity.Error,
};

/** Two lines in the editor's language status: how the server is, with its log, and which it is, with its restart. */
export function showHealth(session: Session, extensionVersion: string): vscode.Disposable {
  const item = (id: string, name: string, command: vscode.Command) => {
    const made = vscode.languages.createLanguageStatusItem(id, [{ scheme: 'file' }, { scheme: 'untitled' }]);
    made.name = name;
    made.command = command;
    return made;
  };
  const well = item('holdover.health', 'Holdover: health', {
    command: 'holdover.showLog',
    title: 'Show Log',
    tooltip: 'What the extension and the server did, and why',
  });
  const log = well.command;
  const explain = {
    command: 'holdover.explainVersion',
    title: 'Explain',
    tooltip: 'What still works, and how to get the right server',
  };
  const which = item('holdover.server', 'Holdover: server', {
    command: 'holdover.restartServer',
    title: 'Restart Server',
    tooltip: 'Ends the language server and starts it anew',
  });
  const put = (on: vscode.LanguageStatusItem, line: HealthLine) => {
    on.text = line.text;
    on.detail = line.detail;
    on.severity = SEVERITIES[line.severity];
    on.busy = line.busy;
    on.accessibilityInformation = { label: line.label };
  };
  let last = '';
  const render = () => {
    const input = healthOf(session, extensionVersion);
    const lines = [health(input), origin(input)] as const;
    const now = JSON.stringify(lines);
    if (now !== last) {
      last = now;
      put(well, lines[0]);
      well.command = lines[0].differs === true ? explain : log;
      put(which, lines[1]);
    }
  };
  render();
  return vscode.Disposable.from(well, which, session.onDidChange(render));
}

export function healthOf(session: Session, extensionVersion: string): HealthInput {
  return {
    standing: session.standing,
    health: session.health,
    serverVersion: session.serverVersion,
    extensionVersion,
    commands: session.commands,
    binary: session.binary,
    source: session.source,
  };
}
