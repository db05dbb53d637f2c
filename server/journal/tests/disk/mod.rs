//! A disk for tests: what a process told it, in order, and every state in which a loss of power could have left it.
//! `disk.c` stands between the process and the C library and writes the trace that is read here.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What a disk writes whole, in bytes. Within it SQLite counts on no mixture of old and new.
const SECTOR: usize = 512;

/// `disk.c`, compiled once.
pub fn interposer() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let source = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/disk/disk.c");
        let hash = blake3::hash(&fs::read(&source).unwrap()).to_hex();
        let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("disk-{}.so", &hash[..16]));
        if !made.exists() {
            let own = made.with_extension(std::process::id().to_string());
            let compiler = Command::new("cc").args(["-O1", "-shared", "-fPIC", "-o"]).arg(&own).arg(&source).status();
            assert!(compiler.expect("a C compiler is there: OpenSSL was built with it").success());
            fs::rename(&own, &made).unwrap();
        }
        made
    })
}

/// A new folder in memory where the system has one: a flush costs nothing there, and none is relied on.
pub fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// Numbers that look random and are the same for the same seed (splitmix64).
#[derive(Clone)]
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// One thing that the disk was told.
#[derive(Debug, Clone)]
pub enum Record {
    Create { inode: u64, path: PathBuf },
    Write { inode: u64, at: usize, bytes: Vec<u8> },
    Truncate { inode: u64, size: usize },
    Sync { inode: u64 },
    MakeFolder { path: PathBuf },
    SyncFolder { path: PathBuf },
    Rename { from: PathBuf, to: PathBuf },
    Link { from: PathBuf, to: PathBuf },
    Unlink { path: PathBuf },
}

/// Reads a trace. A record is a letter, three 64-bit numbers (inode, place, length) in the machine's order, and so many bytes.
pub fn read_trace(file: &Path) -> Vec<Record> {
    let all = fs::read(file).unwrap();
    let mut rest = all.as_slice();
    let mut records = Vec::new();
    // A process that was killed may have cut the last one.
    while let Some((head, after)) = rest.split_first_chunk::<25>() {
        let number = |n: usize| u64::from_ne_bytes(head[1 + n * 8..9 + n * 8].try_into().unwrap());
        let (inode, at) = (number(0), usize::try_from(number(1)).unwrap());
        let Some((bytes, after)) = after.split_at_checked(usize::try_from(number(2)).unwrap()) else { break };
        rest = after;
        let paths = || {
            let mut paths = bytes.split(|byte| *byte == 0).map(|path| PathBuf::from(str::from_utf8(path).unwrap()));
            (paths.next().unwrap(), paths.next().unwrap())
        };
        records.push(match head[0] {
            b'C' => Record::Create { inode, path: paths().0 },
            b'W' => Record::Write { inode, at, bytes: bytes.to_vec() },
            b'T' => Record::Truncate { inode, size: at },
            b'S' => Record::Sync { inode },
            b'M' => Record::MakeFolder { path: paths().0 },
            b'D' => Record::SyncFolder { path: paths().0 },
            b'R' => Record::Rename { from: paths().0, to: paths().1 },
            b'L' => Record::Link { from: paths().0, to: paths().1 },
            b'U' => Record::Unlink { path: paths().0 },
            other => panic!("no record begins with {other}"),
        });
    }
    records
}

#[derive(Default)]
struct File {
    /// What no loss of power can take.
    kept: Vec<u8>,
    /// What was written since the last flush.
    loose: Vec<Loose>,
}

enum Loose {
    Write(usize, Vec<u8>),
    Size(usize),
}

fn write(contents: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if contents.len() < end {
        contents.resize(end, 0);
    }
    contents[at..end].copy_from_slice(bytes);
}

impl File {
    fn now(&self) -> Vec<u8> {
        let mut contents = self.kept.clone();
        for loose in &self.loose {
            match loose {
                Loose::Write(at, bytes) => write(&mut contents, *at, bytes),
                Loose::Size(size) => contents.resize(*size, 0),
            }
        }
        contents
    }

    fn flush(&mut self) {
        self.kept = self.now();
        self.loose.clear();
    }

