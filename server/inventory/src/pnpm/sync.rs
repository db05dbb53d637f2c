//! Whether the manifests of the workspace and what is configured are what the lockfile was made for, as pnpm compares them.
//! May read manifests of the workspace's own projects, and patches.

use super::linked;
use super::lock::{Importer, KINDS, Lock, without_suffix};
use super::program::{Form, Program};
use super::settings::{LARGEST, Settings};
use crate::ecosystem::{Ask, Verdict};
use crate::look::{Seen, Unread};
use crate::members::{self, clean};
use crate::npm;
use crate::verify::{Algorithm, digest};
use crate::yaml::Value;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// More members than this no workspace has.
const MOST_MEMBERS: usize = 20_000;

/// A project of the workspace.
pub(super) struct Project {
    /// Its place among the importers.
    pub importer: Option<usize>,
    pub path: PathBuf,
    pub text: String,
}

/// The projects, and what the comparison came to.
pub(super) struct Sync {
    pub verdict: Verdict,
    pub projects: Vec<Project>,
}

pub(super) fn compare(
    folder: &Path,
    lock: &Lock,
    settings: &Settings,
    program: Option<&Program>,
    ask: &Ask<'_>,
) -> Sync {
    let mut sync = Sync { verdict: Verdict::Sound, projects: Vec::new() };
    made_with(lock, settings, folder, &mut sync.verdict, ask);
    let members = members_of(folder, settings, &mut sync.verdict, ask);
    for member in members {
        let path = member.join("package.json");
        let text = match ask.look.text(&path, LARGEST) {
            Ok(text) => text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), |rest| format!("   {rest}")),
            Err(Unread::Absent) if member == *folder => {
                sync.verdict.worsen(Verdict::Refused(format!("there is no {}", path.display())));
                continue;
            }
            Err(Unread::Absent) => continue,
            Err(why) => {
                sync.verdict.worsen(Verdict::Doubtful(format!("{}: {why}", path.display())));
                continue;
            }
        };
        let below = member.strip_prefix(folder).unwrap_or(&member).to_string_lossy().into_owned();
        let id = if below.is_empty() { ".".to_owned() } else { below };
        let importer = lock.importers.iter().position(|importer| importer.path == id);
        match serde_json::from_str::<Json>(&text) {
            Ok(manifest @ Json::Object(_)) => {
                let told = one(&path, &manifest, importer.map(|at| &lock.importers[at]), settings, program);
                sync.verdict.worsen(told);
            }
            Ok(_) => sync.verdict.worsen(Verdict::Refused(format!("{} is no table", path.display()))),
            Err(error) => sync.verdict.worsen(Verdict::Refused(format!("{}: {error}", path.display()))),
        }
        sync.projects.push(Project { importer, path, text });
    }
    if program.is_some_and(|program| program.form == Form::Database) {
        sync.verdict.worsen(linked::compare(lock, &sync.projects));
    }
    sync
}

/// What the lockfile says it was made with.
fn made_with(lock: &Lock, settings: &Settings, folder: &Path, verdict: &mut Verdict, ask: &Ask<'_>) {
    let differs = |what: &str| Verdict::Refused(format!("the lockfile was made with other {what} than are configured"));
    let words = |value: &Value| -> BTreeMap<String, String> {
        value.entries().iter().filter_map(|one| Some((one.key.clone(), one.value.word()?.to_owned()))).collect()
    };
    let locked = lock.setting("overrides").map(words).unwrap_or_default();
    if settings.overrides.values().any(|to| to.starts_with(['$', '-']) || to.contains(':') && !to.starts_with("npm:")) {
        verdict.worsen(Verdict::Doubtful("an override refers to something else, which is not followed".into()));
    } else if locked != settings.overrides {
        verdict.worsen(differs("overrides"));
    }
    let locked = lock.setting("catalogs").map(Value::entries).unwrap_or_default();
    for catalog in locked {
        let known = settings.catalogs.get(&catalog.key);
        for one in catalog.value.entries() {
            let now = known.and_then(|known| known.get(&one.key)).map(String::as_str);
            if one.value.get("specifier").and_then(Value::word) != now {
                verdict.worsen(differs("catalogs"));
            }
        }
    }
    patches(lock, settings, folder, verdict, ask);
    for (key, value) in &lock.settings {
        match key.as_str() {
            "overrides" | "catalogs" | "patchedDependencies" | "settings" | "time" => {}
            "ignoredOptionalDependencies" if value.list().is_empty() => {}
            key => {
                verdict.worsen(Verdict::Doubtful(format!("the lockfile was made with {key}, which is not compared")));
            }
        }
    }
    for entry in lock.setting("settings").map(Value::entries).unwrap_or_default() {
        let same = match entry.key.as_str() {
            "autoInstallPeers" => {
                (entry.value.is_true() || entry.value.is_false())
                    && entry.value.is_true() == settings.auto_install_peers
            }
            "excludeLinksFromLockfile" | "dedupePeers" | "injectWorkspacePackages" => entry.value.is_false(),
            key => {
                let why = format!("the lockfile was made with settings.{key}, which is not compared");
                verdict.worsen(Verdict::Doubtful(why));
                continue;
            }
        };
        if !same {
            verdict.worsen(differs(&format!("settings ({})", entry.key)));
        }
    }
}

