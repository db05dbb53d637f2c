//! Moves the key of a journal to another place, or gives the journal a new key and puts that there.
//! The order is what makes it safe: put, read back, prove, describe; only then is the old place wiped. Whoever kills it in
//! between leaves a journal that opens, with the key in the old place or the new one.

use super::place::entry;
use super::{
    Ask, FORM, HolderError, KeyDescription, Keys, file, key_check, lock, passphrase, place, rotate, seal, session,
    settle,
};
use crate::error::OpenError;
use crate::folder::{Description, Files, Key, io_error, read_description, write_description};
use std::path::{Path, PathBuf};
use ulid::Ulid;
use zeroize::Zeroizing;

/// Where the key shall be kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file beside the database.
    File,
    /// In the platform's keyring.
    Keyring,
    /// In `journal.json`, sealed with a passphrase.
    Passphrase(Zeroizing<String>),
    /// In `journal.json`, sealed by a holder with one of its keys.
    Holder {
        /// [`super::KeyHolder::kind`].
        kind: String,
        /// [`super::HeldKey::name`]; without it, the only key that is fit.
        which: Option<String>,
    },
}

impl Place {
    /// The word in `journal.json`.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Place::File => "file",
            Place::Keyring => "keyring",
            Place::Passphrase(_) => "passphrase",
            Place::Holder { kind, .. } => kind,
        }
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rekeyed {
    /// The journal's ULID.
    pub journal: Ulid,
    /// Where the key was kept.
    pub from: String,
    /// Where it is kept now.
    pub to: String,
    /// The database was encrypted with a new key.
    pub new_key: bool,
    /// A place that still holds the key, because it could not be reached.
    pub left_in: Option<String>,
}

/// Why a key was not moved. The journal is as it was, or is finished by the next who opens it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RekeyError {
    /// The key could not be had, or the files are not a journal.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is none yet.
    #[error("there is no journal in {}\nhint: it is made by the first command or editor that records something", folder.display())]
    NoJournal {
        /// The data folder.
        folder: PathBuf,
    },
    /// Somebody else is at it.
    #[error("another process is moving the key of {}\nhint: wait until it is done", file.display())]
    Moving {
        /// The database.
        file: PathBuf,
    },
    /// A new key needs the journal for itself.
    #[error("{} is open in another Holdover process, and nobody may have it open while it is encrypted anew\nhint: close the editors that use Holdover, then try again; to move the key without a new one, leave out --new-key", file.display())]
    InUse {
        /// The database.
        file: PathBuf,
    },
    /// The new place did not take the key.
    #[error("the key was not put into the {place}: {why}\nhint: nothing was changed; {next}")]
    NotTaken {
        /// The kind of place.
        place: String,
        /// What it said.
        why: String,
        /// The next step.
        next: String,
    },
    /// What was read back was not what was put.
    #[error(
        "what the {place} gives back is not the key that was put there\nhint: nothing was changed, and the key is where it was; choose another place"
    )]
    NotProven {
        /// The kind of place.
        place: String,
    },
    /// The copy could not be made or is not sound.
    #[error("the journal could not be encrypted anew: {detail}\nhint: nothing was changed; {next}")]
    Copy {
        /// What went wrong.
        detail: String,
        /// The next step.
        next: String,
    },
}

