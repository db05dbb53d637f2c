//! Statements of checks: what they came to, signed by the device that ran them, bound to the commit and to what each depends on. A claim,
//! until it was held against what is here.

use crate::{CheckState, DeviceState};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What checks came to, as a signed statement says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CheckStatement {
    /// The envelope's file.
    pub file: PathBuf,
    /// `blake3:` of the envelope.
    pub id: String,
    /// RFC 3339: when it was stated, as its signer says.
    pub at: String,
    /// Who asked for it, by the name that was given for that.
    pub by: String,
    /// The device that signed it: its public key in hexadecimal.
    pub device: String,
    /// What this journal calls that device.
    pub device_name: String,
    /// Where it stands with this journal.
    pub device_state: Option<DeviceState>,
    /// The commit that the workspace was at, if it was a repository.
    #[serde(default)]
    pub commit: Option<String>,
    /// Whether it is of that commit, because nothing was uncommitted. If not, it is of the files alone.
    #[serde(default)]
    pub of_commit: bool,
    /// `PASSED`, `WARNED` or `FAILED`, as in-toto calls them.
    pub result: String,
    /// Each check.
    pub checks: Vec<StatedCheck>,
    /// Whether it may be believed of what is here; `None`: it was not held against anything.
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

/// What one check came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StatedCheck {
    /// Its name.
    pub name: String,
    /// Where it stood.
    pub state: CheckState,
    /// `PASSED`, `WARNED` or `FAILED`; a check that could not be run is no pass.
    pub result: String,
    /// How much it found.
    pub findings: u64,
    /// What its tool says of its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Hash of the names and contents of the files that it depends on: the same on every machine.
    pub sources: String,
    /// RFC 3339: when it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran_at: Option<String>,
}
