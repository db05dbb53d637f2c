// When what the server knows is drawn anew: changes that come close together at once, one drawing at a time.
import type * as vscode from 'vscode';

/** Changes that come closer together than this are drawn once. */
const APART_MS = 150;

export class Drawing {
  private timer: NodeJS.Timeout | undefined;
  /** One that is under way, and whether another is wanted after it. */
  private busy = false;
  private again = false;

  constructor(
    /** Of what, for the log. */
    private readonly what: string,
    private readonly draw: () => Promise<void>,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  refresh(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.once();
    }, APART_MS);
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private async once(): Promise<void> {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    try {
      await this.draw();
    } catch (error) {
      // The server went while it was asked: what comes back brings a refresh with it.
      this.log.debug(`${this.what}: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.busy = false;
    if (this.again) {
      this.again = false;
      this.refresh();
    }
  }
}
