//! A folder remote over a disk in memory that can lose what was not flushed: every step of every operation is made to fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use super::disk::{Disk, Kind};
use super::*;
use host::Cancel;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Node {
    Folder,
    File(usize),
}

#[derive(Clone, Default)]
struct File {
    bytes: Vec<u8>,
    /// What is on the disk itself.
    flushed: Option<Vec<u8>>,
}

/// What goes wrong at a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    /// It is not done.
    Before,
    /// It is done, and answers with an error.
    After,
    /// The stick is pulled out; it is not done, and nothing after it is.
    PulledBefore,
    /// The same, and it was done; of what is written, half.
    PulledAfter,
}

#[derive(Clone, Default)]
struct State {
    files: Vec<File>,
    now: BTreeMap<PathBuf, Node>,
    flushed: BTreeMap<PathBuf, Node>,
    steps: usize,
    fault: Option<(usize, Fault)>,
    gone: bool,
    /// As FAT does, and as some file systems of FUSE do.
    no_links: bool,
    no_rename_new: bool,
}

/// A disk in memory.
#[derive(Default)]
struct Memory(Mutex<State>);

fn failed() -> io::Error {
    io::Error::other("input/output error")
}

fn missing() -> io::Error {
    ErrorKind::NotFound.into()
}

impl Memory {
    fn step<T>(&self, work: impl Fn(&mut State, bool) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.0.lock().unwrap();
        if state.gone {
            return Err(failed());
        }
        state.steps += 1;
        match state.fault {
            Some((at, fault)) if at == state.steps => {
                if matches!(fault, Fault::PulledBefore | Fault::PulledAfter) {
                    state.gone = true;
                }
                if matches!(fault, Fault::After | Fault::PulledAfter) {
                    work(&mut state, fault == Fault::PulledAfter).map(drop).unwrap_or_default();
                }
                Err(failed())
            }
            _ => work(&mut state, false),
        }
    }

    /// What is found when the stick is plugged in again: what was flushed, and of the rest whatever the seed says.
    fn plugged_in_again(&self, seed: u64) -> Memory {
        let before = self.0.lock().unwrap();
        let chosen = |what: &str, path: &Path| {
            let name = format!("{seed}{what}{}", path.display());
            u64::from_str_radix(&host::fingerprint(name.as_bytes())["blake3:".len()..][..15], 16).unwrap()
        };
        let mut after = State { no_links: before.no_links, no_rename_new: before.no_rename_new, ..State::default() };
        after.files.clone_from(&before.files);
        let paths: std::collections::BTreeSet<&PathBuf> = before.now.keys().chain(before.flushed.keys()).collect();
        for path in paths {
            let (now, flushed) = (before.now.get(path), before.flushed.get(path));
            let node = if chosen("name", path) % 2 == 0 { now } else { flushed };
            let above = path.parent().is_none_or(|parent| parent == Path::new("/") || after.now.contains_key(parent));
            let Some(node) = node.filter(|_| above) else { continue };
            after.now.insert(path.clone(), *node);
            if let Node::File(n) = node
                && after.files[*n].flushed.as_ref() != Some(&before.files[*n].bytes)
            {
                let whole = before.files[*n].bytes.clone();
                after.files[*n].bytes = match chosen("bytes", path) % 4 {
                    0 => Vec::new(),
                    1 => whole[..whole.len() / 2].to_vec(),
                    2 => vec![0; whole.len()],
                    _ => whole,
                };
            }
        }
        for file in &mut after.files {
            file.flushed = Some(file.bytes.clone());
        }
        after.flushed = after.now.clone();
        Memory(Mutex::new(after))
    }
}

impl State {
    fn file(&self, path: &Path) -> io::Result<usize> {
        match self.now.get(path) {
            Some(Node::File(n)) => Ok(*n),
            Some(Node::Folder) => Err(failed()),
            None => Err(missing()),
        }
    }

    fn is_free(&self, path: &Path) -> io::Result<()> {
        let parent = path.parent().unwrap();
        if parent != Path::new("/") && self.now.get(parent) != Some(&Node::Folder) {
            return Err(missing());
        }
        if self.now.contains_key(path) { Err(ErrorKind::AlreadyExists.into()) } else { Ok(()) }
    }
}

impl Disk for Memory {
    fn kind(&self, path: &Path) -> io::Result<Kind> {
        self.step(|state, _| match state.now.get(path) {
            Some(Node::Folder) => Ok(Kind::Folder),
            Some(Node::File(n)) => Ok(Kind::File(state.files[*n].bytes.len() as u64)),
            None => Err(missing()),
        })
    }

    fn list(&self, folder: &Path, each: &mut dyn FnMut(&str) -> bool) -> io::Result<()> {
        let names = self.step(|state, _| {
            let inside = state.now.keys().filter(|path| path.parent() == Some(folder));
            Ok(inside.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect::<Vec<_>>())
        })?;
        let _ = names.iter().all(|name| each(name));
        Ok(())
    }

