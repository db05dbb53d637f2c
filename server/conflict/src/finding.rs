//! Conflicts in the words of the contract: findings, actions, the report that `holdover conflicts --json` prints.
//! Words only; what a region is and what a choice leaves is decided elsewhere.

use crate::choice::{Choice, Offer, fingerprint};
use crate::pairing::{Conflicts, Malformed, Problem};
use crate::region::{Content, Region, Term, line_range, lines_range};
use crate::suggest::lacks_ancestor;
use contract::{
    Action, ConflictFile, ConflictRegion, ConflictSide, Finding, MalformedConflict, Range, Severity, codes,
};
use ropey::Rope;
use serde_json::{Value, json};
use std::path::Path;

/// Every finding of a text: `merge-conflict` at each opening marker, `malformed-conflict` at each marker without
/// counterparts, in order of place.
pub fn findings(text: &Rope, file: &Path, conflicts: &Conflicts) -> Vec<Finding> {
    let finding = |code: &str, severity, message, range, data| Finding {
        code: code.to_owned(),
        severity,
        message,
        file: file.to_owned(),
        range,
        source: "holdover".to_owned(),
        data,
    };
    let regions = conflicts.regions.iter().map(|region| {
        let data = json!({ "fingerprint": fingerprint(text, region) });
        let (message, range) = (merge_message(text, region), region.marker_range(text));
        finding(codes::MERGE_CONFLICT, Severity::Error, message, range, Some(data))
    });
    let malformed = malformed(text, conflicts).into_iter().map(|malformed| {
        let (message, range) = (malformed.message(), malformed.range(text));
        finding(codes::MALFORMED_CONFLICT, Severity::Warning, message, range, None)
    });
    let mut all: Vec<_> = regions.chain(malformed).collect();
    all.sort_by_key(|finding| finding.range.start.byte);
    all
}

/// Every marker without counterparts, and every section of a conflict that says it is a diff and is none, in order.
/// Reads the diffs of jj's conflicts, and nothing else of the text.
pub fn malformed(text: &Rope, conflicts: &Conflicts) -> Vec<Malformed> {
    let mut all = conflicts.malformed.clone();
    all.extend(conflicts.regions.iter().filter_map(|region| {
        let line = region.broken_diff(text)?;
        Some(Malformed { line, problem: Problem::NotADiff { open: region.open } })
    }));
    all.sort_by_key(|malformed| malformed.line);
    all
}

/// `merge conflict between HEAD and feature`; `merge conflict between a, b and c`.
pub fn merge_message(text: &Rope, region: &Region) -> String {
    let sides = region.sides();
    let label = |n| {
        region.side_label(text, n).unwrap_or_else(|| match (sides, n) {
            (2, 0) => "the current side".to_owned(),
            (2, _) => "the incoming side".to_owned(),
            _ => format!("side {}", n + 1),
        })
    };
    let labels: Vec<String> = (0..sides.saturating_sub(1).min(10)).map(label).collect();
    let more = if sides > 11 { ", …" } else { "" };
    format!("merge conflict between {}{more} and {}", labels.join(", "), label(sides.saturating_sub(1)))
}

impl Region {
    /// The opening marker's line, without its line end: where a finding stands.
    pub fn marker_range(&self, text: &Rope) -> Range {
        line_range(text, self.open)
    }
}

impl Malformed {
    /// The marker's line, without its line end.
    pub fn range(&self, text: &Rope) -> Range {
        line_range(text, self.line)
    }

    /// What is wrong, and what to do.
    pub fn message(&self) -> String {
        match self.problem {
            Problem::NotClosed => {
                "conflict marker without an end: add the missing separator and closing marker, or delete this line"
                    .to_owned()
            }
            Problem::NotOpened => {
                "closing conflict marker without a beginning: add the missing opening marker, or delete this line"
                    .to_owned()
            }
            Problem::NoSeparator => {
                "conflict without a separator between its sides: add the line of equals signs, or delete the markers"
                    .to_owned()
            }
            Problem::SecondMarker { open } => format!(
                "second separator in the conflict that begins on line {}, so its sides cannot be told apart: \
                 delete or indent the line that is text",
                open + 1
            ),
            Problem::NotADiff { open } => format!(
                "line that belongs to no diff, in the conflict that begins on line {}: begin it with a blank, a plus or a minus",
                open + 1
            ),
            Problem::Crosses { open } => format!(
                "conflict that begins inside the one on line {} and ends outside it: resolve that one by hand first",
                open + 1
            ),
        }
    }
}

