//! Verification finds what was changed behind the journal's back, and says where.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use holdover_journal::{BadEvent, Draft, Filter, Journal, VerifyError};
use serde_json::json;
use support::raw;

fn journal_of(events: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for n in 0..events {
        journal.append(Draft::observation("check.ran", json!({"n": n}))).unwrap();
    }
    folder
}

fn first_bad(folder: &std::path::Path) -> BadEvent {
    match Journal::open(folder).unwrap().verify() {
        Err(VerifyError::Bad(bad)) => bad,
        other => panic!("expected a bad event: {other:?}"),
    }
}

#[test]
fn every_change_to_a_stored_event_is_found_at_its_place() {
    let changes = [
        (
            "UPDATE event SET header = CAST(substr(header, 1, 5) || x'00' || substr(header, 7) AS BLOB) WHERE pos = 3",
            3,
            "hash does not follow",
        ),
        ("UPDATE event SET header = 'text' WHERE pos = 3", 3, "nvalid"),
        ("UPDATE payload SET bytes = 'text' WHERE pos = 3", 3, "nvalid"),
        ("UPDATE event SET hash = zeroblob(32) WHERE pos = 3", 3, "hash does not follow"),
        ("UPDATE payload SET bytes = CAST('{\"n\":9}' AS BLOB) WHERE pos = 3", 3, "payload is not the one"),
        ("UPDATE payload SET salt = zeroblob(16) WHERE pos = 3", 3, "payload is not the one"),
        ("UPDATE event SET kind = 'check.run' WHERE pos = 3", 3, "columns"),
        ("UPDATE event SET entity = zeroblob(16) WHERE pos = 3", 3, "columns"),
        ("UPDATE event SET workspace = zeroblob(16) WHERE pos = 3", 3, "columns"),
        ("UPDATE event SET wall_ms = wall_ms + 1 WHERE pos = 3", 3, "columns"),
        ("UPDATE event SET lamport = 99 WHERE pos = 3", 3, "columns"),
        ("UPDATE event SET id = zeroblob(16) WHERE pos = 3", 3, "columns"),
        ("DELETE FROM event WHERE pos = 3", 3, "missing"),
        ("DELETE FROM event WHERE pos = 5", 5, "missing"),
        ("UPDATE log SET head_hash = zeroblob(32)", 5, "log's head names"),
        ("UPDATE log SET id = zeroblob(16)", 0, "name does not follow"),
        ("UPDATE event SET log = 77 WHERE pos = 5", 5, "missing"),
    ];
    for (change, seq, reason) in changes {
        let folder = journal_of(5);
        assert_eq!(Journal::open(folder.path()).unwrap().verify().unwrap().events, 5);
        assert_eq!(raw(folder.path()).execute(change, []).unwrap(), 1, "{change}");
        let bad = first_bad(folder.path());
        assert_eq!((bad.seq, bad.reason.contains(reason)), (seq, true), "{change}: {bad}");
    }
}

#[test]
fn events_that_changed_places_are_found() {
    let folder = journal_of(4);
    let swap = "UPDATE event SET seq = 9 WHERE pos = 2; UPDATE event SET seq = 2 WHERE pos = 3; UPDATE event SET seq = 3 WHERE pos = 2;";
    raw(folder.path()).execute_batch(swap).unwrap();
    assert_eq!(first_bad(folder.path()).seq, 2);
}

#[test]
fn a_payload_that_was_deleted_with_its_salt_leaves_a_whole_chain() {
    let folder = journal_of(4);
    raw(folder.path()).execute("DELETE FROM payload WHERE pos = 2", []).unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let verified = journal.verify().unwrap();
    assert_eq!((verified.events, verified.redacted), (4, 1));
    let entries = journal.entries(&Filter::default()).unwrap();
    assert_eq!((entries.len(), &entries[1].payload), (4, &serde_json::Value::Null));
}

#[test]
fn a_kind_and_fields_that_nobody_knows_are_kept_and_verified() {
    let folder = journal_of(0);
    let journal = Journal::open(folder.path()).unwrap();
    let draft = Draft::observation("zebra.from-the-future", json!({"ops": [{"f": "x", "op": "warp"}], "z": 1}));
    journal.append(draft.clone()).unwrap();
    let read = journal.entries(&Filter::default()).unwrap().remove(0);
    assert_eq!((read.kind, read.payload), (draft.kind, draft.payload));
    assert_eq!(journal.verify().unwrap().events, 1);
}

#[test]
fn the_head_that_opening_found_is_not_trusted_over_the_file() {
    // Appending after damage must not hide it.
    let folder = journal_of(3);
    raw(folder.path()).execute("UPDATE event SET hash = zeroblob(32) WHERE pos = 3", []).unwrap();
    Journal::open(folder.path()).unwrap().append(Draft::observation("check.ran", json!({}))).unwrap();
    assert_eq!(first_bad(folder.path()).seq, 3);
}
