//! Statements of what checks came to: signed, bound to the commit and to files, and believed as far as they are true of what is here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![cfg(target_os = "linux")]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use holdover_tests::linted::Linted;
use holdover_tests::said::{code, err, out};
use journal::{Journal, Subject};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const STEPS: &str = "[[checks.steps]]\nname = \"build\"\ncommand = [\"mk\", \"all\"]\ninputs = [\"src/**\"]\n[[checks.steps]]\nname = \"docs\"\ncommand = [\"mk\", \"docs\"]\ninputs = [\"*.md\"]\n";
const FILE: &str = "../checks.json";
const KIND: &str = "https://in-toto.io/attestation/test-result/v0.1";

fn git(project: &Linted, arguments: &[&str]) -> String {
    let set = ["-c", "user.name=a", "-c", "user.email=a@b.c"];
    let told = Command::new("git").args(set).args(arguments).current_dir(project.root()).output().unwrap();
    assert!(told.status.success(), "{told:?}");
    String::from_utf8(told.stdout).unwrap().trim().to_owned()
}

fn commit(project: &Linted, words: &str) -> String {
    git(project, &["add", "."]);
    git(project, &["commit", "-qm", words]);
    git(project, &["rev-parse", "HEAD"])
}

fn project() -> Linted {
    let project = Linted::new();
    project.write("src/a.c", "int x;\n");
    project.write("a.md", "one\n");
    project.stand_in("mk", "! grep -q broken src/a.c");
    project.write("holdover.toml", STEPS);
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    git(&project, &["init", "-q"]);
    commit(&project, "one");
    project
}

/// What a statement holds, and the exit code.
fn verify(project: &Linted) -> (Value, i32) {
    let said = project.holdover(&["check", "--verify", FILE, "--json"]);
    (serde_json::from_slice(&said.stdout).unwrap_or_else(|e| panic!("{e}: {}", err(&said))), code(&said))
}

fn statement(file: &Path) -> Value {
    let envelope: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(envelope["payloadType"], "application/vnd.in-toto+json");
    serde_json::from_slice(&BASE64_STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap()).unwrap()
}

#[test]
fn what_passed_is_stated_signed_journalled_and_holds_as_long_as_it_is_true() {
    let project = project();
    let made = project.holdover(&["check", "--all", "--attest", FILE]);
    assert_eq!(code(&made), 0, "{}{}", out(&made), err(&made));
    let stated = statement(&project.beside("checks.json"));
    assert_eq!((&stated["_type"], &stated["predicateType"]), (&json!("https://in-toto.io/Statement/v1"), &json!(KIND)));
    let commit = git(&project, &["rev-parse", "HEAD"]);
    assert_eq!(stated["subject"][1], json!({ "name": "commit", "digest": { "gitCommit": commit } }));
    let predicate = &stated["predicate"];
    assert_eq!(
        (&predicate["result"], &predicate["passedTests"]),
        (&json!("PASSED"), &json!(["lints", "build", "docs"])),
        "{predicate:#}"
    );
    assert_eq!(
        (&predicate["failedTests"], &predicate["configuration"][0]["name"]),
        (&json!([]), &json!("holdover.toml"))
    );
    assert!(!stated.to_string().contains(project.root().to_str().unwrap()), "no path of this machine");

    let before = project.started().len();
    let (held, ended) = verify(&project);
    assert_eq!((&held["holds"], ended, &held["problems"]), (&json!(true), 0, &json!([])), "{held:#}");
    let log = out(&project.holdover(&["journal", "log", "--kind", "check.att", "--json"]));
    assert!(log.contains("\"check.attested\"") && log.contains("\"check.attestation-checked\""), "{log}");
    // What no check depends on but the lints do is told of them alone.
    project.write("notes.txt", "x");
    let (held, ended) = verify(&project);
    assert_eq!((ended, held["problems"].as_array().unwrap().len()), (1, 1), "{held:#}");
    std::fs::remove_file(project.root().join("notes.txt")).unwrap();
    project.write("a.md", "two\n");
    let (held, _) = verify(&project);
    let problems = held["problems"].as_array().unwrap();
    assert!(problems.contains(&json!("what docs depends on is another thing here")) && problems.len() == 2, "{held:#}");
    project.write("a.md", "one\n");
    assert_eq!(verify(&project).1, 0, "it is true again");
    project.write("holdover.toml", &STEPS.replace("name = \"docs\"", "name = \"doc\""));
    let (held, ended) = verify(&project);
    let told = held["problems"].as_array().unwrap().iter().map(|one| one.as_str().unwrap());
    let named = told.filter(|one| one.starts_with("no check of this workspace is called docs")).count();
    assert_eq!((ended, named), (1, 1), "{held:#}");
    project.write("holdover.toml", STEPS);
    assert_eq!((verify(&project).1, project.started().len()), (0, before), "nothing is run for it");
    let again = project.holdover(&["check", "--all", "--attest", FILE]);
    assert!(code(&again) == 2 && err(&again).contains("take that one away"), "it is not replaced: {}", err(&again));
}

