//! What holds for every projection, whatever the events, the order in which they came, and where the work was cut off.
//! Over a plain database in memory: what is stored is the same, and looking at its bytes is easy.

use super::catch_up::{Batch, step};
use super::forget::forget;
use super::*;
use crate::read::{Filter, for_each, one};
use contract::{Actor, ActorKind};
use proptest::prelude::*;
use rusqlite::types::Value as Cell;
use serde_json::json;
use std::ops::ControlFlow;
use std::time::Duration;
use ulid::Ulid;

const ALL: Batch = Batch { events: usize::MAX, time: Duration::from_hours(1) };

#[derive(Debug, Clone)]
pub(super) struct Made {
    pub log: u8,
    pub kind: &'static str,
    pub entity: Option<u8>,
    pub workspace: Option<u8>,
    pub actor: (ActorKind, &'static str),
    pub wall_ms: i64,
    pub refs: Vec<u8>,
    pub payload: Value,
    pub redacted: bool,
}

pub(super) fn ulid(n: u64) -> Ulid {
    Ulid::from_parts(1_800_000_000_000 + n, u128::from(n) * 0x9e37_79b9_7f4a_7c15)
}

pub(super) fn database() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    for script in crate::store::MIGRATIONS {
        connection.execute_batch(script).unwrap();
    }
    connection.execute("INSERT INTO device (n, public, born_ms) VALUES (1, zeroblob(32), 0)", []).unwrap();
    for log in 0..5_u8 {
        connection
            .execute(
                "INSERT INTO log (n, id, device, epoch, project, lane, own, head_seq, head_hash, lamport, durable_pos)
                 VALUES (?1, ?2, 1, zeroblob(16), zeroblob(16), ?1, 1, 0, zeroblob(32), 0, 0)",
                (log, [log; 16]),
            )
            .unwrap();
    }
    connection
}

/// Writes the events of `order`, numbers in `made`; an event's id and place in its log are its own whatever the order.
pub(super) fn write(connection: &Connection, made: &[Made], order: &[usize]) {
    for &n in order {
        let event = &made[n];
        let id = ulid(n as u64);
        let seq = made[..=n].iter().filter(|other| other.log == event.log).count() as u64;
        let payload = serde_json::to_vec(&event.payload).unwrap();
        let header = Header {
            v: 1,
            log: [event.log; 16],
            seq,
            id,
            lamport: n as u64 / 2 + 1,
            wall_ms: event.wall_ms,
            kind: event.kind.to_owned(),
            kver: 1,
            entity: event.entity.map_or(id, |entity| ulid(1000 + u64::from(entity))),
            actor: Actor { kind: event.actor.0, name: event.actor.1.to_owned(), model: None, prompt: None },
            seen: event
                .refs
                .iter()
                .map(|n| crate::header::Seen {
                    log: [n % 5; 16],
                    seq: u64::from(*n) % 3,
                    hash: [event.wall_ms as u8; 8],
                })
                .collect(),
            class: u32::from(event.log),
            payload_len: payload.len() as u32,
            payload_commit: [0; 32],
            refs: event.refs.iter().map(|n| ulid(u64::from(*n)).to_bytes().to_vec()).collect(),
            workspace: event.workspace.map(|workspace| ulid(2000 + u64::from(workspace))),
            sig: None,
        };
        let mut bytes = Vec::new();
        header.encode(&mut bytes);
        connection
            .execute(
                "INSERT INTO event (log, seq, id, kind, entity, workspace, lamport, wall_ms, hash, header)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, zeroblob(32), ?9)",
                (
                    event.log,
                    seq.cast_signed(),
                    id.to_bytes(),
                    event.kind,
                    header.entity.to_bytes(),
                    header.workspace.map(|w| w.to_bytes()),
                    header.lamport.cast_signed(),
                    event.wall_ms,
                    bytes,
                ),
            )
            .unwrap();
        if !event.redacted {
            let pos = connection.last_insert_rowid();
            connection.execute("INSERT INTO payload VALUES (?1, zeroblob(16), ?2)", (pos, payload)).unwrap();
        }
    }
}

