//! A folder as a remote: on this disk, on a stick, or one that Syncthing, Dropbox or a server shares. Nothing in it is ever
//! overwritten but hints, and nothing outside of it is touched, wherever links in it lead.
//!
//! ```text
//! FORMAT.json                                    which remote this is, and whose
//! seg/<lane>-<log>/<first>-<last>-<hash>.seg     segments
//! heads/<lane>-<log>                             hints
//! ~<16 hex digits>.tmp                           on its way, anywhere
//! ```

mod disk;
mod publish;
#[cfg(test)]
mod tests;

use crate::call::Call;
use crate::error::{Class, RemoteError};
use crate::format;
use crate::name::{LAST_COPY, SegmentName, Stray, log_folder, shown};
use crate::remote::{Exclusion, Head, Identity, Listing, MOST_BYTES, Probe, Put, Remote};
use disk::{Disk, Kind, System};
use journal::MAX_SEGMENT;
use publish::{Way, publish};
use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use ulid::Ulid;

/// Longest hint that is read, in bytes.
const MAX_SMALL: u64 = 4096;
/// Most names that are looked at in one folder, and folders of logs: what is beyond is said and not read, so that no folder can
/// make a reader hold more than some hundred MiB.
const MOST_NAMES: usize = 200_000;
const MOST_LOGS: usize = 20_000;
/// Other files that are named, at most; the rest is counted.
const MOST_STRAYS: usize = 100;

/// A folder as a remote.
#[derive(Clone)]
pub struct Folder {
    root: PathBuf,
    disk: Arc<dyn Disk>,
    /// Folders in it whose names were flushed by this process.
    flushed: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Folder").field("root", &self.root).finish_non_exhaustive()
    }
}

impl Folder {
    /// The remote in that folder. Looks at nothing yet.
    #[must_use]
    pub fn at(root: &Path) -> Folder {
        Folder { root: root.to_owned(), disk: Arc::new(System), flushed: Arc::default() }
    }

    /// Makes the folder a remote of a project, or finds that it is one. The folder is made where the one that it lies in is
    /// there; one with anything else in it is refused, so that nobody's files are mixed with ours.
    fn set_up(&self, project: [u8; 16], check: Option<[u8; 8]>, call: &Call) -> Result<Identity, RemoteError> {
        call.goes_on()?;
        match self.disk.kind(&self.root) {
            Ok(Kind::Folder) => {}
            // What the user names may be a link; what lies in it may not.
            Ok(Kind::Link) if self.root.is_dir() => {}
            Ok(_) => return Err(wrong(&self.root, "it is no folder", "name a folder")),
            Err(e) if e.kind() == ErrorKind::NotFound => {
                self.disk.make_folder(&self.root).map_err(|e| match e.kind() {
                    ErrorKind::NotFound => {
                        let message =
                            format!("could not make {}: the folder above it is not there", self.root.display());
                        RemoteError::of_all(Class::Retry, message, "make that one, or plug in what it lies on")
                    }
                    _ => self.failed("make", &self.root, &e),
                })?;
                if let Some(parent) = self.root.parent() {
                    self.disk.flush_folder(parent).map_err(|e| self.failed("flush", parent, &e))?;
                }
            }
            Err(e) => return Err(self.failed("look at", &self.root, &e)),
        }
        match self.read_description(call) {
            Ok(found) => return self.of_project(found, project),
            Err(None) => {}
            Err(Some(e)) => return Err(e),
        }
        let mut other = None;
        let looked = self.disk.list(&self.root, &mut |name| {
            if Stray::of(name) == Stray::Unknown && !["seg", "heads"].contains(&name) {
                other = Some(shown(name));
            }
            other.is_none()
        });
        looked.map_err(|e| self.failed("read", &self.root, &e))?;
        if let Some(other) = other {
            let detail = format!("there are other files in it: {other}");
            return Err(wrong(&self.root, &detail, "name an empty folder, or one that is to be made in it"));
        }
        let text = format::new(project, check);
        self.publish(&self.format_file(), text.as_bytes())?;
        // Of two that set it up at the same time, the one whose file it is.
        match self.read_description(call) {
            Ok(found) => self.of_project(found, project),
            Err(e) => Err(e.unwrap_or_else(|| self.gone())),
        }
    }

