//! What uv needs to build a package from its sources: the tools that its manifest asks for, as uv would choose them offline.
//! May not build anything, and does not judge whether the build itself would succeed.

use super::manifest::{BuildSystem, LARGEST, Manifest, name_of, normal};
use super::marker::{self, Environment};
use super::name::Wheel;
use super::pointer::{self, Description};
use super::requirement::Requirement;
use super::store::Store;
use crate::held::Held;
use contract::ArtifactState;
use pep440_rs::{Version, VersionSpecifiers};
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

/// Versions of uv's own build tool that uv does not have to fetch, besides its own.
const BUILT_IN: [&str; 4] = ["0.9.30", "0.10.12", "0.11.33", "0.12.24"];
/// The uv that has those.
const WITH: [u64; 2] = [0, 13];
/// More tools are not followed.
const MOST: usize = 200;
/// Larger descriptions are not read, in bytes.
const LARGEST_DESCRIPTION: u64 = 8 << 20;

/// What building needs.
pub(super) enum Tools {
    /// Nothing but uv itself.
    None,
    /// These, each with what is here of it.
    These(Vec<Tool>),
    /// It cannot be told.
    Doubt(String),
}

/// A tool that building needs.
pub(super) struct Tool {
    pub name: String,
    /// Empty where none is here.
    pub version: String,
    pub held: Held,
    /// As it is asked for.
    pub asked: String,
}

/// How a folder of sources is built.
pub(super) fn system(folder: &Path, store: &Store<'_>) -> Result<BuildSystem, String> {
    let path = folder.join("pyproject.toml");
    match store.ask.look.text(&path, LARGEST) {
        Ok(text) => {
            let manifest = Manifest::read(&text).map_err(|why| format!("{}: {why}", path.display()))?;
            Ok(manifest.build_system.unwrap_or_else(BuildSystem::old_way))
        }
        Err(crate::look::Unread::Absent) => Ok(BuildSystem::old_way()),
        Err(why) => Err(format!("{}: {why}", path.display())),
    }
}

/// What building with this needs, chosen as uv does offline: of each tool the newest whose description is here.
pub(super) fn tools(system: &BuildSystem, uv: Option<&Version>, here: &Environment, store: &Store<'_>) -> Tools {
    if system.backend_path.is_some() {
        return Tools::Doubt("it is built by a tool among its own sources".into());
    }
    let mut asked: BTreeMap<String, (Vec<VersionSpecifiers>, String)> = BTreeMap::new();
    let mut queue: Vec<(String, Vec<String>)> = system.requires.iter().map(|text| (text.clone(), Vec::new())).collect();
    if system.build_backend.as_deref() == Some("uv_build") && queue.len() == 1 && name_of(&queue[0].0) == "uv-build" {
        match built_in(&queue[0].0, uv) {
            Some(true) => return Tools::None,
            Some(false) => {}
            None => {
                return Tools::Doubt("whether uv builds it by itself hangs on uv's version, which is not known".into());
            }
        }
    }
    let mut chosen: BTreeMap<String, Tool> = BTreeMap::new();
    let mut rounds = 0;
    while let Some((text, extras)) = queue.pop() {
        rounds += 1;
        if rounds > MOST {
            return Tools::Doubt("building it needs more tools than are followed".into());
        }
        let read = match read(&text, here, &extras) {
            Ok(Some(read)) => read,
            Ok(None) => continue,
            Err(why) => return Tools::Doubt(why),
        };
        let entry = asked.entry(read.name.clone()).or_insert_with(|| (Vec::new(), text.clone()));
        entry.0.push(read.range);
        let ranges = &entry.0;
        if let Some(tool) = chosen.get(&read.name) {
            let fits = Version::from_str(&tool.version)
                .is_ok_and(|version| ranges.iter().all(|range| range.contains(&version)));
            if fits || tool.version.is_empty() {
                if read.extras.is_empty() {
                    continue;
                }
            } else {
                return Tools::Doubt(format!("which {} uv would choose for building is not followed", read.name));
            }
        }
        match choose(&read.name, ranges, here, store) {
            Ok((held, Some(description))) => {
                queue.extend(description.needs.iter().map(|need| (need.clone(), read.extras.clone())));
                let version = description.version.clone();
                chosen.insert(read.name.clone(), Tool { name: read.name, version, held, asked: text });
            }
            Ok((held, None)) => {
                chosen.insert(read.name.clone(), Tool { name: read.name, version: String::new(), held, asked: text });
            }
            Err(why) => return Tools::Doubt(why),
        }
    }
    Tools::These(chosen.into_values().collect())
}

