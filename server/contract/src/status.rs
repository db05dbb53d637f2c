//! Status: one shape for the terminal, the editors and scripts.

use crate::Readiness;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Everything a status shows, for one workspace.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Absolute path of the workspace.
    #[serde(default)]
    pub workspace: PathBuf,
    /// The line that a status bar shows, `offline: 1,204 of 1,207` for example.
    #[serde(default)]
    pub text: String,
    /// Whether the workspace's own commands may run.
    #[serde(default)]
    pub trusted: bool,
    /// Whether there is a connection.
    pub connectivity: Connectivity,
    /// Whether it will build without one.
    pub readiness: Readiness,
    /// What works, function by function.
    pub functions: Vec<Function>,
    /// The caches that were looked at.
    pub caches: Vec<Cache>,
    /// The mirrors that are configured.
    pub mirrors: Vec<Mirror>,
    /// Synchronisation.
    pub sync: SyncStatus,
    /// Linters and builds.
    pub checks: Vec<CheckStatus>,
    /// Merge conflicts.
    pub conflicts: ConflictCount,
    /// Review threads.
    pub reviews: ReviewCount,
    /// The local model.
    pub model: ModelStatus,
    /// What is to be done for this workspace and is not finished: a fetch that is tried again at `nextAttempt`, for example.
    #[serde(default)]
    pub jobs: Vec<crate::Job>,
    /// The record of what was done and decided.
    #[serde(default)]
    pub journal: JournalStatus,
}

/// Whether there is a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ConnectivityState {
    /// There is a way out.
    Online,
    /// There is none.
    #[default]
    Offline,
    /// Something answers in place of those who were asked.
    Captive,
    /// There is a way out, and what was asked did not answer.
    Degraded,
    /// The user said so.
    ForcedOffline,
}

/// Whether there is a connection, since when, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Connectivity {
    /// The state.
    pub state: ConnectivityState,
    /// RFC 3339: when this state was first seen.
    pub since: String,
    /// How it is known.
    pub detail: String,
    /// The state in words.
    #[serde(default)]
    pub text: String,
}

/// How a function works without a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FunctionMode {
    /// Needs nothing from outside.
    Local,
    /// Works now, reaches others later.
    Delayed,
    /// Does not work without a connection.
    NeedsOnline,
    /// Does not work here now.
    Unavailable,
}

/// One function and how it works now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Function {
    /// `build`, `fetch`, ….
    pub name: String,
    /// How it works now.
    pub mode: FunctionMode,
    /// Why.
    pub reason: String,
    /// What to do about it; empty where nothing need be done.
    pub next: String,
    /// The mode in words.
    #[serde(default)]
    pub text: String,
}

/// One cache on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Cache {
    /// `cargo`, `npm`, ….
    pub ecosystem: String,
    /// Where it is.
    pub path: PathBuf,
    /// Bytes of what the workspace uses of it; `None` where it was not measured.
    pub bytes: Option<u64>,
    /// Limit in bytes, if there is one.
    pub quota: Option<u64>,
    /// RFC 3339: when the tool will begin to delete what the workspace uses.
    pub expires_at: Option<String>,
    /// Entries that are stale.
    pub stale: u64,
    /// Files that were compared before, and are other files now that were not compared since.
    pub replaced: u64,
    /// The figures in words: `1.2 GiB in use here` for example; empty where none is known.
    #[serde(default)]
    pub text: String,
}

/// How a mirror answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum MirrorState {
    /// Answers as it should.
    Reachable,
    /// Does not answer.
    Unreachable,
    /// Answers with old contents.
    Stale,
    /// Wants credentials.
    Unauthorised,
    /// Its certificate is wrong.
    Certificate,
    /// Something else answers for it.
    Captive,
    /// Answers slowly.
    Slow,
    /// Lacks what it should have.
    Incomplete,
    /// Was not asked.
    #[default]
    Unknown,
}

