//! Where Podman and Buildah keep images: `storage.conf`, as github.com/containers/storage reads it.
//! May not look at images.

use crate::ecosystem::Ask;
use crate::look::{Seen, Unread};
use std::path::{Path, PathBuf};

/// Larger settings are not read, in bytes.
const LARGEST: u64 = 1 << 20;
/// More additional stores are not looked at.
const MOST: usize = 64;

/// Where images are, and what keeps that from being told.
#[derive(Debug, Default)]
pub(super) struct Storage {
    /// The user's own store.
    pub root: PathBuf,
    /// As it is set; none: the one that was used first.
    pub driver: Option<String>,
    /// Stores that are only read.
    pub additional: Vec<PathBuf>,
    /// Why an image may be elsewhere.
    pub doubts: Vec<String>,
}

/// Whether the engine runs without root's rights: then everything is the user's own.
#[cfg(unix)]
fn rootless() -> bool {
    !rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn rootless() -> bool {
    true
}

pub(super) fn find(ask: &Ask<'_>) -> Storage {
    let homes = &ask.options.homes;
    let variable = |name: &str| homes.variable(name).filter(|value| !value.is_empty());
    let of_user = |name: &str, usual: &str| variable(name).map_or_else(|| homes.home.join(usual), PathBuf::from);
    let rootless = rootless();
    let mut storage = Storage {
        root: if rootless {
            of_user("XDG_DATA_HOME", ".local/share").join("containers/storage")
        } else {
            PathBuf::from("/var/lib/containers/storage")
        },
        ..Storage::default()
    };
    let settings = if let Some(path) = variable("CONTAINERS_STORAGE_CONF") {
        PathBuf::from(path)
    } else if rootless {
        of_user("XDG_CONFIG_HOME", ".config").join("containers/storage.conf")
    } else {
        let own = PathBuf::from("/etc/containers/storage.conf");
        if ask.look.at(&own) == Seen::Absent { PathBuf::from("/usr/share/containers/storage.conf") } else { own }
    };
    read(&settings, rootless, &mut storage, ask);
    if let Some(driver) = variable("STORAGE_DRIVER") {
        storage.driver = Some(driver.to_owned());
    }
    if variable("STORAGE_OPTS").is_some() {
        storage.doubts.push("STORAGE_OPTS is set, which is not followed".into());
    }
    if variable("_CONTAINERS_ROOTLESS_UID").is_some() || variable("_CONTAINERS_USERNS_CONFIGURED").is_some() {
        storage.doubts.push("a container's own user namespace is in force".into());
    }
    remote(&mut storage, ask);
    storage
}

fn read(path: &Path, rootless: bool, storage: &mut Storage, ask: &Ask<'_>) {
    let text = match ask.look.text(path, LARGEST) {
        Ok(text) => text,
        Err(Unread::Absent) => return,
        Err(why) => return storage.doubts.push(format!("{}: {why}", path.display())),
    };
    let table = match text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(why) => {
            let why = why.message().lines().next().unwrap_or_default().to_owned();
            return storage.doubts.push(format!("{} cannot be read: {why}", path.display()));
        }
    };
    let own = table.get("storage").and_then(toml::Value::as_table);
    let word =
        |key: &str| own.and_then(|own| own.get(key)).and_then(toml::Value::as_str).filter(|word| !word.is_empty());
    let root = match word("graphroot") {
        None if rootless => word("rootless_storage_path"),
        other => other,
    };
    if let Some(root) = root {
        if root.contains('$') {
            storage.doubts.push(format!("{}: the store's folder has a variable in its name", path.display()));
        }
        storage.root = PathBuf::from(root);
    }
    storage.driver = word("driver").map(str::to_owned);
    if word("imagestore").is_some() {
        storage.doubts.push(format!("{}: imagestore is not followed", path.display()));
    }
    let options = own.and_then(|own| own.get("options")).and_then(toml::Value::as_table);
    let of_driver = ["overlay", "vfs"].into_iter().filter_map(|driver| options?.get(driver)?.as_table());
    for options in options.into_iter().chain(of_driver) {
        let Some(stores) = options.get("additionalimagestores") else { continue };
        let stores = stores.as_array().into_iter().flatten().filter_map(toml::Value::as_str);
        for store in stores.filter(|store| !store.is_empty()) {
            if store.contains('$') || storage.additional.len() >= MOST {
                storage.doubts.push(format!("{}: an additional store is not followed", path.display()));
            } else {
                storage.additional.push(PathBuf::from(store));
            }
        }
    }
}

/// A Podman that asks a service elsewhere has its images there.
fn remote(storage: &mut Storage, ask: &Ask<'_>) {
    let homes = &ask.options.homes;
    for name in ["CONTAINER_HOST", "CONTAINER_CONNECTION"] {
        if homes.variable(name).is_some_and(|value| !value.is_empty()) {
            storage.doubts.push(format!("{name} has Podman ask a service, whose images only it knows"));
        }
    }
    let variable = |name: &str| homes.variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let user = variable("XDG_CONFIG_HOME").unwrap_or_else(|| homes.home.join(".config"));
    let mut files = vec![
        PathBuf::from("/usr/share/containers/containers.conf"),
        PathBuf::from("/etc/containers/containers.conf"),
        user.join("containers/containers.conf"),
    ];
    if let Some(own) = variable("CONTAINERS_CONF") {
        files = vec![own];
    }
    files.extend(variable("CONTAINERS_CONF_OVERRIDE"));
    for file in files {
        let text = match ask.look.text(&file, LARGEST) {
            Ok(text) => text,
            Err(Unread::Absent) => continue,
            Err(why) => {
                storage.doubts.push(format!("{}: {why}", file.display()));
                continue;
            }
        };
        let Ok(table) = text.parse::<toml::Table>() else {
            storage.doubts.push(format!("{} cannot be read", file.display()));
            continue;
        };
        let engine = table.get("engine").and_then(toml::Value::as_table);
        if engine.and_then(|engine| engine.get("remote")).and_then(toml::Value::as_bool) == Some(true) {
            storage.doubts.push(format!("{} has Podman ask a service, whose images only it knows", file.display()));
        }
    }
    if !cfg!(target_os = "linux") {
        storage.doubts.push("Podman runs in a machine of its own here, whose images only it knows".into());
    }
}
