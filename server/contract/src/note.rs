//! Notes on a workspace, a file or lines of it, and the drafts of notes that are not saved yet.
//! Bodies are Markdown by whoever wrote them, letter for letter: who shows one sees to it that it is shown and not obeyed.

use crate::{Actor, Delivery, Range};
use serde::{Deserialize, Serialize};

/// Where a note was put, as it was written: never changed by what happens to the file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NoteAnchor {
    /// The file, relative to the workspace, with `/` between folders; `None`: the workspace itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// First line, zero-based; `None`: the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Number of lines; 0 where `line` is `None`.
    #[serde(default, skip_serializing_if = "zero")]
    pub lines: u32,
    /// The first of those lines, as they were: at most 8, of at most 200 characters each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quote: Vec<String>,
    /// For each of the lines, at most 64 of them: hex of the first 8 bytes of BLAKE3 over its words with one space between
    /// them; empty for a line without words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<String>,
    /// The same for the lines above, nearest last; at most 3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// The same for the lines below, nearest first; at most 3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn zero(n: &u32) -> bool {
    *n == 0
}

/// How well the place of a note or of a review's thread was found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AnchorGrade {
    /// Where it was put: the same lines in the same place, or the file or workspace as a whole.
    #[default]
    Exact,
    /// The same lines, further up or down, between the same neighbours.
    Shifted,
    /// The same lines among other ones.
    Moved,
    /// The lines themselves are others now; this is where they were.
    Changed,
    /// The lines are not found any more; it belongs to the file.
    File,
    /// The file is not there.
    Gone,
    /// Neither its lines nor its file are there: it belongs to the review as a whole.
    Review,
}

/// Where a note is now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NotePlace {
    /// How well it was found.
    pub grade: AnchorGrade,
    /// `src/main.rs:3-5` with lines from 1, `src/main.rs`, or `workspace`.
    pub text: String,
    /// How it stands with the place, in words; empty where it is as it was.
    pub remark: String,
    /// The file, relative to the workspace; `None`: the workspace itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The lines, from the first one's beginning to the last one's end; `None`: the file as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
}

/// One version of a note that no later version replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NoteVersion {
    /// The operations that an edit of this version names in `pred`: event and index. Equal texts are one version.
    pub ops: Vec<String>,
    /// Markdown; `None`: this version removes the note, or was redacted.
    pub body: Option<String>,
    /// Whether its text was redacted. What it replaced is not brought back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
    /// Who wrote it.
    pub author: Actor,
    /// RFC 3339, the writer's clock.
    pub at: String,
    /// How far it has come.
    pub state: Delivery,
    /// Where it was put together from two texts that were written at the same time, which changed different lines: those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<NoteVersion>,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// ULID.
    pub id: String,
    /// Markdown, letter for letter. Of several versions: the newest one's.
    pub body: String,
    /// What it says, every version of it, as Markdown that can be drawn as it is: no picture is fetched, no HTML read.
    #[serde(default)]
    pub shown: String,
    /// Its first line as a list shows it.
    pub title: String,
    /// Who wrote what is shown, when, for whom, and how far it has come, in words.
    pub about: String,
    /// Whether it goes to colleagues; a personal one never leaves this machine.
    pub shared: bool,
    /// Where it was put.
    pub anchor: NoteAnchor,
    /// Where that is now.
    pub place: NotePlace,
    /// Who added it.
    pub author: Actor,
    /// RFC 3339: when.
    pub created: String,
    /// RFC 3339: when the text that is shown was written, if that was later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<String>,
    /// Whether it was removed: it is shown where it is asked for by its id alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// How far its newest event has come.
    pub state: Delivery,
    /// The same in words, with who has it.
    #[serde(default)]
    pub state_text: String,
    /// Names of the remotes that hold its newest event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uploaded_to: Vec<String>,
    /// Names of the other devices that have told that they have its newest event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen_by: Vec<String>,
    /// The versions that stand beside each other, newest first: more than one where people wrote without knowing of each
    /// other, and somebody has to say which it is.
    pub versions: Vec<NoteVersion>,
}

/// A note, or a change of one, that is being written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NoteDraft {
    /// ULID.
    pub id: String,
    /// What was typed so far.
    pub body: String,
    /// Its first line as a list shows it.
    pub title: String,
    /// What it is and when it was typed, in words.
    pub about: String,
    /// The note that it is to change; `None`: a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The operations that the change replaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pred: Vec<String>,
    /// Whether a new note is to be shared.
    #[serde(default)]
    pub shared: bool,
    /// Where a new note is to be put.
    #[serde(default)]
    pub anchor: NoteAnchor,
    /// What it is to become where it is no note but a comment of a review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<crate::ReviewDraft>,
    /// Where that is now.
    #[serde(default)]
    pub place: NotePlace,
    /// RFC 3339: when it was typed last.
    pub changed: String,
    /// Whether the process that saved it last is still there: somebody may be typing.
    pub open: bool,
}

/// What `holdover note list --json` and the command `holdover.note.list` give.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NoteReport {
    /// The notes, in order of path and line.
    pub notes: Vec<Note>,
    /// What was being written and is not saved, newest first.
    pub drafts: Vec<NoteDraft>,
}
