//! A virtual environment: its Python, and the packages that are installed in it.
//! May not run its Python, and may not look outside of it.

use super::archive::Wrong;
use super::interpreter::list;
use super::metadata::Metadata;
use super::name;
use super::record;
use crate::ecosystem::Ask;
use crate::look::Seen;
use crate::verify::Content;
use pep440_rs::Version;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Larger descriptions are not read, in bytes.
const LARGEST: u64 = 16 << 20;

/// One environment.
#[derive(Debug)]
pub(crate) struct Place {
    pub root: PathBuf,
    pub minor: u16,
    pub patch: Option<u16>,
    /// Where packages lie.
    pub site: PathBuf,
    /// By normalised name; several where it was installed over another.
    pub packages: BTreeMap<String, Vec<Package>>,
}

/// One that is installed.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub version: Version,
    /// The folder that says what it is.
    pub own: PathBuf,
    /// It has the form that tools write today, with a list of its files.
    pub listed: bool,
}

/// Reads the environment at a folder; none where there is none, or its Python is gone; in words why it cannot be told.
pub(crate) fn read(root: &Path, ask: &Ask<'_>) -> Result<Option<Place>, String> {
    if !matches!(ask.look.at(root), Seen::Folder(_)) {
        return Ok(None);
    }
    let doubt = |why: &str| Err(format!("{}: {why}", root.display()));
    let Ok(text) = ask.look.text(&root.join("pyvenv.cfg"), 1 << 16) else { return Ok(None) };
    match ask.look.at(&root.join("bin/python")) {
        Seen::File(_) => {}
        Seen::Dangling | Seen::Absent => return Ok(None),
        _ => return doubt("this virtual environment has no Python"),
    }
    let said = |key: &str| {
        let line = text.lines().find_map(|line| line.split_once('=').filter(|(name, _)| name.trim() == key));
        line.map(|(_, value)| value.trim())
    };
    let version = said("version_info").or_else(|| said("version")).unwrap_or_default();
    let mut numbers = version.split('.').map(|part| part.parse::<u16>().ok());
    let (Some(Some(3)), Some(Some(minor))) = (numbers.next(), numbers.next()) else {
        return doubt("which Python this virtual environment has is not told");
    };
    if said("implementation").is_some_and(|name| name != "CPython") {
        return doubt("this virtual environment has another Python than CPython");
    }
    if said("include-system-site-packages").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return doubt("this virtual environment takes packages of the system too, which is not followed");
    }
    let site = root.join(format!("lib/python3.{minor}/site-packages"));
    ask.look.at(&site);
    let mut place =
        Place { root: root.to_path_buf(), minor, patch: numbers.next().flatten(), site, packages: BTreeMap::new() };
    for path in list(&place.site) {
        let Some(file) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let listed = file.strip_suffix(".dist-info");
        let Some(stem) = listed.or_else(|| file.strip_suffix(".egg-info")) else { continue };
        // The name of a folder in the older form may go on behind the version.
        let Some((named, rest)) = stem.split_once('-') else { continue };
        let version = rest.split('-').next().unwrap_or(rest);
        let (Some(name), Ok(version)) = (name::normal(named), Version::from_str(version)) else { continue };
        let package = Package { version, listed: listed.is_some(), own: path };
        place.packages.entry(name).or_default().push(package);
    }
    Ok(Some(place))
}

impl Package {
    /// What a package says of itself.
    pub(crate) fn metadata(&self, ask: &Ask<'_>) -> Result<Metadata, Wrong> {
        let file = if self.listed { self.own.join("METADATA") } else { self.own.join("PKG-INFO") };
        match ask.look.text(&file, LARGEST) {
            Ok(text) => Ok(Metadata::read(&text)),
            Err(crate::look::Unread::Absent) => Err(Wrong::Damaged("its METADATA is gone".into())),
            Err(why) => Err(Wrong::Unknown(format!("{}: {why}", file.display()))),
        }
    }
}

impl Place {
    /// Whether every file of it is here: what is to be verified, and bytes in all.
    pub(crate) fn files(&self, package: &Package, ask: &Ask<'_>) -> Result<(Vec<Content>, u64), Wrong> {
        if !package.listed {
            return Ok((Vec::new(), 0));
        }
        record::installed(&self.site, &self.root, &package.own, ask.look).map_err(|wrong| match wrong {
            record::Wrong::Absent => Wrong::Absent,
            record::Wrong::Damaged(why) => Wrong::Damaged(why),
            record::Wrong::Unknown(why) => Wrong::Unknown(why),
        })
    }
}
