//! Whether `package.json` and the lockfile agree, as `npm ci` demands.
//! May read manifests of the workspace's own packages only.

use super::config::Config;
use super::entry::{Entry, Text};
use super::lock::Lock;
use super::spec::{self, Repository};
use super::tree::{self, Tree};
use crate::ecosystem::{Ask, Verdict};
use crate::look::Seen;
use crate::members;
use crate::text::Places;
use contract::{Finding, Severity, codes};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// What the comparison came to.
pub(crate) struct Sync {
    pub verdict: Verdict,
    pub findings: Vec<Finding>,
    /// Entry, manifest, and its text.
    pub manifests: Vec<(usize, PathBuf, String)>,
}

/// The lockfile as a place for findings.
pub(crate) struct File<'a> {
    pub path: &'a Path,
    pub places: &'a Places<'a>,
    /// Entry and artifact, by entry.
    pub ids: &'a [(usize, String)],
}

impl File<'_> {
    fn id(&self, entry: usize) -> Option<&str> {
        self.ids.binary_search_by_key(&entry, |(at, _)| *at).ok().map(|at| self.ids[at].1.as_str())
    }
}

/// More findings than these tell nothing new.
const MOST_FINDINGS: usize = 100;
/// Larger manifests are not read, in bytes.
const LARGEST: u64 = 4 << 20;

pub(crate) fn compare(
    file: &File<'_>,
    folder: &Path,
    lock: &Lock,
    tree: &Tree,
    inert: &[bool],
    config: &Config,
    ask: &Ask<'_>,
) -> Sync {
    let mut sync = Sync { verdict: Verdict::Sound, findings: Vec::new(), manifests: Vec::new() };
    if !lock.has_packages {
        return sync;
    }
    let by_path: HashMap<&str, u32> =
        lock.entries.iter().enumerate().map(|(at, located)| (located.path.as_str(), at as u32)).collect();
    let clean = lock.broken.is_empty();
    for (at, located) in lock.entries.iter().enumerate() {
        // Only plain folders below the lockfile's are the workspace's own.
        let outside =
            Path::new(&located.path).components().any(|part| !matches!(part, std::path::Component::Normal(_)));
        if located.path.contains("node_modules") || located.entry.link || outside {
            continue;
        }
        let path = folder.join(&located.path).join("package.json");
        let text = match ask.look.text(&path, LARGEST) {
            Ok(text) => super::without_mark(&text).into_owned(),
            Err(why) => {
                sync.verdict.worsen(Verdict::Doubtful(format!("{} was not read: {why}", path.display())));
                continue;
            }
        };
        if located.path.is_empty()
            && let Some(doubt) = root(&text, folder, lock, &by_path, ask)
        {
            sync.verdict.worsen(Verdict::Doubtful(doubt));
        }
        let read = serde_json::from_str::<Entry>(&text);
        if let (true, Ok(manifest)) = (config.engine_strict, &read) {
            sync.verdict.worsen(strict(manifest.name.as_deref().unwrap_or("this package"), manifest, config));
        }
        match read {
            Ok(manifest) if clean => one(&mut sync, at, &path, &text, &manifest, lock, tree, &by_path, config),
            Ok(_) => {}
            Err(error) => {
                sync.verdict.worsen(Verdict::Refused(format!("{} cannot be read: {error}", path.display())));
            }
        }
        sync.manifests.push((at, path, text));
    }
    if clean {
        repositories(&mut sync, lock, tree);
        unanswered(&mut sync, file, lock, tree, config);
        for (at, located) in lock.entries.iter().enumerate() {
            let entry = &located.entry;
            if config.engine_strict && !inert[at] && !super::omitted(entry, config) {
                sync.verdict.worsen(strict(super::name_of(located), entry, config));
            }
            if !tree.optional[at] && !inert[at] && !super::omitted(entry, config) && !tree::fits_platform(entry, config)
            {
                let sentence = format!("{} does not run on this machine, and is not optional", super::name_of(located));
                sync.verdict.worsen(Verdict::Refused(sentence));
            }
        }
    }
    sync
}

