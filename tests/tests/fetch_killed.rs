//! `kill -9` of a Holdover in the middle of a fetch: the tool that it started does not run on beside the next one's.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::{binary, fixture::Fixture};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A program in the place of cargo.
fn program(at: &Path, script: &str) -> String {
    std::fs::write(at, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(at, std::fs::Permissions::from_mode(0o755)).unwrap();
    at.display().to_string()
}

fn runs(process: &str) -> bool {
    // A zombie still has its entry.
    std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A fetch whose tool sleeps; the numbers of the tool and of its child.
fn sleeping_fetch(fixture: &Fixture, folder: &Path) -> (Child, Vec<String>) {
    let told = folder.join("told");
    // Renamed into place, so that it is read whole.
    let script = format!("sleep 600 &\necho $$ $! > {0}.new\nmv {0}.new {0}\nwait", told.display());
    let holder = fixture
        .command(binary::holdover())
        .args(["preflight", "--fetch"])
        .env("HOLDOVER_FETCH_CARGO", program(&folder.join("slow-cargo"), &script))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let told = wait_for("the tool was started", || std::fs::read_to_string(&told).ok());
    (holder, told.split_whitespace().map(str::to_owned).collect())
}

#[test]
fn a_tool_that_outlives_a_killed_holdover_is_ended_by_the_next_fetch() {
    let mut fixture = Fixture::small();
    let folder = tempfile::tempdir().unwrap();
    std::fs::remove_file(fixture.crate_file("itoa")).unwrap();
    assert_eq!(fixture.holdover(&["trust"]).status.code(), Some(0));
    assert_eq!(fixture.holdover(&["offline", "off"]).status.code(), Some(0));

    let (mut holder, tool) = sleeping_fetch(&fixture, folder.path());
    assert_eq!(tool.len(), 2);
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(tool.iter().all(|process| runs(process)), "the tool outlives its holder: {tool:?}");

    fixture.set("HOLDOVER_FETCH_CARGO", &program(&folder.path().join("no-cargo"), "exit 1"));
    let next = fixture.holdover(&["preflight", "--fetch"]);
    let said = String::from_utf8_lossy(&next.stderr);
    assert!(!said.contains("is being done"), "{said}");
    for process in &tool {
        wait_for(&format!("process {process} of {tool:?} was ended: {said}"), || (!runs(process)).then_some(()));
    }
    let log = fixture.holdover(&["journal", "log", "--json"]);
    let log = String::from_utf8(log.stdout).unwrap();
    assert!(log.contains("its process was ended before it was"), "{log}");
    let kinds: Vec<String> = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["kind"].as_str().unwrap().to_owned())
        .collect();
    let position = |kind: &str| kinds.iter().position(|k| k == kind).unwrap_or_else(|| panic!("{kind}: {kinds:?}"));
    // It was ended before anything else was begun, and the job of the one that was killed is carried on: queued again, and run.
    assert!(position("fetch.leftover-ended") < kinds.iter().rposition(|kind| kind == "fetch.asked").unwrap());
    let jobs: Vec<&str> = kinds.iter().map(String::as_str).filter(|kind| kind.starts_with("job.")).collect();
    assert_eq!(jobs, ["job.queued", "job.running", "job.queued", "job.running", "job.failed"], "{log}");
}

#[test]
fn a_process_that_only_has_the_number_of_a_lost_tool_is_left_alone() {
    let mut fixture = Fixture::small();
    let folder = tempfile::tempdir().unwrap();
    std::fs::remove_file(fixture.crate_file("itoa")).unwrap();
    assert_eq!(fixture.holdover(&["trust"]).status.code(), Some(0));
    assert_eq!(fixture.holdover(&["offline", "off"]).status.code(), Some(0));
    let (mut holder, tool) = sleeping_fetch(&fixture, folder.path());
    holder.kill().unwrap();
    holder.wait().unwrap();
    // As if the number had been given again: the same number, started at another time.
    let key = std::fs::read_to_string(fixture.data().join("journal.key")).unwrap();
    let journal = rusqlite::Connection::open(fixture.data().join("journal.db")).unwrap();
    journal.execute_batch(&format!("PRAGMA key = \"x'{}'\"", key.trim())).unwrap();
    let noted: u32 = journal.query_row("SELECT tool_pid FROM lease", [], |row| row.get(0)).unwrap();
    assert_eq!(noted.to_string(), tool[0]);
    journal.execute("UPDATE lease SET tool_started = tool_started - 1", []).unwrap();
    drop(journal);

    fixture.set("HOLDOVER_FETCH_CARGO", &program(&folder.path().join("no-cargo"), "exit 1"));
    fixture.holdover(&["preflight", "--fetch"]);
    assert!(tool.iter().all(|process| runs(process)), "somebody else's process was ended: {tool:?}");
    for process in tool {
        let ended = std::process::Command::new("kill").args(["-KILL", &process]).status().unwrap();
        assert!(ended.success());
    }
}
