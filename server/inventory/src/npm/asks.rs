//! The registries of a `package-lock.json`, and what shows that one answers: descriptions of packages that it should have.
//! May not ask, and keeps no token.

use super::config;
use super::entry::Text;
use super::{LARGEST_LOCKFILE, artifacts, lock, name_of, without_mark};
use crate::ecosystem::Ask;
use crate::registries::{MOST_ASKED_FOR, Registry};
use contract::{Artifact, Expects};
use std::collections::BTreeMap;
use std::path::Path;

/// npm's short form of a description, and the long one where a registry has no short one.
pub(crate) const ACCEPT: &str = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8";

pub(super) fn registries(lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<Registry> {
    let Ok(text) = ask.look.text(lockfile, LARGEST_LOCKFILE) else { return Vec::new() };
    let lock = lock::read(&without_mark(&text));
    let config = config::read(lockfile.parent().unwrap_or(lockfile), ask);
    let mut found: BTreeMap<String, Registry> = BTreeMap::new();
    let ids = artifacts(&lock.entries);
    // What is missing first: it is asked for by version, and shows as well that the registry is there.
    let (lacking, rest): (Vec<_>, Vec<_>) = ids
        .iter()
        .map(|(at, id)| (&lock.entries[*at], missing.iter().find(|artifact| artifact.id == *id)))
        .partition(|(_, artifact)| artifact.is_some());
    for (located, artifact) in lacking.into_iter().chain(rest) {
        let name = name_of(located);
        let plain = match &located.entry.resolved {
            None => true,
            Some(Text::Said(url)) => url.contains("/-/"),
            Some(Text::Other) => false,
        };
        let Some(url) = config.registry(name, ask).filter(|_| plain && is_name(name)) else { continue };
        let registry = found.entry(url.to_owned()).or_insert_with(|| {
            let mut registry = Registry::new("npm", url);
            registry.unasked = config.proxy.then(|| "npm reaches it through a proxy of its own settings".into());
            registry.credentials = config.has_credentials(&registry.url);
            let path = name.replace('/', "%2f");
            registry.asks((&path, ACCEPT, Expects::Object), None, config.certificates.as_ref());
            registry
        });
        if let Some(artifact) = artifact.filter(|_| registry.questions.len() <= MOST_ASKED_FOR) {
            // As it stands in JSON, however that is spaced.
            let holds = format!("\"{}\"", artifact.version);
            let path = name.replace('/', "%2f");
            registry.asks((&path, ACCEPT, Expects::Object), Some((artifact, holds)), config.certificates.as_ref());
        }
    }
    found.into_values().collect()
}

/// Whether it can stand in an address as it is.
pub(crate) fn is_name(name: &str) -> bool {
    let fine = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~'))
    };
    match name.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').is_some_and(|(scope, name)| fine(scope) && fine(name)),
        None => fine(name),
    }
}
