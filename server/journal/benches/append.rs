//! What the journal costs beside the SQLite under it: every row is taken in turns with a bare SQLCipher connection that has
//! the same key, the same settings and the same tables and indexes, and is printed as a ratio.
//!
//! `cargo bench -p holdover-journal`; `HOLDOVER_BENCH_EVENTS` sets the size of the journal that is opened (100,000),
//! `HOLDOVER_BENCH_TURNS` how often appends are measured (once). With `HOLDOVER_BENCH_COUNT=ours` or `=bare` nothing is timed:
//! 5,000 events are written in groups of 100, for `valgrind --tool=callgrind`, which counts instructions whatever else is running.
#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss, clippy::print_stdout)]

use criterion::{Criterion, criterion_group, criterion_main};
use holdover_journal::{Draft, Filter, Journal};
use rusqlite::{Connection, OpenFlags};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

/// The journal's tables and indexes, as they stand after every migration.
fn schema() -> String {
    let folder = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    // Their numbers come first in their names.
    files.sort();
    files.iter().map(|file| std::fs::read_to_string(file).unwrap() + "\n").collect()
}

/// As long as a header of such a draft among the first thousands; later ones are up to four bytes longer.
const HEADER: usize = 138;
/// Milliseconds since 1970, as long in a row as those of an event.
const WALL_MS: i64 = 1_790_000_000_000;

fn draft(n: usize, intent: bool) -> Draft {
    let payload = json!({"path": "src/server/handlers/completion.rs", "line": n, "tool": "clippy", "version": "0.1.95",
        "text": "this expression creates a reference which is immediately dereferenced by the compiler",
        "severity": "warning", "code": "needless_borrow", "took": 12.5, "ok": true});
    Draft { intent, ..Draft::observation("check.finding", payload) }
}

/// SQLCipher with what the journal sets, and nothing of the journal.
struct Bare {
    connection: Connection,
    n: i64,
    payload: Vec<u8>,
}

impl Bare {
    fn open(folder: &Path, synchronous: &str) -> Bare {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_CREATE;
        let connection = Connection::open_with_flags(folder.join("bare.db"), flags).unwrap();
        connection.execute_batch(&format!("PRAGMA key = \"x'{}'\";", "5c".repeat(32))).unwrap();
        let settings = format!(
            "PRAGMA foreign_keys = OFF; PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous};
             PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; {}
             INSERT INTO log (n, id, device, epoch, project, lane, own, head_seq, head_hash, lamport, durable_pos)
             VALUES (1, zeroblob(16), 1, zeroblob(16), zeroblob(16), 4, 1, 0, zeroblob(32), 0, 0);",
            schema()
        );
        connection.execute_batch(&settings).unwrap();
        connection.set_prepared_statement_cache_capacity(64);
        Bare { connection, n: 0, payload: serde_json::to_vec(&draft(1, true).payload).unwrap() }
    }

    /// The inserts that any table of events with these columns needs; ids, hashes and bytes are made up.
    fn insert(&mut self, events: usize) {
        let transaction = self.connection.unchecked_transaction().unwrap();
        for _ in 0..events {
            self.n += 1;
            let id = ulid::Ulid::generate().to_bytes();
            transaction
                .prepare_cached(
                    "INSERT INTO event (log, seq, id, kind, entity, workspace, lamport, wall_ms, hash, header)
                     VALUES (1, ?1, ?2, 'check.finding', ?2, NULL, ?1, ?4, zeroblob(32), ?3)",
                )
                .unwrap()
                .execute((self.n, id, [7_u8; HEADER].as_slice(), WALL_MS))
                .unwrap();
            let pos = transaction.last_insert_rowid();
            transaction
                .prepare_cached("INSERT INTO payload (pos, salt, bytes) VALUES (?1, zeroblob(16), ?2)")
                .unwrap()
                .execute((pos, &self.payload))
                .unwrap();
        }
        transaction.prepare_cached("UPDATE log SET head_seq = ?1 WHERE n = 1").unwrap().execute([self.n]).unwrap();
        transaction.commit().unwrap();
    }
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() - 1) * percent / 100]
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Processor time of all threads of this process so far: what others do on the machine does not show in it.
fn processor() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::from_secs(now.tv_sec.unsigned_abs()) + Duration::from_nanos(now.tv_nsec.unsigned_abs())
}

