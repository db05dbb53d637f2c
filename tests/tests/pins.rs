//! Pinning a requirement to what is locked, and repairing what is damaged, as an editor asks for them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Answers, Client, Setup, capabilities, uri};
use holdover_tests::fixture::Fixture;
use serde_json::{Value, json};
use std::path::PathBuf;

fn editor(fixture: &Fixture) -> (Client, PathBuf) {
    let mut capabilities = capabilities("utf-16");
    capabilities["textDocument"]["codeAction"] = json!({ "dataSupport": true, "resolveSupport": { "properties": ["edit"] }, "codeActionLiteralSupport": { "codeActionKind": { "valueSet": [] } } });
    let root = fixture.workspace();
    let setup = Setup {
        env: fixture.environment(),
        roots: vec![root.clone()],
        answers: Answers::Applies,
        capabilities,
        ..Setup::default()
    };
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    (client, root)
}

/// The action of this name on the line that begins so, once the workspace was looked at.
fn action(client: &mut Client, uri: &str, text: &str, line: &str, name: &str) -> Option<Value> {
    let line = text.lines().position(|one| one.trim_start().starts_with(line)).expect("the line is there") as u32;
    let named =
        |all: &Value| -> Option<Value> { all.as_array()?.iter().find(|one| one["data"]["action"] == name).cloned() };
    let all = client.until(|client| json!(client.actions(uri, line)), |all| named(all).is_some());
    named(&all)
}

#[test]
fn a_requirement_is_pinned_to_what_is_locked_by_an_edit_of_the_text_as_it_is_now() {
    let fixture = Fixture::small();
    let (mut client, root) = editor(&fixture);
    for (file, line, after) in [("Cargo.toml", "itoa", "\"="), ("package.json", "\"ms\"", "\"2.")] {
        let path = root.join(file);
        let before = std::fs::read_to_string(&path).unwrap();
        let at = uri(&path);
        client.open(&at, &before);
        let pin = action(&mut client, &at, &before, line, "inventory.pin").expect("it is open");
        assert_eq!(pin["kind"], "refactor.rewrite");
        let title = pin["title"].as_str().unwrap();
        let version = pin["data"]["version"].as_str().unwrap().to_owned();
        assert!(title.starts_with("Pin ") && title.ends_with(&format!(" to {version}, which is locked")), "{title}");
        assert!(pin.get("edit").is_none(), "it comes when it is asked for");
        // What was typed meanwhile moves it and changes nothing of it.
        let moved = if file == "Cargo.toml" { format!("# é😀\n{before}") } else { before.replacen('{', "{\n\n", 1) };
        let text = client.texts.get_mut(&at).unwrap();
        text.text.clone_from(&moved);
        text.version += 1;
        let change = text.change(&at);
        client.notify("textDocument/didChange", change);
        let resolved = client.request("codeAction/resolve", pin.clone());
        let edits = resolved["edit"]["documentChanges"][0]["edits"].as_array().unwrap().clone();
        assert_eq!(edits.len(), 1, "{resolved:#}");
        let text = client.texts.get_mut(&at).unwrap();
        text.apply(&edits);
        let own = text.text.lines().find(|one| one.trim_start().starts_with(line)).unwrap();
        assert!(own.contains(after) && own.contains(&version), "{own}");
        let others = |text: &str| -> Vec<String> {
            text.lines().filter(|one| !one.trim_start().starts_with(line)).map(str::to_owned).collect()
        };
        assert_eq!(others(&text.text), others(&moved), "nothing else is touched");
        let change = text.change(&at);
        client.notify("textDocument/didChange", change);
        // It is exact now, and no more is offered.
        let (code, why) = client.refused("codeAction/resolve", pin);
        assert_eq!(code, -32801, "{why}");
        client.accept_leftovers();
    }
}

#[test]
fn a_damaged_artifact_is_offered_its_repair_and_is_not_touched_while_nothing_can_be_fetched() {
    let fixture = Fixture::small();
    let damaged = fixture.crate_file("itoa");
    std::fs::write(&damaged, "damaged").unwrap();
    assert_eq!(fixture.holdover(&["trust"]).status.code(), Some(0));
    assert_eq!(fixture.holdover(&["offline", "on"]).status.code(), Some(0));
    let (mut client, root) = editor(&fixture);
    let path = root.join("Cargo.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let at = uri(&path);
    client.open(&at, &text);
    let repair = action(&mut client, &at, &text, "itoa", "inventory.repair").expect("it is damaged");
    let title = repair["title"].as_str().unwrap();
    assert!(title.starts_with("Replace the damaged copy of itoa "), "{title}");
    let command = repair["command"].clone();
    let (_, why) = client.refused("workspace/executeCommand", command);
    assert!(why.contains("offline"), "{why}");
    assert_eq!(std::fs::read(&damaged).unwrap(), b"damaged", "it is where it was");
    client.accept_leftovers();
}