fn patches(lock: &Lock, settings: &Settings, folder: &Path, verdict: &mut Verdict, ask: &Ask<'_>) {
    let locked = lock.setting("patchedDependencies").map(Value::entries).unwrap_or_default();
    let named: BTreeSet<&str> = locked.iter().map(|one| one.key.as_str()).collect();
    if named != settings.patches.keys().map(String::as_str).collect() {
        verdict.worsen(Verdict::Refused("the lockfile was made with other patches than are configured".into()));
        return;
    }
    for one in locked {
        let path = folder.join(&settings.patches[&one.key]);
        let text = match ask.look.text(&path, LARGEST) {
            Ok(text) => text.replace("\r\n", "\n"),
            Err(Unread::Absent) => {
                return verdict.worsen(Verdict::Refused(format!("there is no {}, which is a patch", path.display())));
            }
            Err(why) => return verdict.worsen(Verdict::Doubtful(format!("{}: {why}", path.display()))),
        };
        let sum = crate::hexadecimal::of(&digest(Algorithm::Sha256, text.as_bytes()));
        let same = match &one.value {
            Value::Map(_) => {
                let path = settings.patches[&one.key].trim_start_matches("./");
                one.value.get("hash").and_then(Value::word) == Some(&sum)
                    && one.value.get("path").and_then(Value::word) == Some(path)
            }
            value => value.word() == Some(&sum),
        };
        if !same {
            let why = format!("the patch for {} is another than the lockfile was made with", one.key);
            verdict.worsen(Verdict::Refused(why));
        }
        // A patch can fail, and is then used by nobody.
        let name = one.key.get(1..).and_then(|rest| rest.rfind('@')).map_or(one.key.as_str(), |at| &one.key[..=at]);
        let target = format!("{name}@");
        if !lock.snapshots.iter().any(|snapshot| snapshot.key.starts_with(&target)) {
            verdict.worsen(Verdict::Refused(format!("the patch for {} is used by nothing", one.key)));
        }
    }
}

