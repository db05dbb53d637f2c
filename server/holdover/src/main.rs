//! The `holdover` binary: command line, printing, progress bars, and the place where everything is put together.
//! No feature lives here.

mod args;
mod commands;
mod help;
mod out;
mod usage;

use args::{Args, Command};
use clap::{FromArgMatches as _, Parser as _};
use out::Out;
use std::ffi::OsString;

/// musl's own allocator has one lock for all threads, which a first look spends most of its time with.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How a command ends, as `docs/protocol.md` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Yes, or done.
    Yes = 0,
    /// No: something is missing or corrupt, findings, conflicts.
    No = 1,
    /// Wrong usage or bad input.
    Usage = 2,
    /// Could not tell, or an error of ours.
    Unknown = 3,
}

fn main() {
    host::leave(run());
}

fn run() -> u8 {
    let given: Vec<OsString> = std::env::args_os().collect();
    // Started by another `holdover`, for a command from which the network is kept.
    if let Some(end) = host::sandbox_asked(&given) {
        return end;
    }
    let args = match parsed(&given) {
        Ok(args) => args,
        // `--help` and `--version` come this way too, with exit code 0.
        Err(e) => return usage::told(&e, &given),
    };
    if let Command::Lsp(lsp) = &args.command {
        return commands::lsp::run(lsp);
    }
    let out = Out::new(&args);
    let end = commands::run(&args, &out).unwrap_or_else(|failure| {
        out.failure(&failure);
        failure.end
    });
    end as u8
}

/// Words of help are only put together where somebody reads them.
fn parsed(given: &[OsString]) -> Result<Args, clap::Error> {
    if let Some(args) = Args::of_often(given) {
        return Ok(args);
    }
    Args::try_parse_from(given)
        .or_else(|_| help::command().try_get_matches_from(given).and_then(|found| Args::from_arg_matches(&found)))
}
