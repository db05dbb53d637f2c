//! Reviews as they are now: all of them, one with its files and threads, a text of one side.

use super::compose::{self, Revision};
use super::error::ReviewError;
use super::repository::Here;
use super::where_now::Finder;
use crate::notes::{scope_now, shown_plain};
use crate::{Engine, EngineError, Notice};
use contract::{NoteAnchor, Review, ReviewFile, ReviewReport, ReviewSide, Thread};
use host::Cancel;
use journal::{Journal, ReviewRecord, ThreadRecord};
use review::{Repository as _, Resolved, candidates, changes, resolve};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use ulid::Ulid;

/// Shortest end of an id that names something.
const SHORTEST: usize = 4;

impl Engine {
    /// The reviews of a workspace, newest first, and what else on this machine can be reviewed. Asks git.
    pub fn reviews(&self, root: &Path) -> Result<ReviewReport, EngineError> {
        let known = self.review_records(root)?.1;
        let cancel = Cancel::new();
        let here = Here { folder: root, cancel: &cancel };
        let revision = |record: &ReviewRecord| {
            let revision = revision(&here, record);
            let files = count(&here, &revision);
            let mut review = compose::review(record, &revision, Vec::new(), Vec::new());
            review.file_count = files;
            review
        };
        let reviews: Vec<Review> = known.iter().rev().map(revision).collect();
        let mut candidates = candidates(&here);
        candidates.retain(|candidate| reviews.iter().all(|review| review.head != candidate.head));
        for candidate in &mut candidates {
            candidate.title = shown_plain(&candidate.title);
        }
        Ok(ReviewReport { reviews, candidates, drafts: self.review_drafts(root)? })
    }

    /// One review with its files and threads, by its id or the end of it; without one, the only one there is. Asks git.
    pub fn review(&self, root: &Path, id: Option<&str>) -> Result<Review, EngineError> {
        let record = self.review_record(root, id)?;
        let cancel = Cancel::new();
        let here = Here { folder: root, cancel: &cancel };
        Ok(whole(&here, &record, &self.writer(root)))
    }

    /// One thread, where it is now.
    pub fn thread(&self, root: &Path, id: &str) -> Result<Thread, EngineError> {
        let (review, thread) = self.thread_record(root, id)?;
        let cancel = Cancel::new();
        let here = Here { folder: root, cancel: &cancel };
        let revision = revision(&here, &review);
        let mut finder = Finder::new(&here, &revision.now.base, &revision.now.head);
        Ok(compose::thread(&thread, finder.find(&thread.anchor), &self.writer(root)))
    }

    /// The text of a file of a review before the change or after it; empty where it is not there on that side.
    pub fn review_text(&self, root: &Path, id: &str, side: ReviewSide, path: &str) -> Result<String, EngineError> {
        let record = self.review_record(root, Some(id))?;
        let cancel = Cancel::new();
        let here = Here { folder: root, cancel: &cancel };
        let revision = revision(&here, &record);
        let mut finder = Finder::new(&here, &revision.now.base, &revision.now.head);
        Ok(finder.text_of(side, path).map(|(_, text)| text.to_string()).unwrap_or_default())
    }

    /// The reviews of a workspace as the journal has them now.
    pub(super) fn review_records(&self, root: &Path) -> Result<(Journal, Arc<Vec<ReviewRecord>>, Ulid), EngineError> {
        let (journal, scope) = scope_now(&self.inner, root)?;
        let workspace = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        if workspace.reviews.read(&journal, scope, false)? {
            self.inner.tell(Notice::Reviews { root: root.to_path_buf() });
        }
        let known = workspace.reviews.known();
        Ok((journal, known, scope.workspace))
    }

    /// The name under which a person writes here.
    pub(super) fn writer(&self, root: &Path) -> Arc<str> {
        self.inner.workspace(root).map_or_else(|| Arc::from(""), |workspace| workspace.reviews.writer())
    }

    pub(super) fn review_record(&self, root: &Path, id: Option<&str>) -> Result<ReviewRecord, EngineError> {
        let known = self.review_records(root)?.1;
        match id {
            Some(id) => Ok(named(known.iter(), |review| review.about.id, "review", id)?.clone()),
            None => match &known[..] {
                [one] => Ok(one.clone()),
                [] => Err(ReviewError::NoSuch { what: "review", given: "(none was begun)".to_owned() }.into()),
                several => Err(ReviewError::Which { number: several.len() }.into()),
            },
        }
    }

