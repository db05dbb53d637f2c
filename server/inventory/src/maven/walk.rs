//! The way through dependencies: what is left out by scope, option and exclusion, what is managed, and what stands below.
//! May not choose between versions.

use super::graph::{Whose, key};
use super::model::{Model, Models, Repositories};
use super::pom::Dependency;
use super::store::Gav;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;

pub(super) type Exclusions = Rc<BTreeSet<(String, String)>>;

#[derive(Clone)]
pub(super) struct Item {
    pub one: Dependency,
    pub above: Option<usize>,
    /// The direct dependency that it is.
    pub direct: Option<usize>,
    pub depth: usize,
    pub exclusions: Exclusions,
    pub repositories: Repositories,
    /// Below an artifact of Maven's own before Maven 3, where wagons are passed over.
    pub legacy: bool,
    pub moves: usize,
    pub folder: Option<Rc<PathBuf>>,
}

/// What is known on the way, and where it goes on.
pub(super) struct Walk<'a> {
    pub managed: HashMap<String, Dependency>,
    pub whose: Whose,
    pub models: &'a Models<'a>,
    /// By name: the nearest of it.
    pub won: HashMap<String, usize>,
    pub open: VecDeque<Item>,
    /// What something else is nearer than.
    pub passed: Vec<Item>,
}

impl Walk<'_> {
    /// What a dependency is with what is managed for it; none where it is left out.
    pub(super) fn select(&self, mut item: Item) -> Option<Item> {
        let transitive = item.depth > 1 || self.whose == Whose::Plugin;
        let scope = item.one.scope.as_deref().unwrap_or("compile");
        if (transitive && matches!(scope, "test" | "provided"))
            || (item.depth > 1 && item.one.optional.as_deref() == Some("true"))
            || excluded(&item.one, &item.exclusions)
            || (item.legacy && item.one.group == "org.apache.maven.wagon" && item.one.artifact.starts_with("wagon-"))
        {
            return None;
        }
        if let Some(found) = self.managed.get(&key(&item.one)) {
            if item.depth > 1 {
                item.one.version = found.version.clone().or(item.one.version);
                item.one.scope = found.scope.clone().or(item.one.scope);
                item.one.system_path = found.system_path.clone().or(item.one.system_path);
            }
            item.one.exclusions.extend(found.exclusions.iter().cloned());
        }
        Some(item)
    }
}

/// By name what is managed; of several the later ones say what the earlier ones leave open.
pub(super) fn by_key(managed: &[Dependency]) -> HashMap<String, Dependency> {
    let mut all: HashMap<String, Dependency> = HashMap::new();
    for one in managed {
        match all.entry(key(one)) {
            Entry::Vacant(free) => {
                free.insert(one.clone());
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.version = known.version.take().or_else(|| one.version.clone());
                known.scope = known.scope.take().or_else(|| one.scope.clone());
                known.system_path = known.system_path.take().or_else(|| one.system_path.clone());
                known.exclusions.extend(one.exclusions.iter().cloned());
            }
        }
    }
    all
}

fn excluded(one: &Dependency, exclusions: &BTreeSet<(String, String)>) -> bool {
    let fits = |pattern: &str, value: &str| pattern == "*" || pattern == value;
    exclusions.iter().any(|(group, artifact)| fits(group, &one.group) && fits(artifact, &one.artifact))
}

/// One dependency that cannot be read, and Maven takes none of them, here and anywhere, nor what it has moved to.
pub(super) fn readable(model: &Model) -> bool {
    model.body.dependencies.iter().all(|one| {
        one.version.as_deref().is_some_and(|version| !version.is_empty() && !version.contains("${"))
            && !one.group.is_empty()
            && !one.artifact.is_empty()
    })
}

/// The coordinates that a dependency leads to.
pub(super) fn gav(one: &Dependency) -> Gav {
    let version = one.version.as_deref().unwrap_or_default();
    // A range of one version is that version.
    let only = version.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let version = only.filter(|only| !only.contains(',')).map_or(version, str::trim);
    Gav::new(&one.group, &one.artifact, version)
}

/// What a description depends on, a step farther than what it describes.
pub(super) fn below(item: &Item, above: Option<usize>, model: &Model, models: &Models<'_>) -> Vec<Item> {
    if !readable(model) {
        return Vec::new();
    }
    let exclusions = if item.one.exclusions.is_empty() {
        Rc::clone(&item.exclusions)
    } else {
        Rc::new(item.exclusions.iter().chain(&item.one.exclusions).cloned().collect())
    };
    let further = model.body.repositories.iter().map(|one| models.settings.asked(one));
    let further: Vec<String> = further.filter(|id| !item.repositories.contains(id)).collect();
    let repositories = if further.is_empty() {
        Rc::clone(&item.repositories)
    } else {
        let mut all = item.repositories.as_ref().clone();
        all.extend(further);
        Rc::new(all)
    };
    let own = item.one.group == "org.apache.maven"
        && item.one.artifact.starts_with("maven-")
        && gav(&item.one).version.starts_with("2.");
    let below = |one: &Dependency| Item {
        one: one.clone(),
        above,
        direct: None,
        depth: item.depth + 1,
        exclusions: Rc::clone(&exclusions),
        repositories: Rc::clone(&repositories),
        legacy: item.legacy || own,
        moves: 0,
        folder: None,
    };
    model.body.dependencies.iter().map(below).collect()
}
