//! A merge conflict: what each side did to the common ancestor, and what each way out of it would leave out.

use super::{counted, fact};
use contract::{ConflictChoice, ConflictPreview, Fact, FactKind, LineOrigin};
use similar::{Algorithm, ChangeTag, capture_diff_slices};
use std::fmt::Write as _;

/// Lines of a side, or of what a choice leaves out.
const MOST_LINES: usize = 40;
/// Lines of a text that are compared.
const MOST_COMPARED: usize = 5_000;
/// Sides, and choices.
const MOST: usize = 8;

/// The facts about one conflict.
#[must_use]
pub fn conflict(preview: &ConflictPreview) -> Vec<Fact> {
    let region = &preview.region;
    let line = Some(region.range.start.line);
    let mut facts = Vec::new();
    let names: Vec<String> = (0..region.sides.len()).map(|n| side_name(preview, n)).collect();
    let between = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
    let alike = preview.sides.windows(2).all(|pair| pair[0] == pair[1]) && preview.sides.len() > 1;
    let words = if alike { "; they say the same" } else { "" };
    let title = format!(
        "lines {} to {} are a conflict between {between}{words}",
        region.range.start.line + 1,
        region.range.end.line + u32::from(region.range.end.utf16 > 0)
    );
    facts.push(fact(FactKind::Conflict, title, String::new(), "", line));
    for (n, name) in names.iter().enumerate().take(MOST) {
        let text = preview.sides.get(n).map(String::as_str).unwrap_or_default();
        let from = came_from(preview, n);
        let (title, body) = if let Some(base) = &preview.base {
            let (diff, gone, came) = compared(base, text);
            let did = match (gone, came) {
                (0, 0) => "leaves the common ancestor as it was".to_owned(),
                (gone, 0) => format!("takes {} away from the common ancestor", counted(gone, "line")),
                (0, came) => format!("puts {} into the common ancestor", counted(came, "line")),
                (gone, came) => format!("puts {} in place of {gone} of the common ancestor", counted(came, "line")),
            };
            (format!("`{name}`{from} {did}"), diff)
        } else {
            let has = if text.is_empty() { "no line".to_owned() } else { counted(text.lines().count(), "line") };
            let unknown = "no common ancestor is known, so not what it changed";
            (format!("`{name}`{from} has {has} here; {unknown}"), lines(text, ""))
        };
        let at = region.sides.get(n).map(|side| side.range.start.line);
        facts.push(fact(FactKind::Conflict, title, body, "diff", at));
    }
    for choice in preview.choices.iter().take(MOST) {
        facts.extend(left_out(choice, &names));
    }
    facts
}

/// What a choice would leave out; nothing is said where there are more than two sides, whose lines nobody compared.
fn left_out(choice: &ConflictChoice, names: &[String]) -> Option<Fact> {
    let [current, incoming] = names else { return None };
    let title = &choice.title;
    if choice.dropped.is_empty() {
        let title = format!("*{title}* would leave out no line of either side");
        return Some(fact(FactKind::Conflict, title, String::new(), "", None));
    }
    let of = |side: LineOrigin| choice.dropped.iter().filter(|line| line.side == side).count();
    let told = [
        (of(LineOrigin::Current), format!("of `{current}`")),
        (of(LineOrigin::Incoming), format!("of `{incoming}`")),
        (of(LineOrigin::Both), "that both have".to_owned()),
        (of(LineOrigin::Made), "of the common ancestor".to_owned()),
    ];
    let told = told.into_iter().filter(|(n, _)| *n > 0).map(|(n, whose)| format!("{} {whose}", counted(n, "line")));
    let title = format!("*{title}* would leave out {}", told.collect::<Vec<_>>().join(", "));
    let gone: Vec<&str> = choice.dropped.iter().map(|line| line.text.as_str()).collect();
    Some(fact(FactKind::Conflict, title, lines(&gone.join("\n"), "-"), "diff", None))
}

fn side_name(preview: &ConflictPreview, n: usize) -> String {
    let side = preview.region.sides.get(n);
    let name = side.map(|side| side.origin.as_ref().map_or(&*side.label, |from| &*from.name)).unwrap_or_default();
    match (name, n, preview.region.sides.len()) {
        ("", 0, 2) => "the current side".to_owned(),
        ("", 1, 2) => "the incoming side".to_owned(),
        ("", ..) => format!("side {}", n + 1),
        _ => name.to_owned(),
    }
}

fn came_from(preview: &ConflictPreview, n: usize) -> String {
    let Some(from) = preview.region.sides.get(n).and_then(|side| side.origin.as_ref()) else { return String::new() };
    let mut told = Vec::new();
    if let Some(commit) = &from.commit {
        told.push(format!("commit {}", commit.get(..10).unwrap_or(commit)));
    }
    told.extend(from.author.as_ref().map(|author| format!("by {author}")));
    told.extend(from.at.as_ref().and_then(|at| at.get(..10)).map(|day| format!("on {day}")));
    let told = told.join(" ");
    match &from.subject {
        Some(subject) if !told.is_empty() => format!(" ({told}: {subject})"),
        _ if told.is_empty() => String::new(),
        _ => format!(" ({told})"),
    }
}

/// What was taken away and put, with how many lines.
fn compared(old: &str, new: &str) -> (String, usize, usize) {
    let take = |text| str::lines(text).take(MOST_COMPARED).collect::<Vec<_>>();
    let (old, new) = (take(old), take(new));
    let (mut diff, mut gone, mut came) = (String::new(), 0, 0);
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        for change in op.iter_changes(&old, &new) {
            let sign = match change.tag() {
                ChangeTag::Delete => {
                    gone += 1;
                    '-'
                }
                ChangeTag::Insert => {
                    came += 1;
                    '+'
                }
                ChangeTag::Equal => ' ',
            };
            if gone + came <= MOST_LINES {
                let _ = writeln!(diff, "{sign}{}", change.value());
            }
        }
    }
    if gone + came > MOST_LINES {
        let _ = writeln!(diff, "… and {} more", counted(gone + came - MOST_LINES, "line"));
    }
    if gone + came == 0 { (String::new(), 0, 0) } else { (diff, gone, came) }
}

fn lines(text: &str, sign: &str) -> String {
    let mut made = String::new();
    for line in text.lines().take(MOST_LINES) {
        let _ = writeln!(made, "{sign}{line}");
    }
    let more = text.lines().count().saturating_sub(MOST_LINES);
    if more > 0 {
        let _ = writeln!(made, "… and {} more", counted(more, "line"));
    }
    made
}
