//! The project's own linters in a terminal: what they say is what they say by themselves, without a network, remembered, and whatever
//! they do. The judges are the linters.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![cfg(target_os = "linux")]

use holdover_tests::linted::{Linted, PYTHON, RUST, ruff};
use holdover_tests::said::{code, err, out};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// File, line, column in UTF-16, end line and column, code, and the first line of the message.
type Told = (String, u64, u64, u64, u64, String, String);

/// What Holdover told of a linter.
fn told(report: &Value, sources: &[&str]) -> BTreeSet<Told> {
    let root = report["workspace"].as_str().unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let of = findings.filter(|finding| sources.contains(&finding["source"].as_str().unwrap()));
    of.map(|finding| {
        let file = Path::new(finding["file"].as_str().unwrap()).strip_prefix(root).unwrap().display().to_string();
        let number = |end: &str, name: &str| finding["range"][end][name].as_u64().unwrap();
        let text = |name: &str| finding[name].as_str().unwrap().lines().next().unwrap_or_default().to_owned();
        let (start, end) =
            ((number("start", "line"), number("start", "utf16")), (number("end", "line"), number("end", "utf16")));
        (file, start.0, start.1, end.0, end.1, text("code"), text("message"))
    })
    .collect()
}

/// A line from 1 and a column in characters from 1, as line and UTF-16 units from 0: written anew, for lines that end at LF.
fn units(text: &str, line: u64, column: u64) -> (u64, u64) {
    let of = text.split_inclusive('\n').nth(usize::try_from(line).unwrap() - 1).unwrap_or_default();
    let before = of.chars().take(usize::try_from(column).unwrap() - 1);
    (line - 1, before.map(|c| c.len_utf16() as u64).sum())
}

fn place(text: &str, start: (u64, u64), end: (u64, u64)) -> (u64, u64, u64, u64) {
    let (start, end) = (units(text, start.0, start.1), units(text, end.0, end.1));
    (start.0, start.1, end.0, end.1)
}

fn ruff_says(project: &Linted) -> BTreeSet<Told> {
    let output = project.command(&ruff()).args(["check", "--no-cache", "--output-format=json", "."]).output().unwrap();
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let told = all.iter().map(|one| {
        let at = |name: &str| (one[name]["row"].as_u64().unwrap(), one[name]["column"].as_u64().unwrap());
        let file = Path::new(one["filename"].as_str().unwrap());
        let text = std::fs::read_to_string(file).unwrap().replace('\u{feff}', "");
        let (line, column, end, last) = place(&text, at("location"), at("end_location"));
        let name = file.strip_prefix(project.root()).unwrap().display().to_string();
        let word = |name: &str| one[name].as_str().unwrap().to_owned();
        (name, line, column, end, last, word("code"), word("message"))
    });
    told.collect()
}

fn clippy_says(project: &Linted) -> BTreeSet<Told> {
    let target = project.beside("own-target");
    let mut cargo = project.command(Path::new("cargo"));
    cargo.args(["clippy", "--offline", "--all-targets", "--message-format=json"]).env("CARGO_TARGET_DIR", target);
    let output = cargo.output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let messages = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let messages = messages.filter(|line| line["reason"] == "compiler-message").map(|line| line["message"].clone());
    let of = |message: Value| {
        let span = message["spans"].as_array()?.iter().find(|span| span["is_primary"] == true)?.clone();
        let number = |name: &str| span[name].as_u64().unwrap();
        let name = span["file_name"].as_str().unwrap();
        let text = std::fs::read_to_string(project.root().join(name)).unwrap();
        let (start, end) = ((number("line_start"), number("column_start")), (number("line_end"), number("column_end")));
        let (line, column, last, end) = place(&text, start, end);
        let code = message["code"]["code"].as_str().unwrap_or_default().to_owned();
        Some((name.to_owned(), line, column, last, end, code, message["message"].as_str().unwrap().to_owned()))
    };
    messages.filter_map(of).collect()
}

