//! Settings: the same keys in `holdover.toml`, the user's file and an editor's `holdover.*`.
//!
//! Every field is optional so that layers can be laid over each other; `None` means "not said here".
//! What may run a command or name an endpoint is marked *trusted only*: `host` drops it from a workspace
//! that the user does not trust.

use crate::{Keep, Severity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// All settings. Keys are `kebab-case` in TOML and `camelCase` or `kebab-case` in an editor's JSON.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct Settings {
    /// What is looked at, and how.
    pub inventory: InventorySettings,
    /// How missing artifacts are brought here.
    pub fetch: FetchSettings,
    /// Registries and mirrors.
    pub mirrors: MirrorSettings,
    /// What is shared, and when.
    pub sync: SyncSettings,
    /// Merge conflicts.
    pub conflicts: ConflictSettings,
    /// Linters and builds.
    pub checks: ChecksSettings,
    /// Explanations, and what gives them.
    pub explain: ExplainSettings,
    /// Proof runs.
    pub prove: ProveSettings,
    /// What travels along.
    pub pack: PackSettings,
    /// Built-in lints.
    pub lints: LintSettings,
    /// What is asked of the age, the origin and the standing of what is here.
    pub freshness: FreshnessSettings,
    /// Notes.
    pub notes: NotesSettings,
    /// The workspace itself.
    pub workspace: WorkspaceSettings,
    /// The journal.
    pub journal: JournalSettings,
    /// Logging of the server.
    pub log: LogSettings,
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct InventorySettings {
    /// Look for lockfiles and judge them. Default: true.
    pub enable: Option<bool>,
    /// Folders, relative to the workspace, in which no lockfile is looked for, beside `target` and `node_modules`.
    pub exclude: Option<Vec<String>>,
    /// Compare checksums in the background after the first answer. Default: true.
    pub verify: Option<bool>,
    /// Seconds that a file system may take for one answer; then it is passed over until it answers. Default: 15.
    pub timeout_seconds: Option<u64>,
    /// Target triple to judge for. Default: the machine's.
    pub target: Option<String>,
    /// Show behind each dependency of a manifest which version is locked, and whether it is here. Default: true.
    pub hints: Option<bool>,
}

/// How missing artifacts are brought here.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct FetchSettings {
    /// Seconds after which a tool that fetches is stopped. Default: 1800.
    pub timeout_seconds: Option<u64>,
    /// *Trusted only.* Path of cargo. Default: looked up in PATH.
    pub cargo: Option<PathBuf>,
    /// *Trusted only.* Path of npm. Default: looked up in PATH.
    pub npm: Option<PathBuf>,
    /// *Trusted only.* Path of pnpm. Default: looked up in PATH.
    pub pnpm: Option<PathBuf>,
    /// *Trusted only.* Path of go. Default: looked up in PATH.
    pub go: Option<PathBuf>,
    /// *Trusted only.* Path of Maven. Default: looked up in PATH.
    pub maven: Option<PathBuf>,
    /// *Trusted only.* Path of uv. Default: looked up in PATH.
    pub uv: Option<PathBuf>,
    /// *Trusted only.* Path of Yarn. Default: looked up in PATH.
    pub yarn: Option<PathBuf>,
    /// *Trusted only.* Path of the Python whose pip fetches, where the project has no virtual environment with one. Default: `python3` in PATH.
    pub python: Option<PathBuf>,
    /// *Trusted only.* Path of Poetry. Default: looked up in PATH.
    pub poetry: Option<PathBuf>,
}

/// Registries and mirrors.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct MirrorSettings {
    /// Ask the registries of a trusted workspace by themselves how they answer: when a connection comes, and after a fetch
    /// that the network failed. Default: true.
    pub ask: Option<bool>,
}

/// What is shared, and when.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct SyncSettings {
    /// Synchronise a trusted workspace with its remotes by itself while an editor has it open. Default: true.
    pub automatic: Option<bool>,
    /// Seconds after which others' news are asked for where nothing waits here; at least 10. Default: 300.
    pub interval_seconds: Option<u64>,
    /// *Trusted only.* File into which an editor's server writes the figures of synchronisation, in the OpenMetrics text format. Without it none is written.
    pub metrics_file: Option<PathBuf>,
    /// When a person is asked to look.
    pub drift: SyncDriftSettings,
}

/// From where on figures of synchronisation become a finding.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct SyncDriftSettings {
    /// Hours that what was written for others may wait for a remote; after seven times as long without reaching it, what others
    /// wrote is asked after too. Default: 24.
    pub waiting_hours: Option<u64>,
    /// Days after which a device that shares the project is asked after. Default: 30.
    pub silent_days: Option<u64>,
    /// Records in conflict for each thousand writes. Default: 50.
    pub conflicts: Option<u64>,
}

