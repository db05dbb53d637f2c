//! Reviews end to end: two people, two data folders, two clones and a folder between them, through the real command line and the language
//! server. A branch is rebased in the middle, verdicts meet, and what is hostile stays inert.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::client::{Client, Setup, capabilities, uri};
use holdover_tests::desk::{Desk, let_in};
use holdover_tests::said::{code, err, good, out};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const BASE: &str = "fn one() {\n    let first = read(path);\n    check(first);\n}\n\nfn two() {\n    let second = write(path);\n    check(second);\n}\n";

fn git(folder: &Path, arguments: &[&str]) {
    let ran = Command::new("git")
        .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.org"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(ran.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

fn commit(folder: &Path, name: &str, text: &str, message: &str) {
    std::fs::write(folder.join(name), text).unwrap();
    git(folder, &["add", name]);
    git(folder, &["commit", "-q", "-m", message]);
}

/// Two people with clones of one repository, a branch in both, and a remote.
fn desks() -> (Desk, Desk, tempfile::TempDir) {
    let (ann, bob) = (Desk::new("Ann"), Desk::new("Bob"));
    git(&ann.root(), &["init", "-q", "-b", "main"]);
    commit(&ann.root(), "a.rs", BASE, "first");
    git(&ann.root(), &["checkout", "-q", "-b", "feature"]);
    commit(&ann.root(), "a.rs", &BASE.replace("write(path)", "write(path, first)"), "second");
    let stick = tempfile::tempdir().unwrap();
    let from = ann.root();
    git(&bob.root(), &["init", "-q", "-b", "main"]);
    fetch(&bob, &from);
    git(&bob.root(), &["reset", "-q", "--hard", "feature"]);
    let_in(&ann, &bob);
    for desk in [&ann, &bob] {
        good(&desk.run(&["remote", "add", "stick", stick.path().join("ferry").to_str().unwrap()]));
    }
    (ann, bob, stick)
}

fn fetch(to: &Desk, from: &Path) {
    let from = from.to_str().unwrap();
    git(&to.root(), &["fetch", "-q", "--update-head-ok", "--force", from, "main:main", "feature:feature"]);
}

fn end(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

/// What a command that says yes or no gives.
fn done(desk: &Desk, arguments: &[&str]) -> Value {
    let (code, value) = desk.json(arguments);
    assert!(code <= 1, "{arguments:?}: {value:#}");
    value
}

fn show(desk: &Desk) -> Value {
    desk.json(&["review", "show"]).1
}

#[test]
fn a_thread_is_answered_on_another_machine_and_follows_its_line_through_a_rebase() {
    let (ann, bob, _stick) = desks();
    let listed = done(&ann, &["review", "list"]);
    assert_eq!(
        (listed["candidates"][0]["name"].as_str(), listed["candidates"][0]["files"].as_u64()),
        (Some("feature"), Some(1))
    );
    let review = done(&ann, &["review", "start", "main..feature"]);
    assert_eq!((review["fileCount"].as_u64(), review["files"][0]["hunks"][0]["newLine"].as_u64()), (Some(1), Some(6)));
    assert_eq!(end(&done(&ann, &["review", "start", "main..feature"])), end(&review), "it is not begun twice");
    let thread = done(&ann, &["review", "comment", "a.rs:7", "-m", "why first?"]);
    assert_eq!((thread["place"]["text"].as_str(), thread["place"]["grade"].as_str()), (Some("a.rs:7"), Some("exact")));
    assert_eq!(thread["anchor"]["symbol"], "fn two() {");
    let log: Value = serde_json::from_str(&good(&ann.run(&["review", "show", "--sarif"]))).unwrap();
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 7, "{log:#}");
    assert_eq!((&result["message"]["text"], &log["version"]), (&json!("Ann: why first?"), &json!("2.1.0")));
    ann.sync();
    bob.sync();

    let theirs = show(&bob);
    assert_eq!((theirs["here"].as_bool(), theirs["openThreads"].as_u64()), (Some(true), Some(1)), "{theirs:#}");
    let answered = done(&bob, &["review", "reply", end(&thread), "-m", "because it is checked"]);
    assert_eq!(answered["comments"].as_array().unwrap().len(), 2);
    // What somebody else wrote is answered, and neither changed nor taken back.
    assert_eq!((&answered["comments"][0]["mine"], &answered["comments"][1]["mine"]), (&Value::Null, &json!(true)));
    for taken in [&["review", "retract", end(&thread)][..], &["review", "edit", end(&thread), "-m", "no"]] {
        let refused = bob.run(taken);
        assert_eq!(code(&refused), 1, "{}", out(&refused));
        assert!(err(&refused).contains("Ann wrote this comment"), "{}", err(&refused));
    }
    bob.sync();
    ann.sync();
    let comments: Vec<String> = show(&ann)["threads"][0]["comments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|comment| {
            format!("{}: {}", comment["author"]["name"].as_str().unwrap(), comment["body"].as_str().unwrap())
        })
        .collect();
    assert_eq!(comments, ["Ann: why first?", "Bob: because it is checked"]);

    // The branch is written anew on a main that went on, and the file has another name.
    let root = ann.root();
    git(&root, &["checkout", "-q", "main"]);
    commit(&root, "a.rs", &format!("// The licence.\n{BASE}"), "a line above");
    git(&root, &["checkout", "-q", "-B", "feature", "main"]);
    git(&root, &["mv", "a.rs", "b.rs"]);
    let text = format!("// The licence.\n{}", BASE.replace("write(path)", "write(path, first)"));
    commit(&root, "b.rs", &text, "second, renamed");
    let now = show(&ann);
    let place = &now["threads"][0]["place"];
    assert_eq!((place["text"].as_str(), place["grade"].as_str()), (Some("b.rs:8"), Some("shifted")), "{place:#}");
    // And the line is written anew.
    commit(&root, "b.rs", &text.replace("write(path, first)", "write(path, &first)"), "third");
    assert_eq!(show(&ann)["threads"][0]["place"]["grade"], "changed");
    // And it is gone, and then the file is: the thread stays.
    commit(&root, "b.rs", "fn one() {}\n", "fourth");
    assert_eq!(show(&ann)["threads"][0]["place"]["grade"], "file");
    git(&root, &["rm", "-q", "b.rs"]);
    git(&root, &["commit", "-q", "-m", "fifth"]);
    assert_eq!(show(&ann)["threads"][0]["place"]["grade"], "review");
}

