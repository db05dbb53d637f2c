//! More than two lives of one device, none of which can tell that there are others: whoever has its key writes again what others might
//! never get, in logs that nobody else writes to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/forge.rs"]
mod forge;

use contract::{DeviceKind, Lane};
use forge::{Forger, Wish};
use holdover_journal::{Draft, Filter, Journal, NO_PROJECT, Op, Reason, Segment, Terms};
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use ulid::Ulid;

const ALL: [&str; 6] =
    ["journal.db", "journal.db-wal", "journal.db-shm", "journal.key", "journal.json", "journal.witness"];

/// A device that is set back to how it was whenever a test asks: the same folder, the same files, to all appearances the same machine.
struct Lives {
    folder: TempDir,
    image: TempDir,
}

impl Lives {
    fn of(begin: impl FnOnce(&Journal)) -> Lives {
        let lives = Lives { folder: tempfile::tempdir().unwrap(), image: tempfile::tempdir().unwrap() };
        begin(&Journal::open(lives.folder.path()).unwrap());
        carry(lives.folder.path(), lives.image.path());
        lives
    }

    /// One life, from the image on; what it sealed.
    fn live(&self, does: impl FnOnce(&Journal)) -> Vec<Vec<u8>> {
        carry(self.image.path(), self.folder.path());
        let journal = Journal::open(self.folder.path()).unwrap();
        let before = sealed(&journal);
        does(&journal);
        sealed(&journal).into_iter().filter(|segment| !before.contains(segment)).collect()
    }
}

fn carry(from: &Path, to: &Path) {
    for name in ALL {
        match fs::read(from.join(name)) {
            Ok(contents) => fs::write(to.join(name), contents).unwrap(),
            Err(_) => drop(fs::remove_file(to.join(name))),
        }
    }
}

fn write(journal: &Journal, lane: Lane, text: &str) -> Ulid {
    let kind = if lane == Lane::Notes { "note.add" } else { "check.found" };
    let draft = Draft::intent(kind, lane, journal.person().unwrap(), &[Op::set("body", text)]);
    journal.append(draft).unwrap().id.parse().unwrap()
}

fn note(journal: &Journal, text: &str) -> Ulid {
    write(journal, Lane::Notes, text)
}

fn sealed(journal: &Journal) -> Vec<Vec<u8>> {
    journal.seal(NO_PROJECT).unwrap();
    let segments = journal.segments(NO_PROJECT).unwrap();
    segments.iter().map(|segment| journal.segment_bytes(segment).unwrap().unwrap()).collect()
}

/// What counts, in the order of the alphabet.
fn bodies(journal: &Journal) -> Vec<String> {
    let entries = journal.entries(&Filter::default()).unwrap();
    let counting = entries.iter().filter(|entry| entry.held.is_none());
    let mut bodies: Vec<String> =
        counting.filter_map(|entry| entry.payload["ops"][0]["v"].as_str().map(str::to_owned)).collect();
    bodies.sort();
    bodies
}

fn colleague(of: &Journal) -> (TempDir, Journal) {
    colleague_after(of, &[])
}

/// Somebody whom it lets in, who has heard these first, and then all that it can hand on.
fn colleague_after(of: &Journal, heard: &[Vec<u8>]) -> (TempDir, Journal) {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    journal.ask(&of.invite(NO_PROJECT, &terms()).unwrap()).unwrap();
    for segment in sealed(&journal) {
        of.import(&segment).unwrap();
    }
    let all = sealed(of);
    // What stands in front of what was heard, and was there before the copies were made.
    let common = all.iter().filter(|segment| Segment::read(segment).is_ok_and(|segment| segment.first == 1));
    for segment in common.chain(heard).chain(&all) {
        journal.import(segment).unwrap();
    }
    (folder, journal)
}

fn terms() -> Terms {
    Terms { kind: DeviceKind::Person, until_ms: i64::MAX, expires_ms: None }
}

