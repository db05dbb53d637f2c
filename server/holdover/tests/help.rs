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
    rows.map(|row| row.split([' ', '`']).next().unwrap().to_owned()).collect()
}

#[test]
fn help_lists_exactly_the_commands_that_are_documented() {
    let help = String::from_utf8(holdover(&["--help"]).stdout).unwrap();
    let listed = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let mut listed: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    listed.retain(|name| *name != "help");
    let mut documented = documented();
    listed.sort_unstable();
    documented.sort_unstable();
    assert_eq!(listed, documented);
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
