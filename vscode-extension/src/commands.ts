// The commands of the palette and of links: each asks the server and shows its answer.
// May not decide anything that the server decides.
import * as vscode from 'vscode';
import { LSPErrorCodes, ResponseError } from 'vscode-languageclient/node';
import type { PreflightReport, SyncReport } from './contract.ts';
import type { Documents } from './documents.ts';
import type { Notes } from './notes.ts';
import type { NoteComment, NoteThreads } from './noteThreads.ts';
import { copyLog } from './logCopy.ts';
import { versionPage } from './present/health.ts';
import { notice } from './present/notice.ts';
import { fetchSummary } from './present/report.ts';
import type { Row } from './present/tree.ts';
import { serverCommand } from './protocol.ts';
import type { Session } from './session.ts';
import { healthOf } from './statusBar.ts';
import type { Views } from './views.ts';

const MESSAGE_MS = 8_000;

/** What a menu or a click hands to a command: the row of a tree, or nothing. */
type Chosen = Pick<Row, 'subject' | 'open'> | undefined;

export function registerCommands(
  context: vscode.ExtensionContext,
  session: Session,
  documents: Documents,
  views: Views,
  notes: Notes,
  threads: NoteThreads,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  const workspace = (chosen: Chosen) =>
    chosen?.subject?.workspace ??
    session.statusFor(vscode.window.activeTextEditor?.document.uri)?.workspace ??
    firstFolder();
  const target = (chosen: Chosen) => {
    const folder = workspace(chosen);
    return folder === undefined ? {} : { workspace: folder };
  };
  const command = (name: string, run: (chosen: Chosen) => Promise<void> | void) =>
    vscode.commands.registerCommand(name, async (given: unknown) => {
      try {
        await run(isRow(given) ? given : undefined);
      } catch (error) {
        void complain(error, log);
      }
    });
  const given = (name: string, run: (what: unknown) => Promise<void>) =>
    vscode.commands.registerCommand(name, async (what: unknown) => {
      try {
        await run(what);
      } catch (error) {
        void complain(error, log);
      }
    });
  const check = async (chosen: Chosen, deep: boolean) => {
    const report = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Window,
        title: deep ? 'Holdover: comparing every checksum' : 'Holdover: checking',
      },
      () =>
        session.command<PreflightReport | undefined>(serverCommand.preflight, {
          ...target(chosen),
          ...(deep ? { deep } : {}),
        }),
    );
    // Nothing came: why was already said.
    if (report !== undefined) {
      await documents.showPreflight(report);
    }
  };
  const fetch = async (chosen: Chosen) => {
    const artifacts = chosen?.subject?.artifacts;
    await session.command(serverCommand.fetch, {
      ...target(chosen),
      ...(artifacts === undefined ? {} : { artifacts }),
    });
  };
  const prove = async (chosen: Chosen) => {
    const report = await session.command<PreflightReport | undefined>(serverCommand.prove, target(chosen));
    // Nothing came: it was stopped, or why was already said.
    if (report !== undefined) {
      await documents.showPreflight(report);
    }
  };
  const sync = async (chosen: Chosen) => {
    const report = await session.command<SyncReport | undefined>(serverCommand.sync, target(chosen));
    if (report === undefined) {
      return;
    }
    const sentence = `Holdover: ${report.text.join('; ')}`;
    log.info(sentence);
    const done = report.remotes.every((remote) => remote.done) && report.rejected === 0;
    if (done) {
      vscode.window.setStatusBarMessage(notice(sentence), MESSAGE_MS);
    } else {
      void vscode.window.showWarningMessage(notice(sentence));
    }
  };

  return vscode.Disposable.from(
    command('holdover.showStatus', (chosen) => documents.showStatus(workspace(chosen))),
    command('holdover.checkProject', (chosen) => check(chosen, false)),
    command('holdover.checkEverySum', (chosen) => check(chosen, true)),
    command('holdover.getMissing', (chosen) =>
      fetch(chosen === undefined ? undefined : { subject: { workspace: chosen.subject?.workspace ?? '' } }),
    ),
    command('holdover.proveProject', prove),
    command('holdover.syncProject', sync),
    command('holdover.getArtifact', fetch),
    command('holdover.replaceArtifact', fetch),
    command('holdover.goOffline', async () => {
      await session.command(serverCommand.offline, { ...target(undefined), mode: 'on' });
    }),
    command('holdover.goOnline', async () => {
      await session.command(serverCommand.offline, { ...target(undefined), mode: 'auto' });
    }),
    command('holdover.restartServer', () => session.restart()),
    command('holdover.showLog', () => {
      log.show(true);
    }),
    command('holdover.copyLog', () => copyLog(context, session)),
    command('holdover.openWalkthrough', async () => {
      await vscode.commands.executeCommand(
        'workbench.action.openWalkthrough',
        `${context.extension.id}#holdover`,
      );
    }),
    command('holdover.explainVersion', async () => {
      const { version } = context.extension.packageJSON as { version: string };
      const text = versionPage(healthOf(session, version));
      if (text !== undefined) {
        await documents.showVersion(text);
      }
    }),
    command('holdover.refreshViews', () => {
      views.refresh();
    }),
    given('holdover.writeNote', (what) => notes.write(what, false)),
    given('holdover.writeSharedNote', (what) => notes.write(what, true)),
    given('holdover.openNote', (what) => notes.open(what ?? {})),
    given('holdover.takeUpDraft', (what) => notes.takeUp(what)),
    given('holdover.discardDraft', (what) => notes.discard(what)),
    command('holdover.editNote', (chosen) => notes.edit(chosen)),
    command('holdover.removeNote', (chosen) => notes.remove(chosen)),
    given('holdover.showTrail', (what) => notes.showTrail(isRow(what) || isFinding(what) ? what : undefined)),
    given('holdover.showFindingTrail', () => notes.showFindingTrail()),
    given('holdover.moveNote', (what) => notes.move(isRow(what) ? noteOfRow(what) : threads.noteOf(what))),
    given('holdover.saveNote', (what) => threads.save(what as vscode.CommentReply, undefined)),
    given('holdover.saveSharedNote', (what) => threads.save(what as vscode.CommentReply, true)),
    given('holdover.editComment', (what) => {
      threads.edit(what as NoteComment);
      return Promise.resolve();
    }),
    given('holdover.saveComment', (what) => threads.saveEdit(what as NoteComment)),
    given('holdover.cancelComment', (what) => {
      threads.cancelEdit(what as NoteComment);
      return Promise.resolve();
    }),
    given('holdover.removeComment', (what) => threads.remove(what as NoteComment)),
    given('holdover.takeUpComment', (what) => {
      const { workspace, of } = what as NoteComment;
      return notes.takeUp({ draft: of.id, workspace });
    }),
    command('holdover.copyName', async (chosen) => {
      await vscode.env.clipboard.writeText(chosen?.subject?.text ?? '');
    }),
    command('holdover.openManifest', async (chosen) => {
      const place = chosen?.subject?.manifest;
      if (place !== undefined) {
        await show(place);
      }
    }),
    vscode.commands.registerCommand('holdover.showMore', (tree: string, parent: string) => {
      views.more(tree, parent);
    }),
    vscode.commands.registerCommand('holdover.openJournalEntry', (id: string) =>
      documents.showJournalEntry(id),
    ),
  );
}

