//! Devices: who may write to what is shared, as `holdover device` shows it.

use serde::{Deserialize, Serialize};

/// What a device is used by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// A person; may invite and revoke.
    #[default]
    Person,
    /// A program that works for somebody.
    Tool,
    /// Continuous integration.
    Ci,
}

/// Where a device stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DeviceState {
    /// What it writes counts.
    Member,
    /// It was a member until a time that has passed; what it wrote before counts.
    Expired,
    /// A member took it out; what it wrote up to the cut-off counts.
    Revoked,
    /// It asked, and no member has answered.
    Asking,
    /// Nobody has enrolled it; what came from it is kept apart.
    Unknown,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Its Ed25519 key in hex: what it is.
    pub id: String,
    /// What it is called. Never a host's name by itself.
    pub name: String,
    /// What it is used by.
    pub kind: DeviceKind,
    /// Where it stands.
    pub state: DeviceState,
    /// Whether it is this one.
    pub own: bool,
    /// Whether membership begins with it.
    pub root: bool,
    /// RFC 3339, until when it counts, where that is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// Id of the device that enrolled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolled_by: Option<String>,
    /// Events of it that are here.
    pub events: u64,
    /// Of those, the ones that are shown and not relied on.
    pub held: u64,
    /// What of it is kept apart, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantined: Vec<QuarantinedSegment>,
}

/// A run of events that came and was not let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct QuarantinedSegment {
    /// Hash of the segment in hex; the beginning of it names it.
    #[serde(default)]
    pub id: String,
    /// The log in hex.
    pub log: String,
    /// Place of the first event.
    pub first: u64,
    /// Place of the last.
    pub last: u64,
    /// `unknown-device`, `revoked`, `clock-jump`, `follows` or `fork`.
    pub reason: String,
    /// Why, in words.
    pub detail: String,
    /// RFC 3339, when it came.
    pub at: String,
}

/// What `holdover device list --json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeviceReport {
    /// This device first, then by name.
    pub devices: Vec<Device>,
}

/// Which devices have a say in who is in, and how many of them must sign the next set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RootSet {
    /// Hash of what is signed, in hex; the beginning of it names one that waits.
    pub id: String,
    /// 0: nobody has named one, and every member that a person uses has a say.
    pub version: u64,
    /// How many of its devices must sign the next.
    pub threshold: u32,
    /// Ids of its devices.
    pub devices: Vec<String>,
    /// Ids of the devices that have signed it, of the set before it or of its own.
    pub signed_by: Vec<String>,
}

/// What `holdover device roots --json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RootReport {
    /// The one in force.
    pub now: RootSet,
    /// Those that were named to follow it and are not signed by enough.
    pub waiting: Vec<RootSet>,
}

/// What a step of letting a device in has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum JoinStep {
    /// This device asks; the file goes to the device that invited.
    Asked,
    /// The device that asked is let in; the file goes back to it.
    Answered,
    /// This device is in.
    Joined,
    /// Nothing that was new.
    Nothing,
}

/// What `holdover device join --json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct JoinReport {
    /// What was done.
    pub step: JoinStep,
    /// The device that it was done for.
    pub device: Device,
    /// What has to be carried to the other side next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<std::path::PathBuf>,
}
