//! Two locks between processes, held by the system and given back when a process dies, however it does.
//! One is shared by whoever has the journal open, and taken alone to replace the database; the other is for whoever moves the key.

use crate::folder::Files;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

/// Held while it lives.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "closing the file gives the lock back")] File);

/// Why there is no lock.
#[derive(Debug)]
pub(crate) enum NoLock {
    /// Somebody holds it.
    Held,
    /// The file cannot be made, or the file system has no locks.
    Unable(std::io::Error),
}

/// The journal is open here. `Err` only while its database is being replaced for longer than `patience`; where there can
/// be no lock there is none, and replacing the database is refused.
pub(crate) fn share(files: &Files, patience: Duration) -> Result<Option<Lock>, NoLock> {
    let Ok(file) = open(&files.lock) else { return Ok(None) };
    let began = Instant::now();
    loop {
        match file.try_lock_shared() {
            Ok(()) => return Ok(Some(Lock(file))),
            Err(TryLockError::WouldBlock) if began.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => return Err(NoLock::Held),
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
}

/// Nobody else has the journal open, or opens it.
pub(crate) fn alone(files: &Files) -> Result<Lock, NoLock> {
    take(&files.lock)
}

/// Nobody else moves the key.
pub(crate) fn moving(files: &Files) -> Result<Lock, NoLock> {
    take(&files.moving)
}

fn take(path: &Path) -> Result<Lock, NoLock> {
    let file = open(path).map_err(NoLock::Unable)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(NoLock::Held),
        Err(TryLockError::Error(error)) => Err(NoLock::Unable(error)),
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    crate::folder::private(OpenOptions::new().write(true).create(true).truncate(false)).open(path)
}
