// The shapes that the server sends, as far as this extension shows them; `docs/schema` has them whole.
// May not hold behaviour. Shapes gain fields and never lose them, so every reader ignores what it does not know.

export type ConnectivityState = 'online' | 'offline' | 'captive' | 'degraded' | 'forced-offline';

export interface Connectivity {
  state: ConnectivityState;
  /** RFC 3339, or empty. */
  since: string;
  detail: string;
  /** The state in words; an older server does not say it, here and below. */
  text?: string;
}

/** `total = present + missing + corrupt + stale + unknown`, for one target. */
export interface Counts {
  total: number;
  present: number;
  missing: number;
  corrupt: number;
  stale: number;
  unknown: number;
  verified: number;
  otherTargets: number;
}

export interface EcosystemReadiness extends Counts {
  name: string;
  lockfile: string;
  problem?: string | null;
  /** Bytes of what is here, as far as sizes are known. */
  bytes?: number | null;
  text?: string;
}

export interface Proof {
  at: string;
  commit: string | null;
  inputs: string;
  command: string;
  passed: boolean;
  state?: 'proven' | 'reached' | 'failed' | 'stopped' | 'unknown';
  /** What was run, in order. */
  steps?: { command: string[]; passed: boolean | null; ended: string }[];
  /** Who reached for the network. */
  reaches?: { text: string; file: string; range: Range }[];
  remarks?: string[];
  /** The answer in words. */
  text?: string;
}

export interface Readiness extends Counts {
  state: 'ready' | 'incomplete' | 'unknown' | 'proven' | 'stale-proof';
  target: string;
  ecosystems: EcosystemReadiness[];
  proof: Proof | null;
  /** The last signed snapshot that was made here. */
  snapshot?: { text: string; problems: string[] } | null;
  /** RFC 3339: when the last look ended. */
  checkedAt?: string | null;
  text?: string;
}

export interface FunctionStatus {
  name: string;
  mode: 'local' | 'delayed' | 'needs-online' | 'unavailable';
  reason: string;
  next: string;
  text?: string;
}

export interface Cache {
  ecosystem: string;
  path: string;
  bytes: number | null;
  quota: number | null;
  expiresAt: string | null;
  stale: number;
  replaced: number;
  text?: string;
}

export interface Mirror {
  ecosystem: string;
  url: string;
  state: string;
  latencyMs?: number | null;
  checkedAt?: string | null;
  text?: string;
}

export interface JournalStatus {
  state: 'ready' | 'disabled' | 'failed' | 'locked' | 'opening';
  /** Events in it, of all workspaces; `null` where that is not known. */
  events?: number | null;
  detail: string;
}

export interface CheckStatus {
  name: string;
  state: 'running' | 'passed' | 'failed' | 'stale' | 'unavailable';
  findings: number;
  ranAt: string | null;
  /** Why it stands so, and what to do next. */
  detail?: string;
  version?: string;
  /** Found by an earlier process. */
  remembered?: boolean;
  /** The state in words. */
  text?: string;
  /** It builds or tests, where somebody asks for it. */
  isStep?: boolean;
}

/** The log of a step has grown, or has come to its end. */
export interface BuildChange {
  workspace: string;
  name: string;
}

export interface SyncStatus {
  state: 'disabled' | 'idle' | 'syncing' | 'backoff' | 'attention';
  pending: number;
  failed: number;
  conflicts: number;
  lastSuccess: string | null;
  nextAttempt: string | null;
}

/** What `holdover.sync` gives, as far as it is shown here. */
export interface SyncReport {
  rejected: number;
  remotes: { done: boolean }[];
  /** All of it in words, a line each. */
  text: string[];
}

export interface Status {
  workspace: string;
  /** The line that a status bar shows. */
  text: string;
  trusted: boolean;
  connectivity: Connectivity;
  readiness: Readiness;
  functions: FunctionStatus[];
  caches: Cache[];
  mirrors?: Mirror[];
  sync: SyncStatus;
  checks: CheckStatus[];
  conflicts: { files: number; hunks: number; text?: string };
  reviews: { openThreads: number; unsent: number };
  model: { state: string; name: string | null; detail: string };
  /** An older server does not tell it. */
  journal?: JournalStatus;
}

