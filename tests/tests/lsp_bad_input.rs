//! Bad input, end to end: lockfiles that are too large or too deep, journals that cannot be opened, a log that has grown. The server starts,
//! says what is wrong, works on, and leaves what is not its own as it is.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::client::{Client, Setup, uri};
use holdover_tests::fixture::Fixture;
use serde_json::{Value, json};
use std::path::Path;

fn server(fixture: &Fixture) -> Client {
    let mut env = fixture.environment();
    env.push(("HOLDOVER_DATA_DIR".to_owned(), fixture.data().display().to_string()));
    let mut client = Client::start(&Setup { env, roots: vec![fixture.workspace()], ..Setup::default() });
    client.accept_leftovers();
    client
}

fn journal(status: &Value) -> (String, String) {
    let of = |name: &str| status["journal"][name].as_str().unwrap().to_owned();
    (of("state"), of("detail"))
}

#[test]
fn a_lockfile_of_100_mb_or_10_000_deep_is_an_error_after_a_second_of_work_at_most_and_in_bounded_memory() {
    for (name, text) in [
        ("Cargo.lock", "[[package]]\nname = \"a\"\n".repeat(4_500_000)),
        ("package-lock.json", format!("{{{}", " ".repeat(100 << 20))),
        ("Cargo.lock", format!("a = {}{}", "[".repeat(10_000), "]".repeat(10_000))),
        ("package-lock.json", format!("{{\"packages\":{}", "{\"a\":".repeat(10_000))),
    ] {
        let fixture = Fixture::small();
        let file = fixture.workspace().join(name);
        std::fs::write(&file, text).unwrap();
        let mut client = server(&fixture);
        let malformed = |value: &Value| value.to_string().contains("malformed-lockfile");
        let found = loop {
            let found = json!(client.diagnostics_without_version(&uri(&file)));
            if malformed(&found) {
                break found;
            }
        };
        assert_eq!(found.as_array().unwrap().len(), 1, "{name}: {found:#}");
        let status = client.command("holdover.status", json!({}));
        assert_ne!(status["readiness"]["state"], "ready", "{name}");
        // Of the whole server, from its start; a build without optimisation.
        assert!(client.worked() < 1.0, "{name}: {} s", client.worked());
        assert!(client.peak_memory() < 96.0, "{name}: {} MiB", client.peak_memory());
    }
}

/// Makes a journal with a few events, spoils it, and gives what the server says of it.
fn with_journal(spoil: impl Fn(&Path)) -> (String, String) {
    let fixture = Fixture::small();
    let noted = fixture.holdover(&["note", "add", "-m", "a note"]);
    assert!(noted.status.success(), "{}", String::from_utf8_lossy(&noted.stderr));
    let database = fixture.data().join("journal.db");
    spoil(&fixture.data());
    let before = std::fs::read(&database).unwrap();
    let mut client = server(&fixture);
    let looked = |status: &Value| status["readiness"]["state"] == "ready";
    let status = client.until(|client| client.command("holdover.status", json!({})), looked);
    assert_eq!(status["text"], "offline: 25 of 25", "what needs no journal works");
    let (state, detail) = journal(&status);
    drop(client);
    assert_eq!(std::fs::read(&database).unwrap(), before, "the file is untouched: {detail}");
    (state, detail)
}

#[test]
fn a_journal_that_cannot_be_opened_is_told_in_the_editor_and_left_as_it_is() {
    let closed = |data: &Path| {
        for leftover in ["journal.db-wal", "journal.db-shm"] {
            let _ = std::fs::remove_file(data.join(leftover));
        }
    };
    let (state, detail) = with_journal(|data| {
        closed(data);
        std::fs::write(data.join("journal.db"), b"this is not a database".repeat(300)).unwrap();
    });
    assert!(state != "ready" && detail.contains("journal.db"), "{state}: {detail}");
    let (state, detail) = with_journal(|data| {
        closed(data);
        std::fs::write(data.join("journal.key"), "0".repeat(64)).unwrap();
    });
    assert!(state != "ready" && detail.contains("key"), "{state}: {detail}");
    let (state, detail) = with_journal(|data| {
        let key = std::fs::read_to_string(data.join("journal.key")).unwrap();
        let database = rusqlite::Connection::open(data.join("journal.db")).unwrap();
        let later =
            format!("PRAGMA key = \"x'{}'\"; PRAGMA user_version = 900; PRAGMA wal_checkpoint(TRUNCATE);", key.trim());
        database.execute_batch(&later).unwrap();
    });
    assert!(
        state == "ready" && detail.contains("format 900") && detail.contains("nothing is recorded"),
        "{state}: {detail}"
    );
}

#[test]
fn a_log_that_has_grown_is_turned_over_and_the_oldest_goes() {
    let mut fixture = Fixture::small();
    fixture.set("HOLDOVER_LOG", "info");
    let logs = fixture.data().join("logs");
    std::fs::create_dir_all(&logs).unwrap();
    let filled = |line: &str| line.repeat((1 << 20) / line.len() + 1);
    std::fs::write(logs.join("lsp.log"), filled("newest\n")).unwrap();
    std::fs::write(logs.join("lsp.log.1"), "second\n").unwrap();
    std::fs::write(logs.join("lsp.log.2"), "oldest\n").unwrap();
    let mut client = server(&fixture);
    client
        .until(|client| client.command("holdover.status", json!({})), |status| status["readiness"]["state"] == "ready");
    client.request("shutdown", Value::Null);
    client.exit();
    let read = |name: &str| std::fs::read_to_string(logs.join(name)).unwrap();
    assert!(read("lsp.log.1").starts_with("newest\n") && read("lsp.log.2") == "second\n");
    assert!(!logs.join("lsp.log.3").exists());
    let now = read("lsp.log");
    assert!(!now.contains("newest") && now.contains("INFO") && now.len() < 1 << 20, "{now}");
}
