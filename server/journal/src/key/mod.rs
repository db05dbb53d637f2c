//! Where the raw key of a journal is kept, and how it is got from there: file, login session, keyring, passphrase, holder.
//! It never opens the database, and asks a person only where its caller says so.

mod description;
mod file;
mod holder;
pub(crate) mod lock;
mod passphrase;
mod place;
mod platform;
mod rekey;
mod rotate;
mod seal;
mod session;
pub(crate) mod settle;
mod ssh_agent;
mod unlock;

pub(crate) use description::{FORM, KeyDescription};
pub(crate) use file::{make as make_file, read as read_file};
pub use holder::{Ask, HeldKey, HolderError, KeyHolder, Keyring, Secret};
pub use passphrase::SHORTEST as SHORTEST_PASSPHRASE;
pub(crate) use place::find;
pub use rekey::{Place, RekeyError, Rekeyed, rekey};
pub(crate) use rotate::remove_copy;
pub use ssh_agent::SshAgent;
pub use unlock::{KeyStanding, UnlockError, Unlocked, key_standing, lock, unlock};

use crate::folder::Key;
use std::path::PathBuf;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Whom a journal may ask for its key, beside its own files. The default asks nobody: a journal whose key lies elsewhere is
/// then locked.
#[derive(Clone, Default)]
pub struct Keys {
    /// Folder in memory that is this user's for as long as somebody is logged in: where an unlocked key lies.
    pub session: Option<PathBuf>,
    /// The platform's keyring.
    pub keyring: Option<Arc<dyn Keyring>>,
    /// Holders of keys that never leave them, by [`KeyHolder::kind`].
    pub holders: Vec<Arc<dyn KeyHolder>>,
    /// Whether a person may be asked: keyrings and holders can open windows, and wait for an answer.
    pub ask: Ask,
    /// What the person typed, for a journal whose key is sealed with a passphrase.
    pub passphrase: Option<Zeroizing<String>>,
    /// Nothing that may have to be waited for is asked.
    pub at_hand: bool,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("session", &self.session).field("ask", &self.ask).finish_non_exhaustive()
    }
}

impl Keys {
    /// The same, asking nobody who may have to be waited for: what is left answers within a millisecond.
    #[must_use]
    pub fn at_hand(&self) -> Keys {
        Keys { at_hand: true, ..self.clone() }
    }

    fn holder(&self, kind: &str) -> Option<&Arc<dyn KeyHolder>> {
        self.holders.iter().find(|holder| holder.kind() == kind)
    }
}

/// See [`KeyDescription::check`].
pub(crate) fn key_check(key: &Key) -> String {
    hex::encode(&blake3::derive_key("holdover journal v1 key check", key.as_slice())[..8])
}

/// A new raw key.
pub(crate) fn random() -> std::io::Result<Key> {
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(key.as_mut_slice()).map_err(std::io::Error::other)?;
    Ok(key)
}
