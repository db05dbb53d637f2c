//! The registries of a `uv.lock`, and what shows that one answers: lists of the files of packages that it should have.
//! May not ask, and keeps no password.

use super::lock;
use super::manifest::{LARGEST, Manifest};
use super::pylock;
use super::{LARGEST_LOCKFILE, settings};
use crate::ecosystem::Ask;
use crate::registries::{MOST_ASKED_FOR, Registry};
use contract::{Artifact, Expects};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

pub(super) fn registries(lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<Registry> {
    let Ok(text) = ask.look.text(lockfile, LARGEST_LOCKFILE) else { return Vec::new() };
    let lock = if pylock::is(&text) { pylock::read(&text).lock } else { lock::read(&text) };
    let folder = lockfile.parent().unwrap_or(lockfile);
    let manifest = ask.look.text(&folder.join("pyproject.toml"), LARGEST).ok();
    let manifest = manifest.and_then(|text| Manifest::read(&text).ok()).unwrap_or_default();
    let settings = settings::read(folder, &manifest, ask);
    let certificates = ask.options.homes.variable("SSL_CERT_FILE").map(PathBuf::from);
    let mut found: BTreeMap<&str, Registry> = BTreeMap::new();
    let mut packages: Vec<_> = lock.packages.iter().map(|located| &located.package).collect();
    let lacks = |name: &str, version: Option<&str>| {
        missing.iter().find(|one| one.name == name && Some(one.version.as_str()) == version)
    };
    packages.sort_by_key(|package| lacks(&package.name, package.version.as_deref()).is_none());
    for package in packages {
        let Some(url) = package.source.registry.as_deref().filter(|url| settings.knows(url)) else { continue };
        let registry = found.entry(url).or_insert_with(|| {
            let mut registry = Registry::new("uv", url);
            registry.credentials = has_credentials(url, ask);
            let path = format!("{}/", package.name);
            registry.asks((&path, ACCEPT, Expects::Listing), None, certificates.as_ref());
            registry
        });
        if registry.questions.len() <= MOST_ASKED_FOR
            && let Some(artifact) = lacks(&package.name, package.version.as_deref())
        {
            let (path, holds) = (format!("{}/", package.name), format!("-{}", artifact.version));
            registry.asks((&path, ACCEPT, Expects::Listing), Some((artifact, holds)), certificates.as_ref());
        }
    }
    found.into_values().collect()
}

/// Whether uv has a user and a password for it: in the environment, or in the file that all such tools read.
fn has_credentials(url: &str, ask: &Ask<'_>) -> bool {
    let homes = &ask.options.homes;
    let mut variables = homes.variables.keys();
    if variables
        .any(|name| name.starts_with("UV_INDEX_") && (name.ends_with("_PASSWORD") || name.ends_with("_USERNAME")))
    {
        return true;
    }
    let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let file = homes.variable("NETRC").map_or_else(|| homes.home.join(".netrc"), PathBuf::from);
    let text = ask.look.text(&file, 1 << 20).unwrap_or_default();
    host.is_some_and(|host| {
        let words: Vec<&str> = text.split_whitespace().collect();
        words.windows(2).any(|pair| pair[0] == "machine" && pair[1] == host)
    })
}
