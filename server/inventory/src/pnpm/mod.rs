//! pnpm: `pnpm-lock.yaml` and pnpm's store.
//! Judged as `pnpm install --offline --frozen-lockfile --ignore-scripts` into no `node_modules` that leaves nothing out,
//! and by checksum; runs nothing and writes nothing.

mod asks;
mod database;
mod judge;
mod linked;
mod lock;
mod needs;
mod packed;
mod policy;
mod program;
mod repository;
mod settings;
mod store;
mod sync;

use crate::ecosystem::{Ask, Broken, Ecosystem, Judged, Named};
use crate::fetch::{self, Wanted};
use crate::npm;
use contract::{Artifact, FetchStep};
use std::ops::Range as Span;
use std::path::Path;

/// Lockfiles larger than this are not read, in bytes.
pub(crate) const LARGEST_LOCKFILE: u64 = 32 << 20;

pub(crate) struct Pnpm;

impl Ecosystem for Pnpm {
    fn name(&self) -> &'static str {
        "pnpm"
    }

    fn lockfiles(&self) -> &'static [&'static str] {
        &["pnpm-lock.yaml"]
    }

    fn manifest(&self) -> &'static str {
        "package.json"
    }

    fn judge(&self, lockfile: &Path, ask: &Ask<'_>) -> Judged {
        judge::judge(lockfile, ask)
    }

    fn locate(&self, text: &str) -> (Vec<(String, Span<usize>)>, Vec<Broken>) {
        let lock = lock::read(text);
        (lock.packages.iter().map(|package| (id(package), package.span.clone())).collect(), lock.broken)
    }

    fn dependencies(&self, text: &str) -> Vec<Named> {
        npm::manifest::named(text)
    }

    /// Only where the manifest speaks of pnpm: npm has the same, and its own lockfile.
    fn needs_lockfile(&self, manifest: &str) -> bool {
        serde_json::from_str::<serde_json::Value>(manifest).is_ok_and(|manifest| {
            let manager = manifest.get("packageManager").and_then(serde_json::Value::as_str);
            manifest.get("pnpm").is_some() || manager.is_some_and(|manager| manager.starts_with("pnpm@"))
        })
    }

    fn deprecated(&self, lockfile: &Path, _artifacts: &[&Artifact], ask: &Ask<'_>) -> Option<Vec<(String, String)>> {
        let text = ask.look.text(lockfile, LARGEST_LOCKFILE).unwrap_or_default();
        let told = |package: lock::Package| Some((id(&package), npm::advised_against(package.deprecated.as_deref()?)));
        Some(lock::read(&text).packages.into_iter().filter_map(told).collect())
    }

    fn registries(&self, lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<crate::registries::Registry> {
        asks::registries(lockfile, missing, ask)
    }

    fn fetch(&self, wanted: &Wanted<'_>) -> Vec<FetchStep> {
        fetch::pnpm(wanted)
    }
}

/// `pnpm:<name>@<version>`.
fn id(package: &lock::Package) -> String {
    format!("pnpm:{}", package.key)
}
