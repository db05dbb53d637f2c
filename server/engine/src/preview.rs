//! What each choice would leave of a conflict, in texts and in words, to be looked at before one is taken: one answer for
//! every editor. Applies nothing.

use crate::report::markdown;
use crate::suggest::Suggester;
use conflict::{Choice, Conflicts, Region};
use contract::{ConflictChoice, ConflictPreview, ConflictRegion, ConflictReport, ConflictSuggestion, LockfileMerge};
use host::Cancel;
use ropey::Rope;
use serde_json::{Value, json};
use std::path::Path;

/// What each choice would leave of `region`. `file` is `None` for a text that has none: no merge is suggested for it, and
/// nothing is known of where its sides come from. Asks git and starts a process, so this is not for a thread that answers.
/// `uri` and `version` are for the caller to fill in.
pub fn conflict_preview(
    file: Option<&Path>,
    text: &Rope,
    conflicts: &Conflicts,
    region: &Region,
    suggester: &Suggester,
    cancel: &Cancel,
) -> ConflictPreview {
    let mut told = conflict::report(text, file.unwrap_or(Path::new("")), conflicts);
    let line = u32::try_from(region.open).unwrap_or(u32::MAX);
    told.regions.retain(|one| one.range.start.line == line);
    let suggestion = file.filter(|_| region.sides() == 2).and_then(|file| {
        let found = suggester.suggestions(file, text, conflicts, |one| one.open == region.open, cancel);
        found.into_values().next()
    });
    let mut report = ConflictReport { files: vec![told], ..ConflictReport::default() };
    if file.is_some() {
        crate::trace(&mut report, cancel);
    }
    let mut shown = report.files.pop().and_then(|mut file| file.regions.pop()).unwrap_or_default();
    shown.suggestion.clone_from(&suggestion);
    let sides: Vec<String> = (0..region.sides()).filter_map(|n| region.side_text(text, n)).collect();
    let offered = conflict::actions(text, region);
    let mut choices = Vec::new();
    if let (Some(suggestion), Some(action)) = (&suggestion, offered.first()) {
        choices.push(merged(suggestion, &action.data, &shown));
    }
    for action in offered {
        let Some(choice) = Choice::named(&action.action) else { continue };
        let Some(left) = conflict::resolve(text, region, choice) else { continue };
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
    let base = if region.bases() == 1 { region.base_text(text, 0) } else { None };
    ConflictPreview { uri: String::new(), version: 0, region: shown, sides, base, choices, record: None }
}

fn merged(suggestion: &ConflictSuggestion, data: &Value, region: &ConflictRegion) -> ConflictChoice {
    let mut data = data.clone();
    data["action"] = json!("conflict.merge");
    data["merge"] = json!(suggestion);
    let mut choice = ConflictChoice {
        action: "conflict.merge".to_owned(),
        title: conflict::suggest::title(suggestion),
        short: "merged".to_owned(),
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

/// The whole text with one choice in place of `region`, for a document to look at: `current`, `both` and the like, or
/// `merge`. `None` where the conflict has no such choice.
pub fn conflict_text(
    choice: &str,
    file: Option<&Path>,
    text: &Rope,
    conflicts: &Conflicts,
    region: &Region,
    suggester: &Suggester,
    cancel: &Cancel,
) -> Option<String> {
    let left = if choice == "merge" {
        let found = suggester.suggestions(file?, text, conflicts, |one| one.open == region.open, cancel);
        found.into_values().next()?.text
    } else {
        conflict::resolve(text, region, Choice::named(choice)?)?.text
    };
    let (start, end) = (text.line_to_char(region.open), text.line_to_char((region.close + 1).min(text.len_lines())));
    let mut whole = text.clone();
    whole.remove(start..end);
    whole.insert(start, &left);
    Some(whole.to_string())
}