#[test]
fn ruff_is_told_as_it_tells_it_with_its_places_in_utf_16() {
    let project = Linted::python();
    project.write("sub/é.py", "import os\nx = '😀'; import sys\n");
    project.write("broken.py", "def f(:\n    '😀'\n");
    project.write("bom.py", "\u{feff}import os\n");
    let (report, code) = project.check(&["ruff"]);
    let (ours, theirs) = (told(&report, &["ruff"]), ruff_says(&project));
    assert!(theirs.len() > 8 && theirs.iter().any(|one| one.2 > 15), "{theirs:#?}");
    assert_eq!(ours, theirs);
    assert_eq!((code, &report["checks"][0]["state"]), (1, &Value::from("failed")), "{report:#}");
    assert!(report["checks"][0]["version"].as_str().unwrap().starts_with("ruff "), "{report:#}");
    project.write("a.py", "x = 1\n");
    for gone in ["sub/é.py", "broken.py", "bom.py"] {
        std::fs::remove_file(project.root().join(gone)).unwrap();
    }
    let (report, code) = project.check(&["ruff"]);
    assert_eq!((code, &report["checks"][0]["state"]), (0, &Value::from("passed")), "{report:#}");
}

#[test]
fn clippy_is_told_as_it_tells_it_and_builds_in_a_folder_of_ours() {
    let project = Linted::rust();
    let (report, code) = project.check(&["clippy"]);
    let (ours, theirs) = (told(&report, &["clippy", "rustc"]), clippy_says(&project));
    assert!(theirs.iter().any(|one| one.5 == "clippy::needless_return"), "{theirs:#?}");
    assert!(theirs.iter().any(|one| one.5 == "unused_variables"), "{theirs:#?}");
    assert_eq!(ours, theirs);
    assert_eq!(code, 1);
    assert!(!project.root().join("target").exists(), "nothing is built in the workspace");
    assert!(project.beside("data/builds").is_dir());

    // What does not compile, in a folder of the workspace that is not its root.
    project.write("src/main.rs", &RUST.replace("/* 😀 */ return 1;", "/* 😀 */ \"é\""));
    let (report, _) = project.check(&["clippy"]);
    let ours = told(&report, &["clippy", "rustc"]);
    assert_eq!(ours, clippy_says(&project));
    assert!(ours.iter().any(|one| one.5 == "E0308" && one.6 == "mismatched types"), "{ours:#?}");
    let error = report["findings"].as_array().unwrap().iter().find(|one| one["code"] == "E0308").unwrap();
    assert!(error["message"].as_str().unwrap().contains("expected `u32`, found `&str`"), "{error:#}");
    // A package that is not here: not a word about the code.
    project.write(
        "Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\n\n[dependencies]\nno-such-crate-at-all = \"1\"\n",
    );
    let (report, code) = project.check(&["clippy"]);
    let failed = report["findings"].as_array().unwrap().iter().find(|one| one["code"] == "check-failed").expect("said");
    assert!(failed["message"].as_str().unwrap().contains("no-such-crate-at-all"), "{failed:#}");
    assert_eq!((code, &report["checks"][0]["state"]), (3, &Value::from("unavailable")), "{report:#}");
}

#[test]
fn nothing_of_a_workspace_that_is_not_trusted_is_run() {
    let project = Linted::python();
    assert_eq!(code(&project.holdover(&["trust", "--revoke"])), 0);
    project.write("venv/bin/ruff", "#!/bin/sh\ntouch \"$0.ran\"\n");
    let (report, named) = project.check(&["ruff"]);
    assert_eq!(report["checks"][0]["state"], "unavailable", "{report:#}");
    assert!(report["checks"][0]["detail"].as_str().unwrap().contains("not trusted"), "{report:#}");
    assert_eq!((named, project.check(&[]).1, project.check(&["--all"]).1), (3, 0, 3));
    assert!(out(&project.holdover(&["check"])).contains("`holdover trust` lets them run"));
    assert_eq!(project.started(), Vec::<String>::new(), "not even for its version");
    // Trust ends when the settings are others.
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    assert_eq!(project.check(&["ruff"]).1, 1);
    let before = project.started().len();
    project.write("holdover.toml", "[checks]\ntimeout-seconds = 9\n");
    project.write("a.py", "import os\n");
    let (report, _) = project.check(&["ruff"]);
    assert_eq!((project.started().len(), &report["checks"][0]["state"]), (before, &Value::from("unavailable")));
}

