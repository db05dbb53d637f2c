//! The graph of modules as Go loads it: which `go.mod` files it reads, which it leaves out, and which versions it comes to.
//! May read `go.mod` files through the store only; stops where one is not there, as Go does.

use super::cache::{Place, Read, Store};
use super::modfile::{self, Kind, ModFile, Module, Replace};
use super::sums::{self, Sums};
use super::version::{self, Go};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};

/// More modules are not followed.
const MOST: usize = 50_000;
/// What a `go.mod` without a version is written for.
pub(super) const OLDEST: &str = "1.16";
/// Larger ones Go does not take, in bytes.
const LARGEST: u64 = 16 << 20;

/// How much of a module's own needs is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Pruning {
    Pruned,
    Unpruned,
    Workspace,
}

fn pruning(language: Option<&Go>) -> Pruning {
    if language.is_some_and(|go| go.at_least(1, 17)) { Pruning::Pruned } else { Pruning::Unpruned }
}

/// How reading a module's `go.mod` ended.
pub(super) enum Outcome {
    Fine(Option<Place>),
    Missing,
    Corrupt(String),
    Unknown(String),
    /// Go reads it and goes no further.
    Refused(String),
}

/// A module whose `go.mod` Go reads.
pub(super) struct Node {
    pub outcome: Outcome,
    pub needs: Vec<Module>,
    pruning: Pruning,
    /// The version of Go that it is written for.
    pub language: Option<Go>,
}

/// What the graph is built from.
pub(super) struct Ground<'a> {
    pub store: &'a Store<'a>,
    pub sums: &'a [&'a Sums],
    /// Replacements; folders are whole paths, or relative to `folder`.
    pub replaces: &'a [Replace],
    pub excludes: &'a HashSet<Module>,
    /// The modules of the workspace, by path, with their own files.
    pub own: &'a BTreeMap<String, &'a ModFile>,
    pub folder: &'a Path,
}

impl Ground<'_> {
    /// What stands in for a module: without a version a folder.
    pub(super) fn actual(&self, module: &Module) -> Module {
        modfile::replacement(self.replaces, module).unwrap_or(module).clone()
    }

    /// The checksum that go.sum has.
    pub(super) fn sum(&self, path: &str, version: &str) -> Option<&str> {
        self.sums.iter().find_map(|sums| sums.of(path, version)).map(|(sum, _)| sum)
    }
}

pub(super) struct Graph {
    pub nodes: BTreeMap<Module, Node>,
    /// By path: the latest version that anything asks for.
    pub selected: HashMap<String, String>,
    /// There are more modules than are followed.
    pub cut_short: bool,
}

impl Graph {
    pub(super) fn version(&self, path: &str) -> Option<&str> {
        self.selected.get(path).map(String::as_str)
    }

    /// The versions that Go comes to, without the workspace's own modules.
    pub(super) fn build_list(&self) -> Vec<Module> {
        let all = self.selected.iter().filter(|(_, version)| !version.is_empty());
        let mut all: Vec<Module> = all.map(|(path, version)| Module::new(path, version)).collect();
        all.sort();
        all
    }
}

struct Walk<'g> {
    ground: &'g Ground<'g>,
    graph: Graph,
    queue: VecDeque<(Module, Pruning)>,
    queued: HashSet<(Module, Pruning)>,
}

/// Loads the graph of what `roots` need: a module's own requirements, or the modules of a workspace.
pub(super) fn load(ground: &Ground<'_>, roots: &[Module], first: Pruning) -> Graph {
    let graph = Graph { nodes: BTreeMap::new(), selected: HashMap::new(), cut_short: false };
    let mut walk = Walk { ground, graph, queue: VecDeque::new(), queued: HashSet::new() };
    for path in ground.own.keys() {
        walk.select(&Module::new(path, ""));
    }
    for root in roots {
        walk.select(root);
        walk.push(root.clone(), first);
    }
    walk.run();
    if first == Pruning::Workspace {
        walk.again(roots);
    }
    walk.graph
}

