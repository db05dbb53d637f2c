//! Merge conflicts as `holdover conflicts --json` and the command `holdover.conflicts` print them.
//! What is here is read from the file; where a side came from is for others to add.

use crate::{Range, RecordConflict};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;

/// Every conflict of the files that were asked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConflictReport {
    /// Files with at least one conflict or malformed marker.
    pub files: Vec<ConflictFile>,
    /// Records of the journal whose versions stand beside each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<RecordConflict>,
    /// The repositories that the files lie in, where those that git holds as unmerged were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<ConflictRepository>,
    /// How many conflicts there are in how many files, in words; with the name of each repository where they are not all in the workspace's own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// A repository in which files with conflicts lie.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConflictRepository {
    /// Its folder.
    pub path: PathBuf,
    /// What people call it: the workspace's folder, or that and the way from there.
    pub name: String,
    /// Whether it lies within a workspace and is not its own: a submodule, a worktree, a clone.
    pub within: bool,
    /// Files with conflicts.
    pub files: u64,
    /// Conflicts in them.
    pub conflicts: u64,
}

/// The conflicts of one file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConflictFile {
    /// Absolute path.
    pub path: PathBuf,
    /// Whole conflicts, in order.
    pub regions: Vec<ConflictRegion>,
    /// Markers without counterparts, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub malformed: Vec<MalformedConflict>,
    /// What git is in the middle of: `merge`, `rebase`, `cherry-pick`, `revert` or `stash`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// What suggestions resolved just now, or would with `--dry-run`: each as it stood, with its suggestion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<ConflictRegion>,
    /// The events of the journal that say what was resolved just now, in order: each can be undone by its id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// A merge of the whole file by its ecosystem's own tool, where it is a lockfile and suggestions were asked for. It is never applied by
    /// itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lockfile: Option<LockfileMerge>,
    /// How many conflicts were resolved just now; what is listed is what is left.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub resolved: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// One conflict.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConflictRegion {
    /// All of it, markers included.
    pub range: Range,
    /// `merge`, `diff3`, `jj-diff` or `jj-snapshot`.
    pub style: String,
    /// Which sides it is between, in words.
    #[serde(default)]
    pub message: String,
    /// `blake3:` hash of the region's text; a resolution is bound to it.
    pub fingerprint: String,
    /// Current first, then incoming; jj's conflicts may have more than two.
    pub sides: Vec<ConflictSide>,
    /// The common ancestor, where the markers hold one and no more.
    pub base: Option<ConflictSide>,
    /// The text of the common ancestor, where the markers do not hold it, git's index does, and suggestions were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_text: Option<String>,
    /// A merge that is suggested, where one was asked for and found. It is never applied by itself.
    pub suggestion: Option<ConflictSuggestion>,
    /// What was chosen here when the same two sides met before, where suggestions were asked for. It is never applied by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remembered: Option<ConflictSuggestion>,
}

/// One side of a conflict.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConflictSide {
    /// What the marker says; empty where it says nothing.
    pub label: String,
    /// The commit it came from, where that is known.
    pub commit: Option<String>,
    /// Where it came from, where git says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<ConflictOrigin>,
    /// Its lines, without the markers.
    pub range: Range,
    /// Whether those lines are a diff from the common ancestor to the side, as jj writes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub diff: bool,
}

/// Where a side came from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConflictOrigin {
    /// The branch, or what else people call it.
    pub name: String,
    /// The commit; in a revert, the one that is taken back.
    pub commit: Option<String>,
    /// Who wrote that commit.
    pub author: Option<String>,
    /// When, as RFC 3339.
    pub at: Option<String>,
    /// The first line of its message.
    pub subject: Option<String>,
}

/// A resolution that may be offered.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConflictSuggestion {
    /// How it was found.
    pub kind: String,
    /// Measured share of exact results of that kind, 0 to 1.
    pub confidence: f64,
    /// What would stand in place of the region.
    pub text: String,
    /// Why it may be right, in words.
    #[serde(default)]
    pub reason: String,
    /// Whether one click may apply it; else it is shown, and a person takes it from there.
    #[serde(default)]
    pub one_click: bool,
    /// Where each line of `text` stands in the sides.
    #[serde(default)]
    pub lines: Vec<LineOrigin>,
    /// Lines of the sides, and of the common ancestor, that `text` does not hold.
    #[serde(default)]
    pub dropped: Vec<DroppedLine>,
}

/// A lockfile with conflicts as its ecosystem's own tool merges it: offline, in a copy of its manifests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LockfileMerge {
    /// `cargo`, `npm`, `pnpm`, `uv`; `Holdover` for a `go.sum`, which needs no tool.
    pub tool: String,
    /// What was run, or would be; empty where nothing is.
    pub command: String,
    /// Why there is none, in words, with the next step; what follows is empty then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The whole text of the merged lockfile.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Why it may be right, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Packages that it holds and not both sides do; `made` what neither has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<LockfilePackage>,
    /// Packages of the sides that it does not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<LockfilePackage>,
    /// How the network was kept from the tool: `namespace`, a network of its own without any device; `told`, in the tool's own words alone;
    /// empty where no tool was run.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub network: String,
}

