//! Snapshots: a signed statement of what was here and verified, by whom and when. A claim, until it was held against what is here.

use crate::{DeviceState, ProofInput, ReadinessState};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What `holdover snapshot` prints.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The envelope's file, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// `blake3:` of the envelope.
    pub id: String,
    /// RFC 3339: when everything was verified, as its signer says.
    pub at: String,
    /// Who asked for it, by the name that was given for that.
    pub by: String,
    /// The device that signed it: its public key in hexadecimal.
    pub device: String,
    /// What this journal calls that device.
    #[serde(default)]
    pub device_name: String,
    /// Where it stands with this journal; `None` before it was asked.
    #[serde(default)]
    pub device_state: Option<DeviceState>,
    /// Commit of the workspace, if it was a repository.
    #[serde(default)]
    pub commit: Option<String>,
    /// Target triple it was judged for.
    pub target: String,
    /// What the answer was then.
    pub state: ReadinessState,
    /// The lockfiles, by their path in the workspace, with their SHA-256.
    pub lockfiles: Vec<ProofInput>,
    /// Artifacts that the target needs, all of which were here.
    pub artifacts: u64,
    /// Files whose checksum was compared with the lockfile's.
    pub checksums: u64,
    /// The versions of tools, in their own words.
    #[serde(default)]
    pub tools: Vec<ProofInput>,
    /// What the last proof run had come to, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
    /// Whether it may be believed, here and now; `None`: it was not held against anything.
    #[serde(default)]
    pub holds: Option<bool>,
    /// What stands against it.
    #[serde(default)]
    pub problems: Vec<String>,
    /// What differs and does not stand against it.
    #[serde(default)]
    pub remarks: Vec<String>,
    /// All of it in a sentence.
    #[serde(default)]
    pub text: String,
}
