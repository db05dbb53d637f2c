//! Two data folders and a folder between them: notes, a conflict, its resolution, who has what.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

mod support;

use contract::Delivery;
use holdover_sync::{Class, Folder, Remote as _};
use support::{PROJECT, call, segments_in, two};

#[test]
fn a_note_that_two_wrote_while_apart_is_a_conflict_on_both_and_its_resolution_comes_to_the_other() {
    let (a, b) = two();
    let stick = tempfile::tempdir().unwrap();
    let at = stick.path().join("ferry");
    a.add(&at);
    b.add(&at);
    let note = a.note("one");
    let sent = a.sync(&at);
    assert!(sent.is_clean() && sent.sent >= 1 && sent.pending == 0, "{sent:?}");
    let came = b.sync(&at);
    assert!(came.is_clean() && came.received >= 1, "{came:?}");
    assert_eq!(b.sides(note), ["one"]);

    a.edit(note, "from a");
    b.edit(note, "from b");
    a.sync(&at);
    b.sync(&at);
    a.sync(&at);
    for desk in [&a, &b] {
        assert_eq!(desk.sides(note), ["from a", "from b"]);
    }
    assert_eq!(a.record(note), b.record(note));

    b.edit(note, "both");
    b.sync(&at);
    let came = a.sync(&at);
    assert_eq!((a.sides(note), b.sides(note)), (vec!["both".to_owned()], a.sides(note)), "{came:?}");
    // What was not chosen is still there.
    assert_eq!(a.shared(), b.shared());
    let texts: Vec<String> = a
        .journal
        .entries(&journal::Filter { kind: Some("note.edit".to_owned()), ..Default::default() })
        .unwrap()
        .iter()
        .map(|entry| entry.payload["ops"][0]["v"].as_str().unwrap().to_owned())
        .collect();
    assert!(texts.contains(&"from a".to_owned()) && texts.contains(&"from b".to_owned()), "{texts:?}");
    a.journal.verify().unwrap();
    b.journal.verify().unwrap();
}

#[test]
fn an_event_is_on_the_remote_once_it_is_there_and_seen_once_another_has_told_so() {
    let (a, b) = two();
    let stick = tempfile::tempdir().unwrap();
    let at = stick.path().join("ferry");
    a.add(&at);
    b.add(&at);
    let note = a.note("one").to_string();
    assert_eq!(a.state_of(&note).0, Delivery::Durable);
    a.sync(&at);
    assert_eq!(a.state_of(&note), (Delivery::Uploaded, vec!["stick".to_owned()], vec![]));
    b.sync(&at);
    assert_eq!(a.state_of(&note).0, Delivery::Uploaded, "b has it, and a does not know");
    a.sync(&at);
    let (state, _, seen_by) = a.state_of(&note);
    assert_eq!((state, seen_by.len()), (Delivery::Seen, 1));
}

#[test]
fn when_nothing_is_new_nothing_is_written_anywhere() {
    let (a, b) = two();
    let stick = tempfile::tempdir().unwrap();
    let at = stick.path().join("ferry");
    a.add(&at);
    b.add(&at);
    a.note("one");
    for _ in 0..3 {
        a.sync(&at);
        b.sync(&at);
    }
    let before = (a.journal.count().unwrap(), b.journal.count().unwrap(), segments_in(&at));
    for desk in [&a, &b, &a] {
        let outcome = desk.sync(&at);
        assert_eq!((outcome.sent, outcome.received, outcome.segments_sent, outcome.bytes), (0, 0, 0, (0, 0)));
    }
    assert_eq!((a.journal.count().unwrap(), b.journal.count().unwrap(), segments_in(&at)), before);
}

#[test]
fn another_stick_at_the_same_place_and_one_of_another_project_are_refused_by_name() {
    let (a, b) = two();
    let stick = tempfile::tempdir().unwrap();
    let at = stick.path().join("ferry");
    a.add(&at);
    a.note("one");
    std::fs::rename(&at, stick.path().join("away")).unwrap();
    let gone = a.sync(&at).stopped.unwrap();
    assert!(gone.class == Class::Retry && gone.message.contains("no remote is at"), "{gone}");
    assert!(!at.exists(), "nothing is written where a stick was");
    // An empty folder, as a place to mount on is.
    std::fs::create_dir(&at).unwrap();
    assert_eq!(a.sync(&at).stopped.unwrap().class, Class::Retry);
    assert_eq!(std::fs::read_dir(&at).unwrap().count(), 0);
    b.add(&at);
    let other = a.sync(&at).stopped.unwrap();
    assert!(other.class == Class::Integrity && other.message.contains("another remote"), "{other}");
    let refused = Folder::at(&at).found([7; 16], None, &call()).unwrap_err();
    assert!(refused.message.contains("another project"), "{refused}");
    assert_eq!(Folder::at(&at).identity(&call()).unwrap().project, PROJECT);
    assert_eq!(a.known().attempts, 3);
    let mixed = stick.path().join("photos");
    std::fs::create_dir(&mixed).unwrap();
    std::fs::write(mixed.join("holiday.jpg"), "x").unwrap();
    let refused = Folder::at(&mixed).found(PROJECT, None, &call()).unwrap_err();
    assert!(refused.message.contains("holiday.jpg"), "{refused}");
}

#[test]
fn a_segment_that_is_torn_there_is_laid_beside_the_torn_one_by_whoever_has_it() {
    let (a, b) = two();
    let stick = tempfile::tempdir().unwrap();
    let at = stick.path().join("ferry");
    a.add(&at);
    b.add(&at);
    let note = a.note("one");
    a.sync(&at);
    let before = segments_in(&at);
    let torn = before.iter().find(|file| file.to_string_lossy().contains("seg/2-")).unwrap();
    std::fs::write(torn, &std::fs::read(torn).unwrap()[..100]).unwrap();
    let refused = b.sync(&at);
    assert_eq!((refused.problems.len(), b.sides(note)), (1, vec![]), "{refused:?}");
    let healed = a.sync(&at);
    assert_eq!((healed.segments_sent, healed.healed, healed.pending), (1, 1, 0), "{healed:?}");
    assert_eq!(segments_in(&at).len(), before.len() + 1);
    let came = b.sync(&at);
    assert_eq!((came.problems.len(), b.sides(note)), (0, vec!["one".to_owned()]), "{came:?}");
    assert_eq!(std::fs::read(torn).unwrap().len(), 100, "what was torn is left as it was");
}

#[test]
fn a_remote_that_lost_everything_is_filled_again_by_whoever_comes_first() {
    let (a, b) = two();
    let stick = tempfile::tempdir().unwrap();
    let at = stick.path().join("ferry");
    a.add(&at);
    b.add(&at);
    let note = a.note("one");
    a.sync(&at);
    b.sync(&at);
    b.sync(&at);
    let before = segments_in(&at);
    assert!(!before.is_empty());
    std::fs::remove_dir_all(at.join("seg")).unwrap();
    let healed = b.sync(&at);
    assert!(healed.healed >= 2, "{healed:?}");
    assert_eq!(segments_in(&at), before, "those of a too, byte for byte under the same names");
    let c = support::Desk::new();
    support::let_in(&a, &c);
    c.add(&at);
    c.sync(&at);
    assert_eq!(c.sides(note), ["one"]);
}
