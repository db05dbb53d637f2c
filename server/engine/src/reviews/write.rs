//! Beginning reviews and writing to them. What is acknowledged is flushed to the disk.

use super::error::ReviewError;
use super::read::{revision, whole};
use super::repository::Here;
use super::where_now::Finder;
use crate::Texts;
use crate::notes::{recording, scope, shown_plain, sound};
use crate::{Engine, EngineError, Notice};
use contract::{Anchor, AnchorGrade, Edit, Lane, NoteAnchor, Review, ReviewSide, Thread, VerdictKind};
use host::Cancel;
use journal::{
    Became, Draft, OpId, ReviewRange, ThreadRecord, decided, note_edited, note_retracted, replied, review_started,
    thread_begun, thread_state,
};
use review::{Lines, changes, resolve, symbol};
use serde_json::Value;
use std::path::Path;
use ulid::Ulid;

/// What a thread is put on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum On {
    /// The review as a whole.
    #[default]
    Review,
    /// A file of the change, or lines of it: the first, zero-based, and how many.
    File {
        /// Its path, relative to the workspace, with `/` between folders.
        path: String,
        /// Before the change or after it.
        side: ReviewSide,
        /// Which lines.
        lines: Option<(u32, u32)>,
        /// The text that they are lines of, where that is not the revision's: of an editor.
        text: Option<String>,
    },
}

/// A thread that is to be begun.
#[derive(Debug, Clone, Default)]
pub struct NewThread {
    /// The review, by its id or the end of it; without one, the only one there is.
    pub review: Option<String>,
    /// Where it is put.
    pub on: On,
    /// Markdown.
    pub body: String,
    /// The draft that it was; it ends with this.
    pub draft: Option<Ulid>,
}

/// What is said to a thread that is there.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Another comment.
    Reply(String),
    /// Another text in place of a comment's versions whose operations are named; `None`: all that stand.
    Edit(String, Option<Vec<String>>),
    /// A comment is taken back.
    Retract,
    /// It is done with.
    Resolve,
    /// It is not.
    Reopen,
}

impl Engine {
    /// Begins a review of a range, a branch or a commit. What is reviewed already is not begun again.
    pub fn review_start(&self, root: &Path, spec: &str, title: Option<&str>) -> Result<Review, EngineError> {
        let journal = recording(&self.inner, root)?;
        drop(journal);
        let cancel = Cancel::new();
        let here = Here { folder: root, cancel: &cancel };
        let given = shown_plain(spec);
        let found = resolve(&here, spec).ok_or(ReviewError::UnknownRange { given: given.clone() })?;
        if changes(&here, &found.base, &found.head).is_none_or(|files| files.is_empty()) {
            return Err(ReviewError::Nothing { given }.into());
        }
        let known = self.review_records(root)?.1;
        if let Some(same) = known.iter().find(|known| known.range.spec == spec.trim()) {
            return Ok(whole(&here, same, &self.writer(root)));
        }
        let title = sound(title.unwrap_or(&found.title))?;
        let range = ReviewRange { spec: spec.trim().to_owned(), base: found.base, head: found.head };
        let id = self.write_review(root, vec![(Ulid::nil(), "review.start", review_started(&title, &range))], None)?;
        self.review(root, Some(&id.to_string()))
    }

    /// Begins a thread.
    pub fn review_comment(&self, root: &Path, new: NewThread) -> Result<Thread, EngineError> {
        let body = sound(&new.body)?;
        let record = self.review_record(root, new.review.as_deref())?;
        let cancel = Cancel::new();
        let here = Here { folder: root, cancel: &cancel };
        let revision = revision(&here, &record);
        let anchor = match new.on {
            On::Review => Anchor { commit: revision.now.head.clone(), ..Anchor::default() },
            On::File { .. } if !revision.here => {
                return Err(ReviewError::NotHere { head: revision.now.head }.into());
            }
            On::File { path, side, lines, text } => {
                let mut finder = Finder::new(&here, &revision.now.base, &revision.now.head);
                let commit = if side == ReviewSide::New { &revision.now.head } else { &revision.now.base };
                anchor(&mut finder, commit, &path, side, lines, text)?
            }
        };
        let id = self.write_review(
            root,
            vec![(Ulid::nil(), "review.thread", thread_begun(record.about.id, &anchor, &body))],
            new.draft,
        )?;
        self.thread(root, &id.to_string())
    }

