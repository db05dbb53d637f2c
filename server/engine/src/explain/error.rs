//! Why something could not be explained. Each message names the thing and the next step.

use std::path::PathBuf;

/// Something could not be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The file cannot be read.
    #[error("this file cannot be read: {}: {reason}\nhint: name a file of text in the workspace", file.display())]
    Unread {
        /// The file.
        file: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// It holds something that is no text.
    #[error("this is no text: {}: {reason}\nhint: only text in UTF-8 is explained", file.display())]
    NoText {
        /// The file.
        file: PathBuf,
        /// What is in it, and where.
        reason: String,
    },
    /// There are no such lines.
    #[error("there is no line {line}: {} has {has}\nhint: lines are counted from 1", file.display())]
    NoLines {
        /// The file.
        file: PathBuf,
        /// Counted from 1.
        line: u32,
        /// How many there are.
        has: usize,
    },
    /// The explanation is not known any more.
    #[error(
        "there is no such explanation: {id}\nhint: ask again; only the last ones are kept, and `holdover journal log --kind explanation.` has those that were given"
    )]
    NoSuch {
        /// Its id.
        id: String,
    },
    /// Nothing was said that could be judged.
    #[error("nothing was said yet that could be judged: {id}\nhint: wait for the answer")]
    NoAnswer {
        /// The explanation's id.
        id: String,
    },
}

impl ExplainError {
    /// One word for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            ExplainError::Unread { .. } => "unread",
            ExplainError::NoText { .. } => "no-text",
            ExplainError::NoLines { .. } => "no-lines",
            ExplainError::NoSuch { .. } => "no-explanation",
            ExplainError::NoAnswer { .. } => "no-answer",
        }
    }
}
