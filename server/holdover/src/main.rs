//! The `holdover` binary: command line, printing, progress bars, and the place where everything is put together.
//! No feature lives here.

mod args;
mod commands;
mod help;
mod out;
mod usage;

use args::{Args, Command};
use clap::FromArgMatches as _;
use out::Out;

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
    let given: Vec<std::ffi::OsString> = std::env::args_os().collect();
    // Asked by another process of ours, and nobody's command.
    if given.get(1).is_some_and(|first| first == host::KEYRING_CHILD) {
        let arguments: Vec<String> = given[2..].iter().map(|given| given.to_string_lossy().into_owned()).collect();
        return host::keyring_child(&arguments);
    }
    let args = match help::command().try_get_matches_from(&given).and_then(|found| Args::from_arg_matches(&found)) {
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
