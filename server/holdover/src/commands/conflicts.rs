//! `holdover conflicts`: lists merge conflicts, and resolves them with one choice for all.

use super::{Failure, count};
use crate::End;
use crate::out::Out;
use clap::builder::PossibleValuesParser;
use engine::{ConflictChoice, ConflictError};
use owo_colors::OwoColorize as _;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Files, and folders that are looked through; without any, this folder
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Replace every conflict by this choice, where it has it
    #[arg(long, value_name = "CHOICE", value_parser = PossibleValuesParser::new(["current", "incoming", "both", "both-reversed", "base", "none"]))]
    resolve: Option<String>,
    /// With --resolve: say what would be left, and write nothing
    #[arg(long, requires = "resolve")]
    dry_run: bool,
}

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let choice = options.resolve.as_deref().and_then(ConflictChoice::named);
    let cancel = super::cancel_on_interrupt();
    let mut problems = Vec::new();
    let mut files = Vec::new();
    let here = [PathBuf::from(".")];
    let asked = if options.files.is_empty() { &here[..] } else { &options.files };
    for path in asked {
        let kind = std::fs::metadata(path)
            .map_err(|e| Failure::usage(format!("there is nothing to look at: {}: {e}", path.display())))?;
        if kind.is_dir() {
            let folder = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            let suspects = engine::conflicted_files(&folder, |problem| problems.push(problem));
            // What is resolved without being named is what git left: not an example in a page, nor a test's text.
            let (committed, left): (Vec<_>, Vec<_>) =
                suspects.into_iter().partition(|file| choice.is_some() && engine::is_committed_text(file, &cancel));
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
    let (mut report, failed) = engine::files_conflicts(&files, choice, options.dry_run);
    let named = |file: &PathBuf| options.files.iter().any(|named| std::path::absolute(named).is_ok_and(|n| n == *file));
    problems.extend(failed.into_iter().filter(|problem| match problem {
        ConflictError::NotText { file } => named(file),
        _ => true,
    }));
    engine::trace(&mut report, &cancel);
    out.document(&report);
    let here = std::env::current_dir().unwrap_or_default();
    let (mut left, mut resolved) = (0, 0);
    for file in &report.files {
        let shown = file.path.strip_prefix(&here).unwrap_or(&file.path).display();
        if file.resolved > 0 {
            let done = if options.dry_run { "would resolve" } else { "resolved" };
            out.line(format!("{shown}: {done} {}", count(file.resolved, "merge conflict")));
        }
        for region in &file.regions {
            let refused = choice.map(|choice| format!("; it has no {}", choice.name())).unwrap_or_default();
            out.line(format!("{shown}:{}: {}{refused}", region.range.start.line + 1, region.message.red()));
        }
        for malformed in &file.malformed {
            out.line(format!("{shown}:{}: {}", malformed.range.start.line + 1, malformed.message.yellow()));
        }
        left += (file.regions.len() + file.malformed.len()) as u64;
        resolved += file.resolved;
    }
    let open = report.files.iter().filter(|file| !file.regions.is_empty() || !file.malformed.is_empty()).count() as u64;
    out.detail(match (left, resolved) {
        (0, 0) => "no merge conflicts".to_owned(),
        (0, _) => "no merge conflict is left".to_owned(),
        (n, 0) => format!("{} in {}", count(n, "conflict"), count(open, "file")),
        (n, _) => format!("{} left in {}", count(n, "conflict"), count(open, "file")),
    });
    for problem in &problems {
        out.error(&problem.to_string());
    }
    Ok(match (left, problems.is_empty()) {
        (0, true) => End::Yes,
        (0, false) => End::Unknown,
        _ => End::No,
    })
}
