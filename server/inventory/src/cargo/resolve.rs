//! Which locked packages a target needs: cargo's feature activation over the packages that the lockfile chose.
//! May not choose versions or read files. Rules: cargo's `core/resolver/{dep_cache,mod}.rs` and `ops/cargo_fetch.rs`:
//! all features of members, development dependencies of members only, one feature set a package over all targets.

use super::platform::Platform;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Where a dependency is declared to come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    CratesIo,
    Path,
    /// A repository, by [`super::origin::git`].
    Git(String),
    /// Another registry, by [`super::origin::registry`].
    Registry(String),
    /// Another registry, by the name that cargo's configuration has for it.
    Named(String),
    /// What is not understood.
    Other,
}

/// One dependency as it is declared.
#[derive(Debug, Clone)]
pub(crate) struct Need {
    /// The name that features use.
    pub key: String,
    /// The package's own name.
    pub package: String,
    pub req: Option<semver::VersionReq>,
    pub optional: bool,
    pub default_features: bool,
    pub features: Vec<String>,
    /// A triple or `cfg(…)`; `None`: all.
    pub target: Option<String>,
    pub dev: bool,
    pub origin: Origin,
}

/// What is known about one locked package.
#[derive(Debug)]
pub(crate) struct Known {
    pub needs: Vec<Need>,
    pub features: BTreeMap<String, Vec<String>>,
    /// A workspace member.
    pub member: bool,
}

/// One locked package.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub name: &'a str,
    pub version: Option<semver::Version>,
    pub origin: Origin,
    /// `None`: its dependencies are not known beyond the lockfile's edges.
    pub known: Option<Known>,
    /// The lockfile's edges.
    pub edges: &'a [u32],
}

/// Whether the target needs a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Needed {
    No = 0,
    /// It cannot be told.
    Perhaps = 1,
    Yes = 2,
}

/// A declared dependency that the lockfile does not hold: package, and index of the need.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unlocked {
    pub node: u32,
    pub need: usize,
}

/// What follows from the declarations.
#[derive(Debug)]
pub(crate) struct Resolution {
    pub needed: Vec<Needed>,
    /// By package and edge: whether the dependent brings the other in where it is needed. Into what this target needs only
    /// such edges lead that hold for this target; into what only others need, all that a declaration uses.
    pub live: Vec<Vec<bool>>,
    pub unlocked: Vec<Unlocked>,
    /// A package that nothing asks for any more: cargo would take it out of the lockfile.
    pub superfluous: Vec<u32>,
    /// A feature that is asked for and does not exist: package and feature.
    pub featureless: Vec<(u32, String)>,
}

#[derive(Default, Clone)]
struct State {
    reached: bool,
    /// Waits to be expanded.
    queued: bool,
    features: BTreeSet<String>,
    /// By key: features asked of that dependency; presence alone switches an optional one on.
    asked: BTreeMap<String, BTreeSet<String>>,
    /// By edge: the declarations that use it.
    used: Vec<Vec<usize>>,
}

/// Resolves. `patched`: packages from elsewhere may stand in for a registry's. O(edges × features) in the worst case.
pub(crate) fn resolve(nodes: &[Node<'_>], patched: bool, platform: &Platform<'_>) -> Resolution {
    let mut run = Run {
        nodes,
        patched,
        states: nodes.iter().map(|n| State { used: vec![Vec::new(); n.edges.len()], ..State::default() }).collect(),
        queue: Vec::new(),
        unlocked: Vec::new(),
        featureless: Vec::new(),
    };
    for (at, node) in nodes.iter().enumerate() {
        if let Some(known) = node.known.as_ref().filter(|known| known.member) {
            run.reach(at as u32);
            for need in known.needs.iter().filter(|need| need.optional) {
                run.states[at].asked.entry(need.key.clone()).or_default();
            }
            for feature in known.features.keys() {
                run.feature(at as u32, feature);
            }
        }
    }
    while let Some(at) = run.queue.pop() {
        run.states[at as usize].queued = false;
        run.expand(at);
    }
    let opaque = run.nodes.iter().zip(&run.states).any(|(node, state)| state.reached && node.known.is_none());
    let superfluous = if opaque { Vec::new() } else { run.superfluous() };
    let needed = run.needed(platform);
    let live = run.live(&needed, platform);
    run.unlocked.sort_by_key(|unlocked| (unlocked.node, unlocked.need));
    run.unlocked.dedup();
    Resolution { needed, live, unlocked: run.unlocked, superfluous, featureless: run.featureless }
}

struct Run<'n, 'a> {
    nodes: &'n [Node<'a>],
    patched: bool,
    states: Vec<State>,
    queue: Vec<u32>,
    unlocked: Vec<Unlocked>,
    featureless: Vec<(u32, String)>,
}

impl Run<'_, '_> {
    fn reach(&mut self, at: u32) {
        if !std::mem::replace(&mut self.states[at as usize].reached, true) {
            self.enqueue(at);
        }
    }

    /// Expanded once for everything that happens to it until then, not once for each.
    fn enqueue(&mut self, at: u32) {
        if !std::mem::replace(&mut self.states[at as usize].queued, true) {
            self.queue.push(at);
        }
    }

