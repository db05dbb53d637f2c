//! What an answer was built on: paths, and what stood there. "Has anything changed?" is one look at each of them.
//! May not read what files hold, and may not say what a change means.

use crate::look::{self, Identity, Seen, Unread};
use crate::reach::{self, Opened};
use rayon::prelude::*;
use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Paths and what stood there.
#[derive(Default)]
pub(crate) struct Ledger {
    pub single: Vec<(PathBuf, Seen)>,
    pub crowds: Vec<Crowd>,
}

/// A file whose last change is younger than this could change again without its times showing it:
/// what was found out about it is believed once, and not remembered. Kernel clocks tick every 1–10 ms.
pub(crate) const SETTLED: Duration = Duration::from_millis(50);

/// Whether a later change of the file that looked like this at `then` must show in its times.
pub(crate) fn settled(identity: &Identity, then: SystemTime) -> bool {
    let then = then.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let old = |time: (i64, i64)| {
        let time = Duration::new(u64::try_from(time.0).unwrap_or(0), u32::try_from(time.1).unwrap_or(0));
        then.checked_sub(time).is_some_and(|age| age > SETTLED)
    };
    old(identity.ctime) && old(identity.mtime)
}

impl Ledger {
    /// The first place that did not answer, or does not by now; see [`reach::silent`].
    pub(crate) fn unanswered(&self) -> Option<PathBuf> {
        let none = Seen::Refused(std::io::ErrorKind::TimedOut);
        let alone = self.single.iter().find(|(path, seen)| *seen == none || reach::is_silent(path));
        let alone = alone.map(|(path, _)| path.clone());
        let in_crowd = |crowd: &Crowd| {
            let at = crowd.seen.iter().position(|seen| *seen == none);
            at.map(|at| crowd.whole(at)).or_else(|| reach::is_silent(&crowd.base).then(|| crowd.base.clone()))
        };
        let path = alone.or_else(|| self.crowds.iter().find_map(in_crowd))?;
        Some(reach::silent().into_iter().find(|place| path.starts_with(place)).unwrap_or(path))
    }

    /// Whether everything still stands as it did.
    pub(crate) fn holds(&self) -> bool {
        let single = || self.single.iter().all(|(path, seen)| Seen::at(path) == *seen);
        let (single, crowds) = rayon::join(single, || self.crowds.iter().all(Crowd::holds));
        single && crowds
    }

    /// What stands at all paths now.
    pub(crate) fn look(&self) -> Now {
        let single = || self.single.iter().map(|(path, _)| Seen::at(path)).collect();
        let (single, crowds) = rayon::join(single, || self.crowds.iter().map(Crowd::look).collect());
        Now { single, crowds }
    }

    /// Believes what [`Ledger::look`] saw.
    pub(crate) fn take(&mut self, now: Now) {
        self.single.iter_mut().zip(now.single).for_each(|((_, seen), now)| *seen = now);
        self.crowds.iter_mut().zip(now.crowds).for_each(|(crowd, now)| crowd.seen = now);
    }

    /// Whether what is found to hold later held all the time since `then`; see [`settled`].
    pub(crate) fn settled(&self, then: SystemTime) -> bool {
        let fine = |seen: &Seen| match seen {
            Seen::File(identity) | Seen::Folder(identity) => settled(identity, then),
            Seen::Absent | Seen::Odd | Seen::Dangling | Seen::Refused(_) => true,
        };
        self.single.iter().all(|(_, seen)| fine(seen)) && self.crowds.iter().all(|crowd| crowd.seen.iter().all(fine))
    }

    /// Names what stood at all paths, in their order.
    pub(crate) fn digest(&self) -> [u8; 32] {
        digest(self.single.iter().map(|(_, seen)| seen).chain(self.crowds.iter().flat_map(|crowd| &crowd.seen)))
    }
}

/// What stood at a ledger's paths, in their order.
pub(crate) struct Now {
    single: Vec<Seen>,
    crowds: Vec<Vec<Seen>>,
}

