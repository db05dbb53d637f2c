//! The registries of a `poetry.lock`: the sources that its packages name, else the one that the installed Poetry has.
//! May not ask, and keeps no password.

use super::{LARGEST_LOCKFILE, lock, settings};
use crate::ecosystem::Ask;
use crate::protocols::{self, Way};
use crate::python::interpreter::list;
use crate::registries::Registry;
use contract::Artifact;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) fn registries(lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<Registry> {
    let Ok(text) = ask.look.text(lockfile, LARGEST_LOCKFILE) else { return Vec::new() };
    let lock = lock::read(&text);
    let settings = settings::read(lockfile.parent().unwrap_or(lockfile), ask);
    // By address: what the source is called, and its packages.
    let mut found: BTreeMap<String, (Option<String>, Vec<&str>)> = BTreeMap::new();
    let mut usual_one: Option<Option<String>> = None;
    for located in &lock.packages {
        let package = &located.package;
        let (url, name) = match &package.source {
            Some(source) if source.kind == "legacy" => (source.url.clone(), source.reference.clone()),
            Some(_) => continue,
            None => (usual_one.get_or_insert_with(|| usual(ask)).clone(), None),
        };
        let Some(url) = url else { continue };
        found.entry(url).or_insert_with(|| (name, Vec::new())).1.push(&package.name);
    }
    let mut out = Vec::new();
    for (url, (name, names)) in &found {
        let own: Vec<&Artifact> = missing.iter().copied().filter(|one| names.contains(&one.name.as_str())).collect();
        let way = Way {
            url: url.clone(),
            unasked: None,
            credentials: name.as_deref().is_some_and(|name| settings.credentials(name)) || protocols::netrc(url, ask),
            certificates: name.as_deref().and_then(|name| settings.certificates(name)),
            may_lack: false,
        };
        out.extend(protocols::simple("poetry", &way, names, &own));
    }
    out
}

/// What Poetry asks where nothing is configured, as its own source says.
fn usual(ask: &Ask<'_>) -> Option<String> {
    let program = ask.options.homes.program("poetry", ask.look)?;
    let root = program.parent().and_then(Path::parent)?;
    let library = root.join("lib");
    let minors = list(&library);
    let minors =
        minors.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python3")));
    let mut folders = minors.flat_map(|path| [path.join("site-packages"), path.join("dist-packages")]);
    let source = |folder: PathBuf| folder.join("poetry/repositories/pypi_repository.py");
    let text = folders.find_map(|folder| ask.look.text(&source(folder), 1 << 20).ok())?;
    let (_, behind) = text.split_once("url: str = \"")?;
    let (base, _) = behind.split_once('"')?;
    (base.starts_with("https://") && base.len() < 200).then(|| format!("{}/simple", base.trim_end_matches('/')))
}
