//! Which packages an install of the whole workspace takes: asked for as Yarn 1 asks, from the manifests down.
//! May read manifests of the workspace and of folders that they name; looks at no cache.

use super::lock::{Lock, normalize};
use crate::ecosystem::{Ask, Verdict};
use crate::look::Unread;
use crate::members::{self, clean};
use crate::npm;
use crate::yarn::LARGEST;
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};

/// More members than this no workspace has.
const MOST_MEMBERS: usize = 20_000;

/// A manifest that packages are asked for by.
pub(super) struct Member {
    pub path: PathBuf,
    pub text: String,
    pub name: String,
    version: String,
    manifest: Json,
    /// Folders that are named by `file:` and `link:` are no members of the workspace.
    pub workspace: bool,
}

/// What came of following everything.
pub(super) struct Walk {
    pub verdict: Verdict,
    pub members: Vec<Member>,
    /// By entry.
    pub needed: Vec<bool>,
    /// By entry: only development needs it; every way to it may be gone without.
    pub dev: Vec<bool>,
    pub optional: Vec<bool>,
    /// From entry or member to entry; members are counted behind the entries.
    pub edges: HashSet<(u32, u32)>,
    /// By member: names in its manifest, and the entries they lead to.
    pub lines: Vec<Vec<(String, u32)>>,
}

/// One thing asked for, by an entry or a member.
struct Request {
    pattern: String,
    from: u32,
    optional: bool,
    dev: bool,
    /// The project itself asks, and its settings do not change what for.
    top: bool,
}

enum Target {
    Entry(u32),
    Member(usize),
    Nowhere,
}

struct Follow<'a> {
    lock: &'a Lock,
    folder: &'a Path,
    ask: &'a Ask<'a>,
    /// What is asked for in the place of a name.
    resolutions: HashMap<String, String>,
    by_name: HashMap<String, usize>,
    by_path: HashMap<PathBuf, usize>,
    walk: Walk,
}

pub(super) fn follow(folder: &Path, lock: &Lock, ask: &Ask<'_>) -> Walk {
    let all = lock.entries.len();
    let walk = Walk {
        verdict: Verdict::Sound,
        members: Vec::new(),
        needed: vec![false; all],
        dev: vec![true; all],
        optional: vec![true; all],
        edges: HashSet::new(),
        lines: Vec::new(),
    };
    let (resolutions, by_name, by_path) = (HashMap::new(), HashMap::new(), HashMap::new());
    let mut follow = Follow { lock, folder, ask, resolutions, by_name, by_path, walk };
    if follow.root() {
        follow.run();
    }
    follow.walk
}

/// Its tables of dependencies, each name once: name, what is asked for, whether it is optional, whether only development needs it.
fn asked(manifest: &Json) -> Vec<(String, String, bool, bool)> {
    let tables =
        [("optionalDependencies", true, false), ("dependencies", false, false), ("devDependencies", false, true)];
    let mut plain: BTreeMap<&str, &str> = BTreeMap::new();
    for (table, ..) in tables {
        for (name, said) in manifest.get(table).and_then(Json::as_object).into_iter().flatten() {
            let said = said.as_str().unwrap_or_default();
            if !said.is_empty() && said != "*" {
                plain.entry(name).or_insert(said);
            }
        }
    }
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for (table, optional, dev) in tables {
        for (name, said) in manifest.get(table).and_then(Json::as_object).into_iter().flatten() {
            if seen.insert(name) {
                let said = plain.get(name.as_str()).copied().or(said.as_str()).unwrap_or_default();
                out.push((name.clone(), said.to_owned(), optional, dev));
            }
        }
    }
    out
}

