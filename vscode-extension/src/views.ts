// The seven trees of the view container and its badge: which rows each has, and what brings it up to date.
// May not make words or decide anything; `present/` and the server do.
import * as vscode from 'vscode';
import type { Ages } from './ages.ts';
import type { Artifact, ConflictReport, JournalReport, PreflightReport, Status } from './contract.ts';
import { needsAttention } from './present/figures.ts';
import { journalRows } from './present/journalTree.ts';
import { counted } from './present/markdown.ts';
import { checkRows, conflictRows, recordRows, syncRows } from './present/otherTrees.ts';
import { readinessRows } from './present/readinessTree.ts';
import type { Row } from './present/tree.ts';
import { serverCommand } from './protocol.ts';
import type { Notes } from './notes.ts';
import { reviewTree } from './reviewCommands.ts';
import type { Session } from './session.ts';
import { Tree } from './tree.ts';

/** Events that the journal's tree asks for at first, and how many more for each further page. */
const EVENTS = 100;

export class Views implements vscode.Disposable {
  private readonly trees: Tree[];
  private readonly readiness: Tree;
  private readonly journal: Tree;
  private readonly reports = new Map<string, { stamp: string; artifacts: Promise<Artifact[]> }>();
  private events = EVENTS;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly session: Session,
    notes: Notes,
    ages: Ages,
    log: vscode.LogOutputChannel,
  ) {
    const tree = (name: string, roots: () => Row[] | Promise<Row[]>) =>
      new Tree(`holdover.${name}`, roots, log);
    const each = (rows: (status: Status, now: Date) => Row[]) => () =>
      session.orderedStatuses.flatMap((status) => rows(status, new Date()));
    this.readiness = tree('readiness', () =>
      readinessRows(session.orderedStatuses, new Date(), (workspace) => this.artifacts(workspace)),
    );
    const conflicts = tree('conflicts', () => this.conflicts());
    const reviewed = tree('reviews', () => reviewTree(session));
    const noted = tree('notes', () => notes.rows());
    this.journal = tree('journal', () => this.journalRows());
    this.trees = [
      this.readiness,
      conflicts,
      noted,
      tree('checks', each(checkRows)),
      tree('sync', each(syncRows)),
      reviewed,
      this.journal,
    ];
    this.subscriptions = [
      ...this.trees,
      session.onDidChange(() => {
        this.update();
      }),
      ages.onDidPass(() => {
        this.refresh();
      }),
      session.onDidChangeNotes(() => {
        noted.refresh();
        // Of which two may stand beside each other now, or one in place of two.
        conflicts.refresh();
        this.journal.refresh();
      }),
      session.onDidChangeReviews(() => {
        reviewed.refresh();
      }),
      // A conflict that is resolved by typing changes findings and nothing else.
      vscode.languages.onDidChangeDiagnostics(() => {
        conflicts.refresh();
      }),
    ];
    this.update();
  }

  refresh(): void {
    for (const tree of this.trees) {
      tree.refresh();
    }
  }

  /** The next page below a row of a tree. */
  more(tree: string, parent: string): void {
    if (tree === this.journal.id) {
      this.events += EVENTS;
    }
    this.trees.find((one) => one.id === tree)?.more(parent);
  }

  dispose(): void {
    for (const subscription of this.subscriptions) {
      subscription.dispose();
    }
  }

  private update(): void {
    const known = new Set(this.session.allStatuses.map((status) => status.workspace));
    for (const workspace of this.reports.keys()) {
      if (!known.has(workspace)) {
        this.reports.delete(workspace);
      }
    }
    const lacking = this.session.allStatuses
      .filter((status) => needsAttention(status.readiness))
      .reduce((sum, { readiness }) => sum + readiness.missing + readiness.corrupt, 0);
    this.readiness.view.badge =
      lacking === 0
        ? undefined
        : { value: lacking, tooltip: `${counted(lacking, 'artifact')} missing or corrupt` };
    this.refresh();
  }

  /** What the server last found, asked for again when its counts or its last look changed. */
  private artifacts(workspace: string): Promise<Artifact[]> {
    const readiness = this.session.allStatuses.find((one) => one.workspace === workspace)?.readiness;
    const stamp = JSON.stringify({ ...readiness, verified: 0, ecosystems: [] });
    const known = this.reports.get(workspace);
    if (known?.stamp === stamp) {
      return known.artifacts;
    }
    const artifacts = this.session
      .quietly<PreflightReport>(serverCommand.preflight, { workspace, all: true })
      .then((report) => report.artifacts);
    this.reports.set(workspace, { stamp, artifacts });
    // What failed is asked for again by the next refresh.
    artifacts.catch(() => this.reports.delete(workspace));
    return artifacts;
  }

  private async conflicts(): Promise<Row[]> {
    if (!this.session.offers(serverCommand.conflicts)) {
      return [];
    }
    const rows = await Promise.all(
      this.session.orderedStatuses.map(async ({ workspace }) => {
        const report = await this.session.quietly<ConflictReport>(serverCommand.conflicts, {
          workspace,
          all: true,
        });
        return [...conflictRows(report.files, workspace), ...recordRows(report.records ?? [], workspace)];
      }),
    );
    return rows.flat();
  }

  private async journalRows(): Promise<Row[]> {
    if (!this.session.offers(serverCommand.journal)) {
      return [];
    }
    const [only, ...others] = this.session.orderedStatuses;
    if (only === undefined || ['disabled', 'failed', 'locked'].includes(only.journal?.state ?? '')) {
      return [];
    }
    const limit = this.events;
    const report = await this.session.quietly<JournalReport>(serverCommand.journal, {
      // With several folders: of all of them, which is what no folder means to the server.
      ...(others.length === 0 ? { workspace: only.workspace } : {}),
      limit,
    });
    const rows = journalRows(report.events, new Date());
    return report.events.length < limit
      ? rows
      : [
          ...rows,
          {
            id: 'holdover.journal/older',
            label: `Show ${EVENTS} older`,
            icon: 'ellipsis',
            spoken: `Show ${EVENTS} older events`,
            kind: 'more',
            open: { more: this.journal.id },
          },
        ];
  }
}
