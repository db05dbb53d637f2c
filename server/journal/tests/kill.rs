//! `kill -9` of several writers at random moments: what was acknowledged is there, in chains that verify, and the next process goes on.
//! `HOLDOVER_KILL_RUNS` sets how many runs must count, `HOLDOVER_KILL_SEED` which moments they are.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod disk;
mod support;

use contract::{JobKind, JobState, Lane};
use disk::Numbers;
use holdover_journal::{Draft, Filter, Journal, NO_PROJECT, SealPolicy, Segment, Step, holdover};
use serde_json::json;
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

const WRITERS: usize = 3;
/// Runs on one journal: the next ones begin with what was killed before.
const ON_ONE: u64 = 25;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

fn say(words: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("SAYS {words}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

#[test]
#[ignore = "run by the other test, as a process of its own, and killed by it"]
fn child() {
    let folder = std::env::var_os("HOLDOVER_TEST_FOLDER").expect("run by the other test");
    let mut numbers = Numbers(number("HOLDOVER_TEST_SEED", 0));
    let journal = Journal::open(Path::new(&folder)).unwrap();
    let mut posted = Vec::new();
    loop {
        let lane = [Lane::Local, Lane::Notes, Lane::Observations][usize::try_from(numbers.below(3)).unwrap()];
        let text = "x".repeat([30, 300, 9_000][usize::try_from(numbers.below(3)).unwrap()]);
        let intent = numbers.below(3) > 0;
        let draft = Draft { lane, intent, ..Draft::observation("check.ran", json!({"text": text})) };
        let what = numbers.below(12);
        if what < 4 {
            posted.push(journal.post(&Draft { intent: false, ..draft }).unwrap().to_string());
            continue;
        }
        say("begins");
        let acknowledged = match what {
            4 => {
                let job = journal.job_begin(JobKind::Check, "look", None, holdover()).unwrap();
                journal.job_advance(&job.id, Step::to(JobState::Running)).unwrap();
                vec![job.id]
            }
            5 => {
                journal.flush().unwrap();
                std::mem::take(&mut posted)
            }
            // Where another writer is at it, or nothing is due, nothing happens.
            7 => {
                journal.seal_due(&SealPolicy { events: 1, ..SealPolicy::default() }, i64::MAX).unwrap();
                Vec::new()
            }
            6 => journal.append_all(&[draft.clone(), draft], false).unwrap().iter().map(ToString::to_string).collect(),
            _ => vec![journal.append(draft).unwrap().id],
        };
        say(&format!("acknowledges {}", acknowledged.join(",")));
    }
}

enum Told {
    /// This writer began to write something.
    Began(usize),
    /// It was told that these events are written.
    Acknowledged(usize, Vec<String>),
}

/// Tells what a writer says until it is killed; the last line may be cut by that, and was then not said.
fn listen(n: usize, child: &mut Child, tell: Sender<Told>) -> std::thread::JoinHandle<()> {
    let out = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || {
        let mut out = out;
        let mut line = String::new();
        while out.read_line(&mut line).is_ok_and(|read| read > 0) {
            if let Some((_, said)) = line.split_once("SAYS ").filter(|_| line.ends_with('\n')) {
                let told = match said.trim_end().split_once(' ') {
                    Some((_, ids)) => {
                        let ids = ids.split(',').filter(|id| !id.is_empty()).map(str::to_owned);
                        Told::Acknowledged(n, ids.collect())
                    }
                    None if said.trim_end() == "acknowledges" => Told::Acknowledged(n, Vec::new()),
                    None => Told::Began(n),
                };
                let _ = tell.send(told);
            }
            line.clear();
        }
    })
}

/// One run: whether it counts, which is when something was acknowledged and something else was being written as it ended.
fn run(folder: &Path, numbers: &mut Numbers, acknowledged: &mut HashSet<String>) -> bool {
    let mut writers: Vec<Child> = (0..WRITERS)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "child", "--ignored", "--nocapture"])
                .env("HOLDOVER_TEST_FOLDER", folder)
                .env("HOLDOVER_TEST_SEED", numbers.next().to_string())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let (tell, told) = channel();
    let listeners: Vec<_> = writers.iter_mut().enumerate().map(|(n, child)| listen(n, child, tell.clone())).collect();
    drop(tell);
    let mut writing = [false; WRITERS];
    let before = acknowledged.len();
    let mut note = |told: Told, writing: &mut [bool; WRITERS]| match told {
        Told::Began(n) => writing[n] = true,
        Told::Acknowledged(n, ids) => {
            writing[n] = false;
            acknowledged.extend(ids);
        }
    };
    // From the first sign of life on, so that processes are killed while they open the journal as well.
    note(told.recv_timeout(Duration::from_mins(1)).expect("a writer lives"), &mut writing);
    for _ in 0..numbers.below(60) {
        note(told.recv_timeout(Duration::from_mins(1)).expect("the writers live"), &mut writing);
    }
    let first = usize::try_from(numbers.below(WRITERS as u64)).unwrap();
    for n in 0..WRITERS {
        std::thread::sleep(Duration::from_micros(numbers.below(3_000)));
        writers[(first + n) % WRITERS].kill().unwrap();
    }
    for writer in &mut writers {
        writer.wait().unwrap();
    }
    for listener in listeners {
        listener.join().unwrap();
    }
    for told in told {
        note(told, &mut writing);
    }
    acknowledged.len() > before && writing.contains(&true)
}

