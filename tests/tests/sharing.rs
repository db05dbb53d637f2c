//! Two people, two data folders and a folder between them, through the real command line: a note is shared, written by both while
//! they are apart, in conflict for both, resolved by one, and settled for the other. And what is said when something is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::client::{Client, Setup};
use holdover_tests::desk::{Desk, let_in};
use holdover_tests::said::{code, err, good, out};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Output;

/// Two people with one remote.
fn desks() -> (Desk, Desk, tempfile::TempDir, PathBuf) {
    let (ann, bob) = (Desk::new("Ann"), Desk::new("Bob"));
    let_in(&ann, &bob);
    let stick = tempfile::tempdir().unwrap();
    let at = stick.path().join("ferry");
    for desk in [&ann, &bob] {
        good(&desk.run(&["remote", "add", "stick", at.to_str().unwrap()]));
    }
    (ann, bob, stick, at)
}

#[test]
fn a_note_that_two_wrote_while_apart_is_in_conflict_for_both_and_settled_for_both_once_one_resolved_it() {
    let (ann, bob, _stick, _at) = desks();
    let (_, added) = ann.json(&["note", "add", "a.rs:1", "--shared", "-m", "one\ntwo\nthree"]);
    let id = added["id"].as_str().unwrap();
    let (code, sent) = ann.sync();
    assert!(code == 0 && sent["sent"].as_u64().unwrap() >= 1 && sent["pending"] == 0, "{sent}");
    let (code, came) = bob.sync();
    assert!(code == 0 && came["received"].as_u64().unwrap() >= 1, "{came}");
    let change =
        came["changes"].as_array().unwrap().iter().find(|change| change["kind"] == "note.add").unwrap().clone();
    assert_eq!((change["actor"]["name"].as_str(), change["entity"].as_str()), (Some("Ann"), Some(id)));
    assert_eq!(bob.bodies(), ["one\ntwo\nthree"]);

    // Different lines: put together on both, and nothing is asked.
    ann.edit(id, "ONE\ntwo\nthree");
    bob.edit(id, "one\ntwo\nTHREE");
    ann.sync();
    let (code, merged) = bob.sync();
    assert!(code == 0 && merged["merged"] == 1 && merged["conflicts"] == 0, "{merged}");
    assert!(merged["text"].to_string().contains("1 note put together"), "{merged}");
    ann.sync();
    assert_eq!((ann.bodies(), bob.bodies()), (vec!["ONE\ntwo\nTHREE".to_owned()], ann.bodies()));

    // The same line: both see it, and are told.
    ann.edit(id, "ONE\nTWO\nTHREE");
    bob.edit(id, "ONE\nzwei\nTHREE");
    ann.sync();
    let (code, met) = bob.sync();
    assert!(code == 1 && met["conflicts"] == 1 && met["newConflicts"] == 1, "{met}");
    assert!(met["text"].to_string().contains("`holdover conflicts` shows them"), "{met}");
    assert_eq!(ann.sync().0, 1);
    assert_eq!((ann.conflicts(), bob.conflicts()), ((1, 1), (1, 1)));

    // Bob resolves; Ann has it after the next synchronisation, and both texts stay in either journal.
    let end = format!("note:{}", &id[18..]);
    good(&bob.run(&["conflicts", "--resolve", "incoming", &end]));
    let (code, settled) = bob.sync();
    assert!(code == 0 && settled["sent"].as_u64().unwrap() >= 1, "{settled}");
    assert_eq!(ann.sync().0, 0);
    assert_eq!((ann.conflicts(), bob.conflicts()), ((0, 0), (0, 0)));
    assert_eq!(ann.bodies(), bob.bodies());
    for desk in [&ann, &bob] {
        let log = good(&desk.run(&["journal", "log", "--kind", "note.", "--json"]));
        assert!(log.contains("TWO") && log.contains("zwei"), "{log}");
        good(&desk.run(&["journal", "verify"]));
    }
}

