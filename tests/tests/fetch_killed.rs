//! `kill -9` of a Holdover in the middle of a fetch: the tool that it started does not run on beside the next one's.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::client::{Client, Setup};
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

/// A project that is trusted, may use the network and lacks a crate; and a folder for the test's own.
fn lacking_a_crate() -> (Fixture, tempfile::TempDir) {
    let fixture = Fixture::small();
    std::fs::remove_file(fixture.crate_file("itoa")).unwrap();
    assert_eq!(fixture.holdover(&["trust"]).status.code(), Some(0));
    assert_eq!(fixture.holdover(&["offline", "off"]).status.code(), Some(0));
    (fixture, tempfile::tempdir().unwrap())
}

/// A tool that sleeps, after it told its number and its child's. Renamed into place, so that they are read whole.
fn sleeping(told: &Path) -> String {
    format!("sleep 600 &\necho $$ $! > {0}.new\nmv {0}.new {0}\nwait", told.display())
}

/// The numbers of the tool and of its child, once both run.
fn told_by(tool: &Path) -> Vec<String> {
    let told = wait_for("the tool was started", || std::fs::read_to_string(tool).ok());
    told.split_whitespace().map(str::to_owned).collect()
}

/// A fetch whose tool sleeps; the numbers of the tool and of its child.
fn sleeping_fetch(fixture: &Fixture, folder: &Path) -> (Child, Vec<String>) {
    let told = folder.join("told");
    let holder = fixture
        .command(binary::holdover())
        .args(["preflight", "--fetch"])
        .env("HOLDOVER_FETCH_CARGO", program(&folder.join("slow-cargo"), &sleeping(&told)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let tool = told_by(&told);
    (holder, tool)
}

#[test]
fn a_tool_that_outlives_a_killed_holdover_is_ended_by_the_next_fetch() {
    let (mut fixture, folder) = lacking_a_crate();

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
    let (mut fixture, folder) = lacking_a_crate();
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

#[test]
fn an_editor_that_is_closed_takes_the_tool_of_its_fetch_with_it_whether_or_not_it_says_goodbye() {
    for polite in [true, false] {
        let (mut fixture, folder) = lacking_a_crate();
        let told = folder.path().join("told");
        // Deaf to a polite signal, where the editor is not polite either.
        let deaf = if polite { "" } else { "trap '' TERM\n" };
        let script = format!("{deaf}{}", sleeping(&told));
        fixture.set("HOLDOVER_FETCH_CARGO", &program(&folder.path().join("slow-cargo"), &script));
        let setup = Setup { env: fixture.environment(), roots: vec![fixture.workspace()], ..Setup::default() };
        let mut client = Client::start(&setup);
        client.accept_leftovers();
        let fields = serde_json::json!({ "command": "holdover.fetch", "arguments": [{}] });
        client.ask("workspace/executeCommand", fields);
        let tool = told_by(&told);
        if polite {
            client.request("shutdown", serde_json::Value::Null);
            assert!(!tool.iter().any(|process| runs(process)), "it is over when `shutdown` is answered: {tool:?}");
            let log = fixture.holdover(&["journal", "log", "--json", "--kind", "job."]);
            let log = String::from_utf8(log.stdout).unwrap();
            assert!(log.lines().last().is_some_and(|line| line.contains("job.cancelled")), "{log}");
        }
        client.exit();
        for process in &tool {
            wait_for(&format!("process {process} was ended"), || (!runs(process)).then_some(()));
        }
    }
}

#[test]
fn a_fetch_that_is_stopped_in_the_terminal_says_what_became_of_it() {
    let (mut fixture, folder) = lacking_a_crate();
    let told = folder.path().join("told");
    fixture.set("HOLDOVER_FETCH_CARGO", &program(&folder.path().join("slow-cargo"), &sleeping(&told)));
    let mut command = fixture.command(binary::holdover());
    command.args(["preflight", "--fetch", "--json"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    let tool = told_by(&told);
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let says: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!((ended.status.code(), &says["fetch"]["state"]), (Some(1), &"cancelled".into()), "{says:#}");
    assert_eq!(says["readiness"]["missing"], 1, "{says:#}");
    assert!(!tool.iter().any(|process| runs(process)), "{tool:?}");
}

#[test]
fn conflicts_that_are_being_resolved_when_somebody_stops_it_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let (file, asked) = (folder.path().join("page.md"), folder.path().join("asked"));
    let text = "<<<<<<< a\n1\n=======\n2\n>>>>>>> b\n";
    std::fs::write(&file, text).unwrap();
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    // A git that takes its time to say whether the page was committed.
    program(&bin.join("git"), &format!("touch {}\nexec sleep 600", asked.display()));
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let child = std::process::Command::new(binary::holdover())
        .args(["conflicts", "--resolve", "incoming"])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("HOLDOVER_DATA_DIR", folder.path().join("data"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for("git was asked", || asked.exists().then_some(()));
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}
