//! The judgement of one `uv.lock`: every package with what uv's cache has for it.
//! May not look into the cache itself.

use super::build::{self, Tool, Tools};
use super::find::{Finder, Found};
use super::here::{self, Here};
use super::lock::{self, Located, Lock};
use super::manifest::{self, LARGEST, Manifest};
use super::needs::{self, Needs};
use super::program::{self, Program};
use super::settings::{self, Settings};
use super::store::Store;
use super::sync::{self, Local};
use super::tags::{Platform, Tags};
use super::{LARGEST_LOCKFILE, artifacts};
use crate::ecosystem::{Ask, Judged, Line, Verdict};
use crate::held::Held;
use crate::look::Unread;
use crate::text::Places;
use contract::{Artifact, ArtifactState, Cache, Range};
use rayon::prelude::*;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The form of lockfiles that is judged.
const FORM: u32 = 1;

pub(super) fn judge(lockfile: &Path, ask: &Ask<'_>) -> Judged {
    let (mut judged, text) = Judged::begin(lockfile, LARGEST_LOCKFILE, ask.look);
    let Some(text) = text else { return judged };
    let lock = lock::read(&text);
    let places = Places::new(&text);
    for broken in &lock.broken {
        judged.broken(broken, &places);
        judged.verdict.worsen(Verdict::Refused("a part of the lockfile cannot be read".into()));
    }
    if lock.head.version != Some(FORM) && lock.broken.is_empty() {
        judged.verdict.worsen(match lock.head.version {
            None => Verdict::Refused("the lockfile does not say which version it has".into()),
            Some(version) => Verdict::Doubtful(format!("the lockfile has a version that is not known: {version}")),
        });
    }
    let folder = lockfile.parent().unwrap_or(lockfile);
    let manifest = own_manifest(folder, &mut judged, ask);
    let settings = settings::read(folder, &manifest, ask);
    for doubt in &settings.doubts {
        judged.verdict.worsen(Verdict::Doubtful(doubt.clone()));
    }
    judged.mirrors.clone_from(&settings.mirrors);
    judged.watch.extend(settings.files.iter().cloned());
    let sync = sync::compare(folder, &lock, &manifest, &settings, ask);
    // A lockfile that is broken is refused for that.
    if lock.broken.is_empty() {
        judged.verdict.worsen(sync.verdict);
    }
    let manifests = sync.locals.iter().map(|local| local.path.clone()).chain([folder.join("pyproject.toml")]);
    judged.manifests = manifests.collect();
    judged.manifests.sort();
    judged.manifests.dedup();
    judged.watch.extend(judged.manifests.iter().cloned());

    let here = here::find(folder, &lock, &settings, &mut judged.verdict, ask);
    let cannot = |why: String| Needs { needed: vec![true; lock.packages.len()], ..Needs::none(why) };
    let needs = match &here {
        Some(here) => needs::follow(&lock, &manifest, &here.environments).unwrap_or_else(cannot),
        None => cannot(String::new()),
    };
    if let Some(why) = &needs.doubt {
        judged.verdict.worsen(Verdict::Doubtful(why.clone()));
    }
    let asked = Cached { lockfile, lock: &lock, needs: &needs, here: here.as_ref(), settings: &settings };
    let mut judged = cached(judged, places, &asked, ask);
    judged.graph.lines = lines(&sync.locals, &lock);
    judged
}

/// What uv's cache is asked for.
pub(super) struct Cached<'a> {
    pub lockfile: &'a Path,
    pub lock: &'a Lock,
    pub needs: &'a Needs,
    pub here: Option<&'a Here>,
    pub settings: &'a Settings,
}

/// Adds what uv's cache has of each package, and what is said of the uv that is here.
pub(super) fn cached(mut judged: Judged, places: Places<'_>, asked: &Cached<'_>, ask: &Ask<'_>) -> Judged {
    let Cached { lockfile, lock, needs, here, settings } = *asked;
    let folder = lockfile.parent().unwrap_or(lockfile);
    let uv = match program::find(ask) {
        Program::Known { version } => version,
        Program::Doubt(why) => {
            judged.verdict.worsen(Verdict::Doubtful(why));
            None
        }
    };
    if let Some(asked) = &settings.required {
        judged.verdict.worsen(required(asked, uv.as_ref()));
    }
    let empty = Tags::of(0, &Platform { machine: String::new(), glibc: (0, 0) });
    let store = Store { cache: &settings.cache, tags: here.map_or(&empty, |here| &here.tags), ask };
    let finder = Finder { store: &store, folder, lock, python: here.map(|here| &here.python) };
    let looked: Vec<Option<Found>> = (0..lock.packages.len())
        .into_par_iter()
        .map(|at| (here.is_some() && needs.needed[at]).then(|| finder.find(at)))
        .collect();
    judged.watch.push(settings.cache.clone());
    let mut told = Told { judged, places, lockfile, target: ask.target, by_id: HashMap::new(), bytes: 0 };
    told.packages(lock, needs, looked, here, uv.as_ref(), &store);
    let Told { mut judged, bytes, .. } = told;
    judged.caches.push(Cache {
        ecosystem: "uv".into(),
        path: settings.cache.clone(),
        bytes: Some(bytes),
        ..Cache::default()
    });
    judged
}

