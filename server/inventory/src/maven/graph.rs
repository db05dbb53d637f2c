//! Which artifacts Maven would take for dependencies: the nearest of each, with scopes, exclusions, what is managed, and moves.
//! May not decide what a missing file means for the build.

use super::model::{Model, Models, Repositories};
use super::pom::Dependency;
use super::store::{Gav, Held};
use contract::ArtifactState;
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// More artifacts no build has.
const MOST: usize = 100_000;
/// More moves from one set of coordinates to the next are not followed.
const MOST_MOVES: usize = 32;

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
    contested: bool,
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
fn key(one: &Dependency) -> String {
    let (classifier, extension, _) = of_type(one.kind());
    let classifier = one.classifier.as_deref().unwrap_or(classifier);
    format!("{}:{}:{extension}:{classifier}", one.group, one.artifact)
}

type Exclusions = Rc<Vec<(String, String)>>;

struct Item {
    one: Dependency,
    above: Option<usize>,
    /// The direct dependency that it is.
    direct: Option<usize>,
    depth: usize,
    exclusions: Exclusions,
    repositories: Repositories,
    /// Below an artifact of Maven's own before Maven 3, where wagons are passed over.
    legacy: bool,
    moves: usize,
    folder: Option<Rc<PathBuf>>,
}

fn excluded(one: &Dependency, exclusions: &[(String, String)]) -> bool {
    let fits = |pattern: &str, value: &str| pattern == "*" || pattern == value;
    exclusions.iter().any(|(group, artifact)| fits(group, &one.group) && fits(artifact, &one.artifact))
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
    let managed: HashMap<String, &Dependency> = managed.iter().rev().map(|one| (key(one), one)).collect();
    let none: Exclusions = Rc::new(Vec::new());
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
    let mut open: VecDeque<Item> = first.collect();
    let mut won: HashMap<String, usize> = HashMap::new();
    while let Some(item) = open.pop_front() {
        if graph.nodes.len() > MOST {
            graph.doubts.push(format!("more than {MOST} artifacts are needed, and no more are followed"));
            break;
        }
        graph.take(item, &managed, whose, &mut won, &mut open, models);
    }
    graph.beyond_gaps();
    graph
}

