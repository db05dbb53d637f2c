//! Explanations in an editor: a code action where somebody asked, facts at once, words as they come, stopped when asked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::chat::{Chat, Script};
use holdover_tests::client::{Client, PATIENCE, Setup, capabilities, uri};
use holdover_tests::git::Repository;
use serde_json::{Value, json};

const TEXT: &str = "const LIMIT: usize = 16;\n\nfn twice(n: usize) -> usize {\n    n * LIMIT\n}\n";

struct Desk {
    _folder: tempfile::TempDir,
    client: Client,
    uri: String,
}

impl Desk {
    fn new(chat: Option<&Chat>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::new(&folder.path().join("project"));
        let file = repository.root.join("a.rs");
        std::fs::write(&file, TEXT).unwrap();
        let mut can = capabilities("utf-16");
        can["experimental"] = json!({ "holdoverExplanations": true });
        let mut setup = Setup { roots: vec![repository.root.clone()], capabilities: can, ..Setup::default() };
        if let Some(chat) = chat {
            setup = setup
                .env("HOLDOVER_EXPLAIN_ENDPOINT", &chat.address)
                .env("HOLDOVER_EXPLAIN_ENDPOINT_MODEL", "scripted");
        }
        let mut client = Client::start(&setup);
        client.accept_leftovers();
        let uri = uri(&file);
        client.open(&uri, TEXT);
        Self { _folder: folder, client, uri }
    }

    fn explain(&mut self, fields: &Value) -> Value {
        let mut all = json!({ "file": self.uri, "line": 3, "lines": 1 });
        for (name, value) in fields.as_object().unwrap() {
            all[name] = value.clone();
        }
        self.client.command("holdover.explain", all)
    }

    /// Waits for a change of an explanation.
    fn change(&mut self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = self.client.wait(PATIENCE, |message| {
            message["method"] == "holdover/didChangeExplanation"
                && message["params"]["id"] == *id
                && wanted(&message["params"])
        });
        found.unwrap_or_else(|| panic!("no such change of {id}"))["params"].clone()
    }

    fn content(&mut self, uri: &Value) -> String {
        let answer = self.client.request("holdover/content", json!({ "uri": uri }));
        answer["text"].as_str().unwrap().to_owned()
    }

    fn actions(&mut self, kind: u32, diagnostics: &Value) -> Vec<Value> {
        let range = json!({ "start": { "line": 2, "character": 0 }, "end": { "line": 5, "character": 0 } });
        let params = json!({ "textDocument": { "uri": self.uri }, "range": range, "context": { "diagnostics": diagnostics, "triggerKind": kind } });
        let all = self.client.request("textDocument/codeAction", params);
        all.as_array().unwrap().iter().filter(|one| one["data"]["action"] == "explain").cloned().collect()
    }
}

#[test]
fn facts_are_there_at_once_in_the_text_that_is_open_and_the_document_has_them() {
    let mut desk = Desk::new(None);
    desk.client.change(&desk.uri.clone(), 2, [0, 6, 0, 11], "BOUND");
    let explanation = desk.explain(&json!({}));
    assert_eq!(explanation["facts"][0]["title"], "these lines are in `twice`, lines 3 to 5", "{explanation:#}");
    // The open text counts: what the line uses is called otherwise by now.
    assert!(!explanation["facts"].to_string().contains("LIMIT"), "{explanation:#}");
    let text = desk.content(&explanation["uri"]);
    assert!(text.starts_with("# a.rs, line 4\n\n## Facts\n"), "{text}");
    let none = desk
        .client
        .refused("holdover/content", json!({ "uri": "holdover:/explanation/01ARZ3NDEKTSV4RRFFQ69G5FAV.md" }));
    assert!(none.1.contains("there is no such explanation"), "{none:?}");
}

