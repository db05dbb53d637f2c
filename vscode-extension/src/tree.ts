// One tree of the view container: asks for its rows when it is seen, draws them, and brings more on demand.
// May not make rows: `present/` does. A tree that nobody sees does no work.
import * as vscode from 'vscode';
import { page, PAGE, type Row } from './present/tree.ts';

/** Refreshes that come closer together than this are one. */
const APART_MS = 250;

export class Tree implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<Row | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  readonly view: vscode.TreeView<Row>;
  /** Rows that are shown below each row that was asked for more. */
  private readonly shown = new Map<string, number>();
  private readonly parents = new Map<string, Row | undefined>();
  private stale = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    readonly id: string,
    private readonly roots: () => Row[] | Promise<Row[]>,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.view = vscode.window.createTreeView(id, { treeDataProvider: this, showCollapseAll: true });
    this.subscriptions = [
      this.view,
      this.changed,
      this.view.onDidChangeVisibility(({ visible }) => {
        if (visible && this.stale) {
          this.stale = false;
          this.changed.fire(undefined);
        }
      }),
    ];
  }

  /** Soon, and only if it is seen; else when it is. */
  refresh(): void {
    if (!this.view.visible) {
      this.stale = true;
      return;
    }
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.stale = false;
      this.changed.fire(undefined);
    }, APART_MS);
  }

  more(parent: string): void {
    this.shown.set(parent, this.limit(parent) + PAGE);
    this.changed.fire(this.parents.get(parent));
  }

  async getChildren(row?: Row): Promise<Row[]> {
    const id = row?.id ?? this.id;
    try {
      const rows = await (row === undefined ? this.roots() : (row.children?.() ?? []));
      const some = page(rows, id, this.limit(id));
      if (some.length < rows.length) {
        this.parents.set(id, row);
      }
      return some;
    } catch (error) {
      // The server went while it was asked: what comes back brings a refresh with it.
      this.log.debug(`${this.id}: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const item = new vscode.TreeItem(row.label, state(row));
    item.id = row.id;
    if (row.description !== undefined) {
      item.description = row.description;
    }
    item.iconPath = new vscode.ThemeIcon(
      row.icon,
      row.colour === undefined ? undefined : new vscode.ThemeColor(row.colour),
    );
    item.contextValue = row.kind;
    item.accessibilityInformation = { label: row.spoken };
    const command = click(row, this.id);
    if (command !== undefined) {
      item.command = command;
    }
    return item;
  }

  /** Asked for when the pointer or the keyboard stays on a row, so that ages in it are true. */
  resolveTreeItem(item: vscode.TreeItem, row: Row): vscode.TreeItem {
    if (row.tooltip !== undefined) {
      item.tooltip = new vscode.MarkdownString(row.tooltip(new Date()));
    }
    return item;
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const subscription of this.subscriptions) {
      subscription.dispose();
    }
  }

  private limit(id: string): number {
    return this.shown.get(id) ?? PAGE;
  }
}

function state(row: Row): vscode.TreeItemCollapsibleState {
  if (row.children === undefined) {
    return vscode.TreeItemCollapsibleState.None;
  }
  return row.expanded === true
    ? vscode.TreeItemCollapsibleState.Expanded
    : vscode.TreeItemCollapsibleState.Collapsed;
}

function click({ open }: Row, tree: string): vscode.Command | undefined {
  if (open === undefined) {
    return undefined;
  }
  if ('more' in open) {
    return { command: 'holdover.showMore', title: 'Show More', arguments: [tree, open.more] };
  }
  if ('entry' in open) {
    return { command: 'holdover.openJournalEntry', title: 'Open', arguments: [open.entry] };
  }
  if ('note' in open) {
    return { command: 'holdover.openNote', title: 'Open', arguments: [open] };
  }
  if ('draft' in open) {
    return { command: 'holdover.takeUpDraft', title: 'Take Up', arguments: [open] };
  }
  if ('record' in open) {
    return { command: 'holdover.previewConflict', title: 'Preview', arguments: [open] };
  }
  if ('review' in open) {
    return { command: 'holdover.openReviewFile', title: 'Compare', arguments: [open] };
  }
  const at = new vscode.Position(open.line, open.utf16);
  return {
    command: 'vscode.open',
    title: 'Open',
    arguments: [vscode.Uri.file(open.file), { selection: new vscode.Range(at, at) }],
  };
}
