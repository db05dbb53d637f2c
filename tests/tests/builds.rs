//! What builds and tests a project, run without a network: its errors on lines, its log, what has changed since it passed, what stands in
//! the record, and what it may do. The judges are cargo, git, and programs that behave as badly as a test wants.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![cfg(target_os = "linux")]

use holdover_tests::linted::{Linted, RUST};
use holdover_tests::said::{code, err, out};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const STEPS: &str = "[[checks.steps]]\nname = \"build\"\ncommand = [\"mk\", \"all\"]\n";

/// A project whose steps are run by `mk`, which leaves a mark and does what `script` says.
fn project(settings: &str, script: &str) -> Linted {
    let project = Linted::new();
    project.write("src/a.c", "int é = 1;\n");
    project.stand_in("mk", script);
    project.write("holdover.toml", settings);
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    project
}

fn check<'r>(report: &'r Value, name: &str) -> &'r Value {
    let mut all = report["checks"].as_array().unwrap().iter();
    all.find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {report:#}"))
}

fn git(root: &Path, arguments: &[&str]) -> String {
    let set = ["-c", "user.name=a", "-c", "user.email=a@b.c"];
    let out = Command::new("git").args(set).args(arguments).current_dir(root).output().unwrap();
    assert!(out.status.success(), "{out:?}");
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

fn names(of: &Value) -> Vec<&str> {
    of.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn what_cargo_says_of_a_build_stands_on_its_lines_and_the_log_is_summarised() {
    let project = Linted::rust();
    project.write("holdover.toml", "[checks]\nbuild = [\"cargo\", \"build\"]\ndisable = [\"clippy\", \"check\"]\n");
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    let (report, ended) = project.check(&["build"]);
    assert_eq!(
        (ended, &check(&report, "build")["state"]),
        (1, &json!("passed")),
        "a warning is to be mended: {report:#}"
    );
    let warned = |report: &Value| {
        let all = report["findings"].as_array().unwrap().iter();
        all.filter(|one| one["source"] == "build")
            .map(|one| (one["range"]["start"]["line"].clone(), one["severity"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(warned(&report), [(json!(1), json!("warning"))], "{report:#}");
    assert!(!project.root().join("target").exists(), "nothing is built in the workspace");

    project.write("src/main.rs", &RUST.replace("/* 😀 */ return 1;", "/* 😀 */ \"é\""));
    let (report, ended) = project.check(&["build"]);
    let build = check(&report, "build");
    assert_eq!((ended, &build["state"], &build["build"]["exit"]), (1, &json!("failed"), &json!(101)), "{report:#}");
    let error = report["findings"].as_array().unwrap().iter().find(|one| one["code"] == "E0308").unwrap();
    let start = &error["range"]["start"];
    // Behind a pair, which is two units.
    assert_eq!(
        (&error["source"], &start["line"], &start["utf16"]),
        (&json!("build"), &json!(7), &json!(13)),
        "{error:#}"
    );
    let says = &build["build"]["says"];
    assert_eq!(
        (&says["domain"], &says["firstError"]["text"]),
        (&json!("compile"), &json!("error[E0308]: mismatched types"))
    );
    let failed = report["findings"].as_array().unwrap().iter().find(|one| one["code"] == "build-failed").unwrap();
    let message = failed["message"].as_str().unwrap();
    assert!(
        message.contains("the step build failed with exit code 101")
            && message.contains("changed: ")
            && message.contains("src/main.rs"),
        "{message}"
    );
    let log = std::fs::read_to_string(build["build"]["log"].as_str().unwrap()).unwrap();
    assert!(log.contains("--> src/main.rs:8:13"), "{log}");

    // The same in cargo's own words for programs.
    project.write("holdover.toml", "[[checks.steps]]\nname = \"build\"\ncommand = [\"cargo\", \"build\", \"--message-format=json\"]\nformat = \"cargo-json\"\n[checks]\ndisable = [\"clippy\", \"check\"]\n");
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    let (report, _) = project.check(&["build"]);
    let error = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["code"] == "E0308")
        .unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!((&error["range"]["start"]["line"], &error["range"]["start"]["utf16"]), (&json!(7), &json!(13)));
    let log = std::fs::read_to_string(check(&report, "build")["build"]["log"].as_str().unwrap()).unwrap();
    assert!(log.contains("error[E0308]: mismatched types") && !log.contains("\"reason\""), "people read it: {log}");
}

#[test]
fn what_changed_since_the_last_run_that_passed_is_named_with_the_commits() {
    let project = project(STEPS, "! grep -q broken src/* && echo fine");
    let root = project.root();
    git(&root, &["init", "-q"]);
    git(&root, &["add", "."]);
    git(&root, &["commit", "-qm", "one"]);
    let first = git(&root, &["rev-parse", "HEAD"]);
    let (report, ended) = project.check(&["build"]);
    assert_eq!((ended, &check(&report, "build")["build"]["commit"]), (0, &json!(first)), "{report:#}");
    project.write("src/a.c", "broken\n");
    project.write("src/new.c", "x\n");
    git(&root, &["add", "."]);
    git(&root, &["commit", "-qm", "two"]);
    std::fs::write(root.join("notes.txt"), "x").unwrap();
    let second = git(&root, &["rev-parse", "HEAD"]);
    let (report, ended) = project.check(&["build"]);
    let since = &check(&report, "build")["build"]["since"];
    assert_eq!(ended, 1, "{report:#}");
    assert_eq!(
        (names(&since["changed"]), names(&since["added"]), names(&since["removed"])),
        (vec!["src/a.c"], vec!["notes.txt", "src/new.c"], vec![])
    );
    assert_eq!(
        (&since["commit"], &since["commits"]),
        (&json!(first), &json!(format!("{}..{}", &first[..10], &second[..10])))
    );
    assert_eq!(names(&since["beside"]), Vec::<&str>::new());
    // It is still the run that passed that counts, and not the last one; the command and a program are told apart from files.
    std::fs::remove_file(root.join("src/new.c")).unwrap();
    project.write("holdover.toml", &STEPS.replace("\"all\"", "\"again\""));
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    let (report, _) = project.check(&["build"]);
    let since = &check(&report, "build")["build"]["since"];
    assert_eq!(
        (names(&since["changed"]), names(&since["added"])),
        (vec!["holdover.toml", "src/a.c"], vec!["notes.txt"])
    );
    assert_eq!(names(&since["beside"]), ["the command"], "{since:#}");
    // Where nothing of it is remembered, the journal still knows that it passed, and when.
    let shown = out(&project.holdover(&["journal", "log", "--json"]));
    assert!(shown.lines().any(|line| line.contains("check.observed") && line.contains(&first)), "{shown}");
}

#[test]
fn a_step_is_run_where_somebody_asks_for_it_and_its_inputs_have_changed() {
    let steps = "[[checks.steps]]\nname = \"build\"\ncommand = [\"mk\", \"all\"]\ninputs = [\"src/**\"]\n[[checks.steps]]\nname = \"docs\"\ncommand = [\"mk\", \"docs\"]\ninputs = [\"*.md\"]\nneeds = [\"build\"]\n[[checks.steps]]\nname = \"other\"\ncommand = [\"mk\", \"other\"]\ninputs = [\"x.txt\"]\n";
    let project = project(steps, "echo done");
    assert_eq!(project.check(&[]).1, 0);
    assert_eq!(project.started(), Vec::<String>::new(), "nobody asked");
    let (report, ended) = project.check(&["docs"]);
    assert_eq!((ended, project.started()), (0, vec!["mk all".into(), "mk docs".into()]), "{report:#}");
    assert_eq!(check(&report, "build")["isStep"], json!(true));
    assert_eq!((project.check(&["--all"]).1, project.started().len()), (0, 3));
    project.write("notes.md", "x");
    let (report, _) = project.check(&["--all"]);
    assert_eq!(project.started()[3..], ["mk docs"], "only what depends on it: {report:#}");
    assert_eq!(
        (&check(&report, "build")["remembered"], &check(&report, "docs")["remembered"]),
        (&json!(true), &json!(false))
    );
    project.write("src/a.c", "int f;\n");
    let _ = project.check(&["--all"]);
    assert_eq!(project.started()[4..], ["mk all", "mk docs"], "and what needs that");
    let _ = project.check(&["other", "--again"]);
    assert_eq!(project.started()[6..], ["mk other"]);
    // What it reads is told as stale until it has run again.
    project.write("x.txt", "y");
    let (report, ended) = project.check(&[]);
    assert_eq!(
        (&check(&report, "other")["state"], ended, project.started().len()),
        (&json!("stale"), 0, 7),
        "{report:#}"
    );
}

#[test]
fn behind_a_step_that_failed_nothing_is_run() {
    let steps = "[[checks.steps]]\nname = \"one\"\ncommand = [\"mk\", \"1\"]\n[[checks.steps]]\nname = \"two\"\ncommand = [\"mk\", \"2\"]\n";
    let project = project(steps, "echo 'src/a.c:1:5: error: no [x]' >&2; exit 3");
    let (report, ended) = project.check(&["--all"]);
    assert_eq!((ended, project.started()), (1, vec!["mk 1".into()]), "{report:#}");
    let two = check(&report, "two");
    assert_eq!(
        (&two["state"], two["detail"].as_str().unwrap().lines().next()),
        (&json!("unavailable"), Some("not run: one failed before it"))
    );
    let placed = report["findings"].as_array().unwrap().iter().find(|one| one["source"] == "one").unwrap();
    assert_eq!((&placed["message"], &placed["code"]), (&json!("no"), &json!("x")), "the other stream counts too");
    let junit = out(&project.holdover(&["check", "--all", "--junit"]));
    assert!(
        junit.contains("<testsuite name=\"one\" tests=\"2\" failures=\"2\"")
            && junit.contains("not run: one failed before it"),
        "{junit}"
    );
    // What it says is for people too, as it runs and behind it.
    let said = project.holdover(&["check", "one", "--again"]);
    assert!(err(&said).contains("one: src/a.c:1:5: error: no [x]"), "{}", err(&said));
    assert!(out(&said).contains("one: failed with exit code 3 after "), "{}", out(&said));
}

#[test]
fn nothing_is_run_without_trust_or_after_the_settings_changed() {
    let project = project(STEPS, "echo done");
    assert_eq!(code(&project.holdover(&["trust", "--revoke"])), 0);
    let (report, ended) = project.check(&["--all"]);
    assert_eq!((ended, project.started()), (3, Vec::<String>::new()), "{report:#}");
    assert!(
        err(&project.holdover(&["check", "build"])).contains("no file and no check has this name"),
        "its name is of its settings, too"
    );
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    assert_eq!(project.check(&["build"]).1, 0);
    project.write("holdover.toml", &STEPS.replace("all", "evil"));
    assert!(code(&project.holdover(&["check", "build"])) != 0);
    assert_eq!(project.started(), ["mk all"]);
}

#[test]
fn a_name_that_a_folder_has_too_is_the_steps() {
    let project = project("[checks]\ntest = [\"mk\", \"test\"]\n", "echo done");
    project.write("test/a.md", "x");
    let (report, ended) = project.check(&["test"]);
    assert_eq!((ended, project.started()), (0, vec!["mk test".into()]), "{report:#}");
    let _ = project.check(&["./test"]);
    assert_eq!(project.started().len(), 1);
    for broken in [
        "[[checks.steps]]\nname = \"clippy\"\ncommand = [\"mk\"]\n",
        "[[checks.steps]]\nname = \"a\"\ncommand = [\"mk\"]\nneeds = [\"b\"]\n",
    ] {
        project.write("holdover.toml", broken);
        assert_eq!(code(&project.holdover(&["trust"])), 0);
        let (report, ended) = project.check(&["--all"]);
        assert_eq!((ended, project.started().len()), (3, 1), "{report:#}");
    }
}

#[test]
fn a_step_that_never_ends_goes_with_everything_that_it_started() {
    let word = format!("{}", 200_000 + std::process::id());
    let settings = "[[checks.steps]]\nname = \"build\"\ncommand = [\"mk\"]\ntimeout-seconds = 1\n";
    let script = format!(
        "trap '' TERM INT HUP\nsleep {word} &\nsetsid sleep {word} &\n(sleep {word} & sleep {word}) &\nwhile :; do sleep 0.1; done"
    );
    let project = project(settings, &script);
    let (report, ended) = project.check(&["build"]);
    let build = check(&report, "build");
    assert_eq!((ended, &build["build"]["ended"]), (1, &json!("ran longer than 1 s and was stopped")), "{report:#}");
    let runs = std::fs::read_dir("/proc").unwrap().flatten().any(|process| {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|argument| argument == word.as_bytes())
    });
    assert!(!runs, "something is left");
}

#[test]
fn what_is_said_without_an_end_or_is_no_text_is_bounded_and_read() {
    let project = project(
        STEPS,
        "head -c 200M /dev/zero | tr '\\0' '\\n' ; yes 'a line of a log' | head -n 300000; printf '\\xff\\xfe\\n'; echo 'src/a.c:4000000000:9: error: late' ; exit 1",
    );
    let (report, ended) = project.check(&["build"]);
    let build = check(&report, "build");
    assert_eq!(ended, 1);
    assert_eq!(build["build"]["says"]["lines"], json!(300_002), "empty lines are none");
    let late = report["findings"].as_array().unwrap().iter().find(|one| one["message"] == "late").unwrap();
    assert_eq!(late["range"]["start"]["line"], json!(1), "outside of the file is moved inside");
    let log = std::fs::metadata(build["build"]["log"].as_str().unwrap()).unwrap();
    assert!(log.len() < 65 << 20, "{}", log.len());
}

#[test]
fn whoever_reaches_for_the_network_does_not_get_there_and_is_named() {
    let project = project(STEPS, "(exec 3<>/dev/tcp/192.0.2.1/80) 2>/dev/null && echo 'reached it'; exit 0");
    let (report, ended) = project.check(&["build"]);
    let named = report["findings"].as_array().unwrap().iter().find(|one| one["code"] == "network-in-check").unwrap();
    assert!(named["message"].as_str().unwrap().contains("bash reached for 192.0.2.1:80 while build ran"), "{named:#}");
    assert_eq!((ended, &check(&report, "build")["build"]["exit"]), (1, &json!(0)));
    let log = std::fs::read_to_string(check(&report, "build")["build"]["log"].as_str().unwrap()).unwrap();
    assert!(log.contains("[reached for 192.0.2.1, without a network]") && !log.contains("reached it"), "{log}");
}

#[test]
fn folders_of_builds_that_nobody_has_used_go_and_one_that_somebody_works_in_stays() {
    let project = project(STEPS, "echo done");
    let made = |name: &str, days: u64| {
        let folder = project.beside("data/builds").join(name);
        std::fs::create_dir_all(folder.join("debug")).unwrap();
        std::fs::write(folder.join("debug/x"), "x").unwrap();
        std::fs::write(folder.join("used"), format!("/w/{name}")).unwrap();
        let at = std::time::SystemTime::now() - std::time::Duration::from_hours(24 * days);
        std::fs::File::options().write(true).open(folder.join("used")).unwrap().set_modified(at).unwrap();
        folder
    };
    let (old, held, new) = (made("old", 31), made("held", 31), made("new", 29));
    let journal = journal::Journal::open(&project.beside("data")).unwrap();
    let lease = journal.lease("check:/w/held").unwrap();
    assert_eq!(project.check(&[]).1, 0);
    assert!(old.is_dir(), "where nothing is run nobody tidies up");
    assert_eq!(project.check(&["build"]).1, 0);
    assert_eq!((old.exists(), held.is_dir(), new.is_dir()), (false, true, true));
    let own = std::fs::read_dir(project.beside("data/builds")).unwrap().flatten();
    let own = own.filter(|one| {
        std::fs::read_to_string(one.path().join("used")).is_ok_and(|root| Path::new(&root) == project.root())
    });
    assert_eq!(own.count(), 1, "its own says whose it is");
    drop(lease);
    assert_eq!(project.check(&["build", "--again"]).1, 0);
    assert!(held.is_dir(), "once a day");
    std::fs::remove_file(project.beside("data/builds/.swept")).unwrap();
    assert_eq!(project.check(&["build", "--again"]).1, 0);
    assert_eq!((held.exists(), new.is_dir()), (false, true));
}
