//! A journal that a later version has written: it is read as far as it can be, nothing is written, and its files stay as they are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use contract::{JobKind, Lane};
use holdover_journal::{
    DeviceError, Draft, Filter, ImportError, Journal, JournalError, LeaseError, NO_PROJECT, OpenError, Retention,
    Rules, SealPolicy, holdover,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use support::{picture, raw};

/// A journal with three events and a job, closed, and then changed by `sql` as a later version might.
fn written_by_a_later_version(sql: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for n in 0..3 {
        journal.append(Draft { intent: true, ..Draft::observation("check.ran", json!({"n": n})) }).unwrap();
    }
    journal.job_begin(JobKind::Fetch, "get", None, holdover()).unwrap();
    journal.workspace_id(Path::new("/known")).unwrap();
    drop(journal);
    raw(folder.path()).execute_batch(&format!("PRAGMA user_version = 900; {sql}")).unwrap();
    folder
}

/// The files that hold something; the index of the log is made anew by every first reader.
fn files(folder: &Path) -> BTreeMap<String, (u32, String)> {
    let mut files = picture(folder);
    files.retain(|name, _| !name.ends_with("-shm"));
    files
}

fn is_told<T: std::fmt::Debug>(result: Result<T, JournalError>) {
    let error = result.expect_err("it was written");
    assert!(matches!(error, JournalError::Newer { found: 900, .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("format 900") && text.contains("journal.db") && text.contains("\nhint: "), "{text}");
}

#[test]
fn a_newer_journal_is_read_and_every_write_says_why_not() {
    // Columns and tables that are not known here are passed over.
    let folder = written_by_a_later_version("ALTER TABLE event ADD COLUMN later TEXT; CREATE TABLE later (x);");
    let before = files(folder.path());
    let journal = Journal::open(folder.path()).unwrap();
    let entries = journal.entries(&Filter::default()).unwrap();
    let kinds: Vec<&str> = entries.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["check.ran", "check.ran", "check.ran", "job.queued"]);
    assert_eq!(journal.verify().unwrap().events, 4);
    assert_eq!((journal.count().unwrap(), journal.jobs(true).unwrap().len()), (4, 1));
    assert!(journal.workspace_id(Path::new("/known")).is_ok());
    assert_eq!(journal.remember_get("nothing").unwrap(), None);
    is_told(Err::<(), _>(journal.newer().unwrap()));

    let draft = Draft::observation("check.ran", json!({}));
    is_told(journal.append(draft.clone()));
    is_told(journal.append(Draft { intent: true, ..draft.clone() }));
    is_told(journal.append_all(&[draft.clone(), draft.clone()], true));
    is_told(journal.flush());
    is_told(journal.job_begin(JobKind::Fetch, "get", None, holdover()));
    is_told(journal.jobs_rebuild());
    is_told(journal.workspace_id(Path::new("/unknown")));
    let Err(LeaseError::Journal(refused)) = journal.lease("fetch") else { panic!("a lease was given") };
    is_told(Err::<(), _>(refused));
    journal.remember_put_many(vec![("key".to_owned(), vec![1])]);
    journal.post(&draft).unwrap();
    drop(journal.flush());
    is_told(Err::<(), _>(journal.trouble().unwrap()));
    drop(journal);
    assert_eq!(files(folder.path()), before, "not a byte was changed, and no file was added");
}

#[test]
fn nothing_of_a_newer_journal_is_sealed_taken_in_deleted_or_cleaned() {
    let other = tempfile::tempdir().unwrap();
    let brought = {
        let journal = Journal::open(other.path()).unwrap();
        journal.append(Draft { intent: true, lane: Lane::Notes, ..Draft::observation("note.add", json!({})) }).unwrap();
        journal.seal(NO_PROJECT).unwrap();
        let segment = journal.segments(NO_PROJECT).unwrap().remove(0);
        journal.segment_bytes(&segment).unwrap().unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let write = |text: &str| {
        let draft = Draft { intent: true, lane: Lane::Notes, ..Draft::observation("note.add", json!({"text": text})) };
        journal.append(draft).unwrap().id.parse().unwrap()
    };
    let (gone, stays) = (write("gone"), write("stays"));
    journal.redact(&[gone], "deleted and not yet cleaned", &holdover()).unwrap();
    assert_eq!(journal.erasures_pending().unwrap(), 1);
    drop(journal);
    raw(folder.path()).execute_batch("PRAGMA user_version = 900").unwrap();
    let before = files(folder.path());
    let journal = Journal::open(folder.path()).unwrap();
    is_told(journal.erase());
    is_told(journal.redact(&[stays], "never", &holdover()));
    is_told(journal.seal(NO_PROJECT));
    is_told(journal.seal_due(&SealPolicy::leaving(), i64::MAX));
    let Err(ImportError::Journal(refused)) = journal.import(&brought) else { panic!("it was taken in") };
    is_told(Err::<(), _>(refused));
    let Err(DeviceError::Journal(refused)) = journal.name_device(Some("other"), None) else { panic!("it was named") };
    is_told(Err::<(), _>(refused));
    let rules = Rules { observations: Some(0), local: Some(0), notes: Some(0) };
    let retention = Retention { rest: rules, ..Retention::default() };
    is_told(journal.retain(&retention, i64::MAX / 2, |_, _| ControlFlow::Continue(())));
    is_told(journal.clock_stands(i64::MAX / 2));
    assert_eq!(journal.entries(&Filter::default()).unwrap().len(), 3);
    drop(journal);
    assert_eq!(files(folder.path()), before, "not a byte was changed");
}

#[test]
fn a_newer_journal_whose_log_was_not_moved_keeps_it() {
    let folder = written_by_a_later_version("");
    // A copy taken while it is open: as if its writer had been killed.
    let open = raw(folder.path());
    open.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA user_version = 901").unwrap();
    let copy = tempfile::tempdir().unwrap();
    for name in ["journal.db", "journal.db-wal", "journal.key", "journal.json"] {
        fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    assert!(fs::metadata(copy.path().join("journal.db-wal")).unwrap().len() > 0, "the newer format is in the log only");
    let before = files(copy.path());
    let journal = Journal::open(copy.path()).unwrap();
    assert!(matches!(journal.newer(), Some(JournalError::Newer { found: 901, .. })));
    assert_eq!(journal.count().unwrap(), 4);
    drop(journal);
    assert_eq!(files(copy.path()), before);
}

#[test]
fn a_newer_journal_that_cannot_be_read_here_is_left_alone_with_the_reason() {
    let renamed = written_by_a_later_version("ALTER TABLE event RENAME COLUMN header TO head;");
    let described = written_by_a_later_version("");
    fs::write(described.path().join("journal.json"), r#"{"format": 900, "journal": ["of", "another", "shape"]}"#)
        .unwrap();
    for folder in [renamed, described] {
        let before = files(folder.path());
        let error = Journal::open(folder.path()).unwrap_err();
        assert!(matches!(error, OpenError::Newer { found: 900, .. }), "{error}");
        assert!(error.to_string().contains("hint: install the newer Holdover"), "{error}");
        assert_eq!(files(folder.path()), before);
    }
}

#[test]
fn a_description_of_a_later_form_that_says_enough_is_enough_to_read() {
    let folder = written_by_a_later_version("");
    let file = folder.path().join("journal.json");
    let mut text: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    (text["format"], text["later"]) = (900.into(), "something".into());
    fs::write(&file, text.to_string()).unwrap();
    let before = files(folder.path());
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(journal.count().unwrap(), 4);
    is_told(journal.append(Draft::observation("check.ran", json!({}))));
    drop(journal);
    assert_eq!(files(folder.path()), before);
}
