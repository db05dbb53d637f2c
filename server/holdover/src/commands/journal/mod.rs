//! `holdover journal`: one file a subcommand, with its options in it. A new one is a variant, a line in `run`, and a file.
//! Nothing is done here but handing on, and what several of them need to ask the journal.

mod export;
pub(crate) mod filter;
mod lines;
mod log;
mod passphrase;
mod redact;
mod rekey;
mod replay;
mod retain;
mod search;
mod show;
mod unlock;
mod verify;

use super::Failure;
use crate::End;
use crate::out::{Out, Unit};
use clap::Subcommand;
use std::ops::ControlFlow;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print events, oldest first
    Log(log::Options),
    /// Everything about one event, or the whole story of a thing or a job
    Show(show::Options),
    /// Find events by words of their texts
    Search(search::Options),
    /// Work everything that was derived from events out anew, and compare
    Replay(replay::Options),
    /// Keep the key elsewhere, or make a new one
    Rekey(rekey::Options),
    /// Unlock the journal until you log out
    Unlock(unlock::Options),
    /// Lock the journal again
    Lock,
    /// Is the record whole? Else what is wrong first
    Verify(verify::Options),
    /// Write the record out, in plain text that others can check
    Export(export::Options),
    /// Delete what an event says, for good
    Redact(redact::Options),
    /// Delete what is older than the rules of retention say
    Retain(retain::Options),
}

pub(super) fn run(command: &Command, out: &Out) -> Result<End, Failure> {
    match command {
        Command::Log(options) => log::run(options, out),
        Command::Show(options) => show::run(options, out),
        Command::Search(options) => search::run(options, out),
        Command::Replay(options) => replay::run(options, out),
        Command::Rekey(options) => rekey::run(options, out),
        Command::Unlock(options) => unlock::run(options, out),
        Command::Lock => unlock::lock(out),
        Command::Verify(options) => verify::run(options, out),
        Command::Export(options) => export::run(options, out),
        Command::Redact(options) => redact::run(options, out),
        Command::Retain(options) => retain::run(options, out),
    }
}

/// Brings the indexes up to the last event, with a bar where that takes long. What they do not know in the end is looked
/// through, or said.
fn ready(journal: &::journal::Journal, cancel: &host::Cancel, out: &Out) {
    let first = journal.views_behind().map_or(0, ::journal::Behind::events);
    let bar = (first > 5_000).then(|| out.progress(&Unit::Events));
    let done = journal.catch_up(|behind| {
        if let Some(bar) = &bar {
            bar.report("indexing", "", first.saturating_sub(behind.events()), first);
        }
        if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if let Err(error) = done {
        out.warn(&format!("the indexes are not up to date: {error}"));
    }
}

/// What the journal could not do.
fn broken(error: &::journal::JournalError) -> Failure {
    Failure { end: End::Unknown, kind: "journal", message: error.to_string() }
}
