//! The judgement of one npm lockfile: every entry with what npm's cache has for it.
//! May not look into the cache itself.

use super::address::{self, DESCRIPTION, Lacking, Wanted as Asked};
use super::config::{self, Config};
use super::entry::Text;
use super::lock::{self, Located};
use super::repositories::{Answer, Repositories, Way};
use super::store::{Plan, Store, plan, state_of, sums};
use super::{LARGEST_LOCKFILE, artifacts, manifest, name_of, omitted, sync, tree, without_mark};
use crate::ecosystem::{Ask, Judged, Line, Repair, Shared, Verdict};
use crate::look::Seen;
use crate::text::Places;
use crate::verify::{Algorithm, Content};
use contract::{Artifact, ArtifactState, Cache, Range};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub(super) fn judge(lockfile: &Path, ask: &Ask<'_>) -> Judged {
    let (mut judged, text) = Judged::begin(lockfile, LARGEST_LOCKFILE, ask.look);
    let Some(text) = text else { return judged };
    let text = without_mark(&text);
    let lock = lock::read(&text);
    let places = Places::new(&text);
    for broken in &lock.broken {
        judged.broken(broken, &places);
        judged.verdict.worsen(if lock.mergeable {
            Verdict::Doubtful("the lockfile has conflict markers, and which side npm would take is not judged".into())
        } else {
            Verdict::Refused("a part of the lockfile cannot be read".into())
        });
    }
    match lock.version {
        Some(2 | 3) => {}
        Some(1) => judged.verdict.worsen(Verdict::Doubtful("the lockfile has version 1, which is not judged".into())),
        Some(version) => {
            judged
                .verdict
                .worsen(Verdict::Doubtful(format!("the lockfile has a version that is not known: {version}")));
        }
        None => judged.verdict.worsen(Verdict::Doubtful("the lockfile does not say which version it has".into())),
    }
    if lock.broken.is_empty() && matches!(lock.version, Some(2 | 3)) {
        let lacking = match () {
            () if !lock.has_packages => Some("the lockfile has no `packages`"),
            () if !lock.entries.iter().any(|located| located.path.is_empty()) => {
                Some("the lockfile has no entry for the project itself")
            }
            () => None,
        };
        if let Some(why) = lacking {
            judged.malformed(Range::default(), why.into());
            judged.verdict.worsen(Verdict::Doubtful(why.into()));
        }
    }
    let folder = lockfile.parent().unwrap_or(lockfile);
    let config = config::read(folder, ask);
    judged.mirrors.clone_from(&config.mirrors);
    let tree = tree::link(&lock.entries);
    let inert = tree.inert(&lock.entries, &config).unwrap_or_else(|| {
        let why = "the lockfile has more optional packages for other machines than are followed";
        judged.verdict.worsen(Verdict::Doubtful(why.into()));
        vec![false; lock.entries.len()]
    });
    let ids = artifacts(&lock.entries);
    let sync = sync::compare(
        &sync::File { path: lockfile, places: &places, ids: &ids },
        folder,
        &lock,
        &tree,
        &inert,
        &config,
        ask,
    );
    judged.verdict.worsen(sync.verdict);
    judged.findings.extend(sync.findings);
    judged.watch.extend(sync.manifests.iter().map(|(_, path, _)| path.clone()));
    judged.manifests = sync.manifests.iter().map(|(_, path, _)| path.clone()).collect();

    let store = Store::find(&config, ask);
    judged.watch.push(store.content.clone());
    let mut plans: Vec<Plan> = ids.iter().map(|(at, _)| plan(&lock.entries[*at], folder, &store)).collect();
    let mut repositories = Repositories::new(&config, ask);
    let mut cloned: HashMap<usize, Answer> = HashMap::new();
    let mut archives: HashMap<usize, String> = HashMap::new();
    for ((at, _), plan) in ids.iter().zip(&plans) {
        let Some(repository) = &plan.repository else { continue };
        if inert[*at] || omitted(&lock.entries[*at].entry, &config) {
            continue;
        }
        match repositories.way(repository) {
            Way::Archive(_) if store.doubt.is_some() => {
                let evidence = store.doubt.clone().unwrap_or_default();
                cloned.insert(*at, Answer { state: ArtifactState::Unknown, evidence, looked_in: Vec::new() });
            }
            Way::Archive(address) => drop(archives.insert(*at, address)),
            Way::Told(answer) => drop(cloned.insert(*at, answer)),
        }
    }
    let found = by_address(&ids, &mut plans, &lock.entries, &inert, &archives, &config, &store, lockfile, ask);
    let (mut lacking, shared) = found;
    judged.shared = shared;
    let paths: Vec<PathBuf> =
        plans.iter().flat_map(|plan| plan.candidates.iter().map(|(path, _)| path.clone())).collect();
    let mut seen = ask.look.at_all(&store.content, &paths).into_iter();
    let mut artifact_of = vec![None; lock.entries.len()];
    let mut bytes = 0;
    for ((at, id), plan) in ids.into_iter().zip(plans) {
        let located = &lock.entries[at];
        let entry = &located.entry;
        let stands: Vec<Seen> = seen.by_ref().take(plan.candidates.len()).collect();
        let (mut state, mut evidence, found) = state_of(&plan, &stands);
        let mut looked_in: Vec<PathBuf> = plan.candidates.iter().map(|(path, _)| path.clone()).collect();
        // Where the tarball itself is missing or damaged, that is said.
        let open = matches!(state, ArtifactState::Present | ArtifactState::Unknown) || stands.is_empty();
        if let Some(lacking) = lacking.remove(&at).filter(|_| open) {
            let path;
            (state, evidence, path) = not_by_address(lacking);
            looked_in.extend(path);
        }
        if let (ArtifactState::Present, Some(found)) = (state, found) {
            looked_in = vec![plan.candidates[found].0.clone()];
        }
        if plan.repository.is_some()
            && state == ArtifactState::Present
            && let Some(answer) = repositories.unpacked(&looked_in[0])
        {
            (state, evidence) = (answer.state, answer.evidence);
        }
        if let Some(answer) = cloned.remove(&at) {
            (state, evidence, looked_in) = (answer.state, answer.evidence, answer.looked_in);
        }
        let identity = found.and_then(|found| match stands[found] {
            Seen::File(identity) => Some(identity),
            _ => None,
        });
        let content = match (state, found, identity) {
            (ArtifactState::Present, Some(found), Some(identity)) => {
                let (path, sum) = &plan.candidates[found];
                sum.clone().map(|sum| Content { path: path.clone(), sum, identity, read: None })
            }
            _ => None,
        };
        bytes += identity.map_or(0, |identity| identity.size);
        artifact_of[at] = Some(judged.artifacts.len() as u32);
        judged.artifacts.push(Artifact {
            id,
            ecosystem: "npm".into(),
            name: name_of(located).to_owned(),
            version: entry.version.clone().unwrap_or_default(),
            state,
            evidence,
            looked_in,
            verified: false,
            needed_by: Vec::new(),
            target: (!entry.os.0.is_empty() || !entry.cpu.0.is_empty() || inert[at]).then(|| ask.target.to_owned()),
            other_target: inert[at] || omitted(entry, &config),
            dev: entry.dev || entry.dev_optional,
            optional: entry.optional || entry.dev_optional,
            bytes: identity.map(|identity| identity.size),
            file: lockfile.to_path_buf(),
            range: places.range(located.span.clone()),
            manifests: Vec::new(),
        });
        judged.contents.push(content);
        let set_aside = plan.candidates.into_iter().map(|(path, _)| path).collect();
        judged.repairs.push(Repair { spec: spec(located), set_aside });
    }
    judged.caches.push(Cache {
        ecosystem: "npm".into(),
        path: config.cache.clone(),
        bytes: Some(bytes),
        ..Cache::default()
    });
    judged.graph.artifact = artifact_of;
    judged.graph.labels = lock.entries.iter().map(label).collect();
    judged.graph.needs = vec![Vec::new(); lock.entries.len()];
    for edge in &tree.edges {
        judged.graph.needs[edge.from as usize].push(edge.to);
    }
    judged.graph.lines = lines(&sync.manifests, &lock.entries, &tree);
    judged
}

