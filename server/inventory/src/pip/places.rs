//! The folders that pip looks into by itself, the registries that it is told of, and how what is missing is fetched.
//! May not read a file that lies in a folder.

use super::folder::Files;
use super::follow::Asked;
use super::here::Here;
use super::settings::Settings;
use crate::ecosystem::Ask;
use crate::fetch::without_credentials;
use crate::look::Seen;
use crate::members::clean;
use contract::{Mirror, MirrorState};
use std::path::{Path, PathBuf};

/// The folder that is filled and looked into where none is configured.
const WHEELHOUSE: &str = "wheelhouse";

/// The files that pip could take, and the folders that are there of those that it looks into.
pub(super) fn gather(
    folder: &Path,
    asked: &Asked,
    settings: &Settings,
    here: &Here,
    ask: &Ask<'_>,
) -> (Files, Vec<PathBuf>) {
    let mut files = Files::default();
    let mut looked_in: Vec<PathBuf> = Vec::new();
    for place in places(folder, asked, settings, ask) {
        if ask.look.at(&place) != Seen::Absent && !looked_in.contains(&place) {
            files.add(&place, &here.tags, ask);
            looked_in.push(place);
        }
    }
    (files, looked_in)
}

/// Folders and files that pip looks into by itself, in its order, and the one that is filled where none is configured.
fn places(folder: &Path, asked: &Asked, settings: &Settings, ask: &Ask<'_>) -> Vec<PathBuf> {
    let local = |place: &str, from: &Path| -> Option<PathBuf> {
        if let Some(rest) = place.strip_prefix("file:") {
            let rest = rest.strip_prefix("//localhost").or_else(|| rest.strip_prefix("//")).unwrap_or(rest);
            return Some(clean(&from.join(percent_encoding::percent_decode_str(rest).decode_utf8_lossy().as_ref())));
        }
        if place.contains("://") {
            return None;
        }
        let home = place.strip_prefix("~/").map(|rest| ask.options.homes.home.join(rest));
        let beside = clean(&from.join(place));
        Some(match home {
            Some(home) => home,
            None if ask.look.at(&beside) != Seen::Absent => beside,
            None => clean(&folder.join(place)),
        })
    };
    let configured = settings.find_links.iter().filter_map(|place| local(place, folder));
    let of_files = asked.find_links.iter().filter_map(|(place, from)| local(place, from));
    let mut all: Vec<PathBuf> = configured.chain(of_files).collect();
    all.push(folder.join(WHEELHOUSE));
    all
}

/// The registries that are configured; none was asked.
pub(super) fn mirrors(asked: &Asked, settings: &Settings) -> Vec<Mirror> {
    let mut urls: Vec<String> =
        settings.registries.iter().chain(&asked.registries).map(|url| without_credentials(url)).collect();
    urls.retain(|url| url.contains("://"));
    urls.sort();
    urls.dedup();
    let mirror = |url| Mirror {
        ecosystem: "pip".into(),
        url,
        state: MirrorState::Unknown,
        checked_at: None,
        latency_ms: None,
        text: String::new(),
    };
    urls.into_iter().map(mirror).collect()
}

/// How what is missing is fetched: with which program, and into which folder.
pub(super) struct How {
    program: String,
    pub folder: PathBuf,
    /// Everything has a checksum: what is built here would have none that fits.
    pub hashed: bool,
}

impl How {
    pub(super) fn of(folder: &Path, asked: &Asked, settings: &Settings, here: &Here, looked_in: &[PathBuf]) -> Self {
        let own = here.place.as_ref().filter(|place| place.packages.contains_key("pip"));
        let program =
            own.map_or_else(|| "python3".to_owned(), |place| place.root.join("bin/python").display().to_string());
        let within = |path: &&PathBuf| path.starts_with(folder) && crate::reach::is_folder(path);
        let into = looked_in.iter().find(within).cloned().unwrap_or_else(|| folder.join(WHEELHOUSE));
        let hashed = asked.packages.iter().any(|package| !package.sums.is_empty())
            || asked.require_hashes
            || settings.require_hashes;
        How { program, folder: into, hashed }
    }

    /// As [`crate::fetch::pip`] takes it.
    pub(super) fn spec(&self) -> String {
        let command = if self.hashed { "download" } else { "wheel" };
        format!("{}\n{command}\n{}", self.program, self.folder.display())
    }
}
