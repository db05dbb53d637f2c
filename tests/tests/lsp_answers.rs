//! What a client asks for by name: the status in full and as a document, the journal, and that a terminal says the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Client, Setup, uri};
use holdover_tests::fixture::Fixture;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn editor(fixture: &Fixture) -> (Client, PathBuf) {
    let root = std::fs::canonicalize(fixture.workspace()).unwrap();
    let mut setup = Setup { roots: vec![root.clone()], ..Setup::default() };
    for (name, value) in fixture.environment() {
        setup = setup.env(&name, &value);
    }
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    (client, root)
}

fn content(client: &mut Client, uri: &str) -> String {
    client.request("holdover/content", json!({ "uri": uri }))["text"].as_str().expect("a text").to_owned()
}

fn looked(client: &mut Client) -> Value {
    client.until(
        |client| client.request("holdover/status", json!({})),
        |status| status["readiness"]["checkedAt"].is_string() && status["journal"]["events"].as_u64() > Some(0),
    )
}

#[test]
fn the_status_says_when_it_was_looked_how_large_things_are_and_where_the_journal_stands() {
    let fixture = Fixture::small();
    std::fs::remove_file(fixture.crate_file("itoa")).unwrap();
    let (mut client, _) = editor(&fixture);
    let status = looked(&mut client);
    assert!(status["readiness"]["checkedAt"].as_str().unwrap().ends_with('Z'), "{status:#}");
    assert_eq!(status["readiness"]["text"], "not ready: 1 missing");
    for ecosystem in status["readiness"]["ecosystems"].as_array().unwrap() {
        assert!(ecosystem["bytes"].as_u64() > Some(1000), "{ecosystem:#}");
        assert!(ecosystem["text"].as_str().unwrap().contains(" here"), "{ecosystem:#}");
    }
    assert_eq!(status["journal"]["state"], "ready", "{status:#}");
    let cargo = |status: &Value| status["readiness"]["ecosystems"][0]["bytes"].as_u64().unwrap();
    let sizes = |folder: &Path| -> u64 {
        let caches = std::fs::read_dir(folder.join("cargo-home/registry/cache")).unwrap().flatten();
        let files = caches.flat_map(|cache| std::fs::read_dir(cache.path()).unwrap().flatten());
        files.map(|file| file.metadata().unwrap().len()).sum()
    };
    let on_disk = sizes(fixture.workspace().parent().unwrap());
    assert!((1..=on_disk).contains(&cargo(&status)), "{} of {on_disk}", cargo(&status));

    // `journal.enable` ends it, and says so.
    std::fs::write(fixture.workspace().join("holdover.toml"), "[journal]\nenable = false\n").unwrap();
    let off = client.until(
        |client| client.request("holdover/status", json!({})),
        |status| status["journal"]["state"] == "disabled",
    );
    assert_eq!(off["journal"]["events"], Value::Null, "{off:#}");
    assert!(off["journal"]["detail"].as_str().unwrap().contains("journal.enable"));
}

#[test]
fn the_journal_gives_the_newest_events_oldest_first_by_kind_and_by_workspace() {
    let fixture = Fixture::small();
    let (mut client, root) = editor(&fixture);
    looked(&mut client);
    for mode in ["on", "auto", "on", "auto"] {
        client.command("holdover.offline", json!({ "mode": mode }));
    }
    let all = client.command("holdover.journal", json!({}));
    let kinds: Vec<&str> =
        all["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["readiness.observed", "offline.set", "offline.set", "offline.set", "offline.set"]);
    let newest = client.command("holdover.journal", json!({ "kind": "offline.", "limit": 2 }));
    let modes: Vec<&Value> =
        newest["events"].as_array().unwrap().iter().map(|event| &event["payload"]["mode"]).collect();
    assert_eq!(modes, ["on", "auto"]);
    assert_eq!(newest["events"], json!(&all["events"].as_array().unwrap()[3..]));
    // Switching connections off is about no workspace.
    let own = client.command("holdover.journal", json!({ "workspace": root }));
    assert_eq!(own["events"], json!(&all["events"].as_array().unwrap()[..1]));
    for (limit, given) in [(0, 1), (usize::MAX, 5)] {
        let some = client.command("holdover.journal", json!({ "limit": limit }));
        assert_eq!(some["events"].as_array().unwrap().len(), given);
    }
    let params = |argument: Value| json!({ "command": "holdover.journal", "arguments": [argument] });
    assert_eq!(client.refused("workspace/executeCommand", params(json!({ "limit": -1 }))).0, -32602);
    assert_eq!(client.refused("workspace/executeCommand", params(json!({ "workspace": "/elsewhere" }))).0, -32803);

    // The terminal prints the same, letter for letter.
    let printed = String::from_utf8(fixture.holdover(&["journal", "log", "--json"]).stdout).unwrap();
    let printed: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json!(printed), all["events"]);

    let id = newest["events"][1]["id"].as_str().unwrap();
    let page = content(&mut client, &format!("holdover:/journal/{id}.md"));
    assert!(page.starts_with("# offline.set\n") && page.contains("\"mode\": \"auto\""), "{page}");
    for uri in [
        "holdover:/journal/01ARZ3NDEKTSV4RRFFQ69G5FAV.md",
        "holdover:/journal/../x.md",
        "holdover:/journal/.md",
        "holdover:/nothing.md",
        "holdover:",
        "",
    ] {
        assert_eq!(client.refused("holdover/content", json!({ "uri": uri })).0, -32803, "{uri}");
    }
}

