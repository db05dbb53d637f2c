//! Findings, the places they point at, and the edits and actions that answer them.
//! Positions are editor-neutral: lines with UTF-16 columns, and byte offsets beside them.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A point in a text. `line` and `utf16` are zero-based; `byte` counts UTF-8 bytes from the start of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Position {
    /// Zero-based line.
    pub line: u32,
    /// Zero-based column in UTF-16 code units.
    pub utf16: u32,
    /// Zero-based offset in UTF-8 bytes from the start of the file.
    pub byte: u64,
}

/// A few words that an editor shows behind something in a text without being part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Hint {
    /// Where.
    pub position: Position,
    /// The words.
    pub text: String,
    /// What is said where somebody asks for more.
    pub detail: String,
}

/// A half-open stretch of text: `start` is in it, `end` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Range {
    /// First position inside.
    pub start: Position,
    /// First position after.
    pub end: Position,
}

/// How much a finding matters. The order is LSP's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The work that was asked for will not succeed.
    Error,
    /// It will probably not do what was meant.
    Warning,
    /// Worth knowing.
    Information,
    /// The quietest: a place to hang something on.
    Hint,
}

/// Which half of a conflict, in the words of the marker that opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Above the separator.
    Current,
    /// Below the separator.
    Incoming,
}

/// Something to say about a place in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// A documented kebab-case code, see [`codes`].
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// What happened, where, and what to do next, in plain words.
    pub message: String,
    /// Absolute path of the file.
    pub file: PathBuf,
    /// The place.
    pub range: Range,
    /// `holdover`, or the name of the tool that said so.
    pub source: String,
    /// What an action needs to know about it (an artifact's id, a region's fingerprint).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<serde_json::Value>,
}

/// A replacement of one stretch of one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Edit {
    /// Absolute path of the file.
    pub file: PathBuf,
    /// What is replaced.
    pub range: Range,
    /// What it is replaced with.
    pub text: String,
    /// `blake3:` hash of the text that is replaced; an edit whose target no longer has it must not be applied.
    pub fingerprint: String,
}

/// Something an editor may offer at a place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Action {
    /// What the menu says.
    pub title: String,
    /// The action's name, `conflict.accept-current` or `inventory.fetch` for example.
    pub action: String,
    /// Codes of the findings that it answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<String>,
    /// The place it was offered for.
    pub range: Range,
    /// What is needed to carry it out.
    #[serde(default)]
    pub data: serde_json::Value,
}

