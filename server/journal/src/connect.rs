//! Connections to a database that is encrypted as a journal is: the key, and the settings that every one of them has.
//! It looks at no table and makes none.

use crate::folder::{Files, Key};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// One more connection to a journal that was opened before.
pub(crate) fn connect_reader(files: &Files, key: &Key) -> rusqlite::Result<Connection> {
    let connection = connect(files, key)?;
    connection.pragma_update(None, "query_only", true)?;
    // KiB, negative by SQLite's rule. Several readers are open in a server that is to stay small, and pages are cheap to get again.
    connection.pragma_update(None, "cache_size", -1000)?;
    Ok(connection)
}

/// One more connection that may write, for what cannot be done within a transaction.
pub(crate) fn connect_writer(files: &Files, key: &Key) -> rusqlite::Result<Connection> {
    connect(files, key)
}

/// A database of its own under the journal's key, for what is thrown away soon: nothing of it need outlive a crash.
pub(crate) fn connect_scratch(file: &Path, key: &Key) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    unlock(&connection, key)?;
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;")?;
    Ok(connection)
}

pub(crate) fn connect(files: &Files, key: &Key) -> rusqlite::Result<Connection> {
    connect_file(&files.database, key)
}

/// A connection that has read no page yet, so that it can be had whatever is wrong with them.
pub(crate) fn connect_unread(database: &Path, key: &Key) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    tidy_on_close(&connection, false)?;
    unlock(&connection, key)?;
    Ok(connection)
}

/// A connection to any file that is encrypted as a journal is.
pub(crate) fn connect_file(database: &Path, key: &Key) -> rusqlite::Result<Connection> {
    let mut connection = connect_unread(database, key)?;
    let mut began = Instant::now();
    connection.busy_handler(Some(move |count: i32| {
        if count == 0 {
            began = Instant::now();
        }
        // Short naps: SQLite's own handler sleeps up to 100 ms, too long for a lock that is held for 0.2 ms.
        std::thread::sleep(Duration::from_millis(if count < 50 { 1 } else { 5 }));
        began.elapsed() < Duration::from_secs(5)
    }))?;
    // What refers to what is kept whole by the one writer and looked at by a verification; a look-up for every event is not needed.
    connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF; PRAGMA synchronous = NORMAL;")?;
    // Not kept in the file, so every writer sets it: what is deleted is overwritten.
    connection.execute_batch("PRAGMA secure_delete = ON;")?;
    #[cfg(feature = "simulated")]
    connection.execute_batch("PRAGMA synchronous = OFF;")?;
    #[cfg(target_os = "macos")]
    connection.execute_batch("PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;")?;
    Ok(connection)
}

/// Gives a connection the key and room for prepared statements.
fn unlock(connection: &Connection, key: &Key) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(64);
    // Many thousand journals are made there, and pages are looked at; that they are encrypted is tested elsewhere.
    #[cfg(feature = "simulated")]
    if crate::simulated::is_on() {
        return Ok(());
    }
    let mut digits = Zeroizing::new([0; 64]);
    // The length fits by construction.
    let _ = hex::encode_to_slice(key.as_slice(), digits.as_mut_slice());
    let digits = std::str::from_utf8(digits.as_slice()).unwrap_or_default();
    // SQLCipher would tell stderr about a wrong key; callers are told by an error.
    connection.execute_batch("PRAGMA cipher_log_level = NONE;")?;
    connection.execute_batch(&Zeroizing::new(format!("PRAGMA key = \"x'{digits}'\";")))
}

pub(crate) fn tidy_on_close(connection: &Connection, tidy: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !tidy).map(drop)
}
