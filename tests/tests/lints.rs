//! The built-in lints through the server and in a terminal: what they say of files that are open and that are not, what is joined with
//! the inventory, and the edits that answer it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Client, Setup, uri};
use holdover_tests::fixture::Fixture;
use holdover_tests::said;
use serde_json::{Value, json};
use std::path::PathBuf;

const MAKEFILE: &str = "build:\n\tcargo build\n\ntest:\n\tcurl -fsSLO https://downloads.acme.org/é.tgz\n";

fn editor(fixture: &Fixture) -> (Client, PathBuf) {
    let root = std::fs::canonicalize(fixture.workspace()).unwrap();
    let setup = Setup { roots: vec![root.clone()], ..Setup::default() };
    let environment = fixture.environment();
    let mut client = Client::start(&environment.iter().fold(setup, |setup, (name, value)| setup.env(name, value)));
    client.accept_leftovers();
    (client, root)
}

fn shown(diagnostics: &[Value]) -> Vec<(String, i64, i64)> {
    let one = |d: &Value| {
        let line = d["range"]["start"]["line"].as_i64().unwrap();
        (d["code"].as_str().unwrap().to_owned(), d["severity"].as_i64().unwrap(), line)
    };
    diagnostics.iter().map(one).collect()
}

/// Diagnostics of an open document until they are these.
fn until(client: &mut Client, uri: &str, wanted: &[(&str, i64, i64)]) -> Vec<Value> {
    let wanted: Vec<_> = wanted.iter().map(|(code, severity, line)| ((*code).to_owned(), *severity, *line)).collect();
    for _ in 0..20 {
        let found = client.diagnostics(uri, 1);
        if shown(&found) == wanted {
            return found;
        }
    }
    panic!("never came to {wanted:?}")
}

fn action(client: &mut Client, uri: &str, line: u32, name: &str) -> Option<Value> {
    client.actions(uri, line).into_iter().find(|one| one["data"]["action"] == name)
}

#[test]
fn files_that_are_not_open_are_linted_and_joined_with_what_is_here() {
    let fixture = Fixture::small();
    std::fs::write(fixture.workspace().join("Makefile"), MAKEFILE).unwrap();
    let (mut client, root) = editor(&fixture);
    let makefile = uri(&root.join("Makefile"));
    let found = client.diagnostics_without_version(&makefile);
    assert_eq!(shown(&found), [("cargo-not-offline".to_owned(), 3, 1), ("network-download".to_owned(), 2, 4)]);
    assert_eq!(found[0]["codeDescription"]["href"], "holdover:/diagnostics/cargo-not-offline.md");
    assert!(found[0]["message"].as_str().unwrap().contains("all 11 that Cargo.lock names are here"), "{found:#?}");
    let report = client.command("holdover.check", json!({ "files": ["Makefile"] }));
    assert_eq!(report["findings"].as_array().unwrap().len(), 2, "{report:#}");
    assert_eq!(report["workspace"], json!(root));
    let elsewhere = client.command("holdover.check", json!({ "files": ["src"] }));
    assert_eq!(elsewhere["findings"], json!([]));
    let page = client.request("holdover/content", json!({ "uri": found[1]["codeDescription"]["href"] }));
    assert!(page["text"].as_str().unwrap().starts_with("# network-download"));
    let status = client.until(
        |client| client.request("holdover/status", json!({})),
        |status| status["checks"][0]["state"] == "failed",
    );
    assert_eq!((&status["checks"][0]["name"], &status["checks"][0]["findings"]), (&json!("lints"), &json!(2)));

    // A crate goes, and the same line is an error; it is changed on the disk, and is none.
    std::fs::remove_file(fixture.crate_file("itoa")).unwrap();
    std::fs::write(root.join("Makefile"), MAKEFILE.replace("cargo build", "cargo check")).unwrap();
    let found = client.diagnostics_without_version(&makefile);
    assert_eq!(shown(&found)[0], ("cargo-not-offline".to_owned(), 1, 1), "{found:#?}");
    assert!(found[0]["message"].as_str().unwrap().contains("1 of 11 that Cargo.lock names are missing or damaged"));
    std::fs::write(root.join("Makefile"), "build:\n\techo 'cargo build'\n").unwrap();
    assert_eq!(client.diagnostics_without_version(&makefile), Vec::<Value>::new());
}

