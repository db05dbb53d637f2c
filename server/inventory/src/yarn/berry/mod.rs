//! The judgement of one `yarn.lock` of Yarn 4: every package with what Yarn's cache has for it.
//! May not run anything and writes nothing.

mod archive;
mod lock;
mod place;
mod settings;
mod walk;

use super::program::{self, Program, Wish};
use crate::ecosystem::{Ask, Broken, Judged, Line, Repair, Verdict};
use crate::look::Seen;
use crate::npm;
use crate::text::Places;
use crate::verify::{Algorithm, Content, Sum};
use contract::{Artifact, ArtifactState, Cache};
use lock::{Entry, Lock};
use settings::Settings;
use std::collections::HashSet;
use std::ops::Range as Span;
use std::path::PathBuf;
use walk::Walk;

/// What the lockfile says of its form and of its archives', and from which Yarn 4 on to which that is what Yarn writes.
const FORMS: [(&str, u64, u64); 3] = [("8", 6, 12), ("9", 14, 14), ("10", 16, 18)];
/// No archive could have it, so Yarn refuses whatever it has.
const NO_CHECKSUM: &str = "what the lockfile has as its checksum is none";
/// The form of the cache.
const CACHE: &str = "10";

fn ids(lock: &Lock) -> Vec<String> {
    super::ids(lock.entries.iter().map(|entry| (entry.locator().0, entry.version.as_str())))
}

pub(super) fn locate(text: &str) -> (Vec<(String, Span<usize>)>, Vec<Broken>) {
    let lock = lock::read(text);
    let ids = ids(&lock);
    let all = ids.into_iter().zip(&lock.entries).filter(|(_, entry)| is_fetched(entry));
    (all.map(|(id, entry)| (id, entry.span.clone())).collect(), lock.broken)
}

/// Archives beside the lockfile that it takes packages from, as it names them.
pub(super) fn archives(text: &str) -> Vec<String> {
    let lock = lock::read(text);
    let file = |entry: &Entry| Some(entry.locator().1.strip_prefix("file:")?.split("::").next()?.to_owned());
    lock.entries.iter().filter_map(file).collect()
}

/// Whether it is anything but a folder of the workspace or beside it.
fn is_fetched(entry: &Entry) -> bool {
    !["workspace:", "link:", "portal:"].iter().any(|start| entry.locator().1.starts_with(start))
}

/// Names of packages that come from a registry.
pub(super) fn of_registries(text: &str) -> Vec<String> {
    let lock = lock::read(text);
    let mut names: Vec<String> = lock
        .entries
        .iter()
        .map(lock::Entry::locator)
        .filter(|(_, reference)| reference.starts_with("npm:") && !reference.contains("::"))
        .map(|(name, _)| name.to_owned())
        .collect();
    names.dedup();
    names
}

pub(super) fn judge(mut judged: Judged, text: &str, ask: &Ask<'_>) -> Judged {
    let lock = lock::read(text);
    let places = Places::new(text);
    for broken in &lock.broken {
        judged.broken(broken, &places);
    }
    let lockfile = judged.lockfile.clone();
    let folder = lockfile.parent().unwrap_or(&lockfile);
    let settings = settings::read(folder, ask);
    judged.verdict.worsen(settings.verdict.clone());
    let walk = walk::follow(folder, &lock, ask);
    let manifest = walk.members.first().map(|member| member.text.as_str()).unwrap_or_default();
    let manifest: serde_json::Value = serde_json::from_str(manifest).unwrap_or_default();
    let manager = manifest.get("packageManager").and_then(serde_json::Value::as_str);
    let program = match program::find(&Wish { manager, path: settings.program.clone() }, ask) {
        Ok(program) => Some(program),
        Err(verdict) => {
            judged.verdict.worsen(verdict);
            None
        }
    };
    judged.verdict.worsen(form(&lock, &settings, program.as_ref()));
    // A lockfile that is broken is refused for that.
    if lock.broken.is_empty() {
        judged.verdict.worsen(walk.verdict.clone());
    }
    let own = super::asks::Berry::read(folder, ask);
    let named = own.registry.iter().chain(own.scopes.values());
    judged.mirrors = named.map(|url| crate::registries::mirror("yarn", url)).collect();
    judged.manifests = walk.members.iter().map(|member| member.path.clone()).collect();
    judged.watch.extend(judged.manifests.iter().cloned().chain(settings.files.iter().cloned()));
    judged.watch.push(settings.cache.clone());
    tell(&mut judged, &lock, &walk, &settings, &places, ask);
    graph(&mut judged, &lock, &walk);
    judged
}