impl Now {
    /// As [`Ledger::digest`].
    pub(crate) fn digest(&self) -> [u8; 32] {
        digest(self.single.iter().chain(self.crowds.iter().flatten()))
    }
}

fn digest<'a>(all: impl Iterator<Item = &'a Seen>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let mut bytes = Vec::with_capacity(64 << 10);
    for seen in all {
        match seen {
            Seen::File(identity) => {
                bytes.push(0);
                bytes.extend_from_slice(&identity.bytes());
            }
            Seen::Folder(identity) => {
                bytes.push(1);
                bytes.extend_from_slice(&identity.bytes());
            }
            Seen::Odd => bytes.push(2),
            Seen::Absent => bytes.push(3),
            Seen::Dangling => bytes.push(4),
            Seen::Refused(kind) => {
                let kind = kind.to_string();
                bytes.extend_from_slice(&[5, kind.len() as u8]);
                bytes.extend_from_slice(kind.as_bytes());
            }
        }
        if bytes.len() > 60 << 10 {
            hasher.update(&bytes);
            bytes.clear();
        }
    }
    hasher.update(&bytes);
    *hasher.finalize().as_bytes()
}

/// Many paths below one folder, looked at from there: a path's every part costs the kernel time, and most are the same.
#[derive(Default)]
pub(crate) struct Crowd {
    pub base: PathBuf,
    /// The paths one behind the other, each with a NUL behind it, relative to `base`; one that does not lie below it is whole.
    bytes: Vec<u8>,
    /// By path: where its NUL stands.
    ends: Vec<u32>,
    pub seen: Vec<Seen>,
    /// Device and inode of the base, while every folder in which the paths lie is watched.
    pub ground: Option<(u64, u64)>,
}

/// Looked at in one go by one core: about 0.1 ms.
const TOGETHER: usize = 64;
/// Opened and read in one go by one core.
const OPENED_TOGETHER: usize = 8;

impl Crowd {
    pub(crate) fn below(base: &Path) -> Self {
        Crowd { base: base.to_path_buf(), ..Crowd::default() }
    }

    /// Adds a path that is not looked at yet.
    pub(crate) fn add(&mut self, path: &Path) {
        let base = self.base.as_os_str().as_encoded_bytes();
        let path = path.as_os_str().as_encoded_bytes();
        let below = path.strip_prefix(base).and_then(|below| below.strip_prefix(b"/")).filter(|b| !b.starts_with(b"/"));
        let below = below.unwrap_or(path);
        self.add_below(&[below]);
    }

    /// Adds a path as [`Crowd::below_base`] gives it, in pieces. One with a NUL in it stands nowhere; the empty one
    /// stands for that.
    pub(crate) fn add_below(&mut self, pieces: &[&[u8]]) {
        if pieces.iter().all(|piece| memchr::memchr(0, piece).is_none()) {
            for piece in pieces {
                self.bytes.extend_from_slice(piece);
            }
        }
        self.ends.push(self.bytes.len() as u32);
        self.bytes.push(0);
    }

    /// The path from the base on; whole where it does not lie below it.
    pub(crate) fn below_base(&self, at: usize) -> &[u8] {
        self.path(at).to_bytes()
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    fn path(&self, at: usize) -> &CStr {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize + 1);
        CStr::from_bytes_with_nul(&self.bytes[start..=self.ends[at] as usize]).unwrap_or(c"")
    }

    /// The path as it was added.
    pub(crate) fn whole(&self, at: usize) -> PathBuf {
        whole(&self.base, self.path(at))
    }

    pub(crate) fn look(&self) -> Vec<Seen> {
        let folder = Folder::open(&self.base);
        let mut seen = vec![Seen::Absent; self.len()];
        seen.par_chunks_mut(TOGETHER).enumerate().for_each(|(chunk, seen)| {
            for (at, seen) in seen.iter_mut().enumerate() {
                *seen = folder.at(&self.base, self.path(chunk * TOGETHER + at));
            }
        });
        seen
    }