/// Moves the key of the journal in `folder` to `to`; with `new_key`, encrypts the database with a new one, for which nobody
/// may have it open. `keys` is asked for the key as it is kept now. `step` hears of each step before it is taken.
pub fn rekey(
    folder: &Path,
    keys: &Keys,
    to: &Place,
    new_key: bool,
    step: &mut dyn FnMut(&'static str),
) -> Result<Rekeyed, RekeyError> {
    let files = Files::of(folder);
    let description = read_description(&files)?.ok_or_else(|| RekeyError::NoJournal { folder: folder.to_owned() })?;
    let _moving = lock::moving(&files).map_err(|why| no_lock(&files, &files.moving, why, true))?;
    step("get the key from where it is kept");
    // Opening takes every check that there is, and finishes what another process began.
    let opened = crate::store::open(&files, keys, std::time::Duration::from_secs(2))?;
    if let Some(found) = opened.newer {
        // What this version does not know of its description would be lost.
        return Err(OpenError::Newer { file: files.database.clone(), found, known: crate::folder::FORMAT }.into());
    }
    let old = opened.key.clone();
    let shared = opened.lock;
    drop(opened.writer);
    let description = read_description(&files)?.unwrap_or(description);
    let description = settle::settle(&files, description, &key_check(&old), keys)?;
    let mover = Mover { files: &files, keys, journal: description.journal };
    let from = description.key.kind.clone();
    let described = if new_key {
        // Given back first: nobody may share it, this process included.
        drop(shared);
        rotate::rotate(&mover, description, &old, to, step)?
    } else {
        mover.relocate(description, &old, to, step)?
    };
    step("wipe the place where it was kept");
    let settled = settle::settle(&files, described, &current_check(&files)?, keys)?;
    if settled.key.kind != "file" {
        // A copy that somebody put back by hand, or the file that the last move had to leave: the place was seen to hold the key.
        file::retire(&files, &settled.key.check).map_err(|e| io_error(&files.key, "wipe", &e))?;
    }
    if new_key || matches!(to, Place::File | Place::Keyring) {
        // Of a key that is no more, or that need not be unlocked any more.
        session::remove(keys, settled.journal).map_err(|e| io_error(&files.folder, "lock", &e))?;
    }
    Ok(Rekeyed {
        journal: settled.journal,
        from,
        to: settled.key.kind.clone(),
        new_key,
        left_in: settled.retiring.map(|old| old.kind),
    })
}

fn current_check(files: &Files) -> Result<String, RekeyError> {
    let folder = || RekeyError::NoJournal { folder: files.folder.clone() };
    Ok(read_description(files)?.ok_or_else(folder)?.key.check)
}

pub(super) fn no_lock(files: &Files, path: &Path, why: lock::NoLock, moving: bool) -> RekeyError {
    let file = files.database.clone();
    match why {
        lock::NoLock::Held if moving => RekeyError::Moving { file },
        lock::NoLock::Held => RekeyError::InUse { file },
        lock::NoLock::Unable(error) => io_error(path, "lock", &error).into(),
    }
}

/// Puts keys into places for one journal.
pub(super) struct Mover<'a> {
    pub files: &'a Files,
    pub keys: &'a Keys,
    pub journal: Ulid,
}

