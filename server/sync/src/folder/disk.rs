//! The file operations that a folder remote is made of, each one step, so that a test can let every one of them fail.
//! What they are good for is not known here.

#[cfg(unix)]
use std::fs::File;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// What a path is; links are not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A regular file of so many bytes.
    File(u64),
    Folder,
    Link,
    Other,
}

/// One step each. Errors are the system's.
pub(crate) trait Disk: Send + Sync {
    fn kind(&self, path: &Path) -> io::Result<Kind>;
    /// Names in a folder; calls `each` until it says that that is enough.
    fn list(&self, folder: &Path, each: &mut dyn FnMut(&str) -> bool) -> io::Result<()>;
    /// All of a regular file of at most `limit` bytes.
    fn read(&self, file: &Path, limit: u64) -> io::Result<Vec<u8>>;
    fn make_folder(&self, folder: &Path) -> io::Result<()>;
    /// A new file with that in it; an error where something has its name.
    fn create(&self, file: &Path, bytes: &[u8]) -> io::Result<()>;
    fn flush(&self, file: &Path) -> io::Result<()>;
    /// Where the system has no such thing, nothing is done.
    fn flush_folder(&self, folder: &Path) -> io::Result<()>;
    /// A second name for a file; an error where something has it.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Another name for a file; an error where something has it.
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Another name for a file, in place of what has it.
    fn replace(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, file: &Path) -> io::Result<()>;
    /// Bytes that are free, and whether another machine is asked.
    fn about(&self, folder: &Path) -> (Option<u64>, bool);
}

/// The system's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct System;

impl Disk for System {
    fn kind(&self, path: &Path) -> io::Result<Kind> {
        let found = fs::symlink_metadata(path)?;
        Ok(match found.file_type() {
            kind if kind.is_symlink() => Kind::Link,
            kind if kind.is_dir() => Kind::Folder,
            kind if kind.is_file() => Kind::File(found.len()),
            _ => Kind::Other,
        })
    }

    fn list(&self, folder: &Path, each: &mut dyn FnMut(&str) -> bool) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            // What is no text has no name that we would write.
            if !each(&entry?.file_name().to_string_lossy()) {
                break;
            }
        }
        Ok(())
    }

    fn read(&self, file: &Path, limit: u64) -> io::Result<Vec<u8>> {
        host::read_small(file, limit)
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir(folder)
    }

    fn create(&self, file: &Path, bytes: &[u8]) -> io::Result<()> {
        OpenOptions::new().write(true).create_new(true).open(file)?.write_all(bytes)
    }

    fn flush(&self, file: &Path) -> io::Result<()> {
        // What a colleague put there we may read and not write; Windows flushes only what may be written.
        OpenOptions::new().read(true).write(cfg!(windows)).open(file)?.sync_all()
    }

    #[cfg(unix)]
    fn flush_folder(&self, folder: &Path) -> io::Result<()> {
        match File::open(folder)?.sync_all() {
            // File systems of FUSE, and some servers', know no such thing.
            Err(e) if matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
            other => other,
        }
    }

    #[cfg(not(unix))]
    fn flush_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    #[cfg(any(target_os = "linux", target_os = "macos"))]
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
    }

    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    fn rename_new(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        fs::remove_file(file)
    }

    #[cfg(unix)]
    fn about(&self, folder: &Path) -> (Option<u64>, bool) {
        let free = rustix::fs::statvfs(folder).ok().map(|about| about.f_bavail.saturating_mul(about.f_frsize));
        (free, is_networked(folder))
    }

    #[cfg(not(unix))]
    fn about(&self, _: &Path) -> (Option<u64>, bool) {
        (None, false)
    }
}

/// File systems whose files lie on another machine, by the numbers of Linux's `magic.h` and of their own sources. A FUSE file
/// system may be anything, a stick with NTFS for example, and is told apart by its name where the mounts are listed.
#[cfg(target_os = "linux")]
fn is_networked(folder: &Path) -> bool {
    const REMOTE: [u64; 8] = [
        0x6969,      // NFS
        0x517B,      // SMB
        0xFF53_4D42, // CIFS
        0xFE53_4D42, // SMB2
        0x5346_414F, // AFS
        0x00C3_6400, // Ceph
        0x7375_7245, // Coda
        0x0102_1997, // 9P
    ];
    const FUSE: u64 = 0x6573_5546;
    let Ok(about) = rustix::fs::statfs(folder) else { return false };
    #[allow(clippy::cast_sign_loss, clippy::unnecessary_cast, reason = "its type differs between machines")]
    let kind = about.f_type as u64 & 0xFFFF_FFFF;
    REMOTE.contains(&kind) || (kind == FUSE && fuse_over_network(folder))
}

#[cfg(target_os = "linux")]
fn fuse_over_network(folder: &Path) -> bool {
    const OVER_NETWORK: [&str; 6] =
        ["fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.glusterfs", "fuse.davfs", "fuse.gvfsd-fuse"];
    let Ok(mounts) = fs::read_to_string("/proc/self/mounts") else { return false };
    // Of those that the folder lies below, the longest is the one that it lies on.
    let on = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (_, point, kind) = (words.next()?, words.next()?, words.next()?);
        let point = point.replace("\\040", " ");
        folder.starts_with(&point).then_some((point.len(), kind))
    });
    on.max().is_some_and(|(_, kind)| OVER_NETWORK.contains(&kind))
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_networked(_: &Path) -> bool {
    false
}