    /// A thread by its id, or by that of one of its comments.
    pub(super) fn thread_record(&self, root: &Path, id: &str) -> Result<(ReviewRecord, ThreadRecord), EngineError> {
        let known = self.review_records(root)?.1;
        let comments = known.iter().flat_map(|review| {
            review
                .threads
                .iter()
                .flat_map(move |thread| thread.comments().map(move |comment| (review, thread, comment.id)))
        });
        let all: Vec<(&ReviewRecord, &ThreadRecord, Ulid)> = comments.collect();
        let (review, thread, _) = named(all.iter(), |(.., id)| *id, "thread", id)?;
        Ok(((*review).clone(), (*thread).clone()))
    }
}

/// What a review is about now: where its branch is, else where it was.
pub(super) fn revision(here: &Here<'_>, record: &ReviewRecord) -> Revision {
    let range = &record.range;
    let now = resolve(here, &range.spec);
    let is_here =
        |commit: &str| here.ask(&["cat-file", "-e", "--end-of-options", &format!("{commit}^{{tree}}")]).is_some();
    if let Some(now) = now {
        return Revision { now, here: true };
    }
    let now = Resolved { base: range.base.clone(), head: range.head.clone(), title: String::new() };
    Revision { here: is_here(&now.base) && is_here(&now.head), now }
}

fn count(here: &Here<'_>, revision: &Revision) -> u64 {
    if !revision.here {
        return 0;
    }
    changes(here, &revision.now.base, &revision.now.head).map_or(0, |files| files.len() as u64)
}

/// A review with its files and threads, as `writer` sees it.
pub(super) fn whole(here: &Here<'_>, record: &ReviewRecord, writer: &str) -> Review {
    let revision = revision(here, record);
    let mut files = if revision.here {
        changes(here, &revision.now.base, &revision.now.head).unwrap_or_default()
    } else {
        Vec::new()
    };
    let mut finder = Finder::new(here, &revision.now.base, &revision.now.head);
    let place = |thread: &ThreadRecord| {
        if revision.here { finder.find(&thread.anchor) } else { as_written(&thread.anchor.at) }
    };
    let places: Vec<_> = record.threads.iter().map(place).collect();
    let mut threads: Vec<Thread> =
        record.threads.iter().zip(places).map(|(thread, place)| compose::thread(thread, place, writer)).collect();
    count_threads(&mut files, &threads);
    threads.sort_by_key(|thread| {
        (thread.place.path.clone(), thread.place.range.map(|range| range.start.line), thread.id.clone())
    });
    compose::review(record, &revision, files, threads)
}

fn count_threads(files: &mut [ReviewFile], threads: &[Thread]) {
    let mut by_path: HashMap<&str, (u64, u64)> = HashMap::new();
    for thread in threads {
        if let Some(path) = thread.place.path.as_deref() {
            let counts = by_path.entry(path).or_default();
            counts.0 += u64::from(!thread.resolved);
            counts.1 += 1;
        }
    }
    for file in files {
        let of = |path: &str| by_path.get(path).copied().unwrap_or_default();
        let (new, old) = (of(&file.path), file.old_path.as_deref().map(of).unwrap_or_default());
        (file.open_threads, file.threads) = (new.0 + old.0, new.1 + old.1);
    }
}

/// The place of a thread whose commits are not here: as it was written.
fn as_written(at: &NoteAnchor) -> contract::NotePlace {
    let Some(path) = at.path.as_deref() else {
        return contract::NotePlace { text: super::words::WHOLE_REVIEW.to_owned(), ..contract::NotePlace::default() };
    };
    let mut place = crate::notes::placed(contract::AnchorGrade::File, path, None, at.line);
    place.remark = super::words::not_here(at.line);
    place
}

/// The one whose id this is, or ends so.
pub(super) fn named<'r, T>(
    all: impl Iterator<Item = &'r T>,
    id: impl Fn(&T) -> Ulid,
    what: &'static str,
    given: &str,
) -> Result<&'r T, ReviewError> {
    let wanted = given.trim().to_uppercase();
    let fits = |one: &&T| wanted.len() >= SHORTEST && id(one).to_string().ends_with(&wanted);
    let matching: Vec<&T> = all.filter(fits).collect();
    match matching[..] {
        [one] => Ok(one),
        [] => Err(ReviewError::NoSuch { what, given: shown_plain(given) }),
        _ => Err(ReviewError::Ambiguous { what, given: shown_plain(given), number: matching.len() }),
    }
}
