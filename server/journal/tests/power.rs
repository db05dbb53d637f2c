//! The power goes at any moment: what was not flushed is lost in any part and any order, and every event that was
//! acknowledged as durable is there, in a chain that verifies. `HOLDOVER_POWER_LOSSES` sets how many moments are tried.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod disk;
mod support;

use contract::JobKind;
use disk::{Disk, Numbers, Record};
use holdover_journal::{Draft, Filter, Journal, Step, holdover};
use serde_json::json;
use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const WRITERS: u64 = 2;

fn losses(usual: u64) -> u64 {
    std::env::var("HOLDOVER_POWER_LOSSES").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

#[test]
#[ignore = "run by the other tests, as processes of their own"]
fn child() {
    let (Some(folder), Ok(seed)) = (std::env::var_os("HOLDOVER_TEST_FOLDER"), std::env::var("HOLDOVER_TEST_SEED"))
    else {
        panic!("run by the other tests");
    };
    let mut numbers = Numbers(seed.parse().unwrap());
    let folder = PathBuf::from(folder);
    let mut acknowledged =
        OpenOptions::new().create(true).append(true).open(folder.with_file_name("acknowledged")).unwrap();
    for _ in 0..4 {
        let journal = Journal::open(&folder).unwrap();
        let mut posted = Vec::new();
        for n in 0..25 {
            let text = "x".repeat([30, 300, 3_000, 60_000][usize::try_from(numbers.below(4)).unwrap()]);
            let draft = Draft { intent: true, ..Draft::observation("check.ran", json!({"n": n, "text": text})) };
            let mut durable = Vec::new();
            match numbers.below(10) {
                0 => {
                    let drafts = [draft.clone(), draft];
                    durable.extend(journal.append_all(&drafts, false).unwrap().iter().map(ToString::to_string));
                }
                1 => {
                    let job = journal.job_begin(JobKind::Check, "look", None, holdover()).unwrap();
                    journal.job_advance(&job.id, Step::to(contract::JobState::Running)).unwrap();
                    // The event of a job that was begun is named after it.
                    durable.push(job.id);
                }
                2 => {
                    journal.flush().unwrap();
                    durable.append(&mut posted);
                }
                3 => journal.remember_put_many(vec![(format!("key {n}"), vec![1; 500])]),
                4 | 5 => posted.push(journal.post(&Draft { intent: false, ..draft }).unwrap().to_string()),
                _ => durable.push(journal.append(draft).unwrap().id),
            }
            // In one write each: the trace has it whole, after what it acknowledges.
            for id in durable {
                acknowledged.write_all(format!("{id}\n").as_bytes()).unwrap();
            }
        }
        // The last one that closes moves what waits into the database, and removes the log.
    }
}

/// What two processes told the disk while they made one journal and wrote to it. Their folder is `data` beside the trace.
fn written(scratch: &Path, seed: u64) -> Vec<Record> {
    let (trace, data) = (scratch.join("trace"), scratch.join("disk/data"));
    std::fs::create_dir_all(scratch.join("disk")).unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "child", "--ignored", "--nocapture"])
                .env("LD_PRELOAD", disk::interposer())
                .env("HOLDOVER_DISK_FOLDER", scratch.join("disk"))
                .env("HOLDOVER_DISK_TRACE", &trace)
                .env("HOLDOVER_TEST_FOLDER", &data)
                .env("HOLDOVER_TEST_SEED", (seed * WRITERS + n).to_string())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for writer in writers {
        let output = writer.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    disk::read_trace(&trace)
}

