//! What must hold for any text in any format that the lints read; the property tests and the fuzz target `lints` ask for it.

use holdover_checks::{lint, statement};
use std::path::Path;

/// One file of each kind that the lints read.
pub const PATHS: [&str; 24] = [
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

/// What is found lies between characters of the text, and so does what would be put in its place.
pub fn sound(path: &str, text: &str) {
    let found = lint(Path::new(path), text);
    for draft in found.drafts.iter().chain(&found.allowed) {
        assert!(text.get(draft.span.clone()).is_some(), "{path}: {:?} of {text:?}", draft.span);
        assert!(text.is_char_boundary(statement(Path::new(path), text, draft.span.start)));
        if let Some(fix) = &draft.fix {
            assert!(text.get(fix.span.clone()).is_some(), "{path}: {fix:?}");
        }
    }
}
