//! One bit is flipped in the files of a journal, anywhere: it is found with its place, or it was in bytes that hold nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_possible_truncation)]

mod support;

use contract::Lane;
use holdover_journal::{BadBytes, Draft, Filter, Journal, JournalError, Keys, VerifyError, check_files};
use serde_json::json;
use std::fs;
use std::path::Path;
use support::{cases, raw};

const FILES: [&str; 6] =
    ["journal.db", "journal.db-wal", "journal.key", "journal.json", "journal.witness", "journal.reserve"];

/// Files as they lie while a journal is open and nobody has moved its log into the database.
struct Lying {
    folder: tempfile::TempDir,
    files: Vec<(&'static str, Vec<u8>)>,
    said: String,
}

fn said(journal: &Journal) -> String {
    let entries = journal.entries(&Filter::default()).unwrap();
    let lines: Vec<String> =
        entries.iter().map(|entry| format!("{} {} {}", entry.id, entry.seq, entry.payload)).collect();
    lines.join("\n")
}

impl Lying {
    fn new() -> Lying {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let write = |n: u64| {
            let payload = json!({"n": n, "text": "lorem ipsum ".repeat((n % 40) as usize)});
            journal.append(Draft { lane: Lane::Observations, ..Draft::observation("check.ran", payload) }).unwrap();
        };
        (0..150).for_each(write);
        raw(folder.path()).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        (150..170).for_each(write);
        journal.flush().unwrap();
        let files = FILES.map(|name| (name, fs::read(folder.path().join(name)).unwrap())).into();
        let said = said(&journal);
        drop(journal);
        Lying { folder, files, said }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn bytes(&self, name: &str) -> &[u8] {
        &self.files.iter().find(|(of, _)| *of == name).unwrap().1
    }

    /// Puts everything back as it lay, in the same files, but for some bytes.
    fn lie(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let _ = fs::remove_file(self.path().join("journal.db-shm"));
        let mut change = Some(change);
        for (of, bytes) in &self.files {
            let mut bytes = bytes.clone();
            if *of == name {
                change.take().unwrap()(&mut bytes);
            }
            fs::write(self.path().join(of), bytes).unwrap();
        }
    }

    /// What a verification by somebody who comes anew says; `None`: it is whole, and everything is there.
    fn judged(&self) -> Option<BadBytes> {
        let found = match Journal::open(self.path()) {
            Ok(journal) => journal.check_files(|| true).map(|_| {
                journal.verify().unwrap();
                assert!(said(&journal) == self.said, "it was called whole, and is not");
            }),
            Err(_) => check_files(self.path(), &Keys::default(), || true)
                .map(|pages| panic!("{pages} pages are sound, and it does not open")),
        };
        match found {
            Ok(()) => None,
            Err(VerifyError::Bytes(bad)) => Some(bad),
            Err(error) => panic!("no place: {error}"),
        }
    }

    /// Flips a bit and sees to it that it is found where it is.
    fn flip(&self, name: &str, at: usize, bit: u32) -> bool {
        self.lie(name, |bytes| bytes[at] ^= 1 << bit);
        let Some(bad) = self.judged() else { return false };
        let place = bad.offset..bad.offset + bad.length;
        assert!(bad.file.ends_with(name) && place.contains(&(at as u64)), "byte {at} of {name}: {bad:?}");
        match name {
            "journal.db" => assert_eq!((bad.page, bad.length), (Some(at as u64 / 4096 + 1), 4096)),
            // The log's checksum is a weak one: where turning back either of two bits would do, the frame is named.
            _ => assert!(matches!(bad.length, 1 | 4120), "{bad:?}"),
        }
        true
    }
}

#[test]
fn files_that_lie_as_they_were_written_are_sound() {
    let lying = Lying::new();
    assert!(lying.bytes("journal.db-wal").len() > 20 * 4096, "there is something in the log");
    lying.lie("none", |_| unreachable!());
    assert_eq!(lying.judged(), None);
    let journal = Journal::open(lying.path()).unwrap();
    let pages = journal.check_files(|| true).unwrap();
    assert!(pages >= lying.bytes("journal.db").len() as u64 / 4096);
    // An end as a loss of power leaves it is no damage: what was not committed whole was not acknowledged.
    drop(journal);
    let whole = lying.bytes("journal.db-wal").len();
    for end in [0, 10, 32, 33, whole - 1, whole - 4096] {
        lying.lie("journal.db-wal", |bytes| bytes.truncate(end));
        assert_eq!(
            Journal::open(lying.path()).unwrap().check_files(|| true).err().map(|e| e.to_string()),
            None,
            "{end}"
        );
    }
    lying.lie("journal.db-wal", |bytes| bytes[whole - 2000..].fill(0));
    assert!(Journal::open(lying.path()).unwrap().check_files(|| true).is_ok(), "half of the last frame was written");
}

#[test]
fn one_bit_anywhere_is_found_with_its_place_or_was_in_bytes_that_hold_nothing() {
    let lying = Lying::new();
    let (database, log) = (lying.bytes("journal.db").len(), lying.bytes("journal.db-wal").len());
    // Where it matters most: salt, header, initialisation vector and code of pages, the log's header, a frame's header.
    for at in [0, 15, 16, 100, 4015, 4016, 4040, 4095, 4096, database - 1] {
        assert!(lying.flip("journal.db", at, at as u32 % 8), "byte {at} of the database");
    }
    let last = log - 4120;
    for at in (0..32).step_by(5).chain([32, 36, 40, 44, 48, 55, 56, 4151, last, last + 9, last + 17, log - 1]) {
        assert!(lying.flip("journal.db-wal", at, at as u32 % 8), "byte {at} of the log");
    }
    let (mut seed, mut harmless) = (20_261_121_u64, Vec::new());
    for _ in 0..cases(40) {
        // SplitMix64.
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut random = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        random = (random ^ (random >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        random ^= random >> 31;
        let at = (random >> 8) as usize % (database + log);
        let (name, at) = if at < database { ("journal.db", at) } else { ("journal.db-wal", at - database) };
        if !lying.flip(name, at, (random % 8) as u32) {
            harmless.push((name, at));
        }
    }
    // Every page of the database is authenticated, and every frame of this log counts.
    assert_eq!(harmless, []);
}

#[test]
fn more_than_a_bit_is_found_by_page_or_frame_and_what_is_cut_off_too() {
    let lying = Lying::new();
    let frame = 32 + 5 * 4120;
    lying.lie("journal.db-wal", |bytes| bytes[frame + 100..frame + 300].fill(0));
    let bad = lying.judged().unwrap();
    assert_eq!((bad.offset, bad.length), (frame as u64, 4120));
    assert!(bad.page.is_some());
    lying.lie("journal.db-wal", |bytes| bytes[..32].fill(0));
    let bad = lying.judged().unwrap();
    assert_eq!((bad.offset, bad.length), (0, 32));
    lying.lie("journal.db", |bytes| {
        bytes[3 * 4096..5 * 4096].fill(0);
    });
    assert_eq!(lying.judged().unwrap().page, Some(4), "the first of two");
    let end = lying.bytes("journal.db").len() - 100;
    lying.lie("journal.db", |bytes| bytes.truncate(end));
    let bad = lying.judged().unwrap();
    assert_eq!((bad.offset, bad.length), (end as u64 / 4096 * 4096, 3996));
}

#[test]
fn whoever_waits_can_stop_waiting_and_others_write_on() {
    let lying = Lying::new();
    let journal = Journal::open(lying.path()).unwrap();
    let other = Journal::open(lying.path()).unwrap();
    // It asks between two reads, and one read takes 2,000 events.
    let many = (0..2_500).map(|n| Draft::observation("check.ran", json!({"n": n}))).collect::<Vec<_>>();
    other.write(true, move |tx| many.iter().try_for_each(|draft| tx.append(draft).map(drop))).unwrap();
    let mut asked = 0;
    let stopped = journal.verify_watched(|now| {
        asked += 1;
        // In the middle of it, by the same process and as another would.
        other.append(Draft { intent: true, ..Draft::observation("check.ran", json!({})) }).unwrap();
        assert!(now.of >= 170);
        std::ops::ControlFlow::Break(())
    });
    assert!(asked == 1 && matches!(stopped, Err(VerifyError::Cancelled)), "{asked} {stopped:?}");
    assert!(journal.check_files(|| true).is_ok());
}

#[test]
fn what_a_transaction_left_that_was_rolled_back_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let write = || {
        journal.append(Draft { intent: true, ..Draft::observation("check.ran", json!({"n": 1})) }).unwrap();
    };
    write();
    // More than its cache holds, so that pages stand in the log before it is known how it ends.
    let other = raw(folder.path());
    other
        .execute_batch(
            "PRAGMA cache_size = 10; PRAGMA cache_spill = 10; BEGIN IMMEDIATE; CREATE TABLE large (bytes BLOB);",
        )
        .unwrap();
    for _ in 0..200 {
        other.execute("INSERT INTO large VALUES (randomblob(4000))", []).unwrap();
    }
    let long = fs::metadata(folder.path().join("journal.db-wal")).unwrap().len();
    assert!(long > 100 * 4096, "{long}");
    other.execute_batch("ROLLBACK").unwrap();
    for n in 0..3 {
        write();
        assert!(journal.check_files(|| true).is_ok(), "{n}");
    }
    assert_eq!(fs::metadata(folder.path().join("journal.db-wal")).unwrap().len(), long, "what it left is still there");
    drop(other);
    // What was committed behind a damaged place is found all the same.
    let at = 32 + 40;
    let log = folder.path().join("journal.db-wal");
    let mut bytes = fs::read(&log).unwrap();
    bytes[at..at + 16].copy_from_slice(&[7; 16]);
    fs::write(&log, &bytes).unwrap();
    assert!(matches!(check_files(folder.path(), &Keys::default(), || true), Err(VerifyError::Bytes(_))));
}

#[test]
fn what_looks_damaged_while_somebody_else_holds_the_file_is_not_called_so() {
    let lying = Lying::new();
    lying.lie("journal.db-wal", |bytes| bytes[32 + 40] ^= 1);
    let holder = raw(lying.path());
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Opening it has cut the log off; what another process reads at the moment is put there once more.
    let said = check_files(lying.path(), &Keys::default(), || true);
    assert!(matches!(&said, Err(VerifyError::Journal(JournalError::Busy { .. }))), "{said:?}");
}