pub(super) fn redact(connection: &Connection, pos: i64) {
    forget(connection, pos).unwrap();
    connection.execute("DELETE FROM payload WHERE pos = ?1", [pos]).unwrap();
}

pub(super) fn apply_all(connection: &Connection) {
    step(connection, VIEWS, ALL).unwrap();
}

/// Every row of every projection.
pub(super) fn listing(connection: &Connection) -> Vec<(String, Vec<Cell>)> {
    let mut rows = Vec::new();
    for table in VIEWS.iter().flat_map(|view| view.tables()).filter(|table| !table.listing.is_empty()) {
        let mut select = connection.prepare(table.listing).unwrap();
        let width = select.column_count();
        let found = select.query_map([], |row| (0..width).map(|column| row.get(column)).collect()).unwrap();
        rows.extend(found.map(|row| (table.name.to_owned(), row.unwrap())));
    }
    rows
}

fn payloads() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("fetch"),
        Just("crate"),
        Just("itoa"),
        Just("userName"),
        Just("get_user_name"),
        Just("日本語"),
        Just("🚢"),
        Just("Åsa"),
        Just("src/main.rs"),
        Just("anchored"),
        Just("anchor"),
        Just("x"),
        Just("\"quote OR"),
    ];
    let text = proptest::collection::vec(word, 0..6).prop_map(|words| words.join(" "));
    let path = prop_oneof![Just("src/main.rs"), Just("src/lib.rs"), Just("docs/a b.md"), Just("./src"), Just("/etc/x")];
    prop_oneof![
        3 => (text.clone(), path.clone()).prop_map(|(text, path)| json!({"title": text, "path": path, "n": 1})),
        2 => (text.clone(), text.clone()).prop_map(|(a, b)| json!({"errors": [a, b], "text": "not of every kind"})),
        3 => (text, path, 0..3_u8).prop_map(|(text, path, n)| json!({"ops": [
            {"f": "body", "op": "text", "v": text}, {"f": "path", "op": "set", "v": path},
            {"f": format!("f{n}"), "op": "inc", "v": 1},
        ]})),
        1 => Just(json!(["no object", 3, null])),
        1 => Just(json!({"ops": "no list", "title": {"deep": ["er"]}})),
    ]
}

pub(super) fn events(most: usize) -> impl Strategy<Value = Vec<Made>> {
    let kind = prop_oneof![
        Just("note.add"),
        Just("note.edit"),
        Just("review.thread"),
        Just("job.failed"),
        Just("fetch.failed"),
        Just("fetch"),
        Just("unheard.of"),
        Just("check.ran"),
    ];
    let actor = prop_oneof![
        Just((ActorKind::Person, "Anna B.")),
        Just((ActorKind::Tool, "holdover")),
        Just((ActorKind::Model, "holdover")),
    ];
    let one = (
        0..5_u8,
        kind,
        proptest::option::of(0..3_u8),
        proptest::option::of(0..2_u8),
        actor,
        0..4_000_000_000_i64,
        proptest::collection::vec(0..8_u8, 0..2),
        payloads(),
        proptest::bool::weighted(0.1),
    );
    let one = one.prop_map(|(log, kind, entity, workspace, actor, wall_ms, refs, payload, redacted)| Made {
        log,
        kind,
        entity,
        workspace,
        actor,
        wall_ms,
        refs,
        payload,
        redacted,
    });
    proptest::collection::vec(one, 1..most)
}

/// What happens to a journal between two of its transactions.
#[derive(Debug, Clone)]
enum Turn {
    Write(usize),
    Apply(usize),
    /// The process is killed after so many events of a batch.
    Killed(usize),
    Redact(usize),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let one = prop_oneof![
        (1..6_usize).prop_map(Turn::Write),
        (1..6_usize).prop_map(Turn::Apply),
        (1..6_usize).prop_map(Turn::Killed),
        (0..30_usize).prop_map(Turn::Redact),
    ];
    proptest::collection::vec(one, 0..24)
}