/// Explanations, and what gives them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct ExplainSettings {
    /// *Trusted only.* Address of an API that speaks OpenAI's chat completions, up to its `/v1`: on this machine, in your network, or, where `explain.cloud` lets it, outside. Without it only a local model answers.
    pub endpoint: Option<String>,
    /// *Trusted only.* The model's name at that address.
    pub endpoint_model: Option<String>,
    /// *Trusted only.* Environment variable that holds the key of that address. Without it no key is sent.
    pub key_variable: Option<String>,
    /// *Trusted only.* Folders of the workspaces whose text may be sent to an address outside your network.
    pub cloud: Option<Vec<PathBuf>>,
    /// Tokens that an answer may have. Default: 512.
    pub max_tokens: Option<u32>,
    /// Seconds that an answer may take. Default: 120.
    pub timeout_seconds: Option<u64>,
}

/// Merge conflicts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct ConflictSettings {
    /// Show merge conflicts as diagnostics. Default: true.
    pub enable: Option<bool>,
}

/// Linters and builds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct ChecksSettings {
    /// Run the project's own linters in a trusted workspace. Default: true.
    pub enable: Option<bool>,
    /// Checks that are not run here, by name: those that another server reports already, for example.
    pub disable: Option<Vec<String>>,
    /// Seconds after which one of them is stopped. Default: 600.
    pub timeout_seconds: Option<u64>,
    /// *Trusted only.* The command that builds the workspace.
    pub build: Option<Vec<String>>,
    /// *Trusted only.* The command that tests it.
    pub test: Option<Vec<String>>,
    /// *Trusted only.* Commands of the project that are checks, by name; `[checks.NAME]` is short for it. Without a command, a check that is
    /// known by this name is run at the workspace's root, whatever shows that it is used.
    pub commands: Option<BTreeMap<String, CheckCommand>>,
    /// *Trusted only.* What builds and tests the workspace, in this order. Without it `checks.build` and `checks.test` are the steps.
    pub steps: Option<Vec<CheckStep>>,
    /// *Trusted only.* The `run:` steps of GitHub's workflows that need nothing else are steps, too. Default: false.
    pub workflows: Option<bool>,
}

/// A step that builds or tests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct CheckStep {
    /// What it is called.
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The folder that it runs in, relative to the workspace. Default: the workspace's root.
    pub folder: Option<PathBuf>,
    /// The files that it depends on: names, or paths with `*` and `**`. Default: all that git does not ignore.
    pub inputs: Vec<String>,
    /// Steps before it without which it is not run.
    pub needs: Vec<String>,
    /// Variables of its environment.
    pub environment: BTreeMap<String, String>,
    /// Seconds after which it is stopped. Default: `prove.timeout-seconds`.
    pub timeout_seconds: Option<u64>,
    /// What it writes. Default: what compilers and test runners write for people.
    pub format: Option<CheckFormat>,
    /// As of a command that is a check.
    pub pattern: Option<String>,
    /// It writes what it found where errors go. Without a format both streams are read.
    pub on_stderr: bool,
}

/// A command that is a check.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct CheckCommand {
    /// The program and its arguments; `{files}` stands for all files that it is about.
    pub command: Vec<String>,
    /// The files that it is about: names, or paths with `*` and `**`.
    pub files: Vec<String>,
    /// What it writes.
    pub format: Option<CheckFormat>,
    /// For the format `regex`: what a line looks like, with the groups `file`, `line`, `column`, `endLine`, `endColumn`, `severity`, `code`
    /// and `message`.
    pub pattern: Option<String>,
    /// What its columns count. Default: what the format says.
    pub columns: Option<ColumnUnit>,
    /// A tab leads to the next column that this divides.
    pub tab_width: Option<u64>,
    /// It writes what it found where errors go.
    pub on_stderr: bool,
    /// Its arguments where it looks at one file while somebody types, with the text on its standard input; `{path}` is the file's name.
    pub typed: Option<Vec<String>>,
    /// It has to write to the workspace.
    pub writes: bool,
    /// Exit codes with which what it writes counts. Default: 0 and 1.
    pub exit_codes: Vec<i32>,
    /// What its levels are: `error`, `warning`, `information` or `hint`.
    pub severities: BTreeMap<String, Severity>,
}

