//! Fills a journal with events as use makes them, for measuring: `cargo run --release --example fill -- FOLDER EVENTS`.
//! The same numbers give the same texts; ids, times and salts are new each time.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a tool of the benchmarks, which stops where it cannot go on"
)]

use contract::Lane;
use holdover_journal::{Draft, Journal};
use serde_json::json;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;
use ulid::Ulid;

const TOGETHER: usize = 1_000;
const WORDS: [&str; 24] = [
    "anchor", "buffer", "cache", "branch", "lockfile", "merge", "retry", "socket", "thread", "window", "lease",
    "token", "stale", "missing", "warning", "closure", "borrow", "request", "timeout", "segment", "index", "harbour",
    "ferry", "cable",
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(Ok(events))) = (arguments.next(), arguments.next().map(|n| n.parse::<usize>())) else {
        println!("usage: fill FOLDER EVENTS");
        std::process::exit(2);
    };
    let began = Instant::now();
    let journal = Journal::open(Path::new(&folder)).unwrap();
    let workspaces: Vec<Ulid> =
        (0..5).map(|n| journal.workspace_id(Path::new(&format!("/projects/{n}"))).unwrap()).collect();
    let entities: Vec<Ulid> = (0..2_000).map(|_| Ulid::generate()).collect();
    for begin in (0..events).step_by(TOGETHER) {
        let drafts: Vec<Draft> =
            (begin..events.min(begin + TOGETHER)).map(|n| draft(n, &workspaces, &entities)).collect();
        journal.append_all(&drafts, false).unwrap();
    }
    journal.flush().unwrap();
    let written = began.elapsed();
    journal.catch_up(|_| ControlFlow::Continue(())).unwrap();
    println!(
        "{events} events in {:.1} s, {:.0} a second; projections {:.1} s; {:.1} MiB",
        written.as_secs_f64(),
        f64::from(u32::try_from(events).unwrap()) / written.as_secs_f64(),
        began.elapsed().saturating_sub(written).as_secs_f64(),
        f64::from(u32::try_from(journal.bytes() >> 10).unwrap()) / 1024.0
    );
}

/// Four observations to one note; a word that only one event in ten thousand holds is among them.
fn draft(n: usize, workspaces: &[Ulid], entities: &[Ulid]) -> Draft {
    let mut text = String::new();
    for place in 0..12 {
        text.push_str(WORDS[(n * 7 + n / 24 * place + place * place) % WORDS.len()]);
        text.push(' ');
    }
    if n.is_multiple_of(10_000) {
        text.push_str("lighthouse");
    }
    let path = format!("src/part{}/file{}.rs", n % 40, n % 900);
    let note = n.is_multiple_of(5);
    let (kind, lane, payload) = if note {
        let op = |field: &str, value: &str| json!({"f": field, "op": "set", "v": value, "pred": []});
        ("note.add", Lane::Notes, json!({"ops": [op("text", &text), op("path", &path)], "path": path, "text": text}))
    } else {
        (
            "check.finding",
            Lane::Observations,
            json!({"path": path, "line": n % 4_000, "tool": "clippy", "severity": "warning", "text": text}),
        )
    };
    Draft {
        kind: kind.to_owned(),
        entity: Some(entities[n % entities.len()]),
        workspace: Some(workspaces[n % workspaces.len()]),
        lane,
        intent: note,
        ..Draft::observation("", payload)
    }
}