fn batch(events: usize) -> Batch {
    Batch { events, ..ALL }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_replay_gives_the_live_rows_wherever_the_work_was_cut_off_and_whatever_was_redacted(
        made in events(30), turns in turns(),
    ) {
        let live = database();
        let mut written = 0;
        let mut made = made;
        for turn in turns {
            match turn {
                Turn::Write(count) => {
                    let until = made.len().min(written + count);
                    write(&live, &made, &(written..until).collect::<Vec<_>>());
                    written = until;
                }
                Turn::Apply(count) => {
                    let transaction = live.unchecked_transaction().unwrap();
                    step(&live, VIEWS, batch(count)).unwrap();
                    transaction.commit().unwrap();
                }
                Turn::Killed(count) => {
                    let transaction = live.unchecked_transaction().unwrap();
                    step(&live, VIEWS, batch(count)).unwrap();
                    transaction.rollback().unwrap();
                }
                Turn::Redact(n) if n < written => {
                    redact(&live, n as i64 + 1);
                    made[n].redacted = true;
                }
                Turn::Redact(_) => {}
            }
        }
        write(&live, &made, &(written..made.len()).collect::<Vec<_>>());
        while step(&live, VIEWS, batch(3)).unwrap().events() > 0 {}
        let again = database();
        write(&again, &made, &(0..made.len()).collect::<Vec<_>>());
        apply_all(&again);
        prop_assert_eq!(listing(&live), listing(&again));
        live.execute_batch("INSERT INTO search_text (search_text) VALUES ('integrity-check')").unwrap();
    }

    #[test]
    fn a_filter_finds_what_looking_at_every_event_finds(
        made in events(30), known in 0..40_usize, kind in proptest::option::weighted(0.2, prop_oneof![Just("note."), Just("fet"), Just("fetch"), Just("zzz")]),
        entity in proptest::option::weighted(0.2, 0..4_u8), workspace in proptest::option::weighted(0.2, 0..3_u8), refers in proptest::option::weighted(0.2, 0..8_u8),
        path in proptest::option::weighted(0.2, prop_oneof![Just("src"), Just("src/main.rs"), Just("docs/a b.md"), Just("sr"), Just("/etc")]),
        actor in proptest::option::weighted(0.2, prop_oneof![Just("holdover"), Just("Anna B."), Just("nobody")]),
        lane in proptest::option::weighted(0.2, 0..5_u8), since_ms in proptest::option::weighted(0.2, 0..4_000_000_000_i64),
        until_ms in proptest::option::weighted(0.2, 0..4_000_000_000_i64), newest_first: bool, limit in proptest::option::weighted(0.2, 0..6_usize),
        after in proptest::option::weighted(0.2, 0..30_u64), before in proptest::option::weighted(0.2, 0..30_u64), is_self in proptest::option::weighted(0.2, 0..30_u64),
    ) {
        let connection = database();
        write(&connection, &made, &(0..made.len()).collect::<Vec<_>>());
        step(&connection, VIEWS, batch(known)).unwrap();
        let entity = is_self.map(ulid).or(entity.map(|n| ulid(1000 + u64::from(n))));
        let filter = Filter {
            project: None,
            kind: kind.map(str::to_owned), entity, workspace: workspace.map(|n| ulid(2000 + u64::from(n))),
            refers: refers.map(|n| ulid(u64::from(n))), path: path.map(str::to_owned), actor: actor.map(str::to_owned),
            actor_kind: lane.filter(|n| n % 2 == 0).map(|_| ActorKind::Tool), lane: lane.map(crate::chain::lane_of),
            since_ms, until_ms, newest_first, limit, after, before, id: None,
        };
        let mut expected: Vec<i64> = (1..=made.len() as i64)
            .filter(|pos| after.is_none_or(|after| *pos > after as i64) && before.is_none_or(|before| *pos < before as i64))
            .filter(|pos| filter.lets(&one(&connection, *pos).unwrap()))
            .collect();
        if newest_first {
            expected.reverse();
        }
        expected.truncate(limit.unwrap_or(usize::MAX));
        let mut found = Vec::new();
        for_each(&connection, &filter, |pos, _| {
            found.push(pos as i64);
            ControlFlow::Continue(())
        }).unwrap();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_search_finds_what_looking_at_every_text_finds(
        made in events(30), asked in "(fetch|crate|userName|username|user name|日本|🚢|asa|src/main|anch|anchor|x|OR|itoa crate|nothing)",
        kind in proptest::option::of(prop_oneof![Just("note."), Just("fetch")]), person: bool,
        path in proptest::option::of(prop_oneof![Just("src"), Just("docs/a b.md")]), span in proptest::option::of((0..4_000_000_000_i64, 0..4_000_000_000_i64)),
    ) {
        let connection = database();
        write(&connection, &made, &(0..made.len()).collect::<Vec<_>>());
        apply_all(&connection);
        let filter = Filter {
            kind: kind.map(str::to_owned), path: path.map(str::to_owned), actor_kind: person.then_some(ActorKind::Person),
            since_ms: span.map(|span| span.0.min(span.1)), until_ms: span.map(|span| span.0.max(span.1)),
            limit: Some(100), ..Filter::default()
        };
        let search = Search { text: asked, advanced: false, filter };
        let question = super::question::Question::read(&search.text, false).unwrap();
        let found = super::find::find(&connection, &question, &search).unwrap();
        let mut found: Vec<String> = found.hits.iter().map(|hit| hit.entry.id.clone()).collect();
        found.sort();
        let expected: Vec<String> = (0..made.len())
            .filter(|n| {
                let event = one(&connection, *n as i64 + 1).unwrap();
                search.filter.lets(&event)
                    && event.payload.as_ref().is_some_and(|payload| {
                        question.answer(&super::text::texts(&event.header.kind, payload), true).is_some()
                    })
            })
            .map(|n| ulid(n as u64).to_string())
            .collect();
        prop_assert_eq!(found, expected);
    }
}

/// Every byte that SQLite stores for the projections.
fn stored_bytes(connection: &Connection) -> Vec<u8> {
    let mut select = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('event', 'payload', 'search_text', 'search_listing')")
        .unwrap();
    let tables: Vec<String> = select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut bytes = Vec::new();
    for table in tables {
        let mut rows = connection.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let width = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..width {
                match row.get_ref(column).unwrap() {
                    rusqlite::types::ValueRef::Blob(part) | rusqlite::types::ValueRef::Text(part) => bytes.extend(part),
                    _ => {}
                }
                bytes.push(0);
            }
        }
    }
    bytes
}