export interface Position {
  line: number;
  utf16: number;
}

export interface Range {
  start: Position;
  end: Position;
}

/** A line of a manifest that brings an artifact in, directly or through others. */
export interface ManifestLine {
  file: string;
  range: Range;
  dependency: string;
  direct: boolean;
}

export interface Artifact {
  id: string;
  ecosystem: string;
  name: string;
  version: string;
  state: 'present' | 'missing' | 'corrupt' | 'stale' | 'unknown';
  evidence: string;
  lookedIn?: string[];
  neededBy: string[];
  manifests?: ManifestLine[];
  otherTarget?: boolean;
  verified?: boolean;
  bytes?: number | null;
  file: string;
  range: Range;
}

export interface Finding {
  code: string;
  severity: 'error' | 'warning' | 'information' | 'hint';
  message: string;
  file: string;
  range: Range;
}

export interface ConflictSide {
  label: string;
  range: Range;
  origin?: { name: string; commit?: string | null; author?: string | null; at?: string | null };
}

export interface ConflictRegion {
  range: Range;
  style: string;
  message: string;
  fingerprint: string;
  sides: ConflictSide[];
}

export type LineOrigin = 'both' | 'current' | 'incoming' | 'made';

/** One way to resolve a conflict, and what it would leave. */
export interface ConflictChoice {
  action: string;
  title: string;
  /** A word or two for a tab. */
  short: string;
  text: string;
  /** The side that it is best looked at beside. */
  against: string;
  lines: LineOrigin[];
  dropped: { side: LineOrigin; text: string }[];
  /** Markdown. */
  explanation: string;
  /** What `codeAction/resolve` takes; of a record, what `holdover.resolveConflict` does. */
  data: { fingerprint: string; id: number; until: number; resolve?: string; workspace?: string };
}

/** What each choice would leave of one conflict: the request `holdover/conflict`. */
export interface ConflictPreview {
  uri: string;
  version: number;
  region: ConflictRegion;
  sides: string[];
  base: string | null;
  choices: ConflictChoice[];
  /** The record that it is about, where it is about none of a file. */
  record?: RecordConflict | null;
}

/** A record that several wrote without knowing of each other: a note. */
export interface RecordConflict {
  kind: string;
  /** Its id. */
  entity: string;
  field: string;
  title: string;
  place: string;
  message: string;
  fingerprint: string;
  sides: { label: string; value: unknown; redacted?: boolean }[];
  choices: { choice: string; title: string }[];
}

/** One conflict, as it is drawn; lines are zero-based. */
export interface ConflictShown {
  open: number;
  close: number;
  style: string;
  length: number;
  message: string;
  parts: { part: 'current' | 'incoming' | 'side' | 'base'; marker: number; start: number; end: number }[];
}

/** Where the conflicts of an open document stand: `holdover/didChangeConflicts`. */
export interface ConflictsShown {
  uri: string;
  version: number;
  conflicts: ConflictShown[];
  resolved?: { action: string; start: number; end: number }[];
}

export interface ConflictFile {
  path: string;
  regions: ConflictRegion[];
  malformed?: { range: Range; message: string }[];
}

/** What `holdover.conflicts` gives. */
export interface ConflictReport {
  files: ConflictFile[];
  /** An older server does not list them. */
  records?: RecordConflict[];
  /** An older server does not say in which repositories they lie. */
  repositories?: ConflictRepository[];
  /** How many conflicts in how many files, and of which repositories. */
  text?: string;
}

/** A repository in which files with conflicts lie. */
export interface ConflictRepository {
  path: string;
  name: string;
  /** It lies within a workspace and is not its own. */
  within: boolean;
  files: number;
  conflicts: number;
}

/** A resolution that stands, and can be undone: what `holdover.resolutions` gives, the newest first. */
export interface ResolvedConflict {
  event: string;
  /** The file, relative to the workspace; none of a record. */
  path?: string | null;
  record?: string | null;
  /** All of it in words. */
  text: string;
}