impl Follow<'_> {
    fn refuse(&mut self, why: String) {
        self.walk.verdict.worsen(Verdict::Refused(why));
    }

    fn doubt(&mut self, why: String) {
        self.walk.verdict.worsen(Verdict::Doubtful(why));
    }

    /// Reads a manifest and keeps it.
    fn manifest(&mut self, folder: &Path, workspace: bool) -> Option<usize> {
        let path = folder.join("package.json");
        let text = match self.ask.look.text(&path, LARGEST) {
            Ok(text) => text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), |rest| format!("   {rest}")),
            Err(Unread::Absent) if workspace && folder == self.folder => {
                self.refuse(format!("there is no {}", path.display()));
                return None;
            }
            Err(Unread::Absent) => return None,
            Err(why) => {
                self.doubt(format!("{}: {why}", path.display()));
                return None;
            }
        };
        let manifest = match serde_json::from_str::<Json>(&text) {
            Ok(manifest @ Json::Object(_)) => manifest,
            Ok(_) => {
                self.refuse(format!("{} is no table", path.display()));
                return None;
            }
            Err(error) => {
                self.refuse(format!("{}: {error}", path.display()));
                return None;
            }
        };
        let said = |key: &str| manifest.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        let (name, version) = (said("name"), said("version"));
        self.walk.members.push(Member { path, text, name, version, manifest, workspace });
        self.walk.lines.push(Vec::new());
        Some(self.walk.members.len() - 1)
    }

    /// The project and its workspaces; whether there is something to follow.
    fn root(&mut self) -> bool {
        let Some(root) = self.manifest(self.folder, true) else { return false };
        let manifest = self.walk.members[root].manifest.clone();
        if manifest.get("flat").is_some_and(|flat| *flat == Json::Bool(true)) {
            self.doubt("package.json asks for one version of each package, which is not followed".into());
        }
        if manifest.pointer("/installConfig/pnp").is_some_and(|pnp| *pnp == Json::Bool(true)) {
            self.doubt("package.json asks for an install without node_modules, which is not judged".into());
        }
        for (glob, range) in manifest.get("resolutions").and_then(Json::as_object).into_iter().flatten() {
            let name = glob.strip_prefix("**/").unwrap_or(glob);
            let plain = name.matches('/').count() == usize::from(name.starts_with('@')) && !name.contains('*');
            match range.as_str().filter(|_| plain) {
                Some(range) => _ = self.resolutions.insert(name.to_owned(), format!("{name}@{range}")),
                None => self.doubt(format!("the resolution of {glob} in package.json is not followed")),
            }
        }
        let patterns = match manifest.get("workspaces") {
            Some(Json::Object(table)) => table.get("packages").cloned(),
            other => other.cloned(),
        };
        let patterns = match patterns {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Array(list)) => list,
            Some(_) => {
                self.refuse("the workspaces in package.json are no list".into());
                return false;
            }
        };
        let private = manifest.get("private").is_some_and(|private| !matches!(private, Json::Bool(false) | Json::Null));
        if !patterns.is_empty() && !private {
            self.refuse("package.json has workspaces and is not private, which Yarn 1 refuses".into());
            return false;
        }
        if patterns.is_empty() {
            self.above();
        }
        for pattern in &patterns {
            let pattern = pattern.as_str().unwrap_or_default();
            let plain = pattern.trim_start_matches("./").trim_end_matches('/');
            if plain.is_empty() || plain.contains(['{', '(', '!', '\\']) || plain.starts_with('/') {
                self.doubt(format!("a pattern of the workspace is not understood: {pattern}"));
                continue;
            }
            for member in
                members::named(self.folder, plain, "package.json", self.ask.look).into_iter().take(MOST_MEMBERS)
            {
                let below = member.strip_prefix(self.folder).unwrap_or(&member);
                let left_out = below.components().any(|part| part.as_os_str() == "node_modules");
                if !left_out && !self.by_path.contains_key(&member) {
                    self.member(&member);
                }
            }
        }
        true
    }

    fn member(&mut self, folder: &Path) {
        let Some(at) = self.manifest(folder, true) else { return };
        self.by_path.insert(folder.to_path_buf(), at);
        let (name, version) = (self.walk.members[at].name.clone(), self.walk.members[at].version.clone());
        // Yarn says so and goes on without it.
        if name.is_empty() || version.is_empty() {
            self.walk.members[at].workspace = false;
            return;
        }
        if self.by_name.insert(name.clone(), at).is_some() {
            self.refuse(format!("two members of the workspace have the name {name}"));
        }
    }

    /// A workspace above would take this folder.
    fn above(&mut self) {
        for above in self.folder.ancestors().skip(1) {
            let Ok(text) = self.ask.look.text(&above.join("package.json"), LARGEST) else { continue };
            let manifest = serde_json::from_str::<Json>(&text).unwrap_or_default();
            let patterns = manifest.get("workspaces").and_then(|said| said.get("packages").unwrap_or(said).as_array());
            let below = self.folder.strip_prefix(above).unwrap_or(self.folder);
            let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::default() };
            let fits = |pattern: &Json| {
                let pattern = pattern.as_str().unwrap_or_default().trim_start_matches("./").trim_end_matches('/');
                glob::Pattern::new(pattern).map_or(true, |pattern| pattern.matches_path_with(below, options))
            };
            if patterns.is_some_and(|patterns| patterns.iter().any(fits)) {
                return self.doubt(format!("{} is a workspace that this folder belongs to", above.display()));
            }
        }
    }

    fn of_member(&self, at: usize, top: bool) -> Vec<Request> {
        let member = &self.walk.members[at];
        let folder = member.path.parent().unwrap_or(self.folder);
        let from = (self.lock.entries.len() + at) as u32;
        let all = asked(&member.manifest).into_iter().filter(|(.., dev)| member.workspace || !dev);
        all.map(|(name, said, optional, dev)| {
            let said = relative(&said, folder, self.folder);
            let plain = top && self.lock.patterns.contains_key(&name);
            let pattern = if plain { name } else { format!("{name}@{said}") };
            Request { pattern, from, optional, dev, top }
        })
        .collect()
    }

    fn run(&mut self) {
        let mut open: VecDeque<Request> = self.of_member(0, true).into();
        let root = self.lock.entries.len() as u32;
        let resolutions: Vec<String> = self.resolutions.values().cloned().collect();
        let plain = |pattern| Request { pattern, from: root, optional: false, dev: false, top: true };
        open.extend(resolutions.into_iter().map(plain));
        let names: Vec<usize> = self.by_name.values().copied().collect();
        for at in names {
            open.extend(self.of_member(at, false));
        }
        let mut done: HashMap<(u32, String), (bool, bool)> = HashMap::new();
        // By target: with which it was followed; the better the later.
        let mut followed: HashMap<u32, (bool, bool)> = HashMap::new();
        while let Some(request) = open.pop_front() {
            let key = (request.from, request.pattern.clone());
            let known = done.entry(key).or_insert((true, true));
            let better = (known.0 && request.optional, known.1 && request.dev);
            *known = better;
            let to = match self.target(&request) {
                Target::Entry(entry) => entry,
                Target::Member(member) => (self.lock.entries.len() + member) as u32,
                Target::Nowhere => continue,
            };
            self.walk.edges.insert((request.from, to));
            let first = !followed.contains_key(&to);
            let known = followed.entry(to).or_insert((true, true));
            let better = (known.0 && request.optional, known.1 && request.dev);
            if !first && better == *known {
                continue;
            }
            *known = better;
            let (optional, dev) = better;
            if let Some(entry) = self.lock.entries.get(to as usize) {
                self.walk.needed[to as usize] = true;
                self.walk.optional[to as usize] = optional;
                self.walk.dev[to as usize] = dev;
                let own = entry.dependencies.iter().map(|pair| (pair, optional));
                for ((name, range), optional) in own.chain(entry.optional.iter().map(|pair| (pair, true))) {
                    let pattern = format!("{name}@{range}");
                    open.push_back(Request { pattern, from: to, optional, dev, top: false });
                }
            } else {
                let member = to as usize - self.lock.entries.len();
                for mut request in self.of_member(member, false) {
                    request.optional |= optional;
                    request.dev |= dev;
                    open.push_back(request);
                }
            }
        }
    }

    fn target(&mut self, request: &Request) -> Target {
        let (name, range) = normalize(&request.pattern);
        let replaced = self.resolutions.get(name).filter(|_| !request.top).cloned();
        let pattern = replaced.as_deref().unwrap_or(&request.pattern);
        let range = normalize(pattern).1.unwrap_or_else(|| range.unwrap_or("latest"));
        let found = self.lock.patterns.get(pattern).copied();
        let member = self.by_name.get(name).copied();
        let fits = |version: &str| npm::satisfies(version, range) == Some(true);
        if let Some(member) = member.filter(|member| fits(&self.walk.members[*member].version)) {
            return Target::Member(member);
        }
        let who = || {
            let at = request.from as usize;
            let member = at.checked_sub(self.lock.entries.len()).and_then(|at| self.walk.members.get(at));
            member.map_or_else(
                || format!("{} in the lockfile", self.lock.entries[at].name),
                |member| member.path.display().to_string(),
            )
        };
        let Some(entry) = found.map(|at| &self.lock.entries[at as usize]) else {
            if let Some(folder) = local(range).filter(|_| !request.top) {
                return self.local(&folder, &request.pattern, range);
            }
            let why = format!("{} asks for {pattern}, which the lockfile does not have", who());
            self.refuse(why);
            return Target::Nowhere;
        };
        if let Some(line) = (request.from as usize).checked_sub(self.lock.entries.len()) {
            self.walk.lines[line].push((name.to_owned(), found.unwrap_or_default()));
        }
        if entry.resolved.is_none() {
            if let Some(folder) = local(range) {
                return self.local(&folder, &request.pattern, range);
            }
            let why = format!("the lockfile does not say where {pattern} comes from");
            self.refuse(why);
        }
        if nodejs_semver::Version::parse(&entry.version).is_err() {
            self.refuse(format!("the lockfile has {pattern} with a version that is none: {}", entry.version));
        } else if npm::satisfies(&entry.version, range) == Some(false) {
            let why = format!("the lockfile has {pattern} with version {}, which does not fit", entry.version);
            self.refuse(why);
        }
        Target::Entry(found.unwrap_or_default())
    }

    /// A folder that is copied or linked.
    fn local(&mut self, folder: &str, pattern: &str, range: &str) -> Target {
        let folder = clean(&self.folder.join(folder));
        if let Some(&at) = self.by_path.get(&folder) {
            return Target::Member(at);
        }
        let linked = range.starts_with("link:");
        let there = matches!(self.ask.look.at(&folder), crate::look::Seen::Folder(_));
        if !linked && !there {
            self.refuse(format!("{pattern}: there is no {}", folder.display()));
            return Target::Nowhere;
        }
        if folder == clean(self.folder) {
            return Target::Nowhere;
        }
        match self.manifest(&folder, false) {
            Some(at) => {
                self.by_path.insert(folder, at);
                Target::Member(at)
            }
            None => Target::Nowhere,
        }
    }
}