/// Whether any four letters of the word stand there: SQLite stores a word without what it shares with the one before.
fn trace(bytes: &[u8], word: &str) -> Option<String> {
    word.as_bytes()
        .windows(4)
        .find(|part| bytes.windows(4).any(|window| window == *part))
        .map(|part| String::from_utf8_lossy(part).into_owned())
}

#[test]
fn nothing_of_a_forgotten_payload_is_in_any_byte_of_a_projection() {
    let word = "qzxjvkwphgbfmdq";
    let secret = |n: usize| json!({"title": format!("the {word} of {n}"), "path": format!("src/{word}{n}.rs")});
    let plain = |n: usize| json!({"title": format!("word{n} of other things, number {n}"), "path": "src/lib.rs"});
    // Alone, among few, and among so many that the index has several levels and pages; the first and the last word of it too.
    for (count, secrets) in [(1, vec![0]), (40, vec![3, 4, 39]), (3_000, vec![0, 700, 1_500, 1_501, 2_999])] {
        let made: Vec<Made> = (0..count)
            .map(|n| Made {
                log: 2,
                kind: "note.add",
                entity: None,
                workspace: None,
                actor: (ActorKind::Person, "a"),
                wall_ms: n as i64,
                refs: Vec::new(),
                redacted: false,
                payload: if secrets.contains(&n) { secret(n) } else { plain(n) },
            })
            .collect();
        let connection = database();
        write(&connection, &made, &(0..count).collect::<Vec<_>>());
        while step(&connection, VIEWS, batch(17)).unwrap().events() > 0 {}
        assert!(trace(&stored_bytes(&connection), word).is_some(), "it was there before");
        for n in secrets {
            redact(&connection, n as i64 + 1);
        }
        assert_eq!(trace(&stored_bytes(&connection), word), None, "{count} events");
    }
}

