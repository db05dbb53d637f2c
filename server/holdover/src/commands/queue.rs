//! `holdover queue`: what waits for each remote, how far it has come, and why it waits.

use super::{Failure, engine, failed, open, warn_of_journal};
use crate::End;
use crate::out::Out;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// One remote; without it, all of this project's
    #[arg(long, value_name = "NAME", global = true)]
    remote: Option<String>,
    /// Workspace, or a folder or file in it
    #[arg(long, value_name = "PATH", default_value = ".", global = true)]
    workspace: PathBuf,
    /// Print the figures of synchronisation in the text format of OpenMetrics, and nothing else
    #[arg(long)]
    openmetrics: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Command {
    /// Try what was refused at the next synchronisation, and not later
    Retry,
    /// Leave remotes alone until they are resumed: nothing is asked of them or put there
    Pause,
    /// Use them again
    Resume,
    /// List each event that waits, and not only how many do
    Inspect,
}

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let root = open(&engine, &options.workspace, out)?;
    warn_of_journal(&engine, out);
    let name = options.remote.as_deref();
    if options.openmetrics {
        let told = engine.sync_metrics(&root).map_err(|e| failed(&e))?;
        engine.leave();
        out.verbatim(told.as_bytes());
        return Ok(End::Yes);
    }
    match options.command {
        Some(Command::Retry) => drop(engine.retry_queue(&root, name).map_err(|e| failed(&e))?),
        Some(Command::Pause) => drop(engine.pause_queue(&root, name, true).map_err(|e| failed(&e))?),
        Some(Command::Resume) => drop(engine.pause_queue(&root, name, false).map_err(|e| failed(&e))?),
        Some(Command::Inspect) | None => {}
    }
    let events = matches!(options.command, Some(Command::Inspect));
    let report = engine.queue(&root, name, events).map_err(|e| failed(&e))?;
    engine.leave();
    out.document(&report);
    for line in engine::queue_words(&report) {
        out.line(line);
    }
    for drift in &report.health.drift {
        out.line(&drift.text);
    }
    let refused = report.remotes.iter().any(|queue| !queue.items.is_empty());
    Ok(if report.waiting == 0 && !refused { End::Yes } else { End::No })
}
