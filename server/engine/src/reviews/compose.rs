//! Reviews, threads and comments as they are shown: their records, their places, and words for both.
//! Changes nothing and decides nothing about them.

use super::words;
use crate::notes::shown_title;
use crate::report;
use contract::{
    AnchorGrade, Comment, Decision, DecisionState, NotePlace, Review, ReviewFile, Suggestion, Thread, Verdict,
    VerdictKind,
};
use journal::{NoteRecord, ReviewRecord, ThreadRecord, VerdictRecord};
use review::{Resolved, suggested};

/// What is known of a review's revision.
pub(super) struct Revision {
    pub now: Resolved,
    pub here: bool,
}

pub(super) fn comment(record: &NoteRecord, place: &NotePlace, writer: &str) -> Comment {
    let standing = record.versions.iter().find(|version| version.body.is_some());
    let body = standing.and_then(|version| version.body.clone()).unwrap_or_default();
    let edited = standing.map(|version| version.at.clone()).filter(|at| *at != record.created);
    let (author, at) = standing.map_or((&record.author, &record.created), |version| (&version.author, &version.at));
    let state_text = crate::words::delivery(record.state, record.uploaded_to(), record.seen_by());
    let removed = record.is_removed();
    let about = words::comment(&author.name, at, &state_text, record);
    let applies =
        matches!(place.grade, AnchorGrade::Exact | AnchorGrade::Shifted | AnchorGrade::Moved) && place.range.is_some();
    let suggestion = suggested(&body).map(|text| Suggestion { text, applies });
    Comment {
        id: record.id.to_string(),
        shown: report::texts(&record.versions),
        about,
        author: author.clone(),
        mine: *record.author.name == *writer,
        created: record.created.clone(),
        edited,
        removed,
        state: record.state,
        state_text,
        versions: record.versions.clone(),
        suggestion: suggestion.filter(|_| !removed),
        body,
    }
}

pub(super) fn thread(record: &ThreadRecord, place: NotePlace, writer: &str) -> Thread {
    let comments: Vec<Comment> = record.comments().map(|of| comment(of, &place, writer)).collect();
    let first = comments.iter().find(|comment| !comment.removed);
    let title = first.map_or_else(|| "(retracted)".to_owned(), |comment| shown_title(&comment.body));
    let resolved = record.resolved();
    let disputed = if resolved.is_none() { words::disputed(&record.states) } else { String::new() };
    let unsent = record.comments().any(|of| of.state < contract::Delivery::Uploaded);
    Thread {
        id: record.id().to_string(),
        review: record.review.to_string(),
        title,
        anchor: record.anchor.clone(),
        about: words::thread(&place, comments.len(), resolved),
        place,
        resolved: resolved == Some(true),
        disputed,
        comments,
        unsent,
    }
}

/// Whether a thread waits for somebody: it is open, or people disagree about that, and something of it still stands.
pub(super) fn is_open(record: &ThreadRecord) -> bool {
    record.resolved() != Some(true) && !record.comments().all(NoteRecord::is_removed)
}

pub(super) fn review(
    record: &ReviewRecord,
    revision: &Revision,
    files: Vec<ReviewFile>,
    threads: Vec<Thread>,
) -> Review {
    let about = &record.about;
    let title = about.versions.iter().find_map(|version| version.body.clone()).unwrap_or_default();
    let verdicts: Vec<Verdict> = record.verdicts.iter().map(|of| verdict(of, &revision.now.head)).collect();
    let decision = decision(&verdicts);
    let open_threads = record.threads.iter().filter(|thread| is_open(thread)).count() as u64;
    let state_text = crate::words::delivery(about.state, about.uploaded_to(), about.seen_by());
    Review {
        id: about.id.to_string(),
        title: shown_title(&title),
        range: crate::notes::shown_plain(&record.range.spec),
        base: revision.now.base.clone(),
        head: revision.now.head.clone(),
        first_head: record.range.head.clone(),
        here: revision.here,
        author: about.author.clone(),
        created: about.created.clone(),
        about: words::review(record, revision.here, &revision.now.head, &decision.text),
        file_count: files.len() as u64,
        files,
        open_threads,
        thread_count: record.threads.len() as u64,
        threads,
        verdicts,
        decision,
        state: about.state,
        state_text,
    }
}

fn verdict(record: &VerdictRecord, head: &str) -> Verdict {
    let current = record.head == head;
    Verdict {
        op: record.op.to_string(),
        verdict: record.verdict,
        head: record.head.clone(),
        author: record.author.clone(),
        at: record.at.clone(),
        current,
        replaced: record.replaced,
        about: words::verdict(record, current),
    }
}

/// What stands for the present commit. A verdict on another commit is never carried over; one that says neither yes nor no decides nothing.
fn decision(verdicts: &[Verdict]) -> Decision {
    let standing = |verdict: &&Verdict| verdict.current && !verdict.replaced && verdict.verdict != VerdictKind::Comment;
    let standing: Vec<&Verdict> = verdicts.iter().filter(standing).collect();
    let earlier = verdicts.iter().filter(|verdict| !verdict.current).count();
    let (state, verdict) = match standing[..] {
        [] => (DecisionState::None, None),
        [first, ..] if standing.iter().all(|other| other.verdict == first.verdict) => {
            (DecisionState::Decided, Some(first.verdict))
        }
        _ => (DecisionState::Conflict, None),
    };
    Decision { state, verdict, text: words::decision(state, &standing, earlier) }
}
