//! The judgement of one Maven build: all of its modules, what each depends on, and the plugins that package it.
//! May not read the local repository itself.

use super::facts::{Facts, is_file};
use super::graph::{self, Graph, Node, Whose};
use super::model::{Model, Models, Repositories};
use super::plugins::Plugins;
use super::pom::{Body, Pom};
use super::settings::Settings;
use super::store::Store;
use super::told::Told;
use crate::ecosystem::{Ask, Judged, Line, Verdict};
use crate::fetch::without_credentials;
use crate::members::clean;
use crate::text::Places;
use contract::{Cache, Mirror, MirrorState, Range};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// More modules no build has.
const MOST_MODULES: usize = 5_000;

pub(super) fn judge(lockfile: &Path, ask: &Ask<'_>) -> Judged {
    let mut judged = Judged::new(lockfile);
    let folder = lockfile.parent().unwrap_or(lockfile);
    let mut facts = Facts::read(ask);
    let installation = super::wrapper::find(folder, ask);
    let home = installation.home.as_deref();
    let settings = Settings::read(folder, home, &mut facts, ask);
    judged.verdict.worsen(settings.verdict.clone());
    judged.watch.extend(settings.files.iter().cloned());
    judged.watch.push(settings.repository.clone());
    for file in [PathBuf::from("/etc/mavenrc"), facts.home.join(".mavenrc")] {
        if is_file(&file, ask) {
            let why = format!("{} changes how Maven is called, which is not followed", file.display());
            judged.verdict.worsen(Verdict::Doubtful(why));
        }
    }
    let store = Store { root: settings.repository.clone(), ask };
    let models = Models::new(&store, &settings, &facts);
    let maven = match installation.maven {
        Ok(maven) => Some(maven),
        Err(why) => {
            judged.verdict.worsen(why);
            None
        }
    };
    if let Some(doubt) = installation.doubt {
        judged.verdict.worsen(doubt);
    }
    let modules = modules(lockfile, &models, &mut judged);
    let mut told = Told::new(judged, lockfile);
    if let Some((gav, held)) = &installation.distribution {
        told.tell(gav, ("bin", "zip"), Some(held), None, false);
    }
    let mut plugins = Plugins::new(maven.as_ref(), &models);
    for path in &modules {
        module(path, &models, &mut plugins, &mut told);
    }
    let Told { mut judged, bytes, .. } = told;
    if facts.environment_was_read() {
        ask.look.only_once();
    }
    judged.caches.push(Cache {
        ecosystem: "maven".into(),
        path: settings.repository.clone(),
        bytes: Some(bytes),
        ..Cache::default()
    });
    judged
}

/// The descriptions of the build's modules, with the one that names them.
pub(super) fn modules(lockfile: &Path, models: &Models<'_>, judged: &mut Judged) -> Vec<PathBuf> {
    let mut all = vec![clean(lockfile)];
    let mut seen: HashSet<PathBuf> = all.iter().cloned().collect();
    let mut at = 0;
    while let Some(path) = all.get(at).cloned() {
        at += 1;
        let model = models.of_project(&path);
        if let Some(first) = models.own.borrow_mut().insert(model.gav.clone(), path.clone())
            && first != path
        {
            let why = format!("{} and {} have the same coordinates", first.display(), path.display());
            judged.verdict.worsen(Verdict::Refused(why));
        }
        let folder = path.parent().unwrap_or(&path);
        for name in &model.body.modules {
            let mut below = clean(&folder.join(name.replace('\\', "/")));
            if !is_file(&below, models.store.ask) {
                below = below.join("pom.xml");
            }
            if !is_file(&below, models.store.ask) {
                let why = format!("{} names the module {name}, which is not there", path.display());
                judged.verdict.worsen(Verdict::Refused(why));
            } else if all.len() >= MOST_MODULES {
                let why = format!("more than the {MOST_MODULES} modules that are judged");
                judged.verdict.worsen(Verdict::Doubtful(why));
                break;
            } else if seen.insert(below.clone()) {
                all.push(below);
            }
        }
    }
    // Now that all are known, one can be another's parent or import.
    models.forget();
    judged.manifests = all.iter().filter(|path| *path != lockfile).cloned().collect();
    judged.watch.extend(judged.manifests.iter().cloned());
    all
}