/// The folder that is named, where one is.
fn local(range: &str) -> Option<String> {
    let named = range.strip_prefix("file:").or_else(|| range.strip_prefix("link:"));
    let plain = [".", "/", "~/"].iter().any(|start| range.starts_with(start)).then_some(range);
    named.or(plain).map(str::to_owned)
}

/// Folders are named from the lockfile on, whichever manifest names them.
fn relative(said: &str, from: &Path, root: &Path) -> String {
    let (prefix, rest) = match said.split_at_checked(5) {
        _ if said.starts_with('/') => ("file:", said),
        Some((prefix @ ("file:" | "link:"), rest)) => (prefix, rest),
        _ => return said.to_owned(),
    };
    let target = clean(&root.join(from).join(rest));
    let (mut path, mut base) = (PathBuf::new(), root);
    let below = loop {
        match (target.strip_prefix(base), base.parent()) {
            (Ok(below), _) => break below,
            (_, Some(parent)) => {
                path.push("..");
                base = parent;
            }
            (_, None) => return said.to_owned(),
        }
    };
    path.push(below);
    let path = path.to_string_lossy().trim_end_matches('/').to_owned();
    let dotted = rest == "." || rest.starts_with("./");
    match path.as_str() {
        "" => format!("{prefix}."),
        path if dotted && !path.starts_with("../") && path != ".." => format!("{prefix}./{path}"),
        path => format!("{prefix}{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_from_the_lockfile_on() {
        let root = Path::new("/w");
        for (from, said, named) in [
            ("/w", "file:beside", "file:beside"),
            ("/w", "file:./beside", "file:./beside"),
            ("/w/packages/one", "file:../two", "file:packages/two"),
            ("/w/packages/one", "link:./x", "link:./packages/one/x"),
            ("/w/packages/one", "link:../../../out", "link:../out"),
            ("/w", "/w/beside", "file:beside"),
            ("/w", "link:.", "link:."),
            ("/w", "^1.0.0", "^1.0.0"),
        ] {
            assert_eq!(relative(said, Path::new(from), root), named, "{said} from {from}");
        }
    }

    #[test]
    fn a_name_in_several_tables_is_asked_for_once_and_with_the_version_that_says_most() {
        let manifest = serde_json::json!({"dependencies": {"a": "*"}, "devDependencies": {"a": "^1", "b": "2"}});
        let asked = asked(&manifest);
        assert_eq!(asked, [("a".into(), "^1".into(), false, false), ("b".into(), "2".into(), false, true)]);
    }
}
