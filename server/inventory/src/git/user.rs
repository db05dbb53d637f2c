//! What the system and the user tell git, of every repository: the settings, the weakest first.
//! May run nothing; files that settings include are not followed, and said to be there.

use super::config::{self, Settings};
use crate::ecosystem::Ask;
use crate::look::Unread;
use std::path::{Path, PathBuf};

/// Larger settings are not read, in bytes.
const LARGEST: u64 = 4 << 20;
/// Variables that tell git more, in forms that are not read.
const MORE: [&str; 2] = ["GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"];

/// The files of settings of the system and of the user, the weakest first.
pub(crate) fn files(ask: &Ask<'_>) -> Vec<PathBuf> {
    let homes = &ask.options.homes;
    let given = |name: &str| homes.variable(name).filter(|value| !value.is_empty());
    let mut out = Vec::new();
    if given("GIT_CONFIG_NOSYSTEM").and_then(config::truth) != Some(true) {
        out.push(given("GIT_CONFIG_SYSTEM").map_or_else(|| PathBuf::from("/etc/gitconfig"), PathBuf::from));
    }
    match homes.variable("GIT_CONFIG_GLOBAL") {
        Some(path) => out.push(PathBuf::from(path)),
        None => out.extend([folder(ask).join("config"), homes.home.join(".gitconfig")]),
    }
    // As git is told to read none.
    out.retain(|path| !path.as_os_str().is_empty() && path != Path::new("/dev/null"));
    out
}

/// The user's folder for git.
pub(crate) fn folder(ask: &Ask<'_>) -> PathBuf {
    let homes = &ask.options.homes;
    let config = homes.variable("XDG_CONFIG_HOME").filter(|value| !value.is_empty());
    config.map_or_else(|| homes.home.join(".config"), PathBuf::from).join("git")
}

/// Why git may go elsewhere than an address says: something puts another in its place, or that could not be told.
pub(crate) fn goes_elsewhere(address: &str, ask: &Ask<'_>) -> Option<String> {
    if let Some(name) = MORE.iter().find(|name| ask.options.homes.variable(name).is_some()) {
        return Some(format!("git has settings in {name}, which are not read"));
    }
    for path in files(ask) {
        let settings: Settings = match ask.look.text(&path, LARGEST) {
            Ok(text) => config::read(&text),
            Err(Unread::Absent) => continue,
            Err(why) => return Some(format!("git's settings in {}: {why}", path.display())),
        };
        let shown = path.display();
        if settings.broken.is_some() {
            return Some(format!("git's settings cannot be read: {shown}"));
        }
        for entry in &settings.entries {
            if matches!(entry.section.as_str(), "include" | "includeif") {
                return Some(format!("git's settings include others, which are not read: {shown}"));
            }
            let from = entry.value.as_deref().unwrap_or_default();
            if entry.section == "url" && entry.key == "insteadof" && address.starts_with(from) {
                return Some(format!("git's settings put another address in place of this one: {shown}"));
            }
        }
    }
    None
}
