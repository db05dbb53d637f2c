//! Reviews: what is looked at, the threads on it, and what people decided about it.
//! Bodies are Markdown by whoever wrote them, letter for letter: who shows one sees to it that it is shown and not obeyed.

use crate::{Actor, Delivery, NoteAnchor, NotePlace, NoteVersion, Range};
use serde::{Deserialize, Serialize};

/// Which text a thread stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ReviewSide {
    /// The text before the change.
    Old,
    /// The text after it.
    #[default]
    New,
}

/// Where a thread was put, as it was written: never changed by what happens to branch or file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Anchor {
    /// Which side of the change.
    #[serde(default)]
    pub side: ReviewSide,
    /// The commit whose text it is.
    #[serde(default)]
    pub commit: String,
    /// Name of the blob that the file was; `None`: it stands on no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// The nearest line above that says what encloses it, as git's hunks have it: at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// The file and its lines, with what they said; without a path, the review as a whole.
    #[serde(default)]
    pub at: NoteAnchor,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FileChange {
    /// It is new.
    Added,
    /// Its contents or its mode are others.
    #[default]
    Modified,
    /// It is gone.
    Deleted,
    /// It has another name, and perhaps other contents.
    Renamed,
    /// It was made from another one.
    Copied,
    /// A file became a link, or the like.
    Typechange,
}

/// A run of lines that was put in place of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Hunk {
    /// First line of the old text, zero-based; where nothing was taken away, the line before which something came.
    pub old_line: u32,
    /// How many lines of the old text.
    pub old_lines: u32,
    /// First line of the new text, zero-based.
    pub new_line: u32,
    /// How many lines of the new text.
    pub new_lines: u32,
}

/// One file of a review.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReviewFile {
    /// Where it is after the change, or was where it was deleted; relative to the repository's folder.
    pub path: String,
    /// Where it was before, if elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_path: Option<String>,
    /// What happened to it.
    pub change: FileChange,
    /// Name of its blob before; `None`: there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_blob: Option<String>,
    /// Name of its blob after; `None`: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_blob: Option<String>,
    /// What was changed, line by line; empty for what is no text, and for what is too long to be compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hunks: Vec<Hunk>,
    /// Lines that came.
    pub added: u64,
    /// Lines that went.
    pub removed: u64,
    /// Whether it is no text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub binary: bool,
    /// Threads on it that are open.
    pub open_threads: u64,
    /// Threads on it.
    pub threads: u64,
}

/// A change that a comment suggests: its block of code in place of the lines that the thread stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Suggestion {
    /// What is to stand there; empty: nothing.
    pub text: String,
    /// Whether the lines are still those that it was made for.
    pub applies: bool,
}

/// One comment of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    /// ULID; of the first one, the thread's.
    pub id: String,
    /// Markdown, letter for letter. Of several versions: the newest one's.
    pub body: String,
    /// What it says, every version of it, as Markdown that can be drawn as it is: no picture is fetched, no HTML read.
    pub shown: String,
    /// Who wrote what is shown, when, and how far it has come, in words.
    pub about: String,
    /// Who wrote it.
    pub author: Actor,
    /// Whether that was the person at this device, who alone may change it or take it back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mine: bool,
    /// RFC 3339: when.
    pub created: String,
    /// RFC 3339: when the text that is shown was written, if that was later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<String>,
    /// Whether it was retracted, or redacted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// How far its newest event has come.
    pub state: Delivery,
    /// The same in words, with who has it.
    pub state_text: String,
    /// The versions that stand beside each other, newest first: more than one is for somebody to decide.
    pub versions: Vec<NoteVersion>,
    /// What it suggests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<Suggestion>,
}

