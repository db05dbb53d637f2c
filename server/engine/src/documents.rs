//! What is said about a document that is open: findings placed in its current text, hovers, actions.
//! The text is the editor's; nothing here reads the file.

use crate::Engine;
use contract::{Action, Finding, Position, Range, codes};
use host::WORKSPACE_FILE;
use serde_json::json;
use std::path::Path;

impl Engine {
    /// Findings for an open document, placed in `text`. Takes as long as parsing the text does.
    #[must_use]
    pub fn document_findings(&self, file: &Path, text: &str) -> Vec<Finding> {
        let Some(workspace) = self.inner.workspace_of(file) else { return Vec::new() };
        if file == workspace.root.join(WORKSPACE_FILE) {
            let mut found = workspace.settings_findings(Some(text));
            found.extend(crate::health::findings(&workspace, Some(text)));
            found.extend(workspace.freshness.found().iter().filter(|finding| finding.file == file).cloned());
            found.extend(proof_findings(&workspace, file, text));
            // Of the allowances on disk: which of them are used is only known when every file was read.
            let lints = workspace.lint_book.findings();
            found.extend(lints.get(file).into_iter().flatten().cloned());
            found.extend(workspace.checked_document(file, text));
            found.extend(self.thread_findings(file, text));
            return found;
        }
        let survey = workspace.survey();
        let mut found = survey.as_ref().map(|survey| inventory::place(survey, file, text)).unwrap_or_default();
        found.extend(survey.iter().flat_map(|survey| workspace.freshness.placed(survey, file, text)));
        found.extend(proof_findings(&workspace, file, text));
        let lints = crate::lints::beside(&found, &workspace.lint_document(file, text));
        found.extend(lints);
        found.extend(workspace.check_document(&self.inner, file, text));
        found.extend(self.thread_findings(file, text));
        found
    }

    /// Whether [`Engine::document_findings`] could say anything about a file. From memory.
    #[must_use]
    pub fn knows(&self, file: &Path) -> bool {
        self.inner.workspace_of(file).is_some_and(|workspace| workspace.knows(file)) || self.has_threads(file)
    }

    /// What stands behind the dependencies of an open manifest, unless the setting `inventory.hints` says that nothing does.
    #[must_use]
    pub fn hints(&self, file: &Path, text: &str) -> Vec<contract::Hint> {
        let Some(workspace) = self.inner.workspace_of(file) else { return Vec::new() };
        if !workspace.loaded().settings.inventory.hints.unwrap_or(true) {
            return Vec::new();
        }
        workspace.survey().map(|survey| inventory::hints(&survey, file, text)).unwrap_or_default()
    }

    /// RFC 3339: when a workspace was looked at last. From memory.
    #[must_use]
    pub fn looked_at(&self, root: &Path) -> Option<String> {
        self.inner.workspace(root)?.readiness().checked_at
    }

    /// What is at `byte` of an open document, as Markdown.
    #[must_use]
    pub fn hover(&self, file: &Path, text: &str, byte: usize) -> Option<(Range, String)> {
        let survey = self.inner.workspace_of(file)?.survey()?;
        inventory::hover(&survey, file, text, byte)
    }

    /// The artifacts that findings at `range` of an open document are about, by the finding's code, each once.
    #[must_use]
    pub fn found_artifacts(&self, file: &Path, text: &str, range: Range) -> Vec<(String, Vec<String>)> {
        let Some(survey) = self.inner.workspace_of(file).and_then(|w| w.survey()) else { return Vec::new() };
        let touches = |f: &&Finding| f.range.start.byte <= range.end.byte && range.start.byte <= f.range.end.byte;
        let mut found: Vec<(String, Vec<String>)> = Vec::new();
        for finding in inventory::place(&survey, file, text).iter().filter(touches) {
            let ids = artifact_ids(finding);
            if !ids.is_empty() && !found.iter().any(|(_, known)| *known == ids) {
                found.push((finding.code.clone(), ids));
            }
        }
        found
    }

