//! Signed snapshots: what one device states of its caches, and what another one, or the same one later, may believe of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use holdover_tests::fixture::Fixture;
use holdover_tests::said::{code, err, out};
use journal::{Journal, Subject};
use serde_json::{Value, json};
use std::path::PathBuf;

const FILE: &str = "holdover-snapshot.json";

fn json(output: &std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", out(output), err(output)))
}

fn stated(fixture: &Fixture) -> (PathBuf, Value) {
    let made = fixture.holdover(&["snapshot", "create", "--json"]);
    assert_eq!(code(&made), 0, "{}", err(&made));
    (fixture.workspace().join(FILE), json(&made))
}

/// The problems that a look names; none where it holds.
fn problems(fixture: &Fixture) -> Vec<String> {
    let looked = fixture.holdover(&["snapshot", "verify", FILE, "--json"]);
    let report = json(&looked);
    assert_eq!(
        (report["holds"] == true, code(&looked)),
        (code(&looked) == 0, i32::from(report["holds"] != true)),
        "{report:#}"
    );
    serde_json::from_value(report["problems"].clone()).unwrap()
}

#[test]
fn what_is_here_is_stated_signed_journalled_and_holds_as_long_as_it_is_true() {
    let fixture = Fixture::small();
    let (file, made) = stated(&fixture);
    assert!(made["artifacts"].as_u64().unwrap() >= 20 && made["checksums"].as_u64().unwrap() >= 20, "{made:#}");
    assert_eq!(made["deviceState"], "member", "{made:#}");
    assert_eq!(made["lockfiles"].as_array().unwrap().len(), 2, "{made:#}");

    // By hand, as another program would read it.
    let envelope: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(envelope["payloadType"], "application/vnd.in-toto+json");
    let body = BASE64_STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap();
    let statement: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], "urn:holdover:readiness-snapshot:v1");
    let lock = std::fs::read(fixture.workspace().join("Cargo.lock")).unwrap();
    let sha256 = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&lock));
    let subjects = statement["subject"].as_array().unwrap();
    let cargo = subjects.iter().find(|one| one["name"] == "Cargo.lock").unwrap();
    assert_eq!(cargo["digest"]["sha256"], sha256);
    let text = String::from_utf8(body).unwrap();
    assert!(!text.contains(fixture.workspace().to_str().unwrap()), "no path of this machine: {text}");

    assert_eq!(problems(&fixture), Vec::<String>::new());
    let log = out(&fixture.holdover(&["journal", "log", "--kind", "snapshot.", "--json"]));
    assert!(log.contains("\"snapshot.made\"") && log.contains("\"snapshot.checked\""), "{log}");
    let status = json(&fixture.holdover(&["status", "--json"]));
    assert_eq!(status["readiness"]["snapshot"]["id"], made["id"], "{status:#}");
    let shown = json(&fixture.holdover(&["snapshot", "show", FILE, "--json"]));
    assert_eq!((&shown["id"], &shown["holds"]), (&made["id"], &Value::Null), "it was not looked at: {shown:#}");
    let again = fixture.holdover(&["snapshot", "create"]);
    assert_eq!(code(&again), 2, "it is not replaced unasked: {}", out(&again));
}

#[test]
fn nothing_is_stated_of_caches_that_lack_something() {
    let fixture = Fixture::small();
    std::fs::remove_file(fixture.crate_file("itoa")).unwrap();
    let refused = fixture.holdover(&["snapshot", "create"]);
    assert_eq!(code(&refused), 1, "{}", out(&refused));
    assert!(err(&refused).contains("1 missing") && !fixture.workspace().join(FILE).exists(), "{}", err(&refused));
}

#[test]
fn a_changed_lockfile_and_a_changed_artifact_are_told_by_name() {
    let fixture = Fixture::small();
    let (_, _) = stated(&fixture);
    let crate_file = fixture.crate_file("memchr");
    let bytes = std::fs::read(&crate_file).unwrap();
    let mut other = bytes.clone();
    other[bytes.len() / 2] ^= 1;
    std::fs::write(&crate_file, &other).unwrap();
    let told = problems(&fixture);
    assert!(told.len() == 1 && told[0].starts_with("memchr "), "{told:?}");
    std::fs::write(&crate_file, &bytes).unwrap();
    assert_eq!(problems(&fixture), Vec::<String>::new());
    let lock = fixture.workspace().join("package-lock.json");
    let text = std::fs::read_to_string(&lock).unwrap();
    std::fs::write(&lock, format!("{text}\n")).unwrap();
    assert_eq!(problems(&fixture), ["package-lock.json is another one than it states"]);
    let status = json(&fixture.holdover(&["status", "--json"]));
    assert_eq!(status["readiness"]["snapshot"]["problems"], json!(["package-lock.json is another one than it states"]));
    std::fs::remove_file(&lock).unwrap();
    let told = problems(&fixture);
    assert!(told.iter().any(|problem| problem.contains("package-lock.json")), "{told:?}");
}

