//! Reads the manifests of a cargo workspace: its members, and what each asks for.
//! May not look outside what the manifests name, and follows no glob into more than a bounded number of folders.

use super::asked::{Inherited, each_dependency, inherit, need, strings};
use super::refusal;
use super::resolve::Need;
use crate::ecosystem::Verdict;
use crate::look::{Look, Unread};
use crate::members::{self, clean};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range as Span;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// Larger manifests are not read, in bytes.
pub(crate) const LARGEST: u64 = 4 << 20;
/// More members are not read.
const MOST_MEMBERS: usize = 5_000;

/// One manifest.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub path: PathBuf,
    pub text: String,
    pub name: String,
    pub version: String,
    pub features: BTreeMap<String, Vec<String>>,
    pub needs: Vec<Need>,
    /// Beside each need: where its key stands, and in which manifest's text (an inherited one stands in its own).
    pub spans: Vec<Span<usize>>,
    /// Part of the workspace: its development dependencies and all its features count.
    pub member: bool,
}

/// The manifests that one lockfile is for.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    pub manifests: Vec<Manifest>,
    /// Every manifest read, also one without a package.
    pub files: Vec<PathBuf>,
    /// Text of a root that is no package itself.
    pub root_text: String,
    /// Some package stands in for a registry's.
    pub patched: bool,
    /// What `[patch]` puts in place of packages: name, and folder where it is one.
    pub patches: Vec<(String, Option<PathBuf>)>,
    /// What could not be read, and why.
    pub doubts: Vec<String>,
    /// Why cargo would refuse it, whatever the lockfile holds.
    pub refusals: Vec<String>,
}

/// The text of a manifest as a table; or why there is none.
fn load(path: &Path, look: &Look) -> Result<String, Verdict> {
    match look.text(path, LARGEST) {
        Ok(text) => Ok(text),
        Err(why) => {
            let sentence = format!("{} was not read: {why}", path.display());
            Err(if why == Unread::Absent { Verdict::Refused(sentence) } else { Verdict::Doubtful(sentence) })
        }
    }
}

fn no_toml(path: &Path, error: &toml::de::Error) -> Verdict {
    Verdict::Refused(format!("{} cannot be read: {}", path.display(), error.message()))
}

/// A table `[workspace]`: who belongs to it, and what they inherit.
struct Shared<'t> {
    root: &'t Path,
    table: Option<&'t DeTable<'t>>,
    inherited: Inherited,
    excluded: Vec<PathBuf>,
    /// The folders that `members` names without a pattern.
    explicit: Vec<PathBuf>,
}

impl<'t> Shared<'t> {
    fn new(root: &'t Path, table: Option<&'t DeTable<'t>>) -> Self {
        let folders = |key: &str| {
            let all = table.map(|table| strings(table, key)).unwrap_or_default();
            all.into_iter().map(|folder| clean(&root.join(folder))).collect()
        };
        let inherited = table.map(|table| inherit(table, root)).unwrap_or_default();
        Shared { root, table, inherited, excluded: folders("exclude"), explicit: folders("members") }
    }

    /// As cargo does: what `members` names stays in, whatever `exclude` says.
    fn excludes(&self, folder: &Path) -> bool {
        let below = |all: &[PathBuf]| all.iter().any(|one| folder.starts_with(one));
        below(&self.excluded) && !below(&self.explicit)
    }
}

