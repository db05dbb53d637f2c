//! The judgement of one `yarn.lock` of Yarn 1: every package with what its cache and its offline mirror have for it.
//! May not look into the cache itself.

mod archive;
mod cache;
mod lock;
pub(super) mod settings;
mod walk;

use super::program::{self, Program, Wish};
use crate::ecosystem::{Ask, Broken, Judged, Line, Repair, Shared, Verdict};
use crate::npm;
use crate::text::Places;
use cache::{Asked, Held, Said};
use contract::{Artifact, ArtifactState, Cache};
use lock::{Entry, Lock};
use settings::Settings;
use std::collections::HashMap;
use std::ops::Range as Span;
use std::path::Path;
use walk::Walk;

fn ids(lock: &Lock) -> Vec<String> {
    super::ids(lock.entries.iter().map(|entry| (entry.name.as_str(), entry.version.as_str())))
}

pub(super) fn locate(text: &str) -> (Vec<(String, Span<usize>)>, Vec<Broken>) {
    let lock = lock::read(text);
    let ids = ids(&lock);
    (ids.into_iter().zip(lock.entries.iter().map(|entry| entry.span.clone())).collect(), lock.broken)
}

pub(super) fn archives(text: &str) -> Vec<String> {
    let lock = lock::read(text);
    let named = |entry: &Entry| {
        let address = entry.resolved.as_deref()?.split('#').next()?;
        Some(address.strip_prefix("file:")?.to_owned())
    };
    lock.entries.iter().filter_map(named).collect()
}

/// Names of packages, and the addresses that the lockfile has for their archives.
pub(super) fn addresses(text: &str) -> Vec<(String, String)> {
    let entries = lock::read(text).entries.into_iter();
    entries
        .filter_map(|entry| Some((entry.name, entry.resolved.filter(|address| address.starts_with("http"))?)))
        .collect()
}

