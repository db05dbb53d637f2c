//! What the keyring crate does not say: whether something is locked, without asking a person to unlock it.
//! It reads and writes no secret.

use crate::entry::SERVICE;
use host::{KeyringError, PlatformKeyring};
use secret_service::blocking::SecretService;
use secret_service::{EncryptionType, Error};
use std::collections::HashMap;

/// `Some` where there is such an entry that may be used.
pub fn find(entry: &str, person: bool) -> Result<Option<()>, KeyringError> {
    let service = connect()?;
    let attributes = HashMap::from([("service", SERVICE), ("username", entry)]);
    let found = service.search_items(attributes).map_err(|e| told(&e))?;
    match (found.unlocked.len(), found.locked.len()) {
        (0, 0) => Ok(None),
        (0, _) if !person => Err(KeyringError::Locked(format!("{} is locked", PlatformKeyring::NAME))),
        _ => Ok(Some(())),
    }
}

/// Whether an entry can be put without a prompt that nobody would see.
pub fn may_write(person: bool) -> Result<(), KeyringError> {
    let service = connect()?;
    if person {
        return Ok(());
    }
    let locked = service.get_default_collection().and_then(|found| found.is_locked()).map_err(|e| told(&e))?;
    if locked { Err(KeyringError::Locked(format!("{} is locked", PlatformKeyring::NAME))) } else { Ok(()) }
}

/// Over a socket of this machine alone: a bus could be named by an address elsewhere, and nothing connects unasked.
fn connect() -> Result<SecretService<'static>, KeyringError> {
    let name = PlatformKeyring::NAME;
    let address = std::env::var("DBUS_SESSION_BUS_ADDRESS").unwrap_or_default();
    if address.split(';').any(|one| !one.is_empty() && !one.starts_with("unix:")) {
        return Err(KeyringError::Absent(format!("the session bus is not on this machine: {address}")));
    }
    SecretService::connect(EncryptionType::Dh)
        .map_err(|e| KeyringError::Absent(format!("{name} does not run in this login: {e}")))
}

fn told(error: &Error) -> KeyringError {
    let name = PlatformKeyring::NAME;
    match error {
        Error::Locked => KeyringError::Locked(format!("{name} is locked")),
        Error::Prompt => KeyringError::Refused("the prompt of the keyring was dismissed".to_owned()),
        Error::Unavailable => KeyringError::Absent(format!("{name} does not run in this login")),
        _ => KeyringError::Failed(format!("{name} failed: {error}")),
    }
}
