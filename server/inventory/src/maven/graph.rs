//! Which artifacts Maven would take for dependencies: the nearest of each, with scopes, exclusions, what is managed, and moves.
//! May not decide what a missing file means for the build.

use super::model::{Models, Repositories};
use super::pom::Dependency;
use super::store::{Gav, Held};
use super::walk::{Exclusions, Item, Walk, below, by_key, gav, readable};
use contract::ArtifactState;
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// More artifacts no build has.
const MOST: usize = 100_000;

/// Whose dependencies they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// A project's: all of its own, whatever their scope.
    Project,
    /// A plugin's or extension's: what it runs with.
    Plugin,
}

/// An artifact that is needed.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub gav: Gav,
    pub classifier: String,
    pub extension: String,
    pub scope: String,
    /// Its own file; none: only its description is needed.
    pub file: Option<Held>,
    pub description: Option<Held>,
    /// Parents and imports of its description.
    pub rests_on: Vec<(Gav, Held)>,
    pub needs: Vec<usize>,
    /// Steps from the project or plugin.
    pub depth: usize,
    /// Who brought it, where it is not direct.
    pub above: Option<usize>,
    /// It is a part of this build.
    pub own: bool,
}

#[derive(Debug, Default)]
pub(super) struct Graph {
    pub nodes: Vec<Node>,
    /// By direct dependency: its artifact.
    pub direct: Vec<Option<usize>>,
    /// In words, what could not be decided.
    pub doubts: Vec<String>,
    pub refused: Vec<String>,
    /// Which of several Maven chooses is not followed somewhere.
    pub(super) contested: bool,
    /// By names of dependencies: what has moved to what.
    pub(super) moves: Vec<(String, String)>,
}

/// What a type of dependency means: classifier, extension, and whether it holds its dependencies itself.
fn of_type(kind: &str) -> (&str, &str, bool) {
    match kind {
        "ejb-client" => ("client", "jar", false),
        "test-jar" => ("tests", "jar", false),
        "java-source" => ("sources", "jar", false),
        "javadoc" => ("javadoc", "jar", false),
        "maven-plugin" | "ejb" => ("", "jar", false),
        "war" | "ear" | "rar" => ("", kind, true),
        kind => ("", kind, false),
    }
}

/// `group:artifact:extension:classifier` of a dependency.
pub(super) fn key(one: &Dependency) -> String {
    let (classifier, extension, _) = of_type(one.kind());
    let classifier = one.classifier.as_deref().unwrap_or(classifier);
    format!("{}:{}:{extension}:{classifier}", one.group, one.artifact)
}

/// Resolves what is depended on. `managed`: what the project or plugin manages for all of it.
pub(super) fn resolve(
    direct: &[Dependency],
    managed: &[Dependency],
    repositories: &Repositories,
    whose: Whose,
    folder: Option<&Path>,
    legacy: bool,
    models: &Models<'_>,
) -> Graph {
    let mut graph = Graph { direct: vec![None; direct.len()], ..Graph::default() };
    let none = Exclusions::default();
    let folder = folder.map(|folder| Rc::new(folder.to_path_buf()));
    let first = direct.iter().enumerate().map(|(at, one)| Item {
        one: one.clone(),
        above: None,
        direct: Some(at),
        depth: 1,
        exclusions: Rc::clone(&none),
        repositories: Rc::clone(repositories),
        legacy,
        moves: 0,
        folder: folder.clone(),
    });
    let open: VecDeque<Item> = first.collect();
    let mut walk = Walk { managed: by_key(managed), whose, models, won: HashMap::new(), open, passed: Vec::new() };
    while let Some(item) = walk.open.pop_front() {
        if graph.nodes.len() > MOST {
            graph.doubts.push(format!("more than {MOST} artifacts are needed, and no more are followed"));
            break;
        }
        graph.take(item, &mut walk);
    }
    graph.passed_over(walk);
    graph.beyond_gaps();
    graph
}

