//! Jobs: things to do, with a state, attempts and progress.
//! The transitions that are allowed are here; who carries jobs out is the engine's business.

use serde::{Deserialize, Serialize};

/// What kind of work a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum JobKind {
    /// Bring artifacts here.
    Fetch,
    /// Run a linter or a build.
    Check,
    /// Move segments or blobs.
    Transfer,
    /// Ask a model.
    Explanation,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Waiting for its turn, a connection or a lease.
    Queued,
    /// Somebody holds its lease and works on it.
    Running,
    /// Failed, will be tried again at a time that is known.
    Backoff,
    /// Finished.
    Done,
    /// Will not be tried again by itself.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl JobState {
    /// Whether a job may go from `self` to `next`. Final states go nowhere; a retry is a new job.
    #[must_use]
    pub fn may_become(self, next: JobState) -> bool {
        use JobState::{Backoff, Cancelled, Done, Failed, Queued, Running};
        matches!(
            (self, next),
            (Queued, Running | Cancelled | Failed)
                | (Running, Done | Failed | Backoff | Cancelled | Queued)
                | (Backoff, Running | Queued | Cancelled | Failed)
        )
    }

    /// Whether nothing follows.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, JobState::Done | JobState::Failed | JobState::Cancelled)
    }
}

/// One job as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// ULID.
    pub id: String,
    /// What kind of work.
    pub kind: JobKind,
    /// Where it stands.
    pub state: JobState,
    /// What it is about, in a few words.
    pub title: String,
    /// How often it was begun.
    pub attempts: u32,
    /// RFC 3339, when it will be tried next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<String>,
    /// The last error, in plain words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// One report of a running job. At most ten a second reach a front end.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// What the job is about.
    pub title: String,
    /// What is being done now.
    pub message: String,
    /// Units done.
    pub done: u64,
    /// Units in all; 0 where it is not known.
    pub total: u64,
}

fn empty(path: &std::path::Path) -> bool {
    path.as_os_str().is_empty()
}

/// One command of an ecosystem's own tool.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FetchStep {
    /// `cargo`, `npm`, ….
    pub ecosystem: String,
    /// The lockfile, relative to the workspace.
    pub lockfile: std::path::PathBuf,
    /// Program and arguments, as they are run.
    pub command: Vec<String>,
    /// Absolute folder that it runs in; with `stage`, an empty folder of its own stands in for it.
    #[serde(default, skip_serializing_if = "empty")]
    pub folder: std::path::PathBuf,
    /// Files, relative to `folder`, that are copied into an empty folder in which the command runs; what it makes there is
    /// thrown away. Empty: it runs in `folder` itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stage: Vec<std::path::PathBuf>,
    /// Damaged files that the tool would take for sound. Before the command runs, each is renamed to its own name with
    /// `.holdover-damaged` behind it; where the command fails and the name is still free, it is renamed back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<std::path::PathBuf>,
    /// Ids of the artifacts that it is to bring.
    pub artifacts: Vec<String>,
    /// What they come to in bytes, as far as lockfiles say.
    #[serde(default)]
    pub bytes: u64,
    /// Of how many of them no lockfile says the size.
    #[serde(default)]
    pub unsized_artifacts: u64,
    /// Whether it succeeded; `None`: not run.
    pub ok: Option<bool>,
    /// What went wrong, in plain words, with the tool's own last lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What a fetch did. What stands afterwards is the report that carries it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FetchOutcome {
    /// How the job ended.
    pub state: JobState,
    /// The commands, in order.
    pub steps: Vec<FetchStep>,
    /// Ids of artifacts that were not here before and are now.
    pub fetched: Vec<String>,
}
