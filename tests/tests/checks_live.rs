//! The project's own linters in an editor: what they find in texts as they are typed and in files that are saved, what is there again
//! after a restart, and what mends it. The judges are the linters.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![cfg(target_os = "linux")]

use holdover_tests::client::{Client, uri};
use holdover_tests::linted::{Linted, PYTHON, RUST, ruff};
use holdover_tests::said::code;
use serde_json::{Value, json};

/// Code and line of what linters told.
fn shown(diagnostics: &[Value]) -> Vec<(String, i64)> {
    let of = diagnostics.iter().filter(|one| one["source"] != "holdover");
    let mut all: Vec<_> = of
        .map(|one| {
            (one["code"].as_str().unwrap_or_default().to_owned(), one["range"]["start"]["line"].as_i64().unwrap())
        })
        .collect();
    all.sort();
    all
}

/// Diagnostics of a file, open or not, until they are as wanted.
fn until(client: &mut Client, uri: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let of =
        |message: &Value| message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri;
    let mut last = Vec::new();
    for _ in 0..50 {
        let Some(message) = client.wait(holdover_tests::client::PATIENCE, of) else { break };
        last.clone_from(message["params"]["diagnostics"].as_array().unwrap());
        if wanted(&last) {
            return last;
        }
    }
    panic!("never came: {last:#?}")
}

fn is_marked(diagnostics: &[Value], mark: &str) -> bool {
    !diagnostics.is_empty() && diagnostics.iter().all(|one| one["message"].as_str().unwrap().contains(mark))
}

fn state(client: &mut Client, name: &str, wanted: &str) -> Value {
    let of =
        |status: &Value| status["checks"].as_array().into_iter().flatten().find(|check| check["name"] == name).cloned();
    let status = client.until(
        |client| client.request("holdover/status", json!({})),
        |status| of(status).is_some_and(|check| check["state"] == wanted),
    );
    of(&status)
        .filter(|check| check["state"] == wanted)
        .unwrap_or_else(|| panic!("{name} is never {wanted}: {status:#}"))
}

/// What Ruff says of a text, by code and line.
fn ruff_says(project: &Linted, text: &str) -> Vec<(String, i64)> {
    // Outside of the workspace: what lies within is an input.
    let folder = project.beside("judged");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(project.root().join("ruff.toml"), folder.join("ruff.toml")).unwrap();
    std::fs::write(folder.join("a.py"), text).unwrap();
    let mut judge = project.command(&ruff());
    let output =
        judge.current_dir(folder).args(["check", "--no-cache", "--output-format=json", "a.py"]).output().unwrap();
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let mut all: Vec<_> = all
        .iter()
        .map(|one| (one["code"].as_str().unwrap().to_owned(), one["location"]["row"].as_i64().unwrap() - 1))
        .collect();
    all.sort();
    all
}

fn fixes(client: &mut Client, uri: &str, line: u32) -> Vec<Value> {
    client.actions(uri, line).into_iter().filter(|one| one["data"]["changes"].is_array()).collect()
}

/// Takes an action and tells the server of the text that it leaves.
fn take(client: &mut Client, uri: &str, action: Value) -> String {
    let resolved = client.request("codeAction/resolve", action);
    let edits = resolved["edit"]["documentChanges"][0]["edits"].as_array().unwrap().clone();
    let text = client.texts.get_mut(uri).unwrap();
    text.apply(&edits);
    let (change, now) = (text.change(uri), text.text.clone());
    client.notify("textDocument/didChange", change);
    now
}

#[test]
fn a_text_is_looked_at_as_it_is_typed_and_the_last_one_counts() {
    let project = Linted::python();
    let file = uri(&project.root().join("a.py"));
    let mut client = project.editor();
    // What is on the disk is told while nothing is open.
    let found = until(&mut client, &file, |found| shown(found) == ruff_says(&project, PYTHON));
    assert_eq!(found[0]["source"], "ruff");
    assert!(found[0]["codeDescription"]["href"].as_str().unwrap().starts_with("holdover:/rule/ruff/"), "{found:#?}");
    // What the editor has and nobody saved.
    let typed = format!("# 😀\r\n{PYTHON}import re\r\n");
    client.open(&file, &typed);
    until(&mut client, &file, |found| shown(found) == ruff_says(&project, &typed));
    for n in 0..30 {
        let text = client.texts.get_mut(&file).unwrap();
        text.text = format!("import a{n}\n");
        text.version += 1;
        let change = text.change(&file);
        client.notify("textDocument/didChange", change);
    }
    let last =
        until(&mut client, &file, |found| found.iter().any(|one| one["message"].as_str().unwrap().contains("`a29`")));
    assert_eq!(shown(&last), [("F401".to_owned(), 0)]);
    let typed = project.started().iter().filter(|line| line.contains("stdin-filename")).count();
    assert!(typed < 15, "not every keystroke is looked at: {typed}");
    // Closed without saving: the disk counts again.
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": file } }));
    until(&mut client, &file, |found| shown(found) == ruff_says(&project, PYTHON));
}

