//! Which entries of a lockfile npm would install here: edges between entries, platforms, optional sets.
//! May not read files. Rules: `@npmcli/arborist` `{optional-set,gather-dep-set}.js`, `build-ideal-tree.js`
//! (`#checkEngineAndPlatform`) and `npm-install-checks`.

use super::config::Config;
use super::entry::{self, Entry};
use super::lock::Located;
use std::collections::{HashMap, HashSet};

/// An edge to another entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub from: u32,
    pub to: u32,
    /// The dependent does without it.
    pub optional: bool,
    pub dev: bool,
}

/// A dependency that no entry answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unanswered {
    pub from: u32,
    pub name: String,
    pub peer: bool,
    pub optional: bool,
}

/// More steps are not taken to find out which optional packages are left out; the largest known projects take thousands.
const MOST_STEPS: usize = 50_000_000;

/// The entries as npm sees them.
pub(crate) struct Tree {
    pub edges: Vec<Edge>,
    pub out: Vec<Vec<u32>>,
    pub into: Vec<Vec<u32>>,
    /// By entry: npm may leave it out, by the lockfile's word or because nothing needs it without choice.
    pub optional: Vec<bool>,
    pub unanswered: Vec<Unanswered>,
}

/// Links the entries. O(dependencies × depth).
pub(crate) fn link(entries: &[Located]) -> Tree {
    let by_path: HashMap<&str, u32> = entries.iter().enumerate().map(|(at, e)| (e.path.as_str(), at as u32)).collect();
    let mut tree = Tree {
        edges: Vec::new(),
        out: vec![Vec::new(); entries.len()],
        into: vec![Vec::new(); entries.len()],
        optional: Vec::new(),
        unanswered: Vec::new(),
    };
    let mut candidate = String::new();
    for (at, located) in entries.iter().enumerate() {
        let from = at as u32;
        let entry = &located.entry;
        if entry.link {
            // A link stands for the folder it leads to.
            if let Some(entry::Text::Said(target)) = &entry.resolved
                && let Some(&to) = by_path.get(target.as_str())
            {
                tree.add(Edge { from, to, optional: false, dev: false });
            }
            continue;
        }
        // Development dependencies count where the package is worked on, not where it is installed.
        let worked_on = !located.path.contains("node_modules/") && located.path != "node_modules";

        let named_optional = names(&entry.optional_dependencies);
        let optional: HashSet<&str> = named_optional.iter().copied().collect();
        // Name, optional, for development, a peer.
        let mut asked: Vec<(&str, bool, bool, bool)> = Vec::new();
        asked.extend(
            names(&entry.dependencies).into_iter().filter(|n| !optional.contains(n)).map(|n| (n, false, false, false)),
        );
        let mut hard: HashSet<&str> = asked.iter().map(|(name, ..)| *name).collect();
        let mut peers: HashSet<&str> = HashSet::new();
        for (name, _) in &entry.peer_dependencies.0 {
            let lax = entry.peer_dependencies_meta.may_be_absent(name);
            if !hard.contains(name.as_str()) && !optional.contains(name.as_str()) && peers.insert(name) {
                asked.push((name, lax, false, true));
            }
        }
        let mut replaced: HashSet<&str> = HashSet::new();
        if worked_on {
            for name in names(&entry.dev_dependencies) {
                if !optional.contains(&name) && hard.insert(name) {
                    replaced.insert(name);
                    asked.push((name, false, true, false));
                }
            }
        }
        // In the lockfile's order: what is said about them is the same each time.
        asked.extend(named_optional.into_iter().map(|n| (n, true, false, false)));
        for (name, optional, dev, peer) in asked {
            match find(&located.path, name, peer && !worked_on, &by_path, &mut candidate) {
                Some(to) => tree.add(Edge { from, to, optional, dev }),
                None => tree.unanswered.push(Unanswered { from, name: name.to_owned(), peer, optional }),
            }
        }
    }
    let hard = tree.needed_without_choice(entries);
    tree.optional = entries.iter().zip(hard).map(|(located, hard)| located.entry.optional || !hard).collect();
    tree
}

fn names(map: &entry::Map) -> Vec<&str> {
    map.0.iter().map(|(name, _)| name.as_str()).collect()
}

/// The entry that `name` means at `path`: in its own `node_modules`, or in one above. A peer is looked for beside.
pub(crate) fn find(
    path: &str,
    name: &str,
    beside: bool,
    by_path: &HashMap<&str, u32>,
    candidate: &mut String,
) -> Option<u32> {
    let mut folder = Some(path);
    let mut skip = beside;
    while let Some(at) = folder {
        let is_container = at == "node_modules" || at.ends_with("/node_modules");
        if !is_container && !std::mem::take(&mut skip) {
            candidate.clear();
            for part in [at, if at.is_empty() { "" } else { "/" }, "node_modules/", name] {
                candidate.push_str(part);
            }
            if let Some(&found) = by_path.get(candidate.as_str()) {
                return Some(found);
            }
        }
        folder = match at.rsplit_once('/') {
            Some((above, _)) => Some(above),
            None if at.is_empty() => None,
            None => Some(""),
        };
    }
    None
}

