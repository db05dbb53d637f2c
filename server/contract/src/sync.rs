//! Remotes, what a synchronisation did, and what waits.
//! Figures and reasons, and the same in words; nothing here says how a remote is reached.

use crate::{Actor, Delivery, Lane};
use serde::{Deserialize, Serialize};

/// What helps against an error of a remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SyncTrouble {
    /// Another attempt: it is not there, does not answer, or what is wanted has not arrived yet.
    Retry,
    /// Somebody has to give a right.
    Auth,
    /// Room has to be made.
    Quota,
    /// What lies there is damaged, or is not what it says.
    Integrity,
    /// Two histories claim the same place of one log.
    Fork,
    /// The one who asked said stop.
    Stopped,
}

/// How a remote keeps two from writing one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum RemoteExclusion {
    /// It refuses the second.
    Refused,
    /// The name is taken first, and then filled.
    Reserved,
    /// It lets the second overwrite the first: only names that follow from contents are safe there, and no others are used.
    Overwrites,
}

/// A remote that was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RemoteEntry {
    /// What the user calls it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// `folder`, `git` or `bundle`.
    pub kind: String,
    /// Its own ULID, as it lies on it.
    pub id: String,
    /// The project whose logs it carries, in hex.
    pub project: String,
    /// RFC 3339: the last attempt that went to its end.
    pub last_success: Option<String>,
    /// RFC 3339: the last attempt.
    pub last_attempt: Option<String>,
    /// Attempts since the last one that went to its end.
    pub attempts: u32,
    /// Why the last one did not.
    pub trouble: Option<SyncTrouble>,
    /// The same in words.
    pub detail: Option<String>,
    /// What lies there is encrypted with the team's key.
    pub encrypted: bool,
    /// RFC 3339: since when it is left alone, as the user said; `None`: it is not.
    pub paused: Option<String>,
    /// RFC 3339: when an editor's server that has the project open asks it next, by itself; `None`: it does not.
    pub next_attempt: Option<String>,
    /// How it stands, in words.
    pub text: String,
}

/// `holdover remote key --json`: a key that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RemoteKey {
    /// The file that holds it.
    pub file: String,
    /// Tells it from another, in hex; says nothing about it.
    pub check: String,
}

/// `holdover remote list --json`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RemoteReport {
    /// By name.
    pub remotes: Vec<RemoteEntry>,
}

/// `holdover remote add --json` and `holdover remote probe --json`: what a remote can do, tried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RemoteProbe {
    /// The remote.
    pub remote: RemoteEntry,
    /// It can be written.
    pub writable: bool,
    /// How two writers of one name are kept apart.
    pub exclusion: RemoteExclusion,
    /// How something appears there as a whole, in words.
    pub way: String,
    /// Bytes that are free; `None` where that is not told.
    pub free_bytes: Option<u64>,
    /// Another machine is asked: it is not used while offline is forced.
    pub networked: bool,
    /// All of it in words, a line each.
    pub text: Vec<String>,
}

/// One thing that could not be dealt with; everything else went on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SyncProblem {
    /// Its name on the remote.
    pub name: String,
    /// What helps.
    pub trouble: SyncTrouble,
    /// Why, and the next step.
    pub detail: String,
    /// How often it was tried.
    pub attempts: u32,
    /// RFC 3339: it is left alone until then, unless it changes; `None`: until the next synchronisation.
    pub next_attempt: Option<String>,
}

/// Events that are said to be on a remote, and are neither there nor here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SyncMissing {
    /// The log, in hex.
    pub log: String,
    /// Its lane.
    pub lane: Lane,
    /// Place of the first.
    pub first: u64,
    /// Place of the last.
    pub last: u64,
}

/// A file on a remote that is none of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SyncStray {
    /// Its name.
    pub name: String,
    /// What it is, in words.
    pub what: String,
}

