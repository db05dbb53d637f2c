//! The judgement of one file that names images: each of them once, and whether an engine of this machine has it.
//! May not say what a build does with them.

use super::dockerfile::Need;
use super::engines::{Engines, Found};
use super::platform::Platform;
use super::{Kind, LARGEST, kind, reference};
use crate::ecosystem::{Ask, Judged, Repair, Shared, Verdict};
use crate::text::Places;
use contract::{Artifact, ArtifactState, Cache};
use std::collections::HashSet;
use std::path::Path;

/// What is said where only Docker could tell.
const UNVERIFIED_DOCKER: &str = "unverified: Docker is here, and no run of it stands behind this answer";
/// What is said of dev containers.
const UNVERIFIED_CONTAINER: &str = "unverified: no run of what builds dev containers stands behind this answer";

pub(super) fn judge(lockfile: &Path, ask: &Ask<'_>) -> Judged {
    let (mut judged, text) = Judged::begin(lockfile, LARGEST, ask.look);
    let Some(text) = text else { return judged };
    let name = lockfile.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let kind = kind(name).unwrap_or(Kind::Dockerfile);
    let folder = lockfile.parent().unwrap_or(lockfile);
    let asked = super::read(kind, &text, Some((folder, ask)));
    let places = Places::new(&text);
    for broken in &asked.broken {
        judged.broken(broken, &places);
        judged.verdict.worsen(Verdict::Refused(format!("it cannot be read: {}", broken.reason)));
    }
    for doubt in &asked.doubts {
        judged.verdict.worsen(Verdict::Doubtful(doubt.clone()));
    }
    if asked.cut_short {
        judged.verdict.worsen(Verdict::Doubtful("a part of it is not read".into()));
    }
    judged.manifests.push(lockfile.to_path_buf());
    if asked.needs.is_empty() {
        return judged;
    }
    let engines = Engines::look(ask);
    let mut told = Told { judged, engines: &engines, places: &places, ask, seen: HashSet::new(), bytes: 0 };
    // One that is needed in two places is needed, whichever comes first.
    let (needed, aside): (Vec<_>, Vec<_>) = asked.needs.iter().partition(|need| !need.aside);
    needed.into_iter().chain(aside).for_each(|need| told.tell(need));
    let Told { mut judged, bytes, .. } = told;
    if engines.unverified() {
        judged.verdict.worsen(Verdict::Doubtful(UNVERIFIED_DOCKER.into()));
    }
    if kind == Kind::Devcontainer {
        judged.verdict.worsen(Verdict::Doubtful(UNVERIFIED_CONTAINER.into()));
    }
    judged.watch.extend(engines.folders());
    for (at, path) in engines.folders().into_iter().enumerate() {
        judged.caches.push(Cache {
            ecosystem: "oci".into(),
            path,
            bytes: (at == 0).then_some(bytes),
            quota: None,
            expires_at: None,
            stale: 0,
            replaced: 0,
            text: String::new(),
        });
    }
    judged
}

struct Told<'a> {
    judged: Judged,
    engines: &'a Engines,
    places: &'a Places<'a>,
    ask: &'a Ask<'a>,
    seen: HashSet<String>,
    bytes: u64,
}

impl Told<'_> {
    fn tell(&mut self, need: &Need) {
        let id = super::id(need);
        if !self.seen.insert(id.clone()) {
            return;
        }
        let platform =
            need.platform.clone().map(|platform| platform.and_then(|text| Platform::parse(&text))).transpose();
        let found = match (&need.name, &platform) {
            (Err(why), _) | (_, Err(why)) => Found::not(ArtifactState::Unknown, why),
            (Ok(name), Ok(platform)) => self.engines.find(name, platform.as_ref(), self.ask),
        };
        let name = need.name.clone().unwrap_or_else(|_| need.written.clone());
        let read = reference::parse(&name).ok();
        let (shown, version) = read.map_or_else(|| (name.clone(), String::new()), |read| (read.name(), read.version()));
        let place = self.judged.artifacts.len() as u32;
        let present = found.state == ArtifactState::Present;
        let mut contents = found.contents.into_iter().filter(|_| present);
        self.judged.contents.push(contents.next());
        self.judged.shared.extend(contents.map(|content| Shared {
            broken: format!("{} is not what its digest says", content.path.display()),
            content,
            artifacts: vec![place],
        }));
        self.bytes += found.bytes.filter(|_| present).unwrap_or(0);
        let platform = platform.ok().flatten().map(|platform| platform.to_string()).unwrap_or_default();
        let spec = need.name.is_ok().then(|| format!("{}\n{name}\n{platform}", self.engines.program()));
        self.judged.repairs.push(Repair { spec, set_aside: Vec::new() });
        let graph = &mut self.judged.graph;
        graph.labels.push(name);
        graph.needs.push(Vec::new());
        graph.artifact.push(Some(place));
        self.judged.artifacts.push(Artifact {
            id,
            ecosystem: "oci".into(),
            name: shown,
            version,
            state: found.state,
            evidence: if need.aside {
                format!("nothing needs it by default; {}", found.evidence)
            } else {
                found.evidence
            },
            looked_in: found.looked_in,
            verified: false,
            needed_by: Vec::new(),
            target: None,
            other_target: need.aside,
            dev: false,
            optional: false,
            bytes: found.bytes,
            file: self.judged.lockfile.clone(),
            range: self.places.range(need.span.clone()),
            manifests: Vec::new(),
        });
    }
}
