//! The judgement of one `pylock.toml`: every package with what uv's cache has for it, as `uv pip sync pylock.toml --offline` takes it.
//! May not look into the cache itself.

use super::here::{self, Here};
use super::judge::{Cached, cached};
use super::manifest::{self, LARGEST, Manifest};
use super::needs::Needs;
use super::pylock::{self, Standard};
use super::settings::{self, Settings};
use super::{LARGEST_LOCKFILE, python};
use crate::ecosystem::{Ask, Judged, Line, Verdict};
use crate::look::Seen;
use crate::python::{marker, name};
use crate::text::Places;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub(super) fn judge(lockfile: &Path, ask: &Ask<'_>) -> Judged {
    let (mut judged, text) = Judged::begin(lockfile, LARGEST_LOCKFILE, ask.look);
    let Some(text) = text else { return judged };
    let mut read = pylock::read(&text);
    let places = Places::new(&text);
    for broken in &read.lock.broken {
        judged.broken(broken, &places);
        judged.verdict.worsen(Verdict::Refused("a part of the lockfile cannot be read".into()));
    }
    for doubt in read.odd.iter().filter(|_| read.lock.broken.is_empty()).chain(&read.doubts) {
        judged.verdict.worsen(Verdict::Doubtful(doubt.clone()));
    }
    let folder = lockfile.parent().unwrap_or(lockfile);
    let own = folder.join("pyproject.toml");
    let project = ask.look.text(&own, LARGEST).ok();
    let manifest = project.as_deref().and_then(|text| Manifest::read(text).ok()).unwrap_or_default();
    let settings = by_pip(folder, settings::read(folder, &manifest, ask), &manifest, ask);
    for doubt in &settings.doubts {
        judged.verdict.worsen(Verdict::Doubtful(doubt.clone()));
    }
    judged.mirrors.clone_from(&settings.mirrors);
    judged.watch.extend(settings.files.iter().cloned());
    judged.watch.push(settings.environment.clone());
    let here = here(folder, &read, &settings, &mut judged.verdict, ask);
    let needs = match &here {
        Some(here) => needs(&read, here, &mut judged.verdict),
        None => Needs { needed: vec![true; read.lock.packages.len()], ..Needs::none(String::new()) },
    };
    if let Some(here) = &here {
        registries(&mut read, here);
    }
    if let Some(text) = &project {
        judged.watch.push(own.clone());
        judged.manifests.push(own.clone());
        let found = lines(&own, text, &read);
        judged.graph.lines = found;
    }
    let (lock, here) = (&read.lock, here.as_ref());
    cached(judged, places, &Cached { lockfile, lock, needs: &needs, here, settings: &settings }, ask)
}

/// The settings as `uv pip` takes them: another way to the environment, and a table of its own.
fn by_pip(folder: &Path, mut settings: Settings, manifest: &Manifest, ask: &Ask<'_>) -> Settings {
    let given = |name: &str| ask.options.homes.variable(name).filter(|value| !value.is_empty());
    let nearest = || {
        let places = folder.ancestors().map(|above| above.join(".venv"));
        places.into_iter().find(|place| matches!(ask.look.at(place), Seen::Folder(_)))
    };
    let active = given("VIRTUAL_ENV").map(PathBuf::from);
    settings.environment = active.or_else(nearest).unwrap_or_else(|| folder.join(".venv"));
    for name in ["CONDA_PREFIX", "UV_PYTHON"] {
        if given(name).is_some() {
            settings.doubts.push(format!("the variable {name} is set, which is not followed"));
        }
    }
    if manifest.uv("pip").and_then(toml::Value::as_table).is_some_and(|table| !table.is_empty()) {
        settings.doubts.push("the settings [tool.uv.pip] are not followed".into());
    }
    settings
}

/// The Python of the environment that is there, whatever else is on the machine; else that of a new one.
fn here(folder: &Path, read: &Standard, settings: &Settings, verdict: &mut Verdict, ask: &Ask<'_>) -> Option<Here> {
    let there = matches!(ask.look.at(&settings.environment), Seen::Folder(_));
    let here = here::find(folder, &read.lock, settings, verdict, ask)?;
    if there && here.python.environment.is_none() {
        let asked = read.lock.head.requires_python.as_deref().unwrap_or("another Python");
        let place = settings.environment.display();
        verdict.worsen(Verdict::Refused(format!("the lockfile is for Python {asked}, and {place} has another")));
        return None;
    }
    Some(here)
}