    /// Says something to a thread, or about one of its comments, by the id of either. The draft that it was ends with this.
    pub fn review_answer(
        &self,
        root: &Path,
        id: &str,
        answer: Answer,
        draft: Option<Ulid>,
    ) -> Result<Thread, EngineError> {
        let (_, thread) = self.thread_record(root, id)?;
        let wanted = id.trim().to_uppercase();
        let comment =
            thread.comments().find(|comment| comment.id.to_string().ends_with(&wanted)).unwrap_or(&thread.first);
        if matches!(answer, Answer::Edit(..) | Answer::Retract) && comment.author.name != *self.writer(root) {
            return Err(ReviewError::Others { author: shown_plain(&comment.author.name) }.into());
        }
        let states: Vec<OpId> = thread.states.iter().map(|state| state.op).collect();
        let versions = || comment.versions.iter().flat_map(|version| version.ops.iter().cloned()).collect::<Vec<_>>();
        let ops = |named: Vec<String>| -> Vec<OpId> {
            named.iter().filter_map(|op| op.parse().ok()).filter(|op| comment.has(*op)).collect()
        };
        let events = match answer {
            Answer::Reply(body) => vec![
                (Ulid::nil(), "review.reply", replied(thread.id(), &sound(&body)?)),
                // As whoever replies saw it: a resolution that did not know of this stands beside it.
                (thread.id(), "review.state", thread_state(seen(&thread), &states)),
            ],
            Answer::Edit(body, pred) => {
                let pred = ops(pred.unwrap_or_else(versions));
                vec![(comment.id, "review.edit", note_edited(&sound(&body)?, &pred))]
            }
            Answer::Retract => vec![(comment.id, "review.retract", note_retracted(&ops(versions())))],
            Answer::Resolve => vec![(thread.id(), "review.state", thread_state(true, &states))],
            Answer::Reopen => vec![(thread.id(), "review.state", thread_state(false, &states))],
        };
        self.write_review(root, events, draft)?;
        self.thread(root, &thread.id().to_string())
    }

    /// Decides about the present head of a review, in place of the verdicts that are known here; signed by this device. `seen` is the head
    /// that was looked at: where the branch has moved on since, nothing is written.
    pub fn review_verdict(
        &self,
        root: &Path,
        id: Option<&str>,
        verdict: VerdictKind,
        words: Option<&str>,
        seen: Option<&str>,
    ) -> Result<Review, EngineError> {
        let record = self.review_record(root, id)?;
        let cancel = Cancel::new();
        let here = Here { folder: root, cancel: &cancel };
        let revision = revision(&here, &record);
        if !revision.here {
            return Err(ReviewError::NotHere { head: revision.now.head }.into());
        }
        let head = revision.now.head;
        if seen.is_some_and(|seen| seen != head) {
            return Err(ReviewError::Moved { head }.into());
        }
        let standing: Vec<OpId> =
            record.verdicts.iter().filter(|known| !known.replaced).map(|known| known.op).collect();
        let mut events = Vec::new();
        if let Some(words) = words {
            let anchor = Anchor { commit: head.clone(), ..Anchor::default() };
            events.push((Ulid::nil(), "review.thread", thread_begun(record.about.id, &anchor, &sound(words)?)));
        }
        events.push((record.about.id, "review.decision", decided(verdict, &head, &standing)));
        self.write_review(root, events, None)?;
        self.review(root, Some(&record.about.id.to_string()))
    }

    /// Puts what a comment suggests in place of the lines that it is about, in the working tree's file, and gives the edit. Nothing is
    /// written where those lines are others now.
    pub fn review_apply(&self, root: &Path, id: &str) -> Result<Edit, EngineError> {
        let edit = self.review_suggestion(root, id, &crate::NoText)?;
        let text = crate::notes::text_of(&edit.file, &crate::NoText).map_err(|_| ReviewError::Outdated)?;
        let (start, end) = (edit.range.start.byte as usize, edit.range.end.byte as usize);
        let whole = match (text.get(..start), text.get(end..)) {
            (Some(before), Some(after)) => [before, &edit.text, after].concat(),
            _ => return Err(ReviewError::Outdated.into()),
        };
        crate::driver::put(&real_file(&edit.file), whole.as_bytes()).map_err(|_| ReviewError::Outdated)?;
        Ok(edit)
    }

