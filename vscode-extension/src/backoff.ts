// When a server that died is started again, and when it is left alone.
// May not start anything or hold a timer: the clock is handed in, in milliseconds.

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 16_000;
/** Deaths within the window after which no further start is tried. */
export const MOST_RESTARTS = 5;
export const WINDOW_MS = 180_000;

export class RestartBudget {
  private deaths: number[] = [];

  /** Deaths that count now. */
  get counted(): number {
    return this.deaths.length;
  }

  /** Milliseconds to wait before the next start, or `undefined`: enough, do not start again. */
  next(nowMs: number): number | undefined {
    this.deaths = this.deaths.filter((at) => nowMs - at < WINDOW_MS);
    if (this.deaths.length >= MOST_RESTARTS) {
      return undefined;
    }
    this.deaths.push(nowMs);
    return Math.min(FIRST_DELAY_MS * 2 ** (this.deaths.length - 1), LONGEST_DELAY_MS);
  }

  /** The user asked for a start: past deaths no longer count. */
  forget(): void {
    this.deaths = [];
  }
}
