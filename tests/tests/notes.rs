//! Notes end to end: in the terminal and through a language client, which see the same; drafts outlive the server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::client::{Client, Setup, capabilities, uri};
use holdover_tests::fixture::Fixture;
use holdover_tests::said::{err, out};
use serde_json::{Value, json};
use std::process::{Output, Stdio};

fn json_of(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

fn project() -> Fixture {
    let fixture = Fixture::small();
    std::fs::create_dir_all(fixture.workspace().join("src")).unwrap();
    std::fs::write(
        fixture.workspace().join("src/a.txt"),
        (0..9).map(|n| format!("line {n}\n")).collect::<Vec<_>>().concat(),
    )
    .unwrap();
    fixture
}

/// A client of the fixture's workspace that shows notes.
fn client(fixture: &Fixture) -> Client {
    let mut can = capabilities("utf-16");
    can["experimental"] = json!({ "holdoverNotes": true });
    can["textDocument"]["codeLens"] = json!({});
    let setup =
        Setup { env: fixture.environment(), roots: vec![fixture.workspace()], capabilities: can, ..Setup::default() };
    let mut client = Client::start(&setup);
    // What is found in its lockfiles is none of these tests' business.
    client.accept_leftovers();
    client
}

#[test]
fn a_note_is_added_listed_shown_edited_and_removed_and_every_step_is_in_the_journal() {
    let fixture = project();
    let added = json_of(&fixture.holdover(&["note", "add", "src/a.txt:3-4", "-m", "why\n\nbecause", "--json"]));
    assert_eq!((added["title"].as_str(), added["shared"].as_bool()), (Some("why"), Some(false)));
    assert_eq!(added["place"]["text"], "src/a.txt:3-4");
    assert_eq!(added["anchor"]["quote"], json!(["line 2", "line 3"]));
    assert_eq!(added["state"], "durable");
    let id = added["id"].as_str().unwrap();

    // Lines came above it: it stands where they went.
    let file = fixture.workspace().join("src/a.txt");
    std::fs::write(&file, format!("new\n{}", std::fs::read_to_string(&file).unwrap())).unwrap();
    let listed = json_of(&fixture.holdover(&["note", "list", "--json"]));
    assert_eq!(listed["notes"][0]["place"]["grade"], "shifted", "{listed:#}");
    assert_eq!(listed["notes"][0]["place"]["text"], "src/a.txt:4-5");
    assert_eq!(json_of(&fixture.holdover(&["note", "list", "src", "--json"]))["notes"][0]["id"], id);
    assert_eq!(json_of(&fixture.holdover(&["note", "list", "package.json", "--json"]))["notes"], json!([]));
    assert_eq!(json_of(&fixture.holdover(&["note", "list", "--shared", "--json"]))["notes"], json!([]));

    let end = &id[id.len() - 8..];
    let edited = json_of(&fixture.holdover(&["note", "edit", end, "-m", "done", "--json"]));
    assert_eq!((edited["body"].as_str(), edited["versions"].as_array().unwrap().len()), (Some("done"), 1));
    assert!(out(&fixture.holdover(&["note", "show", end])).contains("done"));
    let removed = fixture.holdover(&["note", "remove", end]);
    assert!(out(&removed).starts_with("removed: "), "{}", out(&removed));
    assert_eq!(json_of(&fixture.holdover(&["note", "list", "--json"]))["notes"], json!([]));
    assert_eq!(json_of(&fixture.holdover(&["note", "list", "--removed", "--json"]))["notes"][0]["removed"], true);

    let log = fixture.holdover(&["journal", "log", "--kind", "note", "--json"]);
    let events: Vec<Value> = out(&log).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["note.add", "note.edit", "note.retract"]);
    for event in &events {
        assert_eq!((event["entity"].as_str(), event["lane"].as_str()), (Some(id), Some("local")), "{event:#}");
    }
    // The least that is needed: no folder of this machine.
    let folder = fixture.workspace().display().to_string();
    assert!(!events.iter().any(|event| event["payload"].to_string().contains(&folder)), "{events:#?}");
}