/// One configured mirror or registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Mirror {
    /// `cargo`, `npm`, ….
    pub ecosystem: String,
    /// Its address, without credentials.
    pub url: String,
    /// How it answers.
    pub state: MirrorState,
    /// RFC 3339: when it was asked.
    pub checked_at: Option<String>,
    /// Milliseconds it took to answer.
    pub latency_ms: Option<u64>,
    /// The state in words.
    #[serde(default)]
    pub text: String,
}

/// Where synchronisation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SyncState {
    /// No remote is configured.
    #[default]
    Disabled,
    /// Nothing to do.
    Idle,
    /// Under way.
    Syncing,
    /// Failed, will be tried again.
    Backoff,
    /// A person must look.
    Attention,
}

/// Synchronisation at a glance.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SyncStatus {
    /// Where it stands.
    pub state: SyncState,
    /// Events that wait.
    pub pending: u64,
    /// Events that failed.
    pub failed: u64,
    /// Records in conflict.
    pub conflicts: u64,
    /// RFC 3339.
    pub last_success: Option<String>,
    /// RFC 3339.
    pub next_attempt: Option<String>,
    /// One entry a remote.
    pub remotes: Vec<serde_json::Value>,
    /// The same in figures, and what in them a person should look at; `None`: nothing is shared, or it was not looked yet.
    #[serde(default)]
    pub health: Option<crate::SyncHealth>,
}

/// Where a check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// Under way.
    Running,
    /// Found nothing.
    Passed,
    /// Found something.
    Failed,
    /// Ran on other inputs.
    Stale,
    /// Its tool is not here, may not run, or could not say anything.
    #[default]
    Unavailable,
}

/// One linter or build.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CheckStatus {
    /// `clippy`, ….
    pub name: String,
    /// Where it stands.
    pub state: CheckState,
    /// How much it found.
    pub findings: u64,
    /// RFC 3339.
    pub ran_at: Option<String>,
    /// Why it stands so, and what to do next, where that is not plain: its tool is not here, or was stopped.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// What its tool says of its version; `None` for what is built in, and before it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether what it found was found by an earlier process, and is remembered.
    #[serde(default)]
    pub remembered: bool,
    /// The state in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Where it is a step that builds or tests: what became of its last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<Box<crate::BuildRun>>,
    /// Whether it is a step that builds or tests, which is run where somebody asks for it.
    #[serde(default)]
    pub is_step: bool,
}

/// Conflicts in the files that are known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConflictCount {
    /// Files with at least one.
    pub files: u64,
    /// Conflicts in all.
    pub hunks: u64,
    /// Of `files`, those that no editor has open: git holds them as unmerged.
    #[serde(default)]
    pub closed: u64,
    /// The count in words.
    #[serde(default)]
    pub text: String,
}

/// Reviews at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReviewCount {
    /// Threads that are not resolved.
    pub open_threads: u64,
    /// Written here and not yet published.
    pub unsent: u64,
}

/// Where the local model stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ModelState {
    /// No model is configured.
    #[default]
    None,
    /// Configured, not loaded.
    Available,
    /// Being loaded.
    Loading,
    /// Loaded.
    Ready,
    /// Answering.
    Busy,
    /// Did not load.
    Failed,
}

/// The local model at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ModelStatus {
    /// Where it stands.
    pub state: ModelState,
    /// Its name.
    pub name: Option<String>,
    /// `blake3:` of its file.
    pub hash: Option<String>,
    /// What to do next, or what went wrong.
    pub detail: String,
}

/// Where the journal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum JournalState {
    /// Open: what is done and decided is recorded.
    Ready,
    /// This workspace's settings say that nothing is recorded.
    Disabled,
    /// Cannot be used.
    Failed,
    /// Its key is not to be had just now; everything that needs no journal works.
    Locked,
    /// Not open yet.
    #[default]
    Opening,
}

/// The journal at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JournalStatus {
    /// Where it stands.
    pub state: JournalState,
    /// Events in it, of all workspaces; `None` where that is not known.
    pub events: Option<u64>,
    /// Events that may leave this machine and are in no sealed segment yet; `None` where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsealed: Option<u64>,
    /// In words; for `failed` and `locked`, why, and what to do.
    pub detail: String,
}
