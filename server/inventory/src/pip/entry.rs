//! What one entry of a requirements file asks for: a package by its name, a file, a folder, or an address.
//! May look whether a path is there, and reads nothing.

use crate::ecosystem::Ask;
use crate::look::Seen;
use crate::members::clean;
use crate::python::name::{self, Wheel};
use crate::python::requirement::Requirement;
use pep440_rs::{Operator, VersionSpecifiers};
use std::path::{Path, PathBuf};

/// One entry, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Named(Requirement),
    /// A wheel or sources on this machine.
    File {
        path: PathBuf,
        extras: Vec<String>,
        marker: Option<String>,
        name: Option<String>,
    },
    /// Sources in a folder, which are built.
    Folder {
        path: PathBuf,
        extras: Vec<String>,
        marker: Option<String>,
        name: Option<String>,
    },
    /// Something that has to be fetched: its name, if it is said, and its address as it is written.
    Address {
        name: Option<String>,
        url: String,
        extras: Vec<String>,
        marker: Option<String>,
    },
}

const ARCHIVES: [&str; 9] = [".whl", ".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tbz", ".tar.xz", ".txz"];

/// Reads an entry; paths count from `folder`. In words why it cannot be read.
pub(super) fn read(text: &str, editable: bool, folder: &Path, ask: &Ask<'_>) -> Result<Wanted, String> {
    let text = text.trim();
    let odd = || format!("pip cannot read this requirement: {}", text.chars().take(120).collect::<String>());
    if is_address(text) {
        let (address, marker) = match text.split_once("; ") {
            Some((address, marker)) => (address.trim(), Some(marker.trim().to_owned())),
            None => (text, None),
        };
        return Ok(address_or_file(address, None, Vec::new(), marker, folder, ask));
    }
    let (place, marker) = match text.split_once(';') {
        Some((place, marker)) => (place.trim(), Some(marker.trim().to_owned())),
        None => (text, None),
    };
    let (bare, extras) = match place.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
        Some((bare, extras)) => (bare.trim_end(), extras),
        None => (place, ""),
    };
    let extras: Vec<String> = extras.split(',').filter_map(|extra| name::normal(extra.trim())).collect();
    let like_a_path = |text: &str| text.contains('/') || text.starts_with('.');
    let named = text.split_once('@').is_some_and(|(before, _)| !like_a_path(before));
    if !named || editable {
        let path = clean(&folder.join(bare));
        let seen = if like_a_path(bare) || editable { Some(ask.look.at(&path)) } else { None };
        if let Some(Seen::Folder(_)) = seen {
            return Ok(Wanted::Folder { path, extras, marker, name: None });
        }
        if editable {
            return Err(odd());
        }
        if ARCHIVES.iter().any(|ending| bare.to_ascii_lowercase().ends_with(ending)) {
            ask.look.at(&path);
            return Ok(Wanted::File { path, extras, marker, name: None });
        }
        if like_a_path(bare) {
            return Err(odd());
        }
    }
    let read = Requirement::read(text).map_err(|_| odd())?;
    match &read.address {
        Some(address) => {
            let (address, marker) = (address.clone(), read.marker.clone());
            Ok(address_or_file(&address, Some(read.name), read.extras, marker, folder, ask))
        }
        None => Ok(Wanted::Named(read)),
    }
}

fn is_address(text: &str) -> bool {
    let scheme = text.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let known = ["http", "https", "file", "ftp"].contains(&scheme.as_str());
    let repository = ["git+", "hg+", "svn+", "bzr+", "ssh", "git"].iter().any(|start| scheme.starts_with(start));
    (known || repository) && text.len() > scheme.len() && text[scheme.len()..].starts_with(':')
}

fn address_or_file(
    address: &str,
    name: Option<String>,
    extras: Vec<String>,
    marker: Option<String>,
    folder: &Path,
    ask: &Ask<'_>,
) -> Wanted {
    let (bare, fragment) = address.split_once('#').unwrap_or((address, ""));
    let name = name.or_else(|| {
        let egg = fragment.split('&').find_map(|part| part.strip_prefix("egg="))?;
        name::normal(egg.split('[').next().unwrap_or(egg))
    });
    let local = bare.strip_prefix("file:");
    let Some(local) = local else {
        let last = bare.split('?').next().unwrap_or(bare).rsplit('/').next().unwrap_or_default();
        let last = percent_encoding::percent_decode_str(last).decode_utf8_lossy().into_owned();
        let name = name.or_else(|| Wheel::read(last.strip_suffix(".whl")?).map(|wheel| wheel.name));
        return Wanted::Address { name, url: address.to_owned(), extras, marker };
    };
    let local = local.strip_prefix("//localhost").or_else(|| local.strip_prefix("//")).unwrap_or(local);
    let path = percent_encoding::percent_decode_str(local).decode_utf8_lossy().into_owned();
    let path = clean(&folder.join(path));
    match ask.look.at(&path) {
        Seen::Folder(_) => Wanted::Folder { path, extras, marker, name },
        _ => Wanted::File { path, extras, marker, name },
    }
}

/// The one version that a range leaves, as it is written.
pub(super) fn pinned(range: &VersionSpecifiers) -> Option<String> {
    let mut pins = range.iter().filter(|one| matches!(one.operator(), Operator::Equal | Operator::ExactEqual));
    pins.next().map(|one| one.version().to_string())
}

/// Whether pip takes a range for one version.
pub(super) fn is_pinned(range: &VersionSpecifiers) -> bool {
    let equal = |one: &pep440_rs::VersionSpecifier| {
        matches!(one.operator(), Operator::Equal | Operator::ExactEqual | Operator::EqualStar)
    };
    range.len() == 1 && range.iter().all(equal)
}

/// What stands for an entry in ids, from its text alone: its name, and the version that it is pinned to.
pub(super) fn label(text: &str) -> (String, Option<String>) {
    let plain = || text.split(['#', ';', '?']).next().unwrap_or(text).trim();
    if !is_address(text)
        && let Ok(read) = Requirement::read(text)
    {
        return (read.name, pinned(&read.range));
    }
    let egg = text.split_once("egg=").map(|(_, egg)| egg.split(['&', '[', ';', ' ']).next().unwrap_or(egg));
    if let Some(name) = egg.and_then(name::normal) {
        return (name, None);
    }
    let last = plain().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let last = percent_encoding::percent_decode_str(last).decode_utf8_lossy().into_owned();
    if let Some(wheel) = last.strip_suffix(".whl").and_then(Wheel::read) {
        return (wheel.name, Some(wheel.version));
    }
    if let Some((name, version)) = super::folder::sources(&last) {
        return (name, Some(version.to_string()));
    }
    let shown: String = last.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).take(80).collect();
    (if shown.is_empty() { "?".into() } else { shown }, None)
}
