//! What the documentation shows is what happens: every `console` block of every page is run, in order, in a copy of the
//! small project in which the crate itoa is missing, and what comes out is held against what the page says.
//!
//! A line `$ command` runs, `? 1` after it is its exit code, and what follows is its output: `...` stands for any lines,
//! `[..]` for anything within a line. Without `?`, the exit code must be 0 or 1: a yes or a no. Other kinds of blocks are
//! not run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::fixture::Fixture;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What `README.md` runs in a clone of this repository, where no path has to be set up.
const FROM_SOURCE: &str = "server/run ";

fn root() -> PathBuf {
    Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("..").canonicalize().unwrap()
}

/// Every page that people read, by its path below the root.
fn pages() -> Vec<PathBuf> {
    let mut found = vec![root().join("README.md"), root().join("vscode-extension/README.md")];
    collect(&root().join("docs"), &mut found);
    collect(&root().join("editors"), &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
}

struct Step {
    line: usize,
    command: String,
    code: Option<i32>,
    output: Vec<String>,
}

/// The steps of all `console` blocks of a page.
fn steps(text: &str) -> Vec<Step> {
    let mut all: Vec<Step> = Vec::new();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = !inside && line == "```console";
        } else if !inside {
        } else if let Some(command) = line.strip_prefix("$ ") {
            all.push(Step { line: number + 1, command: command.to_owned(), code: None, output: Vec::new() });
        } else {
            let step = all.last_mut().unwrap_or_else(|| panic!("line {}: output before any command", number + 1));
            match line.strip_prefix("? ") {
                Some(code) if step.output.is_empty() => step.code = Some(code.trim().parse().expect("an exit code")),
                _ => step.output.push(line.to_owned()),
            }
        }
    }
    for step in &mut all {
        while step.output.last().is_some_and(String::is_empty) {
            step.output.pop();
        }
    }
    all
}

fn fits(wanted: &[String], lines: &[&str]) -> bool {
    match wanted.split_first() {
        None => lines.is_empty(),
        Some((first, rest)) if first == "..." => (0..=lines.len()).any(|skipped| fits(rest, &lines[skipped..])),
        Some((first, rest)) => lines.split_first().is_some_and(|(line, more)| alike(first, line) && fits(rest, more)),
    }
}

fn alike(wanted: &str, line: &str) -> bool {
    match wanted.split_once("[..]") {
        None => wanted == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| alike(after, &rest[at..]))
        }),
    }
}

fn run(page: &Path, steps: &[Step], told: &mut Vec<String>) {
    let fixture = Fixture::small();
    std::fs::remove_file(fixture.crate_file("itoa")).unwrap();
    let programs = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(holdover_tests::binary::holdover(), programs.path().join("holdover")).unwrap();
    let path = format!("{}:{}", programs.path().display(), std::env::var("PATH").unwrap());
    for step in steps {
        let line = step.command.replace(FROM_SOURCE, "holdover ");
        let mut shell = fixture.command(Path::new("sh"));
        let ended = shell.args(["-c", &format!("{{ {line}\n}} 2>&1")]).env("PATH", &path).output().unwrap();
        let text = String::from_utf8_lossy(&ended.stdout);
        let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
        let code = ended.status.code().unwrap_or(-1);
        let code_fits = step.code.map_or(code == 0 || code == 1, |wanted| code == wanted);
        if !code_fits || !fits(&step.output, &lines) {
            let page = page.strip_prefix(root()).unwrap().display();
            told.push(format!(
                "{page}:{}: $ {}\nends with {code} and\n{text}\nand the page says{}\n{}\n",
                step.line,
                step.command,
                step.code.map_or_else(String::new, |code| format!(" {code} and")),
                step.output.join("\n")
            ));
        }
    }
}

#[test]
fn what_every_page_shows_is_what_happens() {
    let mut told = Vec::new();
    let mut commands = 0;
    std::thread::scope(|scope| {
        let mut running = Vec::new();
        for page in pages() {
            let steps = steps(&std::fs::read_to_string(&page).unwrap());
            commands += steps.len();
            if !steps.is_empty() {
                running.push(scope.spawn(move || {
                    let mut told = Vec::new();
                    run(&page, &steps, &mut told);
                    told
                }));
            }
        }
        for page in running {
            told.extend(page.join().unwrap());
        }
    });
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(commands >= 10, "only {commands} commands were found: has the marking changed?");
}

