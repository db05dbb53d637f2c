//! What a team asks of the age, the origin and the standing of what is here: told in the terminal and in editors, and
//! nothing is kept from building by it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::client::{Client, Setup, uri};
use holdover_tests::fixture::Fixture;
use holdover_tests::said::{code, err, out};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

fn rules(fixture: &Fixture, text: &str) {
    std::fs::write(fixture.workspace().join("holdover.toml"), text).unwrap();
}

/// Code, file's name and message of each finding; what is here is ready all the same.
fn told(fixture: &Fixture) -> Vec<(String, String, String)> {
    let looked = fixture.holdover(&["preflight", "--json"]);
    let report: Value = serde_json::from_slice(&looked.stdout).unwrap_or_else(|e| panic!("{e}: {}", err(&looked)));
    assert_eq!((code(&looked), report["readiness"]["state"].as_str()), (0, Some("ready")), "{report:#}");
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let name = |finding: &Value| text(finding, "file").rsplit('/').next().unwrap().to_owned();
    let all = report["findings"].as_array().cloned().unwrap_or_default();
    all.iter().map(|one| (text(one, "code"), name(one), text(one, "message"))).collect()
}

fn codes(told: &[(String, String, String)]) -> Vec<(&str, &str)> {
    told.iter().map(|(code, file, _)| (code.as_str(), file.as_str())).collect()
}