/// State, evidence, and where it was looked for.
fn not_by_address(lacking: Lacking) -> (ArtifactState, String, Option<PathBuf>) {
    use ArtifactState::{Corrupt, Missing, Stale, Unknown};
    match lacking {
        Lacking::Description(path) => (Missing, format!("{DESCRIPTION} is not in npm's cache"), Some(path)),
        Lacking::Older(path) => {
            (Stale, format!("{DESCRIPTION} is older than the lockfile and does not know this version"), Some(path))
        }
        Lacking::Damaged(path, why) => (Corrupt, address::broken(&why), Some(path)),
        Lacking::Tarball(path) => (Missing, "npm's cache has nothing for its address".into(), Some(path)),
        Lacking::Doubt(why) => (Unknown, format!("what npm's cache has for its address: {why}"), None),
    }
}

/// Looks up by address what npm does not find by checksum, and lays down in the plans where it is. What is lacking, by entry,
/// and the descriptions that artifacts rest on.
#[expect(clippy::too_many_arguments)]
fn by_address(
    ids: &[(usize, String)],
    plans: &mut [Plan],
    entries: &[Located],
    inert: &[bool],
    archives: &HashMap<usize, String>,
    config: &Config,
    store: &Store,
    lockfile: &Path,
    ask: &Ask<'_>,
) -> (HashMap<usize, Lacking>, Vec<Shared>) {
    let mut lacking = HashMap::new();
    let mut asked: Vec<(usize, Asked<'_>)> = Vec::new();
    for (order, (at, _)) in ids.iter().enumerate() {
        let entry = &entries[*at].entry;
        if let Some(address) = archives.get(at) {
            let address = Some(address.clone());
            asked.push((order, Asked { description: None, address, version: "", integrity: None }));
            continue;
        }
        if plans[order].repository.is_some() {
            continue;
        }
        let without = entry.resolved.is_none() || entry.integrity.is_none();
        if !without || inert[*at] || omitted(entry, config) || plans[order].doubt.is_some() || plans[order].local {
            continue;
        }
        let name = name_of(&entries[*at]);
        let registry = config.registry(name, ask).map(|registry| registry.trim_end_matches('/'));
        let address = match &entry.resolved {
            Some(Text::Said(address)) => Some(address.clone()),
            _ => None,
        };
        if entry.version.is_none() {
            lacking.insert(*at, Lacking::Doubt("the lockfile has no version for it".into()));
            continue;
        }
        let Some(registry) = registry else {
            lacking.insert(
                *at,
                Lacking::Doubt("npm's registry is not known: there is no npm here, and no .npmrc names one".into()),
            );
            continue;
        };
        // npm may put the configured registry in place of the lockfile's.
        if address.as_ref().is_some_and(|address| !address.starts_with(registry)) && config.has_registry() {
            lacking.insert(*at, Lacking::Doubt("another registry is configured than the lockfile has".into()));
            continue;
        }
        let description = address.is_none().then(|| format!("{registry}/{}", name.replace('/', "%2f")));
        let version = entry.version.as_deref().unwrap_or_default();
        asked.push((order, Asked { description, address, version, integrity: entry.integrity.as_deref() }));
    }
    let (orders, asked): (Vec<usize>, Vec<Asked<'_>>) = asked.into_iter().unzip();
    let mut answer = address::find(&asked, &config.cache, store, lockfile, ask, &super::Npm);
    for shared in &mut answer.shared {
        // Artifacts stand in the order of `ids`.
        shared.artifacts.iter_mut().for_each(|place| *place = orders[*place as usize] as u32);
    }
    for (order, found) in orders.into_iter().zip(answer.tarballs) {
        match found {
            Ok(sum) => plans[order].candidates = vec![(store.path(&sum), Some(sum))],
            Err(why) => {
                lacking.insert(ids[order].0, why);
            }
        }
    }
    (lacking, answer.shared)
}

fn label(located: &Located) -> String {
    match (&located.entry.version, located.path.contains("node_modules/")) {
        (Some(version), true) => format!("{} {version}", name_of(located)),
        _ if located.path.is_empty() => located.entry.name.clone().unwrap_or_else(|| "this package".into()),
        _ => name_of(located).to_owned(),
    }
}

/// What npm's cache is asked for: `name@version`, so that npm finds its own registry, or the address of what comes from
/// elsewhere. `None`: only an install brings what the lockfile names, because it names it by an older hash.
fn spec(located: &Located) -> Option<String> {
    let entry = &located.entry;
    let name = name_of(located);
    let version = entry.version.as_deref()?;
    let strongest = entry.integrity.as_deref().map(sums).unwrap_or_default().into_iter().next()?;
    // What begins with a hyphen would be taken for an option, and spaces or slashes for something else than a name.
    let plain = |text: &str| {
        !text.is_empty()
            && !text.starts_with('-')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~+@/".contains(&b))
    };
    if strongest.algorithm != Algorithm::Sha512 || !plain(name) || semver::Version::parse(version).is_err() {
        return None;
    }
    let file = format!("/-/{}-{version}.tgz", name.rsplit('/').next().unwrap_or(name));
    match &entry.resolved {
        Some(Text::Said(url)) if !url.split(['?', '#']).next().is_some_and(|url| url.ends_with(&file)) => {
            url.starts_with("https://").then(|| url.clone())
        }
        _ => Some(format!("{name}@{version}")),
    }
}

/// The manifests' lines and the entries that they lead to.
fn lines(manifests: &[(usize, PathBuf, String)], entries: &[Located], tree: &tree::Tree) -> Vec<Line> {
    let mut out = Vec::new();
    for (at, path, text) in manifests {
        let places = Places::new(text);
        let mut by_folder: HashMap<&str, Vec<u32>> = HashMap::new();
        for to in tree.out[*at].iter().map(|&edge| tree.edges[edge as usize].to) {
            if let Some((_, name)) = entries[to as usize].path.rsplit_once("node_modules/") {
                by_folder.entry(name).or_default().push(to);
            }
        }
        for named in manifest::named(text) {
            let to = by_folder.get(named.key.as_str()).cloned().unwrap_or_default();
            let range = places.range(named.span);
            out.push(Line { file: path.clone(), range, dependency: named.key, to });
        }
    }
    out
}
