//! Looks at files without being blocked, led astray or overfed, and keeps a ledger of what was looked at.
//! May not open anything but regular files, and may not write.

use crate::ledger::{Crowd, Ledger};
use crate::reach::{self, Opened};
use std::fs::{Metadata, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// What makes a file the same file with the same content, as far as can be told without reading it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity {
    pub dev: u64,
    pub ino: u64,
    /// Bytes.
    pub size: u64,
    /// Seconds and nanoseconds.
    pub mtime: (i64, i64),
    /// Seconds and nanoseconds.
    pub ctime: (i64, i64),
    /// Its permissions alone say that we may read it; see [`may_read`]. Not part of what it is.
    pub readable: bool,
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.words() == other.words()
    }
}

impl Eq for Identity {}

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
            readable: may_read(meta.mode(), meta.uid()),
        }
    }

    #[cfg(not(unix))]
    fn of(meta: &Metadata) -> Self {
        let time = |t: std::io::Result<std::time::SystemTime>| {
            t.ok()
                .and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok())
                .map_or((0, 0), |d| (i64::try_from(d.as_secs()).unwrap_or(i64::MAX), i64::from(d.subsec_nanos())))
        };
        Identity {
            dev: 0,
            ino: 0,
            size: meta.len(),
            mtime: time(meta.modified()),
            ctime: time(meta.created()),
            readable: false,
        }
    }

    pub(crate) fn words(&self) -> [u64; 7] {
        let (mtime, ctime) = (self.mtime, self.ctime);
        let times = [mtime.0, mtime.1, ctime.0, ctime.1].map(i64::cast_unsigned);
        [self.dev, self.ino, self.size, times[0], times[1], times[2], times[3]]
    }

    pub(crate) fn from_words(words: [u64; 7]) -> Self {
        let [dev, ino, size, times @ ..] = words;
        let times = times.map(u64::cast_signed);
        Identity { dev, ino, size, mtime: (times[0], times[1]), ctime: (times[2], times[3]), readable: false }
    }

    /// The same in 56 bytes, for hashing.
    pub(crate) fn bytes(&self) -> [u8; 56] {
        let mut out = [0; 56];
        for (chunk, word) in out.chunks_exact_mut(8).zip(self.words()) {
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
        let absent = |error: &std::io::Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
        // Most are no links, and what is not there is asked for once.
        match reach::symlink_metadata(path) {
            Ok(meta) if !meta.is_symlink() => Seen::of(&meta),
            Ok(_) => match reach::metadata(path) {
                Ok(meta) => Seen::of(&meta),
                Err(error) if absent(&error) => Seen::Dangling,
                Err(error) => Seen::Refused(error.kind()),
            },
            Err(error) if absent(&error) => Seen::Absent,
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
pub(crate) fn open(path: &Path) -> Result<(Opened, Identity), Unread> {
    // Looked at first, because opening some devices has effects of its own.
    match Seen::at(path) {
        Seen::File(_) => {}
        Seen::Absent => return Err(Unread::Absent),
        odd => return Err(Unread::Odd(odd)),
    }
    open_seen(path)
}

/// As [`open`], for what was seen to be a regular file a moment ago.
pub(crate) fn open_seen(path: &Path) -> Result<(Opened, Identity), Unread> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    }
    let file = reach::ask(path, || options.open(path)).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Unread::Absent,
        kind => Unread::Failed(kind),
    })?;
    let file = Opened::new(file, path.to_path_buf());
    match file.metadata().map(|meta| Seen::of(&meta)) {
        Ok(Seen::File(identity)) => Ok((file, identity)),
        Ok(odd) => Err(Unread::Odd(odd)),
        Err(error) => Err(Unread::Failed(error.kind())),
    }
}

/// Reads a regular file of at most `limit` bytes into `buffer`, which is cleared first.
pub(crate) fn read_into(path: &Path, limit: u64, buffer: &mut Vec<u8>) -> Result<Identity, Unread> {
    buffer.clear();
    fill(open(path)?, limit, buffer)
}

/// As [`read_into`], for what was seen to be a regular file a moment ago.
pub(crate) fn read_seen<'b>(path: &Path, limit: u64, buffer: &'b mut Vec<u8>) -> Result<(&'b [u8], Identity), Unread> {
    let (file, identity) = open_seen(path)?;
    Ok((read_opened(&file, &identity, limit, buffer)?, identity))
}

