//! What git's index knows of conflicts and their markers do not say: the common ancestor, and what was chosen before, in the menu, in
//! the preview and in the command. Where the index cannot say, nothing is offered.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Answers, Client, Setup, capabilities, uri};
use holdover_tests::git::{Repository, Versions};
use serde_json::{Value, json};
use tempfile::TempDir;

const BASE: &str = "fn main() {\n    wait(10);\n}\n\n// 1\n// 2\n// 3\n// 4\n\nfn end() {\n    stop(10);\n}\n";
const NAME: &str = "a b.rs";
/// `ContentModified`, and what a command answers that cannot do what it is asked.
const MODIFIED: i64 = -32801;
const FAILED: i64 = -32803;

fn of(text: &str, wait: &str, stop: &str) -> String {
    text.replace("wait(10)", wait).replace("stop(10)", stop)
}

fn opened(confirms: bool) -> (TempDir, Repository, Client, String) {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (of(BASE, "wait(20)", "stop(20)"), of(BASE, "wait(30)", "stop(30)"));
    let versions: Versions<'_> = (NAME, BASE, &ours, &theirs);
    let repository = Repository::conflicted(folder.path(), &[versions]);
    let mut capabilities = capabilities("utf-16");
    if confirms {
        capabilities["workspace"]["workspaceEdit"]["changeAnnotationSupport"] = json!({ "groupsOnLabel": true });
    }
    let roots = vec![repository.root.clone()];
    let setup = Setup { roots, answers: Answers::Applies, capabilities, ..Setup::default() };
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    let uri = uri(&repository.root.join(NAME));
    client.open(&uri, &repository.text(NAME));
    (folder, repository, client, uri)
}

fn preview(client: &mut Client, uri: &str, line: u32) -> Value {
    client.request("holdover/conflict", json!({ "uri": uri, "line": line }))
}

fn choice<'a>(preview: &'a Value, action: &str) -> Option<&'a Value> {
    preview["choices"].as_array().unwrap().iter().find(|choice| choice["action"] == action)
}

fn base_action(client: &mut Client, uri: &str, line: u32) -> Option<Value> {
    client.actions(uri, line).into_iter().find(|one| one["data"]["action"] == "conflict.accept-base")
}

#[test]
fn the_ancestor_that_the_index_has_is_offered_previewed_and_taken() {
    let (_folder, repository, mut client, uri) = opened(false);
    let text = repository.text(NAME);
    assert!(!text.contains("|||||||"), "git's default style");
    let told = preview(&mut client, &uri, 2);
    let base = choice(&told, "conflict.accept-base").expect("the index has it");
    assert_eq!((&base["text"], &told["base"]), (&json!("    wait(10);\n"), &json!("    wait(10);\n")));
    assert_eq!(base["title"], "Accept common ancestor, from git's index");
    assert!(base["explanation"].as_str().unwrap().contains("keeps: 1 line from the common ancestor"), "{base:#}");
    let menu: Vec<&str> =
        told["choices"].as_array().unwrap().iter().filter_map(|choice| choice["action"].as_str()).collect();
    assert_eq!(menu[menu.len() - 2..], ["conflict.accept-base", "conflict.accept-none"]);
    // The document that shows it.
    let data = &base["data"];
    let encoded = |text: &str| {
        text.bytes()
            .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect::<String>()
    };
    let (print, id, until) = (data["fingerprint"].as_str().unwrap(), &data["id"], &data["until"]);
    let address =
        format!("holdover:/conflict/base/a?uri={}&fingerprint={}&id={id}&until={until}", encoded(&uri), encoded(print));
    let shown = client.request("holdover/content", json!({ "uri": address }))["text"].clone();
    assert!(shown.as_str().unwrap().starts_with("fn main() {\n    wait(10);\n}\n"), "{shown}");

    let action = base_action(&mut client, &uri, 2).expect("it is in the menu");
    assert_eq!(action["title"], "Accept common ancestor, from git's index");
    let edit = client.request("codeAction/resolve", action.clone())["edit"]["documentChanges"][0].clone();
    assert_eq!(edit["edits"][0]["newText"], "    wait(10);\n");
    // Bound to the conflict as it stood.
    let line = u32::try_from(text.lines().position(|line| line.contains("wait(20)")).unwrap()).unwrap();
    client.change(&uri, 2, [line, 4, line, 4], "x");
    let (code, _) = client.refused("codeAction/resolve", action);
    assert_eq!(code, MODIFIED);
}

