//! The trail of an artifact and of a finding, asked for through a language client: what looks wrote down, artifact by artifact.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::client::{Client, Setup, capabilities, uri};
use holdover_tests::fixture::Fixture;
use serde_json::{Value, json};

/// A client that shows trails.
fn client(fixture: &Fixture, shows: bool) -> Client {
    let mut can = capabilities("utf-16");
    can["experimental"] = json!({ "holdoverTrail": shows });
    let setup =
        Setup { env: fixture.environment(), roots: vec![fixture.workspace()], capabilities: can, ..Setup::default() };
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    client
}

/// What a trail says, oldest first.
fn told(report: &Value) -> Vec<&str> {
    let mut told: Vec<&str> =
        report["entries"].as_array().unwrap().iter().map(|one| one["what"].as_str().unwrap()).collect();
    told.reverse();
    told
}

#[test]
fn the_trail_of_an_artifact_tells_when_it_was_missing_and_damaged_and_here_and_of_no_other() {
    let fixture = Fixture::small();
    let file = fixture.crate_file("memchr");
    let aside = fixture.workspace().parent().unwrap().join("aside");
    let look = || {
        let report = fixture.holdover(&["preflight", "--json"]);
        serde_json::from_slice::<Value>(&report.stdout).unwrap()
    };
    look();
    std::fs::rename(&file, &aside).unwrap();
    let id = look()["artifacts"][0]["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("cargo:memchr@"), "{id}");
    look();
    std::fs::copy(&aside, &file).unwrap();
    look();

    let mut client = client(&fixture, true);
    let trail = client.command("holdover.trail", json!({ "artifacts": [id] }));
    let compared = "its checksum was compared: it is the lockfile's";
    let looks: Vec<&str> = told(&trail).into_iter().filter(|what| *what != compared).collect();
    assert_eq!(looks, ["found missing", "found here"], "{trail:#}");
    let version = id.rsplit('@').next().unwrap();
    assert_eq!((trail["title"].as_str(), &trail["artifacts"]), (Some(&*format!("memchr {version}")), &json!([id])));
    for entry in trail["entries"].as_array().unwrap() {
        assert_eq!((entry["kind"].as_str(), entry["by"].as_str()), (Some("readiness.observed"), Some("holdover")));
    }
    let others = client.command("holdover.trail", json!({ "artifacts": ["cargo:itoa@1.0.0"] }));
    assert_eq!(told(&others), Vec::<&str>::new(), "{others:#}");

    // The same as a document, by the address that an editor gives it.
    let root = fixture.workspace();
    let address = format!("holdover:/artifact/cargo%3Amemchr%40{version}.md?workspace={}", root.display());
    let text = client.request("holdover/content", json!({ "uri": address }))["text"].as_str().unwrap().to_owned();
    assert!(
        text.starts_with(&format!("# What happened to `memchr {version}`")) && text.contains("found missing"),
        "{text}"
    );
}

#[test]
fn a_finding_leads_to_the_trail_of_what_it_is_about_where_the_client_can_show_one() {
    let fixture = Fixture::small();
    std::fs::remove_file(fixture.crate_file("memchr")).unwrap();
    std::fs::write(fixture.workspace().join("holdover.toml"), "[journall]\nenable = true\n").unwrap();
    let lock = uri(&fixture.workspace().join("Cargo.lock"));
    let toml = uri(&fixture.workspace().join("holdover.toml"));
    for shows in [true, false] {
        let mut client = client(&fixture, shows);
        let mut offered = |uri: &str, text: &str| {
            client.open(uri, text);
            let id = |found: &Value| found["params"]["uri"] == uri && found["params"]["version"] == 1;
            let published = client
                .wait(holdover_tests::client::PATIENCE, |message| {
                    id(message) && message["params"]["diagnostics"].as_array().is_some_and(|all| !all.is_empty())
                })
                .expect("a finding");
            let finding = published["params"]["diagnostics"][0].clone();
            let params = json!({ "textDocument": { "uri": uri }, "range": finding["range"], "context": { "diagnostics": [finding] } });
            let all = client.request("textDocument/codeAction", params);
            let all = all.as_array().unwrap().clone();
            all.into_iter().filter(|one| one["data"]["action"] == "trail.show").collect::<Vec<_>>()
        };
        let of_lock = offered(&lock, &std::fs::read_to_string(fixture.workspace().join("Cargo.lock")).unwrap());
        let of_toml = offered(&toml, "[journall]\nenable = true\n");
        if !shows {
            assert!(of_lock.is_empty() && of_toml.is_empty(), "{of_lock:#?}{of_toml:#?}");
            continue;
        }
        assert_eq!(of_lock.len(), 1, "{of_lock:#?}");
        assert!(of_lock[0]["title"].as_str().unwrap().starts_with("Show what happened to memchr 2."), "{of_lock:#?}");
        assert_eq!(of_lock[0]["diagnostics"][0]["code"], "missing-artifact");
        let (command, fields) = (&of_lock[0]["command"]["command"], &of_lock[0]["command"]["arguments"][0]);
        assert_eq!(command, "holdover.showTrail");
        assert!(fields["artifacts"][0].as_str().unwrap().starts_with("cargo:memchr@2."), "{fields}");
        assert_eq!(of_toml.len(), 1, "{of_toml:#?}");
        assert_eq!(of_toml[0]["title"], "Show what happened to this file");
        assert_eq!(of_toml[0]["command"]["arguments"][0]["file"], json!(toml));
        assert_eq!(of_toml[0]["diagnostics"][0]["code"], "unknown-setting");
    }
}
