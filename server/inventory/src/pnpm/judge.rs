//! The judgement of one `pnpm-lock.yaml`: every package with what pnpm's store has for it.
//! May not look into the store itself.

use super::lock::{self, Lock, Package};
use super::needs::{self, Needs};
use super::policy;
use super::program::{self, Form};
use super::settings::{self, LARGEST};
use super::store::Store;
use super::sync::{self, Project};
use super::{LARGEST_LOCKFILE, id};
use crate::ecosystem::{Ask, Judged, Line, Verdict};
use crate::held::Held;
use crate::npm;
use crate::registries::mirror;
use crate::text::Places;
use contract::{Artifact, ArtifactState, Cache};
use std::collections::HashMap;
use std::path::Path;

/// The form of lockfiles that is judged.
const FORM: &str = "9.0";

pub(super) fn judge(lockfile: &Path, ask: &Ask<'_>) -> Judged {
    let (mut judged, text) = Judged::begin(lockfile, LARGEST_LOCKFILE, ask.look);
    let Some(text) = text else { return judged };
    let lock = lock::read(&text);
    let places = Places::new(&text);
    for broken in &lock.broken {
        judged.broken(broken, &places);
    }
    judged.verdict.worsen(form(&lock));
    let folder = lockfile.parent().unwrap_or(lockfile);
    let own = ask.look.text(&folder.join("package.json"), LARGEST).ok();
    let own: serde_json::Value = own.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let manager = own.get("packageManager").and_then(serde_json::Value::as_str);
    let program = program::find(manager, ask);
    if let Err(why) = &program {
        judged.verdict.worsen(why.clone());
    }
    let program = program.ok();
    let form = program.as_ref().map_or(Form::Files, |program| program.form);
    let settings = settings::read(folder, &own, form, ask);
    judged.verdict.worsen(settings.verdict.clone());
    judged.verdict.worsen(sync::manager(&own, &settings, program.as_ref(), lock.before));
    if form == Form::Database {
        judged.verdict.worsen(policy::checked(lockfile, ask));
    }
    judged.mirrors.clone_from(&settings.npm.mirrors);
    judged.mirrors.extend(super::asks::named(folder, ask).values().map(|url| mirror("pnpm", url)));
    judged.mirrors.iter_mut().for_each(|mirror| mirror.ecosystem = "pnpm".into());
    let sync = sync::compare(folder, &lock, &settings, program.as_ref(), ask);
    // A lockfile that is broken is refused for that.
    if lock.broken.is_empty() {
        judged.verdict.worsen(sync.verdict);
    }
    judged.manifests = sync.projects.iter().map(|project| project.path.clone()).collect();
    judged.watch.extend(judged.manifests.iter().cloned().chain(settings.files.iter().cloned()));
    judged.watch.push(settings.store.clone());

    let installed: Vec<usize> = sync.projects.iter().filter_map(|project| project.importer).collect();
    let needs = program.as_ref().map(|program| needs::needed(&lock, &installed, &settings.npm, program));
    if let Some(key) = needs.as_ref().and_then(|needs| needs.lacking.first()).filter(|_| lock.broken.is_empty()) {
        judged.verdict.worsen(Verdict::Refused(format!("the lockfile needs {key}, and does not have it")));
    }
    let mut told = Told { judged, places, lockfile, target: ask.target, store: &settings.store, bytes: 0 };
    let mut held: HashMap<usize, Held> = HashMap::new();
    if let Some(needs) = &needs {
        let wanted: Vec<usize> = (0..lock.packages.len()).filter(|&at| needs.needed[at]).collect();
        let packages: Vec<&Package> = wanted.iter().map(|&at| &lock.packages[at]).collect();
        let builds = !settings.ignores_scripts;
        let store = Store { folder: &settings.store, form, project: folder, builds, ask };
        held = wanted.into_iter().zip(store.look(&packages)).collect();
    }
    for (at, package) in lock.packages.iter().enumerate() {
        told.package(package, at, held.remove(&at), needs.as_ref());
    }
    let Told { mut judged, bytes, .. } = told;
    graph(&mut judged, &lock, needs.as_ref(), &sync.projects);
    judged.caches.push(Cache {
        ecosystem: "pnpm".into(),
        path: settings.store,
        bytes: Some(bytes),
        ..Cache::default()
    });
    judged
}