    /// As [`Crowd::look`], for files that are read anyway: they are opened and not looked at before, so that one walk along
    /// each path is enough. `take` is given the place, what stands there, and the file where it is one.
    pub(crate) fn open<T: Send>(
        &mut self,
        take: impl Fn(usize, Seen, Result<Opened, Unread>, &mut Vec<u8>) -> T + Sync,
    ) -> Vec<T> {
        let folder = Folder::open(&self.base);
        let buffers = Buffers::default();
        let places = (0..self.len()).into_par_iter().with_max_len(OPENED_TOGETHER);
        let (seen, taken) = places
            .map_init(
                || buffers.lend(),
                |Lent { buffer, .. }, at| {
                    let path = self.path(at);
                    let (seen, file) = folder.open_file(&self.base, path).map_or_else(
                        || with_care(&whole(&self.base, path)),
                        |(file, identity)| (Seen::File(identity), Ok(file)),
                    );
                    (seen, take(at, seen, file, buffer))
                },
            )
            .unzip();
        self.seen = seen;
        taken
    }

    fn holds(&self) -> bool {
        let folder = Folder::open(&self.base);
        self.seen.par_chunks(TOGETHER).enumerate().all(|(chunk, seen)| {
            seen.iter().enumerate().all(|(at, seen)| folder.at(&self.base, self.path(chunk * TOGETHER + at)) == *seen)
        })
    }
}

/// What cores read into, one after the other: rayon would have a new one for every few files, and the kernel would have to
/// clear its memory each time.
#[derive(Default)]
pub(crate) struct Buffers(Mutex<Vec<Vec<u8>>>);

/// A buffer of [`Buffers`], which has it back in the end.
pub(crate) struct Lent<'b> {
    pub buffer: Vec<u8>,
    from: &'b Buffers,
}

impl Buffers {
    pub(crate) fn lend(&self) -> Lent<'_> {
        Lent { buffer: self.lock().pop().unwrap_or_default(), from: self }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.from.lock().push(std::mem::take(&mut self.buffer));
    }
}

/// Looked at before it is opened.
fn with_care(path: &Path) -> (Seen, Result<Opened, Unread>) {
    let seen = Seen::at(path);
    match seen {
        Seen::File(_) => match look::open_seen(path) {
            Ok((file, identity)) => (Seen::File(identity), Ok(file)),
            Err(why) => (seen, Err(why)),
        },
        Seen::Absent => (seen, Err(Unread::Absent)),
        odd => (seen, Err(Unread::Odd(odd))),
    }
}

/// What is not a text on other systems was no path there.
fn whole(base: &Path, path: &CStr) -> PathBuf {
    #[cfg(unix)]
    let below = <OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(path.to_bytes());
    #[cfg(not(unix))]
    let below = path.to_str().unwrap_or_default();
    #[cfg(not(unix))]
    let below = OsStr::new(below);
    let mut path = PathBuf::with_capacity(base.as_os_str().len() + 1 + below.len());
    path.push(base);
    path.push(below);
    path
}

#[cfg(unix)]
pub(crate) fn identity(stat: &rustix::fs::Stat) -> Identity {
    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_lossless,
        clippy::cast_possible_wrap,
        reason = "the fields differ between systems"
    )]
    Identity {
        dev: stat.st_dev as u64,
        ino: stat.st_ino as u64,
        size: (stat.st_size as i64).cast_unsigned(),
        mtime: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        ctime: (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        readable: look::may_read(stat.st_mode as u32, stat.st_uid as u32),
    }
}

/// A folder to look from; where it cannot be opened, whole paths are looked at.
#[cfg(unix)]
struct Folder(Option<rustix::fd::OwnedFd>);

#[cfg(unix)]
impl Folder {
    fn open(base: &Path) -> Self {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        Folder(reach::ask(base, || Ok(rustix::fs::open(base, flags, Mode::empty())?)).ok())
    }

