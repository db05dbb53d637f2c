//! The judgement of one Go module or workspace: what Go needs of each module, and what its cache has.
//! May not read `go.mod` files of dependencies itself: the graph does.

use super::cache::{Read, Store, Whole};
use super::env::{Env, Mode};
use super::graph::{self, Graph, Ground, Outcome, Pruning};
use super::modfile::Module;
use super::project::Project;
use super::sums::{self, Sums};
use super::told::{Found, Told, malformed, read_sums};
use super::vendor;
use crate::ecosystem::{Ask, Judged, Line, Verdict};
use crate::look::Seen;
use crate::text::Places;
use contract::{ArtifactState, Cache, Mirror, MirrorState, Range};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

pub(super) fn judge(lockfile: &Path, ask: &Ask<'_>) -> Judged {
    let mut judged = Judged::new(lockfile);
    let env = Env::read(ask);
    judged.verdict.worsen(env.verdict.clone());
    judged.watch.extend(env.files.iter().cloned());
    let project = Project::read(lockfile, &env, ask);
    judged.verdict.worsen(project.verdict.clone());
    judged.watch.extend(project.files.iter().cloned());
    for (path, text, broken) in &project.broken {
        judged.findings.push(malformed(path, Places::new(text).range(broken.span.clone()), &broken.reason));
    }
    judged.manifests = project.modules.iter().map(|own| own.path.clone()).filter(|path| path != lockfile).collect();
    judged.mirrors = env.proxies.iter().map(|url| mirror(url)).collect();
    judged.watch.push(env.cache.clone());
    toolchain(&mut judged, &project, &env, ask);
    let sums = read_sums(&mut judged, &project, ask);
    let mut told = Told { judged, env: &env, lockfile, sums: &sums, places: HashMap::new(), bytes: 0 };
    if vendor::is_used(&project, &env, ask) {
        vendor::judge(&mut told, &project, ask);
    } else {
        modules(&mut told, &project, ask);
    }
    let Told { mut judged, bytes, .. } = told;
    judged.caches.push(Cache { ecosystem: "go".into(), path: env.cache, bytes: Some(bytes), ..Cache::default() });
    judged
}

fn mirror(url: &str) -> Mirror {
    Mirror {
        ecosystem: "go".into(),
        url: crate::fetch::without_credentials(url),
        state: MirrorState::Unknown,
        checked_at: None,
        latency_ms: None,
        text: String::new(),
    }
}

/// Another Go that would have to be got first.
fn toolchain(judged: &mut Judged, project: &Project, env: &Env, ask: &Ask<'_>) {
    let (language, toolchain) = project.asks_of_go();
    match env.switch(language, toolchain) {
        Ok(None) => {}
        Ok(Some(name)) => {
            if env.in_path(&name, ask).is_some() {
                let why = format!("{name} is asked for, which is another Go than was looked at");
                judged.verdict.worsen(Verdict::Doubtful(why));
            } else if env.path_only() {
                let why = format!("{name} is asked for and not in the path, and GOTOOLCHAIN allows no other");
                judged.verdict.worsen(Verdict::Refused(why));
            } else {
                let below = format!("golang.org/toolchain@v0.0.1-{name}.");
                let kept = crate::reach::list(&env.cache.join("golang.org")).into_iter().flatten().flatten();
                let kept = kept.map(|entry| format!("golang.org/{}", entry.file_name().to_string_lossy()));
                ask.look.at(&env.cache.join("golang.org"));
                let verdict = if kept.into_iter().any(|entry| entry.starts_with(&below)) {
                    Verdict::Doubtful(format!("{name} is asked for, which is another Go than was looked at"))
                } else {
                    Verdict::Refused(format!("{name} is asked for, which Go would have to download first"))
                };
                judged.verdict.worsen(verdict);
            }
        }
        Err(why) => judged.verdict.worsen(Verdict::Refused(why)),
    }
}

