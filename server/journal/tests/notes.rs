//! Notes are what their events make them, whatever the order and however often they come; drafts survive and end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use contract::{Actor, ActorKind, Delivery, JournalEntry, Lane, LeftOp, NoteAnchor};
use holdover_journal::{
    DraftAbout, DraftSaved, Journal, JournalError, MAX_NOTE, MAX_NOTE_DRAFTS, MAX_PRED, Notes, OpId, draft_turn,
    is_inside, note_added, note_edited, note_restored, note_retracted,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use ulid::Ulid;

fn event(n: u64, kind: &str, entity: u64, lane: Lane, payload: Value) -> JournalEntry {
    JournalEntry {
        id: Ulid::from_parts(n, 0).to_string(),
        log: "00".into(),
        seq: n,
        at: format!("2026-01-01T00:00:{n:02}Z"),
        actor: Actor { kind: ActorKind::Person, name: format!("writer {n}"), model: None, prompt: None },
        kind: kind.into(),
        entity: Ulid::from_parts(entity, 0).to_string(),
        lane,
        state: Delivery::Durable,
        uploaded_to: Vec::new(),
        seen_by: Vec::new(),
        held: None,
        workspace: None,
        payload,
        left: Vec::new(),
    }
}

fn body_of(n: u64) -> OpId {
    // An added note writes its anchor first.
    OpId::new(Ulid::from_parts(n, 0), u32::from(n == 1))
}

fn add(body: &str) -> JournalEntry {
    let anchor = NoteAnchor { path: Some("src/a.rs".into()), ..NoteAnchor::default() };
    event(1, "note.add", 1, Lane::Notes, note_added(body, &anchor))
}

fn edit(n: u64, body: &str, over: &[u64]) -> JournalEntry {
    event(n, "note.edit", 1, Lane::Notes, note_edited(body, &over.iter().map(|n| body_of(*n)).collect::<Vec<_>>()))
}

fn retract(n: u64, over: &[u64]) -> JournalEntry {
    event(n, "note.retract", 1, Lane::Notes, note_retracted(&over.iter().map(|n| body_of(*n)).collect::<Vec<_>>()))
}

/// The notes of events.
fn notes_of<'e>(events: impl IntoIterator<Item = &'e JournalEntry>) -> Notes {
    let mut notes = Notes::default();
    for event in events {
        notes.apply(event);
    }
    notes
}

