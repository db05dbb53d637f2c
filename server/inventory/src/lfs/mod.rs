//! Git LFS: the files that `.gitattributes` has it keep, and the objects that it needs to put them into a working tree.
//! Judged as `git lfs pull` while nobody answers, and by checksum; runs nothing and writes nothing.

mod attributes;
mod commit;
mod judge;
mod pointer;
mod settings;

pub use commit::{LfsObjects, lfs_objects};

use crate::ecosystem::{Ask, Broken, Ecosystem, Judged, Named};
use crate::fetch::{self, Wanted};
use crate::look::{Look, Seen};
use contract::FetchStep;
use std::ops::Range as Span;
use std::path::{Path, PathBuf};

/// Larger files of attributes are not read, in bytes.
const LARGEST: u64 = 4 << 20;
const FILE: &str = ".gitattributes";
/// More files of one repository are not asked which of them speaks of Git LFS first.
const MOST_ASKED: usize = 500;

pub(crate) struct Lfs;

impl Ecosystem for Lfs {
    fn name(&self) -> &'static str {
        "lfs"
    }

    fn lockfiles(&self) -> &'static [&'static str] {
        &[FILE]
    }

    fn manifest(&self) -> &'static str {
        FILE
    }

    /// One for each repository: the first that speaks of Git LFS.
    fn counts(&self, lockfile: &Path, all: &[PathBuf], _root: &Path, look: &Look) -> bool {
        let speaks = |path: &Path| {
            let text = look.text(path, LARGEST);
            text.map_or_else(|why| why != crate::look::Unread::Absent, |text| !attributes::patterns(&text).is_empty())
        };
        let folder = lockfile.parent().unwrap_or(lockfile);
        let Some(top) = top(folder, look) else { return false };
        if !speaks(lockfile) {
            return false;
        }
        let before = all.iter().take_while(|other| *other != lockfile).filter(|other| other.ends_with(FILE));
        let same = |other: &&PathBuf| {
            let folder = other.parent().unwrap_or(other);
            folder.starts_with(&top) && self::top(folder, look).as_ref() == Some(&top)
        };
        !before.take(MOST_ASKED).filter(same).any(|other| speaks(other))
    }

    fn judge(&self, lockfile: &Path, ask: &Ask<'_>) -> Judged {
        judge::judge(lockfile, ask)
    }

    /// What is kept does not stand in it: patterns do.
    fn locate(&self, _text: &str) -> (Vec<(String, Span<usize>)>, Vec<Broken>) {
        (Vec::new(), Vec::new())
    }

    fn dependencies(&self, text: &str) -> Vec<Named> {
        attributes::patterns(text).into_iter().map(|(key, span)| Named { key, span }).collect()
    }

    fn needs_lockfile(&self, _manifest: &str) -> bool {
        false
    }

    fn fetch(&self, wanted: &Wanted<'_>) -> Vec<FetchStep> {
        fetch::lfs(wanted)
    }
}

/// The top of the working tree that a folder is in.
fn top(folder: &Path, look: &Look) -> Option<PathBuf> {
    folder.ancestors().find(|above| look.at(&above.join(".git")) != Seen::Absent).map(Path::to_path_buf)
}
