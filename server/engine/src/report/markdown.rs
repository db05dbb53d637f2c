//! Reports as Markdown. What comes from outside, a lockfile's words or a path, is shown and never obeyed.

use super::{Cell, Report, Tone};
use contract::{
    ActorKind, ConflictChoice, ConflictRegion, ConflictSuggestion, JournalEntry, Lane, LineOrigin, LockfileMerge,
};
use std::fmt::Write;
use std::path::Path;

pub(super) fn report(report: &Report, folder: &Path) -> String {
    let mut out = format!("# {}\n\n**{}**", prose(&report.title), prose(&report.verdict.text));
    if !report.about.is_empty() {
        let _ = write!(out, ", {}", prose(&report.about));
    }
    let _ = write!(out, "\n\n{}\n", code(&folder.display().to_string()));
    for section in &report.sections {
        let _ = write!(out, "\n## {}\n\n", section.title);
        let headings: Vec<String> = section.columns.iter().map(|text| (*text).to_owned()).collect();
        line(&mut out, &headings);
        line(&mut out, &vec!["---".to_owned(); headings.len()]);
        for row in &section.rows {
            line(&mut out, &row.iter().map(shown).collect::<Vec<_>>());
        }
    }
    out
}

fn line(out: &mut String, cells: &[String]) {
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

fn shown(cell: &Cell) -> String {
    match cell.tone {
        _ if cell.text.is_empty() => String::new(),
        Tone::Path => code(&cell.text),
        Tone::Bad => format!("**{}**", prose(&cell.text)),
        _ => prose(&cell.text),
    }
}

/// Text that may hold commands in backticks; everything else stands for itself.
pub(super) fn prose(text: &str) -> String {
    let balanced = text.matches('`').count().is_multiple_of(2);
    let mut out = String::with_capacity(text.len() + 8);
    let mut in_code = false;
    for c in text.chars() {
        match c {
            '`' if balanced => {
                in_code = !in_code;
                out.push('`');
            }
            '\n' | '\r' => out.push(' '),
            '|' => out.push_str("\\|"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '!' | '~' | '&' if !in_code => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A path or an address, letter for letter, in a cell.
pub(super) fn code(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let clean = clean.replace('|', "\\|");
    let fence = "`".repeat(longest_run(&clean) + 1);
    let space = if clean.starts_with('`') || clean.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{clean}{space}{fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

pub(super) fn trail(trail: &contract::TrailReport) -> String {
    let plain = trail.file.is_empty() && trail.artifacts.is_empty();
    let what = if plain { trail.title.clone() } else { code(&trail.title) };
    if trail.entries.is_empty() {
        return format!("# What happened to {what}\n\nThe journal knows of nothing yet.\n");
    }
    let mut out = format!("# What happened to {what}\n\n| when | who | what | state |\n| --- | --- | --- | --- |\n");
    for one in &trail.entries {
        let seen = if one.seen_by.is_empty() { String::new() } else { format!(", seen by {}", one.seen_by.join(", ")) };
        let state = format!("{}{seen}", one.state_text);
        line(&mut out, &[prose(&one.time), prose(&one.by), prose(&one.what), prose(&state)]);
    }
    out
}

/// Where the sides of one conflict come from.
pub(crate) fn conflict(region: &ConflictRegion) -> String {
    let mut out = format!("**{}**\n", prose(&region.message));
    for (n, side) in region.sides.iter().enumerate() {
        let name = match n {
            0 => "current".to_owned(),
            1 if region.sides.len() == 2 => "incoming".to_owned(),
            _ => format!("side {}", n + 1),
        };
        let from = side.origin.as_ref();
        let mut facts = vec![from.map_or_else(|| prose(&side.label), |from| prose(&from.name))];
        facts.extend(from.and_then(|from| from.commit.as_ref()).map(|commit| code(commit.get(..12).unwrap_or(commit))));
        let told = from.map(|from| [&from.subject, &from.author, &from.at]).into_iter().flatten().flatten();
        facts.extend(told.map(|text| prose(text)));
        facts.retain(|fact| !fact.is_empty());
        if !facts.is_empty() {
            let _ = write!(out, "\n- {name}: {}", facts.join(", "));
        }
    }
    if let Some(suggestion) = &region.suggestion {
        merge(&mut out, suggestion);
    }
    out
}

/// A merge that is suggested, and why: what it holds, and what it leaves out.
fn merge(out: &mut String, suggestion: &ConflictSuggestion) {
    let _ = write!(out, "\n\n{}\n\n", prose(&crate::words::merge(suggestion)));
    let body = |sign: char, text: &str| format!("{sign}{}\n", text.replace('\r', ""));
    let mut shown: String = suggestion.text.lines().take(MOST_LINES).map(|line| body(' ', line)).collect();
    shown.extend(suggestion.dropped.iter().take(MOST_LINES).map(|dropped| body('-', &dropped.text)));
    let fence = "`".repeat(longest_run(&shown).max(2) + 1);
    let _ = write!(out, "{fence}diff\n{shown}{fence}");
}

/// What a side is called: its branch, what its marker says, or which side it is.
pub(crate) fn side_name(region: &ConflictRegion, n: usize) -> String {
    let side = region.sides.get(n);
    let name = side.map(|side| side.origin.as_ref().map_or(&*side.label, |from| &*from.name)).unwrap_or_default();
    match (name, n, region.sides.len()) {
        ("", 0, 2) => "the current side".to_owned(),
        ("", 1, 2) => "the incoming side".to_owned(),
        ("", ..) => format!("side {}", n + 1),
        _ => name.to_owned(),
    }
}

/// One way to resolve a conflict, for a preview: why, how far it is to be trusted, where its lines come from, what it drops.
pub(crate) fn choice(
    choice: &ConflictChoice,
    region: &ConflictRegion,
    suggestion: Option<&ConflictSuggestion>,
) -> String {
    let mut out = match suggestion {
        Some(suggestion) => format!("**{}**\n", prose(&crate::words::merge(suggestion))),
        None => format!("**{}**\n", prose(&choice.title)),
    };
    if region.sides.len() == 2 {
        let (current, incoming) = (side_name(region, 0), side_name(region, 1));
        let named = |origin| match origin {
            LineOrigin::Both => "in both".to_owned(),
            LineOrigin::Current => format!("from {current}"),
            LineOrigin::Incoming => format!("from {incoming}"),
            LineOrigin::Made => match choice.action.as_str() {
                "conflict.accept-base" => "from the common ancestor",
                "conflict.remembered" => "in neither side",
                _ => "made of both",
            }
            .to_owned(),
        };
        let kept = counted(&choice.lines.iter().copied());
        let told: Vec<String> = kept
            .iter()
            .map(|(origin, n)| format!("{} {}", crate::words::counted(*n, "line"), named(*origin)))
            .collect();
        let kept = if told.is_empty() { "nothing".to_owned() } else { told.join(", ") };
        let _ = write!(out, "\n- keeps: {}", prose(&kept));
        let gone = counted(&choice.dropped.iter().map(|line| line.side));
        let told: Vec<String> = gone
            .iter()
            .map(|(origin, n)| format!("{} {}", crate::words::counted(*n, "line"), named(*origin)))
            .collect();
        let told = if told.is_empty() { "nothing".to_owned() } else { told.join(", ") };
        let _ = write!(out, "\n- drops: {}", prose(&told));
    }
    if !choice.dropped.is_empty() {
        let sign = |text: &str| format!("-{}\n", text.replace('\r', ""));
        let mut shown: String = choice.dropped.iter().take(MOST_LINES).map(|line| sign(&line.text)).collect();
        if choice.dropped.len() > MOST_LINES {
            let _ = writeln!(
                shown,
                "… and {} more",
                crate::words::counted((choice.dropped.len() - MOST_LINES) as u64, "line")
            );
        }
        let fence = "`".repeat(longest_run(&shown).max(2) + 1);
        let _ = write!(out, "\n\n{fence}diff\n{shown}{fence}");
    }
    out.push('\n');
    out
}

/// A lockfile as its tool merges it, or why there is none.
pub(crate) fn lockfile(merge: &LockfileMerge) -> String {
    if let Some(problem) = &merge.problem {
        return format!("**not merged by {}**\n\n{}\n", merge.tool, code_lines(problem));
    }
    let mut out = format!("**{}**\n", prose(&crate::words::lockfile(merge)));
    for (words, packages) in [("keeps", &merge.packages), ("drops", &merge.dropped)] {
        let _ = write!(out, "\n{words}, where the sides differ:\n\n");
        for package in packages.iter().take(MOST_LINES) {
            let side = match package.side {
                LineOrigin::Both => "in both sides",
                LineOrigin::Current => "in the current side",
                LineOrigin::Incoming => "in the incoming side",
                LineOrigin::Made => "in neither side",
            };
            let _ = writeln!(out, "- {} {}, {side}", code(&package.name), code(&package.version));
        }
        if packages.is_empty() {
            let _ = writeln!(out, "- nothing");
        } else if packages.len() > MOST_LINES {
            let _ = writeln!(out, "- … and {} more", packages.len() - MOST_LINES);
        }
    }
    out
}

/// A tool's or a problem's words, line by line as they are.
fn code_lines(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect();
    let fence = "`".repeat(longest_run(&clean).max(2) + 1);
    format!("{fence}\n{clean}\n{fence}")
}

/// How often each origin stands there, in the order of a menu.
fn counted(origins: &(impl Iterator<Item = LineOrigin> + Clone)) -> Vec<(LineOrigin, u64)> {
    [LineOrigin::Both, LineOrigin::Current, LineOrigin::Incoming, LineOrigin::Made]
        .into_iter()
        .map(|origin| (origin, origins.clone().filter(|one| *one == origin).count() as u64))
        .filter(|(_, n)| *n > 0)
        .collect()
}

/// Lines of a merge that a hover shows.
const MOST_LINES: usize = 40;

pub(super) fn entry(entry: &JournalEntry) -> String {
    let mut out = format!("# {}\n\n| what | |\n| --- | --- |\n", prose(&entry.kind));
    let by = match entry.actor.kind {
        ActorKind::Person => "a person",
        ActorKind::Tool => "a tool",
        ActorKind::Model => "a model",
    };
    let lane = match entry.lane {
        Lane::Ctl => "membership and policy",
        Lane::Review => "reviews",
        Lane::Notes => "notes",
        Lane::Observations => "observations",
        Lane::Local => "of this machine only",
        Lane::Other => "of a later version",
    };
    let state = crate::words::delivery(entry.state, &entry.uploaded_to, &entry.seen_by);
    let mut row = |name: &str, text: String| line(&mut out, &[name.to_owned(), text]);
    row("when", prose(&host::local_time(&entry.at)));
    row("who", format!("{}, {by}", prose(&entry.actor.name)));
    for (name, text) in
        [("model", &entry.actor.model), ("prompt", &entry.actor.prompt), ("workspace", &entry.workspace)]
    {
        if let Some(text) = text {
            row(name, code(text));
        }
    }
    row("about", code(&entry.entity));
    row("event", code(&entry.id));
    row("place", format!("{} in log {}, {lane}", crate::words::thousands(entry.seq), code(&entry.log)));
    row("state", state.clone());
    if entry.payload.is_null() {
        out.push_str("\nWhat it said was redacted.\n");
    } else {
        let text = serde_json::to_string_pretty(&entry.payload).unwrap_or_default();
        let fence = "`".repeat(longest_run(&text).max(2) + 1);
        let _ = write!(out, "\n{fence}json\n{text}\n{fence}\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_shown_and_not_obeyed() {
        assert_eq!(prose("a | b <script> [x](y)"), "a \\| b \\<script\\> \\[x\\](y)");
        assert_eq!(prose("run `holdover trust a_b` now"), "run `holdover trust a_b` now");
        assert_eq!(prose("an odd ` one_"), "an odd \\` one\\_");
        assert_eq!(prose("two\nlines"), "two lines");
        assert_eq!(code("a`b``c|d"), "```a`b``c\\|d```");
        assert_eq!(code("`"), "`` ` ``");
    }

    #[test]
    fn a_trail_is_words_and_no_ids() {
        let one = contract::TrailEntry {
            id: "01KAN0000000000000000000EV".into(),
            at: "2026-01-02T03:04:05Z".into(),
            time: "2026-01-02 03:04".into(),
            actor: contract::Actor { kind: ActorKind::Person, name: "anna".into(), model: None, prompt: None },
            by: "anna".into(),
            kind: "note.add".into(),
            entity: "01KAN0000000000000000000NT".into(),
            what: "note added: why?".into(),
            state: contract::Delivery::Seen,
            state_text: "seen".into(),
            uploaded_to: Vec::new(),
            seen_by: vec!["ben".into()],
        };
        let title = "src/a.rs".to_owned();
        let report = contract::TrailReport { file: title.clone(), artifacts: Vec::new(), title, entries: vec![one] };
        let text = trail(&report);
        assert!(text.ends_with("| 2026-01-02 03:04 | anna | note added: why? | seen, seen by ben |\n"), "{text}");
        assert!(!text.contains("01KAN"), "{text}");
    }

    #[test]
    fn a_payload_cannot_end_its_own_block() {
        let entry = JournalEntry {
            id: "1".into(),
            log: "ab".into(),
            seq: 1,
            at: "2026-01-02T03:04:05Z".into(),
            actor: contract::Actor { kind: ActorKind::Tool, name: "x|y".into(), model: None, prompt: None },
            kind: "a.b".into(),
            entity: "2".into(),
            lane: Lane::Local,
            state: contract::Delivery::Durable,
            uploaded_to: Vec::new(),
            seen_by: Vec::new(),
            held: None,
            workspace: None,
            payload: serde_json::json!({ "text": "````" }),
            left: Vec::new(),
        };
        let text = super::entry(&entry);
        assert!(text.contains("\n`````json\n"), "{text}");
        assert!(text.contains("| x\\|y, a tool |"), "{text}");
        let redacted = super::entry(&JournalEntry { payload: serde_json::Value::Null, ..entry });
        assert!(redacted.ends_with("redacted.\n"), "{redacted}");
    }
}
