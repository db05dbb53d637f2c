// The commands of reviews: each asks the server and shows its answer. May not decide anything that the server decides.
import * as vscode from 'vscode';
import { complain } from './commands.ts';
import type { Review, ReviewReport } from './contract.ts';
import { reviewListRows } from './present/reviewTree.ts';
import type { Row } from './present/tree.ts';
import { serverCommand } from './protocol.ts';
import { sideUri } from './reviewSides.ts';
import type { ReviewThreads } from './reviewThreads.ts';
import type { Session } from './session.ts';

const MESSAGE_MS = 8_000;
const VERDICTS = [
  { label: 'Approve', verdict: 'approve' },
  { label: 'Request Changes', verdict: 'request-changes' },
  { label: 'Comment', verdict: 'comment' },
];

/** The rows of the view: reviews with their files and threads, and what can be reviewed. */
export async function reviewTree(session: Session): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { workspace } of session.offers(serverCommand.reviewList) ? session.orderedStatuses : []) {
    const report = await session.quietly<ReviewReport>(serverCommand.reviewList, { workspace });
    const whole = (review: string) =>
      session.quietly<Review>(serverCommand.reviewShow, { workspace, review });
    rows.push(...reviewListRows(workspace, report, whole));
  }
  return rows;
}

export function registerReviewCommands(
  session: Session,
  threads: ReviewThreads,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  const command = (name: string, run: (what: unknown) => Promise<void>) =>
    vscode.commands.registerCommand(name, async (what: unknown) => {
      try {
        await run(what);
      } catch (error) {
        void complain(error, log);
      }
    });
  const say = (text: string) => {
    vscode.window.setStatusBarMessage(`Holdover: ${text}`, MESSAGE_MS);
  };
  const folder = (what: unknown) =>
    subjectOf(what)?.workspace ??
    session.statusFor(vscode.window.activeTextEditor?.document.uri)?.workspace ??
    session.allStatuses[0]?.workspace;
  return vscode.Disposable.from(
    command('holdover.startReview', async (what) => {
      const workspace = folder(what);
      const report = await session.quietly<ReviewReport>(serverCommand.reviewList, { workspace });
      const range =
        subjectOf(what)?.text ??
        (
          await vscode.window.showQuickPick(
            report.candidates.map(({ name, range, title, files }) => ({
              label: name,
              description: `${files} files`,
              detail: title,
              range,
            })),
            { placeHolder: 'What is to be reviewed?' },
          )
        )?.range;
      if (range !== undefined) {
        const review = await session.quietly<Review>(serverCommand.reviewStart, { workspace, range });
        say(`a review of ${review.title}, ${review.fileCount} files`);
      }
    }),
    command('holdover.giveVerdict', async (what) => {
      const workspace = folder(what);
      const report = await session.quietly<ReviewReport>(serverCommand.reviewList, { workspace });
      const id =
        subjectOf(what)?.text ??
        (report.reviews.length === 1
          ? report.reviews[0]?.id
          : (
              await vscode.window.showQuickPick(
                report.reviews.map(({ title, about, id }) => ({ label: title, description: about, id })),
                { placeHolder: 'Which review?' },
              )
            )?.id);
      const review = report.reviews.find((one) => one.id === id);
      if (review === undefined) {
        return;
      }
      const chosen = await vscode.window.showQuickPick(VERDICTS, {
        placeHolder: `Your verdict on ${review.head.slice(0, 10)}, which is signed`,
      });
      if (chosen !== undefined) {
        const now = await session.quietly<Review>(serverCommand.reviewVerdict, {
          workspace,
          review: review.id,
          verdict: chosen.verdict,
          // What was looked at: nothing is decided about what came meanwhile.
          head: review.head,
        });
        say(now.decision.text);
      }
    }),
    command('holdover.openReviewFile', async (what) => {
      const { workspace, review, path, oldPath } = what as {
        workspace: string;
        review: string;
        path: string;
        oldPath: string;
      };
      const left = sideUri({ workspace, review, side: 'old', path: oldPath });
      const right = sideUri({ workspace, review, side: 'new', path });
      await vscode.commands.executeCommand('vscode.diff', left, right, `${path} (review)`);
    }),
    command('holdover.saveThread', (what) => threads.save(what as vscode.CommentReply)),
    command('holdover.resolveThread', (what) => threads.turn(what, true)),
    command('holdover.reopenThread', (what) => threads.turn(what, false)),
    command('holdover.retractComment', (what) => threads.retract(what)),
    command('holdover.applySuggestion', (what) => threads.apply(what)),
    command('holdover.replyToThread', (what) => {
      const named = (what as { thread?: string } | undefined)?.thread ?? subjectOf(what)?.text;
      return named === undefined ? Promise.resolve() : threads.reveal(named);
    }),
    command('holdover.discardReviewDraft', async (what) => {
      const { workspace, text } = subjectOf(what) ?? {};
      await session.command(serverCommand.noteDraft, { workspace, draft: text, discard: true });
    }),
  );
}

function subjectOf(what: unknown): { workspace: string; text?: string } | undefined {
  return (what as { subject?: { workspace: string; text?: string } } | undefined)?.subject;
}
