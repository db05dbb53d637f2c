//! A note as text for people: all of it for a terminal, a document and a hover, and what an editor begins with.
//! Says nothing that is not in the note.

use super::markdown::{code, prose};
use crate::notes::{shown_lines, shown_markdown, shown_plain};
use contract::{Note, NoteVersion};
use std::fmt::Write as _;

/// All of a note, for a terminal.
#[must_use]
pub fn note_text(note: &Note) -> String {
    let mut out = format!("note {}\n", note.id);
    let mut row = |name: &str, text: &str| {
        if !text.is_empty() {
            let _ = writeln!(out, "  {name:<6} {text}");
        }
    };
    row("on", &note.place.text);
    row("", &note.place.remark);
    row("by", &note.about);
    for line in note.anchor.quote.iter().filter(|_| has_other_lines(note)) {
        row("was", &shown_plain(line));
    }
    if let [one] = &note.versions[..] {
        let none = if one.redacted { GONE } else { "" };
        let _ = write!(out, "\n{}\n", shown_lines(one.body.as_deref().unwrap_or(none)));
    } else {
        for version in &note.versions {
            let _ = write!(out, "\n{}\n", by(version));
            let _ = writeln!(out, "{}", shown_lines(version.body.as_deref().unwrap_or(instead(version))));
        }
    }
    out
}

/// What somebody who edits a note begins with: its text, or all texts that stand beside each other.
#[must_use]
pub fn note_to_edit(note: &Note) -> String {
    let texts: Vec<&NoteVersion> = note.versions.iter().filter(|version| version.body.is_some()).collect();
    let [first, second, ..] = &texts[..] else { return note.body.clone() };
    let mut out = String::new();
    for version in [first, second].into_iter().chain(&texts[2..]) {
        let _ = write!(out, "<<<<<<< {}\n{}\n", by(version), version.body.as_deref().unwrap_or_default());
    }
    out.push_str(">>>>>>>\n");
    out
}

/// All of a note as a Markdown document.
pub(crate) fn note_markdown(note: &Note) -> String {
    let mut out = format!("# {}\n\n{}\n", prose(&note.title), prose(&note.about));
    let _ = write!(out, "\non {}", code(&note.place.text));
    if !note.place.remark.is_empty() {
        let _ = write!(out, ": {}", prose(&note.place.remark));
    }
    out.push('\n');
    if has_other_lines(note) {
        out.push_str("\nIts lines were:\n\n");
        for line in &note.anchor.quote {
            let _ = writeln!(out, "    {}", shown_plain(line));
        }
    }
    out.push_str("\n---\n\n");
    out.push_str(&note_texts(note));
    out
}

/// What stands in a hover over the lines of a note.
pub(crate) fn note_hover(note: &Note) -> String {
    let remark = if note.place.remark.is_empty() { String::new() } else { format!(", {}", prose(&note.place.remark)) };
    format!("**note**, {}{remark}\n\n{}", prose(&note.about), note_texts(note))
}

/// The texts, as Markdown that is shown and not obeyed.
pub(crate) fn note_texts(note: &Note) -> String {
    texts(&note.versions)
}

/// Versions of a text that stand beside each other, as Markdown that is shown and not obeyed.
pub(crate) fn texts(versions: &[NoteVersion]) -> String {
    match versions {
        [] => format!("*{GONE}*\n"),
        [one] if one.redacted => format!("*{GONE}*\n"),
        [one] => shown_markdown(one.body.as_deref().unwrap_or_default()),
        several => {
            let text = |version: &NoteVersion| {
                let body = version.body.as_deref().map_or_else(|| format!("*{}*\n", instead(version)), shown_markdown);
                format!("**{}**\n\n{body}", prose(&by(version)))
            };
            several.iter().map(text).collect::<Vec<_>>().join("\n---\n\n")
        }
    }
}

/// Of a text that is not known any more.
const GONE: &str = "What it said was redacted.";

/// What is shown in place of a version's text.
fn instead(version: &NoteVersion) -> &'static str {
    if version.redacted { "(redacted)" } else { "(removed)" }
}

fn by(version: &NoteVersion) -> String {
    format!("{}, {}", shown_plain(&version.author.name), host::local_time(&version.at))
}

/// Whether the lines that it was put on are others now.
fn has_other_lines(note: &Note) -> bool {
    use contract::AnchorGrade::{Changed, File, Gone};
    matches!(note.place.grade, Changed | File | Gone) && !note.anchor.quote.is_empty()
}