#[test]
fn a_resolution_that_did_not_know_of_an_answer_and_verdicts_that_did_not_know_of_each_other_are_for_people() {
    let (ann, bob, _stick) = desks();
    done(&ann, &["review", "start", "main..feature"]);
    let thread = done(&ann, &["review", "comment", "a.rs:7", "-m", "why?"]);
    ann.sync();
    bob.sync();
    done(&ann, &["review", "resolve", end(&thread)]);
    done(&bob, &["review", "reply", end(&thread), "-m", "wait"]);
    assert_eq!(done(&ann, &["review", "verdict", "approve"])["decision"]["state"], "decided");
    assert_eq!(done(&bob, &["review", "verdict", "request-changes"])["decision"]["state"], "decided");
    ann.sync();
    bob.sync();
    ann.sync();
    for desk in [&ann, &bob] {
        let (code, review) = desk.json(&["review", "show"]);
        assert_eq!((code, review["decision"]["state"].as_str()), (1, Some("conflict")), "{review:#}");
        let thread = &review["threads"][0];
        assert_eq!(thread["resolved"], false);
        assert!(thread["disputed"].as_str().unwrap().contains("neither had seen the other"), "{thread:#}");
    }
    // One who has seen both decides, for both.
    done(&bob, &["review", "resolve", end(&thread)]);
    done(&bob, &["review", "verdict", "approve"]);
    bob.sync();
    ann.sync();
    let (code, review) = ann.json(&["review", "show"]);
    assert_eq!((code, review["decision"]["text"].as_str()), (0, Some("approved by Bob")));
    assert_eq!((review["threads"][0]["resolved"].as_bool(), review["openThreads"].as_u64()), (Some(true), Some(0)));
    let log = ann.run(&["journal", "log", "--kind", "review.decision", "--json"]);
    for line in out(&log).lines() {
        let id = serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
        let event = done(&ann, &["journal", "show", &id]);
        assert!(event.to_string().contains("\"signature\":\"valid\""), "{event:#}");
    }

    // A new revision has no verdict.
    commit(&ann.root(), "a.rs", "fn other() {}\n", "another revision");
    let review = show(&ann);
    assert_eq!(review["decision"]["state"], "none");
    assert!(review["decision"]["text"].as_str().unwrap().contains("3 verdicts on earlier ones"), "{review:#}");
    assert!(review["verdicts"].as_array().unwrap().iter().all(|verdict| verdict["current"] == false));
}

#[test]
fn what_is_hostile_is_shown_and_not_obeyed() {
    let (ann, _bob, _stick) = desks();
    let root = ann.root();
    for range in ["--output=x", "-x", "main..--output=x", "nothing", "@{-1}x"] {
        let ran = ann.run(&["review", "start", "--", range]);
        assert_eq!(code(&ran), 2, "{range}: {}{}", out(&ran), err(&ran));
    }
    assert!(!root.join("x").exists());
    // A file whose name acts, one that looks like a header, and a repository that names programs.
    let trap = root.join("trap");
    for (key, value) in
        [("diff.external", "touch trap"), ("diff.evil.textconv", "touch trap"), ("core.pager", "touch trap")]
    {
        git(&root, &["config", key, value]);
    }
    std::fs::write(root.join(".gitattributes"), "* diff=evil\n").unwrap();
    git(&root, &["add", ".gitattributes"]);
    commit(&root, "evil\u{1b}[31m\n@@ -1 +1 @@", "diff --git a/x b/x\n@@ -1,9 +1,9 @@\n", "odd");
    let shown = ann.run(&["review", "start", "feature"]);
    assert_eq!(code(&shown), 0, "{}", err(&shown));
    let body = "\u{1b}]0;own\u{7}\u{202e}<img src=x onerror=alert(1)> [run](command:workbench.action.quit) ![x](http://h/x.png)";
    let thread = done(&ann, &["review", "comment", "a.rs:7", "-m", body]);
    assert_eq!(thread["comments"][0]["body"], body, "letter for letter");
    let drawn = thread["comments"][0]["shown"].as_str().unwrap();
    assert!(
        drawn.contains("\\<img") && drawn.contains("\\![x]") && !drawn.contains(['\u{1b}', '\u{202e}', '\u{7}']),
        "{drawn}"
    );
    let text = out(&ann.run(&["review", "show"]));
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{text:?}");
    assert!(!trap.exists(), "a program of the repository was run");
    for place in ["../a.rs:1", "/etc/passwd:1", ".git/config:1"] {
        let ran = ann.run(&["review", "comment", place, "-m", "x"]);
        assert_eq!(code(&ran), 2, "{place}: {}", out(&ran));
    }
}

