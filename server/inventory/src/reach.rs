//! Every question to a file system goes through here, so that it is known which one is waited for, and so that one which
//! does not answer is not asked again meanwhile. May not say what an answer means.

use std::cell::RefCell;
use std::ffi::CStr;
use std::fs::{DirEntry, File, Metadata, ReadDir};
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What one thread asks at the moment.
#[derive(Default)]
pub(crate) struct Desk {
    question: Mutex<Question>,
}

#[derive(Default)]
struct Question {
    path: Vec<u8>,
    /// Grows with each question, so that one that is still the same can be told.
    number: u64,
    open: bool,
    /// Nobody waits for the answer any more, and what is not asked again until it comes.
    given_up: Option<PathBuf>,
}

/// Which question is open at a desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Open {
    pub number: u64,
    pub path: PathBuf,
}

thread_local! {
    static OWN: RefCell<Option<Arc<Desk>>> = const { RefCell::new(None) };
}

/// Folders below which nothing is asked, because a question there was not answered and still is not.
static SILENT: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// Whether there is one, for the many questions while there is none.
static ANY: AtomicBool = AtomicBool::new(false);

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// From now on this thread's questions are seen at this desk.
    pub(crate) fn sit(self: &Arc<Self>) {
        OWN.with(|own| *own.borrow_mut() = Some(Arc::clone(self)));
    }

    pub(crate) fn open(&self) -> Option<Open> {
        let question = locked(&self.question);
        question.open.then(|| Open { number: question.number, path: path_of(&question.path) })
    }

    /// Nobody waits for this question any more: until it is answered, nothing below `place` is asked. `false`: it was answered meanwhile.
    pub(crate) fn give_up(&self, asked: &Open, place: &Path) -> bool {
        let mut question = locked(&self.question);
        let still = question.open && question.number == asked.number;
        // Several may wait for looks of the same threads.
        if still && question.given_up.is_none() {
            question.given_up = Some(place.to_path_buf());
            locked(&SILENT).push(place.to_path_buf());
            ANY.store(true, Ordering::Release);
        }
        still
    }
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// The folders that do not answer at the moment.
pub fn silent() -> Vec<PathBuf> {
    if ANY.load(Ordering::Acquire) { locked(&SILENT).clone() } else { Vec::new() }
}

/// Whether a path lies in a folder that does not answer at the moment.
pub fn is_silent(path: &Path) -> bool {
    ANY.load(Ordering::Acquire) && locked(&SILENT).iter().any(|place| path.starts_with(place))
}

/// Closes the question, whatever ended it; an answer after all means that the place answers again.
struct Asking(Arc<Desk>);

impl Drop for Asking {
    fn drop(&mut self) {
        let mut question = locked(&self.0.question);
        question.open = false;
        if let Some(place) = question.given_up.take() {
            let mut silent = locked(&SILENT);
            if let Some(at) = silent.iter().position(|one| *one == place) {
                silent.swap_remove(at);
            }
            ANY.store(!silent.is_empty(), Ordering::Release);
        }
    }
}

/// Asks about `below` in `base`; an empty `below`: about `base` itself. Where nothing is answered there, that is the error, at once.
fn asked<T>(base: &Path, below: &[u8], ask: impl FnOnce() -> Result<T>) -> Result<T> {
    if ANY.load(Ordering::Acquire) {
        let whole = base.as_os_str().as_encoded_bytes();
        let whole = if below.is_empty() { path_of(whole) } else { path_of(&[whole, b"/", below].concat()) };
        if is_silent(&whole) {
            return Err(ErrorKind::TimedOut.into());
        }
    }
    let Some(desk) = OWN.with(|own| own.borrow().clone()) else { return ask() };
    {
        let mut question = locked(&desk.question);
        question.path.clear();
        question.path.extend_from_slice(base.as_os_str().as_encoded_bytes());
        if !below.is_empty() {
            question.path.push(b'/');
            question.path.extend_from_slice(below);
        }
        question.number += 1;
        question.open = true;
    }
    let _asking = Asking(desk);
    ask()
}

/// Asks something about a path that the functions below do not.
pub(crate) fn ask<T>(path: &Path, ask: impl FnOnce() -> Result<T>) -> Result<T> {
    asked(path, b"", ask)
}

/// As [`ask`], for a path below an open folder.
#[cfg(unix)]
pub(crate) fn ask_below<T>(base: &Path, path: &CStr, ask: impl FnOnce() -> rustix::io::Result<T>) -> Result<T> {
    if path.to_bytes().starts_with(b"/") {
        return asked(&path_of(path.to_bytes()), b"", || ask().map_err(Error::from));
    }
    asked(base, path.to_bytes(), || ask().map_err(Error::from))
}

/// What stands at a path, links followed.
pub(crate) fn metadata(path: &Path) -> Result<Metadata> {
    ask(path, || std::fs::metadata(path))
}

/// What stands at a path, links not followed.
pub(crate) fn symlink_metadata(path: &Path) -> Result<Metadata> {
    ask(path, || std::fs::symlink_metadata(path))
}

/// The path without links.
pub(crate) fn canonical(path: &Path) -> Result<PathBuf> {
    ask(path, || std::fs::canonicalize(path))
}

pub(crate) fn is_file(path: &Path) -> bool {
    metadata(path).is_ok_and(|meta| meta.is_file())
}

pub(crate) fn is_folder(path: &Path) -> bool {
    metadata(path).is_ok_and(|meta| meta.is_dir())
}

pub(crate) fn exists(path: &Path) -> bool {
    metadata(path).is_ok()
}

/// What lies in a folder, one by one.
pub(crate) fn list(folder: &Path) -> Result<Listing> {
    let entries = ask(folder, || std::fs::read_dir(folder))?;
    Ok(Listing { entries, folder: folder.to_path_buf(), over: false })
}

/// See [`list`]. Ends with its first error.
pub(crate) struct Listing {
    entries: ReadDir,
    folder: PathBuf,
    over: bool,
}

impl Iterator for Listing {
    type Item = Result<DirEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = ask(&self.folder, || self.entries.next().transpose()).transpose();
        self.over = !matches!(next, Some(Ok(_)));
        next
    }
}

/// An open file, whose path is known while it is read.
#[derive(Debug)]
pub(crate) struct Opened {
    file: File,
    path: PathBuf,
}

impl Opened {
    pub(crate) fn new(file: File, path: PathBuf) -> Self {
        Opened { file, path }
    }

    pub(crate) fn metadata(&self) -> Result<Metadata> {
        ask(&self.path, || self.file.metadata())
    }

    /// Fills `block` from this place in the file on.
    #[cfg(unix)]
    pub(crate) fn read_exact_at(&self, block: &mut [u8], from: u64) -> Result<()> {
        ask(&self.path, || std::os::unix::fs::FileExt::read_exact_at(&self.file, block, from))
    }
}

impl Read for &Opened {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        ask(&self.path, || (&self.file).read(buffer))
    }
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        (&*self).read(buffer)
    }
}

impl Seek for Opened {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        ask(&self.path, || self.file.seek(to))
    }
}

/// A text that is small by nature.
pub(crate) fn text(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    ask(path, || std::fs::read_to_string(path))
}
