//! Two servers and a terminal on one project and one journal: what one of them brings here, the others see.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Client, Setup};
use holdover_tests::fixture::Fixture;
use serde_json::{Value, json};

fn editor(fixture: &Fixture) -> Client {
    let root = std::fs::canonicalize(fixture.workspace()).unwrap();
    let mut setup = Setup { roots: vec![root], ..Setup::default() };
    for (name, value) in fixture.environment() {
        setup = setup.env(&name, &value);
    }
    let mut client = Client::start(&setup);
    // Diagnostics and statuses come whenever something changes; what is asked here is where it ends.
    client.accept_leftovers();
    client
}

fn text(client: &mut Client, wanted: &str) -> String {
    let status = client.until(|client| client.request("holdover/status", json!({})), |status| status["text"] == wanted);
    status["text"].as_str().unwrap_or_default().to_owned()
}

fn damage(fixture: &Fixture) {
    std::fs::remove_file(fixture.crate_file("itoa")).unwrap();
    std::fs::remove_file(fixture.npm_file("node_modules/ms")).unwrap();
}

#[test]
fn what_one_editor_or_the_terminal_fetches_turns_every_editor_green() {
    let fixture = Fixture::small();
    let report: Value = serde_json::from_slice(&fixture.holdover(&["preflight", "--json"]).stdout).unwrap();
    let total = report["readiness"]["total"].as_u64().unwrap();
    let (lacking, whole) = (format!("offline: {} of {total}", total - 2), format!("offline: {total} of {total}"));
    assert_eq!(fixture.holdover(&["trust"]).status.code(), Some(0));
    damage(&fixture);
    let (mut one, mut other) = (editor(&fixture), editor(&fixture));
    assert_eq!(text(&mut one, &lacking), lacking);
    assert_eq!(text(&mut other, &lacking), lacking);

    let fetched = one.request("workspace/executeCommand", json!({ "command": "holdover.fetch", "arguments": [{}] }));
    assert_eq!(fetched["fetch"]["state"], "done", "{fetched:#}");
    assert_eq!(text(&mut one, &whole), whole);
    assert_eq!(text(&mut other, &whole), whole, "the other editor sees it too");

    damage(&fixture);
    assert_eq!(fixture.holdover(&["preflight", "--fetch"]).status.code(), Some(0));
    assert_eq!(text(&mut one, &whole), whole);
    assert_eq!(text(&mut other, &whole), whole);
    let log = String::from_utf8(fixture.holdover(&["journal", "log", "--kind", "fetch.finished"]).stdout).unwrap();
    assert_eq!(log.lines().count(), 2, "both fetches are in the one journal: {log}");
}