    /// What may be done at `range` of an open document.
    #[must_use]
    pub fn actions(&self, file: &Path, text: &str, range: Range) -> Vec<Action> {
        let Some(workspace) = self.inner.workspace_of(file) else { return Vec::new() };
        let Some(survey) = workspace.survey() else { return Vec::new() };
        let touches = |f: &&Finding| f.range.start.byte <= range.end.byte && range.start.byte <= f.range.end.byte;
        let mut actions = Vec::new();
        let mut named: Vec<String> = Vec::new();
        for finding in inventory::place(&survey, file, text).iter().filter(touches) {
            let missing = [codes::MISSING_ARTIFACT, codes::STALE_ARTIFACT].contains(&finding.code.as_str());
            if !missing && finding.code != codes::CORRUPT_ARTIFACT {
                continue;
            }
            let ids = artifact_ids(finding);
            named.extend(ids.iter().cloned());
            if ids.is_empty() {
                continue;
            }
            let what = artifacts_named(&ids);
            let (title, action) = if missing {
                (format!("Get {what}"), "inventory.fetch")
            } else {
                (format!("Replace the damaged copy of {what}"), "inventory.repair")
            };
            let known = actions.iter().any(|a: &Action| a.title == title);
            if !known {
                actions.push(Action {
                    title,
                    action: action.to_owned(),
                    answers: vec![finding.code.clone()],
                    range: finding.range,
                    data: json!({ "artifacts": ids }),
                });
            }
        }
        // A place on the same line counts: what is told of a package is about the line.
        let on_line = |f: &Finding| f.range.start.line <= range.end.line && range.start.line <= f.range.end.line;
        if let Some(finding) = proof_findings(&workspace, file, text).into_iter().find(on_line) {
            actions.push(Action {
                title: "Build and test without a network again".to_owned(),
                action: "prove".to_owned(),
                answers: vec![finding.code],
                range: finding.range,
                data: json!({}),
            });
        }
        let lacking = crate::status::short(&survey.readiness);
        if !named.is_empty() && !actions.is_empty() && lacking > 1 {
            actions.push(Action {
                title: format!("Get everything that is missing ({lacking})"),
                action: "inventory.fetch-all".to_owned(),
                answers: [codes::MISSING_ARTIFACT, codes::CORRUPT_ARTIFACT, codes::STALE_ARTIFACT]
                    .map(str::to_owned)
                    .to_vec(),
                range,
                data: json!({}),
            });
        }
        actions
    }
}

/// What the last proof run says of a file, where its text still is what it was: a place that moved is found again at its line.
fn proof_findings(workspace: &crate::workspace::Workspace, file: &Path, text: &str) -> Vec<Finding> {
    let all = workspace.findings();
    let of_proof = |finding: &&Finding| [codes::NETWORK_IN_BUILD, codes::STALE_PROOF].contains(&finding.code.as_str());
    let found = all.get(file).into_iter().flatten().filter(of_proof).cloned();
    let within = |mut finding: Finding| {
        let most = text.len() as u64;
        let span = finding.range.start.byte.min(most) as usize..finding.range.end.byte.min(most) as usize;
        finding.range = range_of(text, span);
        finding
    };
    found.map(within).collect()
}

pub(crate) fn artifact_ids(finding: &Finding) -> Vec<String> {
    let Some(data) = &finding.data else { return Vec::new() };
    if let Some(one) = data.get("artifact").and_then(|v| v.as_str()) {
        return vec![one.to_owned()];
    }
    let many = data.get("artifacts").and_then(|v| v.as_array());
    many.map(|ids| ids.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect()).unwrap_or_default()
}

/// One by its name, several by their number.
#[must_use]
pub fn artifacts_named(ids: &[String]) -> String {
    match ids {
        [one] => shown(one),
        more => format!("{} artifacts", more.len()),
    }
}

/// `cargo:itoa@1.0.0` → `itoa 1.0.0`; a scope's `@` stays.
pub(crate) fn shown(id: &str) -> String {
    let name = id.split_once(':').map_or(id, |(_, rest)| rest);
    let name = name.split_once('#').map_or(name, |(name, _)| name);
    match name.rsplit_once('@') {
        Some((name, version)) if !name.is_empty() => format!("{name} {version}"),
        _ => name.to_owned(),
    }
}

/// The range of a stretch of bytes; offsets past the end, or inside a character, are moved to the next boundary before.
pub(crate) fn range_of(text: &str, span: std::ops::Range<usize>) -> Range {
    Range { start: position_of(text, span.start), end: position_of(text, span.end.max(span.start)) }
}

fn position_of(text: &str, byte: usize) -> Position {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    let before = &text[..byte];
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    Position {
        line: before.matches('\n').count() as u32,
        utf16: before[line_start..].encode_utf16().count() as u32,
        byte: byte as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_utf16_units_and_lines() {
        let text = "a\n\u{1f600}b = 1\n";
        let range = range_of(text, 6..7);
        assert_eq!((range.start.line, range.start.utf16, range.start.byte), (1, 2, 6));
        assert_eq!(range_of(text, 4..999).start.byte, 2, "inside a character: its start");
    }

    #[test]
    fn ids_are_shown_as_name_and_version() {
        assert_eq!(shown("cargo:itoa@1.0.0"), "itoa 1.0.0");
        assert_eq!(shown("npm:@types/node@20.1.0#node_modules/@types/node"), "@types/node 20.1.0");
    }
}