#[test]
fn a_shared_note_is_on_the_lane_that_leaves_and_a_personal_one_is_not() {
    let fixture = project();
    fixture.holdover(&["note", "add", "-m", "for all", "--shared"]);
    fixture.holdover(&["note", "add", "-m", "for me"]);
    let log = fixture.holdover(&["journal", "log", "--kind", "note", "--json"]);
    let lanes: Vec<Value> =
        out(&log).lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["lane"].clone()).collect();
    assert_eq!(lanes, [json!("notes"), json!("local")]);
    let personal = json_of(&fixture.holdover(&["note", "list", "--personal", "--json"]));
    assert_eq!(personal["notes"].as_array().unwrap().len(), 1);
    assert_eq!(personal["notes"][0]["body"], "for me");
}

#[test]
fn what_cannot_be_a_note_is_said_so_and_nothing_is_written() {
    let fixture = project();
    let outside = fixture.workspace().parent().unwrap().join("outside.txt");
    std::fs::write(&outside, "x").unwrap();
    std::fs::write(fixture.workspace().join("big"), "x".repeat((64 << 10) + 1)).unwrap();
    for (arguments, words) in [
        (vec!["note", "add", "-m", " \n "], "needs a text"),
        (vec!["note", "add", "no-such-file", "-m", "x"], "cannot be read"),
        (vec!["note", "add", "src/a.txt:10", "-m", "x"], "has 9 lines, and line 10 was asked for"),
        (vec!["note", "add", "src/a.txt:4-3", "-m", "x"], "counted from 1"),
        (vec!["note", "show", "ZZZZZZZZ"], "there is no note `ZZZZZZZZ`"),
        (vec!["note", "show", "\u{1b}[31mx"], "there is no note `⟨U+001B⟩[31mx`"),
        (vec!["note", "remove", "Z"], "there is no note `Z`"),
        (vec!["note", "edit", "ZZZZZZZZ", "-m", "x"], "there is no note"),
    ] {
        let output = fixture.holdover(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(words), "{arguments:?}: {}", err(&output));
        assert!(!err(&output).contains('\u{1b}') || err(&output).contains("error"), "{}", err(&output));
    }
    let mut big = fixture.command(holdover_tests::binary::holdover());
    big.args(["note", "add"]).stdin(std::fs::File::open(fixture.workspace().join("big")).unwrap());
    let big = big.output().unwrap();
    assert!(err(&big).contains("at most 65536 bytes, and this one 65537"), "{}", err(&big));
    assert_eq!(out(&fixture.holdover(&["journal", "log", "--kind", "note"])).trim(), "the journal holds no such event");
}

#[test]
fn a_terminal_is_shown_what_a_hostile_note_says_and_does_not_obey_it() {
    let fixture = project();
    fixture.holdover(&["note", "add", "-m", "title \u{1b}[2J\u{202e}x\n\n\u{7}body"]);
    let list = out(&fixture.holdover(&["note", "list"]));
    assert!(list.contains("title ⟨U+001B⟩[2J⟨U+202E⟩x"), "{list}");
    let id = json_of(&fixture.holdover(&["note", "list", "--json"]))["notes"][0]["id"].as_str().unwrap().to_owned();
    let shown = out(&fixture.holdover(&["note", "show", &id]));
    assert!(shown.contains("⟨U+0007⟩body") && !shown.contains('\u{7}'), "{shown}");
}

