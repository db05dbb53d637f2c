//! Whether the journal's files are sound, byte for byte: every page of the database authenticates, the log beside it follows
//! from itself, and what stands in the pages fits together. It names the first place that is not; it repairs nothing.
//!
//! The database is read through SQLite alone: closing a handle of our own would drop the locks of this process.

use crate::connect::{connect_file, connect_unread};
use crate::error::{JournalError, OpenError, VerifyError};
use crate::folder::{self, Files, Key};
use crate::journal::Journal;
use crate::key::Keys;
use crate::patience::{is_busy, journal_error};
use crate::store;
use crate::wal::{self, Damage};
use crossbeam_channel::{RecvTimeoutError, bounded};
use rusqlite::{Connection, ErrorCode};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bytes of a page, as every journal has them.
const PAGE: u64 = 4096;
/// How often somebody who waits is asked whether it shall go on.
const ASKED: Duration = Duration::from_millis(50);
/// A place that is bad is looked at again so often: what others write at the moment can look so.
const LOOKS: usize = 3;
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(30);

/// The first place of a file that is not sound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", file.display())]
pub struct BadBytes {
    /// The file: the database, or the log beside it.
    pub file: PathBuf,
    /// Bytes from the file's beginning.
    pub offset: u64,
    /// How many bytes may be meant; 1 where the byte itself is known.
    pub length: u64,
    /// Page of the database, from 1.
    pub page: Option<u64>,
    /// What is wrong.
    pub reason: String,
}

impl Journal {
    /// Whether the files are sound: the number of pages that were authenticated, or the first place that is wrong. Reads every
    /// byte, about a second for 500 MB; nobody waits for it. `go_on` is asked now and then.
    pub fn check_files(&self, go_on: impl FnMut() -> bool) -> Result<u64, VerifyError> {
        self.with_files(|files, key| check(files, key, go_on))
    }
}

/// [`Journal::check_files`] of a journal that cannot be opened, because of what is wrong with it for example.
pub fn check_files(folder: &Path, keys: &Keys, go_on: impl FnMut() -> bool) -> Result<u64, VerifyError> {
    let files = Files::of(folder);
    let found = (|| {
        let missing =
            || OpenError::DatabaseMissing { file: files.database.clone(), description: files.description.clone() };
        let description = folder::read_description(&files)?.ok_or_else(missing)?;
        Ok::<_, OpenError>(store::key_of(&files, &description, keys)?.0)
    })();
    let unreadable =
        |error: OpenError| JournalError::Damaged { file: files.database.clone(), detail: error.to_string() };
    check(&files, &found.map_err(unreadable)?, go_on)
}

fn check(files: &Files, key: &Key, mut go_on: impl FnMut() -> bool) -> Result<u64, VerifyError> {
    let failed = |e: rusqlite::Error| VerifyError::Journal(journal_error(&files.database, "read", &e));
    let mut log = files.database.clone().into_os_string();
    log.push("-wal");
    let log = PathBuf::from(log);
    if let Some(damage) = log_damage(files, key, &log)? {
        let reason = if damage.length == 1 {
            "a bit of it is another than was written; all that was committed from there on is lost to whoever opens the journal anew"
        } else {
            "it is not what was written, and what follows it is; all that was committed from there on is lost to whoever opens the journal anew"
        };
        let Damage { offset, length, page } = damage;
        return Err(BadBytes { file: log, offset, length, page, reason: reason.to_owned() }.into());
    }
    let bad = aside(files, key, &mut go_on, pages)?;
    if let Some((page, reason)) = bad {
        return Err(bad_page(files, page, &reason).into());
    }
    let tables = aside(files, key, &mut go_on, |connection| {
        connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?
            .query_map([], |row| row.get(0))?
            .collect()
    });
    let tables: Vec<String> = tables?;
    for table in tables {
        // A table at a time: no picture is held for longer than one needs.
        let said = aside(files, key, &mut go_on, move |connection| structure(connection, &table))?;
        if let Some(reason) = said {
            return Err(JournalError::Damaged { file: files.database.clone(), detail: reason }.into());
        }
    }
    let connection = connect_file(&files.database, key).map_err(failed)?;
    let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).map_err(failed)?;
    Ok(pages.unsigned_abs())
}

