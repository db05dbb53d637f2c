//! Sealing by itself: when it is due, by whom, and that it takes in what is committed and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use contract::{Delivery, Lane};
use holdover_journal::{
    Draft, Filter, Journal, JournalError, NO_PROJECT, Op, SEALING, SealPolicy, Segment, Terms, Unsealed,
};
use serde_json::json;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;
use support::raw;

const NEVER: SealPolicy = SealPolicy {
    events: 1_000,
    bytes: 1 << 30,
    age: Duration::from_hours(1),
    decision: Duration::from_hours(1),
    meant: false,
    segments: usize::MAX,
};
const LATER: i64 = i64::MAX;

fn opened() -> (tempfile::TempDir, Journal) {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    (folder, journal)
}

fn observe(journal: &Journal) {
    journal.append(Draft { lane: Lane::Observations, ..Draft::observation("check.ran", json!({"n": 1})) }).unwrap();
}

fn note(journal: &Journal) {
    journal.append(Draft::intent("note.add", Lane::Notes, journal.person().unwrap(), &[Op::set("body", "x")])).unwrap();
}

/// When the last event was written, in milliseconds since 1970.
fn written(folder: &Path) -> i64 {
    raw(folder).query_row("SELECT wall_ms FROM event ORDER BY pos DESC LIMIT 1", [], |row| row.get(0)).unwrap()
}

fn due(journal: &Journal, policy: SealPolicy) -> Option<i64> {
    journal.unsealed(&policy).unwrap().due_ms
}

fn places(journal: &Journal) -> Vec<(u8, u64, u64)> {
    journal.segments(NO_PROJECT).unwrap().iter().map(|segment| (segment.lane, segment.first, segment.last)).collect()
}

