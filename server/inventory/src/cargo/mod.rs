//! Cargo: `Cargo.lock` and the registry folders below cargo's home.
//! Judged as `cargo fetch --locked --offline --target TARGET` would, and by checksum; runs nothing and writes nothing.

mod asked;
mod asks;
mod config;
mod entries;
mod expiry;
mod git;
mod git_texts;
mod index;
mod irregular;
mod local;
mod lock;
pub(crate) mod manifest;
mod origin;
mod platform;
mod refusal;
mod registry;
mod resolve;
mod sources;
mod study;
mod targets;
mod toolchain;
mod vendored;

use crate::ecosystem::{Ask, Broken, Ecosystem, Judged, Line, Named, Repair, Shared, Verdict};
use crate::fetch::{self, Wanted};
use crate::look::{Look, Seen};
use crate::text::Places;
use crate::verify::{Algorithm, Content, Sum};
use contract::{Artifact, ArtifactState, Cache, FetchStep};
use entries::Entry;
use lock::{Package, Source};
use registry::Registry;
use resolve::Needed;
use sources::Sources;
use std::collections::{HashMap, HashSet};
use std::ops::Range as Span;
use std::path::{Path, PathBuf};
use study::Study;

/// Lockfiles larger than this are not read, in bytes; the largest known projects stay below 2 MiB.
pub(crate) const LARGEST_LOCKFILE: u64 = 32 << 20;

pub(crate) struct Cargo;

impl Ecosystem for Cargo {
    fn name(&self) -> &'static str {
        "cargo"
    }

    fn lockfiles(&self) -> &'static [&'static str] {
        &["Cargo.lock"]
    }

    fn manifest(&self) -> &'static str {
        "Cargo.toml"
    }

    fn judge(&self, lockfile: &Path, ask: &Ask<'_>) -> Judged {
        judge(lockfile, ask)
    }

    fn locate(&self, text: &str) -> (Vec<(String, Span<usize>)>, Vec<Broken>) {
        let lock = lock::read(text);
        let ids = ids(&lock.packages);
        (ids.into_iter().zip(lock.packages).map(|(id, package)| (id, package.span)).collect(), lock.broken)
    }

    fn dependencies(&self, text: &str) -> Vec<Named> {
        asked::named(text)
    }

    fn needs_lockfile(&self, _manifest: &str) -> bool {
        // `--locked` wants one also where nothing is needed.
        true
    }

    fn expiry(&self, lockfile: &Path, ask: &Ask<'_>) -> Option<(PathBuf, i64)> {
        expiry::expiry(lockfile, ask)
    }

    fn registries(&self, lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<crate::registries::Registry> {
        asks::registries(lockfile, missing, ask)
    }

    fn deprecated(&self, _lockfile: &Path, artifacts: &[&Artifact], ask: &Ask<'_>) -> Option<Vec<(String, String)>> {
        Some(
            artifacts
                .iter()
                .filter(|artifact| yanked(artifact, ask.look))
                .map(|one| (one.id.clone(), YANKED.into()))
                .collect(),
        )
    }

    fn fetch(&self, wanted: &Wanted<'_>) -> Vec<FetchStep> {
        fetch::cargo(wanted)
    }
}

const YANKED: &str = "was yanked by its authors: it still builds, and nobody may lock it anew";

/// Whether the index said so when it was read last.
fn yanked(artifact: &Artifact, look: &Look) -> bool {
    let Some(entry) = artifact.looked_in.iter().find(|path| path.extension().is_none_or(|end| end != "crate")) else {
        return false;
    };
    let bytes = look.bytes(entry, entries::LARGEST_ENTRY).unwrap_or_default();
    index::entry(&bytes, &artifact.version).is_ok_and(|entry| entry.yanked == Some(true))
}

/// `cargo:<name>@<version>`, and the source behind it where that stands twice.
fn ids(packages: &[Package]) -> Vec<String> {
    let mut seen = HashSet::with_capacity(packages.len());
    let mut out = Vec::with_capacity(packages.len());
    for package in packages {
        let mut id = format!("cargo:{}@{}", package.name, package.version);
        if !seen.insert(id.clone()) {
            id = format!("{id}#{}", package.source_text.as_deref().map(fetch::without_credentials).unwrap_or_default());
            seen.insert(id.clone());
        }
        out.push(id);
    }
    out
}