impl Walk<'_> {
    fn select(&mut self, module: &Module) {
        let known = self.graph.selected.entry(module.path.clone()).or_insert_with(|| module.version.clone());
        if version::compare(&module.version, known) == Ordering::Greater {
            known.clone_from(&module.version);
        }
    }

    fn push(&mut self, module: Module, pruning: Pruning) {
        if self.queued.len() >= MOST {
            self.graph.cut_short = true;
        } else if self.queued.insert((module.clone(), pruning)) {
            self.queue.push_back((module, pruning));
        }
    }

    fn run(&mut self) {
        while let Some((module, pruning)) = self.queue.pop_front() {
            if !self.graph.nodes.contains_key(&module) {
                let node = read(self.ground, &module);
                node.needs.iter().for_each(|need| self.select(need));
                self.graph.nodes.insert(module.clone(), node);
            }
            let Some(node) = self.graph.nodes.get(&module) else { continue };
            let own = node.pruning;
            let next = if pruning == Pruning::Unpruned { Pruning::Unpruned } else { own };
            if pruning != Pruning::Pruned || own == Pruning::Unpruned {
                for need in node.needs.clone() {
                    self.push(need, next);
                }
            }
        }
    }

    /// In a workspace, what is needed in another version than was asked for is followed once more.
    fn again(&mut self, roots: &[Module]) {
        let mut whole: HashSet<String> = roots.iter().map(|root| root.path.clone()).collect();
        let mut seen: HashSet<Module> = HashSet::new();
        loop {
            let mut open: HashSet<Module> = HashSet::new();
            for path in &whole {
                let Some(version) = self.graph.version(path) else { continue };
                let module = Module::new(path, version);
                if !seen.contains(&module) {
                    open.insert(module);
                    continue;
                }
                for need in self.graph.nodes.get(&module).into_iter().flat_map(|node| &node.needs) {
                    let Some(selected) = self.graph.version(&need.path) else { continue };
                    let selected = Module::new(&need.path, selected);
                    if version::compare(&selected.version, &need.version) == Ordering::Greater
                        && !seen.contains(&selected)
                    {
                        open.insert(selected);
                    }
                }
            }
            if open.is_empty() || self.graph.cut_short {
                return;
            }
            for module in open {
                seen.insert(module.clone());
                whole.insert(module.path.clone());
                self.push(module, Pruning::Workspace);
            }
            self.run();
        }
    }
}

/// Reads the `go.mod` of a module, or of what stands in for it.
fn read(ground: &Ground<'_>, module: &Module) -> Node {
    if let (true, Some(own)) = (module.version.is_empty(), ground.own.get(&module.path)) {
        return node(ground, own, Outcome::Fine(None));
    }
    let actual = ground.actual(module);
    let failed = |outcome| Node { outcome, needs: Vec::new(), pruning: Pruning::Pruned, language: None };
    let (text, place) = if actual.version.is_empty() {
        let file = ground.folder.join(&actual.path).join("go.mod");
        match ground.store.ask.look.text(&file, LARGEST) {
            Ok(text) => (text, None),
            Err(why) => {
                let sentence =
                    format!("{} is to stand in for {}, and {}: {why}", actual.path, module.path, file.display());
                return failed(Outcome::Refused(sentence));
            }
        }
    } else {
        let sum = ground.sum(&actual.path, &sums::of_mod(&actual.version));
        match ground.store.go_mod(&actual, sum) {
            Read::Text(text, place) => (text, place),
            Read::Missing => return failed(Outcome::Missing),
            Read::Corrupt(why) => return failed(Outcome::Corrupt(why)),
            Read::Unknown(why) => return failed(Outcome::Unknown(why)),
        }
    };
    let file = modfile::read(&text, Kind::Dependency);
    let said = file.module.as_deref().unwrap_or_default();
    let outcome = if let Some(broken) = file.broken.first() {
        Outcome::Refused(format!(
            "the go.mod file of {} {} cannot be read: {}",
            module.path, module.version, broken.reason
        ))
    } else if !actual.version.is_empty() && said != module.path && said != actual.path {
        Outcome::Refused(format!("{} {} says that it is {said}", module.path, module.version))
    } else {
        match (file.language(OLDEST), &ground.store.env.go) {
            (Some(language), Some(go)) if language.at_least(1, 21) && language > *go => Outcome::Refused(format!(
                "{} {} is written for Go {}, and this is an older one",
                module.path,
                module.version,
                file.go.as_deref().unwrap_or_default()
            )),
            _ => Outcome::Fine(place),
        }
    };
    node(ground, &file, outcome)
}

fn node(ground: &Ground<'_>, file: &ModFile, outcome: Outcome) -> Node {
    let language = file.go.as_deref().and_then(Go::parse);
    let needs = if matches!(outcome, Outcome::Refused(_)) { &[] } else { file.requires.as_slice() };
    let needs = needs.iter().map(|require| require.module.clone());
    let needs = needs.filter(|need| !ground.excludes.contains(need)).collect();
    Node { outcome, needs, pruning: pruning(language.as_ref()), language }
}

/// The folder that a module is replaced by, as a whole path.
pub(super) fn whole(folder: &Path, with: &Module) -> Module {
    if !with.version.is_empty() {
        return with.clone();
    }
    let path: PathBuf = crate::members::clean(&folder.join(&with.path));
    Module::new(&path.to_string_lossy(), "")
}