    fn of_project(&self, found: Identity, project: [u8; 16]) -> Result<Identity, RemoteError> {
        if found.project == project {
            return Ok(found);
        }
        let detail = format!("it carries another project, {}", hex::encode(found.project));
        let hint = "name another folder; `workspace.project` in `holdover.toml` says which project a workspace is";
        Err(wrong(&self.root, &detail, hint))
    }

    fn format_file(&self) -> PathBuf {
        self.root.join("FORMAT.json")
    }

    /// Inner `None`: there is none.
    fn read_description(&self, call: &Call) -> Result<Identity, Option<RemoteError>> {
        call.goes_on().map_err(Some)?;
        let file = self.format_file();
        let bytes = match self.disk.kind(&file) {
            Ok(Kind::File(_)) => self.disk.read(&file, format::MAX_DESCRIPTION),
            Ok(_) => return Err(Some(wrong(&file, "it is no file", "remove it, or name another folder"))),
            Err(e) => Err(e),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == ErrorKind::NotFound => return Err(None),
            Err(e) => return Err(Some(self.failed("read", &file, &e))),
        };
        format::read(&bytes).map_err(|unread| Some(wrong(&file, &unread.detail, unread.hint)))
    }

    /// The folder of a log; never one outside of the remote.
    fn log_folder(&self, name: &SegmentName) -> PathBuf {
        self.root.join("seg").join(name.folder())
    }

    /// Makes a folder where it is not, sees that it is one and no link, and that its name outlives a loss of power: somebody may
    /// have made it and been broken off before that was so.
    fn own_folder(&self, folder: &Path) -> Result<(), RemoteError> {
        match self.disk.kind(folder) {
            Ok(Kind::Folder) if self.flushed().contains(folder) => return Ok(()),
            Ok(Kind::Folder) => {}
            Ok(_) => {
                return Err(wrong(folder, "it is a link or a file, and a folder of ours is expected", "remove it"));
            }
            Err(e) if e.kind() == ErrorKind::NotFound => match self.disk.make_folder(folder) {
                Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(self.failed("make", folder, &e)),
                _ => {}
            },
            Err(e) => return Err(self.failed("look at", folder, &e)),
        }
        if let Some(parent) = folder.parent() {
            self.disk.flush_folder(parent).map_err(|e| self.failed("flush", parent, &e))?;
        }
        self.flushed().insert(folder.to_owned());
        Ok(())
    }

    fn flushed(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.flushed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, to: &Path, bytes: &[u8]) -> Result<(Put, Option<Way>), RemoteError> {
        let aside = to.with_file_name(format!("~{:016x}.tmp", Ulid::generate().random() as u64));
        publish(&*self.disk, to, &aside, bytes).map_err(|e| self.failed("write", to, &e))
    }

    /// The folder is not the remote any more that it was.
    fn gone(&self) -> RemoteError {
        let message = format!("no remote is at {}", self.root.display());
        RemoteError::of_all(Class::Retry, message, "plug in or mount what it lies on, and try again")
    }

    fn failed(&self, what: &str, file: &Path, error: &io::Error) -> RemoteError {
        let message = format!("could not {what} {}: {error}", file.display());
        let of_all = RemoteError::of_all;
        match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                of_all(Class::Auth, message, "give yourself the right to read and write that folder")
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                of_all(Class::Quota, message, "make room there; what is not there yet waits here")
            }
            // What is not there, or cannot be reached, is asked at the root: there it says whether all of it is gone.
            _ if self.disk.kind(&self.format_file()).is_err() => self.gone(),
            _ => RemoteError::of(Class::Retry, message, "try again; look whether what it lies on is sound"),
        }
    }

    /// Names in a folder of ours. One that cannot be read, or has too many, says so and hides nothing else.
    fn names(&self, folder: &Path, most: usize, call: &Call) -> Result<Vec<String>, RemoteError> {
        match self.disk.kind(folder) {
            Ok(Kind::Folder) => {}
            Ok(_) => return Err(not_ours(folder, "it is no folder of ours: it is a link or a file")),
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(self.failed("look at", folder, &e)),
        }
        let (mut names, mut full, mut stopped) = (Vec::new(), false, Ok(()));
        let listed = self.disk.list(folder, &mut |name| {
            full = names.len() >= most;
            stopped = call.goes_on();
            if full || stopped.is_err() {
                return false;
            }
            names.push(name.to_owned());
            true
        });
        stopped?;
        listed.map_err(|e| self.failed("read", folder, &e))?;
        if full {
            return Err(not_ours(folder, &format!("there are more than {most} names in it")));
        }
        Ok(names)
    }
}

