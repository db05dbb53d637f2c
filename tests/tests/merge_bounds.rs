//! `holdover-merge` reads what others wrote: its memory is bounded, and hostile texts end it with a message, or with no suggestion.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn program() -> PathBuf {
    holdover_tests::binary::holdover().with_file_name("holdover-merge")
}

fn ask(folder: &Path, path: &str, text: &str) -> [PathBuf; 2] {
    let files = ["ask.json", "answer.json"].map(|name| folder.join(name));
    std::fs::write(&files[0], json!({ "path": path, "text": text, "regions": [] }).to_string()).unwrap();
    files
}

fn conflict(base: &str, left: &str, right: &str) -> String {
    format!("<<<<<<< a\n{left}\n||||||| o\n{base}\n=======\n{right}\n>>>>>>> b\n")
}

#[test]
#[cfg(target_os = "linux")]
fn its_memory_is_bounded_before_it_reads_anything() {
    let folder = tempfile::tempdir().unwrap();
    let files = ask(folder.path(), "a.md", &conflict("one two", "uno two", "one dos"));
    let mut child = Command::new(program()).args(&files).stderr(Stdio::null()).spawn().unwrap();
    // A process that has ended and was not waited for still tells what bounds it had.
    let about = |name: &str| std::fs::read_to_string(format!("/proc/{}/{name}", child.id())).unwrap();
    while !about("stat").contains(") Z ") {
        std::thread::yield_now();
    }
    let limits = about("limits");
    assert!(child.wait().unwrap().success());
    let bound = limits.lines().find(|line| line.starts_with("Max address space")).unwrap();
    assert_eq!(bound.split_whitespace().nth(3), Some("1073741824"), "{limits}");
}

#[test]
fn texts_made_to_exhaust_it_end_and_leave_the_file_without_a_suggestion_or_with_a_sound_one() {
    let deep = |n: usize, open: &str, close: &str| format!("{}{}", open.repeat(n), close.repeat(n));
    let many = "x ".repeat(60_000);
    let hostile = [
        ("deep.json", conflict(&deep(20_000, "[", "]"), &deep(20_001, "[", "]"), &deep(20_002, "[", "]"))),
        ("open.js", conflict("f(", &"f(".repeat(30_000), &"g(".repeat(30_000))),
        ("ops.rs", conflict("1", &"1 + ".repeat(20_000), &"- ".repeat(20_000))),
        ("same.md", conflict(&many, &format!("a {many}"), &format!("{many}b"))),
        ("quote.py", conflict("'''", &"'''\"\"\"".repeat(10_000), &"\"\"\"'''".repeat(10_000))),
        ("many.toml", conflict("a = 1", "a = 2", "a = 3").repeat(2_000)),
    ];
    for (path, text) in hostile {
        let folder = tempfile::tempdir().unwrap();
        let files = ask(folder.path(), path, &text);
        let ended = Command::new(program()).args(&files).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!said.contains("panicked"), "{path}: {said}");
        assert!(ended.status.success(), "{path}: {:?} {said}", ended.status);
        let answer: Value = serde_json::from_slice(&std::fs::read(&files[1]).unwrap()).unwrap();
        for suggestion in answer["suggestions"].as_array().unwrap() {
            let merged = suggestion[1]["text"].as_str().unwrap();
            assert!(!merged.contains("<<<<<<< a") && merged.len() < text.len(), "{path}");
        }
    }
}

#[test]
fn a_question_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["ask.json", "answer.json"].map(|name| folder.path().join(name));
    for bytes in [&b"{"[..], b"\xff", &b"[".repeat(100_000)] {
        std::fs::write(&files[0], bytes).unwrap();
        let ended = Command::new(program()).args(&files).output().unwrap();
        assert_eq!(ended.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&ended.stderr).starts_with("holdover-merge: the question is not one: "));
        assert!(!files[1].exists());
    }
}
