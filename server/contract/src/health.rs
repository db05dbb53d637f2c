//! How synchronisation does, in figures, and what in them a person should look at.

use crate::Lane;
use serde::{Deserialize, Serialize};

/// A project's synchronisation in figures.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SyncHealth {
    /// One entry a remote.
    pub remotes: Vec<RemoteHealth>,
    /// One entry for each device of which something is here.
    pub devices: Vec<DeviceHealth>,
    /// Events that people meant: membership, reviews, notes; of all devices.
    pub writes: u64,
    /// Records that are in conflict now.
    pub conflicts: u64,
    /// The same for each thousand of these events, rounded up.
    pub conflicts_per_thousand: u64,
    /// What a person should look at, most urgent first.
    pub drift: Vec<SyncDrift>,
}

/// One remote in figures.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RemoteHealth {
    /// What the user calls it.
    pub name: String,
    /// Events of this device that it does not hold.
    pub depth: u64,
    /// Seconds that the oldest of them has waited.
    pub lag_seconds: u64,
    /// Attempts since the last that went to its end.
    pub retries: u32,
    /// Seconds since that one; `None`: there was none.
    pub reached_seconds: Option<u64>,
    /// Things on it, or for it, that were refused and are not settled.
    pub rejected: u64,
    /// The most attempts with one of them.
    pub rejected_attempts: u32,
    /// Segments that came from it, and their bytes.
    pub segments: u64,
    #[expect(missing_docs, reason = "see above")]
    pub bytes: u64,
    /// It is left alone, as the user said.
    pub paused: bool,
    /// The same by lane.
    pub lanes: Vec<LaneHealth>,
}

/// One lane of this device's events, for one remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LaneHealth {
    /// The lane.
    pub lane: Lane,
    /// Events that the remote does not hold.
    pub depth: u64,
    /// Seconds that the oldest of them has waited.
    pub lag_seconds: u64,
    /// Events that it holds and no other device has told that it has.
    pub unseen: u64,
}

/// One device in figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeviceHealth {
    /// What it is called, where that is known.
    pub name: String,
    /// The beginning of its key, in hex.
    pub id: String,
    /// Whether it is this one.
    pub own: bool,
    /// Events that people meant, of this device.
    pub writes: u64,
    /// Seconds since it wrote the last that is here, by its own clock.
    pub silent_seconds: Option<u64>,
}

/// A pattern in the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DriftPattern {
    /// Something that people meant waits longer than it should.
    Waiting,
    /// Something is refused again and again.
    Refused,
    /// A remote was not reached for long, so what others wrote is not here.
    Unreached,
    /// Many records are in conflict.
    Conflicts,
    /// A device was not heard of for long.
    Silent,
}

/// One thing that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SyncDrift {
    /// The pattern.
    pub pattern: DriftPattern,
    /// The remote or device that it was seen at, if it was one.
    pub about: Option<String>,
    /// What happened, and the next step, in words.
    pub text: String,
}
