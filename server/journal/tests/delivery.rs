//! Who has an event is told by the devices themselves, in what they write next, and shown per event.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/forge.rs"]
mod forge;
mod support;

use contract::{Delivery, DeviceKind, JournalEntry, Lane};
use holdover_journal::{Draft, Filter, Journal, NO_PROJECT, Op, RemoteNote, Terms};
use std::ops::ControlFlow;
use std::time::Duration;
use support::raw;

struct Site {
    folder: tempfile::TempDir,
    journal: Journal,
}

fn site(name: &str) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    journal.name_device(Some(name), None).unwrap();
    Site { folder, journal }
}

impl Site {
    fn note(&self, text: &str) -> String {
        let draft = Draft::intent("note.add", Lane::Notes, self.journal.person().unwrap(), &[Op::set("body", text)]);
        self.journal.append(draft).unwrap().id
    }

    fn take(&self, from: &Site) {
        from.journal.seal(NO_PROJECT).unwrap();
        for segment in from.journal.segments(NO_PROJECT).unwrap() {
            self.journal.import(&from.journal.segment_bytes(&segment).unwrap().unwrap()).unwrap();
        }
        self.catch_up();
    }

    fn catch_up(&self) {
        self.journal.catch_up(|_| ControlFlow::Continue(())).unwrap();
    }

    fn read(&self, id: &str) -> (Delivery, Vec<String>) {
        let found = self.journal.delivered(&[id.parse().unwrap()]).unwrap();
        let JournalEntry { state, seen_by, .. } = found.into_iter().next().unwrap();
        (state, seen_by)
    }
}

fn join(a: &Site, b: &Site) {
    let terms = Terms { kind: DeviceKind::Person, until_ms: i64::MAX, expires_ms: None };
    b.journal.ask(&a.journal.invite(NO_PROJECT, &terms).unwrap()).unwrap();
    a.take(b);
    b.take(a);
}

