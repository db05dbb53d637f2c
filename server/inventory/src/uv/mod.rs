//! uv: `uv.lock`, `pylock.toml` and uv's cache of wheels, sources and repositories.
//! Judged as `uv sync --locked --offline`, and by checksum; runs nothing and writes nothing.

mod asked;
mod asks;
mod build;
mod digest;
mod find;
mod here;
mod judge;
mod lock;
mod manifest;
mod needs;
mod pointer;
mod program;
mod pylock;
mod python;
mod settings;
mod standard;
mod store;
mod sync;

use crate::ecosystem::{Ask, Broken, Ecosystem, Judged, Named};
use crate::fetch::{self, Wanted};
use crate::look::{Look, Seen};
use crate::python::{marker, name, record, requirement, tags};
use contract::{Artifact, FetchStep};
use lock::Located;
use manifest::Manifest;
use std::collections::HashSet;
use std::ops::Range as Span;
use std::path::{Path, PathBuf};

/// Lockfiles larger than this are not read, in bytes.
pub(crate) const LARGEST_LOCKFILE: u64 = 32 << 20;

/// The dependencies that a manifest names by Python's standards.
pub(crate) fn named(text: &str) -> Vec<Named> {
    manifest::named(text)
}

/// The lockfile of Python's standard, which uv installs from too.
pub(crate) const STANDARD: &str = "pylock.toml";

pub(crate) struct Uv;

impl Ecosystem for Uv {
    fn name(&self) -> &'static str {
        "uv"
    }

    fn lockfiles(&self) -> &'static [&'static str] {
        &["uv.lock", STANDARD]
    }

    fn manifest(&self) -> &'static str {
        "pyproject.toml"
    }

    fn judge(&self, lockfile: &Path, ask: &Ask<'_>) -> Judged {
        if lockfile.ends_with(STANDARD) { standard::judge(lockfile, ask) } else { judge::judge(lockfile, ask) }
    }

    /// Beside Poetry's own lockfile the standard's was exported from it.
    fn counts(&self, lockfile: &Path, _all: &[PathBuf], _root: &Path, look: &Look) -> bool {
        !lockfile.ends_with(STANDARD) || look.at(&lockfile.with_file_name("poetry.lock")) == Seen::Absent
    }

    fn locate(&self, text: &str) -> (Vec<(String, Span<usize>)>, Vec<Broken>) {
        let lock = if pylock::is(text) { pylock::read(text).lock } else { lock::read(text) };
        let ids = artifacts(&lock.packages);
        (ids.into_iter().map(|(at, id)| (id, lock.packages[at].span.clone())).collect(), lock.broken)
    }

    fn dependencies(&self, text: &str) -> Vec<Named> {
        manifest::named(text)
    }

    /// Only where the project speaks of uv: other tools have this manifest too, and their own lockfiles.
    fn needs_lockfile(&self, manifest: &str) -> bool {
        Manifest::read(manifest).is_ok_and(|manifest| {
            manifest.tool.uv.is_some() && manifest.uv("managed").and_then(toml::Value::as_bool) != Some(false)
        })
    }

    fn registries(&self, lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<crate::registries::Registry> {
        asks::registries(lockfile, missing, ask)
    }

    fn fetch(&self, wanted: &Wanted<'_>) -> Vec<FetchStep> {
        fetch::uv(wanted)
    }
}

/// The packages that stand for something to fetch, with ids: `uv:<name>@<version>`, and `#<number>` where that stands twice.
fn artifacts(packages: &[Located]) -> Vec<(usize, String)> {
    let mut seen = HashSet::with_capacity(packages.len());
    let mut out = Vec::with_capacity(packages.len());
    for (at, located) in packages.iter().enumerate() {
        if located.package.source.is_local() {
            continue;
        }
        let version = located.package.version.as_deref().unwrap_or("?");
        let plain = format!("uv:{}@{version}", located.package.name);
        let mut id = plain.clone();
        let mut number = 2;
        while !seen.insert(id.clone()) {
            id = format!("{plain}#{number}");
            number += 1;
        }
        out.push((at, id));
    }
    out
}
