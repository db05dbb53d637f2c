//! Steps in an editor: run and stopped there, with a log that grows, and their errors in the files. The programs wait for the test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![cfg(target_os = "linux")]

use holdover_tests::client::{Client, PATIENCE, uri};
use holdover_tests::linted::Linted;
use holdover_tests::said::code;
use serde_json::{Value, json};

/// Goes on when the file `go` beside the workspace is there.
fn project(then: &str) -> Linted {
    let project = Linted::new();
    project.write("src/a.c", "int é = 1;\n");
    let go = project.beside("go").display().to_string();
    project.stand_in("mk", &format!("echo 'step one of two'\nwhile [ ! -e '{go}' ]; do sleep 0.05; done\n{then}"));
    project.write("holdover.toml", "[checks]\nbuild = [\"mk\", \"all\"]\n");
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    project
}

/// The document of the steps, until it is as wanted.
fn page(client: &mut Client, wanted: &str) -> String {
    let answer = client.until(
        |client| client.request("holdover/content", json!({ "uri": "holdover:/build.md" })),
        |answer| answer["text"].as_str().unwrap().contains(wanted),
    );
    let text = answer["text"].as_str().unwrap().to_owned();
    assert!(text.contains(wanted), "{wanted}: {text}");
    text
}

/// An editor whose server knows the steps.
fn ready(project: &Linted) -> Client {
    let mut client = project.editor();
    client.until(
        |client| client.request("holdover/status", json!({})),
        |status| status["checks"].as_array().is_some_and(|all| all.iter().any(|check| check["isStep"] == true)),
    );
    client
}

fn grew(client: &mut Client) -> Value {
    let told = client.wait(PATIENCE, |message| message["method"] == "holdover/didChangeBuild").expect("it grows");
    told["params"].clone()
}

#[test]
fn a_log_grows_while_it_runs_and_what_it_says_stands_in_the_files() {
    let project = project("echo 'src/a.c:1:5: error: no [x]'\nexit 2");
    let mut client = ready(&project);
    let run = client.ask("workspace/executeCommand", json!({ "command": "holdover.build", "arguments": [{}] }));
    assert_eq!(grew(&mut client), json!({ "workspace": project.root(), "name": "build" }));
    let text = page(&mut client, "step one of two");
    assert!(text.starts_with("# build: running for "), "{text}");
    assert!(!text.contains("error: no"), "{text}");
    std::fs::write(project.beside("go"), "").unwrap();
    let report = client.response(run);
    let build = report["result"]["checks"].as_array().unwrap().iter().find(|check| check["name"] == "build").unwrap();
    assert_eq!((&build["state"], &build["build"]["exit"]), (&json!("failed"), &json!(2)), "{report:#}");
    let text = page(&mut client, "First error");
    assert!(
        text.starts_with("# build: failed with exit code 2")
            && text.contains("```text\nstep one of two\nsrc/a.c:1:5: error: no [x]\n```"),
        "{text}"
    );
    let file = uri(&project.root().join("src/a.c"));
    let told = client.wait(PATIENCE, |message| {
        message["method"] == "textDocument/publishDiagnostics"
            && message["params"]["uri"] == file.as_str()
            && message["params"]["diagnostics"].as_array().is_some_and(|all| !all.is_empty())
    });
    let one = told.expect("it stands in the file")["params"]["diagnostics"][0].clone();
    assert_eq!(
        (&one["source"], &one["code"], &one["range"]["start"]),
        (&json!("build"), &json!("x"), &json!({ "line": 0, "character": 4 })),
        "{one:#}"
    );
    let nothing = client.refused(
        "workspace/executeCommand",
        json!({ "command": "holdover.build", "arguments": [{ "steps": ["deploy"] }] }),
    );
    assert!(
        nothing.1.contains("no step of this workspace has this name: deploy") && nothing.1.contains("steps are build"),
        "{nothing:?}"
    );
}

#[test]
fn a_run_is_stopped_by_the_editor_and_nothing_of_it_is_left() {
    let project = project("exit 0");
    let mut client = ready(&project);
    let run = client.ask("workspace/executeCommand", json!({ "command": "holdover.build", "arguments": [{}] }));
    page(&mut client, "step one of two");
    client.notify("$/cancelRequest", json!({ "id": run }));
    let answer = client.response(run);
    assert_eq!(answer["error"]["code"], json!(-32800), "{answer:#}");
    // The lease is free again, and the next one runs.
    std::fs::write(project.beside("go"), "").unwrap();
    let next = client.until(
        |client| client.request("holdover/status", json!({})),
        |status| status["checks"].as_array().unwrap().iter().all(|check| check["state"] != "running"),
    );
    assert!(next["checks"].as_array().unwrap().iter().all(|check| check["state"] != "running"), "{next:#}");
    let report = client.command("holdover.build", json!({}));
    let build = report["checks"].as_array().unwrap().iter().find(|check| check["name"] == "build").unwrap();
    assert_eq!(build["state"], json!("passed"), "{report:#}");
}