fn seen(by: &[&str]) -> (Delivery, Vec<String>) {
    (Delivery::Seen, by.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn an_event_is_seen_by_another_device_when_that_device_has_told_so_and_not_before() {
    let (a, b, c) = (site("anchor"), site("buoy"), site("cable"));
    join(&a, &b);
    join(&a, &c);
    let note = a.note("from a");
    assert_eq!(a.read(&note), (Delivery::Durable, vec![]));
    b.take(&a);
    assert_eq!(a.read(&note), (Delivery::Sealed, vec![]), "nobody has told yet");
    let answer = b.note("from b");
    let later = a.note("after b looked");
    a.take(&b);
    a.note("with knowledge of what b wrote");
    a.catch_up();
    assert_eq!(a.read(&note), seen(&["buoy"]));
    assert_eq!(a.read(&later), (Delivery::Durable, vec![]), "b cannot have it");
    assert_eq!(a.read(&answer), (Delivery::Sealed, vec![]), "that this device has it is no news");
    c.take(&a);
    c.note("from c");
    a.take(&c);
    assert_eq!(a.read(&note), seen(&["buoy", "cable"]));
    assert_eq!(a.read(&answer), seen(&["cable"]), "its writer is not among those who have it");
    b.take(&a);
    assert_eq!(b.read(&answer), seen(&["anchor", "cable"]), "the first device of all is known by its name, too");
    // The whole record reads the same as one by one, and what was worked out is what the events say.
    for entry in a.journal.entries(&Filter::default()).unwrap() {
        assert_eq!((entry.state, entry.seen_by), a.read(&entry.id));
    }
    let replayed = a.journal.replay(|_, _, _| ControlFlow::Continue(())).unwrap();
    let of = replayed.iter().find(|view| view.view == "seen").expect("the projection is replayed");
    assert!(of.rows > 0 && of.difference.is_none(), "{of:?}");
}

#[test]
fn who_tells_of_another_event_at_that_place_has_not_seen_this_one() {
    let (a, b) = (site("anchor"), site("buoy"));
    join(&a, &b);
    let note = a.note("from a");
    b.take(&a);
    b.note("from b");
    a.take(&b);
    assert_eq!(a.read(&note), seen(&["buoy"]));
    raw(a.folder.path()).execute("UPDATE seen SET hash = zeroblob(8)", []).unwrap();
    assert_eq!(a.read(&note), (Delivery::Sealed, vec![]));
}

#[test]
fn what_was_written_again_in_a_new_epoch_is_seen_by_who_has_either_copy() {
    let (a, b) = (site("anchor"), site("buoy"));
    join(&a, &b);
    a.journal.seal(NO_PROJECT).unwrap();
    let note = a.note("in no segment when the epoch ended");
    let Site { folder, journal } = a;
    drop(journal);
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let a = Site { journal: Journal::open(copy.path()).unwrap(), folder: copy };
    let epochs: i64 = raw(a.folder.path()).query_row("SELECT count(*) FROM epoch", [], |row| row.get(0)).unwrap();
    assert_eq!(epochs, 2, "a copied folder goes on in a new epoch");
    b.take(&a);
    b.note("from b");
    a.take(&b);
    assert_eq!(a.read(&note), seen(&["buoy"]));
    a.note("in the new epoch, with knowledge of the old one");
    b.take(&a);
    for site in [&a, &b] {
        for entry in site.journal.entries(&Filter::default()).unwrap() {
            let own = entry.actor.name == "buoy" && site.folder.path() == b.folder.path();
            assert!(own || !entry.seen_by.contains(&"anchor".to_owned()), "its own device is no other: {entry:?}");
        }
    }
}

#[test]
fn what_a_remote_holds_is_shown_with_its_name_and_heard_by_other_processes_and_no_more_once_it_is_forgotten() {
    let a = site("anchor");
    let (first, second) = (a.note("one"), a.note("two"));
    a.journal.seal(NO_PROJECT).unwrap();
    assert!(a.journal.add_remote(NO_PROJECT, "stick", "/media/stick", "01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap());
    assert!(!a.journal.add_remote(NO_PROJECT, "stick", "/elsewhere", "01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap());
    let remote = a.journal.remotes(Some(NO_PROJECT)).unwrap().remove(0);
    let segments = a.journal.segments(NO_PROJECT).unwrap();
    let notes = segments.iter().find(|segment| segment.lane == 2).unwrap();
    let (tell, told) = crossbeam_channel::unbounded();
    let other = Journal::open(a.folder.path()).unwrap();
    let _watch = other.watch(move |change| tell.send(change).unwrap()).unwrap();
    let held = |seq| RemoteNote { held: Some(vec![(notes.log, seq)]), ..RemoteNote::default() };
    let of = |id: &String| {
        let entry = a.journal.delivered(&[id.parse().unwrap()]).unwrap().remove(0);
        (entry.state, entry.uploaded_to)
    };
    let there = (Delivery::Uploaded, vec!["stick".to_owned()]);
    a.journal.note_remote(remote.n, held(1)).unwrap();
    assert!(told.recv_timeout(Duration::from_mins(1)).unwrap().moved);
    assert_eq!((of(&first), of(&second).0), (there.clone(), Delivery::Sealed));
    a.journal.note_remote(remote.n, held(2)).unwrap();
    assert_eq!((of(&first), of(&second)), (there.clone(), there));
    let lane = a.journal.lanes(&remote).unwrap().into_iter().find(|lane| lane.lane == Lane::Notes).unwrap();
    assert_eq!([lane.written, lane.not_durable, lane.not_sealed, lane.not_uploaded, lane.not_seen], [2, 0, 0, 0, 2]);
    // It lost the second.
    a.journal.note_remote(remote.n, held(1)).unwrap();
    assert_eq!(of(&second).0, Delivery::Sealed);
    a.journal.remove_remote(remote.n).unwrap();
    assert_eq!(of(&first), (Delivery::Sealed, vec![]));
    a.journal.note_remote(remote.n, held(2)).unwrap();
    assert_eq!(of(&first).0, Delivery::Sealed, "who is still at it notes nothing of one that was removed");
}

#[test]
fn another_process_hears_when_events_come_further() {
    let (a, b) = (site("anchor"), site("buoy"));
    join(&a, &b);
    a.note("from a");
    b.take(&a);
    b.note("from b");
    let (tell, told) = crossbeam_channel::unbounded();
    let other = Journal::open(a.folder.path()).unwrap();
    let _watch = other.watch(move |change| tell.send(change).unwrap()).unwrap();
    a.note("one more");
    let long = Duration::from_mins(1);
    let change = told.recv_timeout(long).unwrap();
    assert!(change.head > change.after && !change.moved, "{change:?}");
    a.journal.seal(NO_PROJECT).unwrap();
    let change = told.recv_timeout(long).unwrap();
    assert!(change.head == change.after && change.moved, "sealing writes no event: {change:?}");
    a.take(&b);
    let mut moved = false;
    while !moved {
        moved = told.recv_timeout(long).expect("what b told is noticed").moved;
    }
}
