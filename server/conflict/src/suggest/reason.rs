//! What people are told of a suggestion: why it may be right, where its lines come from, and what it drops.
//! Words and counts only; the measured figures are in `measured`.

use super::{Strategy, Suggestion};
use contract::{ConflictSuggestion, DroppedLine, LineOrigin};
use std::collections::HashMap;

/// Most lines that are told as dropped.
const MOST_DROPPED: usize = 200;

/// Why it may be right.
pub(super) fn words(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Same => "both sides made the same change",
        Strategy::OneSided => "only one side changed this, so its change stands",
        Strategy::Blanks => "the sides differ in blanks at the ends of lines only",
        Strategy::Indent => "one side only indented these lines; the change of the other is indented in the same way",
        Strategy::Imports => "each side added imports, of different names",
        Strategy::Keys => "each side added other keys",
        Strategy::Syntax => "each side changed other parts of the same code",
        Strategy::Words => "each side changed other words of the same lines",
        Strategy::Further => "one side made every change of the other, and went further",
        Strategy::Entries => {
            "each side added entries to the same list of changes; those of the current side come first"
        }
        Strategy::Contained => "one side holds all that the other added, and more",
        Strategy::Members => "each side added declarations at the same place; in which order is for you to say",
        Strategy::Added => "each side added lines at the same place; in which order is for you to say",
    }
}

/// What an editor's menu says of a suggestion.
pub fn title(suggestion: &ConflictSuggestion) -> String {
    let first = match (suggestion.one_click, &*suggestion.kind) {
        (true, _) => "Accept the merge",
        (false, "remembered") => "Look at what was chosen before",
        (false, _) => "Look at a merge",
    };
    format!("{first}: {}", suggestion.reason)
}

impl Suggestion {
    /// In the words of the contract; `left` and `right` are the conflict's sides.
    pub fn report(&self, left: &str, right: &str) -> ConflictSuggestion {
        let (lines, dropped) = origins(&self.text, left, right);
        ConflictSuggestion {
            kind: self.strategy.name().to_owned(),
            confidence: self.confidence,
            text: self.text.clone(),
            reason: self.reason.clone(),
            one_click: self.one_click,
            lines,
            dropped,
        }
    }
}

/// Where each line of `text` stands in the sides of a conflict, and which lines of the sides it does not hold.
pub fn origins(text: &str, left: &str, right: &str) -> (Vec<LineOrigin>, Vec<DroppedLine>) {
    let (in_left, in_right) = (counted(left), counted(right));
    let origin = |line: &str| match (in_left.contains_key(line.trim()), in_right.contains_key(line.trim())) {
        (true, true) => LineOrigin::Both,
        (true, false) => LineOrigin::Current,
        (false, true) => LineOrigin::Incoming,
        (false, false) => LineOrigin::Made,
    };
    let told = |text: &&str, side| DroppedLine { side, text: (*text).to_owned() };
    let gone_left = dropped(text, left);
    let gone_right = dropped(text, right);
    let in_both = |line: &&str| in_left.contains_key(line.trim()) && in_right.contains_key(line.trim());
    let both = gone_left.iter().filter(|line| in_both(line)).map(|line| told(line, LineOrigin::Both));
    let current = gone_left.iter().filter(|line| !in_both(line)).map(|line| told(line, LineOrigin::Current));
    let incoming = gone_right.iter().filter(|line| !in_both(line)).map(|line| told(line, LineOrigin::Incoming));
    let dropped = both.chain(current).chain(incoming).take(MOST_DROPPED).collect();
    (text.lines().map(origin).collect(), dropped)
}

/// Lines of a side that `text` holds less often, in the side's order; empty ones are passed over.
fn dropped<'a>(text: &str, side: &'a str) -> Vec<&'a str> {
    let mut kept = counted(text);
    let is_kept = |line: &str, kept: &mut HashMap<&str, usize>| match kept.get_mut(line.trim()) {
        Some(n) if *n > 0 => {
            *n -= 1;
            true
        }
        _ => false,
    };
    side.lines().filter(|line| !line.trim().is_empty() && !is_kept(line, &mut kept)).collect()
}

fn counted(text: &str) -> HashMap<&str, usize> {
    let mut found = HashMap::new();
    for line in text.lines() {
        *found.entry(line.trim()).or_insert(0) += 1;
    }
    found
}