/// The address of an entry's git repository, where it comes from one.
fn repository(entry: &Entry) -> Option<Result<Repository, ()>> {
    match &entry.resolved {
        Some(Text::Said(resolved)) => spec::read(resolved),
        _ => None,
    }
}

/// What an entry asks for, by name.
fn tables(entry: &Entry) -> impl Iterator<Item = (&str, &str)> {
    let tables = [&entry.dependencies, &entry.optional_dependencies, &entry.dev_dependencies, &entry.peer_dependencies];
    tables.into_iter().flat_map(|table| table.0.iter().map(|(name, range)| (&**name, &**range)))
}

/// Packages from git repositories that are not what entries of the lockfile ask for: npm asks for another then.
fn repositories(sync: &mut Sync, lock: &Lock, tree: &Tree) {
    // Most lockfiles have nothing of it: a range holds neither of these letters.
    let may = |entry: &Entry| tables(entry).any(|(_, range)| range.contains(['/', ':']));
    if !lock.entries.iter().any(|located| may(&located.entry) || repository(&located.entry).is_some()) {
        return;
    }
    let overridden = sync.manifests.iter().any(|(_, _, text)| text.contains("\"overrides\""));
    let mut asks: HashMap<u32, HashMap<&str, &str>> = HashMap::new();
    for edge in &tree.edges {
        let (from, to) = (&lock.entries[edge.from as usize], &lock.entries[edge.to as usize]);
        let Some((_, folder)) = to.path.rsplit_once("node_modules/") else { continue };
        if from.entry.link || to.entry.link {
            continue;
        }
        // Of one name the first table counts.
        let asked = asks.entry(edge.from).or_insert_with(|| {
            let mut all = HashMap::new();
            for (name, range) in tables(&from.entry) {
                all.entry(name).or_insert(range);
            }
            all
        });
        let Some(asked) = asked.get(folder).copied() else { continue };
        let (name, held) = (super::name_of(to), repository(&to.entry));
        let verdict = match (spec::read(asked), held) {
            (Some(Ok(asked)), Some(Ok(held)))
                if asked.is_here() && !asked.allows(&held, to.entry.version.as_deref(), Some(&asked)) =>
            {
                Verdict::Doubtful(format!(
                    "{name} is asked for from a repository on this machine, in which npm looks anew"
                ))
            }
            (None, None) => continue,
            (Some(Err(())), _) | (_, Some(Err(()))) => Verdict::Doubtful(format!("{name}: {}", spec::NOT_UNDERSTOOD)),
            (Some(Ok(asked)), Some(Ok(held))) if asked.allows(&held, to.entry.version.as_deref(), Some(&asked)) => {
                continue;
            }
            (None, Some(_)) if to.entry.version.as_deref().and_then(|v| super::satisfies(v, asked)) == Some(true) => {
                continue;
            }
            _ if overridden => Verdict::Doubtful(format!(
                "package.json has overrides, and {name} comes from elsewhere than is asked for"
            )),
            _ => Verdict::Refused(format!("the lockfile has {name} from elsewhere than is asked for")),
        };
        sync.verdict.worsen(verdict);
    }
}