#[test]
fn a_projection_of_an_older_version_is_worked_out_again_and_one_of_a_newer_is_left_alone() {
    let made: Vec<Made> = (0..20)
        .map(|n| Made {
            log: 2,
            kind: "note.add",
            entity: None,
            workspace: None,
            actor: (ActorKind::Person, "a"),
            wall_ms: n,
            refs: Vec::new(),
            redacted: false,
            payload: json!({"title": format!("word{n}")}),
        })
        .collect();
    let connection = database();
    write(&connection, &made, &(0..20).collect::<Vec<_>>());
    apply_all(&connection);
    let before = listing(&connection);
    connection.execute_batch("UPDATE view SET version = 0; DELETE FROM trail_time WHERE pos = 3;").unwrap();
    assert_ne!(listing(&connection), before);
    apply_all(&connection);
    assert_eq!(listing(&connection), before);
    connection.execute_batch("UPDATE view SET version = 9, pos = 4;").unwrap();
    apply_all(&connection);
    let left: i64 = connection.query_row("SELECT max(pos) FROM view WHERE version = 9", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 4);
    assert_eq!(listing(&connection), before);
    // Filters then go through every row.
    let filter = Filter { actor: Some("a".to_owned()), ..Filter::default() };
    let mut count = 0;
    for_each(&connection, &filter, |_, _| {
        count += 1;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(count, 20);
}

#[test]
fn an_event_that_cannot_be_read_is_passed_over() {
    let connection = database();
    let mut made: Vec<Made> = Vec::new();
    for n in 0..3 {
        made.push(Made {
            log: 2,
            kind: "note.add",
            entity: None,
            workspace: None,
            actor: (ActorKind::Person, "a"),
            wall_ms: n,
            refs: Vec::new(),
            redacted: false,
            payload: json!({"title": "a word"}),
        });
    }
    write(&connection, &made, &[0, 1, 2]);
    connection
        .execute_batch("UPDATE event SET header = x'00' WHERE pos = 2; UPDATE payload SET bytes = x'ff' WHERE pos = 3;")
        .unwrap();
    apply_all(&connection);
    let found: Vec<i64> = listing(&connection)
        .into_iter()
        .filter_map(|(table, row)| match (table.as_str(), &row[1]) {
            ("trail_time", Cell::Integer(pos)) => Some(*pos),
            _ => None,
        })
        .collect();
    assert_eq!(found, [1, 3]);
}

#[test]
fn events_that_an_index_does_not_know_yet_are_found_after_those_that_it_knows() {
    let made: Vec<Made> = (0..20)
        .map(|n| Made {
            log: 2,
            kind: "note.add",
            entity: Some(1),
            workspace: None,
            actor: (ActorKind::Person, "a"),
            wall_ms: n,
            refs: vec![3],
            redacted: false,
            payload: json!({"path": "src/a.rs"}),
        })
        .collect();
    let connection = database();
    write(&connection, &made, &(0..20).collect::<Vec<_>>());
    step(&connection, VIEWS, batch(7)).unwrap();
    let filters = [
        Filter { entity: Some(ulid(1001)), ..Filter::default() },
        Filter { refers: Some(ulid(3)), ..Filter::default() },
        Filter { path: Some("src".to_owned()), ..Filter::default() },
        Filter { actor: Some("a".to_owned()), ..Filter::default() },
        Filter { actor_kind: Some(ActorKind::Person), ..Filter::default() },
        Filter { since_ms: Some(0), ..Filter::default() },
    ];
    for filter in filters {
        for newest_first in [false, true] {
            let mut found = Vec::new();
            for_each(&connection, &Filter { newest_first, ..filter.clone() }, |pos, _| {
                found.push(pos);
                ControlFlow::Continue(())
            })
            .unwrap();
            let mut all: Vec<u64> = (1..=20).collect();
            if newest_first {
                all.reverse();
            }
            assert_eq!(found, all, "{filter:?}");
        }
    }
}