pub(super) fn judge(mut judged: Judged, text: &str, ask: &Ask<'_>) -> Judged {
    let lock = lock::read(text);
    let places = Places::new(text);
    for broken in &lock.broken {
        judged.broken(broken, &places);
    }
    judged.verdict.worsen(form(&lock));
    let lockfile = judged.lockfile.clone();
    let folder = lockfile.parent().unwrap_or(&lockfile);
    let settings = settings::read(folder, ask);
    judged.verdict.worsen(settings.verdict.clone());
    let walk = walk::follow(folder, &lock, ask);
    let manager = manager(&walk);
    let wish = Wish { manager: manager.as_deref(), path: settings.program.clone() };
    let program = match program::find(&wish, ask) {
        Ok(program) => Some(program),
        Err(verdict) => {
            judged.verdict.worsen(verdict);
            None
        }
    };
    judged.verdict.worsen(fits(program.as_ref(), manager.as_deref()));
    // A lockfile that is broken is refused for that.
    if lock.broken.is_empty() {
        judged.verdict.worsen(walk.verdict.clone());
    }
    judged.mirrors.clone_from(&settings.npm.mirrors);
    judged.mirrors.iter_mut().for_each(|mirror| mirror.ecosystem = "yarn".into());
    judged.manifests = walk.members.iter().map(|member| member.path.clone()).collect();
    judged.watch.extend(judged.manifests.iter().cloned().chain(settings.files.iter().cloned()));
    judged.watch.push(settings.cache.clone());
    judged.watch.extend(settings.mirror.clone());

    let wanted: Vec<usize> =
        (0..lock.entries.len()).filter(|&at| walk.needed[at] && lock.entries[at].resolved.is_some()).collect();
    let asked = |&at: &usize| Asked { entry: &lock.entries[at], optional: walk.optional[at] };
    let held = cache::look(&wanted.iter().map(asked).collect::<Vec<_>>(), &settings, folder, ask);
    if lock.broken.is_empty() {
        for (&at, held) in wanted.iter().zip(&held) {
            let said = held.said.as_ref();
            let told = engines(&lock.entries[at], said, walk.optional[at], &settings, program.as_ref());
            judged.verdict.worsen(told);
        }
        judged.verdict.worsen(root_engines(&walk, &settings, program.as_ref()));
    }
    let mut held: HashMap<usize, Held> = wanted.into_iter().zip(held).collect();
    let ids = ids(&lock);
    let mut bytes = 0;
    for ((at, entry), id) in lock.entries.iter().enumerate().zip(ids) {
        let held = held.remove(&at).unwrap_or_else(|| Held::new(ArtifactState::Missing, unlooked(&walk, at)));
        let place = judged.artifacts.len() as u32;
        let present = held.state == ArtifactState::Present;
        bytes += held.bytes.filter(|_| present).unwrap_or(0);
        let mut files = held.files.into_iter().filter(|_| present);
        judged.contents.push(files.next());
        judged.shared.extend(files.map(|content| Shared {
            broken: format!("a file of it in Yarn's cache is not as its archive has it: {}", content.path.display()),
            content,
            artifacts: vec![place],
        }));
        let cache = settings.cache.parent().and_then(Path::to_str).map(str::to_owned);
        judged.repairs.push(Repair { spec: cache, ..held.repair });
        let folder = entry.resolved.is_none() && walk.needed[at];
        judged.artifacts.push(Artifact {
            id,
            ecosystem: "yarn".into(),
            name: entry.name.clone(),
            version: entry.version.clone(),
            state: if folder { ArtifactState::Present } else { held.state },
            evidence: held.evidence,
            looked_in: held.looked_in,
            verified: false,
            needed_by: Vec::new(),
            target: None,
            other_target: !walk.needed[at],
            dev: walk.dev[at],
            optional: walk.optional[at],
            bytes: held.bytes,
            file: lockfile.clone(),
            range: places.range(entry.span.clone()),
            manifests: Vec::new(),
        });
    }
    graph(&mut judged, &lock, &walk);
    judged.caches.push(Cache {
        ecosystem: "yarn".into(),
        path: settings.cache,
        bytes: Some(bytes),
        ..Cache::default()
    });
    judged
}

fn unlooked(walk: &Walk, at: usize) -> &'static str {
    if walk.needed[at] {
        "the folder that the lockfile names is there"
    } else {
        "nothing asks for it, and it was not looked for"
    }
}

/// Whether the lockfile is of a form that Yarn 1 takes without changing it.
fn form(lock: &Lock) -> Verdict {
    if lock.more {
        return Verdict::Doubtful("a part of the lockfile is not read".into());
    }
    if lock.conflicted {
        return Verdict::Refused("the lockfile has conflict markers, and Yarn would have to change it".into());
    }
    if !lock.broken.is_empty() {
        return Verdict::Refused("a part of the lockfile cannot be read".into());
    }
    Verdict::Sound
}

/// `packageManager` of the project.
fn manager(walk: &Walk) -> Option<String> {
    let manifest = serde_json::from_str::<serde_json::Value>(&walk.members.first()?.text).ok()?;
    manifest.get("packageManager").and_then(serde_json::Value::as_str).map(str::to_owned)
}

/// Whether the Yarn that would run is one that reads this lockfile, and lets itself be used here.
fn fits(program: Option<&Program>, manager: Option<&str>) -> Verdict {
    let Some(program) = program else { return Verdict::Sound };
    let version = &program.version;
    match (version.major, version.minor) {
        (1, 22) => {}
        (1, _) => return Verdict::Doubtful(format!("Yarn {version} keeps its cache in a form that is not judged")),
        _ => {
            let why = format!("the lockfile is one of Yarn 1, and Yarn {version} would have to change it");
            return Verdict::Refused(why);
        }
    }
    let other = manager.filter(|manager| !manager.starts_with("yarn@0.") && !manager.starts_with("yarn@1."));
    match other.filter(|_| !program.corepack && version.patch >= 20) {
        Some(manager) => Verdict::Refused(format!("package.json says that {manager} is the project's package manager")),
        None => Verdict::Sound,
    }
}

