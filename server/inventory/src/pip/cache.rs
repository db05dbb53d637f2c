//! pip's own cache of the wheels that it built: of sources at an address, at a commit, or in a folder of files.
//! Rules: pip's `cache.py`. What pip downloaded lies elsewhere, and without a network it takes nothing from there but what a registry
//! allowed it to keep.

use super::folder::File;
use crate::ecosystem::Ask;
use crate::look::Seen;
use crate::python::interpreter::list;
use crate::python::name::Wheel;
use crate::python::tags::Tags;
use pep440_rs::Version;
use sha2::Digest;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Checksums that an address may name, as pip looks for them.
const SUMS: [&str; 5] = ["sha512", "sha384", "sha256", "sha224", "md5"];

/// Where built wheels are kept.
pub(super) struct Cache<'a> {
    pub folder: Option<&'a Path>,
    pub tags: &'a Tags,
    /// Such as `3.11`.
    pub python: &'a str,
}

impl Cache<'_> {
    /// The wheel that pip built of what stands at an address, and the folder where it would be.
    pub(super) fn built(&self, address: &str, name: &str, ask: &Ask<'_>) -> (Option<File>, Option<PathBuf>) {
        let Some(folder) = self.folder.and_then(|folder| Some(folder.join(self.below(address)?))) else {
            return (None, None);
        };
        if !matches!(ask.look.at(&folder), Seen::Folder(_)) {
            return (None, Some(folder));
        }
        let mut best: Option<(usize, File)> = None;
        for path in list(&folder) {
            let Some(file) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let Some(wheel) = file.strip_suffix(".whl").and_then(Wheel::read).filter(|wheel| wheel.name == name) else {
                continue;
            };
            let Ok(version) = Version::from_str(&wheel.version.replace('-', "_")) else { continue };
            let Some(rank) = self.tags.rank(&wheel) else { continue };
            if best.as_ref().is_none_or(|(known, _)| rank > *known) {
                best = Some((rank, File { path: path.clone(), version, wheel: Some((rank, wheel.build)) }));
            }
        }
        (best.map(|(_, file)| file), Some(folder))
    }

    /// Whether pip keeps what an address once answered.
    pub(super) fn downloaded(&self, address: &str, ask: &Ask<'_>) -> bool {
        let Some(folder) = self.folder else { return false };
        let hex = hex::encode(sha2::Sha224::digest(address.split('#').next().unwrap_or(address)));
        let mut path = folder.join("http-v2");
        path.extend(hex.chars().take(5).map(String::from));
        ask.look.at(&path.join(&hex)) != Seen::Absent
    }

    /// The same of a file.
    pub(super) fn built_of(&self, path: &Path, name: &str, ask: &Ask<'_>) -> Option<File> {
        self.built(&address(path)?, name, ask).0
    }

    /// Its folder: by the checksum of all that the address says.
    fn below(&self, address: &str) -> Option<PathBuf> {
        let (url, fragment) = address.split_once('#').unwrap_or((address, ""));
        if !address.is_ascii() || fragment.contains('%') {
            return None;
        }
        let parts = || fragment.split('&').filter_map(|part| part.split_once('='));
        let version = self.python.replace('.', "");
        let mut said = BTreeMap::from([("url", url), ("interpreter_name", "cp"), ("interpreter_version", &version)]);
        if let Some((name, sum)) = parts().find(|(name, _)| SUMS.contains(name)) {
            said.insert(name, sum);
        }
        if let Some((_, folder)) = parts().find(|(name, _)| *name == "subdirectory") {
            said.insert("subdirectory", folder);
        }
        let hex = hex::encode(sha2::Sha224::digest(serde_json::to_string(&said).ok()?));
        Some(Path::new("wheels").join(&hex[..2]).join(&hex[2..4]).join(&hex[4..6]).join(&hex[6..]))
    }
}

/// A file's address, as Python writes it.
fn address(path: &Path) -> Option<String> {
    let mut out = String::from("file://");
    for byte in path.to_str()?.bytes() {
        if byte.is_ascii_alphanumeric() || b"/_.-~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    Some(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use crate::python::tags::Platform;

    #[test]
    fn folders_are_named_as_pip_names_them() {
        let tags = Tags::of(11, &Platform { machine: "x86_64".into(), glibc: (2, 36) });
        let cache = Cache { folder: None, tags: &tags, python: "3.11" };
        let below = |address: &str| cache.below(address).unwrap().display().to_string();
        assert_eq!(below("https://x.example/a-1.0.tar.gz#egg=a"), below("https://x.example/a-1.0.tar.gz"));
        assert_ne!(below("https://x.example/a-1.0.tar.gz#sha256=00"), below("https://x.example/a-1.0.tar.gz"));
        assert_eq!(address(Path::new("/a b/c-1.0.tar.gz")).unwrap(), "file:///a%20b/c-1.0.tar.gz");
    }
}
