//! The registries of a `Cargo.lock`, and what shows that one answers: its own description, and the entries of what is missing.
//! May not ask, and keeps no token.

use super::config::{self, Config};
use super::lock::{self, Source};
use super::{LARGEST_LOCKFILE, index};
use crate::ecosystem::Ask;
use crate::registries::{MOST_ASKED_FOR, Registry};
use contract::{Artifact, Expects};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Value;

pub(super) fn registries(lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<Registry> {
    let Ok(text) = ask.look.text(lockfile, LARGEST_LOCKFILE) else { return Vec::new() };
    let lock = lock::read(&text);
    let config = config::read(lockfile.parent().unwrap_or(lockfile), ask);
    let homes = &ask.options.homes;
    let said = |table: &str, key: &str| config.value(table, key).and_then(Value::as_str).map(str::to_owned);
    let proxy = homes.variable("CARGO_HTTP_PROXY").map(str::to_owned).or_else(|| said("http", "proxy"));
    let certificates = homes.variable("CARGO_HTTP_CAINFO").map(str::to_owned).or_else(|| said("http", "cainfo"));
    let certificates = certificates.map(PathBuf::from);
    let mut found: BTreeMap<String, Registry> = BTreeMap::new();
    for package in &lock.packages {
        let Some(url) = address(&package.source, package.source_text.as_deref(), &config) else { continue };
        let registry = found.entry(url.clone()).or_insert_with(|| {
            let mut registry = Registry::new("cargo", &url);
            registry.unasked = proxy.as_ref().map(|_| "cargo reaches it through a proxy of its own settings".into());
            registry.credentials = has_token(&url, &config, ask);
            registry.asks(("config.json", "application/json", Expects::Object), None, certificates.as_ref());
            registry
        });
        let artifact = missing.iter().find(|one| one.name == package.name && one.version == package.version);
        if let Some(artifact) = artifact.filter(|_| registry.questions.len() <= MOST_ASKED_FOR)
            && let Some(path) = index::shard(&package.name).and_then(|path| path.to_str().map(str::to_owned))
        {
            // As it stands in JSON, however that is spaced.
            let holds = format!("\"{}\"", package.version);
            registry.asks((&path, "*/*", Expects::Object), Some((artifact, holds)), certificates.as_ref());
        }
    }
    found.into_values().collect()
}

/// Where cargo asks for what comes from a source; none where it asks nobody over HTTP, or through git.
fn address(source: &Source, text: Option<&str>, config: &Config) -> Option<String> {
    let url = match source {
        Source::CratesIo | Source::Registry(_) => config.address(source, text)?,
        Source::Path | Source::Git(_) | Source::Other(_) => return None,
    };
    url.strip_prefix("sparse+").map(str::to_owned)
}

/// Whether cargo has a token for it, or is told where to get one.
fn has_token(url: &str, config: &Config, ask: &Ask<'_>) -> bool {
    let same = |known: &str| {
        let known = known.strip_prefix("sparse+").unwrap_or(known);
        crate::fetch::without_credentials(known).trim_end_matches('/') == url.trim_end_matches('/')
    };
    let homes = &ask.options.homes;
    let names = config.names.iter().filter(|(_, known)| same(known)).map(|(name, _)| name.as_str());
    let tokens = ["credentials.toml", "credentials"].into_iter().find_map(|name| {
        let text = ask.look.text(&homes.cargo.join(name), 1 << 20).ok()?;
        toml::from_str::<toml::Table>(&text).ok()
    });
    let in_table = |table: Option<&toml::Table>, name: &str| {
        table.and_then(|table| table.get("registries")?.get(name)?.get("token")).is_some()
    };
    names.into_iter().any(|name| {
        let upper = name.to_ascii_uppercase().replace('-', "_");
        homes.variable(&format!("CARGO_REGISTRIES_{upper}_TOKEN")).is_some()
            || in_table(tokens.as_ref(), name)
            || config
                .registry(name)
                .is_some_and(|one| one.contains_key("token") || one.contains_key("credential-provider"))
    })
}