/// The folders of the workspace: its root, and what its patterns name.
fn members_of(root: &Path, settings: &Settings, verdict: &mut Verdict, ask: &Ask<'_>) -> BTreeSet<PathBuf> {
    let root = clean(root);
    let mut out = BTreeSet::from([root.clone()]);
    let Some(patterns) = &settings.patterns else { return out };
    let mut without = Vec::new();
    for pattern in patterns {
        let (pattern, excluded) = match pattern.strip_prefix('!') {
            Some(pattern) => (pattern, true),
            None => (pattern.as_str(), false),
        };
        let plain = pattern.trim_start_matches("./").trim_end_matches('/');
        if plain.contains(['{', '(', '!', '\\']) || plain.starts_with('/') {
            verdict.worsen(Verdict::Doubtful(format!("a pattern of the workspace is not understood: {pattern}")));
            continue;
        }
        if excluded {
            match glob::Pattern::new(plain) {
                Ok(pattern) => without.push(pattern),
                Err(error) => verdict.worsen(Verdict::Doubtful(format!("{pattern}: {error}"))),
            }
            continue;
        }
        for member in members::named(&root, plain, "package.json", ask.look).into_iter().take(MOST_MEMBERS) {
            let hidden = |part: std::path::Component<'_>| {
                let name = part.as_os_str().to_string_lossy();
                name == "node_modules" || name == "bower_components" || (name.starts_with('.') && plain.contains('*'))
            };
            let below = member.strip_prefix(&root).map(Path::to_path_buf).unwrap_or_default();
            if below.components().any(hidden) {
                continue;
            }
            for other in ["package.yaml", "package.json5"] {
                if ask.look.at(&member.join(other)) != Seen::Absent {
                    let why = format!("{} is not read", member.join(other).display());
                    verdict.worsen(Verdict::Doubtful(why));
                }
            }
            out.insert(member);
        }
    }
    let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::default() };
    out.retain(|member| {
        let Ok(below) = member.strip_prefix(&root) else { return true };
        below.as_os_str().is_empty() || !without.iter().any(|pattern| pattern.matches_path_with(below, options))
    });
    out
}

type Table = BTreeMap<String, String>;

/// Compares one manifest with what the lockfile holds for it.
fn one(
    path: &Path,
    manifest: &Json,
    importer: Option<&Importer>,
    settings: &Settings,
    program: Option<&Program>,
) -> Verdict {
    let refused = |why: String| Verdict::Refused(format!("{}: {why}", path.display()));
    let doubtful = |why: String| Verdict::Doubtful(format!("{}: {why}", path.display()));
    let table = |name: &str| -> Result<Table, String> {
        match manifest.get(name) {
            None | Some(Json::Null) => Ok(Table::new()),
            Some(Json::Object(table)) => table
                .iter()
                .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect::<Option<Table>>()
                .ok_or_else(|| format!("a version in {name} is no text")),
            Some(_) => Err(format!("{name} is no table")),
        }
    };
    let tables = (table(KINDS[0]), table(KINDS[1]), table(KINDS[2]), table("peerDependencies"));
    let (Ok(mut dependencies), Ok(mut dev), Ok(mut optional), Ok(peers)) = tables else {
        return doubtful("its dependencies are not what pnpm expects".into());
    };
    let mut verdict = engines(path, manifest, program);
    for (name, to) in &settings.overrides {
        let target = name.rsplit('>').next().unwrap_or(name);
        let bare = target.get(1..).and_then(|rest| rest.find('@')).map_or(target, |at| &target[..=at]);
        let tables = [&mut dependencies, &mut dev, &mut optional];
        if bare == name && !peers.contains_key(bare) {
            for table in tables {
                if let Some(asked) = table.get_mut(bare) {
                    to.clone_into(asked);
                }
            }
        } else if tables.iter().any(|table| table.contains_key(bare)) || peers.contains_key(bare) {
            verdict.worsen(doubtful(format!("whether the override of {name} is for it is not judged")));
        }
    }
    let empty = Importer { path: String::new(), asked: Default::default(), besides: None };
    let importer = importer.unwrap_or(&empty);
    if let Some(besides) = &importer.besides {
        verdict.worsen(doubtful(format!("the lockfile has {besides} for it, which is not compared")));
    }
    let told = |key: &str| manifest.get(key).is_some_and(|value| !value.is_null() && *value != serde_json::json!({}));
    if told("dependenciesMeta") || manifest.pointer("/publishConfig/directory").is_some() {
        verdict.worsen(doubtful("what it says of single dependencies is not compared".into()));
    }
    // What peers ask for is installed too, where nothing else asks for it.
    let mut all: Table = dev.iter().chain(&dependencies).chain(&optional).map(pair).collect();
    if settings.auto_install_peers {
        for (name, asked) in &peers {
            if !all.contains_key(name) {
                dependencies.insert(name.clone(), asked.clone());
            }
        }
        for (name, asked) in peers {
            all.entry(name).or_insert(asked);
        }
    }
    let mut locked = Table::new();
    for asked in importer.asked.iter().flatten() {
        if locked.insert(asked.name.clone(), asked.specifier.clone()).is_some_and(|known| known != asked.specifier) {
            return refused(format!("the lockfile has {} twice for it", asked.name));
        }
    }
    let differ: Vec<&str> = all
        .iter()
        .filter(|(name, asked)| locked.get(*name) != Some(asked))
        .map(|(name, _)| name.as_str())
        .chain(locked.keys().filter(|name| !all.contains_key(*name)).map(String::as_str))
        .collect();
    if let Some(first) = differ.first() {
        let more = if differ.len() > 1 { format!(" and {} more", differ.len() - 1) } else { String::new() };
        return refused(format!("it asks for other versions than the lockfile was made for: {first}{more}"));
    }
    let kinds = [
        dependencies.keys().filter(|name| !optional.contains_key(*name)).collect::<BTreeSet<_>>(),
        dev.keys().filter(|name| !optional.contains_key(*name) && !dependencies.contains_key(*name)).collect(),
        optional.keys().collect(),
    ];
    for ((asked, kind), name) in importer.asked.iter().zip(&kinds).zip(KINDS) {
        let locked: BTreeSet<&String> = asked.iter().map(|asked| &asked.name).collect();
        if locked != *kind {
            // A difference by links alone pnpm passes over in some cases.
            let links =
                asked.iter().filter(|asked| asked.reference.contains("link:") || asked.reference.contains("file:"));
            let rest = asked.len() - links.count();
            if rest == kind.len() && rest != asked.len() {
                verdict.worsen(doubtful(format!("its {name} differ from the lockfile's by folders")));
            } else {
                return refused(format!("its {name} are others than the lockfile's"));
            }
        }
        for asked in asked {
            let version = without_suffix(&asked.reference);
            let fits =
                semver::Version::parse(version).is_err() || npm::satisfies(version, &asked.specifier) != Some(false);
            if !fits {
                let what = format!("{} {version} in the lockfile does not fit {}", asked.name, asked.specifier);
                return refused(what);
            }
        }
    }
    verdict
}

