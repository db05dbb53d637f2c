//! The registries of a requirements file: its own, those of pip's settings, else the one that the installed pip has.
//! May not ask, and keeps no password.

use super::follow::{self, LARGEST};
use super::here;
use super::{entry, requirements, settings};
use crate::ecosystem::Ask;
use crate::protocols::{self, Way};
use crate::python::interpreter::list;
use crate::registries::Registry;
use contract::Artifact;
use std::path::{Path, PathBuf};

pub(super) fn registries(lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<Registry> {
    let Ok(text) = ask.look.text(lockfile, LARGEST) else { return Vec::new() };
    let homes = &ask.options.homes;
    let read = requirements::read(&text, &|name| homes.variable(name).map(str::to_owned));
    let asked = follow::follow(lockfile, read, ask);
    let folder = lockfile.parent().unwrap_or(lockfile);
    let places: Vec<PathBuf> = here::environments(folder, ask);
    let place = places.iter().find(|place| crate::reach::is_folder(place));
    let settings = settings::read(place.map(PathBuf::as_path), ask);
    if asked.no_index || settings.no_index {
        return Vec::new();
    }
    let mut urls: Vec<String> = asked.registries.iter().chain(&settings.registries).cloned().collect();
    if asked.registries.is_empty() && !settings.has_index {
        urls.extend(usual(place.map(PathBuf::as_path), ask));
    }
    let names: Vec<String> = asked.packages.iter().map(|package| entry::label(&package.text).0).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let several = urls.len() > 1;
    let way = |url: &String| Way {
        url: url.clone(),
        unasked: settings.proxy.then(|| "pip reaches it through a proxy of its own settings".into()),
        credentials: protocols::netrc(url, ask),
        certificates: settings.certificates.clone(),
        may_lack: several,
    };
    urls.iter().filter_map(|url| protocols::simple("pip", &way(url), &names, missing)).collect()
}

/// What pip asks where nothing is configured, as its own source says.
fn usual(environment: Option<&Path>, ask: &Ask<'_>) -> Option<String> {
    const SOURCE: &str = "pip/_internal/models/index.py";
    let homes = &ask.options.homes;
    let python = homes.program("python3", ask.look);
    let prefix = python.as_deref().and_then(Path::parent).and_then(Path::parent);
    let mut folders: Vec<PathBuf> = Vec::new();
    for root in environment.into_iter().chain(prefix) {
        let library = root.join("lib");
        let minors = list(&library);
        let minors =
            minors.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python3")));
        folders.extend(minors.flat_map(|path| [path.join("site-packages"), path.join("dist-packages")]));
    }
    let text = folders.iter().find_map(|folder| ask.look.text(&folder.join(SOURCE), 1 << 20).ok())?;
    let (_, behind) = text.split_once("\nPyPI = PackageIndex(\"")?;
    let (base, _) = behind.split_once('"')?;
    (base.starts_with("https://") && base.len() < 200).then(|| format!("{}/simple", base.trim_end_matches('/')))
}
