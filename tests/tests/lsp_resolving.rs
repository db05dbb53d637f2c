//! Conflicts resolved by the server's edits: of a whole workspace at once, bound to what a person saw, confirmed from the text
//! and not from what a client says; and told to clients that draw them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Answers, Client, Setup, capabilities, uri};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const CONFLICT: &str = "<<<<<<< HEAD\nours\n||||||| base\nold\n=======\ntheirs\n>>>>>>> b\n";
const INDENTED: &str =
    "<<<<<<< HEAD\n    let a = f(1, 2);\n||||||| base\nlet a = f(1, 2);\n=======\nlet a = f(10, 2);\n>>>>>>> b\n";
/// Both can be kept, as a person is to see first.
const TO_LOOK_AT: &str = "<<<<<<< HEAD\nuse one::a;\n||||||| base\n=======\nuse other::b;\n>>>>>>> b\n";
/// `ContentModified`.
const MODIFIED: i64 = -32801;

fn started(answers: Answers, drawing: bool) -> (TempDir, Client, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = std::fs::canonicalize(folder.path()).unwrap();
    let mut capabilities = capabilities("utf-16");
    if drawing {
        capabilities["experimental"] = json!({ "holdoverConflicts": true });
    }
    let setup = Setup { roots: vec![root.clone()], answers, capabilities, ..Setup::default() };
    let mut client = Client::start(&setup);
    if !drawing {
        client.accept_leftovers();
    }
    (folder, client, root)
}

fn resolve(client: &mut Client, fields: Value) -> Value {
    client.command("holdover.resolveConflict", fields)
}

fn seen(client: &mut Client, root: &Path) -> Vec<Value> {
    let report = client.command("holdover.conflicts", json!({ "workspace": root, "all": true }));
    let files = report["files"].as_array().unwrap();
    let of = |file: &Value| {
        let regions = file["regions"].as_array().unwrap().clone();
        let file = file["path"].clone();
        regions.into_iter().map(move |region| json!({ "file": file, "fingerprint": region["fingerprint"] }))
    };
    files.iter().flat_map(of).collect()
}

#[test]
fn all_conflicts_of_a_workspace_are_resolved_in_one_edit_and_what_was_not_seen_stays() {
    let (_folder, mut client, root) = started(Answers::Applies, false);
    let (a, b) = (uri(&root.join("a.rs")), uri(&root.join("b ä.rs")));
    client.open(&a, &format!("{CONFLICT}// 😀\n{INDENTED}"));
    client.open(&b, &format!("fn b() {{}}\n{CONFLICT}"));
    let outside = uri(Path::new("/elsewhere/c.rs"));
    client.open(&outside, CONFLICT);
    let all = seen(&mut client, &root);
    assert_eq!(all.len(), 3);

    let answer = resolve(&mut client, json!({ "workspace": root, "resolve": "incoming", "seen": all[..2] }));
    assert_eq!(
        answer,
        json!({ "applied": true, "conflicts": 2, "files": 1, "left": 0, "text": "resolved 2 conflicts in 1 file; none is left" })
    );
    assert_eq!(client.texts[&a].text, "theirs\n// 😀\nlet a = f(10, 2);\n");
    assert_eq!(client.texts[&b].text, format!("fn b() {{}}\n{CONFLICT}"), "what was not seen");
    let before = client.asked.len();
    let answer = resolve(&mut client, json!({ "workspace": root, "resolve": "both" }));
    assert_eq!((&answer["applied"], &answer["conflicts"]), (&json!(true), &json!(1)));
    assert_eq!(client.asked.len(), before + 1, "one edit");
    assert_eq!(client.texts[&b].text, "fn b() {}\nours\ntheirs\n");
    assert_eq!(client.texts[&outside].text, CONFLICT, "a file of no workspace");
}

#[test]
fn where_one_conflict_has_moved_on_since_it_was_seen_nothing_is_changed() {
    let (_folder, mut client, root) = started(Answers::Applies, false);
    let (a, b) = (uri(&root.join("a.rs")), uri(&root.join("b.rs")));
    client.open(&a, CONFLICT);
    client.open(&b, CONFLICT);
    let all = seen(&mut client, &root);
    let text = client.texts.get_mut(&b).unwrap();
    text.edit(&json!({ "start": { "line": 1, "character": 0 }, "end": { "line": 1, "character": 4 } }), "mine");
    text.version += 1;
    let change = text.change(&b);
    client.notify("textDocument/didChange", change);
    let asked = client.asked.len();
    let fields = json!({ "command": "holdover.resolveConflict", "arguments": [{ "resolve": "current", "seen": all }] });
    let (code, why) = client.refused("workspace/executeCommand", fields);
    assert_eq!(code, MODIFIED);
    assert!(why.contains("a conflict has changed since it was shown") && why.contains("b.rs"), "{why}");
    assert_eq!(client.asked.len(), asked, "no edit");
    // The same words on a text that moved as a whole are the same conflict.
    let text = client.texts.get_mut(&a).unwrap();
    text.edit(&json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 0 } }), "// above\n");
    text.version += 1;
    let change = text.change(&a);
    client.notify("textDocument/didChange", change);
    let answer = resolve(&mut client, json!({ "resolve": "current", "seen": all[..1] }));
    assert_eq!(answer["applied"], true);
    assert_eq!(client.texts[&a].text, "// above\nours\n");
}