/// As if it had come sixteen years ago.
fn age(path: &std::path::Path) {
    let then = SystemTime::now() - Duration::from_hours(16 * 365 * 24);
    std::fs::File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

#[test]
fn what_came_longer_ago_than_a_rule_wants_is_told_in_the_terminal_and_on_its_line_in_an_editor() {
    let fixture = Fixture::small();
    age(&fixture.crate_file("itoa"));
    age(&fixture.npm_file("node_modules/ms"));
    assert_eq!(told(&fixture), [], "no rule, no word");
    rules(&fixture, "[[freshness.rules]]\nmax-age = \"10y\"\n");
    let found = told(&fixture);
    assert_eq!(codes(&found), [("artifact-too-old", "Cargo.lock"), ("artifact-too-old", "package-lock.json")]);
    assert!(found[0].2.starts_with("itoa 1.") && found[0].2.contains("5840 days ago") && found[0].2.contains("10y"));
    let shown = out(&fixture.holdover(&["preflight"]));
    assert!(shown.contains("(artifact-too-old)") && shown.contains("Cargo.lock:"), "{shown}");
    rules(&fixture, "[[freshness.rules]]\nmax-age = \"10y\"\necosystem = \"npm\"\n");
    assert_eq!(codes(&told(&fixture)), [("artifact-too-old", "package-lock.json")]);
    rules(&fixture, "[[freshness.rules]]\nmax-age = \"forever\"\n");
    assert_eq!(told(&fixture), []);

    rules(&fixture, "[[freshness.rules]]\nmax-age = \"10y\"\n");
    let root = std::fs::canonicalize(fixture.workspace()).unwrap();
    let setup = Setup { roots: vec![root.clone()], ..Setup::default() };
    let mut client =
        Client::start(&fixture.environment().iter().fold(setup, |setup, (name, value)| setup.env(name, value)));
    client.accept_leftovers();
    // Not as it is on disk: three lines further down.
    let lock = format!("\n\n\n{}", std::fs::read_to_string(root.join("Cargo.lock")).unwrap());
    let line = lock.lines().position(|line| line == "name = \"itoa\"").unwrap();
    let file = uri(&root.join("Cargo.lock"));
    client.open(&file, &lock);
    let mut diagnostics = Vec::new();
    for _ in 0..20 {
        diagnostics = client.diagnostics(&file, 1);
        if !diagnostics.is_empty() {
            break;
        }
    }
    let [one] = diagnostics.as_slice() else { panic!("{diagnostics:#?}") };
    assert_eq!((&one["code"], &one["severity"]), (&json!("artifact-too-old"), &json!(2)), "{one:#}");
    let at = one["range"]["start"]["line"].as_u64().unwrap() as usize;
    assert!(at <= line && line - at <= 1, "{at} is not where itoa stands, {line}");
}

#[test]
fn what_its_authors_withdrew_is_told_where_somebody_asks_for_it() {
    let fixture = Fixture::small();
    let crates = fixture.crate_file("itoa");
    let registry = crates.ancestors().nth(3).unwrap();
    let folder = crates.parent().unwrap().file_name().unwrap();
    let entry = registry.join("index").join(folder).join(".cache/it/oa/itoa");
    let bytes = std::fs::read(&entry).unwrap();
    // As cargo writes it after its authors yanked every version; the head is no text: form and schema. Registries differ in spaces.
    let (head, lines) = bytes.split_at(5);
    let lines = String::from_utf8(lines.to_vec()).unwrap().replace("\"yanked\": false", "\"yanked\":false");
    let yanked = lines.replace("\"yanked\":false", "\"yanked\":true");
    assert_ne!(lines, yanked);
    let text = [head, yanked.as_bytes()].concat();
    std::fs::write(&entry, text).unwrap();
    let lock = fixture.workspace().join("package-lock.json");
    let mut value: Value = serde_json::from_slice(&std::fs::read(&lock).unwrap()).unwrap();
    value["packages"]["node_modules/ms"]["deprecated"] = json!("use\n  another one\u{1b}[31m");
    std::fs::write(&lock, serde_json::to_string_pretty(&value).unwrap()).unwrap();
    assert_eq!(told(&fixture), []);
    rules(&fixture, "[[freshness.rules]]\ndeprecated = true\n");
    let found = told(&fixture);
    assert_eq!(codes(&found), [("artifact-deprecated", "Cargo.lock"), ("artifact-deprecated", "package-lock.json")]);
    assert!(found[0].2.starts_with("itoa 1.") && found[0].2.contains("yanked"), "{found:?}");
    assert!(found[1].2.ends_with("is deprecated: use another one[31m"), "{found:?}");
}

#[test]
fn registries_that_a_rule_does_not_allow_are_named_and_caches_beyond_their_quota() {
    let fixture = Fixture::small();
    rules(&fixture, "[[freshness.rules]]\nregistries = []\n");
    let found = told(&fixture);
    let lockfiles = [("registry-not-allowed", "Cargo.lock"), ("registry-not-allowed", "package-lock.json")];
    assert_eq!(codes(&found), lockfiles, "{found:?}");
    let urls: Vec<&str> = found
        .iter()
        .map(|(_, _, message)| {
            let from = message.find("http").unwrap();
            message[from..].split(", which").next().unwrap()
        })
        .collect();
    rules(&fixture, &format!("[[freshness.rules]]\nregistries = [{:?}, {:?}]\n", urls[0], urls[1]));
    assert_eq!(told(&fixture), []);
    rules(&fixture, &format!("[[freshness.rules]]\necosystem = \"cargo\"\nregistries = [{:?}]\n", urls[1]));
    assert_eq!(codes(&told(&fixture)), [("registry-not-allowed", "Cargo.lock")]);

    rules(&fixture, "[[freshness.rules]]\nquota-mib = 0\n\n[[freshness.rules]]\nquota-mib = 100000\n");
    let found = told(&fixture);
    assert_eq!(codes(&found), [("cache-over-quota", "Cargo.lock"), ("cache-over-quota", "package-lock.json")]);
    let status = fixture.holdover(&["status", "--json"]);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let caches = status["caches"].as_array().unwrap();
    assert!(!caches.is_empty() && caches.iter().all(|cache| cache["quota"] == 0), "the least counts: {caches:#?}");
}

#[test]
fn a_rule_that_cannot_be_judged_does_not_look_like_one_that_holds() {
    let fixture = Fixture::small();
    rules(&fixture, "[[freshness.rules]]\necosystem = \"cobol\"\nmax-age = \"1d\"\n");
    let found = told(&fixture);
    assert_eq!(codes(&found), [("freshness-unknown", "holdover.toml")]);
    assert!(found[0].2.contains("`cobol`") && found[0].2.contains("cargo, npm"), "{found:?}");
    for (odd, said) in [("max-age = \"soon\"", "90d"), ("maximum = 3", "maximum"), ("quota-mib = -1", "quota")] {
        rules(&fixture, &format!("[[freshness.rules]]\n{odd}\n"));
        let found = told(&fixture);
        assert_eq!(codes(&found), [("unknown-setting", "holdover.toml")], "{odd}");
        assert!(found[0].2.contains(said) || found[0].2.contains("freshness.rules"), "{found:?}");
    }
}
