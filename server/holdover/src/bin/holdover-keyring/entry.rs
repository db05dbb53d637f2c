//! An entry of the keyring: read, put, removed, through the crate that knows every platform's keyring.
//! Whether something is locked is asked of `secret_service` first, where that is what the platform has: nothing here may prompt unasked.

use host::{KeyringError, PlatformKeyring};
use keyring::{Entry, Error};
use zeroize::Zeroizing;

/// Under which service the entries are kept.
pub const SERVICE: &str = "holdover";

/// `none`, or `ok` and the secret in hexadecimal.
pub fn get(entry: &str, person: bool) -> Result<Zeroizing<String>, KeyringError> {
    #[cfg(all(unix, not(target_os = "macos")))]
    if crate::secret_service::find(entry, person)?.is_none() {
        return Ok(Zeroizing::new("none".to_owned()));
    }
    let _ = person;
    match open(entry)?.get_secret().map(Zeroizing::new) {
        Ok(secret) => Ok(Zeroizing::new(format!("ok {}", *Zeroizing::new(hex::encode(&secret))))),
        Err(Error::NoEntry) => Ok(Zeroizing::new("none".to_owned())),
        Err(error) => Err(told(&error)),
    }
}

/// Puts a secret, over one that is there.
pub fn put(entry: &str, secret: &[u8], person: bool) -> Result<(), KeyringError> {
    #[cfg(all(unix, not(target_os = "macos")))]
    crate::secret_service::may_write(person)?;
    let _ = person;
    open(entry)?.set_secret(secret).map_err(|e| told(&e))
}

/// Removes a secret; that there is none is no error.
pub fn remove(entry: &str, person: bool) -> Result<(), KeyringError> {
    #[cfg(all(unix, not(target_os = "macos")))]
    if crate::secret_service::find(entry, person)?.is_none() {
        return Ok(());
    }
    let _ = person;
    match open(entry)?.delete_credential() {
        Ok(()) | Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(told(&error)),
    }
}

fn open(entry: &str) -> Result<Entry, KeyringError> {
    if let Err(error) = Entry::store_status() {
        return Err(KeyringError::Absent(format!("{} cannot be reached: {error}", PlatformKeyring::NAME)));
    }
    Entry::new(SERVICE, entry).map_err(|e| told(&e))
}

fn told(error: &Error) -> KeyringError {
    let name = PlatformKeyring::NAME;
    match error {
        Error::NoStorageAccess(_) => KeyringError::Locked(format!("{name} stayed locked: {error}")),
        Error::Ambiguous(_) => KeyringError::Failed(format!("{name} has several entries of that name")),
        _ => KeyringError::Failed(format!("{name} failed: {error}")),
    }
}
