//! Commands that a project adds as checks, and what comes from elsewhere and goes elsewhere: SARIF that is taken up, JUnit that is written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![cfg(target_os = "linux")]

use holdover_tests::client::uri;
use holdover_tests::linted::Linted;
use holdover_tests::said::{code, err};
use serde_json::{Value, json};

const TEXT: &str = "one é😀 TODO\r\n\ttwo TODO: 'x'\n";

/// A linter of nobody: it tells every TODO, by bytes.
const SCRIPT: &str = "for file in \"$@\"; do\n  LC_ALL=C grep -bno TODO \"$file\" >/dev/null || continue\n  LC_ALL=C awk -v f=\"$file\" '{ at = index($0, \"TODO\"); if (at) print f \":\" NR \":\" at \": warning: to be done [todo]\" }' \"$file\"\ndone";

fn project(settings: &str) -> Linted {
    let project = Linted::new();
    project.write("docs/é.txt", TEXT);
    project.stand_in("todo", SCRIPT);
    project.write("holdover.toml", settings);
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    project
}

const TODO: &str =
    "[checks.todo]\ncommand = [\"todo\", \"{files}\"]\nfiles = [\"docs/*.txt\"]\nformat = \"gcc\"\nexit-codes = [0]\n";

fn places(report: &Value) -> Vec<(u64, u64, String)> {
    let found = report["findings"].as_array().unwrap().iter();
    let of = |one: &Value| {
        let start = &one["range"]["start"];
        (start["line"].as_u64().unwrap(), start["utf16"].as_u64().unwrap(), one["code"].as_str().unwrap().to_owned())
    };
    found.map(of).collect()
}

#[test]
fn a_command_of_the_settings_is_a_check_like_any_other() {
    let project = project(TODO);
    let (report, ended) = project.check(&["todo"]);
    assert_eq!(places(&report), [(0, 8, "todo".into()), (1, 5, "todo".into())], "{report:#}");
    assert_eq!((ended, &report["findings"][0]["source"]), (1, &json!("todo")));
    let started = project.started();
    assert_eq!(started, ["todo docs/é.txt"]);
    // What has not changed is not run again; what matters to nobody else is not told of.
    assert_eq!((project.check(&["todo"]).1, project.started().len()), (1, 1));
    project.write("docs/é.txt", "done\n");
    assert_eq!(project.check(&["todo", "--all"]).1, 0);
    let unknown = project.holdover(&["check", "todoo"]);
    assert!(
        err(&unknown).contains("no check has this name: todoo") && err(&unknown).contains(", todo"),
        "{}",
        err(&unknown)
    );
}

#[test]
fn each_format_places_what_it_says() {
    // The same place in every format: TODO behind a pair on the first line, in the units of each.
    let at = |line: u64| json!({ "startLine": line, "startColumn": 9, "endLine": line, "endColumn": 13 });
    let sarif = json!({ "version": "2.1.0", "runs": [{
        "tool": { "driver": { "name": "x", "rules": [{ "id": "todo", "defaultConfiguration": { "level": "error" } }] } },
        "originalUriBaseIds": { "SRC": { "uri": "docs/" } },
        "results": [{ "ruleIndex": 0, "message": { "text": "to be done" }, "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": "%C3%A9.txt", "uriBaseId": "SRC" }, "region": at(1) } }] }] }] });
    let rd = json!({ "message": "to be done", "severity": "ERROR", "code": { "value": "todo" }, "location": { "path": "docs/é.txt",
        "range": { "start": { "line": 1, "column": 12 }, "end": { "line": 1, "column": 16 } } } });
    let rdjson = json!({ "source": { "name": "x" }, "diagnostics": [rd] });
    let eslint = json!([{ "filePath": "docs/é.txt", "messages": [{ "ruleId": "todo", "severity": 2, "message": "to be done", "line": 1, "column": 9, "endLine": 1, "endColumn": 13 }] }]);
    let ruff = json!([{ "code": "todo", "message": "to be done", "filename": "docs/é.txt", "location": { "row": 1, "column": 8 }, "end_location": { "row": 1, "column": 12 } }]);
    let cases = [
        ("sarif", sarif.to_string(), ""),
        ("rdjson", rdjson.to_string(), ""),
        ("rdjsonl", format!("{rd}\n{rd}"), ""),
        ("eslint-json", eslint.to_string(), ""),
        ("ruff-json", ruff.to_string(), ""),
        ("gcc", "docs/é.txt:1:12: error: to be done [todo]".to_owned(), ""),
        (
            "regex",
            "todo|docs/é.txt|1|8|1|12|E|to be done".to_owned(),
            "pattern = '^(?P<code>.*?)\\|(?P<file>.*?)\\|(?P<line>\\d+)\\|(?P<column>\\d+)\\|(?P<endLine>\\d+)\\|(?P<endColumn>\\d+)\\|(?P<severity>.)\\|(?P<message>.*)$'\nseverities = { E = \"error\" }\n",
        ),
        (
            "regex",
            "docs/é.txt;1;17;to be done".to_owned(),
            "pattern = '(?P<file>.*);(?P<line>.*);(?P<column>.*);(?P<message>.*)'\ncolumns = \"bytes\"\n",
        ),
    ];
    let project = project("");
    for (format, said, more) in cases {
        project.stand_in("said", &format!("cat <<'EOF'\n{said}\nEOF\nexit 1"));
        project.write("holdover.toml", &format!("[checks.said]\ncommand = [\"said\"]\nformat = \"{format}\"\n{more}"));
        assert_eq!(code(&project.holdover(&["trust"])), 0);
        let (report, _) = project.check(&["said"]);
        let [one] = &report["findings"].as_array().unwrap()[..] else { panic!("{format}: {report:#}") };
        let start = &one["range"]["start"];
        assert_eq!(one["message"], "to be done", "{format}: {report:#}");
        if more.contains("bytes") {
            assert_eq!(start["byte"], 15, "the end of its line: {report:#}");
            continue;
        }
        assert_eq!(
            (&start["line"], &start["utf16"], &start["byte"]),
            (&json!(0), &json!(8), &json!(11)),
            "{format}: {report:#}"
        );
        let wanted = if format == "ruff-json" { "warning" } else { "error" };
        assert_eq!((&one["code"], &one["severity"]), (&json!("todo"), &json!(wanted)), "{format}");
        if format != "gcc" {
            assert_eq!(one["range"]["end"]["utf16"], 12, "{format}: {report:#}");
        }
    }
}

