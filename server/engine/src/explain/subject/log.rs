//! The end of a log: what it says, and the lines around the first error for a model.

use super::{Seen, range};
use crate::explain::ExplainError;
use crate::log::tail_of;
use crate::workspace::Workspace;
use crate::{Engine, EngineError};
use checks::log::{USUAL_LINES, summarise};
use contract::{ExplanationSubject, Fact, FactKind};
use explain::about;
use std::path::Path;
use std::sync::Arc;

/// Lines before the first error, and from there on, that a model is shown.
const BEFORE: u64 = 10;
const FROM: usize = 70;

pub(super) fn seen(file: &Path) -> Result<Seen, EngineError> {
    let refused = |reason| ExplainError::Log { reason };
    let tail = tail_of(file, USUAL_LINES).map_err(refused)?;
    let name = if file.as_os_str() == "-" { "standard input".to_owned() } else { file.display().to_string() };
    let report = summarise(&name, &tail);
    let (first, lines) = tail.last_lines();
    // Without an error, the last lines.
    let last = first + lines.len() as u64;
    let around = report
        .first_error
        .as_ref()
        .map_or(last.saturating_sub(FROM as u64), |error| error.line - error.line.min(BEFORE));
    let skipped = around.saturating_sub(first).min(lines.len() as u64);
    let shown: Vec<&str> =
        lines.iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX)).take(FROM).map(String::as_str).collect();
    let text = shown.join("\n");
    let from = u32::try_from((first + skipped).saturating_sub(1)).unwrap_or(u32::MAX);
    let mut range = range(&text, 0, u32::try_from(shown.len().max(1)).unwrap_or(u32::MAX));
    range.start.line = range.start.line.saturating_add(from);
    range.end.line = range.end.line.saturating_add(from);
    Ok(Seen { subject: ExplanationSubject::Log, name, text, from, range, own: about::log(&report), ..Seen::default() })
}

/// The log of a step, as it was run last.
pub(super) fn step(engine: &Engine, workspace: &Arc<Workspace>, name: &str) -> Result<Seen, EngineError> {
    engine.recall_checks(&workspace.root);
    let known = workspace.check_book.statuses();
    let nothing = || ExplainError::NoStep { name: name.to_owned(), steps: engine.steps(&workspace.root).join(", ") };
    let build = known.into_iter().find(|one| one.name == name).and_then(|one| one.build).ok_or_else(nothing)?;
    let log = build.log.as_ref().ok_or_else(nothing)?;
    let mut seen = seen(log)?;
    let fact = |title: String, body: String| Fact {
        kind: FactKind::Log,
        title,
        language: (!body.is_empty()).then(|| "text".to_owned()),
        body,
        line: None,
    };
    let mut own = vec![fact(format!("`{name}` {}", build.ended), build.command.clone())];
    own.extend(build.since.map(|since| fact(since.text, String::new())));
    own.append(&mut seen.own);
    seen.own = own;
    seen.name = format!("the step {name}");
    Ok(seen)
}