#[test]
fn a_queue_says_how_far_everything_has_come_and_why_it_waits() {
    let (ann, bob, _stick, at) = desks();
    let notes = |queue: &Value| {
        let lanes = queue["remotes"][0]["lanes"].as_array().unwrap();
        let lane = lanes.iter().find(|lane| lane["lane"] == "notes").unwrap().clone();
        ["written", "sealed", "uploaded", "seen", "waiting"].map(|name| lane[name].as_u64().unwrap())
    };
    let _ = ann.json(&["note", "add", "a.rs", "--shared", "-m", "x"]);
    let (code, queue) = ann.json(&["queue"]);
    assert_eq!((code, notes(&queue)), (1, [1, 1, 0, 0, 1]), "{queue}");
    ann.sync();
    let (code, queue) = ann.json(&["queue"]);
    assert_eq!((code, notes(&queue)), (0, [1, 1, 1, 0, 0]), "{queue}");
    bob.sync();
    ann.sync();
    let (_, queue) = ann.json(&["queue"]);
    assert_eq!(notes(&queue), [1, 1, 1, 1, 0], "{queue}");
    let (_, listed) = ann.json(&["journal", "log", "--kind", "note.add"]);
    assert_eq!((listed["state"].as_str(), listed["uploadedTo"][0].as_str()), (Some("seen"), Some("stick")));

    // The stick is not there: what is written waits, with the reason, and goes with the next.
    let away = at.with_file_name("away");
    std::fs::rename(&at, &away).unwrap();
    let _ = ann.json(&["note", "add", "a.rs", "--shared", "-m", "y"]);
    let failed = ann.run(&["sync"]);
    assert_eq!(code_and(&failed, "no remote is at"), 1, "{}", out(&failed));
    let shown = ann.run(&["queue"]);
    assert_eq!(code_and(&shown, "1 attempt without success"), 1, "{}", out(&shown));
    assert_eq!(code_and(&shown, "1 event not on it: no remote is at"), 1, "{}", out(&shown));
    std::fs::rename(&away, &at).unwrap();
    assert_eq!(ann.sync().0, 0);
    assert_eq!(ann.json(&["queue"]).0, 0);

    // What is damaged is named, with its attempts; `retry` has it looked at again.
    let log = at.join("seg/2-00000000000000000000000000000000");
    std::fs::create_dir(&log).unwrap();
    let name = format!("{:020}-{:020}-{}.seg", 1, 1, "0".repeat(32));
    std::fs::write(log.join(&name), "rubbish").unwrap();
    let (code, refused) = ann.sync();
    assert!(code == 1 && refused["rejected"] == 1, "{refused}");
    let item = |queue: &Value| queue["remotes"][0]["items"][0].clone();
    let (code, queue) = ann.json(&["queue"]);
    assert_eq!(
        (code, item(&queue)["trouble"].as_str(), item(&queue)["attempts"].as_u64()),
        (1, Some("integrity"), Some(1))
    );
    assert!(item(&queue)["nextAttempt"].is_string() && item(&queue)["name"].as_str().unwrap().ends_with(&name));
    let (_, queue) = ann.json(&["queue", "retry"]);
    assert!(item(&queue)["nextAttempt"].is_null(), "{queue}");
    ann.sync();
    assert_eq!(item(&ann.json(&["queue"]).1)["attempts"], 2);
}

