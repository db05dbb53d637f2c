//! What is said about the journal as a whole: whether it is intact, what was written out of it, and what was deleted.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What `holdover journal verify --json` prints: of the journal itself, or of an exported file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct VerifyReport {
    /// Whether everything agrees.
    pub whole: bool,
    /// The file that was looked at.
    pub file: PathBuf,
    /// Events that agree: all of them where it is whole.
    pub events: u64,
    /// Logs whose chain was followed.
    pub logs: u64,
    /// Events without their payload.
    pub redacted: u64,
    /// Of these, how many nothing in the record accounts for.
    #[serde(default)]
    pub unexplained: u64,
    /// Signatures of single events that hold.
    pub signatures: u64,
    /// Encrypted pages that were authenticated; 0 for an exported file.
    #[serde(default)]
    pub pages: u64,
    /// The first thing that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad: Option<BadPlace>,
    /// Who has a say in who is in, by project, worked out from the signed events; only where somebody has named a root set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roots: Vec<RootVerdict>,
    /// What is known of an exported file beyond that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<ExportFacts>,
}

/// A root set as the record bears it out, whatever a device was told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RootVerdict {
    /// The project in hex; empty: the devices as such, in all projects without members of their own.
    pub project: String,
    /// Version in force; 0: none yet, and those that were named wait for signatures.
    pub version: u64,
    /// How many of its devices must sign the next.
    pub threshold: u32,
    /// Its devices, by id in hex.
    pub devices: Vec<String>,
    /// Of these and of the version before, those that signed it.
    pub signed_by: Vec<String>,
    /// Sets that wait for signatures.
    pub waiting: u64,
    /// Signatures that count for nothing: by a device without a say, or of a set that cannot follow.
    pub idle_signatures: u64,
    /// Of its devices, those that were taken out, are no member's, or whose time has passed.
    pub lost: Vec<String>,
    /// Whether as many of its devices are left as must sign the next.
    pub can_change: bool,
    /// Events that are here and are not relied on because of who is in.
    pub held: u64,
}

/// The first place that is wrong. What is not known, or does not apply, is left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BadPlace {
    /// What is wrong, in words.
    pub reason: String,
    /// Bytes from the file's beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// How many bytes may be meant; 1 where the byte itself is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// Line of an exported file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Field in that line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Page of the database, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u64>,
    /// Hex of the log's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Place of the event in its log, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Row of the event in the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pos: Option<u64>,
}

/// What an exported file says of itself, and who vouches for it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExportFacts {
    /// ULID of the journal that it came from.
    pub journal: String,
    /// RFC 3339, by the writer's clock.
    pub written_at: String,
    /// Hex of the public key of the device that wrote it.
    pub device: String,
    /// Whether a signed envelope lies beside it and holds.
    pub signed: bool,
    /// Whether the journal of this machine knows that device; left out where there is none to be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<bool>,
    /// Which events were asked for; left out where it was all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Runs of events that are not in the file, between some that are: what stands there cannot be told.
    pub gaps: u64,
    /// Hex of the file's SHA-256.
    pub sha256: String,
    /// Hex of the file's BLAKE3.
    pub blake3: String,
}

/// What `holdover journal export --out FILE --json` prints.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExportReport {
    /// The file that was written.
    pub file: PathBuf,
    /// The signed envelope beside it.
    pub envelope: PathBuf,
    /// Events in it.
    pub events: u64,
    /// Of these, those without a payload.
    pub redacted: u64,
    /// Its size.
    pub bytes: u64,
    /// Hex of its SHA-256.
    pub sha256: String,
    /// Hex of its BLAKE3.
    pub blake3: String,
    /// Hex of the public key that signed the envelope.
    pub device: String,
}

/// What `holdover journal redact --json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RedactReport {
    /// ULIDs of the events whose payload was deleted, or would be with `--dry-run`.
    pub events: Vec<String>,
    /// Deletions that may still have left bytes in the files of this machine; 0: none have.
    pub pending: u64,
    /// What holds that up, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
}

/// What `holdover journal retain --json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RetainReport {
    /// Whether there is a rule at all.
    pub rules: bool,
    /// ULID of the event that says what was deleted; left out where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// What was deleted, or would be with `--dry-run`, by log and workspace.
    pub runs: Vec<RetainedRun>,
    /// Whether there is more than is deleted at once.
    pub more: bool,
    /// Deletions that may still have left bytes in the files of this machine; 0: none have.
    pub pending: u64,
    /// What holds that up, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
}

/// Events of one log whose contents a rule deletes; also in the event `retention.applied`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RetainedRun {
    /// The lane.
    pub lane: crate::Lane,
    /// Hex of the log's id.
    pub log: String,
    /// The workspace that they are of; left out where it is none of this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Place of the first.
    pub first: u64,
    /// Place of the last; those in between that are kept are not counted.
    pub last: u64,
    /// How many of them.
    pub payloads: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// RFC 3339: they were written before this.
    pub before: String,
}
