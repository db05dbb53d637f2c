//! What SQLite refuses: waited for where other processes are the reason, and told apart in words where they are not.
//! It repeats nothing but what was refused whole.

use crate::error::{JournalError, OpenError};
use crate::folder::{self, Files};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long other processes are waited for before a caller hears of it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Whether waiting can help.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    // SQLITE_PROTOCOL: the locks of the WAL index were contended too often in a row.
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed)
    )
}

/// Does something until it is not refused because of other processes, or [`PATIENCE`] is over.
pub(crate) fn retry<T>(mut once: impl FnMut() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let began = Instant::now();
    loop {
        match once() {
            Err(error) if is_busy(&error) && began.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(2));
            }
            result => return result,
        }
    }
}

/// Begins the transaction of a writer. One that is suspended in the middle is the only thing that can make this fail.
pub(crate) fn begin(connection: &mut Connection) -> rusqlite::Result<rusqlite::Transaction<'_>> {
    let began = Instant::now();
    loop {
        match rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate) {
            Err(error) if is_busy(&error) && began.elapsed() < PATIENCE => {}
            result => return result,
        }
    }
}

/// What SQLite said about an open journal, for a caller.
pub(crate) fn journal_error(file: &Path, what: &'static str, error: &rusqlite::Error) -> JournalError {
    let file = file.to_owned();
    if is_busy(error) {
        return JournalError::Busy { file, seconds: PATIENCE.as_secs() };
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => JournalError::DiskFull { file },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            JournalError::Damaged { file, detail: error.to_string() }
        }
        // SQLite did its part, and what it read is not what the column holds.
        None if matches!(
            error,
            rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
        ) =>
        {
            JournalError::Damaged { file, detail: error.to_string() }
        }
        _ => JournalError::Database { file, what, detail: error.to_string() },
    }
}

/// What SQLite said while opening, told apart.
pub(crate) fn open_error(files: &Files, what: &'static str, error: &rusqlite::Error) -> OpenError {
    let file = files.database.clone();
    if is_busy(error) {
        return OpenError::Busy { file, seconds: PATIENCE.as_secs() };
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => what_it_is(files),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            folder::io_error(&file, "write", &std::io::Error::from(std::io::ErrorKind::PermissionDenied))
        }
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged { file, detail: error.to_string() },
        _ => OpenError::Io { file, what, detail: error.to_string() },
    }
}

/// Tells a file that is no encrypted database from one with another key: encrypted pages look random and fill the file.
fn what_it_is(files: &Files) -> OpenError {
    let file = files.database.clone();
    let mut page = Vec::new();
    let size = File::open(&file).and_then(|f| {
        let size = f.metadata()?.len();
        f.take(4096).read_to_end(&mut page)?;
        Ok(size)
    });
    let size = match size {
        Ok(size) => size,
        Err(error) => return folder::io_error(&file, "read", &error),
    };
    if page.starts_with(b"SQLite format 3\0") {
        return OpenError::NotADatabase { file, detail: "it is a plain SQLite database, and not encrypted".to_owned() };
    }
    let mut kinds = [false; 256];
    for byte in &page {
        kinds[usize::from(*byte)] = true;
    }
    let distinct = kinds.iter().filter(|seen| **seen).count();
    if page.len() == 4096 && distinct > 240 {
        // The description remembers the right key, and was asked before.
        if folder::read_description(files).is_ok_and(|described| described.is_some()) {
            return OpenError::Damaged { file, detail: "its first page does not fit the key, which is the right one for this journal: the page is broken, or \
                         the file is another journal's"
                    .to_owned(), };
        }
        return OpenError::WrongKey { file, key: files.key.clone() };
    }
    OpenError::NotADatabase { file, detail: format!("its {size} bytes are not an encrypted database") }
}
