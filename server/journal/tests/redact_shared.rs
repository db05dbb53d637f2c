//! A redaction reaches the other devices of a project, and an old segment brings nothing back: before it or after it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use contract::{DeviceKind, FieldState, Lane};
use holdover_journal::{Draft, Erasure, Filter, Journal, NO_PROJECT, Op, OpId, Terms};
use serde_json::Value;
use ulid::Ulid;

fn site() -> (tempfile::TempDir, Journal) {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    (folder, journal)
}

fn sealed(journal: &Journal) -> Vec<Vec<u8>> {
    journal.seal(NO_PROJECT).unwrap();
    let segments = journal.segments(NO_PROJECT).unwrap();
    segments.iter().filter_map(|segment| journal.segment_bytes(segment).unwrap()).collect()
}

fn take(into: &Journal, segments: &[Vec<u8>]) {
    for segment in segments {
        into.import(segment).unwrap();
    }
}

/// Two journals of one project; the first has written a note.
fn two() -> ((tempfile::TempDir, Journal), (tempfile::TempDir, Journal), Ulid) {
    let (a, b) = (site(), site());
    let terms = Terms { kind: DeviceKind::Person, until_ms: i64::MAX, expires_ms: None };
    b.1.ask(&a.1.invite(NO_PROJECT, &terms).unwrap()).unwrap();
    take(&a.1, &sealed(&b.1));
    let draft = Draft::intent("note.add", Lane::Notes, a.1.person().unwrap(), &[Op::set("body", "xylophonist")]);
    let id = a.1.append(draft).unwrap().id.parse().unwrap();
    (a, b, id)
}

fn payload(journal: &Journal, id: Ulid) -> Value {
    journal.entries(&Filter { id: Some(id), ..Filter::default() }).unwrap().remove(0).payload
}

fn carries(segments: &[Vec<u8>], id: Ulid) -> bool {
    segments.iter().any(|bytes| {
        let segment = holdover_journal::Segment::read(bytes).unwrap();
        segment.records.iter().any(|(header, record)| header.id == id && record.content.is_some())
    })
}

#[test]
fn a_redaction_by_another_device_is_carried_out_and_the_old_segment_brings_nothing_back() {
    let ((_fa, a), (_fb, b), id) = two();
    let old = sealed(&a);
    assert!(carries(&old, id));
    take(&b, &old);
    assert_ne!(payload(&b, id), Value::Null);
    a.redact(&[id], "it names a person", &a.person().unwrap()).unwrap();
    take(&b, &sealed(&a));
    assert_eq!((payload(&a, id), payload(&b, id)), (Value::Null, Value::Null));
    assert_eq!(b.erasures_pending().unwrap(), 1);
    assert_eq!(b.erase().unwrap(), Erasure::Done);
    for journal in [&a, &b] {
        take(journal, &old);
        assert_eq!(payload(journal, id), Value::Null, "an old segment on a USB stick");
        assert!(!carries(&sealed(journal), id), "and it is not handed on either");
        let verified = journal.verify().unwrap();
        assert_eq!((verified.redacted, verified.unexplained), (1, 0));
    }
}

#[test]
fn a_redaction_that_arrives_before_its_target_is_carried_out_when_that_comes() {
    let ((_fa, a), (_fb, b), id) = two();
    let old = sealed(&a);
    a.redact(&[id], "", &a.person().unwrap()).unwrap();
    let all = sealed(&a);
    let of_lane = |segments: &[Vec<u8>], lane: Lane| -> Vec<Vec<u8>> {
        let is = |bytes: &Vec<u8>| {
            let segment = holdover_journal::Segment::read(bytes).unwrap();
            (segment.origin.lane == 0) == (lane == Lane::Ctl)
        };
        segments.iter().filter(|bytes| is(bytes)).cloned().collect()
    };
    take(&b, &of_lane(&all, Lane::Ctl));
    assert!(b.is_suppressed(id).unwrap());
    assert_eq!(b.entries(&Filter { id: Some(id), ..Filter::default() }).unwrap(), []);
    take(&b, &of_lane(&old, Lane::Notes));
    assert_eq!(payload(&b, id), Value::Null);
    assert!(!carries(&sealed(&b), id));
    b.verify().unwrap();
}

#[test]
fn a_redaction_by_a_device_that_was_never_let_in_deletes_nothing() {
    let ((_fa, a), (_fb, b), id) = two();
    take(&b, &sealed(&a));
    let (_folder, stranger) = site();
    let by = stranger.person().unwrap();
    let target =
        stranger.append(Draft::intent("note.add", Lane::Notes, by.clone(), &[Op::set("body", "mine")])).unwrap();
    stranger.redact(&[target.id.parse().unwrap()], "", &by).unwrap();
    // The stranger's redaction names the note of others.
    let draft = Draft {
        refs: vec![id.to_bytes().to_vec()],
        lane: Lane::Ctl,
        intent: true,
        ..Draft::observation("record.redacted", serde_json::json!({"target": id.to_string(), "reason": ""}))
    };
    stranger.append(draft).unwrap();
    for segment in sealed(&stranger) {
        // Refused or kept apart: either is right.
        let _ = b.import(&segment);
    }
    assert!(!b.is_suppressed(id).unwrap());
    assert_ne!(payload(&b, id), Value::Null);
}

/// What a journal says of a note's body.
fn body(journal: &Journal, note: Ulid) -> (FieldState, Value) {
    let field = journal.record(note, None).unwrap().unwrap().fields.remove(0);
    (field.state, field.value)
}

