//! Where a reach for the network is shown: at the line that brings its package or script in, as far as that can be told, else at the
//! lockfile of what was run. Reads texts as they are on disk or in an editor; guesses no name.

use crate::documents::range_of;
use contract::{Artifact, Finding, Proof, Range, Reach, Severity, codes};
use host::Who;
use inventory::Survey;
use std::path::{Path, PathBuf};

/// Largest manifest that is read, in bytes.
const LARGEST: u64 = 4 << 20;

/// File, relative to the workspace, and the place in it.
pub(super) fn place(
    root: &Path,
    survey: &Survey,
    who: &Who,
    manifest: Option<&Path>,
    folder: &Path,
) -> (PathBuf, Range) {
    let own = manifest.filter(|manifest| !manifest.components().any(|part| part.as_os_str() == "node_modules"));
    if let Some(manifest) = own.filter(|manifest| root.join(manifest).is_file()) {
        let text = host::read_small(&root.join(manifest), LARGEST).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        return (manifest.to_path_buf(), in_text(&text, who.package.as_deref(), who.lifecycle.as_deref()));
    }
    let is_it = |artifact: &&Artifact| {
        Some(&artifact.name) == who.package.as_ref()
            && who.version.as_ref().is_none_or(|version| *version == artifact.version)
    };
    if let Some(artifact) = survey.artifacts.iter().find(is_it) {
        let line = artifact.manifests.first().map(|line| (&line.file, line.range));
        let (file, range) = line.unwrap_or((&artifact.file, artifact.range));
        return (file.strip_prefix(root).unwrap_or(file).to_path_buf(), range);
    }
    (default(survey, folder), Range::default())
}

/// The lockfile of the folder in which it ran, else the first, else the settings.
fn default(survey: &Survey, folder: &Path) -> PathBuf {
    let lockfiles = || survey.readiness.ecosystems.iter().map(|one| one.lockfile.clone());
    let near = lockfiles().find(|lockfile| lockfile.parent() == Some(folder));
    near.or_else(|| lockfiles().next()).unwrap_or_else(|| host::WORKSPACE_FILE.into())
}

/// The script's key in a `package.json`, else the package's name in a manifest.
fn in_text(text: &str, package: Option<&str>, lifecycle: Option<&str>) -> Range {
    if let Some(key) = lifecycle.map(|script| format!("\"{script}\"")) {
        let from = text.find("\"scripts\"").unwrap_or(0);
        if let Some(at) = text[from..].find(&key) {
            return range_of(text, from + at..from + at + key.len());
        }
    }
    let named = package.and_then(|package| {
        let name = format!("\"{package}\"");
        let is_name = |at: usize| {
            text[..at].trim_end().ends_with(['=', ':'])
                && text[..at].rsplit('\n').next().is_some_and(|line| line.contains("name"))
        };
        text.match_indices(&name).map(|(at, _)| at).find(|at| is_name(*at)).map(|at| at..at + name.len())
    });
    named.map_or_else(Range::default, |span| range_of(text, span))
}

/// What is to be said of a proof, as diagnostics. Of one whose inputs have changed it is said that they have, and nothing else.
pub(super) fn findings(root: &Path, proof: &Proof, first: Option<&Path>) -> Vec<Finding> {
    let finding = |code: &str, severity, message: String, file: PathBuf, range, data| Finding {
        code: code.to_owned(),
        severity,
        message,
        file,
        range,
        source: "holdover".to_owned(),
        data,
    };
    if !proof.changed.is_empty() {
        let Some(file) = first else { return Vec::new() };
        let message = format!(
            "the last proof run is of {}, and something has changed since: {}",
            host::local_time(&proof.at),
            listed(&proof.changed)
        );
        return vec![finding(
            codes::STALE_PROOF,
            Severity::Information,
            message,
            root.join(file),
            Range::default(),
            None,
        )];
    }
    let of = |reach: &Reach| {
        let message = format!("in a proof run {}", reach.text);
        let data = serde_json::json!({ "host": reach.host, "port": reach.port, "program": reach.program });
        finding(codes::NETWORK_IN_BUILD, Severity::Warning, message, root.join(&reach.file), reach.range, Some(data))
    };
    proof.reaches.iter().map(of).collect()
}

fn listed(names: &[String]) -> String {
    match names {
        [one, two, three, rest @ ..] if !rest.is_empty() => format!("{one}, {two}, {three} and {} more", rest.len()),
        names => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_found_by_its_key_and_a_package_by_its_name() {
        let json = "{\n  \"name\": \"app\",\n  \"description\": \"postinstall\",\n  \"scripts\": {\n    \"postinstall\": \"node x.js\"\n  }\n}\n";
        let at = |range: Range| {
            &json[usize::try_from(range.start.byte).unwrap_or(0)..usize::try_from(range.end.byte).unwrap_or(0)]
        };
        let range = in_text(json, Some("app"), Some("postinstall"));
        assert_eq!((at(range), range.start.line), ("\"postinstall\"", 4));
        assert_eq!(at(in_text(json, Some("app"), None)), "\"app\"");
        let toml = "[package]\nversion = \"1.0.0\"\nname = \"app\"\n\n[dependencies]\nother = { package = \"app\" }\n";
        assert_eq!(in_text(toml, Some("app"), None).start.line, 2);
        assert_eq!(in_text(toml, Some("missing"), None), Range::default());
    }
}