fn judge(lockfile: &Path, ask: &Ask<'_>) -> Judged {
    let (mut judged, text) = Judged::begin(lockfile, LARGEST_LOCKFILE, ask.look);
    let Some(text) = text else { return judged };
    let mut lock = lock::read(&text);
    let places = Places::new(&text);
    check_packages(&mut lock);
    for broken in &lock.broken {
        judged.broken(broken, &places);
        judged.verdict.worsen(Verdict::Refused("a part of the lockfile cannot be read".into()));
    }
    if let Some(package) = lock.packages.iter().find(|p| p.source == Source::CratesIo && p.checksum.is_none()) {
        // Cargo knows the checksum from its index, and would write it.
        let sentence = format!("the lockfile has no checksum for {} {}", package.name, package.version);
        judged.verdict.worsen(Verdict::Refused(sentence));
    }
    if let Some(version) = lock.version.filter(|version| *version > 4) {
        judged.verdict.worsen(Verdict::Doubtful(format!("the lockfile has a version that is not known: {version}")));
    }

    let folder = lockfile.parent().unwrap_or(lockfile);
    let config = config::read(folder, ask);
    let workspace = manifest::read(folder, ask.look);
    judged.mirrors.clone_from(&config.mirrors);
    judged.manifests.clone_from(&workspace.files);
    judged.watch.extend(workspace.files.iter().cloned());
    for refusal in &workspace.refusals {
        judged.verdict.worsen(Verdict::Refused(refusal.clone()));
    }
    for doubt in &workspace.doubts {
        judged.verdict.worsen(Verdict::Doubtful(doubt.clone()));
    }
    if let Some(doubt) = config.doubt.clone() {
        judged.verdict.worsen(Verdict::Doubtful(doubt));
    }
    judged.verdict.worsen(toolchain::missing(folder, ask));
    if let Some(doubt) = unpatched(&workspace, &lock.packages, ask.look) {
        judged.verdict.worsen(Verdict::Doubtful(doubt));
    }
    let mut sources = Sources::find(&lock, &config, ask);
    judged.watch.extend(sources.watch.iter().cloned());
    judged.verdict.worsen(sources.verdict.clone());
    let study = study::study(&text, &lock, &workspace, &config, &mut sources, ask);
    judged.verdict.worsen(study.verdict.clone());
    judged.findings.extend(study.findings.iter().cloned());

    for (index, registry) in sources.registries.iter().enumerate() {
        if let Some((state, evidence)) = registry.unsettled()
            && sources.homes.iter().any(|home| matches!(home, sources::Home::Registry(of) if *of == index))
        {
            judged.artifacts.push(registry.artifact(lockfile, ask.target, state, &evidence));
            judged.contents.push(None);
            // Only damage has to be out of the way; what is missing is not.
            judged.repairs.push(Repair { spec: None, set_aside: vec![registry.settings.clone()] });
        }
    }
    let ids = ids(&lock.packages);
    let mut bytes = 0;
    let mut artifact_of = vec![None; lock.packages.len()];
    for (at, (package, id)) in lock.packages.iter().zip(ids).enumerate() {
        if package.source == Source::Path {
            continue;
        }
        let found = found(package, at, &sources, &study);
        bytes += found.bytes.unwrap_or(0);
        for (content, broken) in found.shared {
            judged.shared.push(Shared { content, artifacts: vec![judged.artifacts.len() as u32], broken });
        }
        artifact_of[at] = Some(judged.artifacts.len() as u32);
        judged.artifacts.push(Artifact {
            id,
            ecosystem: "cargo".into(),
            name: package.name.clone(),
            version: package.version.clone(),
            state: found.state,
            evidence: found.evidence,
            looked_in: found.looked_in,
            verified: false,
            needed_by: Vec::new(),
            target: Some(ask.target.to_owned()),
            other_target: found.other_target,
            dev: false,
            optional: false,
            bytes: found.bytes,
            file: lockfile.to_path_buf(),
            range: places.range(package.span.clone()),
            manifests: Vec::new(),
        });
        judged.contents.push(found.content);
        judged.repairs.push(Repair { spec: None, set_aside: found.set_aside });
    }
    judged.caches.push(Cache {
        ecosystem: "cargo".into(),
        path: ask.options.homes.cargo.join("registry"),
        bytes: Some(bytes),
        stale: judged.artifacts.iter().filter(|artifact| artifact.state == ArtifactState::Stale).count() as u64,
        ..Cache::default()
    });
    judged.graph.artifact = artifact_of;
    judged.graph.labels = lock
        .packages
        .iter()
        .map(|p| if p.source == Source::Path { p.name.clone() } else { format!("{} {}", p.name, p.version) })
        .collect();
    judged.graph.lines = lines(&workspace, &lock.packages, &study);
    judged.graph.needs = study.edges;
    judged
}

