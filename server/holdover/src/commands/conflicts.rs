//! `holdover conflicts`: lists merge conflicts, and resolves them with one choice for all.

use super::{Failure, count};
use crate::End;
use crate::out::Out;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Command};
use contract::{ConflictRegion, ConflictSuggestion, LineOrigin, LockfileMerge};
use engine::{ConflictChoice, ConflictError, Resolve};
use owo_colors::OwoColorize as _;
use serde_json::json;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Files, folders that are looked through, and `note:ID` for a record; without any, this folder
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Replace every conflict by this choice, where it has it; auto: by a merge, where a trusted one is found; remembered: by what was chosen when the same sides met before; lockfile: a lockfile by what its ecosystem's own tool makes of it, offline
    #[arg(long, value_name = "CHOICE", value_parser = Choices)]
    resolve: Option<String>,
    /// With --resolve: say what would be left, and write nothing
    #[arg(long, requires = "resolve")]
    pub(super) dry_run: bool,
    /// Show a merge for each conflict that has one, and why; write nothing
    #[arg(long, conflicts_with = "resolve")]
    pub(super) suggest: bool,
    /// Put a conflict back that was resolved: the id of the event, or the end of it
    #[arg(long, value_name = "EVENT", conflicts_with_all = ["resolve", "suggest", "files"])]
    undo: Vec<String>,
}

/// The choices by name, and `side-1` and on where there are more than two sides.
#[derive(Debug, Clone, Copy)]
struct Choices;

impl Choices {
    fn named() -> PossibleValuesParser {
        ["current", "incoming", "both", "both-reversed", "base", "none", "auto", "remembered", "lockfile"].into()
    }
}

impl TypedValueParser for Choices {
    type Value = String;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        let side = value.to_str().filter(|word| word.strip_prefix("side-").is_some_and(|n| n.parse::<u32>().is_ok()));
        side.map_or_else(|| Self::named().parse_ref(command, argument, value), |side| Ok(side.to_owned()))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        // Taken from another parser that lives no longer than this.
        let all: Vec<PossibleValue> = Self::named().possible_values()?.collect();
        Some(Box::new(all.into_iter()))
    }
}