#[test]
fn what_is_not_installed_says_how_it_comes_here() {
    let mut project = Linted::python();
    project.take_away("ruff");
    let bin = project.beside("bin").display().to_string();
    project.set("PATH", &format!("{bin}:/usr/bin:/bin"));
    let (report, code) = project.check(&["ruff"]);
    let check = &report["checks"][0];
    assert_eq!((code, &check["state"]), (3, &Value::from("unavailable")));
    assert!(check["detail"].as_str().unwrap().contains("pip install ruff"), "{check:#}");
    assert_eq!(project.check(&[]).1, 0, "where nobody asked for it, it counts as nothing");
    let unknown = project.holdover(&["check", "rufff"]);
    assert!(err(&unknown).contains("checks are called lints, "), "{}", err(&unknown));
}

#[test]
fn what_has_not_changed_is_not_run_again() {
    let project = Linted::python();
    let (first, _) = project.check(&["ruff"]);
    let ran = project.started().len();
    assert!(ran > 0);
    let (second, code) = project.check(&["ruff"]);
    assert_eq!((project.started().len(), code), (ran, 1));
    assert_eq!((&first["checks"][0]["remembered"], &second["checks"][0]["remembered"]), (&false.into(), &true.into()));
    assert_eq!(told(&first, &["ruff"]), told(&second, &["ruff"]));
    let message = second["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("\nremembered: found "), "its age is told: {message}");
    // A file, the configuration, the program: each of them counts.
    for change in [0, 1, 2] {
        match change {
            0 => project.write("b.py", "import os\n"),
            1 => project.write("ruff.toml", "lint.select = ['F']\n"),
            _ => project.stand_in("ruff", &format!("# another one\nexec '{}' \"$@\"", ruff().display())),
        }
        let before = project.started().len();
        assert_eq!(project.check(&["ruff"]).1, 1);
        assert!(project.started().len() > before, "change {change}");
        let now = project.started().len();
        assert_eq!((project.check(&["ruff"]).1, project.started().len()), (1, now), "change {change}");
    }
    // What nothing depends on does not count.
    let before = project.started().len();
    project.write("notes.txt", "x");
    assert_eq!((project.check(&["ruff"]).1, project.started().len()), (1, before));
}

#[test]
fn whoever_reaches_for_the_network_does_not_get_there_and_is_named() {
    let project = Linted::python();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let own = listener.local_addr().unwrap().port();
    let script = format!(
        "(exec 3<>/dev/tcp/127.0.0.1/{own}) 2>/dev/null && echo 'reached here' >&2\n(exec 3<>/dev/tcp/192.0.2.1/80) 2>/dev/null && echo 'reached there' >&2\nexec '{}' \"$@\"",
        ruff().display()
    );
    project.stand_in("ruff", &script);
    let (report, code) = project.check(&["ruff"]);
    let findings = report["findings"].as_array().unwrap();
    let named = findings.iter().find(|one| one["code"] == "network-in-check").unwrap_or_else(|| panic!("{report:#}"));
    let message = named["message"].as_str().unwrap();
    assert!(message.contains("bash reached for 192.0.2.1:80 while Ruff ran"), "{message}");
    assert_eq!(named["file"].as_str().unwrap(), project.root().join("ruff.toml").display().to_string());
    assert!(listener.accept().is_err(), "this machine's own services are not reached either");
    assert_eq!(told(&report, &["ruff"]), ruff_says(&project), "what it found counts all the same");
    assert_eq!(code, 1);
}

#[test]
fn ruff_writes_nothing_into_the_workspace() {
    let project = Linted::python();
    project.stand_in(
        "ruff",
        &format!("touch written 2>/dev/null && echo '[]' && exit 0\nexec '{}' \"$@\"", ruff().display()),
    );
    let (report, _) = project.check(&["ruff"]);
    assert!(!project.root().join("written").exists(), "{report:#}");
    assert_eq!(told(&report, &["ruff"]), ruff_says(&project));
}

/// What a linter that behaves badly leaves: the reason that is told, and no process.
fn fails(project: &Linted, script: &str, reason: &str) {
    project.stand_in("ruff", &format!("[ \"$1\" = --version ] && exit 0\n{script}"));
    let (report, code) = project.check(&["ruff"]);
    let findings = report["findings"].as_array().unwrap();
    let failed =
        findings.iter().find(|one| one["code"] == "check-failed").unwrap_or_else(|| panic!("{script}: {report:#}"));
    assert!(failed["message"].as_str().unwrap().contains(reason), "{script}: {failed:#}");
    assert_eq!((code, &report["checks"][0]["state"]), (3, &Value::from("unavailable")), "{script}");
}

/// Whether a process with this word among its arguments runs.
fn runs(word: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.into_iter().any(|process| {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|argument| argument == word.as_bytes())
    })
}

