//! What indexes and searches cost on a large journal: `HOLDOVER_BENCH_EVENTS=1000000 cargo bench --bench search`.
//! It prints figures and asserts nothing: what they have to be stands in `docs/performance.md`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation
)]

use contract::{Actor, ActorKind, Lane};
use holdover_journal::{Draft, Filter, Journal, Search};
use serde_json::json;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Words by how often they are said: the first in every third text, the last hardly ever.
fn word(random: &mut u64) -> String {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let unit = (*random >> 11) as f64 / (1_u64 << 53) as f64;
    let rank = (30_000_f64.powf(unit)) as usize;
    match rank {
        1 => "error".to_owned(),
        2 => "the".to_owned(),
        3 => "crate".to_owned(),
        4 => "missing".to_owned(),
        5 => "network".to_owned(),
        rank if rank % 7 == 0 => format!("getWord{rank}Name"),
        rank => format!("word{rank}"),
    }
}

fn draft(n: usize, random: &mut u64) -> Draft {
    let text = |count: usize, random: &mut u64| (0..count).map(|_| word(random)).collect::<Vec<_>>().join(" ");
    let path = format!("src/part{}/file{}.rs", n % 40, n % 997);
    let (kind, lane, payload) = match n % 4 {
        0 => ("check.ran", Lane::Observations, json!({"name": "clippy", "message": text(14, random), "path": path})),
        1 => ("job.failed", Lane::Local, json!({"title": "get 3 artifacts", "error": text(14, random)})),
        2 => (
            "note.add",
            Lane::Notes,
            json!({"ops": [
            {"f": "body", "op": "text", "v": text(20, random)}, {"f": "path", "op": "set", "v": path}]}),
        ),
        _ => ("readiness.observed", Lane::Observations, json!({"state": "ready", "total": 564, "present": 564})),
    };
    let actor = if n % 4 == 2 { ActorKind::Person } else { ActorKind::Tool };
    let name = if n % 4 == 2 { format!("person{}", n % 13) } else { "holdover".to_owned() };
    Draft { lane, actor: Actor { kind: actor, name, model: None, prompt: None }, ..Draft::observation(kind, payload) }
}

/// Processor time of this process so far, in milliseconds: says something on a busy machine too. 0 where the system does not tell.
fn processor_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<u64> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2).flat_map(str::parse).collect();
    fields.iter().sum::<u64>() * 10
}

fn timed(name: &str, mut once: impl FnMut() -> usize) {
    let mut found = 0;
    let cpu = processor_ms();
    let mut times: Vec<Duration> = (0..30)
        .map(|_| {
            let began = Instant::now();
            found = once();
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    let ms = |at: usize| times[at].as_secs_f64() * 1e3;
    let cpu = (processor_ms() - cpu) as f64 / 30.0;
    println!("{name:<44} {found:>4} found  p50 {:>8.2} ms  worst {:>8.2} ms  processor {cpu:>6.1} ms", ms(15), ms(29));
}

fn main() {
    let events: usize = std::env::var("HOLDOVER_BENCH_EVENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let mut random = 7;
    let began = Instant::now();
    for batch in 0..events.div_ceil(500) {
        let drafts: Vec<Draft> = (batch * 500..events.min((batch + 1) * 500)).map(|n| draft(n, &mut random)).collect();
        journal.append_all(&drafts, false).unwrap();
    }
    println!("{events} events written at {:.0}/s", events as f64 / began.elapsed().as_secs_f64());
    let size = |what: &str| println!("{:.0} MB {what}", journal.bytes() as f64 / 1e6);
    size("without projections");
    let (began, cpu) = (Instant::now(), processor_ms());
    let mut steps = Vec::new();
    let mut last = Instant::now();
    journal
        .catch_up(|_| {
            steps.push(last.elapsed());
            last = Instant::now();
            ControlFlow::Continue(())
        })
        .unwrap();
    steps.sort_unstable();
    println!("processor time of the projections: {} µs an event", (processor_ms() - cpu) * 1000 / events as u64);
    println!(
        "projections made at {:.0} events/s in {} transactions: p50 {:.1} ms, p99 {:.1} ms, worst {:.1} ms",
        events as f64 / began.elapsed().as_secs_f64(),
        steps.len(),
        steps[steps.len() / 2].as_secs_f64() * 1e3,
        steps[steps.len() * 99 / 100].as_secs_f64() * 1e3,
        steps[steps.len() - 1].as_secs_f64() * 1e3,
    );
    size("with projections");
    let search = |text: &str, filter: Filter| {
        timed(&format!("search `{text}` {}", filter.kind.as_deref().unwrap_or_default()), || {
            journal
                .search(&Search { text: text.to_owned(), advanced: false, filter: filter.clone() })
                .unwrap()
                .hits
                .len()
        });
    };
    for text in [
        "error",
        "the error",
        "err",
        "erro", // spell:ignore
        "crate missing network the error",
        "word12345",
        "word123",
        "word1",
        "getWord",
        "word20003 word10001",
        "part8/file8",
        "nothing-like-it",
        "src",
        "get 3 artifacts",
    ] {
        search(text, Filter::default());
    }
    search("error", Filter { kind: Some("note.".to_owned()), ..Filter::default() });
    search("error", Filter { path: Some("src/part4".to_owned()), ..Filter::default() });
    search("clippy", Filter { kind: Some("note.".to_owned()), ..Filter::default() });
    let log = |name: &str, filter: Filter| {
        let filter = Filter { limit: Some(50), newest_first: true, ..filter };
        timed(name, || journal.entries(&filter).unwrap().len());
    };
    log("log", Filter::default());
    log("log of a folder", Filter { path: Some("src/part4".to_owned()), ..Filter::default() });
    log("log of a person", Filter { actor: Some("person4".to_owned()), ..Filter::default() });
    log("log of people", Filter { actor_kind: Some(ActorKind::Person), ..Filter::default() });
    log("log of a kind", Filter { kind: Some("note.".to_owned()), ..Filter::default() });
    log("log of no such kind", Filter { kind: Some("zzz.".to_owned()), ..Filter::default() });
    log("log until the beginning", Filter { until_ms: Some(1), ..Filter::default() });
}
