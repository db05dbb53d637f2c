//! What a hover says about a dependency: what it is, whether it is here, how that is known, and who needs it.
//! May not look at files.

use crate::figures::size;
use crate::survey::Survey;
use crate::text::Places;
use contract::{Artifact, ArtifactState, Range};
use std::fmt::Write;
use std::path::Path;

/// Names shown before "and N more".
const NAMED: usize = 8;

/// The hover at byte `byte` of an open lockfile or manifest, whose current text is `text`: its range and Markdown.
pub fn hover(survey: &Survey, file: &Path, text: &str, byte: usize) -> Option<(Range, String)> {
    let places = Places::new(text);
    if let Some((ecosystem, _)) = survey.lockfiles.iter().find(|(_, lockfile)| lockfile == file) {
        let (located, _) = ecosystem.locate(text);
        let at = located.into_iter().find(|(_, span)| span.contains(&byte) || span.end == byte);
        let own = |id: &str| survey.artifacts.iter().find(|artifact| artifact.file == file && artifact.id == id);
        if let Some((artifact, span)) = at.and_then(|(id, span)| Some((own(&id)?, span))) {
            return Some((places.range(span), describe(artifact, survey)));
        }
    }
    let (ecosystem, _) = survey.manifests.iter().find(|(_, manifest)| manifest == file)?;
    let named = ecosystem.dependencies(text);
    let named = named.into_iter().find(|named| named.span.contains(&byte) || named.span.end == byte)?;
    let brings = |artifact: &&Artifact, direct: Option<bool>| {
        artifact.manifests.iter().any(|line| {
            line.file == file && line.dependency == named.key && direct.is_none_or(|direct| line.direct == direct)
        })
    };
    let own: Vec<&Artifact> = survey.artifacts.iter().filter(|artifact| brings(artifact, Some(true))).collect();
    let absent: Vec<&Artifact> = survey
        .artifacts
        .iter()
        .filter(|artifact| artifact.state != ArtifactState::Present && !artifact.other_target)
        .filter(|artifact| brings(artifact, None) && !own.iter().any(|own| own.id == artifact.id))
        .collect();
    if own.is_empty() && absent.is_empty() {
        return None;
    }
    let mut text = own.iter().map(|artifact| describe(artifact, survey)).collect::<Vec<_>>().join("\n---\n\n");
    if !absent.is_empty() {
        let _ = writeln!(text, "\nNot here, and brought in by `{}`:\n", named.key);
        for artifact in absent.iter().take(NAMED) {
            let _ = writeln!(text, "- {} {}: {}", artifact.name, artifact.version, artifact.evidence);
        }
        if absent.len() > NAMED {
            let _ = writeln!(text, "- and {} more", absent.len() - NAMED);
        }
    }
    Some((places.range(named.span), text))
}

fn describe(artifact: &Artifact, survey: &Survey) -> String {
    let state = match artifact.state {
        ArtifactState::Present => "here",
        ArtifactState::Missing => "missing",
        ArtifactState::Corrupt => "damaged",
        ArtifactState::Stale => "out of date",
        ArtifactState::Unknown => "could not be judged",
    };
    let mut text = format!("**{} {}** ({}): {state}\n\n", artifact.name, artifact.version, artifact.ecosystem);
    let _ = writeln!(text, "{}.", sentence(&artifact.evidence));
    let checksum = match (artifact.state, artifact.verified) {
        (ArtifactState::Present, true) => "Its checksum was compared with the lockfile's and is the same.",
        (ArtifactState::Present, false) => "Its checksum has not been compared with the lockfile's yet.",
        (ArtifactState::Corrupt, true) => "Its checksum was compared with the lockfile's and differs.",
        _ => "",
    };
    if !checksum.is_empty() {
        let _ = writeln!(text, "{checksum}");
    }
    if artifact.other_target {
        let _ = writeln!(text, "\n{} does not need it.", survey.readiness.target);
    }
    if let Some(bytes) = artifact.bytes {
        let _ = writeln!(text, "\nSize: {}", size(bytes));
    }
    let mut paths = artifact.looked_in.iter().map(|path| path.display().to_string().replace('`', "'"));
    if artifact.state == ArtifactState::Present {
        // The first is the file itself; what else was looked at only led there.
        if let Some(path) = paths.next() {
            let _ = writeln!(text, "\nCached at `{path}`");
        }
    } else if !artifact.looked_in.is_empty() {
        text.push_str("\nLooked in:\n\n");
        paths.for_each(|path| {
            let _ = writeln!(text, "- `{path}`");
        });
    }
    if !artifact.needed_by.is_empty() {
        let more = artifact.needed_by.len().saturating_sub(NAMED);
        let names = artifact.needed_by.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = writeln!(text, "\nNeeded by: {names}{more}");
    }
    text
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
