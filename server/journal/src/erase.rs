//! Erasure: what was deleted from the tables goes from every byte of the files, or it is said that it has not yet.
//! It deletes nothing itself; a row that is there stays.
//!
//! Deleting a row leaves its bytes behind: in free pages, in the unused part of pages, in the log beside the database. Rows
//! are overwritten as they are deleted, which does not reach what earlier versions deleted (drafts of the same text), and [`Journal::erase`] writes the whole file anew
//! and empties the log. Until it has, the erasure is pending; it is tried again by whoever opens the journal next.

use crate::error::JournalError;
use crate::folder;
use crate::journal::Journal;
use crate::patience::is_busy;
use crate::time::now_ms;
use rusqlite::{Connection, OptionalExtension};

/// A file up to this size is written anew in memory, a larger one beside the system's temporary files, encrypted, in bytes.
const IN_MEMORY: u64 = 32 << 20;
/// Under this name it is noted why the last try did not succeed.
const NOTE: &str = "erasure-held";

/// How far deleted payloads are gone from the files of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erasure {
    /// Nothing of them is left in the files.
    Done,
    /// To be tried again.
    Pending {
        /// How many deletions wait: redacted events, and runs of events that a rule has deleted.
        deletions: u64,
        /// What holds it up; `None`: nobody has tried yet.
        held: Option<HeldUp>,
    },
}

/// What holds an erasure up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldUp {
    /// Another process reads an older picture of the journal, or holds it.
    Reader,
    /// The disk, or that of temporary files, has no room to write the journal anew.
    Full,
}

impl HeldUp {
    fn word(self) -> &'static str {
        match self {
            HeldUp::Reader => "reader",
            HeldUp::Full => "full",
        }
    }
}

impl Journal {
    /// How many deletions may still have left bytes in the files.
    pub fn erasures_pending(&self) -> Result<u64, JournalError> {
        self.read(pending)
    }

    /// How far deleted payloads are gone, as far as the last who tried it could say. Tries nothing.
    pub fn erasure(&self) -> Result<Erasure, JournalError> {
        self.read(|connection| {
            let deletions = pending(connection)?;
            if deletions == 0 {
                return Ok(Erasure::Done);
            }
            let noted: Option<String> =
                connection.query_row("SELECT value FROM meta WHERE key = ?1", [NOTE], |row| row.get(0)).optional()?;
            let held = [HeldUp::Reader, HeldUp::Full].into_iter().find(|held| noted.as_deref() == Some(held.word()));
            Ok(Erasure::Pending { deletions, held })
        })
    }

    /// Writes the database anew without what was deleted, and empties the log beside it. Takes about a second for 100 MB, in
    /// which nobody else writes; does nothing where nothing is pending. Not done, and said so with the reason, while another
    /// process reads an older picture or the disk is full: what is in the journal stays as it is.
    pub fn erase(&self) -> Result<Erasure, JournalError> {
        let deletions = self.erasures_pending()?;
        if deletions == 0 {
            return Ok(Erasure::Done);
        }
        let began = now_ms();
        let cleaned = self.flush().and_then(|()| self.clean());
        match cleaned {
            Ok(None) => {}
            Ok(Some(held)) => return Ok(self.held_up(deletions, held)),
            Err(JournalError::DiskFull { .. } | JournalError::NoRoom { .. }) => {
                return Ok(self.held_up(deletions, HeldUp::Full));
            }
            Err(error) => return Err(error),
        }
        // Only what was deleted before the cleaning began is surely gone.
        self.write(true, move |tx| note_done(tx.connection, began).map_err(|e| tx.error(&e)))?;
        self.erasure()
    }

    /// What holds it up; `None` where the files are clean now.
    fn clean(&self) -> Result<Option<HeldUp>, JournalError> {
        let cleaned = self.with_files(|files, key| {
            let connection = crate::connect::connect_writer(files, key)?;
            let size = folder::database_size(files).ok().flatten().unwrap_or(0);
            connection.pragma_update(None, "temp_store", if size <= IN_MEMORY { "memory" } else { "file" })?;
            connection.execute_batch("VACUUM")?;
            // Busy: somebody's picture still needs the log.
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))
        });
        match cleaned {
            Ok(busy) => Ok(busy.then_some(HeldUp::Reader)),
            Err(error) if is_busy(&error) => Ok(Some(HeldUp::Reader)),
            Err(error) => Err(crate::patience::journal_error(self.database(), "clean", &error)),
        }
    }

    /// Notes the reason for whoever asks later; on a full disk that may not succeed.
    fn held_up(&self, deletions: u64, held: HeldUp) -> Erasure {
        let noted = self.write_if(false, false, move |tx| {
            let put =
                "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
            tx.connection.execute(put, (NOTE, held.word())).map(drop).map_err(|e| tx.error(&e))
        });
        if let Err(error) = noted {
            tracing::debug!("why an erasure is pending was not noted: {error}");
        }
        Erasure::Pending { deletions, held: Some(held) }
    }
}

fn pending(connection: &Connection) -> rusqlite::Result<u64> {
    let count = "SELECT (SELECT count(*) FROM suppressed WHERE erased_ms IS NULL) + (SELECT count(*) FROM retained WHERE erased_ms IS NULL)";
    connection.query_row(count, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

fn note_done(connection: &Connection, began: i64) -> rusqlite::Result<()> {
    for table in ["suppressed", "retained"] {
        let done = format!("UPDATE {table} SET erased_ms = ?1 WHERE erased_ms IS NULL AND noted_ms <= ?2");
        connection.execute(&done, (now_ms(), began))?;
    }
    connection.execute("DELETE FROM meta WHERE key = ?1", [NOTE]).map(drop)
}
