//! Gets a passphrase from a person or a file. It is shown nowhere, and wiped from memory after use.
//! Arguments and environment are no place for one: other programs can read both.

use crate::commands::Failure;
use std::io::{IsTerminal as _, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// Longest that is read.
const MOST_BYTES: u64 = 4096;

/// The one that the journal has now.
pub(super) fn current() -> Result<Zeroizing<String>, Failure> {
    typed("passphrase of the journal: ")
}

/// A new one, typed twice.
pub(super) fn new() -> Result<Zeroizing<String>, Failure> {
    let first = typed("new passphrase: ")?;
    if *typed("once more: ")? == *first {
        return Ok(first);
    }
    Err(Failure::usage("the two were not the same\nhint: try again".to_owned()))
}

fn typed(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "nobody is there to type the passphrase\nhint: give a file with --passphrase-file; `-` is stdin, /dev/fd/3 an open file"
                .to_owned(),
        ));
    }
    let read = rpassword::prompt_password(prompt).map(Zeroizing::new);
    read.map_err(|e| Failure::usage(format!("the passphrase could not be read: {e}\nhint: use --passphrase-file")))
}

/// The first line of a file; `-` is stdin.
pub(super) fn from_file(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = if file == Path::new("-") {
        std::io::stdin().take(MOST_BYTES).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|opened| opened.take(MOST_BYTES).read_to_string(&mut text))
    };
    read.map_err(|e| Failure::usage(format!("the passphrase could not be read from {}: {e}", file.display())))?;
    let line = text.split(['\r', '\n']).next().unwrap_or_default();
    if line.is_empty() {
        return Err(Failure::usage(format!("the first line of {} is empty, and no passphrase", file.display())));
    }
    Ok(Zeroizing::new(line.to_owned()))
}