export async function show({
  file,
  line,
  utf16,
}: {
  file: string;
  line: number;
  utf16: number;
}): Promise<void> {
  const at = new vscode.Position(line, utf16);
  await vscode.window.showTextDocument(vscode.Uri.file(file), { selection: new vscode.Range(at, at) });
}

/** Menus of trees hand the row; the palette and keys hand nothing, and other menus a file. */
export function isRow(given: unknown): given is Row {
  return typeof given === 'object' && given !== null && 'spoken' in given && 'kind' in given;
}

/** A code action of a finding hands its fields. */
function isFinding(given: unknown): boolean {
  return typeof given === 'object' && given !== null && 'workspace' in given;
}

function noteOfRow({ subject }: Row): { workspace: string; note: string } | undefined {
  return subject?.text === undefined ? undefined : { workspace: subject.workspace, note: subject.text };
}

/** Wraps every server command, from the palette or from a code action, so that its end is told the same way. */
export function commandRunner(
  log: vscode.LogOutputChannel,
): (name: string, run: () => Promise<unknown>) => Promise<unknown> {
  return async (name, run) => {
    let result: unknown;
    try {
      result = await run();
    } catch (error) {
      if (isCancelled(error)) {
        return undefined;
      }
      void complain(error, log);
      return undefined;
    }
    if (name === serverCommand.fetch && isReport(result)) {
      tellFetch(result, log);
    }
    if (name === serverCommand.prove && isReport(result)) {
      tellProof(result, log);
    }
    return result;
  };
}

function tellProof({ readiness: { proof } }: PreflightReport, log: vscode.LogOutputChannel): void {
  const sentence = `Holdover: ${proof?.text ?? 'the proof run ended'}`;
  log.info(sentence);
  if (proof?.state === 'proven') {
    vscode.window.setStatusBarMessage(notice(sentence), MESSAGE_MS);
  } else {
    void vscode.window.showWarningMessage(notice(sentence));
  }
}

function tellFetch(report: PreflightReport, log: vscode.LogOutputChannel): void {
  const summary = fetchSummary(report);
  if (summary === undefined) {
    return;
  }
  if (summary.failed) {
    void complain(new Error(summary.sentence), log);
  } else {
    log.info(summary.sentence);
    vscode.window.setStatusBarMessage(`Holdover: ${summary.sentence}`, MESSAGE_MS);
  }
}

/** The user asked for something and it did not work: that is said, with the way to the log. */
export async function complain(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  if (isCancelled(error)) {
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  const sentence = `Holdover: ${message.replace(/\s*\n\s*/g, '; ')}`;
  const show = 'Show Log';
  // Having no network is no error: what was asked for has to wait, and that is all.
  const offline = isOffline(error);
  log[offline ? 'info' : 'error'](message);
  const chosen = offline
    ? await vscode.window.showInformationMessage(notice(sentence), show)
    : await vscode.window.showErrorMessage(notice(sentence), show);
  if (chosen === show) {
    log.show(true);
  }
}

function isCancelled(error: unknown): boolean {
  return (
    error instanceof vscode.CancellationError ||
    (error instanceof ResponseError &&
      (error.code === LSPErrorCodes.RequestCancelled || error.code === LSPErrorCodes.ServerCancelled))
  );
}

/** By the kind that the server gives its errors for programs. */
function isOffline(error: unknown): boolean {
  const kind: unknown =
    error instanceof ResponseError ? (error.data as { kind?: unknown } | undefined)?.kind : undefined;
  return kind === 'offline';
}

function isReport(result: unknown): result is PreflightReport {
  return typeof result === 'object' && result !== null && 'readiness' in result;
}

export function firstFolder(): string | undefined {
  return vscode.workspace.workspaceFolders?.find((folder) => folder.uri.scheme === 'file')?.uri.fsPath;
}