fn bodies(events: &[JournalEntry]) -> Vec<Option<String>> {
    let all: Vec<_> = notes_of(events).records().collect();
    assert_eq!(all.len(), 1);
    all[0].versions.iter().map(|version| version.body.clone()).collect()
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

#[test]
fn an_edit_replaces_what_it_names_and_nothing_else() {
    assert_eq!(bodies(&[add("a"), edit(2, "b", &[1])]), some(&["b"]));
    assert_eq!(bodies(&[add("a"), edit(2, "b", &[1]), edit(3, "c", &[1])]), some(&["c", "b"]), "both stand");
    assert_eq!(bodies(&[add("a"), edit(2, "b", &[1]), edit(3, "c", &[1]), edit(4, "d", &[2, 3])]), some(&["d"]));
    assert_eq!(bodies(&[add("a"), edit(2, "b", &[1]), edit(3, "b", &[1])]), some(&["b"]), "the same twice is one");
}

#[test]
fn of_more_versions_than_one_operation_may_name_each_is_listed_and_one_event_settles_all() {
    let many = 2 * MAX_PRED as u64 + 100;
    let mut events = vec![add("a")];
    events.extend((2..many).map(|n| edit(n, &format!("text {n}"), &[1])));
    assert_eq!(bodies(&events).len() as u64, many - 2);
    let all: Vec<u64> = (2..many).collect();
    let standing = |last: JournalEntry| bodies(&[&events[..], &[last]].concat());
    assert_eq!(standing(edit(many, "settled", &all)), some(&["settled"]));
    assert_eq!(standing(retract(many, &all)), vec![None]);
    assert_eq!(standing(edit(many, "some", &all[..MAX_PRED])).len() as u64, many - 2 - MAX_PRED as u64 + 1);
}

#[test]
fn two_edits_of_different_lines_are_one_text_with_both_behind_it_and_what_replaces_it_replaces_both() {
    let (base, one, other) = ("a\nb\nc", "A\nb\nc", "a\nb\nC");
    let events = [add(base), edit(2, one, &[1]), edit(3, other, &[1])];
    let notes: Vec<_> = notes_of(&events).records().collect();
    let [version] = &notes[0].versions[..] else { panic!("{:?}", notes[0].versions) };
    assert_eq!(version.body.as_deref(), Some("A\nb\nC"));
    assert_eq!(version.ops, [body_of(3).to_string(), body_of(2).to_string()]);
    let sides: Vec<_> = version.merged.iter().map(|side| (side.body.as_deref(), side.author.name.as_str())).collect();
    assert_eq!(sides, [(Some(other), "writer 3"), (Some(one), "writer 2")]);
    assert_eq!(bodies(&[&events[..], &[edit(4, "d", &[2, 3])]].concat()), some(&["d"]));
    // One who had seen one of them only stands beside the other, or together with it.
    assert_eq!(bodies(&[&events[..], &[edit(4, "A!\nb\nc", &[2])]].concat()), some(&["A!\nb\nC"]));
    assert_eq!(bodies(&[&events[..], &[edit(4, "x", &[2])]].concat()), some(&["x", other]));
    assert_eq!(bodies(&[&events[..], &[retract(4, &[1])]].concat()).len(), 3, "a removal is nobody's to guess");
    let gone = JournalEntry { payload: Value::Null, ..add(base) };
    assert_eq!(
        bodies(&[gone, events[1].clone(), events[2].clone()]),
        some(&[other, one]),
        "what both began with is not known"
    );
}

fn restored(n: u64, text: Option<&str>, of: Option<u64>, over: u64, undoes: u64) -> JournalEntry {
    let (kind, payload) = note_restored(text, of.map(body_of), &[body_of(over)], Ulid::from_parts(undoes, 0));
    event(n, kind, 1, Lane::Notes, payload)
}

#[test]
fn what_was_settled_is_known_with_what_it_replaced_and_stands_beside_each_other_again_with_its_writers() {
    let (base, one, other) = ("a\nb\nc", "a\nB\nc", "a\nbb\nc");
    let events = vec![add(base), edit(2, one, &[1]), edit(3, other, &[1]), edit(4, one, &[2, 3])];
    let of = |events: &[JournalEntry], n: u64| notes_of(events).settled(Ulid::from_parts(1, 0), Ulid::from_parts(n, 0));
    assert_eq!(of(&events, 2), None, "it replaced one");
    let settled = of(&events, 4).unwrap();
    let texts: Vec<_> = settled.versions.iter().map(|(op, text)| (*op, text.as_deref())).collect();
    assert_eq!(texts, [(body_of(2), Some(one)), (body_of(3), Some(other))]);
    assert_eq!((settled.ops, settled.count, settled.stands), (vec![body_of(4)], 2, true));
    assert_eq!(settled.base, Some((body_of(1), Some(base.to_owned()))));
    let later = [&events[..], &[edit(5, "x", &[4])]].concat();
    assert!(!of(&later, 4).unwrap().stands, "somebody has written since");

    // The text that was chosen is not what the two are made from.
    let back = [
        restored(5, Some(base), Some(1), 4, 4),
        restored(6, Some(one), Some(2), 5, 4),
        restored(7, Some(other), Some(3), 5, 4),
    ];
    let all = [&events[..], &back].concat();
    assert_eq!(bodies(&all), some(&[other, one]));
    let versions = notes_of(&all).records().next().unwrap().versions;
    let by: Vec<_> = versions.iter().map(|version| (&*version.author.name, &*version.at)).collect();
    assert_eq!(by, [("writer 3", "2026-01-01T00:00:03Z"), ("writer 2", "2026-01-01T00:00:02Z")]);
    // Undone once more, and by somebody who names two in a circle.
    let again =
        [edit(8, one, &[6, 7]), restored(9, Some(other), Some(7), 8, 8), restored(10, Some("z"), Some(11), 9, 8)];
    let again = [&all[..], &again, &[restored(11, Some("z"), Some(10), 10, 8)]].concat();
    let versions = |events: &[JournalEntry]| notes_of(events).records().next().unwrap().versions;
    assert_eq!(versions(&again[..again.len() - 2])[0].author.name, "writer 3");
    assert_eq!(versions(&again)[0].body.as_deref(), Some("z"));
    // Nobody is given words that they did not write.
    let forged = [&events[..], &[restored(5, Some("never said"), Some(2), 4, 4)]].concat();
    assert_eq!(notes_of(&forged).records().next().unwrap().versions[0].author.name, "writer 5");

    // Without what both began with, or beside a removal, nothing is merged either.
    let bare = [
        &[add(base), edit(2, one, &[]), edit(3, other, &[]), edit(4, "x", &[1, 2, 3])][..],
        &[
            restored(5, None, None, 4, 4),
            restored(6, Some(one), Some(2), 5, 4),
            restored(7, Some(other), Some(3), 5, 4),
        ],
    ]
    .concat();
    assert_eq!(of(&bare[..4], 4).unwrap().base, None);
    assert_eq!(bodies(&bare), some(&[other, one]));
    let removed = [add(base), edit(2, one, &[1]), retract(3, &[1]), retract(4, &[2, 3])];
    assert_eq!(of(&removed, 4).unwrap().versions, [(body_of(2), Some(one.to_owned())), (body_of(3), None)]);
}

#[test]
fn what_took_several_operations_to_settle_is_known_whole() {
    let many = u64::try_from(MAX_PRED).unwrap() + 2;
    let mut events = vec![add("a")];
    events.extend((2..=many).map(|n| edit(n, &format!("text {n}"), &[1])));
    let all: Vec<u64> = (2..=many).collect();
    events.push(edit(many + 1, "one", &all));
    assert_eq!(bodies(&events), some(&["one"]));
    let settled = notes_of(&events).settled(Ulid::from_parts(1, 0), Ulid::from_parts(many + 1, 0)).unwrap();
    assert_eq!((settled.ops.len(), settled.count, settled.versions.len()), (2, MAX_PRED + 1, MAX_PRED + 1));
    assert!(settled.stands);
}

#[test]
fn a_removal_beside_an_edit_drops_neither() {
    assert_eq!(bodies(&[add("a"), retract(2, &[1])]), vec![None]);
    assert_eq!(bodies(&[add("a"), edit(2, "b", &[1]), retract(3, &[1])]), vec![None, Some("b".into())]);
    let notes = notes_of(&[add("a"), edit(2, "b", &[1]), retract(3, &[1])]);
    assert!(!notes.records().next().unwrap().is_removed(), "somebody still says something");
}

#[test]
fn a_note_whose_first_event_has_not_arrived_is_not_shown_and_comes_whole_when_it_does() {
    let mut notes = Notes::default();
    notes.apply(&edit(2, "b", &[1]));
    assert_eq!(notes.records().count(), 0);
    notes.apply(&add("a"));
    let note = notes.records().next().unwrap();
    assert_eq!((note.versions.len(), note.author.name.as_str(), note.shared), (1, "writer 1", true));
}

#[test]
fn what_a_hostile_writer_says_leads_nowhere() {
    for path in ["../a", "/etc/passwd", "a/../../b", "C:/x", "a\\b", "a\nb", "", "a//b", "./a"] {
        assert!(!is_inside(path), "{path:?}");
        let anchor = json!({ "path": path, "line": 1, "lines": 1 });
        let ops = json!({ "ops": [
            { "f": "anchor", "op": "set", "v": anchor }, { "f": "body", "op": "text", "v": "x" },
        ] });
        let mut notes = Notes::default();
        notes.apply(&event(1, "note.add", 1, Lane::Notes, ops));
        assert_eq!(notes.records().next().unwrap().anchor, NoteAnchor::default(), "{path:?}");
    }
    assert!(is_inside("a/b c/é..rs"));
    // Longer than ours may be, at a place that is not between characters.
    let long = format!("x{}", "é".repeat(MAX_NOTE));
    let cut = bodies(&[add(&long)])[0].clone().unwrap();
    assert!(cut.len() <= MAX_NOTE && long.starts_with(&cut) && cut.len() > MAX_NOTE - 4);
    // Replacing each other in a circle hides nothing.
    assert_eq!(bodies(&[add("a"), edit(2, "b", &[1, 3]), edit(3, "c", &[2])]), some(&["c", "b", "a"]));
    // Somebody else's first event does not make a personal note a shared one.
    let mut notes = Notes::default();
    notes.apply(&JournalEntry { lane: Lane::Local, ..add("mine") });
    notes.apply(&event(9, "note.add", 1, Lane::Notes, note_added("theirs", &NoteAnchor::default())));
    assert!(!notes.records().next().unwrap().shared);
    for odd in [Value::Null, json!([]), json!({ "ops": 3 }), json!({ "ops": [3] })] {
        let mut notes = Notes::default();
        notes.apply(&event(1, "note.add", 1, Lane::Notes, odd));
        let note = notes.records().next().unwrap();
        assert!(note.is_removed() && note.versions.is_empty(), "redacted, or of another make");
    }
}

/// An event after its payload was deleted, with what is told of it.
fn redacted(of: &JournalEntry) -> JournalEntry {
    let ops = holdover_journal::ops_of(&of.payload).unwrap();
    let left = ops.iter().map(|op| LeftOp {
        field: op.field.clone(),
        op: op.op.word().into(),
        pred: op.pred.iter().map(OpId::to_string).collect(),
    });
    JournalEntry { payload: Value::Null, left: left.collect(), ..of.clone() }
}

#[test]
fn a_redacted_edit_does_not_bring_back_the_text_before_it() {
    let edited = edit(2, "b", &[1]);
    let mut notes = Notes::default();
    for entry in [add("a"), redacted(&edited)] {
        notes.apply(&entry);
    }
    let note = notes.records().next().unwrap();
    assert_eq!((note.versions.len(), &note.versions[0].body, note.versions[0].redacted), (1, &None, true));
    assert!(note.is_removed(), "there is nothing to be shown");
    assert_eq!(note.anchor.path.as_deref(), Some("src/a.rs"), "the place was not redacted");
    assert_eq!(
        bodies(&[add("a"), redacted(&edited), edit(3, "c", &[2])]),
        some(&["c"]),
        "whoever writes anew replaces it"
    );
    // What was taken away stays so, and a text beside a redacted one is still there.
    assert_eq!(bodies(&[add("a"), redacted(&retract(2, &[1]))]), [None]);
    assert_eq!(bodies(&[add("a"), redacted(&edited), edit(3, "c", &[1])]), [Some("c".to_owned()), None]);
}

proptest! {
    #[test]
    fn order_and_repetition_change_nothing(
        over in prop::collection::vec(prop::collection::btree_set(1_u64..12, 0..4), 1..10),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        kinds in prop::collection::vec(any::<bool>(), 10),
    ) {
        let mut events = vec![add("a")];
        for (n, over) in (2_u64..).zip(over) {
            let over: Vec<u64> = over.into_iter().collect();
            let removes = kinds[usize::try_from(n).unwrap() % kinds.len()];
            events.push(if removes { retract(n, &over) } else { edit(n, &format!("text {}", n % 3), &over) });
        }
        let straight = notes_of(&events);
        let mixed = notes_of(order.iter().map(|index| index.get(&events)).chain(events.iter().rev()));
        prop_assert_eq!(&mixed, &straight);
        let note = straight.records().next().unwrap();
        // Whatever no operation names stands.
        let named: Vec<OpId> = events.iter().flat_map(|event| holdover_journal::ops_of(&event.payload).unwrap()).flat_map(|op| op.pred).collect();
        for event in &events {
            let id = body_of(event.seq);
            let stands = note.versions.iter().any(|version| version.ops.contains(&id.to_string()));
            prop_assert!(stands || named.contains(&id));
        }
    }
}

fn about() -> DraftAbout {
    let anchor = NoteAnchor { path: Some("a.rs".into()), line: Some(3), lines: 1, ..NoteAnchor::default() };
    DraftAbout { shared: true, anchor, ..DraftAbout::default() }
}

#[test]
fn a_draft_is_there_in_the_next_process_and_what_was_typed_earlier_does_not_overwrite_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let workspace = journal.workspace_id(Path::new("/w")).unwrap();
    let (id, first, second) = (Ulid::generate(), draft_turn(), draft_turn());
    assert!(first < second);
    let save = |journal: &Journal, body: &str, turn| {
        journal.note_draft_save(workspace, id, body.into(), &about(), turn).unwrap()
    };
    assert_eq!(save(&journal, "ab", second), DraftSaved::Kept);
    assert_eq!(save(&journal, "a", first), DraftSaved::Late);
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    let drafts = journal.note_drafts(workspace).unwrap();
    assert_eq!((drafts.len(), drafts[0].body.as_str(), &drafts[0].about), (1, "ab", &about()));
    assert!(drafts[0].open && drafts[0].ours);
    assert_eq!(journal.note_drafts(Ulid::generate()).unwrap(), []);
    assert_eq!(journal.count().unwrap(), 0, "a draft is in no chain");
    journal.note_draft_end(id).unwrap();
    assert_eq!(save(&journal, "abc", draft_turn()), DraftSaved::Ended);
    assert_eq!(journal.note_drafts(workspace).unwrap(), []);
}