#[test]
fn a_second_server_shows_what_the_first_one_found_and_runs_nothing() {
    let project = Linted::python();
    let file = uri(&project.root().join("a.py"));
    let mut client = project.editor();
    let first = until(&mut client, &file, |found| !shown(found).is_empty());
    state(&mut client, "ruff", "failed");
    // As editors end it: what it found is on the disk then. An `exit` alone waits for nothing.
    client.request("shutdown", Value::Null);
    client.exit();
    let started = project.started().len();
    assert!(started > 0);

    let mut client = project.editor();
    let second = until(&mut client, &file, |found| is_marked(found, "\nremembered: found "));
    assert_eq!(shown(&second), shown(&first));
    let check = state(&mut client, "ruff", "failed");
    assert_eq!(check["remembered"], true, "{check:#}");
    client.exit();
    assert_eq!(project.started().len(), started, "{:?}", project.started());

    // The text moved while nobody looked, and the linter cannot be run: what still stands is told where it is, as old.
    project.stand_in("ruff", "[ \"$1\" = --version ] && exit 0\nsleep 1000");
    project.write("a.py", &format!("# one\r\n# two\r\n{}", PYTHON.replace("import sys\r\n", "import re\r\n")));
    let mut client = project.editor();
    let moved = until(&mut client, &file, |found| is_marked(found, "\nstale: found "));
    let wanted: Vec<_> =
        shown(&first).into_iter().filter(|one| one.1 != 1).map(|(code, line)| (code, line + 2)).collect();
    assert_eq!(shown(&moved), wanted, "the import that is another is not told");
    state(&mut client, "ruff", "running");
    let (_, took) = client.exit();
    assert!(took.as_secs() < 10, "the end waits for no linter: {took:?}");
}

#[test]
fn a_fix_is_what_ruff_would_do_and_is_made_of_the_text_as_it_is_now() {
    let project = Linted::python();
    let path = project.root().join("a.py");
    let file = uri(&path);
    let mut client = project.editor();
    client.open(&file, PYTHON);
    until(&mut client, &file, |found| shown(found) == ruff_says(&project, PYTHON));
    let fix = |all: &[Value], title: &str| all.iter().find(|one| one["title"] == title).cloned();
    let offered = fixes(&mut client, &file, 1);
    let one = fix(&offered, "Ruff: Remove unused import: `sys`").unwrap_or_else(|| panic!("{offered:#?}"));
    assert_eq!((&one["data"]["action"], &one["isPreferred"]), (&json!("check.fix"), &json!(true)));
    assert_eq!(take(&mut client, &file, one.clone()), PYTHON.replace("import sys\r\n", ""));
    let (refused, why) = client.refused("codeAction/resolve", one);
    assert_eq!(refused, -32801, "the line is gone: {why}");

    // All of them at once is what Ruff does by itself.
    let (mut client, text) = (project.editor(), PYTHON);
    client.open(&file, text);
    until(&mut client, &file, |found| shown(found) == ruff_says(&project, PYTHON));
    let offered = fixes(&mut client, &file, 0);
    let all = offered
        .iter()
        .find(|one| one["title"].as_str().unwrap().starts_with("Fix all 2 "))
        .unwrap_or_else(|| panic!("{offered:#?}"));
    let fixed = take(&mut client, &file, all.clone());
    let mut judge = project.command(&ruff());
    assert!(judge.args(["check", "--no-cache", "--fix", "a.py"]).output().unwrap().status.code().is_some());
    assert_eq!(fixed, std::fs::read_to_string(&path).unwrap());
}

