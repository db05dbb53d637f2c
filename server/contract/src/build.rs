//! Steps that build or test a workspace: what became of the last run, and what has changed since the last one that passed.

use crate::LogReport;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The last run of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BuildRun {
    /// As somebody would type it.
    pub command: String,
    /// Its exit code; `None`: it was stopped, or a signal ended it.
    pub exit: Option<i32>,
    /// How it ended, in words.
    pub ended: String,
    /// How long it took.
    pub milliseconds: u64,
    /// The commit that the workspace was at, if it is a repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Hash of the names and contents of the files that it depends on: the same on every machine.
    #[serde(default)]
    pub sources: String,
    /// Its whole log, on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<PathBuf>,
    /// What the last lines of the log say, where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<LogReport>,
    /// What is another thing than when it passed last, where it failed and that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<SinceGreen>,
}

/// What is another thing than when a step passed last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SinceGreen {
    /// When it passed last; RFC 3339.
    pub at: String,
    /// The commit that the workspace was at then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The commits since, as git names a range, where it is at another commit now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commits: Option<String>,
    /// Whether the files of that time are still known. If not, the lists of files are empty.
    pub files_known: bool,
    /// Files with other contents.
    pub changed: Vec<PathBuf>,
    /// Files that were not there.
    pub added: Vec<PathBuf>,
    /// Files that are gone.
    pub removed: Vec<PathBuf>,
    /// Files beyond those.
    #[serde(default)]
    pub more: u64,
    /// What else: the command, the toolchain, variables.
    pub beside: Vec<String>,
    /// All of it on one line.
    pub text: String,
}
