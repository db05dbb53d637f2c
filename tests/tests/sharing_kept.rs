//! What a person says of a remote, through the real command line: the key that a team shares, and that a remote is to be left alone for now.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::desk::{Desk, let_in};
use holdover_tests::said::{code, err, good, out};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

fn two() -> (Desk, Desk) {
    let (ann, bob) = (Desk::new("Ann"), Desk::new("Bob"));
    let_in(&ann, &bob);
    (ann, bob)
}

#[test]
fn a_team_s_key_is_made_once_handed_on_and_named_where_it_is_wrong_or_lacks() {
    let (ann, bob) = two();
    let all = tempfile::tempdir().unwrap();
    let path = |name: &str| all.path().join(name).display().to_string();
    let (key, other) = (path("team.key"), path("other.key"));
    let made = good(&ann.run(&["remote", "key", &key]));
    assert!(made.contains("a new key, ") && made.contains(&key), "{made}");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&key).unwrap();
    let again = ann.run(&["remote", "key", &key]);
    assert!(code(&again) == 2 && err(&again).contains("there is a file already"), "{}", err(&again));
    assert_eq!(std::fs::read_to_string(&key).unwrap(), text, "a key is never written over");
    good(&bob.run(&["remote", "key", &other]));

    assert!(Command::new("git").args(["init", "-q", "--bare", &path("ferry.git")]).status().unwrap().success());
    for (n, place) in [path("ferry"), path("ferry.git")].into_iter().enumerate() {
        let name = format!("team{n}");
        let probed = good(&ann.run(&["remote", "add", &name, &place, "--key", &key]));
        assert!(probed.contains("encrypted with the team's key"), "{probed}");
        std::fs::write(path("changed.key"), text.replace("key-1:", "key-1:0")).unwrap();
        for (arguments, end, says) in [
            (vec!["remote", "add", &name, &place], 1, "is encrypted, with the key "),
            (vec!["remote", "add", &name, &place, "--key", &other], 1, "is encrypted with another key"),
            (vec!["remote", "add", &name, &place, "--key", "/nonexistent"], 2, "the key could not be read"),
            (vec!["remote", "add", &name, &place, "--key", "a.rs"], 2, "there is no team key in it"),
        ] {
            let refused = bob.run(&arguments);
            let said = err(&refused);
            assert!(code(&refused) == end && said.contains(says) && said.contains("hint: "), "{arguments:?}: {said}");
        }
        let changed = bob.run(&["remote", "add", &name, &place, "--key", &path("changed.key")]);
        assert!(code(&changed) == 2 && err(&changed).contains("was changed"), "{}", err(&changed));
        good(&bob.run(&["remote", "add", &name, &place, "--key", &key]));
        let note = format!("a secret {n}");
        let _ = ann.json(&["note", "add", "a.rs", "--shared", "-m", &note]);
        assert_eq!((ann.sync().0, bob.sync().0), (0, 0));
        assert!(bob.bodies().contains(&note));
        let (_, listed) = bob.json(&["remote", "list"]);
        assert_eq!(listed["remotes"][n]["encrypted"], true, "{listed}");
    }
    // The key does not stand in what a person is shown of the journal, nor beside it.
    let digits = text.split(':').nth(2).unwrap_or_default();
    assert_eq!(digits.len(), 64, "{text}");
    let log = good(&ann.run(&["journal", "log", "--json"]));
    assert!(!log.contains(digits));
    let found = Command::new("grep").args(["-rlaF", digits]).arg(ann.folder.path()).output().unwrap();
    assert_eq!(out(&found), "");
    // Forgotten with the remote.
    let (_, removed) = ann.json(&["remote", "remove", "team0"]);
    assert_eq!(removed["encrypted"], true);
    let refused = ann.run(&["remote", "add", "team0", &path("ferry")]);
    assert!(code(&refused) == 1 && err(&refused).contains("no key is kept for it here"), "{}", err(&refused));
}