/// What entries of the lockfile need and the lockfile does not have: npm refuses it, whatever its cache holds. One
/// finding for each such entry.
fn unanswered(sync: &mut Sync, file: &File<'_>, lock: &Lock, tree: &Tree, config: &Config) {
    let mut lacking: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for unanswered in &tree.unanswered {
        let entry = &lock.entries[unanswered.from as usize];
        // npm wants optional ones in the lockfile too, and does without optional peers only.
        let lenient = unanswered.peer && (unanswered.optional || config.legacy_peers);
        // The workspace's own were compared above.
        if lenient || !entry.path.contains("node_modules") || entry.entry.in_bundle {
            continue;
        }
        lacking.entry(unanswered.from).or_default().push(&unanswered.name);
    }
    for (from, names) in lacking {
        let located = &lock.entries[from as usize];
        let and = if names.len() > 1 { format!(" and {} more", names.len() - 1) } else { String::new() };
        let sentence = format!("{} needs {}{and}, which the lockfile does not have", super::name_of(located), names[0]);
        if sync.findings.len() < MOST_FINDINGS {
            sync.findings.push(Finding {
                code: codes::UNLOCKED_DEPENDENCY.into(),
                severity: Severity::Error,
                message: format!(
                    "{sentence}: `npm ci` refuses it, with a network too\nhint: run `npm install` while there is a connection; if npm writes the same lockfile again, remove it and `node_modules` first"
                ),
                file: file.path.to_path_buf(),
                range: file.places.range(located.span.clone()),
                source: "holdover".into(),
                data: file.id(from as usize).map(|id| serde_json::json!({ "entry": id })),
            });
        }
        sync.verdict.worsen(Verdict::Refused(sentence));
    }
}

/// With `engine-strict`, npm refuses what its engines do not fit.
fn strict(name: &str, entry: &Entry, config: &Config) -> Verdict {
    for (what, asked, have) in
        [("Node.js", &entry.engines.node, &config.node), ("npm", &entry.engines.npm, &config.npm)]
    {
        let Some(asked) = asked else { continue };
        if have.as_deref().and_then(|have| super::satisfies(have, asked)) != Some(true) {
            let have = have.as_deref().unwrap_or("not known");
            let why = format!("engine-strict is set, and {name} wants {what} {asked}, which is {have}");
            return Verdict::Doubtful(why);
        }
    }
    Verdict::Sound
}

/// What of the root's manifest may change the tree that npm wants, and cannot be told from the lockfile.
fn root(text: &str, folder: &Path, lock: &Lock, locked: &HashMap<&str, u32>, ask: &Ask<'_>) -> Option<String> {
    // One that cannot be read is refused elsewhere.
    let manifest: serde_json::Value = serde_json::from_str(text).ok()?;
    let empty = |value: &serde_json::Value| value.as_object().is_some_and(serde_json::Map::is_empty);
    if let Some(overrides) = manifest.get("overrides").filter(|overrides| !empty(overrides))
        && !overridden(overrides, lock)
    {
        return Some("package.json has overrides, and it could not be told that the lockfile follows them".into());
    }
    let workspaces = manifest.get("workspaces")?;
    let listed = workspaces.as_array().or_else(|| workspaces.get("packages")?.as_array());
    let Some(listed) = listed else { return Some("the workspaces in package.json are no list".into()) };
    for pattern in listed {
        let Some(pattern) = pattern.as_str().filter(|pattern| !pattern.starts_with('!') && !pattern.contains('{'))
        else {
            return Some(format!("a pattern of the workspaces in package.json is not understood: {pattern}"));
        };
        let pattern = pattern.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
        for member in members::named(folder, pattern, "package.json", ask.look) {
            let Ok(below) = member.strip_prefix(folder) else { continue };
            let below = below.to_string_lossy().replace('\\', "/");
            let there = matches!(ask.look.at(&member.join("package.json")), Seen::File(_));
            if there && !below.contains("node_modules") && !locked.contains_key(below.as_str()) {
                return Some(format!("the lockfile does not have a member of the workspaces: {below}"));
            }
        }
    }
    None
}

/// Whether every package that is overridden by a plain range stands in the lockfile in a version that fits it. Overrides
/// below other packages, for a part of the versions, or that refer to a dependency are not followed.
fn overridden(overrides: &serde_json::Value, lock: &Lock) -> bool {
    let Some(overrides) = overrides.as_object() else { return false };
    overrides.iter().all(|(name, range)| {
        let plain = !name.trim_start_matches('@').contains('@');
        let Some(range) = range.as_str().filter(|range| plain && !range.starts_with('$')) else { return false };
        lock.entries
            .iter()
            .filter(|located| located.path.rsplit_once("node_modules/").is_some_and(|(_, folder)| folder == name))
            .all(|located| {
                let version = located.entry.version.as_deref();
                version.and_then(|version| super::satisfies(version, range)) == Some(true)
            })
    })
}