/// Yarn 1 stops at what does not fit its engines or this machine, unless it may be gone without.
fn engines(
    entry: &Entry,
    said: Option<&Said>,
    optional: bool,
    settings: &Settings,
    program: Option<&Program>,
) -> Verdict {
    let Some(said) = said.filter(|_| !optional) else { return Verdict::Sound };
    let label = format!("{} {}", entry.name, entry.version);
    let npm = &settings.npm;
    let here = npm::allows(&npm.os, &said.os) && npm::allows(&npm.cpu, &said.cpu);
    if !here && !settings.any_platform {
        return Verdict::Refused(format!("{label} is not for this machine, and may not be gone without"));
    }
    let yarn = program.map(|program| program.version.to_string());
    let mut verdict = Verdict::Sound;
    for (what, asked, have) in
        [("Node", said.node.as_deref(), npm.node.as_deref()), ("Yarn", said.yarn.as_deref(), yarn.as_deref())]
    {
        let Some(asked) = asked.filter(|_| !settings.any_engine) else { continue };
        verdict.worsen(match have.and_then(|have| npm::satisfies(have, asked)) {
            Some(true) => Verdict::Sound,
            Some(false) => Verdict::Refused(format!("{label} wants {what} {asked}, and another is here")),
            None if what == "Yarn" && have.is_none() => Verdict::Sound,
            None => Verdict::Doubtful(format!("{label} wants {what} {asked}, and whether that is here is not known")),
        });
    }
    verdict
}

fn root_engines(walk: &Walk, settings: &Settings, program: Option<&Program>) -> Verdict {
    let Some(root) = walk.members.first() else { return Verdict::Sound };
    let manifest = serde_json::from_str::<serde_json::Value>(&root.text).unwrap_or_default();
    let list = |key: &str| -> Vec<String> {
        let list = manifest.get(key).and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
        list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let engine = |name: &str| manifest.pointer(&format!("/engines/{name}")).and_then(serde_json::Value::as_str);
    let said = Said {
        node: engine("node").map(str::to_owned),
        yarn: engine("yarn").map(str::to_owned),
        os: list("os"),
        cpu: list("cpu"),
    };
    let own = Entry {
        name: "this project".into(),
        version: String::new(),
        uid: None,
        resolved: None,
        integrity: None,
        dependencies: Vec::new(),
        optional: Vec::new(),
        span: 0..0,
    };
    engines(&own, Some(&said), false, settings, program)
}

/// Who needs whom, and the lines of manifests that lead there.
fn graph(judged: &mut Judged, lock: &Lock, walk: &Walk) {
    let all = lock.entries.len();
    let labels = lock.entries.iter().map(|entry| format!("{} {}", entry.name, entry.version));
    let shown = |member: &walk::Member| match member.name.as_str() {
        "" => member.path.display().to_string(),
        name => name.to_owned(),
    };
    judged.graph.labels = labels.chain(walk.members.iter().map(shown)).collect();
    judged.graph.artifact = (0..all as u32).map(Some).chain(walk.members.iter().map(|_| None)).collect();
    judged.graph.needs = vec![Vec::new(); judged.graph.labels.len()];
    for &(from, to) in &walk.edges {
        judged.graph.needs[from as usize].push(to);
    }
    judged.graph.needs.iter_mut().for_each(|needs| needs.sort_unstable());
    for (member, lines) in walk.members.iter().zip(&walk.lines) {
        let places = Places::new(&member.text);
        for named in npm::manifest::named(&member.text) {
            let mut to: Vec<u32> =
                lines.iter().filter(|(name, _)| *name == named.key).map(|(_, entry)| *entry).collect();
            to.sort_unstable();
            to.dedup();
            if !to.is_empty() {
                let range = places.range(named.span);
                judged.graph.lines.push(Line { file: member.path.clone(), range, dependency: named.key, to });
            }
        }
    }
}
