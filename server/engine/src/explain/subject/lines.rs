//! Lines of a file: what they are in and use, what was found and is said of them, a merge conflict and shell commands on them.

use super::{Seen, beside, conflict};
use crate::explain::look::{self, Parsers};
use crate::explain::{ExplainAsk, ExplainError, Slow, history};
use crate::workspace::Workspace;
use crate::{Engine, EngineError};
use contract::{Fact, FactKind, Thread, codes};
use explain::{Found, about};
use host::Cancel;
use std::path::Path;
use std::sync::Arc;

/// Lines of a script whose commands are told.
const MOST_SHELL: u32 = 40;
/// Threads that are told.
const MOST_THREADS: usize = 4;

/// Looks at lines of a file; `own`: facts that stand before all others.
pub(super) fn seen(
    engine: &Engine,
    workspace: &Arc<Workspace>,
    ask: &ExplainAsk,
    mut own: Vec<Fact>,
    cancel: &Cancel,
) -> Result<Seen, EngineError> {
    let text: Arc<str> = look::text(&ask.file, ask.text.clone())?.into();
    // A command has not looked yet; what stands on a lockfile's lines is known only then.
    let unseen = !engine.inner.background() && workspace.survey().is_none();
    if unseen && inventory::may_name_artifacts(&ask.file) {
        workspace.survey_now(&engine.inner, &Cancel::new());
    }
    let (first, count) = look::lines(&ask.file, &text, ask.lines)?;
    let range = look::range(&text, first, count);
    let mut found = match ask.finding.clone() {
        Some(finding) => vec![Found { page: look::page(&finding), line: Some(first), finding }],
        None => look::found(engine, &ask.file, &text, (first, first + count)),
    };
    if own.is_empty() {
        own = threads(engine, workspace, &ask.file, &text, (first, first + count));
    }
    if own.iter().any(|fact| fact.kind == FactKind::Comment) {
        // They are told whole.
        found.retain(|one| one.finding.code != codes::REVIEW_THREAD);
    }
    let whole = ask.lines.is_none();
    let script = !whole && count <= MOST_SHELL && is_shell(&ask.file, &text);
    if script {
        own.extend(commands(&text, first, count));
    }
    let conflicts = conflict::touching(&text, (first, first + count));
    let fast = conflict::facts(&conflicts, &text, None, cancel);
    let slow = {
        let (engine, root, cancel) = (engine.clone(), workspace.root.clone(), cancel.clone());
        let (file, text, found, said) = (ask.file.clone(), Arc::clone(&text), found.clone(), own.clone());
        beside(move || {
            let commits = history::history(&file, &text, first, count, &cancel);
            let rules = look::rules(&engine, &file, found, &cancel);
            let known = (!conflicts.is_empty()).then(|| {
                conflict::facts(&conflicts, &text, Some((&engine, &root, &file)), &cancel)
                    .into_iter()
                    .chain(said)
                    .collect()
            });
            Slow { commits, rules, own: known, left_out: Vec::new() }
        })
    };
    let mut left_out = Vec::new();
    let structure = Parsers::of_texts().structure(&ask.file, &text, range, &mut left_out);
    if script {
        // That it is read as a shell reads it is enough.
        left_out.retain(|why| !why.ends_with("this kind of file is not parsed"));
    }
    let mut told = fast;
    told.extend(own);
    let file = ask.file.strip_prefix(&workspace.root).unwrap_or(&ask.file);
    Ok(Seen {
        name: file.to_string_lossy().replace('\\', "/"),
        text: text.to_string(),
        range,
        own: told,
        found,
        structure,
        whole,
        left_out,
        slow,
        ..Seen::default()
    })
}

/// The lines that a thread of a review stands on.
pub(super) fn thread(
    engine: &Engine,
    workspace: &Arc<Workspace>,
    ask: &ExplainAsk,
    id: &str,
    cancel: &Cancel,
) -> Result<Seen, EngineError> {
    let thread = engine.thread(&workspace.root, id)?;
    let nowhere = || ExplainError::NoPlace { thread: thread.id.clone() };
    let path = thread.place.path.clone().ok_or_else(nowhere)?;
    let file = workspace.root.join(&path);
    let text = look::text(&file, ask.text.clone())?;
    // As the file is now, which may be another text than the one that is reviewed.
    let here = engine.threads_in(&file, &text).into_iter().find(|other| other.id == thread.id);
    let thread = here.unwrap_or(thread);
    let lines = thread.place.range.map(|range| {
        let end = range.end.line + u32::from(range.end.utf16 > 0);
        (range.start.line, end.saturating_sub(range.start.line).max(1))
    });
    let ask = ExplainAsk { file, text: Some(text), lines, ..ask.clone() };
    seen(engine, workspace, &ask, about::comments(&thread), cancel)
}

fn threads(
    engine: &Engine,
    workspace: &Arc<Workspace>,
    file: &Path,
    text: &str,
    (first, end): (u32, u32),
) -> Vec<Fact> {
    // A command has not read them yet.
    if !engine.inner.background() && engine.inner.journal_if_old().is_some() {
        crate::notes::refresh(&engine.inner, workspace);
    }
    let on =
        |thread: &Thread| thread.place.range.is_some_and(|range| range.start.line < end && range.end.line >= first);
    engine
        .threads_in(file, text)
        .iter()
        .filter(|thread| on(thread))
        .take(MOST_THREADS)
        .flat_map(about::comments)
        .collect()
}

fn is_shell(file: &Path, text: &str) -> bool {
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let begins = text.lines().next().filter(|line| line.starts_with("#!")).unwrap_or_default();
    let named = begins.rsplit(['/', ' ']).find(|word| !word.is_empty() && !word.starts_with('-')).unwrap_or_default();
    matches!(ending, "sh" | "bash") || matches!(named, "sh" | "bash" | "dash" | "ksh")
}

/// What the commands on some lines of a script do.
fn commands(text: &str, first: u32, count: u32) -> Vec<Fact> {
    let lines = text.lines().skip(first as usize).take(count as usize).collect::<Vec<_>>().join("\n");
    let shell = look::shell(&lines, &mut Vec::new());
    let mut facts = about::command(&lines, shell.as_ref());
    for fact in &mut facts {
        fact.line = fact.line.map(|line| line + first);
    }
    facts
}
