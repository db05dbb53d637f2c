//! What short names of images may stand for: `registries.conf`, as github.com/containers/image reads it.
//! May not ask a registry.

use super::reference::{self, Reference};
use crate::ecosystem::Ask;
use crate::look::Unread;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Larger settings are not read, in bytes.
const LARGEST: u64 = 4 << 20;
/// More files of a folder are not read.
const MOST: usize = 1_000;

#[derive(Debug, Default)]
pub(super) struct Registries {
    /// Registry and path by short name; an empty one takes a name back.
    aliases: BTreeMap<String, String>,
    search: Vec<String>,
    pub doubts: Vec<String>,
}

pub(super) fn find(ask: &Ask<'_>) -> Registries {
    let homes = &ask.options.homes;
    let variable = |name: &str| homes.variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let user = homes.home.join(".config/containers");
    let system = Path::new("/etc/containers");
    let mut found = Registries::default();
    if let Some(own) = variable("CONTAINERS_REGISTRIES_CONF") {
        found.read(&own, ask);
    } else if !found.read(&user.join("registries.conf"), ask) {
        found.read(&system.join("registries.conf"), ask);
    }
    for folder in [system.join("registries.conf.d"), user.join("registries.conf.d")] {
        found.folder(&folder, ask);
    }
    // What a person was asked once is kept.
    let cache = if rootless() {
        variable("XDG_CACHE_HOME").unwrap_or_else(|| homes.home.join(".cache"))
    } else {
        PathBuf::from("/var/cache")
    };
    found.read(&cache.join("containers/short-name-aliases.conf"), ask);
    found
}

#[cfg(unix)]
fn rootless() -> bool {
    !rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn rootless() -> bool {
    true
}

impl Registries {
    fn folder(&mut self, folder: &Path, ask: &Ask<'_>) {
        ask.look.at(folder);
        let Ok(listed) = crate::reach::list(folder) else { return };
        let conf = |path: &PathBuf| path.extension().is_some_and(|end| end == "conf");
        let mut files: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).filter(conf).take(MOST + 1).collect();
        if files.len() > MOST {
            self.doubts.push(format!("more than {MOST} files in {} are not read", folder.display()));
        }
        files.sort();
        for file in &files {
            self.read(file, ask);
        }
    }

    /// Whether the file is there.
    fn read(&mut self, path: &Path, ask: &Ask<'_>) -> bool {
        let text = match ask.look.text(path, LARGEST) {
            Ok(text) => text,
            Err(Unread::Absent) => return false,
            Err(why) => {
                self.doubts.push(format!("{}: {why}", path.display()));
                return true;
            }
        };
        let Ok(table) = text.parse::<toml::Table>() else {
            self.doubts.push(format!("{} cannot be read", path.display()));
            return true;
        };
        if let Some(search) = table.get("unqualified-search-registries").and_then(toml::Value::as_array) {
            self.search = search.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect();
            if self.search.iter().any(|registry| registry.contains('/')) {
                // Podman 4.3 then finds no short name at all.
                self.doubts.push(format!("{}: a registry to search has a path, which is not followed", path.display()));
            }
        }
        if table.get("registries").is_some() {
            self.doubts.push(format!("{} is of version 1, which is not followed", path.display()));
        }
        let aliases = table.get("aliases").and_then(toml::Value::as_table);
        for (name, value) in aliases.into_iter().flatten() {
            if let Some(value) = value.as_str() {
                self.aliases.insert(name.clone(), value.to_owned());
            }
        }
        true
    }

    /// Names under which the image may be kept, the first that is there counts.
    pub(super) fn candidates(&self, name: &Reference) -> Vec<String> {
        let suffix = name.suffix();
        if name.registry.is_some() {
            return vec![name.usual() + &suffix];
        }
        let mut all = vec![name.repository("localhost") + &suffix];
        let alias = self.aliases.get(&name.path).filter(|alias| !alias.is_empty());
        if let Some(alias) = alias.and_then(|alias| reference::parse(alias).ok()) {
            all.push(alias.usual() + &suffix);
        } else {
            all.extend(self.search.iter().map(|registry| name.repository(registry) + &suffix));
        }
        all.push(name.usual() + &suffix);
        let mut seen = std::collections::HashSet::new();
        all.retain(|one| seen.insert(one.clone()));
        all
    }
}
