//! What became of conflicts: in the journal, undone from there, and offered again when the same two sides meet.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Answers, Client, Setup, uri};
use holdover_tests::said::{code, err, out};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Output};

/// A workspace without lockfiles, and a data folder.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let new = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(new.workspace().join(".git")).unwrap();
        new
    }

    fn workspace(&self) -> PathBuf {
        self.0.path().join("workspace")
    }

    fn holdover(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(holdover_tests::binary::holdover());
        command.args(arguments).current_dir(self.workspace()).env("HOLDOVER_DATA_DIR", self.0.path().join("data"));
        command.env("HOLDOVER_CONFIG", self.0.path().join("none.toml")).env("USER", "ann").output().unwrap()
    }

    /// One of the same journal.
    fn editor(&self, answers: Answers) -> Client {
        let data = self.0.path().join("data").to_string_lossy().into_owned();
        let setup = Setup { roots: vec![self.workspace()], answers, ..Setup::default() };
        let mut client = Client::start(&setup.env("HOLDOVER_DATA_DIR", &data));
        client.accept_leftovers();
        client
    }
}

fn told(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", out(output), err(output)))
}

const FIRST: &str = "<<<<<<< HEAD\nlet a = 1;\n=======\nlet a = 2;\n>>>>>>> feature\n";
const SECOND: &str = "<<<<<<< HEAD\n=======\nlet b = 2;\n>>>>>>> feature\n";

fn text() -> String {
    format!("one\n{FIRST}two\n{SECOND}three\n")
}

fn events(place: &Place) -> Vec<Value> {
    let log = place.holdover(&["journal", "log", "--kind", "conflict.", "--json"]);
    out(&log).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_resolution_is_an_event_that_says_what_was_chosen_and_discarded_and_is_undone_by_its_id() {
    let place = Place::new();
    let file = place.workspace().join("a.rs");
    std::fs::write(&file, text()).unwrap();
    let dry = place.holdover(&["conflicts", "a.rs", "--resolve", "incoming", "--dry-run", "--json"]);
    assert_eq!((told(&dry)["files"][0].get("events"), events(&place).len()), (None, 0), "nothing was done");
    let done = told(&place.holdover(&["conflicts", "a.rs", "--resolve", "incoming", "--json"]));
    let resolved = "one\nlet a = 2;\ntwo\nlet b = 2;\nthree\n";
    assert_eq!(std::fs::read_to_string(&file).unwrap(), resolved);
    let written = events(&place);
    let ids: Vec<_> = written.iter().map(|event| event["id"].clone()).collect();
    assert_eq!(Value::from(ids.clone()), done["files"][0]["events"]);
    let [first, second] = &written[..] else { panic!("{written:?}") };
    let said = ["kind", "lane"].map(|name| first[name].as_str().unwrap());
    assert_eq!((said, first["actor"]["name"].as_str()), (["conflict.resolved", "local"], Some("ann")));
    let payload = &first["payload"];
    let named = ["path", "choice", "before", "after"].map(|name| payload[name].as_str().unwrap());
    assert_eq!(named, ["a.rs", "incoming", FIRST, "let a = 2;\n"]);
    assert_eq!((&payload["line"], &second["payload"]["line"]), (&1.into(), &3.into()), "where it stands since");
    assert!(!payload.to_string().contains(place.workspace().to_str().unwrap()), "paths are the workspace's");

    // An edit elsewhere does no harm; what was resolved beside it stays.
    std::fs::write(&file, format!("zero\n{resolved}")).unwrap();
    let id = ids[0].as_str().unwrap();
    let undone = place.holdover(&["conflicts", "--undo", &id[id.len() - 8..]]);
    assert_eq!((code(&undone), out(&undone).trim()), (0, "a.rs: the conflict is back"), "{}", err(&undone));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("zero\none\n{FIRST}two\nlet b = 2;\nthree\n"));
    let last = events(&place).pop().unwrap();
    assert_eq!((last["kind"].as_str(), &last["payload"]["event"]), (Some("conflict.undone"), &ids[0]));
    let again = place.holdover(&["conflicts", "--undo", id]);
    assert_eq!(code(&again), 1);
    assert!(err(&again).contains("was undone already"), "{}", err(&again));
}