#[test]
fn nothing_of_it_is_run_without_trust_or_after_it_was_changed() {
    let project = project(TODO);
    assert_eq!(code(&project.holdover(&["trust", "--revoke"])), 0);
    let (report, ended) = project.check(&["--all"]);
    assert_eq!(project.started(), Vec::<String>::new(), "{report:#}");
    assert_eq!(ended, 0, "its settings do not count, so there is no such check");
    assert_eq!(code(&project.holdover(&["check", "todo"])), 2);
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    assert_eq!(project.check(&["todo"]).1, 1);
    let before = project.started().len();
    project.write("holdover.toml", &format!("{TODO}writes = true\n"));
    project.write("docs/é.txt", "TODO\n");
    assert_eq!(code(&project.holdover(&["check", "todo"])), 2, "trust was given to other settings");
    assert_eq!(project.started().len(), before);
}

/// The reason that is told of a command that behaves badly, and no process that is left of it.
fn fails(project: &Linted, script: &str, reason: &str) {
    project.stand_in("todo", script);
    let (report, ended) = project.check(&["todo"]);
    let failed = report["findings"].as_array().unwrap().iter().find(|one| one["code"] == "check-failed");
    let failed = failed.unwrap_or_else(|| panic!("{script}: {report:#}"));
    assert!(failed["message"].as_str().unwrap().contains(reason), "{script}: {failed:#}");
    // What it found before counts all the same.
    let found = report["findings"].as_array().unwrap().len() > 1;
    assert_eq!((ended, &report["checks"][0]["state"]), (if found { 1 } else { 3 }, &json!("unavailable")), "{script}");
}

fn runs(word: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|process| {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|argument| argument == word.as_bytes())
    })
}

#[test]
fn a_command_that_behaves_badly_is_ended_and_not_believed() {
    let mut project = project(TODO);
    fails(&project, "yes 'docs/é.txt:1:1: warning: x' | head -c 1G", "it said more than 64 MiB and was stopped");
    fails(&project, "exit 7", "exit code 7");
    fails(&project, "kill -9 $$", "signal 9");
    // What it says beside its findings is passed over, whatever it is.
    project.stand_in("todo", "head -c 300000 /dev/zero | tr '\\0' ':'; echo; printf '\\xff\\xfe:1:1: x\\n'; printf 'docs/é.txt:99999999999999999999:1: warning: far\\ndocs/é.txt:1:18446744073709551615: warning: wide\\n../../etc/passwd:1:1: error: no\\n'");
    let (report, _) = project.check(&["todo"]);
    let found = report["findings"].as_array().unwrap();
    assert_eq!(found.iter().map(|one| one["message"].as_str().unwrap()).collect::<Vec<_>>(), ["wide"], "{report:#}");
    assert_eq!(found[0]["range"]["start"]["byte"], 15, "the end of its line");
    project.set("HOLDOVER_CHECKS_TIMEOUT_SECONDS", "1");
    let word = format!("{}", 300_000 + std::process::id());
    let script = format!(
        "trap '' TERM INT HUP\nsetsid sleep {word} &\n(sleep {word} & sleep {word}) &\nwhile :; do sleep 0.1; done"
    );
    fails(&project, &script, "it ran longer than 1 s and was stopped");
    assert!(!runs(&word), "something is left");
}