/// Judges what the module cache has.
fn modules(told: &mut Told<'_>, project: &Project, ask: &Ask<'_>) {
    if !told.env.cache.is_absolute() {
        return;
    }
    let store = Store::new(told.env, ask);
    let replaces = project.replaces();
    let excludes: HashSet<Module> = project.modules.iter().flat_map(|own| own.file.excludes.iter().cloned()).collect();
    let own: BTreeMap<String, _> =
        project.modules.iter().filter_map(|own| Some((own.file.module.clone()?, &own.file))).collect();
    let sums: Vec<&Sums> = told.sums.iter().map(|file| &file.sums).collect();
    let ground = Ground {
        store: &store,
        sums: &sums,
        replaces: &replaces,
        excludes: &excludes,
        own: &own,
        folder: &project.folder,
    };
    let language = project.language();
    let (roots, first) = if project.work.is_some() {
        (own.keys().map(|path| Module::new(path, "")).collect(), Pruning::Workspace)
    } else {
        let requires = project.modules.iter().flat_map(|own| &own.file.requires);
        let pruned = language.as_ref().is_some_and(|go| go.at_least(1, 17));
        let roots: Vec<Module> = requires.map(|require| require.module.clone()).collect();
        (roots, if pruned { Pruning::Pruned } else { Pruning::Unpruned })
    };
    let graph = graph::load(&ground, &roots, first);
    let pruned = first == Pruning::Pruned;
    let mut whole: Vec<Module> = if pruned { roots.clone() } else { graph.build_list() };
    whole.sort();
    whole.dedup();
    whole.retain(|module| !own.contains_key(&module.path));
    let verdict = verdict(&ground, &graph, &roots, &whole, first, project);
    told.judged.verdict.worsen(verdict);
    artifacts(told, &ground, &graph, &whole, project);
    edges(told, &ground, &graph, project);
}

/// What Go says of the graph and of go.sum, whatever the files are.
fn verdict(
    ground: &Ground<'_>,
    graph: &Graph,
    roots: &[Module],
    whole: &[Module],
    first: Pruning,
    project: &Project,
) -> Verdict {
    let mut verdict = Verdict::Sound;
    let env = ground.store.env;
    if graph.cut_short {
        verdict.worsen(Verdict::Doubtful("there are more modules than are followed".into()));
    }
    let language = project.language();
    for (module, node) in &graph.nodes {
        if let Outcome::Refused(why) = &node.outcome {
            verdict.worsen(Verdict::Refused(why.clone()));
        }
        let newer = node.language.as_ref().filter(|go| go.at_least(1, 21) && Some(*go) > language.as_ref());
        if let (Some(_), false) = (newer, module.version.is_empty() && ground.own.contains_key(&module.path)) {
            let why = format!("{} {} is written for a newer Go than go.mod says", module.path, module.version);
            verdict.worsen(Verdict::Refused(why));
        }
    }
    if first != Pruning::Workspace {
        let stale = roots.iter().find(|root| graph.version(&root.path).is_some_and(|version| version != root.version));
        if let Some(root) = stale {
            let selected = graph.version(&root.path).unwrap_or_default();
            let why = format!(
                "go.mod requires {} {}, and something that it needs requires {selected}",
                root.path, root.version
            );
            // It would be written down where that is allowed.
            verdict.worsen(if env.mode == Mode::Mod { Verdict::Doubtful(why) } else { Verdict::Refused(why) });
        }
    }
    // What go.sum lacks: a build refuses that, and where it is only read, the database is asked.
    let strict = first != Pruning::Workspace && env.mode != Mode::Mod;
    let mut lacks = |module: &Module, version: &str, needed: bool| {
        if module.version.is_empty() || ground.sum(&module.path, version).is_some() {
            return;
        }
        let why = format!("go.sum has no checksum of {} {version}", module.path);
        if needed && strict {
            verdict.worsen(Verdict::Refused(why));
        } else if env.asks_database(&module.path) {
            let known = ground.store.was_asked(module);
            let why = format!("{why}, and the database of checksums would be asked");
            verdict.worsen(if known { Verdict::Doubtful(why) } else { Verdict::Refused(why) });
        }
    };
    for module in graph.nodes.keys() {
        let actual = ground.actual(module);
        lacks(&actual, &sums::of_mod(&actual.version), first == Pruning::Unpruned || roots.contains(module));
    }
    for module in whole {
        let actual = ground.actual(module);
        lacks(&actual, &actual.version, roots.contains(module));
    }
    verdict
}