#[test]
fn a_draft_that_ended_before_its_first_save_arrived_stays_ended() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let workspace = journal.workspace_id(Path::new("/w")).unwrap();
    let id = Ulid::generate();
    journal.note_draft_end(id).unwrap();
    let late = journal.note_draft_save(workspace, id, "late".into(), &about(), draft_turn()).unwrap();
    assert_eq!(late, DraftSaved::Ended);
    assert_eq!(journal.note_drafts(workspace).unwrap(), []);
}

#[test]
fn drafts_are_bounded_in_number_and_size() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let workspace = journal.workspace_id(Path::new("/w")).unwrap();
    let save = |id, body: String| journal.note_draft_save(workspace, id, body, &about(), draft_turn());
    assert!(matches!(save(Ulid::generate(), "x".repeat(MAX_NOTE + 1)), Err(JournalError::TooLarge { .. })));
    let first = Ulid::generate();
    for n in 0..MAX_NOTE_DRAFTS {
        assert_eq!(save(if n == 0 { first } else { Ulid::generate() }, "x".into()).unwrap(), DraftSaved::Kept);
    }
    assert!(matches!(save(Ulid::generate(), "x".into()), Err(JournalError::TooManyDrafts { .. })));
    assert_eq!(save(first, "y".into()).unwrap(), DraftSaved::Kept, "one that is there goes on");
    journal.note_draft_end(first).unwrap();
    assert_eq!(save(Ulid::generate(), "x".into()).unwrap(), DraftSaved::Kept);
}
