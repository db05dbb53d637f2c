//! Documents and their conflicts through the language server: positions, encodings, choices, workspaces.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Answers, Client, Setup, capabilities, uri};
use holdover_tests::text::Text;
use serde_json::{Value, json};

fn edits(edit: &Value) -> Vec<Value> {
    let changes = edit["documentChanges"][0]["edits"].as_array();
    changes.or_else(|| edit["changes"].as_object()?.values().next()?.as_array()).expect("edits").clone()
}

fn action(client: &mut Client, uri: &str, line: u32, name: &str) -> Value {
    let actions = client.actions(uri, line);
    let found = actions.iter().find(|action| action["data"]["action"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {actions:#?}")).clone()
}

#[test]
fn columns_are_right_in_both_encodings() {
    let text = "𝄞 clef\r\n<<<<<<< 𝄞 é\r\nours\r\n=======\r\n>>>>>>> b";
    for (encoding, clef, end) in [("utf-16", 2, 12), ("utf-8", 4, 15)] {
        let setup = Setup { capabilities: capabilities(encoding), ..Setup::default() };
        let mut client = Client::start(&setup);
        let uri = "untitled:1";
        client.open(uri, text);
        let range = &client.diagnostics(uri, 1)[0]["range"];
        assert_eq!(
            range,
            &json!({ "start": { "line": 1, "character": 0 }, "end": { "line": 1, "character": end } }),
            "{encoding}"
        );
        // A line more, right after the clef.
        client.change(uri, 2, [0, clef, 0, clef], "\n");
        assert_eq!(client.diagnostics(uri, 2)[0]["range"]["start"]["line"], 2);
        // In the middle of the clef: before it.
        client.change(uri, 3, [0, 1, 0, clef], "");
        assert_eq!(client.diagnostics(uri, 3).len(), 1);
        let offered = action(&mut client, uri, 3, "conflict.accept-current");
        let resolved = client.request("codeAction/resolve", offered);
        let edit = &edits(&resolved["edit"])[0];
        assert_eq!(edit["newText"], "ours\r\n");
        assert_eq!(
            edit["range"],
            json!({ "start": { "line": 2, "character": 0 }, "end": { "line": 5, "character": 9 } })
        );
        assert_eq!(resolved["edit"]["documentChanges"][0]["textDocument"]["version"], 3);
        // Far outside: clamped to the end.
        client.change(uri, 4, [9999, 9999, 9999, 9999], "\n<<<<<<< half\n");
        let codes: Vec<_> = client.diagnostics(uri, 4).iter().map(|d| d["code"].clone()).collect();
        assert_eq!(codes, ["merge-conflict", "malformed-conflict"]);
    }
}

#[test]
fn every_choice_is_offered_and_does_what_it_says() {
    let mut client = Client::start(&Setup::default());
    let uri = "untitled:1";
    client.open(uri, "a\n<<<<<<< HEAD\nours\n||||||| 1234\nbase\n=======\ntheirs\n>>>>>>> feature\nb\n");
    let found = client.diagnostics(uri, 1);
    assert_eq!(found[0]["message"], "merge conflict between HEAD and feature");
    assert_eq!(found[0]["source"], "holdover");
    let page = client.request("holdover/content", json!({ "uri": found[0]["codeDescription"]["href"] }));
    assert!(page["text"].as_str().unwrap().starts_with("# merge-conflict"));
    for (name, text) in [
        ("conflict.accept-current", "ours\n"),
        ("conflict.accept-incoming", "theirs\n"),
        ("conflict.accept-both", "ours\ntheirs\n"),
        ("conflict.accept-both-reversed", "theirs\nours\n"),
        ("conflict.accept-base", "base\n"),
        ("conflict.accept-none", ""),
    ] {
        let offered = action(&mut client, uri, 4, name);
        assert!(offered.get("edit").is_none(), "lazy: {offered}");
        assert_eq!(edits(&client.request("codeAction/resolve", offered)["edit"])[0]["newText"], text);
    }
    assert!(client.actions(uri, 0).is_empty());
    assert!(client.actions(uri, 8).is_empty());
}

#[test]
fn a_choice_survives_an_edit_elsewhere_and_refuses_after_one_inside() {
    let mut client = Client::start(&Setup::default());
    let uri = "untitled:1";
    client.open(uri, "a\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> b\nz\n");
    client.diagnostics(uri, 1);
    let offered = action(&mut client, uri, 1, "conflict.accept-incoming");
    client.change(uri, 2, [0, 0, 0, 1], "two\nlines");
    client.change(uri, 3, [7, 0, 7, 1], "");
    client.diagnostics(uri, 3);
    let edit = client.request("codeAction/resolve", offered.clone());
    assert_eq!(edits(&edit["edit"])[0]["range"]["start"]["line"], 2);
    client.change(uri, 4, [3, 0, 3, 0], "y");
    client.diagnostics(uri, 4);
    assert_eq!(client.refused("codeAction/resolve", offered.clone()).0, -32801);
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    assert!(client.diagnostics_without_version(uri).is_empty());
    assert_eq!(client.refused("codeAction/resolve", offered).0, -32801);
}

#[test]
fn a_merge_is_offered_with_its_reason_and_refuses_once_its_conflict_changed() {
    let folder = tempfile::tempdir().unwrap();
    let uri = &uri(&folder.path().join("a.js"));
    let conflict =
        |left: &str, right: &str| format!("<<<<<<< HEAD\n{left}||||||| o\na = one(1, 2)\n=======\n{right}>>>>>>> b\n");
    let text = format!("x = 1\n{}y = 1\n", conflict("    a = one(1, 2)\n", "a = one(1, 3)\n"));
    let mut client = Client::start(&Setup::default());
    client.open(uri, &text);
    client.diagnostics(uri, 1);
    let offered = action(&mut client, uri, 2, "conflict.merge");
    assert_eq!(
        offered["title"],
        "Accept the merge: one side only indented these lines; the change of the other is indented in the same way"
    );
    assert!(offered.get("edit").is_none() && offered.get("isPreferred").is_none(), "never by itself: {offered}");
    assert_eq!(offered["diagnostics"].as_array().map_or(0, Vec::len), 0, "{offered}");
    let hover = client.request(
        "textDocument/hover",
        json!({ "textDocument": { "uri": uri }, "position": { "line": 1, "character": 0 } }),
    );
    let told = hover["contents"]["value"].as_str().unwrap();
    assert!(
        told.contains("suggested merge, trusted") && told.contains("\n     a = one(1, 3)\n-    a = one(1, 2)\n"),
        "{told}"
    );
    // An edit elsewhere does no harm.
    client.change(uri, 2, [0, 0, 0, 0], "\n");
    client.diagnostics(uri, 2);
    let edit = client.request("codeAction/resolve", offered.clone());
    assert_eq!(edits(&edit["edit"])[0]["newText"], "    a = one(1, 3)\n");
    assert_eq!(edits(&edit["edit"])[0]["range"]["start"]["line"], 2);
    client.change(uri, 3, [3, 0, 3, 0], "b");
    client.diagnostics(uri, 3);
    assert_eq!(client.refused("codeAction/resolve", offered).0, -32801);
    // What a person must look at is no edit for an editor that would not show it first.
    client.change(
        uri,
        4,
        [0, 0, 99, 0],
        &format!("x = 1\n{}y = 1\n", "<<<<<<< HEAD\nfunction f() {}\n||||||| o\n=======\nfunction g() {}\n>>>>>>> b\n"),
    );
    client.diagnostics(uri, 4);
    assert!(!client.actions(uri, 2).iter().any(|action| action["data"]["action"] == "conflict.merge"));
}

#[test]
fn an_editor_that_asks_people_first_is_offered_merges_that_need_a_look() {
    let folder = tempfile::tempdir().unwrap();
    let uri = &uri(&folder.path().join("a.py"));
    let mut capabilities = capabilities("utf-16");
    capabilities["workspace"]["workspaceEdit"]["changeAnnotationSupport"] = json!({});
    capabilities["workspace"]["workspaceEdit"]["documentChanges"] = json!(true);
    let mut client = Client::start(&Setup { capabilities, ..Setup::default() });
    client.open(uri, "x = 1\n<<<<<<< HEAD\ndef f(): pass\n||||||| o\n=======\ndef g(): pass\n>>>>>>> b\ny = 1\n");
    client.diagnostics(uri, 1);
    let offered = action(&mut client, uri, 2, "conflict.merge");
    let edit = client.request("codeAction/resolve", offered)["edit"].clone();
    let one = &edits(&edit)[0];
    assert_eq!(one["newText"], "def f(): pass\ndef g(): pass\n");
    let annotation = &edit["changeAnnotations"][one["annotationId"].as_str().unwrap()];
    assert_eq!(annotation["needsConfirmation"], true, "{edit}");
    assert!(annotation["description"].as_str().unwrap().contains("order is for you to say"), "{annotation}");
}

#[test]
fn a_hover_over_a_conflict_says_which_branches_commits_and_authors_its_sides_come_from() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    let git = |arguments: &[&str]| {
        let mut git = std::process::Command::new("git");
        git.args(["-c", "user.name=Ann *not bold*", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false"]);
        git.args(arguments)
            .current_dir(root.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null");
        git.output().unwrap().status.success()
    };
    assert!(git(&["init", "-q", "-b", "main"]));
    for (branch, text) in [("main", "base\n"), ("feature", "feature\n"), ("main", "main\n")] {
        assert!(git(&["switch", "-q", branch]) || git(&["switch", "-qc", branch]));
        std::fs::write(&file, text).unwrap();
        assert!(git(&["add", "file"]) && git(&["commit", "-qm", text.trim()]));
    }
    assert!(!git(&["merge", "feature"]));
    let setup = Setup { roots: vec![root.path().to_owned()], ..Setup::default() };
    let mut client = Client::start(&setup);
    let text = std::fs::read_to_string(&file).unwrap();
    client.open(&uri(&file), &format!("typed\n{text}"));
    client.diagnostics(&uri(&file), 1);
    let at = |line: u32| json!({ "textDocument": { "uri": uri(&file) }, "position": { "line": line, "character": 0 } });
    let hover = client.request("textDocument/hover", at(3));
    assert_eq!(hover["range"]["start"]["line"], 1);
    let told = hover["contents"]["value"].as_str().unwrap();
    assert!(told.contains("merge conflict between main (") && told.contains("- incoming: feature, `"), "{told}");
    assert!(told.contains(r"Ann \*not bold\*"), "what others wrote is shown, not obeyed: {told}");
    assert!(client.request("textDocument/hover", at(0)).is_null());
}

#[test]
fn a_client_without_versions_and_without_resolve_gets_whole_edits() {
    let setup = Setup { capabilities: json!({}), ..Setup::default() };
    let mut client = Client::start(&setup);
    let uri = "untitled:1";
    client.open(uri, "<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> b");
    assert_eq!(client.diagnostics(uri, 1).len(), 1);
    let offered = action(&mut client, uri, 0, "conflict.accept-current");
    assert!(offered["edit"].get("documentChanges").is_none());
    assert_eq!(offered["edit"]["changes"][uri][0]["newText"], "ours\n");
    let resolve =
        json!({ "command": "holdover.resolveConflict", "arguments": [{ "file": uri, "resolve": "current" }] });
    assert_eq!(client.refused("workspace/executeCommand", resolve).0, -32803);
    assert!(client.asked.is_empty(), "nothing is asked of a client that cannot answer: {:?}", client.asked);
}

#[test]
fn the_commands_list_and_resolve_conflicts() {
    let root = tempfile::tempdir().unwrap();
    let setup = Setup { roots: vec![root.path().to_owned()], answers: Answers::Applies, ..Setup::default() };
    let mut client = Client::start(&setup);
    let (open, closed) = (root.path().join("open é.rs"), root.path().join("closed.rs"));
    let conflict = "<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> b\n";
    std::fs::write(&closed, conflict).unwrap();
    client.open(&uri(&open), &format!("{conflict}between\n{conflict}"));
    assert_eq!(client.diagnostics(&uri(&open), 1).len(), 2);
    let run = |client: &mut Client, command: &str, argument: Value| {
        client.request("workspace/executeCommand", json!({ "command": command, "arguments": [argument] }))
    };
    let report = run(&mut client, "holdover.conflicts", json!({ "workspace": root.path() }));
    assert_eq!(report["files"][0]["path"], json!(open));
    assert_eq!(report["files"][0]["regions"][1]["sides"][1]["label"], "b");
    let report = run(&mut client, "holdover.conflicts", json!({ "files": ["closed.rs"] }));
    assert_eq!(report["files"].as_array().unwrap().len(), 1);
    assert_eq!(report["files"][0]["path"], json!(closed));
    let done = run(&mut client, "holdover.resolveConflict", json!({ "file": open, "resolve": "both", "line": 8 }));
    assert_eq!(
        done,
        json!({ "applied": true, "conflicts": 1, "files": 1, "left": 1, "text": "resolved 1 conflict in 1 file; 1 conflict left" })
    );
    let asked = client.asked.last().unwrap()["params"]["edit"].clone();
    assert_eq!(edits(&asked)[0]["newText"], "ours\ntheirs\n");
    assert_eq!(edits(&asked)[0]["range"]["start"]["line"], 6);
    let all = run(&mut client, "holdover.resolveConflict", json!({ "file": uri(&open), "resolve": "none" }));
    assert_eq!((&all["applied"], &all["conflicts"]), (&json!(true), &json!(1)));
    client.accept_leftovers();
    let version = client.texts[&uri(&open)].version + 1;
    let twice = format!("{conflict}between\n{conflict}");
    client.texts.insert(uri(&open), Text { version, text: twice });
    let change = client.texts[&uri(&open)].change(&uri(&open));
    client.notify("textDocument/didChange", change);
    let ambiguous =
        json!({ "file": open, "resolve": "none", "fingerprint": report["files"][0]["regions"][0]["fingerprint"] });
    let params = json!({ "command": "holdover.resolveConflict", "arguments": [ambiguous] });
    assert_eq!(client.refused("workspace/executeCommand", params).0, -32801);
}

#[test]
fn two_workspaces_a_file_outside_and_an_untitled_buffer_live_side_by_side() {
    let (one, two, outside) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let setup = Setup { roots: vec![one.path().to_owned(), two.path().to_owned()], ..Setup::default() };
    let mut client = Client::start(&setup);
    let text = "<<<<<<< HEAD\n=======\n>>>>>>> b\n";
    for uri in [
        uri(&one.path().join("a")),
        uri(&two.path().join("a")),
        uri(&outside.path().join("a b ü")),
        "untitled:Untitled-1".to_owned(),
    ] {
        client.open(&uri, text);
        assert_eq!(client.diagnostics(&uri, 1).len(), 1, "{uri}");
        assert_eq!(client.actions(&uri, 0).len(), 5);
    }
    for root in [&one, &two] {
        let status = client.request("holdover/status", json!({ "workspace": root.path() }));
        assert_eq!(status["workspace"], json!(root.path()));
        let params = json!({ "command": "holdover.status", "arguments": [{ "workspace": uri(root.path()) }] });
        assert_eq!(client.request("workspace/executeCommand", params)["workspace"], json!(root.path()));
        let status = client.until(
            |client| client.request("holdover/status", json!({ "workspace": root.path() })),
            |status| status["conflicts"]["hunks"] == 1,
        );
        assert_eq!(status["conflicts"]["hunks"], 1);
    }
    assert_eq!(client.refused("holdover/status", json!({ "workspace": outside.path() })).0, -32803);
    let folders = json!({ "added": [{ "uri": uri(outside.path()), "name": "" }], "removed": [{ "uri": uri(one.path()), "name": "" }] });
    client.notify("workspace/didChangeWorkspaceFolders", json!({ "event": folders }));
    assert_eq!(
        client.request("holdover/status", json!({ "workspace": outside.path() }))["workspace"],
        json!(outside.path())
    );
    assert_eq!(client.refused("holdover/status", json!({ "workspace": one.path() })).0, -32803);
}

#[test]
fn conflicts_can_be_switched_off_by_a_setting() {
    let mut client = Client::start(&Setup::default());
    client.open("untitled:1", "<<<<<<< HEAD\n=======\n>>>>>>> b\n");
    assert_eq!(client.diagnostics("untitled:1", 1).len(), 1);
    let settings = |on: bool| json!({ "settings": { "holdover": { "conflicts": { "enable": on } } } });
    client.notify("workspace/didChangeConfiguration", settings(false));
    assert!(client.diagnostics("untitled:1", 1).is_empty());
    client.notify("workspace/didChangeConfiguration", settings(true));
    assert_eq!(client.diagnostics("untitled:1", 1).len(), 1);
}
