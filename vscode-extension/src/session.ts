// The life of the server in this window: found, started, watched, started again with back-off, told about trust.
// May not show anything; it says what changed and others show it.
import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { State, type LanguageClient } from 'vscode-languageclient/node';
import { MOST_RESTARTS, RestartBudget } from './backoff.ts';
import { findServer, type BinarySource, type Lookup } from './binary.ts';
import { createClient, settingsFor } from './client.ts';
import type { BuildChange, ConflictsShown, ExplanationChange, ServerStatus, Status } from './contract.ts';
import { ReportedElsewhere } from './reportedElsewhere.ts';
import { UserProgress } from './userProgress.ts';
import { needsAttention } from './present/figures.ts';
import type { Standing } from './present/statusItem.ts';
import {
  didChangeConflicts,
  didChangeDelivery,
  didChangeBuild,
  didChangeExplanation,
  didChangeNotes,
  didChangeReviews,
  didChangeStatus,
  didChangeTrust,
  serverCommand,
  serverStatus,
} from './protocol.ts';
import { serverKeys } from './settings.ts';

export type RunCommand = (command: string, run: () => Promise<unknown>) => Promise<unknown>;

export class Session implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  /** Standing, health or a workspace's status changed. */
  readonly onDidChange = this.changed.event;
  private readonly reviewsChanged = new vscode.EventEmitter<void>();
  /** Reviews may be others now. */
  readonly onDidChangeReviews = this.reviewsChanged.event;
  private readonly notesChanged = new vscode.EventEmitter<void>();
  private readonly buildChanged = new vscode.EventEmitter<BuildChange>();
  /** The log of a step has grown. */
  readonly onDidChangeBuild = this.buildChanged.event;
  private readonly explanationChanged = new vscode.EventEmitter<ExplanationChange>();
  /** Notes or drafts may be others now, or have come further on their way. */
  readonly onDidChangeNotes = this.notesChanged.event;
  readonly onDidChangeExplanation = this.explanationChanged.event;

  private readonly conflictsShown = new vscode.EventEmitter<ConflictsShown>();
  /** Where the conflicts of a document stand now. */
  readonly onDidShowConflicts = this.conflictsShown.event;

  standing: Standing = { kind: 'starting' };
  health: ServerStatus | undefined;
  /** As the server names itself at the start. */
  serverVersion: string | undefined;
  private readonly statuses = new Map<string, Status>();
  private readonly contexts = new Map<string, string | boolean>();

  private client: LanguageClient | undefined;
  /** The program that was found, and how. */
  binary: string | undefined;
  source: BinarySource | undefined;
  private readonly budget = new RestartBudget();
  private readonly progress = new UserProgress();
  private readonly elsewhere = new ReportedElsewhere();
  private restartTimer: NodeJS.Timeout | undefined;
  private queue: Promise<void> = Promise.resolve();
  private readonly settingKeys: string[];
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly extension: vscode.Extension<unknown>,
    private readonly log: vscode.LogOutputChannel,
    private readonly runServerCommand: RunCommand,
  ) {
    this.settingKeys = serverKeys(extension.packageJSON);
    this.subscriptions = [
      this.changed,
      this.notesChanged,
      this.explanationChanged,
      this.buildChanged,
      this.reviewsChanged,
      this.conflictsShown,
      this.progress,
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        void this.trustGranted();
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('holdover.server')) {
          void this.restart();
        } else if (event.affectsConfiguration('holdover')) {
          void this.tellSettings();
        }
      }),
    ];
  }

  /** Status of the folder that `uri` is in, else of the first folder that has one. */
  statusFor(uri: vscode.Uri | undefined): Status | undefined {
    const folder = uri === undefined ? undefined : vscode.workspace.getWorkspaceFolder(uri);
    const own = folder === undefined ? undefined : this.statuses.get(folder.uri.fsPath);
    if (own !== undefined) {
      return own;
    }
    for (const known of vscode.workspace.workspaceFolders ?? []) {
      const status = this.statuses.get(known.uri.fsPath);
      if (status !== undefined) {
        return status;
      }
    }
    return this.statuses.values().next().value;
  }

  get allStatuses(): Status[] {
    return [...this.statuses.values()];
  }

  /** Of the window's folders, in their order; then of what the server opened beyond them. */
  get orderedStatuses(): Status[] {
    const folders = (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath);
    const place = (status: Status) => {
      const index = folders.indexOf(status.workspace);
      return index < 0 ? folders.length : index;
    };
    return this.allStatuses.sort((left, right) => place(left) - place(right));
  }

  /** Commands that the running server offers. */
  get commands(): readonly string[] {
    return this.client?.initializeResult?.capabilities.executeCommandProvider?.commands ?? [];
  }

  offers(command: string): boolean {
    return this.standing.kind === 'running' && this.commands.includes(command);
  }

  start(): Promise<void> {
    return this.enqueue(() => this.launch());
  }

  /** Starts anew, whatever happened before. */
  restart(): Promise<void> {
    this.budget.forget();
    return this.enqueue(async () => {
      await this.close();
      await this.launch();
    });
  }

  /** The running client, or an error that says why there is none. */
  running(): LanguageClient {
    if (this.client?.state !== State.Running) {
      throw new Error(`the Holdover server is not running: ${describe(this.standing)}`);
    }
    return this.client;
  }

  /** Runs one of the server's commands with its one object argument, as the server's own code actions do. */
  async command<T>(name: string, argument: object): Promise<T> {
    const client = this.running();
    return (await this.run(name, () =>
      client.sendRequest('workspace/executeCommand', { command: name, arguments: [argument] }),
    )) as T;
  }

  /** The same for what nobody asked for in so many words: nothing is told where it fails. */
  async quietly<T>(name: string, argument: object): Promise<T> {
    return this.running().sendRequest<T>('workspace/executeCommand', {
      command: name,
      arguments: [argument],
    });
  }

  dispose(): void {
    clearTimeout(this.restartTimer);
    this.elsewhere.dispose();
    for (const subscription of this.subscriptions) {
      subscription.dispose();
    }
  }

  /** For the editor's own shutdown, which waits for it. */
  stop(): Promise<void> {
    return this.enqueue(() => this.close());
  }

  // Starts and stops follow one another: a client that is starting can not be stopped.
  private enqueue(step: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(step, step).catch((error: unknown) => {
      this.log.error(error instanceof Error ? error.message : String(error));
    });
    return this.queue;
  }

  private lookup(): Lookup {
    return findServer({
      env: process.env,
      setting: vscode.workspace.getConfiguration('holdover').get<string | null>('server.path'),
      extensionFolder: this.extension.extensionPath,
      trusted: vscode.workspace.isTrusted,
      platform: process.platform,
      home: homedir(),
      isExecutable,
    });
  }

  private async launch(): Promise<void> {
    clearTimeout(this.restartTimer);
    const found = this.lookup();
    for (const decision of found.decisions) {
      this.log.info(`server: ${decision}`);
    }
    this.binary = found.file;
    this.source = found.source;
    if (found.file === undefined) {
      this.become({ kind: 'absent', decisions: found.decisions });
      return;
    }
    this.become({ kind: 'starting' });
    const client: LanguageClient = createClient(found.file, {
      log: this.log,
      settingKeys: this.settingKeys,
      progress: this.progress,
      elsewhere: this.elsewhere,
      runCommand: (command, _args, run) => this.run(command, run),
      onGone: () => {
        this.gone(client, 'the server ended');
      },
    });
    this.client = client;
    client.onNotification(didChangeStatus, (status) => {
      if (this.client === client) {
        this.statuses.set(status.workspace, status);
        this.announce();
      }
    });
    client.onNotification(didChangeNotes, () => {
      if (this.client === client) {
        this.notesChanged.fire();
      }
    });
    client.onNotification(didChangeReviews, () => {
      if (this.client === client) {
        this.reviewsChanged.fire();
      }
    });
    client.onNotification(didChangeConflicts, (told) => {
      if (this.client === client) {
        this.conflictsShown.fire(told);
      }
    });
    client.onNotification(didChangeExplanation, (change) => {
      if (this.client === client) {
        this.explanationChanged.fire(change);
      }
    });
    client.onNotification(didChangeBuild, (change) => {
      if (this.client === client) {
        this.buildChanged.fire(change);
      }
    });
    client.onNotification(didChangeDelivery, () => {
      if (this.client === client) {
        this.notesChanged.fire();
      }
    });
    client.onNotification(serverStatus, (health) => {
      if (this.client === client) {
        this.health = health;
        this.announce();
      }
    });
    try {
      await client.start();
    } catch (error) {
      this.gone(client, error instanceof Error ? error.message : String(error));
      return;
    }
    // It may have died between its answer and here.
    if (this.client === client) {
      this.serverVersion = client.initializeResult?.serverInfo?.version;
      this.log.info(`server: running, version ${this.serverVersion ?? 'not said'}`);
      this.become({ kind: 'running' });
    }
  }

  private async close(): Promise<void> {
    clearTimeout(this.restartTimer);
    const client = this.client;
    this.client = undefined;
    this.forget();
    if (client?.state === State.Running) {
      await client.stop();
    }
  }

  /** A server that nobody asked to end has ended: start it again after a pause, or leave it and say so. */
  private gone(client: LanguageClient, why: string): void {
    if (this.client !== client) {
      return;
    }
    this.client = undefined;
    this.forget();
    const delayMs = this.budget.next(Date.now());
    if (delayMs === undefined) {
      this.log.error(`server: ${why}; it ended too often and is not started again`);
      this.become({
        kind: 'stopped',
        reason: `The server ended too often and is not started again: ${why}.`,
      });
      return;
    }
    this.log.warn(`server: ${why}; starting it again in ${delayMs} ms`);
    this.become({
      kind: 'waiting',
      seconds: delayMs / 1000,
      death: this.budget.counted,
      most: MOST_RESTARTS,
    });
    this.restartTimer = setTimeout(() => {
      void this.start();
    }, delayMs);
  }

  private async trustGranted(): Promise<void> {
    const same = this.lookup().file === this.binary;
    const client = this.client;
    const experimental = client?.initializeResult?.capabilities.experimental as
      { didChangeTrust?: boolean } | undefined;
    if (same && client?.state === State.Running && experimental?.didChangeTrust === true) {
      this.log.info('the workspace is trusted now; the server is told');
      await client.sendNotification(didChangeTrust, { trusted: true });
      await this.tellSettings();
    } else {
      this.log.info('the workspace is trusted now; the server starts anew');
      await this.restart();
    }
  }

  private async tellSettings(): Promise<void> {
    if (this.client?.state === State.Running) {
      await this.client.sendNotification('workspace/didChangeConfiguration', {
        settings: { holdover: settingsFor(this.settingKeys, undefined) },
      });
    }
  }

  private run(command: string, work: () => Promise<unknown>): Promise<unknown> {
    return this.progress.during(() => this.runServerCommand(command, work));
  }

  private forget(): void {
    this.progress.clear();
    this.statuses.clear();
    this.health = undefined;
    this.serverVersion = undefined;
  }

  private become(standing: Standing): void {
    this.standing = standing;
    this.announce();
  }

  private announce(): void {
    const statuses = this.allStatuses;
    this.context('holdover.state', this.standing.kind);
    this.context('holdover.running', this.standing.kind === 'running');
    this.context(
      'holdover.forcedOffline',
      statuses.some((status) => status.connectivity.state === 'forced-offline'),
    );
    this.context(
      'holdover.lacking',
      statuses.some((status) => needsAttention(status.readiness)),
    );
    this.context('holdover.journalOffered', this.offers(serverCommand.journal));
    this.context('holdover.journalState', statuses[0]?.journal?.state ?? 'unknown');
    this.changed.fire();
  }

  /** Told to the editor only when it changed: each telling is a message to its window. */
  private context(key: string, value: string | boolean): void {
    if (this.contexts.get(key) !== value) {
      this.contexts.set(key, value);
      void vscode.commands.executeCommand('setContext', key, value);
    }
  }
}

export function describe(standing: Standing): string {
  switch (standing.kind) {
    case 'starting':
      return 'it is starting';
    case 'running':
      return 'it is running';
    case 'absent':
      return standing.decisions.at(-1) ?? 'it was not found';
    case 'waiting':
      return `it ended and starts again in ${standing.seconds} s`;
    case 'stopped':
      return standing.reason;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
