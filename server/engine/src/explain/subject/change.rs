//! What lies between two commits: its files at once, then the items that are changed and what was found on lines that came.

use super::{Seen, beside, range};
use crate::explain::look::{self, Parsers};
use crate::explain::{ExplainError, Slow};
use crate::reviews::Here;
use crate::workspace::Workspace;
use crate::{Engine, EngineError};
use contract::{ExplanationSubject, FileChange, Hunk, ReviewFile, Structure};
use explain::Commit;
use explain::about::{self, Changed};
use host::Cancel;
use review::Repository as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Files that are looked into.
const MOST_FILES: usize = 30;
/// Places of one.
const MOST_HUNKS: usize = 12;
/// Commits that are told.
const MOST_COMMITS: usize = 8;
/// Bytes of a text that is looked into.
const LARGEST: usize = 1 << 20;
/// Bytes of the change that are kept for a model.
const LARGEST_PATCH: usize = 256 << 10;
/// Findings of one file.
const MOST_FOUND: usize = 5;
/// Longest that looking into files may take.
const PATIENCE: Duration = Duration::from_secs(4);

pub(super) fn seen(
    engine: &Engine,
    workspace: &Arc<Workspace>,
    spec: &str,
    cancel: &Cancel,
) -> Result<Seen, EngineError> {
    let here = Here { folder: &workspace.root, cancel };
    let spec = match spec.trim() {
        "" => here.word(&["symbolic-ref", "--quiet", "--short", "HEAD"]).unwrap_or_else(|| "HEAD".to_owned()),
        spec => spec.to_owned(),
    };
    let unknown = || ExplainError::NoChange { spec: spec.clone() };
    let now = review::resolve(&here, &spec).ok_or_else(unknown)?;
    let files = review::changes(&here, &now.base, &now.head).ok_or_else(unknown)?;
    let files: Vec<Changed> = files.into_iter().map(|file| Changed { file, ..Changed::default() }).collect();
    let own = about::changes(&files, false);
    let text = patch(&here, &now.base, &now.head);
    let slow = {
        let (engine, root, cancel) = (engine.clone(), workspace.root.clone(), cancel.clone());
        beside(move || {
            let here = Here { folder: &root, cancel: &cancel };
            let commits = commits(&here, &now.base, &now.head);
            let (looked, left_out) = look_into(&engine, &here, &now.head, files);
            Slow { commits: Ok(commits), rules: Vec::new(), own: Some(about::changes(&looked, true)), left_out }
        })
    };
    Ok(Seen {
        subject: ExplanationSubject::Diff,
        name: spec,
        range: range(&text, 0, u32::try_from(text.lines().count().max(1)).unwrap_or(u32::MAX)),
        text,
        own,
        slow,
        ..Seen::default()
    })
}

/// As people read it. Nothing that a repository's configuration names is run.
fn patch(here: &Here<'_>, base: &str, head: &str) -> String {
    let asked = here.ask(&[
        "diff-tree",
        "-r",
        "-p",
        "-M",
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
        "--relative",
        "--end-of-options",
        base,
        head,
    ]);
    let mut text = String::from_utf8_lossy(&asked.unwrap_or_default()).into_owned();
    let mut end = LARGEST_PATCH.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

/// The commits of a change, the newest first, with how many lines came by each.
fn commits(here: &Here<'_>, base: &str, head: &str) -> Vec<Commit> {
    let range = format!("{base}..{head}");
    let most = format!("--max-count={MOST_COMMITS}");
    let asked = here.ask(&[
        "log",
        &most,
        "--no-merges",
        "--numstat",
        "--no-ext-diff",
        "--no-textconv",
        "--no-renames",
        "--format=%x00%h%x00%an%x00%as%x00%s",
        "--end-of-options",
        &range,
    ]);
    let answer = asked.unwrap_or_default();
    let mut found: Vec<Commit> = Vec::new();
    for line in String::from_utf8_lossy(&answer).lines() {
        let parts: Vec<&str> = line.split('\0').collect();
        if let ["", id, author, date, subject] = parts[..] {
            let [id, author, date, subject] = [id, author, date, subject].map(|part| part.chars().take(120).collect());
            found.push(Commit { id, author, date, subject, lines: 0 });
        } else if let Some(commit) = found.last_mut() {
            commit.lines += line.split('\t').next().and_then(|n| n.parse().ok()).unwrap_or(0);
        }
    }
    found
}

/// The items that are changed in each file, and what was found on lines that came, as far as there is time.
fn look_into(engine: &Engine, here: &Here<'_>, head: &str, mut files: Vec<Changed>) -> (Vec<Changed>, Vec<String>) {
    let until = Instant::now() + PATIENCE;
    let mut parsers = Parsers::of_texts();
    let mut left_out = Vec::new();
    for one in files.iter_mut().take(MOST_FILES) {
        if here.cancel.is_cancelled() || Instant::now() > until {
            left_out.push("which items are changed in the other files: there was no time".to_owned());
            break;
        }
        if one.file.binary || one.file.change == FileChange::Deleted || one.file.hunks.is_empty() {
            continue;
        }
        let object = format!("{head}:./{}", one.file.path);
        let Some(text) = here.ask(&["cat-file", "blob", &object]).filter(|text| text.len() <= LARGEST) else {
            continue;
        };
        let Ok(text) = String::from_utf8(text) else { continue };
        let path = here.folder.join(&one.file.path);
        one.items = items(&mut parsers, &path, &text, &one.file);
        for hunk in one.file.hunks.iter().filter(|hunk| hunk.new_lines > 0).take(MOST_HUNKS) {
            let mut found = look::found(engine, &path, &text, (hunk.new_line, hunk.new_line + hunk.new_lines));
            found.retain(|new| !one.found.iter().any(|known| known.finding == new.finding && known.line == new.line));
            one.found.extend(found);
        }
        one.found.truncate(MOST_FOUND);
    }
    if files.len() > MOST_FILES {
        left_out.push(format!("which items are changed in {} more files", files.len() - MOST_FILES));
    }
    (files, left_out)
}

/// What encloses the places that are changed, and what stands in them, each once and in order.
fn items(parsers: &mut Parsers, path: &Path, text: &str, file: &ReviewFile) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for hunk in file.hunks.iter().take(MOST_HUNKS) {
        // Where lines only went, the line that stands there now says where.
        let Hunk { new_line, new_lines, .. } = *hunk;
        let place = range(
            text,
            new_line.min(u32::try_from(text.lines().count()).unwrap_or(u32::MAX).saturating_sub(1)),
            new_lines.max(1),
        );
        let Structure { enclosing, inside, .. } = parsers.structure(path, text, place, &mut Vec::new());
        let named = if inside.is_empty() || !enclosing.is_empty() {
            enclosing.last().into_iter().chain(&inside[..0])
        } else {
            None.into_iter().chain(&inside[..])
        };
        for item in named {
            if !found.iter().any(|(name, _)| *name == item.name) {
                found.push((item.name.clone(), item.signature.clone()));
            }
        }
    }
    found
}
