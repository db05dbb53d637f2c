//! pip: requirements files, folders of wheels, and the virtual environment that they are installed in.
//! Judged as `pip install --no-index`, and by checksum; runs nothing and writes nothing.

mod asks;
mod build;
mod cache;
mod choose;
mod entry;
mod folder;
mod follow;
mod held;
mod here;
mod judge;
mod places;
mod requirements;
mod root;
mod settings;
mod sources;

use crate::ecosystem::{Ask, Broken, Ecosystem, Judged, Named};
use crate::fetch::{self, Wanted};
use contract::{Artifact, FetchStep};
use requirements::What;
use std::collections::HashSet;
use std::ops::Range as Span;
use std::path::Path;

pub(crate) struct Pip;

impl Ecosystem for Pip {
    fn name(&self) -> &'static str {
        "pip"
    }

    fn lockfiles(&self) -> &'static [&'static str] {
        &["requirements.txt", "requirements-dev.txt", "requirements-test.txt", "dev-requirements.txt"]
    }

    /// They are installed one beside the other.
    fn each_lockfile_counts(&self) -> bool {
        true
    }

    /// Beside these a requirements file is what they were exported to.
    fn yields_to(&self) -> &'static [&'static str] {
        &["uv.lock", "poetry.lock"]
    }

    fn manifest(&self) -> &'static str {
        "requirements.in"
    }

    fn judge(&self, lockfile: &Path, ask: &Ask<'_>) -> Judged {
        judge::judge(lockfile, ask)
    }

    fn locate(&self, text: &str) -> (Vec<(String, Span<usize>)>, Vec<Broken>) {
        let read = requirements::read(text, &|_| None);
        let mut ids = Ids::default();
        let mut located = Vec::new();
        for entry in read.entries {
            if let What::Package { text, .. } = &entry.what {
                located.push((ids.of(text), entry.span));
            }
        }
        (located, read.broken)
    }

    /// Of a file that a requirements file includes.
    fn dependencies(&self, text: &str) -> Vec<Named> {
        let read = requirements::read(text, &|_| None);
        let named = read.entries.into_iter().filter_map(|entry| match entry.what {
            What::Package { text, .. } => Some(Named { key: entry::label(&text).0, span: entry.span }),
            _ => None,
        });
        named.collect()
    }

    /// What pip-tools makes requirements of.
    fn needs_lockfile(&self, manifest: &str) -> bool {
        !self.dependencies(manifest).is_empty()
    }

    fn registries(&self, lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<crate::registries::Registry> {
        asks::registries(lockfile, missing, ask)
    }

    fn fetch(&self, wanted: &Wanted<'_>) -> Vec<FetchStep> {
        fetch::pip(wanted)
    }
}

/// Ids of a file's own entries: `pip:<name>@<version>`, without a version where none is pinned, and `#<number>` where that stands twice.
#[derive(Default)]
struct Ids {
    seen: HashSet<String>,
}

impl Ids {
    fn of(&mut self, text: &str) -> String {
        let (name, version) = entry::label(text);
        self.unique(&version.map_or_else(|| format!("pip:{name}"), |version| format!("pip:{name}@{version}")))
    }

    fn unique(&mut self, plain: &str) -> String {
        let mut id = plain.to_owned();
        let mut number = 2;
        while !self.seen.insert(id.clone()) {
            id = format!("{plain}#{number}");
            number += 1;
        }
        id
    }
}
