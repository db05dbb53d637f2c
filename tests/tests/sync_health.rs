//! How synchronisation does, in figures and as a finding: in the terminal, in an editor, and for whoever watches machines.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::client::{Client, Setup, uri};
use holdover_tests::desk::{Desk, let_in};
use holdover_tests::said::{good, out};
use serde_json::{Value, json};

#[test]
fn figures_stand_in_the_terminal_and_in_a_file_and_what_waits_too_long_is_a_finding_until_it_came_there() {
    let (ann, bob) = (Desk::new("Ann"), Desk::new("Bob"));
    let_in(&ann, &bob);
    let stick = tempfile::tempdir().unwrap();
    let at = stick.path().join("ferry");
    for desk in [&ann, &bob] {
        good(&desk.run(&["remote", "add", "stick", at.to_str().unwrap()]));
    }
    let toml = "[workspace]\nproject = \"ferry\"\n\n[sync]\nautomatic = false\nmetrics-file = \"../sync.prom\"\n\n[sync.drift]\nwaiting-hours = 0\n";
    std::fs::write(ann.root().join("holdover.toml"), toml).unwrap();
    good(&ann.run(&["trust"]));
    for text in ["one", "two"] {
        let _ = ann.json(&["note", "add", "a.rs", "--shared", "-m", text]);
    }
    assert_eq!((ann.sync().0, bob.sync().0, ann.sync().0), (0, 0, 0));
    std::fs::rename(&at, at.with_file_name("away")).unwrap();
    let _ = ann.json(&["note", "add", "a.rs", "--shared", "-m", "three"]);
    ann.sync();
    // A whole second has to pass before something waits longer than none.
    let until = std::time::Instant::now() + std::time::Duration::from_mins(1);
    let health = loop {
        let health = ann.json(&["queue"]).1["health"].clone();
        if health["drift"].as_array().is_some_and(|drift| !drift.is_empty()) || std::time::Instant::now() > until {
            break health;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    };
    let remote = &health["remotes"][0];
    assert_eq!(
        (&remote["name"], &remote["depth"], &remote["retries"]),
        (&json!("stick"), &json!(1), &json!(1)),
        "{health}"
    );
    assert!(remote["segments"].as_u64() >= Some(1) && remote["bytes"].as_u64() > Some(200), "{health}");
    let lane = remote["lanes"].as_array().unwrap().iter().find(|lane| lane["lane"] == "notes").unwrap();
    assert_eq!((&lane["depth"], &lane["unseen"]), (&json!(1), &json!(0)), "{health}");
    let devices = health["devices"].as_array().unwrap();
    let names: Vec<&str> = devices.iter().map(|device| device["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"desk of Ann") && names.contains(&"desk of Bob"), "{health}");
    assert_eq!(health["drift"][0]["pattern"], "waiting", "{health}");
    let words = out(&ann.run(&["queue"]));
    assert!(words.contains("what you wrote for others has waited for"), "{words}");
    assert!(out(&ann.run(&["status"])).contains("what you wrote for others has waited for"));

    let told = good(&ann.run(&["queue", "--openmetrics"]));
    for line in ["# TYPE holdover_sync_lag_seconds gauge", "# UNIT holdover_sync_lag_seconds seconds", "# EOF"] {
        assert!(told.lines().any(|one| one == line), "{line}: {told}");
    }
    let depth = told.lines().find(|line| line.starts_with("holdover_sync_depth{") && line.contains("lane=\"notes\""));
    assert!(depth.is_some_and(|line| line.contains("remote=\"stick\"") && line.ends_with(" 1")), "{told}");
    assert!(told.contains("pattern=\"waiting\"} 1"), "{told}");
    assert!(!told.contains("three"), "what is shared does not stand there");

    // In an editor: a finding at the project's name, gone once what waited came there.
    let data = ann.folder.path().join("data").display().to_string();
    let setup = Setup { roots: vec![ann.root()], ..Setup::default() }.env("HOLDOVER_DATA_DIR", &data);
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    let file = ann.root().join("holdover.toml");
    let found = |client: &mut Client| {
        let all = client.wait(std::time::Duration::from_mins(1), |message| {
            message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri(&file)
        });
        let all = all.map(|message| message["params"]["diagnostics"].clone()).unwrap_or_default();
        let drift = all.as_array().into_iter().flatten().find(|one| one["code"] == "sync-drift").cloned();
        drift.unwrap_or(Value::Null)
    };
    let drift = found(&mut client);
    assert_eq!(drift["range"]["start"]["line"], 1, "{drift}");
    assert!(drift["message"].as_str().unwrap().contains("`stick`"), "{drift}");
    let metrics = ann.folder.path().join("sync.prom");
    assert!(std::fs::read_to_string(&metrics).unwrap().ends_with("# EOF\n"));
    std::fs::rename(at.with_file_name("away"), &at).unwrap();
    client.command("holdover.sync", json!({}));
    assert_eq!(found(&mut client), Value::Null);
    let status = client.command("holdover.status", json!({}));
    assert_eq!(status["sync"]["health"]["remotes"][0]["depth"], 0, "{status}");
}
