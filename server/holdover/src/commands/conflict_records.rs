//! Conflicts of synchronised records among those of files: named `note:ID`, listed, resolved and told of.
//! Decides nothing about a record: the engine does.

use super::Failure;
use super::conflicts::{Options, clean};
use crate::out::Out;
use contract::{FieldState, RecordConflict};
use engine::Engine;
use owo_colors::OwoColorize as _;
use std::path::{Path, PathBuf};

/// Versions of one record that are printed.
const SHOWN: usize = 20;
/// How a record is named among files.
const RECORD: &str = "note:";

/// The ids of records among what was named, and the rest. A file that is called so is a file.
pub(super) fn parted(asked: &[PathBuf]) -> (Vec<String>, Vec<PathBuf>) {
    let (mut records, mut files) = (Vec::new(), Vec::new());
    for path in asked {
        match path.to_str().and_then(|name| name.strip_prefix(RECORD)).filter(|_| !path.exists()) {
            Some(id) => records.push(id.to_owned()),
            None => files.push(path.clone()),
        }
    }
    (records, files)
}

/// The named ones; resolved, where there is a choice, the second part of which says that nothing is to be written.
pub(super) fn named(
    engine: &Engine,
    ids: &[String],
    choice: Option<(&str, bool)>,
    out: &Out,
) -> Result<Vec<RecordConflict>, Failure> {
    let root = super::open(engine, Path::new("."), out)?;
    let one = |id: &String| match choice {
        Some((choice, dry)) => engine.resolve_record(&root, id, choice, None, dry),
        None => engine.record_conflict(&root, id),
    };
    ids.iter().map(|id| one(id).map_err(|problem| super::failed(&problem))).collect()
}

/// Those of the workspaces of folders, and whether some could not be read, which is said: files are listed all the same.
pub(super) fn listed(engine: &Engine, folders: &[&PathBuf], out: &Out) -> Result<(Vec<RecordConflict>, bool), Failure> {
    let (mut records, mut unread): (Vec<RecordConflict>, bool) = (Vec::new(), false);
    for folder in folders {
        let root = super::open(engine, folder, out)?;
        match engine.record_conflicts(&root) {
            Ok(found) => records.extend(found),
            Err(problem) => {
                out.warn(&format!("conflicts of records were not looked for: {problem}"));
                unread = true;
            }
        }
    }
    records.sort_by(|a, b| a.entity.cmp(&b.entity));
    records.dedup_by(|a, b| a.entity == b.entity);
    Ok((records, unread))
}

/// Whether somebody still has to decide.
pub(super) fn is_open(record: &RecordConflict) -> bool {
    record.resolved.is_none() && record.state != FieldState::Merged
}

/// Who wrote what, and what may be chosen, or what was.
pub(super) fn told(record: &RecordConflict, options: &Options, named: bool, out: &Out) {
    let id = &record.entity[record.entity.len().saturating_sub(8)..];
    let name = format!("{} {id} on {}", record.kind, clean(&record.place));
    if let Some(choice) = &record.resolved {
        let done = if options.dry_run { "would resolve it with" } else { "resolved with" };
        out.line(format!("{name}: {done} {choice}: {}", clean(&record.title)));
        if let Some(event) = &record.event {
            out.detail(format!("undo with: holdover conflicts --undo {event}"));
        }
        return;
    }
    out.line(format!("{name}: {}", clean(&record.message).red()));
    for side in record.sides.iter().take(SHOWN) {
        out.line(format!("  {}", clean(&side.label)));
        for text in side.value.as_str().unwrap_or(if side.redacted { "(redacted)" } else { "(removed)" }).lines() {
            out.line(format!("    | {}", clean(text)));
        }
    }
    for policy in record.policies.iter().filter(|_| named || options.suggest) {
        out.line(format!("  {}", engine::policy_words(policy)));
    }
    if record.sides.len() > SHOWN {
        out.line(format!("  {} more, which --json shows", record.sides.len() - SHOWN));
    }
    // Of many sides each could be chosen.
    let is_listed = |choice: &str| record.sides.len() <= SHOWN || !choice.starts_with("side-");
    let mut names: Vec<&str> = record.choices.iter().map(|one| &*one.choice).filter(|one| is_listed(one)).collect();
    if record.sides.len() > SHOWN {
        names.insert(0, "side-1|side-2|…");
    }
    out.line(format!("  resolve with: holdover conflicts --resolve {} {RECORD}{id}", names.join("|")));
}