#[test]
fn clippy_runs_when_a_file_is_saved_and_its_fix_leaves_nothing_to_find() {
    let project = Linted::rust();
    let path = project.root().join("src/main.rs");
    let file = uri(&path);
    let mut client = project.editor();
    let has = |found: &[Value], code: &str| found.iter().any(|one| one["code"] == code);
    client.open(&file, RUST);
    let found = until(&mut client, &file, |found| has(found, "clippy::needless_return"));
    let one = found.iter().find(|one| one["code"] == "clippy::needless_return").unwrap();
    let at = &one["range"];
    assert_eq!((&at["start"]["line"], &at["start"]["character"]), (&json!(7), &json!(13)), "behind a pair: {one:#}");
    assert_eq!(one["source"], "clippy");
    assert!(found.iter().any(|one| one["source"] == "rustc" && one["code"] == "unused_variables"), "{found:#?}");
    let offered = fixes(&mut client, &file, 7);
    assert!(!offered.is_empty());
    let text = take(&mut client, &file, offered[0].clone());
    assert_eq!(text, RUST.replace("return 1;", "1"));
    // What is about lines that were changed is gone at once; the rest stands until the compiler has looked again.
    until(&mut client, &file, |found| !has(found, "clippy::needless_return") && has(found, "unused_variables"));
    std::fs::write(&path, &text).unwrap();
    client.notify("textDocument/didSave", json!({ "textDocument": { "uri": file } }));
    state(&mut client, "clippy", "failed");
    // And one more, that is not there yet.
    std::fs::write(
        &path,
        text.replace("let unused =", "let _used = 1; let unused =").replace("    /* 😀 */ 1", "    /* 😀 */ nothing()"),
    )
    .unwrap();
    client.notify("textDocument/didSave", json!({ "textDocument": { "uri": file } }));
    let text = client.texts.get_mut(&file).unwrap();
    text.text = std::fs::read_to_string(&path).unwrap();
    text.version += 1;
    let change = text.change(&file);
    client.notify("textDocument/didChange", change);
    until(&mut client, &file, |found| has(found, "E0425"));
}

#[test]
fn a_rule_is_explained_without_a_network_by_the_linter_that_is_here() {
    let project = Linted::python();
    let file = uri(&project.root().join("a.py"));
    let mut client = project.editor();
    client.open(&file, PYTHON);
    let found = until(&mut client, &file, |found| shown(found) == ruff_says(&project, PYTHON));
    let at = json!({ "textDocument": { "uri": file }, "position": { "line": 0, "character": 8 } });
    let hover = client.request("textDocument/hover", at);
    let text = hover["contents"]["value"].as_str().unwrap_or_else(|| panic!("{hover}"));
    assert!(text.contains("**F401** (ruff)") && text.contains("Checks for unused imports."), "{text}");
    assert!(text.contains("by `ruff check --output-format=json"), "{text}");
    let href = found.iter().find(|one| one["code"] == "F401").unwrap()["codeDescription"]["href"].clone();
    let page = client.request("holdover/content", json!({ "uri": href }));
    assert!(page["text"].as_str().unwrap().contains("Checks for unused imports."), "{page}");
    let asked = project.started().iter().filter(|line| line.contains("ruff rule F401")).count();
    assert_eq!(asked, 1, "it is remembered: {:?}", project.started());
}

#[test]
fn nothing_is_run_for_an_editor_that_does_not_trust_the_workspace() {
    let project = Linted::python();
    assert_eq!(code(&project.holdover(&["trust", "--revoke"])), 0);
    let file = uri(&project.root().join("a.py"));
    let mut client = project.editor();
    client.open(&file, PYTHON);
    let check = state(&mut client, "ruff", "unavailable");
    assert!(check["detail"].as_str().unwrap().contains("not trusted"), "{check:#}");
    client.notify("textDocument/didSave", json!({ "textDocument": { "uri": file } }));
    let page = client.request(
        "holdover/content",
        json!({ "uri": format!("holdover:/rule/ruff/F401.md?file={}", project.root().join("a.py").display()) }),
    );
    assert!(page["text"].as_str().unwrap().contains("not trusted"), "{page}");
    assert_eq!(project.started(), Vec::<String>::new());
    // Trust given in the editor lets them run.
    client.notify("holdover/didChangeTrust", json!({ "trusted": true }));
    until(&mut client, &file, |found| shown(found) == ruff_says(&project, PYTHON));
    client.notify("holdover/didChangeTrust", json!({ "trusted": false }));
    state(&mut client, "ruff", "failed");
}
