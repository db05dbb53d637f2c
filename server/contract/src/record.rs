//! A record: what the events about one thing say together, field by field, with everything that was not taken.
//! Shapes only; how writes are merged is the journal's.

use crate::Actor;
use serde::{Deserialize, Serialize};

/// How concurrent writes of a field become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum MergePolicy {
    /// The last by (Lamport number, log, place in it) is shown; the others stay visible.
    LastWriter,
    /// What was added and not taken out by somebody who had seen it.
    Set,
    /// The sum of what was added.
    Counter,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// Text; two that changed different lines of one text are put together, others that differ are a conflict, and the last is shown.
    Text,
    /// Two that differ are a conflict, and nothing is shown until somebody decides.
    Manual,
}

/// How the writes of a field stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FieldState {
    /// There is one value, and nothing was left out.
    Settled,
    /// Written at the same time by several; one is shown by the policy.
    Concurrent,
    /// Written at the same time by several; somebody has to decide.
    Conflict,
    /// Texts that were written at the same time and put together, line by line.
    Merged,
    /// Taken away.
    Removed,
    /// Something that counts was redacted: the value is what is left without it, `null` where that is nothing. What it
    /// replaced is not brought back.
    Redacted,
}

/// One write that nobody has replaced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RecordWrite {
    /// Name of the operation, `ULID/index`: what a later write lists as replaced.
    pub op: String,
    /// `set`, `add`, `del`, `inc`, `text`, or a word of a later version.
    pub kind: String,
    /// What was written; `null` for nothing, and where it was redacted.
    pub value: serde_json::Value,
    /// Whether what it wrote was redacted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
    /// RFC 3339, the writer's wall clock; for display only.
    pub at: String,
    /// Who wrote it.
    pub actor: Actor,
    /// Whether the field's value has it.
    pub shown: bool,
    /// The operations that it replaced: what its writer had seen of this field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub saw: Vec<String>,
}

/// What a policy makes of the same writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PolicyOutcome {
    /// Which.
    pub policy: MergePolicy,
    /// How the writes would stand to each other.
    pub state: FieldState,
    /// What would be shown; `null` for nothing.
    pub value: serde_json::Value,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RecordField {
    /// Its name.
    pub field: String,
    /// How its writes are merged.
    pub policy: MergePolicy,
    /// How they stand to each other.
    pub state: FieldState,
    /// The outcome; `null` where it was taken away, or is not decided.
    pub value: serde_json::Value,
    /// The inputs: every write that nobody has replaced, in the order in which the last wins.
    pub heads: Vec<RecordWrite>,
    /// Of two texts that stand beside each other: the one that both were made from, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ancestor: Option<serde_json::Value>,
    /// Where somebody has to decide, or texts were put together: what policies would make of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyOutcome>,
}

/// A field of a record that several wrote without knowing of each other, to be resolved as a conflict of a file is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RecordConflict {
    /// What it is: `note`.
    pub kind: String,
    /// ULID of the record.
    pub entity: String,
    /// The field: `body`.
    pub field: String,
    /// What a list shows.
    pub title: String,
    /// Where it stands: `src/main.rs:3-5`, `workspace`.
    pub place: String,
    /// What happened, in words.
    pub message: String,
    /// How concurrent writes of it become one value.
    pub policy: MergePolicy,
    /// How they stand to each other.
    pub state: FieldState,
    /// What is shown now.
    pub value: serde_json::Value,
    /// `blake3:` hash of the writes that stand; a resolution is bound to them.
    pub fingerprint: String,
    /// The versions, the newest first: the first of two is `current`, the other `incoming`.
    pub sides: Vec<RecordSide>,
    /// The text that both were made from, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ancestor: Option<serde_json::Value>,
    /// What each policy would make of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyOutcome>,
    /// What may be chosen, in the order of a menu.
    pub choices: Vec<RecordChoice>,
    /// The choice that was taken, or would be in a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<String>,
    /// The event that resolved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

/// One version of a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RecordSide {
    /// Who and when, in words.
    pub label: String,
    /// The operations that wrote it; the same value by several is one version.
    pub ops: Vec<String>,
    /// Who wrote it.
    pub author: Actor,
    /// RFC 3339, the writer's clock.
    pub at: String,
    /// What was written; `null` for a removal, and where it was redacted.
    pub value: serde_json::Value,
    /// Whether it was redacted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
    /// The operations that its writer had seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub saw: Vec<String>,
    /// What its writer had seen, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub seen: String,
}

/// One way to resolve a record's conflict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RecordChoice {
    /// `current`, `incoming`, `side-3`, `auto`, `both`, `both-reversed`, `base`, `none`.
    pub choice: String,
    /// What a menu says.
    pub title: String,
    /// What the field would hold; `null` where the record would be removed.
    pub value: serde_json::Value,
}

/// `holdover journal replay --entity ID --json`: what the events about one thing say together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// ULID of the thing.
    pub entity: String,
    /// What it is: the first word of its events' kinds, `note` for example.
    pub kind: String,
    /// Events that were merged.
    pub events: u64,
    /// Events that carry no operation that could be read, redacted ones for example.
    pub passed_over: u64,
    /// Its fields, by name.
    pub fields: Vec<RecordField>,
}
