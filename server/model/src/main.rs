//! `holdover-model`: holds a language model for all editors of a user. One process, behind a local socket, started by whoever asks and ending by
//! itself; it reads model files and nothing else, and the network is denied to it. What it says goes over the socket; stdout has nothing.

#[cfg(target_os = "linux")]
mod denied;
mod file;
mod frames;
mod holder;
mod limits;
mod model;
mod prompt;
mod serve;
mod shared;
mod socket;
mod variants;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// How it was started.
pub(crate) struct Options {
    /// The data folder.
    data: PathBuf,
    /// Without a question for so long, it ends.
    idle: Duration,
    /// Bytes that it may take at most, whatever the machine has.
    memory: Option<u64>,
}

const USAGE: &str = "usage: holdover-model --data FOLDER [--idle SECONDS] [--memory BYTES]
It is started by `holdover` and by editors, when something is to be explained.";

fn options() -> Option<Options> {
    let mut options = Options { data: PathBuf::new(), idle: Duration::from_mins(10), memory: None };
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next()?;
        let number = || value.to_str()?.parse::<u64>().ok();
        match argument.to_str()? {
            "--data" => options.data = PathBuf::from(&value),
            "--idle" => options.idle = Duration::from_secs(number()?),
            "--memory" => options.memory = Some(number()?),
            _ => return None,
        }
    }
    options.data.is_absolute().then_some(options)
}

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|only| only == "--processor") {
        return variants::name_processor();
    }
    let Some(options) = options() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    // Does not come back where another build is better for this machine.
    let slow = variants::choose();
    match serve::run(options, slow) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("holdover-model: {why}");
            ExitCode::FAILURE
        }
    }
}
