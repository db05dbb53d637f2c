//! Watches the folders in which a workspace's packages are kept, deep inside the caches: while nothing happens there,
//! nothing there need be looked at, and what goes is known at once. May not know what a change means.
//! Only on Linux, whose kernel queues a change before the call that makes it returns; elsewhere every file is looked at.

/// More folders than these are not watched for one workspace.
#[cfg(target_os = "linux")]
const MOST: u32 = 8192;

#[cfg(target_os = "linux")]
pub(crate) use linux::Vigil;

#[cfg(target_os = "linux")]
mod linux {
    use rustix::event::{PollFd, PollFlags};
    use rustix::fd::OwnedFd;
    use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
    use rustix::io::Errno;
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// File systems that this kernel alone changes: what another machine changes in a shared folder is told to nobody.
    const LOCAL: [u64; 8] = [
        0xEF53,      // ext2, ext3, ext4
        0x5846_5342, // XFS
        0x9123_683E, // Btrfs
        0x0102_1994, // tmpfs
        0xF2F5_2010, // F2FS
        0x2FC1_2FC1, // ZFS
        0x794C_7630, // overlayfs
        0xCA45_1A4E, // bcachefs
    ];

    /// One vigil: it ends with the first thing that happens.
    pub(crate) struct Vigil {
        inotify: Arc<OwnedFd>,
        disturbed: Arc<AtomicBool>,
        /// Closed with this, which ends the thread that waits.
        alive: Option<std::io::PipeWriter>,
        most: u32,
    }

    impl Vigil {
        /// Watches nothing yet.
        pub fn new() -> Option<Self> {
            let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
            // Others of this user watch too: a quarter of what the system allows one user is enough.
            let allowed = std::fs::read_to_string("/proc/sys/fs/inotify/max_user_watches").ok();
            let allowed: u32 = allowed.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
            let most = super::MOST.min(allowed / 4);
            Some(Self { inotify: Arc::new(inotify), disturbed: Arc::default(), alive: None, most })
        }

        /// Watches one folder, no link; `false`: it cannot be watched, or there are too many.
        pub fn add(&self, folder: &Path) -> bool {
            let local = rustix::fs::statfs(folder).is_ok_and(|about| {
                #[allow(clippy::cast_sign_loss, clippy::unnecessary_cast, reason = "its type differs between machines")]
                LOCAL.contains(&(about.f_type as u64 & 0xFFFF_FFFF))
            });
            let what = WatchFlags::CREATE
                | WatchFlags::DELETE
                | WatchFlags::MODIFY
                | WatchFlags::ATTRIB
                | WatchFlags::MOVE
                | WatchFlags::DELETE_SELF
                | WatchFlags::MOVE_SELF
                | WatchFlags::ONLYDIR
                | WatchFlags::DONT_FOLLOW;
            // The kernel numbers watches from 1 on.
            local && inotify::add_watch(&*self.inotify, folder, what).is_ok_and(|id| id.cast_unsigned() <= self.most)
        }

        /// Whether nothing at all has happened until now, too many events included.
        pub fn undisturbed(&self) -> bool {
            let mut event = [0_u8; 4096];
            loop {
                if self.disturbed.load(Ordering::Acquire) {
                    return false;
                }
                match rustix::io::read(&*self.inotify, &mut event) {
                    Err(Errno::AGAIN) => return !self.disturbed.load(Ordering::Acquire),
                    Err(Errno::INTR) => {}
                    _ => self.disturbed.store(true, Ordering::Release),
                }
            }
        }

        /// Tells once, from a thread that waits for it.
        pub fn tell(&mut self, tell: impl FnOnce() + Send + 'static) {
            let Ok((ended, alive)) = std::io::pipe() else { return };
            self.alive = Some(alive);
            let (inotify, disturbed) = (Arc::clone(&self.inotify), Arc::clone(&self.disturbed));
            std::thread::spawn(move || {
                let mut wait = [PollFd::new(&ended, PollFlags::IN), PollFd::new(&*inotify, PollFlags::IN)];
                while rustix::event::poll(&mut wait, None) == Err(Errno::INTR) {}
                if wait[0].revents().is_empty() {
                    disturbed.store(true, Ordering::Release);
                    tell();
                }
            });
        }
    }
}

/// Watches nothing.
#[cfg(not(target_os = "linux"))]
pub(crate) struct Vigil;

#[cfg(not(target_os = "linux"))]
#[allow(clippy::unused_self, reason = "as elsewhere")]
impl Vigil {
    pub fn new() -> Option<Self> {
        None
    }

    pub fn add(&self, _folder: &std::path::Path) -> bool {
        false
    }

    pub fn undisturbed(&self) -> bool {
        false
    }

    pub fn tell(&mut self, _tell: impl FnOnce() + Send + 'static) {}
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use crossbeam_channel::bounded;
    use std::time::Duration;

    #[test]
    fn whatever_happens_in_a_watched_folder_is_known_at_once_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let changes: [(&str, &dyn Fn()); 5] = [
            ("appears", &|| std::fs::write(&file, "x").unwrap()),
            ("is cut short in place", &|| drop(std::fs::File::options().write(true).open(&file).unwrap().set_len(0))),
            ("becomes unreadable", &|| {
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o000);
                std::fs::set_permissions(&file, mode).unwrap();
            }),
            ("goes", &|| std::fs::remove_file(&file).unwrap()),
            ("the folder goes", &|| std::fs::remove_dir(folder.path()).unwrap()),
        ];
        for (what, change) in changes {
            let mut vigil = Vigil::new().unwrap();
            assert!(vigil.add(folder.path()), "{what}");
            let (tell, told) = bounded(1);
            vigil.tell(move || tell.send(()).unwrap_or_default());
            assert!(vigil.undisturbed(), "{what}: before");
            change();
            assert!(!vigil.undisturbed(), "{what}");
            drop(told);
        }
        std::fs::create_dir(folder.path()).unwrap();
        let mut vigil = Vigil::new().unwrap();
        assert!(vigil.add(folder.path()));
        let (tell, told) = bounded(1);
        vigil.tell(move || tell.send(()).unwrap_or_default());
        std::fs::write(&file, "x").unwrap();
        assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok(()));
        assert!(!vigil.undisturbed());
        assert!(!Vigil::new().unwrap().add(&file), "a file is no folder");
    }
}
