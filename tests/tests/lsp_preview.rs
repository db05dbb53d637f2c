//! What each choice would leave of a conflict, asked for before one is taken: texts, where lines come from, what is dropped,
//! and documents that show it, bound to the conflict as it stood.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Client, Setup, uri};
use serde_json::{Value, json};
use tempfile::TempDir;

const TEXT: &str = "fn main() {\n<<<<<<< HEAD\n    connect(\"a 😀\", 8080, false);\n||||||| base\n    connect(\"a 😀\", 80, false);\n=======\n    connect(\"a 😀\", 80, true);\n>>>>>>> feature\n}\n";
/// `ContentModified`.
const MODIFIED: i64 = -32801;

fn opened(text: &str) -> (TempDir, Client, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client::start(&Setup::default());
    client.accept_leftovers();
    let uri = uri(&folder.path().join("a%20b c.rs"));
    client.open(&uri, text);
    (folder, client, uri)
}

fn preview(client: &mut Client, uri: &str, line: u32) -> Value {
    client.request("holdover/conflict", json!({ "uri": uri, "line": line }))
}

fn choice<'a>(preview: &'a Value, action: &str) -> &'a Value {
    let found = preview["choices"].as_array().unwrap().iter().find(|choice| choice["action"] == action);
    found.unwrap_or_else(|| panic!("no {action}: {preview:#}"))
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The address of a document that shows a choice, as an editor writes it.
fn address(uri: &str, choice: &Value, what: &str) -> String {
    let data = &choice["data"];
    let (print, id, until) = (data["fingerprint"].as_str().unwrap(), &data["id"], &data["until"]);
    format!("holdover:/conflict/{what}/a.rs?uri={}&fingerprint={}&id={id}&until={until}", encode(uri), encode(print))
}

#[test]
fn every_choice_says_what_it_would_leave_where_its_lines_come_from_and_what_it_drops() {
    let (_folder, mut client, uri) = opened(TEXT);
    let told = preview(&mut client, &uri, 4);
    assert_eq!(told["version"], 1);
    let actions: Vec<&str> =
        told["choices"].as_array().unwrap().iter().map(|choice| choice["action"].as_str().unwrap()).collect();
    let menu = [
        "merge",
        "accept-current",
        "accept-incoming",
        "accept-both",
        "accept-both-reversed",
        "accept-base",
        "accept-none",
    ];
    assert_eq!(actions, menu.map(|name| format!("conflict.{name}")));
    let merge = choice(&told, "conflict.merge");
    assert_eq!(merge["text"], "    connect(\"a 😀\", 8080, true);\n");
    assert_eq!((&merge["lines"], &merge["against"]), (&json!(["made"]), &json!("current")));
    assert_eq!(merge["dropped"].as_array().unwrap().len(), 2);
    let words = merge["explanation"].as_str().unwrap();
    for part in [
        "suggested merge, look before you take it",
        "each side changed other words",
        "% of these were exact",
        "keeps: 1 line made of both",
        "drops: 1 line from HEAD, 1 line from feature",
        "```diff\n-    connect(",
    ] {
        assert!(words.contains(part), "{part} is not in {words}");
    }
    let current = choice(&told, "conflict.accept-current");
    assert_eq!(
        (&current["lines"], &current["against"], &current["short"]),
        (&json!(["current"]), &json!("incoming"), &json!("HEAD"))
    );
    assert_eq!(choice(&told, "conflict.accept-both")["lines"], json!(["current", "incoming"]));
    let none = choice(&told, "conflict.accept-none");
    assert!(none["explanation"].as_str().unwrap().contains("keeps: nothing"), "{none:#}");
    assert_eq!(told["base"], "    connect(\"a 😀\", 80, false);\n");
    // Where there is no conflict, that is said.
    let (code, said) = client.refused("holdover/conflict", json!({ "uri": uri, "line": 8 }));
    assert_eq!((code, said.as_str()), (MODIFIED, "there is no conflict on this line"));
}

#[test]
fn a_document_shows_the_text_with_a_choice_taken_until_the_conflict_is_another() {
    let (_folder, mut client, uri) = opened(TEXT);
    let told = preview(&mut client, &uri, 1);
    let merge = choice(&told, "conflict.merge");
    let whole = |middle: &str| format!("fn main() {{\n{middle}}}\n");
    let merged = address(&uri, merge, "merge");
    let text = client.request("holdover/content", json!({ "uri": merged }))["text"].clone();
    assert_eq!(text, whole("    connect(\"a 😀\", 8080, true);\n"));
    // VS Code encodes the query as a whole.
    let (path, query) =
        address(&uri, merge, "incoming").split_once('?').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let text =
        client.request("holdover/content", json!({ "uri": format!("{path}?{}", encode(&query)) }))["text"].clone();
    assert_eq!(text, whole("    connect(\"a 😀\", 80, true);\n"));
    // An edit elsewhere leaves it be, and shows.
    client.change(&uri, 2, [0, 0, 0, 0], "// first\n");
    let text = client.request("holdover/content", json!({ "uri": merged }))["text"].clone();
    assert_eq!(text, format!("// first\n{}", whole("    connect(\"a 😀\", 8080, true);\n")));
    // And so does taking it: the action's data is what `codeAction/resolve` takes.
    let action = json!({ "title": "x", "data": merge["data"] });
    let edit = client.request("codeAction/resolve", action.clone())["edit"]["documentChanges"][0]["edits"][0].clone();
    assert_eq!(edit["newText"], merge["text"]);
    client.change(&uri, 3, [3, 4, 3, 4], "x");
    let (code, _) = client.refused("holdover/content", json!({ "uri": merged }));
    assert_eq!(code, MODIFIED);
    let (code, _) = client.refused("codeAction/resolve", action);
    assert_eq!(code, MODIFIED);
    for wrong in [
        format!("{merged}&until=x"),
        "holdover:/conflict/merge/a.rs".to_owned(),
        "holdover:/conflict/?uri=1".to_owned(),
    ] {
        client.refused("holdover/content", json!({ "uri": wrong }));
    }
}

#[test]
fn a_conflict_of_three_sides_has_each_of_them_and_no_merge() {
    let jj = "<<<<<<< conflict 1 of 1\n+++++++ side #1\na\n------- base #1\nb\n+++++++ side #2\nc\n------- base #2\nb\n+++++++ side #3\nd\n>>>>>>> conflict 1 of 1 ends\n";
    let (_folder, mut client, uri) = opened(jj);
    let told = preview(&mut client, &uri, 0);
    assert_eq!(told["sides"], json!(["a\n", "c\n", "d\n"]));
    let third = choice(&told, "conflict.accept-side-3");
    assert_eq!((&third["text"], &third["against"]), (&json!("d\n"), &json!("side-1")));
    assert_eq!(choice(&told, "conflict.accept-side-1")["against"], "side-2");
    let text = client.request("holdover/content", json!({ "uri": address(&uri, third, "side-3") }))["text"].clone();
    assert_eq!(text, "d\n");
    assert!(told["region"]["suggestion"].is_null(), "{told:#}");
}