impl Remote for Folder {
    fn kind(&self) -> &'static str {
        "folder"
    }

    fn place(&self) -> String {
        self.root.display().to_string()
    }

    fn is_networked(&self, call: &Call) -> Result<bool, RemoteError> {
        call.goes_on()?;
        Ok(self.disk.about(&self.root).1)
    }

    fn found(&self, project: [u8; 16], check: Option<[u8; 8]>, call: &Call) -> Result<Identity, RemoteError> {
        self.set_up(project, check, call)
    }

    fn identity(&self, call: &Call) -> Result<Identity, RemoteError> {
        self.read_description(call).map_err(|e| e.unwrap_or_else(|| self.gone()))
    }

    fn segments(&self, call: &Call) -> Result<Listing, RemoteError> {
        let mut found = Listing::default();
        let mut strays = Vec::new();
        let top = self.root.join("seg");
        for folder in self.names(&top, MOST_LOGS, call)? {
            call.goes_on()?;
            if log_folder(&folder).is_none() {
                strays.push((format!("seg/{folder}"), Stray::of(&folder)));
                continue;
            }
            let names = match self.names(&top.join(&folder), MOST_NAMES, call) {
                Ok(names) => names,
                Err(e) if e.ends => return Err(e),
                Err(e) => {
                    found.unread.push((format!("seg/{folder}"), e));
                    continue;
                }
            };
            for file in names {
                let path = top.join(&folder).join(&file);
                match (SegmentName::read(&folder, &file), self.disk.kind(&path)) {
                    (Some(name), Ok(Kind::File(length))) => found.segments.push((name, length)),
                    (Some(name), Ok(_)) => {
                        found.unread.push((name.to_string(), not_ours(&path, "it is a link or a folder, and no file")));
                    }
                    // It went away meanwhile, as what is copied does.
                    (_, Err(e)) if e.kind() == ErrorKind::NotFound => {}
                    (Some(name), Err(e)) => found.unread.push((name.to_string(), self.failed("look at", &path, &e))),
                    (None, _) => strays.push((format!("seg/{folder}/{file}"), Stray::of(&file))),
                }
            }
        }
        // In an order, so that the same folder says the same.
        strays.sort_by(|a, b| a.0.cmp(&b.0));
        strays.truncate(MOST_STRAYS);
        found.strays = strays.into_iter().map(|(name, stray)| (shown(&name), stray)).collect();
        Ok(found)
    }

    fn heads(&self, call: &Call) -> Result<Vec<Head>, RemoteError> {
        let folder = self.root.join("heads");
        let mut heads = Vec::new();
        for name in self.names(&folder, MOST_LOGS, call)? {
            call.goes_on()?;
            let Some((lane, log)) = log_folder(&name) else { continue };
            let file = folder.join(&name);
            // A hint that cannot be read is none.
            let text = match self.disk.kind(&file) {
                Ok(Kind::File(_)) => {
                    self.disk.read(&file, MAX_SMALL).ok().and_then(|bytes| String::from_utf8(bytes).ok())
                }
                _ => None,
            };
            if let Some(seq) = text.and_then(|text| text.trim().parse().ok()) {
                heads.push(Head { lane, log, seq });
            }
        }
        Ok(heads)
    }

    fn get(&self, name: &SegmentName, call: &Call) -> Result<Vec<u8>, RemoteError> {
        call.goes_on()?;
        let (folder, file) = (self.log_folder(name), self.log_folder(name).join(name.file()));
        match (self.disk.kind(&folder), self.disk.kind(&file)) {
            (Ok(Kind::Folder), Ok(Kind::File(length))) if length > MOST_BYTES => {
                let message = format!("{name} has {length} bytes, and a segment has at most {MAX_SEGMENT}");
                Err(RemoteError::of(Class::Integrity, message, "remove that file: it is no segment"))
            }
            (Ok(Kind::Folder), Ok(Kind::File(_))) => {
                self.disk.read(&file, MOST_BYTES).map_err(|e| self.failed("read", &file, &e))
            }
            (Err(e), _) | (_, Err(e)) => Err(self.failed("read", &file, &e)),
            _ => Err(not_ours(&file, "it is a link or a folder, and no file")),
        }
    }

    fn put(&self, name: &SegmentName, bytes: &[u8], call: &Call) -> Result<Put, RemoteError> {
        call.goes_on()?;
        // Only where the remote still is: what a stick was mounted at may be an empty folder of this disk by now.
        self.identity(call)?;
        self.own_folder(&self.root.join("seg"))?;
        let folder = self.log_folder(name);
        self.own_folder(&folder)?;
        for copy in name.copy..=LAST_COPY {
            call.goes_on()?;
            match self.publish(&folder.join(name.in_copy(copy).file()), bytes)? {
                (Put::Taken, _) => {}
                (put, _) => return Ok(put),
            }
        }
        Ok(Put::Taken)
    }

    fn set_head(&self, head: &Head, call: &Call) -> Result<(), RemoteError> {
        call.goes_on()?;
        let folder = self.root.join("heads");
        self.own_folder(&folder)?;
        let to = folder.join(format!("{:x}-{}", head.lane, hex::encode(head.log)));
        let aside = to.with_file_name(format!("~{:016x}.tmp", Ulid::generate().random() as u64));
        let text = format!("{}\n", head.seq);
        let written = self.disk.create(&aside, text.as_bytes()).and_then(|()| self.disk.replace(&aside, &to));
        written.map_err(|e| {
            let _ = self.disk.remove(&aside);
            self.failed("write", &to, &e)
        })
    }

    fn probe(&self, call: &Call) -> Result<Probe, RemoteError> {
        self.identity(call)?;
        let (free, networked) = self.disk.about(&self.root);
        let stem = Ulid::generate().random() as u64;
        let to = self.root.join(format!("~probe-{stem:016x}.tmp"));
        let (first, second) = (b"first".as_slice(), b"other".as_slice());
        let tried = self.publish(&to, first).and_then(|(_, way)| {
            call.goes_on()?;
            let again = self.publish(&to, second)?.0;
            let there = self.disk.read(&to, MAX_SMALL).map_err(|e| self.failed("read", &to, &e))?;
            Ok((way, again, there))
        });
        let _ = self.disk.remove(&to);
        let (way, again, there) = tried?;
        let way = way.unwrap_or(Way::Reserve);
        let exclusion = match (way, again) {
            _ if there != first => Exclusion::Overwrites,
            (_, put) if put != Put::Taken => Exclusion::Overwrites,
            (Way::Reserve, _) => Exclusion::Reserved,
            (Way::Link | Way::Rename, _) => Exclusion::Refused,
        };
        Ok(Probe { exclusion, way: way.words().to_owned(), free, networked })
    }
}

/// Whether a path lies on a file system of another machine.
pub(crate) fn is_on_network(path: &Path) -> bool {
    System.about(path).1
}

/// The remote as a whole cannot be used as it is.
fn wrong(file: &Path, detail: &str, hint: &str) -> RemoteError {
    RemoteError::of_all(Class::Integrity, format!("{}: {detail}", file.display()), hint)
}

fn not_ours(folder: &Path, detail: &str) -> RemoteError {
    RemoteError::of(
        Class::Integrity,
        format!("{}: {detail}", folder.display()),
        "look at it, and remove what is not ours",
    )
}
