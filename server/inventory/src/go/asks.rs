//! The proxies that a `go.sum`'s modules come from, as `GOPROXY` lists them, and what shows that one answers: what it says of a
//! module that it should have. May not ask, and keeps no password.

use super::env::Env;
use super::{LARGEST_LOCKFILE, escape, sums};
use crate::ecosystem::Ask;
use crate::protocols;
use crate::registries::{MOST_ASKED_FOR, Registry};
use contract::{Artifact, Expects};
use std::path::{Path, PathBuf};

const ACCEPT: &str = "application/json, */*;q=0.1";

pub(super) fn registries(lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<Registry> {
    let env = Env::read(ask);
    let text = ask.look.text(&lockfile.with_file_name("go.sum"), LARGEST_LOCKFILE).unwrap_or_default();
    let (lines, _) = sums::lines(&text);
    // What is taken from where it is made is asked of no proxy.
    let place = |path: &str, version: &str| {
        let own = env.is_proxied(path).then(|| escape::path(path)).flatten()?;
        Some(format!("{own}/@v/{}.info", escape::version(version)?))
    };
    let lacking: Vec<(String, &Artifact)> =
        missing.iter().filter_map(|one| Some((place(&one.name, &one.version)?, *one))).collect();
    let mut known = lines.iter().filter(|(module, ..)| !module.version.ends_with("/go.mod"));
    let known = known.find_map(|(module, ..)| place(&module.path, &module.version));
    let Some(first) = lacking.first().map(|(path, _)| path.clone()).or(known) else { return Vec::new() };
    let certificates = ask.options.homes.variable("SSL_CERT_FILE").map(PathBuf::from);
    let several = env.proxies.len() > 1 || env.goes_on;
    let registry = |url: &String| {
        let mut registry = Registry::new("go", url);
        registry.credentials = protocols::netrc(url, ask);
        registry.may_lack = several;
        registry.asks((&first, ACCEPT, Expects::Object), None, certificates.as_ref());
        for (path, artifact) in lacking.iter().take(MOST_ASKED_FOR) {
            let holds = format!("\"{}\"", artifact.version);
            registry.asks((path, ACCEPT, Expects::Object), Some((*artifact, holds)), certificates.as_ref());
        }
        registry
    };
    env.proxies.iter().map(registry).collect()
}
