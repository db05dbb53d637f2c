//! One file a command. A command asks the engine and prints; it decides nothing itself.

pub(crate) mod check;
mod completions;
mod conflict_records;
pub(crate) mod conflicts;
pub(crate) mod device;
mod doctor;
pub(crate) mod explain;
pub(crate) mod journal;
mod junit;
pub(crate) mod log;
pub(crate) mod lsp;
mod man;
pub(crate) mod merge_driver;
pub(crate) mod model;
mod note;
mod offline;
pub(crate) mod pin;
mod preflight;
pub(crate) mod queue;
pub(crate) mod remote;
pub(crate) mod review;
mod review_publish;
pub(crate) mod snapshot;
mod statement;
mod status;
pub(crate) mod sync;
mod trust;

use crate::End;
use crate::args::{Args, Command};
use crate::out::Out;
use engine::{AttestError, Engine, EngineError, EngineOptions, PublishError, ReviewError, SnapshotError};
use std::path::{Path, PathBuf};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::{Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Why a command could not be carried out.
pub(crate) struct Failure {
    pub end: End,
    /// One word for programs.
    pub kind: &'static str,
    /// For people; lines that begin with `hint:` are the next step.
    pub message: String,
}

impl Failure {
    /// Wrong usage or bad input.
    fn usage(message: String) -> Self {
        Self { end: End::Usage, kind: "usage", message }
    }
}

pub(crate) fn run(args: &Args, out: &Out) -> Result<End, Failure> {
    match &args.command {
        Command::Status { path, ask } => status::run(path, *ask, out),
        Command::Preflight(options) => preflight::run(options, out),
        Command::Check(options) => check::run(options, out),
        Command::Log(options) => log::run(options, out),
        Command::Trust { path, revoke } => trust::run(path, *revoke, out),
        Command::Offline { mode } => offline::run(*mode, out),
        Command::Journal { command } => journal::run(command, out),
        Command::Device { command } => device::run(command, out),
        Command::Note { command } => note::run(command, out),
        Command::Explain(options) => explain::run(options, out),
        Command::Review { command } => review::run(command, out),
        Command::Pin(options) => pin::run(options, out),
        Command::Conflicts(options) => conflicts::run(options, out),
        Command::MergeDriver(options) => merge_driver::run(options, out),
        Command::Sync(options) => sync::run(options, out),
        Command::Remote { command } => remote::run(command, out),
        Command::Model { command } => model::run(command, out),
        Command::Queue(options) => queue::run(options, out),
        Command::Snapshot { command } => snapshot::run(command, out),
        Command::Doctor { path } => doctor::run(path, out),
        Command::Completions { shell } => Ok(completions::run(*shell, out)),
        Command::Man { command, to } => man::run(command, to.as_deref(), out),
        Command::Lsp(_) => Ok(End::Usage),
    }
}

/// An engine for one command: nothing runs in the background but the opening of the journal.
fn engine() -> Engine {
    engine_for(EngineOptions::default())
}

/// The same for a question that artifacts are not needed for where all of them are here.
fn engine_for_counts() -> Engine {
    engine_for(EngineOptions { counts_only: true, ..EngineOptions::default() })
}

fn engine_for(options: EngineOptions) -> Engine {
    let asked = std::env::var("HOLDOVER_LOG").ok().and_then(|filter| filter.parse::<Targets>().ok());
    let filter = asked.unwrap_or_else(|| Targets::new().with_default(LevelFilter::ERROR));
    let lines = tracing_subscriber::fmt::layer()
        .without_time()
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr)
        .with_filter(filter);
    let _ = tracing_subscriber::registry().with(lines).try_init();
    Engine::new(options)
}

/// The workspace that `path` belongs to, opened.
fn open(engine: &Engine, path: &Path, out: &Out) -> Result<PathBuf, Failure> {
    if let Err(e) = std::fs::metadata(path) {
        return Err(Failure::usage(format!("there is nothing to look at: {}: {e}", path.display())));
    }
    Ok(open_root(engine, host::workspace_of(path), out))
}

/// Opens a root; what of its settings does not count is said.
fn open_root(engine: &Engine, root: PathBuf, out: &Out) -> PathBuf {
    engine.open_workspace(&root, None);
    for problem in engine.settings_problems(&root) {
        out.warn(&format!("{}: {}", problem.source, problem.message));
    }
    root
}

/// The journal's troubles are said once, as a warning: readiness needs no journal.
fn warn_of_journal(engine: &Engine, out: &Out) {
    for notice in engine.notices().try_iter() {
        if let engine::Notice::Message { text, .. } = notice {
            out.warn(&text);
        }
    }
}

fn failed(error: &EngineError) -> Failure {
    let end = match error {
        EngineError::Remote(refused) => {
            if refused.is_usage() {
                End::Usage
            } else {
                End::No
            }
        }
        EngineError::Model(refused) if refused.is_usage() => End::Usage,
        EngineError::Publish(refused) if refused.is_usage() => End::Usage,
        EngineError::Publish(PublishError::Unknown { .. }) => End::Unknown,
        EngineError::Model(_)
        | EngineError::Publish(_)
        | EngineError::Snapshot(SnapshotError::NotReady(_) | SnapshotError::Envelope { .. })
        | EngineError::Attest(AttestError::Nothing(_) | AttestError::Envelope { .. })
        | EngineError::Device(_)
        | EngineError::Admit(_)
        | EngineError::Import(_)
        | EngineError::Undo(_)
        | EngineError::Record(_)
        | EngineError::Untrusted { .. }
        | EngineError::Offline(_)
        | EngineError::Ask(host::AskError::Cancelled | host::AskError::Forced)
        | EngineError::Date { .. }
        | EngineError::Cancelled
        | EngineError::Busy { .. }
        | EngineError::Review(
            ReviewError::Nothing { .. }
            | ReviewError::NotHere { .. }
            | ReviewError::Others { .. }
            | ReviewError::Outdated,
        ) => End::No,
        EngineError::Snapshot(SnapshotError::Io { .. })
        | EngineError::Attest(AttestError::Io { .. })
        | EngineError::NotOpen { .. }
        | EngineError::Explain(_)
        | EngineError::Note(_)
        | EngineError::Review(_)
        | EngineError::Pin(_) => End::Usage,
        EngineError::Disabled | EngineError::Ask(_) | EngineError::Journal { .. } | EngineError::Host(_) => {
            End::Unknown
        }
    };
    Failure { end, kind: error.kind(), message: error.to_string() }
}

/// `1 artifact`, `2 artifacts`.
fn count(n: u64, thing: &str) -> String {
    if n == 1 { format!("1 {thing}") } else { format!("{n} {thing}s") }
}

/// Set by Ctrl-C, SIGTERM and SIGHUP; the second one ends the process as usual.
fn cancel_on_interrupt() -> host::Cancel {
    let cancel = host::Cancel::new();
    let signal = cancel.clone();
    let _ = ctrlc::set_handler(move || {
        if signal.is_cancelled() {
            std::process::exit(130);
        }
        signal.cancel();
    });
    cancel
}
