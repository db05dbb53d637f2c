//! npm: `package-lock.json` and the content of npm's cache.
//! Judged as `npm ci --offline --ignore-scripts` that leaves nothing out, and by checksum; runs nothing and writes nothing.

mod address;
pub(crate) mod asks;
mod claims;
pub(crate) mod config;
mod entry;
mod judge;
mod lock;
pub(crate) mod manifest;
mod packument;
mod records;
mod repositories;
mod signatures;
pub(crate) mod spec;
pub(crate) mod store;
mod sync;
mod tree;

use crate::ecosystem::{Ask, Broken, Ecosystem, Judged, Named};
use crate::fetch::{self, Wanted};
use crate::vouched::Vouched;
use config::Config;
use contract::{Artifact, FetchStep};
use entry::Entry;
use lock::Located;
use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range as Span;
use std::path::Path;
pub(crate) use tree::allows;

/// Lockfiles larger than this are not read, in bytes; the largest known projects stay below 8 MiB.
pub(crate) const LARGEST_LOCKFILE: u64 = 32 << 20;

pub(crate) struct Npm;

impl Ecosystem for Npm {
    fn name(&self) -> &'static str {
        "npm"
    }

    fn lockfiles(&self) -> &'static [&'static str] {
        &["npm-shrinkwrap.json", "package-lock.json"]
    }

    fn manifest(&self) -> &'static str {
        "package.json"
    }

    fn judge(&self, lockfile: &Path, ask: &Ask<'_>) -> Judged {
        judge::judge(lockfile, ask)
    }

    fn locate(&self, text: &str) -> (Vec<(String, Span<usize>)>, Vec<Broken>) {
        let lock = lock::read(&without_mark(text));
        let places = artifacts(&lock.entries);
        (places.into_iter().map(|(at, id)| (id, lock.entries[at].span.clone())).collect(), lock.broken)
    }

    fn dependencies(&self, text: &str) -> Vec<Named> {
        manifest::named(&without_mark(text))
    }

    fn needs_lockfile(&self, manifest: &str) -> bool {
        !manifest::named(&without_mark(manifest)).is_empty()
            || serde_json::from_str::<serde_json::Value>(&without_mark(manifest))
                .map_or(true, |value| value.get("workspaces").is_some())
    }

    fn says(&self, file: &[u8], taken: &[u8]) -> bool {
        packument::says(file, taken)
    }

    fn registries(&self, lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<crate::registries::Registry> {
        asks::registries(lockfile, missing, ask)
    }

    fn deprecated(&self, lockfile: &Path, _artifacts: &[&Artifact], ask: &Ask<'_>) -> Option<Vec<(String, String)>> {
        let text = ask.look.text(lockfile, LARGEST_LOCKFILE).unwrap_or_default();
        Some(deprecated(&without_mark(&text)))
    }

    fn signed(
        &self,
        lockfile: &Path,
        artifacts: &[&Artifact],
        keys: &[String],
        ask: &Ask<'_>,
    ) -> Option<Vec<(String, Vouched)>> {
        Some(signatures::signed(lockfile, artifacts, keys, ask))
    }

    fn reads_key(&self, key: &str) -> bool {
        crate::vouched::p256(key).is_some()
    }

    fn fetch(&self, wanted: &Wanted<'_>) -> Vec<FetchStep> {
        fetch::npm(wanted)
    }
}

/// The text as npm takes it, without a byte order mark; spaces in its place keep all others where they stand.
fn without_mark(text: &str) -> Cow<'_, str> {
    text.strip_prefix('\u{feff}').map_or(Cow::Borrowed(text), |rest| Cow::Owned(format!("   {rest}")))
}

/// Whether npm's kind of version range allows a version; `None`: it is no range (a tag, an address).
pub(crate) fn satisfies(version: &str, range: &str) -> Option<bool> {
    let range = nodejs_semver::Range::parse(range).ok()?;
    let version = nodejs_semver::Version::parse(version).ok()?;
    Some(version.satisfies(&range))
}

/// A package's name, by its own word or its folder's.
fn name_of(located: &Located) -> &str {
    let folder = located.path.rsplit_once("node_modules/").map_or(located.path.as_str(), |(_, name)| name);
    located.entry.name.as_deref().unwrap_or(folder)
}

/// The entries that stand for something to fetch, with ids: `npm:<name>@<version>`, and `#<path>` where that stands twice.
fn artifacts(entries: &[Located]) -> Vec<(usize, String)> {
    let mut seen = HashSet::with_capacity(entries.len());
    let mut out = Vec::with_capacity(entries.len());
    for (at, located) in entries.iter().enumerate() {
        let installed = located.path.starts_with("node_modules/") || located.path.contains("/node_modules/");
        if !installed || located.entry.link || located.entry.in_bundle {
            continue;
        }
        let version = located.entry.version.as_deref().unwrap_or("?");
        let mut id = format!("npm:{}@{version}", name_of(located));
        if !seen.insert(id.clone()) {
            id = format!("{id}#{}", located.path);
            seen.insert(id.clone());
        }
        out.push((at, id));
    }
    out
}

/// Ids of the entries that npm locked although their authors advise against them, with what those say.
fn deprecated(text: &str) -> Vec<(String, String)> {
    let entries = lock::read(text).entries;
    let Ok(whole) = serde_json::from_str::<serde_json::Value>(text) else { return Vec::new() };
    let said = |path: &str| whole.get("packages")?.get(path)?.get("deprecated")?.as_str().map(str::to_owned);
    let told = |(at, id): (usize, String)| Some((id, advised_against(&said(&entries[at].path)?)));
    artifacts(&entries).into_iter().filter_map(told).collect()
}

/// What authors say, on one line and not at any length.
pub(crate) fn advised_against(why: &str) -> String {
    let words: Vec<&str> = why.split_whitespace().collect();
    let short: String = words.join(" ").chars().filter(|c| !c.is_control()).take(300).collect();
    format!("is deprecated: {short}")
}

/// Whether the configuration leaves this kind of dependency out.
fn omitted(entry: &Entry, config: &Config) -> bool {
    let omits = |kind: &str| config.omit.iter().any(|omitted| omitted == kind);
    (entry.peer && omits("peer"))
        || (entry.dev && omits("dev"))
        || (entry.optional && omits("optional"))
        || (entry.dev_optional && omits("dev") && omits("optional"))
}
