//! How far events have come: written, flushed, sealed, on a remote, with others.
//! Says it of events by their ids; what they say is in `event`.

use crate::Delivery;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How far one event has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeliveryEntry {
    /// ULID of the event.
    pub id: String,
    /// ULID of what it is about: the note, for an event of a note.
    pub entity: String,
    /// How far it has come.
    pub state: Delivery,
    /// The same in words, with who has it.
    pub state_text: String,
    /// Remotes that hold it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uploaded_to: Vec<String>,
    /// Names of the other devices that have told that they have it.
    #[serde(default)]
    pub seen_by: Vec<String>,
}

/// What the command `holdover.delivery` gives.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeliveryReport {
    /// In the order in which they were asked for; ids that the journal does not know are left out.
    pub entries: Vec<DeliveryEntry>,
}

/// What the notification `holdover/didChangeDelivery` carries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeliveryChange {
    /// Absolute path of the workspace.
    pub workspace: PathBuf,
    /// Events of its notes that have come further, at most 500. Others may have, too: what is shown of them is asked for again.
    pub entries: Vec<DeliveryEntry>,
    /// Whether there are more than these.
    pub more: bool,
}
