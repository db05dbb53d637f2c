//! Which packages an install of the whole workspace fetches on this machine: followed in the order in which pnpm follows.
//! May not look at files.

use super::lock::{Lock, Package, follow};
use super::program::Program;
use crate::npm::{self, config::Config};
use std::collections::{HashMap, HashSet};

/// What is needed, and what is not there that is.
pub(super) struct Needs {
    /// By package.
    pub needed: Vec<bool>,
    /// By package: only development needs it; every way to it may be gone without.
    pub dev: Vec<bool>,
    pub optional: Vec<bool>,
    /// From package or importer to package; importers are counted behind the packages.
    pub edges: Vec<(u32, u32)>,
    /// Keys that are needed and stand nowhere.
    pub lacking: Vec<String>,
}

/// Whether a package's conditions allow this machine; what is not known is taken to fit.
fn fits(package: &Package, config: &Config, program: &Program) -> bool {
    let allows = npm::allows;
    let libc = config.libc.as_deref().is_none_or(|libc| allows(libc, &package.libc));
    let engine = |have: Option<&str>, range: Option<&str>| match (have, range) {
        (Some(have), Some(range)) => npm::satisfies(have, range).unwrap_or(true),
        _ => true,
    };
    let pnpm = program.version.to_string();
    allows(&config.os, &package.os)
        && allows(&config.cpu, &package.cpu)
        && libc
        && engine(config.node.as_deref(), package.node.as_deref())
        && engine(Some(&pnpm), package.pnpm.as_deref())
}

/// `projects`: the importers that are installed, by their place in the lockfile.
pub(super) fn needed(lock: &Lock, projects: &[usize], config: &Config, program: &Program) -> Needs {
    let by_key = lock.by_key();
    let importers: HashMap<&str, usize> =
        lock.importers.iter().enumerate().map(|(at, importer)| (importer.path.as_str(), at)).collect();
    let mut walk = Walk {
        lock,
        by_key: &by_key,
        importers: &importers,
        seen: projects.iter().copied().collect(),
        picked: vec![false; lock.snapshots.len()],
        skipped: vec![false; lock.snapshots.len()],
        lacking: Vec::new(),
    };
    let fits: Vec<bool> = lock.packages.iter().map(|package| fits(package, config, program)).collect();
    let begin = walk.of_importers(projects.to_vec());
    walk.run(begin, &fits);
    let Walk { picked, skipped, mut lacking, .. } = walk;
    lacking.dedup();
    let mut needs = Needs {
        needed: vec![false; lock.packages.len()],
        dev: vec![true; lock.packages.len()],
        optional: vec![true; lock.packages.len()],
        edges: Vec::new(),
        lacking,
    };
    for (at, snapshot) in lock.snapshots.iter().enumerate() {
        let package = snapshot.package as usize;
        needs.needed[package] |= picked[at] && !skipped[at] && (fits[package] || !snapshot.optional);
        needs.optional[package] &= snapshot.optional;
        for (name, reference) in &snapshot.needs {
            if let Some(to) = follow(reference, name).and_then(|key| by_key.get(key.as_str())) {
                needs.edges.push((snapshot.package, lock.snapshots[*to as usize].package));
            }
        }
    }
    let mut open = Vec::new();
    for (at, importer) in lock.importers.iter().enumerate() {
        for (kind, asked) in importer.asked.iter().enumerate() {
            for asked in asked {
                let to = follow(&asked.reference, &asked.name).and_then(|key| by_key.get(key.as_str()).copied());
                let Some(to) = to else { continue };
                needs.edges.push(((lock.packages.len() + at) as u32, lock.snapshots[to as usize].package));
                if kind != 1 {
                    open.push(to);
                }
            }
        }
    }
    // What anything but development leads to is not for development only.
    let mut reached = vec![false; lock.snapshots.len()];
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut reached[at as usize], true) {
            let snapshot = &lock.snapshots[at as usize];
            needs.dev[snapshot.package as usize] = false;
            let to = snapshot.needs.iter().filter_map(|(name, reference)| follow(reference, name));
            open.extend(to.filter_map(|key| by_key.get(key.as_str()).copied()));
        }
    }
    needs.edges.sort_unstable();
    needs.edges.dedup();
    needs
}

struct Walk<'a> {
    lock: &'a Lock,
    by_key: &'a HashMap<&'a str, u32>,
    importers: &'a HashMap<&'a str, usize>,
    /// Importers whose dependencies were taken up.
    seen: HashSet<usize>,
    /// By snapshot.
    picked: Vec<bool>,
    skipped: Vec<bool>,
    lacking: Vec<String>,
}

impl Walk<'_> {
    /// What importers need, those that they link to behind them.
    fn of_importers(&mut self, first: Vec<usize>) -> Vec<String> {
        let mut out = Vec::new();
        let mut open = first;
        while !open.is_empty() {
            let mut linked = Vec::new();
            for at in std::mem::take(&mut open) {
                let asked: Vec<(String, String)> = self.lock.importers[at]
                    .asked
                    .iter()
                    .flatten()
                    .map(|asked| (asked.name.clone(), asked.reference.clone()))
                    .collect();
                let (keys, importers) = self.references(&asked);
                out.extend(keys);
                linked.extend(importers);
            }
            open = linked.into_iter().filter(|at| self.seen.insert(*at)).collect();
        }
        out
    }

    fn references(&self, of: &[(String, String)]) -> (Vec<String>, Vec<usize>) {
        let mut keys = Vec::new();
        let mut importers = Vec::new();
        for (name, reference) in of {
            match reference.strip_prefix("link:") {
                Some(path) => importers.extend(self.importers.get(path).copied()),
                None => keys.extend(follow(reference, name)),
            }
        }
        (keys, importers)
    }

    /// Deep first, each once, as pnpm does: what was reached through something that does not fit is left out for good.
    fn run(&mut self, begin: Vec<String>, fits: &[bool]) {
        let mut open: Vec<(std::vec::IntoIter<String>, bool)> = vec![(begin.into_iter(), true)];
        while let Some((keys, parent)) = open.last_mut() {
            let parent = *parent;
            let Some(key) = keys.next() else {
                open.pop();
                continue;
            };
            let Some(&at) = self.by_key.get(key.as_str()) else {
                self.lacking.push(key);
                continue;
            };
            let at = at as usize;
            if self.picked[at] {
                continue;
            }
            let snapshot = &self.lock.snapshots[at];
            // What may not be left out is installed even where it does not fit.
            let installable = parent && (fits[snapshot.package as usize] || !snapshot.optional);
            self.skipped[at] = !installable && snapshot.optional;
            self.picked[at] = true;
            let (mut next, linked) = self.references(&snapshot.needs);
            let linked = linked.into_iter().filter(|at| self.seen.insert(*at)).collect::<Vec<_>>();
            if !linked.is_empty() {
                next.extend(self.of_importers(linked));
            }
            open.push((next.into_iter(), installable));
        }
    }
}