fn own_manifest(folder: &Path, judged: &mut Judged, ask: &Ask<'_>) -> Manifest {
    let path = folder.join("pyproject.toml");
    let read = match ask.look.text(&path, LARGEST) {
        Ok(text) => Manifest::read(&text).map_err(|why| Verdict::Refused(format!("{}: {why}", path.display()))),
        Err(Unread::Absent) => Err(Verdict::Refused("there is no pyproject.toml beside the lockfile".into())),
        Err(why) => Err(Verdict::Doubtful(format!("{}: {why}", path.display()))),
    };
    let manifest = read.unwrap_or_else(|verdict| {
        judged.verdict.worsen(verdict);
        Manifest::default()
    });
    if let Some(above) = workspace_above(folder, &manifest, ask) {
        let why =
            format!("{} has a workspace that this project belongs to, and uv would take its lockfile", above.display());
        judged.verdict.worsen(Verdict::Doubtful(why));
    }
    manifest
}

/// The nearest folder above whose workspace has this one among its members.
fn workspace_above(folder: &Path, own: &Manifest, ask: &Ask<'_>) -> Option<PathBuf> {
    if own.uv("workspace").is_some() {
        return None;
    }
    for above in folder.ancestors().skip(1) {
        let Ok(text) = ask.look.text(&above.join("pyproject.toml"), LARGEST) else { continue };
        let Ok(manifest) = Manifest::read(&text) else { continue };
        let Some(workspace) = manifest.uv("workspace") else { continue };
        let members = workspace.get("members").and_then(toml::Value::as_array).into_iter().flatten();
        let mut named = members
            .filter_map(toml::Value::as_str)
            .flat_map(|pattern| crate::members::named(above, pattern, "pyproject.toml", ask.look));
        return named.any(|member| member == crate::members::clean(folder)).then(|| above.to_path_buf());
    }
    None
}

fn required(asked: &str, uv: Option<&pep440_rs::Version>) -> Verdict {
    use std::str::FromStr;
    let range = pep440_rs::VersionSpecifiers::from_str(asked)
        .or_else(|_| pep440_rs::VersionSpecifiers::from_str(&format!("=={asked}")));
    match (range, uv) {
        (Ok(range), Some(uv)) if range.contains(uv) => Verdict::Sound,
        (Ok(_), Some(uv)) => Verdict::Refused(format!("the project asks for uv {asked}, and {uv} is here")),
        _ => Verdict::Doubtful(format!("the project asks for uv {asked}, and which is here is not known")),
    }
}

/// What is said, while it is gathered.
struct Told<'a> {
    judged: Judged,
    places: Places<'a>,
    lockfile: &'a Path,
    target: &'a str,
    /// Artifacts by id.
    by_id: HashMap<String, u32>,
    bytes: u64,
}

