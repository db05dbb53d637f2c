// Says when ages have to be written anew: once a minute while somebody works in the window, and when somebody comes back.
// May not run while nobody does: a window that is left alone is not woken.
import * as vscode from 'vscode';

const MINUTE_MS = 60_000;

export class Ages implements vscode.Disposable {
  private readonly passed = new vscode.EventEmitter<void>();
  readonly onDidPass = this.passed.event;
  private timer: NodeJS.Timeout | undefined;
  private readonly subscription: vscode.Disposable;

  constructor() {
    this.subscription = vscode.window.onDidChangeWindowState(({ active }) => {
      clearTimeout(this.timer);
      this.timer = undefined;
      if (active) {
        this.tick();
      }
    });
    if (vscode.window.state.active) {
      this.wait();
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.subscription.dispose();
    this.passed.dispose();
  }

  private tick(): void {
    this.passed.fire();
    this.wait();
  }

  private wait(): void {
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (vscode.window.state.active) {
        this.tick();
      }
    }, MINUTE_MS);
  }
}
