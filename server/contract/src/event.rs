//! Journal entries as readers see them. The exact bytes that are hashed and chained live in the journal.

use serde::{Deserialize, Serialize};

/// A separate chain of one device, so that bulk cannot delay what matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// Membership and policy.
    Ctl,
    /// Review threads and verdicts.
    Review,
    /// Notes.
    Notes,
    /// Checks, proofs, readiness.
    Observations,
    /// Explanations, fetches; never leaves the machine.
    Local,
    /// A lane of a later version: kept and handed on.
    #[serde(other)]
    Other,
}

/// What kind of actor did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// A person.
    Person,
    /// A program: cargo, clippy, CI.
    Tool,
    /// A language model.
    Model,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    /// Person, tool or model.
    pub kind: ActorKind,
    /// The name that is shown.
    pub name: String,
    /// For a model: its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// For a model: the version of the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
}

/// How far an event has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// Written, and may be lost with the power.
    Saved,
    /// Written and flushed.
    Durable,
    /// In a sealed segment.
    Sealed,
    /// On a remote.
    Uploaded,
    /// Another device has told that it has it.
    Seen,
}

/// One event of the journal, as `holdover journal log --json` prints it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct JournalEntry {
    /// ULID: what it is.
    pub id: String,
    /// Hex of the log's 16 bytes: whose chain it stands in.
    pub log: String,
    /// Its place in the chain, from 1.
    pub seq: u64,
    /// RFC 3339, the writer's wall clock; for display only.
    pub at: String,
    /// Who did it.
    pub actor: Actor,
    /// `fetch.finished` for example.
    pub kind: String,
    /// ULID of what it is about.
    pub entity: String,
    /// The lane of its log.
    pub lane: Lane,
    /// How far it has come.
    pub state: Delivery,
    /// Remotes that hold it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uploaded_to: Vec<String>,
    /// Names of the other devices that have told that they have it, its writer's not among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen_by: Vec<String>,
    /// Why it is shown and not relied on: its device was revoked before it, for example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// ULID of the workspace, if it belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// What happened; `null` where it was redacted.
    pub payload: serde_json::Value,
    /// Of an event whose payload was redacted: the fields that it wrote and what it replaced there, without what it said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<LeftOp>,
}

/// What is left of an operation on a field whose payload was redacted; its place in the list is its index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LeftOp {
    /// The field.
    pub field: String,
    /// `set`, `add`, `del`, `inc`, `text`, or a word of a later version.
    pub op: String,
    /// The operations that it replaced, as `ULID/index`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pred: Vec<String>,
}

/// What the command `holdover.journal` gives.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct JournalReport {
    /// The newest events that were asked for, oldest of them first.
    pub events: Vec<JournalEntry>,
}

/// A part of a text that was found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SnippetPart {
    /// The text; one line.
    pub text: String,
    /// Whether it is what was looked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hit: bool,
}

/// One event that a search found, as `holdover journal search --json` prints it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct JournalHit {
    /// The member of the payload in which it was found: `title` for example.
    pub member: String,
    /// A part of its text, with what was looked for set apart.
    pub snippet: Vec<SnippetPart>,
    /// The event.
    #[serde(flatten)]
    pub entry: JournalEntry,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct JournalSearch {
    /// Best first.
    pub hits: Vec<JournalHit>,
    /// Whether there are more than were asked for, or than were looked at.
    pub more: bool,
    /// Events that the index did not know yet.
    pub behind: u64,
}

/// What a signature says of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SignatureState {
    /// None of its own; the segment that carries it is signed.
    None,
    /// It is its device's.
    Valid,
    /// It is not, or one is missing that must be there.
    Invalid,
}

/// One event with everything that its header says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct JournalEvent {
    /// What `holdover journal log` prints of it.
    #[serde(flatten)]
    pub entry: JournalEntry,
    /// Its row in this journal.
    pub pos: u64,
    /// Hex of its chain hash, 32 bytes.
    pub hash: String,
    /// Lamport number.
    pub lamport: u64,
    /// Version of its payload's shape.
    pub kver: u16,
    /// Whether a person meant it.
    pub intent: bool,
    /// Length of the payload in bytes, also where it was redacted.
    pub payload_length: u32,
    /// Hex of the salted commitment to the payload.
    pub commitment: String,
    /// Hex of what it refers to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<String>,
    /// Its own signature.
    pub signature: SignatureState,
}

/// `holdover journal show --json`: one event, or the story of a thing or a job.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct JournalStory {
    /// The event with the id that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<JournalEvent>,
    /// The job with that id, as it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<crate::Job>,
    /// Every event about the thing with that id, in order.
    pub about: Vec<JournalEntry>,
    /// Events that name it without being about it, a redaction for example.
    pub referred: Vec<JournalEntry>,
    /// Whether there are more than are given.
    pub more: bool,
}