#[test]
fn a_fix_and_an_allowance_are_edits_of_the_text_as_it_is_now_and_of_no_other() {
    let fixture = Fixture::small();
    let (mut client, root) = editor(&fixture);
    let makefile = uri(&root.join("Makefile"));
    client.open(&makefile, MAKEFILE);
    until(&mut client, &makefile, &[("cargo-not-offline", 3, 1), ("network-download", 2, 4)]);

    let fix = action(&mut client, &makefile, 1, "check.fix").expect("a fix");
    assert_eq!((&fix["title"], &fix["kind"]), (&json!("Build with `--locked --offline`"), &json!("quickfix")));
    assert!(fix.get("edit").is_none(), "it comes when it is asked for");
    let resolved = client.request("codeAction/resolve", fix.clone());
    let edits = resolved["edit"]["documentChanges"][0]["edits"].as_array().unwrap().clone();
    let text = client.texts.get_mut(&makefile).unwrap();
    text.apply(&edits);
    assert_eq!(text.text, MAKEFILE.replace("cargo build", "cargo build --locked --offline"));
    let change = text.change(&makefile);
    client.notify("textDocument/didChange", change);
    until(&mut client, &makefile, &[("network-download", 2, 4)]);
    // What it was offered for is gone.
    let (code, why) = client.refused("codeAction/resolve", fix);
    assert_eq!(code, -32801, "{why}");

    assert!(action(&mut client, &makefile, 4, "check.fix").is_none(), "what a download brings is nothing to guess");
    let allow = action(&mut client, &makefile, 4, "check.allow").expect("an allowance");
    let edit = client.request("codeAction/resolve", allow)["edit"].clone();
    let edits = edit["documentChanges"][0]["edits"].as_array().unwrap().clone();
    let text = client.texts.get_mut(&makefile).unwrap();
    text.apply(&edits);
    assert!(text.text.contains("\n\t# holdover: allow(network-download) reason=\"\"\n\tcurl"), "{}", text.text);
    let change = text.change(&makefile);
    client.notify("textDocument/didChange", change);
    // It counts, and asks for its reason.
    until(&mut client, &makefile, &[("allowance-without-reason", 2, 4)]);
    let text = client.texts.get_mut(&makefile).unwrap();
    text.text = text.text.replace("reason=\"\"", "reason=\"made where there is a network\"");
    text.version += 1;
    let change = text.change(&makefile);
    client.notify("textDocument/didChange", change);
    until(&mut client, &makefile, &[]);
    client.accept_leftovers();
}

#[test]
fn the_terminal_says_the_same_and_ends_as_the_protocol_has_it() {
    let fixture = Fixture::small();
    let root = fixture.workspace();
    let check = |arguments: &[&str]| fixture.holdover(&[&["check", root.to_str().unwrap()], arguments].concat());
    let json = |arguments: &[&str]| -> Value { serde_json::from_slice(&check(arguments).stdout).unwrap() };
    assert_eq!(said::code(&check(&[])), 0, "{}", said::out(&check(&[])));
    std::fs::write(root.join("Makefile"), MAKEFILE).unwrap();
    // Nobody can tell what the download brings.
    assert_eq!(said::code(&check(&[])), 3);
    let report = json(&["--json"]);
    assert_eq!(report["findings"][1]["range"]["start"], json!({ "line": 4, "utf16": 1, "byte": 28 }));
    assert_eq!(report["checks"][0]["name"], "lints");
    let sarif = json(&["--sarif"]);
    assert_eq!(
        sarif["runs"][0]["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "Makefile"
    );

    let allow =
        "[[lints.allow]]\ncode = \"network-download\"\npath = \"Make*\"\nreason = \"made where there is a network\"\n";
    std::fs::write(root.join("holdover.toml"), allow).unwrap();
    assert_eq!(said::code(&check(&[])), 0, "{}", said::out(&check(&[])));
    std::fs::write(root.join("holdover.toml"), format!("{allow}\n[[lints.allow]]\ncode = \"network-clone\"\n"))
        .unwrap();
    let report = json(&["--json"]);
    let codes: Vec<&str> = report["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["cargo-not-offline", "allowance-without-reason", "allowance-unused"]);
    assert_eq!(report["findings"][1]["range"]["start"]["line"], 5);
    assert_eq!(said::code(&check(&[])), 1);

    std::fs::write(root.join("holdover.toml"), "[lints]\nenable = false\n").unwrap();
    assert_eq!(json(&["--json"])["findings"], json!([]));
    let nowhere = fixture.holdover(&["check", "/nonexistent/x"]);
    assert_eq!(said::code(&nowhere), 2);
}

#[test]
fn what_git_ignores_and_what_others_wrote_is_passed_over() {
    let fixture = Fixture::small();
    let root = fixture.workspace();
    let bad = "#!/bin/sh\ncurl https://downloads.acme.org/x\n";
    for file in
        ["node_modules/a/a.sh", "target/a.sh", "out/a.sh", ".cache/a.sh", ".github/a.sh", "own/a.sh", "left/a.sh"]
    {
        let file = root.join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bad).unwrap();
    }
    std::fs::create_dir_all(root.join(".git")).unwrap();
    std::fs::write(root.join(".gitignore"), "/out\n").unwrap();
    std::fs::write(root.join("holdover.toml"), "[inventory]\nexclude = [\"left\"]\n").unwrap();
    let output = fixture.holdover(&["check", root.to_str().unwrap(), "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let root = std::fs::canonicalize(&root).unwrap();
    let files: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| PathBuf::from(f["file"].as_str().unwrap()).strip_prefix(&root).unwrap().display().to_string())
        .collect();
    assert_eq!(files, [".github/a.sh", "own/a.sh"]);
}
