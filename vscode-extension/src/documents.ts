// Virtual documents under `holdover:`: the server's own text where it has one, else made from its JSON.
// May not keep a report after the session it came from has changed it.
import * as vscode from 'vscode';
import { ResponseError } from 'vscode-languageclient/node';
import type { PreflightReport } from './contract.ts';
import { code } from './present/markdown.ts';
import { preflightReport, statusReport } from './present/report.ts';
import { content } from './protocol.ts';
import { describe, type Session } from './session.ts';

const SCHEME = 'holdover';

export class Documents implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  /** The last preflight of each workspace, until the next. */
  private readonly reports = new Map<string, PreflightReport>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly session: Session,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions = [
      this.changed,
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      session.onDidChange(() => {
        for (const document of vscode.workspace.textDocuments) {
          if (document.uri.scheme === SCHEME && document.uri.path.startsWith('/status/')) {
            this.changed.fire(document.uri);
          }
        }
      }),
    ];
  }

  async showStatus(workspace: string | undefined): Promise<void> {
    await open(address('status', 'Holdover Status', workspace ?? ''));
  }

  async showPreflight(report: PreflightReport): Promise<void> {
    this.reports.set(report.workspace, report);
    const uri = address('preflight', 'Holdover Check', report.workspace);
    this.changed.fire(uri);
    await open(uri);
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    return (await this.fromServer(uri)) ?? this.made(uri);
  }

  dispose(): void {
    for (const subscription of this.subscriptions) {
      subscription.dispose();
    }
  }

  private async fromServer(uri: vscode.Uri): Promise<string | undefined> {
    if (this.session.standing.kind !== 'running') {
      return undefined;
    }
    try {
      const answer = await this.session.running().sendRequest(content, { uri: uri.toString(true) });
      return text(answer);
    } catch (error) {
      // An older server, or a document that it leaves to its client.
      const reason = error instanceof ResponseError ? `${error.code} ${error.message}` : String(error);
      this.log.debug(`no text from the server for ${uri.toString(true)}: ${reason}`);
      return undefined;
    }
  }

  private made(uri: vscode.Uri): string {
    const workspace = new URLSearchParams(uri.query).get('workspace') ?? '';
    if (uri.path.startsWith('/preflight/')) {
      const report = this.reports.get(workspace);
      return report === undefined
        ? 'This report is gone. Run **Holdover: Check This Project** again.\n'
        : preflightReport(report);
    }
    if (!uri.path.startsWith('/status/')) {
      return `# Not here\n\nThe server has no page ${code(uri.path)}.\n`;
    }
    const status =
      this.session.allStatuses.find((one) => one.workspace === workspace) ??
      this.session.statusFor(undefined);
    return status === undefined
      ? `# Holdover\n\nNo status yet: ${describe(this.session.standing)}.\n`
      : statusReport(status, new Date());
  }
}

/** `holdover:/status/Holdover Status.md?workspace=…`: the last part is what the tab shows. */
function address(kind: 'status' | 'preflight', title: string, workspace: string): vscode.Uri {
  return vscode.Uri.from({
    scheme: SCHEME,
    path: `/${kind}/${title}.md`,
    query: new URLSearchParams({ workspace }).toString(),
  });
}

function text(answer: unknown): string | undefined {
  if (typeof answer === 'string') {
    return answer;
  }
  const fields = answer as { text?: unknown; content?: unknown } | null | undefined;
  const found = fields?.text ?? fields?.content;
  return typeof found === 'string' ? found : undefined;
}

async function open(uri: vscode.Uri): Promise<void> {
  try {
    await vscode.commands.executeCommand('markdown.showPreview', uri);
  } catch {
    // The built-in Markdown support can be switched off: then the text itself.
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
  }
}
