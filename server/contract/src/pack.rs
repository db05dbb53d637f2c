//! What a journey needs beyond the workspace as it is checked out: other branches, refs for review, further commands and files.
//! Types only.

use serde::{Deserialize, Serialize};

/// What is brought along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum PackKind {
    /// Refs of a remote, for review.
    Refs,
    /// What another branch's lockfiles name.
    Branch,
    /// What a command brings.
    Command,
    /// A file that has to be here.
    File,
    /// The local model in use.
    Model,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum PackState {
    /// It is here.
    Ready,
    /// It would be brought: nothing was run.
    Planned,
    /// Some of it is not here.
    Incomplete,
    /// It could not be brought.
    Failed,
    /// It could not be told.
    Unknown,
}

/// One thing of the list that a team takes along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PackItem {
    /// What it is.
    pub kind: PackKind,
    /// A branch, a refspec with its remote, a command, or a path, as the settings name it.
    pub name: String,
    /// How far it is.
    pub state: PackState,
    /// Artifacts of a branch that are not here.
    pub missing: u64,
    /// Bytes of it that are here, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The same in words, with the reason where it is not here.
    pub text: String,
}
