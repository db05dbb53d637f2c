// One language client for one server process: what it is told at the start and how its messages are shown.
// May not decide when a server starts or stops; `session.ts` does.
import * as readline from 'node:readline';
import * as vscode from 'vscode';
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  RevealOutputChannelOn,
  type LanguageClientOptions,
} from 'vscode-languageclient/node';
import type { UserProgress } from './userProgress.ts';
import { serverLine } from './present/serverLog.ts';
import { Capabilities } from './protocol.ts';
import type { ReportedElsewhere } from './reportedElsewhere.ts';
import { resolveFresh } from './resolving.ts';
import { explicitSettings, sectionOf, type SettingsTree } from './settings.ts';

/** Commands after which the user waits for the end and wants to see the way there. */
type RunCommand = (command: string, args: unknown[], run: () => Promise<unknown>) => Promise<unknown>;

export interface ClientParts {
  log: vscode.LogOutputChannel;
  settingKeys: readonly string[];
  progress: UserProgress;
  runCommand: RunCommand;
  elsewhere: ReportedElsewhere;
  /** The connection closed without anybody asking for it. */
  onGone: () => void;
}

export function createClient(file: string, parts: ClientParts): LanguageClient {
  const { log } = parts;
  const options: LanguageClientOptions = {
    // Lockfiles and manifests have many languages, and a conflict can stand in any file, saved or not.
    documentSelector: [{ scheme: 'file' }, { scheme: 'untitled' }],
    diagnosticCollectionName: 'holdover',
    outputChannel: log,
    traceOutputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationOptions: () => ({
      trusted: vscode.workspace.isTrusted,
      clientName: vscode.env.appName,
      clientVersion: vscode.version,
      settings: settingsFor(parts.settingKeys, undefined),
    }),
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        parts.onGone();
        return {
          action: CloseAction.DoNotRestart,
          handled: true,
          message: 'the connection to the server was closed',
        };
      },
    },
    stdioOptions: {
      stdout: () => undefined,
      stderr: (input) => {
        readline.createInterface({ input, crlfDelay: Infinity, terminal: false }).on('line', (raw) => {
          const line = serverLine(raw);
          log[line.level](`server: ${line.text}`);
        });
      },
    },
    middleware: {
      workspace: {
        configuration: (params) =>
          params.items.map((item) =>
            sectionOf(
              settingsFor(
                parts.settingKeys,
                item.scopeUri === undefined ? undefined : vscode.Uri.parse(item.scopeUri),
              ),
              item.section,
            ),
          ),
        // The session sends what was set; the client would send every default as if it were a choice.
        didChangeConfiguration: () => Promise.resolve(),
      },
      handleWorkDoneProgress: (token, step, next) => {
        parts.progress.handle(client, token, step, () => {
          next(token, step);
        });
      },
      handleDiagnostics: (uri, diagnostics, next) => {
        parts.elsewhere.handle(uri, diagnostics, next);
      },
      // An edit that comes late would be applied to lines that have moved.
      resolveCodeAction: (action, token, next) => resolveFresh(action, () => next(action, token)),
      executeCommand: (command, args, next) =>
        parts.runCommand(command, args, async () => (await next(command, args)) as unknown),
    },
  };
  const client = new QuietClient('holdover', 'Holdover', { command: file, args: ['lsp'] }, options);
  client.registerFeature(new Capabilities());
  return client;
}

/** The library pops up for every failure of its own; here the status bar says how the server is, and the log why. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** The settings that somebody set, as the editor's trust rules let them through. */
export function settingsFor(keys: readonly string[], scope: vscode.Uri | undefined): SettingsTree {
  const configuration = vscode.workspace.getConfiguration(undefined, scope ?? null);
  return explicitSettings(keys, {
    get: (key) => configuration.get(key),
    inspect: (key) => configuration.inspect(key),
  });
}