    fn at(&self, base: &Path, path: &CStr) -> Seen {
        let Some(folder) = &self.0 else { return Seen::at(&whole(base, path)) };
        match reach::ask_below(base, path, || rustix::fs::statat(folder, path, rustix::fs::AtFlags::empty())) {
            Ok(stat) => {
                let identity = identity(&stat);
                match rustix::fs::FileType::from_raw_mode(stat.st_mode) {
                    rustix::fs::FileType::RegularFile => Seen::File(identity),
                    rustix::fs::FileType::Directory => Seen::Folder(identity),
                    _ => Seen::Odd,
                }
            }
            // What is not simply there is looked at with care.
            Err(_) => Seen::at(&whole(base, path)),
        }
    }

    /// A regular file at the path itself, opened without waiting; `None` where that has to be looked at with care. A link is
    /// left alone, so that what opens is what lies in the folder: no device is opened without having been looked at.
    fn open_file(&self, base: &Path, path: &CStr) -> Option<(Opened, Identity)> {
        use rustix::fs::{FileType, Mode, OFlags};
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = self.0.as_ref()?;
        let open = || {
            let file = rustix::fs::openat(folder, path, flags, Mode::empty())?;
            let stat = rustix::fs::fstat(&file)?;
            Ok((file, stat))
        };
        let (file, stat) = reach::ask_below(base, path, open).ok()?;
        let regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        regular.then(|| (Opened::new(File::from(file), whole(base, path)), identity(&stat)))
    }
}

#[cfg(not(unix))]
struct Folder;

#[cfg(not(unix))]
impl Folder {
    fn open(_base: &Path) -> Self {
        Folder
    }

    fn at(&self, base: &Path, path: &CStr) -> Seen {
        Seen::at(&whole(base, path))
    }

    #[allow(clippy::unused_self, reason = "there is no folder to open from")]
    fn open_file(&self, _base: &Path, _path: &CStr) -> Option<(Opened, Identity)> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look::Look;

    #[test]
    fn a_crowd_sees_what_a_single_look_sees() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("base");
        std::fs::create_dir_all(base.join("a/folder")).unwrap();
        std::fs::write(base.join("a/file"), "x").unwrap();
        std::fs::write(folder.path().join("outside"), "x").unwrap();
        std::os::unix::fs::symlink("nowhere", base.join("dangling")).unwrap();
        std::os::unix::fs::symlink("a/file", base.join("link")).unwrap();
        let paths: Vec<PathBuf> = ["a/file", "a/folder", "a/absent", "dangling", "a/file/below", "link"]
            .iter()
            .map(|path| base.join(path))
            .chain([folder.path().join("outside")])
            .collect();
        let single: Vec<Seen> = paths.iter().map(|path| Seen::at(path)).collect();
        let look = Look::default();
        assert_eq!(look.at_all(&base, &paths), single);
        assert!(matches!(single[0], Seen::File(_)) && single[2] == Seen::Absent && single[3] == Seen::Dangling);
        // And so does one that opens.
        let seen = |_, seen, file: Result<Opened, Unread>, _: &mut Vec<u8>| (seen, file.is_ok());
        let opened = Look::default().open_all(&base, &paths, seen);
        assert_eq!(opened.iter().map(|(seen, _)| *seen).collect::<Vec<_>>(), single);
        assert_eq!(
            opened.iter().map(|(_, open)| *open).collect::<Vec<_>>(),
            [true, false, false, false, false, true, true]
        );
        let mut ledger = look.take_ledger();
        assert!(ledger.holds());
        let before = ledger.digest();
        let now = ledger.look();
        ledger.take(now);
        assert_eq!(ledger.digest(), before);
        let then = SystemTime::now();
        std::fs::write(base.join("a/absent"), "now").unwrap();
        assert!(!ledger.holds());
        let now = ledger.look();
        ledger.take(now);
        assert_ne!(ledger.digest(), before);
        assert!(ledger.holds() && !ledger.settled(then), "a file that young may change unseen");
        assert!(ledger.settled(SystemTime::now() + Duration::from_secs(1)));
    }
}
