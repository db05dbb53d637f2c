//! The Python that uv would take: from the virtual environment that is there, what uv installed, or the path.
//! May not run one.

use super::settings::Settings;
use crate::ecosystem::Ask;
use crate::look::Seen;
use crate::python::interpreter::{list, probe};
pub(super) use crate::python::interpreter::{platform, range};
use pep440_rs::{Version, VersionSpecifiers};
use std::path::{Path, PathBuf};

/// A `CPython` 3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Python {
    pub minor: u16,
    /// None where no file says it.
    pub patch: Option<u16>,
    /// The virtual environment that is there already and is kept.
    pub environment: Option<PathBuf>,
}

/// What was found.
pub(super) enum Found {
    Python(Python),
    /// None that fits, and uv would have to download one.
    None(String),
    /// It cannot be told.
    Doubt(String),
}

/// What a project asks for.
pub(super) struct Wanted<'a> {
    /// `requires-python` of the lockfile.
    pub range: Option<&'a VersionSpecifiers>,
    /// `.python-version` or the variable: minor and patch.
    pub pinned: Option<(u16, Option<u16>)>,
}

impl Wanted<'_> {
    /// Whether a Python fits; none where that hangs on a patch number that is not known.
    fn fits(&self, minor: u16, patch: Option<u16>) -> Option<bool> {
        let pinned = match (self.pinned, patch) {
            (Some((wanted, _)), _) if wanted != minor => return Some(false),
            (None | Some((_, None)), _) => true,
            (Some((_, Some(wanted))), Some(patch)) => wanted == patch,
            (Some((_, Some(_))), None) => return None,
        };
        let Some(range) = self.range else { return Some(pinned) };
        let within = |patch: u16| range.contains(&Version::new([3, u64::from(minor), u64::from(patch)]));
        match patch {
            Some(patch) => Some(pinned && within(patch)),
            None if within(0) == within(99) => Some(pinned && within(0)),
            None => None,
        }
    }
}

/// What `.python-version` pins, or the variable that stands above it.
pub(super) fn pinned(folder: &Path, ask: &Ask<'_>) -> Result<Option<(u16, Option<u16>)>, String> {
    let variable = ask.options.homes.variable("UV_PYTHON").filter(|value| !value.is_empty()).map(str::to_owned);
    let file = || {
        let read = |name: &str| ask.look.text(&folder.join(name), 1 << 16).ok();
        let text = read(".python-version").or_else(|| read(".python-versions"))?;
        let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        line.map(str::to_owned)
    };
    let Some(asked) = variable.or_else(file) else { return Ok(None) };
    let odd = || format!("this request for a Python is not followed: {asked}");
    let digits = asked.strip_prefix("cpython@").or(asked.strip_prefix("cpython")).unwrap_or(&asked);
    let mut parts = digits.split('.');
    let next = |parts: &mut std::str::Split<'_, char>| {
        parts.next().map(|part| part.parse::<u16>().map_err(|_| odd())).transpose()
    };
    let (major, minor, patch) = (next(&mut parts)?, next(&mut parts)?, next(&mut parts)?);
    match (major, minor, parts.next()) {
        (Some(3), Some(minor), None) => Ok(Some((minor, patch))),
        _ => Err(odd()),
    }
}

/// Looks where uv looks, in its order.
pub(super) fn find(wanted: &Wanted<'_>, folder: &Path, settings: &Settings, ask: &Ask<'_>) -> Found {
    match in_environment(wanted, settings, ask) {
        Ok(Some(python)) => return Found::Python(python),
        Ok(None) => {}
        Err(why) => return Found::Doubt(why),
    }
    let mut seen = Vec::new();
    for path in candidates(wanted, settings, ask) {
        let Ok(real) = crate::reach::canonical(&path) else { continue };
        ask.look.at(&path);
        if seen.contains(&real) {
            continue;
        }
        seen.push(real.clone());
        let (minor, patch) = match probe(&path, &real, folder, ask) {
            Ok(Some(python)) => python,
            Ok(None) => continue,
            Err(why) => return Found::Doubt(why),
        };
        match wanted.fits(minor, patch) {
            Some(true) => return Found::Python(Python { minor, patch, environment: None }),
            Some(false) => {}
            None => {
                return Found::Doubt(format!("which patch of Python 3.{minor} is at {} shows nowhere", path.display()));
            }
        }
    }
    let asked = match (wanted.pinned, wanted.range) {
        (Some((minor, Some(patch))), _) => format!("3.{minor}.{patch}"),
        (Some((minor, None)), _) => format!("3.{minor}"),
        (None, Some(range)) => range.to_string(),
        (None, None) => "of any version".into(),
    };
    Found::None(format!("no Python {asked} is here, and uv would have to download one"))
}