/// A `[patch]` that the lockfile does not hold as it stands: cargo would lock it anew, or refuse it.
fn unpatched(workspace: &manifest::Workspace, packages: &[Package], look: &Look) -> Option<String> {
    workspace.patches.iter().find_map(|(name, folder)| {
        let Some(folder) = folder else {
            let held = packages.iter().any(|package| package.name == *name && matches!(package.source, Source::Git(_)));
            return (!held).then(|| format!("[patch] names what the lockfile does not have: {name}"));
        };
        let path = folder.join("Cargo.toml");
        let version = match workspace.manifests.iter().find(|manifest| manifest.path == path) {
            Some(manifest) => (manifest.name == *name).then(|| manifest.version.clone()),
            None => match look.text(&path, manifest::LARGEST) {
                Ok(text) => manifest::version_of(&text, name),
                Err(why) => {
                    return Some(format!("[patch] puts a folder in place of {name}, which was not read: {why}"));
                }
            },
        };
        let held = version.is_some_and(|version| {
            packages.iter().any(|p| p.source == Source::Path && p.name == *name && p.version == version)
        });
        (!held).then(|| format!("[patch] puts a folder in place of {name} that the lockfile does not have"))
    })
}

/// Takes out what no registry could have, and what stands twice.
fn check_packages(lock: &mut lock::Lock) {
    let mut seen = HashSet::with_capacity(lock.packages.len());
    let broken = &mut lock.broken;
    lock.packages.retain(|package| {
        let reason = if index::shard(&package.name).is_none()
            && matches!(package.source, Source::CratesIo | Source::Registry(_))
        {
            format!("no crate can have this name: {:?}", package.name)
        } else if semver::Version::parse(&package.version).is_err() {
            format!("this is no version: {:?}", package.version)
        } else if !seen.insert((package.name.clone(), package.version.clone(), package.source_text.clone())) {
            format!("this package stands in the lockfile twice: {} {}", package.name, package.version)
        } else {
            return true;
        };
        broken.push(Broken { span: package.span.clone(), reason });
        false
    });
}

fn looked_in_entry(registry: &Registry, package: &Package) -> Vec<PathBuf> {
    index::shard(&package.name).map(|shard| registry.entries.join(shard)).into_iter().collect()
}

/// What is here of one package.
struct Found {
    state: ArtifactState,
    evidence: String,
    other_target: bool,
    looked_in: Vec<PathBuf>,
    content: Option<Content>,
    shared: Vec<(Content, String)>,
    set_aside: Vec<PathBuf>,
    bytes: Option<u64>,
}

fn found(package: &Package, at: usize, sources: &Sources, study: &Study) -> Found {
    if let Some(answer) = sources.answer(at) {
        // Cargo resolves for all targets first: what that needs is lacking for each.
        let present = answer.state == ArtifactState::Present;
        let other_target = study.needed[at] == Needed::No && (present || answer.by_target);
        let (mut state, mut evidence) = (answer.state, answer.evidence.clone());
        if answer.by_target && state == ArtifactState::Missing && study.needed[at] == Needed::Perhaps {
            state = ArtifactState::Unknown;
            evidence.push_str(", and it cannot be told whether this target needs it");
        }
        return Found {
            state,
            evidence,
            other_target,
            looked_in: answer.looked_in.clone(),
            content: answer.content.clone(),
            shared: answer.shared.clone(),
            set_aside: answer.set_aside.clone(),
            bytes: answer.bytes,
        };
    }
    let Some(registry) = sources.registry(at) else {
        let evidence = "its source is not understood".to_owned();
        return Found {
            state: ArtifactState::Unknown,
            evidence,
            other_target: false,
            looked_in: Vec::new(),
            content: None,
            shared: Vec::new(),
            set_aside: Vec::new(),
            bytes: None,
        };
    };
    let (state, evidence, other_target) = state_of(package, at, study);
    let seen = study.crates[at];
    let bytes = if let Some(Seen::File(identity)) = seen { Some(identity.size) } else { None };
    let mut looked_in = Vec::new();
    if study.entries[at] != Entry::Unnamed {
        looked_in.push(registry.crate_path(package));
        looked_in.extend(index::shard(&package.name).map(|shard| registry.entries.join(shard)));
    }
    let content = match (state, seen, package.checksum) {
        (ArtifactState::Present, Some(Seen::File(identity)), Some(sum)) => Some(Content {
            path: looked_in[0].clone(),
            sum: Sum { algorithm: Algorithm::Sha256, bytes: sum.to_vec() },
            identity,
            read: None,
        }),
        _ => None,
    };
    let set_aside = match study.entries[at] {
        Entry::Damaged | Entry::Differs => looked_in_entry(registry, package),
        // What was unpacked from a damaged archive is no better than it: without the mark, cargo unpacks anew.
        _ => vec![registry.crate_path(package), registry.source_path(package).join(".cargo-ok")],
    };
    Found { state, evidence, other_target, looked_in, content, shared: Vec::new(), set_aside, bytes }
}