/// What a command writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CheckFormat {
    /// SARIF 2.1.0.
    Sarif,
    /// Cargo's messages, one JSON document a line.
    CargoJson,
    /// ESLint's list of files.
    EslintJson,
    /// Ruff's list.
    RuffJson,
    /// Reviewdog's diagnostics as one document.
    Rdjson,
    /// The same, one a line.
    Rdjsonl,
    /// `file:line:column: level: message`, as GCC does.
    Gcc,
    /// Lines that `pattern` takes apart.
    Regex,
}

/// What a column counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ColumnUnit {
    /// Characters: Unicode scalar values.
    Chars,
    /// UTF-16 code units.
    Utf16,
    /// Bytes of UTF-8.
    Bytes,
}

/// Proof runs: builds and tests with the network kept from them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct ProveSettings {
    /// *Trusted only.* What is run, in order: each a program and its arguments. Default: `checks.build` and `checks.test`, else by lockfile.
    pub commands: Option<Vec<Vec<String>>>,
    /// Seconds after which one of them is stopped. Default: 3600.
    pub timeout_seconds: Option<u64>,
}

/// What travels along, beyond what the workspace needs as it is checked out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct PackSettings {
    /// *Trusted only.* Branches, here or of a remote, whose lockfiles are to be met too: names, or patterns such as `origin/release-*`.
    pub branches: Option<Vec<String>>,
    /// *Trusted only.* What is fetched for review: a remote and a refspec each.
    pub refs: Option<Vec<String>>,
    /// *Trusted only.* What is run with a connection: each a program and its arguments.
    pub commands: Option<Vec<Vec<String>>>,
    /// Files that have to be here: model files, documents.
    pub files: Option<Vec<PathBuf>>,
}

/// Built-in lints: what reaches for a network while the project is built and tested.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct LintSettings {
    /// Say what reaches for a network while the project is built and tested. Default: true.
    pub enable: Option<bool>,
    /// What is allowed, where, and why.
    pub allow: Option<Vec<LintAllowance>>,
}

/// What a team asks of what is here, so that it chooses between freshness and continuity before it finds out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct FreshnessSettings {
    /// What has to hold, each of them.
    pub rules: Option<Vec<FreshnessRule>>,
}

/// What has to hold for one ecosystem, or for all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct FreshnessRule {
    /// `cargo`, `npm`, …; all of them where it is not said.
    pub ecosystem: Option<String>,
    /// How long ago something may have come into its cache.
    pub max_age: Option<Keep>,
    /// Addresses that packages may come from; what lies below one is allowed too.
    pub registries: Option<Vec<String>>,
    /// What was withdrawn, or is advised against, is told.
    pub deprecated: Option<bool>,
    /// MiB of each cache that the workspace may use.
    pub quota_mib: Option<u64>,
    /// What nobody vouches for with a signature that can be verified here is told.
    pub signatures: Option<bool>,
    /// Public keys that signatures have to be made with: `NAME+HASH+KEY` of a Go checksum database, or the base64 of an npm
    /// registry's key.
    pub keys: Option<Vec<String>>,
}

/// What a team has decided to allow.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct LintAllowance {
    /// The code of a lint.
    pub code: String,
    /// Files, relative to the workspace, `scripts/*.sh` or `deploy/**` for example; all of them where it is not said.
    pub path: Option<String>,
    /// Why. An allowance without a reason is a finding itself.
    pub reason: Option<String>,
}

/// The journal.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct JournalSettings {
    /// Write events. Default: true.
    pub enable: Option<bool>,
    /// How long the contents of events are kept.
    pub retention: RetentionSettings,
}

/// How long the contents of events are kept. A workspace's own rules reach what belongs to that workspace, and nothing else.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct RetentionSettings {
    /// *Trusted only.* What looks, checks and proofs found. Default: `forever`.
    pub observations: Option<Keep>,
    /// *Trusted only.* How jobs went, and explanations; they never leave this machine. Default: `forever`.
    pub local: Option<Keep>,
    /// *Trusted only.* Notes that were removed, counted from their last change. One that stands is kept. Default: `forever`.
    pub notes: Option<Keep>,
}

/// The workspace itself.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct WorkspaceSettings {
    /// What the project is called, the same for everybody who works on it. Default: told from the repository.
    pub project: Option<String>,
}

/// Notes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct NotesSettings {
    /// Show a line above the place of each note, where the editor shows code lenses. Default: true.
    pub lenses: Option<bool>,
}

/// Logging of the server.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct LogSettings {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `holdover_lsp=debug`. Default: `info`.
    pub level: Option<String>,
}

/// A key that no setting has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Unknown {
    /// Dotted path of the key.
    pub key: String,
    /// The known key that is nearest, if one is near.
    pub nearest: Option<String>,
}
