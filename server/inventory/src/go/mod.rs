//! Go: `go.mod`, `go.sum`, `go.work`, the module cache and the folder `vendor`.
//! Judged as `go mod download` and `go list -deps -test ./...` without a proxy, and by checksum; runs nothing and writes nothing.

mod asks;
mod cache;
mod env;
mod escape;
mod graph;
mod judge;
mod modfile;
mod project;
mod sumdb;
mod sums;
mod told;
mod tree;
mod vendor;
mod version;

use crate::ecosystem::{Ask, Broken, Ecosystem, Judged, Named};
use crate::fetch::{self, Wanted};
use crate::look::{Look, Seen};
use crate::vouched::Vouched;
use contract::{Artifact, FetchStep};
use modfile::Kind;
use std::ops::Range as Span;
use std::path::{Path, PathBuf};

/// Larger files of checksums are not read, in bytes.
pub(crate) const LARGEST_LOCKFILE: u64 = 32 << 20;

pub(crate) struct Go;

impl Ecosystem for Go {
    fn name(&self) -> &'static str {
        "go"
    }

    /// A module without dependencies has no go.sum, and a workspace has several.
    fn lockfiles(&self) -> &'static [&'static str] {
        &["go.work", "go.sum", "go.mod"]
    }

    fn manifest(&self) -> &'static str {
        "go.mod"
    }

    /// What stands in folders that Go passes over is no part of a build, and a workspace answers for its modules.
    fn counts(&self, lockfile: &Path, all: &[PathBuf], root: &Path, look: &Look) -> bool {
        let folder = lockfile.parent().unwrap_or(lockfile);
        let below = folder.strip_prefix(root).unwrap_or(folder);
        let passed_over = |name: &str| name == "testdata" || name.starts_with('_');
        if below.components().any(|part| passed_over(&part.as_os_str().to_string_lossy())) {
            return false;
        }
        if !matches!(look.at(&folder.join("go.mod")), Seen::File(_)) && !lockfile.ends_with("go.work") {
            return false;
        }
        // What only stands in for a module of another has no checksums of its own.
        let stands_in = |other: &PathBuf| {
            let text = look.text(other, project::LARGEST).unwrap_or_default();
            let with = |one: &modfile::Replace| graph::whole(other.parent().unwrap_or(other), &one.with);
            let folder = folder.to_string_lossy();
            modfile::read(&text, Kind::Own)
                .replaces
                .iter()
                .any(|one| one.with.version.is_empty() && with(one).path == folder)
        };
        let others = || all.iter().filter(|file| file.ends_with("go.mod") && *file != lockfile);
        if lockfile.ends_with("go.mod") && others().any(stands_in) {
            return false;
        }
        let mut works = all.iter().filter(|file| file.ends_with("go.work") && *file != lockfile);
        !works.any(|work| {
            let text = look.text(work, project::LARGEST).unwrap_or_default();
            project::used(work, &modfile::read(&text, Kind::Work)).iter().any(|used| used == folder)
        })
    }

    fn judge(&self, lockfile: &Path, ask: &Ask<'_>) -> Judged {
        judge::judge(lockfile, ask)
    }

    fn locate(&self, text: &str) -> (Vec<(String, Span<usize>)>, Vec<Broken>) {
        let first = text.lines().map(str::split_whitespace).find_map(|mut words| {
            words.next()?;
            Some(words.nth(1).map(str::to_owned))
        });
        let sums = first.flatten().is_some_and(|third| third.get(..3).is_some_and(|start| start.ends_with(':')));
        if sums {
            let (lines, broken) = sums::lines(text);
            let named = lines.into_iter().map(|(module, _, span)| (id(&module), span));
            return (named.collect(), broken);
        }
        let file = modfile::read(text, Kind::Own);
        (file.requires.iter().map(|require| (id(&require.module), require.span.clone())).collect(), Vec::new())
    }

    fn dependencies(&self, text: &str) -> Vec<Named> {
        let requires = modfile::read(text, Kind::Own).requires.into_iter();
        requires.map(|require| Named { key: require.module.path, span: require.span }).collect()
    }

    /// The manifest is one itself.
    fn needs_lockfile(&self, _manifest: &str) -> bool {
        false
    }

    fn registries(&self, lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<crate::registries::Registry> {
        asks::registries(lockfile, missing, ask)
    }

    fn signed(
        &self,
        lockfile: &Path,
        artifacts: &[&Artifact],
        keys: &[String],
        ask: &Ask<'_>,
    ) -> Option<Vec<(String, Vouched)>> {
        Some(sumdb::signed(lockfile, artifacts, keys, ask))
    }

    fn reads_key(&self, key: &str) -> bool {
        sumdb::is_key(key)
    }

    fn fetch(&self, wanted: &Wanted<'_>) -> Vec<FetchStep> {
        fetch::go(wanted)
    }
}

/// Whether no folder stands in for a module in a `go.mod` of this text.
pub(crate) fn stands_alone(text: &str) -> bool {
    modfile::read(text, Kind::Own).replaces.iter().all(|one| !one.with.version.is_empty())
}

/// `go:<path>@<version>`.
fn id(module: &modfile::Module) -> String {
    format!("go:{}@{}", module.path, module.version)
}
