//! Joins lockfile, manifests and index into "which packages does the target need, and does the index know them?".
//! Remembers that answer by everything it depends on; may not look at checksums of files.

use super::config::Config;
use super::entries::{Entry, LARGEST_ENTRY, of_index, stands};
use super::index;
use super::lock::{self, Lock, Source};
use super::manifest::Workspace;
use super::origin;
use super::platform::Platform;
use super::registry::Registry;
use super::resolve::{self, Known, Need, Needed, Node, Origin};
use super::sources::{Home, Sources};
use crate::ecosystem::{Ask, Verdict};
use crate::ledger::{Buffers, Lent};
use crate::look::{self, Seen, Unread};
use crate::memory;
use crate::text::Places;
use contract::{Finding, Severity, codes};
use rayon::prelude::*;
use std::collections::HashMap;
use std::path::PathBuf;

pub(crate) fn reason(why: Unread) -> String {
    why.to_string()
}

/// The answer, by package.
pub(crate) struct Study {
    pub needed: Vec<Needed>,
    pub entries: Vec<Entry>,
    /// What stands where the `.crate` should be; `None`: not looked at.
    pub crates: Vec<Option<Seen>>,
    /// Who brings in whom; of the lockfile's edges those that are live: [`resolve::Resolution::live`].
    pub edges: Vec<Vec<u32>>,
    pub verdict: Verdict,
    pub findings: Vec<Finding>,
    /// All of it depends on one registry, and may be remembered.
    plain: bool,
}

/// What is studied.
#[derive(Clone, Copy)]
struct Of<'a> {
    text: &'a str,
    lock: &'a Lock,
    workspace: &'a Workspace,
    config: &'a Config,
    ask: &'a Ask<'a>,
}

/// Version of the remembered form and of the rules; a change forgets everything.
const FORM: u8 = 2;

pub(crate) fn study(
    text: &str,
    lock: &Lock,
    workspace: &Workspace,
    config: &Config,
    sources: &mut Sources,
    ask: &Ask<'_>,
) -> Study {
    let edges = lock::edges(lock);
    let count = lock.packages.len();
    let (crates, entries) = (vec![None; count], vec![Entry::Unnamed; count]);
    let mut study = Study {
        needed: Vec::new(),
        entries,
        crates,
        edges,
        verdict: Verdict::Sound,
        findings: Vec::new(),
        plain: true,
    };
    study.plain = sources.plain;
    let of = Of { text, lock, workspace, config, ask };
    let mut known: Vec<Option<Known>> = sources.take_known();
    let mut plain = None;
    for (index, registry) in sources.registries.iter().enumerate() {
        let own = |at: &usize| matches!(sources.homes[*at], Home::Registry(of) if of == index);
        let asked: Vec<usize> = (0..count).filter(own).collect();
        match study.look(&of, registry, &asked, &mut known) {
            Looked::Remembered => return study,
            Looked::Anew(digest) => plain = Some(digest),
        }
    }
    let live = study.resolve(lock, workspace, config, known, ask);
    let remembered = plain.filter(|_| sources.plain).map(|digest| study.remembered(&digest, &live));
    study.keep(&live);
    if study.verdict == Verdict::Sound
        && study.findings.is_empty()
        && study.entries.iter().all(|e| code(*e).is_some())
        && let Some(remembered) = remembered
    {
        ask.memory.put_many(vec![(memory::key("cargo-needs", &workspace_path(workspace)), remembered)]);
    }
    study
}

/// What came of looking at a registry.
enum Looked {
    /// The whole answer was remembered.
    Remembered,
    /// By the digest of what the answer depends on.
    Anew([u8; 32]),
}

fn workspace_path(workspace: &Workspace) -> PathBuf {
    workspace.files.first().cloned().unwrap_or_default()
}

