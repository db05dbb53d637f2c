//! Artifacts that have moved to other names, which Maven takes for one with those.
//! May not say which of them Maven chooses: where more than one is asked for, that is in doubt.

use super::graph::{Graph, Node, key};
use super::model::Model;
use super::pom::Dependency;
use super::store::Gav;
use super::walk::{Exclusions, Item, Walk, below, gav, readable};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

/// More moves from one set of coordinates to the next are not followed.
const MOST_MOVES: usize = 32;
/// No more artifacts that something nearer stands before are looked at.
const MOST_PASSED: usize = 100_000;

impl Graph {
    /// Among artifacts that have moved Maven chooses by names old and new, and not always the nearest: where one is asked for more
    /// than once, or leads back to itself, it is not followed.
    pub(super) fn competes(&mut self, item: &Item, winner: usize, name: &str) {
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

    /// Goes on with what an artifact has moved to; of the old one only the description is needed.
    pub(super) fn moved(&mut self, at: usize, item: &Item, to: Gav, model: &Model, walk: &mut Walk<'_>) {
        self.nodes[at].file = None;
        self.nodes[at].rests_on.clone_from(&model.rests_on);
        if item.moves >= MOST_MOVES {
            self.refused.push(format!("{} has moved in a circle", to.name()));
            return;
        }
        let next = after(item, to, Some(at));
        let (old, new) = (key(&item.one), key(&next.one));
        if let Some(&other) = walk.won.get(&new).filter(|&&other| other != at) {
            let name = self.nodes[at].gav.name();
            self.contest(&name);
            self.nodes[at].needs.push(other);
            return;
        }
        if new == old {
            walk.won.remove(&new);
        } else {
            self.moves.push((old, new));
        }
        // It takes the old one's place before anything else is looked at.
        walk.open.push_front(next);
    }

    /// Maven reads also what something nearer stands before, and all below it; what has moved there competes under both names.
    pub(super) fn passed_over(&mut self, mut walk: Walk<'_>) {
        let mut open = std::mem::take(&mut walk.passed);
        let mut seen: HashSet<(String, String, Exclusions)> = HashSet::new();
        while let Some(item) = open.pop() {
            let gav = gav(&item.one);
            let own = || item.exclusions.iter().chain(&item.one.exclusions).cloned().collect::<BTreeSet<_>>();
            if !seen.insert((key(&item.one), gav.version.clone(), Rc::new(own()))) {
                continue;
            }
            if seen.len() > MOST_PASSED {
                let why = format!("more than {MOST_PASSED} artifacts are passed over, and no more are looked at");
                self.doubts.push(why);
                break;
            }
            let (_, Some(model)) = walk.models.of_artifact(&gav, &item.repositories) else { continue };
            let below = match model.moved.clone().filter(|to| *to != gav && readable(&model)) {
                Some(_) if item.moves >= MOST_MOVES => Vec::new(),
                Some(to) => {
                    let next = after(&item, to, None);
                    self.moves.push((key(&item.one), key(&next.one)));
                    vec![next]
                }
                None => below(&item, None, &model, walk.models),
            };
            open.extend(below.into_iter().filter_map(|item| walk.select(item)));
        }
        self.names_that_meet(&walk.won);
    }

    /// Names that moves lead together are one to Maven: where more than one of them is needed, it takes only one.
    fn names_that_meet(&mut self, won: &HashMap<String, usize>) {
        let mut led: HashMap<&str, &str> = HashMap::new();
        for (old, new) in &self.moves {
            let (old, new) = (leads(&led, old), leads(&led, new));
            led.entry(new).or_insert(new);
            led.insert(old, new);
        }
        let mut needed: HashSet<&str> = HashSet::new();
        let mut met = Vec::new();
        for (name, &at) in won {
            let together = leads(&led, name);
            if led.contains_key(together) && self.nodes[at].file.is_some() && !needed.insert(together) {
                met.push(together.to_owned());
            }
        }
        met.sort_unstable();
        met.dedup();
        for name in met {
            self.contest(&name);
        }
    }
}

/// The last name that moves lead to, which leads to itself.
fn leads<'a>(led: &HashMap<&'a str, &'a str>, mut name: &'a str) -> &'a str {
    while let Some(&next) = led.get(name).filter(|&&next| next != name) {
        name = next;
    }
    name
}

/// The dependency that stands in for one that has moved.
fn after(item: &Item, to: Gav, above: Option<usize>) -> Item {
    let one = Dependency { group: to.group, artifact: to.artifact, version: Some(to.version), ..item.one.clone() };
    Item { one, above, direct: None, moves: item.moves + 1, ..item.clone() }
}