/** One event, as `holdover journal log --json` prints it. */
export interface JournalEntry {
  id: string;
  at: string;
  actor: { kind: string; name: string };
  kind: string;
  state: string;
  workspace?: string | null;
  payload: unknown;
}

/** What `holdover.journal` gives: the newest events, oldest of them first. */
export interface JournalReport {
  events: JournalEntry[];
}

export interface PreflightReport {
  workspace: string;
  readiness: Readiness;
  artifacts: Artifact[];
  findings?: Finding[];
  /** What was done before this report was made, after a fetch. */
  fetch?: FetchOutcome;
}

export interface FetchStep {
  ecosystem: string;
  lockfile: string;
  command: string[];
  artifacts: string[];
  ok: boolean | null;
  error?: string;
}

export interface FetchOutcome {
  state: 'queued' | 'running' | 'backoff' | 'done' | 'failed' | 'cancelled';
  steps: FetchStep[];
  fetched: string[];
}

/** `experimental/serverStatus`, the notification that several servers share. */
export interface ServerStatus {
  health: 'ok' | 'warning' | 'error';
  quiescent: boolean;
  message?: string | null;
}

export interface NotePlace {
  grade: 'exact' | 'shifted' | 'moved' | 'changed' | 'file' | 'gone' | 'review';
  text: string;
  remark: string;
  path?: string | null;
  range?: Range | null;
}

export interface NoteVersion {
  ops: string[];
  body?: string | null;
  at: string;
}

export interface Note {
  id: string;
  /** Markdown, letter for letter. */
  body: string;
  /** The same, every version of it, fit to be drawn; an older server does not say it. */
  shown?: string;
  title: string;
  /** Who, when, for whom, how far it has come, in words. */
  about: string;
  shared: boolean;
  place: NotePlace;
  author?: { name: string };
  created?: string;
  edited?: string | null;
  removed?: boolean;
  state: string;
  /** How far it has come, in words. */
  stateText?: string;
  versions: NoteVersion[];
}

export interface NoteDraft {
  id: string;
  body: string;
  title: string;
  about: string;
  note?: string | null;
  pred?: string[];
  shared: boolean;
  anchor: unknown;
  place: NotePlace;
  open: boolean;
}

/** What `holdover.note.list` gives. */
export interface NoteReport {
  notes: Note[];
  drafts: NoteDraft[];
}

export interface ReviewComment {
  id: string;
  body: string;
  /** Fit to be drawn. */
  shown: string;
  about: string;
  author: { name: string };
  /** Only its writer takes it back. */
  mine?: boolean;
  created: string;
  removed?: boolean;
  stateText: string;
  suggestion?: { text: string; applies: boolean } | null;
}

export interface ReviewThread {
  id: string;
  review: string;
  title: string;
  about: string;
  anchor: { side: 'old' | 'new' };
  place: NotePlace;
  resolved: boolean;
  disputed?: string;
  comments: ReviewComment[];
}

export interface ReviewFile {
  path: string;
  oldPath?: string | null;
  change: string;
  added: number;
  removed: number;
  binary?: boolean;
  openThreads: number;
  threads: number;
}

export interface Review {
  id: string;
  title: string;
  range: string;
  head: string;
  about: string;
  fileCount: number;
  files?: ReviewFile[];
  openThreads: number;
  threadCount: number;
  threads?: ReviewThread[];
  decision: { state: 'none' | 'decided' | 'conflict'; text: string };
}

/** What `holdover.review.list` gives. */
export interface ReviewReport {
  reviews: Review[];
  candidates: {
    range: string;
    name: string;
    title: string;
    files: number;
    added: number;
    removed: number;
  }[];
  drafts?: NoteDraft[];
}

export interface TrailEntry {
  id: string;
  /** An older server does not tell it. */
  kind?: string;
  time: string;
  by: string;
  what: string;
  state: string;
  stateText: string;
  /** Names of the devices that are known to have it. */
  seenBy?: string[];
}

/** What `holdover.trail` gives: newest first. */
export interface TrailReport {
  file: string;
  artifacts?: string[];
  entries: TrailEntry[];
}

/** How an explanation has come further. */
export interface ExplanationChange {
  id: string;
  uri: string;
  state: string;
  text: string;
}
