//! Yarn: `yarn.lock` of both kinds, and the caches of each.
//! Judged as Yarn's own offline install of the locked packages, and by checksum; runs nothing and writes nothing.

mod asks;
mod berry;
mod classic;
mod program;

use crate::ecosystem::{Ask, Broken, Ecosystem, Judged, Named};
use crate::fetch::{self, Wanted};
use crate::npm;
use contract::{Artifact, FetchStep};
use std::collections::HashSet;
use std::ops::Range as Span;
use std::path::Path;

/// Lockfiles larger than this are not read, in bytes.
pub(crate) const LARGEST_LOCKFILE: u64 = 32 << 20;
/// Larger manifests and settings are not read, in bytes.
const LARGEST: u64 = 4 << 20;

pub(crate) struct Yarn;

impl Ecosystem for Yarn {
    fn name(&self) -> &'static str {
        "yarn"
    }

    fn lockfiles(&self) -> &'static [&'static str] {
        &["yarn.lock"]
    }

    fn manifest(&self) -> &'static str {
        "package.json"
    }

    fn judge(&self, lockfile: &Path, ask: &Ask<'_>) -> Judged {
        let (judged, text) = Judged::begin(lockfile, LARGEST_LOCKFILE, ask.look);
        match text {
            None => judged,
            Some(text) if is_berry(&text) => berry::judge(judged, &text, ask),
            Some(text) => classic::judge(judged, &text, ask),
        }
    }

    fn locate(&self, text: &str) -> (Vec<(String, Span<usize>)>, Vec<Broken>) {
        if is_berry(text) { berry::locate(text) } else { classic::locate(text) }
    }

    fn dependencies(&self, text: &str) -> Vec<Named> {
        npm::manifest::named(text)
    }

    /// Only where the manifest speaks of Yarn: npm has the same, and its own lockfile.
    fn needs_lockfile(&self, manifest: &str) -> bool {
        serde_json::from_str::<serde_json::Value>(manifest).is_ok_and(|manifest| {
            let manager = manifest.get("packageManager").and_then(serde_json::Value::as_str);
            manager.is_some_and(|manager| manager.starts_with("yarn@"))
        })
    }

    fn registries(&self, lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<crate::registries::Registry> {
        asks::registries(lockfile, missing, ask)
    }

    fn fetch(&self, wanted: &Wanted<'_>) -> Vec<FetchStep> {
        fetch::yarn(wanted)
    }
}

/// Archives beside the lockfile that it takes packages from, as it names them.
pub(crate) fn archives(text: &str) -> Vec<String> {
    if is_berry(text) { berry::archives(text) } else { classic::archives(text) }
}

/// Whether a lockfile is one of Yarn 2 or newer.
pub(crate) fn is_berry(text: &str) -> bool {
    text.starts_with("__metadata:") || text.contains("\n__metadata:")
}

/// Ids of packages in the order in which they stand: `yarn:<name>@<version>`, and `#<number>` where that stands twice.
fn ids<'a>(packages: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let mut seen = HashSet::new();
    packages
        .enumerate()
        .map(|(at, (name, version))| {
            let mut id = format!("yarn:{name}@{version}");
            if !seen.insert(id.clone()) {
                id = format!("{id}#{at}");
            }
            id
        })
        .collect()
}
