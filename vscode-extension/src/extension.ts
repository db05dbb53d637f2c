// Entry point: makes the session and what shows it, and starts the server without waiting for it.
// May not hold logic.
import * as vscode from 'vscode';
import { Ages } from './ages.ts';
import { Builds } from './build.ts';
import { commandRunner, registerCommands } from './commands.ts';
import { registerConflictCommands } from './conflictCommands.ts';
import { ConflictPreviews } from './conflictPreview.ts';
import { Conflicts } from './conflicts.ts';
import { Documents } from './documents.ts';
import { Explanations } from './explain.ts';
import { registerExplainCommands } from './explainCommands.ts';
import { NoteFiles } from './noteFiles.ts';
import { NoteInputs } from './noteInputs.ts';
import { Notes } from './notes.ts';
import { NoteThreads } from './noteThreads.ts';
import { registerReviewCommands } from './reviewCommands.ts';
import { ReviewSides } from './reviewSides.ts';
import { ReviewThreads } from './reviewThreads.ts';
import { Session } from './session.ts';
import { showHealth, showStatusBar } from './statusBar.ts';
import { Views } from './views.ts';

/** When the first line of the bundle ran; `esbuild.mjs` writes that line. */
declare const holdoverLoadBegun: number;

const loaded = performance.now();

let session: Session | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const begun = performance.now();
  const log = vscode.window.createOutputChannel('Holdover', { log: true });
  const version = (context.extension.packageJSON as { version: string }).version;
  session = new Session(context.extension, log, commandRunner(log));
  const documents = new Documents(session, log);
  const explanations = new Explanations(session, documents);
  const ages = new Ages();
  const noteFiles = new NoteFiles(session, log);
  const noteInputs = new NoteInputs(session);
  const noteThreads = new NoteThreads(session, noteInputs, noteFiles, log);
  const reviewThreads = new ReviewThreads(session, noteInputs, log);
  const notes = new Notes(session, noteFiles, noteInputs, documents);
  const conflicts = new Conflicts(session);
  const previews = new ConflictPreviews(session);
  const views = new Views(session, notes, ages, log);
  context.subscriptions.push(
    log,
    session,
    documents,
    explanations,
    noteFiles,
    noteInputs,
    noteThreads,
    reviewThreads,
    new ReviewSides(session),
    notes,
    ages,
    views,
    conflicts,
    previews,
    registerCommands(context, session, documents, views, notes, noteThreads, log),
    registerReviewCommands(session, reviewThreads, log),
    registerConflictCommands(session, conflicts, previews, log),
    registerExplainCommands(explanations, log),
    new Builds(session, documents, log),
    showStatusBar(session, ages),
    showHealth(session, version),
  );
  log.info(
    `extension: version ${version}, workspace ${vscode.workspace.isTrusted ? 'trusted' : 'not trusted'}`,
  );
  void session.start();
  const ms = (from: number, to: number) => (to - from).toFixed(1);
  log.info(
    `extension: loaded in ${ms(holdoverLoadBegun, loaded)} ms, activated in ${ms(begun, performance.now())} ms`,
  );
}

export async function deactivate(): Promise<void> {
  await session?.stop();
}
