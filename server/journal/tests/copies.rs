//! A journal that was restored from a backup or copied goes on in a new epoch, and nothing is forked, lost or read twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use contract::{Delivery, DeviceKind, Lane};
use holdover_journal::{Draft, Filter, Journal, NO_PROJECT, Op, OpenError, Reason, Terms};
use std::fs;
use std::path::Path;
use support::raw;

fn note(journal: &Journal, text: &str) -> String {
    let draft = Draft::intent("note.add", Lane::Notes, journal.person().unwrap(), &[Op::set("body", text)]);
    journal.append(draft).unwrap().id
}

fn bodies(journal: &Journal) -> Vec<String> {
    let notes = journal.entries(&Filter { kind: Some("note.".to_owned()), ..Filter::default() }).unwrap();
    let mut bodies: Vec<String> = notes.iter().map(|n| n.payload["ops"][0]["v"].as_str().unwrap().to_owned()).collect();
    bodies.sort();
    bodies
}

fn epochs(folder: &Path) -> (i64, String) {
    let database = raw(folder);
    let last = "SELECT n, reason FROM epoch ORDER BY n DESC LIMIT 1";
    database.query_row(last, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

fn sealed(journal: &Journal) -> Vec<Vec<u8>> {
    journal.seal(NO_PROJECT).unwrap();
    let segments = journal.segments(NO_PROJECT).unwrap();
    segments.iter().map(|segment| journal.segment_bytes(segment).unwrap().unwrap()).collect()
}

/// Puts `of`'s files into `to`, over what is there: the same file with other contents, as a backup tool may.
fn put_back(of: &Path, to: &Path, names: &[&str]) {
    for name in names {
        match fs::read(of.join(name)) {
            Ok(contents) => fs::write(to.join(name), contents).unwrap(),
            Err(_) => drop(fs::remove_file(to.join(name))),
        }
    }
}

const DATABASE: [&str; 3] = ["journal.db", "journal.db-wal", "journal.db-shm"];
const ALL: [&str; 6] =
    ["journal.db", "journal.db-wal", "journal.db-shm", "journal.key", "journal.json", "journal.witness"];

/// Another folder with all the files, as `cp -r` makes it.
fn copy(of: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    put_back(of, folder.path(), &ALL);
    folder
}

#[test]
fn a_journal_that_stays_where_it_is_keeps_its_epoch() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..4 {
        let journal = Journal::open(folder.path()).unwrap();
        note(&journal, &format!("{n}"));
        sealed(&journal);
    }
    assert_eq!(epochs(folder.path()).0, 1);
    // A witness that is lost or broken is written anew and accuses nobody.
    for broken in [None, Some("{"), Some("")] {
        match broken {
            None => fs::remove_file(folder.path().join("journal.witness")).unwrap(),
            Some(text) => fs::write(folder.path().join("journal.witness"), text).unwrap(),
        }
        drop(Journal::open(folder.path()).unwrap());
        assert!(fs::read_to_string(folder.path().join("journal.witness")).unwrap().contains("\"heads\""));
    }
    assert_eq!(epochs(folder.path()).0, 1);
}

#[test]
fn a_database_from_a_backup_goes_on_in_a_new_epoch_and_gets_back_what_was_sealed_since() {
    let (folder, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let journal = Journal::open(folder.path()).unwrap();
    note(&journal, "sealed before");
    sealed(&journal);
    note(&journal, "waiting at the time of the backup");
    drop(journal);
    put_back(folder.path(), backup.path(), &DATABASE);
    let journal = Journal::open(folder.path()).unwrap();
    note(&journal, "sealed after");
    let elsewhere = sealed(&journal);
    drop(journal);
    put_back(backup.path(), folder.path(), &DATABASE);

    let journal = Journal::open(folder.path()).unwrap();
    let (n, reason) = epochs(folder.path());
    assert!(n == 2 && reason.contains("a backup was put back"), "{n}: {reason}");
    assert_eq!(bodies(&journal), ["sealed before", "waiting at the time of the backup"]);
    note(&journal, "written since");
    let again = sealed(&journal);
    journal.verify().unwrap();
    // What was sealed before comes back, from wherever it was carried to, and nothing is read twice.
    for segment in &elsewhere {
        let imported = journal.import(segment).unwrap();
        assert_eq!(imported.quarantined, None);
    }
    let all = ["sealed after", "sealed before", "waiting at the time of the backup", "written since"];
    assert_eq!(bodies(&journal), all);
    journal.verify().unwrap();
    assert_eq!(epochs(folder.path()).0, 2, "once is enough");
    let notes = journal.entries(&Filter { kind: Some("note.".to_owned()), ..Filter::default() }).unwrap();
    assert!(notes.iter().all(|note| note.state == Delivery::Sealed), "{notes:?}");
    let renewed = journal.entries(&Filter { kind: Some("epoch.renewed".to_owned()), ..Filter::default() }).unwrap();
    assert_eq!((renewed.len(), &renewed[0].payload["writtenAgain"]), (1, &serde_json::json!(1)));
    // Whoever had both lives of this device has all of it once, too.
    let other = tempfile::tempdir().unwrap();
    let other = Journal::open(other.path()).unwrap();
    let terms = Terms { kind: DeviceKind::Person, until_ms: i64::MAX, expires_ms: None };
    other.ask(&journal.invite(NO_PROJECT, &terms).unwrap()).unwrap();
    for segment in sealed(&other) {
        journal.import(&segment).unwrap();
    }
    for segment in sealed(&journal).iter().chain(&elsewhere).chain(&again) {
        assert_eq!(other.import(segment).unwrap().quarantined, None);
    }
    assert_eq!(bodies(&other), all);
    other.verify().unwrap();
}

#[test]
fn of_a_folder_and_its_copy_both_run_on_and_no_log_is_forked() {
    let folder = tempfile::tempdir().unwrap();
    let first = Journal::open(folder.path()).unwrap();
    note(&first, "sealed before");
    sealed(&first);
    note(&first, "not sealed when it was copied");
    drop(first);
    let copied = copy(folder.path());
    let (first, second) = (Journal::open(folder.path()).unwrap(), Journal::open(copied.path()).unwrap());
    assert_eq!(epochs(folder.path()).0, 1, "the folder itself did not move");
    let (n, reason) = epochs(copied.path());
    assert!(n == 2 && reason.contains("a copy of the file"), "{n}: {reason}");
    for round in 0..3 {
        note(&first, &format!("first {round}"));
        note(&second, &format!("second {round}"));
        for (from, to) in [(&first, &second), (&second, &first)] {
            for segment in sealed(from) {
                assert_eq!(to.import(&segment).unwrap().quarantined, None);
            }
        }
    }
    let mut all = vec!["not sealed when it was copied".to_owned(), "sealed before".to_owned()];
    all.splice(0..0, (0..3).map(|n| format!("first {n}")));
    all.extend((0..3).map(|n| format!("second {n}")));
    assert_eq!((bodies(&first), bodies(&second)), (all.clone(), all));
    for (journal, folder, epoch) in [(&first, &folder, 1), (&second, &copied, 2)] {
        journal.verify().unwrap();
        assert_eq!(journal.quarantined().unwrap(), []);
        assert_eq!(epochs(folder.path()).0, epoch);
    }
}

#[test]
fn the_same_folder_on_another_machine_goes_on_in_a_new_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    note(&journal, "before");
    drop(journal);
    let file = folder.path().join("journal.witness");
    let mut witness: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let machine = witness["machine"].as_str().map(str::to_owned);
    // Where the system does not say which machine it is, nothing is concluded from that.
    let known = machine.is_some();
    witness["machine"] = "00112233445566778899aabbccddeeff".into();
    fs::write(&file, witness.to_string()).unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let (n, reason) = epochs(folder.path());
    assert_eq!((n, reason.contains("another machine")), if known { (2, true) } else { (1, false) });
    assert_eq!(bodies(&journal), ["before"]);
    journal.verify().unwrap();
    let id = fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let text = fs::read_to_string(&file).unwrap();
    assert!(id.trim().is_empty() || !text.contains(id.trim()), "the witness does not name the machine");
}

#[test]
fn a_copy_that_nothing_here_can_tell_is_noticed_when_its_events_come_back() {
    // As after a whole disk was cloned: the same machine to all appearances, and the same file.
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    note(&journal, "common");
    sealed(&journal);
    drop(journal);
    let backup = tempfile::tempdir().unwrap();
    put_back(folder.path(), backup.path(), &ALL);
    let journal = Journal::open(folder.path()).unwrap();
    note(&journal, "of the clone");
    let of_the_clone = sealed(&journal);
    drop(journal);
    put_back(backup.path(), folder.path(), &ALL);
    let (journal, beside) = (Journal::open(folder.path()).unwrap(), Journal::open(folder.path()).unwrap());
    assert_eq!(epochs(folder.path()).0, 1);
    note(&journal, "of this one");
    let outcomes: Vec<Option<Reason>> =
        of_the_clone.iter().map(|segment| journal.import(segment).unwrap().quarantined).collect();
    assert!(outcomes.contains(&Some(Reason::Fork)), "{outcomes:?}");
    assert_eq!(epochs(folder.path()).0, 2);
    // Another process that had the journal open goes on in the new epoch as well.
    note(&beside, "of a process beside");
    let logs: i64 = raw(folder.path())
        .query_row("SELECT count(*) FROM log WHERE lane = 2 AND own = 1", [], |row| row.get(0))
        .unwrap();
    assert_eq!(logs, 1);
    // Both histories are ours: what stands in the other one alone is written again too, and nothing is lost.
    assert_eq!(bodies(&journal), ["common", "of a process beside", "of the clone", "of this one"]);
    journal.verify().unwrap();
}

#[test]
fn a_database_that_was_deleted_while_its_key_was_kept_begins_as_another_device() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    note(&journal, "before");
    let before = (journal.own_device().unwrap().id, sealed(&journal));
    drop(journal);
    for name in DATABASE {
        let _ = fs::remove_file(folder.path().join(name));
    }
    let refused = Journal::open(folder.path()).unwrap_err();
    assert!(matches!(refused, OpenError::DatabaseMissing { .. }), "{refused}");
    fs::remove_file(folder.path().join("journal.json")).unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    assert_ne!(journal.own_device().unwrap().id, before.0);
    note(&journal, "after");
    // What the device before it wrote is a stranger's, until somebody vouches for it.
    for segment in &before.1 {
        assert_eq!(journal.import(segment).unwrap().quarantined, Some(Reason::UnknownDevice));
    }
    assert_eq!((bodies(&journal), epochs(folder.path()).0), (vec!["after".to_owned()], 1));
    journal.verify().unwrap();
}