fn artifacts(told: &mut Told<'_>, ground: &Ground<'_>, graph: &Graph, whole: &[Module], project: &Project) {
    let store = ground.store;
    let single = project.work.is_none().then(|| project.modules.first()).flatten();
    let ranges: HashMap<&Module, Range> =
        single.filter(|own| own.path == told.lockfile).map_or_else(HashMap::new, |own| {
            let places = Places::new(&own.text);
            own.file.requires.iter().map(|require| (&require.module, places.range(require.span.clone()))).collect()
        });
    let mut actual: Vec<(&Module, Module)> = whole.iter().map(|module| (module, ground.actual(module))).collect();
    actual.retain(|(_, actual)| !actual.version.is_empty());
    let mut known = HashSet::new();
    actual.retain(|(_, actual)| known.insert(actual.clone()));
    let looked: Vec<Whole> = actual
        .par_iter()
        .with_min_len(8)
        .map(|(_, actual)| store.whole(actual, ground.sum(&actual.path, &actual.version)))
        .collect();
    for ((module, actual), looked) in actual.iter().zip(looked) {
        let read;
        let node = if let Some(node) = graph.nodes.get(module) {
            &node.outcome
        } else {
            // Its go.mod is not a part of the graph, and is fetched with it all the same.
            read = match store.go_mod(actual, ground.sum(&actual.path, &sums::of_mod(&actual.version))) {
                Read::Text(_, place) => Outcome::Fine(place),
                Read::Missing => Outcome::Missing,
                Read::Corrupt(why) => Outcome::Corrupt(why),
                Read::Unknown(why) => Outcome::Unknown(why),
            };
            &read
        };
        told.tell(actual, ranges.get(module).copied(), found(store, actual, node, Some(looked)));
    }
    for (module, node) in &graph.nodes {
        let actual = ground.actual(module);
        if actual.version.is_empty() || !known.insert(actual.clone()) {
            continue;
        }
        let found = found(store, &actual, &node.outcome, None);
        told.tell(&Module::new(&actual.path, &sums::of_mod(&actual.version)), None, found);
    }
}