/// In turns, so that both meet the same noise.
fn durable_append() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let journal = Journal::open(ours.path()).unwrap();
    let mut bare = Bare::open(theirs.path(), "FULL");
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for n in 0..3_000 {
        let draft = draft(n, true);
        let began = Instant::now();
        journal.append(draft).unwrap();
        a.push(began.elapsed());
        let began = Instant::now();
        bare.insert(1);
        b.push(began.elapsed());
    }
    let (a50, a99, b50, b99) =
        (percentile(&mut a, 50), percentile(&mut a, 99), percentile(&mut b, 50), percentile(&mut b, 99));
    println!(
        "one durable journal append: p50 {:.0} µs, p99 {:.0} µs; bare FULL insert p50 {:.0}, p99 {:.0}; ratio p50 {:.2} (reach ≤ 1.5), p99 {:.2}",
        micros(a50),
        micros(a99),
        micros(b50),
        micros(b99),
        micros(a50) / micros(b50),
        micros(a99) / micros(b99)
    );
}

fn grouped_appends() {
    for group in [100, 1_000] {
        let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let journal = Journal::open(ours.path()).unwrap();
        let mut bare = Bare::open(theirs.path(), "FULL");
        let (mut a, mut b) = (Vec::new(), Vec::new());
        let (mut cpu_a, mut cpu_b) = (Vec::new(), Vec::new());
        for _ in 0..40_000 / group {
            let drafts: Vec<Draft> = (0..group).map(|n| draft(n, false)).collect();
            let (began, cpu) = (Instant::now(), processor());
            // One transaction with one flush, as the bare one has.
            journal.append_all(&drafts, true).unwrap();
            a.push(began.elapsed());
            cpu_a.push(processor().saturating_sub(cpu));
            let (began, cpu) = (Instant::now(), processor());
            bare.insert(group);
            b.push(began.elapsed());
            cpu_b.push(processor().saturating_sub(cpu));
        }
        let (ours, theirs) = (percentile(&mut a, 50), percentile(&mut b, 50));
        let cpu = micros(percentile(&mut cpu_b, 50)) / micros(percentile(&mut cpu_a, 50));
        let best = micros(b[0]) / micros(a[0]);
        let rate = |time: Duration| group as f64 / time.as_secs_f64();
        println!(
            "grouped appends ({group}), one transaction: {:.0} events/s; bare {:.0} events/s; ratio {:.2} (reach ≥ 0.85), of the best turns {best:.2}, of processor time {cpu:.2}",
            rate(ours),
            rate(theirs),
            rate(ours) / rate(theirs)
        );
    }
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let journal = Journal::open(ours.path()).unwrap();
    let mut bare = Bare::open(theirs.path(), "NORMAL");
    let (mut a, mut b, mut posting) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..20 {
        let drafts: Vec<Draft> = (0..2_000).map(|n| draft(n, false)).collect();
        let began = Instant::now();
        for draft in &drafts {
            journal.post(draft).unwrap();
        }
        posting.push(began.elapsed());
        journal.append(draft(0, false)).unwrap();
        a.push(began.elapsed());
        let began = Instant::now();
        // As many in a transaction as the writer takes together.
        for _ in 0..4 {
            bare.insert(500);
        }
        b.push(began.elapsed());
    }
    let (ours, theirs) = (percentile(&mut a, 50), percentile(&mut b, 50));
    println!(
        "2,000 posted events: {:.0} events/s; bare in groups of 500, NORMAL, {:.0} events/s; ratio {:.2}; a post takes {:.1} µs of its caller",
        2_001.0 / ours.as_secs_f64(),
        2_000.0 / theirs.as_secs_f64(),
        2_001.0 / 2_000.0 * theirs.as_secs_f64() / ours.as_secs_f64(),
        micros(percentile(&mut posting, 50)) / 2_000.0
    );
}

