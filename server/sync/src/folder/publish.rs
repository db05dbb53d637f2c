//! How bytes appear in a folder as a whole or not at all, and in nobody's place: written under another name beside it, flushed,
//! then given the name. It knows nothing of what they are.

use super::disk::{Disk, Kind};
use crate::remote::Put;
use std::io::{self, ErrorKind};
use std::path::Path;

/// In which way the name was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// A second link, which the system refuses where something has the name.
    Link,
    /// Renaming that refuses to replace.
    Rename,
    /// The name was taken first, empty, and then replaced.
    Reserve,
}

impl Way {
    pub fn words(self) -> &'static str {
        match self {
            Way::Link => "written aside, flushed, and linked to its name",
            Way::Rename => "written aside, flushed, and renamed where nothing has its name",
            Way::Reserve => "written aside, flushed, and renamed to a name that was taken first",
        }
    }
}

/// Puts `bytes` at `to`, where nothing may be yet. `aside` is a name in the same folder that nobody else has. The folder is flushed
/// before this answers with [`Put::Stored`].
pub(crate) fn publish(disk: &dyn Disk, to: &Path, aside: &Path, bytes: &[u8]) -> io::Result<(Put, Option<Way>)> {
    if let Some(put) = compare(disk, to, bytes)? {
        return Ok((put, None));
    }
    let written = disk.create(aside, bytes).and_then(|()| disk.flush(aside));
    if let Err(e) = written {
        // What was begun is of no use; where it cannot be removed it is known by its name.
        let _ = disk.remove(aside);
        return Err(e);
    }
    let way = match name(disk, aside, to) {
        Ok(way) => way,
        Err(e) => {
            let _ = disk.remove(aside);
            if e.kind() == ErrorKind::AlreadyExists
                && let Some(put) = compare(disk, to, bytes)?
            {
                return Ok((put, None));
            }
            return Err(e);
        }
    };
    if let Some(folder) = to.parent() {
        disk.flush_folder(folder)?;
    }
    if way == Way::Link {
        // It has its name for good by now; the other one is known to be temporary.
        let _ = disk.remove(aside);
    }
    Ok((Put::Stored, Some(way)))
}

/// What has the name already; `None` where nothing has.
fn compare(disk: &dyn Disk, to: &Path, bytes: &[u8]) -> io::Result<Option<Put>> {
    match disk.kind(to) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
        Ok(Kind::File(length)) if length == bytes.len() as u64 => {
            let there = disk.read(to, length)?;
            if there != bytes {
                return Ok(Some(Put::Taken));
            }
            // Somebody may have put it there and died before it was flushed.
            disk.flush(to)?;
            if let Some(folder) = to.parent() {
                disk.flush_folder(folder)?;
            }
            Ok(Some(Put::Already))
        }
        Ok(_) => Ok(Some(Put::Taken)),
    }
}

fn name(disk: &dyn Disk, aside: &Path, to: &Path) -> io::Result<Way> {
    match disk.link(aside, to) {
        Ok(()) => return Ok(Way::Link),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => return Err(e),
        Err(e) if is_lost(&e) => return Err(e),
        // FAT and exFAT have no links, many file systems of FUSE refuse them; what each of them answers differs.
        Err(_) => {}
    }
    match disk.rename_new(aside, to) {
        Ok(()) => return Ok(Way::Rename),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => return Err(e),
        Err(e) if is_lost(&e) => return Err(e),
        Err(_) => {}
    }
    // Taking the name is refused where something has it, on every file system. What is replaced then is our own empty file.
    disk.create(to, b"")?;
    match disk.replace(aside, to) {
        Ok(()) => Ok(Way::Reserve),
        Err(e) => {
            if disk.kind(to).is_ok_and(|kind| kind == Kind::File(0)) {
                let _ = disk.remove(to);
            }
            Err(e)
        }
    }
}

/// Whether another way cannot help: the storage is gone, full, or may not be written.
fn is_lost(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::NotFound
            | ErrorKind::StaleNetworkFileHandle
            | ErrorKind::TimedOut
    )
}
