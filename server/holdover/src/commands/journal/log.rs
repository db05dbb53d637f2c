//! `holdover journal log`: prints events, oldest first; with `--follow`, those that come as well.

use super::filter::FilterOptions;
use super::lines::line;
use super::{broken, ready};
use crate::End;
use crate::commands::{Failure, cancel_on_interrupt, engine, failed};
use crate::out::Out;
use contract::JournalEntry;
use journal::{Filter, Journal};
use std::ops::ControlFlow;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only the last N events
    #[arg(short = 'n', long, value_name = "N", value_parser = crate::args::count, allow_negative_numbers = true)]
    last: Option<usize>,
    /// Go on with events as they come, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    #[command(flatten)]
    which: FilterOptions,
}

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let journal = engine.journal().map_err(|e| failed(&e))?;
    let mut filter = options.which.filter(&journal)?;
    let cancel = cancel_on_interrupt();
    ready(&journal, &cancel, out);
    let mut count = 0_u64;
    let mut print = |entry: &JournalEntry| {
        count += 1;
        out.document(entry);
        if !out.json {
            out.line(line(entry, out.verbose));
        }
    };
    // What comes later is followed from here on.
    let head = journal.head().map_err(|e| broken(&e))?;
    filter.before = Some(head + 1);
    if let Some(last) = options.last {
        let newest = Filter { newest_first: true, limit: Some(last), ..filter.clone() };
        let newest = journal.entries(&newest).map_err(|e| broken(&e))?;
        newest.iter().rev().for_each(&mut print);
    } else {
        journal
            .for_each(&filter, |_, entry| {
                print(&entry);
                if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .map_err(|e| broken(&e))?;
    }
    if options.follow {
        follow(&journal, &Filter { before: None, limit: None, ..filter }, head, &cancel, &mut print)?;
    } else if count == 0 {
        out.detail("the journal holds no such event");
    }
    Ok(End::Yes)
}

fn follow(
    journal: &Journal,
    filter: &Filter,
    mut head: u64,
    cancel: &host::Cancel,
    print: &mut dyn FnMut(&JournalEntry),
) -> Result<(), Failure> {
    let (told, changes) = channel();
    let watch = journal.watch(move |change| _ = told.send(change.head)).map_err(|e| broken(&e))?;
    // Something may have come before the watch began.
    let mut next = journal.head().map_err(|e| broken(&e))?;
    while !cancel.is_cancelled() {
        if next > head {
            let filter = Filter { after: Some(head), before: Some(next + 1), ..filter.clone() };
            journal
                .for_each(&filter, |_, entry| {
                    print(&entry);
                    ControlFlow::Continue(())
                })
                .map_err(|e| broken(&e))?;
            head = next;
        }
        match changes.recv_timeout(Duration::from_millis(200)) {
            Ok(changed) => next = next.max(changed),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    drop(watch);
    Ok(())
}
