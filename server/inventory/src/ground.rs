//! The folders in which the many files of an answer lie: whoever watches all of them can vouch for those files.
//! May not watch anything itself. It only says yes where every change would show in a watched folder.

use crate::ledger::{Crowd, Ledger};
use crate::look::Seen;
use std::path::Path;

/// Whether the files of an answer can be vouched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// All folders are watched, and everything stood as in the answer after that.
    Watched,
    /// Something has changed meanwhile: the answer is to be given anew.
    Changed,
    /// Not every change would be seen: links, files under two names, folders that cannot be watched.
    Unfit,
}

impl Ledger {
    /// Has the folders of all crowds watched; `watch` says whether it could.
    pub(crate) fn watched(&mut self, watch: &mut dyn FnMut(&Path) -> bool) -> Ground {
        self.crowds
            .iter_mut()
            .map(|crowd| crowd.watched(watch))
            .find(|g| *g != Ground::Watched)
            .unwrap_or(Ground::Watched)
    }

    /// Whether everything still stands as it did, if nothing has happened in watched folders.
    pub(crate) fn holds_undisturbed(&self) -> bool {
        let same = |crowd: &Crowd| crowd.ground.is_some() && crowd.ground == place(&crowd.base);
        self.single.iter().all(|(path, seen)| Seen::at(path) == *seen) && self.crowds.iter().all(same)
    }
}

/// Which folder stands at a path: another may have been put in its place from far above, where nothing is watched.
fn place(path: &Path) -> Option<(u64, u64)> {
    if let Seen::Folder(identity) = Seen::at(path) { Some((identity.dev, identity.ino)) } else { None }
}

impl Crowd {
    #[cfg(not(unix))]
    fn watched(&mut self, _watch: &mut dyn FnMut(&Path) -> bool) -> Ground {
        Ground::Unfit
    }

    #[cfg(unix)]
    fn watched(&mut self, watch: &mut dyn FnMut(&Path) -> bool) -> Ground {
        use std::collections::BTreeSet;
        use std::os::unix::ffi::OsStrExt;
        self.ground = None;
        if self.len() == 0 {
            self.ground = place(&self.base);
            return Ground::Watched;
        }
        let Some(before) = place(&self.base) else { return Ground::Unfit };
        // The base first, and every folder before those in it: what appears meanwhile is seen in the one above.
        let mut folders: BTreeSet<&[u8]> = BTreeSet::from([&b""[..]]);
        for at in 0..self.len() {
            let below = self.below_base(at);
            if below.split(|byte| *byte == b'/').any(|part| matches!(part, b"" | b"." | b"..")) {
                return Ground::Unfit;
            }
            folders.extend(memchr::memchr_iter(b'/', below).map(|end| &below[..end]));
        }
        for folder in folders {
            let path = self.base.join(std::ffi::OsStr::from_bytes(folder));
            if crate::reach::is_silent(&path) {
                return Ground::Unfit;
            }
            if !watch(&path) && Seen::at(&path) != Seen::Absent {
                return Ground::Unfit;
            }
        }
        let told = self.stands();
        if told == Ground::Watched && place(&self.base) == Some(before) {
            self.ground = Some(before);
        }
        match told {
            Ground::Watched if self.ground.is_none() => Ground::Changed,
            told => told,
        }
    }

    /// Whether everything stands as in the answer, links not followed.
    #[cfg(unix)]
    fn stands(&self) -> Ground {
        use rustix::fs::{AtFlags, Mode, OFlags};
        use rustix::io::Errno;
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let Ok(folder) = rustix::fs::open(&self.base, flags, Mode::empty()) else { return Ground::Changed };
        for (at, seen) in self.seen.iter().enumerate() {
            match (rustix::fs::statat(&folder, self.below_base(at), AtFlags::SYMLINK_NOFOLLOW), seen) {
                (Ok(stat), Seen::File(identity)) => {
                    // Under another name it could be changed elsewhere.
                    if stat.st_nlink != 1 || rustix::fs::FileType::from_raw_mode(stat.st_mode).is_symlink() {
                        return Ground::Unfit;
                    }
                    if crate::ledger::identity(&stat) != *identity {
                        return Ground::Changed;
                    }
                }
                (Err(Errno::NOENT), Seen::Absent) => {}
                (Err(Errno::NOENT), _) | (Ok(_), Seen::Absent) => return Ground::Changed,
                _ => return Ground::Unfit,
            }
        }
        Ground::Watched
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use crate::look::Look;
    use std::path::PathBuf;

    fn ledger(base: &Path) -> Ledger {
        let look = Look::default();
        look.at_all(base, &["a/b/file", "a/b/gone", "c/absent"].map(|path| base.join(path)));
        look.take_ledger()
    }

    fn made() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("base");
        std::fs::create_dir_all(base.join("a/b")).unwrap();
        std::fs::write(base.join("a/b/file"), "x").unwrap();
        (folder, base)
    }

    #[test]
    fn every_folder_in_which_a_file_lies_or_could_appear_is_watched() {
        let (_folder, base) = made();
        let mut asked = Vec::new();
        let mut ledger = ledger(&base);
        let ground = ledger.watched(&mut |folder| {
            asked.push(folder.to_path_buf());
            folder.is_dir()
        });
        assert_eq!(ground, Ground::Watched);
        assert_eq!(asked, [base.join(""), base.join("a"), base.join("a/b"), base.join("c")]);
        assert!(ledger.holds_undisturbed());
        // Nothing in the watched folders has happened, and they are elsewhere now.
        std::fs::rename(&base, base.with_file_name("other")).unwrap();
        std::fs::create_dir_all(&base).unwrap();
        assert!(!ledger.holds_undisturbed());
    }

    #[test]
    fn what_could_change_unseen_is_not_vouched_for() {
        let (folder, base) = made();
        assert_eq!(ledger(&base).watched(&mut |_| false), Ground::Unfit, "a folder that is there and not watched");
        let mut late = ledger(&base);
        std::fs::write(base.join("a/b/gone"), "x").unwrap();
        assert_eq!(late.watched(&mut |_| true), Ground::Changed);
        assert!(!late.holds_undisturbed());
        std::fs::hard_link(base.join("a/b/file"), folder.path().join("twin")).unwrap();
        assert_eq!(ledger(&base).watched(&mut |_| true), Ground::Unfit, "a file with two names");
        std::fs::remove_file(folder.path().join("twin")).unwrap();
        std::fs::rename(base.join("a/b/file"), folder.path().join("file")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("file"), base.join("a/b/file")).unwrap();
        assert_eq!(ledger(&base).watched(&mut |_| true), Ground::Unfit, "a link");
    }
}