/// Resolutions of one run whose ids are said, so that each can be undone.
const SAID: usize = 3;

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    if !options.undo.is_empty() {
        return undo(&options.undo, out);
    }
    let with = options.resolve.as_deref().and_then(|word| match word {
        "auto" => Some(Resolve::Auto),
        "remembered" => Some(Resolve::Remembered),
        "lockfile" => Some(Resolve::Lockfile),
        word => ConflictChoice::named(word).map(Resolve::Choice),
    });
    let choice = options.resolve.as_deref().and_then(ConflictChoice::named);
    let cancel = super::cancel_on_interrupt();
    let mut problems = Vec::new();
    let mut files = Vec::new();
    let here = [PathBuf::from(".")];
    let asked = if options.files.is_empty() { &here[..] } else { &options.files };
    let (named_records, asked) = super::conflict_records::parted(asked);
    for path in &asked {
        let kind = std::fs::metadata(path)
            .map_err(|e| Failure::usage(format!("there is nothing to look at: {}: {e}", path.display())))?;
        if kind.is_dir() {
            let folder = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            let suspects = engine::conflicted_files(&folder, |problem| problems.push(problem));
            // What is resolved without being named is what git left: not an example in a page, nor a test's text.
            let (committed, left): (Vec<_>, Vec<_>) = suspects
                .into_iter()
                .partition(|file| options.resolve.is_some() && engine::is_committed_text(file, &cancel));
            let (committed, _) = engine::files_conflicts(&committed, None, false);
            for file in committed.files {
                let file = file.path.display();
                out.warn(&format!("left as it is, for git holds no conflict in it; name it to resolve it: {file}"));
            }
            files.extend(left);
        } else {
            files.push(std::path::absolute(path).unwrap_or_else(|_| path.clone()));
        }
    }
    files.dedup();
    // Stopped in the middle, nothing is known of what git holds, and what is only an example would be resolved with the rest.
    if cancel.is_cancelled() {
        return Err(super::failed(&engine::EngineError::Cancelled));
    }
    let suggester = engine::Suggester::default();
    let engine = super::engine();
    let (mut report, failed) = match with {
        Some(with) => engine.resolve_files(&files, with, options.dry_run, &suggester, &cancel),
        None if options.suggest => engine.suggest_files(&files, &suggester, &cancel),
        None => engine::files_conflicts(&files, None, false),
    };
    let named = |file: &PathBuf| options.files.iter().any(|named| std::path::absolute(named).is_ok_and(|n| n == *file));
    problems.extend(failed.into_iter().filter(|problem| match problem {
        ConflictError::NotText { file } => named(file),
        _ => true,
    }));
    engine::trace(&mut report, &cancel);
    let folders: Vec<&PathBuf> = asked.iter().filter(|path| path.is_dir()).collect();
    let (records, unread) = match (&options.resolve, named_records.is_empty()) {
        // Without being named none is resolved: a choice for all of a folder is about its files.
        (Some(_), true) => (Vec::new(), false),
        (choice, false) => {
            let choice = choice.as_deref().map(|choice| (choice, options.dry_run));
            (super::conflict_records::named(&engine, &named_records, choice, out)?, false)
        }
        (None, true) => super::conflict_records::listed(&engine, &folders, out)?,
    };
    report.records = records;
    out.document(&report);
    for record in &report.records {
        super::conflict_records::told(record, options, !named_records.is_empty(), out);
    }
    let here = std::env::current_dir().unwrap_or_default();
    let open_records = report.records.iter().filter(|record| super::conflict_records::is_open(record)).count() as u64;
    let settled = report.records.iter().filter(|record| record.resolved.is_some()).count() as u64;
    let (mut left, mut resolved) = (open_records, settled);
    for file in &report.files {
        let shown = file.path.strip_prefix(&here).unwrap_or(&file.path).display();
        if file.resolved > 0 {
            let done = if options.dry_run { "would resolve" } else { "resolved" };
            out.line(format!("{shown}: {done} {}", count(file.resolved, "merge conflict")));
        }
        if let Some(merge) = &file.lockfile {
            lockfile(out, &shown.to_string(), merge);
        }
        for region in &file.merged {
            if let Some(suggestion) = &region.suggestion {
                suggested(out, &shown.to_string(), region, suggestion);
            }
        }
        for region in &file.regions {
            let known: Vec<_> = region.suggestion.iter().chain(&region.remembered).collect();
            for suggestion in &known {
                suggested(out, &shown.to_string(), region, suggestion);
            }
            if !known.is_empty() {
                continue;
            }
            let refused = match with {
                Some(Resolve::Auto) => Some("; no merge is suggested".to_owned()),
                Some(Resolve::Remembered) => Some("; nothing was chosen for it before".to_owned()),
                Some(Resolve::Lockfile) if file.lockfile.is_none() => {
                    Some("; this is no lockfile that is known here".to_owned())
                }
                _ => None,
            };
            let refused =
                refused.or_else(|| choice.map(|choice| format!("; it has no {}", choice.name()))).unwrap_or_default();
            out.line(format!("{shown}:{}: {}{refused}", region.range.start.line + 1, region.message.red()));
        }
        for malformed in &file.malformed {
            out.line(format!("{shown}:{}: {}", malformed.range.start.line + 1, malformed.message.yellow()));
        }
        for event in file.events.iter().take(SAID) {
            out.detail(format!("undo with: holdover conflicts --undo {event}"));
        }
        if file.events.len() > SAID {
            out.detail("undo others with: holdover journal log --kind conflict.resolved");
        }
        left += (file.regions.len() + file.malformed.len()) as u64;
        resolved += file.resolved;
    }
    let open = report.files.iter().filter(|file| !file.regions.is_empty() || !file.malformed.is_empty()).count() as u64;
    out.detail(match (left, resolved) {
        (0, 0) => "no merge conflicts".to_owned(),
        (0, _) => "no merge conflict is left".to_owned(),
        (n, 0) if open_records == n => format!("{} in {}", count(n, "conflict"), count(n, "record")),
        (n, 0) if open_records > 0 => {
            format!("{} in {} and {}", count(n, "conflict"), count(open, "file"), count(open_records, "record"))
        }
        (n, 0) => format!("{} in {}", count(n, "conflict"), count(open, "file")),
        (n, _) => format!("{} left in {}", count(n, "conflict"), count(open, "file")),
    });
    for problem in &problems {
        out.error(&problem.to_string());
    }
    Ok(match (left, problems.is_empty()) {
        (0, true) if !unread => End::Yes,
        (0, _) => End::Unknown,
        _ => End::No,
    })
}

