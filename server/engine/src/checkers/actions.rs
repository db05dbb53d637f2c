//! What may be done about what a linter found: the changes that the linter itself calls safe, one finding's or all of a file. They are
//! bound to the lines that they touch; where one of those is another, there is no edit.

use crate::Engine;
use checks::checker::{Change, Fix, Found, checker, standing};
use contract::{Action, Edit, Range};
use serde_json::{Value, json};
use std::path::Path;

/// Actions that are offered at one place.
const MOST: usize = 20;
/// Changes that are made at a time.
const MOST_CHANGES: usize = 5000;

impl Engine {
    /// What may be done at `range` of an open document about what linters found there.
    pub(crate) fn check_actions(&self, file: &Path, text: &str, range: Range) -> Vec<Action> {
        let Some(workspace) = self.inner.workspace_of(file) else { return Vec::new() };
        let all = workspace.check_book.in_text(&workspace.root, file, text);
        let found: Vec<&Found> = all.iter().flat_map(|(found, _)| found).filter(|one| !one.fixes.is_empty()).collect();
        let on_line = |one: &&&Found| {
            let at = one.finding.range;
            at.start.line <= range.end.line && range.start.line <= at.end.line
        };
        let mut actions: Vec<Action> = Vec::new();
        let offer = |title: String, one: &Found, changes: &[Change]| Action {
            title,
            action: "check.fix".to_owned(),
            answers: vec![one.finding.code.clone()],
            range: one.finding.range,
            data: json!({ "changes": changes }),
        };
        let here: Vec<&Found> = found.iter().filter(on_line).copied().collect();
        for one in &here {
            for fix in &one.fixes {
                let action = offer(title(one, fix), one, &fix.changes);
                if actions.len() < MOST && !actions.iter().any(|known| known.data == action.data) {
                    actions.push(action);
                }
            }
        }
        let mut sources: Vec<&str> = here.iter().map(|one| &*one.finding.source).collect();
        sources.sort_unstable();
        sources.dedup();
        for source in sources {
            let of: Vec<&Found> = found.iter().filter(|one| one.finding.source == source).copied().collect();
            let (changes, count) = together(&of);
            if count > 1
                && let Some(first) = here.iter().find(|one| one.finding.source == source)
            {
                actions.push(offer(
                    format!("Fix all {count} that {source} can fix safely in this file"),
                    first,
                    &changes,
                ));
            }
        }
        actions
    }

    /// The edits of such an action in the text as it is now; `None` where a line that they touch is another.
    pub(crate) fn check_edits(file: &Path, text: &str, data: &Value) -> Option<Vec<Edit>> {
        let changes: Vec<Change> = serde_json::from_value(data.get("changes")?.clone()).ok()?;
        let apart = changes.windows(2).all(|pair| pair[0].range.end.byte <= pair[1].range.start.byte);
        if changes.is_empty() || changes.len() > MOST_CHANGES || !apart || !standing(&changes, text) {
            return None;
        }
        let edit = |change: Change| {
            let replaced = text.get(change.range.start.byte as usize..change.range.end.byte as usize)?;
            Some(Edit {
                file: file.to_path_buf(),
                range: change.range,
                fingerprint: host::fingerprint(replaced.as_bytes()),
                text: change.text,
            })
        };
        changes.into_iter().map(edit).collect()
    }
}

fn title(found: &Found, fix: &Fix) -> String {
    let name = checker(&found.finding.source).map_or(&*found.finding.source, |checker| &*checker.title);
    let what = if fix.title.is_empty() { found.finding.message.lines().next().unwrap_or_default() } else { &fix.title };
    format!("{name}: {what}")
}

/// As many fixes as can be made at once, in order: one that touches what another does waits for the next time.
fn together(found: &[&Found]) -> (Vec<Change>, usize) {
    let mut all: Vec<Change> = Vec::new();
    let mut count = 0;
    for fix in found.iter().filter_map(|one| one.fixes.first()) {
        let touches = |one: &Change, other: &Change| {
            let (one, other) = (one.range, other.range);
            one == other || one.start.byte < other.end.byte && other.start.byte < one.end.byte
        };
        let free = !fix.changes.iter().any(|change| all.iter().any(|known| touches(change, known)));
        if free && all.len() + fix.changes.len() <= MOST_CHANGES {
            all.extend(fix.changes.iter().cloned());
            count += 1;
        }
    }
    all.sort_by_key(|change| (change.range.start.byte, change.range.end.byte));
    (all, count)
}