#[test]
fn a_remote_that_is_paused_is_asked_nothing_says_so_everywhere_and_goes_on_where_it_was() {
    let (ann, bob) = two();
    let stick = tempfile::tempdir().unwrap();
    for name in ["one", "two"] {
        for desk in [&ann, &bob] {
            good(&desk.run(&["remote", "add", name, stick.path().join(name).to_str().unwrap()]));
        }
    }
    let (_, added) = ann.json(&["note", "add", "a.rs", "--shared", "-m", "x"]);
    let paused = ann.run(&["queue", "pause", "--remote", "one"]);
    assert!(code(&paused) == 1 && out(&paused).contains("left alone since"), "{}", out(&paused));
    assert!(out(&paused).contains("next attempt: after `holdover queue resume --remote one`"), "{}", out(&paused));
    let (_, queue) = ann.json(&["queue"]);
    let since = queue["remotes"][0]["remote"]["paused"].clone();
    assert!(since.is_string() && queue["remotes"][1]["remote"]["paused"].is_null(), "{queue}");

    // What is not there is not noticed: nothing is asked.
    std::fs::rename(stick.path().join("one"), stick.path().join("away")).unwrap();
    let (end, done) = ann.sync();
    let (one, two) = (&done["remotes"][0], &done["remotes"][1]);
    assert!(end == 1 && one["done"] == false && one["error"].is_null() && one["paused"] == since, "{done}");
    assert!(one["pending"].as_u64() > Some(0) && two["done"] == true && two["pending"] == 0, "{done}");
    let said = ann.run(&["sync", "one"]);
    assert!(code(&said) == 1 && out(&said).contains("`holdover queue resume --remote one`"), "{}", out(&said));
    assert_eq!(ann.json(&["queue"]).1["remotes"][0]["remote"]["attempts"], 0);
    std::fs::rename(stick.path().join("away"), stick.path().join("one")).unwrap();
    // A second pause is still the first.
    let _ = ann.run(&["queue", "pause"]);
    let (_, queue) = ann.json(&["queue"]);
    assert!(queue["remotes"][0]["remote"]["paused"] == since && queue["remotes"][1]["remote"]["paused"].is_string());

    // Each event that waits, for the one that lacks them.
    let (_, inspected) = ann.json(&["queue", "inspect"]);
    let events = inspected["remotes"][0]["events"].as_array().unwrap();
    let event = events.iter().find(|event| event["kind"] == "note.add").unwrap_or_else(|| panic!("{inspected}"));
    assert_eq!((event["entity"].clone(), event["lane"].as_str()), (added["id"].clone(), Some("notes")));
    assert_eq!(inspected["remotes"][1]["events"], serde_json::json!([]));
    assert_eq!(
        events.len() as u64,
        inspected["remotes"][0]["lanes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|lane| lane["waiting"].as_u64().unwrap())
            .sum::<u64>()
    );
    assert!(out(&ann.run(&["queue", "inspect"])).contains("note.add"));
    assert_eq!(queue["remotes"][0]["events"], serde_json::json!([]), "only where it is asked for");

    let resumed = ann.run(&["queue", "resume"]);
    assert!(!out(&resumed).contains("left alone"), "{}", out(&resumed));
    assert_eq!((ann.sync().0, ann.json(&["queue"]).0), (0, 0));
    assert_eq!((bob.sync().0, bob.bodies()), (0, vec!["x".to_owned()]));
    // Pausing is forgotten with the remote.
    let _ = ann.run(&["queue", "pause", "--remote", "one"]);
    good(&ann.run(&["remote", "remove", "one"]));
    good(&ann.run(&["remote", "add", "one", stick.path().join("one").to_str().unwrap()]));
    assert!(ann.json(&["remote", "list"]).1["remotes"][0]["paused"].is_null());
    let refused = ann.run(&["queue", "pause", "--remote", "none"]);
    assert!(code(&refused) == 2 && err(&refused).contains("no remote of this name"), "{}", err(&refused));
}
