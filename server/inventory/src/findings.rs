//! Findings: one at the lockfile line of each artifact that is not here, one at each manifest line that brings such in.
//! May not look at files: for open documents it places what is known in the text as it is now.

use crate::survey::Survey;
use crate::text::Places;
use contract::{Artifact, ArtifactState, Finding, Range, Severity, codes};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// Names in a sentence before it says "and N more".
const NAMED: usize = 3;

fn code(state: ArtifactState) -> Option<(&'static str, Severity, &'static str)> {
    match state {
        ArtifactState::Present => None,
        ArtifactState::Missing => Some((codes::MISSING_ARTIFACT, Severity::Error, "is not here")),
        ArtifactState::Corrupt => Some((codes::CORRUPT_ARTIFACT, Severity::Error, "is damaged")),
        ArtifactState::Stale => Some((codes::STALE_ARTIFACT, Severity::Error, "is out of date here")),
        ArtifactState::Unknown => Some((codes::UNKNOWN_ARTIFACT, Severity::Warning, "could not be judged")),
    }
}

/// The finding for one artifact, at `range` of its lockfile; `None` where all is well, or only another target needs it.
fn of_artifact(artifact: &Artifact, range: Range) -> Option<Finding> {
    if artifact.other_target {
        return None;
    }
    let (code, severity, what) = code(artifact.state)?;
    let needed = match artifact.needed_by.as_slice() {
        [] => String::new(),
        some => format!("; needed by {}", listed(some.iter().map(String::as_str))),
    };
    Some(Finding {
        code: code.into(),
        severity,
        message: format!("{} {} {what}: {}{needed}", artifact.name, artifact.version, artifact.evidence),
        file: artifact.file.clone(),
        range,
        source: "holdover".into(),
        data: Some(serde_json::json!({ "artifact": artifact.id })),
    })
}

fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(NAMED);
    let mut names: Vec<&str> = names.take(NAMED).collect();
    let last = if more == 0 && names.len() > 1 { names.pop() } else { None };
    let head = names.join(", ");
    match last {
        Some(last) => format!("{head} and {last}"),
        None if more > 0 => format!("{head} and {more} more"),
        None => head,
    }
}

/// By manifest line: the artifacts that it brings in and that are not here. The first of a line decides its place.
type Lines<'a> = BTreeMap<(&'a Path, u64, &'a str), (Range, Vec<&'a Artifact>)>;

fn lines<'a>(artifacts: impl Iterator<Item = &'a Artifact>) -> Lines<'a> {
    let mut lines: Lines<'a> = BTreeMap::new();
    for artifact in artifacts.filter(|artifact| artifact.state != ArtifactState::Present && !artifact.other_target) {
        for line in &artifact.manifests {
            let key = (line.file.as_path(), line.range.start.byte, line.dependency.as_str());
            lines.entry(key).or_insert_with(|| (line.range, Vec::new())).1.push(artifact);
        }
    }
    lines
}

fn of_line(file: &Path, dependency: &str, range: Range, artifacts: &[&Artifact]) -> Option<Finding> {
    let worst = artifacts.iter().min_by_key(|artifact| rank(artifact.state))?;
    let (code, severity, what) = code(worst.state)?;
    let direct = |artifact: &&Artifact| {
        artifact.manifests.iter().any(|line| line.direct && line.file == file && line.dependency == dependency)
    };
    let own = artifacts.iter().copied().find(direct);
    // One missing crate can stand behind a dozen lines: it is an error where it is named, and told quietly elsewhere.
    let severity = if own.is_some() { severity } else { severity.max(Severity::Information) };
    let others: Vec<String> = artifacts
        .iter()
        .filter(|artifact| own.is_none_or(|own| own.id != artifact.id))
        .map(|artifact| format!("{} {}", artifact.name, artifact.version))
        .collect();
    let needs = || listed(others.iter().map(String::as_str));
    let message = match (own, others.len()) {
        (Some(own), 0) => format!("{} {} {what}: {}", own.name, own.version, own.evidence),
        (Some(own), _) => {
            let what = self::code(own.state).map_or(what, |(_, _, what)| what);
            format!("{} {} {what}: {}; neither is what it needs: {}", own.name, own.version, own.evidence, needs())
        }
        (None, 1) => format!("{dependency} needs {}, which {what}", needs()),
        (None, _) => format!("{dependency} needs {}, which are not all here", needs()),
    };
    let ids: Vec<&str> = artifacts.iter().map(|artifact| artifact.id.as_str()).collect();
    let data = match ids.as_slice() {
        [one] => serde_json::json!({ "artifact": one }),
        all => serde_json::json!({ "artifacts": all }),
    };
    Some(Finding {
        code: code.into(),
        severity,
        message,
        file: file.to_path_buf(),
        range,
        source: "holdover".into(),
        data: Some(data),
    })
}

/// The worst first.
fn rank(state: ArtifactState) -> u8 {
    match state {
        ArtifactState::Missing => 0,
        ArtifactState::Corrupt => 1,
        ArtifactState::Stale => 2,
        ArtifactState::Unknown => 3,
        ArtifactState::Present => 4,
    }
}