/// Whether Yarn would leave the lockfile as it is.
fn form(lock: &Lock, settings: &Settings, program: Option<&Program>) -> Verdict {
    if lock.elsewhere {
        return Verdict::Doubtful("a part of the lockfile is not read".into());
    }
    if lock.conflicted {
        return Verdict::Refused("the lockfile has conflict markers, and Yarn would have to change it".into());
    }
    if !lock.broken.is_empty() {
        return Verdict::Refused("a part of the lockfile cannot be read".into());
    }
    let Some(program) = program else { return Verdict::Sound };
    let (version, said) = (&program.version, lock.version.as_deref().unwrap_or("none"));
    if version.major == 1 {
        return Verdict::Refused(format!(
            "the lockfile is one of a newer Yarn, and Yarn {version} would have to change it"
        ));
    }
    let written = FORMS.iter().find(|(_, from, to)| version.major == 4 && (*from..=*to).contains(&version.minor));
    let Some((written, ..)) = written else {
        return Verdict::Doubtful(format!("which lockfiles Yarn {version} leaves as they are is not known"));
    };
    if said != *written {
        return Verdict::Refused(format!("the lockfile has version {said}, and Yarn {version} would write {written}"));
    }
    let key = format!("{CACHE}{}", settings.level);
    if lock.cache_key.as_deref() != Some(&key) {
        return Verdict::Refused(format!("the lockfile was made with archives of another form than {key}"));
    }
    match lock.otherwise {
        Some(why) => Verdict::Refused(format!("Yarn would change the lockfile: {why}")),
        None => Verdict::Sound,
    }
}

/// What is here of one package.
struct Held {
    state: ArtifactState,
    evidence: String,
    path: Option<PathBuf>,
    bytes: Option<u64>,
    content: Option<Content>,
}

impl Held {
    fn new(state: ArtifactState, evidence: impl Into<String>) -> Self {
        Held { state, evidence: evidence.into(), path: None, bytes: None, content: None }
    }
}

/// Every package, and what lies in the cache besides.
fn tell(judged: &mut Judged, lock: &Lock, walk: &Walk, settings: &Settings, places: &Places<'_>, ask: &Ask<'_>) {
    let (mut bytes, mut known) = (0, HashSet::new());
    for ((at, entry), id) in lock.entries.iter().enumerate().zip(ids(lock)) {
        if !is_fetched(entry) {
            continue;
        }
        let conditional = entry.conditions.as_deref().filter(|_| entry.checksum.is_none());
        let here = conditional.map_or(Some(true), |conditions| {
            place::holds(conditions, &|key: &str, value: &str| settings.is(key, value))
        });
        let wanted = walk.needed[at] && here != Some(false);
        let held = match (wanted, here, file(entry, settings, lock)) {
            (_, _, Err(NO_CHECKSUM)) => Held::new(ArtifactState::Corrupt, NO_CHECKSUM),
            (_, _, Err(why)) => Held::new(ArtifactState::Unknown, why),
            (_, None, _) => Held::new(ArtifactState::Unknown, "for which machines it is cannot be told"),
            (false, _, Ok((path, _))) => {
                known.insert(path);
                Held::new(ArtifactState::Missing, "this machine does not need it, and it was not looked for")
            }
            (true, _, Ok((path, sum))) => {
                known.insert(path.clone());
                look(path, sum, conditional.is_some(), ask)
            }
        };
        if wanted && entry.checksum.is_none() && entry.conditions.is_none() && lock.broken.is_empty() {
            judged.verdict.worsen(Verdict::Refused(format!("the lockfile has no checksum for {}", entry.resolution)));
        }
        let present = held.state == ArtifactState::Present;
        bytes += held.bytes.filter(|_| present).unwrap_or(0);
        judged.contents.push(held.content.filter(|_| present));
        let spec = settings.cache.to_str().map(str::to_owned);
        judged.repairs.push(Repair { spec, set_aside: held.path.iter().cloned().collect() });
        judged.artifacts.push(Artifact {
            id,
            ecosystem: "yarn".into(),
            name: entry.locator().0.to_owned(),
            version: entry.version.clone(),
            state: held.state,
            evidence: held.evidence,
            looked_in: held.path.into_iter().collect(),
            verified: false,
            needed_by: Vec::new(),
            target: conditional.map(|_| ask.target.to_owned()),
            other_target: !wanted,
            dev: walk.dev[at],
            optional: walk.optional[at],
            bytes: held.bytes,
            file: judged.lockfile.clone(),
            range: places.range(entry.span.clone()),
            manifests: Vec::new(),
        });
    }
    if settings.own_cache && lock.broken.is_empty() {
        judged.verdict.worsen(too_much(settings, &known, ask));
    }
    judged.caches.push(Cache {
        ecosystem: "yarn".into(),
        path: settings.cache.clone(),
        bytes: Some(bytes),
        ..Cache::default()
    });
}

/// What nobody needs in the project's own cache: an install that may not change it refuses that.
fn too_much(settings: &Settings, known: &HashSet<PathBuf>, ask: &Ask<'_>) -> Verdict {
    if ask.look.at(&settings.cache) == Seen::Absent {
        return Verdict::Refused(format!("the project's own cache is not there: {}", settings.cache.display()));
    }
    let all = crate::reach::list(&settings.cache).into_iter().flatten().flatten();
    let more = all.map(|entry| entry.path()).find(|path| !known.contains(path) && !path.ends_with(".gitignore"));
    match more {
        Some(path) => Verdict::Refused(format!("nothing needs {}, and Yarn would remove it", path.display())),
        None => Verdict::Sound,
    }
}