impl Graph {
    fn take(&mut self, item: Item, walk: &mut Walk<'_>) {
        let Some(item) = walk.select(item) else { return };
        let own_key = key(&item.one);
        if let Some(&winner) = walk.won.get(&own_key) {
            self.competes(&item, winner, &own_key);
            self.link(&item, winner);
            walk.passed.push(item);
            return;
        }
        let node = self.node(&item, walk.models);
        let at = self.nodes.len();
        let (gav, system) = (node.gav.clone(), node.scope == "system");
        let own = node.own;
        self.nodes.push(node);
        walk.won.insert(own_key, at);
        self.link(&item, at);
        let (_, _, whole) = of_type(item.one.kind());
        if system || self.nodes[at].file.as_ref().is_some_and(|held| held.state == ArtifactState::Unknown) {
            return;
        }
        let (held, model) = walk.models.of_artifact(&gav, &item.repositories);
        if !own {
            self.nodes[at].description = Some(held);
        }
        let Some(model) = model else { return };
        if let Some(to) = model.moved.clone().filter(|to| *to != gav && readable(&model)) {
            self.moved(at, &item, to, &model, walk);
            return;
        }
        if let Some(why) = model.doubts.first() {
            self.doubts.push(why.clone());
        }
        if !own {
            self.nodes[at].rests_on.clone_from(&model.rests_on);
        }
        if !whole {
            walk.open.extend(below(&item, Some(at), &model, walk.models));
        }
    }

    /// What is not here and farther away than something whose description is not here may not be needed at all: that may bring another version of it.
    fn beyond_gaps(&mut self) {
        let lacks = |node: &&Node| {
            let descriptions = node.description.iter().chain(node.rests_on.iter().map(|(_, held)| held));
            !node.own && descriptions.into_iter().any(|held| !held.here())
        };
        let gap = self.nodes.iter().filter(lacks).min_by_key(|node| node.depth);
        let gap = gap.map(|node| (node.depth, format!("while the description of {} is not here", node.gav.name())));
        let contested = self.contested.then(|| (0, "because artifacts have moved".to_owned()));
        let Some((depth, why)) = contested.or(gap) else { return };
        for node in self.nodes.iter_mut().filter(|node| node.depth > depth) {
            let below = node.rests_on.iter_mut().map(|(_, held)| held);
            let held = node.file.iter_mut().chain(&mut node.description).chain(below);
            for held in held.filter(|held| held.state == ArtifactState::Missing) {
                held.state = ArtifactState::Unknown;
                held.evidence = format!("{}, and whether it is needed is not known {why}", held.evidence);
            }
        }
    }

    /// Notes who needs an artifact.
    fn link(&mut self, item: &Item, to: usize) {
        if let Some(above) = item.above
            && !self.nodes[above].needs.contains(&to)
        {
            self.nodes[above].needs.push(to);
        }
        if let Some(direct) = item.direct {
            self.direct[direct] = Some(to);
        }
    }

    fn node(&mut self, item: &Item, models: &Models<'_>) -> Node {
        let one = &item.one;
        let (classifier, extension, _) = of_type(one.kind());
        let classifier = one.classifier.clone().unwrap_or_else(|| classifier.to_owned());
        let gav = gav(one);
        let version = gav.version.as_str();
        let scope = one.scope.clone().unwrap_or_else(|| "compile".into());
        let own = models.own.borrow().contains_key(&gav);
        let unknown = |why: &str| Held::new(ArtifactState::Unknown, why, PathBuf::new());
        let file = if version.is_empty() {
            self.refused.push(format!("{} has no version", gav.name()));
            unknown("it has no version")
        } else if scope == "system" {
            system(one, item.folder.as_deref(), models)
        } else if version.starts_with(['[', '(']) || version.contains(',') {
            unknown("it may be of several versions, and which of them Maven would choose is not followed")
        } else if version == "LATEST" || version == "RELEASE" {
            unknown("it is of the newest version, which is not followed")
        } else if own {
            if classifier.is_empty() {
                Held::new(ArtifactState::Present, "it is a part of this build", models.own.borrow()[&gav].clone())
            } else {
                unknown("it is made by another part of this build, and whether it is made in time is not followed")
            }
        } else {
            models.store.file(&gav, &classifier, extension, &item.repositories)
        };
        Node {
            gav,
            classifier,
            extension: extension.to_owned(),
            scope,
            file: Some(file),
            description: None,
            rests_on: Vec::new(),
            needs: Vec::new(),
            depth: item.depth,
            above: item.above,
            own,
        }
    }
}

/// A file that a description names by its path.
fn system(one: &Dependency, folder: Option<&PathBuf>, models: &Models<'_>) -> Held {
    let Some(path) = one.system_path.as_deref() else {
        return Held::new(ArtifactState::Missing, "it is said to be in this system, and not where", PathBuf::new());
    };
    if path.contains("${") {
        return Held::new(ArtifactState::Unknown, "where in this system it is, is not known here", PathBuf::new());
    }
    let path = folder.map_or_else(|| PathBuf::from(path), |folder| folder.join(path));
    if super::facts::is_file(&path, models.store.ask) {
        Held::new(ArtifactState::Present, "it is where the description says, in this system", path)
    } else {
        Held::new(ArtifactState::Missing, "it is not where the description says, in this system", path)
    }
}
