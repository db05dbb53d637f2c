//! A note as it is shown: its record, its place, and words for both.
//! Changes nothing and decides nothing about a note.

use crate::notes::shown;
use crate::words;
use contract::{Note, NoteDraft, NotePlace};
use journal::{KeptDraft, NoteRecord};

pub(crate) fn note(record: &NoteRecord, place: NotePlace) -> Note {
    let standing = record.versions.iter().find(|version| version.body.is_some());
    let body = standing.and_then(|version| version.body.clone()).unwrap_or_default();
    let edited = standing.map(|version| version.at.clone()).filter(|at| *at != record.created);
    let title = if record.is_removed() { "(removed)".to_owned() } else { shown::title(&body) };
    let of_text = standing.or(record.versions.first());
    let (author, at) = of_text.map_or((&record.author, &record.created), |version| (&version.author, &version.at));
    let mut about = vec![shown::plain(&author.name), host::local_time(at)];
    about.push(words::shared(record.shared).to_owned());
    let state_text = words::delivery(record.state, record.uploaded_to(), record.seen_by());
    about.push(state_text.clone());
    if record.is_removed() {
        let redacted = record.versions.iter().all(|version| version.redacted);
        about.push(if redacted { "redacted" } else { "removed" }.to_owned());
    } else if record.versions.iter().any(|version| !version.merged.is_empty()) {
        about.push(words::PUT_TOGETHER.to_owned());
    } else if record.versions.len() > 1 {
        about.push(words::versions(&record.versions));
    }
    let mut note = Note {
        about: about.join(", "),
        id: record.id.to_string(),
        title,
        body,
        shown: String::new(),
        shared: record.shared,
        anchor: record.anchor.clone(),
        place,
        author: record.author.clone(),
        created: record.created.clone(),
        edited,
        removed: record.is_removed(),
        state: record.state,
        state_text,
        uploaded_to: record.uploaded_to().to_vec(),
        seen_by: record.seen_by().to_vec(),
        versions: record.versions.clone(),
    };
    note.shown = crate::report::note_texts(&note);
    note
}

pub(crate) fn draft(kept: KeptDraft, place: NotePlace) -> NoteDraft {
    NoteDraft {
        id: kept.id.to_string(),
        title: shown::title(&kept.body),
        about: words::draft(kept.about.note.is_some(), kept.open && !kept.ours, &kept.changed),
        body: kept.body,
        note: kept.about.note.map(|id| id.to_string()),
        pred: kept.about.pred,
        shared: kept.about.shared,
        anchor: kept.about.anchor,
        review: kept.about.review,
        place,
        changed: kept.changed,
        open: kept.open,
    }
}