/// A version of a package in a lockfile.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LockfilePackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Which sides hold it; `made` where neither does.
    pub side: LineOrigin,
}

/// Where a line of a suggestion comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LineOrigin {
    /// Both sides hold it.
    Both,
    /// The current side alone.
    Current,
    /// The incoming side alone.
    Incoming,
    /// Neither as it is: made of both.
    #[default]
    Made,
}

/// A line that a suggestion leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DroppedLine {
    /// Who holds it: `both`, `current` or `incoming`.
    pub side: LineOrigin,
    /// The line, without its end.
    pub text: String,
}

/// Where the conflicts of an open document stand: the notification `holdover/didChangeConflicts`. Lines are zero-based.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConflictsShown {
    /// The document's address.
    pub uri: String,
    /// The version of it that this is about.
    pub version: i32,
    /// All of its conflicts, in order.
    pub conflicts: Vec<ConflictShown>,
    /// Conflicts that an edit of the server's has resolved since the last notification, where they stand in this version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolved: Vec<ConflictPlace>,
}

/// One conflict, as it is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConflictShown {
    /// Line of the opening marker.
    pub open: u32,
    /// Line of the closing marker.
    pub close: u32,
    /// `merge`, `diff3`, `jj-diff` or `jj-snapshot`.
    pub style: String,
    /// Characters of each marker.
    pub length: u8,
    /// Which sides it is between, in words.
    pub message: String,
    /// Its sides and common ancestors, in order of place.
    pub parts: Vec<ConflictParts>,
}

/// The lines of one part of a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConflictParts {
    /// Which part.
    pub part: ConflictPart,
    /// Line of its marker.
    pub marker: u32,
    /// First line.
    pub start: u32,
    /// Line after the last.
    pub end: u32,
}

/// A part of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ConflictPart {
    /// The first of two sides.
    Current,
    /// The second of two sides.
    Incoming,
    /// One of more than two sides.
    #[default]
    Side,
    /// A common ancestor.
    Base,
}

/// Lines that stand where a conflict was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConflictPlace {
    /// What was chosen: `conflict.accept-current` for example.
    pub action: String,
    /// First line.
    pub start: u32,
    /// Line after the last.
    pub end: u32,
}

/// What each choice would leave of one conflict, to be looked at before one is taken: the request `holdover/conflict`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConflictPreview {
    /// The document's address.
    pub uri: String,
    /// The document's version that this is about.
    pub version: i32,
    /// The conflict, with where its sides come from.
    pub region: ConflictRegion,
    /// The text of each side, in the order of `region.sides`.
    pub sides: Vec<String>,
    /// The text of the common ancestor, where the markers hold one and no more, or they hold none and git's index does.
    pub base: Option<String>,
    /// What may be chosen, in the order of a menu: a suggested merge first, `conflict.merge`, then what was chosen when the same sides met
    /// before, `conflict.remembered`.
    pub choices: Vec<ConflictChoice>,
    /// The record that this is about, where it is none of a file: `uri` is its page then, lines are those of its texts, and a choice is
    /// taken by `holdover.resolveConflict` with its `data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordConflict>,
}

/// One way to resolve a conflict, and what it would leave.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConflictChoice {
    /// `conflict.accept-current` for example.
    pub action: String,
    /// What a menu says.
    pub title: String,
    /// A word or two for a tab: `merged`, `HEAD`.
    pub short: String,
    /// What would stand in place of the conflict.
    pub text: String,
    /// The side that it is best looked at beside: `current`, `incoming`, or `side-1` where there are more than two.
    pub against: String,
    /// Where each line of `text` stands in the sides; empty where there are more than two.
    pub lines: Vec<LineOrigin>,
    /// Lines of the sides that `text` does not hold; empty where there are more than two.
    pub dropped: Vec<DroppedLine>,
    /// All of that in words, Markdown: why, how far it is to be trusted, what it drops.
    pub explanation: String,
    /// What `codeAction/resolve` takes as an action's `data`, bound to the conflict as it stood.
    pub data: Value,
}

/// A conflict marker without its counterparts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MalformedConflict {
    /// The marker's line.
    pub range: Range,
    /// What is wrong with it.
    pub message: String,
}

/// Resolutions that can be undone: what the command `holdover.resolutions` gives.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ResolutionReport {
    /// The newest first.
    pub resolutions: Vec<ResolvedConflict>,
}

/// A conflict that was resolved, and whose resolution stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ResolvedConflict {
    /// The event that says so, by which it is undone.
    pub event: String,
    /// RFC 3339: when.
    pub at: String,
    /// Who resolved it.
    pub by: String,
    /// The file, as the workspace names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Where it stood then, zero-based.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// In place of a file: the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// What was chosen, where the event says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<String>,
    /// All of that in words.
    pub text: String,
}
