//! Folders of wheels and sources that pip looks into by itself (`--find-links`), and what each file in them is.
//! May look at names only; a file's content is for others to read.

use crate::ecosystem::Ask;
use crate::look::Seen;
use crate::python::interpreter::list;
use crate::python::name::{self, Wheel};
use crate::python::tags::Tags;
use pep440_rs::Version;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What archives of sources end with, as pip takes them.
const SOURCES: [&str; 8] = [".tar.gz", ".zip", ".tgz", ".tar", ".tar.bz2", ".tbz", ".tar.xz", ".txz"];

/// A file that pip could take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub path: PathBuf,
    pub version: Version,
    /// How well a wheel fits, and its build; none: sources.
    pub wheel: Option<(usize, Option<(u64, String)>)>,
}

/// The files of some folders, by the name of the package.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub by_name: BTreeMap<String, Vec<File>>,
    /// Wheels for other machines or Pythons, by name.
    pub others: BTreeMap<String, usize>,
    pub doubts: Vec<String>,
}

impl Files {
    /// Adds what lies in a folder, or one file.
    pub(super) fn add(&mut self, place: &Path, tags: &Tags, ask: &Ask<'_>) {
        match ask.look.at(place) {
            Seen::Folder(_) => {
                let mut all: Vec<PathBuf> = list(place).collect();
                all.sort();
                if all.len() >= 20_000 {
                    self.doubts.push(format!("{}: it holds more files than are looked at", place.display()));
                }
                for path in &all {
                    self.file(path, tags);
                }
            }
            Seen::File(_) => self.file(place, tags),
            // pip says that it passes over such a place, and goes on.
            Seen::Absent | Seen::Dangling | Seen::Odd => {}
            Seen::Refused(kind) => self.doubts.push(format!("{}: {kind}", place.display())),
        }
    }

    fn file(&mut self, path: &Path, tags: &Tags) {
        let Some(file) = path.file_name().and_then(|name| name.to_str()) else { return };
        let ending = |endings: &[&str]| endings.iter().any(|ending| file.to_ascii_lowercase().ends_with(ending));
        if ending(&[".html", ".htm"]) {
            self.doubts.push(format!("{}: a page of links is not followed", path.display()));
            return;
        }
        if let Some(stem) = file.strip_suffix(".whl") {
            let Some(wheel) = Wheel::read(stem) else { return };
            let Ok(version) = Version::from_str(&wheel.version.replace('-', "_")) else { return };
            match tags.rank(&wheel) {
                Some(rank) => {
                    let file = File { path: path.to_path_buf(), version, wheel: Some((rank, wheel.build)) };
                    self.by_name.entry(wheel.name).or_default().push(file);
                }
                None => *self.others.entry(wheel.name).or_default() += 1,
            }
        } else if let Some((name, version)) = sources(file) {
            let file = File { path: path.to_path_buf(), version, wheel: None };
            self.by_name.entry(name).or_default().push(file);
        }
    }
}

/// Name and version of an archive of sources.
pub(super) fn sources(file: &str) -> Option<(String, Version)> {
    let stem = SOURCES.iter().find_map(|ending| file.strip_suffix(ending))?;
    let (named, version) = stem.rsplit_once('-')?;
    Some((name::normal(named)?, Version::from_str(version).ok()?))
}