/// A thread of a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Thread {
    /// ULID.
    pub id: String,
    /// The review that it is of.
    pub review: String,
    /// Its first comment's first words.
    pub title: String,
    /// Where it was put.
    pub anchor: Anchor,
    /// Where that is now in what is reviewed.
    pub place: NotePlace,
    /// Whether it is done with. Where people said both without knowing of each other it is not.
    pub resolved: bool,
    /// What people said about that without knowing of each other, in words; somebody has to decide. Empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub disputed: String,
    /// Its comments, oldest first.
    pub comments: Vec<Comment>,
    /// Where it stands, how many comments, whether it is resolved, in words.
    pub about: String,
    /// Whether something of it has not reached a remote.
    pub unsent: bool,
}

/// What somebody thinks of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    /// It may go in.
    Approve,
    /// It may not go in as it is.
    RequestChanges,
    /// Neither.
    Comment,
}

/// A verdict: signed, and on one commit alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// The operation that wrote it: event and index.
    pub op: String,
    /// What was decided.
    pub verdict: VerdictKind,
    /// The commit that it is about.
    pub head: String,
    /// Who decided.
    pub author: Actor,
    /// RFC 3339, the writer's clock.
    pub at: String,
    /// Whether that commit is what the branch holds now. One on another commit says nothing of this one.
    pub current: bool,
    /// Whether somebody who had seen it decided anew.
    pub replaced: bool,
    /// All of this in words.
    pub about: String,
}

/// How the verdicts on the present commit stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DecisionState {
    /// There is none.
    #[default]
    None,
    /// One, or several that agree.
    Decided,
    /// Several that differ, by people who did not know of each other: somebody has to decide.
    Conflict,
}

/// What was decided about the present commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Whether anything was.
    pub state: DecisionState,
    /// What, where it is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictKind>,
    /// The same in words.
    pub text: String,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Review {
    /// ULID.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What was asked for: `main..feature`, a branch, a commit.
    pub range: String,
    /// The commit before the change, as it is now.
    pub base: String,
    /// The commit that holds the change, as it is now.
    pub head: String,
    /// The commit that held it when the review began.
    pub first_head: String,
    /// Whether both commits are on this machine; else there are threads and no files.
    pub here: bool,
    /// Who began it.
    pub author: Actor,
    /// RFC 3339: when.
    pub created: String,
    /// All of this in words.
    pub about: String,
    /// How many files.
    pub file_count: u64,
    /// The files; empty in a list of reviews.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ReviewFile>,
    /// Threads that are open.
    pub open_threads: u64,
    /// Threads.
    pub thread_count: u64,
    /// The threads; empty in a list of reviews.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub threads: Vec<Thread>,
    /// Every verdict, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
    /// What they come to for the present commit.
    pub decision: Decision,
    /// How far its newest event has come.
    pub state: Delivery,
    /// The same in words.
    pub state_text: String,
}

/// Something on this machine that can be reviewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// What `holdover review start` takes.
    pub range: String,
    /// The branch or pull request, as people call it.
    pub name: String,
    /// Its commit.
    pub head: String,
    /// First line of that commit's message.
    pub title: String,
    /// RFC 3339: when that commit was made.
    pub at: String,
    /// Files that it changes.
    pub files: u64,
    /// Lines that came.
    pub added: u64,
    /// Lines that went.
    pub removed: u64,
}

/// What a comment that is being written is to become: an answer, a change of a comment, or a thread.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReviewDraft {
    /// The review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
    /// The thread that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// The comment that it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The file that a thread is put on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Before the change or after it.
    #[serde(default)]
    pub side: ReviewSide,
    /// First line, zero-based.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// How many lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<u32>,
}

/// What `holdover review list --json` and the command `holdover.review.list` give.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReviewReport {
    /// The reviews, newest first, without files and threads.
    pub reviews: Vec<Review>,
    /// What is here and is not reviewed yet, newest first.
    pub candidates: Vec<Candidate>,
    /// What was being written and is not saved, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drafts: Vec<crate::NoteDraft>,
}

/// What the command `holdover.review.threads` gives: threads on a file of the workspace, where they are in its present text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ThreadReport {
    /// The threads, in order of line.
    pub threads: Vec<Thread>,
    /// Lines of the text that a review is about, where one can be begun; empty where there is no review of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviewed: Vec<Range>,
}