#[test]
fn what_is_not_where_it_was_left_is_not_undone_and_the_file_stays() {
    let place = Place::new();
    let file = place.workspace().join("a.rs");
    std::fs::write(&file, text()).unwrap();
    let done = told(&place.holdover(&["conflicts", "a.rs", "--resolve", "current", "--json"]));
    let ids = done["files"][0]["events"].as_array().unwrap().clone();
    let edited = "one\nlet a = 17;\ntwo\nthree\n";
    std::fs::write(&file, edited).unwrap();
    let refused = place.holdover(&["conflicts", "--undo", ids[0].as_str().unwrap()]);
    assert_eq!(code(&refused), 1);
    assert!(err(&refused).contains("is not in the file any more"), "{}", err(&refused));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), edited);
    // Of the other nothing was left, and its place is known by the lines around it.
    let undone = place.holdover(&["conflicts", "--undo", ids[1].as_str().unwrap()]);
    assert_eq!(code(&undone), 0, "{}", err(&undone));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("one\nlet a = 17;\ntwo\n{SECOND}three\n"));
    let unknown = place.holdover(&["conflicts", "--undo", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]);
    assert_eq!(code(&unknown), 1);
    assert!(err(&unknown).contains("journal log --kind conflict."), "{}", err(&unknown));
}

#[test]
fn the_same_two_sides_are_offered_what_was_chosen_before_and_never_given_it_unasked() {
    let place = Place::new();
    let file = place.workspace().join("a.rs");
    std::fs::write(&file, text()).unwrap();
    let none = told(&place.holdover(&["conflicts", "a.rs", "--suggest", "--json"]));
    assert_eq!(none["files"][0]["regions"][0].get("remembered"), None, "nothing was chosen yet");
    let done = told(&place.holdover(&["conflicts", "a.rs", "--resolve", "incoming", "--json"]));
    // In another file, the sides the other way round, with CRLF, and with other labels.
    let again = "x\n<<<<<<< b\nlet a = 2;\n=======\nlet a = 1;\n>>>>>>> a\ny\n".replace('\n', "\r\n");
    std::fs::write(place.workspace().join("b.rs"), &again).unwrap();
    let suggested = told(&place.holdover(&["conflicts", "b.rs", "--suggest", "--json"]));
    let remembered = &suggested["files"][0]["regions"][0]["remembered"];
    assert_eq!(remembered["text"], "let a = 2;\r\n", "{suggested}");
    assert_eq!((&remembered["oneClick"], &remembered["kind"]), (&false.into(), &"remembered".into()));
    let reason = remembered["reason"].as_str().unwrap();
    assert!(reason.starts_with("you resolved this on 20") && reason.contains(" in a.rs, with the side"), "{reason}");
    let auto = place.holdover(&["conflicts", "b.rs", "--resolve", "auto"]);
    assert_eq!(code(&auto), 1);
    assert_eq!(std::fs::read_to_string(place.workspace().join("b.rs")).unwrap(), again, "nobody asked for it");
    let taken = place.holdover(&["conflicts", "b.rs", "--resolve", "remembered"]);
    assert_eq!(code(&taken), 0, "{}", out(&taken));
    assert_eq!(std::fs::read_to_string(place.workspace().join("b.rs")).unwrap(), "x\r\nlet a = 2;\r\ny\r\n");

    // What was taken back is not offered; what was chosen for other sides never is.
    for id in events(&place).iter().filter(|event| event["kind"] == "conflict.resolved") {
        let id = id["id"].as_str().unwrap();
        assert_eq!(code(&place.holdover(&["conflicts", "--undo", id])), 0, "{id}");
    }
    let suggested = told(&place.holdover(&["conflicts", "--suggest", "--json"]));
    let regions = suggested["files"].as_array().unwrap().iter().flat_map(|file| file["regions"].as_array().unwrap());
    assert!(
        regions.clone().count() == 3 && regions.clone().all(|region| region.get("remembered").is_none()),
        "{suggested}"
    );
    assert_eq!(done["files"][0]["resolved"], 2);
}

