//! What `holdover pin --json` prints. Types only.

use crate::Range;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Requirements of manifests that leave the version open, and what became of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PinReport {
    /// Absolute path of the workspace.
    pub workspace: PathBuf,
    /// What is pinned now, would be with `--dry-run`, or could be where nothing was named, by file and place.
    pub pins: Vec<PinnedRequirement>,
    /// What was named and left as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<LeftRequirement>,
    /// Lockfiles that their tools refuse now, because they hold what the manifests asked for before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lockfiles: Vec<OutdatedLockfile>,
}

/// One requirement.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PinnedRequirement {
    /// Absolute path of the manifest.
    pub path: PathBuf,
    /// Where it was named, before anything was written.
    pub range: Range,
    /// As the manifest calls it.
    pub dependency: String,
    /// The version that is locked.
    pub version: String,
    /// What stood there; empty where no version did.
    pub before: String,
    /// What stands, or would stand, in its place.
    pub after: String,
    /// Whether it was written.
    pub written: bool,
}

/// A requirement that was named and is as it was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LeftRequirement {
    /// Absolute path of the manifest.
    pub path: PathBuf,
    /// Where it is named.
    pub range: Range,
    /// As the manifest calls it.
    pub dependency: String,
    /// `exact`: it asks for one version already; `no-range`, `not-locked`, `several`.
    pub reason: String,
    /// The same in words.
    pub text: String,
}

/// A lockfile that is to be written anew by its own tool.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OutdatedLockfile {
    /// Absolute path.
    pub path: PathBuf,
    /// Why it is refused.
    pub problem: String,
    /// The command that writes it anew; empty where none is known.
    pub command: String,
}
