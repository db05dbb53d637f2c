//! Finishes what a move of the key began, whether this process began it or one that was killed in the middle.
//! A key is removed from a place only when the database was opened with the one that is described.

use super::place::entry;
use super::{HolderError, KeyDescription, Keys, file, lock};
use crate::error::OpenError;
use crate::folder::{Description, Files, io_error, read_description, write_description};
use std::fs;

/// Whether something was left to be finished. Two looks at file names.
pub(crate) fn is_due(files: &Files, description: &Description) -> bool {
    description.next.is_some()
        || description.retiring.is_some()
        || description.putting.is_some()
        || [&files.next_key, &files.copy].into_iter().any(|file| fs::symlink_metadata(file).is_ok())
}

/// Finishes if nobody else is at it. `check` is that of the key which opened the database. Trouble is logged: what could not
/// be finished now is finished at the next opening.
pub(crate) fn after_opening(files: &Files, check: &str, keys: &Keys) {
    let Ok(_moving) = lock::moving(files) else { return };
    // Read again under the lock: the one who held it may have finished.
    let result = match read_description(files) {
        Ok(Some(description)) => settle(files, description, check, keys).map(drop),
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = result {
        tracing::warn!("a move of the journal's key is not finished: {error}");
    }
}

/// Under the lock of the mover: what is described from then on. A place that cannot be reached stays noted.
pub(crate) fn settle(
    files: &Files,
    mut description: Description,
    check: &str,
    keys: &Keys,
) -> Result<Description, OpenError> {
    if let Some(next) = description.next.take() {
        // Either the database was replaced, and the key before is to go, or it was not, and the new one is of no use.
        let gone = if next.check == check { std::mem::replace(&mut description.key, next) } else { next };
        description.retiring = Some(gone);
        write_description(files, &description)?;
    }
    if let Some(putting) = description.putting.take() {
        if let Err(error) = remove(files, &description, &putting, keys) {
            tracing::info!("a key that nothing uses may be in the {}, and could not be removed: {error}", putting.kind);
            description.putting = Some(putting);
        } else {
            write_description(files, &description)?;
        }
    }
    super::rotate::remove_copy(files);
    let failed = |e: std::io::Error| io_error(&files.next_key, "rename", &e);
    if description.key.kind == "file" {
        file::promote(files, &description.key.check).map_err(failed)?;
    }
    if let Some(old) = description.retiring.take() {
        if let Err(error) = remove(files, &description, &old, keys) {
            tracing::info!("the key was not removed from where it was kept before ({}): {error}", old.kind);
            description.retiring = Some(old);
        } else {
            write_description(files, &description)?;
        }
    }
    file::drop_next(files).map_err(failed)?;
    Ok(description)
}

/// Removes a key from where `old` says, unless that is where the one in force is.
fn remove(files: &Files, now: &Description, old: &KeyDescription, keys: &Keys) -> Result<(), HolderError> {
    if now.key.kind == old.kind && now.key.check == old.check {
        return Ok(());
    }
    match old.kind.as_str() {
        "file" => file::retire(files, &old.check).map_err(|e| HolderError::Failed(e.to_string())),
        "keyring" => match &keys.keyring {
            Some(keyring) => keyring.remove(&entry(now.journal, &old.check), keys.ask),
            None => Err(HolderError::Absent("the keyring was not asked".to_owned())),
        },
        // What was sealed lay in the description, which was written anew.
        _ => Ok(()),
    }
}
