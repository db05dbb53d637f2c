//! `holdover journal log`: prints events, oldest first.

use super::broken;
use crate::End;
use crate::commands::{Failure, engine, failed};
use crate::out::Out;
use contract::JournalEntry;
use owo_colors::OwoColorize as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only events of this workspace
    #[arg(long, value_name = "PATH")]
    workspace: Option<PathBuf>,
    /// Only kinds that begin so, `fetch` for example
    #[arg(long, value_name = "PREFIX")]
    kind: Option<String>,
    /// Only the last N events
    #[arg(short = 'n', long, value_name = "N", value_parser = crate::args::count, allow_negative_numbers = true)]
    last: Option<usize>,
}

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let journal = engine.journal().map_err(|e| failed(&e))?;
    let workspace = match &options.workspace {
        Some(path) if !path.exists() => {
            return Err(Failure::usage(format!("there is no such folder: {}", path.display())));
        }
        Some(path) => Some(journal.workspace_id(&host::workspace_of(path)).map_err(|e| broken(&e))?),
        None => None,
    };
    let mut filter = journal::Filter { workspace, kind: options.kind.clone(), ..journal::Filter::default() };
    let mut count = 0_u64;
    let mut print = |entry: &JournalEntry| {
        count += 1;
        out.document(entry);
        if !out.json {
            out.line(line(entry, out.verbose));
        }
    };
    if let Some(last) = options.last {
        filter.newest_first = true;
        filter.limit = Some(last);
        let newest = journal.entries(&filter).map_err(|e| broken(&e))?;
        newest.iter().rev().for_each(&mut print);
    } else {
        journal
            .for_each(&filter, |_, entry| {
                print(&entry);
                ControlFlow::Continue(())
            })
            .map_err(|e| broken(&e))?;
    }
    if count == 0 {
        out.detail("the journal holds no such event");
    }
    Ok(End::Yes)
}

fn line(entry: &JournalEntry, verbose: bool) -> String {
    let payload = if entry.payload.is_null() { "redacted".to_owned() } else { entry.payload.to_string() };
    let payload: String = if verbose { payload } else { payload.chars().take(120).collect() };
    format!("{}  {:<20} {:<10} {}", entry.at.dimmed(), entry.kind.bold(), entry.actor.name, payload)
}