#[test]
fn words_come_as_they_are_said_and_stop_when_somebody_stops_them() {
    let chat = Chat::start(Script::Waits(vec!["One. ".to_owned(), "Two. ".to_owned(), "Three.".to_owned()]));
    let mut desk = Desk::new(Some(&chat));
    let explanation = desk.explain(&json!({}));
    assert_eq!(explanation["state"], "waiting", "{explanation:#}");
    let id = explanation["id"].as_str().unwrap().to_owned();
    let first = desk.change(&id, |change| change["text"].as_str().unwrap().contains("One."));
    assert_eq!(first["state"], "answering", "{first:#}");
    assert!(first["text"].as_str().unwrap().contains("> **scripted**, this machine; a.rs, line 4;"), "{first:#}");
    chat.go_on();
    desk.change(&id, |change| change["text"].as_str().unwrap().contains("One. Two."));
    let stopped = desk.client.command("holdover.cancelExplain", json!({ "id": id }));
    assert_eq!(stopped["cancelled"], 1);
    let last = desk.change(&id, |change| change["state"] == "cancelled");
    assert!(last["text"].as_str().unwrap().contains("*stopped, as was asked*"), "{last:#}");
    // The other side hears of it, without another piece.
    chat.wait_gone();
    assert!(desk.content(&last["uri"]).contains("One. Two."));
}

#[test]
fn a_question_follows_what_was_said_and_a_verdict_is_written_down() {
    let chat = Chat::start(Script::Says(vec!["It doubles.".to_owned()]));
    let mut desk = Desk::new(Some(&chat));
    let explanation = desk.explain(&json!({}));
    let id = explanation["id"].as_str().unwrap().to_owned();
    desk.change(&id, |change| change["state"] == "done");
    let next = desk.explain(&json!({ "follows": id, "ask": "By how much?" }));
    let next = next["id"].as_str().unwrap().to_owned();
    desk.change(&next, |change| change["state"] == "done");
    let asked = chat.asked();
    let turns = asked[1]["messages"].as_array().unwrap();
    let roles: Vec<&str> = turns.iter().map(|turn| turn["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
    assert_eq!(
        (turns[1].clone(), turns[2]["content"].as_str()),
        (asked[0]["messages"][1].clone(), Some("It doubles."))
    );
    assert_eq!(turns[3]["content"], "The developer asks: By how much?");
    let judged =
        desk.client.command("holdover.judgeExplain", json!({ "id": id, "accepted": false, "reason": "it multiplies" }));
    assert!(judged["text"].as_str().unwrap().contains("You said that it is of no use: it multiplies."), "{judged:#}");
    desk.change(&id, |change| change["text"].as_str().unwrap().contains("of no use"));
    let events = desk.client.command("holdover.journal", json!({ "kind": "explanation.judged" }));
    assert_eq!(events["events"][0]["payload"]["reason"], "it multiplies", "{events:#}");
    // It is there again with the answer.
    let again = desk.explain(&json!({}));
    let id = again["id"].as_str().unwrap().to_owned();
    let change = desk.change(&id, |change| change["state"] == "done");
    assert!(change["text"].as_str().unwrap().contains("of no use: it multiplies"), "{change:#}");
    assert_eq!(chat.asked().len(), 2);
}

#[test]
fn it_is_offered_where_somebody_asked_on_a_selection_and_on_each_finding_and_never_by_itself() {
    let mut desk = Desk::new(None);
    let range = json!({ "start": { "line": 3, "character": 4 }, "end": { "line": 3, "character": 5 } });
    let finding = json!({ "range": range, "source": "clippy", "code": "clippy::x", "message": "do not\nso" });
    let offered = desk.actions(1, &json!([finding]));
    let titles: Vec<&str> = offered.iter().map(|one| one["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Explain clippy::x", "Explain these 3 lines"]);
    assert_eq!(offered[0]["command"]["command"], "holdover.showExplanation");
    let fields = offered[0]["command"]["arguments"][0].clone();
    assert_eq!((fields["line"].as_u64(), fields["lines"].as_u64()), (Some(3), Some(1)));
    let explanation = desk.client.command("holdover.explain", fields);
    assert_eq!(explanation["facts"][0]["title"], "clippy `clippy::x`: do not", "{explanation:#}");
    assert_eq!(desk.actions(2, &json!([])), Vec::<Value>::new(), "for a light bulb nothing");
}