    /// The edit that a comment suggests, made for the text as it is now: the open document's, else the file's.
    pub fn review_suggestion(&self, root: &Path, id: &str, texts: &dyn Texts) -> Result<Edit, EngineError> {
        let (_, thread) = self.thread_record(root, id)?;
        let wanted = id.trim().to_uppercase();
        let comment =
            thread.comments().find(|comment| comment.id.to_string().ends_with(&wanted)).unwrap_or(&thread.first);
        let body = comment.versions.iter().find_map(|version| version.body.as_deref());
        let suggested = body.and_then(review::suggested).ok_or(ReviewError::NoSuggestion)?;
        let at = &thread.anchor.at;
        let (Some(path), ReviewSide::New) = (&at.path, thread.anchor.side) else {
            return Err(ReviewError::Outdated.into());
        };
        // A link in the workspace is not followed out of it.
        let file = root.join(path);
        let real = std::fs::canonicalize(&file).map_err(|_| ReviewError::Outdated)?;
        let real_root = std::fs::canonicalize(root).map_err(|_| ReviewError::Outdated)?;
        if !real.starts_with(&real_root) {
            return Err(ReviewError::Outdated.into());
        }
        let text = crate::notes::text_of(&file, texts).map_err(|_| ReviewError::Outdated)?;
        let lines = Lines::of(&text);
        let Some((AnchorGrade::Exact | AnchorGrade::Shifted | AnchorGrade::Moved, first, count)) =
            review::replace(at, None, &lines)
        else {
            return Err(ReviewError::Outdated.into());
        };
        let mut range = lines.range(first, count);
        let ends = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut new = suggested.trim_end_matches('\n').replace('\n', ends);
        if suggested.is_empty() && first + count < lines.count() {
            // Nothing is to stand there: the lines go with their ends.
            range.end = lines.range(first + count, 1).start;
            new = String::new();
        }
        let was = text.get(range.start.byte as usize..range.end.byte as usize).ok_or(ReviewError::Outdated)?;
        let fingerprint = format!("blake3:{}", blake3::hash(was.as_bytes()).to_hex());
        Ok(Edit { file, range, text: new, fingerprint })
    }

    /// Writes events about reviews, all or none, and with them the end of a draft; flushed when this returns. An event about nobody is about
    /// itself. Gives the first one's id. Where the draft was such events before, sent again by somebody who did not hear the answer, nothing is
    /// written.
    pub(super) fn write_review(
        &self,
        root: &Path,
        events: Vec<(Ulid, &'static str, Value)>,
        was: Option<Ulid>,
    ) -> Result<Ulid, EngineError> {
        let journal = recording(&self.inner, root)?;
        let opened = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        let workspace = scope(&journal, &opened)?.workspace;
        let actor = journal.person()?;
        let drafts: Vec<Draft> = events
            .into_iter()
            .map(|(entity, kind, payload)| Draft {
                kind: kind.to_owned(),
                entity: Some(entity).filter(|entity| !entity.is_nil()),
                workspace: Some(workspace),
                lane: Lane::Review,
                actor: actor.clone(),
                payload,
                intent: true,
                refs: Vec::new(),
            })
            .collect();
        let first = journal.write(true, move |tx| {
            if let Some(was) = was
                && let Some(became) = tx.note_draft_became(was)?
            {
                return Ok(became.event);
            }
            let mut first = None;
            for draft in &drafts {
                let id = tx.append(draft)?;
                first.get_or_insert(id);
            }
            let first = first.unwrap_or_default();
            if let Some(was) = was {
                tx.note_draft_end(was, Some(Became { note: first, event: first }))?;
            }
            Ok(first)
        })?;
        self.inner.tell(Notice::Reviews { root: root.to_path_buf() });
        Ok(first)
    }
}

/// How a thread stood for whoever looks at it: open where people disagree.
fn seen(thread: &ThreadRecord) -> bool {
    thread.resolved() == Some(true)
}

/// Takes down where a thread is put.
fn anchor(
    finder: &mut Finder<'_>,
    commit: &str,
    path: &str,
    side: ReviewSide,
    lines: Option<(u32, u32)>,
    text: Option<String>,
) -> Result<Anchor, ReviewError> {
    let revision = || format!("the revision {}", &commit[..commit.len().min(10)]);
    let missing = || ReviewError::NoSuchFile { path: shown_plain(path), revision: revision() };
    if !journal::is_inside(path) || !finder.has(side, path) && text.is_none() {
        return Err(missing());
    }
    let anchor = Anchor { side, commit: commit.to_owned(), ..Anchor::default() };
    let stored = finder.text_of(side, path);
    let Some((first, count)) = lines else {
        let at = NoteAnchor { path: Some(path.to_owned()), ..NoteAnchor::default() };
        return Ok(Anchor { blob: stored.map(|(blob, _)| blob), at, ..anchor });
    };
    // A text that is not the revision's has no blob; its lines are found again by what they say.
    let (blob, text) = match (stored, text) {
        (Some((blob, stored)), Some(text)) if *stored == *text => (Some(blob), text),
        (_, Some(text)) => (None, text),
        (Some((blob, stored)), None) => (Some(blob), stored.to_string()),
        (None, None) => return Err(missing()),
    };
    let of = Lines::of(&text);
    let at = of.anchor(path, first, count).ok_or_else(|| ReviewError::NoSuchLine {
        path: shown_plain(path),
        revision: revision(),
        count: of.count(),
        line: u64::from(first) + u64::from(count),
    })?;
    Ok(Anchor { blob, symbol: symbol(&of, first), at, ..anchor })
}

/// The file behind a link: it is the one that is written to.
fn real_file(file: &Path) -> std::path::PathBuf {
    std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf())
}