#[test]
fn every_command_has_its_page_and_every_page_its_command() {
    let help = String::from_utf8(Fixture::small().holdover(&["--help"]).stdout).unwrap();
    let listed = help.split("\nOptions\n").next().unwrap().lines();
    let commands: BTreeSet<&str> = listed
        .filter_map(|line| line.strip_prefix("  ")?.split("  ").next())
        .filter(|name| !name.is_empty() && *name != "help" && name.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        .collect();
    assert!(commands.len() >= 9, "{commands:?}");
    let mut pages = Vec::new();
    collect(&root().join("docs/commands"), &mut pages);
    let pages: BTreeSet<&str> = pages.iter().map(|page| page.file_stem().unwrap().to_str().unwrap()).collect();
    assert_eq!(commands, pages);
}

#[test]
fn every_command_and_option_that_a_page_names_is_there() {
    let fixture = Fixture::small();
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut named = 0;
    let mut wrong = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for (number, line) in text.lines().enumerate() {
            for span in line.split('`').skip(1).step_by(2) {
                let mut words = span.split([' ', '|', '[', ']', '\\', '…']).filter(|word| !word.is_empty());
                if words.next() != Some("holdover") {
                    continue;
                }
                let Some(command) = words.next().filter(|word| word.chars().all(|c| c.is_ascii_lowercase())) else {
                    continue;
                };
                named += 1;
                let help = known.entry(command.to_owned()).or_insert_with(|| {
                    let mut text = fixture.holdover(&[command, "--help"]);
                    if command == "journal" {
                        for sub in ["log", "rekey", "unlock"] {
                            text.stdout.extend(fixture.holdover(&["journal", sub, "--help"]).stdout);
                        }
                    }
                    if command == "device" {
                        for sub in ["init", "list", "invite", "join", "roots", "revoke"] {
                            text.stdout.extend(fixture.holdover(&["device", sub, "--help"]).stdout);
                        }
                    }
                    if command == "model" {
                        text.stdout.extend(fixture.holdover(&["model", "add", "--help"]).stdout);
                    }
                    if command == "snapshot" {
                        for sub in ["create", "verify", "show"] {
                            text.stdout.extend(fixture.holdover(&["snapshot", sub, "--help"]).stdout);
                        }
                    }
                    if command == "review" {
                        for sub in ["list", "start", "show", "comment", "verdict", "publish"] {
                            text.stdout.extend(fixture.holdover(&["review", sub, "--help"]).stdout);
                        }
                    }
                    if command == "note" {
                        for sub in ["add", "list", "show", "edit", "remove"] {
                            text.stdout.extend(fixture.holdover(&["note", sub, "--help"]).stdout);
                        }
                    }
                    if text.status.success() { String::from_utf8(text.stdout).unwrap() } else { String::new() }
                });
                let gone: Vec<&str> = words.filter(|word| word.starts_with("--") && !help.contains(word)).collect();
                if help.is_empty() || !gone.is_empty() {
                    wrong.push(format!("{}:{}: `{span}` {gone:?}", page.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(named > 20, "{named}");
}

#[test]
fn what_stands_for_anything_stands_for_that_and_no_more() {
    let fit = |wanted: &[&str], lines: &[&str]| {
        fits(&wanted.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>(), lines)
    };
    assert!(
        fit(&["a [..] c", "...", "z"], &["a b b c", "1", "2", "z"]) && fit(&["...", "z"], &["z"]) && fit(&["..."], &[])
    );
    assert!(!fit(&["a [..] c"], &["a c"]) && !fit(&["a"], &["a", "b"]));
    assert!(!fit(&[], &["a"]) && !fit(&["...", "z"], &["z", "a"]));
    let page = "```console\n$ one\n? 2\nout\n\n$ two\n```\n```sh\n$ three\n```\n";
    let all = steps(page);
    assert_eq!(all.iter().map(|step| step.command.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!((all[0].code, all[0].output.as_slice()), (Some(2), &["out".to_owned()][..]));
    assert!(all[1].output.is_empty());
}
