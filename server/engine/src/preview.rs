//! What each choice would leave of a conflict, in texts and in words, to be looked at before one is taken: one answer for
//! every editor. Applies nothing.

use crate::Engine;
use crate::report::markdown;
use crate::suggest::Suggester;
use conflict::suggest::lacks_ancestor;
use conflict::{Choice, Conflicts, Region};
use contract::{ConflictChoice, ConflictPreview, ConflictRegion, ConflictReport, ConflictSuggestion, LockfileMerge};
use host::Cancel;
use ropey::Rope;
use serde_json::{Value, json};
use std::path::Path;

/// One conflict of a text that somebody looks at. What asks git, reads the journal or starts a process is not for a thread that answers.
#[derive(Clone, Copy)]
pub struct ConflictLook<'a> {
    /// `None` for a text that has none: no merge is suggested for it, and nothing is known of where its sides come from.
    pub file: Option<&'a Path>,
    /// As it stands.
    pub text: &'a Rope,
    /// All of the text's.
    pub conflicts: &'a Conflicts,
    /// The one that is looked at.
    pub region: &'a Region,
    /// Finds merges.
    pub suggester: &'a Suggester,
    /// Who remembers what was chosen before, and the workspace for which it does.
    pub memory: Option<(&'a Engine, &'a Path)>,
}

impl ConflictLook<'_> {
    /// What each choice would leave of it. `uri` and `version` are for the caller to fill in.
    pub fn preview(&self, cancel: &Cancel) -> ConflictPreview {
        let Self { file, text, region, .. } = *self;
        let mut told = conflict::report(text, file.unwrap_or(Path::new("")), self.conflicts);
        let line = u32::try_from(region.open).unwrap_or(u32::MAX);
        told.regions.retain(|one| one.range.start.line == line);
        let ancestor = self.ancestor(cancel);
        let suggestion = self.suggestion(ancestor.as_deref(), cancel);
        let remembered = self.remembered();
        let mut report = ConflictReport { files: vec![told], ..ConflictReport::default() };
        if file.is_some() {
            crate::trace(&mut report, cancel);
        }
        let mut shown = report.files.pop().and_then(|mut file| file.regions.pop()).unwrap_or_default();
        shown.suggestion.clone_from(&suggestion);
        shown.remembered.clone_from(&remembered);
        shown.base_text.clone_from(&ancestor);
        let sides: Vec<String> = (0..region.sides()).filter_map(|n| region.side_text(text, n)).collect();
        let offered = conflict::actions_with(text, region, ancestor.as_deref());
        let mut choices = Vec::new();
        if let Some(action) = offered.first() {
            let found = [("conflict.merge", "merged", &suggestion), (REMEMBERED, "as before", &remembered)];
            let merges = found.into_iter().filter_map(|(name, short, found)| Some((name, short, found.as_ref()?)));
            choices.extend(merges.map(|(name, short, found)| merged(name, short, found, &action.data, &shown)));
        }
        for action in offered {
            let Some(choice) = Choice::named(&action.action) else { continue };
            let Some(left) = conflict::resolve_with(text, region, choice, ancestor.as_deref()) else { continue };
            let (lines, dropped) = match &sides[..] {
                [current, incoming] => conflict::suggest::origins(&left.text, current, incoming),
                _ => (Vec::new(), Vec::new()),
            };
            let mut data = action.data;
            data["action"] = json!(action.action);
            let mut choice = ConflictChoice {
                short: short(choice, &shown),
                against: against(choice, region.sides()),
                action: action.action,
                title: action.title,
                text: left.text,
                lines,
                dropped,
                explanation: String::new(),
                data,
            };
            choice.explanation = markdown::choice(&choice, &shown, None);
            choices.push(choice);
        }
        let base = if region.bases() == 1 { region.base_text(text, 0) } else { ancestor };
        ConflictPreview { uri: String::new(), version: 0, region: shown, sides, base, choices, record: None }
    }

    /// The whole text with one choice in place of the conflict, for a document to look at: `current`, `both` and the like, `merge` or
    /// `remembered`. `None` where the conflict has no such choice.
    pub fn text_with(&self, choice: &str, cancel: &Cancel) -> Option<String> {
        let Self { text, region, .. } = *self;
        let left = match choice {
            "merge" => self.suggestion(self.ancestor(cancel).as_deref(), cancel)?.text,
            "remembered" => self.remembered()?.text,
            _ => {
                let choice = Choice::named(choice)?;
                let ancestor = if choice == Choice::Base { self.ancestor(cancel) } else { None };
                conflict::resolve_with(text, region, choice, ancestor.as_deref())?.text
            }
        };
        let (start, end) =
            (text.line_to_char(region.open), text.line_to_char((region.close + 1).min(text.len_lines())));
        let mut whole = text.clone();
        whole.remove(start..end);
        whole.insert(start, &left);
        Some(whole.to_string())
    }

    /// The common ancestor that the markers do not hold and git's index does.
    fn ancestor(&self, cancel: &Cancel) -> Option<String> {
        let file = self.file.filter(|_| lacks_ancestor(self.region))?;
        self.suggester.ancestors(file, self.text, self.conflicts, cancel).remove(&self.region.open)
    }

    fn suggestion(&self, ancestor: Option<&str>, cancel: &Cancel) -> Option<ConflictSuggestion> {
        let file = self.file.filter(|_| self.region.sides() == 2)?;
        let open = self.region.open;
        let bases = ancestor.map(|ancestor| (open, ancestor.to_owned())).into_iter().collect();
        let wanted = |one: &Region| one.open == open;
        let found = self.suggester.suggestions_with(bases, file, self.text, self.conflicts, wanted, cancel);
        found.into_values().next()
    }

    /// What was chosen when the same two sides met before.
    fn remembered(&self) -> Option<ConflictSuggestion> {
        let ((engine, root), file) = self.memory.zip(self.file)?;
        let only = Conflicts { regions: vec![self.region.clone()], ..Conflicts::default() };
        engine.remembered_resolutions(root, file, self.text, &only).into_values().next()
    }
}

