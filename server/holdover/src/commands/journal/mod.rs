//! `holdover journal`: one file a subcommand, with its options in it. A new one is a variant, a line in `run`, and a file.
//! Nothing is done here but handing on, and what several of them need to ask the journal.

mod log;

use super::Failure;
use crate::End;
use crate::out::Out;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print events, oldest first
    Log(log::Options),
}

pub(super) fn run(command: &Command, out: &Out) -> Result<End, Failure> {
    match command {
        Command::Log(options) => log::run(options, out),
    }
}

/// What the journal could not do.
fn broken(error: &::journal::JournalError) -> Failure {
    Failure { end: End::Unknown, kind: "journal", message: error.to_string() }
}
