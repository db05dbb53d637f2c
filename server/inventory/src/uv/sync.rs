//! Whether uv would take the lockfile for up to date: what it was made for is held against the manifests as they stand.
//! May not look into the cache. What cannot be compared is said to be doubtful, never to be the same.

use super::asked::Compare;
use super::lock::Lock;
use super::manifest::{LARGEST, Manifest, normal};
use super::settings::Settings;
use crate::ecosystem::{Ask, Verdict};
use crate::look::{Seen, Unread};
use crate::members::{self, clean};
use pep440_rs::{Operator, Version, VersionSpecifiers};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// More members are not looked at.
const MOST_MEMBERS: usize = 5_000;

/// The manifests, by the folder that the lockfile names, and what is against the lockfile.
pub(super) struct Sync {
    pub verdict: Verdict,
    /// Beside the lockfile's packages that are folders: the place in the lockfile, the manifest's path, its text and what it says.
    pub locals: Vec<Local>,
}

/// A folder that the lockfile names.
pub(super) struct Local {
    pub package: usize,
    pub folder: PathBuf,
    pub path: PathBuf,
    pub text: String,
    pub manifest: Option<Manifest>,
}

/// Compares. `root` is the folder of the lockfile, `own` the manifest in it.
pub(super) fn compare(root: &Path, lock: &Lock, own: &Manifest, settings: &Settings, ask: &Ask<'_>) -> Sync {
    let mut sync = Sync { verdict: Verdict::Sound, locals: Vec::new() };
    for (at, located) in lock.packages.iter().enumerate() {
        let Some(place) = located.package.source.folder() else { continue };
        let folder = clean(&root.join(place));
        let path = folder.join("pyproject.toml");
        let (text, manifest) = match ask.look.text(&path, LARGEST) {
            Ok(text) => match Manifest::read(&text) {
                Ok(manifest) => (text, Some(manifest)),
                Err(why) => {
                    sync.verdict.worsen(Verdict::Refused(format!("{}: {why}", path.display())));
                    (text, None)
                }
            },
            Err(Unread::Absent) if !matches!(ask.look.at(&folder), Seen::Folder(_)) => {
                let why = format!("{} is not there, which the lockfile names", folder.display());
                sync.verdict.worsen(Verdict::Refused(why));
                (String::new(), None)
            }
            Err(Unread::Absent) => {
                let why =
                    format!("{} has no pyproject.toml, and what it asks for is not read elsewhere", folder.display());
                sync.verdict.worsen(Verdict::Doubtful(why));
                (String::new(), None)
            }
            Err(why) => {
                sync.verdict.worsen(Verdict::Doubtful(format!("{}: {why}", path.display())));
                (String::new(), None)
            }
        };
        sync.locals.push(Local { package: at, folder, path, text, manifest });
    }
    let told = compare_all(root, lock, own, settings, &sync.locals, ask);
    sync.verdict.worsen(told);
    sync
}

fn compare_all(
    root: &Path,
    lock: &Lock,
    own: &Manifest,
    settings: &Settings,
    locals: &[Local],
    ask: &Ask<'_>,
) -> Verdict {
    let mut verdict = Verdict::Sound;
    let mut members = match members_of(root, own, ask) {
        Ok(members) => members,
        Err(worse) => return worse,
    };
    let all = locals.iter().filter_map(|local| Some((&local.folder, local.manifest.as_ref()?)));
    let asking =
        all.filter(|(folder, _)| members.values().any(|(member, _)| member == *folder)).map(|(_, manifest)| manifest);
    let required: BTreeSet<String> = asking.chain([own]).flat_map(members_asked_for).collect();
    for (folder, manifest) in locals.iter().filter_map(|local| Some((&local.folder, local.manifest.as_ref()?))) {
        let said = manifest.uv("package").and_then(toml::Value::as_bool);
        for (name, (member, builds)) in &mut members {
            // Who is needed as a package is built, the old way where it says nothing.
            *builds |= member == folder && required.contains(name) && said != Some(false);
        }
    }
    let named: BTreeSet<&str> = members.keys().map(String::as_str).collect();
    let locked: BTreeSet<&str> = lock.head.manifest.members.iter().map(String::as_str).collect();
    let single = named.len() == 1 && locked.is_empty() && own.project.is_some();
    if named != locked && !single {
        let differ: Vec<&str> = named.symmetric_difference(&locked).copied().take(3).collect();
        verdict.worsen(Verdict::Refused(format!(
            "the workspace has other members than the lockfile: {}",
            differ.join(", ")
        )));
    }
    for (key, value) in &lock.head.manifest.others {
        let empty = value.as_array().is_some_and(Vec::is_empty) || value.as_table().is_some_and(toml::Table::is_empty);
        if !empty && key != "default-groups" {
            verdict.worsen(Verdict::Doubtful(format!("the lockfile was made with {key}, which is not compared")));
        }
    }
    for (what, there) in [
        ("conflicts", !lock.head.conflicts.is_empty()),
        ("environments", !lock.head.supported_markers.is_empty() || !lock.head.required_markers.is_empty()),
        ("options", !lock.head.options.is_empty()),
    ] {
        if there {
            verdict.worsen(Verdict::Doubtful(format!("the lockfile was made with {what}, which are not compared")));
        }
    }
    let ranges: Vec<Option<&str>> = locals
        .iter()
        .filter(|local| named.contains(lock.packages[local.package].package.name.as_str()))
        .filter_map(|local| Some(local.manifest.as_ref()?.project.as_ref()?.requires_python.as_deref()))
        .collect();
    verdict.worsen(compare_range(&ranges, lock.head.requires_python.as_deref()));
    let lower = lock.head.requires_python.as_deref().and_then(|text| VersionSpecifiers::from_str(text).ok());
    let lower = lower.and_then(|range| lowest(&range));
    let compare = Compare { root, own, settings, members, lower, revision: lock.head.revision };
    for located in &lock.packages {
        if let Some(registry) = &located.package.source.registry
            && !settings.knows(registry)
        {
            verdict.worsen(Verdict::Refused(format!(
                "{} comes from a registry that is not among those that are configured",
                located.package.name
            )));
        }
    }
    for local in locals {
        let package = &lock.packages[local.package].package;
        if let Some(manifest) = &local.manifest {
            verdict.worsen(compare.one(package, local, manifest));
        }
    }
    verdict
}

