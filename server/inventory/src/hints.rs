//! What stands behind a dependency in a manifest: the version that is locked, and whether it and what it needs are here.
//! May not look at files.

use crate::survey::Survey;
use crate::text::Places;
use contract::{Artifact, ArtifactState, Hint};
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;

/// A dependency that is locked in more versions than this has none of them shown.
const MOST_VERSIONS: usize = 3;

/// A hint for each dependency of an open manifest that a lockfile knows, at the end of its line. None for other files.
pub fn hints(survey: &Survey, file: &Path, text: &str) -> Vec<Hint> {
    let Some((ecosystem, _)) = survey.manifests.iter().find(|(_, manifest)| manifest == file) else {
        return Vec::new();
    };
    let named = ecosystem.dependencies(text);
    if named.is_empty() && survey.lockfiles.iter().any(|(_, lockfile)| lockfile == file) {
        return of_itself(survey, *ecosystem, file, text);
    }
    let Some(lockfile) = nearest(survey, ecosystem.name(), file) else { return Vec::new() };
    let mut known: HashMap<&str, Vec<&Artifact>> = HashMap::new();
    let mut direct: HashMap<&str, Vec<&Artifact>> = HashMap::new();
    let mut lacking: HashMap<&str, HashSet<&str>> = HashMap::new();
    for artifact in survey.artifacts.iter().filter(|artifact| artifact.file == lockfile) {
        known.entry(&artifact.name).or_default().push(artifact);
        for line in artifact.manifests.iter().filter(|line| line.file == file) {
            if line.direct {
                direct.entry(&line.dependency).or_default().push(artifact);
            } else if artifact.state != ArtifactState::Present && !artifact.other_target {
                lacking.entry(&line.dependency).or_default().insert(&artifact.id);
            }
        }
    }
    let places = Places::new(text);
    let one = |dependency: crate::ecosystem::Named| {
        // A present artifact names one manifest alone; in the others it is known by its name, where that leaves no doubt.
        let alone = known.get(dependency.key.as_str()).filter(|all| all.len() == 1);
        let own = direct.get(dependency.key.as_str()).or(alone)?;
        let needs = lacking.get(dependency.key.as_str()).map_or(0, HashSet::len);
        let (label, detail) = words(own, needs)?;
        Some(Hint { position: line_end(&places, text, dependency.span.end), text: label, detail })
    };
    named.into_iter().filter_map(one).collect()
}

/// Of a file that names what it needs itself: what stands behind each name.
fn of_itself(survey: &Survey, ecosystem: crate::fetch::Known, file: &Path, text: &str) -> Vec<Hint> {
    let places = Places::new(text);
    let own = survey.artifacts.iter().filter(|artifact| artifact.file == file);
    let known: HashMap<&str, &Artifact> = own.map(|artifact| (artifact.id.as_str(), artifact)).collect();
    let one = |(id, span): (String, std::ops::Range<usize>)| {
        let (label, detail) = words(&[*known.get(id.as_str())?], 0)?;
        Some(Hint { position: line_end(&places, text, span.end), text: label, detail })
    };
    ecosystem.locate(text).0.into_iter().filter_map(one).collect()
}

fn line_end(places: &Places<'_>, text: &str, from: usize) -> contract::Position {
    let end = text[from..].find(['\r', '\n']).map_or(text.len(), |at| from + at);
    places.range(end..end).start
}

/// The lockfile that a manifest is locked by: of its own folder, or of the nearest above.
pub(crate) fn nearest<'a>(survey: &'a Survey, ecosystem: &str, manifest: &Path) -> Option<&'a Path> {
    let own = survey.lockfiles.iter().filter(|(known, _)| known.name() == ecosystem).map(|(_, path)| path.as_path());
    own.filter(|path| path.parent().is_some_and(|folder| manifest.starts_with(folder)))
        .max_by_key(|path| path.components().count())
}

/// The hint, and what is said of it where somebody asks.
fn words(own: &[&Artifact], needs: usize) -> Option<(String, String)> {
    let mut versions: Vec<&Artifact> = own.to_vec();
    versions.sort_by(|one, other| one.version.cmp(&other.version));
    versions.dedup_by(|one, other| one.version == other.version);
    if versions.is_empty() || versions.len() > MOST_VERSIONS {
        return None;
    }
    let of = |artifact: &&Artifact| format!("{} {}", artifact.version, state(artifact));
    let mut label = versions.iter().map(of).collect::<Vec<_>>().join(", ");
    if needs > 0 {
        let _ = write!(label, ", {needs} that it needs {} not", if needs == 1 { "is" } else { "are" });
    }
    let said = |artifact: &&Artifact| format!("{} {}: {}", artifact.name, artifact.version, artifact.evidence);
    Some((label, versions.iter().map(said).collect::<Vec<_>>().join("\n")))
}

fn state(artifact: &Artifact) -> &'static str {
    match artifact.state {
        ArtifactState::Present => "here",
        _ if artifact.other_target => "for other targets",
        ArtifactState::Missing => "missing",
        ArtifactState::Corrupt => "damaged",
        ArtifactState::Stale => "out of date",
        ArtifactState::Unknown => "not judged",
    }
}
