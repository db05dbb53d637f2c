// Work that the user asked for shows its progress as a notification with a cancel button;
// what the server does by itself stays in the status bar. May not start or judge the work.
import * as vscode from 'vscode';
import type {
  LanguageClient,
  ProgressToken,
  WorkDoneProgressBegin,
  WorkDoneProgressEnd,
  WorkDoneProgressReport,
} from 'vscode-languageclient/node';
import { notice } from './present/notice.ts';

type Step = WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd;

interface Shown {
  report: (step: Step) => void;
  close: () => void;
}

export class UserProgress implements vscode.Disposable {
  private readonly shown = new Map<ProgressToken, Shown>();
  private asked = 0;

  /** While `work` runs, cancellable progress that begins is taken for the user's. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.asked += 1;
    try {
      return await work();
    } finally {
      this.asked -= 1;
    }
  }

  handle(client: LanguageClient, token: ProgressToken, step: Step, next: () => void): void {
    if (step.kind === 'begin' && step.cancellable === true && this.asked > 0) {
      this.shown.set(token, show(client, token, step));
      return;
    }
    const own = this.shown.get(token);
    if (own === undefined) {
      next();
    } else if (step.kind === 'end') {
      own.close();
      this.shown.delete(token);
      // The client keeps its own record of the token until it hears of the end.
      next();
    } else {
      own.report(step);
    }
  }

  /** The server is gone: nothing will report any more. */
  clear(): void {
    for (const own of this.shown.values()) {
      own.close();
    }
    this.shown.clear();
  }

  dispose(): void {
    this.clear();
  }
}

function show(client: LanguageClient, token: ProgressToken, begin: WorkDoneProgressBegin): Shown {
  let close: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  let progress: vscode.Progress<{ message?: string; increment?: number }> | undefined;
  let reached = 0;
  const report = (step: Step) => {
    if (step.kind === 'end') {
      return;
    }
    const percentage = step.percentage ?? reached;
    progress?.report({
      ...(step.message === undefined ? {} : { message: notice(step.message) }),
      ...(step.percentage === undefined ? {} : { increment: Math.max(0, percentage - reached) }),
    });
    reached = Math.max(reached, percentage);
  };
  void vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, cancellable: true, title: notice(begin.title) },
    async (bar, cancelled) => {
      progress = bar;
      report(begin);
      cancelled.onCancellationRequested(() => {
        void client.sendNotification('window/workDoneProgress/cancel', { token });
      });
      await closed;
    },
  );
  return { report, close };
}
