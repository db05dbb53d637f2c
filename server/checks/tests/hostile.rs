//! Any bytes in any format: an answer, in time that grows with the length alone.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod sound;

use holdover_checks::{LARGEST, lint};
use proptest::prelude::*;
use sound::{PATHS, sound};
use std::path::Path;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_text_is_taken(path in prop::sample::select(&PATHS[..]), text in "\\PC{0,200}") {
        sound(path, &text);
    }

    #[test]
    fn any_mixture_of_what_the_formats_are_made_of_is_taken(
        path in prop::sample::select(&PATHS[..]),
        parts in prop::collection::vec(prop::sample::select(&[
            "FROM ", "RUN ", "curl ", "https://a.org/x", "\n", "\\\n", "'", "\"", "`", "$(", ")", "((", "))", "{", "}", "${", "<<EOF", "EOF", "<<", "|", "||",
            "&&", ";", ";;", "case x in ", "esac", "if ", "then ", "fi ", "do ", "done ", "é", "\u{1f600}", "\t", "  ", "- run: ", "jobs:\n  a:\n    steps:\n",
            "      - run: |\n          ", ": ", "[", "]", "\"scripts\"", "\\u0041", "\\", "#", "# holdover: allow(network-download) reason=\"x\"", "//", "/*", "*/", "r#\"",
            "reqwest::get(", "'a", "npm install", "cargo build", "$(CARGO) ", "\r\n", "\0", "sh -c ", "eval ", "A=", "$A", "=", "--from=", "git clone ",
        ][..]), 0..60)
    ) {
        sound(path, &parts.concat());
    }
}

#[test]
fn a_quoted_quote_of_rust_that_stays_open_is_taken() {
    sound("build.rs", "'\\'\u{1033c}V");
    sound("build.rs", "Command::new('\\'\u{1033c}\u{11344}reqwest::get(\"https://a.org\")");
}

#[test]
fn what_stands_for_nothing_in_the_file_has_no_length_there() {
    sound("Dockerfile", "FROM a:12 AS a\nRUN curl -fsSL https://a.org\\");
    sound("package.json", "{\"scripts\": {\"a\": \"curl https://a.org \\\u{e9}\"}}");
    sound("Makefile", "a:\n\tcurl https://a.org/\u{e9}");
}

#[test]
fn what_is_open_again_and_again_ends_with_the_text_and_takes_no_longer_for_it() {
    let parts = [
        "$(",
        "`",
        "\"",
        "'",
        "((",
        "${",
        "{",
        "[",
        "(",
        "<<a\n",
        "<(",
        "\\\n",
        "/*",
        "r#\"",
        "case x in ",
        "if ",
        "A=$A$A;",
        "$(\"",
        "<<",
        "{\"a\":",
        "- ",
        "sh -c '",
        "eval \"",
        "- - ",
        "? ",
        "&a ",
        "*a ",
        "&",
        "#",
        "a: {",
        "!",
        "|\n",
        "\t$(",
        "{{",
        "define x\n",
        "FROM $",
        "/",
        "b'",
        "\"\"\"",
    ];
    for part in parts {
        for path in PATHS {
            for start in ["", "#!/bin/sh\n", "FROM a\nRUN ", "a:\n\t", "jobs:\n  a:\n    steps:\n      - run: "] {
                sound(path, &(start.to_owned() + &part.repeat((LARGEST / 64) / part.len())));
            }
        }
    }
}

#[test]
fn a_text_that_is_too_large_is_not_read() {
    let text = "curl https://dl.acme.org/x\n".repeat(LARGEST / 20);
    assert!(lint(Path::new("a.sh"), &text).drafts.is_empty());
    assert!(lint(Path::new("a.sh"), &text[..1000]).drafts.len() > 10);
}
