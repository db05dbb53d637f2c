//! Notes that two people wrote at once, in two data folders: the conflict is seen on either, resolved on one, settled on both,
//! and what was not chosen stays in both journals. Sealed segments go from one journal to the other as a remote would hand them on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::binary;
use holdover_tests::client::{Client, Setup};
use holdover_tests::said::{code, err, good, out};
use journal::{Journal, NO_PROJECT};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Output};

/// A person's folder of the project, and their data folder.
struct Desk {
    person: &'static str,
    folder: tempfile::TempDir,
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", out(output), err(output)))
}

impl Desk {
    fn new(person: &'static str) -> Self {
        let desk = Self { person, folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(desk.root()).unwrap();
        std::fs::write(desk.root().join("holdover.toml"), "[workspace]\nproject = \"ferry\"\n").unwrap();
        std::fs::write(desk.root().join("a.rs"), "fn a() {}\n").unwrap();
        good(&desk.run(&["trust"]));
        good(&desk.run(&["device", "init", "--name", &format!("desk of {person}"), "--person", person]));
        desk
    }

    fn root(&self) -> PathBuf {
        std::fs::canonicalize(self.folder.path()).unwrap().join("project")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(binary::holdover());
        command.args(arguments).current_dir(self.root()).env("HOLDOVER_DATA_DIR", self.data());
        command.env("HOLDOVER_CONFIG", self.folder.path().join("none.toml")).env("TZ", "UTC");
        command.env("USER", self.person).output().unwrap()
    }

    /// What the other has sealed comes in, and nothing else.
    fn take(&self, from: &Desk) {
        let (here, there) = (Journal::open(&self.data()).unwrap(), Journal::open(&from.data()).unwrap());
        let project = there.workspace_project(there.workspace_id(&from.root()).unwrap()).unwrap();
        for project in [Some(NO_PROJECT), project].into_iter().flatten() {
            there.seal(project).unwrap();
            for segment in there.segments(project).unwrap() {
                here.import(&there.segment_bytes(&segment).unwrap().unwrap()).unwrap();
            }
        }
    }

    fn edit(&self, id: &str, text: &str) {
        good(&self.run(&["note", "edit", id, "-m", text]));
    }

    fn body(&self) -> Value {
        json_of(&self.run(&["note", "list", "--json"]))["notes"][0]["body"].clone()
    }

    /// The exit code and what is listed.
    fn conflicts(&self) -> (i32, Vec<Value>) {
        let listed = self.run(&["conflicts", "--json"]);
        let records = json_of(&listed).get("records").cloned().unwrap_or_else(|| json!([]));
        (code(&listed), records.as_array().unwrap().clone())
    }

    fn events(&self) -> Vec<Value> {
        let log = good(&self.run(&["journal", "log", "--kind", "note.", "--json"]));
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Lets a device in that asks, by three files that are carried over.
fn let_in(host: &Desk, guest: &Desk) {
    std::fs::write(guest.root().join("invitation.txt"), good(&host.run(&["device", "invite"]))).unwrap();
    let file = |name: &str| host.folder.path().join(name).to_string_lossy().into_owned();
    good(&guest.run(&["device", "join", "invitation.txt", "--to", &file("request.bin")]));
    good(&host.run(&["device", "join", &file("request.bin"), "--to", &file("answer.bin")]));
    good(&guest.run(&["device", "join", &file("answer.bin")]));
}

/// Two people of one project who both have a note of three lines; its id.
fn desks() -> (Desk, Desk, String) {
    let (ann, bob) = (Desk::new("Ann"), Desk::new("Bob"));
    let_in(&ann, &bob);
    let added = json_of(&ann.run(&["note", "add", "a.rs", "--shared", "-m", "one\ntwo\nthree", "--json"]));
    bob.take(&ann);
    assert_eq!((bob.body(), bob.conflicts()), ("one\ntwo\nthree".into(), (0, vec![])));
    (ann, bob, added["id"].as_str().unwrap().to_owned())
}

/// Both wrote the same line.
fn apart() -> (Desk, Desk, String) {
    let (ann, bob, id) = desks();
    ann.edit(&id, "one\nTWO\nthree");
    bob.edit(&id, "one\nzwei\nthree");
    ann.take(&bob);
    bob.take(&ann);
    (ann, bob, id)
}

fn value_of(record: &Value, choice: &str) -> Value {
    let choices = record["choices"].as_array().unwrap();
    choices.iter().find(|one| one["choice"] == choice).unwrap_or_else(|| panic!("{choice}"))["value"].clone()
}

#[test]
fn a_note_that_two_wrote_at_once_is_seen_on_both_devices_resolved_on_one_and_settled_on_both() {
    let (ann, bob, id) = apart();
    let named = format!("note:{}", &id[18..]);
    let ((mine, here), (theirs, there)) = (ann.conflicts(), bob.conflicts());
    assert_eq!((mine, theirs, here.len()), (1, 1, 1), "somebody has to decide");
    assert_eq!(here, there, "the same events, the same conflict");
    let conflict = &here[0];
    let about = ["entity", "field", "place"].map(|name| conflict[name].as_str().unwrap());
    assert_eq!(about, [&id, "body", "a.rs"]);
    let mut sides: Vec<(&str, &str)> = conflict["sides"]
        .as_array()
        .unwrap()
        .iter()
        .map(|side| (side["author"]["name"].as_str().unwrap(), side["value"].as_str().unwrap()))
        .collect();
    sides.sort_unstable();
    assert_eq!(sides, [("Ann", "one\nTWO\nthree"), ("Bob", "one\nzwei\nthree")]);
    let saw = |n: usize| &conflict["sides"][n]["saw"];
    assert!(
        saw(0) == saw(1) && saw(0)[0].as_str().unwrap().starts_with(&id),
        "both had seen the first text: {conflict}"
    );
    assert_eq!(conflict["ancestor"], "one\ntwo\nthree");
    let would: Vec<_> =
        conflict["policies"].as_array().unwrap().iter().map(|one| one["policy"].as_str().unwrap()).collect();
    assert_eq!(would, ["last-writer", "text", "manual"]);

    let shown = ann.run(&["conflicts"]);
    assert_eq!(code(&shown), 1);
    for said in [
        "2 texts were written at the same time, from the same text: ",
        "    | TWO",
        "    | zwei",
        "1 conflict in 1 record",
    ] {
        assert!(out(&shown).contains(said), "{said}: {}", out(&shown));
    }
    // What it has not, and what is not written: nothing happens.
    let before = ann.events().len();
    let refused = ann.run(&["conflicts", "--resolve", "auto", &named]);
    assert_eq!(code(&refused), 1);
    assert!(err(&refused).contains("no such choice: auto\nhint: it has current, incoming, both"), "{}", err(&refused));
    let dry = ann.run(&["conflicts", "--resolve", "incoming", "--dry-run", &named]);
    assert!(good(&dry).contains("would resolve it with incoming"), "{}", out(&dry));
    good(&ann.run(&["conflicts", "--resolve", "incoming"]));
    assert_eq!((ann.events().len(), ann.conflicts().0), (before, 1), "a record is resolved where it is named");

    let kept = value_of(conflict, "incoming");
    let done = json_of(&ann.run(&["conflicts", "--resolve", "incoming", &named, "--json"]));
    assert_eq!(
        (&done["records"][0]["resolved"], ann.body(), ann.conflicts()),
        (&"incoming".into(), kept.clone(), (0, vec![]))
    );
    assert_eq!(bob.conflicts().0, 1, "bob does not know yet");
    bob.take(&ann);
    assert_eq!((bob.body(), bob.conflicts()), (kept, (0, vec![])));

    // Nothing is lost: the event names what it replaced, and what was not chosen is read on either device.
    let event = done["records"][0]["event"].as_str().unwrap();
    for desk in [&ann, &bob] {
        let events = desk.events();
        let settled = events.iter().find(|entry| entry["id"] == event).unwrap();
        let pred = settled["payload"]["ops"][0]["pred"].as_array().unwrap();
        assert_eq!(pred.len(), 2, "{settled}");
        let mut said: Vec<String> = Vec::new();
        for op in pred {
            let head = op.as_str().unwrap().split_once('/').unwrap().0;
            said.push(good(&desk.run(&["journal", "show", head])));
        }
        for text in ["TWO", "zwei"] {
            assert_eq!(said.iter().filter(|said| said.contains(text)).count(), 1, "{text}: {said:?}");
        }
    }
}

fn same_sides(conflict: &Value) -> Vec<(Value, Value, Value)> {
    let side = |side: &Value| (side["author"]["name"].clone(), side["at"].clone(), side["value"].clone());
    conflict["sides"].as_array().unwrap().iter().map(side).collect()
}

#[test]
fn what_settled_a_note_is_undone_from_the_journal_and_the_conflict_is_back_on_both_devices_as_it_was() {
    let (ann, bob, id) = apart();
    let before = ann.conflicts().1.remove(0);
    let named = format!("note:{}", &id[18..]);
    for choice in ["incoming", "both", "base", "none"] {
        let done = json_of(&ann.run(&["conflicts", "--resolve", choice, &named, "--json"]));
        assert_eq!(ann.conflicts().0, 0, "{choice}");
        let event = done["records"][0]["event"].as_str().unwrap();
        let undone = ann.run(&["conflicts", "--undo", &event[event.len() - 8..]]);
        assert_eq!(good(&undone).trim(), format!("note {}: its versions stand beside each other again", &id[18..]));
        let (code_then, after) = ann.conflicts();
        assert_eq!((code_then, after.len()), (1, 1), "{choice}");
        // Whose text is whose, when it was written, and what both began with.
        let sorted = |conflict: &Value| {
            let mut sides = same_sides(conflict);
            sides.sort_by_key(|side| side.2.to_string());
            sides
        };
        assert_eq!(sorted(&after[0]), sorted(&before), "{choice}");
        assert_eq!(after[0]["ancestor"], before["ancestor"], "{choice}");
        assert!(after[0]["sides"][0]["seen"].as_str().unwrap().starts_with("the text of Ann, "), "{}", after[0]);
        let again = ann.run(&["conflicts", "--undo", event]);
        assert_eq!(code(&again), 1);
        assert!(err(&again).contains("was undone already"), "{}", err(&again));
        bob.take(&ann);
        assert_eq!(bob.conflicts(), (1, after), "{choice}, on the other device");
    }
    // What was written since is nobody's to take away.
    let done = json_of(&bob.run(&["conflicts", "--resolve", "current", &named, "--json"]));
    bob.edit(&id, "four");
    let refused = bob.run(&["conflicts", "--undo", done["records"][0]["event"].as_str().unwrap()]);
    assert_eq!((code(&refused), bob.body()), (1, "four".into()));
    assert!(err(&refused).contains("was written since it was resolved"), "{}", err(&refused));
}

#[test]
fn texts_that_were_put_together_come_apart_and_together_again_and_what_was_redacted_does_not_come_back() {
    let (ann, bob, id) = desks();
    ann.edit(&id, "ONE\ntwo\nthree");
    bob.edit(&id, "one\ntwo\nTHREE");
    ann.take(&bob);
    let named = format!("note:{id}");
    let settle = |choice: &str| {
        let done = json_of(&ann.run(&["conflicts", "--resolve", choice, &named, "--json"]));
        done["records"][0]["event"].as_str().unwrap().to_owned()
    };
    let first = settle("current");
    good(&ann.run(&["conflicts", "--undo", &first]));
    assert_eq!((ann.conflicts(), ann.body()), ((0, vec![]), "ONE\ntwo\nTHREE".into()), "put together, as before");
    let second = settle("auto");
    let replaced: Vec<String> = {
        let events = ann.events();
        let entry = events.iter().find(|entry| entry["id"] == *second).unwrap();
        let pred = entry["payload"]["ops"][0]["pred"].as_array().unwrap();
        pred.iter().map(|op| op.as_str().unwrap().split_once('/').unwrap().0.to_owned()).collect()
    };
    good(&ann.run(&["journal", "redact", &replaced[0], "--reason", "a name", "--yes"]));
    let refused = ann.run(&["conflicts", "--undo", &second]);
    assert_eq!((code(&refused), ann.body()), (1, "ONE\ntwo\nTHREE".into()));
    assert!(err(&refused).contains("does not hold the texts of this resolution"), "{}", err(&refused));
}

#[test]
fn texts_that_were_put_together_are_no_conflict_and_are_written_as_one_by_auto() {
    let (ann, bob, id) = desks();
    ann.edit(&id, "ONE\ntwo\nthree");
    bob.edit(&id, "one\ntwo\nTHREE");
    ann.take(&bob);
    bob.take(&ann);
    assert_eq!((ann.conflicts(), ann.body()), ((0, vec![]), "ONE\ntwo\nTHREE".into()));
    let named = format!("note:{id}");
    let shown = json_of(&ann.run(&["conflicts", &named, "--json"]));
    assert_eq!((&shown["records"][0]["state"], value_of(&shown["records"][0], "auto")), (&"merged".into(), ann.body()));
    good(&ann.run(&["conflicts", "--resolve", "auto", &named]));
    bob.take(&ann);
    for desk in [&ann, &bob] {
        let events = desk.events();
        let last = events
            .iter()
            .find(|entry| entry["payload"]["ops"][0]["pred"].as_array().is_some_and(|pred| pred.len() == 2));
        assert_eq!(last.unwrap()["payload"]["ops"][0]["v"], "ONE\ntwo\nTHREE");
        assert_eq!(desk.body(), "ONE\ntwo\nTHREE");
    }
    let none = bob.run(&["conflicts", "--resolve", "current", &named]);
    assert_eq!(code(&none), 1);
    assert!(err(&none).contains("no record with this id has a conflict here"), "{}", err(&none));
}

#[test]
fn an_editor_lists_conflicts_of_records_looks_at_each_choice_and_resolves_what_it_looked_at() {
    let (ann, bob, id) = apart();
    let data = bob.data().to_string_lossy().into_owned();
    let setup = Setup { roots: vec![bob.root()], ..Setup::default() }.env("HOLDOVER_DATA_DIR", &data).env("TZ", "UTC");
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    let listed = client.command("holdover.conflicts", json!({ "all": true }));
    assert_eq!(listed["records"], json!(bob.conflicts().1), "as in the terminal");
    assert_eq!(client.command("holdover.conflicts", json!({})).get("records"), None, "of open documents alone");
    let fingerprint = listed["records"][0]["fingerprint"].as_str().unwrap().to_owned();
    let resolve = |fingerprint: &str| {
        json!({ "command": "holdover.resolveConflict", "arguments": [
            { "record": id, "resolve": "both", "fingerprint": fingerprint }] })
    };
    // What each choice would leave, as a conflict of a file is looked at.
    let record = &listed["records"][0];
    let workspace = bob.root();
    let preview = client.request("holdover/conflict", json!({ "record": id, "workspace": workspace }));
    assert_eq!((&preview["record"], &preview["region"]["style"]), (record, &"record".into()));
    let choices = preview["choices"].as_array().unwrap();
    let titles = |choices: &[Value]| choices.iter().map(|one| one["title"].clone()).collect::<Vec<_>>();
    assert_eq!(titles(choices), titles(record["choices"].as_array().unwrap()));
    let incoming = &choices[1];
    assert_eq!(
        (&incoming["lines"], &incoming["data"]["resolve"]),
        (&json!(["both", "incoming", "both"]), &"incoming".into())
    );
    let told = incoming["explanation"].as_str().unwrap();
    assert!(told.contains("Both writers had seen: the text of Ann, ") && told.contains("policy manual: "), "{told}");
    let document = |seen: &str| json!({ "uri": format!("holdover:/conflict/incoming/a.md?record={id}&fingerprint={seen}&workspace={}", workspace.display()) });
    let text = client.request("holdover/content", document(&fingerprint));
    assert_eq!(text["text"], format!("{}\n", value_of(record, "incoming").as_str().unwrap()));
    assert_eq!(client.refused("holdover/content", document("blake3:other")).0, -32801);
    let page = json!({ "uri": format!("holdover:/record/{id}.md?workspace={}", workspace.display()) });
    let page = client.request("holdover/content", page);
    assert!(page["text"].as_str().unwrap().contains("# Conflict of a note: one"), "{page}");
    assert_eq!(client.refused("holdover/conflict", json!({ "record": "4QZK8V2M" })).0, -32803);
    assert_eq!(client.refused("holdover/conflict", json!({})).0, -32602, "neither a line nor a record");

    let refused = client.refused("workspace/executeCommand", resolve("blake3:other"));
    assert!(refused.0 == -32801 && refused.1.contains("was written since"), "{refused:?}");
    let done = client.request("workspace/executeCommand", resolve(&fingerprint));
    assert_eq!((&done["applied"], &done["record"]["resolved"]), (&true.into(), &"both".into()));
    // Undone and done again, by the event that a list of the editor's names.
    let listed_done = client.command("holdover.resolutions", json!({}));
    let one = &listed_done["resolutions"][0];
    assert_eq!((&one["event"], &one["record"]), (&done["record"]["event"], &json!(id)));
    assert!(one["text"].as_str().unwrap().starts_with("note \u{201c}one\u{201d}, by Bob, "), "{one}");
    let undone = client.command("holdover.undoResolution", json!({ "event": one["event"] }));
    assert_eq!((&undone["applied"], &undone["record"]), (&true.into(), &json!(id)));
    assert_eq!(client.command("holdover.resolutions", json!({})), json!({ "resolutions": [] }));
    let again = client.command("holdover.conflicts", json!({ "all": true }));
    assert_eq!(again["records"][0]["ancestor"], listed["records"][0]["ancestor"]);
    let fingerprint = again["records"][0]["fingerprint"].as_str().unwrap().to_owned();
    client.request("workspace/executeCommand", resolve(&fingerprint));
    client.exit();
    ann.take(&bob);
    let both = value_of(&again["records"][0], "both");
    for desk in [&ann, &bob] {
        assert_eq!((desk.body(), desk.conflicts()), (both.clone(), (0, vec![])));
    }
    assert!(["TWO", "zwei"].iter().all(|text| both.as_str().unwrap().contains(text)));
}

#[test]
fn of_what_three_wrote_at_once_each_can_be_chosen_by_its_number_and_no_text_steers_the_terminal() {
    let (ann, bob, id) = apart();
    let cat = Desk::new("Cat");
    let_in(&ann, &cat);
    cat.take(&ann);
    cat.take(&bob);
    good(&cat.run(&["note", "list"]));
    // One who had seen neither text would write so: the note is edited as it stood first.
    let journal = Journal::open(&cat.data()).unwrap();
    let entity = id.parse().unwrap();
    let steers = "drei \u{1b}]0;title\u{7}\u{1b}[2J\u{9b}8m\rover";
    let draft = journal::Draft {
        lane: contract::Lane::Notes,
        workspace: Some(journal.workspace_id(&cat.root()).unwrap()),
        entity: Some(entity),
        ..journal::Draft::observation("note.edit", journal::note_edited(steers, &[journal::OpId::new(entity, 1)]))
    };
    journal.append(draft).unwrap();
    drop(journal);
    ann.take(&cat);
    let shown = ann.run(&["conflicts", "--color", "always"]);
    let text = out(&shown) + &err(&shown);
    assert!(text.contains("drei") && text.contains("--resolve side-1|side-2|side-3|both"), "{text:?}");
    let plain = text.replace("\u{1b}[31m", "").replace("\u{1b}[39m", "");
    assert!(plain != text && !plain.chars().any(|c| c.is_control() && c != '\n'), "{plain:?}");
    let record = &ann.conflicts().1[0];
    let wanted = value_of(record, "side-2");
    let named = format!("note:{id}");
    let refused = ann.run(&["conflicts", "--resolve", "side-4", &named]);
    assert!(code(&refused) == 1 && err(&refused).contains("no such choice: side-4"), "{}", err(&refused));
    assert_eq!(code(&ann.run(&["conflicts", "--resolve", "side-x", &named])), 2);
    good(&ann.run(&["conflicts", "--resolve", "side-2", &named]));
    bob.take(&ann);
    assert_eq!((ann.body(), bob.body(), ann.conflicts().0), (wanted.clone(), wanted, 0));
}

#[test]
fn where_the_journal_cannot_be_read_files_are_listed_and_that_records_were_not_is_said() {
    let (ann, ..) = apart();
    std::fs::write(ann.data().join("journal.json"), "not what was written").unwrap();
    let shown = ann.run(&["conflicts"]);
    assert_eq!(code(&shown), 3, "nobody knows whether there are any: {}{}", out(&shown), err(&shown));
    assert!(err(&shown).contains("conflicts of records were not looked for: ") && err(&shown).contains("journal.json"));
    let none = Desk::new("Dan");
    std::fs::remove_dir_all(none.data()).unwrap();
    assert_eq!(none.conflicts(), (0, vec![]), "without a journal there are none");
}