/// A package's archive, and the checksum it must have; or why that cannot be told.
fn file(entry: &Entry, settings: &Settings, lock: &Lock) -> Result<(PathBuf, Option<Sum>), &'static str> {
    let (name, reference) = entry.locator();
    if !place::is_name(name) || reference.contains('\0') {
        return Err("its name leads out of Yarn's cache, and is not followed");
    }
    let key = lock.cache_key.as_deref().unwrap_or_default();
    let hex = match entry.checksum.as_deref().map(|sum| sum.split_once('/').unwrap_or((key, sum))) {
        Some((own, _)) if own != key => return Err("its checksum is of another form than the lockfile's"),
        Some((_, hex)) => Some(hex),
        None => None,
    };
    let sum = match hex.map(hex::decode) {
        Some(Ok(bytes)) if bytes.len() == Algorithm::Sha512.len() => Some(Sum { algorithm: Algorithm::Sha512, bytes }),
        None => None,
        Some(_) => return Err(NO_CHECKSUM),
    };
    let slug = place::slug(name, reference);
    if slug.contains(['/', '\\']) {
        return Err("its address leads out of Yarn's cache, and is not followed");
    }
    let file = match hex.filter(|_| settings.mirrored) {
        Some(hex) => format!("{slug}-{}.zip", &hex[..10]),
        None => format!("{slug}-{key}.zip"),
    };
    Ok((settings.cache.join(file), sum))
}

fn look(path: PathBuf, sum: Option<Sum>, conditional: bool, ask: &Ask<'_>) -> Held {
    let (state, evidence) = match ask.look.at(&path) {
        Seen::File(identity) if identity.size == 0 => {
            (ArtifactState::Corrupt, "its archive in Yarn's cache is empty".into())
        }
        Seen::File(identity) => {
            let mut held = Held::new(ArtifactState::Present, "its archive is in Yarn's cache");
            if conditional {
                let bytes = ask.look.bytes(&path, archive::LARGEST);
                (held.state, held.evidence) = match bytes.map(|bytes| archive::is_whole(&bytes)) {
                    Ok(Some(true)) => (held.state, held.evidence),
                    Ok(_) => (ArtifactState::Corrupt, "its archive in Yarn's cache is damaged".into()),
                    Err(why) => (ArtifactState::Unknown, format!("its archive in Yarn's cache: {why}")),
                };
            }
            held.bytes = Some(identity.size);
            held.content = sum.map(|sum| Content { path: path.clone(), sum, identity, read: None });
            held.path = Some(path);
            return held;
        }
        Seen::Absent | Seen::Dangling => (ArtifactState::Missing, "it is not in Yarn's cache".to_owned()),
        Seen::Folder(_) => (ArtifactState::Corrupt, "a folder stands in the place of its archive".to_owned()),
        other => (ArtifactState::Unknown, other.doubt().unwrap_or_default()),
    };
    Held { path: Some(path), ..Held::new(state, evidence) }
}

/// Who needs whom, and the lines of manifests that lead there.
fn graph(judged: &mut Judged, lock: &Lock, walk: &Walk) {
    judged.graph.labels = lock
        .entries
        .iter()
        .map(|entry| match entry.locator() {
            (name, _) if !is_fetched(entry) => name.to_owned(),
            (name, _) => format!("{name} {}", entry.version),
        })
        .collect();
    let mut next = 0;
    let artifact = |entry: &Entry| {
        is_fetched(entry).then(|| {
            next += 1;
            next - 1
        })
    };
    judged.graph.artifact = lock.entries.iter().map(artifact).collect();
    judged.graph.needs = vec![Vec::new(); lock.entries.len()];
    for &(from, to) in &walk.edges {
        judged.graph.needs[from as usize].push(to);
    }
    judged.graph.needs.iter_mut().for_each(|needs| needs.sort_unstable());
    for member in &walk.members {
        let Some(own) = member.entry.map(|at| &lock.entries[at as usize]) else { continue };
        let places = Places::new(&member.text);
        for named in npm::manifest::named(&member.text) {
            let mut to: Vec<u32> = judged.graph.needs[member.entry.unwrap_or_default() as usize].clone();
            let range = own.dependencies.iter().find(|(name, _)| *name == named.key).map(|(_, range)| range.as_str());
            let asked = format!("{}@{}", named.key, range.unwrap_or_default());
            to.retain(|at| {
                lock.entries[*at as usize].keys.iter().any(|key| lock::split(key).0 == named.key || *key == asked)
            });
            if !to.is_empty() {
                let range = places.range(named.span);
                judged.graph.lines.push(Line { file: member.path.clone(), range, dependency: named.key, to });
            }
        }
    }
}
