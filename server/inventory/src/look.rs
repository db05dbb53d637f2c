//! Looks at files without being blocked, led astray or overfed, and keeps a ledger of what was looked at.
//! May not open anything but regular files, and may not write.

use rayon::prelude::*;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What makes a file the same file with the same content, as far as can be told without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    pub dev: u64,
    pub ino: u64,
    /// Bytes.
    pub size: u64,
    /// Seconds and nanoseconds.
    pub mtime: (i64, i64),
    /// Seconds and nanoseconds.
    pub ctime: (i64, i64),
}

impl Identity {
    #[cfg(unix)]
    fn of(meta: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Identity {
            dev: meta.dev(),
            ino: meta.ino(),
            size: meta.size(),
            mtime: (meta.mtime(), meta.mtime_nsec()),
            ctime: (meta.ctime(), meta.ctime_nsec()),
        }
    }

    #[cfg(not(unix))]
    fn of(meta: &Metadata) -> Self {
        let time = |t: std::io::Result<std::time::SystemTime>| {
            t.ok()
                .and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok())
                .map_or((0, 0), |d| (i64::try_from(d.as_secs()).unwrap_or(i64::MAX), i64::from(d.subsec_nanos())))
        };
        Identity { dev: 0, ino: 0, size: meta.len(), mtime: time(meta.modified()), ctime: time(meta.created()) }
    }

    /// The same in 56 bytes, for hashing.
    pub(crate) fn bytes(&self) -> [u8; 56] {
        let mut out = [0; 56];
        let words = [
            self.dev,
            self.ino,
            self.size,
            self.mtime.0.cast_unsigned(),
            self.mtime.1.cast_unsigned(),
            self.ctime.0.cast_unsigned(),
            self.ctime.1.cast_unsigned(),
        ];
        for (chunk, word) in out.chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        out
    }
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    File(Identity),
    Folder(Identity),
    /// A pipe, a socket, a device.
    Odd,
    Absent,
    /// A link that leads nowhere.
    Dangling,
    /// The system would not say.
    Refused(ErrorKind),
}

impl Seen {
    /// Looks, following links.
    pub(crate) fn at(path: &Path) -> Seen {
        match std::fs::metadata(path) {
            Ok(meta) => Seen::of(&meta),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                if std::fs::symlink_metadata(path).is_ok() {
                    Seen::Dangling
                } else {
                    Seen::Absent
                }
            }
            Err(error) => Seen::Refused(error.kind()),
        }
    }

    fn of(meta: &Metadata) -> Seen {
        let identity = Identity::of(meta);
        match () {
            () if meta.is_file() => Seen::File(identity),
            () if meta.is_dir() => Seen::Folder(identity),
            () => Seen::Odd,
        }
    }

    /// Why nothing can be said about what stands there; `None` where something can.
    pub(crate) fn doubt(self) -> Option<String> {
        match self {
            Seen::File(_) | Seen::Absent => None,
            Seen::Folder(_) => Some("a folder stands in its place".into()),
            Seen::Odd => Some("something that is not a regular file stands in its place".into()),
            Seen::Dangling => Some("a link stands in its place that leads nowhere".into()),
            Seen::Refused(kind) => Some(format!("the system would not let it be looked at: {kind}")),
        }
    }
}

/// Why a file was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    Absent,
    Odd(Seen),
    /// Larger than the limit, in bytes.
    Large(u64),
    Failed(ErrorKind),
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unread::Absent => write!(f, "it is not there"),
            Unread::Odd(seen) => write!(f, "{}", seen.doubt().unwrap_or_else(|| "it is not a regular file".into())),
            Unread::Large(limit) => write!(f, "it is larger than the {} MiB that are read", limit >> 20),
            Unread::Failed(kind) => write!(f, "it could not be read: {kind}"),
        }
    }
}

/// Opens a regular file for reading; never waits for a pipe's other end and never takes a terminal.
pub(crate) fn open(path: &Path) -> Result<(File, Identity), Unread> {
    // Looked at first, because opening some devices has effects of its own.
    match Seen::at(path) {
        Seen::File(_) => {}
        Seen::Absent => return Err(Unread::Absent),
        odd => return Err(Unread::Odd(odd)),
    }
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    }
    let file = options.open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Unread::Absent,
        kind => Unread::Failed(kind),
    })?;
    match file.metadata().map(|meta| Seen::of(&meta)) {
        Ok(Seen::File(identity)) => Ok((file, identity)),
        Ok(odd) => Err(Unread::Odd(odd)),
        Err(error) => Err(Unread::Failed(error.kind())),
    }
}

/// Reads a regular file of at most `limit` bytes into `buffer`, which is cleared first.
pub(crate) fn read_into(path: &Path, limit: u64, buffer: &mut Vec<u8>) -> Result<Identity, Unread> {
    buffer.clear();
    let (file, identity) = open(path)?;
    if identity.size > limit {
        return Err(Unread::Large(limit));
    }
    buffer.reserve(identity.size as usize + 1);
    file.take(limit + 1).read_to_end(buffer).map_err(|error| Unread::Failed(error.kind()))?;
    if buffer.len() as u64 > limit { Err(Unread::Large(limit)) } else { Ok(identity) }
}

/// Looks and remembers: every path whose state an answer was built on, so that "has anything changed?" is one question.
#[derive(Default)]
pub(crate) struct Look {
    ledger: Mutex<Vec<(PathBuf, Seen)>>,
    crowds: Mutex<Vec<Crowd>>,
}

impl Look {
    pub(crate) fn at(&self, path: &Path) -> Seen {
        let seen = Seen::at(path);
        self.note(path.to_path_buf(), seen);
        seen
    }

