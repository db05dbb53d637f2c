// What builds and tests the workspace, run by a person, with its log in a document that grows. The server runs it, shows progress and stops it.
// May not decide what is run, and shows no log that nobody asked for.
import * as vscode from 'vscode';
import { complain } from './commands.ts';
import type { CheckStatus } from './contract.ts';
import type { Documents } from './documents.ts';
import type { Row } from './present/tree.ts';
import { notice } from './present/notice.ts';
import { serverCommand } from './protocol.ts';
import type { Session } from './session.ts';

interface Report {
  checks: CheckStatus[];
}

/** How long a message stays in the status bar, in ms. */
const MESSAGE_MS = 8_000;

export class Builds implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly session: Session,
    private readonly documents: Documents,
    log: vscode.LogOutputChannel,
  ) {
    const command = (name: string, run: (row: Row | undefined) => Promise<void>) =>
      vscode.commands.registerCommand(name, async (given: unknown) => {
        try {
          await run(isStep(given) ? given : undefined);
        } catch (error) {
          void complain(error, log);
        }
      });
    this.subscriptions = [
      session.onDidChangeBuild(({ workspace }) => {
        this.documents.buildChanged(workspace);
      }),
      command('holdover.runSteps', () => this.run(this.workspace(undefined))),
      command('holdover.runStep', (row) => this.runOne(row)),
      command('holdover.showBuildLog', (row) => this.documents.showBuild(this.workspace(row) ?? '')),
    ];
  }

  dispose(): void {
    for (const subscription of this.subscriptions) {
      subscription.dispose();
    }
  }

  private async runOne(row: Row | undefined): Promise<void> {
    const workspace = this.workspace(row);
    const named = row?.subject?.text;
    if (named !== undefined) {
      return this.run(workspace, named);
    }
    const status = this.session.allStatuses.find((one) => one.workspace === workspace);
    const steps = (status?.checks ?? []).filter((check) => check.isStep === true);
    const picked = await vscode.window.showQuickPick(
      steps.map(({ name, text }) => ({ label: name, description: text ?? '' })),
      { placeHolder: 'Run which step, with what it needs?' },
    );
    return picked === undefined ? undefined : this.run(workspace, picked.label);
  }

  /** All steps where none is named. */
  private async run(workspace: string | undefined, step?: string): Promise<void> {
    await this.documents.showBuild(workspace ?? '');
    const report = await this.session.command<Report | undefined>(serverCommand.build, {
      ...(workspace === undefined ? {} : { workspace }),
      ...(step === undefined ? {} : { steps: [step] }),
    });
    this.documents.buildChanged(workspace ?? '');
    // Nothing came: it was stopped, or why was already said.
    if (report === undefined) {
      return;
    }
    const steps = report.checks.filter((check) => check.isStep === true);
    const failed = steps.find((check) => check.state !== 'passed');
    if (failed === undefined) {
      vscode.window.setStatusBarMessage(notice('Holdover: every step passed'), MESSAGE_MS);
    } else {
      const sentence = `Holdover: ${failed.name}: ${failed.text ?? failed.state}`;
      void vscode.window.showWarningMessage(notice(sentence));
    }
  }

  private workspace(row: Row | undefined): string | undefined {
    return (
      row?.subject?.workspace ??
      this.session.statusFor(vscode.window.activeTextEditor?.document.uri)?.workspace ??
      this.session.allStatuses[0]?.workspace
    );
  }
}

function isStep(given: unknown): given is Row {
  return (
    typeof given === 'object' && given !== null && 'kind' in given && String(given.kind).startsWith('step.')
  );
}