/// Every segment is whole, and each log's follow each other without a gap.
fn sound_segments(journal: &Journal) -> usize {
    let segments = journal.segments(NO_PROJECT).unwrap();
    let mut last = ([0; 16], 0);
    for segment in &segments {
        let read = Segment::read(&journal.segment_bytes(segment).unwrap().unwrap()).unwrap();
        assert_eq!((read.origin.log, read.first, read.last), (segment.log, segment.first, segment.last));
        assert_eq!(segment.first, if last.0 == segment.log { last.1 + 1 } else { 1 });
        last = (segment.log, segment.last);
    }
    segments.len()
}

#[test]
fn every_acknowledged_event_outlives_a_kill_of_all_writers_at_any_moment() {
    let wanted = number("HOLDOVER_KILL_RUNS", 20);
    let mut numbers = Numbers(number("HOLDOVER_KILL_SEED", 1));
    let (mut counted, mut tried, mut events, mut sealed) = (0, 0, 0, 0);
    while counted < wanted {
        let folder = disk::scratch();
        let mut acknowledged = HashSet::new();
        let mut on_this = 0;
        while on_this < ON_ONE && counted < wanted {
            assert!(tried < 4 * wanted + 20, "only {counted} of {tried} runs count");
            (tried, on_this) = (tried + 1, on_this + 1);
            counted += u64::from(run(folder.path(), &mut numbers, &mut acknowledged));
            let journal = Journal::open(folder.path()).unwrap();
            // A job's event is about the job; every other event of this test is about itself.
            let entries = journal.entries(&Filter::default()).unwrap();
            let there: HashSet<String> = entries.iter().map(|entry| entry.entity.clone()).collect();
            let lost: Vec<_> = acknowledged.difference(&there).collect();
            assert!(lost.is_empty(), "run {tried}: {} of {} are lost: {lost:?}", lost.len(), acknowledged.len());
            assert_eq!(journal.verify().unwrap().events, entries.len() as u64, "run {tried}");
            sealed += sound_segments(&journal);
            journal.append(Draft { intent: true, ..Draft::observation("check.ran", json!({})) }).unwrap();
        }
        events += acknowledged.len();
        // The last connection that closes moves the log into the database, which alone carries the pages' seals.
        let raw = support::raw(folder.path());
        let whole: String = raw.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(whole, "ok");
        let mut statement = raw.prepare("PRAGMA cipher_integrity_check").unwrap();
        let broken: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert!(broken.is_empty(), "{broken:?}");
    }
    assert!(sealed > 0, "some of the writers sealed");
    println!("{counted} runs of {tried} count, {events} events were acknowledged");
}