    fn read(&self, file: &Path, limit: u64) -> io::Result<Vec<u8>> {
        self.step(|state, _| {
            let bytes = &state.files[state.file(file)?].bytes;
            if bytes.len() as u64 > limit { Err(failed()) } else { Ok(bytes.clone()) }
        })
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        self.step(|state, _| {
            state.is_free(folder)?;
            state.now.insert(folder.to_owned(), Node::Folder);
            Ok(())
        })
    }

    fn create(&self, file: &Path, bytes: &[u8]) -> io::Result<()> {
        self.step(|state, half| {
            state.is_free(file)?;
            let written = if half { &bytes[..bytes.len() / 2] } else { bytes };
            state.files.push(File { bytes: written.to_vec(), flushed: None });
            let n = state.files.len() - 1;
            state.now.insert(file.to_owned(), Node::File(n));
            Ok(())
        })
    }

    fn flush(&self, file: &Path) -> io::Result<()> {
        self.step(|state, half| {
            let n = state.file(file)?;
            let file = &mut state.files[n];
            if !half {
                file.flushed = Some(file.bytes.clone());
            }
            Ok(())
        })
    }

    fn flush_folder(&self, folder: &Path) -> io::Result<()> {
        self.step(|state, _| {
            state.flushed.retain(|path, _| path.parent() != Some(folder));
            let inside: Vec<_> = state.now.iter().filter(|(path, _)| path.parent() == Some(folder)).collect();
            state.flushed.extend(inside.into_iter().map(|(path, node)| (path.clone(), *node)));
            Ok(())
        })
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|state, _| {
            if state.no_links {
                return Err(ErrorKind::PermissionDenied.into());
            }
            let n = state.file(from)?;
            state.is_free(to)?;
            state.now.insert(to.to_owned(), Node::File(n));
            Ok(())
        })
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|state, _| {
            if state.no_rename_new {
                return Err(ErrorKind::InvalidInput.into());
            }
            let n = state.file(from)?;
            state.is_free(to)?;
            state.now.insert(to.to_owned(), Node::File(n));
            state.now.remove(from);
            Ok(())
        })
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|state, _| {
            let n = state.file(from)?;
            state.now.insert(to.to_owned(), Node::File(n));
            state.now.remove(from);
            Ok(())
        })
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        self.step(|state, _| state.now.remove(file).map(drop).ok_or_else(missing))
    }

    fn about(&self, _: &Path) -> (Option<u64>, bool) {
        (Some(1 << 30), false)
    }
}

const ROOT: &str = "/stick";
const BYTES: &[u8] = b"a sealed segment, as far as this folder knows";

fn call() -> Call {
    Call::within(Duration::from_mins(1), &Cancel::new())
}

fn name() -> SegmentName {
    SegmentName { lane: 2, log: [0xab; 16], first: 1, last: 9, hash: [7; 16], copy: 1 }
}

fn over(disk: Memory) -> (Folder, Arc<Memory>) {
    let disk = Arc::new(disk);
    (Folder { root: PathBuf::from(ROOT), disk: disk.clone(), flushed: Arc::default() }, disk)
}

/// A remote that is set up, on a disk that knows links or does not.
fn set_up(no_links: bool, no_rename_new: bool) -> (Folder, Arc<Memory>) {
    let (folder, disk) = over(Memory(Mutex::new(State { no_links, no_rename_new, ..State::default() })));
    folder.found([1; 16], None, &call()).unwrap();
    let mut state = disk.0.lock().unwrap();
    state.steps = 0;
    state.flushed = state.now.clone();
    drop(state);
    (folder, disk)
}

const DISKS: [(bool, bool); 3] = [(false, false), (true, false), (true, true)];

/// The bytes under every name of the segment that is not empty.
fn found(folder: &Folder) -> Vec<Vec<u8>> {
    let listing = folder.segments(&call()).unwrap();
    assert!(listing.unread.is_empty(), "{listing:?}");
    listing
        .segments
        .iter()
        .map(|(name, _)| folder.get(name, &call()).unwrap())
        .filter(|bytes| !bytes.is_empty())
        .collect()
}

fn steps_of_a_put(disk: (bool, bool)) -> usize {
    let (folder, memory) = set_up(disk.0, disk.1);
    assert_eq!(folder.put(&name(), BYTES, &call()), Ok(Put::Stored));
    assert_eq!(folder.get(&name(), &call()).unwrap(), BYTES);
    let left = memory.0.lock().unwrap().now.keys().filter(|path| path.to_string_lossy().contains('~')).count();
    assert_eq!(left, 0, "nothing temporary is left");
    drop(memory);
    let (folder, memory) = set_up(disk.0, disk.1);
    folder.put(&name(), BYTES, &call()).unwrap();
    let state = memory.0.lock().unwrap();
    state.steps
}