impl Graph {
    fn take(
        &mut self,
        mut item: Item,
        managed: &HashMap<String, &Dependency>,
        whose: Whose,
        won: &mut HashMap<String, usize>,
        open: &mut VecDeque<Item>,
        models: &Models<'_>,
    ) {
        let transitive = item.depth > 1 || whose == Whose::Plugin;
        let scope = item.one.scope.as_deref().unwrap_or("compile");
        if (transitive && matches!(scope, "test" | "provided"))
            || (item.depth > 1 && item.one.optional.as_deref() == Some("true"))
            || excluded(&item.one, &item.exclusions)
            || (item.legacy && item.one.group == "org.apache.maven.wagon" && item.one.artifact.starts_with("wagon-"))
        {
            return;
        }
        if let Some(found) = managed.get(&key(&item.one)) {
            if item.depth > 1 {
                item.one.version = found.version.clone().or(item.one.version);
                item.one.scope = found.scope.clone().or(item.one.scope);
                item.one.system_path = found.system_path.clone().or(item.one.system_path);
            }
            item.one.exclusions.extend(found.exclusions.iter().cloned());
        }
        let own_key = key(&item.one);
        if let Some(&winner) = won.get(&own_key) {
            self.competes(&item, winner, &own_key);
            self.link(&item, winner);
            return;
        }
        let node = self.node(&item, models);
        let at = self.nodes.len();
        let (gav, system) = (node.gav.clone(), node.scope == "system");
        let own = node.own;
        self.nodes.push(node);
        won.insert(own_key, at);
        self.link(&item, at);
        let (_, _, whole) = of_type(item.one.kind());
        if system || self.nodes[at].file.as_ref().is_some_and(|held| held.state == ArtifactState::Unknown) {
            return;
        }
        let (held, model) = models.of_artifact(&gav, &item.repositories);
        if !own {
            self.nodes[at].description = Some(held);
        }
        let Some(model) = model else { return };
        if let Some(to) = model.moved.clone().filter(|to| *to != gav) {
            self.moved(at, &item, to, &model, won, open);
            return;
        }
        if let Some(why) = model.doubts.first() {
            self.doubts.push(why.clone());
        }
        if !own {
            self.nodes[at].rests_on.clone_from(&model.rests_on);
        }
        if !whole {
            self.below(at, &item, &model, open, models);
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

    /// Among artifacts that have moved Maven chooses by names old and new, and not always the nearest: where one is asked for more
    /// than once, or leads back to itself, it is not followed.
    fn competes(&mut self, item: &Item, winner: usize, name: &str) {
        let by_move = |node: &Node| node.file.is_none();
        let mut line = std::iter::successors(item.above, |&at| self.nodes[at].above);
        let circle = line.clone().any(|at| at == winner) && line.any(|at| by_move(&self.nodes[at]));
        let node = &self.nodes[winner];
        let moved = by_move(node)
            || node.above.is_some_and(|above| by_move(&self.nodes[above]) && self.nodes[above].depth == node.depth);
        if circle || moved {
            self.contest(name);
        }
    }

    fn contest(&mut self, name: &str) {
        self.contested = true;
        self.doubts.push(format!(
            "{name} has moved, and which of those that are asked for Maven would choose is not followed"
        ));
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
        let version = one.version.clone().unwrap_or_default();
        // A range of one version is that version.
        let only = version.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let version = only.filter(|only| !only.contains(',')).map(|only| only.trim().to_owned()).unwrap_or(version);
        let gav = Gav::new(&one.group, &one.artifact, &version);
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

    /// Goes on with what an artifact has moved to; of the old one only the description is needed.
    fn moved(
        &mut self,
        at: usize,
        item: &Item,
        to: Gav,
        model: &Model,
        won: &mut HashMap<String, usize>,
        open: &mut VecDeque<Item>,
    ) {
        self.nodes[at].file = None;
        self.nodes[at].rests_on.clone_from(&model.rests_on);
        if item.moves >= MOST_MOVES {
            self.refused.push(format!("{} has moved in a circle", to.name()));
            return;
        }
        let one = Dependency { group: to.group, artifact: to.artifact, version: Some(to.version), ..item.one.clone() };
        if let Some(&other) = won.get(&key(&one)).filter(|&&other| other != at) {
            let name = self.nodes[at].gav.name();
            self.contest(&name);
            self.nodes[at].needs.push(other);
            return;
        }
        if key(&one) == key(&item.one) {
            won.remove(&key(&one));
        }
        // It takes the old one's place before anything else is looked at.
        open.push_front(Item {
            one,
            above: Some(at),
            direct: None,
            depth: item.depth,
            exclusions: Rc::clone(&item.exclusions),
            repositories: Rc::clone(&item.repositories),
            legacy: item.legacy,
            moves: item.moves + 1,
            folder: item.folder.clone(),
        });
    }

    fn below(&mut self, at: usize, item: &Item, model: &Model, open: &mut VecDeque<Item>, models: &Models<'_>) {
        // One dependency that cannot be read, and Maven takes none of them, here and anywhere.
        let readable = |one: &Dependency| {
            one.version.as_deref().is_some_and(|version| !version.is_empty() && !version.contains("${"))
                && !one.group.is_empty()
                && !one.artifact.is_empty()
        };
        if !model.body.dependencies.iter().all(readable) {
            return;
        }
        let mut exclusions = Vec::clone(&item.exclusions);
        exclusions.extend(item.one.exclusions.iter().cloned());
        let exclusions = if item.one.exclusions.is_empty() { Rc::clone(&item.exclusions) } else { Rc::new(exclusions) };
        let further = model.body.repositories.iter().map(|one| models.settings.asked(one));
        let further: Vec<String> = further.filter(|id| !item.repositories.contains(id)).collect();
        let repositories = if further.is_empty() {
            Rc::clone(&item.repositories)
        } else {
            let mut all = item.repositories.as_ref().clone();
            all.extend(further);
            Rc::new(all)
        };
        let gav = &self.nodes[at].gav;
        let own =
            gav.version.starts_with("2.") && gav.artifact.starts_with("maven-") && gav.group == "org.apache.maven";
        for one in &model.body.dependencies {
            open.push_back(Item {
                one: one.clone(),
                above: Some(at),
                direct: None,
                depth: item.depth + 1,
                exclusions: Rc::clone(&exclusions),
                repositories: Rc::clone(&repositories),
                legacy: item.legacy || own,
                moves: 0,
                folder: None,
            });
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