fn module(path: &Path, models: &Models<'_>, plugins: &mut Plugins<'_>, told: &mut Told<'_>) {
    let model = models.of_project(path);
    let folder = path.parent();
    verdicts(&model, told);
    told.judged.watch.extend(model.files.iter().cloned());
    mirrors(&model.body, models, &mut told.judged);
    let mut parents = Vec::new();
    for (gav, held) in &model.rests_on {
        parents.push((gav.clone(), told.description(gav, held, false)));
    }
    let ids: BTreeSet<String> = model.body.repositories.iter().map(|one| models.settings.asked(one)).collect();
    let repositories: Repositories = Rc::new(ids);
    let body = &model.body;
    let graph = graph::resolve(&body.dependencies, &body.managed, &repositories, Whose::Project, folder, false, models);
    doubts(&graph, told);
    let places = told.graph(&graph, &|node: &Node| node.scope == "test");
    let mut direct: HashMap<(String, String), u32> = HashMap::new();
    for at in graph.direct.iter().flatten() {
        let gav = &graph.nodes[*at].gav;
        if let Some(place) = places[*at] {
            direct.insert((gav.group.clone(), gav.artifact.clone()), place);
        }
    }
    let mut of_plugins = HashMap::new();
    for (key, place) in plugins.of_module(&model, told) {
        of_plugins.insert(key, place);
    }
    if let Ok((pom, text)) = &*models.parse(path) {
        let found = lines(path, pom, text, &parents, &direct, &of_plugins);
        for line in &found {
            for &to in &line.to {
                let known = &mut told.judged.artifacts[to as usize];
                if path == told.lockfile && known.range == Range::default() {
                    known.range = line.range;
                }
            }
        }
        told.judged.graph.lines.extend(found);
    }
}

fn verdicts(model: &Model, told: &mut Told<'_>) {
    for why in &model.refused {
        told.judged.verdict.worsen(Verdict::Refused(why.clone()));
    }
    for why in &model.doubts {
        told.judged.verdict.worsen(Verdict::Doubtful(why.clone()));
    }
    let gav = &model.gav;
    if model.refused.is_empty() && (gav.group.is_empty() || gav.artifact.is_empty() || gav.version.is_empty()) {
        told.judged.verdict.worsen(Verdict::Refused("the project has no group, no name or no version".into()));
    }
    for one in &model.body.dependencies {
        let version = one.version.as_deref().unwrap_or_default();
        // A parent or an import that is not here may have it.
        let known = model.rests_on.iter().all(|(_, held)| held.here()) && model.doubts.is_empty();
        if known && (version.is_empty() || version.contains("${")) {
            let why = format!("{}:{} has no version that can be read: {version}", one.group, one.artifact);
            told.judged.verdict.worsen(Verdict::Refused(why));
        }
    }
}

pub(super) fn doubts(graph: &Graph, told: &mut Told<'_>) {
    for why in &graph.doubts {
        told.judged.verdict.worsen(Verdict::Doubtful(why.clone()));
    }
}

/// The repositories that the configuration names, or what stands in for them.
fn mirrors(body: &Body, models: &Models<'_>, judged: &mut Judged) {
    for one in body.repositories.iter().chain(&body.plugin_repositories) {
        let mirror = models.settings.mirror(one);
        if mirror.is_none() && *one == super::central() {
            continue;
        }
        let url = mirror.map_or(one.url.as_str(), |mirror| mirror.url.as_str());
        let known = Mirror {
            ecosystem: "maven".into(),
            url: without_credentials(url),
            state: MirrorState::Unknown,
            checked_at: None,
            latency_ms: None,
            text: String::new(),
        };
        if !mirror.is_some_and(|mirror| mirror.blocked) && !judged.mirrors.contains(&known) {
            judged.mirrors.push(known);
        }
    }
}

/// The lines of a module's own description, and the artifacts that they lead to.
fn lines(
    path: &Path,
    pom: &Pom,
    text: &str,
    parents: &[(super::store::Gav, u32)],
    direct: &HashMap<(String, String), u32>,
    plugins: &HashMap<(String, String), u32>,
) -> Vec<Line> {
    let places = Places::new(text);
    let mut out = Vec::new();
    let group = pom.group().unwrap_or_default();
    let whole = |written: &str| match written {
        "${project.groupId}" | "${pom.groupId}" | "${groupId}" => group.to_owned(),
        written => written.to_owned(),
    };
    let profiles = || pom.profiles.iter().map(|profile| &profile.body);
    let mut push = |name: String, span: std::ops::Range<usize>, to: u32| {
        out.push(Line { file: path.to_path_buf(), range: places.range(span), dependency: name, to: vec![to] });
    };
    if let Some(parent) = &pom.parent {
        let found = parents.iter().find(|(gav, _)| gav.group == parent.group && gav.artifact == parent.artifact);
        if let Some((gav, to)) = found {
            push(gav.name(), parent.span.clone(), *to);
        }
    }
    for body in std::iter::once(&pom.body).chain(profiles()) {
        for one in &body.dependencies {
            if let Some(&to) = direct.get(&(whole(&one.group), one.artifact.clone())) {
                push(format!("{}:{}", whole(&one.group), one.artifact), one.span.clone(), to);
            }
        }
        for one in body.managed.iter().filter(|one| one.scope.as_deref() == Some("import")) {
            let found = parents.iter().find(|(gav, _)| gav.group == whole(&one.group) && gav.artifact == one.artifact);
            if let Some((gav, to)) = found {
                push(gav.name(), one.span.clone(), *to);
            }
        }
        for one in &body.plugins {
            if let Some(&to) = plugins.get(&one.key()) {
                push(format!("{}:{}", one.group, one.artifact), one.span.clone(), to);
            }
        }
    }
    out
}