    /// Switches a feature on, and what it leads to within the package.
    fn feature(&mut self, at: u32, feature: &str) {
        let nodes = self.nodes;
        let Some(known) = &nodes[at as usize].known else { return };
        let mut open = vec![feature];
        while let Some(feature) = open.pop() {
            let state = &mut self.states[at as usize];
            if !state.features.insert(feature.to_owned()) {
                continue;
            }
            self.enqueue(at);
            let state = &mut self.states[at as usize];
            let Some(values) = known.features.get(feature) else {
                // An optional dependency is a feature of its own name.
                if known.needs.iter().any(|need| need.optional && need.key == feature) {
                    state.asked.entry(feature.to_owned()).or_default();
                } else {
                    self.featureless.push((at, feature.to_owned()));
                }
                continue;
            };
            for value in values {
                if let Some(dependency) = value.strip_prefix("dep:") {
                    state.asked.entry(dependency.to_owned()).or_default();
                } else if let Some((dependency, of)) = value.split_once('/') {
                    let (dependency, weak) = dependency.strip_suffix('?').map_or((dependency, false), |d| (d, true));
                    // The feature of an optional dependency's name is switched on too, where it exists.
                    if !weak
                        && known.features.contains_key(dependency)
                        && known.needs.iter().any(|need| need.optional && need.key == dependency)
                    {
                        open.push(dependency);
                    }
                    // Also where weak: cargo locks such a dependency although nothing else asks for it.
                    state.asked.entry(dependency.to_owned()).or_default().insert(of.to_owned());
                } else {
                    open.push(value);
                }
            }
        }
    }

    fn expand(&mut self, at: u32) {
        let nodes = self.nodes;
        let node = &nodes[at as usize];
        let Some(known) = &node.known else {
            for &to in node.edges {
                self.reach(to);
            }
            return;
        };
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::with_capacity(node.edges.len());
        for (edge, &to) in node.edges.iter().enumerate() {
            by_name.entry(nodes[to as usize].name).or_default().push(edge);
        }
        for (index, need) in known.needs.iter().enumerate() {
            let asked = self.states[at as usize].asked.get(&need.key).cloned();
            if (need.dev && !known.member) || (need.optional && asked.is_none()) {
                continue;
            }
            let mut found = false;
            for &edge in by_name.get(need.package.as_str()).into_iter().flatten() {
                let to = node.edges[edge];
                if !self.fits(need, to) {
                    continue;
                }
                found = true;
                let used = &mut self.states[at as usize].used[edge];
                if !used.contains(&index) {
                    used.push(index);
                }
                self.reach(to);
                let default = need.default_features
                    && nodes[to as usize].known.as_ref().is_some_and(|known| known.features.contains_key("default"));
                for feature in need.features.iter().chain(asked.iter().flatten()) {
                    self.feature(to, feature);
                }
                if default {
                    self.feature(to, "default");
                }
            }
            // A package may need itself for its own tests.
            let itself = need.dev && need.package == node.name;
            if !found && !itself {
                self.unlocked.push(Unlocked { node: at, need: index });
            }
        }
    }

    fn fits(&self, need: &Need, to: u32) -> bool {
        let node = &self.nodes[to as usize];
        node.name == need.package
            && (node.origin == need.origin || (self.patched && need.origin != Origin::Path))
            && need.req.as_ref().is_none_or(|req| node.version.as_ref().is_none_or(|version| req.matches(version)))
    }

    fn superfluous(&self) -> Vec<u32> {
        let mut out: BTreeSet<u32> = BTreeSet::new();
        for (at, (node, state)) in self.nodes.iter().zip(&self.states).enumerate() {
            if !state.reached {
                out.insert(at as u32);
            } else if node.known.is_some() {
                out.extend(node.edges.iter().zip(&state.used).filter(|(_, used)| used.is_empty()).map(|(to, _)| *to));
            }
        }
        out.into_iter().collect()
    }

    /// Follows the used edges whose targets hold, from the members.
    fn needed(&self, platform: &Platform<'_>) -> Vec<Needed> {
        let mut needed = vec![Needed::No; self.nodes.len()];
        let mut queue: Vec<(u32, Needed)> = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            if node.known.as_ref().is_some_and(|known| known.member) {
                queue.push((at as u32, Needed::Yes));
            }
        }
        while let Some((at, how)) = queue.pop() {
            if needed[at as usize] >= how {
                continue;
            }
            needed[at as usize] = how;
            let node = &self.nodes[at as usize];
            for (&to, used) in node.edges.iter().zip(&self.states[at as usize].used) {
                let how = how.min(strength(node, used, platform));
                if how > Needed::No {
                    queue.push((to, how));
                }
            }
        }
        needed
    }

    fn live(&self, needed: &[Needed], platform: &Platform<'_>) -> Vec<Vec<bool>> {
        let one = |(at, node): (usize, &Node<'_>)| {
            let edges = node.edges.iter().zip(&self.states[at].used);
            edges
                .map(|(&to, used)| match needed[to as usize] {
                    Needed::No => node.known.is_none() || !used.is_empty(),
                    _ => needed[at] > Needed::No && strength(node, used, platform) > Needed::No,
                })
                .collect()
        };
        self.nodes.iter().enumerate().map(one).collect()
    }
}

/// Whether an edge holds for the platform, by the declarations that use it.
fn strength(node: &Node<'_>, used: &[usize], platform: &Platform<'_>) -> Needed {
    let Some(known) = &node.known else { return Needed::Perhaps };
    let holds = |&need: &usize| match known.needs[need].target.as_ref().map(|target| platform.holds(target)) {
        None | Some(Some(true)) => Needed::Yes,
        Some(Some(false)) => Needed::No,
        Some(None) => Needed::Perhaps,
    };
    used.iter().map(holds).max().unwrap_or(Needed::No)
}