/// The environment that is there, where uv keeps it.
fn in_environment(wanted: &Wanted<'_>, settings: &Settings, ask: &Ask<'_>) -> Result<Option<Python>, String> {
    let folder = &settings.environment;
    if !matches!(ask.look.at(folder), Seen::Folder(_)) {
        return Ok(None);
    }
    let doubt = |why: &str| Err(format!("{}: {why}", folder.display()));
    let python = folder.join("bin/python");
    let Ok(text) = ask.look.text(&folder.join("pyvenv.cfg"), 1 << 16) else {
        return doubt("this folder stands where the virtual environment belongs, and is none");
    };
    match ask.look.at(&python) {
        Seen::File(_) => {}
        // It is made anew.
        Seen::Dangling => return Ok(None),
        _ => return doubt("this virtual environment has no Python"),
    }
    let said = |key: &str| {
        text.lines()
            .find_map(|line| line.split_once('=').filter(|(name, _)| name.trim() == key))
            .map(|(_, value)| value.trim())
    };
    let version = said("version_info").or_else(|| said("version")).unwrap_or_default();
    let mut numbers = version.split('.').map(|part| part.parse::<u16>().ok());
    let (major, minor, patch) = (numbers.next().flatten(), numbers.next().flatten(), numbers.next().flatten());
    let (Some(3), Some(minor)) = (major, minor) else {
        return doubt("which Python this virtual environment has is not told");
    };
    if said("implementation").is_some_and(|name| name != "CPython") {
        return doubt("this virtual environment has another Python than CPython");
    }
    match wanted.fits(minor, patch) {
        Some(true) => Ok(Some(Python { minor, patch, environment: Some(folder.clone()) })),
        Some(false) => Ok(None),
        None => doubt("which patch of Python this virtual environment has is not told"),
    }
}

/// What uv installed, newest first; then the folders of the path, each with the usual names before those of one minor version.
fn candidates(wanted: &Wanted<'_>, settings: &Settings, ask: &Ask<'_>) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> = Vec::new();
    ask.look.at(&settings.pythons);
    let mut managed: Vec<((u16, u16), PathBuf)> = list(&settings.pythons)
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_prefix("cpython-3.")?.to_owned();
            let version = name.split('-').next()?;
            let (minor, patch) = version.split_once('.')?;
            Some(((minor.parse().ok()?, patch.parse().ok()?), path))
        })
        .collect();
    managed.sort_by(|a, b| b.cmp(a));
    out.extend(managed.into_iter().map(|((minor, _), path)| path.join(format!("bin/python3.{minor}"))));
    for folder in &ask.options.homes.path {
        let mut names: Vec<String> = Vec::new();
        names.extend(wanted.pinned.map(|(minor, _)| format!("python3.{minor}")));
        names.extend(["python3".to_owned(), "python".to_owned()]);
        let mut paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
        if wanted.pinned.is_none() {
            ask.look.at(folder);
            let mut minors: Vec<(u16, PathBuf)> = list(folder)
                .filter_map(|path| Some((path.file_name()?.to_str()?.strip_prefix("python3.")?.parse().ok()?, path)))
                .collect();
            minors.sort_by(|a, b| b.cmp(a));
            paths.extend(minors.into_iter().map(|(_, path)| path));
        }
        out.extend(paths.into_iter().filter(|path| matches!(ask.look.at(path), Seen::File(_))));
    }
    out
}
