//! The key in a file beside the database, which only its owner may read: made without asking, read, replaced and wiped.
//! A key that is in force is never written over: a new one gets a name of its own first.

use super::key_check;
use crate::error::OpenError;
use crate::folder::{Files, Key, io_error, parse_key, read_small, sync_folder, temporary_beside, write_new};
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use zeroize::Zeroizing;

/// Reads the key file; `None` where there is none.
pub(crate) fn read(files: &Files) -> Result<Option<Key>, OpenError> {
    let bad = |detail: String| OpenError::BadKey { key: files.key.clone(), detail };
    let Some(text) = read_small(&files.key, 4096).map_err(|e| io_error(&files.key, "read", &e))? else {
        return Ok(None);
    };
    parse_key(&Zeroizing::new(text)).map(Some).map_err(bad)
}

/// The key with this check value, if one of the two files holds it: while a key is replaced there are two.
pub(crate) fn read_checked(files: &Files, check: &str) -> Option<Key> {
    [&files.key, &files.next_key].into_iter().find_map(|file| read_one(file).filter(|key| key_check(key) == check))
}

fn read_one(file: &Path) -> Option<Key> {
    let text = Zeroizing::new(read_small(file, 4096).ok()??);
    parse_key(&text).ok()
}

/// 64 digits and an end of line.
pub(crate) fn text_of(key: &Key) -> Zeroizing<[u8; 65]> {
    let mut text = Zeroizing::new([0; 65]);
    // The length fits by construction.
    let _ = hex::encode_to_slice(key.as_slice(), &mut text[..64]);
    text[64] = b'\n';
    text
}

/// Makes a key, and answers with the one that is there in the end: of processes that race, one wins and all agree.
pub(crate) fn make(files: &Files) -> Result<Key, OpenError> {
    let fail = |e: &io::Error| io_error(&files.key, "create", e);
    let key = super::random().map_err(|e| fail(&e))?;
    let text = text_of(&key);
    let temporary = temporary_beside(&files.key);
    if let Err(error) = write_new(&temporary, text.as_slice()) {
        let _ = fs::remove_file(&temporary);
        return Err(fail(&error));
    }
    // A link appears whole and never replaces: a reader sees the whole key or none.
    let linked = fs::hard_link(&temporary, &files.key);
    let _ = fs::remove_file(&temporary);
    match linked {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        // File systems without links: create it under its own name. A racing reader may see it short and reports that.
        Err(_) => match write_new(&files.key, text.as_slice()) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => {
                // Half a key would be in the way of the next start; nothing is encrypted with it yet.
                let _ = fs::remove_file(&files.key);
                return Err(fail(&error));
            }
        },
    }
    // Its name reaches the disk before the database's, which is given after it and flushed.
    read(files)?.ok_or_else(|| OpenError::KeyMissing { file: files.database.clone(), key: files.key.clone() })
}

/// Writes a key under the name of a key to come, whole or not at all.
pub(crate) fn put_next(files: &Files, key: &Key) -> io::Result<()> {
    let temporary = temporary_beside(&files.next_key);
    let written = write_new(&temporary, text_of(key).as_slice()).and_then(|()| fs::rename(&temporary, &files.next_key));
    if written.is_err() {
        let _ = overwrite(&temporary);
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync_folder(&files.folder);
    Ok(())
}

/// The key with this check value gets the usual name. What is there is another key that is in force no more, or half of one.
pub(crate) fn promote(files: &Files, check: &str) -> io::Result<()> {
    if read_one(&files.next_key).is_some_and(|key| key_check(&key) == check) {
        if fs::metadata(&files.key).is_ok() {
            overwrite(&files.key)?;
        }
        fs::rename(&files.next_key, &files.key)?;
        sync_folder(&files.folder);
    }
    Ok(())
}

/// Wipes and removes every file that holds the key with this check value, and what is left of one that was half wiped when the
/// disk was full or the machine stopped. Another whole key is somebody's, and stays.
pub(crate) fn retire(files: &Files, check: &str) -> io::Result<()> {
    for file in [&files.key, &files.next_key] {
        let is_there = fs::symlink_metadata(file).is_ok();
        if is_there && read_one(file).is_none_or(|key| key_check(&key) == check) {
            wipe(file)?;
        }
    }
    sync_folder(&files.folder);
    Ok(())
}

/// Where there is no room to write over it, it is removed all the same: that needs none.
fn wipe(file: &Path) -> io::Result<()> {
    let wiped = overwrite(file);
    fs::remove_file(file)?;
    wiped
}

/// Wipes and removes a key to come that did not come.
pub(crate) fn drop_next(files: &Files) -> io::Result<()> {
    if fs::symlink_metadata(&files.next_key).is_err() {
        return Ok(());
    }
    wipe(&files.next_key)
}

/// Writes zeros over what a file holds. What a disk's own wear levelling or a snapshot keeps is out of reach.
pub(crate) fn overwrite(file: &Path) -> io::Result<()> {
    let mut opened = OpenOptions::new().write(true).open(file)?;
    let length = opened.metadata()?.len().min(4096);
    opened.write_all(&vec![0; usize::try_from(length).unwrap_or(0)])?;
    opened.sync_all()
}