#[test]
fn in_an_editor_a_resolution_counts_once_the_document_has_it_whatever_the_editor_says() {
    let place = Place::new();
    let file = place.workspace().join("a.rs");
    let mut setup = Setup { roots: vec![place.workspace()], ..Setup::default() };
    setup.capabilities["workspace"]["workspaceEdit"]["changeAnnotationSupport"] = json!({ "groupsOnLabel": true });
    let mut client = Client::start(&setup);
    let (uri, body) = (uri(&file), text());
    client.open(&uri, &body);
    assert_eq!(client.diagnostics(&uri, 1).len(), 2);
    let offered = client.actions(&uri, 2);
    let incoming = offered.iter().find(|one| one["data"]["action"] == "conflict.accept-incoming").unwrap();
    assert!(client.request("codeAction/resolve", incoming.clone())["edit"].is_object());
    // Its answer is `applied`, and it applies nothing.
    let second = json!({ "file": file, "resolve": "current", "line": 8 });
    let said = client.command("holdover.resolveConflict", second);
    assert_eq!(said["applied"], false, "{said}");
    // What is typed instead is no resolution of ours.
    client.change(&uri, 2, [7, 0, 11, 0], "let b = 3;\n");
    assert_eq!(client.diagnostics(&uri, 2).len(), 1);
    // The other one is applied further down than where it was offered.
    client.change(&uri, 3, [0, 0, 0, 0], "zero\n");
    client.change(&uri, 4, [2, 0, 7, 0], "let a = 2;\n");
    assert_eq!(client.diagnostics(&uri, 4).len(), 0);
    let written = client.until(
        |client| client.command("holdover.journal", json!({ "kind": "conflict.", "workspace": place.workspace() })),
        |answer| answer["events"].as_array().is_some_and(|events| !events.is_empty()),
    );
    let [event] = &written["events"].as_array().unwrap()[..] else { panic!("{written}") };
    let payload = ["choice", "before", "after", "path"].map(|name| event["payload"][name].as_str().unwrap());
    assert_eq!(payload, ["incoming", FIRST, "let a = 2;\n", "a.rs"]);
    assert_eq!(event["payload"]["line"], 2);

    // The same sides once more: it is offered with when it was, to be looked at.
    client.change(&uri, 5, [0, 0, 0, 0], FIRST);
    assert_eq!(client.diagnostics(&uri, 5).len(), 1);
    let offered = client.actions(&uri, 1);
    let before = offered.iter().find(|one| one["data"]["merge"]["kind"] == "remembered").expect("it is remembered");
    let title = before["title"].as_str().unwrap();
    assert!(title.starts_with("Look at what was chosen before: ") && title.contains(" resolved this on "), "{title}");
    let edit = client.request("codeAction/resolve", before.clone())["edit"].clone();
    assert!(edit.to_string().contains("needsConfirmation") && edit.to_string().contains("let a = 2;"), "{edit}");
}