impl Told<'_> {
    fn packages(
        &mut self,
        lock: &Lock,
        needs: &Needs,
        looked: Vec<Option<Found>>,
        here: Option<&Here>,
        uv: Option<&pep440_rs::Version>,
        store: &Store<'_>,
    ) {
        let ids: HashMap<usize, String> = artifacts(&lock.packages).into_iter().collect();
        let mut unbuilt: Vec<(usize, PathBuf)> = Vec::new();
        self.judged.graph.artifact = vec![None; lock.packages.len()];
        self.judged.graph.labels = lock.packages.iter().map(label).collect();
        self.judged.graph.needs = vec![Vec::new(); lock.packages.len()];
        for &(from, to) in &needs.edges {
            self.judged.graph.needs[from as usize].push(to);
        }
        for (at, found) in looked.into_iter().enumerate() {
            let located = &lock.packages[at];
            let held = match found {
                Some(Found::Held(held)) => Some(held),
                Some(Found::Unbuilt(folder)) => {
                    unbuilt.push((at, folder));
                    Some(Held::new(ArtifactState::Present, "its sources are in uv's cache, and uv builds it from them"))
                }
                Some(Found::Refused(why)) => {
                    self.judged.verdict.worsen(Verdict::Refused(why.clone()));
                    Some(Held::new(ArtifactState::Missing, why))
                }
                Some(Found::Local(folder)) => {
                    unbuilt.push((at, folder));
                    None
                }
                Some(Found::Nothing) => None,
                None => Some(Held::new(
                    if here.is_some() { ArtifactState::Missing } else { ArtifactState::Unknown },
                    if here.is_some() {
                        "this machine does not need it, and it was not looked for"
                    } else {
                        "for which Python it is needed is not known"
                    },
                )),
            };
            let (Some(held), Some(id)) = (held, ids.get(&at)) else { continue };
            let range = self.places.range(located.span.clone());
            let version = located.package.version.clone().unwrap_or_default();
            let place = self.artifact(id.clone(), &located.package.name, &version, held, range);
            let artifact = &mut self.judged.artifacts[place as usize];
            artifact.other_target = here.is_some() && !needs.needed[at];
            artifact.dev = needs.dev.get(at).copied().unwrap_or(false);
            self.judged.graph.artifact[at] = Some(place);
        }
        let Some(here) = here else { return };
        for (at, folder) in unbuilt {
            self.tools(at, &folder, here, uv, store);
        }
    }

    /// What building one package needs is needed as it is itself, though the lockfile does not name it.
    fn tools(&mut self, at: usize, folder: &Path, here: &Here, uv: Option<&pep440_rs::Version>, store: &Store<'_>) {
        let label = self.judged.graph.labels[at].clone();
        let doubt = |judged: &mut Judged, why: String| {
            judged.verdict.worsen(Verdict::Doubtful(format!("{label} has to be built: {why}")));
        };
        let system = match build::system(folder, store) {
            Ok(system) => system,
            Err(why) => return doubt(&mut self.judged, why),
        };
        let mut known: Option<Vec<Tool>> = None;
        for environment in &here.environments {
            match build::tools(&system, uv, environment, store) {
                Tools::None => {
                    if let Some(why) = build::lacks_module(folder, store) {
                        doubt(&mut self.judged, why);
                    }
                    return;
                }
                Tools::Doubt(why) => return doubt(&mut self.judged, why),
                Tools::These(tools) => {
                    let same = |known: &Vec<Tool>| {
                        known
                            .iter()
                            .map(|tool| (&tool.name, &tool.version))
                            .eq(tools.iter().map(|tool| (&tool.name, &tool.version)))
                    };
                    if known.as_ref().is_some_and(|known| !same(known)) {
                        return doubt(&mut self.judged, "with what hangs on the patch of this Python".into());
                    }
                    known = Some(tools);
                }
            }
        }
        for tool in known.unwrap_or_default() {
            let version = if tool.version.is_empty() { "?" } else { &tool.version };
            let id = format!("uv:{}@{version}", tool.name);
            let node = if let Some(place) = self.by_id.get(&id).copied() {
                self.judged.graph.artifact.iter().position(|artifact| *artifact == Some(place))
            } else {
                let place = self.artifact(id, &tool.name, &tool.version, tool.held, Range::default());
                self.judged.repairs[place as usize].spec = Some(tool.asked);
                self.judged.graph.labels.push(format!("{} {version}", tool.name));
                self.judged.graph.needs.push(Vec::new());
                self.judged.graph.artifact.push(Some(place));
                Some(self.judged.graph.labels.len() - 1)
            };
            if let Some(node) = node {
                self.judged.graph.needs[at].push(node as u32);
            }
        }
    }

    fn artifact(&mut self, id: String, name: &str, version: &str, mut held: Held, range: Range) -> u32 {
        let place = self.judged.artifacts.len() as u32;
        self.by_id.insert(id.clone(), place);
        self.bytes += held.leave(&mut self.judged, None, " in uv's cache");
        self.judged.artifacts.push(Artifact {
            id,
            ecosystem: "uv".into(),
            name: name.to_owned(),
            version: version.to_owned(),
            state: held.state,
            evidence: held.evidence,
            looked_in: held.looked_in,
            verified: false,
            needed_by: Vec::new(),
            target: Some(self.target.to_owned()),
            other_target: false,
            dev: false,
            optional: false,
            bytes: held.bytes,
            file: self.lockfile.to_path_buf(),
            range,
            manifests: Vec::new(),
        });
        place
    }
}

fn label(located: &Located) -> String {
    match &located.package.version {
        Some(version) => format!("{} {version}", located.package.name),
        None => located.package.name.clone(),
    }
}

/// The lines of manifests, and the packages that they lead to.
fn lines(locals: &[Local], lock: &Lock) -> Vec<Line> {
    let mut out = Vec::new();
    for local in locals {
        let package = &lock.packages[local.package].package;
        let places = Places::new(&local.text);
        let all = package.dependencies.iter().chain(package.optional_dependencies.values().flatten());
        let all: Vec<_> = all.chain(package.dev_dependencies.values().flatten()).collect();
        for named in manifest::named(&local.text) {
            let wanted = |dependency: &&&lock::Dependency| dependency.name == named.key;
            let mut to: Vec<u32> = all
                .iter()
                .filter(wanted)
                .flat_map(|dependency| {
                    let fits = |located: &Located| {
                        located.package.name == dependency.name
                            && dependency
                                .version
                                .as_ref()
                                .is_none_or(|version| located.package.version.as_ref() == Some(version))
                    };
                    lock.packages.iter().enumerate().filter(move |(_, located)| fits(located)).map(|(at, _)| at as u32)
                })
                .collect();
            to.sort_unstable();
            to.dedup();
            if !to.is_empty() {
                let range = places.range(named.span);
                out.push(Line { file: local.path.clone(), range, dependency: named.key, to });
            }
        }
    }
    out
}