/// What may be chosen for a region. `data` holds what [`offer_of`] reads back.
pub fn actions(text: &Rope, region: &Region) -> Vec<Action> {
    let offer = Offer::of(text, region);
    let range = region.range(text);
    let data = json!({ "fingerprint": offer.fingerprint, "id": offer.id, "until": offer.until });
    if region.broken_diff(text).is_some() {
        return Vec::new();
    }
    Choice::offered(region)
        .into_iter()
        .map(|choice| Action {
            title: title(text, region, choice),
            action: choice.action(),
            answers: vec![codes::MERGE_CONFLICT.to_owned()],
            range,
            data: data.clone(),
        })
        .collect()
}

/// The same, where the common ancestor of a conflict whose markers hold none is known from git's index. It goes with that choice, as
/// `data.base`.
pub fn actions_with(text: &Rope, region: &Region, ancestor: Option<&str>) -> Vec<Action> {
    let mut offered = actions(text, region);
    let (Some(ancestor), Some(first)) = (ancestor.filter(|_| lacks_ancestor(region)), offered.first()) else {
        return offered;
    };
    let mut action = Action { title: BASE_OF_INDEX.to_owned(), action: Choice::Base.action(), ..first.clone() };
    action.data["base"] = json!(ancestor);
    // Where it stands among the others: before the one that leaves nothing.
    let none = offered.iter().position(|one| one.action == Choice::None.action()).unwrap_or(offered.len());
    offered.insert(none, action);
    offered
}

/// What a menu says of an ancestor that the markers do not hold.
const BASE_OF_INDEX: &str = "Accept common ancestor, from git's index";

/// The offer that an action's `data` carries.
pub fn offer_of(data: &Value) -> Option<Offer> {
    Some(Offer {
        fingerprint: data.get("fingerprint")?.as_str()?.to_owned(),
        id: data.get("id")?.as_u64()?,
        until: data.get("until")?.as_u64()?,
    })
}

fn title(text: &Rope, region: &Region, choice: Choice) -> String {
    let with = |words: &str, label: Option<String>| match label {
        Some(label) => format!("{words}: {label}"),
        None => words.to_owned(),
    };
    let many = region.sides() > 2;
    match choice {
        Choice::Current => with("Accept current change", region.side_label(text, 0)),
        Choice::Incoming => with("Accept incoming change", region.side_label(text, 1)),
        Choice::Both if many => "Accept all changes, in order".to_owned(),
        Choice::Both => "Accept both changes, current first".to_owned(),
        Choice::BothReversed if many => "Accept all changes, last first".to_owned(),
        Choice::BothReversed => "Accept both changes, incoming first".to_owned(),
        Choice::Base => with("Accept common ancestor", region.base_label(text, 0)),
        Choice::None if many => "Accept none of the changes".to_owned(),
        Choice::None => "Accept neither change".to_owned(),
        Choice::Side(n) => with(&format!("Accept change {n}"), region.side_label(text, n - 1)),
    }
}

/// One file's entry of the report.
pub fn report(text: &Rope, file: &Path, conflicts: &Conflicts) -> ConflictFile {
    let side = |label: Option<String>, term: Term| ConflictSide {
        label: label.unwrap_or_default(),
        commit: None,
        origin: None,
        range: lines_range(text, term.section.lines()),
        diff: term.section.content == Content::Diff,
    };
    let region = |region: &Region| ConflictRegion {
        range: region.range(text),
        style: region.style.name().to_owned(),
        message: merge_message(text, region),
        fingerprint: fingerprint(text, region),
        sides: (0..region.sides()).filter_map(|n| Some(side(region.side_label(text, n), region.side(n)?))).collect(),
        // Where there are several ancestors, none of them is that of all sides.
        base: region.base(0).filter(|_| region.bases() == 1).map(|term| side(region.base_label(text, 0), term)),
        base_text: None,
        suggestion: None,
        remembered: None,
    };
    let told = |malformed: &Malformed| MalformedConflict { range: malformed.range(text), message: malformed.message() };
    ConflictFile {
        path: file.to_owned(),
        merged: Vec::new(),
        regions: conflicts.regions.iter().map(region).collect(),
        malformed: malformed(text, conflicts).iter().map(told).collect(),
        operation: None,
        events: Vec::new(),
        resolved: 0,
        lockfile: None,
    }
}