#[test]
fn an_editor_lists_what_was_resolved_and_undoes_it_in_the_text_that_is_open_or_else_on_the_disk() {
    let place = Place::new();
    let (open, closed) = (place.workspace().join("a.rs"), place.workspace().join("b.rs"));
    std::fs::write(&open, text()).unwrap();
    std::fs::write(&closed, text()).unwrap();
    assert_eq!(code(&place.holdover(&["conflicts", "--resolve", "both", "b.rs"])), 0);
    let answers = Answers::Applies;
    let mut client = place.editor(answers);
    let uri = uri(&open);
    client.open(&uri, &text());
    let said = client.command("holdover.resolveConflict", json!({ "file": open, "resolve": "incoming" }));
    assert_eq!((&said["applied"], &said["conflicts"]), (&json!(true), &json!(2)));
    let here = json!({ "file": open });
    let two = |answer: &Value| answer["resolutions"].as_array().is_some_and(|found| found.len() == 2);
    let listed = client.until(|client| client.command("holdover.resolutions", here.clone()), two);
    let first = listed["resolutions"].as_array().unwrap().iter().find(|one| one["line"] == 1).unwrap().clone();
    assert_eq!((&first["path"], &first["choice"]), (&json!("a.rs"), &json!("incoming")));
    let words = first["text"].as_str().unwrap();
    assert!(words.starts_with("a.rs:2, with the side that was incoming then, by "), "{words}");
    assert_eq!(client.command("holdover.resolutions", json!({}))["resolutions"].as_array().unwrap().len(), 4);

    // Something was typed above it, and nothing is saved.
    let typed = client.texts.get_mut(&uri).unwrap();
    typed.edit(&json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 0 } }), "typed 😀\n");
    let sent = typed.change(&uri);
    client.notify("textDocument/didChange", sent);
    let undo = |event: &Value| json!({ "command": "holdover.undoResolution", "arguments": [{ "event": event }] });
    let done = client.request("workspace/executeCommand", undo(&first["event"]));
    assert_eq!((&done["applied"], &done["path"]), (&json!(true), &json!(open)), "{done}");
    let now = client.texts[&uri].text.clone();
    assert!(now.starts_with(&format!("typed 😀\none\n{FIRST}")) && !now.contains(SECOND), "{now}");
    assert_eq!(std::fs::read_to_string(&open).unwrap(), text(), "the disk is the editor's to write");
    let undone = client.command("holdover.journal", json!({ "kind": "conflict.undone" }));
    assert_eq!(undone["events"][0]["id"], done["event"]);
    let again = client.refused("workspace/executeCommand", undo(&first["event"]));
    assert!(again.1.contains("was undone already"), "{again:?}");

    // Of a file that is not open: on the disk. The second of two that is not where it was left is refused, and nothing is touched.
    let listed = client.command("holdover.resolutions", json!({ "file": closed }));
    let [second, first] = &listed["resolutions"].as_array().unwrap()[..] else { panic!("{listed}") };
    client.request("workspace/executeCommand", undo(&first["event"]));
    let on_disk = std::fs::read_to_string(&closed).unwrap();
    assert!(on_disk.contains(FIRST) && !on_disk.contains(SECOND), "{on_disk}");
    std::fs::write(&closed, "something else\n").unwrap();
    let refused = client.refused("workspace/executeCommand", undo(&second["event"]));
    assert!(refused.0 == -32801 && refused.1.contains("is not in the file any more"), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&closed).unwrap(), "something else\n");
    assert_eq!(client.command("holdover.resolutions", here)["resolutions"].as_array().unwrap().len(), 1);
}

#[test]
fn an_undo_that_the_editor_says_it_applied_and_did_not_is_not_written_down() {
    let place = Place::new();
    let file = place.workspace().join("a.rs");
    std::fs::write(&file, text()).unwrap();
    assert_eq!(code(&place.holdover(&["conflicts", "--resolve", "both", "a.rs"])), 0);
    let mut client = place.editor(Answers::default());
    client.open(&uri(&file), &std::fs::read_to_string(&file).unwrap());
    let listed = client.command("holdover.resolutions", json!({}));
    // Its answer is `applied`, and it applies nothing.
    let said = client.command("holdover.undoResolution", json!({ "event": listed["resolutions"][0]["event"] }));
    assert_eq!(said, json!({ "applied": false }));
    assert_eq!(client.command("holdover.resolutions", json!({})), listed);
}
