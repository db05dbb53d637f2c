//! The witness: a small plain file beside the database that remembers what the database was, and where.
//! A database that is older than it, or that lies somewhere else, is a copy; then our logs go on in a new epoch. It holds no
//! secret, and losing it loses only that one check.

use crate::epoch::sealed_heads;
use crate::error::{JournalError, OpenError};
use crate::folder::{self, Files};
use crate::journal::Journal;
use crate::patience::{begin, open_error};
use crate::store::{Device, refresh_device};
use crate::tx::Tx;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};
use ulid::Ulid;

/// Longest witness that is read, in bytes: some ten thousand logs.
const MAX_WITNESS: u64 = 2 << 20;

/// `journal.witness`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Witness {
    /// Whose it is.
    journal: Ulid,
    /// The epoch in force, in hex.
    epoch: String,
    /// What tells this machine from another: a hash that leads back to nothing. `None` where the system does not say.
    machine: Option<String>,
    /// What tells this database file from a copy of it. `None` where the file system does not say.
    file: Option<String>,
    /// Of each of our logs that a segment holds something of: the last such place, and its chain hash in hex.
    heads: BTreeMap<String, (i64, String)>,
}

impl Witness {
    fn now(connection: &Connection, files: &Files, journal: Ulid, device: &Device) -> rusqlite::Result<Witness> {
        let heads = sealed_heads(connection, device)?;
        Ok(Witness {
            journal,
            epoch: hex::encode(device.epoch),
            machine: machine(journal),
            file: file_identity(files),
            heads: heads.into_iter().map(|(log, seq, hash)| (hex::encode(log), (seq, hex::encode(hash)))).collect(),
        })
    }

    fn read(files: &Files) -> Option<Witness> {
        // What cannot be read bears no witness; it is written anew.
        let text = folder::read_small(&files.witness, MAX_WITNESS).ok().flatten()?;
        serde_json::from_slice(&text).ok()
    }

    fn write(&self, files: &Files) -> io::Result<()> {
        let written = self.put(files, folder::write_new);
        folder::sync_folder(&files.folder);
        written
    }

    /// Where there was none before: a loss of power takes no more than was there.
    fn write_first(&self, files: &Files) -> io::Result<()> {
        self.put(files, folder::write_new_unflushed)
    }