/// Everything that the answer depends on.
fn digest(
    text: &str,
    workspace: &Workspace,
    config: &Config,
    registry: &Registry,
    seen: &[Seen],
    ask: &Ask<'_>,
) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    part(&[FORM]);
    part(env!("HOLDOVER_RULES").as_bytes());
    part(ask.target.as_bytes());
    part(text.as_bytes());
    part(workspace.root_text.as_bytes());
    for manifest in &workspace.manifests {
        part(manifest.path.as_os_str().as_encoded_bytes());
        part(&[u8::from(manifest.member)]);
        part(manifest.text.as_bytes());
    }
    for doubt in workspace.doubts.iter().chain(&workspace.refusals) {
        part(doubt.as_bytes());
    }
    for cfg in &config.cfgs {
        part(cfg.as_bytes());
    }
    for (name, url) in &config.names {
        part(name.as_bytes());
        part(url.as_bytes());
    }
    part(registry.entries.as_os_str().as_encoded_bytes());
    for seen in seen {
        match seen {
            Seen::File(identity) => part(&identity.bytes()),
            other => part(format!("{other:?}").as_bytes()),
        }
    }
    *hasher.finalize().as_bytes()
}

fn code(entry: Entry) -> Option<u8> {
    Some(match entry {
        Entry::Fine => 0,
        Entry::Absent => 1,
        Entry::Older => 2,
        Entry::Damaged => 3,
        Entry::Differs => 4,
        Entry::Newer => 5,
        Entry::Unnamed => 6,
        Entry::Unread(_) => return None,
    })
}