/// What a module is found to be; `whole`: more than its `go.mod` is needed.
fn found(store: &Store<'_>, module: &Module, go_mod: &Outcome, whole: Option<Whole>) -> Found {
    let is_whole = whole.is_some();
    let suffixes: &[&str] = if is_whole { &["zip", "mod", "info"] } else { &["mod"] };
    let mut found = Found {
        state: ArtifactState::Present,
        evidence: "in Go's module cache".into(),
        looked_in: suffixes.iter().filter_map(|suffix| store.path(module, suffix)).collect(),
        content: None,
        sum: None,
        set_aside: Vec::new(),
    };
    if found.looked_in.is_empty() {
        found.state = ArtifactState::Unknown;
        found.evidence = "Go makes no file's name of its path and version".into();
        return found;
    }
    let mut missing = Vec::new();
    match go_mod {
        Outcome::Fine(place) => found.content = place.as_ref().map(|place| (place.path.clone(), place.identity)),
        Outcome::Missing => missing.push("its go.mod file (.mod)"),
        Outcome::Corrupt(why) => (found.state, found.evidence) = (ArtifactState::Corrupt, why.clone()),
        Outcome::Unknown(why) => (found.state, found.evidence) = (ArtifactState::Unknown, why.clone()),
        Outcome::Refused(_) => {}
    }
    if is_whole {
        found.content = None;
    }
    match whole {
        None => {}
        Some(Whole::Here(place, sum)) => (found.content, found.sum) = (Some((place.path, place.identity)), sum),
        Some(Whole::Missing(files)) => missing.extend(files),
        Some(Whole::Corrupt(why)) => (found.state, found.evidence) = (ArtifactState::Corrupt, why),
        Some(Whole::Unknown(why)) => (found.state, found.evidence) = (ArtifactState::Unknown, why),
    }
    if found.state == ArtifactState::Present && !missing.is_empty() {
        found.state = ArtifactState::Missing;
        found.evidence = format!("Go's module cache has not {}", missing.join(", "));
        if is_whole && matches!(store.folder(module).map(|folder| store.ask.look.at(&folder)), Some(Seen::Folder(_))) {
            found.evidence.push_str("; it is unpacked, which may do for a build");
        }
    }
    if let Some((path, _)) = found.content.as_ref().filter(|(path, _)| !path.starts_with(&store.downloads)) {
        found.evidence = "in a folder that stands in for a proxy".into();
        found.looked_in.insert(0, path.clone());
    }
    found.set_aside = store.in_the_way(module, is_whole);
    found
}

/// Who needs whom, and the lines of go.mod that lead there.
fn edges(told: &mut Told<'_>, ground: &Ground<'_>, graph: &Graph, project: &Project) {
    let mut numbers: HashMap<Module, u32> = HashMap::new();
    let judged = &mut told.judged;
    let mut number = |module: &Module, judged: &mut Judged| {
        *numbers.entry(module.clone()).or_insert_with(|| {
            let actual = ground.actual(module);
            let only = Module::new(&actual.path, &sums::of_mod(&actual.version));
            let artifact = told.places.get(&actual).or_else(|| told.places.get(&only)).copied();
            let own = module.version.is_empty() && ground.own.contains_key(&module.path);
            judged.graph.labels.push(if own {
                module.path.clone()
            } else {
                format!("{} {}", module.path, module.version)
            });
            judged.graph.needs.push(Vec::new());
            judged.graph.artifact.push(artifact.filter(|_| !own));
            judged.graph.labels.len() as u32 - 1
        })
    };
    let leads = |need: &Module| {
        let selected = graph.version(&need.path).map(|version| Module::new(&need.path, version));
        std::iter::once(need.clone()).chain(selected.filter(|selected| selected != need))
    };
    for (module, node) in &graph.nodes {
        let from = number(module, judged);
        for to in node.needs.iter().flat_map(&leads) {
            let to = number(&to, judged);
            judged.graph.needs[from as usize].push(to);
        }
    }
    for own in &project.modules {
        let main = Module::new(own.file.module.as_deref().unwrap_or_default(), "");
        let from = number(&main, judged);
        let places = Places::new(&own.text);
        for require in &own.file.requires {
            let to: Vec<u32> = leads(&require.module).map(|to| number(&to, judged)).collect();
            if project.work.is_none() {
                judged.graph.needs[from as usize].extend(&to);
            }
            // The file that is the lockfile too says it of each artifact itself.
            if own.path != told.lockfile {
                let (range, dependency) = (places.range(require.span.clone()), require.module.path.clone());
                judged.graph.lines.push(Line { file: own.path.clone(), range, dependency, to });
            }
        }
    }
    judged.graph.needs.iter_mut().for_each(|needs| {
        needs.sort_unstable();
        needs.dedup();
    });
    // One artifact for several: those behind the first say nothing more of it.
    let mut seen = HashSet::new();
    judged.graph.artifact.iter_mut().for_each(|artifact| *artifact = artifact.filter(|&at| seen.insert(at)));
}
