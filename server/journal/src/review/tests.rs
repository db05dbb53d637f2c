#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use crate::note::{note_edited, note_retracted};
use contract::{ActorKind, Delivery, Lane};

fn id(n: u128) -> Ulid {
    Ulid::from(n)
}

fn event(n: u128, kind: &str, entity: u128, payload: Value) -> JournalEntry {
    JournalEntry {
        id: id(n).to_string(),
        log: "00".repeat(16),
        seq: 1,
        at: format!("2026-01-01T00:00:{n:02}Z"),
        actor: Actor { kind: ActorKind::Person, name: format!("p{n}"), model: None, prompt: None },
        kind: kind.to_owned(),
        entity: id(entity).to_string(),
        lane: Lane::Review,
        state: Delivery::Durable,
        uploaded_to: Vec::new(),
        seen_by: Vec::new(),
        held: None,
        workspace: None,
        payload,
        left: Vec::new(),
    }
}

fn begun() -> Vec<JournalEntry> {
    let range = ReviewRange { spec: "main..f".into(), base: "a".repeat(40), head: "b".repeat(40) };
    let at = NoteAnchor { path: Some("src/a.rs".into()), line: Some(3), lines: 1, ..NoteAnchor::default() };
    let anchor = Anchor { commit: "b".repeat(40), at, ..Anchor::default() };
    vec![
        event(1, "review.start", 1, review_started("A change", &range)),
        event(2, "review.thread", 2, thread_begun(id(1), &anchor, "why?")),
    ]
}

/// The reviews of events, in every order of them that is a rotation, and backwards: always the same.
fn of(events: &[JournalEntry]) -> Vec<ReviewRecord> {
    let read = |events: &mut dyn Iterator<Item = &JournalEntry>| {
        let mut reviews = Reviews::default();
        events.for_each(|event| reviews.apply(event));
        reviews.records()
    };
    let records = read(&mut events.iter());
    assert_eq!(read(&mut events.iter().rev()), records, "the order in which they arrive does not count");
    for by in 1..events.len() {
        let twice = events[by..].iter().chain(&events[..by]).chain(events);
        assert_eq!(read(&mut twice.into_iter()), records);
    }
    records
}

fn open_op() -> OpId {
    OpId::new(id(2), 3)
}

#[test]
fn a_reply_belongs_to_its_thread_and_a_thread_to_its_review() {
    let mut events = begun();
    events.push(event(3, "review.reply", 3, replied(id(2), "because")));
    events.push(event(4, "review.state", 2, thread_state(false, &[open_op()])));
    let records = of(&events);
    let thread = &records[0].threads[0];
    assert_eq!(records[0].range.spec, "main..f");
    assert_eq!(thread.anchor.at.path.as_deref(), Some("src/a.rs"));
    assert_eq!(thread.comments().map(|c| c.versions[0].body.clone().unwrap()).collect::<Vec<_>>(), ["why?", "because"]);
    assert_eq!(thread.resolved(), Some(false));
    let orphan = [event(3, "review.reply", 3, replied(id(9), "to nobody"))];
    assert_eq!(of(&orphan).len(), 0);
}

#[test]
fn a_resolution_that_knew_of_no_reply_is_for_people_and_one_that_did_counts() {
    let mut events = begun();
    events.push(event(3, "review.reply", 3, replied(id(2), "not yet")));
    events.push(event(4, "review.state", 2, thread_state(false, &[open_op()])));
    let known = [&events[..], &[event(5, "review.state", 2, thread_state(true, &[OpId::new(id(4), 0)]))]].concat();
    assert_eq!(of(&known)[0].threads[0].resolved(), Some(true));
    let unknown = [&events[..], &[event(5, "review.state", 2, thread_state(true, &[open_op()]))]].concat();
    let thread = &of(&unknown)[0].threads[0];
    assert_eq!((thread.resolved(), thread.states.len()), (None, 2));
    let heads: Vec<OpId> = thread.states.iter().map(|state| state.op).collect();
    let decided = [&unknown[..], &[event(6, "review.state", 2, thread_state(true, &heads))]].concat();
    assert_eq!(of(&decided)[0].threads[0].resolved(), Some(true));
}