#[test]
fn an_envelope_that_was_changed_is_not_believed() {
    let fixture = Fixture::small();
    let (file, _) = stated(&fixture);
    let text = std::fs::read_to_string(&file).unwrap();
    let envelope: Value = serde_json::from_str(&text).unwrap();
    let body = String::from_utf8(BASE64_STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap()).unwrap();
    let with = |field: &str, value: Value| {
        let mut changed = envelope.clone();
        *changed.pointer_mut(field).unwrap() = value;
        changed.to_string()
    };
    let other_body = BASE64_STANDARD.encode(body.replace("Cargo.lock", "cargo.lock"));
    let cases = [
        with("/payload", json!(other_body)),
        with("/payloadType", json!("text/plain")),
        with("/signatures/0/keyid", json!("11".repeat(32))),
        with("/signatures/0/sig", json!(BASE64_STANDARD.encode([7; 64]))),
        with("/signatures", json!([])),
        text[..text.len() / 2].to_owned(),
        "[]".repeat(10),
        String::new(),
    ];
    for changed in cases {
        std::fs::write(&file, &changed).unwrap();
        let refused = fixture.holdover(&["snapshot", "verify", FILE]);
        assert_eq!(code(&refused), 1, "{changed}");
        assert!(err(&refused).contains("not believed"), "{}", err(&refused));
        assert_eq!(code(&fixture.holdover(&["snapshot", "show", FILE])), 1, "{changed}");
    }
    assert_eq!(code(&fixture.holdover(&["snapshot", "verify", "nowhere.json"])), 2);
}

#[test]
fn a_device_that_is_not_known_or_was_taken_out_is_not_believed() {
    let mut fixture = Fixture::small();
    let (_, made) = stated(&fixture);
    // The same caches, seen by somebody with another journal.
    let mine = fixture.data();
    let theirs = mine.with_file_name("other-data");
    fixture.set("HOLDOVER_DATA_DIR", theirs.to_str().unwrap());
    let told = problems(&fixture);
    let device = made["device"].as_str().unwrap();
    assert_eq!(told, [format!("the device that signed it, {device}, is not known here")]);

    // The other lets the first one in, believes it, and takes it out again.
    let folder = fixture.workspace();
    let put = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).unwrap();
        name.to_owned()
    };
    let invitation = fixture.holdover(&["device", "invite"]);
    assert_eq!(code(&invitation), 0, "{}", err(&invitation));
    let file = put("invitation", &out(&invitation));
    let at = |data: &std::path::Path, arguments: &[&str]| {
        let mut command = fixture.command(holdover_tests::binary::holdover());
        let output = command.env("HOLDOVER_DATA_DIR", data).args(arguments).output().unwrap();
        assert_eq!(code(&output), 0, "{arguments:?}: {}{}", out(&output), err(&output));
        output
    };
    at(&mine, &["device", "join", &file, "--to", "request"]);
    at(&theirs, &["device", "join", "request", "--to", "answer"]);
    assert_eq!(problems(&fixture), Vec::<String>::new(), "a member's word counts");
    at(&theirs, &["device", "revoke", device]);
    assert_eq!(problems(&fixture), [format!("the device that signed it, {device}, was taken out")]);
}

#[test]
fn a_signed_statement_of_other_artifacts_or_checksums_is_not_believed_although_its_lockfiles_are_the_same() {
    let fixture = Fixture::small();
    let (file, _) = stated(&fixture);
    let envelope: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let body = BASE64_STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap();
    let statement: Value = serde_json::from_slice(&body).unwrap();
    let subjects: Vec<Subject> = ["Cargo.lock", "package-lock.json"]
        .map(|name| Subject::of(name, &std::fs::read(fixture.workspace().join(name)).unwrap()))
        .to_vec();
    let kind = statement["predicateType"].as_str().unwrap();
    // The same device, with its own key, states something else.
    let signs = |change: &dyn Fn(&mut Vec<Value>, &mut Vec<Value>)| {
        let mut predicate = statement["predicate"].clone();
        let mut list = |name: &str| predicate[name].as_array_mut().map(std::mem::take).unwrap();
        let (mut artifacts, mut checksums) = (list("artifacts"), list("checksums"));
        change(&mut artifacts, &mut checksums);
        predicate["artifacts"] = Value::Array(artifacts);
        predicate["checksums"] = Value::Array(checksums);
        let journal = Journal::open(&fixture.data()).unwrap();
        std::fs::write(&file, journal.sign_statement(kind, &subjects, &predicate).unwrap()).unwrap();
        drop(journal);
        problems(&fixture)
    };
    assert_eq!(signs(&|_, _| ()), Vec::<String>::new(), "what it stated before");
    let left_out = statement["predicate"]["artifacts"][0].as_str().unwrap();
    let told = signs(&|artifacts, _| {
        artifacts.remove(0);
    });
    assert_eq!(told, [format!("it says nothing of {left_out}")]);
    let told = signs(&|artifacts, _| artifacts.push(json!("cargo:ghost@1.0.0")));
    assert_eq!(told, ["no lockfile names cargo:ghost@1.0.0 any more"]);
    let told = signs(&|_, checksums| checksums[0] = json!(format!("sha256:{}", "0".repeat(64))));
    assert_eq!(told, ["1 checksum that it states is of no file here"]);
}
