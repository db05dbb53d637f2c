//! git submodules: `.gitmodules`, the commits that the index names, and the clones that they are checked out from.
//! Judged as `git submodule update --init --recursive --no-fetch` without a network; runs nothing and writes nothing.

mod clone;
mod judge;
mod modules;

use crate::ecosystem::{Ask, Broken, Ecosystem, Judged, Named};
use crate::fetch::{self, Wanted};
use crate::look::{Look, Seen};
use contract::FetchStep;
use std::ops::Range as Span;
use std::path::{Path, PathBuf};

/// Larger files that name submodules are not read, in bytes.
const LARGEST: u64 = 4 << 20;
const FILE: &str = ".gitmodules";

pub(crate) struct Submodules;

impl Ecosystem for Submodules {
    fn name(&self) -> &'static str {
        "submodules"
    }

    fn lockfiles(&self) -> &'static [&'static str] {
        &[FILE]
    }

    fn manifest(&self) -> &'static str {
        FILE
    }

    /// git looks at the one at the top of a repository; those of submodules are looked at with the repository that has them.
    fn counts(&self, lockfile: &Path, all: &[PathBuf], _root: &Path, look: &Look) -> bool {
        let folder = lockfile.parent().unwrap_or(lockfile);
        if look.at(&folder.join(".git")) == Seen::Absent {
            return false;
        }
        let above = |other: &&PathBuf| {
            other.ends_with(FILE) && *other != lockfile && other.parent().is_some_and(|above| folder.starts_with(above))
        };
        !all.iter().filter(above).any(|other| {
            let text = look.text(other, LARGEST).unwrap_or_default();
            let below = other.parent().and_then(|above| folder.strip_prefix(above).ok()).and_then(Path::to_str);
            modules::read(&text).modules.iter().any(|module| module.path.as_deref() == below && below.is_some())
        })
    }

    fn judge(&self, lockfile: &Path, ask: &Ask<'_>) -> Judged {
        judge::judge(lockfile, ask)
    }

    fn locate(&self, text: &str) -> (Vec<(String, Span<usize>)>, Vec<Broken>) {
        let read = modules::read(text);
        let located = read.modules.into_iter().filter_map(|module| Some((id(&module.path?), module.span)));
        (located.collect(), read.broken.into_iter().collect())
    }

    fn dependencies(&self, _manifest: &str) -> Vec<Named> {
        Vec::new()
    }

    /// It is its own.
    fn needs_lockfile(&self, _manifest: &str) -> bool {
        false
    }

    fn fetch(&self, wanted: &Wanted<'_>) -> Vec<FetchStep> {
        fetch::submodules(wanted)
    }
}

/// `submodules:<path>`: the commit does not stand in `.gitmodules`.
fn id(path: &str) -> String {
    format!("submodules:{path}")
}
