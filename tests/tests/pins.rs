//! Pinning a requirement to what is locked, as an editor asks for it and in a terminal; repairing what is damaged.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Answers, Client, Setup, capabilities, uri};
use holdover_tests::fixture::Fixture;
use holdover_tests::said::{code, err, out};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

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

fn read(fixture: &Fixture, file: &str) -> String {
    std::fs::read_to_string(fixture.workspace().join(file)).unwrap()
}

/// The tools' own offline runs, with the lockfiles as they are.
fn taken(fixture: &Fixture) {
    for (tool, arguments) in [
        ("cargo", &["fetch", "--locked", "--offline"][..]),
        ("npm", &["ci", "--offline", "--ignore-scripts", "--no-audit"]),
    ] {
        let ended = fixture.command(Path::new(tool)).args(arguments).output().unwrap();
        assert_eq!(code(&ended), 0, "{tool}: {}{}", out(&ended), err(&ended));
    }
}

fn report(fixture: &Fixture, arguments: &[&str], wanted: i32) -> Value {
    let told = fixture.holdover(&[&["pin", "--json"], arguments].concat());
    assert_eq!(code(&told), wanted, "{}{}", out(&told), err(&told));
    serde_json::from_slice(&told.stdout).unwrap()
}

#[test]
fn a_terminal_pins_what_is_named_and_the_tools_take_the_lockfiles_as_before() {
    let fixture = Fixture::small();
    let files = ["Cargo.toml", "package.json", "Cargo.lock", "package-lock.json"];
    let before = files.map(|file| read(&fixture, file));
    let listed = report(&fixture, &[], 1);
    let names: Vec<_> = listed["pins"].as_array().unwrap().iter().map(|pin| pin["dependency"].clone()).collect();
    for name in ["itoa", "hex", "serde_json", "winapi-util", "fastrand", "ms", "fsevents"] {
        assert!(names.contains(&name.into()), "{name}: {names:?}");
    }
    assert_eq!(
        report(&fixture, &["itoa", "serde-json", "ms", "--dry-run"], 0)["pins"].as_array().map(Vec::len),
        Some(3)
    );
    assert_eq!(files.map(|file| read(&fixture, file)), before, "nothing was written");
    // One name that nobody knows, and nothing is written of the others.
    let error = report(&fixture, &["itoa", "no-such-thing"], 2)["error"].clone();
    assert!(error["kind"] == "pin" && error["message"].as_str().unwrap().contains("no-such-thing"), "{error}");
    assert_eq!(files.map(|file| read(&fixture, file)), before);

    let done = report(&fixture, &["itoa", "serde-json", "ms"], 0);
    assert_eq!(done["lockfiles"], Value::Null, "{done:#}");
    let [itoa, serde, ms] = [0, 1, 2].map(|n| done["pins"][n].clone());
    for pin in [&itoa, &serde, &ms] {
        let version = pin["version"].as_str().unwrap();
        assert!(pin["written"] == true && pin["after"].as_str().unwrap().contains(version), "{pin}");
    }
    let expected = before[0]
        .replace("itoa = \"1\"", &format!("itoa = {}", itoa["after"].as_str().unwrap()))
        .replace("serde_json = \"1\"", &format!("serde_json = {}", serde["after"].as_str().unwrap()));
    assert_eq!(read(&fixture, "Cargo.toml"), expected);
    let expected = before[1].replace("\"^2.1.3\"", ms["after"].as_str().unwrap());
    assert_eq!(read(&fixture, "package.json"), expected);
    assert_eq!([2, 3].map(|n| read(&fixture, files[n])), [2, 3].map(|n| before[n].clone()));
    taken(&fixture);

    // Another one than was asked for is not touched, and one that is exact is done.
    assert_eq!(report(&fixture, &["itoa"], 0)["left"][0]["reason"], "exact");
    let one = report(&fixture, &["--all", "--manifest", "package.json"], 0);
    assert!(one["pins"].as_array().unwrap().iter().all(|pin| pin["path"].as_str().unwrap().ends_with("package.json")));
    assert!(read(&fixture, "Cargo.toml").contains("either = \"1\""));
    report(&fixture, &["--all"], 0);
    assert_eq!(report(&fixture, &[], 0)["pins"].as_array().map(Vec::len), Some(0), "all are pinned");
    taken(&fixture);
    assert_eq!(code(&fixture.holdover(&["preflight"])), 0, "and everything is still here");
    assert_eq!(code(&fixture.holdover(&["pin", "--manifest", "Cargo.lock"])), 2);
}

#[test]
fn what_cannot_be_pinned_says_why_and_a_manifest_keeps_its_line_ends_and_its_mode() {
    use std::os::unix::fs::PermissionsExt as _;
    let fixture = Fixture::small();
    let path = fixture.workspace().join("Cargo.toml");
    let text =
        read(&fixture, "Cargo.toml").replace("ryu = \"1\"", "ryu = { version = \"1\" } # é").replace('\n', "\r\n");
    std::fs::write(&path, &text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let done = report(&fixture, &["ryu"], 0);
    let expected = text.replace("\"1\" } # é", &format!("{} }} # é", done["pins"][0]["after"].as_str().unwrap()));
    assert_eq!(read(&fixture, "Cargo.toml"), expected);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);

    // What no lockfile has, and what is no range.
    std::fs::write(&path, text.replace("ryu = ", "not-locked = \"1\"\r\nbeside = { path = \"beside\" }\r\nryu = "))
        .unwrap();
    std::fs::create_dir(fixture.workspace().join("beside")).unwrap();
    let beside = "[package]\nname = \"beside\"\nversion = \"0.1.0\"\n";
    std::fs::write(fixture.workspace().join("beside/Cargo.toml"), beside).unwrap();
    for (name, reason) in [("not-locked", "not-locked"), ("beside", "no-range")] {
        let left = report(&fixture, &[name], 1)["left"][0].clone();
        assert_eq!(left["reason"], reason, "{left}");
    }
    // One that may not be written is told, and is as it was.
    std::fs::write(&path, &text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o440)).unwrap();
    let refused = fixture.holdover(&["pin", "ryu"]);
    assert_eq!(code(&refused), 3, "{}{}", out(&refused), err(&refused));
    assert!(
        err(&refused).contains("could not be written") && out(&refused).contains("still asks for"),
        "{}",
        err(&refused)
    );
    assert_eq!(read(&fixture, "Cargo.toml"), text);
}
