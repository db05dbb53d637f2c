//! The plugins that packaging a module needs, and what each of them runs with.
//! May not run them; which phase a plugin binds itself to is read from its archive.

use super::graph::{self, Graph, Node, Whose};
use super::judge::doubts;
use super::lifecycle::{self, Installation, PHASES};
use super::model::{Model, Models, Repositories, beneath};
use super::pom::{Dependency, Plugin};
use super::store::{Gav, Held};
use super::told::Told;
use crate::ecosystem::Verdict;
use contract::ArtifactState;
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::rc::Rc;

/// What Maven adds to a plugin that has none of it, whatever the plugin says.
const UTILS: (&str, &str, &str) = ("org.codehaus.plexus", "plexus-utils", "1.1");

type Key = (Gav, Repositories, Vec<String>);

pub(super) struct Plugins<'a> {
    maven: Option<&'a Installation>,
    models: &'a Models<'a>,
    resolved: HashMap<Key, Rc<Graph>>,
}

/// How much of a plugin is needed.
#[derive(PartialEq)]
enum Need {
    None,
    /// To see in which phase it would run.
    Looked,
    Run,
}

impl<'a> Plugins<'a> {
    pub(super) fn new(maven: Option<&'a Installation>, models: &'a Models<'a>) -> Self {
        Plugins { maven, models, resolved: HashMap::new() }
    }

    /// Tells of the plugins of a module; by group and name, the place of each.
    pub(super) fn of_module(&mut self, model: &Model, told: &mut Told<'_>) -> Vec<((String, String), u32)> {
        if !model.body.extensions.is_empty() || model.body.plugins.iter().any(|plugin| plugin.extensions) {
            let why = format!("{} extends Maven itself, which is not followed", model.gav.name());
            told.judged.verdict.worsen(Verdict::Doubtful(why));
        }
        let mut all = model.body.plugins.clone();
        if let Some(maven) = self.maven {
            let Some(bound) = maven.bound(&model.packaging) else {
                let why = format!(
                    "{} is packaged as {}, which Maven itself does not know",
                    model.gav.name(),
                    model.packaging
                );
                told.judged.verdict.worsen(Verdict::Doubtful(why));
                return Vec::new();
            };
            for one in bound {
                if let Some(own) = all.iter_mut().find(|own| own.key() == one.key()) {
                    beneath(own, one.clone());
                    continue;
                }
                let empty = Plugin { group: one.group.clone(), artifact: one.artifact.clone(), ..Plugin::default() };
                let mut plugin =
                    model.body.managed_plugins.iter().find(|own| own.key() == one.key()).cloned().unwrap_or(empty);
                beneath(&mut plugin, one.clone());
                all.push(plugin);
            }
            for plugin in &mut all {
                if let Some(found) = maven.managed.iter().find(|one| one.key() == plugin.key()) {
                    plugin.version = plugin.version.take().or_else(|| found.version.clone());
                }
            }
        }
        let ids: BTreeSet<String> =
            model.body.plugin_repositories.iter().map(|one| self.models.settings.asked(one)).collect();
        let repositories: Repositories = Rc::new(ids);
        let mut out = Vec::new();
        for plugin in all.iter().filter(|plugin| !plugin.executions.is_empty() || plugin.extensions) {
            if let Some(place) = self.plugin(plugin, &repositories, told) {
                out.push((plugin.key(), place));
            }
        }
        out
    }

    fn plugin(&mut self, plugin: &Plugin, repositories: &Repositories, told: &mut Told<'_>) -> Option<u32> {
        let gav = Gav::new(&plugin.group, &plugin.artifact, plugin.version.as_deref().unwrap_or_default());
        let unnamed =
            gav.version.is_empty() || gav.version.contains("${") || gav.version == "LATEST" || gav.version == "RELEASE";
        if self.models.own.borrow().contains_key(&gav) {
            let why = format!("the plugin {} is made by this build itself, which is not followed", gav.name());
            told.judged.verdict.worsen(Verdict::Doubtful(why));
            return None;
        }
        let mut file = if unnamed {
            let why = "no version of it is named, and which is the newest is not followed";
            Held::new(ArtifactState::Unknown, why, PathBuf::new())
        } else {
            self.models.store.file(&gav, "", "jar", repositories)
        };
        let need = match need(plugin, &file) {
            Ok(Need::None) => return None,
            Ok(need) => need,
            Err(why) => {
                if file.here() {
                    file = Held { state: ArtifactState::Corrupt, evidence: why, ..file };
                }
                Need::Looked
            }
        };
        if need == Need::Looked || !file.here() {
            let description = file.here().then(|| self.models.of_artifact(&gav, repositories).0);
            return Some(told.tell(&gav, ("", "jar"), Some(&file), description.as_ref(), false));
        }
        let graph = self.resolve(plugin, &gav, file, repositories);
        doubts(&graph, told);
        told.graph(&graph, &|_: &Node| false).first().copied().flatten()
    }