    /// What is there after a loss of power: of what is loose all, nothing, or any part, sector by sector.
    fn left(&self, numbers: &mut Numbers) -> Vec<u8> {
        let chance = [0, 100, 10, 50, 90][usize::try_from(numbers.below(5)).unwrap()];
        let mut arrives = || numbers.below(100) < chance;
        let mut contents = self.kept.clone();
        for loose in &self.loose {
            match loose {
                Loose::Size(size) if arrives() => contents.resize(*size, 0),
                Loose::Size(_) => {}
                Loose::Write(at, bytes) => {
                    let mut done = 0;
                    while done < bytes.len() {
                        let sector = SECTOR - (at + done) % SECTOR;
                        let part = &bytes[done..bytes.len().min(done + sector)];
                        if arrives() {
                            write(&mut contents, at + done, part);
                        }
                        done += part.len();
                    }
                }
            }
        }
        contents
    }
}

/// A folder's files as the disk holds them.
#[derive(Default)]
pub struct Disk {
    files: Vec<File>,
    /// Which of `files` an inode is now: the system gives the number of a removed file to another.
    inodes: HashMap<u64, usize>,
    kept: HashMap<PathBuf, usize>,
    names: HashMap<PathBuf, usize>,
    /// Changes of names that their folder's flush has not made safe.
    loose: Vec<Name>,
}

#[derive(Clone)]
enum Name {
    Set(PathBuf, usize),
    Remove(PathBuf),
}

impl Name {
    fn path(&self) -> &Path {
        match self {
            Name::Set(path, _) | Name::Remove(path) => path,
        }
    }

    fn change(&self, names: &mut HashMap<PathBuf, usize>) {
        match self {
            Name::Set(path, file) => drop(names.insert(path.clone(), *file)),
            Name::Remove(path) => drop(names.remove(path)),
        }
    }
}

impl Disk {
    fn name(&mut self, change: Name) {
        change.change(&mut self.names);
        self.loose.push(change);
    }

    fn new_file(&mut self) -> usize {
        self.files.push(File::default());
        self.files.len() - 1
    }

    pub fn tell(&mut self, record: &Record) {
        match record {
            Record::Create { inode, path } => {
                let file = self.new_file();
                self.inodes.insert(*inode, file);
                self.name(Name::Set(path.clone(), file));
            }
            Record::Write { inode, at, bytes } => {
                if let Some(file) = self.inodes.get(inode) {
                    self.files[*file].loose.push(Loose::Write(*at, bytes.clone()));
                }
            }
            Record::Truncate { inode, size } => {
                if let Some(file) = self.inodes.get(inode) {
                    self.files[*file].loose.push(Loose::Size(*size));
                }
            }
            Record::Sync { inode } => {
                if let Some(file) = self.inodes.get(inode) {
                    self.files[*file].flush();
                }
            }
            // A folder is a file without contents, for whoever asks whether it is there.
            Record::MakeFolder { path } => {
                let file = self.new_file();
                self.name(Name::Set(path.clone(), file));
            }
            Record::SyncFolder { path } => {
                let kept = &mut self.kept;
                self.loose.retain(|change| {
                    let here = change.path().parent() == Some(path);
                    if here {
                        change.change(kept);
                    }
                    !here
                });
            }
            Record::Rename { from, to } => {
                let file = self.names[from];
                self.name(Name::Set(to.clone(), file));
                self.name(Name::Remove(from.clone()));
            }
            Record::Link { from, to } => {
                let file = self.names[from];
                self.name(Name::Set(to.clone(), file));
            }
            Record::Unlink { path } => self.name(Name::Remove(path.clone())),
        }
    }

    /// What a file holds for the processes that run.
    pub fn contents(&self, path: &Path) -> Vec<u8> {
        let Some(file) = self.names.get(path) else { return Vec::new() };
        self.files[*file].now()
    }

    /// The power goes: writes what is left of `folder` to `to`. Changes of names are lost from some point on, as on file systems with a journal.
    pub fn lose_power(&self, numbers: &mut Numbers, folder: &Path, to: &Path) {
        let mut names = self.kept.clone();
        let arrived = usize::try_from(numbers.below(self.loose.len() as u64 + 1)).unwrap();
        for change in &self.loose[..arrived] {
            change.change(&mut names);
        }
        let _ = fs::remove_dir_all(to);
        fs::create_dir(to).unwrap();
        // Where the folder's own name is lost, all that was in it is.
        let found = names.contains_key(folder);
        let mut names: Vec<(PathBuf, usize)> = names.into_iter().filter(|_| found).collect();
        names.sort();
        for (path, file) in names {
            if path.parent() == Some(folder) {
                fs::write(to.join(path.file_name().unwrap()), self.files[file].left(numbers)).unwrap();
            }
        }
    }
}