/// Puts conflicts back, each as one event says that it was.
fn undo(events: &[String], out: &Out) -> Result<End, Failure> {
    let engine = super::engine();
    let root = super::open(&engine, Path::new("."), out)?;
    let here = std::env::current_dir().unwrap_or_default();
    let mut undone = Vec::new();
    for event in events {
        let done = engine.undo_resolution(&root, event).map_err(|e| super::failed(&e))?;
        if let Some(file) = &done.file {
            out.line(format!("{}: the conflict is back", file.strip_prefix(&here).unwrap_or(file).display()));
            undone.push(json!({ "path": file, "event": done.event }));
        } else if let Some(record) = &done.record {
            let id = &record[record.len().saturating_sub(8)..];
            out.line(format!("note {id}: its versions stand beside each other again"));
            undone.push(json!({ "record": record, "event": done.event }));
        }
    }
    out.document(&json!({ "undone": undone }));
    Ok(End::Yes)
}

/// What a merge is, why, what is left out of it, and whether one click may apply it.
fn suggested(out: &Out, file: &str, region: &ConflictRegion, suggestion: &ConflictSuggestion) {
    let line = region.range.start.line + 1;
    out.line(format!("{file}:{line}: {}", region.message.red()));
    out.line(format!("  {}", engine::merge_words(suggestion)));
    for (text, from) in suggestion.text.lines().zip(&suggestion.lines) {
        out.line(format!("  {:<9} | {}", origin(*from), clean(text)));
    }
    for dropped in &suggestion.dropped {
        out.line(format!("  {:<9} - {}", origin(dropped.side), clean(&dropped.text)));
    }
}

/// A lockfile as its tool merges it: why, what is in it of one side alone, and what is left out.
fn lockfile(out: &Out, file: &str, merge: &LockfileMerge) {
    if let Some(problem) = &merge.problem {
        for (n, line) in problem.lines().enumerate() {
            let begin = if n == 0 { format!("{file}: not merged by {}: ", merge.tool) } else { "  ".to_owned() };
            out.line(format!("{begin}{}", clean(line)));
        }
        return;
    }
    out.line(format!("{file}: {}", engine::lockfile_words(merge)));
    for (sign, packages) in [('|', &merge.packages), ('-', &merge.dropped)] {
        for package in packages {
            let (name, version) = (clean(&package.name), clean(&package.version));
            let from = if package.side == LineOrigin::Made { "new" } else { origin(package.side) };
            out.line(format!("  {from:<9} {sign} {name} {version}"));
        }
    }
}

/// A line of somebody else's: nothing that steers a terminal.
pub(super) fn clean(line: &str) -> String {
    line.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

fn origin(of: LineOrigin) -> &'static str {
    match of {
        LineOrigin::Both => "both",
        LineOrigin::Current => "current",
        LineOrigin::Incoming => "incoming",
        LineOrigin::Made => "made",
    }
}