/// The name of the choice that was made before.
const REMEMBERED: &str = "conflict.remembered";

fn merged(
    name: &str,
    short: &str,
    suggestion: &ConflictSuggestion,
    data: &Value,
    region: &ConflictRegion,
) -> ConflictChoice {
    let mut data = data.clone();
    data["action"] = json!(name);
    data["merge"] = json!(suggestion);
    let mut choice = ConflictChoice {
        action: name.to_owned(),
        title: conflict::suggest::title(suggestion),
        short: short.to_owned(),
        text: suggestion.text.clone(),
        against: "current".to_owned(),
        lines: suggestion.lines.clone(),
        dropped: suggestion.dropped.clone(),
        explanation: String::new(),
        data,
    };
    choice.explanation = markdown::choice(&choice, region, Some(suggestion));
    choice
}

/// Adds to a preview what a lockfile's tool makes of the whole file, as the first choice and in place of any other merge; or says of each
/// choice why there is none. `fingerprint` binds what is taken to what was shown.
pub fn add_lockfile(preview: &mut ConflictPreview, text: &Rope, merge: &LockfileMerge, fingerprint: &str) {
    let words = markdown::lockfile(merge);
    if merge.problem.is_some() {
        for choice in &mut preview.choices {
            choice.explanation.push_str("\n---\n\n");
            choice.explanation.push_str(&words);
        }
        return;
    }
    let Some(first) = preview.choices.first() else { return };
    let Some(spans) = conflict::Resolution::spanning(&text.to_string(), &merge.text, "lockfile") else { return };
    let mut data = first.data.clone();
    if let Some(fields) = data.as_object_mut() {
        fields.remove("merge");
    }
    data["action"] = json!("conflict.merge");
    data["lockfile"] = json!(fingerprint);
    let choice = ConflictChoice {
        action: "conflict.merge".to_owned(),
        title: format!("Accept the lockfile that {} makes: all conflicts of this file", merge.tool),
        short: format!("by {}", merge.tool),
        text: spans.after,
        against: "current".to_owned(),
        lines: Vec::new(),
        dropped: Vec::new(),
        explanation: words,
        data,
    };
    preview.choices.retain(|choice| choice.action != "conflict.merge");
    preview.choices.insert(0, choice);
}

/// Beside itself nothing is seen of a side.
fn against(choice: Choice, sides: usize) -> String {
    match (choice, sides) {
        (Choice::Current, _) => "incoming",
        (Choice::Side(1), _) => "side-2",
        (_, 2) => "current",
        _ => "side-1",
    }
    .to_owned()
}

fn short(choice: Choice, region: &ConflictRegion) -> String {
    let side = |n: usize| markdown::side_name(region, n);
    match choice {
        Choice::Current => side(0),
        Choice::Incoming => side(1),
        Choice::Both => "both".to_owned(),
        Choice::BothReversed => "both, the other way round".to_owned(),
        Choice::Base => "common ancestor".to_owned(),
        Choice::None => "neither".to_owned(),
        Choice::Side(n) => side(n.saturating_sub(1)),
    }
}
