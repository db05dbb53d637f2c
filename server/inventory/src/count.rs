//! Counts what was judged: one lockfile's artifacts by their state, and all of them as one survey.
//! May not look at a file; what is packed is counted by what its judgement remembers.

use crate::brief::Artifacts;
use crate::discover::Discovery;
use crate::ecosystem::{Graph, Judged, Verdict};
use crate::fetch::Known;
use crate::findings;
use crate::homes::relative;
use crate::survey::Survey;
use crate::unlocked;
use contract::{ArtifactState, EcosystemReadiness, Readiness, ReadinessState};
use rayon::prelude::*;
use std::path::Path;

/// Counts the artifacts of one lockfile.
pub(crate) fn counts(ecosystem: Known, judged: &Judged) -> EcosystemReadiness {
    let mut counts = EcosystemReadiness {
        name: ecosystem.name().into(),
        lockfile: judged.lockfile.clone(),
        ..EcosystemReadiness::default()
    };
    for artifact in &judged.artifacts {
        if artifact.other_target {
            counts.other_targets += 1;
            continue;
        }
        counts.total += 1;
        counts.verified += u64::from(artifact.verified && artifact.state == ArtifactState::Present);
        *match artifact.state {
            ArtifactState::Present => &mut counts.present,
            ArtifactState::Missing => &mut counts.missing,
            ArtifactState::Corrupt => &mut counts.corrupt,
            ArtifactState::Stale => &mut counts.stale,
            ArtifactState::Unknown => &mut counts.unknown,
        } += 1;
        if artifact.state == ArtifactState::Present {
            counts.bytes = counts.bytes.map_or(artifact.bytes, |sum| Some(sum + artifact.bytes.unwrap_or(0)));
        }
    }
    counts
}

/// The survey that the judgements come to. Folders that could not be listed, or were not looked into, cast doubt on all of it.
pub(crate) fn count(mut judged: Vec<(Known, Judged)>, root: &Path, discovery: &Discovery, target: String) -> Survey {
    judged.par_iter_mut().for_each(|(_, judged)| judged.graph.attribute(&mut judged.artifacts));
    let mut all = Vec::with_capacity(judged.len());
    let mut survey = Survey {
        workspace: root.to_path_buf(),
        readiness: Readiness { target, ..Readiness::default() },
        artifacts: Artifacts::new(Vec::new()),
        findings: Vec::new(),
        caches: Vec::new(),
        mirrors: Vec::new(),
        watch: vec![root.to_path_buf()],
        lockfiles: Vec::new(),
        manifests: Vec::new(),
    };
    let mut states: Vec<ReadinessState> = Vec::new();
    for (ecosystem, mut judged) in judged {
        let mut counts = match &judged.brief {
            Some(brief) => EcosystemReadiness { verified: brief.verified(), ..brief.counts.clone() },
            None => counts(ecosystem, &judged),
        };
        counts.lockfile = relative(&judged.lockfile, root);
        let short = counts.missing + counts.corrupt + counts.stale > 0;
        states.push(match &judged.verdict {
            Verdict::Refused(_) => ReadinessState::Incomplete,
            _ if short => ReadinessState::Incomplete,
            Verdict::Doubtful(_) => ReadinessState::Unknown,
            Verdict::Sound if counts.unknown > 0 => ReadinessState::Unknown,
            Verdict::Sound => ReadinessState::Ready,
        });
        counts.problem = match &judged.verdict {
            Verdict::Sound => None,
            Verdict::Refused(why) | Verdict::Doubtful(why) => Some(why.clone()),
        };
        let sum = &mut survey.readiness;
        sum.total += counts.total;
        sum.present += counts.present;
        sum.missing += counts.missing;
        sum.corrupt += counts.corrupt;
        sum.stale += counts.stale;
        sum.unknown += counts.unknown;
        sum.verified += counts.verified;
        sum.other_targets += counts.other_targets;
        sum.ecosystems.push(counts);
        survey.findings.append(&mut judged.findings);
        findings::on_disk(&judged.artifacts, &mut survey.findings);
        for cache in std::mem::take(&mut judged.caches) {
            match survey.caches.iter_mut().find(|known| known.path == cache.path) {
                Some(known) => known.bytes = known.bytes.zip(cache.bytes).map(|(a, b)| a + b),
                None => survey.caches.push(cache),
            }
        }
        for mirror in std::mem::take(&mut judged.mirrors) {
            if !survey.mirrors.contains(&mirror) {
                survey.mirrors.push(mirror);
            }
        }
        survey.watch.append(&mut judged.watch);
        survey.manifests.extend(std::mem::take(&mut judged.manifests).into_iter().map(|path| (ecosystem, path)));
        survey.lockfiles.push((ecosystem, judged.lockfile.clone()));
        judged.graph = Graph::default();
        all.push(judged);
    }
    survey.artifacts = Artifacts::new(all);
    for (folder, why) in &discovery.closed {
        states.push(ReadinessState::Unknown);
        survey.findings.push(unlocked::closed(folder, why));
    }
    if let Some((folder, why)) = &discovery.cut_short {
        states.push(ReadinessState::Unknown);
        survey.findings.push(unlocked::beyond(folder, why));
    }
    survey.watch.sort();
    survey.watch.dedup();
    survey.readiness.state = match () {
        () if states.contains(&ReadinessState::Incomplete) => ReadinessState::Incomplete,
        () if states.is_empty() || states.contains(&ReadinessState::Unknown) => ReadinessState::Unknown,
        () => ReadinessState::Ready,
    };
    survey
}