impl Tree {
    fn add(&mut self, edge: Edge) {
        let at = self.edges.len() as u32;
        self.out[edge.from as usize].push(at);
        self.into[edge.to as usize].push(at);
        self.edges.push(edge);
    }

    /// What the project's own packages need without choice: npm works that out anew, where the lockfile does not say
    /// that an entry is optional.
    fn needed_without_choice(&self, entries: &[Located]) -> Vec<bool> {
        let own = |at: &usize| !entries[*at].path.contains("node_modules");
        let mut open: Vec<u32> = (0..entries.len()).filter(own).map(|at| at as u32).collect();
        let mut needed = vec![false; entries.len()];
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut needed[at as usize], true) {
                let hard = self.out[at as usize].iter().map(|&edge| self.edges[edge as usize]).filter(|e| !e.optional);
                open.extend(hard.map(|edge| edge.to));
            }
        }
        needed
    }

    /// The entries that npm leaves out because an optional package does not fit this machine; `None`: that takes too long
    /// to find out. O(edges) for each such package that no other takes with it, up to [`MOST_STEPS`].
    pub(crate) fn inert(&self, entries: &[Located], config: &Config) -> Option<Vec<bool>> {
        let mut inert = vec![false; entries.len()];
        let mut steps = 0;
        for at in 0..entries.len() {
            if steps > MOST_STEPS {
                return None;
            }
            let entry = &entries[at].entry;
            if self.optional[at] && !inert[at] && (!fits_platform(entry, config) || !fits_engines(entry, config)) {
                for left_out in self.optional_set(at as u32, &inert, &mut steps) {
                    inert[left_out as usize] = true;
                }
            }
        }
        Some(inert)
    }

    /// The optional package, what needs it without choice, and what nothing outside of these needs.
    fn optional_set(&self, node: u32, inert: &[bool], steps: &mut usize) -> HashSet<u32> {
        let mut boundary = vec![node];
        let mut set: HashSet<u32> = HashSet::from([node]);
        while let Some(at) = boundary.pop() {
            for &edge in &self.into[at as usize] {
                let edge = self.edges[edge as usize];
                if !edge.optional && set.insert(edge.from) {
                    boundary.push(edge.from);
                }
            }
        }
        let counts = |edge: &Edge| !set.contains(&edge.to) && !inert[edge.from as usize];
        let mut deps = set.clone();
        let mut open: Vec<u32> = deps.iter().copied().collect();
        while let Some(at) = open.pop() {
            for &edge in &self.out[at as usize] {
                let edge = self.edges[edge as usize];
                if counts(&edge) && deps.insert(edge.to) {
                    open.push(edge.to);
                }
            }
        }
        // What something outside needs stays, and so does what that needs.
        let needed_outside = |dep: u32, deps: &HashSet<u32>| {
            self.into[dep as usize].iter().any(|&edge| {
                let edge = self.edges[edge as usize];
                !deps.contains(&edge.from) && counts(&edge)
            })
        };
        *steps +=
            deps.iter().map(|&dep| 1 + self.into[dep as usize].len() + self.out[dep as usize].len()).sum::<usize>();
        let mut outside: Vec<u32> = deps.iter().copied().filter(|&dep| needed_outside(dep, &deps)).collect();
        while let Some(dep) = outside.pop() {
            if deps.remove(&dep) {
                let needs = self.out[dep as usize].iter().map(|&edge| self.edges[edge as usize]);
                outside.extend(needs.filter(|edge| counts(edge) && deps.contains(&edge.to)).map(|edge| edge.to));
            }
        }
        deps
    }
}

/// Whether a package's `os`, `cpu` and `libc` allow this machine.
pub(crate) fn fits_platform(entry: &Entry, config: &Config) -> bool {
    let libc = entry.libc.0.is_empty() || config.libc.as_deref().is_some_and(|libc| allows(libc, &entry.libc.0));
    allows(&config.os, &entry.os.0) && allows(&config.cpu, &entry.cpu.0) && libc
}

/// Whether a list of names, some with `!`, allows a value.
pub(crate) fn allows(value: &str, list: &[String]) -> bool {
    if list.is_empty() || (list.len() == 1 && list[0] == "any") {
        return true;
    }
    let mut negated = 0;
    let mut matched = false;
    for item in list {
        match item.strip_prefix('!') {
            Some(not) if not == value => return false,
            Some(_) => negated += 1,
            None => matched |= item == value,
        }
    }
    matched || negated == list.len()
}

/// Whether `engines` allow the versions that are known; what is not known is taken to fit.
fn fits_engines(entry: &Entry, config: &Config) -> bool {
    let fits = |version: Option<&String>, range: Option<&String>| match (version, range) {
        (Some(version), Some(range)) => super::satisfies(version, range).unwrap_or(true),
        _ => true,
    };
    fits(config.node.as_ref(), entry.engines.node.as_ref()) && fits(config.npm.as_ref(), entry.engines.npm.as_ref())
}