/// Does it on a thread of its own, so that whoever waits can stop waiting; what was begun then ends by itself.
fn aside<T: Send + 'static>(
    files: &Files,
    key: &Key,
    go_on: &mut impl FnMut() -> bool,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, VerifyError> {
    let (reply, answer) = bounded(1);
    let (database, key) = (files.database.clone(), key.clone());
    let run = move || drop(reply.send(connect_unread(&database, &key).and_then(|connection| work(&connection))));
    let failed = |detail: String| JournalError::Database { file: files.database.clone(), what: "read", detail };
    std::thread::Builder::new().name("verify".to_owned()).spawn(run).map_err(|e| failed(e.to_string()))?;
    loop {
        match answer.recv_timeout(ASKED) {
            Ok(found) => return found.map_err(|e| journal_error(&files.database, "read", &e).into()),
            Err(RecvTimeoutError::Timeout) if go_on() => {}
            Err(RecvTimeoutError::Timeout) => return Err(VerifyError::Cancelled),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(failed("the thread that read it ended".to_owned()).into());
            }
        }
    }
}

/// The first page that does not authenticate, with what SQLCipher says of it. It reads the file itself, past the log.
fn pages(connection: &Connection) -> rusqlite::Result<Option<(u64, String)>> {
    let look = || -> rusqlite::Result<Option<(u64, String)>> {
        let said = connection
            .prepare("PRAGMA cipher_integrity_check")
            .and_then(|mut check| check.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>());
        match said {
            Ok(said) => Ok(said.into_iter().map(|text| (page_in(&text), text)).min()),
            // The key is the right one, so it is the page with which everything begins.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
                Ok(Some((1, error.to_string())))
            }
            Err(error) => Err(error),
        }
    };
    let mut found = look()?;
    for _ in 1..LOOKS {
        if found.is_none() {
            break;
        }
        // A page that another process is writing just now is torn for an instant.
        std::thread::sleep(PAUSE);
        found = look()?;
    }
    Ok(found)
}

/// `… page 17 …`.
fn page_in(text: &str) -> u64 {
    let after = text.split("page ").nth(1).unwrap_or_default();
    after.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap_or(1)
}

fn bad_page(files: &Files, page: u64, said: &str) -> BadBytes {
    let offset = (page.max(1) - 1) * PAGE;
    let size = folder::database_size(files).ok().flatten().unwrap_or(0);
    let length = size.saturating_sub(offset).min(PAGE);
    let reason = if length < PAGE {
        "the file ends within the page".to_owned()
    } else {
        format!("the page is not what was written: {said}")
    };
    BadBytes { file: files.database.clone(), offset, length, page: Some(page), reason }
}

/// What SQLite finds wrong with a table and its indexes.
fn structure(connection: &Connection, table: &str) -> rusqlite::Result<Option<String>> {
    let quoted = table.replace('\'', "''");
    let said: String = connection.query_row(&format!("PRAGMA integrity_check('{quoted}')"), [], |row| row.get(0))?;
    Ok((said != "ok").then_some(said))
}

/// A damaged place of the log, looked for once more while nobody may write where one seems to be.
fn log_damage(files: &Files, key: &Key, log: &Path) -> Result<Option<Damage>, VerifyError> {
    let unreadable =
        |e: std::io::Error| JournalError::Database { file: log.to_owned(), what: "read", detail: e.to_string() };
    if wal::damage(log).map_err(unreadable)?.is_none() {
        return Ok(None);
    }
    // Where the database cannot be opened at all, nobody writes to it either.
    let connection = connect_file(&files.database, key);
    let held = connection.as_ref().map(|connection| connection.execute_batch("BEGIN IMMEDIATE"));
    if let Some(Err(error)) = held.as_ref().ok().map(Result::as_ref)
        && is_busy(error)
    {
        // Somebody writes all the while: what looks damaged may be a frame that is half written.
        return Err(journal_error(&files.database, "lock", error).into());
    }
    let found = wal::damage(log).map_err(unreadable)?;
    if let (Ok(connection), Ok(Ok(()))) = (&connection, held) {
        let _ = connection.execute_batch("ROLLBACK");
    }
    Ok(found)
}