impl Mover<'_> {
    /// The same key, elsewhere.
    fn relocate(
        &self,
        mut description: Description,
        key: &Key,
        to: &Place,
        step: &mut dyn FnMut(&'static str),
    ) -> Result<Description, RekeyError> {
        // A passphrase or a holder's key can be replaced by another; a file or a keyring's entry is the same one.
        if to.kind() == description.key.kind && description.key.sealed.is_none() {
            if *to != Place::File {
                place::from_its_place(self.files, self.journal, &description.key, self.keys)?;
            }
            return Ok(description);
        }
        let described = self.put(&mut description, key, to, step)?;
        step("describe the new place");
        description.putting = None;
        let old = std::mem::replace(&mut description.key, described);
        description.retiring = Some(old);
        if let Err(error) = write_description(self.files, &description) {
            self.undo(&description.key);
            return Err(error.into());
        }
        Ok(description)
    }

    /// Puts a key into a place, reads it back and compares; nothing describes it yet. An entry of the keyring is noted before
    /// it is made, because a keyring is not asked what else it holds.
    pub fn put(
        &self,
        description: &mut Description,
        key: &Key,
        to: &Place,
        step: &mut dyn FnMut(&'static str),
    ) -> Result<KeyDescription, RekeyError> {
        if *to == Place::Keyring {
            let (kind, check) = (to.kind().to_owned(), key_check(key));
            description.putting = Some(KeyDescription { kind, check, form: FORM, sealed: None });
            write_description(self.files, description)?;
        }
        let put = self.put_noted(key, to, step);
        // A keyring that gave no answer may have stored it all the same. What is not known to be gone stays noted, and the next
        // opening looks once more.
        if put.is_err()
            && let Some(noted) = description.putting.take_if(|noted| self.undo(noted))
        {
            tracing::debug!("nothing of the key was left in the {}", noted.kind);
            let _ = write_description(self.files, description);
        }
        put
    }

    fn put_noted(
        &self,
        key: &Key,
        to: &Place,
        step: &mut dyn FnMut(&'static str),
    ) -> Result<KeyDescription, RekeyError> {
        let kind = to.kind().to_owned();
        let check = key_check(key);
        let context = seal::context(self.journal, &kind, &check);
        let not_taken =
            |why: String, next: &str| RekeyError::NotTaken { place: kind.clone(), why, next: next.to_owned() };
        step("put the key into the new place");
        let sealed = match to {
            Place::File => {
                file::put_next(self.files, key).map_err(|e| not_taken(e.to_string(), "look at the disk"))?;
                None
            }
            Place::Keyring => {
                let keyring = self.keys.keyring.as_ref().ok_or_else(|| {
                    not_taken("there is no keyring on this system".to_owned(), "choose another place")
                })?;
                keyring
                    .put(&entry(self.journal, &check), key.as_slice(), Ask::Person)
                    .map_err(|e| refusal(&kind, &e))?;
                None
            }
            Place::Passphrase(passphrase) => {
                let wrapped = passphrase::wrap(passphrase, key, &context);
                Some(wrapped.map_err(|e| not_taken(e.to_string(), "try again"))?)
            }
            Place::Holder { which, .. } => {
                let holder = self
                    .keys
                    .holder(&kind)
                    .ok_or_else(|| not_taken("this version does not know it".to_owned(), "choose another place"))?;
                let sealed = holder.seal(which.as_deref(), key, &context, Ask::Person);
                Some(sealed.map_err(|e| refusal(&kind, &e))?)
            }
        };
        let described = KeyDescription { kind, check, form: FORM, sealed };
        step("read it back");
        let again = match to {
            Place::File => file::read_checked(self.files, &described.check),
            // Straight from the place, and not from where the key lies in the clear as well.
            _ => place::from_its_place(self.files, self.journal, &described, &self.reading(to)).ok(),
        };
        if again.is_some_and(|again| *again == **key) {
            return Ok(described);
        }
        if described.kind != "keyring" {
            self.undo(&described);
        }
        Err(RekeyError::NotProven { place: described.kind })
    }

    fn reading(&self, to: &Place) -> Keys {
        let passphrase = if let Place::Passphrase(passphrase) = to { Some(passphrase.clone()) } else { None };
        Keys { passphrase, ask: Ask::Person, ..self.keys.clone() }
    }

    /// Takes a key away again that was put and is not described; whether it is known to be gone.
    pub fn undo(&self, described: &KeyDescription) -> bool {
        let undone = match described.kind.as_str() {
            "file" => file::drop_next(self.files).map_err(|e| HolderError::Failed(e.to_string())),
            "keyring" => match &self.keys.keyring {
                // Where there is none, nothing was put.
                Some(keyring) => match keyring.remove(&entry(self.journal, &described.check), self.keys.ask) {
                    Err(HolderError::Absent(_)) => Ok(()),
                    removed => removed,
                },
                None => Ok(()),
            },
            _ => Ok(()),
        };
        if let Err(error) = &undone {
            tracing::warn!("a key that is not used was left in the {}: {error}", described.kind);
        }
        undone.is_ok()
    }
}

fn refusal(place: &str, error: &HolderError) -> RekeyError {
    let next = match (place, error) {
        ("keyring", HolderError::Absent(_)) => "start the keyring of your desktop, or use --to passphrase",
        ("keyring", HolderError::Locked(_) | HolderError::TimedOut(_)) => "unlock the keyring, then try again",
        ("ssh-agent", _) => "see `ssh-add -l`; an Ed25519 key is needed",
        _ => "try again, or choose another place",
    };
    RekeyError::NotTaken { place: place.to_owned(), why: error.to_string(), next: next.to_owned() }
}