/// Whether the lockfile is of a form that is judged.
fn form(lock: &Lock) -> Verdict {
    if lock.mergeable {
        return Verdict::Doubtful(
            "the lockfile has conflict markers, and what pnpm makes of them is not judged".into(),
        );
    }
    if lock.elsewhere {
        return Verdict::Doubtful("a part of the lockfile is not read".into());
    }
    if !lock.broken.is_empty() {
        return Verdict::Refused("a part of the lockfile cannot be read".into());
    }
    match lock.version.as_deref() {
        _ if lock.before > 0 => Verdict::Doubtful("the lockfile has several documents, which is not judged".into()),
        Some(FORM) => Verdict::Sound,
        Some(version) => Verdict::Doubtful(format!("the lockfile has a version that is not known: {version}")),
        None => Verdict::Doubtful("the lockfile does not say which version it has".into()),
    }
}

/// What is said, while it is gathered.
struct Told<'a> {
    judged: Judged,
    places: Places<'a>,
    lockfile: &'a Path,
    target: &'a str,
    store: &'a Path,
    bytes: u64,
}

impl Told<'_> {
    fn package(&mut self, package: &Package, at: usize, held: Option<Held>, needs: Option<&Needs>) {
        let mut held = held.unwrap_or_else(|| match needs {
            Some(_) => Held::new(ArtifactState::Missing, "this machine does not need it, and it was not looked for"),
            None => Held::new(ArtifactState::Unknown, "where pnpm would keep it is not known"),
        });
        let store = self.store.to_str().map(str::to_owned);
        self.bytes += held.leave(&mut self.judged, store, " in pnpm's store");
        let (name, version) = package.name();
        let conditions = !package.os.is_empty() || !package.cpu.is_empty() || !package.libc.is_empty();
        self.judged.artifacts.push(Artifact {
            id: id(package),
            ecosystem: "pnpm".into(),
            name: name.to_owned(),
            version: version.to_owned(),
            state: held.state,
            evidence: held.evidence,
            looked_in: held.looked_in,
            verified: false,
            needed_by: Vec::new(),
            target: conditions.then(|| self.target.to_owned()),
            other_target: needs.is_some_and(|needs| !needs.needed[at]),
            dev: needs.is_some_and(|needs| needs.dev[at]),
            optional: needs.is_some_and(|needs| needs.optional[at]),
            bytes: held.bytes,
            file: self.lockfile.to_path_buf(),
            range: self.places.range(package.span.clone()),
            manifests: Vec::new(),
        });
    }
}

/// Who needs whom, and the lines of manifests that lead there.
fn graph(judged: &mut Judged, lock: &Lock, needs: Option<&Needs>, projects: &[Project]) {
    let packages = lock.packages.len();
    let labels = lock.packages.iter().map(|package| {
        let (name, version) = package.name();
        format!("{name} {version}")
    });
    judged.graph.labels = labels.chain(lock.importers.iter().map(|importer| importer.path.clone())).collect();
    // A project's own name says more than its folder.
    for project in projects {
        let manifest = serde_json::from_str::<serde_json::Value>(&project.text).unwrap_or_default();
        if let (Some(at), Some(name)) = (project.importer, manifest.get("name").and_then(serde_json::Value::as_str)) {
            name.clone_into(&mut judged.graph.labels[packages + at]);
        }
    }
    judged.graph.artifact = (0..packages as u32).map(Some).chain(lock.importers.iter().map(|_| None)).collect();
    judged.graph.needs = vec![Vec::new(); judged.graph.labels.len()];
    for &(from, to) in needs.map(|needs| needs.edges.as_slice()).unwrap_or_default() {
        judged.graph.needs[from as usize].push(to);
    }
    let by_key = lock.by_key();
    for project in projects {
        let Some(importer) = project.importer.map(|at| &lock.importers[at]) else { continue };
        let places = Places::new(&project.text);
        for named in npm::manifest::named(&project.text) {
            let asked = importer.asked.iter().flatten().filter(|asked| asked.name == named.key);
            let keys = asked.filter_map(|asked| lock::follow(&asked.reference, &asked.name));
            let mut to: Vec<u32> =
                keys.filter_map(|key| Some(lock.snapshots[*by_key.get(key.as_str())? as usize].package)).collect();
            to.sort_unstable();
            to.dedup();
            if !to.is_empty() {
                let range = places.range(named.span);
                judged.graph.lines.push(Line { file: project.path.clone(), range, dependency: named.key, to });
            }
        }
    }
}