/// Findings for lockfile and manifests as they stand on disk.
pub(crate) fn on_disk(artifacts: &[Artifact], out: &mut Vec<Finding>) {
    out.extend(artifacts.iter().filter_map(|artifact| of_artifact(artifact, artifact.range)));
    for ((file, _, dependency), (range, artifacts)) in lines(artifacts.iter()) {
        out.extend(of_line(file, dependency, range, &artifacts));
    }
}

/// Findings for an open document, placed in its current text, which may not be saved.
/// `file` must be absolute; one that is neither lockfile nor manifest of the survey has none.
pub fn place(survey: &Survey, file: &Path, text: &str) -> Vec<Finding> {
    let places = Places::new(text);
    let mut out = Vec::new();
    if let Some((ecosystem, _)) = survey.lockfiles.iter().find(|(_, lockfile)| lockfile == file) {
        let known: HashMap<&str, &Artifact> = survey
            .absent()
            .filter(|artifact| artifact.file == file)
            .map(|artifact| (artifact.id.as_str(), artifact))
            .collect();
        let (located, broken) = ecosystem.locate(text);
        let mut seen: std::collections::HashSet<&str> = std::collections::HashSet::new();
        let unlocked: HashMap<&str, &Finding> = survey
            .findings
            .iter()
            .filter(|finding| finding.file == file && finding.code == codes::UNLOCKED_DEPENDENCY)
            .filter_map(|finding| Some((finding.data.as_ref()?.get("entry")?.as_str()?, finding)))
            .collect();
        for (id, span) in located {
            if let Some(artifact) = known.get(id.as_str()) {
                seen.insert(&artifact.id);
                out.extend(of_artifact(artifact, places.range(span.clone())));
            }
            out.extend(unlocked.get(id.as_str()).map(|&f| Finding { range: places.range(span), ..f.clone() }));
        }
        // What a line of the lockfile brings in without naming it is shown there.
        let both = survey.manifests.iter().any(|(_, manifest)| manifest == file);
        let keys = if both { ecosystem.dependencies(text) } else { Vec::new() };
        let keys: HashMap<String, Range> = keys.into_iter().map(|one| (one.key, places.range(one.span))).collect();
        for artifact in survey.absent().filter(|one| one.file == file && !seen.contains(one.id.as_str())) {
            let mut own = artifact.manifests.iter().filter(|line| line.file == file);
            let range = own.find_map(|line| keys.get(&line.dependency)).filter(|_| artifact.range != Range::default());
            out.extend(range.and_then(|range| of_artifact(artifact, *range)));
        }
        // What stands in no line of its own, a registry's index for example, is shown where the file begins.
        let nowhere =
            |artifact: &&&Artifact| artifact.range == Range::default() && !seen.contains(artifact.id.as_str());
        out.extend(known.values().filter(nowhere).filter_map(|artifact| of_artifact(artifact, Range::default())));
        out.extend(broken.into_iter().map(|broken| Finding {
            code: codes::MALFORMED_LOCKFILE.into(),
            severity: Severity::Error,
            message: format!("this part of the lockfile cannot be read: {}", broken.reason),
            file: file.to_path_buf(),
            range: places.range(broken.span),
            source: "holdover".into(),
            data: None,
        }));
    }
    let Some((ecosystem, _)) = survey.manifests.iter().find(|(_, manifest)| manifest == file) else { return out };
    let named = ecosystem.dependencies(text);
    let mut free: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, named) in named.iter().enumerate().rev() {
        free.entry(&named.key).or_default().push(at);
    }
    // A dependency that stands in several tables has one line each, in the same order.
    for ((_, _, dependency), (_, artifacts)) in lines(survey.absent()).into_iter().filter(|((f, ..), _)| *f == file) {
        let Some(at) = free.get_mut(dependency).and_then(Vec::pop) else { continue };
        out.extend(of_line(file, dependency, places.range(named[at].span.clone()), &artifacts));
    }
    for finding in survey.findings.iter().filter(|f| f.file == file && f.code == codes::UNLOCKED_DEPENDENCY) {
        // Where the text was not changed, the place is still the same; where it was, the key must still stand there.
        let same = named.iter().find(|named| named.span.start as u64 == finding.range.start.byte);
        out.extend(same.map(|named| Finding { range: places.range(named.span.clone()), ..finding.clone() }));
    }
    out
}

/// Whether a file is called as a lockfile or a manifest is, so that a survey may say something of its lines.
#[must_use]
pub fn may_name_artifacts(file: &Path) -> bool {
    let Some(name) = file.file_name().and_then(|name| name.to_str()) else { return false };
    let named = |one: &dyn crate::ecosystem::Ecosystem| {
        one.lockfiles().contains(&name) || one.manifest() == name || one.is_lockfile(name)
    };
    crate::survey::ecosystems().iter().any(|one| named(*one))
}

/// The files that findings can be placed in: lockfiles and manifests, absolute.
pub fn documents(survey: &Survey) -> Vec<PathBuf> {
    survey.lockfiles.iter().chain(&survey.manifests).map(|(_, path)| path.clone()).collect()
}