fn edited(journal: &Journal, note: Ulid) -> Ulid {
    let op = Op::set("body", "the second xylophonist").replacing([OpId::new(note, 0)]);
    let draft =
        Draft { entity: Some(note), ..Draft::intent("note.edit", Lane::Notes, journal.person().unwrap(), &[op]) };
    journal.append(draft).unwrap().id.parse().unwrap()
}

#[test]
fn on_no_device_does_a_redacted_edit_bring_back_the_text_before_it_whatever_arrives_first() {
    let ((_fa, a), (_fb, b), note) = two();
    let edit = edited(&a, note);
    let old = sealed(&a);
    a.redact(&[edit], "", &a.person().unwrap()).unwrap();
    let gone = (FieldState::Redacted, Value::Null);
    assert_eq!(body(&a, note), gone);
    // It never has the edit's payload: the redaction alone says what that replaced.
    take(&b, &sealed(&a));
    assert_eq!(body(&b, note), gone);
    assert_eq!(payload(&b, edit), Value::Null);
    // The old segment of another copy comes afterwards.
    take(&b, &old);
    assert_eq!(body(&b, note), gone);
    // It has the edit, and then the redaction comes.
    let ((_fa, a), (_fb, b), note) = two();
    let edit = edited(&a, note);
    take(&b, &sealed(&a));
    assert_eq!(body(&b, note), (FieldState::Settled, "the second xylophonist".into()));
    a.redact(&[edit], "", &a.person().unwrap()).unwrap();
    take(&b, &sealed(&a));
    assert_eq!((body(&a, note), body(&b, note)), (gone.clone(), gone));
}

#[test]
fn a_redaction_of_an_earlier_version_that_says_nothing_of_what_was_replaced_is_made_good_by_who_has_it() {
    let ((_fa, a), (_fb, b), note) = two();
    let edit = edited(&a, note);
    take(&b, &sealed(&a));
    let draft = Draft {
        entity: Some(note),
        refs: vec![edit.to_bytes().to_vec()],
        lane: Lane::Ctl,
        actor: a.person().unwrap(),
        intent: true,
        ..Draft::observation("record.redacted", serde_json::json!({"target": edit.to_string(), "reason": ""}))
    };
    a.append(draft).unwrap();
    take(&b, &sealed(&a));
    assert_eq!(body(&b, note), (FieldState::Redacted, Value::Null));
}

/// An edit that says that it replaces the note's text, and many operations that nobody knows.
fn edit_of_many(journal: &Journal, note: Ulid, fields: usize, preds: usize) -> Ulid {
    let many = |field: usize| {
        let known = (field == 0).then(|| OpId::new(note, 0));
        let unknown = (0..preds - usize::from(field == 0)).map(|n| OpId::new(Ulid::from_parts(n as u64 + 1, 7), 0));
        let name = if field == 0 { "body".to_owned() } else { format!("field {field}") };
        Op::set(&name, "the second xylophonist").replacing(known.into_iter().chain(unknown))
    };
    let ops: Vec<Op> = (0..fields).map(many).collect();
    let actor = journal.person().unwrap();
    let draft = Draft { entity: Some(note), ..Draft::intent("note.edit", Lane::Notes, actor, &ops) };
    journal.append(draft).unwrap().id.parse().unwrap()
}

#[test]
fn an_edit_that_says_much_of_what_it_replaces_is_redacted_all_the_same() {
    let ((_fa, a), (_fb, b), note) = two();
    // A little less than an event holds; what is left of it and the reason are more.
    let edit = edit_of_many(&a, note, 31, 1024);
    take(&b, &sealed(&a));
    a.redact(&[edit], &"why ".repeat(20_000), &a.person().unwrap()).unwrap();
    take(&b, &sealed(&a));
    let gone = |journal: &Journal| {
        let fields = journal.record(note, None).unwrap().unwrap().fields;
        let body = fields.into_iter().find(|field| field.field == "body").unwrap();
        (body.state, body.value)
    };
    for journal in [&a, &b] {
        assert_eq!((payload(journal, edit), gone(journal)), (Value::Null, (FieldState::Redacted, Value::Null)));
    }
}

#[test]
fn no_further_redaction_brings_the_text_back_that_a_redacted_edit_replaced() {
    let ((_fa, a), (_fb, b), note) = two();
    let edit = edit_of_many(&a, note, 1, 1024);
    a.redact(&[edit], "", &a.person().unwrap()).unwrap();
    take(&b, &sealed(&a));
    assert_eq!(body(&b, note), (FieldState::Redacted, Value::Null));
    // What each says is as much as may be; together it is more.
    for n in 0..40_u64 {
        let preds = (0..1024).map(|m| OpId::new(Ulid::from_parts(0, u128::from(n) * 1024 + m), 0).to_string());
        let left = serde_json::json!([{"f": "body", "op": "set", "pred": preds.collect::<Vec<_>>()}]);
        let draft = Draft {
            entity: Some(note),
            refs: vec![edit.to_bytes().to_vec()],
            lane: Lane::Ctl,
            actor: a.person().unwrap(),
            intent: true,
            ..Draft::observation(
                "record.redacted",
                serde_json::json!({"target": edit.to_string(), "reason": "", "left": left}),
            )
        };
        a.append(draft).unwrap();
    }
    take(&b, &sealed(&a));
    assert_eq!(body(&b, note), (FieldState::Redacted, Value::Null));
    let (field, op, preds) = b
        .entries(&Filter { id: Some(edit), ..Filter::default() })
        .unwrap()
        .remove(0)
        .left
        .into_iter()
        .map(|left| (left.field, left.op, left.pred.len()))
        .next()
        .unwrap();
    assert_eq!((field.as_str(), op.as_str(), preds > 1024 && preds < 40_000), ("body", "set", true), "{preds}");
}
