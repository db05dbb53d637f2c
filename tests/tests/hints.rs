//! Inlay hints: behind a dependency of a manifest, which version is locked and whether it is here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::client::{Client, Setup, capabilities, uri};
use holdover_tests::fixture::Fixture;
use serde_json::{Value, json};
use std::path::PathBuf;

fn editor(fixture: &Fixture, shows: bool) -> (Client, PathBuf, Value) {
    let root = std::fs::canonicalize(fixture.workspace()).unwrap();
    let setup = Setup { roots: vec![root.clone()], ..Setup::default() };
    let mut setup = fixture.environment().iter().fold(setup, |setup, (name, value)| setup.env(name, value));
    setup.capabilities = capabilities("utf-16");
    if shows {
        setup.capabilities["textDocument"]["inlayHint"] = json!({ "dynamicRegistration": false });
        setup.capabilities["workspace"]["inlayHint"] = json!({ "refreshSupport": true });
    }
    let mut client = Client::spawn(&setup);
    let answer = client.initialize(&setup);
    client.accept_leftovers();
    (client, root, answer)
}

/// Line, column and words.
fn hints(client: &mut Client, uri: &str, lines: (u32, u32)) -> Vec<(u64, u64, String)> {
    let range = json!({ "start": { "line": lines.0, "character": 0 }, "end": { "line": lines.1, "character": 0 } });
    let hints = client.request("textDocument/inlayHint", json!({ "textDocument": { "uri": uri }, "range": range }));
    let of = |hint: &Value| {
        let at = |key: &str| hint["position"][key].as_u64().unwrap();
        (at("line"), at("character"), hint["label"].as_str().unwrap().to_owned())
    };
    hints.as_array().into_iter().flatten().map(of).collect()
}

#[test]
fn behind_each_dependency_stands_what_is_locked_and_whether_it_is_here_and_that_follows_what_happens() {
    let fixture = Fixture::small();
    let taken = fixture.crate_file("itoa");
    let kept = fixture.workspace().join("kept");
    let (mut client, root, answer) = editor(&fixture, true);
    assert_eq!(answer["inlayHintProvider"], true);
    let manifest = uri(&root.join("Cargo.toml"));
    // Not saved: an umlaut counts one unit, and the line is another than on disk.
    let text = format!("# \u{e4}\n{}", std::fs::read_to_string(root.join("Cargo.toml")).unwrap());
    client.open(&manifest, &text);
    let line = |key: &str| text.lines().position(|line| line.starts_with(&format!("{key} = "))).unwrap();
    let of = |all: &[(u64, u64, String)], key: &str| {
        let found = all.iter().find(|(at, ..)| *at == line(key) as u64).cloned();
        found.map(|(_, column, words)| {
            let end = text.lines().nth(line(key)).unwrap().encode_utf16().count() as u64;
            assert_eq!(column, end, "behind the line");
            words
        })
    };
    let whole = (0, text.lines().count() as u32);
    let shown = client.until(
        |client| json!(hints(client, &manifest, whole)),
        |shown| shown.as_array().is_some_and(|shown| !shown.is_empty()),
    );
    let shown: Vec<(u64, u64, String)> = serde_json::from_value(shown).unwrap();
    let itoa = of(&shown, "itoa").unwrap();
    assert!(itoa.starts_with("1.") && itoa.ends_with(" here"), "{shown:?}");
    let json_crate = of(&shown, "serde_json").unwrap();
    assert!(json_crate.starts_with("1.") && json_crate.ends_with(" here"), "{shown:?}");
    let one = line("itoa") as u32;
    assert_eq!(hints(&mut client, &manifest, (one, one)).len(), 1, "only what is asked for");

    client.accept_leftovers();
    std::fs::rename(&taken, &kept).unwrap();
    let before = client.asked.len();
    let shown =
        client.until(|client| json!(hints(client, &manifest, whole)), |shown| shown.to_string().contains("missing"));
    let shown: Vec<(u64, u64, String)> = serde_json::from_value(shown).unwrap();
    let refreshed = |client: &mut Client| {
        json!(client.asked[before..].iter().any(|one| one["method"] == "workspace/inlayHint/refresh"))
    };
    let told = client.until(
        |client| {
            let _ = client.request("holdover/status", json!({}));
            refreshed(client)
        },
        |told| *told == true,
    );
    assert_eq!(told, true, "the editor is asked to look again");
    assert!(of(&shown, "itoa").unwrap().ends_with(" missing"), "{shown:?}");
    let json_crate = of(&shown, "serde_json").unwrap();
    assert!(json_crate.ends_with(" here, 1 that it needs is not"), "{shown:?}");
    let package = uri(&root.join("package.json"));
    let text = std::fs::read_to_string(root.join("package.json")).unwrap();
    client.open(&package, &text);
    let shown = hints(&mut client, &package, (0, 100));
    let other: Vec<&str> =
        shown.iter().map(|(.., words)| words.as_str()).filter(|words| !words.ends_with(" here")).collect();
    assert!(shown.len() > 3 && matches!(other[..], [one] if one.ends_with(" for other targets")), "{shown:?}");
    let lock = uri(&root.join("Cargo.lock"));
    client.open(&lock, &std::fs::read_to_string(root.join("Cargo.lock")).unwrap());
    assert_eq!(hints(&mut client, &lock, (0, 1000)), []);
    client.accept_leftovers();
}

#[test]
fn a_client_that_shows_none_is_offered_none_and_the_setting_ends_them() {
    let fixture = Fixture::small();
    std::fs::write(fixture.workspace().join("holdover.toml"), "[inventory]\nhints = false\n").unwrap();
    let (mut client, root, answer) = editor(&fixture, false);
    assert_eq!(answer["inlayHintProvider"], Value::Null);
    let manifest = uri(&root.join("Cargo.toml"));
    client.open(&manifest, &std::fs::read_to_string(root.join("Cargo.toml")).unwrap());
    let _ = client.until(
        |client| client.request("holdover/status", json!({})),
        |status| status["readiness"]["checkedAt"].is_string(),
    );
    assert_eq!(hints(&mut client, &manifest, (0, 100)), []);
    client.accept_leftovers();
}
