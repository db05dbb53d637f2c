//! The registries of a `pnpm-lock.yaml`: as `pnpm-workspace.yaml` names them, else as npm's files do.
//! May not ask, and keeps no token.

use super::LARGEST_LOCKFILE;
use super::lock;
use super::settings::LARGEST;
use crate::ecosystem::Ask;
use crate::npm::config;
use crate::protocols::{self, Way};
use crate::registries::Registry;
use crate::yaml;
use contract::Artifact;
use std::collections::BTreeMap;
use std::path::Path;

pub(super) fn registries(lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<Registry> {
    let Ok(text) = ask.look.text(lockfile, LARGEST_LOCKFILE) else { return Vec::new() };
    let folder = lockfile.parent().unwrap_or(lockfile);
    let lock = lock::read(&text);
    let config = config::read(folder, ask);
    let named = named(folder, ask);
    let way = |name: &str| {
        let scope = name.split_once('/').and_then(|(scope, _)| named.get(scope)).map(String::as_str);
        let scope = scope.or_else(|| config.scoped(name));
        let url = scope.or_else(|| named.get("default").map(String::as_str)).or_else(|| config.registry(name, ask))?;
        Some(Way {
            url: url.to_owned(),
            unasked: config.proxy.then(|| "pnpm reaches it through a proxy of its own settings".into()),
            credentials: config.has_credentials(url.trim_end_matches('/')),
            certificates: config.certificates.clone(),
            may_lack: false,
        })
    };
    // What has an address of its own, or is a folder or a repository, comes from elsewhere.
    let plain = |package: &&lock::Package| package.resolution.entries().iter().all(|entry| entry.key == "integrity");
    let names = lock.packages.iter().filter(plain).map(|package| package.name().0);
    let known: std::collections::HashSet<&str> = names.clone().collect();
    let missing: Vec<&Artifact> = missing.iter().copied().filter(|one| known.contains(one.name.as_str())).collect();
    protocols::npm("pnpm", names, &missing, &way)
}

/// By scope, and `default`: what `pnpm-workspace.yaml` says.
pub(super) fn named(folder: &Path, ask: &Ask<'_>) -> BTreeMap<String, String> {
    let text = ask.look.text(&folder.join("pnpm-workspace.yaml"), LARGEST).unwrap_or_default();
    let documents = yaml::read(&text).unwrap_or_default();
    let Some(table) = documents.first() else { return BTreeMap::new() };
    let all = table.get("registries").map(yaml::Value::entries).unwrap_or_default();
    let said = |entry: &yaml::Entry| Some((entry.key.clone(), entry.value.word()?.to_owned()));
    let mut named: BTreeMap<String, String> = all.iter().filter_map(said).collect();
    if let Some(url) = table.get("registry").and_then(yaml::Value::word) {
        named.entry("default".into()).or_insert_with(|| url.to_owned());
    }
    // What a variable holds may be a secret.
    named.retain(|_, url| !url.contains("${"));
    named
}
