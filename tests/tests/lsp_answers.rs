//! What a client asks for by name: the status in full and as a document, the journal, and that a terminal says the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Answers, Client, Setup, uri};
use holdover_tests::fixture::Fixture;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

fn editor(fixture: &Fixture) -> (Client, PathBuf) {
    let (setup, root) = setup(fixture);
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    (client, root)
}

fn setup(fixture: &Fixture) -> (Setup, PathBuf) {
    let root = std::fs::canonicalize(fixture.workspace()).unwrap();
    let setup = Setup { roots: vec![root.clone()], ..Setup::default() };
    let environment = fixture.environment();
    (environment.iter().fold(setup, |setup, (name, value)| setup.env(name, value)), root)
}

fn content(client: &mut Client, uri: &str) -> String {
    client.request("holdover/content", json!({ "uri": uri }))["text"].as_str().expect("a text").to_owned()
}

fn looked(client: &mut Client) -> Value {
    client.until(
        |client| client.request("holdover/status", json!({})),
        |status| {
            let linted = status["checks"][0]["state"] != "running" && status["checks"][0].is_object();
            linted && status["readiness"]["checkedAt"].is_string() && status["journal"]["events"].as_u64() > Some(0)
        },
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
fn the_status_is_given_without_parameters_and_with_none() {
    let fixture = Fixture::small();
    let (mut client, root) = editor(&fixture);
    looked(&mut client);
    for (id, params) in [("without", None), ("null", Some(Value::Null)), ("empty", Some(json!({})))] {
        let mut message = json!({ "jsonrpc": "2.0", "id": id, "method": "holdover/status" });
        if let Some(params) = params {
            message["params"] = params;
        }
        client.send(&message);
        let answer = client.wait(Duration::from_secs(30), |answer| answer["id"] == id).expect("an answer");
        assert_eq!(answer["result"]["workspace"], json!(root), "{id}: {answer:#}");
    }
    assert_eq!(client.refused("holdover/content", Value::Null).0, -32602, "what needs an address is told so");
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
        let is_heading = [
            "what",
            "how it stands",
            "function",
            "works",
            "why",
            "next",
            "where",
            "how much",
            "how long",
            "address",
            "state",
        ];
        if is_heading.contains(&cell) || cell.contains(" since ") || cell.ends_with(", encrypted") || cell.contains('`')
        {
            continue;
        }
        // `…, 2026-11-22 13:54:26`: each of them looked by itself.
        let is_time = |end: &str| end.contains(':') && end.chars().all(|c| c.is_ascii_digit() || "-: ".contains(c));
        let cell = cell.rsplit_once(", ").filter(|(_, end)| is_time(end)).map_or(cell, |(words, _)| words);
        assert!(printed.contains(cell), "{cell:?} is not in the terminal's:\n{printed}");
        compared += 1;
    }
    assert!(compared > 30, "{compared}");
}

/// Titles of the lenses of a document; all of them stand on its first line.
fn lenses(client: &mut Client, uri: &str) -> Vec<Value> {
    let lenses = client.request("textDocument/codeLens", json!({ "textDocument": { "uri": uri } }));
    let lenses = lenses.as_array().cloned().unwrap_or_default();
    assert!(lenses.iter().all(|lens| lens["range"]["start"]["line"] == 0), "{lenses:?}");
    lenses.into_iter().map(|lens| lens["command"].clone()).collect()
}

fn refreshes(client: &Client) -> usize {
    client.asked.iter().filter(|asked| asked["method"] == "workspace/codeLens/refresh").count()
}

/// Any request reads what came before its answer.
fn wait_for_refresh(client: &mut Client, before: usize) {
    let asked = client.until(
        |client| {
            client.request("holdover/status", json!({}));
            json!(refreshes(client))
        },
        |asked| asked.as_u64() > u64::try_from(before).ok(),
    );
    assert_ne!(asked, json!(before), "the client was not told to look again");
}

#[test]
fn above_a_lockfile_stands_what_is_here_and_what_is_missing_can_be_got() {
    let fixture = Fixture::small();
    let itoa = fixture.crate_file("itoa");
    let kept = std::fs::read(&itoa).unwrap();
    std::fs::remove_file(&itoa).unwrap();
    assert_eq!(fixture.holdover(&["offline", "off"]).status.code(), Some(0));
    let (mut setup, root) = setup(&fixture);
    setup.capabilities["textDocument"]["codeLens"] = json!({});
    setup.capabilities["workspace"]["codeLens"] = json!({ "refreshSupport": true });
    // Nothing waits for what the client says to a refresh.
    setup.answers = Answers::Never;
    let mut client = Client::spawn(&setup);
    let offered = client.initialize(&setup);
    assert_eq!(offered["codeLensProvider"], json!({ "resolveProvider": false }));
    client.accept_leftovers();
    looked(&mut client);
    let cargo = uri(&root.join("Cargo.lock"));
    client.open(&cargo, &std::fs::read_to_string(root.join("Cargo.lock")).unwrap());
    let words = |client: &mut Client| {
        let status = client.request("holdover/status", json!({}));
        format!("offline: {}", status["readiness"]["ecosystems"][0]["text"].as_str().unwrap())
    };
    let shown = lenses(&mut client, &cargo);
    assert_eq!(shown[0], json!({ "title": words(&mut client), "command": "" }));
    assert!(shown[0]["title"].as_str().unwrap().contains("1 missing"), "{shown:?}");
    assert_eq!(shown.len(), 1, "an untrusted workspace fetches nothing: {shown:?}");

    let before = refreshes(&client);
    client.notify("holdover/didChangeTrust", json!({ "trusted": true }));
    wait_for_refresh(&mut client, before);
    let shown = lenses(&mut client, &cargo);
    let get =
        json!({ "title": "get what is missing", "command": "holdover.fetch", "arguments": [{ "workspace": root }] });
    assert_eq!(&shown[1..], std::slice::from_ref(&get));

    // Where another lockfile lacks something too, only its own is got.
    let ms = fixture.npm_file("node_modules/ms");
    std::fs::remove_file(&ms).unwrap();
    let both = client.until(|client| json!(lenses(client, &cargo)), |shown| shown[1] != get);
    let wanted = both[1]["arguments"][0]["artifacts"].as_array().unwrap();
    assert!(wanted.len() == 1 && wanted[0].as_str().unwrap().starts_with("cargo:itoa@"), "{both:#}");

    let before = refreshes(&client);
    std::fs::write(&itoa, kept).unwrap();
    wait_for_refresh(&mut client, before);
    let whole = lenses(&mut client, &cargo);
    assert_eq!(whole, [json!({ "title": words(&mut client), "command": "" })]);
    assert!(!whole[0]["title"].as_str().unwrap().contains("missing"), "{whole:?}");

    // Other documents have none, and neither do those that are not open.
    let manifest = uri(&root.join("Cargo.toml"));
    client.open(&manifest, "[package]\n");
    assert_eq!(lenses(&mut client, &manifest), Vec::<Value>::new());
    assert_eq!(lenses(&mut client, &uri(&root.join("package-lock.json"))), Vec::<Value>::new());
}

#[test]
fn a_client_that_shows_no_lenses_is_offered_none_and_never_told_to_look_again() {
    let fixture = Fixture::small();
    let (setup, root) = setup(&fixture);
    let mut client = Client::spawn(&setup);
    assert_eq!(client.initialize(&setup)["codeLensProvider"], Value::Null);
    client.accept_leftovers();
    looked(&mut client);
    let cargo = uri(&root.join("Cargo.lock"));
    client.open(&cargo, "");
    assert_eq!(lenses(&mut client, &cargo).len(), 1, "asked all the same, it answers");
    std::fs::remove_file(fixture.crate_file("itoa")).unwrap();
    client
        .until(|client| json!(lenses(client, &cargo)), |shown| shown[0]["title"].as_str().unwrap().contains("missing"));
    assert_eq!(refreshes(&client), 0);
}

/// The hover over the last place of `what` in a document that is opened with its text on the disk.
fn hover(client: &mut Client, file: &Path, what: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    client.open(&uri(file), &text);
    let (line, found) = text.lines().enumerate().filter(|(_, line)| line.contains(what)).last().unwrap();
    let position = json!({ "line": line, "character": found.find(what).unwrap() + 1 });
    let hover =
        client.request("textDocument/hover", json!({ "textDocument": { "uri": uri(file) }, "position": position }));
    assert_eq!(hover["range"]["start"]["line"], json!(line), "{hover:#}");
    hover["contents"]["value"].as_str().expect("a hover").to_owned()
}

#[test]
fn over_a_dependency_that_is_here_stands_where_it_is_how_it_was_checked_its_size_and_who_needs_it() {
    let fixture = Fixture::small();
    let (mut client, root) = editor(&fixture);
    client.until(
        |client| client.request("holdover/status", json!({})),
        |status| {
            let all = status["readiness"]["ecosystems"].as_array().unwrap();
            !all.is_empty() && all.iter().all(|one| one["verified"] == one["present"])
        },
    );
    for (lockfile, on_line, file, heading) in [
        ("Cargo.lock", "name = \"itoa\"", fixture.crate_file("itoa"), "**itoa "),
        ("package-lock.json", "\"node_modules/ms\"", fixture.npm_file("node_modules/ms"), "**ms "),
    ] {
        let file = std::fs::canonicalize(file).unwrap();
        let text = hover(&mut client, &root.join(lockfile), on_line);
        assert!(text.starts_with(heading) && text.contains("): here\n"), "{text}");
        assert!(text.contains(&format!("Cached at `{}`", file.display())), "{text}");
        assert!(text.contains("Its checksum was compared with the lockfile's and is the same."), "{text}");
        let bytes = file.metadata().unwrap().len();
        let size = format!("{}.{} KiB", bytes / 1024, bytes % 1024 * 10 / 1024);
        assert!(text.contains(&format!("Size: {size}")), "{size}: {text}");
        assert!(text.contains("Needed by: "), "{text}");
        assert!(!text.contains("Looked in"), "it was found: {text}");
    }
    let manifest = hover(&mut client, &root.join("Cargo.toml"), "serde_json");
    assert!(manifest.starts_with("**serde_json ") && manifest.contains("Cached at `"), "{manifest}");
}
