// The two sides of a file of a review as documents, for the editor's own comparison. May not decide what they say.
import * as vscode from 'vscode';
import { serverCommand } from './protocol.ts';
import type { Session } from './session.ts';

export const REVIEW_SCHEME = 'holdover-review';

/** One side of one file. */
export interface Side {
  workspace: string;
  review: string;
  side: 'old' | 'new';
  path: string;
}

export function sideUri(side: Side): vscode.Uri {
  return vscode.Uri.from({ scheme: REVIEW_SCHEME, path: `/${side.path}`, query: JSON.stringify(side) });
}

/** What an address of ours names. */
export function sideOf(uri: vscode.Uri): Side | undefined {
  if (uri.scheme !== REVIEW_SCHEME) {
    return undefined;
  }
  try {
    return JSON.parse(uri.query) as Side;
  } catch {
    return undefined;
  }
}

export class ReviewSides implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly session: Session) {
    this.subscriptions = [
      this.changed,
      vscode.workspace.registerTextDocumentContentProvider(REVIEW_SCHEME, this),
      session.onDidChangeReviews(() => {
        for (const { uri } of vscode.workspace.textDocuments) {
          if (uri.scheme === REVIEW_SCHEME) {
            this.changed.fire(uri);
          }
        }
      }),
    ];
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const side = sideOf(uri);
    if (side === undefined) {
      return '';
    }
    const { text } = await this.session.quietly<{ text: string }>(serverCommand.reviewText, side);
    return text;
  }

  dispose(): void {
    for (const subscription of this.subscriptions) {
      subscription.dispose();
    }
  }
}
