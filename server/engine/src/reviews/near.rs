//! What reviews have to say about an open document: findings, hovers, threads. From memory; the text is the editor's, no file is read.

use super::compose;
use crate::Engine;
use crate::inner::Inner;
use crate::notes::{placed, relative};
use crate::workspace::Workspace;
use contract::{AnchorGrade, Finding, NotePlace, ReviewSide, Severity, Thread, ThreadReport, codes};
use journal::ThreadRecord;
use review::{Lines, replace};
use serde_json::json;
use std::path::Path;

impl Engine {
    /// Whether any thread stands on a file. From memory, at every keystroke.
    #[must_use]
    pub fn has_threads(&self, file: &Path) -> bool {
        self.threads_on(file, |_| ()).is_some_and(|on| !on.is_empty())
    }

    /// The threads on an open document that are in its text, or were, in order of place. Takes as long as hashing its lines.
    #[must_use]
    pub fn threads_in(&self, file: &Path, text: &str) -> Vec<Thread> {
        let records = self.threads_on(file, ThreadRecord::clone).unwrap_or_default();
        let writer = self.inner.workspace_of(file).map(|workspace| workspace.reviews.writer()).unwrap_or_default();
        if records.is_empty() {
            return Vec::new();
        }
        let lines = Lines::of(text);
        let mut threads: Vec<Thread> =
            records.iter().map(|record| compose::thread(record, place(record, &lines), &writer)).collect();
        threads.sort_by_key(|thread| (thread.place.range.map(|range| range.start.line), thread.id.clone()));
        threads
    }

    /// A file's path as reviews have it: relative to the workspace.
    pub fn review_path(&self, root: &Path, file: &Path) -> Result<String, crate::EngineError> {
        let path = relative(root, file)?;
        let missing = || crate::ReviewError::NoSuchFile { path: String::new(), revision: "a review".to_owned() };
        path.ok_or_else(|| missing().into())
    }

    /// The same as a report.
    #[must_use]
    pub fn thread_report(&self, file: &Path, text: &str) -> ThreadReport {
        ThreadReport { threads: self.threads_in(file, text), reviewed: Vec::new() }
    }

    /// The open threads of a document as findings of the lowest severity.
    #[must_use]
    pub fn thread_findings(&self, file: &Path, text: &str) -> Vec<Finding> {
        let finding = |thread: &Thread| Finding {
            code: codes::REVIEW_THREAD.to_owned(),
            severity: Severity::Hint,
            message: super::words::thread_finding(thread),
            file: file.to_path_buf(),
            range: thread.place.range.unwrap_or_default(),
            source: "holdover".to_owned(),
            data: Some(json!({ "thread": thread.id, "review": thread.review })),
        };
        self.threads_in(file, text).iter().filter(|thread| !thread.resolved).map(finding).collect()
    }

    /// What the threads on a line say, as Markdown, with the lines of the first of them.
    #[must_use]
    pub fn thread_hover(&self, file: &Path, text: &str, line: u32) -> Option<(contract::Range, String)> {
        let threads = self.threads_in(file, text);
        let on = |thread: &&Thread| {
            thread.place.range.is_some_and(|range| (range.start.line..=range.end.line).contains(&line))
        };
        let here: Vec<&Thread> = threads.iter().filter(on).collect();
        let range = here.first()?.place.range?;
        let text: Vec<String> = here.into_iter().map(crate::report::thread_markdown).collect();
        Some((range, text.join("\n---\n\n")))
    }

    /// What `each` makes of the threads on the new side of a file; `None` where the file is in no open workspace.
    fn threads_on<T>(&self, file: &Path, each: impl Fn(&ThreadRecord) -> T) -> Option<Vec<T>> {
        let workspace = self.inner.workspace_of(file)?;
        let known = workspace.reviews.known();
        if known.is_empty() {
            return Some(Vec::new());
        }
        let path = relative(&workspace.root, file).ok().flatten()?;
        let on = |record: &&ThreadRecord| {
            record.anchor.side == ReviewSide::New && record.anchor.at.path.as_deref() == Some(&path)
        };
        Some(known.iter().flat_map(|review| &review.threads).filter(on).map(each).collect())
    }
}

/// Threads of a workspace that wait for somebody, and comments that have not reached a remote. From memory; a command, for which nothing
/// reads in the background, reads them now.
pub(crate) fn counts(inner: &Inner, workspace: &Workspace) -> contract::ReviewCount {
    if !inner.background() {
        crate::notes::refresh(inner, workspace);
    }
    let known = workspace.reviews.known();
    let threads = || known.iter().flat_map(|review| &review.threads);
    let unsent =
        threads().flat_map(ThreadRecord::comments).filter(|of| of.state < contract::Delivery::Uploaded).count();
    let open_threads = threads().filter(|thread| compose::is_open(thread)).count() as u64;
    contract::ReviewCount { open_threads, unsent: unsent as u64 }
}

fn place(record: &ThreadRecord, lines: &Lines<'_>) -> NotePlace {
    let at = &record.anchor.at;
    let path = at.path.as_deref().unwrap_or_default();
    let Some(line) = at.line else { return placed(AnchorGrade::Exact, path, None, None) };
    match replace(at, None, lines) {
        Some((grade, first, count)) => placed(grade, path, Some(lines.range(first, count)), Some(line)),
        None => placed(AnchorGrade::File, path, None, Some(line)),
    }
}
