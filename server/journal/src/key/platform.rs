//! The platform's keyring, as the machine's room gives it, behind the journal's own door.
//! Words and nothing else: what is asked, and how long, is the room's.

use super::holder::{Ask, HolderError, Keyring, Secret};
use host::{KeyringError, PlatformKeyring};

impl Keyring for PlatformKeyring {
    fn name(&self) -> &'static str {
        PlatformKeyring::NAME
    }

    fn get(&self, entry: &str, ask: Ask) -> Result<Option<Secret>, HolderError> {
        PlatformKeyring::get(self, entry, ask == Ask::Person).map_err(told)
    }

    fn put(&self, entry: &str, secret: &[u8], ask: Ask) -> Result<(), HolderError> {
        PlatformKeyring::put(self, entry, secret, ask == Ask::Person).map_err(told)
    }

    fn remove(&self, entry: &str, ask: Ask) -> Result<(), HolderError> {
        PlatformKeyring::remove(self, entry, ask == Ask::Person).map_err(told)
    }
}

fn told(error: KeyringError) -> HolderError {
    match error {
        KeyringError::Locked(said) => HolderError::Locked(said),
        KeyringError::Absent(said) => HolderError::Absent(said),
        KeyringError::TimedOut(said) => HolderError::TimedOut(said),
        KeyringError::Refused(said) => HolderError::Refused(said),
        KeyringError::Failed(said) => HolderError::Failed(said),
    }
}
