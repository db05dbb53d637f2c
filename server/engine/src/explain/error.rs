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
    /// The log cannot be read.
    #[error("{reason}\nhint: name a log, or give one on standard input with `-`")]
    Log {
        /// Why, with its name.
        reason: String,
    },
    /// The step was not run, or there is none of that name.
    #[error("there is no log of a step {name}; steps here: {}\nhint: `holdover build` runs them", if steps.is_empty() { "none" } else { steps })]
    NoStep {
        /// What was named.
        name: String,
        /// Those there are.
        steps: String,
    },
    /// Git knows no such range.
    #[error("git knows no such change here: {spec}\nhint: name a branch, a commit, or a range like `main..feature`")]
    NoChange {
        /// What was named.
        spec: String,
    },
    /// A thread that stands on no file.
    #[error("this thread stands on no file that is here: {thread}\nhint: `holdover review show` shows what was said")]
    NoPlace {
        /// Its id.
        thread: String,
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
            ExplainError::Log { .. } => "no-log",
            ExplainError::NoStep { .. } => "no-step",
            ExplainError::NoChange { .. } => "no-change",
            ExplainError::NoPlace { .. } => "no-place",
            ExplainError::NoSuch { .. } => "no-explanation",
            ExplainError::NoAnswer { .. } => "no-answer",
        }
    }
}