#[test]
fn number_bytes_age_and_decisions_each_make_it_due_and_what_never_leaves_does_not() {
    let (folder, journal) = opened();
    journal.append(Draft { intent: true, ..Draft::observation("fetch.asked", json!({})) }).unwrap();
    assert_eq!(journal.unsealed(&SealPolicy { events: 0, ..NEVER }).unwrap(), Unsealed::default(), "the local lane");
    observe(&journal);
    let at = written(folder.path());
    assert_eq!(due(&journal, NEVER), Some(at + 3_600_000));
    assert_eq!(due(&journal, SealPolicy { age: Duration::from_secs(5), ..NEVER }), Some(at + 5_000));
    assert_eq!(due(&journal, SealPolicy { meant: true, ..NEVER }), Some(at + 3_600_000), "nobody meant it");
    assert_eq!(
        due(&journal, SealPolicy { decision: Duration::ZERO, ..NEVER }),
        Some(at + 3_600_000),
        "and none is signed"
    );
    observe(&journal);
    assert_eq!(journal.unsealed(&NEVER).unwrap().events, 2);
    assert_eq!(due(&journal, SealPolicy { events: 2, ..NEVER }), Some(i64::MIN));
    assert_eq!(due(&journal, SealPolicy { events: 3, ..NEVER }), Some(at + 3_600_000));
    let bytes: i64 = raw(folder.path())
        .query_row(
            "SELECT sum(length(header) + length(payload.bytes)) FROM event JOIN payload USING (pos) WHERE kind = 'check.ran'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let bytes = bytes.unsigned_abs();
    assert_eq!(due(&journal, SealPolicy { bytes, ..NEVER }), Some(i64::MIN));
    assert_eq!(due(&journal, SealPolicy { bytes: bytes + 1, ..NEVER }), Some(at + 3_600_000));
    note(&journal);
    assert_eq!(due(&journal, SealPolicy { meant: true, ..NEVER }), Some(i64::MIN));
    journal
        .invite(NO_PROJECT, &Terms { kind: contract::DeviceKind::Person, until_ms: LATER, expires_ms: None })
        .unwrap();
    let decided = written(folder.path());
    assert_eq!(due(&journal, SealPolicy { decision: Duration::from_secs(2), ..NEVER }), Some(decided + 2_000));
    // A clock that was set back makes nothing wait for ever.
    raw(folder.path()).execute("UPDATE event SET wall_ms = wall_ms + 1000000000000", []).unwrap();
    assert!(due(&journal, NEVER).unwrap() < decided + 4_000_000 + 60_000);
}

#[test]
fn a_process_that_ends_seals_a_few_segments_and_leaves_the_rest_to_the_next() {
    let (_folder, journal) = opened();
    for _ in 0..3 {
        note(&journal);
        journal.seal_due(&NEVER, LATER).unwrap();
    }
    note(&journal);
    observe(&journal);
    journal
        .invite(NO_PROJECT, &Terms { kind: contract::DeviceKind::Person, until_ms: LATER, expires_ms: None })
        .unwrap();
    assert_eq!(places(&journal).len(), 3);
    let few = SealPolicy { segments: 2, ..SealPolicy::leaving() };
    assert_eq!(journal.seal_due(&few, LATER).unwrap(), Some(2));
    assert_eq!(journal.seal_due(&few, LATER).unwrap(), Some(1), "one of each of three lanes");
    assert_eq!(journal.unsealed(&few).unwrap(), Unsealed::default());
    assert!(SealPolicy::leaving().segments < 10);
}

#[test]
fn what_is_due_is_sealed_once_and_nothing_before_its_time() {
    let (folder, journal) = opened();
    note(&journal);
    let at = written(folder.path());
    let policy = SealPolicy { age: Duration::from_mins(1), ..NEVER };
    assert_eq!(journal.seal_due(&policy, at + 59_999).unwrap(), Some(0));
    assert_eq!(places(&journal), []);
    assert_eq!(journal.seal_due(&policy, at + 60_000).unwrap(), Some(1));
    assert_eq!(journal.seal_due(&policy, LATER).unwrap(), Some(0));
    assert_eq!(journal.unsealed(&policy).unwrap(), Unsealed::default());
    note(&journal);
    note(&journal);
    assert_eq!(journal.seal_due(&policy, LATER).unwrap(), Some(1));
    assert_eq!(places(&journal), [(2, 1, 1), (2, 2, 3)]);
    assert!(journal.entries(&Filter::default()).unwrap().iter().all(|entry| entry.state == Delivery::Sealed));
    // What lost a payload since is sealed again, without being asked.
    raw(folder.path()).execute("DELETE FROM payload WHERE pos = 1", []).unwrap();
    assert_eq!((journal.unsealed(&policy).unwrap().redacted, places(&journal).len()), (1, 1));
    assert_eq!(journal.seal_due(&policy, LATER).unwrap(), Some(1));
    assert_eq!(places(&journal), [(2, 1, 1), (2, 2, 3)]);
}

#[test]
fn one_process_seals_and_the_others_leave_it_to_that() {
    let (folder, one) = opened();
    let other = Journal::open(folder.path()).unwrap();
    note(&one);
    let lease = other.lease(SEALING).unwrap();
    assert_eq!(one.seal_due(&NEVER, LATER).unwrap(), None, "somebody else is at it");
    assert_eq!(places(&one), []);
    // Its holder was thought dead, and another took over: it stores nothing any more.
    raw(folder.path()).execute("UPDATE lease SET token = token + 1", []).unwrap();
    assert!(matches!(other.seal_under(&lease, usize::MAX), Err(JournalError::LeaseLost { .. })));
    assert_eq!(places(&one), []);
    drop(lease);
    raw(folder.path()).execute("UPDATE lease SET held = 0", []).unwrap();
    assert_eq!(one.seal_due(&NEVER, LATER).unwrap(), Some(1));
    assert_eq!(other.seal_due(&NEVER, LATER).unwrap(), Some(0));
}

#[test]
fn what_another_process_has_not_committed_is_in_no_segment() {
    let (folder, one) = opened();
    let other = Journal::open(folder.path()).unwrap();
    note(&one);
    let (began, has_begun) = channel();
    let (end, may_end) = channel::<()>();
    let writing = std::thread::spawn(move || {
        other.write(true, move |tx| {
            for _ in 0..3 {
                tx.append(&Draft { lane: Lane::Notes, ..Draft::observation("note.add", json!({"half": "written"})) })?;
            }
            began.send(()).unwrap();
            let _ = may_end.recv();
            Err::<(), _>(JournalError::InvalidDraft { detail: "thought better of it".to_owned() })
        })
    });
    has_begun.recv().unwrap();
    // It may wait for the other's transaction, and must not take anything out of it.
    let sealing = std::thread::spawn({
        let one = one.clone();
        move || one.seal_due(&NEVER, LATER)
    });
    end.send(()).unwrap();
    assert!(writing.join().unwrap().is_err());
    assert_eq!(sealing.join().unwrap().unwrap(), Some(1));
    assert_eq!(places(&one), [(2, 1, 1)]);
    let bytes = one.segment_bytes(&one.segments(NO_PROJECT).unwrap()[0]).unwrap().unwrap();
    let segment = Segment::read(&bytes).unwrap();
    assert!(
        segment
            .records
            .iter()
            .all(|(_, record)| !String::from_utf8_lossy(&record.content.as_ref().unwrap().1).contains("half"))
    );
    one.verify().unwrap();
    drop(folder);
}
