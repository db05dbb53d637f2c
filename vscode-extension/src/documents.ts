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
/** Lines by which a log may have grown at once for a reader at its end still to be one. */
const NEAR_THE_END = 60;

export class Documents implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  /** The last preflight of each workspace, until the next. */
  private readonly reports = new Map<string, PreflightReport>();
  /** The explanation that is shown. */
  private explained = '';
  private versionPage = 'Server and extension are of one version.\n';
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly session: Session,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions = [
      this.changed,
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      // A reader at the end of a log stays at its end.
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document.uri.scheme === SCHEME && document.uri.path.startsWith('/build/')) {
          follow(document);
        }
      }),
      session.onDidChange(() => {
        for (const document of vscode.workspace.textDocuments) {
          if (
            document.uri.scheme === SCHEME &&
            /^\/(status|artifact|trail|journal)\//.test(document.uri.path)
          ) {
            this.changed.fire(document.uri);
          }
        }
      }),
      // How far an event has come changes too, without anybody having done anything.
      session.onDidChangeNotes(() => {
        for (const document of vscode.workspace.textDocuments) {
          if (
            document.uri.scheme === SCHEME &&
            /^\/(note|trail|artifact|journal)\//.test(document.uri.path)
          ) {
            this.changed.fire(document.uri);
          }
        }
      }),
    ];
  }

  async showStatus(workspace: string | undefined): Promise<void> {
    await open(address('status', 'Holdover Status', workspace ?? ''));
  }

  async showJournalEntry(id: string): Promise<void> {
    await open(address('journal', 'Holdover Journal Entry', id));
  }

  async showNote(id: string, workspace: string): Promise<void> {
    await open(address('note', 'Holdover Note', workspace, { id }));
  }

  async showTrail(file: string, workspace: string): Promise<void> {
    const uri = address('trail', 'Holdover Trail', workspace, { file });
    // It grows.
    this.changed.fire(uri);
    await open(uri);
  }

  async showArtifactTrail(artifacts: readonly string[], workspace: string): Promise<void> {
    const uri = address('artifact', 'Holdover Trail', workspace, { ids: JSON.stringify(artifacts) });
    this.changed.fire(uri);
    await open(uri);
  }

  /** Rendered, beside the text that it is about, which keeps the keyboard. One tab has whichever is shown. */
  async showExplanation(id: string): Promise<void> {
    this.explained = id;
    const uri = EXPLANATION;
    const before = vscode.window.activeTextEditor;
    this.changed.fire(uri);
    // Locked to it: else it would follow the text, where that is Markdown.
    await open(uri, 'markdown.showLockedPreviewToSide');
    if (before !== undefined && (await lostTo(before))) {
      await vscode.window.showTextDocument(before.document, before.viewColumn);
    }
  }

  /** As text, which grows in place; a reader at its end stays there. */
  async showBuild(workspace: string): Promise<void> {
    const document = await vscode.workspace.openTextDocument(build(workspace));
    this.changed.fire(document.uri);
    await vscode.window.showTextDocument(document, {
      viewColumn: vscode.ViewColumn.Beside,
      preserveFocus: true,
      preview: true,
    });
  }

  buildChanged(workspace: string): void {
    this.changed.fire(build(workspace));
  }

  /** It grows. The editor lets go of a text that only a preview shows, and would hear of no change in it. */
  explanationChanged(id: string): void {
    if (id !== this.explained) {
      return;
    }
    const uri = EXPLANATION;
    void vscode.workspace.openTextDocument(uri).then(() => {
      this.changed.fire(uri);
    });
  }

  async showVersion(text: string): Promise<void> {
    this.versionPage = text;
    const uri = address('version', 'Holdover Versions', '');
    this.changed.fire(uri);
    await open(uri);
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
    // These two are made here.
    if (this.session.standing.kind !== 'running' || /^\/(preflight|version)\//.test(uri.path)) {
      return undefined;
    }
    try {
      const answer = await this.session.running().sendRequest(content, { uri: this.serverAddress(uri) });
      return text(answer);
    } catch (error) {
      // An older server, or a document that it leaves to its client.
      const reason = error instanceof ResponseError ? `${error.code} ${error.message}` : String(error);
      this.log.debug(`no text from the server for ${uri.toString(true)}: ${reason}`);
      return undefined;
    }
  }

  private serverAddress(uri: vscode.Uri): string {
    return uri.path.startsWith('/explanation/')
      ? `${SCHEME}:/explanation/${encodeURIComponent(this.explained)}.md`
      : serverAddress(uri);
  }

  private made(uri: vscode.Uri): string {
    const workspace = new URLSearchParams(uri.query).get('workspace') ?? '';
    if (uri.path.startsWith('/preflight/')) {
      const report = this.reports.get(workspace);
      return report === undefined
        ? 'This report is gone. Run **Holdover: Check This Project** again.\n'
        : preflightReport(report, vscode.workspace.workspaceFolders?.[0]?.uri.fsPath);
    }
    if (uri.path.startsWith('/version/')) {
      return this.versionPage;
    }
    if (uri.path.startsWith('/explanation/')) {
      return 'This explanation is gone: only the last ones are kept. Ask again.\n';
    }
    if (uri.path.startsWith('/conflict/')) {
      return 'The conflict has changed since this was shown: look at it anew.\n';
    }
    if (uri.path.startsWith('/journal/')) {
      return 'This server has no page for an event of the journal; `holdover journal log` prints it.\n';
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
function address(
  kind: 'status' | 'preflight' | 'journal' | 'version' | 'note' | 'trail' | 'artifact',
  title: string,
  subject: string,
  more: Record<string, string> = {},
): vscode.Uri {
  return vscode.Uri.from({
    scheme: SCHEME,
    path: `/${kind}/${title}.md`,
    query: new URLSearchParams({ [kind === 'journal' ? 'id' : 'workspace']: subject, ...more }).toString(),
  });
}

/** The document of the explanation that is shown, whichever it is. */
const EXPLANATION = vscode.Uri.from({ scheme: SCHEME, path: '/explanation/Holdover Explanation.md' });

function build(workspace: string): vscode.Uri {
  return vscode.Uri.from({
    scheme: SCHEME,
    path: '/build/Holdover Builds and Tests.md',
    query: new URLSearchParams({ workspace }).toString(),
  });
}

/** The server's own name of a page: ours have titles for their tabs. */
function serverAddress(uri: vscode.Uri): string {
  const query = new URLSearchParams(uri.query);
  if (uri.path.startsWith('/status/')) {
    return `${SCHEME}:/status.md?workspace=${encodeURIComponent(query.get('workspace') ?? '')}`;
  }
  if (uri.path.startsWith('/build/')) {
    return `${SCHEME}:/build.md?workspace=${encodeURIComponent(query.get('workspace') ?? '')}`;
  }
  if (uri.path.startsWith('/journal/') && query.has('id')) {
    return `${SCHEME}:/journal/${encodeURIComponent(query.get('id') ?? '')}.md`;
  }
  const workspace = `workspace=${encodeURIComponent(query.get('workspace') ?? '')}`;
  if (uri.path.startsWith('/note/') && query.has('id')) {
    return `${SCHEME}:/note/${encodeURIComponent(query.get('id') ?? '')}.md?${workspace}`;
  }
  if (uri.path.startsWith('/trail/') && query.has('file')) {
    return `${SCHEME}:/trail/${encodeURIComponent(query.get('file') ?? '')}.md?${workspace}`;
  }
  if (uri.path.startsWith('/artifact/') && query.has('ids')) {
    const ids = JSON.parse(query.get('ids') ?? '[]') as string[];
    return `${SCHEME}:/artifact/${ids.map(encodeURIComponent).join(',')}.md?${workspace}`;
  }
  // A query that holds addresses stays encoded.
  return uri.toString(!uri.path.startsWith('/conflict/'));
}

function text(answer: unknown): string | undefined {
  if (typeof answer === 'string') {
    return answer;
  }
  const fields = answer as { text?: unknown; content?: unknown } | null | undefined;
  const found = fields?.text ?? fields?.content;
  return typeof found === 'string' ? found : undefined;
}

/** Whether something that is no text comes in front of an editor: a preview does some time after it was asked for. Waits a second at most. */
function lostTo(editor: vscode.TextEditor): Promise<boolean> {
  const isLost = () => vscode.window.activeTextEditor === undefined;
  return new Promise((resolve) => {
    const told = vscode.window.onDidChangeActiveTextEditor((now) => {
      if (now !== editor) {
        end();
      }
    });
    const end = () => {
      clearTimeout(timer);
      told.dispose();
      resolve(isLost());
    };
    const timer = setTimeout(end, isLost() ? 0 : 1000);
  });
}

/** Logs that grew when they were drawn last. */
const growing = new Set<string>();

function follow(document: vscode.TextDocument): void {
  const last = document.lineCount - 1;
  const uri = document.uri.toString();
  if (!document.lineAt(0).text.includes(': running for ')) {
    // It has ended: what it came to stands on top.
    if (growing.delete(uri)) {
      for (const editor of vscode.window.visibleTextEditors.filter((one) => one.document === document)) {
        editor.revealRange(new vscode.Range(0, 0, 0, 0));
      }
    }
    return;
  }
  growing.add(uri);
  for (const editor of vscode.window.visibleTextEditors) {
    const seen = editor.visibleRanges.at(-1)?.end.line ?? 0;
    // What is shown is as it was before the change, which made it longer.
    if (editor.document === document && seen + NEAR_THE_END >= last) {
      editor.revealRange(new vscode.Range(last, 0, last, 0));
    }
  }
}

async function open(uri: vscode.Uri, how = 'markdown.showPreview'): Promise<void> {
  try {
    await vscode.commands.executeCommand(how, uri);
    // One that stands open since a while is only revealed: the editor let go of its text, and hears of no change in it.
    await vscode.commands.executeCommand('markdown.preview.refresh');
  } catch {
    // The built-in Markdown support can be switched off: then the text itself.
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
  }
}
