//! The command line, as `docs/protocol.md` fixes it.

use clap::{Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// Developing software without a network: is everything here, and will it build?
#[derive(Debug, Parser)]
#[command(name = "holdover", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct CommandLine<C: Subcommand> {
    #[command(subcommand)]
    pub command: C,
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

/// The command line with every command.
pub(crate) type Args = CommandLine<Command>;

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
        /// Ask the registries of a trusted workspace how they answer
        #[arg(long)]
        ask: bool,
    },
    /// Is this workspace ready for no network?
    Preflight(Preflight),
    /// What reaches for a network here, and what do the project's linters find?
    Check(crate::commands::check::Options),
    /// What do the last lines of a log say: first error, probable reason, lines in groups
    Log(crate::commands::log::Options),
    /// What lines of a file are, what is known of them, and what a model says
    Explain(crate::commands::explain::Options),
    /// Which requirements leave the version open, and pin them to what is locked
    Pin(crate::commands::pin::Options),
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
    /// Notes on a workspace, a file or lines of it
    Note {
        #[command(subcommand)]
        command: Note,
    },
    /// Code review without a server: threads and verdicts on a branch, exchanged with colleagues
    Review {
        #[command(subcommand)]
        command: crate::commands::review::Command,
    },
    /// List merge conflicts, or resolve them
    Conflicts(crate::commands::conflicts::Options),
    /// Git's driver of merges: trusted merges, else markers as git writes them
    MergeDriver(crate::commands::merge_driver::Options),
    /// Which devices may write to what is shared
    Device {
        #[command(subcommand)]
        command: crate::commands::device::Command,
    },
    /// Exchange what is shared with this project's remotes
    Sync(crate::commands::sync::Options),
    /// Storage that this project is shared over
    Remote {
        #[command(subcommand)]
        command: crate::commands::remote::Command,
    },
    /// Local models, which explain without a network
    Model {
        #[command(subcommand)]
        command: crate::commands::model::Command,
    },
    /// What waits for each remote, and why
    Queue(crate::commands::queue::Options),
    /// A signed statement of what is here and verified
    Snapshot {
        #[command(subcommand)]
        command: crate::commands::snapshot::Command,
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

/// What is run most, and waited for: to know these takes a tenth of what it takes to know every command with its options.
#[derive(Debug, Subcommand)]
enum Often {
    Lsp(Lsp),
    Preflight(Preflight),
}

impl Args {
    /// The arguments where they are a command that is run often and nothing is wrong with them; else all commands have to be
    /// asked, and say what is wrong.
    pub fn of_often(given: &[OsString]) -> Option<Self> {
        if !given.iter().any(|argument| argument == "lsp" || argument == "preflight") {
            return None;
        }
        let CommandLine { command, json, color, quiet, verbose } = CommandLine::<Often>::try_parse_from(given).ok()?;
        let command = match command {
            Often::Lsp(lsp) => Command::Lsp(lsp),
            Often::Preflight(preflight) => Command::Preflight(preflight),
        };
        Some(Self { command, json, color, quiet, verbose })
    }
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
#[command(group = clap::ArgGroup::new("bringing").args(["fetch", "pack"]).multiple(true))]
pub(crate) struct Preflight {
    /// Workspace, or a folder or file in it
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Get what is missing, with the ecosystem's own tools
    #[arg(long)]
    pub fetch: bool,
    /// Also bring what travels along by `pack.*`: other branches, refs for review
    #[arg(long)]
    pub pack: bool,
    /// With --fetch or --pack: say what would be run, and run nothing
    #[arg(long, requires = "bringing")]
    pub dry_run: bool,
    /// Compare every checksum
    #[arg(long)]
    pub deep: bool,
    /// Run the build and the tests with the network kept from them
    #[arg(long)]
    pub prove: bool,
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

#[derive(Debug, Subcommand)]
pub(crate) enum Note {
    /// Write a note
    Add {
        /// What it stands on: a file, or lines of it; without it, the workspace
        #[arg(value_name = "FILE[:LINE[-LINE]]", value_parser = place, conflicts_with = "draft")]
        place: Option<Place>,
        /// Its text, Markdown; without it, standard input or your editor
        #[arg(short, long, value_name = "TEXT")]
        message: Option<String>,
        /// For colleagues too, once the workspace is synchronised; else it stays on this machine
        #[arg(long)]
        shared: bool,
        /// Take up a draft again that was not saved
        #[arg(long, value_name = "ID")]
        draft: Option<String>,
    },
    /// Print notes, with where they stand now, and what was not saved
    List {
        /// Workspace, or a folder or file in it: only notes on that
        #[arg(default_value = ".")]
        path: PathBuf,
        /// Only those for colleagues too
        #[arg(long, conflicts_with = "personal")]
        shared: bool,
        /// Only those that stay on this machine
        #[arg(long)]
        personal: bool,
        /// Only those that this person added
        #[arg(long, value_name = "NAME")]
        author: Option<String>,
        /// Only those that hold these words
        #[arg(long, value_name = "WORDS")]
        text: Option<String>,
        /// Removed ones too
        #[arg(long)]
        removed: bool,
    },
    /// Print all of one note
    Show {
        /// The note's id, or the end of it
        id: String,
        /// Workspace, or a folder or file in it
        #[arg(long, value_name = "PATH", default_value = ".")]
        workspace: PathBuf,
    },
    /// Write a note anew
    Edit {
        /// The note's id, or the end of it
        id: String,
        /// Its text, Markdown; without it, standard input or your editor
        #[arg(short, long, value_name = "TEXT")]
        message: Option<String>,
        /// Workspace, or a folder or file in it
        #[arg(long, value_name = "PATH", default_value = ".")]
        workspace: PathBuf,
    },
    /// Put a note to another place: when its lines are gone, or it stands on the wrong ones
    Move {
        /// The note's id, or the end of it
        id: String,
        /// What it is to stand on: a file, or lines of it; the workspace's own folder for the workspace
        #[arg(value_name = "FILE[:LINE[-LINE]]", value_parser = place)]
        place: Place,
    },
    /// Remove a note, or throw a draft away
    Remove {
        /// Its id, or the end of it
        id: String,
        /// Workspace, or a folder or file in it
        #[arg(long, value_name = "PATH", default_value = ".")]
        workspace: PathBuf,
    },
}

/// A file, and lines of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub file: PathBuf,
    /// First and last, from 1.
    lines: Option<(u32, u32)>,
}

impl Place {
    /// First line, zero-based, and how many.
    pub fn lines(&self) -> Option<(u32, u32)> {
        self.lines.map(|(first, last)| (first - 1, last - first + 1))
    }
}

/// `FILE`, `FILE:LINE` or `FILE:LINE-LINE`; a file whose own name ends so is that file.
pub(crate) fn place(text: &str) -> Result<Place, String> {
    let whole = || Place { file: PathBuf::from(text), lines: None };
    let Some((file, lines)) = text.rsplit_once(':').filter(|_| !std::path::Path::new(text).exists()) else {
        return Ok(whole());
    };
    let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
    if file.is_empty() || lines.is_empty() || !lines.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(whole());
    }
    let line = |text: &str| text.parse::<u32>().ok().filter(|line| *line > 0);
    match (line(first), line(last)) {
        (Some(first), Some(last)) if first <= last => {
            Ok(Place { file: PathBuf::from(file), lines: Some((first, last)) })
        }
        _ => Err(format!("lines are `:12` or `:12-15`, counted from 1, and not `:{lines}`")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    #[test]
    fn what_is_run_often_is_understood_as_among_all_commands() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        let whole = [
            "holdover lsp",
            "holdover lsp --stdio --record traffic",
            "holdover -v lsp --replay traffic",
            "holdover preflight",
            "holdover preflight --json lsp",
            "holdover --color never preflight --fetch --dry-run .. -q",
            "holdover preflight --deep --all -- --json",
            "holdover preflight --prove -q .",
        ];
        for line in whole {
            let often = Args::of_often(&words(line)).map(|args| format!("{args:?}"));
            assert_eq!(often, Some(format!("{:?}", Args::try_parse_from(words(line)).unwrap())), "{line}");
        }
        // What others must answer: help, versions, what is wrong, and commands that only have such a word in them.
        let others =
            ["lsp --help", "preflight -h", "--version preflight", "preflight --dry-run", "lsp --colour", "status lsp"];
        for line in others {
            assert!(Args::of_often(&words(&format!("holdover {line}"))).is_none(), "{line}");
        }
    }

    #[test]
    fn a_place_is_a_file_and_lines_of_it() {
        let at = |text| place(text).map(|place| (place.file.display().to_string(), place.lines()));
        assert_eq!(at("a/b.rs"), Ok(("a/b.rs".to_owned(), None)));
        assert_eq!(at("a.rs:3"), Ok(("a.rs".to_owned(), Some((2, 1)))));
        assert_eq!(at("a.rs:3-5"), Ok(("a.rs".to_owned(), Some((2, 3)))));
        assert_eq!(at("C:\\a.rs"), Ok(("C:\\a.rs".to_owned(), None)));
        for wrong in ["a.rs:0", "a.rs:5-3", "a.rs:3-x", "a.rs:99999999999"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
