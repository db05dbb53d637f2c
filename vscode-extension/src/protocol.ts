// Holdover's own LSP messages, by name and type, and what the client says it can do.
// May not hold behaviour beyond declaring capabilities.
import type { ClientCapabilities, FeatureState, StaticFeature } from 'vscode-languageclient/node';
import { NotificationType, RequestType } from 'vscode-languageclient/node';
import type {
  BuildChange,
  ConflictPreview,
  ConflictsShown,
  ExplanationChange,
  ServerStatus,
  Status,
} from './contract.ts';

/** Sent whenever anything in a workspace's status changed. */
export const didChangeStatus = new NotificationType<Status>('holdover/didChangeStatus');
/** Notes, or what is being written of them, may be others now; in whichever process. */
export const didChangeNotes = new NotificationType<{ workspace: string }>('holdover/didChangeNotes');
/** Reviews may be others now; in whichever process. */
export const didChangeReviews = new NotificationType<{ workspace: string }>('holdover/didChangeReviews');
/** Events have come further on their way: sealed, on a remote, seen by others. */
export const didChangeDelivery = new NotificationType<{ workspace: string }>('holdover/didChangeDelivery');
/** Where the conflicts of an open document stand now. */
export const didChangeConflicts = new NotificationType<ConflictsShown>('holdover/didChangeConflicts');
/** An explanation has come further. */
export const didChangeExplanation = new NotificationType<ExplanationChange>('holdover/didChangeExplanation');
/** The log of a step has grown. */
export const didChangeBuild = new NotificationType<BuildChange>('holdover/didChangeBuild');
/** Health of the server, in the shape that several servers share. */
export const serverStatus = new NotificationType<ServerStatus>('experimental/serverStatus');
/** The user's trust in the workspace changed; only to servers that declare `experimental.didChangeTrust`. */
export const didChangeTrust = new NotificationType<{ trusted: boolean }>('holdover/didChangeTrust');
/** Status of one workspace, on demand. */
export const status = new RequestType<{ workspace?: string }, Status, void>('holdover/status');
/** Text of a `holdover:` document. */
export const content = new RequestType<{ uri: string }, unknown, void>('holdover/content');

/** What each choice would leave of the conflict on a line, zero-based, or of a record. */
export const conflict = new RequestType<
  { uri: string; line: number } | { record: string; workspace: string },
  ConflictPreview,
  void
>('holdover/conflict');

/** Commands of the server, as `workspace/executeCommand` names them. */
export const serverCommand = {
  preflight: 'holdover.preflight',
  fetch: 'holdover.fetch',
  prove: 'holdover.prove',
  build: 'holdover.build',
  offline: 'holdover.offline',
  sync: 'holdover.sync',
  conflicts: 'holdover.conflicts',
  resolveConflict: 'holdover.resolveConflict',
  resolutions: 'holdover.resolutions',
  undoResolution: 'holdover.undoResolution',
  journal: 'holdover.journal',
  noteAdd: 'holdover.note.add',
  noteMove: 'holdover.note.move',
  noteEdit: 'holdover.note.edit',
  noteRemove: 'holdover.note.remove',
  noteList: 'holdover.note.list',
  noteDraft: 'holdover.note.draft',
  reviewList: 'holdover.review.list',
  reviewStart: 'holdover.review.start',
  reviewShow: 'holdover.review.show',
  reviewText: 'holdover.review.text',
  reviewThreads: 'holdover.review.threads',
  reviewComment: 'holdover.review.comment',
  reviewReply: 'holdover.review.reply',
  reviewRetract: 'holdover.review.retract',
  reviewResolve: 'holdover.review.resolve',
  reviewReopen: 'holdover.review.reopen',
  reviewVerdict: 'holdover.review.verdict',
  reviewApply: 'holdover.review.apply',
  trail: 'holdover.trail',
  explain: 'holdover.explain',
  cancelExplain: 'holdover.cancelExplain',
  judgeExplain: 'holdover.judgeExplain',
} as const;

/** Whether a draft was refused because it has ended: it is a note now, or was thrown away, in another window perhaps. */
export function hasEnded(error: unknown): boolean {
  return (error as { data?: { kind?: unknown } } | undefined)?.data?.kind === 'draft-ended';
}

/** Declares what the server may send beyond the standard. */
export class Capabilities implements StaticFeature {
  fillClientCapabilities(capabilities: ClientCapabilities): void {
    const experimental = (capabilities.experimental ?? {}) as Record<string, unknown>;
    capabilities.experimental = {
      ...experimental,
      serverStatusNotification: true,
      holdoverStatus: true,
      holdoverNotes: true,
      holdoverReviews: true,
      holdoverTrail: true,
      holdoverDelivery: true,
      holdoverConflicts: true,
      holdoverExplanations: true,
    };
  }

  initialize(): void {
    // Nothing depends on the server's answer.
  }

  getState(): FeatureState {
    return { kind: 'static' };
  }

  clear(): void {
    // Nothing is held.
  }
}