/// Reads as much of a file as it held when it looked like this; that it has grown since shows at the next look. It lies in
/// the front of `buffer`, which grows and is not cleared: zeroes for every file would cost as much as reading it.
pub(crate) fn read_opened<'b>(
    mut file: &Opened,
    identity: &Identity,
    limit: u64,
    buffer: &'b mut Vec<u8>,
) -> Result<&'b [u8], Unread> {
    if identity.size > limit {
        return Err(Unread::Large(limit));
    }
    let size = identity.size as usize;
    if buffer.len() < size {
        buffer.resize(size, 0);
    }
    let mut done = 0;
    while done < size {
        match file.read(&mut buffer[done..size]) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Unread::Failed(error.kind())),
        }
    }
    Ok(&buffer[..done])
}

/// As [`read_opened`], for a file as [`Look::open_all`] gives it.
pub(crate) fn read_what_stands<'b>(
    seen: Seen,
    file: &Result<Opened, Unread>,
    limit: u64,
    buffer: &'b mut Vec<u8>,
) -> Result<(&'b [u8], Identity), Unread> {
    match (seen, file) {
        (Seen::File(identity), Ok(file)) => Ok((read_opened(file, &identity, limit, buffer)?, identity)),
        (_, Ok(_)) => Err(Unread::Odd(seen)),
        (_, Err(why)) => Err(*why),
    }
}

fn fill((file, identity): (Opened, Identity), limit: u64, buffer: &mut Vec<u8>) -> Result<Identity, Unread> {
    if identity.size > limit {
        return Err(Unread::Large(limit));
    }
    buffer.reserve(identity.size as usize + 1);
    file.take(limit + 1).read_to_end(buffer).map_err(|error| Unread::Failed(error.kind()))?;
    if buffer.len() as u64 > limit { Err(Unread::Large(limit)) } else { Ok(identity) }
}

/// Whether a file's permissions alone say that we may read it, who have reached it. They do for its owner, whatever access lists
/// add for others; and for root where everybody may, because a server of files can take root for nobody.
#[cfg(unix)]
pub(crate) fn may_read(mode: u32, owner: u32) -> bool {
    static WHO: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    by_permissions(mode, owner, *WHO.get_or_init(|| rustix::process::geteuid().as_raw()))
}

#[cfg(unix)]
fn by_permissions(mode: u32, owner: u32, who: u32) -> bool {
    if who == 0 { mode & 0o444 == 0o444 } else { owner == who && mode & 0o400 != 0 }
}

/// Why the content of a file that was just seen may not be read, as the system would decide when it is opened.
#[cfg(unix)]
pub(crate) fn barred(path: &Path) -> Option<String> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    let told = reach::ask(path, || accessat(CWD, path, Access::READ_OK, AtFlags::EACCESS).map_err(Into::into));
    told.err().map(|error: std::io::Error| error.kind().to_string())
}

/// Why the content of a file that was just seen may not be read.
#[cfg(not(unix))]
pub(crate) fn barred(path: &Path) -> Option<String> {
    reach::ask(path, || std::fs::File::open(path)).err().map(|error| error.kind().to_string())
}

/// Looks and remembers: every path whose state an answer was built on, so that "has anything changed?" is one question.
pub(crate) struct Look {
    begun: SystemTime,
    ledger: Mutex<Vec<(PathBuf, Seen)>>,
    crowds: Mutex<Vec<Crowd>>,
    once: AtomicBool,
}

impl Default for Look {
    fn default() -> Self {
        Look {
            begun: SystemTime::now(),
            ledger: Mutex::default(),
            crowds: Mutex::default(),
            once: AtomicBool::new(false),
        }
    }
}

impl Look {
    /// The answer rests on something that the ledger does not hold: it may be given once, and not be remembered.
    pub(crate) fn only_once(&self) {
        self.once.store(true, Ordering::Relaxed);
    }

    /// Whether the ledger is all that the answer rests on, and any later change of a file would show in it.
    pub(crate) fn lasts(&self, ledger: &Ledger) -> bool {
        !self.once.load(Ordering::Relaxed) && ledger.settled(self.begun)
    }

