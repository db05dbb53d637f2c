//! The audit trail of a file or of artifacts: what the journal knows of it, one entry an event, in words.

use crate::{Actor, Delivery};
use serde::{Deserialize, Serialize};

/// One event that concerns a file or an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TrailEntry {
    /// ULID of the event.
    pub id: String,
    /// RFC 3339, the writer's clock.
    pub at: String,
    /// The same as the clock on the wall here shows it.
    pub time: String,
    /// Who did it.
    pub actor: Actor,
    /// Their name, made fit to be shown.
    pub by: String,
    /// The event's kind.
    pub kind: String,
    /// ULID of what it is about: the note, for an event of a note.
    pub entity: String,
    /// What happened, in a few words.
    pub what: String,
    /// How far it has come.
    pub state: Delivery,
    /// The same in words.
    pub state_text: String,
    /// Remotes that hold it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uploaded_to: Vec<String>,
    /// Names of the other devices that have told that they have it; empty as long as nothing is synchronised.
    pub seen_by: Vec<String>,
}

/// What the command `holdover.trail` gives.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TrailReport {
    /// The file, relative to the workspace; empty for the workspace itself, and for artifacts.
    pub file: String,
    /// The artifacts, where it is not about a file: their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<String>,
    /// What it is about, in words.
    #[serde(default)]
    pub title: String,
    /// Newest first, at most 500.
    pub entries: Vec<TrailEntry>,
}
