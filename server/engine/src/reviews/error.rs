//! Why a review could not be begun, found or written to. Each message names the thing and the next step.

/// A review could not be begun, found or written to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// Git does not know what was named, or there is no repository.
    #[error(
        "git knows no such branch, commit or range here: `{given}`\nhint: `holdover review list` names what can be reviewed"
    )]
    UnknownRange {
        /// What was asked for, made fit to be shown.
        given: String,
    },
    /// Nothing lies between its ends.
    #[error("`{given}` changes nothing, so there is nothing to review\nhint: name the branch that holds the change")]
    Nothing {
        /// What was asked for.
        given: String,
    },
    /// No review, thread or comment has this id.
    #[error(
        "there is no {what} `{given}` in this workspace\nhint: `holdover review list` and `holdover review show` name them"
    )]
    NoSuch {
        /// `review`, `thread` or `comment`.
        what: &'static str,
        /// What was asked for.
        given: String,
    },
    /// Several have ids that end so.
    #[error("{number} {what}s have ids that end in `{given}`\nhint: give more of the id")]
    Ambiguous {
        /// `review`, `thread` or `comment`.
        what: &'static str,
        /// What was asked for.
        given: String,
        /// How many.
        number: usize,
    },
    /// Several reviews could be meant.
    #[error("this workspace has {number} reviews\nhint: say which one with `--review ID`")]
    Which {
        /// How many.
        number: usize,
    },
    /// The file is not in that revision.
    #[error("{path} is not in {revision}\nhint: `holdover review show` names the files of the review")]
    NoSuchFile {
        /// The file, made fit to be shown.
        path: String,
        /// Which revision, in words.
        revision: String,
    },
    /// The file has no such lines there.
    #[error("{path} has {count} lines in {revision}, and line {line} was asked for")]
    NoSuchLine {
        /// The file.
        path: String,
        /// Which revision, in words.
        revision: String,
        /// How many lines it has.
        count: usize,
        /// The last line that was asked for, from 1.
        line: u64,
    },
    /// Its commits are not on this machine.
    #[error(
        "the commits of this review are not on this machine: {head}\nhint: fetch its branch; threads can be read and answered without"
    )]
    NotHere {
        /// The commit.
        head: String,
    },
    /// Somebody else wrote it.
    #[error(
        "{author} wrote this comment, and only its writer changes it or takes it back\nhint: reply to it, or resolve its thread"
    )]
    Others {
        /// Who did, made fit to be shown.
        author: String,
    },
    /// The branch holds another commit than the one that was looked at.
    #[error(
        "the branch has moved on since it was looked at, so nothing was decided: it is at {head} now\nhint: look at what is new, then decide"
    )]
    Moved {
        /// The commit that it holds now.
        head: String,
    },
    /// The comment suggests nothing.
    #[error("this comment suggests no change\nhint: a suggestion is a block of code that calls itself `suggestion`")]
    NoSuggestion,
    /// The lines are others now.
    #[error(
        "the lines that this suggestion was made for have changed since, so nothing was changed\nhint: look at the thread, and change them by hand"
    )]
    Outdated,
}

impl ReviewError {
    /// One word for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            ReviewError::UnknownRange { .. } => "unknown-range",
            ReviewError::Nothing { .. } => "nothing",
            ReviewError::NoSuch { .. } => "no-such-thing",
            ReviewError::Ambiguous { .. } | ReviewError::Which { .. } => "ambiguous",
            ReviewError::NoSuchFile { .. } | ReviewError::NoSuchLine { .. } => "no-such-place",
            ReviewError::NotHere { .. } => "not-here",
            ReviewError::Others { .. } => "not-yours",
            ReviewError::Moved { .. } => "moved",
            ReviewError::NoSuggestion => "no-suggestion",
            ReviewError::Outdated => "outdated",
        }
    }
}