    /// What was looked at so far.
    pub(crate) fn take_ledger(&self) -> Ledger {
        let crowds = &mut *self.crowds.lock().unwrap_or_else(PoisonError::into_inner);
        Ledger { single: std::mem::take(&mut *self.lock()), crowds: std::mem::take(crowds) }
    }

    pub(crate) fn at(&self, path: &Path) -> Seen {
        let seen = Seen::at(path);
        self.note(path.to_path_buf(), seen);
        seen
    }

    /// Looks at these for the ledger's sake.
    pub(crate) fn each(&self, paths: &[PathBuf]) {
        for path in paths {
            self.at(path);
        }
    }

    /// Looks at many paths below `base` on all cores; the answers stand in the order of the paths.
    pub(crate) fn at_all(&self, base: &Path, paths: &[PathBuf]) -> Vec<Seen> {
        let mut crowd = Crowd::below(base);
        for path in paths {
            crowd.add(path);
        }
        crowd.seen = crowd.look();
        let seen = crowd.seen.clone();
        self.crowds.lock().unwrap_or_else(PoisonError::into_inner).push(crowd);
        seen
    }

    /// As [`Look::at_all`], for files that are read anyway; see [`Crowd::open`].
    pub(crate) fn open_all<T: Send>(
        &self,
        base: &Path,
        paths: &[PathBuf],
        take: impl Fn(usize, Seen, Result<Opened, Unread>, &mut Vec<u8>) -> T + Sync,
    ) -> Vec<T> {
        let mut crowd = Crowd::below(base);
        for path in paths {
            crowd.add(path);
        }
        let taken = crowd.open(take);
        self.crowds.lock().unwrap_or_else(PoisonError::into_inner).push(crowd);
        taken
    }

    /// Reads a text of at most `limit` bytes; bytes that are not UTF-8 are replaced.
    pub(crate) fn text(&self, path: &Path, limit: u64) -> Result<String, Unread> {
        let mut bytes = Vec::new();
        let read = read_into(path, limit, &mut bytes);
        // A file that could not be read is noted as it stands, one that was, as it was when read.
        self.note(path.to_path_buf(), read.map_or_else(|_| Seen::at(path), Seen::File));
        self.passing(read.err());
        read?;
        Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// Reads a file of at most `limit` bytes.
    pub(crate) fn bytes(&self, path: &Path, limit: u64) -> Result<Vec<u8>, Unread> {
        let mut bytes = Vec::new();
        let read = read_into(path, limit, &mut bytes);
        self.note(path.to_path_buf(), read.map_or_else(|_| Seen::at(path), Seen::File));
        self.passing(read.err());
        read.map(|_| bytes)
    }

    /// A file that is there and could not be read may be read next time without having changed.
    pub(crate) fn passing(&self, why: Option<Unread>) {
        if matches!(why, Some(Unread::Failed(_))) {
            self.only_once();
        }
    }

    pub(crate) fn note(&self, path: PathBuf, seen: Seen) {
        self.lock().push((path, seen));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(PathBuf, Seen)>> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn permissions_answer_for_a_files_owner_and_leave_what_they_do_not_say_to_the_system() {
        for (mode, owner, who, answers) in [
            (0o100_600, 7, 7, true),
            (0o100_044, 7, 7, false),
            (0o100_644, 8, 7, false),
            (0o100_644, 8, 0, true),
            (0o100_640, 0, 0, false),
        ] {
            assert_eq!(by_permissions(mode, owner, who), answers, "{mode:o} of {owner} for {who}");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        let (_, identity) = open(file.path()).unwrap();
        let other = Identity { readable: !identity.readable, ..identity };
        assert_eq!(identity, other, "who may read it is not what it is");
    }

    #[test]
    fn what_was_read_before_is_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut buffer = Vec::new();
        for text in ["a long text that was read first", "short", ""] {
            let path = folder.path().join("file");
            std::fs::write(&path, text).unwrap();
            assert_eq!(read_seen(&path, 100, &mut buffer).unwrap().0, text.as_bytes());
        }
        assert_eq!(read_seen(&folder.path().join("file"), 0, &mut buffer).unwrap().0, b"");
    }
}
