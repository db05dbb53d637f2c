//! Artifacts and readiness: what a build needs, and whether it is here.
//! Counts are for one target; what only other targets need is counted apart.

use crate::Range;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Whether an artifact is here. Never guessed: what cannot be told is [`ArtifactState::Unknown`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ArtifactState {
    /// In the cache where the tool looks for it offline.
    Present,
    /// In none of the places where the tool looks.
    Missing,
    /// There, and not what the lockfile's checksum says.
    Corrupt,
    /// There, and older than a policy or the lockfile asks for.
    Stale,
    /// Could not be told; the evidence says why.
    Unknown,
}

/// One thing that a build needs: a crate, a tarball, a wheel, an image, a submodule's commit, a toolchain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// `<ecosystem>:<name>@<version>`, unique within one lockfile (npm adds `#<path>` where a version stands twice).
    pub id: String,
    /// `cargo`, `npm`, ….
    pub ecosystem: String,
    /// Name as the lockfile has it.
    pub name: String,
    /// Version as the lockfile has it.
    pub version: String,
    /// Whether it is here.
    pub state: ArtifactState,
    /// One sentence: what was seen, or what was looked for and where.
    pub evidence: String,
    /// Paths that were looked at, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looked_in: Vec<PathBuf>,
    /// Whether its checksum was compared with the lockfile's since the file last changed.
    pub verified: bool,
    /// Who needs it, nearest first: `name version` of each direct dependent, or the workspace member's name.
    pub needed_by: Vec<String>,
    /// The target it was judged for; `None` where every target needs the same.
    pub target: Option<String>,
    /// `true`: this target does not need it, another does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_target: bool,
    /// `true`: only development needs it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dev: bool,
    /// `true`: the lockfile calls it optional.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Size in bytes where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Absolute path of the lockfile that names it.
    pub file: PathBuf,
    /// Where the lockfile names it.
    pub range: Range,
    /// Lines of manifests that bring it in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub manifests: Vec<ManifestLine>,
}

/// A line of a manifest that brings an artifact in, directly or through others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ManifestLine {
    /// Absolute path of the manifest.
    pub file: PathBuf,
    /// The dependency's key.
    pub range: Range,
    /// The dependency that stands there.
    pub dependency: String,
    /// `true`: the artifact itself stands there; `false`: something that needs it does.
    pub direct: bool,
}

/// The answer to "will it build without a network?".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ReadinessState {
    /// Everything this target needs is here.
    Ready,
    /// Something is missing or corrupt.
    Incomplete,
    /// Nothing is known to be missing, and something could not be told.
    #[default]
    Unknown,
    /// Ready, and a build with the network denied has shown it for these inputs.
    Proven,
    /// Was proven, and the inputs have changed since.
    StaleProof,
}

/// Counts for one workspace and one target. `total = present + missing + corrupt + stale + unknown`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// The answer.
    pub state: ReadinessState,
    /// Target triple the counts are for.
    pub target: String,
    /// Artifacts this target needs.
    pub total: u64,
    /// Of those, here.
    pub present: u64,
    /// Of those, nowhere.
    pub missing: u64,
    /// Of those, here and damaged.
    pub corrupt: u64,
    /// Of those, here and too old.
    pub stale: u64,
    /// Of those, could not be told.
    pub unknown: u64,
    /// Of those present, with a checksum compared since the file last changed.
    pub verified: u64,
    /// Artifacts that only other targets need; not in `total`.
    pub other_targets: u64,
    /// The same, by ecosystem and lockfile.
    pub ecosystems: Vec<EcosystemReadiness>,
    /// The last proof run, if there was one.
    pub proof: Option<crate::Proof>,
    /// The last signed snapshot that was made here, if there was one.
    #[serde(default)]
    pub snapshot: Option<crate::Snapshot>,
    /// RFC 3339: when the last look ended; `None` before the first one.
    #[serde(default)]
    pub checked_at: Option<String>,
    /// The answer in words, the same in every front end: `not ready: 3 missing, 1 corrupt` for example.
    #[serde(default)]
    pub text: String,
}

/// Counts for one lockfile.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EcosystemReadiness {
    /// `cargo`, `npm`, ….
    pub name: String,
    /// The lockfile, relative to the workspace.
    pub lockfile: PathBuf,
    /// See [`Readiness::total`].
    pub total: u64,
    /// See [`Readiness::present`].
    pub present: u64,
    /// See [`Readiness::missing`].
    pub missing: u64,
    /// See [`Readiness::corrupt`].
    pub corrupt: u64,
    /// See [`Readiness::stale`].
    pub stale: u64,
    /// See [`Readiness::unknown`].
    pub unknown: u64,
    /// See [`Readiness::verified`].
    pub verified: u64,
    /// See [`Readiness::other_targets`].
    pub other_targets: u64,
    /// Bytes of what is here, as far as sizes are known; `None` where none is.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// The counts in words: `140 of 141 here, 1 missing` for example.
    #[serde(default)]
    pub text: String,
    /// Why the lockfile as a whole could not be judged, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What `holdover preflight --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PreflightReport {
    /// Absolute path of the workspace.
    pub workspace: PathBuf,
    /// The counts.
    pub readiness: Readiness,
    /// Artifacts that are not present; all of them with `--all`.
    pub artifacts: Vec<Artifact>,
    /// What is wrong with lockfiles and manifests themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<crate::Finding>,
    /// With `--pack`: what else travels along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pack: Vec<crate::PackItem>,
    /// With `--fetch`: what was done before this report was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch: Option<crate::FetchOutcome>,
}
