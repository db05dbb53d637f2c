//! A power loss or a bad disk leaves half a file: whatever it is, what is intact is still there, or the journal says what is
//! wrong and leaves the files as they are. Never a panic, never another answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use holdover_journal::{Draft, Filter, Journal, OpenError, VerifyError};
use proptest::prelude::*;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use support::picture;

const FILES: [&str; 4] = ["journal.db", "journal.db-wal", "journal.key", "journal.json"];
/// Events that lie in the database itself, and those that are only in its log.
const CHECKPOINTED: usize = 20;
const LOGGED: usize = 30;

/// The files as a loss of power left them.
struct Crashed {
    folder: tempfile::TempDir,
    /// Ids of all events, each acknowledged as durable, in their order.
    ids: Vec<String>,
    /// Bytes of the log once each of the events in it was acknowledged.
    ends: Vec<usize>,
    database: usize,
}

static CRASHED: LazyLock<Crashed> = LazyLock::new(|| {
    let (live, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let append = |journal: &Journal, n: usize| {
        let payload = json!({"n": n, "text": "x".repeat(n * 40)});
        journal.append(Draft { intent: true, ..Draft::observation("check.ran", payload) }).unwrap().id
    };
    let journal = Journal::open(live.path()).unwrap();
    let mut ids: Vec<String> = (0..CHECKPOINTED).map(|n| append(&journal, n)).collect();
    drop(journal);
    let journal = Journal::open(live.path()).unwrap();
    let mut ends = Vec::new();
    for n in 0..LOGGED {
        ids.push(append(&journal, n));
        ends.push(fs::metadata(live.path().join("journal.db-wal")).unwrap().len() as usize);
    }
    assert!(ends.is_sorted() && ends[0] > 0, "the log was not begun anew: {ends:?}");
    for name in FILES {
        fs::copy(live.path().join(name), folder.path().join(name)).unwrap();
    }
    let database = fs::metadata(folder.path().join("journal.db")).unwrap().len() as usize;
    Crashed { folder, ids, ends, database }
});

/// How many events must be there if the log is whole up to this byte.
fn intact(log: usize) -> usize {
    CHECKPOINTED + CRASHED.ends.iter().filter(|end| **end <= log).count()
}

#[derive(Debug, Clone)]
enum Damage {
    /// Cut off behind this byte.
    Cut(usize),
    /// One bit is another.
    Flip(usize, u8),
    /// A sector was never written.
    Zeros(usize),
}

impl Damage {
    /// Does it, and answers with the first byte that changed, if one did.
    fn to(&self, file: &Path) -> Option<usize> {
        let before = fs::read(file).unwrap();
        let mut bytes = before.clone();
        match *self {
            Damage::Cut(at) => bytes.truncate(at),
            Damage::Flip(at, bit) => bytes[at] ^= 1 << bit,
            Damage::Zeros(at) => {
                let start = at / 512 * 512;
                let end = (start + 512).min(bytes.len());
                bytes[start..end].fill(0);
            }
        }
        fs::write(file, &bytes).unwrap();
        let same = before.iter().zip(&bytes).take_while(|(a, b)| a == b).count();
        (same < before.len()).then_some(same)
    }
}

fn damages(bytes: usize) -> impl Strategy<Value = Damage> {
    prop_oneof![
        (0..bytes).prop_map(Damage::Cut),
        (0..bytes, 0_u8..8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        (0..bytes).prop_map(Damage::Zeros),
    ]
}

fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in FILES {
        fs::copy(CRASHED.folder.path().join(name), folder.path().join(name)).unwrap();
    }
    folder
}

fn is_clear(text: &str, folder: &Path) {
    assert!(text.contains("\nhint: "), "says what to do next: {text}");
    assert!(text.contains(folder.to_str().unwrap()), "names the file: {text}");
    assert!(!text.contains("was not encrypted with the key"), "the key is the right one: {text}");
}

/// The events, or `None` after a clear refusal that changed nothing.
fn look(folder: &Path) -> Option<Vec<String>> {
    let before = picture(folder);
    let journal = match Journal::open(folder) {
        Ok(journal) => journal,
        Err(error) => {
            assert!(
                matches!(
                    error,
                    OpenError::Damaged { .. } | OpenError::NotADatabase { .. } | OpenError::DatabaseMissing { .. }
                ),
                "{error:?}"
            );
            is_clear(&error.to_string(), folder);
            let mut after = picture(folder);
            // SQLite's shared memory holds nothing that outlives a process.
            after.remove("journal.db-shm");
            assert_eq!(after, before, "{error}");
            return None;
        }
    };
    match journal.verify() {
        Err(VerifyError::Cancelled | VerifyError::Bytes(_)) => unreachable!("nobody stops it"),
        Ok(_) => {}
        Err(VerifyError::Journal(error)) => {
            is_clear(&error.to_string(), folder);
            return None;
        }
        Err(VerifyError::Bad(bad)) => panic!("pages that were never written together were taken for whole: {bad}"),
    }
    match journal.entries(&Filter::default()) {
        Ok(entries) => {
            // It goes on.
            match journal.append(Draft { intent: true, ..Draft::observation("check.ran", json!({})) }) {
                Ok(_) => assert_eq!(journal.verify().unwrap().events, entries.len() as u64 + 1),
                Err(error) => is_clear(&error.to_string(), folder),
            }
            Some(entries.into_iter().map(|entry| entry.id).collect())
        }
        Err(error) => {
            is_clear(&error.to_string(), folder);
            None
        }
    }
}

#[test]
fn without_damage_everything_is_there() {
    assert_eq!(look(copy().path()).unwrap(), CRASHED.ids);
}

proptest! {
    // The same cases on every machine; `PROPTEST_CASES` asks for more.
    #![proptest_config(ProptestConfig { cases: 64, rng_seed: prop::test_runner::RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_torn_log_loses_nothing_in_front_of_the_tear(damage in damages(*CRASHED.ends.last().unwrap())) {
        let folder = copy();
        let first = damage.to(&folder.path().join("journal.db-wal"));
        let expected = intact(first.unwrap_or(usize::MAX));
        let found = look(folder.path()).expect("a torn log is not a reason to refuse");
        prop_assert!(found.len() >= expected, "{} events, expected {}", found.len(), expected);
        prop_assert_eq!(&found[..], &CRASHED.ids[..found.len()], "what is there is a prefix");
    }

    #[test]
    fn a_damaged_database_is_told_or_does_not_matter(damage in damages(CRASHED.database)) {
        let folder = copy();
        damage.to(&folder.path().join("journal.db"));
        if let Some(found) = look(folder.path()) {
            // Pages that the log holds anew, or that nothing was asked of.
            prop_assert_eq!(&found, &CRASHED.ids);
        }
    }
}