/// Reads the workspace whose root is `root`.
pub(crate) fn read(root: &Path, look: &Look) -> Workspace {
    let mut workspace = Workspace::default();
    let path = root.join("Cargo.toml");
    let text = match look.text(&path, LARGEST) {
        Ok(text) => text,
        Err(why) => {
            workspace.doubts.push(format!("{} was not read: {why}", path.display()));
            return workspace;
        }
    };
    workspace.files.push(path.clone());
    let table = match DeTable::parse(&text) {
        Ok(table) => table,
        Err(error) => {
            workspace.against(no_toml(&path, &error));
            return workspace;
        }
    };
    let table = table.get_ref();
    workspace.patched = table.contains_key("patch");
    let sources = table.get("patch").and_then(|value| value.get_ref().as_table());
    for source in sources.into_iter().flat_map(|sources| sources.values()).filter_map(|v| v.get_ref().as_table()) {
        for (key, value) in source {
            let (need, path) = need(key.get_ref(), value.get_ref(), None, false, root, &Inherited::default());
            workspace.patches.push((need.package, path));
        }
    }
    if table.contains_key("replace") {
        workspace.doubts.push("the manifest replaces packages with [replace], which is not judged".into());
    }
    let shared = Shared::new(root, table.get("workspace").and_then(|value| value.get_ref().as_table()));
    if shared.table.is_none() {
        workspace.against(above(root, look));
    }
    let mut queue: Vec<(PathBuf, bool)> = Vec::new();
    let mut default_members = Vec::new();
    if let Some(table) = shared.table {
        for (key, into) in [("members", true), ("default-members", false)] {
            for pattern in strings(table, key) {
                for folder in members::named(root, &pattern, "Cargo.toml", look) {
                    match into {
                        true if !shared.excludes(&folder) => queue.push((folder, true)),
                        true => {}
                        false => default_members.push(folder),
                    }
                }
            }
        }
    }
    let mut seen: BTreeSet<PathBuf> = BTreeSet::new();
    seen.insert(clean(root));
    let follow = |manifest: &Manifest, paths: Vec<PathBuf>, queue: &mut Vec<(PathBuf, bool)>| {
        for path in paths {
            // Cargo takes path dependencies of members into the workspace where they lie below its root.
            let inside = path.starts_with(clean(root)) && !shared.excludes(&path);
            queue.push((path, shared.table.is_some() && manifest.member && inside));
        }
    };
    let place = refusal::Place { path: &path, text: &text, table, shared: shared.table, root };
    if table.contains_key("package") || table.contains_key("project") {
        match package(&path, &text, table, &shared.inherited, true) {
            Ok((manifest, paths)) => {
                workspace.against(refusal::of(&place, &manifest.needs, look));
                follow(&manifest, paths, &mut queue);
                workspace.manifests.push(manifest);
            }
            Err(why) => workspace.against(why),
        }
    } else {
        workspace.against(refusal::of(&place, &[], look));
    }
    workspace.root_text.clone_from(&text);
    // Members first, so that a folder reached both ways counts as one.
    while !queue.is_empty() {
        queue.sort_by_key(|(_, member)| *member);
        let Some((folder, member)) = queue.pop() else { break };
        if !seen.insert(folder.clone()) {
            continue;
        }
        if workspace.manifests.len() >= MOST_MEMBERS {
            workspace.doubts.push(format!("only the first {MOST_MEMBERS} members are read"));
            break;
        }
        let path = folder.join("Cargo.toml");
        match member_of(&path, &shared, member, look) {
            Ok((manifest, paths, verdict)) => {
                workspace.against(verdict);
                follow(&manifest, paths, &mut queue);
                workspace.files.push(path);
                workspace.manifests.push(manifest);
            }
            Err(verdict) => {
                workspace.against(verdict);
                workspace.files.push(path);
            }
        }
    }
    workspace.check_members(root, &default_members);
    workspace
}

/// One package that a workspace holds, or that lies beside it.
fn member_of(
    path: &Path,
    shared: &Shared<'_>,
    member: bool,
    look: &Look,
) -> Result<(Manifest, Vec<PathBuf>, Verdict), Verdict> {
    let text = load(path, look)?;
    let table = DeTable::parse(&text).map_err(|error| no_toml(path, &error))?;
    let table = table.get_ref();
    let folder = path.parent().unwrap_or(path);
    let own = table.get("workspace").and_then(|value| value.get_ref().as_table());
    if member {
        if own.is_some() {
            return Err(Verdict::Refused(format!("{} is a member and a workspace itself", path.display())));
        }
        let place = refusal::Place { path, text: &text, table, shared: shared.table, root: shared.root };
        let (manifest, paths) = package(path, &text, table, &shared.inherited, true)?;
        let verdict = refusal::of(&place, &manifest.needs, look);
        return Ok((manifest, paths, verdict));
    }
    // What lies outside inherits from the workspace that it lies in.
    let outer = own.is_none().then(|| root_above(folder, look)).flatten();
    let outer_table = outer.as_ref().and_then(|(_, text)| DeTable::parse(text).ok());
    let (root, table_of_root) = match (&outer, &outer_table) {
        (Some((root, _)), Some(outer)) => (root.as_path(), outer.get_ref().get("workspace")),
        _ => (folder, table.get("workspace")),
    };
    let its = Shared::new(root, table_of_root.and_then(|value| value.get_ref().as_table()));
    let place = refusal::Place { path, text: &text, table, shared: its.table, root };
    let (manifest, paths) = package(path, &text, table, &its.inherited, false)?;
    let verdict = refusal::of(&place, &manifest.needs, look);
    Ok((manifest, paths, verdict))
}

/// A package that lies elsewhere: in a checkout or among vendored sources; with what cargo would say to it.
pub(crate) fn elsewhere(path: &Path, look: &Look) -> Result<(Manifest, Verdict), Verdict> {
    let folder = path.parent().unwrap_or(path);
    member_of(path, &Shared::new(folder, None), false, look).map(|(manifest, _, verdict)| (manifest, verdict))
}

/// A package by its text alone: its folder is still to be made. `others`: the manifests beside and above it.
pub(crate) fn of_text(path: &Path, text: &str, others: &[(PathBuf, String)]) -> Result<Manifest, Verdict> {
    let table = DeTable::parse(text).map_err(|error| no_toml(path, &error))?;
    let above = path.ancestors().skip(1).find_map(|folder| {
        let (at, text) = others.iter().find(|(at, _)| at.parent() == Some(folder))?;
        text.contains("[workspace").then_some((at.parent().unwrap_or(at), text))
    });
    let outer = above.and_then(|(root, text)| Some((root, DeTable::parse(text).ok()?)));
    let shared = outer.as_ref().map(|(root, outer)| {
        let table = outer.get_ref().get("workspace").and_then(|value| value.get_ref().as_table());
        Shared::new(root, table)
    });
    let inherited = shared.map(|shared| shared.inherited).unwrap_or_default();
    package(path, text, table.get_ref(), &inherited, false).map(|(manifest, _)| manifest)
}

