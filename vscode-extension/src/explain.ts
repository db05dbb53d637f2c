// Explanations in a document beside the text: asked for by a person, growing while a model speaks, stopped and judged by a person.
// May not show anything that nobody asked for; what stands in the document is the server's.
import * as vscode from 'vscode';
import type { Documents } from './documents.ts';
import { notice } from './present/notice.ts';
import { serverCommand } from './protocol.ts';
import type { Session } from './session.ts';

/** What is to be explained, as a code action hands it. */
interface Asked {
  workspace?: string | undefined;
  file?: string;
  /** In place of a file: a line for a shell, which is not run; a branch, a commit or a range; a log. */
  command?: string;
  change?: string;
  log?: string;
  line?: number;
  lines?: number;
  finding?: { source: string; code: string; message: string };
  ask?: string;
  follows?: string;
  again?: boolean;
}

interface Explained {
  id: string;
  state: string;
}

export class Explanations implements vscode.Disposable {
  /** Those that were asked for here, the newest last, with what was asked. */
  private readonly asked = new Map<string, Asked>();
  private readonly subscription: vscode.Disposable;
  /** The one that is shown: one tab has whichever was asked for last. */
  private shown: string | undefined;

  constructor(
    private readonly session: Session,
    private readonly documents: Documents,
  ) {
    this.subscription = vscode.Disposable.from(
      session.onDidChangeExplanation(({ id, state }) => {
        if (id === this.shown) {
          this.documents.explanationChanged(id);
          this.say(state);
        }
      }),
      vscode.window.tabGroups.onDidChangeTabs(inFront),
      vscode.window.tabGroups.onDidChangeTabGroups(inFront),
    );
  }

  dispose(): void {
    this.subscription.dispose();
  }

  /** The lines that are selected; the line of the cursor where none are. */
  async explainSelection(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor?.document.uri.scheme !== 'file') {
      void vscode.window.showInformationMessage(
        notice('Holdover: open a file and select what is to be explained.'),
      );
      return;
    }
    const { start, end } = editor.selection;
    const endsBefore = end.line > start.line && end.character === 0;
    await this.explain({
      file: editor.document.uri.toString(),
      line: start.line,
      lines: end.line - start.line + (endsBefore ? 0 : 1),
    });
  }

  /** Something that is not lines of a file. */
  async explainOther(): Promise<void> {
    const workspace = this.session.statusFor(vscode.window.activeTextEditor?.document.uri)?.workspace;
    const command = { label: '$(terminal) A command', detail: 'It is not run.' };
    const change = { label: '$(git-branch) A branch, a commit or a range', detail: 'Before it is reviewed.' };
    const log = { label: '$(output) A log', detail: 'Its last 1,000 lines.' };
    const picked = await vscode.window.showQuickPick([command, change, log], {
      placeHolder: 'What is to be explained?',
    });
    if (picked === command) {
      const said = await vscode.window.showInputBox({ prompt: 'Which command? It is not run.' });
      if (said !== undefined && said.trim() !== '') {
        await this.explain({ workspace, command: said });
      }
    } else if (picked === change) {
      const prompt = 'Which branch, commit or range? Without one, the branch that is here.';
      const said = await vscode.window.showInputBox({ prompt, placeHolder: 'main..feature' });
      if (said !== undefined) {
        await this.explain({ workspace, change: said });
      }
    } else if (picked === log) {
      const [file] = (await vscode.window.showOpenDialog({ openLabel: 'Explain' })) ?? [];
      if (file !== undefined) {
        await this.explain({ workspace, log: file.toString() });
      }
    }
  }

  /** Asks, and shows the document beside. */
  async explain(what: Asked): Promise<void> {
    const explained = await this.session.command<Explained | undefined>(serverCommand.explain, { ...what });
    // Nothing came: why was already said.
    if (explained === undefined) {
      return;
    }
    this.asked.set(explained.id, what);
    this.shown = explained.id;
    await this.documents.showExplanation(explained.id);
    this.say(explained.state);
  }

  async stop(): Promise<void> {
    await this.session.command(serverCommand.cancelExplain, {});
  }

  /** A question about the explanation that is shown. */
  async askFurther(): Promise<void> {
    const id = this.shown;
    const before = id === undefined ? undefined : this.asked.get(id);
    if (id === undefined || before === undefined) {
      void vscode.window.showInformationMessage(notice('Holdover: explain something first.'));
      return;
    }
    const ask = await vscode.window.showInputBox({ prompt: 'What do you want to know about it?' });
    if (ask !== undefined && ask.trim() !== '') {
      await this.explain({ ...before, follows: id, ask });
    }
  }

  /** Whether the answer that is shown was of use, and why. */
  async judge(): Promise<void> {
    const id = this.shown;
    if (id === undefined) {
      void vscode.window.showInformationMessage(notice('Holdover: explain something first.'));
      return;
    }
    const useful = { label: '$(thumbsup) Of use', accepted: true };
    const useless = { label: '$(thumbsdown) Of no use', accepted: false };
    const picked = await vscode.window.showQuickPick([useful, useless], { placeHolder: 'Was this of use?' });
    if (picked === undefined) {
      return;
    }
    const reason = (await vscode.window.showInputBox({ prompt: 'Why? It stays on this machine.' })) ?? '';
    await this.session.command(serverCommand.judgeExplain, { id, accepted: picked.accepted, reason });
  }

  private say(state: string): void {
    const goesOn = state === 'waiting' || state === 'answering';
    void vscode.commands.executeCommand('setContext', 'holdover.explaining', goesOn);
  }
}

/** Whether the tab in front is the explanation's: its buttons stand on no other preview. Of a rendered text no more is known than its title. */
function inFront(): void {
  const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
  const preview =
    tab?.input instanceof vscode.TabInputWebview && tab.input.viewType.endsWith('markdown.preview');
  const ours = preview && tab.label.includes('Holdover Explanation');
  void vscode.commands.executeCommand('setContext', 'holdover.explained', ours);
}
