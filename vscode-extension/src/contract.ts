// The shapes that the server sends, as far as this extension shows them; `docs/schema` has them whole.
// May not hold behaviour. Shapes gain fields and never lose them, so every reader ignores what it does not know.

export type ConnectivityState = 'online' | 'offline' | 'captive' | 'degraded' | 'forced-offline';

export interface Connectivity {
  state: ConnectivityState;
  /** RFC 3339, or empty. */
  since: string;
  detail: string;
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
  problem?: string;
}

export interface Proof {
  at: string;
  commit: string | null;
  inputs: string;
  command: string;
  passed: boolean;
}

export interface Readiness extends Counts {
  state: 'ready' | 'incomplete' | 'unknown' | 'proven' | 'stale-proof';
  target: string;
  ecosystems: EcosystemReadiness[];
  proof: Proof | null;
}

export interface FunctionStatus {
  name: string;
  mode: 'local' | 'delayed' | 'needs-online' | 'unavailable';
  reason: string;
  next: string;
}

export interface Cache {
  ecosystem: string;
  path: string;
  bytes: number | null;
  quota: number | null;
  expiresAt: string | null;
  stale: number;
  replaced: number;
}

export interface CheckStatus {
  name: string;
  state: 'running' | 'passed' | 'failed' | 'stale' | 'unavailable';
  findings: number;
  ranAt: string | null;
}

export interface SyncStatus {
  state: 'disabled' | 'idle' | 'syncing' | 'backoff' | 'attention';
  pending: number;
  failed: number;
  conflicts: number;
  lastSuccess: string | null;
  nextAttempt: string | null;
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
  sync: SyncStatus;
  checks: CheckStatus[];
  conflicts: { files: number; hunks: number };
  reviews: { openThreads: number; unsent: number };
  model: { state: string; name: string | null; detail: string };
}

export interface Position {
  line: number;
  utf16: number;
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
  otherTarget?: boolean;
  file: string;
  range: { start: Position; end: Position };
}

export interface Finding {
  code: string;
  severity: 'error' | 'warning' | 'information' | 'hint';
  message: string;
  file: string;
  range: { start: Position; end: Position };
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
