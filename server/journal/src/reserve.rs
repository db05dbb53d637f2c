//! Room for what a person decides when the disk is full: a file of real blocks beside the database, removed when nothing else is
//! left and made again when there is room. It holds nothing, and no other file is touched.

use crate::folder::Files;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::PathBuf;

/// Bytes of the file: room for about a hundred small decisions, each of which writes some ten pages.
pub(crate) const SIZE: u64 = 4 << 20;
/// Free bytes on the disk from which on the file is made: what remains then is not full either.
pub(crate) const ROOM: u64 = 3 * SIZE;
/// Free bytes below which a transaction that cannot be tried twice is given the reserve before it begins.
const TIGHT: u64 = 512 << 10;
/// Largest payload that the reserve is spent on, in bytes.
pub(crate) const SMALL: usize = 64 << 10;

/// Whether there is room that is kept for decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reserve {
    /// Not looked yet.
    #[default]
    Unknown,
    /// The file is there.
    Kept,
    /// It was given up, or could not be made, because the disk is full: only small decisions are written.
    Spent,
    /// This file system or system keeps none: everything is written for as long as there is room.
    Unsupported,
}

/// The file.
pub(crate) struct ReserveFile {
    file: PathBuf,
    folder: PathBuf,
    unsupported: bool,
}

impl ReserveFile {
    pub fn of(files: &Files) -> ReserveFile {
        ReserveFile { file: files.folder.join("journal.reserve"), folder: files.folder.clone(), unsupported: false }
    }

    /// How it stands, without changing anything.
    pub fn look(&self) -> Reserve {
        match (self.is_there(), self.unsupported) {
            (true, _) => Reserve::Kept,
            (false, true) => Reserve::Unsupported,
            (false, false) if self.free() >= ROOM => Reserve::Unknown,
            (false, false) => Reserve::Spent,
        }
    }

    /// Sees to it that the file is there, if there is room for it.
    pub fn keep(&mut self) -> Reserve {
        let standing = self.look();
        if standing != Reserve::Unknown {
            return standing;
        }
        match self.make() {
            Ok(()) => Reserve::Kept,
            Err(error) => {
                let _ = fs::remove_file(&self.file);
                let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded].contains(&error.kind());
                if !full {
                    tracing::warn!("no room is kept for a full disk: {}: {error}", self.file.display());
                    self.unsupported = true;
                }
                if full { Reserve::Spent } else { Reserve::Unsupported }
            }
        }
    }

    /// Gives the room up; whether there was any.
    pub fn release(&self) -> bool {
        let released = fs::remove_file(&self.file).is_ok();
        if released {
            tracing::warn!("the disk is full: the room in {} is used for what is decided now", self.file.display());
        }
        released
    }

    /// Gives the room up before it is known to be needed, where the disk is about to be full.
    pub fn release_if_tight(&self) {
        if self.free() < TIGHT {
            self.release();
        }
    }

    fn is_there(&self) -> bool {
        // One that another process is making is shorter for a moment; making it twice is making it once.
        fs::metadata(&self.file).is_ok_and(|meta| meta.is_file() && meta.len() >= SIZE)
    }

    fn make(&self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&self.file)?;
        #[cfg(target_os = "linux")]
        match rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, SIZE) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::OPNOTSUPP) => {}
            Err(error) => return Err(error.into()),
        }
        // Written: a length alone takes no blocks.
        let block = vec![0; 64 << 10];
        for _ in 0..SIZE / block.len() as u64 {
            io::Write::write_all(&mut &file, &block)?;
        }
        file.sync_all()
    }

    /// Bytes that may be written on this disk; as many as there are where the system does not say.
    fn free(&self) -> u64 {
        #[cfg(unix)]
        if let Ok(disk) = rustix::fs::statvfs(&self.folder) {
            return disk.f_bavail.saturating_mul(disk.f_frsize);
        }
        u64::MAX
    }
}