#[test]
fn whichever_step_fails_before_or_after_it_was_done_nothing_half_written_has_the_name_and_the_next_put_puts_it_there() {
    for disk in DISKS {
        let steps = steps_of_a_put(disk);
        assert!(steps >= 12, "{steps}");
        for at in 1..=steps {
            for fault in [Fault::Before, Fault::After] {
                let (folder, memory) = set_up(disk.0, disk.1);
                memory.0.lock().unwrap().fault = Some((at, fault));
                let first = folder.put(&name(), BYTES, &call());
                let there = found(&folder);
                assert!(there.iter().all(|bytes| bytes == BYTES), "{disk:?} {at} {fault:?}: {there:?}");
                if let Ok(put) = first {
                    assert!(put != Put::Taken && !there.is_empty(), "{disk:?} {at} {fault:?}");
                }
                assert_ne!(folder.put(&name(), BYTES, &call()), Ok(Put::Taken), "{disk:?} {at} {fault:?}");
                assert!(!found(&folder).is_empty(), "{disk:?} {at} {fault:?}");
                for seed in 0..32 {
                    let (folder, _) = over(memory.plugged_in_again(seed));
                    assert!(
                        !found(&folder).is_empty(),
                        "{disk:?} {at} {fault:?}, seed {seed}: it was said to be there"
                    );
                }
            }
        }
    }
}

#[test]
fn a_stick_that_is_pulled_out_at_any_step_has_the_segment_whole_or_not_and_has_it_once_it_was_said_to() {
    for disk in DISKS {
        let steps = steps_of_a_put(disk);
        for at in 1..=steps + 1 {
            for fault in [Fault::PulledBefore, Fault::PulledAfter] {
                let (folder, memory) = set_up(disk.0, disk.1);
                memory.0.lock().unwrap().fault = Some((at, fault));
                let said = folder.put(&name(), BYTES, &call());
                for seed in 0..64 {
                    let (folder, _) = over(memory.plugged_in_again(seed));
                    let here = format!("{disk:?}, step {at}, {fault:?}, seed {seed}");
                    let there = found(&folder);
                    assert!(there.iter().all(|bytes| bytes == BYTES), "{here}: half of it has the name");
                    assert!(said.is_err() || !there.is_empty(), "{here}: it was said to be there, and is not");
                    assert_ne!(folder.put(&name(), BYTES, &call()), Ok(Put::Taken), "{here}");
                    assert!(found(&folder).iter().any(|bytes| bytes == BYTES), "{here}: it is not put there again");
                }
            }
        }
    }
}

#[test]
fn nothing_is_put_where_the_remote_is_not_any_more() {
    let (folder, memory) = set_up(false, false);
    memory.0.lock().unwrap().now.retain(|path, _| path == Path::new(ROOT));
    let gone = folder.put(&name(), BYTES, &call()).unwrap_err();
    assert!(gone.ends && gone.class == Class::Retry, "{gone}");
    assert_eq!(memory.0.lock().unwrap().now.len(), 1, "the folder that a stick was mounted on stays empty");
}

#[test]
fn what_has_the_name_is_never_overwritten_and_the_segment_is_laid_beside_it() {
    for disk in DISKS {
        let (folder, _) = set_up(disk.0, disk.1);
        let torn = &BYTES[..20];
        assert_eq!(folder.put(&name(), torn, &call()), Ok(Put::Stored));
        assert_eq!(folder.put(&name(), BYTES, &call()), Ok(Put::Stored));
        assert_eq!(folder.put(&name(), BYTES, &call()), Ok(Put::Already));
        assert_eq!(folder.get(&name(), &call()).unwrap(), torn);
        assert_eq!(folder.get(&name().in_copy(2), &call()).unwrap(), BYTES);
        for n in 0..20_u8 {
            let _ = folder.put(&name(), &[n; 3], &call());
        }
        assert_eq!(folder.put(&name(), b"one more", &call()), Ok(Put::Taken), "files for one name are bounded");
        assert_eq!(folder.get(&name().in_copy(2), &call()).unwrap(), BYTES);
    }
}

#[test]
fn a_probe_says_how_names_are_kept_and_leaves_nothing() {
    let expected = [Exclusion::Refused, Exclusion::Refused, Exclusion::Reserved];
    for (disk, exclusion) in DISKS.into_iter().zip(expected) {
        let (folder, memory) = set_up(disk.0, disk.1);
        let before: Vec<PathBuf> = memory.0.lock().unwrap().now.keys().cloned().collect();
        let probe = folder.probe(&call()).unwrap();
        assert_eq!((probe.exclusion, probe.free), (exclusion, Some(1 << 30)));
        let after: Vec<PathBuf> = memory.0.lock().unwrap().now.keys().cloned().collect();
        assert_eq!(before, after);
    }
}

#[test]
fn a_full_disk_and_one_that_may_not_be_written_are_told_apart_from_one_that_is_gone() {
    let folder = Folder::at(Path::new("/nonexistent"));
    let class = |kind: ErrorKind| folder.failed("write", Path::new("/nonexistent/x"), &kind.into()).class;
    assert_eq!(class(ErrorKind::StorageFull), Class::Quota);
    assert_eq!(class(ErrorKind::PermissionDenied), Class::Auth);
    assert_eq!(class(ErrorKind::ReadOnlyFilesystem), Class::Auth);
    assert_eq!(class(ErrorKind::Other), Class::Retry);
    let gone = folder.identity(&call()).unwrap_err();
    assert!(gone.ends && gone.class == Class::Retry && gone.message.contains("no remote is at"), "{gone}");
}