    /// Looks at many paths below `base` on all cores; the answers stand in the order of the paths.
    pub(crate) fn at_all(&self, base: &Path, paths: &[PathBuf]) -> Vec<Seen> {
        let (crowd, seen) = Crowd::look(base, paths);
        self.crowds.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(crowd);
        seen
    }

    /// Reads a text of at most `limit` bytes; bytes that are not UTF-8 are replaced.
    pub(crate) fn text(&self, path: &Path, limit: u64) -> Result<String, Unread> {
        let mut bytes = Vec::new();
        let read = read_into(path, limit, &mut bytes);
        // A file that could not be read is noted as it stands, one that was, as it was when read.
        self.note(path.to_path_buf(), read.map_or_else(|_| Seen::at(path), Seen::File));
        read?;
        Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    pub(crate) fn note(&self, path: PathBuf, seen: Seen) {
        self.lock().push((path, seen));
    }

    pub(crate) fn into_ledger(self) -> Ledger {
        Ledger {
            single: self.ledger.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner),
            crowds: self.crowds.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(PathBuf, Seen)>> {
        self.ledger.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Paths and what stood there.
#[derive(Default)]
pub(crate) struct Ledger {
    single: Vec<(PathBuf, Seen)>,
    crowds: Vec<Crowd>,
}

impl Ledger {
    /// Whether everything still stands as it did.
    pub(crate) fn holds(&self) -> bool {
        self.single.iter().all(|(path, seen)| Seen::at(path) == *seen) && self.crowds.iter().all(Crowd::holds)
    }
}

/// Many paths below one folder, looked at from there: a path's every part costs the kernel time, and most are the same.
struct Crowd {
    base: PathBuf,
    /// Relative to `base`, as the system wants them; a path that does not lie below it is whole.
    paths: Vec<(std::ffi::CString, Seen)>,
}

impl Crowd {
    fn look(base: &Path, paths: &[PathBuf]) -> (Self, Vec<Seen>) {
        let folder = Folder::open(base);
        let paths: Vec<(std::ffi::CString, Seen)> = paths
            .par_iter()
            .with_min_len(64)
            .map(|path| {
                let below = path.strip_prefix(base).unwrap_or(path);
                // A path with a NUL in it stands nowhere; the empty one stands for that.
                let below = std::ffi::CString::new(below.as_os_str().as_encoded_bytes()).unwrap_or_default();
                let seen = folder.at(base, &below);
                (below, seen)
            })
            .collect();
        let seen = paths.iter().map(|(_, seen)| *seen).collect();
        (Crowd { base: base.to_path_buf(), paths }, seen)
    }

    fn holds(&self) -> bool {
        let folder = Folder::open(&self.base);
        self.paths.par_iter().with_min_len(64).all(|(path, seen)| folder.at(&self.base, path) == *seen)
    }
}

/// A folder to look from; where it cannot be opened, whole paths are looked at.
#[cfg(unix)]
struct Folder(Option<rustix::fd::OwnedFd>);

#[cfg(unix)]
impl Folder {
    fn open(base: &Path) -> Self {
        use rustix::fs::{Mode, OFlags};
        Folder(rustix::fs::open(base, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok())
    }

    fn at(&self, base: &Path, path: &std::ffi::CStr) -> Seen {
        use std::os::unix::ffi::OsStrExt;
        let whole = || Seen::at(&base.join(std::ffi::OsStr::from_bytes(path.to_bytes())));
        let Some(folder) = &self.0 else { return whole() };
        match rustix::fs::statat(folder, path, rustix::fs::AtFlags::empty()) {
            Ok(stat) => {
                #[allow(
                    clippy::unnecessary_cast,
                    clippy::cast_lossless,
                    clippy::cast_possible_wrap,
                    reason = "the fields differ between systems"
                )]
                let identity = Identity {
                    dev: stat.st_dev as u64,
                    ino: stat.st_ino as u64,
                    size: (stat.st_size as i64).cast_unsigned(),
                    mtime: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
                    ctime: (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
                };
                match rustix::fs::FileType::from_raw_mode(stat.st_mode) {
                    rustix::fs::FileType::RegularFile => Seen::File(identity),
                    rustix::fs::FileType::Directory => Seen::Folder(identity),
                    _ => Seen::Odd,
                }
            }
            // What is not simply there is looked at with care.
            Err(_) => whole(),
        }
    }
}

#[cfg(not(unix))]
struct Folder;

#[cfg(not(unix))]
impl Folder {
    fn open(_base: &Path) -> Self {
        Folder
    }

    fn at(&self, base: &Path, path: &std::ffi::CStr) -> Seen {
        Seen::at(&base.join(path.to_string_lossy().as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_sees_what_a_single_look_sees() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("base");
        std::fs::create_dir_all(base.join("a/folder")).unwrap();
        std::fs::write(base.join("a/file"), "x").unwrap();
        std::fs::write(folder.path().join("outside"), "x").unwrap();
        std::os::unix::fs::symlink("nowhere", base.join("dangling")).unwrap();
        let paths: Vec<PathBuf> = ["a/file", "a/folder", "a/absent", "dangling", "a/file/below"]
            .iter()
            .map(|path| base.join(path))
            .chain([folder.path().join("outside")])
            .collect();
        let single: Vec<Seen> = paths.iter().map(|path| Seen::at(path)).collect();
        let look = Look::default();
        assert_eq!(look.at_all(&base, &paths), single);
        assert!(matches!(single[0], Seen::File(_)) && single[2] == Seen::Absent && single[3] == Seen::Dangling);
        let ledger = look.into_ledger();
        assert!(ledger.holds());
        std::fs::write(base.join("a/absent"), "now").unwrap();
        assert!(!ledger.holds());
    }
}
