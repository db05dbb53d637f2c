//! Why a note could not be written or found. Each message names the thing and the next step.

use std::path::PathBuf;

/// A note could not be written or found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// No note has this id.
    #[error("there is no note `{given}` in this workspace\nhint: `holdover note list` names them")]
    NoSuchNote {
        /// What was asked for, made fit to be shown.
        given: String,
    },
    /// Several have ids that end so.
    #[error("{number} notes have ids that end in `{given}`\nhint: give more of the id")]
    Ambiguous {
        /// What was asked for.
        given: String,
        /// How many.
        number: usize,
    },
    /// It was removed.
    #[error("the note `{given}` was removed, so it stands nowhere\nhint: `holdover note add` writes a new one")]
    Removed {
        /// What was asked for.
        given: String,
    },
    /// There is no text.
    #[error("a note needs a text, and this one is empty; nothing was written")]
    Empty,
    /// The text is too long.
    #[error(
        "a note has at most {limit} bytes, and this one {bytes}\nhint: put the bulk into a file and name it in the note"
    )]
    TooLong {
        /// Its bytes.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// The file is not in the workspace.
    #[error("this file is not in the workspace {}: {}\nhint: a note stands on a file of its own workspace", root.display(), file.display())]
    Outside {
        /// The workspace.
        root: PathBuf,
        /// The file.
        file: PathBuf,
    },
    /// Its path cannot be written down so that every system reads it the same.
    #[error("the path of this file cannot be kept in a note, because other systems read it differently: {}\nhint: put the note on its folder's neighbour or on the workspace", file.display())]
    OddPath {
        /// The file.
        file: PathBuf,
    },
    /// The file cannot be read.
    #[error("this file cannot be read: {}: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file has no such lines.
    #[error("{} has {count} lines, and line {line} was asked for", file.display())]
    NoSuchLine {
        /// The file.
        file: PathBuf,
        /// How many lines it has.
        count: usize,
        /// The last line that was asked for, from 1.
        line: u64,
    },
    /// The version that was to be replaced is not one of the note's.
    #[error("what was to be replaced is not a version of this note: `{given}`\nhint: look at the note again")]
    NotItsVersion {
        /// The operation.
        given: String,
    },
    /// What was typed into a draft came after its end.
    #[error(
        "this draft has ended: it was saved as a note or thrown away, in another window perhaps; what was typed since is not kept under it\nhint: go on under a new draft"
    )]
    DraftEnded,
    /// The workspace records nothing.
    #[error(
        "nothing is recorded in this workspace, because `journal.enable` is false\nhint: set it to true in `holdover.toml` or the user's settings"
    )]
    Unrecorded,
}

impl NoteError {
    /// One word for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            NoteError::NoSuchNote { .. } => "no-such-note",
            NoteError::Ambiguous { .. } => "ambiguous",
            NoteError::Removed { .. } => "removed",
            NoteError::Empty => "empty",
            NoteError::TooLong { .. } => "too-long",
            NoteError::Outside { .. } | NoteError::OddPath { .. } => "outside",
            NoteError::Unreadable { .. } | NoteError::NoSuchLine { .. } => "no-such-place",
            NoteError::NotItsVersion { .. } => "not-its-version",
            NoteError::DraftEnded => "draft-ended",
            NoteError::Unrecorded => "disabled",
        }
    }
}