/// What is wrong with a journal after a loss of power, if anything is.
fn fault(folder: &Path, acknowledged: &HashSet<String>) -> Option<String> {
    let journal = match Journal::open(folder) {
        Ok(journal) => journal,
        Err(error) => return Some(format!("it does not open: {error}")),
    };
    let there = match journal.entries(&Filter::default()) {
        // A job's event is about the job; every other event of this test is about itself.
        Ok(entries) => entries.into_iter().map(|entry| entry.entity).collect::<HashSet<_>>(),
        Err(error) => return Some(error.to_string()),
    };
    if let Some(lost) = acknowledged.difference(&there).next() {
        let lost_in_all = acknowledged.difference(&there).count();
        return Some(format!("{lost_in_all} of {} were acknowledged and are gone, as {lost}", acknowledged.len()));
    }
    if let Err(error) = journal.verify() {
        return Some(error.to_string());
    }
    if let Err(error) = journal.append(Draft { intent: true, ..Draft::observation("check.ran", json!({})) }) {
        return Some(format!("it does not go on: {error}"));
    }
    // Closing moves the log into the database. Until then pages of a checkpoint that was cut short may be torn there, which the
    // log makes good; the check of the pages' own seals reads the database alone.
    drop(journal);
    let raw = support::raw(folder);
    let whole: String = raw.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    let mut statement = raw.prepare("PRAGMA cipher_integrity_check").unwrap();
    let mut seals = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    seals.next().map(Result::unwrap).or_else(|| (whole != "ok").then_some(whole))
}

/// Loses the power at `losses` moments of the trace, and says what was wrong afterwards: moment, number acknowledged, fault.
fn faults(records: &[Record], scratch: &Path, losses: u64, seed: u64) -> (u64, Vec<String>) {
    let mut numbers = Numbers(seed);
    let mut moments: Vec<usize> =
        (0..losses).map(|_| usize::try_from(numbers.below(records.len() as u64 + 1)).unwrap()).collect();
    moments.sort_unstable();
    let (mut disk, mut told) = (Disk::default(), 0);
    let (mut faults, mut most) = (Vec::new(), 0);
    for moment in moments {
        records[told..moment].iter().for_each(|record| disk.tell(record));
        told = moment;
        // What an acknowledgement says was told to a person, and is not on this disk.
        let said = disk.contents(&scratch.join("disk/acknowledged"));
        let acknowledged: HashSet<String> = String::from_utf8(said).unwrap().lines().map(str::to_owned).collect();
        most = most.max(acknowledged.len() as u64);
        let left = scratch.join("left");
        disk.lose_power(&mut numbers, &scratch.join("disk/data"), &left);
        if let Some(fault) = fault(&left, &acknowledged) {
            faults.push(format!("moment {moment} of {}: {fault}", records.len()));
        }
    }
    (most, faults)
}

#[test]
fn a_loss_of_power_at_any_moment_takes_nothing_that_was_acknowledged() {
    for seed in 0..2 {
        let scratch = disk::scratch();
        let records = written(scratch.path(), seed);
        let checkpoints = records.iter().filter(|record| matches!(record, Record::Unlink { .. })).count();
        assert!(records.len() > 1_000 && checkpoints > 0, "{} records, {checkpoints} logs were removed", records.len());
        let (acknowledged, faults) = faults(&records, scratch.path(), losses(120), seed);
        assert!(acknowledged > 80, "{acknowledged} acknowledged: too few for a test");
        assert!(faults.is_empty(), "seed {seed}: {} faults\n{}", faults.len(), faults.join("\n"));
    }
}

/// Whether the test above would see it, if flushes were left out.
#[test]
fn flushes_that_were_left_out_are_noticed() {
    let scratch = disk::scratch();
    let records = written(scratch.path(), 7);
    let of = |name: &str| -> HashSet<u64> {
        let inode = |record: &Record| match record {
            // A new one is made under another name.
            Record::Create { inode, path } => {
                (path.ends_with(name) || path.ends_with(format!("{name}.new"))).then_some(*inode)
            }
            _ => None,
        };
        records.iter().filter_map(inode).collect()
    };
    for (name, seen) in [("journal.db-wal", "were acknowledged and are gone"), ("journal.db", "")] {
        let files = of(name);
        let without: Vec<Record> = records
            .iter()
            .filter(|record| !matches!(record, Record::Sync { inode } if files.contains(inode)))
            .cloned()
            .collect();
        assert!(without.len() < records.len(), "{name} was flushed");
        let (_, faults) = faults(&without, scratch.path(), 60, 7);
        assert!(faults.iter().any(|fault| fault.contains(seen)), "{name}: not noticed: {faults:?}");
    }
}
