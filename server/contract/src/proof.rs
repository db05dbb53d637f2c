//! Proof runs: builds and tests that were run with the network kept from them, and who reached for it all the same.
//! What was said of other inputs than those that are here is a proof of nothing.

use crate::Range;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A build that passed, or did not, with the network denied.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// RFC 3339.
    pub at: String,
    /// Commit of the workspace, if it is a repository.
    pub commit: Option<String>,
    /// `blake3:` over lockfiles, toolchain and configuration.
    pub inputs: String,
    /// What was run.
    pub command: String,
    /// Whether everything that was run succeeded, and nobody reached for the network.
    pub passed: bool,
    /// What it came to.
    #[serde(default)]
    pub state: ProofState,
    /// How the network was kept from it: `namespace`, `calls` or `none`.
    #[serde(default)]
    pub strength: String,
    /// Whether who reaches for the network is named; without it, it is only known that somebody did.
    #[serde(default)]
    pub watched: bool,
    /// What was run, in order; what comes after a failure is not run.
    #[serde(default)]
    pub steps: Vec<ProofStep>,
    /// Who reached for the network.
    #[serde(default)]
    pub reaches: Vec<Reach>,
    /// What was refused without a word on who it was.
    #[serde(default)]
    pub unnamed: u64,
    /// What it is bound to, by name: files relative to the workspace, tools, the commit and the commands.
    #[serde(default)]
    pub bound: Vec<ProofInput>,
    /// The versions of the tools that ran, in their own words.
    #[serde(default)]
    pub tools: Vec<ProofInput>,
    /// Of those that it is bound to, what has changed since, by name; empty where all of it is the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// What kept old artifacts from hiding a hole, and what the system refused, in words.
    #[serde(default)]
    pub remarks: Vec<String>,
    /// The answer in words.
    #[serde(default)]
    pub text: String,
}

/// What a proof run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ProofState {
    /// Everything passed, and nobody reached for the network.
    Proven,
    /// Somebody reached for the network, whatever became of the build.
    Reached,
    /// Something failed, and nobody reached for the network.
    Failed,
    /// It was stopped, or ran past its time.
    Stopped,
    /// Nothing on this machine keeps the network from it, so nothing was run; or there was nothing to run.
    #[default]
    Unknown,
}

/// One command of a proof run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProofStep {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Where it ran, relative to the workspace.
    pub folder: PathBuf,
    /// `None`: it was not run.
    pub passed: Option<bool>,
    /// How it ended, in words.
    pub ended: String,
    /// The end of its output, where it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tail: String,
}

/// Somebody who reached for the network.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Reach {
    /// The program's file name.
    pub program: String,
    /// The script that it ran, relative to the workspace where it lies there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<PathBuf>,
    /// The programs that started it, nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ancestors: Vec<String>,
    /// The package for which it ran, `name version`, as cargo or npm say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// The script of npm: `postinstall` for example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<String>,
    /// The name that was asked for, else the address.
    pub host: String,
    /// The port; `None` where nobody got as far, or there is none.
    pub port: Option<u16>,
    /// `tcp`, `udp`, `raw`, `name` (its address was asked for, and nothing else) or `service` (a service of this machine that has the
    /// network).
    pub way: String,
    /// How often.
    pub times: u64,
    /// Which of the steps it was, from 0.
    pub step: u64,
    /// The last line of that step's output before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// Its number, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_number: Option<u64>,
    /// The file that brings it in, relative to the workspace.
    #[serde(default)]
    pub file: PathBuf,
    /// The place in that file.
    #[serde(default)]
    pub range: Range,
    /// All of it in a sentence.
    #[serde(default)]
    pub text: String,
}

/// One thing that a proof is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProofInput {
    /// `Cargo.lock`, `commit`, `cargo`, …
    pub name: String,
    /// `blake3:` of what it was, or the commit; `absent` where there was none.
    pub is: String,
}
