//! A full disk: what cannot be written is told, nothing that was acknowledged is lost, and with space it goes on.
//! Each case is a process of its own on a file system of its own, as large as the case wants.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use holdover_journal::{Draft, Filter, Journal, JournalError};
use serde_json::json;
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const BALLAST: usize = 256 * 1024;

fn draft(intent: bool) -> Draft {
    Draft { intent, ..Draft::observation("check.ran", json!({"text": "x".repeat(700)})) }
}

fn is_clear(text: &str, folder: &Path) {
    assert!(text.contains("hint: ") && text.contains(folder.to_str().unwrap()), "{text}");
    assert!(text.contains("space") || text.contains("full") || text.contains("disk"), "{text}");
}

#[test]
#[ignore = "run by the other test, on a small file system"]
fn child() {
    let mount = std::env::var_os("HOLDOVER_TEST_FOLDER").unwrap();
    let ballast = Path::new(&mount).join("ballast");
    let folder = Path::new(&mount).join("data");
    fs::write(&ballast, vec![1; BALLAST]).unwrap();
    let mut acknowledged = HashSet::new();
    let mut refusals = 0;
    // Opened on the nearly full disk, which may be too small even for that.
    match Journal::open(&folder) {
        Err(error) => {
            is_clear(&error.to_string(), &folder);
            refusals += 1;
        }
        Ok(journal) => {
            let error = loop {
                match journal.append(draft(true)) {
                    Ok(entry) => acknowledged.insert(entry.id),
                    Err(error) => break error,
                };
                assert!(acknowledged.len() < 100_000, "the disk is never full");
            };
            assert!(matches!(error, JournalError::DiskFull { .. }), "{error:?}");
            is_clear(&error.to_string(), &folder);
            // Nobody waits for an observation; that it was not written is told when it is asked.
            let posted = journal.post(&draft(false)).unwrap();
            let flushed = journal.flush();
            let there: HashSet<String> =
                journal.entries(&Filter::default()).unwrap().into_iter().map(|entry| entry.id).collect();
            if !there.contains(&posted.to_string()) {
                let trouble = journal.trouble().expect("an observation was lost without a word").to_string();
                is_clear(&trouble, &folder);
                refusals += 1;
            } else if let Err(error) = flushed {
                is_clear(&error.to_string(), &folder);
            }
            assert!(acknowledged.is_subset(&there), "what was acknowledged is read while the disk is full");
            journal.verify().unwrap();
            drop(journal);
            // Opened again while it is still full: it works, or says why.
            match Journal::open(&folder) {
                Ok(journal) => drop(journal.verify().unwrap()),
                Err(error) => is_clear(&error.to_string(), &folder),
            }
        }
    }
    fs::remove_file(&ballast).unwrap();
    let left: Vec<String> = fs::read_dir(&folder)
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    assert!(!left.iter().any(|name| name.contains(".new")), "half files are left: {left:?}");
    let journal = Journal::open(&folder).unwrap();
    let there: HashSet<String> =
        journal.entries(&Filter::default()).unwrap().into_iter().map(|entry| entry.id).collect();
    assert!(acknowledged.is_subset(&there), "{} were acknowledged, {} are there", acknowledged.len(), there.len());
    journal.append(draft(true)).unwrap();
    journal.verify().unwrap();
    println!("SAYS {} {refusals}", acknowledged.len());
}

#[test]
fn a_full_disk_loses_nothing_that_was_acknowledged_and_is_told() {
    let (mut acknowledged, mut refusals) = (0, 0);
    // From too small for the key file to some hundred events; the odd steps put the end into different writes.
    for kib in (260..1_000).step_by(37) {
        let folder = tempfile::tempdir().unwrap();
        let script = "mount -t tmpfs -o size=${1}k tmpfs \"$2\" && HOLDOVER_TEST_FOLDER=\"$2\" exec \"$3\" --exact child --ignored --nocapture";
        let output = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
            .arg(kib.to_string())
            .arg(folder.path())
            .arg(std::env::current_exe().unwrap())
            .output()
            .expect("unshare is there: util-linux is part of every Linux");
        let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{kib} KiB: {said}{complaint}");
        let Some((_, words)) = said.lines().find_map(|line| line.split_once("SAYS ")) else {
            panic!("{kib} KiB: {said}{complaint}");
        };
        let words: Vec<usize> = words.split(' ').map(|word| word.parse().unwrap()).collect();
        acknowledged += words[0];
        refusals += words[1];
    }
    assert!(
        acknowledged > 100 && refusals > 5,
        "the disk was full in time, and not too early: {acknowledged}, {refusals}"
    );
}