/// The members by name, with their folders and whether uv builds them.
fn members_of(root: &Path, own: &Manifest, ask: &Ask<'_>) -> Result<BTreeMap<String, (PathBuf, bool)>, Verdict> {
    let mut folders = BTreeSet::new();
    let workspace = own.uv("workspace");
    let listed =
        |key: &str| workspace.and_then(|table| table.get(key)).and_then(toml::Value::as_array).into_iter().flatten();
    let patterns = |key: &str| listed(key).filter_map(toml::Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    let excluded: BTreeSet<PathBuf> = patterns("exclude")
        .iter()
        .flat_map(|pattern| members::named(root, pattern, "pyproject.toml", ask.look))
        .collect();
    for pattern in patterns("members") {
        folders.extend(members::named(root, &pattern, "pyproject.toml", ask.look));
    }
    let mut out = BTreeMap::new();
    if let Some(project) = &own.project {
        out.insert(normal(&project.name), (clean(root), own.is_package()));
    }
    for folder in folders.into_iter().take(MOST_MEMBERS) {
        if excluded.contains(&folder) || folder == clean(root) {
            continue;
        }
        let path = folder.join("pyproject.toml");
        let text = ask.look.text(&path, LARGEST).map_err(|why| match why {
            Unread::Absent => {
                Verdict::Refused(format!("the workspace names {}, which has no pyproject.toml", folder.display()))
            }
            why => Verdict::Doubtful(format!("{}: {why}", path.display())),
        })?;
        let manifest = Manifest::read(&text).map_err(|why| Verdict::Refused(format!("{}: {why}", path.display())))?;
        if manifest.uv("managed").and_then(toml::Value::as_bool) == Some(false) {
            continue;
        }
        let Some(project) = &manifest.project else {
            return Err(Verdict::Refused(format!("{} is a member and names no project", path.display())));
        };
        out.insert(normal(&project.name), (folder, manifest.is_package()));
    }
    Ok(out)
}

/// The members that a manifest says are to come from the workspace.
fn members_asked_for(manifest: &Manifest) -> Vec<String> {
    let sources = manifest.uv("sources").and_then(toml::Value::as_table).into_iter().flatten();
    let workspace = |source: &toml::Value| source.get("workspace").and_then(toml::Value::as_bool) == Some(true);
    let of = sources
        .filter(|(_, source)| workspace(source) || source.as_array().is_some_and(|all| all.iter().any(workspace)));
    of.map(|(name, _)| normal(name)).collect()
}

/// The lowest version that a range allows.
fn lowest(range: &VersionSpecifiers) -> Option<Version> {
    range
        .iter()
        .filter(|one| {
            matches!(
                one.operator(),
                Operator::GreaterThanEqual | Operator::TildeEqual | Operator::Equal | Operator::EqualStar
            )
        })
        .map(|one| one.version().clone())
        .max()
}

/// Whether the ranges that members ask for come to what the lockfile has.
fn compare_range(asked: &[Option<&str>], locked: Option<&str>) -> Verdict {
    let read = |text: &str| VersionSpecifiers::from_str(text).map_err(|error| Verdict::Refused(error.to_string()));
    let mut all: BTreeSet<String> = BTreeSet::new();
    for text in asked.iter().flatten() {
        match read(text) {
            Ok(range) => all.extend(range.iter().map(ToString::to_string)),
            Err(why) => return why,
        }
    }
    let Some(locked) = locked else {
        return Verdict::Doubtful("the lockfile does not say for which Pythons it is".into());
    };
    let locked = match read(locked) {
        Ok(range) => range,
        Err(why) => return why,
    };
    let same: BTreeSet<String> = locked.iter().map(ToString::to_string).collect();
    if all == same {
        return Verdict::Sound;
    }
    if all.is_empty() {
        // uv takes the version of the Python at hand, when it locks.
        return Verdict::Doubtful("no manifest says for which Pythons the project is".into());
    }
    let lower = |text: &String| text.strip_prefix(">=").and_then(|version| Version::from_str(version.trim()).ok());
    let (wanted, has): (Option<Vec<Version>>, Option<Vec<Version>>) =
        (all.iter().map(lower).collect(), same.iter().map(lower).collect());
    match (wanted, has) {
        (Some(wanted), Some(has)) if wanted.iter().max() == has.iter().max() => Verdict::Sound,
        (Some(_), Some(_)) => {
            Verdict::Refused("the manifests ask for other Pythons than the lockfile was made for".into())
        }
        _ if asked.len() == 1 => {
            Verdict::Refused("the manifest asks for other Pythons than the lockfile was made for".into())
        }
        _ => Verdict::Doubtful("whether the manifests ask for the Pythons of the lockfile is not compared".into()),
    }
}