/// Whether uv has this version of its build tool in itself.
fn built_in(text: &str, uv: Option<&Version>) -> Option<bool> {
    let asked = Requirement::read(text).ok()?;
    if asked.address.is_some() {
        return Some(false);
    }
    let range = asked.range;
    if range.is_empty() {
        return Some(true);
    }
    let uv = uv?;
    if range.contains(uv) {
        return Some(true);
    }
    let older =
        BUILT_IN.iter().filter_map(|version| Version::from_str(version).ok()).any(|version| range.contains(&version));
    if older && uv.release().get(..2) != Some(&WITH[..]) { None } else { Some(older) }
}

struct Read {
    name: String,
    range: VersionSpecifiers,
    extras: Vec<String>,
}

/// One requirement; none where it does not count here.
fn read(text: &str, here: &Environment, extras: &[String]) -> Result<Option<Read>, String> {
    let odd = || format!("what building needs is not understood: {}", text.chars().take(120).collect::<String>());
    let read = Requirement::read(text).map_err(|_| odd())?;
    let extras: Vec<&str> = extras.iter().map(String::as_str).collect();
    if let Some(condition) = &read.marker
        && !marker::holds(condition, here, &extras)?
    {
        return Ok(None);
    }
    if read.address.is_some() {
        return Err(odd());
    }
    Ok(Some(Read { name: read.name, range: read.range, extras: read.extras }))
}

/// The newest version that is described here and allowed, and what is here of it.
fn choose(
    name: &str,
    ranges: &[VersionSpecifiers],
    here: &Environment,
    store: &Store<'_>,
) -> Result<(Held, Option<Description>), String> {
    let missing = |why: &str| Held::new(ArtifactState::Missing, format!("uv builds with it, and {why}"));
    let listing = store.cache.join("simple-v27/pypi").join(format!("{name}.rkyv"));
    let listed = store.ask.look.bytes(&listing, 128 << 20).ok().is_some_and(|bytes| pointer::payload(&bytes).is_some());
    if !listed {
        return Ok((missing("the list of its versions is not in uv's cache").at(listing), None));
    }
    let folder = store.cache.join("wheels-v7/pypi").join(name);
    let full = here.0.get("python_full_version").and_then(|full| Version::from_str(full).ok());
    let mut best: Option<(Version, Description)> = None;
    for path in store.entries(&folder, "msgpack") {
        let Ok(bytes) = store.ask.look.bytes(&path, LARGEST_DESCRIPTION) else { continue };
        let Some(description) = Description::fetched(&bytes) else { continue };
        let Ok(version) = Version::from_str(&description.version) else { continue };
        let python = description.python.as_deref().and_then(|range| VersionSpecifiers::from_str(range).ok());
        let runs = python.is_none_or(|range| full.as_ref().is_none_or(|full| range.contains(full)));
        let fits = ranges.iter().all(|range| range.contains(&version)) && !version.any_prerelease();
        if normal(&description.name) == name
            && runs
            && fits
            && best.as_ref().is_none_or(|(so_far, _)| version > *so_far)
        {
            best = Some((version, description));
        }
    }
    let Some((version, description)) = best else {
        let sources = store.cache.join("sdists-v10/pypi").join(name);
        if !store.entries(&sources, "").is_empty() {
            return Err(format!("{name}, which building needs, is here as sources only"));
        }
        return Ok((missing("no version of it that fits is in uv's cache").at(folder), None));
    };
    // Whichever of its wheels was fetched and fits.
    let mut found: Option<(usize, String)> = None;
    for path in store.entries(&folder, "http") {
        let Ok(bytes) = store.ask.look.bytes(&path, LARGEST_DESCRIPTION) else { continue };
        let Some(pointer) = pointer::Wheel::fetched(&bytes) else { continue };
        let Some(wheel) = Wheel::read(&pointer.file) else { continue };
        let right = Version::from_str(&wheel.version).is_ok_and(|found| found == version);
        let Some(rank) = store.tags.rank(&wheel).filter(|_| right) else { continue };
        if found.as_ref().is_none_or(|(so_far, _)| rank > *so_far) {
            found = Some((rank, pointer.file));
        }
    }
    let held = match found {
        Some((_, file)) => store.wheel("pypi", name, &file, None),
        None => missing("of the version that uv would choose only the description is in its cache").at(folder),
    };
    Ok((held, Some(description)))
}

/// Why uv's own build tool would stop at a folder; none where nothing is seen.
pub(super) fn lacks_module(folder: &Path, store: &Store<'_>) -> Option<String> {
    let text = store.ask.look.text(&folder.join("pyproject.toml"), LARGEST).ok()?;
    let manifest = Manifest::read(&text).ok()?;
    if manifest.uv("build-backend").is_some() {
        return None;
    }
    let name = normal(&manifest.project?.name).replace('-', "_");
    let module = folder.join("src").join(&name).join("__init__.py");
    let there = matches!(store.ask.look.at(&module), crate::look::Seen::File(_));
    (!there).then(|| format!("{} is not there, which uv would build", module.display()))
}