#[test]
fn where_the_index_cannot_say_no_ancestor_is_offered() {
    let (_folder, repository, mut client, uri) = opened(false);
    let text = repository.text(NAME);
    // Of a conflict of which one side was edited by hand the other one says which it is; where both were, its place does; where a line
    // around it was as well, nothing does, and the other conflict keeps its ancestor.
    let line = |of: &str| u32::try_from(text.lines().position(|line| line.contains(of)).unwrap()).unwrap();
    let [ours, theirs] = [line("wait(20)"), line("wait(30)")];
    client.change(&uri, 2, [ours, 4, ours, 4], "x");
    assert_eq!(preview(&mut client, &uri, 2)["base"], "    wait(10);\n");
    client.change(&uri, 3, [theirs, 4, theirs, 4], "x");
    assert_eq!(preview(&mut client, &uri, 2)["base"], "    wait(10);\n");
    client.change(&uri, 4, [0, 0, 0, 0], "x");
    let told = preview(&mut client, &uri, 2);
    assert_eq!((choice(&told, "conflict.accept-base"), &told["base"]), (None, &Value::Null));
    assert_eq!(base_action(&mut client, &uri, 2), None);
    let (code, said) = client.refused(
        "workspace/executeCommand",
        json!({ "command": "holdover.resolveConflict", "arguments": [{ "file": uri, "resolve": "base", "line": 2 }] }),
    );
    assert_eq!((code, &*said), (FAILED, "neither the markers nor git's index hold the common ancestor"));
    let second = text.lines().position(|line| line.contains("stop(20)")).unwrap();
    assert!(base_action(&mut client, &uri, u32::try_from(second).unwrap()).is_some());
    // Git holds the file as merged: its index knows no ancestor.
    repository.git(&["add", "."]);
    assert_eq!(base_action(&mut client, &uri, u32::try_from(second).unwrap()), None);
}

#[test]
fn all_of_a_file_become_what_both_sides_came_from() {
    let (_folder, _repository, mut client, uri) = opened(false);
    let answer = client.command("holdover.resolveConflict", json!({ "file": uri, "resolve": "base" }));
    assert_eq!(
        answer,
        json!({ "applied": true, "conflicts": 2, "files": 1, "left": 0, "text": "resolved 2 conflicts in 1 file; none is left" })
    );
    assert_eq!(client.texts[&uri].text, BASE);
}

#[test]
fn what_was_chosen_when_the_same_sides_met_before_is_among_the_choices_of_the_preview() {
    let (_folder, repository, mut client, uri) = opened(true);
    let before = preview(&mut client, &uri, 2);
    assert_eq!(choice(&before, "conflict.remembered"), None);
    let answer = client.command("holdover.resolveConflict", json!({ "file": uri, "resolve": "both", "line": 2 }));
    assert_eq!(answer["applied"], true);
    // The same two sides meet again, as after an aborted merge.
    let end = u32::try_from(client.texts[&uri].text.lines().count()).unwrap();
    client.change(&uri, 3, [0, 0, end, 0], &repository.text(NAME));
    let ask = |client: &mut Client| preview(client, &uri, 2);
    let told = client.until(ask, |told| choice(told, "conflict.remembered").is_some());
    let remembered = choice(&told, "conflict.remembered").unwrap();
    assert_eq!(remembered["text"], "    wait(20);\n    wait(30);\n");
    assert_eq!((&remembered["short"], &remembered["lines"]), (&json!("as before"), &json!(["current", "incoming"])));
    let words = remembered["explanation"].as_str().unwrap();
    assert!(words.contains("remembered, look before you take it: you resolved this on"), "{words}");
    assert!(words.contains("with both sides"), "{words}");
    // It is taken as any choice is, and written down as what it is.
    let taken = json!({ "title": "x", "data": remembered["data"] });
    let edit = client.request("codeAction/resolve", taken)["edit"]["documentChanges"][0]["edits"][0].clone();
    assert_eq!(edit["newText"], remembered["text"]);
}