#[test]
fn a_statement_of_another_commit_does_not_hold_and_one_of_what_was_not_committed_is_of_the_files() {
    let project = project();
    let first = git(&project, &["rev-parse", "HEAD"]);
    assert_eq!(code(&project.holdover(&["check", "--all", "--attest", FILE])), 0);
    git(&project, &["commit", "-q", "--allow-empty", "-m", "two"]);
    let second = git(&project, &["rev-parse", "HEAD"]);
    let (held, ended) = verify(&project);
    let why = format!("it is of commit {}, and the workspace is at {}", &first[..10], &second[..10]);
    assert_eq!((ended, &held["problems"]), (1, &json!([why])), "the files are the same: {held:#}");
    git(&project, &["checkout", "-q", &first]);
    assert_eq!(verify(&project).1, 0);

    // Checked first and committed then.
    std::fs::remove_file(project.beside("checks.json")).unwrap();
    project.write("src/b.c", "int y;\n");
    assert_eq!(code(&project.holdover(&["check", "--all", "--attest", FILE])), 0);
    let stated = statement(&project.beside("checks.json"));
    assert_eq!(stated["subject"].as_array().unwrap().len(), 1, "of no commit: {stated:#}");
    assert_eq!(stated["predicate"]["holdover"]["uncommitted"], json!(true));
    commit(&project, "three");
    let (held, ended) = verify(&project);
    assert_eq!(
        (ended, held["remarks"].as_array().unwrap().len(), &held["ofCommit"]),
        (0, 1, &json!(false)),
        "{held:#}"
    );
}