#[test]
fn a_linter_that_says_a_gigabyte_is_stopped_and_not_read() {
    let project = Linted::python();
    fails(&project, "head -c 1G /dev/zero", "it said more than 64 MiB and was stopped");
    fails(&project, "head -c 1G /dev/zero >&2", "it said more than 64 MiB and was stopped");
}

#[test]
fn a_linter_that_never_ends_goes_with_everything_that_it_started() {
    let mut project = Linted::python();
    project.set("HOLDOVER_CHECKS_TIMEOUT_SECONDS", "1");
    let word = format!("{}", 100_000 + std::process::id());
    let script = format!(
        "trap '' TERM INT HUP\nsleep {word} &\nsetsid sleep {word} &\n(sleep {word} & sleep {word}) &\nwhile :; do sleep 0.1; done"
    );
    fails(&project, &script, "it ran longer than 1 s and was stopped");
    assert!(!runs(&word), "something is left");
}

#[test]
fn what_a_linter_says_is_believed_only_as_far_as_it_is_understood() {
    let project = Linted::python();
    fails(&project, "echo nonsense; exit 0", "what it said is not understood");
    fails(&project, "printf '\\xff\\xfe[{'; exit 1", "it ended with exit code 1 and named nothing");
    fails(&project, "echo 'no such rule: X' >&2; exit 2", "exit code 2");
    fails(&project, "kill -9 $$", "signal 9");
    let place = |row: &str, file: &str| {
        format!(
            "{{\"code\":\"X1\",\"message\":\"m \\xff\",\"filename\":\"{file}\",\"location\":{{\"row\":{row},\"column\":{row}}},\"end_location\":{{\"row\":1,\"column\":1}}}}"
        )
    };
    let all = [
        place("4000000000", "a.py"),
        place("0", "a.py"),
        place("1", "/etc/passwd"),
        place("1", "../../x"),
        place("1", "gone.py"),
    ];
    project.stand_in("ruff", &format!("[ \"$1\" = --version ] && exit 0\nprintf '[{}]'; exit 1", all.join(",")));
    let (report, code) = project.check(&["ruff"]);
    let lines = u64::try_from(PYTHON.lines().count()).unwrap();
    let found: Vec<u64> = told(&report, &["ruff"]).into_iter().map(|one| one.1).collect();
    assert_eq!(
        (found, code),
        (vec![0, lines], 1),
        "outside of the file is moved inside, outside of the workspace is not told: {report:#}"
    );
}

#[test]
fn a_second_process_takes_over_what_the_first_one_finds() {
    let project = Linted::python();
    let script = format!("[ \"$1\" = --version ] || sleep 1\nexec '{}' \"$@\"", ruff().display());
    project.stand_in("ruff", &script);
    let start = || -> std::process::Child {
        let mut command: Command = project.command(holdover_tests::binary::holdover());
        command
            .args(["check", "ruff", "--json"])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        command.spawn().unwrap()
    };
    let both = [start(), start()].map(|child| child.wait_with_output().unwrap());
    let codes: Vec<i32> = both.iter().map(code).collect();
    // One of them runs it; the other is told who does, or comes late enough to find what was found.
    assert!(codes.contains(&1), "{codes:?}");
    let runs = project.started().iter().filter(|line| line.contains(" check ")).count();
    assert_eq!(runs, 1, "{:?}", project.started());
    for output in both.iter().filter(|output| code(output) != 1) {
        assert!(err(output).contains("another Holdover process is at it already"), "{}{}", out(output), err(output));
    }
}