#[test]
fn without_a_message_the_text_comes_from_the_users_editor_and_an_editor_that_fails_loses_nothing() {
    let fixture = project();
    // A terminal is needed for that; `script` makes one.
    let run = |editor: &str, arguments: &str| -> Output {
        let mut command = fixture.command(std::path::Path::new("script"));
        let line = format!("{} {arguments}", holdover_tests::binary::holdover().display());
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        command.env("EDITOR", editor).env_remove("VISUAL").stdin(Stdio::null()).output().unwrap()
    };
    let added = run("printf 'from an editor' >", "note add src/a.txt");
    assert!(out(&added).contains("noted: "), "{}", out(&added));
    let note = json_of(&fixture.holdover(&["note", "list", "--json"]))["notes"][0].clone();
    assert_eq!(note["body"], "from an editor");
    let id = note["id"].as_str().unwrap();
    let edited = run("sed -i s/an/the/", &format!("note edit {id}"));
    assert!(out(&edited).contains("changed: "), "{}", out(&edited));
    assert_eq!(json_of(&fixture.holdover(&["note", "show", id, "--json"]))["body"], "from the editor");
    let failed = run("sh -c 'echo kept > \"$0\"; exit 1'", "note add");
    let text = out(&failed);
    let file = text.split("what was written is in ").nth(1).unwrap_or_else(|| panic!("{text}")).trim();
    assert_eq!(std::fs::read_to_string(file).unwrap(), "kept\n");
}

