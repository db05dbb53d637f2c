//! What may be done about what a lint found: a safe change, or allowing it with a reason that a person writes.
//! Both are bound to the text that was found; where it is gone there is no edit.

use super::walk;
use crate::Engine;
use contract::{Action, Edit, Range};
use host::Cancel;
use serde_json::{Value, json};
use std::path::Path;

impl Engine {
    /// What may be done at `range` of an open document about what lints and linters found there.
    #[must_use]
    pub fn lint_actions(&self, file: &Path, text: &str, range: Range) -> Vec<Action> {
        let mut actions = self.check_actions(file, text, range);
        let Some(workspace) = self.inner.workspace_of(file).filter(|w| w.lints_file(file)) else { return actions };
        let path = walk::below(&workspace.root, file);
        let drafts = checks::lint(path, text);
        let shown = workspace.lint_document(file, text);
        // What the settings allow, or what is here, is not offered a change; else anywhere on its lines.
        let on_line = |said: &&contract::Finding| {
            said.range.start.line <= range.end.line && range.start.line <= said.range.end.line
        };
        for said in shown.iter().filter(on_line) {
            let is_it = |draft: &&checks::Draft| draft.span.start as u64 == said.range.start.byte && is_of(draft, said);
            let Some(draft) = drafts.drafts.iter().find(is_it) else { continue };
            let data =
                json!({ "fingerprint": checks::fingerprint(draft, text), "code": said.code, "byte": draft.span.start });
            let mut offer = |title: String, action: &str| {
                actions.push(Action {
                    title,
                    action: action.to_owned(),
                    answers: vec![said.code.clone()],
                    range: said.range,
                    data: data.clone(),
                });
            };
            if let Some(fix) = &draft.fix {
                offer(fix.title.clone(), "check.fix");
            }
            if checks::allowing(path, &said.code).is_some() {
                offer(format!("Allow `{}` here, and say why", said.code), "check.allow");
            }
        }
        actions.truncate(20);
        actions
    }

    /// The edits of such an action in the text as it is now; `None` where what it was offered for is not there any more.
    #[must_use]
    pub fn lint_edits(&self, file: &Path, text: &str, action: &str, data: &Value) -> Option<Vec<Edit>> {
        if data.get("changes").is_some() {
            return Self::check_edits(file, text, data);
        }
        self.lint_edit(file, text, action, data).map(|edit| vec![edit])
    }

    fn lint_edit(&self, file: &Path, text: &str, action: &str, data: &Value) -> Option<Edit> {
        if action == crate::pins::PIN {
            return self.pin_edit(file, text, data);
        }
        let workspace = self.inner.workspace_of(file)?;
        let path = walk::below(&workspace.root, file);
        let wanted = data.get("fingerprint")?.as_str()?;
        let byte = data.get("byte")?.as_u64()? as usize;
        let drafts = checks::lint(path, text);
        let same: Vec<_> = drafts.drafts.iter().filter(|draft| checks::fingerprint(draft, text) == wanted).collect();
        // Of several that are the same, only the one at its place is meant.
        let draft = match &same[..] {
            [one] => one,
            several => several.iter().find(|draft| draft.span.start == byte)?,
        };
        let (span, new) = if action == "check.fix" {
            let fix = draft.fix.as_ref()?;
            (fix.span.clone(), fix.text.clone())
        } else {
            let comment = checks::allowing(path, data.get("code")?.as_str()?)?;
            let start = checks::statement(path, text, draft.span.start);
            let line = text.get(start..)?;
            let indent: String = line.chars().take_while(|c| *c == ' ' || *c == '\t').collect();
            let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
            (start..start, format!("{indent}{comment}{end}"))
        };
        let replaced = text.get(span.clone())?;
        Some(Edit {
            file: file.to_path_buf(),
            range: crate::documents::range_of(text, span.clone()),
            fingerprint: host::fingerprint(replaced.as_bytes()),
            text: new,
        })
    }

    /// Reads the files of a workspace for the lints, now, on this thread, and holds them against the last look.
    pub fn lint(&self, root: &Path, cancel: &Cancel) {
        if let Some(workspace) = self.inner.workspace(root) {
            workspace.lint_now(&self.inner, &|| cancel.is_cancelled());
        }
    }
}

/// Whether a finding was made of a draft; an image that is here by its tag alone is told under another code.
fn is_of(draft: &checks::Draft, finding: &contract::Finding) -> bool {
    draft.code == finding.code
        || draft.code == contract::codes::IMAGE_NOT_HERE && finding.code == contract::codes::IMAGE_WITHOUT_DIGEST
}
