//! `holdover journal`: prints the record.

use super::{Failure, engine, failed};
use crate::End;
use crate::args::Journal;
use crate::out::Out;
use contract::JournalEntry;
use owo_colors::OwoColorize as _;
use std::ops::ControlFlow;

pub(crate) fn run(command: &Journal, out: &Out) -> Result<End, Failure> {
    let Journal::Log { workspace, kind, last } = command;
    let engine = engine();
    let journal = engine.journal().map_err(|e| failed(&e))?;
    let broken = |e: journal::JournalError| Failure { end: End::Unknown, kind: "journal", message: e.to_string() };
    let workspace = match workspace {
        Some(path) if !path.exists() => {
            return Err(Failure::usage(format!("there is no such folder: {}", path.display())));
        }
        Some(path) => Some(journal.workspace_id(&host::workspace_of(path)).map_err(broken)?),
        None => None,
    };
    let mut filter = journal::Filter { workspace, kind: kind.clone(), ..journal::Filter::default() };
    let mut count = 0_u64;
    let mut print = |entry: &JournalEntry| {
        count += 1;
        out.document(entry);
        if !out.json {
            out.line(line(entry, out.verbose));
        }
    };
    if let Some(last) = last {
        filter.newest_first = true;
        filter.limit = Some(*last);
        let newest = journal.entries(&filter).map_err(broken)?;
        newest.iter().rev().for_each(&mut print);
    } else {
        journal
            .for_each(&filter, |_, entry| {
                print(&entry);
                ControlFlow::Continue(())
            })
            .map_err(broken)?;
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
