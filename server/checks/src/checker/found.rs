//! A finding of a linter, with what changes the text so that it is gone.

use contract::{Finding, Range};
use serde::{Deserialize, Serialize};

/// What a linter found, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// As it is told.
    pub finding: Finding,
    /// Changes that the linter itself calls safe to be made without looking.
    #[serde(default)]
    pub fixes: Vec<Fix>,
    /// A hash of the whole lines that it is about, line ends left out: where they stand, it stands.
    pub lines: String,
}

/// A change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fix {
    /// What the menu says.
    pub title: String,
    /// What is replaced, all of it or nothing, in order and apart from each other.
    pub changes: Vec<Change>,
}

/// One place that a fix replaces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Where.
    pub range: Range,
    /// With what.
    pub text: String,
    /// A hash of the whole lines that are touched.
    pub lines: String,
}
