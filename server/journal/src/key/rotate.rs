//! Gives a journal a new raw key: a copy of the database is encrypted with it and takes the old one's name in one step.
//! Nobody may have the journal open. Until the copy has its name, the old key and the old database are in force.

use super::rekey::{Mover, Place, RekeyError, no_lock};
use super::{lock, random};
use crate::connect::connect_file;
use crate::folder::{Description, Files, Key, io_error, make_private_file, sync_folder, write_description};
use crate::patience::retry;
use crate::store::head;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode};
use std::fs;
use std::path::{Path, PathBuf};

/// Pages that are copied at a time.
const PAGES: i32 = 4096;

pub(super) fn rotate(
    mover: &Mover<'_>,
    mut description: Description,
    old: &Key,
    to: &Place,
    step: &mut dyn FnMut(&'static str),
) -> Result<Description, RekeyError> {
    let files = mover.files;
    let alone = lock::alone(files).map_err(|why| no_lock(files, &files.lock, why, false))?;
    let key = random().map_err(|e| copy_failed(&e.to_string()))?;
    let copy = files.copy.clone();
    remove_copy(files);
    step("encrypt a copy with a new key");
    let copied = copy_with(files, old, &copy, &key);
    let described = copied.and_then(|()| mover.put(&mut description, &key, to, step));
    let described = match described {
        Ok(described) => described,
        Err(error) => {
            remove_copy(files);
            return Err(error);
        }
    };
    step("describe the new key beside the old one");
    (description.next, description.putting) = (Some(described), None);
    if let Err(error) = write_description(files, &description) {
        remove_copy(files);
        if let Some(described) = &description.next {
            mover.undo(described);
        }
        return Err(error.into());
    }
    step("put the copy in the place of the database");
    // The old one's log was emptied, and nobody could write to it since.
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(with_ending(&files.database, ending));
    }
    // It would take the new file for a copy of the old one on another machine; the next opening writes it anew.
    let _ = fs::remove_file(&files.witness);
    fs::rename(&copy, &files.database).map_err(|e| io_error(&copy, "rename", &e))?;
    sync_folder(&files.folder);
    step("describe the new key");
    let Some(next) = description.next.take() else { return Ok(description) };
    description.retiring = Some(std::mem::replace(&mut description.key, next));
    write_description(files, &description)?;
    drop(alone);
    Ok(description)
}

/// Copies page by page, so that every row, number and setting is where it was, and proves the copy.
fn copy_with(files: &Files, old: &Key, copy: &Path, key: &Key) -> Result<(), RekeyError> {
    let failed = |e: &rusqlite::Error| match e.sqlite_error_code() {
        // An older version holds no lock of ours, but it holds SQLite's.
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => RekeyError::InUse { file: files.database.clone() },
        Some(ErrorCode::DiskFull) => copy_failed("there is no space left for a copy of the database"),
        _ => copy_failed(&e.to_string()),
    };
    let events = {
        let source = connect_file(&files.database, old).map_err(|e| failed(&e))?;
        source.pragma_update(None, "locking_mode", "exclusive").map_err(|e| failed(&e))?;
        // Writing needs the file alone from now on, and so does keeping it: whoever has it open stands in the way.
        source.execute_batch("BEGIN IMMEDIATE; COMMIT").map_err(|e| failed(&e))?;
        let events = head(&source).map_err(|e| failed(&e))?;
        let emptied: i64 =
            source.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(|e| failed(&e))?;
        if emptied != 0 {
            return Err(RekeyError::InUse { file: files.database.clone() });
        }
        make_private_file(copy).map_err(|e| io_error(copy, "create", &e))?;
        let mut target = connect_file(copy, key).map_err(|e| failed(&e))?;
        target.pragma_update(None, "synchronous", "full").map_err(|e| failed(&e))?;
        let backup = Backup::new(&source, &mut target).map_err(|e| failed(&e))?;
        loop {
            match backup.step(PAGES).map_err(|e| failed(&e))? {
                StepResult::Done => break,
                StepResult::More => {}
                _ => return Err(RekeyError::InUse { file: files.database.clone() }),
            }
        }
        drop(backup);
        close(target).map_err(|e| failed(&e))?;
        close(source).map_err(|e| failed(&e))?;
        events
    };
    prove(copy, key, events).map_err(|detail| copy_failed(&detail))?;
    fs::File::open(copy).and_then(|file| file.sync_all()).map_err(|e| io_error(copy, "flush", &e).into())
}

fn prove(copy: &Path, key: &Key, events: u64) -> Result<(), String> {
    let said = |e: rusqlite::Error| e.to_string();
    let connection = connect_file(copy, key).map_err(said)?;
    let found = retry(|| head(&connection)).map_err(said)?;
    if found != events {
        return Err(format!("the copy ends at event {found}, and the journal at event {events}"));
    }
    let mut broken = connection.prepare("PRAGMA cipher_integrity_check").map_err(said)?;
    if let Some(row) = broken.query([]).map_err(said)?.next().map_err(said)? {
        return Err(format!("the copy is not sound: {}", row.get::<_, String>(0).unwrap_or_default()));
    }
    drop(broken);
    let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(said)?;
    if sound != "ok" {
        return Err(format!("the copy is not sound: {sound}"));
    }
    close(connection).map_err(said)
}

fn close(connection: Connection) -> rusqlite::Result<()> {
    // The last to close empties the log into the file and removes it.
    crate::connect::tidy_on_close(&connection, true)?;
    connection.close().map_err(|(_, error)| error)
}

fn copy_failed(detail: &str) -> RekeyError {
    let next = "look at the free space and the disk, then try again".to_owned();
    RekeyError::Copy { detail: detail.to_owned(), next }
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Removes a copy that did not take the database's name, which is of no use to anybody. Under the lock of the mover.
pub(crate) fn remove_copy(files: &Files) {
    for ending in ["", "-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(with_ending(&files.copy, ending));
    }
}
