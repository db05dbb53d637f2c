//! The place where it can be asked: a socket in a folder for the user alone, one process at a time.

use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// The socket, with the lock that says that nobody else listens.
pub(crate) struct Place {
    pub listener: UnixListener,
    path: PathBuf,
    _lock: File,
}

/// `None`: another process has it.
pub(crate) fn take(data: &Path) -> io::Result<Option<Place>> {
    let folder = data.join("run");
    std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).recursive(true).create(&folder)?;
    let lock = File::options().create(true).truncate(false).write(true).open(folder.join("model.lock"))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
        Err(std::fs::TryLockError::Error(e)) => return Err(e),
    }
    let path = folder.join("model.sock");
    // One that is left of a process that was killed.
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    // An address has room for a hundred bytes: a long path is named by its folder, which is open.
    let opened = rustix::fs::open(&folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let listener = UnixListener::bind(format!("/proc/self/fd/{}/model.sock", opened.as_raw_fd()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(Some(Place { listener, path, _lock: lock }))
}

impl Place {
    /// From now on nobody finds it.
    pub fn close(&self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.close();
    }
}

/// Whether a connection is one of this user's.
pub(crate) fn is_ours(stream: &UnixStream) -> bool {
    rustix::net::sockopt::socket_peercred(stream).is_ok_and(|peer| peer.uid == rustix::process::getuid())
}
