//! `holdover explain` about what is not lines of a file alone: a merge conflict, a thread of a review, a command, a log, a step, a change.
//! Nothing that is explained is run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::chat::{Chat, Script};
use holdover_tests::desk::Desk;
use holdover_tests::said::{code, err, good, out};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn git(folder: &Path, arguments: &[&str]) -> bool {
    let set = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "merge.conflictStyle=merge"];
    let mut command = Command::new("git");
    command.args(set).args(arguments).current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.output().unwrap().status.success()
}

fn write(desk: &Desk, name: &str, text: &str) {
    let path = desk.root().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn commit(desk: &Desk, name: &str, text: &str, message: &str) {
    write(desk, name, text);
    assert!(git(&desk.root(), &["add", "-A"]) && git(&desk.root(), &["commit", "-q", "-m", message]));
}

const BASE: &str = "fn limit() -> u32 {\n    16\n}\n\nfn name() -> &'static str {\n    \"a\"\n}\n";

/// A repository with the branches `main` and `feature`, which both changed one line.
fn desk() -> Desk {
    let desk = Desk::new("Ann");
    assert!(git(&desk.root(), &["init", "-q", "-b", "main"]));
    commit(&desk, "a.rs", BASE, "first");
    assert!(git(&desk.root(), &["checkout", "-q", "-b", "feature"]));
    commit(&desk, "a.rs", &BASE.replace("16", "32"), "Twice as much");
    commit(&desk, "b.sh", "#!/bin/sh\nset -eu\nrm -rf \"$1\"\n", "Takes things away");
    assert!(git(&desk.root(), &["checkout", "-q", "main"]));
    commit(&desk, "a.rs", &BASE.replace("16", "64"), "Four times as much");
    desk
}

fn explain(desk: &Desk, arguments: &[&str]) -> Value {
    desk.json(&[&["explain"], arguments].concat()).1
}

/// The facts of one kind: titles, with what stands below them.
fn facts(explanation: &Value, kind: &str) -> Vec<String> {
    let all = explanation["facts"].as_array().unwrap_or_else(|| panic!("{explanation:#}")).iter();
    let told = |fact: &Value| {
        let body = fact["body"].as_str().map(|body| format!(" | {}", body.trim_end())).unwrap_or_default();
        format!("{}{body}", fact["title"].as_str().unwrap())
    };
    all.filter(|fact| fact["kind"] == kind).map(told).collect()
}

#[test]
fn a_conflict_comes_with_what_each_side_did_and_what_each_way_out_would_leave_out() {
    let desk = desk();
    assert!(!git(&desk.root(), &["merge", "-q", "feature"]));
    let explanation = explain(&desk, &["a.rs:4"]);
    let told = facts(&explanation, "conflict");
    assert_eq!(told[0], "lines 2 to 6 are a conflict between `main` and `feature`", "{told:#?}");
    assert!(told[1].starts_with("`main` (commit ") && told[1].contains("by Ann on "), "{told:#?}");
    // The markers hold no ancestor; git's index does.
    let did = "puts 1 line in place of 1 of the common ancestor | -    16\n+    64";
    assert!(told[1].contains(": Four times as much") && told[1].ends_with(did), "{told:#?}");
    assert!(told[2].contains(": Takes things away") && told[2].ends_with("| -    16\n+    32"), "{told:#?}");
    let way = |says: &str| told.iter().find(|one| one.contains(says)).unwrap_or_else(|| panic!("{says}: {told:#?}"));
    assert!(way("Accept current").ends_with("would leave out 1 line of `feature` | -    32"), "{told:#?}");
    assert!(way("Accept incoming").ends_with("would leave out 1 line of `main` | -    64"), "{told:#?}");
    assert!(way("Accept both changes, current").ends_with("would leave out no line of either side"), "{told:#?}");
    // Lines without a conflict have none.
    assert_eq!(facts(&explain(&desk, &["a.rs:10"]), "conflict"), [""; 0]);
    // It only looked.
    assert!(std::fs::read_to_string(desk.root().join("a.rs")).unwrap().contains("<<<<<<<"));
    // A conflict that nobody can trace: what each side did is not made up.
    write(&desk, "c.txt", "<<<<<<< x\none\n=======\ntwo\n>>>>>>> y\n");
    let told = facts(&explain(&desk, &["c.txt"]), "conflict");
    assert!(told[1].contains("no common ancestor is known, so not what it changed | one"), "{told:#?}");
}

#[test]
fn a_command_is_taken_apart_and_classed_by_its_worst_part_and_not_run() {
    let desk = desk();
    let mark = desk.root().join("a.rs");
    let command = format!("git log --oneline | head -3 && rm -rf {} > /dev/null; curl -k $(cat url)", mark.display());
    let explanation = explain(&desk, &["--command", &command]);
    assert_eq!((explanation["subject"].as_str(), explanation["state"].as_str()), (Some("command"), Some("facts")));
    let told = facts(&explanation, "command");
    let begins = [
        "all of it is DESTRUCTIVE: `rm` ",
        "1. `git log --oneline` only reads | git log: shows commits",
        "2. with what that says, `head -3` only reads | ",
        "3. if that went well, `rm -rf ",
        "4. then `curl -k $(cat url)` reaches for a network | ",
        "5. for words of another one, `cat url` only reads | ",
    ];
    assert_eq!(told.len(), begins.len(), "{told:#?}");
    assert!(told.iter().zip(begins).all(|(one, begin)| one.starts_with(begin)), "{told:#?}");
    assert!(told[3].contains("-r: whole folders, with all that is in them\n-f: without asking"), "{told:#?}");
    assert!(told[4].contains("believes any certificate") && told[4].contains("only the shell knows"), "{told:#?}");
    assert!(mark.exists(), "it was run");
    for (command, begin) in [
        ("bash -c 'ls; rm x'", "all of it is DESTRUCTIVE"),
        ("ls -la | wc -l", "all of it only reads"),
        ("echo a >> notes", "all of it changes files"),
        ("./configure", "all of it may do anything"),
        ("curl https://a.example | sh", "all of it is DESTRUCTIVE: it runs what it gets from a network"),
        ("echo $(rm x)", "all of it is DESTRUCTIVE"),
        ("f() { rm x; }; f", "all of it is DESTRUCTIVE"),
    ] {
        let told = facts(&explain(&desk, &["--command", command]), "command");
        assert!(told[0].starts_with(begin), "{command}: {told:#?}");
    }
    let broken = facts(&explain(&desk, &["--command", "echo 'unclosed"]), "command");
    assert!(broken.last().unwrap().contains("it is not whole"), "{broken:#?}");
    // Lines of a script are told the same way.
    assert!(git(&desk.root(), &["checkout", "-q", "feature"]));
    let script = explain(&desk, &["b.sh:3"]);
    let told = facts(&script, "command");
    assert!(told[1].starts_with("1. `rm -rf \"$1\"` is DESTRUCTIVE"), "{script:#}");
    assert_eq!(script["facts"][1]["line"], 2, "{script:#}");
    assert_eq!(facts(&explain(&desk, &["a.rs:1"]), "command"), [""; 0]);
}

#[test]
fn a_log_is_told_by_its_first_error_and_a_model_is_shown_the_lines_around_it_with_their_numbers() {
    let chat = Chat::start(Script::Says(vec!["It lacks a type.".to_owned()]));
    let desk = desk();
    let mut log = (0..1500).map(|n| format!("step {n} is fine")).collect::<Vec<_>>().join("\n");
    log += "\n";
    log +=
        "error[E0308]: mismatched types\n --> src/lib.rs:3:5\nexport TOKEN=ghp_0123456789abcdefghijABCDEFGHIJ012345\n";
    write(&desk, "build.log", &log);
    let explanation = explain(&desk, &["--log", "build.log"]);
    let told = facts(&explanation, "log");
    assert_eq!(told[0], "the first error is line 1501 | error[E0308]: mismatched types", "{told:#?}");
    assert!(told[1].starts_with("it is probably about compile: "), "{told:#?}");
    assert!(told[2].starts_with("the last 1000 of 1503 lines were read: 1 error"), "{told:#?}");
    assert!(told.iter().any(|one| one.contains("alike, lines 504 to 1500 | step <*> is fine")), "{told:#?}");
    assert_eq!(explanation["range"]["start"]["line"], 1490, "{explanation:#}");
    // Standard input, and what is no log.
    let mut command = desk.command(&["explain", "--facts", "--log", "-"]);
    let piped = command.stdin(std::fs::File::open(desk.root().join("build.log")).unwrap()).output().unwrap();
    assert!(out(&piped).starts_with("# standard input, its end\n"), "{}{}", out(&piped), err(&piped));
    let none = desk.run(&["explain", "--log", "nothing.log"]);
    assert!(code(&none) == 2 && err(&none).contains("nothing.log cannot be read"), "{}", err(&none));
    // What a model is shown has the numbers of the log, and no secret.
    let mut command = desk.command(&["explain", "--json", "--log", "build.log"]);
    command.env("HOLDOVER_EXPLAIN_ENDPOINT", &chat.address).env("HOLDOVER_EXPLAIN_ENDPOINT_MODEL", "scripted");
    let answered: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    assert_eq!(answered["answer"]["text"], "It lacks a type.", "{answered:#}");
    let heard = chat.heard();
    assert!(heard.contains("1501| error[E0308]") && heard.contains("1491| step 1490 is fine"), "{heard}");
    assert!(!heard.contains("1490| ") && !heard.contains("ghp_0123"), "{heard}");
    assert!(heard.ends_with("Explain why this failed, as far as the log says."), "{heard}");
}

#[test]
fn a_change_is_told_by_its_files_the_items_in_them_what_was_found_there_and_its_commits() {
    let desk = desk();
    let explanation = explain(&desk, &["--change", "main..feature"]);
    let told = facts(&explanation, "change");
    assert_eq!(told[0], "2 files: 4 lines came, 1 line went", "{told:#?}");
    assert_eq!(told[1], "`a.rs` is changed: +1 -1; in `limit` | fn limit() -> u32", "{told:#?}");
    assert_eq!(told[2], "`b.sh` is new: +3 -0", "{told:#?}");
    let history = facts(&explanation, "history");
    assert_eq!(history.len(), 2, "{history:#?}");
    assert!(
        history[0].starts_with("3 lines by Ann on ") && history[0].ends_with(": Takes things away"),
        "{history:#?}"
    );
    // What a built-in lint says of a line that came is told, of one that was there it is not.
    let old = "FROM debian:12\nADD https://example.com/old.tar.gz /old\n";
    commit(&desk, "Dockerfile", old, "An image");
    commit(&desk, "Dockerfile", &format!("{old}ADD https://example.com/new.tar.gz /new\n"), "More");
    let found = facts(&explain(&desk, &["--change", "HEAD"]), "finding");
    assert!(found.iter().any(|one| one.starts_with("`Dockerfile:3`: ")), "{found:#?}");
    assert!(!found.iter().any(|one| one.starts_with("`Dockerfile:2`")), "{found:#?}");
    // Without a value, the branch that is here.
    assert!(git(&desk.root(), &["checkout", "-q", "feature"]));
    let here = explain(&desk, &["--change"]);
    assert_eq!((here["file"].as_str(), facts(&here, "change").len()), (Some("feature"), 3), "{here:#}");
    let none = desk.run(&["explain", "--change", "nowhere"]);
    assert!(code(&none) == 2 && err(&none).contains("git knows no such change here: nowhere"), "{}", err(&none));
    let option = desk.run(&["explain", "--change=--output=x"]);
    assert!(code(&option) == 2 && !desk.root().join("x").exists(), "{}", err(&option));
}

#[test]
fn a_thread_is_told_with_its_lines_and_lines_with_the_threads_on_them() {
    let desk = desk();
    assert!(git(&desk.root(), &["checkout", "-q", "feature"]));
    good(&desk.run(&["review", "start", "main..feature"]));
    let (_, thread) = desk.json(&["review", "comment", "a.rs:2", "-m", "Why 32? See\n```suggestion\n    33\n```"]);
    let id = thread["id"].as_str().unwrap_or_else(|| panic!("{thread:#}")).to_owned();
    good(&desk.run(&["review", "reply", &id, "-m", "It was too little."]));
    let explanation = explain(&desk, &["--thread", &id[id.len() - 6..]]);
    assert_eq!((explanation["file"].as_str(), explanation["range"]["start"]["line"].as_u64()), (Some("a.rs"), Some(1)));
    let told = facts(&explanation, "comment");
    assert_eq!(told[0], "a thread of a review, open, on a.rs:2: 2 comments", "{told:#?}");
    assert!(told[1].starts_with("Ann said on ") && told[1].contains("| Why 32?"), "{told:#?}");
    assert_eq!(told[2], "Ann suggests in their place |     33", "{told:#?}");
    assert!(told[3].ends_with("| It was too little."), "{told:#?}");
    assert!(facts(&explanation, "enclosing")[0].contains("`limit`"), "{explanation:#}");
    assert_eq!(facts(&explain(&desk, &["a.rs:2"]), "comment"), told);
    assert_eq!(facts(&explain(&desk, &["a.rs:5"]), "comment"), [""; 0]);
    let none = desk.run(&["explain", "--thread", "ZZZZZZ"]);
    assert!(code(&none) == 2 && err(&none).contains("hint: "), "{}", err(&none));
}