/// The codes of findings, one page each under `docs/diagnostics/`.
pub mod codes {
    /// An artifact that this target needs is in no cache.
    pub const MISSING_ARTIFACT: &str = "missing-artifact";
    /// An artifact is there and its checksum does not match the lockfile.
    pub const CORRUPT_ARTIFACT: &str = "corrupt-artifact";
    /// An artifact is there and older than what the lockfile or a policy asks for.
    pub const STALE_ARTIFACT: &str = "stale-artifact";
    /// A manifest names a dependency that the lockfile does not.
    pub const UNLOCKED_DEPENDENCY: &str = "unlocked-dependency";
    /// A lockfile cannot be read at a place.
    pub const MALFORMED_LOCKFILE: &str = "malformed-lockfile";
    /// It could not be told whether an artifact is here.
    pub const UNKNOWN_ARTIFACT: &str = "unknown-artifact";
    /// Something in a build or a test reached for the network in a proof run.
    pub const NETWORK_IN_BUILD: &str = "network-in-build";
    /// What a proof run was about has changed since.
    pub const STALE_PROOF: &str = "stale-proof";
    /// Something came into a cache longer ago than the workspace wants.
    pub const ARTIFACT_TOO_OLD: &str = "artifact-too-old";
    /// Something was withdrawn by its authors, or they advise against it.
    pub const ARTIFACT_DEPRECATED: &str = "artifact-deprecated";
    /// Packages come from a registry that the workspace does not allow.
    pub const REGISTRY_NOT_ALLOWED: &str = "registry-not-allowed";
    /// A workspace uses more of a cache than it wants.
    pub const CACHE_OVER_QUOTA: &str = "cache-over-quota";
    /// A signature does not hold, or is of something else.
    pub const SIGNATURE_INVALID: &str = "signature-invalid";
    /// A rule asks for signatures, and there is none here.
    pub const SIGNATURE_MISSING: &str = "signature-missing";
    /// A credential or certificate has ended.
    pub const CREDENTIAL_EXPIRED: &str = "credential-expired";
    /// A credential or certificate ends within a week.
    pub const CREDENTIAL_EXPIRES: &str = "credential-expires";
    /// A certificate or signing key that settings name is not there.
    pub const CREDENTIAL_MISSING: &str = "credential-missing";
    /// A rule about freshness could not be judged.
    pub const FRESHNESS_UNKNOWN: &str = "freshness-unknown";
    /// A thread of a review stands here and is open.
    pub const REVIEW_THREAD: &str = "review-thread";
    /// A conflict between two versions of a text.
    pub const MERGE_CONFLICT: &str = "merge-conflict";
    /// A conflict marker without its counterparts.
    pub const MALFORMED_CONFLICT: &str = "malformed-conflict";
    /// A key or value in `holdover.toml` that has no meaning.
    pub const UNKNOWN_SETTING: &str = "unknown-setting";
    /// A line downloads something by its address.
    pub const NETWORK_DOWNLOAD: &str = "network-download";
    /// A line fetches from a repository.
    pub const NETWORK_CLONE: &str = "network-clone";
    /// A line installs packages of the operating system.
    pub const NETWORK_SYSTEM_PACKAGES: &str = "network-system-packages";
    /// A line installs a tool from a registry.
    pub const NETWORK_TOOL_INSTALL: &str = "network-tool-install";
    /// A line fetches a tool and runs it.
    pub const NETWORK_TOOL_RUN: &str = "network-tool-run";
    /// A line pulls or runs an image.
    pub const NETWORK_IMAGE_PULL: &str = "network-image-pull";
    /// A line downloads a toolchain.
    pub const NETWORK_TOOLCHAIN: &str = "network-toolchain";
    /// Cargo is called so that it may ask the registry.
    pub const CARGO_NOT_OFFLINE: &str = "cargo-not-offline";
    /// npm, pnpm, Yarn or Bun is called so that it asks the registry.
    pub const NPM_NOT_OFFLINE: &str = "npm-not-offline";
    /// pip, Poetry, Pipenv, PDM or conda is called so that it asks an index.
    pub const PIP_NOT_OFFLINE: &str = "pip-not-offline";
    /// uv is called so that it may ask an index.
    pub const UV_NOT_OFFLINE: &str = "uv-not-offline";
    /// Go is called so that it asks a module proxy.
    pub const GO_NOT_OFFLINE: &str = "go-not-offline";
    /// Maven or Gradle is called so that it may ask repositories.
    pub const JVM_NOT_OFFLINE: &str = "jvm-not-offline";
    /// A package manager of another language is called so that it asks its registry.
    pub const PACKAGES_NOT_OFFLINE: &str = "packages-not-offline";
    /// An image that is built on or run is not on this machine.
    pub const IMAGE_NOT_HERE: &str = "image-not-here";
    /// An image is named by a tag alone.
    pub const IMAGE_WITHOUT_DIGEST: &str = "image-without-digest";
    /// A Dockerfile names a program that reads it and is fetched.
    pub const DOCKERFILE_FRONTEND: &str = "dockerfile-frontend";
    /// A Dockerfile adds something by its address.
    pub const DOCKERFILE_ADD_URL: &str = "dockerfile-add-url";
    /// A workflow uses an action that is not named by its commit.
    pub const ACTION_NOT_PINNED: &str = "action-not-pinned";
    /// A job fetches packages and keeps no cache of them.
    pub const CI_WITHOUT_CACHE: &str = "ci-without-cache";
    /// A pipeline takes in a file of another place.
    pub const CI_REMOTE_INCLUDE: &str = "ci-remote-include";
    /// A dependency is a repository that is not named by its commit.
    pub const GIT_DEPENDENCY_NOT_PINNED: &str = "git-dependency-not-pinned";
    /// A dependency is an address.
    pub const URL_DEPENDENCY: &str = "url-dependency";
    /// A dependency names no fixed version.
    pub const VERSION_NOT_FIXED: &str = "version-not-fixed";
    /// A requirement names no single version.
    pub const REQUIREMENT_NOT_PINNED: &str = "requirement-not-pinned";
    /// A build script depends on what downloads.
    pub const BUILD_DEPENDENCY_DOWNLOADS: &str = "build-dependency-downloads";
    /// What an install script downloads is not on this machine.
    pub const BROWSER_NOT_HERE: &str = "browser-not-here";
    /// A build script downloads something.
    pub const BUILD_SCRIPT_DOWNLOADS: &str = "build-script-downloads";
    /// A test asks a host elsewhere.
    pub const TEST_REACHES_NETWORK: &str = "test-reaches-network";
    /// A test starts a container of an image that is not on this machine.
    pub const TEST_IMAGE_NOT_HERE: &str = "test-image-not-here";
    /// A toolchain that a project names is not on this machine.
    pub const TOOLCHAIN_NOT_HERE: &str = "toolchain-not-here";
    /// What a wrapper downloads is not on this machine.
    pub const WRAPPER_NOT_HERE: &str = "wrapper-not-here";
    /// Hooks of pre-commit are not on this machine.
    pub const HOOK_NOT_HERE: &str = "hook-not-here";
    /// A submodule is not on this machine.
    pub const SUBMODULE_NOT_HERE: &str = "submodule-not-here";
    /// A module of Terraform is not on this machine.
    pub const TERRAFORM_MODULE_NOT_HERE: &str = "terraform-module-not-here";
    /// A provider of Terraform is not on this machine.
    pub const TERRAFORM_PROVIDER_NOT_HERE: &str = "terraform-provider-not-here";
    /// A check could not say what it was to say: its tool failed, was stopped, or said what is not understood.
    pub const CHECK_FAILED: &str = "check-failed";
    /// A step that builds or tests failed.
    pub const BUILD_FAILED: &str = "build-failed";
    /// Synchronisation goes on, and in a way that a person should look at.
    pub const SYNC_DRIFT: &str = "sync-drift";
    /// A linter reached for the network.
    pub const NETWORK_IN_CHECK: &str = "network-in-check";
    /// An allowance gives no reason.
    pub const ALLOWANCE_WITHOUT_REASON: &str = "allowance-without-reason";
    /// An allowance allows nothing.
    pub const ALLOWANCE_UNUSED: &str = "allowance-unused";
}
