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
