//! Gradle: `gradle.lockfile`, the wrapper's distribution, and the files of Gradle's cache with their checksums.
//! No run of Gradle stands behind an answer, so none is ever `ready`; runs nothing and writes nothing.

mod judge;
mod lock;
mod sums;
mod wrapper;

use crate::ecosystem::{Ask, Broken, Ecosystem, Judged, Named};
use crate::fetch::Wanted;
use crate::look::Look;
use contract::FetchStep;
use std::ops::Range as Span;
use std::path::{Path, PathBuf};

/// Larger ones are not read, in bytes.
const LARGEST_LOCKFILE: u64 = 32 << 20;

/// Files that list what was resolved.
const LOCKFILES: [&str; 3] = ["gradle.lockfile", "buildscript-gradle.lockfile", "settings-gradle.lockfile"];
/// Where a build begins; programs, which are not run.
const SETTINGS: [&str; 2] = ["settings.gradle", "settings.gradle.kts"];
const BUILDS: [&str; 2] = ["build.gradle", "build.gradle.kts"];
const WRAPPER: &str = "gradle-wrapper.properties";

pub(crate) struct Gradle;

impl Ecosystem for Gradle {
    fn name(&self) -> &'static str {
        "gradle"
    }

    fn lockfiles(&self) -> &'static [&'static str] {
        &[LOCKFILES[0], LOCKFILES[1], LOCKFILES[2], WRAPPER, SETTINGS[0], SETTINGS[1], BUILDS[0], BUILDS[1]]
    }

    fn each_lockfile_counts(&self) -> bool {
        true
    }

    fn manifest(&self) -> &'static str {
        "libs.versions.toml"
    }

    /// A build without a lockfile is judged by where it begins, once, so that it is told of.
    fn counts(&self, lockfile: &Path, all: &[PathBuf], root: &Path, _look: &Look) -> bool {
        let folder = lockfile.parent().unwrap_or(lockfile);
        let name = lockfile.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let below = |file: &PathBuf, names: &[&str]| names.iter().any(|name| file.ends_with(name));
        match name {
            WRAPPER => folder.ends_with("gradle/wrapper"),
            name if LOCKFILES.contains(&name) => true,
            name if SETTINGS.contains(&name) => {
                !all.iter().any(|file| file.starts_with(folder) && below(file, &LOCKFILES))
            }
            _ => {
                let above = || folder.ancestors().take_while(|above| above.starts_with(root));
                let begun = |above: &Path| SETTINGS.iter().any(|name| all.binary_search(&above.join(name)).is_ok());
                !above().any(begun) && !LOCKFILES.iter().any(|name| all.binary_search(&folder.join(name)).is_ok())
            }
        }
    }

    fn judge(&self, lockfile: &Path, ask: &Ask<'_>) -> Judged {
        judge::judge(lockfile, ask)
    }

    fn locate(&self, text: &str) -> (Vec<(String, Span<usize>)>, Vec<Broken>) {
        if !text.lines().any(|line| matches!(lock::line(line.trim()), Ok(Some(_)))) {
            return (Vec::new(), Vec::new());
        }
        let lock = lock::read(text);
        (lock.locked.into_iter().map(|one| (one.id(), one.span)).collect(), lock.broken)
    }

    /// Of a version catalog.
    fn dependencies(&self, text: &str) -> Vec<Named> {
        lock::catalog(text)
    }

    /// Whether versions are locked, a catalog does not say.
    fn needs_lockfile(&self, _manifest: &str) -> bool {
        false
    }

    /// What would bring it is a build of the project's own, which nobody asked for.
    fn fetch(&self, _wanted: &Wanted<'_>) -> Vec<FetchStep> {
        Vec::new()
    }
}
