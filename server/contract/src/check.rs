//! What `holdover check` says. It holds what was found, and which checks found it.

use crate::{CheckStatus, Finding};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What `holdover check --json` prints.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// Absolute path of the workspace.
    pub workspace: PathBuf,
    /// The checks that ran.
    pub checks: Vec<CheckStatus>,
    /// What they found, by file and place.
    pub findings: Vec<Finding>,
    /// Files that were read.
    pub files: u64,
    /// What was not looked at, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}
