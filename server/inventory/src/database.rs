//! Other tools' SQLite databases, read as files that do not change. May not write to them, nor leave anything beside them: a log that
//! is not in the database yet is not seen, and whether there is one is for the caller to look.

use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// Opens it. That it is no database shows with the first question.
pub(crate) fn open(path: &Path) -> Result<Connection, rusqlite::Error> {
    let plain = path.to_string_lossy();
    let address = format!(
        "file:{}?immutable=1",
        percent_encoding::utf8_percent_encode(&plain, percent_encoding::NON_ALPHANUMERIC)
    );
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = crate::reach::ask(path, || Ok(Connection::open_with_flags(address, flags)));
    opened.unwrap_or_else(|_| Err(unanswered()))
}

/// Asks a database that was opened; its file may lie on a file system that does not answer.
pub(crate) fn ask<T>(path: &Path, ask: impl FnOnce() -> Result<T, rusqlite::Error>) -> Result<T, rusqlite::Error> {
    crate::reach::ask(path, || Ok(ask())).unwrap_or_else(|_| Err(unanswered()))
}

fn unanswered() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR), None)
}
