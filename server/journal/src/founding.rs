//! Makes a journal's database where there is none: aside, whole, flushed once, and then given its name in one step.
//! It replaces nothing. Where it cannot be done so, the database is made in its place, with a flush for each step.

use crate::connect::{connect_file, tidy_on_close};
use crate::error::OpenError;
use crate::folder::{Files, Key, make_private_file, sync_folder};
use crate::key::{lock, remove_copy};
use crate::patience::open_error;
use crate::store::migrate;
use rusqlite::Connection;
use std::fs::{self, File};

/// Makes it, if nobody else is at it. The key has its name by then, and reaches the disk with the database's: names in one
/// folder do so in the order in which they were given.
pub(crate) fn make(files: &Files, key: &Key) -> bool {
    let Ok(_moving) = lock::moving(files) else { return false };
    if fs::symlink_metadata(&files.database).is_ok() {
        return false;
    }
    remove_copy(files);
    // Whatever is wrong with the folder or the disk is told by whoever makes it in its place.
    let made = aside(files, key).is_ok() && fs::hard_link(&files.copy, &files.database).is_ok();
    remove_copy(files);
    if made {
        sync_folder(&files.folder);
    }
    made
}

fn aside(files: &Files, key: &Key) -> Result<(), OpenError> {
    let failed = |e: rusqlite::Error| open_error(files, "make", &e);
    let unwritten = |e: std::io::Error| crate::folder::io_error(&files.copy, "make", &e);
    make_private_file(&files.copy).map_err(unwritten)?;
    let mut connection = connect_file(&files.copy, key).map_err(failed)?;
    // What is cut short here is thrown away.
    let alone = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;";
    connection.execute_batch(alone).map_err(failed)?;
    migrate(&mut connection, files)?;
    turn_to_log(&connection).map_err(failed)?;
    tidy_on_close(&connection, true).map_err(failed)?;
    connection.close().map_err(|(_, e)| failed(e))?;
    File::open(&files.copy).and_then(|file| file.sync_all()).map_err(unwritten)
}

/// Goes to the end of the statement: that its page could not be written is told there, and not with the answer before it.
fn turn_to_log(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("PRAGMA journal_mode = WAL")?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}
