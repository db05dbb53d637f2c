//! Gets the raw key from wherever the description says that it is: what is at hand first, what may have to be waited for last.
//! It changes nothing.

use super::{HolderError, KeyDescription, Keys, file, key_check, passphrase, seal, session};
use crate::error::OpenError;
use crate::folder::{Files, Key};
use ulid::Ulid;
use zeroize::Zeroizing;

/// The next step where nothing but a person is missing.
const UNLOCK: &str = "`holdover journal unlock` in a terminal";

/// A key that fits its check value.
pub(crate) struct Found {
    pub key: Key,
    /// It lay in the session's folder: the user unlocked it.
    pub from_session: bool,
}

/// The key that `described` describes.
pub(crate) fn find(files: &Files, journal: Ulid, described: &KeyDescription, keys: &Keys) -> Result<Found, OpenError> {
    let check = described.check.as_str();
    let found = |key| Ok(Found { key, from_session: false });
    if described.kind == "file" {
        return match file::read_checked(files, check) {
            Some(key) => found(key),
            None => Err(what_the_file_is(files)),
        };
    }
    if !["keyring", "passphrase"].contains(&described.kind.as_str()) && keys.holder(&described.kind).is_none() {
        let detail = format!("the key is kept in `{}`, which this version does not know", described.kind);
        return Err(OpenError::BadDescription { file: files.description.clone(), detail });
    }
    // Where the key lies in the clear it need not be asked for: put back by hand, or left by a move that was cut short.
    if let Some(key) = file::read_checked(files, check) {
        return found(key);
    }
    if let Some(key) = session::read(keys, journal, check) {
        return Ok(Found { key, from_session: true });
    }
    if keys.at_hand {
        let why = format!("its key is kept in the {}, which was not asked yet", described.kind);
        return Err(locked(files, described, why, "wait a moment"));
    }
    from_its_place(files, journal, described, keys).and_then(found)
}

/// The key from the place that is described, and from nowhere else; not for `file`.
pub(super) fn from_its_place(
    files: &Files,
    journal: Ulid,
    described: &KeyDescription,
    keys: &Keys,
) -> Result<Key, OpenError> {
    let check = described.check.as_str();
    let context = seal::context(journal, &described.kind, check);
    let bad = |detail: String| OpenError::BadDescription { file: files.description.clone(), detail };
    match described.kind.as_str() {
        "keyring" => from_keyring(files, journal, described, keys),
        "passphrase" => {
            let Some(passphrase) = &keys.passphrase else {
                let why = "its key is sealed with a passphrase".to_owned();
                return Err(locked(files, described, why, UNLOCK));
            };
            match passphrase::unwrap(passphrase, described.sealed.as_ref(), &context) {
                Ok(Some(key)) if key_check(&key) == check => Ok(key),
                Ok(_) => Err(OpenError::WrongPassphrase { file: files.database.clone() }),
                Err(detail) => Err(bad(detail)),
            }
        }
        kind => {
            let unknown = || bad(format!("the key is kept in `{kind}`, which this version does not know"));
            let holder = keys.holder(kind).ok_or_else(unknown)?;
            let sealed = described.sealed.as_ref().ok_or_else(|| bad("the sealed key is not in it".to_owned()))?;
            match holder.unseal(sealed, &context, keys.ask) {
                Ok(key) if key_check(&key) == check => Ok(key),
                Ok(_) => {
                    let why = format!("what {} gave back is not its key", holder.describe(sealed));
                    Err(locked(files, described, why, "put back the key that it was sealed with"))
                }
                Err(error) => Err(not_given(files, described, &error)),
            }
        }
    }
}

/// Name of a journal's secret in a keyring. A key that replaces another has a name of its own, so that both can be there.
pub(crate) fn entry(journal: Ulid, check: &str) -> String {
    format!("journal {journal} {check}")
}

fn from_keyring(files: &Files, journal: Ulid, described: &KeyDescription, keys: &Keys) -> Result<Key, OpenError> {
    let Some(keyring) = &keys.keyring else {
        let why = "its key is in a keyring, and there is none here".to_owned();
        return Err(locked(
            files,
            described,
            why,
            "open it where it was made, or put a copy of the key file back as journal.key",
        ));
    };
    let entry = entry(journal, &described.check);
    let secret = keyring.get(&entry, keys.ask).map_err(|error| not_given(files, described, &error))?;
    let mut key = Zeroizing::new([0; 32]);
    match secret {
        Some(secret) if secret.len() == 32 => key.copy_from_slice(&secret),
        Some(_) => {}
        None => {
            let place = format!("{} has no entry `{entry}`", keyring.name());
            return Err(OpenError::KeyGone { file: files.database.clone(), place });
        }
    }
    if key_check(&key) == described.check {
        return Ok(key);
    }
    let place = format!("what {} has under `{entry}` is another key", keyring.name());
    Err(OpenError::KeyGone { file: files.database.clone(), place })
}

fn not_given(files: &Files, described: &KeyDescription, error: &HolderError) -> OpenError {
    let next = match (error, described.kind.as_str()) {
        (HolderError::Absent(_), "keyring") => {
            "log in where the keyring runs; with a copy of the key file, put it back as journal.key"
        }
        (HolderError::Absent(_) | HolderError::Refused(_), "ssh-agent") => {
            "start the agent, add the key with `ssh-add`, then `holdover journal unlock`"
        }
        _ => UNLOCK,
    };
    locked(files, described, error.to_string(), next)
}

fn locked(files: &Files, described: &KeyDescription, why: String, next: &str) -> OpenError {
    let (file, kind) = (files.database.clone(), described.kind.clone());
    OpenError::Locked { file, kind, why, next: next.to_owned() }
}

/// Why the key file does not give the key that is described.
fn what_the_file_is(files: &Files) -> OpenError {
    match file::read(files) {
        Ok(Some(_)) => OpenError::WrongKey { file: files.database.clone(), key: files.key.clone() },
        Ok(None) => OpenError::KeyMissing { file: files.database.clone(), key: files.key.clone() },
        Err(error) => error,
    }
}
