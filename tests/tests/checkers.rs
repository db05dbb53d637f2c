//! Every definition of a linter that can be installed here against the linter itself, with the network kept from it: the same places and
//! words as it prints for people, on texts beyond ASCII, with CRLF and tabs, in a workspace that is opened through a link.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![cfg(target_os = "linux")]

use holdover_tests::linted::Linted;
use holdover_tests::said::code;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// What a column counts for who prints it.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    Chars,
    Utf16,
    Bytes,
    /// None is printed: the first that is no blank.
    Line,
}

/// File, line from 0, column in UTF-16 from 0, words.
type Told = (String, u64, u64, String);

/// A line and column from 1 as positions from 0: written anew.
fn at(project: &Linted, file: &str, line: u64, column: u64, unit: Unit) -> (u64, u64) {
    let text = std::fs::read_to_string(project.root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
    let of = text.split_inclusive('\n').nth(usize::try_from(line).unwrap() - 1).unwrap_or_default();
    let (mut before, mut units) = (1, 0);
    for c in of.chars() {
        let is_here = match unit {
            Unit::Line => !c.is_whitespace(),
            _ => before >= column,
        };
        if is_here {
            break;
        }
        before += match unit {
            Unit::Chars | Unit::Line => 1,
            Unit::Utf16 => c.len_utf16() as u64,
            Unit::Bytes => c.len_utf8() as u64,
        };
        units += c.len_utf16() as u64;
    }
    (line - 1, units)
}

/// What the linter prints, by a program and its arguments: both streams, and its exit code.
fn printed(project: &Linted, program: &str, arguments: &[&str]) -> String {
    let mut command = project.command(Path::new(program));
    let output = command.args(arguments).env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1").output();
    let output = output.unwrap_or_else(|e| panic!("{program}: {e}"));
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

/// `FILE<separator>LINE<separator>COLUMN<rest>` of every line that has it.
fn lines(project: &Linted, text: &str, unit: Unit) -> BTreeSet<Told> {
    let of = |line: &str| {
        let line = line.trim_start().trim_start_matches("./").trim_start_matches("vet: ");
        let mut parts = line.splitn(2, ':');
        let (file, rest) = (parts.next()?, parts.next()?);
        let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let row: u64 = rest[..digits(rest)].parse().ok()?;
        let rest = &rest[digits(rest)..];
        let column = rest.strip_prefix(':').filter(|rest| digits(rest) > 0);
        let (column, rest) =
            column.map_or((None, rest), |rest| (rest[..digits(rest)].parse().ok(), &rest[digits(rest)..]));
        let unit = if column.is_none() { Unit::Line } else { unit };
        let file = file.strip_prefix(&format!("{}/", project.root().display())).unwrap_or(file).to_owned();
        let (line, column) = at(project, &file, row, column.unwrap_or(1), unit);
        Some((file, line, column, rest.trim_start_matches([':', ' ']).to_owned()))
    };
    text.lines().filter_map(of).collect()
}

/// What Holdover says of it, through a link to the workspace.
fn told(project: &Linted, id: &str) -> (BTreeSet<Told>, Value) {
    let link = project.beside("link");
    if !link.exists() {
        std::os::unix::fs::symlink(project.root(), &link).unwrap();
    }
    let mut command = project.command(holdover_tests::binary::holdover());
    let output = command.current_dir(&link).args(["trust"]).output().unwrap();
    assert_eq!(code(&output), 0);
    let mut command = project.command(holdover_tests::binary::holdover());
    let output = command.current_dir(&link).env("PWD", &link).args(["check", id, "--json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    let root = report["workspace"].as_str().unwrap();
    let all = report["findings"].as_array().unwrap();
    assert!(
        all.iter().all(|one| one["source"] != "holdover"),
        "neither failed nor reached for the network: {report:#}"
    );
    assert_eq!((&report["checks"][0]["state"], code(&output)), (&Value::from("failed"), 1), "{report:#}");
    let one = |finding: &Value| {
        let file = Path::new(finding["file"].as_str().unwrap()).strip_prefix(root).unwrap().display().to_string();
        let start = &finding["range"]["start"];
        let message = finding["message"].as_str().unwrap().lines().next().unwrap_or_default().to_owned();
        (file, start["line"].as_u64().unwrap(), start["utf16"].as_u64().unwrap(), message)
    };
    (all.iter().map(one).collect(), report)
}

/// The same places, and at each of them words that the linter prints there.
fn agree(ours: &BTreeSet<Told>, theirs: &BTreeSet<Told>) {
    let places = |all: &BTreeSet<Told>| all.iter().map(|one| (one.0.clone(), one.1, one.2)).collect::<BTreeSet<_>>();
    assert_eq!(places(ours), places(theirs), "ours: {ours:#?}\ntheirs: {theirs:#?}");
    for one in ours {
        let said = |their: &&Told| {
            (&their.0, their.1, their.2) == (&one.0, one.1, one.2) && their.3.contains(one.3.trim_end_matches('.'))
        };
        assert!(theirs.iter().any(|their| said(&their)), "{one:?} is said by nobody: {theirs:#?}");
    }
    for their in theirs {
        let said = |one: &&Told| {
            (&their.0, their.1, their.2) == (&one.0, one.1, one.2) && their.3.contains(one.3.trim_end_matches('.'))
        };
        assert!(ours.iter().any(|one| said(&one)), "{their:?} is not told: {ours:#?}");
    }
    assert!(ours.iter().any(|one| one.0.contains(['é', 'É'])), "a name beyond ASCII has a finding: {ours:#?}");
}

/// Findings of a report, by code, and the text that each of them is about.
fn about(project: &Linted, report: &Value, code: &str) -> Vec<String> {
    let root = report["workspace"].as_str().unwrap();
    let of = report["findings"].as_array().unwrap().iter().filter(|one| one["code"] == code);
    of.map(|one| {
        let file = Path::new(one["file"].as_str().unwrap()).strip_prefix(root).unwrap();
        let text = std::fs::read_to_string(project.root().join(file)).unwrap();
        let byte = |end: &str| usize::try_from(one["range"][end]["byte"].as_u64().unwrap()).unwrap();
        text[byte("start")..byte("end")].to_owned()
    })
    .collect()
}

#[test]
fn shellcheck_is_told_as_it_tells_it() {
    let project = Linted::fixture("shellcheck");
    project.write("sub/é.sh", "echo \"é😀\" $1\n");
    let (ours, report) = told(&project, "shellcheck");
    let said = printed(&project, "shellcheck", &["-f", "gcc", "a.sh", "crlf.sh", "sub/é.sh"]);
    agree(&ours, &lines(&project, &said, Unit::Chars));
    assert_eq!(about(&project, &report, "SC2154"), ["$y"]);
    assert_eq!(report["findings"][0]["source"], "shellcheck");
}

#[test]
fn hadolint_is_told_as_it_tells_it() {
    let project = Linted::fixture("hadolint");
    let (ours, _) = told(&project, "hadolint");
    let said = printed(&project, "hadolint", &["--no-color", "Dockerfile", "sub/é.dockerfile"]);
    agree(&ours, &lines(&project, &said, Unit::Line));
}

#[test]
fn zizmor_is_told_as_it_tells_it() {
    let project = Linted::fixture("zizmor");
    let (ours, report) = told(&project, "zizmor");
    let output = project.command(Path::new("zizmor")).args(["--offline", "--format=json", "."]).output().unwrap();
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let theirs = all.iter().map(|one| {
        let locations = one["locations"].as_array().unwrap();
        let primary = locations.iter().find(|of| of["symbolic"]["kind"] == "Primary").unwrap();
        let file = primary["symbolic"]["key"]["Local"]["verbatim_path"].as_str().unwrap().trim_start_matches("./");
        let from = &primary["concrete"]["location"]["start_point"];
        let place =
            at(&project, file, from["row"].as_u64().unwrap() + 1, from["column"].as_u64().unwrap() + 1, Unit::Bytes);
        let words =
            format!("{}: {}", one["desc"].as_str().unwrap(), primary["symbolic"]["annotation"].as_str().unwrap());
        (file.to_owned(), place.0, place.1, words)
    });
    agree(&ours, &theirs.collect());
    let injected = about(&project, &report, "zizmor/template-injection");
    assert!(injected.iter().all(|text| text == "github.event.head_commit.message"), "{injected:?}");
    assert_eq!(injected.len(), 2);
}

#[test]
fn yamllint_is_told_as_it_tells_it() {
    let project = Linted::fixture("yamllint");
    let (ours, _) = told(&project, "yamllint");
    agree(&ours, &lines(&project, &printed(&project, "yamllint", &["-f", "parsable", "."]), Unit::Chars));
}

#[test]
fn markdownlint_is_told_as_it_tells_it() {
    let project = Linted::fixture("markdownlint");
    let (ours, _) = told(&project, "markdownlint");
    agree(&ours, &lines(&project, &printed(&project, "markdownlint-cli2", &["**/*.md"]), Unit::Utf16));
}

#[test]
fn biome_is_told_as_it_tells_it_and_explains_its_rules() {
    let project = Linted::fixture("biome");
    let (ours, report) = told(&project, "biome");
    let said = printed(&project, "biome", &["lint", "--reporter=github", "--colors=off", "."]);
    let field = |line: &str, name: &str| {
        let rest = line.split_once(&format!(",{name}=")).unwrap().1;
        rest[..rest.find([',', ':']).unwrap()].to_owned()
    };
    let theirs = said.lines().filter(|line| line.starts_with("::")).map(|line| {
        let file = field(line, "file");
        let file = Path::new(&file).strip_prefix(project.root()).unwrap().display().to_string();
        let place =
            at(&project, &file, field(line, "line").parse().unwrap(), field(line, "col").parse().unwrap(), Unit::Chars);
        (file, place.0, place.1, line.rsplit_once("::").unwrap().1.to_owned())
    });
    agree(&ours, &theirs.collect());
    assert_eq!(about(&project, &report, "lint/suspicious/noDebugger"), ["debugger;"; 3]);
    let mut client = project.editor();
    let file = holdover_tests::client::uri(&project.root().join("a.js"));
    client.until(
        |client| client.request("holdover/status", serde_json::json!({})),
        |status| {
            status["checks"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|one| one["name"] == "biome" && one["state"] == "failed")
        },
    );
    client.open(&file, &std::fs::read_to_string(project.root().join("a.js")).unwrap());
    let place = serde_json::json!({ "textDocument": { "uri": file }, "position": { "line": 1, "character": 17 } });
    // Whoever has not said it within the time of a hover says it in the next.
    let hover = client.until(
        |client| client.request("textDocument/hover", place.clone()),
        |hover| hover["contents"]["value"].as_str().is_some_and(|text| text.contains("Disallow the use of")),
    );
    assert!(hover["contents"]["value"].as_str().unwrap().contains("Disallow the use of"), "{hover}");
}

#[test]
fn oxlint_is_told_as_it_tells_it() {
    let project = Linted::fixture("oxlint");
    let (ours, report) = told(&project, "oxlint");
    agree(&ours, &lines(&project, &printed(&project, "oxlint", &["-f", "unix", "."]), Unit::Bytes));
    assert_eq!(about(&project, &report, "eslint(eqeqeq)"), ["=="; 2]);
}

#[test]
fn eslint_is_told_as_it_tells_it_and_fixes_what_it_fixes() {
    let project = Linted::fixture("eslint");
    let (ours, report) = told(&project, "eslint");
    let said = printed(&project, "eslint", &["-f", "stylish", "--no-color", "."]);
    let (mut theirs, mut file) = (BTreeSet::new(), String::new());
    for line in said.lines() {
        if let Some(rest) = line.strip_prefix(&format!("{}/", project.root().display())) {
            rest.clone_into(&mut file);
        } else if let Some((place, words)) = line.trim_start().split_once("  ")
            && let Some((row, column)) = place.split_once(':')
        {
            let place = at(&project, &file, row.parse().unwrap(), column.parse().unwrap(), Unit::Utf16);
            theirs.insert((file.clone(), place.0, place.1, words.to_owned()));
        }
    }
    agree(&ours, &theirs);
    assert_eq!(about(&project, &report, "eqeqeq"), ["=="]);
    // The safe ones together are what it does by itself in one pass; another pass finds nothing more to mend.
    let file = holdover_tests::client::uri(&project.root().join("a.js"));
    let mut client = project.editor();
    let text = std::fs::read_to_string(project.root().join("a.js")).unwrap();
    client.open(&file, &text);
    let actions = client.until(
        |client| Value::from(client.actions(&file, 1)),
        |actions| {
            actions.as_array().unwrap().iter().any(|one| one["title"].as_str().unwrap().starts_with("Fix all 3 "))
        },
    );
    let all = actions
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["title"].as_str().unwrap().starts_with("Fix all 3 "))
        .unwrap();
    let resolved = client.request("codeAction/resolve", all.clone());
    let edits = resolved["edit"]["documentChanges"][0]["edits"].as_array().unwrap().clone();
    let fixed = client.texts.get_mut(&file).unwrap();
    fixed.apply(&edits);
    let fixed = fixed.text.clone();
    printed(&project, "eslint", &["--fix", "a.js"]);
    assert_eq!(fixed, std::fs::read_to_string(project.root().join("a.js")).unwrap());
}

#[test]
fn tsc_is_told_as_it_tells_it() {
    let project = Linted::fixture("tsc");
    project.write("é.ts", "export const w: number = /* é😀 */ \"😀\";\n");
    let (ours, _) = told(&project, "tsc");
    let said = printed(&project, "tsc", &["--noEmit", "--pretty", "false"]);
    let said: String = said
        .lines()
        .map(|line| line.replacen('(', ":", 1).replacen(',', ":", 1).replacen("):", ":", 1) + "\n")
        .collect();
    agree(&ours, &lines(&project, &said, Unit::Utf16));
    // It counts as editors do: what it says of a place behind a pair is about the name there.
    assert!(
        ours.contains(&("a.ts".into(), 0, 31, "Type 'number' is not assignable to type 'string'.".into())),
        "{ours:#?}"
    );
}

#[test]
fn mypy_is_told_as_it_tells_it() {
    let project = Linted::fixture("mypy");
    let (ours, _) = told(&project, "mypy");
    let said = printed(&project, "mypy", &["--cache-dir=/dev/null", "--show-column-numbers", "--no-pretty", "."]);
    agree(&ours, &lines(&project, &said, Unit::Chars));
    assert!(!project.root().join(".mypy_cache").exists(), "what it keeps is kept elsewhere");
}

#[test]
fn pyright_is_told_as_it_tells_it() {
    let project = Linted::fixture("pyright");
    let (ours, report) = told(&project, "pyright");
    agree(&ours, &lines(&project, &printed(&project, "pyright", &[]).replace(" - ", ": "), Unit::Utf16));
    assert_eq!(about(&project, &report, "reportOperatorIssue"), ["x + \"a\""]);
}

#[test]
fn go_vet_is_told_as_it_tells_it_and_explains_its_analyzers() {
    let project = Linted::fixture("go-vet");
    project.write("sub/é.go", "package sub\n\nimport \"fmt\"\n\nfunc F() { _ = \"é😀\"; fmt.Printf(\"%d\", \"x\") }\n");
    let (ours, report) = told(&project, "go-vet");
    agree(&ours, &lines(&project, &printed(&project, "go", &["vet", "./..."]), Unit::Bytes));
    assert!(report["findings"].as_array().unwrap().iter().any(|one| one["code"] == "printf"), "{report:#}");
    // What does not compile is an error, and has no analyzer.
    project.write("sub/é.go", "package sub\n\nfunc F() { _ = \"é😀\"; undeclared() }\n");
    let (ours, report) = told(&project, "go-vet");
    agree(&ours, &lines(&project, &printed(&project, "go", &["vet", "./..."]), Unit::Bytes));
    assert!(report["findings"].as_array().unwrap().iter().any(|one| one["severity"] == "error"), "{report:#}");
}

#[test]
fn gcc_is_told_as_it_tells_it_with_the_flags_of_the_project() {
    let project = Linted::fixture("gcc");
    let (ours, report) = told(&project, "gcc");
    let plain = ["-Wall", "-fsyntax-only", "-fdiagnostics-plain-output", "-fdiagnostics-column-unit=byte"];
    let mut said = printed(&project, "gcc", &[&plain[..], &["a.c"]].concat());
    let sub = project
        .command(Path::new("gcc"))
        .current_dir(project.root().join("sub"))
        .env("LC_ALL", "C.UTF-8")
        .args(plain)
        .args(["-I", ".", "é.c"])
        .output()
        .unwrap();
    for line in String::from_utf8(sub.stderr).unwrap().lines().filter(|line| line.starts_with('é')) {
        said.push_str("sub/");
        said.push_str(line);
        said.push('\n');
    }
    agree(&ours, &lines(&project, &said, Unit::Bytes));
    assert!(report["findings"].as_array().unwrap().iter().any(|one| one["code"] == "-Wunused-variable"), "{report:#}");
    assert!(!project.root().join("a.o").exists() && !project.root().join("sub/é.o").exists(), "nothing is written");
}

#[test]
fn rustfmt_is_told_where_it_would_change_something_and_its_fixes_are_what_it_does() {
    let project = Linted::fixture("rustfmt");
    let (ours, _) = told(&project, "rustfmt");
    let files: BTreeSet<&str> = ours.iter().map(|one| &*one.0).collect();
    assert_eq!(files, ["src/a.rs", "src/main.rs"].into());
    let mut client = project.editor();
    let mut fixed = Vec::new();
    for name in files {
        let path = project.root().join(name);
        let file = holdover_tests::client::uri(&path);
        client.open(&file, &std::fs::read_to_string(&path).unwrap());
        let count = ours.iter().filter(|one| one.0 == name).count();
        assert!(count > 1, "{ours:#?}");
        let wanted = format!("Fix all {count} that rustfmt can fix");
        let is_all = |one: &Value| one["title"].as_str().unwrap().starts_with(&wanted);
        let line = u32::try_from(ours.iter().find(|one| one.0 == name).unwrap().1).unwrap();
        let actions = client
            .until(|client| Value::from(client.actions(&file, line)), |all| all.as_array().unwrap().iter().any(is_all));
        let all = actions.as_array().unwrap().iter().find(|one| is_all(one)).unwrap_or_else(|| panic!("{actions:#}"));
        let resolved = client.request("codeAction/resolve", all.clone());
        let edits = resolved["edit"]["documentChanges"][0]["edits"].as_array().unwrap().clone();
        let text = client.texts.get_mut(&file).unwrap();
        text.apply(&edits);
        fixed.push((path, text.text.clone()));
    }
    printed(&project, "cargo", &["fmt"]);
    for (path, fixed) in fixed {
        // It forgets how the lines of a module end; the fixes leave them as they are.
        let theirs = std::fs::read_to_string(&path).unwrap();
        let is_crlf = fixed.contains("\r\n");
        assert_eq!(
            fixed,
            if is_crlf { theirs.replace("\r\n", "\n").replace('\n', "\r\n") } else { theirs },
            "{}",
            path.display()
        );
        assert_eq!(is_crlf, path.ends_with("a.rs"));
    }
}

#[test]
fn javac_is_run_where_the_settings_name_it_and_told_as_it_tells_it() {
    let project = Linted::fixture("javac");
    assert_eq!(project.check(&["javac"]).1, 3, "nothing shows that it can be used");
    project.write("holdover.toml", "[checks.javac]\n");
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    let (ours, report) = told(&project, "javac");
    let (out, name) = (project.beside("classes").display().to_string(), "sub/É.java");
    let said = printed(
        &project,
        "javac",
        &[
            "-J-Duser.language=en",
            "-encoding",
            "UTF-8",
            "-J-Dstdout.encoding=UTF-8",
            "-J-Dstderr.encoding=UTF-8",
            "-Xlint:all",
            "-proc:none",
            "-d",
            &out,
            "A.java",
            name,
        ],
    );
    let mut theirs = BTreeSet::new();
    let all: Vec<&str> = said.lines().collect();
    for (at_line, line) in all.iter().enumerate() {
        let Some((file, row, words)) = line
            .split_once(".java:")
            .and_then(|(file, rest)| rest.split_once(": ").map(|(row, words)| (file, row, words)))
        else {
            continue;
        };
        let mark = all[at_line + 2].find('^').unwrap() as u64 + 1;
        let place = at(&project, &format!("{file}.java"), row.parse().unwrap(), mark, Unit::Utf16);
        theirs.insert((format!("{file}.java"), place.0, place.1, words.to_owned()));
    }
    agree(&ours, &theirs);
    assert!(report["findings"].as_array().unwrap().iter().any(|one| one["code"] == "rawtypes"), "{report:#}");
    assert!(!project.root().join("A.class").exists());
}

#[test]
fn hooks_of_pre_commit_are_told_where_they_point_and_change_nothing() {
    let mut project = Linted::fixture("pre-commit");
    project.set("PRE_COMMIT_HOME", &project.beside("hooks").display().to_string());
    project.write("holdover.toml", "[checks.pre-commit]\n");
    for arguments in [&["init", "-q"][..], &["add", "-A"]] {
        assert!(project.command(Path::new("git")).args(arguments).status().unwrap().success());
    }
    let (_, report) = told(&project, "pre-commit");
    let all = report["findings"].as_array().unwrap();
    let mut found: Vec<(&str, &str, u64, &str)> = Vec::new();
    for one in all {
        let file = one["file"].as_str().unwrap().rsplit('/').next().unwrap();
        let message = one["message"].as_str().unwrap().lines().next().unwrap();
        found.push((one["code"].as_str().unwrap(), file, one["range"]["start"]["line"].as_u64().unwrap(), message));
    }
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("fails", ".pre-commit-config.yaml", 8, "this hook fails: it fails é"),
            ("modifies", ".pre-commit-config.yaml", 22, "this hook fails: modifies"),
            ("says", "a.txt", 1, "no"),
            ("says", "é.txt", 1, "no"),
            ("words", "a.txt", 1, "TODO é"),
            ("words", "é.txt", 1, "xxTODO"),
        ],
        "{report:#}"
    );
    let fails = all.iter().find(|one| one["code"] == "fails").unwrap();
    assert!(fails["message"].as_str().unwrap().ends_with("do not use bad files\nbad.md"), "{fails:#}");
    let modifies = all.iter().find(|one| one["code"] == "modifies").unwrap();
    assert!(modifies["message"].as_str().unwrap().contains("Read-only file system"), "{modifies:#}");
    // What it prints itself, where it may write.
    let printed = printed(&project, "pre-commit", &["run", "--all-files", "--color=never"]);
    for words in ["a.txt:2:TODO é", "sub/é.txt:2:3: error: no [x]", "do not use bad files"] {
        assert!(printed.contains(words), "{printed}");
    }
}

#[test]
fn cargo_check_is_run_where_the_settings_name_it_and_not_beside_clippy() {
    let project = Linted::rust();
    // Clippy says the same and more.
    let (with, ended) = project.check(&["check"]);
    assert!(ended == 3 && with["checks"] == serde_json::json!([]), "{with:#}");
    project.write("holdover.toml", "[checks]\ndisable = [\"clippy\"]\n[checks.check]\n");
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    let (without, _) = project.check(&["check"]);
    let theirs = printed(
        &project,
        "cargo",
        &[
            "check",
            "--offline",
            "--message-format=short",
            "--target-dir",
            &project.beside("judge").display().to_string(),
        ],
    );
    let theirs = lines(&project, &theirs, Unit::Chars);
    let found = without["findings"].as_array().unwrap();
    let found: BTreeSet<(u64, u64)> = found
        .iter()
        .map(|one| (one["range"]["start"]["line"].as_u64().unwrap(), one["range"]["start"]["utf16"].as_u64().unwrap()))
        .collect();
    assert_eq!(found, theirs.iter().map(|one| (one.1, one.2)).collect(), "{without:#}");
    assert_eq!(found.len(), 1, "{without:#}");
}