#[test]
fn an_edit_beside_a_retraction_keeps_both() {
    let mut events = begun();
    let body = OpId::new(id(2), 2);
    events.push(event(3, "review.edit", 2, note_edited("why not?", &[body])));
    events.push(event(4, "review.retract", 2, note_retracted(&[body])));
    let thread = &of(&events)[0].threads[0];
    let bodies: Vec<Option<&str>> = thread.first.versions.iter().map(|v| v.body.as_deref()).collect();
    assert_eq!(bodies, [None, Some("why not?")]);
    assert!(!thread.first.is_removed(), "what somebody edited is still wanted");
}

#[test]
fn verdicts_stand_beside_each_other_until_one_who_saw_both_decides() {
    let head = "b".repeat(40);
    let mut events = begun();
    events.push(event(3, "review.decision", 1, decided(VerdictKind::Approve, &head, &[])));
    events.push(event(4, "review.decision", 1, decided(VerdictKind::RequestChanges, &head, &[])));
    let standing = |events: &[JournalEntry]| {
        let record = of(events).remove(0);
        record.verdicts.into_iter().filter(|v| !v.replaced).map(|v| v.verdict).collect::<Vec<_>>()
    };
    assert_eq!(standing(&events), [VerdictKind::Approve, VerdictKind::RequestChanges]);
    let both = [OpId::new(id(3), 0), OpId::new(id(4), 0)];
    events.push(event(5, "review.decision", 1, decided(VerdictKind::Approve, &head, &both)));
    assert_eq!(standing(&events), [VerdictKind::Approve]);
    assert_eq!(of(&events)[0].verdicts.len(), 3, "all of them stay readable");
}

#[test]
fn what_was_published_is_kept_beside_what_was_published_before() {
    let mut events = begun();
    let url = "https://example.org/1";
    events.push(event(
        3,
        "review.published",
        1,
        review_published("github", "a/b#1", "c", Some(url), &[(id(2), "x".into())]),
    ));
    events.push(event(
        4,
        "review.published",
        1,
        review_published("github", "a/b#2", "c", None, &[(id(2), "y".into())]),
    ));
    events.push(event(5, "review.published", 1, payload(&[Op::set("published", "nonsense")])));
    let said: Vec<_> = of(&events).remove(0).published;
    let said: Vec<_> = said.into_iter().map(|one| (one.target, one.url, one.comments)).collect();
    let first = ("a/b#1".to_owned(), Some(url.to_owned()), vec![(id(2), "x".to_owned())]);
    assert_eq!(said, [first, ("a/b#2".to_owned(), None, vec![(id(2), "y".to_owned())])]);
}

#[test]
fn what_points_out_of_the_workspace_is_on_the_review_and_names_no_option() {
    for path in ["../x", "/etc/passwd", "a/../../x", "c:\\x", "a\u{1b}[31m"] {
        let mut hostile = begun();
        let at = NoteAnchor { path: Some(path.into()), line: Some(1), lines: 1, ..NoteAnchor::default() };
        let anchor = Anchor { commit: "--output=x".into(), blob: Some("-x".into()), at, ..Anchor::default() };
        hostile[1] = event(2, "review.thread", 2, thread_begun(id(1), &anchor, "x"));
        let anchor = of(&hostile)[0].threads[0].anchor.clone();
        assert_eq!(anchor, Anchor::default(), "{path}");
    }
    let bad = ReviewRange { spec: "x".into(), base: "--exec=x".into(), head: "b".repeat(40) };
    assert_eq!(of(&[event(1, "review.start", 1, review_started("x", &bad))]).len(), 0);
}