#[test]
fn the_terminal_and_the_editor_show_the_same_words_and_figures() {
    let fixture = Fixture::small();
    std::fs::remove_file(fixture.npm_file("node_modules/ms")).unwrap();
    let (mut client, root) = editor(&fixture);
    let status = looked(&mut client);
    let page = content(&mut client, "holdover:/status.md");
    assert_eq!(content(&mut client, &format!("holdover:/status.md?workspace={}", root.display())), page);
    let encoded = uri(&root).replace("file://", "").replace('/', "%2F");
    assert_eq!(content(&mut client, &format!("holdover:/status.md?workspace={encoded}")), page);
    assert_eq!(content(&mut client, &format!("holdover:/status.md?workspace%3D{encoded}")), page);
    let elsewhere = json!({ "uri": "holdover:/status.md?workspace=%2Felsewhere" });
    assert_eq!(client.refused("holdover/content", elsewhere).0, -32803);

    let printed = String::from_utf8(fixture.holdover(&["status"]).stdout).unwrap();
    let mut texts: Vec<String> =
        ["/text", "/readiness/text", "/connectivity/text", "/connectivity/detail", "/journal/detail"]
            .map(|at| status.pointer(at).unwrap().as_str().unwrap().to_owned())
            .to_vec();
    for list in ["functions", "caches", "mirrors"] {
        for one in status[list].as_array().unwrap() {
            for key in ["text", "reason", "path", "url"] {
                texts.extend(one[key].as_str().map(str::to_owned));
            }
        }
    }
    assert!(texts.len() > 15, "{texts:?}");
    for ecosystem in status["readiness"]["ecosystems"].as_array().unwrap() {
        texts.push(ecosystem["lockfile"].as_str().unwrap().to_owned());
        texts.push(format!("{} of {}", ecosystem["present"], ecosystem["total"]));
    }
    // In Markdown what is no word stands behind a backslash.
    let plain = page.replace('\\', "");
    for text in texts.iter().filter(|text| !text.is_empty()) {
        assert!(printed.contains(text.as_str()), "{text:?} is not in the terminal's:\n{printed}");
        assert!(plain.contains(text.as_str()), "{text:?} is not in the document:\n{page}");
    }
    // Every cell of every table of the document stands in the terminal, times of looking aside.
    let cells =
        plain.lines().filter(|line| line.starts_with('|') && !line.contains("---")).flat_map(|line| line.split(" | "));
    let mut compared = 0;
    for cell in cells.map(|cell| cell.trim_matches(|c| "|* `".contains(c))).filter(|cell| !cell.is_empty()) {
        let is_heading =
            ["what", "how it stands", "function", "works", "why", "next", "where", "how much", "address", "state"];
        if is_heading.contains(&cell) || cell.contains(" since ") || cell.ends_with(", encrypted") || cell.contains('`')
        {
            continue;
        }
        assert!(printed.contains(cell), "{cell:?} is not in the terminal's:\n{printed}");
        compared += 1;
    }
    assert!(compared > 30, "{compared}");
}