/// What a synchronisation with one remote did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SyncRemote {
    /// What the user calls it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// It went to its end.
    pub done: bool,
    /// Why it did not.
    pub error: Option<SyncProblem>,
    /// RFC 3339: since when it is left alone, as the user said; nothing was asked of it then.
    pub paused: Option<String>,
    /// Events of this device that it holds now and did not before.
    pub sent: u64,
    /// Events that are here now and were not before.
    pub received: u64,
    /// Segments that were put there, of this device and of others.
    pub segments_sent: u64,
    /// Of these, those that it had held before, and lost.
    pub healed: u64,
    /// Segments that brought events.
    pub segments_received: u64,
    /// Bytes that were read there.
    pub bytes_read: u64,
    /// Bytes that were put there.
    pub bytes_written: u64,
    /// Of the received events, those that are shown and not relied on.
    pub held: u64,
    /// Segments that had been kept apart and count by now.
    pub released: u64,
    /// Segments that were kept apart, each with the word of the reason.
    pub apart: Vec<SyncProblem>,
    /// What could not be taken in or put there.
    pub rejected: Vec<SyncProblem>,
    /// Segments that wait for what stands in front of them.
    pub waiting: u64,
    /// What has not come.
    pub missing: Vec<SyncMissing>,
    /// Other files that lie there.
    pub ignored: Vec<SyncStray>,
    /// Events of this device that it does not hold.
    pub pending: u64,
}

/// One event that came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SyncChange {
    /// ULID.
    pub id: String,
    /// `note.edit`, ….
    pub kind: String,
    /// ULID of what it is about.
    pub entity: String,
    /// Who did it.
    pub actor: Actor,
    /// RFC 3339, by their clock.
    pub at: String,
    /// Why it is shown and not relied on, where it is.
    pub held: Option<String>,
}

/// `holdover sync --json` and the command `holdover.sync`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SyncReport {
    /// Events of this device that a remote holds now and did not before.
    pub sent: u64,
    /// Events that are here now and were not before.
    pub received: u64,
    /// Records of which what was written apart was put together by a rule.
    pub merged: u64,
    /// Records of this workspace of which versions stand beside each other now.
    pub conflicts: u64,
    /// Of these, those that did not before.
    pub new_conflicts: u64,
    /// What could not be taken in or put there, or was kept apart.
    pub rejected: u64,
    /// Events of this device that some remote does not hold.
    pub pending: u64,
    /// One entry a remote.
    pub remotes: Vec<SyncRemote>,
    /// What came, oldest first: the last hundred.
    pub changes: Vec<SyncChange>,
    /// All of it in words, a line each.
    pub text: Vec<String>,
}

/// How far what this device wrote in one lane has come, for one remote. Numbers of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct QueueLane {
    /// The lane.
    pub lane: Lane,
    /// Written in all.
    pub written: u64,
    /// Flushed to the disk.
    pub durable: u64,
    /// In a signed segment.
    pub sealed: u64,
    /// On the remote.
    pub uploaded: u64,
    /// Another device has told that it has them.
    pub seen: u64,
    /// Events that the remote does not hold.
    pub waiting: u64,
    /// RFC 3339: when the oldest of these was written.
    pub oldest: Option<String>,
    /// Why they wait, in words; empty where none does.
    pub why: String,
}

/// One event that waits for a remote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct QueueEvent {
    /// ULID.
    pub id: String,
    /// `note.edit`, ….
    pub kind: String,
    /// Its lane.
    pub lane: Lane,
    /// ULID of what it is about.
    pub entity: String,
    /// RFC 3339: when it was written.
    pub at: String,
    /// How far it has come.
    pub state: Delivery,
    /// The same in words.
    pub state_text: String,
}

/// What waits for one remote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct QueueRemote {
    /// The remote.
    pub remote: RemoteEntry,
    /// By lane, most urgent first.
    pub lanes: Vec<QueueLane>,
    /// Events that it does not hold, one by one, most urgent lane and oldest first: the first thousand, for `queue inspect` alone.
    pub events: Vec<QueueEvent>,
    /// What could not be taken in or put there.
    pub items: Vec<SyncProblem>,
    /// When something is tried again, in words.
    pub next: String,
}

/// `holdover queue --json`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct QueueReport {
    /// One entry a remote.
    pub remotes: Vec<QueueRemote>,
    /// Events that some remote does not hold.
    pub waiting: u64,
    /// How synchronisation does, in figures.
    #[serde(default)]
    pub health: crate::SyncHealth,
}
