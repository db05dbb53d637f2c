//! Any order in which several handles on one journal write, are closed and are opened again gives one valid chain a log.
//! Writers take turns inside the database, so an order of whole calls is every order there is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod disk;
mod support;

use contract::{JobKind, Lane};
use holdover_journal::{Draft, Journal, holdover};
use proptest::prelude::*;
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;

const HANDLES: usize = 3;

#[derive(Debug, Clone)]
enum Call {
    Append { lane: Lane, intent: bool },
    Post { lane: Lane },
    AppendAll { lanes: Vec<Lane>, durable: bool },
    Job,
    Flush,
    Reopen,
}

fn lanes() -> impl Strategy<Value = Lane> {
    prop_oneof![Just(Lane::Ctl), Just(Lane::Notes), Just(Lane::Observations), Just(Lane::Local)]
}

fn calls() -> impl Strategy<Value = Vec<(usize, Call)>> {
    let call = prop_oneof![
        4 => (lanes(), any::<bool>()).prop_map(|(lane, intent)| Call::Append { lane, intent }),
        4 => lanes().prop_map(|lane| Call::Post { lane }),
        2 => (prop::collection::vec(lanes(), 0..5), any::<bool>())
            .prop_map(|(lanes, durable)| Call::AppendAll { lanes, durable }),
        1 => Just(Call::Job),
        1 => Just(Call::Flush),
        1 => Just(Call::Reopen),
    ];
    prop::collection::vec((0..HANDLES, call), 1..40)
}

fn draft(lane: Lane, intent: bool) -> Draft {
    Draft { lane, intent, ..Draft::observation("check.ran", json!({"lane": lane})) }
}

/// The ids that a call promises, in the order of their events.
fn call(journal: &mut Journal, folder: &Path, call: &Call) -> Vec<String> {
    match call {
        Call::Append { lane, intent } => vec![journal.append(draft(*lane, *intent)).unwrap().id],
        Call::Post { lane } => vec![journal.post(&draft(*lane, false)).unwrap().to_string()],
        Call::AppendAll { lanes, durable } => {
            let drafts: Vec<Draft> = lanes.iter().map(|lane| draft(*lane, false)).collect();
            journal.append_all(&drafts, *durable).unwrap().iter().map(ToString::to_string).collect()
        }
        Call::Job => {
            journal.job_begin(JobKind::Check, "look", None, holdover()).unwrap();
            Vec::new()
        }
        Call::Flush => {
            journal.flush().unwrap();
            Vec::new()
        }
        Call::Reopen => {
            *journal = Journal::open(folder).unwrap();
            Vec::new()
        }
    }
}

struct Row {
    id: String,
    log: i64,
    seq: i64,
    lamport: i64,
}

fn rows(folder: &Path) -> Vec<Row> {
    let raw = support::raw(folder);
    let mut statement = raw.prepare("SELECT id, log, seq, lamport FROM event ORDER BY pos").unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        let id = ulid::Ulid::from_bytes(row.get(0)?).to_string();
        Ok(Row { id, log: row.get(1)?, seq: row.get(2)?, lamport: row.get(3)? })
    };
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

/// Each log is numbered without a gap, every number of Lamport's is used once and in the order of arrival, and of each handle
/// every promised event is there, once and in the order in which it was written.
fn is_whole(folder: &Path, promised: &[Vec<String>]) {
    let rows = rows(folder);
    let mut heads: HashMap<i64, i64> = HashMap::new();
    for (before, row) in (0..).zip(&rows) {
        let head = heads.entry(row.log).or_default();
        *head += 1;
        assert_eq!(row.seq, *head, "log {}", row.log);
        assert_eq!(row.lamport, before + 1);
    }
    let places: HashMap<&str, usize> = rows.iter().map(|row| row.id.as_str()).zip(0..).collect();
    assert_eq!(places.len(), rows.len(), "an id is there twice");
    for ids in promised {
        let found: Vec<usize> = ids.iter().map(|id| *places.get(id.as_str()).expect("an event is lost")).collect();
        assert!(found.is_sorted(), "{found:?}");
    }
    let verified = Journal::open(folder).unwrap().verify().unwrap();
    assert_eq!((verified.events, verified.logs), (rows.len() as u64, heads.len() as u64));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_of_writers_gives_one_valid_chain_a_log(calls in calls()) {
        let folder = disk::scratch();
        let mut handles: Vec<Journal> = (0..HANDLES).map(|_| Journal::open(folder.path()).unwrap()).collect();
        let mut promised = vec![Vec::new(); HANDLES];
        for (handle, one) in &calls {
            promised[*handle].extend(call(&mut handles[*handle], folder.path(), one));
        }
        drop(handles);
        is_whole(folder.path(), &promised);
    }

    #[test]
    fn writers_that_run_at_once_give_one_valid_chain_a_log(calls in calls()) {
        let folder = disk::scratch();
        let path = folder.path();
        let handles: Vec<Journal> = (0..HANDLES).map(|_| Journal::open(path).unwrap()).collect();
        let promised: Vec<Vec<String>> = std::thread::scope(|scope| {
            let run = |(n, mut journal): (usize, Journal)| {
                let own: Vec<&Call> = calls.iter().filter(|(handle, _)| *handle == n).map(|(_, call)| call).collect();
                scope.spawn(move || own.into_iter().flat_map(|one| call(&mut journal, path, one)).collect())
            };
            let threads: Vec<_> = handles.into_iter().enumerate().map(run).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        is_whole(path, &promised);
    }
}
