//! Any bytes in any format: an answer, in time that grows with the length alone.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use holdover_checks::{LARGEST, lint, statement};
use proptest::prelude::*;
use std::path::Path;

const PATHS: [&str; 24] = [
    "Dockerfile",
    "compose.yaml",
    "devcontainer.json",
    ".github/workflows/a.yml",
    ".gitlab-ci.yml",
    "package.json",
    "Makefile",
    "justfile",
    "a.sh",
    "bin/a",
    "build.rs",
    "tests/a.rs",
    "test_a.py",
    "a.test.ts",
    "Cargo.toml",
    "pyproject.toml",
    "requirements.txt",
    ".pre-commit-config.yaml",
    "gradle-wrapper.properties",
    "build.gradle",
    "main.tf",
    "rust-toolchain.toml",
    ".nvmrc",
    ".gitmodules",
];

fn sound(path: &str, text: &str) {
    let found = lint(Path::new(path), text);
    for draft in found.drafts.iter().chain(&found.allowed) {
        assert!(text.get(draft.span.clone()).is_some(), "{path}: {:?} of {text:?}", draft.span);
        assert!(text.is_char_boundary(statement(Path::new(path), text, draft.span.start)));
        if let Some(fix) = &draft.fix {
            assert!(text.get(fix.span.clone()).is_some(), "{path}: {fix:?}");
        }
    }
}

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