#[test]
fn what_cannot_be_a_check_says_why() {
    let project = project(
        "[checks.todo]\ncommand = [\"todo\"]\n[checks.Big]\ncommand = [\"x\"]\nformat = \"gcc\"\n[checks.gone]\ncommand = [\"no-such-program-anywhere\"]\nformat = \"gcc\"\n",
    );
    let (report, ended) = project.check(&["--all"]);
    let detail = |name: &str| {
        let check = report["checks"].as_array().unwrap().iter().find(|one| one["name"] == name);
        check.unwrap_or_else(|| panic!("{name}: {report:#}"))["detail"].as_str().unwrap().to_owned()
    };
    assert!(detail("todo").contains("does not say what its command writes"));
    assert!(detail("Big").contains("cannot have this name"));
    assert!(detail("gone").contains("no-such-program-anywhere"), "{}", detail("gone"));
    assert_eq!((ended, project.started().len()), (3, 0));
}

#[test]
fn a_command_may_look_at_a_text_that_nobody_saved() {
    let project = project(
        "[checks.todo]\ncommand = [\"todo\", \"{files}\"]\ntyped = [\"--name\", \"{path}\"]\nfiles = [\"*.txt\"]\nformat = \"regex\"\npattern = '^(?P<file>[^:]*):(?P<line>\\d+):(?P<message>.*)$'\n",
    );
    project.stand_in("todo", "[ \"$1\" = --name ] || exit 0\ngrep -n TODO - | sed 's/^/-:/'");
    let file = uri(&project.root().join("docs/é.txt"));
    let mut client = project.editor();
    client.open(&file, "x\n  TODO é\n");
    let of = |message: &Value| {
        message["method"] == "textDocument/publishDiagnostics"
            && message["params"]["uri"] == file
            && message["params"]["diagnostics"].as_array().is_some_and(|all| !all.is_empty())
    };
    let message = client.wait(holdover_tests::client::PATIENCE, of).expect("it is told");
    let one = &message["params"]["diagnostics"][0];
    assert_eq!(
        one["range"],
        json!({ "start": { "line": 1, "character": 2 }, "end": { "line": 1, "character": 8 } }),
        "{one:#}"
    );
    assert!(project.started().contains(&"todo --name docs/é.txt".to_owned()), "{:?}", project.started());
}

#[test]
fn a_junit_report_has_a_suite_for_each_check_and_a_case_for_each_finding() {
    let project =
        project(&format!("{TODO}[checks.gone]\ncommand = [\"no-such-program-anywhere\"]\nformat = \"gcc\"\n"));
    project.write("docs/é.txt", "TODO <&\"> \u{1}\n");
    project.stand_in("todo", "printf 'docs/é.txt:1:1: warning: <&\"> \\x01 to be done [todo]\\n'");
    let output = project.holdover(&["check", "--all", "--junit"]);
    assert_eq!(code(&output), 1);
    let xml = String::from_utf8(output.stdout).unwrap();
    let file = project.beside("report.xml");
    std::fs::write(&file, &xml).unwrap();
    // Judged by a reader of XML that is not ours.
    let script = "import sys, xml.etree.ElementTree as t\nfor s in t.parse(sys.argv[1]).getroot():\n  print(s.get('name'), s.get('tests'), s.get('failures'), s.get('errors'), s.get('skipped'))\n  for c in s: print(' ', c.get('name'), [(x.tag, x.get('message')) for x in c])";
    let read = project.command(std::path::Path::new("python3")).arg("-c").arg(script).arg(&file).output().unwrap();
    let read = String::from_utf8(read.stdout).unwrap() + &String::from_utf8(read.stderr).unwrap();
    assert!(read.contains("lints 1 0 0 0"), "{read}");
    assert!(read.contains("todo 1 1 0 0\n  docs/é.txt:1:1 todo [('failure', '<&\">  to be done')]"), "{read}\n{xml}");
    assert!(
        read.contains("gone 1 0 1 0") && read.contains("('error', 'no-such-program-anywhere")
            || read.contains("('error', 'gone is not on this machine"),
        "{read}"
    );
    let skipped = project.holdover(&["check", "--junit"]);
    assert!(String::from_utf8(skipped.stdout).unwrap().contains("<skipped "));
}

#[test]
fn a_sarif_log_of_elsewhere_is_told_beside_what_is_found_here() {
    let project = project(TODO);
    let sarif = project.holdover(&["check", "todo", "--sarif"]);
    let log = project.beside("ci.sarif");
    std::fs::write(&log, &sarif.stdout).unwrap();
    project.write("holdover.toml", "");
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    let (report, ended) = project.check(&["--import", &log.display().to_string()]);
    assert_eq!(
        places(&report),
        [(0, 8, "todo".into()), (1, 5, "todo".into())],
        "what we write is what we read: {report:#}"
    );
    assert_eq!((ended, &report["findings"][0]["source"]), (1, &json!("ci")));
    std::fs::write(&log, "{\"runs\": 3}").unwrap();
    let refused = project.holdover(&["check", "--import", &log.display().to_string()]);
    assert!(err(&refused).contains("this is no SARIF log"), "{}", err(&refused));
}