#[test]
fn auto_takes_the_trusted_merges_and_leaves_those_to_look_at_and_every_other_conflict_byte_for_byte() {
    let (_folder, mut client, root) = started(Answers::Applies, false);
    let a = uri(&root.join("a.rs"));
    client.open(&a, &format!("{TO_LOOK_AT}fn main() {{\n{INDENTED}{CONFLICT}}}\n"));
    let preview = client.request("holdover/conflict", json!({ "uri": a, "line": 0 }));
    assert_eq!(preview["region"]["suggestion"]["oneClick"], false, "{preview:#}");
    let answer = resolve(&mut client, json!({ "workspace": root, "resolve": "auto" }));
    assert_eq!(
        answer,
        json!({ "applied": true, "conflicts": 1, "files": 1, "left": 2, "text": "resolved 1 conflict in 1 file; 2 conflicts left" })
    );
    assert_eq!(client.texts[&a].text, format!("{TO_LOOK_AT}fn main() {{\n    let a = f(10, 2);\n{CONFLICT}}}\n"));
    let answer = resolve(&mut client, json!({ "workspace": root, "resolve": "auto" }));
    assert_eq!(
        answer,
        json!({ "applied": true, "conflicts": 0, "files": 0, "left": 2, "text": "nothing to resolve in that way, 2 conflicts left" })
    );
}

#[test]
fn a_client_that_says_it_applied_what_it_did_not_is_not_believed() {
    // It answers yes to every edit, and sends no change.
    let (_folder, mut client, root) = started(Answers::AtOnce, false);
    let a = uri(&root.join("a.rs"));
    client.open(&a, CONFLICT);
    let answer = resolve(&mut client, json!({ "file": a, "resolve": "current" }));
    assert_eq!(answer["applied"], false);
    // Nor where another change comes in its place.
    let id = client.ask(
        "workspace/executeCommand",
        json!({ "command": "holdover.resolveConflict", "arguments": [{ "file": a, "resolve": "current" }] }),
    );
    client.change(&a, 2, [0, 0, 0, 0], "// typed\n");
    assert_eq!(client.response(id)["result"]["applied"], false);
    // A change that comes after the answer, as Neovim sends it, is waited for.
    let id = client.ask(
        "workspace/executeCommand",
        json!({ "command": "holdover.resolveConflict", "arguments": [{ "file": a, "resolve": "current" }] }),
    );
    let asked = client.asked.len();
    let count = |client: &mut Client| {
        client.request("holdover/status", json!({}));
        json!(client.asked.len())
    };
    client.until(count, |n| n.as_u64() > Some(asked as u64));
    client.change(&a, 3, [1, 0, 8, 0], "ours\n");
    assert_eq!(client.response(id)["result"]["applied"], true);
}

#[test]
fn clients_that_draw_conflicts_hear_where_they_stand_at_every_change_and_which_were_resolved() {
    let (_folder, mut client, root) = started(Answers::Applies, true);
    let a = uri(&root.join("a.rs"));
    client.open(&a, &format!("x\n{CONFLICT}"));
    let told = client.notification("holdover/didChangeConflicts");
    assert_eq!((&told["uri"], &told["version"]), (&json!(a), &json!(1)));
    let [one] = told["conflicts"].as_array().unwrap().as_slice() else { panic!("{told:#}") };
    assert_eq!((&one["open"], &one["close"], &one["style"]), (&json!(1), &json!(7), &json!("diff3")));
    let parts = json!([
        { "part": "current", "marker": 1, "start": 2, "end": 3 },
        { "part": "base", "marker": 3, "start": 4, "end": 5 },
        { "part": "incoming", "marker": 5, "start": 6, "end": 7 },
    ]);
    assert_eq!(one["parts"], parts);
    assert!(told.get("resolved").is_none());
    let answer = resolve(&mut client, json!({ "file": a, "resolve": "both" }));
    assert_eq!(answer["applied"], true);
    let told = client.notification("holdover/didChangeConflicts");
    assert_eq!(told["conflicts"], json!([]));
    assert_eq!(told["resolved"], json!([{ "action": "conflict.accept-both", "start": 1, "end": 3 }]));
    // An undo, and what follows it, is told as any change.
    let text = client.texts.get_mut(&a).unwrap();
    text.text = format!("x\n\n{CONFLICT}");
    text.version += 1;
    let change = text.change(&a);
    client.notify("textDocument/didChange", change);
    let told = client.notification("holdover/didChangeConflicts");
    assert_eq!((&told["conflicts"][0]["open"], told.get("resolved")), (&json!(2), None));
    // By an action that was resolved lazily, too.
    let action = client.actions(&a, 3).into_iter().find(|one| one["data"]["action"] == "conflict.accept-base").unwrap();
    let edit = client.request("codeAction/resolve", action)["edit"].clone();
    let edits = edit["documentChanges"][0]["edits"].as_array().unwrap().clone();
    let text = client.texts.get_mut(&a).unwrap();
    text.apply(&edits);
    let change = text.change(&a);
    client.notify("textDocument/didChange", change);
    let told = client.notification("holdover/didChangeConflicts");
    assert_eq!(told["resolved"], json!([{ "action": "conflict.accept-base", "start": 2, "end": 3 }]));
    // Whoever draws is offered a preview.
    client.notify(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": a, "version": 50 }, "contentChanges": [{ "text": CONFLICT }] }),
    );
    let offered = client.actions(&a, 0);
    let preview = offered.iter().find(|one| one["command"]["command"] == "holdover.previewConflict").unwrap();
    assert_eq!(preview["command"]["arguments"][0], json!({ "uri": a, "line": 0 }));
    client.accept_leftovers();
}