fn pair((name, asked): (&String, &String)) -> (String, String) {
    (name.clone(), asked.clone())
}

/// What a project wants of the tools.
fn engines(path: &Path, manifest: &Json, program: Option<&Program>) -> Verdict {
    let Some(asked) = manifest.pointer("/engines/pnpm").and_then(Json::as_str) else { return Verdict::Sound };
    let Some(program) = program else { return Verdict::Sound };
    match npm::satisfies(&program.version.to_string(), asked) {
        Some(true) => Verdict::Sound,
        Some(false) => {
            Verdict::Refused(format!("{} wants pnpm {asked}, and {} is here", path.display(), program.version))
        }
        None => Verdict::Doubtful(format!("{} wants pnpm {asked}, which is not understood", path.display())),
    }
}

/// Which pnpm the project is made for; `before`: documents before the lockfile itself, in which newer ones keep that.
pub(super) fn manager(manifest: &Json, settings: &Settings, program: Option<&Program>, before: usize) -> Verdict {
    if manifest.pointer("/devEngines/packageManager").is_some_and(|asked| !asked.is_null()) {
        return Verdict::Doubtful("package.json has devEngines.packageManager, which is not followed".into());
    }
    let Some(asked) = manifest.get("packageManager").and_then(Json::as_str) else { return Verdict::Sound };
    let (name, version) = asked.split_once('@').unwrap_or((asked, ""));
    let version = version.split('+').next().unwrap_or_default();
    if name != "pnpm" {
        return Verdict::Refused(format!("package.json says that {name} is the project's package manager"));
    }
    let Some(program) = program else { return Verdict::Sound };
    if program.form == Form::Database && before == 0 && settings.switches_itself {
        return if program.version.major == 12 {
            Verdict::Refused("package.json asks for a pnpm that the lockfile does not have".into())
        } else {
            Verdict::Doubtful("package.json asks for a pnpm that the lockfile does not have".into())
        };
    }
    if program.version.to_string() == version || !settings.switches_itself {
        return Verdict::Sound;
    }
    let why = format!("package.json asks for pnpm {version}, which pnpm {} would fetch first", program.version);
    if settings.has_others { Verdict::Doubtful(why + " where it has not") } else { Verdict::Refused(why) }
}
