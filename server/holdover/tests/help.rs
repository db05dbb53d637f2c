//! What the binary says of itself, without a workspace. (That these tests are here also makes `cargo test` build the
//! binary itself, with the features that the end-to-end tests are built with.)
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::process::{Command, Output};

fn holdover(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_holdover")).args(arguments).output().unwrap()
}

/// Commands in the first column of the table in `docs/protocol.md`.
fn documented() -> Vec<String> {
    let text = include_str!("../../../docs/protocol.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `holdover "));
    // A command with many parts has a row for some of them.
    let mut names: Vec<String> = rows.map(|row| row.split([' ', '`']).next().unwrap().to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[test]
fn help_lists_exactly_the_commands_that_are_documented() {
    let help = String::from_utf8(holdover(&["--help"]).stdout).unwrap();
    let listed = help.split("Usage:").nth(1).unwrap().split("\nOptions").next().unwrap();
    let listed = listed.lines().filter_map(|line| line.strip_prefix("  "));
    let mut listed: Vec<&str> = listed.filter_map(|line| line.split_whitespace().next()).collect();
    listed.retain(|name| *name != "help");
    listed.sort_unstable();
    assert_eq!(listed, documented());
}

#[test]
fn every_command_has_help_and_a_version() {
    for command in documented() {
        let help = holdover(&[&command, "--help"]);
        assert!(help.status.success() && !help.stdout.is_empty(), "{command}");
    }
    let version = String::from_utf8(holdover(&["--version"]).stdout).unwrap();
    assert_eq!(version.trim(), concat!("holdover ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_are_written_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = String::from_utf8(holdover(&["completions", shell]).stdout).unwrap();
        assert!(text.contains("preflight"), "{shell}");
    }
    assert_eq!(holdover(&["completions", "no-such-shell"]).status.code(), Some(2));
}

#[test]
fn every_help_shows_an_example_and_the_first_one_the_exit_codes() {
    for command in documented() {
        let help = String::from_utf8(holdover(&[&command, "--help"]).stdout).unwrap();
        assert!(help.contains(&format!("Examples:\n  holdover {command}")), "{command}: {help}");
    }
    let help = String::from_utf8(holdover(&["--help"]).stdout).unwrap();
    for code in ["0  yes", "1  no", "2  wrong usage", "3  could not tell"] {
        assert!(help.contains(code), "{help}");
    }
    assert!(!help.contains('\u{1b}'), "no colours where nobody sees them: {help}");
}

#[test]
fn a_command_that_is_not_there_ends_with_2_and_names_the_nearest() {
    let wrong = holdover(&["preflght"]);
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(said.starts_with("error: ") && said.contains("hint: ") && said.contains("'preflight'"), "{said}");
    let wrong = holdover(&["--json", "preflght"]);
    let document: serde_json::Value = serde_json::from_slice(&wrong.stdout).unwrap();
    assert_eq!(document["error"]["kind"], "usage");
    assert!(document["error"]["hint"].as_str().unwrap().contains("`preflight`"), "{document}");
}

#[test]
fn a_manual_page_has_every_option_example_and_exit_code_and_one_file_each() {
    let text = |arguments: &[&str]| String::from_utf8(holdover(arguments).stdout).unwrap().replace("\\-", "-");
    let page = text(&["man", "preflight"]);
    for part in
        ["--fetch", "--deep", "--dry-run", "--all", "holdover preflight --fetch", "EXIT STATUS", "could not tell"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    for command in documented() {
        assert!(text(&["man"]).contains(&format!("holdover-{command}(1)")), "{command}");
    }
    let folder = std::env::temp_dir().join(format!("holdover-man-{}", std::process::id()));
    let written = holdover(&["man", "--to", folder.to_str().unwrap()]);
    assert!(written.status.success());
    let mut files: Vec<String> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    std::fs::remove_dir_all(&folder).unwrap();
    files.sort();
    let mut wanted: Vec<String> = documented().iter().map(|command| format!("holdover-{command}.1")).collect();
    wanted.push("holdover.1".to_owned());
    // Commands of a command have a part of its page each.
    let pages = std::path::Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../docs/commands");
    for page in std::fs::read_dir(pages).unwrap() {
        let text = std::fs::read_to_string(page.unwrap().path()).unwrap();
        let parts = text.lines().filter_map(|line| line.strip_prefix("### "));
        wanted.extend(
            parts.filter(|part| part.contains(' ')).map(|part| format!("holdover-{}.1", part.replace(' ', "-"))),
        );
    }
    wanted.sort();
    assert_eq!(files, wanted);
    assert_eq!(holdover(&["man", "no-such-command"]).status.code(), Some(2));
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    for command in ["completions bash", "man preflight", "--help"] {
        let script = format!("'{}' {command} 2>&1 >/dev/full | grep -c panicked", env!("CARGO_BIN_EXE_holdover"));
        let counted = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(counted.stdout).unwrap().trim(), "0", "{command}");
    }
}