#[test]
fn an_editor_synchronises_and_its_status_has_what_waits() {
    let (ann, bob, _stick, at) = desks();
    let data = ann.folder.path().join("data").to_string_lossy().into_owned();
    let setup = Setup { roots: vec![ann.root()], ..Setup::default() }.env("HOLDOVER_DATA_DIR", &data);
    let setup = setup.env("HOLDOVER_SYNC_AUTOMATIC", "false");
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    let added = client.command("holdover.note.add", json!({ "body": "from the editor", "shared": true }));
    let sync = |client: &mut Client, wanted: &dyn Fn(&Value) -> bool| {
        client.until(|client| client.command("holdover.status", json!({}))["sync"].clone(), wanted)
    };
    let waits = sync(&mut client, &|sync| sync["pending"].as_u64() > Some(0));
    assert_eq!((waits["state"].as_str(), waits["remotes"][0]["name"].as_str()), (Some("idle"), Some("stick")));
    let report = client.command("holdover.sync", json!({ "remote": "stick" }));
    assert!(report["remotes"][0]["done"] == true && report["pending"] == 0, "{report}");
    assert!(report["text"][0].as_str().unwrap().starts_with("stick: "), "{report}");
    let idle = sync(&mut client, &|sync| sync["pending"] == 0);
    assert!(idle["lastSuccess"].is_string(), "{idle}");
    bob.sync();
    assert_eq!(bob.bodies(), ["from the editor"]);
    // Who has it is told of what the editor shows.
    let events = json!({ "ids": [added["id"]] });
    let came = client.command("holdover.delivery", events)["entries"][0].clone();
    assert_eq!((came["state"].as_str(), came["uploadedTo"][0].as_str()), (Some("uploaded"), Some("stick")), "{came}");
    assert_eq!(client.command("holdover.note.list", json!({}))["notes"][0]["stateText"], "on stick");
    // In another process it fails, and the editor's status says so.
    std::fs::rename(&at, at.with_file_name("away")).unwrap();
    ann.sync();
    let backoff = sync(&mut client, &|sync| sync["state"] == "backoff");
    assert!(backoff["remotes"][0]["text"].as_str().unwrap().contains("no remote is at"), "{backoff}");
    let (code, message) = client.refused(
        "workspace/executeCommand",
        json!({ "command": "holdover.sync", "arguments": [{ "remote": "other" }] }),
    );
    assert!(code != 0 && message.contains("no remote of this name"), "{message}");
    let mut line = ann.json(&["status"]).1["sync"].clone();
    assert_eq!(line["state"].take(), "backoff", "as in the terminal");
}

/// The exit code, where that is among what was printed.
fn code_and(output: &Output, says: &str) -> i32 {
    if out(output).contains(says) { code(output) } else { -1 }
}

#[test]
fn a_folder_is_used_while_offline_is_forced_and_what_is_no_remote_is_refused_in_words() {
    let (ann, _bob, stick, at) = desks();
    good(&ann.run(&["offline", "on"]));
    let _ = ann.json(&["note", "add", "a.rs", "--shared", "-m", "x"]);
    let (end, done) = ann.sync();
    assert_eq!((end, &done["pending"]), (0, &Value::from(0)), "a folder needs no connection: {done}");
    let probed = ann.run(&["remote", "probe", "stick"]);
    assert_eq!(code_and(&probed, "used while offline is forced, too"), 0, "{}", out(&probed));
    let (_, listed) = ann.json(&["remote", "list"]);
    assert_eq!(listed["remotes"][0]["name"], "stick");
    let photos = stick.path().join("photos");
    std::fs::create_dir(&photos).unwrap();
    std::fs::write(photos.join("a.jpg"), "x").unwrap();
    let path = |path: &PathBuf| path.to_string_lossy().into_owned();
    for (arguments, end, says) in [
        (vec!["remote", "add", "x", "dav://host/a"], 2, "no remote of this kind can be used yet"),
        (vec!["remote", "add", "-x", "y"], 2, "unexpected argument"),
        (vec!["remote", "add", "a/b", "y"], 2, "this cannot be the name of a remote"),
        (vec!["remote", "add", "stick", &path(&at)], 2, "has a remote of this name already"),
        (vec!["remote", "add", "x", &path(&photos)], 1, "a.jpg"),
        (vec!["remote", "add", "x", &path(&stick.path().join("no/where"))], 1, "could not make"),
        (vec!["sync", "other"], 2, "no remote of this name"),
        (vec!["remote", "remove", "other"], 2, "no remote of this name"),
    ] {
        let refused = ann.run(&arguments);
        assert!(
            code(&refused) == end && err(&refused).contains(says),
            "{arguments:?}: {}{}",
            code(&refused),
            err(&refused)
        );
        assert!(err(&refused).contains("hint: "), "{}", err(&refused));
    }
    let (_, removed) = ann.json(&["remote", "remove", "stick"]);
    assert_eq!(removed["name"], "stick");
    assert!(err(&ann.run(&["sync"])).contains("this project has no remote yet"));
    assert!(at.join("FORMAT.json").exists(), "what lies there stays");
    // A remote of another project.
    std::fs::write(ann.root().join("holdover.toml"), "[workspace]\nproject = \"lighthouse\"\n").unwrap();
    good(&ann.run(&["trust"]));
    let other = ann.run(&["remote", "add", "stick", at.to_str().unwrap()]);
    assert!(code(&other) == 1 && err(&other).contains("another project"), "{}", err(&other));
}