#[test]
fn a_suggestion_is_applied_where_its_lines_are_and_nowhere_else() {
    let (ann, _bob, _stick) = desks();
    done(&ann, &["review", "start", "main..feature"]);
    let body = "so:\n```suggestion\n    let second = save(path);\n```";
    let thread = done(&ann, &["review", "comment", "a.rs:7", "-m", body]);
    assert_eq!(
        thread["comments"][0]["suggestion"],
        json!({ "text": "    let second = save(path);\n", "applies": true })
    );
    let file = ann.root().join("a.rs");
    let before = format!("// Not saved in git.\n{}", std::fs::read_to_string(&file).unwrap());
    std::fs::write(&file, &before).unwrap();
    good(&ann.run(&["review", "apply", end(&thread)]));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before.replace("write(path, first)", "save(path)"));
    let again = ann.run(&["review", "apply", end(&thread)]);
    assert_eq!(code(&again), 1, "{}", out(&again));
    assert!(err(&again).contains("nothing was changed"), "{}", err(&again));
}

#[test]
fn an_editor_shows_threads_as_hints_with_a_hover_and_resolves_them() {
    let (ann, _bob, _stick) = desks();
    done(&ann, &["review", "start", "main..feature"]);
    let thread = done(&ann, &["review", "comment", "a.rs:7", "-m", "why first?"]);
    let mut can = capabilities("utf-16");
    can["experimental"] = json!({ "holdoverReviews": true });
    let command = ann.command(&[]);
    let env =
        command.get_envs().filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value?.to_str()?.to_owned())));
    let setup = Setup { env: env.collect(), roots: vec![ann.root()], capabilities: can, ..Setup::default() };
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    let file = uri(&ann.root().join("a.rs"));
    let text = format!("// not saved\n{}", std::fs::read_to_string(ann.root().join("a.rs")).unwrap());
    client.open(&file, &text);
    let about = |n: u64| move |value: &Value| value["reviews"]["openThreads"].as_u64() == Some(n);
    client.until(|client| client.command("holdover.status", json!({})), about(1));
    let hints = |client: &mut Client| {
        let seen = client.request(
            "textDocument/hover",
            json!({ "textDocument": { "uri": file }, "position": { "line": 7, "character": 4 } }),
        );
        seen["contents"]["value"].clone()
    };
    let hover = client.until(hints, Value::is_string);
    assert!(hover.as_str().unwrap().contains("why first?"), "{hover}");
    // Threads as diagnostics, where their lines are in the text that is not saved.
    let threads = |client: &mut Client, wanted: bool| loop {
        let mut found = client.diagnostics(&file, 1).into_iter().filter(|one| one["code"] == "review-thread");
        match found.next() {
            Some(one) if wanted => break one,
            None if !wanted => break Value::Null,
            _ => {}
        }
    };
    let shown = threads(&mut client, true);
    assert_eq!((&shown["severity"], &shown["range"]["start"]["line"]), (&json!(4), &json!(7)), "{shown:#}");
    assert!(shown["message"].as_str().unwrap().contains("why first?"), "{shown:#}");
    let actions =
        client.until(|client| json!(client.actions(&file, 7)), |value| value.to_string().contains("review.resolve"));
    let named =
        |name: &str| actions.as_array().unwrap().iter().find(|action| action["data"]["action"] == name).cloned();
    assert_eq!(named("review.reply").unwrap()["command"]["command"], "holdover.replyToThread");
    let resolve = named("review.resolve").unwrap();
    let answered = client.command("holdover.review.reply", json!({ "id": end(&thread), "body": "because" }));
    assert_eq!(answered["comments"].as_array().unwrap().len(), 2);
    let fields = resolve["command"]["arguments"][0].clone();
    assert_eq!(client.command("holdover.review.resolve", fields)["resolved"], true);
    threads(&mut client, false);
    client.until(|client| client.command("holdover.status", json!({})), about(0));
    client.notification("holdover/didChangeReviews");
    let old =
        client.command("holdover.review.text", json!({ "review": thread["review"], "side": "old", "path": "a.rs" }));
    assert_eq!(old["text"], BASE);
}
