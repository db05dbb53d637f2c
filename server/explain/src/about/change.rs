//! What a change does, before somebody reviews it: its files, the items that are changed in each, and what was found on changed lines.

use super::{counted, fact};
use crate::facts::Found;
use contract::{Fact, FactKind, FileChange, ReviewFile};
use std::fmt::Write as _;

/// Files that are told.
const MOST_FILES: usize = 30;
/// Items of one.
const MOST_ITEMS: usize = 12;

/// A file of a change, with what was looked up of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changed {
    /// The file.
    pub file: ReviewFile,
    /// What encloses the changed lines, and what they define, each once: name, and signature.
    pub items: Vec<(String, String)>,
    /// Findings on the lines that came.
    pub found: Vec<Found>,
}

/// The facts about a change; `whole`: whether it was looked which items are changed.
#[must_use]
pub fn changes(files: &[Changed], whole: bool) -> Vec<Fact> {
    let sum = |of: fn(&ReviewFile) -> u64| files.iter().map(|one| of(&one.file)).sum::<u64>();
    let (added, removed) = (sum(|file| file.added), sum(|file| file.removed));
    let number = |n: u64| counted(usize::try_from(n).unwrap_or(usize::MAX), "line");
    let all = match files.len() {
        0 => "no file is changed".to_owned(),
        n => format!("{}: {} came, {} went", counted(n, "file"), number(added), number(removed)),
    };
    let mut facts = vec![fact(FactKind::Change, all, String::new(), "", None)];
    for one in files.iter().take(MOST_FILES) {
        let file = &one.file;
        let mut title = format!("`{}` {}", file.path, did(file));
        if file.binary {
            title += ", which is no text";
        } else {
            let _ = write!(title, ": +{} -{}", file.added, file.removed);
        }
        if file.threads > 0 {
            let _ = write!(title, ", {} on it", counted(usize::try_from(file.threads).unwrap_or(usize::MAX), "thread"));
        }
        let mut signatures: Vec<&str> = one.items.iter().map(|(_, signature)| signature.as_str()).collect();
        signatures.truncate(MOST_ITEMS);
        if !one.items.is_empty() {
            let names: Vec<String> = one.items.iter().take(MOST_ITEMS).map(|(name, _)| format!("`{name}`")).collect();
            let more = one.items.len().saturating_sub(MOST_ITEMS);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = write!(title, "; in {}{more}", names.join(", "));
        } else if whole && !file.hunks.is_empty() && file.change == FileChange::Modified {
            title += "; in no item that is known";
        }
        facts.push(fact(FactKind::Change, title, signatures.join("\n"), "text", None));
        for found in &one.found {
            let finding = &found.finding;
            let line = found.line.map_or(String::new(), |line| format!(":{}", line + 1));
            let message = finding.message.lines().next().unwrap_or_default();
            let title = format!("`{}{line}`: {} `{}`: {message}", file.path, finding.source, finding.code);
            facts.push(fact(FactKind::Finding, title, String::new(), "", None));
        }
    }
    if files.len() > MOST_FILES {
        facts.push(fact(
            FactKind::Change,
            format!("and {}", counted(files.len() - MOST_FILES, "file")),
            String::new(),
            "",
            None,
        ));
    }
    facts
}

fn did(file: &ReviewFile) -> String {
    let from = file.old_path.as_deref().unwrap_or_default();
    match file.change {
        FileChange::Added => "is new".to_owned(),
        FileChange::Modified => "is changed".to_owned(),
        FileChange::Deleted => "is gone".to_owned(),
        FileChange::Renamed => format!("was `{from}`"),
        FileChange::Copied => format!("is a copy of `{from}`"),
        FileChange::Typechange => "is of another kind".to_owned(),
    }
}
