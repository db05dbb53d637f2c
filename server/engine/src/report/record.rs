//! A record's conflict as Markdown for people: what happened, each version with who wrote it and what they had seen, what each policy
//! would make of them. Decides nothing.

use super::markdown::{code, prose};
use crate::notes::shown_markdown;
use contract::{MergePolicy, RecordConflict, RecordSide};
use std::fmt::Write as _;

/// All of it, as a document.
pub(crate) fn record_markdown(record: &RecordConflict) -> String {
    let mut out =
        format!("# Conflict of a {}: {}\n\n{}\n\n", record.kind, prose(&record.title), prose(&record.message));
    out.push_str(&record_sides_markdown(record));
    for side in &record.sides {
        let _ = write!(out, "\n---\n\n**{}**\n\n{}", prose(&side.label), shown(side));
    }
    out.push_str("\n---\n\nIt can be resolved by:\n\n");
    for choice in &record.choices {
        let _ = writeln!(out, "- {}: {}", code(&choice.choice), prose(&choice.title));
    }
    out
}

/// Which field it is, what each writer had seen, and what policies would make of it.
pub(crate) fn record_sides_markdown(record: &RecordConflict) -> String {
    let field = if record.field == "body" { "text" } else { &record.field };
    let mut out = format!("The {} of a {} on {}.\n", prose(field), record.kind, code(&record.place));
    let seen = |side: &RecordSide| if side.seen.is_empty() { "nothing".to_owned() } else { side.seen.clone() };
    let same = record.sides.first().map(seen).filter(|first| record.sides.iter().all(|side| seen(side) == *first));
    match same {
        Some(same) => {
            let all = if record.sides.len() == 2 { "Both writers" } else { "All writers" };
            let _ = write!(out, "\n- {all} had seen: {}", prose(&same));
        }
        None => {
            for side in &record.sides {
                let _ = write!(out, "\n- {} had seen: {}", prose(&side.label), prose(&seen(side)));
            }
        }
    }
    for outcome in &record.policies {
        let _ = write!(out, "\n- policy {}: {}", policy(outcome.policy), prose(&crate::words::policy_words(outcome)));
    }
    out.push('\n');
    out
}

fn shown(side: &RecordSide) -> String {
    match side.value.as_str() {
        _ if side.redacted => "*(redacted)*\n".to_owned(),
        Some(text) => shown_markdown(text),
        None => "*(removed)*\n".to_owned(),
    }
}

fn policy(policy: MergePolicy) -> &'static str {
    match policy {
        MergePolicy::LastWriter => "last-writer",
        MergePolicy::Set => "set",
        MergePolicy::Counter => "counter",
        MergePolicy::Max => "max",
        MergePolicy::Min => "min",
        MergePolicy::Text => "text",
        MergePolicy::Manual => "manual",
    }
}