fn open_time(criterion: &mut Criterion) {
    let events: usize = std::env::var("HOLDOVER_BENCH_EVENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for n in 0..events {
        while journal.post(&draft(n, false)).is_err() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    drop(journal);
    let size = std::fs::metadata(folder.path().join("journal.db")).unwrap().len();
    println!("{events} events: {:.1} MB, {:.0} bytes an event", size as f64 / 1e6, size as f64 / events as f64);
    let mut times: Vec<Duration> = (0..200)
        .map(|_| {
            let began = Instant::now();
            let journal = Journal::open(folder.path()).unwrap();
            let took = began.elapsed();
            drop(journal);
            took
        })
        .collect();
    println!(
        "open with {events} events: p50 {:.0} µs, p99 {:.0} µs",
        micros(percentile(&mut times, 50)),
        micros(percentile(&mut times, 99))
    );
    let journal = Journal::open(folder.path()).unwrap();
    let newest = Filter { limit: Some(50), newest_first: true, ..Filter::default() };
    criterion.bench_function("the last 50 events", |b| b.iter(|| journal.entries(&newest).unwrap().len()));
    let few = Filter { kind: Some("nothing.".to_owned()), ..newest.clone() };
    criterion
        .bench_function("50 events of a kind that is not there", |b| b.iter(|| journal.entries(&few).unwrap().len()));
    let began = Instant::now();
    let verified = journal.verify().unwrap();
    println!("verify {} events: {:.0} ms", verified.events, began.elapsed().as_secs_f64() * 1e3);
    let values: Vec<(String, Vec<u8>)> =
        (0..1_427).map(|n| (format!("cargo:crate-{n}@1.0.{n}"), vec![1; 120])).collect();
    let keys: Vec<String> = values.iter().map(|(key, _)| key.clone()).collect();
    journal.remember_put_many(values);
    journal.flush().unwrap();
    criterion
        .bench_function("1,427 remembered results", |b| b.iter(|| journal.remember_get_many(&keys).unwrap().len()));
}

/// Whether instructions are counted and nothing else: by ours, or by the bare connection.
fn counted() -> bool {
    let Ok(whose) = std::env::var("HOLDOVER_BENCH_COUNT") else { return false };
    let folder = tempfile::tempdir().unwrap();
    let groups = 50;
    if whose == "bare" {
        let mut bare = Bare::open(folder.path(), "FULL");
        (0..groups).for_each(|_| bare.insert(100));
        return true;
    }
    let journal = Journal::open(folder.path()).unwrap();
    let drafts: Vec<Draft> = (0..100).map(|n| draft(n, false)).collect();
    (0..groups).for_each(|_| drop(journal.append_all(&drafts, true).unwrap()));
    drop(journal);
    let key = std::fs::read_to_string(folder.path().join("journal.key")).unwrap();
    let raw = Connection::open(folder.path().join("journal.db")).unwrap();
    raw.execute_batch(&format!("PRAGMA key = \"x'{}'\"", key.trim())).unwrap();
    let bytes: f64 = raw.query_row("SELECT avg(length(header)) FROM event", [], |row| row.get(0)).unwrap();
    println!("a header has {bytes:.0} bytes, and the bare one {HEADER}");
    true
}

fn all(criterion: &mut Criterion) {
    if counted() {
        return;
    }
    // More than one where the machine is busy with other things.
    let turns: usize = std::env::var("HOLDOVER_BENCH_TURNS").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    for _ in 0..turns {
        durable_append();
        grouped_appends();
    }
    open_time(criterion);
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20).without_plots(); targets = all }
criterion_main!(benches);