#[test]
fn on_another_machine_a_statement_counts_where_its_device_was_let_in() {
    let project = project();
    assert_eq!(code(&project.holdover(&["check", "--all", "--attest", FILE])), 0);
    let (mine, theirs, clone) = (project.beside("data"), project.beside("theirs"), project.beside("clone"));
    git(&project, &["clone", "-q", ".", "../clone"]);
    let at = |data: &Path, folder: &Path, arguments: &[&str]| {
        let mut command = project.command(holdover_tests::binary::holdover());
        command.env("HOLDOVER_DATA_DIR", data).current_dir(folder).args(arguments).output().unwrap()
    };
    let verify = || {
        let said = at(&theirs, &clone, &["check", "--verify", FILE, "--json"]);
        let held: Value = serde_json::from_slice(&said.stdout).unwrap_or_else(|e| panic!("{e}: {}", err(&said)));
        (
            held["problems"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect::<Vec<_>>(),
            code(&said),
        )
    };
    let (told, ended) = verify();
    assert!(ended == 1 && told.len() == 1 && told[0].ends_with("is not known here"), "{told:?}");
    let outside = project.beside("");
    let good = |data: &Path, arguments: &[&str]| {
        let said = at(data, &outside, arguments);
        assert_eq!(code(&said), 0, "{arguments:?}: {}{}", out(&said), err(&said));
        out(&said)
    };
    std::fs::write(outside.join("invitation"), good(&theirs, &["device", "invite"])).unwrap();
    good(&mine, &["device", "join", "invitation", "--to", "request"]);
    good(&theirs, &["device", "join", "request", "--to", "answer"]);
    assert_eq!(verify(), (Vec::new(), 0), "nothing of it is trusted there, and nothing is run");
    std::fs::write(clone.join("src/a.c"), "int z;\n").unwrap();
    let (told, ended) = verify();
    assert_eq!(ended, 1);
    assert!(
        told.iter().any(|one| one.contains("build") && one.contains("not trusted")),
        "its steps are not known: {told:?}"
    );
    assert_eq!(code(&at(&theirs, &clone, &["trust"])), 0);
    let (told, ended) = verify();
    let expected =
        ["files are others here, and lints depends on all of them", "what build depends on is another thing here"];
    assert_eq!((ended, told), (1, expected.map(str::to_owned).to_vec()));
    git(&project, &["-C", "../clone", "checkout", "-q", "."]);
    assert_eq!(verify(), (Vec::new(), 0));
    let device = statement(&project.beside("checks.json"));
    assert!(device["predicate"]["holdover"]["by"].is_string());
}

#[test]
fn nothing_is_stated_of_a_part_of_the_files_or_of_what_another_tool_said() {
    let project = project();
    let part = project.holdover(&["check", "src", "--attest", FILE]);
    assert!(code(&part) == 2 && err(&part).contains("of the whole workspace"), "{}", err(&part));
    for file in ["../bin/mk/x", "../nowhere/x"] {
        let said = project.holdover(&["check", "--all", "--attest", file]);
        assert_eq!((code(&said), project.started().len()), (2, 0), "before anything is run: {}", err(&said));
    }
    let sarif = json!({ "version": "2.1.0", "runs": [{ "tool": { "driver": { "name": "x" } }, "results": [] }] });
    project.write("theirs.sarif", &sarif.to_string());
    assert_eq!(code(&project.holdover(&["check", "--import", "theirs.sarif", "--attest", FILE])), 0);
    assert_eq!(statement(&project.beside("checks.json"))["predicate"]["passedTests"], json!(["lints"]));
    // What is too large to be compared is no part of anything that is stated.
    std::fs::remove_file(project.beside("checks.json")).unwrap();
    std::fs::File::create(project.root().join("large.bin")).unwrap().set_len(2 << 30).unwrap();
    let large = project.holdover(&["check", "lints", "--attest", FILE]);
    assert!(code(&large) == 1 && err(&large).contains("too large to be compared: large.bin"), "{}", err(&large));
    assert!(!project.beside("checks.json").exists());
}

#[test]
fn what_failed_or_could_not_be_told_is_no_pass() {
    let project = project();
    project.write("src/a.c", "broken\n");
    assert_eq!(code(&project.holdover(&["check", "--all", "--attest", FILE])), 1);
    let predicate = statement(&project.beside("checks.json"))["predicate"].clone();
    assert_eq!(
        (&predicate["result"], &predicate["failedTests"]),
        (&json!("FAILED"), &json!(["build"])),
        "{predicate:#}"
    );
    assert_eq!(
        (&predicate["warnedTests"], &predicate["passedTests"]),
        (&json!(["docs"]), &json!(["lints"])),
        "it was not run"
    );
    let (held, ended) = verify(&project);
    assert_eq!((&held["holds"], ended), (&json!(true), 1), "that it failed is true: {held:#}");
    std::fs::remove_file(project.beside("checks.json")).unwrap();
    assert_eq!(code(&project.holdover(&["trust", "--revoke"])), 0);
    // What an earlier run came to is not stated of files that are others.
    project.write("src/a.c", "int y;\n");
    assert_eq!(code(&project.holdover(&["check", "--all", "--attest", FILE])), 3, "without trust no step is known");
    let predicate = statement(&project.beside("checks.json"))["predicate"].clone();
    assert_eq!(predicate["passedTests"], json!(["lints"]), "{predicate:#}");
}

#[test]
fn what_passed_on_files_that_changed_meanwhile_is_no_pass() {
    let project = project();
    // The step itself changes what it depends on: which of the two it saw nobody can tell.
    project.stand_in("mk", "echo 'int z;' >> src/a.c");
    let _ = project.holdover(&["check", "--all", "--attest", FILE]);
    let predicate = statement(&project.beside("checks.json"))["predicate"].clone();
    let passed = predicate["passedTests"].as_array().unwrap();
    assert!(!passed.contains(&json!("build")), "{predicate:#}");
    assert!(predicate["warnedTests"].as_array().unwrap().contains(&json!("build")), "{predicate:#}");
    assert_ne!(predicate["result"], "PASSED");
}

#[test]
fn a_statement_that_was_changed_or_is_a_strangers_is_not_believed() {
    let project = project();
    assert_eq!(code(&project.holdover(&["check", "--all", "--attest", FILE])), 0);
    let file = project.beside("checks.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut envelope: Value = serde_json::from_str(&text).unwrap();
    let body = String::from_utf8(BASE64_STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap()).unwrap();
    for changed in
        [body.replace("PASSED", "FAILED"), body.replace("\"docs\"", "\"dogs\""), String::new(), "{}".to_owned()]
    {
        envelope["payload"] = json!(BASE64_STANDARD.encode(&changed));
        std::fs::write(&file, envelope.to_string()).unwrap();
        let said = project.holdover(&["check", "--verify", FILE]);
        assert!(code(&said) == 1 && err(&said).contains("not believed"), "{changed}: {}", err(&said));
    }
    for other in ["", "[]", &"[".repeat(100_000), "{\"payload\":1}", &text[..text.len() / 2]] {
        std::fs::write(&file, other).unwrap();
        assert_eq!(code(&project.holdover(&["check", "--verify", FILE])), 1, "{other:.50}");
    }
    let nowhere = project.holdover(&["check", "--verify", "nowhere.json"]);
    assert!(code(&nowhere) == 2 && err(&nowhere).contains("cannot be read"), "{}", err(&nowhere));
    // The same, signed by a journal that nobody let in.
    let folder = tempfile::tempdir().unwrap();
    let stranger = Journal::open(folder.path()).unwrap();
    let stated: Value = serde_json::from_str(&body).unwrap();
    let subjects: Vec<Subject> = stated["subject"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let digests = one["digest"].as_object().unwrap().iter();
            Subject {
                name: one["name"].as_str().unwrap().into(),
                digests: digests.map(|(name, value)| (name.clone(), value.as_str().unwrap().into())).collect(),
            }
        })
        .collect();
    std::fs::write(&file, stranger.sign_statement(KIND, &subjects, &stated["predicate"]).unwrap()).unwrap();
    let (held, ended) = verify(&project);
    assert!(ended == 1 && held["problems"][0].as_str().unwrap().ends_with("is not known here"), "{held:#}");
    // One of ours that sums up what it does not say.
    let own = Journal::open(&project.beside("data")).unwrap();
    let mut predicate = stated["predicate"].clone();
    predicate["holdover"]["checks"][1]["result"] = json!("FAILED");
    std::fs::write(&file, own.sign_statement(KIND, &subjects, &predicate).unwrap()).unwrap();
    let (held, ended) = verify(&project);
    assert!(ended == 1 && held["problems"][0].as_str().unwrap().contains("of one check that it did not"), "{held:#}");
    // What is not understood is not left out.
    predicate["holdover"]["checks"][1] = json!({ "name": "build", "result": { "of": "another form" } });
    std::fs::write(&file, own.sign_statement(KIND, &subjects, &predicate).unwrap()).unwrap();
    let said = project.holdover(&["check", "--verify", FILE]);
    assert!(code(&said) == 1 && err(&said).contains("is not understood"), "{}", err(&said));
    predicate["holdover"]["checks"] = json!([]);
    std::fs::write(&file, own.sign_statement(KIND, &subjects, &predicate).unwrap()).unwrap();
    assert_eq!(verify(&project).1, 1, "a statement of nothing");
}