impl Study {
    /// Looks at the packages `asked` of one registry: their archives and their index entries.
    fn look(&mut self, of: &Of<'_>, registry: &Registry, asked: &[usize], known: &mut [Option<Known>]) -> Looked {
        let Of { text, lock, workspace, config, ask } = *of;
        let archives: Vec<PathBuf> = asked.iter().map(|&at| registry.crate_path(&lock.packages[at])).collect();
        let entry = |name| index::shard(name).map_or_else(PathBuf::new, |shard| registry.entries.join(shard));
        let paths: Vec<PathBuf> = asked.iter().map(|&at| entry(&lock.packages[at].name)).collect();
        let key = memory::key("cargo-needs", &workspace_path(workspace));
        let before = || ask.memory.get_many(std::slice::from_ref(&key)).into_iter().next().flatten();
        let before = self.plain.then(before).flatten();
        let package = |order: usize| &lock.packages[asked[order]];
        let look_at_entries = || {
            if before.is_some() {
                return (ask.look.at_all(&registry.entries, &paths), None);
            }
            // Nothing spares their reading, so one walk along each path is enough.
            let read = ask.look.open_all(&registry.entries, &paths, |order, seen, file, buffer| {
                let read = look::read_what_stands(seen, &file, LARGEST_ENTRY, buffer);
                (seen, of_index(package(order), seen, read.map(|(bytes, _)| bytes), ask.look))
            });
            let (seen, read) = read.into_iter().unzip();
            (seen, Some(read))
        };
        let (archives, (seen, read)) = rayon::join(|| ask.look.at_all(&registry.crates, &archives), look_at_entries);
        for ((&archive, &seen), &at) in archives.iter().zip(&seen).zip(asked) {
            (self.crates[at], self.entries[at]) = (Some(archive), stands(seen));
        }
        let digest = digest(text, workspace, config, registry, &seen, ask);
        if before.is_some_and(|bytes| self.recall(&bytes, &digest)) {
            return Looked::Remembered;
        }
        let read: Vec<(Entry, Option<Known>)> = read.unwrap_or_else(|| {
            let buffers = Buffers::default();
            let all = (paths.par_iter().enumerate()).with_max_len(8);
            let one = |lent: &mut Lent<'_>, (order, path): (usize, &PathBuf)| {
                let read = match seen[order] {
                    Seen::File(_) => look::read_seen(path, LARGEST_ENTRY, &mut lent.buffer).map(|(bytes, _)| bytes),
                    odd => Err(Unread::Odd(odd)),
                };
                of_index(package(order), seen[order], read, ask.look)
            };
            all.map_init(|| buffers.lend(), one).collect()
        });
        for (&at, read) in asked.iter().zip(read) {
            (self.entries[at], known[at]) = read;
        }
        Looked::Anew(digest)
    }

    /// Of the edges only what is live. `live` has one answer for each.
    fn keep(&mut self, live: &[Vec<bool>]) {
        for (edges, live) in self.edges.iter_mut().zip(live) {
            let mut live = live.iter();
            edges.retain(|_| live.next().copied().unwrap_or(true));
        }
    }

    /// Form, digest, two bytes a package: needed, entry; then one byte an edge of the lockfile: live.
    fn remembered(&self, digest: &[u8; 32], live: &[Vec<bool>]) -> Vec<u8> {
        let mut out = vec![FORM];
        out.extend_from_slice(digest);
        for (needed, entry) in self.needed.iter().zip(&self.entries) {
            out.push(*needed as u8);
            out.push(code(*entry).unwrap_or(u8::MAX));
        }
        out.extend(live.iter().flatten().map(|live| u8::from(*live)));
        out
    }

    fn recall(&mut self, bytes: &[u8], digest: &[u8; 32]) -> bool {
        let Some(records) = bytes.strip_prefix(&[FORM]).and_then(|bytes| bytes.strip_prefix(digest)) else {
            return false;
        };
        let edges: usize = self.edges.iter().map(Vec::len).sum();
        let Some((records, live)) = records.split_at_checked(self.entries.len() * 2) else { return false };
        if live.len() != edges && !live.is_empty() {
            return false;
        }
        let mut needed = Vec::with_capacity(self.entries.len());
        let mut entries = Vec::with_capacity(self.entries.len());
        for record in records.chunks_exact(2) {
            needed.push(match record[0] {
                0 => Needed::No,
                1 => Needed::Perhaps,
                2 => Needed::Yes,
                _ => return false,
            });
            entries.push(match record[1] {
                0 => Entry::Fine,
                1 => Entry::Absent,
                2 => Entry::Older,
                3 => Entry::Damaged,
                4 => Entry::Differs,
                5 => Entry::Newer,
                6 => Entry::Unnamed,
                _ => return false,
            });
        }
        (self.needed, self.entries) = (needed, entries);
        let mut rest = live.iter();
        let live: Vec<Vec<bool>> =
            self.edges.iter().map(|edges| rest.by_ref().take(edges.len()).map(|live| *live != 0).collect()).collect();
        self.keep(&live);
        true
    }

    /// Says of each edge whether it is live; of none where nothing is known, which leaves all.
    fn resolve(
        &mut self,
        lock: &Lock,
        workspace: &Workspace,
        config: &Config,
        mut known: Vec<Option<Known>>,
        ask: &Ask<'_>,
    ) -> Vec<Vec<bool>> {
        let mut manifest_of = vec![None; lock.packages.len()];
        for (index, manifest) in workspace.manifests.iter().enumerate() {
            let same = |p: &lock::Package| p.source == Source::Path && p.name == manifest.name;
            let Some(at) = lock.packages.iter().position(|p| same(p) && p.version == manifest.version) else {
                let why = if lock.packages.iter().any(same) { "has another version of" } else { "does not have" };
                let sentence = format!(
                    "the lockfile {why} the package that {} describes: {} {}",
                    manifest.path.display(),
                    manifest.name,
                    manifest.version
                );
                self.verdict.worsen(Verdict::Refused(sentence));
                continue;
            };
            manifest_of[at] = Some(index);
            known[at] = Some(Known {
                needs: manifest.needs.clone(),
                features: manifest.features.clone(),
                member: manifest.member,
            });
        }
        for known in known.iter_mut().flatten() {
            self.settle_origins(known, config);
        }
        let nodes: Vec<Node<'_>> = lock
            .packages
            .iter()
            .zip(known)
            .zip(&self.edges)
            .map(|((package, known), edges)| Node {
                name: &package.name,
                version: semver::Version::parse(&package.version).ok(),
                origin: origin::of(package),
                known,
                edges,
            })
            .collect();
        let platform = Platform::new(ask.target, &config.cfgs);
        let resolution = resolve::resolve(&nodes, workspace.patched, &platform);
        // Without members nothing can be said about who needs what.
        let lost = !nodes.iter().any(|node| node.known.as_ref().is_some_and(|known| known.member));
        self.needed = if lost { vec![Needed::Perhaps; nodes.len()] } else { resolution.needed };
        // A workspace without any member is one, and needs nothing.
        let empty = lock.packages.is_empty() && workspace.manifests.is_empty() && !workspace.root_text.is_empty();
        if lost && empty && workspace.doubts.is_empty() {
            return Vec::new();
        }
        if lost {
            self.verdict.worsen(Verdict::Doubtful("no manifest was read that the lockfile belongs to".into()));
            return Vec::new();
        }
        let mut places: HashMap<usize, Places<'_>> = HashMap::new();
        for unlocked in &resolution.unlocked {
            let node = &nodes[unlocked.node as usize];
            let Some(need) = node.known.as_ref().map(|known| &known.needs[unlocked.need]) else { continue };
            if let Some(index) = manifest_of[unlocked.node as usize] {
                let manifest = &workspace.manifests[index];
                let places = places.entry(index).or_insert_with(|| Places::new(&manifest.text));
                let range = places.range(manifest.spans[unlocked.need].clone());
                self.findings.push(unlocked_finding(manifest.path.clone(), range, need));
            }
            let sentence = format!("{} needs {}, which the lockfile does not have", node.name, wanted(need));
            self.verdict.worsen(Verdict::Refused(sentence));
        }
        for (at, feature) in &resolution.featureless {
            let node = &nodes[*at as usize];
            let sentence = format!("a feature is asked for that {} does not have: {feature}", node.name);
            self.verdict.worsen(Verdict::Refused(sentence));
        }
        // What broken parts of the lockfile said is not known.
        if lock.broken.is_empty()
            && workspace.doubts.is_empty()
            && workspace.refusals.is_empty()
            && self.verdict == Verdict::Sound
            && let Some(&at) = resolution.superfluous.first()
        {
            let package = &lock.packages[at as usize];
            let sentence =
                format!("the lockfile has what nothing asks for any more: {} {}", package.name, package.version);
            self.verdict.worsen(Verdict::Refused(sentence));
        }
        resolution.live
    }
}

impl Study {
    /// A registry is asked for by the name that cargo's configuration has for it, and without one cargo stops.
    fn settle_origins(&mut self, known: &mut Known, config: &Config) {
        for need in &mut known.needs {
            if let Some(origin) = config.origin(&need.origin) {
                need.origin = origin;
                continue;
            }
            let name = if let Origin::Named(name) = &need.origin { name.as_str() } else { "" };
            let why =
                format!("{} comes from a registry that cargo's configuration does not name: {name}", need.package);
            self.verdict.worsen(Verdict::Refused(why));
        }
    }
}

fn wanted(need: &Need) -> String {
    need.req.as_ref().map_or_else(|| need.package.clone(), |req| format!("{} {req}", need.package))
}

fn unlocked_finding(file: PathBuf, range: contract::Range, need: &Need) -> Finding {
    Finding {
        code: codes::UNLOCKED_DEPENDENCY.into(),
        severity: Severity::Error,
        message: format!(
            "the lockfile does not have {}: without a network it cannot be added\nhint: run `cargo fetch` while there is a connection",
            wanted(need)
        ),
        file,
        range,
        source: "holdover".into(),
        data: None,
    }
}