    /// The plugin itself, first, and what it runs with.
    fn resolve(&mut self, plugin: &Plugin, gav: &Gav, file: Held, repositories: &Repositories) -> Rc<Graph> {
        let added: Vec<String> = plugin.dependencies.iter().map(|one| format!("{one:?}")).collect();
        let key = (gav.clone(), Rc::clone(repositories), added);
        if let Some(graph) = self.resolved.get(&key) {
            return Rc::clone(graph);
        }
        let (held, model) = self.models.of_artifact(gav, repositories);
        let model = model.unwrap_or_default();
        let runtime = |one: &Dependency| Dependency {
            scope: Some(if one.scope.as_deref() == Some("system") { "system" } else { "runtime" }.into()),
            ..one.clone()
        };
        let mut direct: Vec<Dependency> = plugin.dependencies.iter().map(runtime).collect();
        let known: BTreeSet<String> = direct.iter().map(Dependency::key).collect();
        direct.extend(model.body.dependencies.iter().filter(|one| !known.contains(&one.key())).cloned());
        let mut all = BTreeSet::clone(repositories);
        all.extend(model.body.repositories.iter().map(|one| self.models.settings.asked(one)));
        let all = Rc::new(all);
        let mut graph = graph::resolve(&direct, &model.body.managed, &all, Whose::Plugin, None, false, self.models);
        graph.doubts.extend(model.doubts.iter().cloned());
        let (group, artifact, version) = UTILS;
        let has = |node: &Node| {
            let gav = &node.gav;
            gav.group == group && gav.artifact == artifact && node.extension == "jar" && node.classifier.is_empty()
        };
        let node = |gav: Gav, file: Held| Node {
            gav,
            classifier: String::new(),
            extension: "jar".into(),
            scope: "runtime".into(),
            file: Some(file),
            description: None,
            rests_on: Vec::new(),
            needs: Vec::new(),
            depth: 1,
            above: None,
            own: false,
        };
        if !graph.nodes.iter().any(has) {
            let gav = Gav::new(group, artifact, version);
            let file = self.models.store.file(&gav, "", "jar", &all);
            graph.direct.push(Some(graph.nodes.len()));
            graph.nodes.push(node(gav, file));
        }
        let mut first = node(gav.clone(), file);
        first.description = Some(held);
        first.rests_on.clone_from(&model.rests_on);
        first.needs = graph.direct.iter().flatten().map(|at| at + 1).collect();
        graph.nodes.iter_mut().flat_map(|node| &mut node.needs).for_each(|at| *at += 1);
        graph.nodes.insert(0, first);
        let graph = Rc::new(graph);
        self.resolved.insert(key, Rc::clone(&graph));
        graph
    }
}

/// How much of a plugin is needed: in words why its own description does not say.
fn need(plugin: &Plugin, file: &Held) -> Result<Need, String> {
    if plugin.extensions {
        return Ok(Need::Run);
    }
    let judged = |phase: &str| PHASES.contains(&phase);
    let named = |phase: &Option<String>| phase.as_deref().is_some_and(judged);
    if plugin.executions.iter().any(|one| named(&one.phase)) {
        return Ok(Need::Run);
    }
    let unnamed = plugin.executions.iter().filter(|one| one.phase.is_none());
    let goals: Vec<&String> = unnamed.flat_map(|one| &one.goals).collect();
    if goals.is_empty() {
        return Ok(Need::None);
    }
    if !file.here() {
        return Ok(Need::Looked);
    }
    let phases = lifecycle::phases(&file.path)?;
    let runs = goals.iter().any(|goal| phases.get(*goal).is_some_and(|phase| judged(phase)));
    Ok(if runs { Need::Run } else { Need::Looked })
}