    fn put(&self, files: &Files, write: impl FnOnce(&Path, &[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        let temporary = folder::temporary_beside(&files.witness);
        let written = write(&temporary, &text).and_then(|()| fs::rename(&temporary, &files.witness));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Why the database that is here is not the one that the witness saw.
    fn contradiction(&self, now: &Witness, connection: &Connection) -> rusqlite::Result<Option<String>> {
        let differ = |then: &Option<String>, now: &Option<String>| then.is_some() && now.is_some() && then != now;
        let known: bool = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM epoch WHERE nonce = ?1)",
            [hex::decode(&self.epoch).unwrap_or_default()],
            |row| row.get(0),
        )?;
        if !known {
            return Ok(Some("the database is older than what was begun since: a backup was put back".to_owned()));
        }
        for (log, (seq, hash)) in &self.heads {
            let here: Option<[u8; 32]> = connection
                .prepare_cached(
                    "SELECT event.hash FROM event JOIN log ON log.n = event.log WHERE log.id = ?1 AND event.seq = ?2",
                )?
                .query_row((hex::decode(log).unwrap_or_default(), seq), |row| row.get(0))
                .optional()?;
            if here.map(hex::encode).as_ref() != Some(hash) {
                return Ok(Some("the database is older than what was sealed since: a backup was put back".to_owned()));
            }
        }
        if differ(&self.machine, &now.machine) {
            return Ok(Some("this is another machine than the journal was written on".to_owned()));
        }
        if differ(&self.file, &now.file) {
            return Ok(Some("the database is a copy of the file that was written".to_owned()));
        }
        Ok(None)
    }
}

/// Compares the database with the witness, begins a new epoch where they contradict, and writes the witness anew where it has
/// changed. In the common case it reads one small file and writes nothing.
pub(crate) fn heed(
    connection: &mut Connection,
    files: &Files,
    journal: Ulid,
    device: &mut Device,
) -> Result<(), OpenError> {
    let failed = |e: rusqlite::Error| open_error(files, "open", &e);
    let witness = Witness::read(files).filter(|witness| witness.journal == journal);
    let now = Witness::now(connection, files, journal, device).map_err(failed)?;
    if witness.as_ref() == Some(&now) {
        return Ok(());
    }
    connection.pragma_update(None, "synchronous", "full").map_err(failed)?;
    // Again, alone: another process may have done it meanwhile.
    let transaction = begin(connection).map_err(failed)?;
    refresh_device(&transaction, device).map_err(failed)?;
    let now = Witness::now(&transaction, files, journal, device).map_err(failed)?;
    let witness = Witness::read(files).filter(|witness| witness.journal == journal);
    let contradiction = match &witness {
        Some(witness) => witness.contradiction(&now, &transaction).map_err(failed)?,
        None => None,
    };
    let mut last = now;
    if let Some(reason) = contradiction {
        let said = |e: &JournalError| OpenError::Io {
            file: files.database.clone(),
            what: "begin an epoch in",
            detail: e.to_string(),
        };
        let mut tx = Tx::new(&transaction, &files.database, device);
        tx.renew(&reason).map_err(|e| said(&e))?;
        tx.finish(true).map_err(|e| said(&e))?;
        drop(tx);
        refresh_device(&transaction, device).map_err(failed)?;
        last = Witness::now(&transaction, files, journal, device).map_err(failed)?;
    }
    // Before the commit: a witness of an epoch that the database does not know only begins another one. A full disk must not
    // keep anybody from reading.
    let written = if witness.is_some() { last.write(files) } else { last.write_first(files) };
    if let Err(error) = written {
        tracing::warn!("{} was not written: {error}", files.witness.display());
    }
    transaction.commit().map_err(failed)
}

impl Journal {
    /// Writes down what was sealed, before it is given out. One process at a time, so that an older state never covers a newer.
    pub(crate) fn bear_witness(&self) -> Result<(), JournalError> {
        let (files, journal) = (self.files().clone(), self.id());
        self.write(false, move |tx| {
            let witness = Witness::now(tx.connection, &files, journal, &tx.device).map_err(|e| tx.error(&e))?;
            witness.write(&files).map_err(|e| JournalError::Database {
                file: files.witness.clone(),
                what: "write",
                detail: e.to_string(),
            })
        })
    }
}

/// A hash of what the system calls this machine, bound to this journal so that it says nothing elsewhere.
fn machine(journal: Ulid) -> Option<String> {
    let id = machine_id()?;
    let mut hasher = blake3::Hasher::new_derive_key("holdover journal v1 machine");
    hasher.update(&journal.to_bytes()).update(id.trim().as_bytes());
    Some(hex::encode(&hasher.finalize().as_bytes()[..16]))
}

#[cfg(target_os = "linux")]
fn machine_id() -> Option<String> {
    ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .into_iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .find(|id| !id.trim().is_empty() && id.trim() != "uninitialized")
}

// Told by commands and a registry there, not by a file.
#[cfg(not(target_os = "linux"))]
fn machine_id() -> Option<String> {
    None
}

/// What the file system calls the database: a copy has another number. Only of file systems that keep it for a file's life.
#[cfg(target_os = "linux")]
fn file_identity(files: &Files) -> Option<String> {
    #[cfg(feature = "simulated")]
    if let Some(disk) = crate::simulated::disk() {
        return Some(disk);
    }
    use std::os::unix::fs::MetadataExt;
    // ext2 to ext4, btrfs, xfs, f2fs, zfs, tmpfs: linux/magic.h. On FAT, FUSE and some network file systems numbers change.
    const STEADY: [u64; 6] = [0xef53, 0x9123_683e, 0x5846_5342, 0xf2f5_2010, 0x2fc1_2fc1, 0x0102_1994];
    let kind = rustix::fs::statfs(&files.folder).ok()?.f_type;
    let steady = u64::try_from(kind).is_ok_and(|kind| STEADY.contains(&(kind & 0xffff_ffff)));
    let meta = fs::metadata(&files.database).ok().filter(|_| steady)?;
    Some(meta.ino().to_string())
}

#[cfg(target_os = "macos")]
fn file_identity(files: &Files) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(&files.database).ok().map(|meta| meta.ino().to_string())
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn file_identity(_files: &Files) -> Option<String> {
    None
}
