//! A log read from its end: a file's, or what comes on standard input.

use checks::log::{Tail, summarise};
use contract::LogReport;
use std::io::Read;
use std::path::Path;

/// Lines that are looked at unless somebody asks for another number, and at most.
pub const LOG_LINES: (usize, usize) = (checks::log::USUAL_LINES, checks::log::MOST_LINES);

/// What the last lines of a log say; `file`: none, or `-`, is standard input.
///
/// # Errors
///
/// Why the log cannot be read, with its name.
pub fn read_log(file: &Path, lines: usize) -> Result<LogReport, String> {
    tail_of(file, lines).map(|tail| summarise(&file.display().to_string(), &tail))
}

/// The last lines of a log.
pub(crate) fn tail_of(file: &Path, lines: usize) -> Result<Tail, String> {
    let name = file.display().to_string();
    let said = |error: std::io::Error| format!("{name} cannot be read: {error}");
    let mut tail = Tail::new(lines);
    let mut from: Box<dyn Read> = if name == "-" {
        Box::new(std::io::stdin())
    } else {
        let open = std::fs::File::open(file).map_err(said)?;
        if open.metadata().map_err(said)?.is_dir() {
            return Err(format!("{name} is a folder: name the log in it"));
        }
        Box::new(open)
    };
    let mut piece = vec![0; 1 << 20];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(tail),
            Ok(read) => tail.feed(&piece[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(said(error)),
        }
    }
}
