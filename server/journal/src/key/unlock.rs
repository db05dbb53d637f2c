//! Unlocks a journal for the login session, locks it again, and says how its key stands.
//! What is unlocked lies in the session's folder in memory; a keyring keeps its own state, and nothing is copied out of it.

use super::{KeyDescription, Keys, file, place, session};
use crate::error::OpenError;
use crate::folder::{Description, Files, read_description};
use std::fs;
use std::path::{Path, PathBuf};

/// What unlocking came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unlocked {
    /// It is never locked: the key lies beside it.
    NeverLocked,
    /// It was unlocked before.
    Already,
    /// The key lies in this file in memory until the user logs out.
    ForSession(PathBuf),
    /// Who keeps the key gave it, and gives it to others too.
    ByItsKeeper,
}

/// Why a journal was not unlocked or locked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnlockError {
    /// The key could not be had.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is none.
    #[error("there is no journal in {}\nhint: it is made by the first command or editor that records something", folder.display())]
    NoJournal {
        /// The data folder.
        folder: PathBuf,
    },
    /// There is no place for an unlocked key.
    #[error(
        "the journal cannot stay unlocked: {detail}\nhint: log in so that XDG_RUNTIME_DIR is set to a folder in memory, or keep the key in the keyring: `holdover journal rekey --to keyring`"
    )]
    NoSession {
        /// Why.
        detail: String,
    },
}

/// Gets the key from where it is kept, and leaves it where every process of this login finds it, where that is needed.
pub fn unlock(folder: &Path, keys: &Keys) -> Result<Unlocked, UnlockError> {
    let files = Files::of(folder);
    let described = described(&files)?;
    let (journal, key) = (described.journal, &described.key);
    if key.kind == "file" || file::read_checked(&files, &key.check).is_some() {
        return Ok(Unlocked::NeverLocked);
    }
    if session::read(keys, journal, &key.check).is_some() {
        return Ok(Unlocked::Already);
    }
    let found = place::from_its_place(&files, journal, key, keys)?;
    if key.kind == "keyring" {
        session::wake(keys, journal);
        return Ok(Unlocked::ByItsKeeper);
    }
    let file = session::write(keys, journal, &found).map_err(|e| UnlockError::NoSession { detail: e.to_string() })?;
    Ok(Unlocked::ForSession(file))
}

/// Takes an unlocked key away; says whether there was one. Servers that have the journal open close it.
pub fn lock(folder: &Path, keys: &Keys) -> Result<bool, UnlockError> {
    let files = Files::of(folder);
    let described = described(&files)?;
    session::remove(keys, described.journal).map_err(|e| UnlockError::NoSession { detail: e.to_string() })
}

fn described(files: &Files) -> Result<Description, UnlockError> {
    read_description(files)?.ok_or_else(|| UnlockError::NoJournal { folder: files.folder.clone() })
}

/// How the key of a journal is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStanding {
    /// `file`, `keyring`, `passphrase`, or a holder's kind.
    pub kind: String,
    /// Which of a holder's keys it is sealed with, for people.
    pub sealed_with: Option<String>,
    /// It lies unlocked in this session's folder.
    pub unlocked: bool,
    /// A copy of it lies in the clear beside the database, although it is kept elsewhere.
    pub copy_in_clear: Option<PathBuf>,
    /// A place where it was kept before, and may still be.
    pub retiring: Option<String>,
}

/// From the description and file names; asks nobody for the key. `None` where there is no journal or none that is described.
#[must_use]
pub fn key_standing(folder: &Path, keys: &Keys) -> Option<KeyStanding> {
    let files = Files::of(folder);
    let Description { journal, key, retiring, .. } = read_description(&files).ok().flatten()?;
    let KeyDescription { kind, check, sealed, .. } = key;
    let in_clear = [&files.key, &files.next_key].into_iter().find(|file| fs::symlink_metadata(file).is_ok());
    Some(KeyStanding {
        sealed_with: keys.holder(&kind).zip(sealed).map(|(holder, sealed)| holder.describe(&sealed)),
        unlocked: kind != "file" && session::read(keys, journal, &check).is_some(),
        copy_in_clear: in_clear.filter(|_| kind != "file" && file::read_checked(&files, &check).is_some()).cloned(),
        retiring: retiring.map(|old| old.kind),
        kind,
    })
}
