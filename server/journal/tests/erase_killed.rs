//! Writing the database anew, killed in the middle of any of its writes: the journal is whole, says that the erasure is still to be
//! done, and does it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod disk;
mod support;

use holdover_journal::{Draft, Erasure, Filter, Journal, holdover};
use serde_json::json;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

const EVENTS: usize = 40;

#[test]
#[ignore = "run by the other test, as a process of its own, and killed in it"]
fn child() {
    let folder = std::env::var_os("HOLDOVER_TEST_FOLDER").expect("run by the other test");
    let journal = Journal::open(Path::new(&folder)).unwrap();
    assert_eq!(journal.erase().unwrap(), Erasure::Done);
}

/// A journal one of whose payloads was deleted and left free pages behind.
fn made(folder: &Path) {
    let journal = Journal::open(folder).unwrap();
    let text = |n: usize| "x".repeat(if n == 20 { 120_000 } else { 3_000 });
    for n in 0..EVENTS {
        journal.append(Draft::observation("check.ran", json!({"n": n, "text": text(n)}))).unwrap();
    }
    let large = journal.entries(&Filter::default()).unwrap().remove(20).id.parse().unwrap();
    journal.redact(&[large], "", &holdover()).unwrap();
    assert_eq!(journal.erasures_pending().unwrap(), 1);
}

fn free_pages(folder: &Path) -> i64 {
    support::raw(folder).query_row("PRAGMA freelist_count", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_database_that_was_being_written_anew_when_it_was_killed_is_whole_and_is_written_anew_by_the_next() {
    let first = disk::scratch();
    made(&first.path().join("data"));
    assert!(free_pages(&first.path().join("data")) > 20);
    let (mut killed, mut in_the_middle, mut at) = (0, 0, 1);
    loop {
        let scratch = disk::scratch();
        let folder = scratch.path().join("data");
        fs::create_dir(&folder).unwrap();
        for entry in fs::read_dir(first.path().join("data")).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
        let log = folder.join("journal.db-wal");
        let before = fs::metadata(&log).map_or(0, |meta| meta.len());
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env("LD_PRELOAD", disk::interposer())
            .env("HOLDOVER_DISK_FOLDER", scratch.path())
            .env("HOLDOVER_DISK_KILL_AT", at.to_string())
            .env("HOLDOVER_TEST_FOLDER", &folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        if status.success() {
            break;
        }
        assert_eq!(status.signal(), Some(9), "write {at}: {status}");
        killed += 1;
        // The new pages are in the log, or on their way from there.
        let grown = fs::metadata(&log).map_or(0, |meta| meta.len()).saturating_sub(before);
        in_the_middle += u32::from(grown > 10 * 4096);
        let journal = Journal::open(&folder).unwrap();
        // A copy of a journal begins an epoch of its own, and says so by an event.
        let ours = Filter { kind: Some("check.ran".to_owned()), ..Filter::default() };
        let entries = journal.entries(&ours).unwrap();
        let without = entries.iter().filter(|entry| entry.payload.is_null()).count();
        assert_eq!((entries.len(), without), (EVENTS, 1), "write {at}");
        assert_eq!(journal.verify().unwrap().unexplained, 0, "write {at}");
        let pending = journal.erasures_pending().unwrap();
        drop(journal);
        assert!(pending == 1 || free_pages(&folder) == 0, "write {at}: it says that it is done, and it is not");
        let journal = Journal::open(&folder).unwrap();
        assert_eq!(journal.erase().unwrap(), Erasure::Done, "write {at}");
        drop(journal);
        assert_eq!(free_pages(&folder), 0, "write {at}");
        let whole: String = support::raw(&folder).query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(whole, "ok", "write {at}");
        at += 5;
        assert!(at < 20_000, "it never ends");
    }
    assert!(killed > 10 && in_the_middle > 5, "{killed} were killed, {in_the_middle} of them among the new pages");
}