/// What counts here: what has no condition, or one that holds.
fn needs(read: &Standard, here: &Here, verdict: &mut Verdict) -> Needs {
    let mut needs = Needs { needed: vec![false; read.terms.len()], ..Needs::none(String::new()) };
    let mut by_name: HashMap<&str, Vec<u32>> = HashMap::new();
    for (at, located) in read.lock.packages.iter().enumerate() {
        by_name.entry(&located.package.name).or_default().push(at as u32);
    }
    for (at, terms) in read.terms.iter().enumerate() {
        let name = &read.lock.packages[at].package.name;
        let holds = |text: &str| -> Result<bool, String> {
            let told: Result<Vec<bool>, String> =
                here.environments.iter().map(|one| marker::holds(text, one, &[])).collect();
            match told?.as_slice() {
                [first, rest @ ..] if rest.iter().all(|one| one == first) => Ok(*first),
                _ => Err(format!("whether {name} is needed hangs on the patch of this Python, which shows nowhere")),
            }
        };
        needs.needed[at] = terms.marker.as_deref().map_or(Ok(true), holds).unwrap_or_else(|why| {
            verdict.worsen(Verdict::Doubtful(why));
            true
        });
        if let Some(asked) = terms.requires_python.as_deref().filter(|_| needs.needed[at])
            && !fits(asked, here)
        {
            let why = format!("whether {name} may be installed for this Python is not known: it asks for {asked}");
            verdict.worsen(Verdict::Doubtful(why));
        }
        for name in &terms.needs {
            let to = name::normal(name).and_then(|name| by_name.get(name.as_str()));
            if let Some([to]) = to.map(Vec::as_slice) {
                needs.edges.push((at as u32, *to));
            }
        }
    }
    let twice = by_name.iter().find(|(_, all)| all.iter().filter(|at| needs.needed[**at as usize]).count() > 1);
    if let Some((name, _)) = twice {
        verdict.worsen(Verdict::Doubtful(format!("the lockfile has {name} more than once for this machine")));
    }
    needs
}

fn fits(asked: &str, here: &Here) -> bool {
    let Ok(Some(range)) = python::range(Some(asked)) else { return false };
    let patches = here.python.patch.map_or_else(|| vec![0, 99], |patch| vec![patch]);
    let version = |patch: u16| pep440_rs::Version::new([3, u64::from(here.python.minor), u64::from(patch)]);
    patches.into_iter().all(|patch| range.contains(&version(patch)))
}

/// Where no registry is named, uv takes the folder of the file for one: of the wheel that it would take, else of the sources.
fn registries(read: &mut Standard, here: &Here) {
    for (located, terms) in read.lock.packages.iter_mut().zip(&read.terms) {
        let package = &mut located.package;
        if terms.indexed || package.source.registry.is_none() {
            continue;
        }
        let named: Vec<_> = package
            .wheels
            .iter()
            .filter_map(|archive| Some((archive, name::Wheel::read(&archive.file_name()?)?)))
            .collect();
        let best = here.tags.best(named.iter().map(|(_, wheel)| wheel));
        let taken = best.map(|best| named[best].0).or(package.sdist.as_ref());
        let folder = taken.and_then(|archive| pylock::folder_of(archive.url.as_deref()?));
        package.source.registry = folder;
    }
}

/// The lines of the manifest beside it, and the packages of that name.
fn lines(path: &Path, text: &str, read: &Standard) -> Vec<Line> {
    let places = Places::new(text);
    let all = read.lock.packages.iter().enumerate();
    let to = |key: &str| -> Vec<u32> {
        all.clone().filter(|(_, located)| located.package.name == key).map(|(at, _)| at as u32).collect()
    };
    let named = manifest::named(text).into_iter();
    let lines = named.map(|named| {
        let (range, to) = (places.range(named.span), to(&named.key));
        Line { file: path.to_path_buf(), range, dependency: named.key, to }
    });
    lines.filter(|line| !line.to.is_empty()).collect()
}