/// Compares one manifest with what the lockfile holds for it.
#[expect(clippy::too_many_arguments)]
fn one(
    sync: &mut Sync,
    at: usize,
    path: &Path,
    text: &str,
    manifest: &Entry,
    lock: &Lock,
    tree: &Tree,
    by_path: &HashMap<&str, u32>,
    config: &Config,
) {
    let locked = &lock.entries[at].entry;
    let tables = [
        (&manifest.dependencies, &locked.dependencies),
        (&manifest.dev_dependencies, &locked.dev_dependencies),
        (&manifest.optional_dependencies, &locked.optional_dependencies),
        (&manifest.peer_dependencies, &locked.peer_dependencies),
    ];
    let mut named = HashMap::new();
    for one in super::manifest::named(text) {
        named.entry(one.key).or_insert(one.span);
    }
    let places = Places::new(text);
    let mut candidate = String::new();
    let mut by_folder = HashMap::new();
    for to in tree.out[at].iter().map(|&edge| &lock.entries[tree.edges[edge as usize].to as usize]) {
        if let Some((_, folder)) = to.path.rsplit_once("node_modules/") {
            by_folder.entry(folder).or_insert(to);
        }
    }
    let known: [HashMap<&str, &str>; 4] =
        tables.map(|(_, was)| was.0.iter().map(|(name, range)| (name.as_str(), range.as_str())).collect());
    for (table, (asked, _)) in tables.into_iter().enumerate() {
        for (name, range) in &asked.0 {
            if table == 3 && (config.legacy_peers || manifest.peer_dependencies_meta.may_be_absent(name)) {
                continue;
            }
            // What the lockfile's own word on this package leaves out may be there all the same.
            let beside = || {
                let to = tree::find(&lock.entries[at].path, name, false, by_path, &mut candidate);
                to.map(|to| &lock.entries[to as usize])
            };
            let to = by_folder.get(name.as_str()).copied().or_else(beside);
            let unchanged = known[table].get(name.as_str()) == Some(&range.as_str());
            let held = match to {
                None => false,
                Some(_) if unchanged => true,
                Some(to) if repository(&to.entry).is_some() => {
                    let asked_before = known[table].get(name.as_str()).copied().and_then(spec::read);
                    let before = asked_before.and_then(Result::ok);
                    match (spec::read(range), repository(&to.entry)) {
                        (Some(Ok(asked)), Some(Ok(held))) => {
                            asked.allows(&held, to.entry.version.as_deref(), before.as_ref())
                        }
                        (None, _) => to.entry.version.as_deref().and_then(|v| super::satisfies(v, range)) == Some(true),
                        _ => false,
                    }
                }
                Some(to) => {
                    let range = range
                        .strip_prefix("npm:")
                        .and_then(|alias| alias.rsplit_once('@'))
                        .map_or(range.as_str(), |(_, r)| r);
                    to.entry.version.as_deref().and_then(|version| super::satisfies(version, range)).unwrap_or(false)
                }
            };
            if held {
                continue;
            }
            if let (Some(_), Some(Ok(asked))) = (to, spec::read(range))
                && asked.is_here()
            {
                let why = format!("{name} is asked for from a repository on this machine, in which npm looks anew");
                sync.verdict.worsen(Verdict::Doubtful(why));
                continue;
            }
            let what = if to.is_some() { "has another version of" } else { "does not have" };
            if let Some(span) = named.get(name) {
                sync.findings.push(Finding {
                    code: codes::UNLOCKED_DEPENDENCY.into(),
                    severity: Severity::Error,
                    message: format!(
                        "the lockfile {what} {name} {range}: without a network it cannot be added\nhint: run `npm install` while there is a connection"
                    ),
                    file: path.to_path_buf(),
                    range: places.range(span.clone()),
                    source: "holdover".into(),
                    data: None,
                });
            }
            sync.verdict.worsen(Verdict::Refused(format!("the lockfile {what} {name} {range}")));
        }
    }
}