/// State, evidence, and whether only another target needs it.
fn state_of(package: &Package, at: usize, study: &Study) -> (ArtifactState, String, bool) {
    use ArtifactState::{Corrupt, Missing, Present, Stale, Unknown};
    let other = study.needed[at] == Needed::No;
    // Every target needs the index entry: cargo resolves for all of them before it looks at one.
    let entry = match study.entries[at] {
        Entry::Fine => None,
        Entry::Absent => Some((Missing, "the index has no entry for it".to_owned())),
        Entry::Older => {
            Some((Stale, "its index entry is older than the lockfile and does not know this version".into()))
        }
        Entry::Damaged => Some((Corrupt, "its index entry is damaged".into())),
        Entry::Differs => Some((Corrupt, "the index and the lockfile do not agree on its checksum".into())),
        Entry::Newer => {
            Some((Unknown, "its index entry was written by a newer cargo, in a form that is not known".into()))
        }
        Entry::Unnamed => Some((Unknown, "its name is none that a registry takes".into())),
        Entry::Unread(why) => Some((Unknown, format!("its index entry: {}", study::reason(why)))),
    };
    if let Some((state, evidence)) = entry {
        return (state, evidence, false);
    }
    let seen = study.crates[at].unwrap_or(Seen::Absent);
    let (state, evidence) = match seen {
        Seen::File(identity) if identity.size == 0 => (Corrupt, "its .crate in the cache is empty".to_owned()),
        Seen::File(_) if package.checksum.is_none() => (Unknown, "the lockfile has no checksum for it".into()),
        Seen::File(_) => (Present, "its .crate is in the cache and its entry in the index".into()),
        Seen::Absent | Seen::Dangling if study.needed[at] == Needed::Perhaps => {
            (Unknown, "its .crate is not in the cache, and it cannot be told whether this target needs it".into())
        }
        Seen::Absent => (Missing, "its .crate is not in the cache".into()),
        Seen::Dangling => (Missing, "its .crate in the cache is a link that leads nowhere".into()),
        // Cargo takes even that for a crate while the sources are unpacked, and cannot unpack it.
        Seen::Folder(_) => (Corrupt, "its .crate in the cache is a folder".into()),
        odd => (Unknown, format!("its .crate in the cache: {}", odd.doubt().unwrap_or_default())),
    };
    (state, evidence, other)
}

/// The manifests' lines and the packages that they lead to.
fn lines(workspace: &manifest::Workspace, packages: &[Package], study: &Study) -> Vec<Line> {
    let mut out = Vec::new();
    for manifest in &workspace.manifests {
        let Some(node) = packages
            .iter()
            .position(|p| p.source == Source::Path && p.name == manifest.name && p.version == manifest.version)
        else {
            continue;
        };
        let places = Places::new(&manifest.text);
        let mut by_name: HashMap<&str, Vec<u32>> = HashMap::new();
        for &to in &study.edges[node] {
            by_name.entry(&packages[to as usize].name).or_default().push(to);
        }
        let mut order: Vec<usize> = (0..manifest.needs.len()).collect();
        order.sort_by_key(|&at| manifest.spans[at].start);
        for at in order {
            let need = &manifest.needs[at];
            let fits = |to: &&u32| {
                let package = &packages[**to as usize];
                let version = semver::Version::parse(&package.version).ok();
                need.req.as_ref().is_none_or(|req| version.is_none_or(|version| req.matches(&version)))
            };
            out.push(Line {
                file: manifest.path.clone(),
                range: places.range(manifest.spans[at].clone()),
                dependency: need.key.clone(),
                to: by_name.get(need.package.as_str()).into_iter().flatten().filter(fits).copied().collect(),
            });
        }
    }
    out
}