#[test]
fn an_editor_and_the_terminal_see_the_same_notes_and_each_hears_of_the_other() {
    let fixture = project();
    let file = fixture.workspace().join("src/a.txt");
    let mut client = client(&fixture);
    client.open(&uri(&file), &std::fs::read_to_string(&file).unwrap());
    client.diagnostics(&uri(&file), 1);
    let added = client.command(
        "holdover.note.add",
        json!({ "file": uri(&file), "line": 4, "lines": 1, "body": "look ![x](http://h/x.png) <b>" }),
    );
    assert_eq!(added["place"]["text"], "src/a.txt:5");
    let listed = json_of(&fixture.holdover(&["note", "list", "--json"]));
    assert_eq!(listed["notes"][0], added, "the same shape, the same words");

    // In the text as it is in the editor, which nobody has saved.
    client.change(&uri(&file), 2, [0, 0, 0, 0], "one more\n");
    client.diagnostics(&uri(&file), 2);
    let at = |line: u32| json!({ "textDocument": { "uri": uri(&file) }, "position": { "line": line, "character": 2 } });
    let hover = client.request("textDocument/hover", at(5));
    let said = hover["contents"]["value"].as_str().unwrap();
    assert!(said.contains("look \\![x](http://h/x.png) \\<b>"), "{said}");
    assert_eq!(hover["range"]["start"]["line"], 5);
    assert_eq!(client.request("textDocument/hover", at(4)), Value::Null);
    let lenses = client.request("textDocument/codeLens", json!({ "textDocument": { "uri": uri(&file) } }));
    assert_eq!(lenses[0]["range"]["start"]["line"], 5, "{lenses:#}");
    assert_eq!(lenses[0]["command"]["command"], "holdover.openNote");
    assert!(lenses[0]["command"]["title"].as_str().unwrap().starts_with("note: look"));

    let id = added["id"].as_str().unwrap();
    let page = |client: &mut Client, path: String| {
        client.request("holdover/content", json!({ "uri": format!("holdover:/{path}.md") }))["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(page(&mut client, format!("note/{id}")).contains("on `src/a.txt:6`"));
    fixture.holdover(&["note", "edit", id, "-m", "changed elsewhere"]);
    let hover = client.until(
        |client| client.request("textDocument/hover", at(5))["contents"]["value"].clone(),
        |said| said.as_str().is_some_and(|said| said.contains("changed elsewhere")),
    );
    assert!(hover.as_str().unwrap().contains("changed elsewhere"), "{hover}");
    // Its writer saw the first version: both stand.
    let both = client.command(
        "holdover.note.edit",
        json!({ "note": id, "body": "changed here", "pred": added["versions"][0]["ops"] }),
    );
    let texts: Vec<&str> = both["versions"].as_array().unwrap().iter().map(|v| v["body"].as_str().unwrap()).collect();
    assert_eq!(texts, ["changed here", "changed elsewhere"]);
    assert!(both["about"].as_str().unwrap().contains("2 texts were written at the same time"), "{both:#}");

    let trail = client.command("holdover.trail", json!({ "file": uri(&file) }));
    let whats: Vec<&str> = trail["entries"].as_array().unwrap().iter().map(|e| e["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["note changed: changed here", "note changed: changed elsewhere", "note added: look x <b>"]);
    assert!(trail["entries"].as_array().unwrap().iter().all(|entry| entry["state"] == "durable"));
    let page = page(&mut client, "trail/src/a.txt".to_owned());
    assert!(page.contains("| note changed: changed here | written and flushed to the disk |"), "{page}");

    client.command("holdover.note.remove", json!({ "note": id }));
    assert_eq!(client.request("textDocument/hover", at(5)), Value::Null);
}

#[test]
fn an_action_to_write_a_note_is_offered_where_somebody_asks_and_only_there() {
    let fixture = project();
    let file = fixture.workspace().join("src/a.txt");
    let mut client = client(&fixture);
    client.open(&uri(&file), "a\nb\nc\n");
    client.diagnostics(&uri(&file), 1);
    let mut ask = |trigger: u32, end: [u32; 2]| {
        let range = json!({ "start": { "line": 1, "character": 0 }, "end": { "line": end[0], "character": end[1] } });
        let context = json!({ "diagnostics": [], "triggerKind": trigger });
        client.request(
            "textDocument/codeAction",
            json!({ "textDocument": { "uri": uri(&file) }, "range": range, "context": context }),
        )
    };
    assert_eq!(ask(2, [1, 0]), json!([]), "a mark beside every line would say nothing");
    let offered = ask(1, [2, 0]);
    assert_eq!(offered[0]["title"], "Add a note here");
    let fields = &offered[0]["command"]["arguments"][0];
    assert_eq!(
        (fields["line"].as_u64(), fields["lines"].as_u64()),
        (Some(1), Some(1)),
        "the next line's first column is not in it"
    );
    assert_eq!(ask(1, [2, 1])[0]["command"]["arguments"][0]["lines"], 2);
}

#[test]
fn a_draft_outlives_a_server_that_was_killed_and_ends_with_its_note() {
    let fixture = project();
    let file = fixture.workspace().join("src/a.txt");
    let mut client = client(&fixture);
    let begun = client.command("holdover.note.draft", json!({ "file": uri(&file), "line": 2, "body": "he" }));
    let id = begun["id"].as_str().unwrap().to_owned();
    for body in ["hell", "hello"] {
        let fields = json!({ "draft": id, "body": body, "anchor": begun["anchor"] });
        assert_eq!(client.command("holdover.note.draft", fields)["body"], body);
    }
    let listed = json_of(&fixture.holdover(&["note", "list", "--json"]));
    assert_eq!(listed["drafts"][0]["open"], true, "its server is there: somebody may be typing");
    client.kill();

    let listed = json_of(&fixture.holdover(&["note", "list", "--json"]));
    assert_eq!(
        (listed["drafts"][0]["body"].as_str(), listed["drafts"][0]["open"].as_bool()),
        (Some("hello"), Some(false))
    );
    assert_eq!(listed["notes"], json!([]), "it is no note yet");
    let mut client = self::client(&fixture);
    let drafts = client.command("holdover.note.list", json!({}))["drafts"].clone();
    assert_eq!(drafts[0]["place"]["text"], "src/a.txt:3", "{drafts:#}");
    let fields = json!({ "body": "hello world", "draft": id, "anchor": drafts[0]["anchor"] });
    let note = client.command("holdover.note.add", fields);
    assert_eq!(note["place"]["text"], "src/a.txt:3");
    // A save that was on its way brings nothing back, and is not said to be kept.
    let late = json!({ "draft": id, "body": "hello wor", "anchor": drafts[0]["anchor"] });
    let asked =
        client.ask("workspace/executeCommand", json!({ "command": "holdover.note.draft", "arguments": [late] }));
    let refused = client.response(asked);
    assert_eq!(refused["error"]["data"]["kind"], "draft-ended", "{refused}");
    assert_eq!(client.command("holdover.note.list", json!({}))["drafts"], json!([]));
}

#[test]
fn a_note_that_is_saved_again_under_its_draft_is_the_same_note_and_holds_what_was_typed_last() {
    let fixture = project();
    let mut client = client(&fixture);
    let draft = "01KA0000000000000000000001";
    let mut add = |body: &str| client.command("holdover.note.add", json!({ "body": body, "draft": draft }));
    // Whoever did not hear the answer asks again.
    let first = add("one");
    let again = add("one");
    assert_eq!((&again["id"], &again["versions"]), (&first["id"], &first["versions"]));
    for body in ["one and two", "one, two and three"] {
        let more = add(body);
        assert_eq!((&more["id"], more["body"].as_str()), (&first["id"], Some(body)));
        assert_eq!(more["versions"].as_array().unwrap().len(), 1, "{more:#}");
    }
    // The same of a change: its second text is put in the place of its first, and not beside it.
    let pred = add("one, two and three")["versions"][0]["ops"].clone();
    let draft = "01KA0000000000000000000002";
    let mut edit = |body: &str| {
        let fields = json!({ "note": first["id"], "body": body, "pred": pred, "draft": draft });
        client.command("holdover.note.edit", fields)
    };
    edit("four");
    for body in ["four", "four and five"] {
        let changed = edit(body);
        assert_eq!((changed["body"].as_str(), changed["versions"].as_array().unwrap().len()), (Some(body), 1));
    }
    // What somebody else made of it meanwhile is left standing beside.
    let id = first["id"].as_str().unwrap();
    let other = json_of(&fixture.holdover(&["note", "edit", id, "-m", "from a terminal", "--json"]));
    assert_eq!(other["body"], "from a terminal");
    let beside = edit("four and five and six");
    assert_eq!(beside["versions"].as_array().unwrap().len(), 2, "{beside:#}");
    let listed = json_of(&fixture.holdover(&["note", "list", "--json"]));
    assert_eq!((listed["notes"].as_array().unwrap().len(), &listed["drafts"]), (1, &json!([])));
}

#[test]
fn where_nothing_is_recorded_a_note_is_refused_and_says_why() {
    let fixture = project();
    std::fs::write(fixture.workspace().join("holdover.toml"), "[journal]\nenable = false\n").unwrap();
    let refused = fixture.holdover(&["note", "add", "-m", "x"]);
    assert!(
        err(&refused).contains("`journal.enable` is false") && refused.status.code() == Some(2),
        "{}",
        err(&refused)
    );
}

#[test]
fn what_another_process_wrote_and_sealed_is_told_to_a_client_that_shows_how_far_things_have_come() {
    let fixture = project();
    let mut can = capabilities("utf-16");
    can["experimental"] = json!({ "holdoverDelivery": true });
    let setup =
        Setup { env: fixture.environment(), roots: vec![fixture.workspace()], capabilities: can, ..Setup::default() };
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    client
        .until(|client| client.request("holdover/status", Value::Null), |status| status["journal"]["state"] == "ready");
    // The other process seals what somebody meant before it ends, and writes no event by that. A server that is busy meanwhile
    // reads the note when it is sealed already: then the client hears of the note, and no step of it is left to tell.
    let mut added = Vec::new();
    let told = (0..20)
        .find_map(|_| {
            let note = json_of(&fixture.holdover(&["note", "add", "--shared", "-m", "for everybody", "--json"]));
            added.push(note["id"].clone());
            let told = client.notification("holdover/didChangeDelivery");
            added.contains(&told["entries"][0]["id"]).then_some(told)
        })
        .expect("one of twenty notes is seen before it is sealed");
    let id = told["entries"][0]["id"].as_str().unwrap();
    assert_eq!(told["workspace"], json!(fixture.workspace()));
    let entry = &told["entries"][0];
    assert_eq!(
        (&entry["id"], &entry["entity"], &entry["state"]),
        (&json!(id), &json!(id), &json!("sealed")),
        "{told:#}"
    );
    let asked = client.command("holdover.delivery", json!({ "ids": [id, "no id", "01ARZ3NDEKTSV4RRFFQ69G5FAV"] }));
    assert_eq!(
        asked["entries"],
        json!([{ "id": id, "entity": id, "state": "sealed", "stateText": "sealed", "seenBy": [] }])
    );
    assert_eq!(json_of(&fixture.holdover(&["note", "show", id, "--json"]))["state"], "sealed");
    // What the server itself was told to write is sealed when it ends.
    let own = client.command("holdover.note.add", json!({ "body": "from the editor", "shared": true }));
    client.request("shutdown", Value::Null);
    assert_eq!(client.exit().0, Some(0));
    assert_eq!(json_of(&fixture.holdover(&["note", "show", own["id"].as_str().unwrap(), "--json"]))["state"], "sealed");
    let status = json_of(&fixture.holdover(&["status", "--json"]));
    assert!(status["journal"]["unsealed"].is_u64(), "{status:#}");
}

#[test]
fn a_note_whose_lines_are_gone_is_put_to_new_ones_from_the_terminal_and_from_an_editor() {
    let fixture = project();
    let added = json_of(&fixture.holdover(&["note", "add", "src/a.txt:3-4", "-m", "why", "--shared", "--json"]));
    let id = added["id"].as_str().unwrap().to_owned();
    let file = fixture.workspace().join("src/a.txt");
    std::fs::write(&file, "other\nwords\naltogether\nhere\n").unwrap();
    let lost = json_of(&fixture.holdover(&["note", "show", &id, "--json"]));
    assert_eq!(lost["place"]["grade"], "file", "{lost:#}");

    // In an editor the lines are selected, and the server does it by itself: any client can.
    let mut client = client(&fixture);
    let uri = uri(&file);
    client.open(&uri, "other\nwords\naltogether\nhere\n");
    // Asked for, so that it has read them.
    client.command("holdover.note.list", json!({ "file": uri }));
    let actions = |client: &mut Client, trigger: u8| {
        let range = json!({ "start": { "line": 1, "character": 0 }, "end": { "line": 3, "character": 0 } });
        let context = json!({ "diagnostics": [], "triggerKind": trigger });
        let params = json!({ "textDocument": { "uri": uri }, "range": range, "context": context });
        let answer = client.request("textDocument/codeAction", params);
        let all: Vec<Value> = answer.as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|action| action["data"]["action"] == "note.move").collect::<Vec<_>>()
    };
    assert_eq!(actions(&mut client, 2), Vec::<Value>::new(), "nobody asked");
    let offered = actions(&mut client, 1);
    assert_eq!(offered.len(), 1, "{offered:#?}");
    assert_eq!(offered[0]["title"], "Put the note \u{201c}why\u{201d} here");
    let command = &offered[0]["command"];
    let moved = client.command(command["command"].as_str().unwrap(), command["arguments"][0].clone());
    assert_eq!(
        (moved["place"]["text"].as_str(), moved["place"]["grade"].as_str()),
        (Some("src/a.txt:2-3"), Some("exact"))
    );
    assert_eq!((moved["body"].as_str(), moved["shared"].as_bool()), (Some("why"), Some(true)));
    assert_eq!(moved["anchor"]["quote"], json!(["words", "altogether"]));
    assert_eq!(actions(&mut client, 1), Vec::<Value>::new(), "it is not lost any more");

    let end = &id[id.len() - 8..];
    let told = fixture.holdover(&["note", "move", end, "src/a.txt"]);
    assert!(out(&told).starts_with(&format!("moved: {end} src/a.txt, ")), "{}{}", out(&told), err(&told));
    let told = fixture.holdover(&["note", "move", end, "."]);
    assert!(out(&told).starts_with(&format!("moved: {end} workspace, ")), "{}{}", out(&told), err(&told));
    // To where it stands already is nothing to write down.
    fixture.holdover(&["note", "move", end, "."]);
    let log = out(&fixture.holdover(&["journal", "log", "--kind", "note"]));
    assert_eq!(log.matches("note put to").count(), 3, "{log}");
    assert!(log.contains("note put to src/a.txt:2-3") && log.contains("note put to the workspace"), "{log}");

    for (arguments, words) in [
        (["note", "move", end, "src/a.txt:9"], "has 4 lines, and line 9 was asked for"),
        (["note", "move", end, "../outside.txt"], "not in the workspace"),
        (["note", "move", "ZZZZZZZZ", "."], "there is no note"),
    ] {
        let output = fixture.holdover(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(words), "{arguments:?}: {}", err(&output));
    }
    fixture.holdover(&["note", "remove", end]);
    let output = fixture.holdover(&["note", "move", end, "src/a.txt"]);
    assert!(err(&output).contains("was removed"), "{}", err(&output));
}

#[test]
fn what_is_shared_in_one_clone_of_a_project_is_there_in_the_other_and_what_is_personal_is_not() {
    let (one, two) = (project(), project());
    let repository = |fixture: &Fixture, url: &str, first: &str| {
        for arguments in
            [&["init", "-q"][..], &["remote", "add", "origin", url], &["commit", "-qm", first, "--allow-empty"]]
        {
            let mut git = std::process::Command::new("git");
            git.args(["-c", "user.name=A", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false"])
                .args(arguments);
            git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
            git.env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z").env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z");
            assert!(git.current_dir(fixture.workspace()).status().unwrap().success(), "{arguments:?}");
        }
    };
    repository(&one, "git@example.org:team/ferry.git", "first");
    repository(&two, "https://example.org/team/Ferry", "first");
    let shared = json_of(&one.holdover(&["note", "add", "src/a.txt:2", "--shared", "-m", "for everybody", "--json"]));
    one.holdover(&["note", "add", "src/a.txt", "-m", "for me"]);
    let there = two.workspace();
    let titles = |path: &str| {
        let listed = json_of(&one.holdover(&["note", "list", &there.join(path).display().to_string(), "--json"]));
        let notes = listed["notes"].as_array().unwrap_or_else(|| panic!("{listed:#}")).clone();
        notes.iter().map(|note| note["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (titles(""), titles("src/a.txt"), titles("package.json")),
        (vec!["for everybody".to_owned()], vec!["for everybody".to_owned()], vec![])
    );
    // Named otherwise by its settings it is another project.
    std::fs::write(there.join("holdover.toml"), "[workspace]\nproject = \"barge\"\n").unwrap();
    assert_eq!(titles(""), [""; 0]);
    std::fs::remove_file(there.join("holdover.toml")).unwrap();
    assert_eq!(titles(""), ["for everybody"]);
    // One that only says that it is this project, and begins with another commit, is shown nothing of it.
    let hostile = project();
    repository(&hostile, "https://example.org/team/ferry", "another first");
    let folder = hostile.workspace().display().to_string();
    let listed = || one.holdover(&["note", "list", &folder, "--json"]);
    assert_eq!(json_of(&listed())["notes"], json!([]));
    assert!(err(&listed()).contains("names a project whose history is another one"), "{}", err(&listed()));
    one.holdover(&["trust", &folder]);
    assert_eq!(json_of(&listed())["notes"][0]["title"], "for everybody");
    let page = json_of(&one.holdover(&["--json", "journal", "show", shared["id"].as_str().unwrap()])).to_string();
    assert!(!page.contains("example.org"), "where the repository is kept is not told: {page}");
}