#[test]
fn a_copy_that_begins_a_log_before_this_one_does_is_noticed() {
    let lives = Lives::of(|journal| {
        note(journal, "common");
    });
    // The lane was not written to before the copy was made.
    let of_the_copy = lives.live(|journal| {
        write(journal, Lane::Review, "of the copy");
    });
    let here = lives.live(|journal| {
        for segment in &of_the_copy {
            assert_eq!(journal.import(segment).unwrap().quarantined, None);
        }
        write(journal, Lane::Review, "of this one");
        journal.verify().unwrap();
    });
    assert!(!here.is_empty());
    // What is written after that goes to logs that are sealed, and that nobody else writes to.
    let (_folder, other) = colleague(&Journal::open(lives.folder.path()).unwrap());
    assert_eq!(bodies(&other), ["common", "of the copy", "of this one"]);
    other.verify().unwrap();
}

#[test]
fn what_goes_on_in_a_log_of_which_others_have_another_history_is_written_again() {
    let lives = Lives::of(|journal| {
        note(journal, "common");
        sealed(journal);
    });
    let (mut first, mut then) = (Vec::new(), Vec::new());
    lives.live(|journal| {
        note(journal, "one copy");
        first = sealed(journal);
        note(journal, "one copy, later");
        then = sealed(journal).into_iter().filter(|segment| !first.contains(segment)).collect();
    });
    let of_another = lives.live(|journal| {
        note(journal, "another copy");
    });
    lives.live(|journal| {
        for segment in &first {
            assert_eq!(journal.import(segment).unwrap().quarantined, None);
        }
        let apart: Vec<_> = of_another.iter().map(|segment| journal.import(segment).unwrap().quarantined).collect();
        assert!(apart.contains(&Some(Reason::Fork)), "{apart:?}");
        for segment in &then {
            assert_eq!(journal.import(segment).unwrap().quarantined, None);
        }
        let all = ["another copy", "common", "one copy", "one copy, later"];
        assert_eq!(bodies(journal), all);
        journal.verify().unwrap();
        // Who has heard the one history first gets it all, and so does who has heard the other.
        for heard in [&first, &of_another] {
            let (_folder, other) = colleague_after(journal, heard);
            assert_eq!(bodies(&other), all);
            other.verify().unwrap();
        }
    });
}

#[test]
fn an_event_of_a_copy_is_not_lost_because_somebody_has_used_its_id() {
    let mut forger = Forger::new(200, 0);
    let lives = Lives::of(|journal| {
        let invitation = journal.invite(NO_PROJECT, &terms()).unwrap();
        journal.import(&forger.ask_as(&invitation, Some(Ulid::from_parts(0, 1)))).unwrap();
        note(journal, "common");
        sealed(journal);
    });
    let mut id = Ulid::nil();
    let of_the_copy = lives.live(|journal| id = note(journal, "of the copy"));
    forger.event("x.forged", r#"{"forged":true}"#, &Wish { id: Some(id), ..Wish::default() });
    let lie = forger.segment();
    for lie_first in [false, true] {
        lives.live(|journal| {
            let own = note(journal, "of this one");
            if lie_first {
                assert_eq!(journal.import(&lie).unwrap().quarantined, None);
            }
            let apart: Vec<_> =
                of_the_copy.iter().map(|segment| journal.import(segment).unwrap().quarantined).collect();
            assert!(apart.contains(&Some(Reason::Fork)), "{apart:?}");
            if !lie_first {
                assert_eq!(journal.import(&lie).unwrap().quarantined, None);
            }
            let entries = journal.entries(&Filter::default()).unwrap();
            let with_id: Vec<_> = entries.iter().filter(|entry| entry.id == id.to_string()).collect();
            assert!(with_id.iter().any(|entry| entry.payload["ops"][0]["v"] == "of the copy"), "{with_id:?}");
            assert!(with_id.len() == 2 && with_id.iter().all(|entry| entry.held.is_some()), "{with_id:?}");
            // What was written again meanwhile is doubted once.
            forger.event("x.forged", r#"{"forged":true}"#, &Wish { id: Some(own), ..Wish::default() });
            let more = forger.segment();
            if !lie_first {
                assert_eq!(journal.import(&more).unwrap().quarantined, None);
                let entries = journal.entries(&Filter::default()).unwrap();
                let with_id = entries.iter().filter(|entry| entry.id == own.to_string() && entry.held.is_some());
                assert_eq!(with_id.count(), 2);
            }
            journal.verify().unwrap();
        });
    }
}
