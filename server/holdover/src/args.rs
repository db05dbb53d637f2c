//! The command line, as `docs/protocol.md` fixes it.

use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Developing software without a network: is everything here, and will it build?
#[derive(Debug, Parser)]
#[command(name = "holdover", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub command: Command,
    /// Print one JSON document, or one per line where the command streams
    #[arg(long, global = true)]
    pub json: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Print less
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print more
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Language server on stdio
    Lsp(Lsp),
    /// Connectivity, readiness, functions, caches and mirrors in one view
    Status {
        /// Workspace, or a folder or file in it
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Is this workspace ready for no network?
    Preflight(Preflight),
    /// Let this workspace's configured commands run
    Trust {
        /// Workspace, or a folder or file in it
        #[arg(default_value = ".")]
        path: PathBuf,
        /// Take trust back
        #[arg(long)]
        revoke: bool,
    },
    /// Forced offline: no connection by any Holdover process or tool it starts
    Offline {
        /// `on`, `off` (connections are tried even without a route) or `auto`; without it, what holds now
        mode: Option<Mode>,
    },
    /// The record of what was done and decided
    Journal {
        #[command(subcommand)]
        command: crate::commands::journal::Command,
    },
    /// What is set up, what is not, and the next step for each
    Doctor {
        /// Workspace, or a folder or file in it
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Shell completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Manual pages
    Man {
        /// The command whose page is wanted; without it, `holdover`'s own
        #[arg(value_name = "COMMAND", conflicts_with = "to")]
        command: Vec<String>,
        /// Write every page into this folder, which is made where it is not there
        #[arg(long, value_name = "FOLDER")]
        to: Option<PathBuf>,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Lsp {
    /// Accepted for editors that pass it; stdio is the only way
    #[arg(long)]
    pub stdio: bool,
    /// Write the client's traffic to a file
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Take the client's traffic from a recorded file in place of stdin
    #[arg(long, value_name = "FILE", conflicts_with = "record")]
    pub replay: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Preflight {
    /// Workspace, or a folder or file in it
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Get what is missing, with the ecosystem's own tools
    #[arg(long)]
    pub fetch: bool,
    /// With --fetch: say what would be run, and run nothing
    #[arg(long, requires = "fetch")]
    pub dry_run: bool,
    /// Compare every checksum
    #[arg(long)]
    pub deep: bool,
    /// List every artifact, not only those that are not here
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    On,
    Off,
    Auto,
}

/// How many; what is not a number of things is said so in words.
pub(crate) fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("this takes a whole number from 0 on, 20 for example, and not `{text}`"))
}