/// The nearest workspace above a folder that does not exclude it: its folder, and its manifest's text.
fn root_above(folder: &Path, look: &Look) -> Option<(PathBuf, String)> {
    folder.ancestors().skip(1).find_map(|root| {
        let text = look.text(&root.join("Cargo.toml"), LARGEST).ok()?;
        let excluded = {
            let table = DeTable::parse(&text).ok()?;
            let shared = table.get_ref().get("workspace").and_then(|value| value.get_ref().as_table())?;
            Shared::new(root, Some(shared)).excludes(&clean(folder))
        };
        Some((!excluded).then(|| (root.to_path_buf(), text)))
    })?
}

/// The folder of the nearest workspace above a folder that does not exclude it.
pub(crate) fn workspace_above(folder: &Path, look: &Look) -> Option<PathBuf> {
    root_above(folder, look).map(|(root, _)| root)
}

/// What is to be said about a package that has no workspace of its own and lies below one.
fn above(folder: &Path, look: &Look) -> Verdict {
    let Some((root, _)) = root_above(folder, look) else { return Verdict::Sound };
    let path = clean(folder).join("Cargo.toml");
    let within = read(&root, look);
    let shown = root.display();
    if within.manifests.iter().any(|manifest| manifest.member && manifest.path == path) {
        return Verdict::Doubtful(format!("cargo takes the lockfile of the workspace that it belongs to: {shown}"));
    }
    Verdict::Refused(format!("cargo takes it for a part of a workspace that neither names nor excludes it: {shown}"))
}

impl Workspace {
    /// Keeps what is to be said against the whole.
    fn against(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Sound => {}
            Verdict::Refused(why) => self.refusals.push(why),
            Verdict::Doubtful(why) => self.doubts.push(why),
        }
    }

    fn check_members(&mut self, root: &Path, default_members: &[PathBuf]) {
        let members: Vec<&Manifest> = self.manifests.iter().filter(|manifest| manifest.member).collect();
        let mut names = BTreeSet::new();
        let twice = members.iter().find(|manifest| !names.insert(manifest.name.as_str()));
        let twice = twice.map(|manifest| format!("two members of the workspace have the same name: {}", manifest.name));
        let folders: BTreeSet<&Path> = members.iter().filter_map(|manifest| manifest.path.parent()).collect();
        let stranger =
            default_members.iter().find(|folder| !folders.contains(folder.as_path()) && **folder != clean(root));
        let stranger = stranger.map(|folder| format!("default-members names what is no member: {}", folder.display()));
        self.refusals.extend(twice.into_iter().chain(stranger));
    }
}

/// The version that a manifest's text gives itself, if it has this name and inherits neither.
pub(crate) fn version_of(text: &str, name: &str) -> Option<String> {
    let table = DeTable::parse(text).ok()?;
    let package = table.get_ref().get("package")?.get_ref().as_table()?;
    let said = |key: &str| package.get(key).map(|v| v.get_ref().as_str());
    (said("name")?? == name).then(|| said("version").map_or(Some("0.0.0"), |said| said))?.map(str::to_owned)
}

type Package = (Manifest, Vec<PathBuf>);

fn package(
    path: &Path,
    text: &str,
    table: &DeTable<'_>,
    inherited: &Inherited,
    member: bool,
) -> Result<Package, Verdict> {
    let nothing = || Verdict::Refused(format!("{} has no package", path.display()));
    let package = table.get("package").or_else(|| table.get("project")).and_then(|v| v.get_ref().as_table());
    let package = package.ok_or_else(nothing)?;
    let name = package.get("name").and_then(|v| v.get_ref().as_str()).ok_or_else(nothing)?;
    let version = match package.get("version").map(toml::Spanned::get_ref) {
        Some(DeValue::String(version)) => version.to_string(),
        Some(DeValue::Table(_)) => inherited.version.clone().unwrap_or_default(),
        _ => "0.0.0".to_owned(),
    };
    let mut features = BTreeMap::new();
    for (key, value) in table.get("features").and_then(|v| v.get_ref().as_table()).into_iter().flatten() {
        let items = value.get_ref().as_array().into_iter().flat_map(|items| items.iter());
        let items = items.filter_map(|item| item.get_ref().as_str().map(str::to_owned)).collect();
        features.insert(key.get_ref().to_string(), items);
    }
    let folder = path.parent().unwrap_or(path);
    let (mut needs, mut spans, mut paths) = (Vec::new(), Vec::new(), Vec::new());
    each_dependency(table, |key, value, target, dev| {
        let (need, path) = need(key.get_ref(), value, target, dev, folder, inherited);
        // A development dependency counts for members only.
        if member || !dev {
            paths.extend(path);
        }
        needs.push(need);
        spans.push(key.span());
    });
    let manifest = Manifest {
        path: path.to_path_buf(),
        text: text.to_owned(),
        name: name.to_owned(),
        version,
        features,
        needs,
        spans,
        member,
    };
    Ok((manifest, paths))
}
