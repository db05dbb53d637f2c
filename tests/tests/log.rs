//! What `holdover log` says of logs that real tools wrote (`fixtures/logs`), each labelled by hand before it was asked; and of logs that
//! are huge, broken, hostile or none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop")]

use holdover_tests::desk::Desk;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The log, the line of the first error, and the reason; neither: nothing failed.
const LABELS: [(&str, Option<(u64, &str)>); 39] = [
    ("apt", Some((1, "dependency"))),
    ("cargo-conflict", Some((2, "conflict"))),
    ("cargo-link", Some((2, "dependency"))),
    ("cargo-memory", Some((4, "memory"))),
    ("cargo-no-crate", Some((2, "dependency"))),
    ("cargo-test", Some((8, "test"))),
    ("cargo-types", Some((3, "compile"))),
    ("clippy", Some((2, "lint"))),
    ("curl", Some((1, "network"))),
    ("disk", Some((2, "disk"))),
    ("eslint", Some((4, "lint"))),
    ("gcc-header", Some((1, "dependency"))),
    ("gcc-link", Some((2, "compile"))),
    ("gcc-syntax", Some((2, "compile"))),
    ("git-dns", Some((2, "network"))),
    ("git-merge", Some((2, "conflict"))),
    ("git-refused", Some((2, "network"))),
    ("go-off", Some((2, "dependency"))),
    ("go-test", Some((1, "test"))),
    ("go-undefined", Some((2, "compile"))),
    ("green-cargo-test", None),
    ("green-make", None),
    ("green-npm", None),
    ("make-tool", Some((2, "tool"))),
    ("node-memory", Some((9, "memory"))),
    ("node-module", Some((5, "dependency"))),
    ("node-refused", Some((5, "network"))),
    ("node-syntax", Some((5, "compile"))),
    ("node-test", Some((3, "test"))),
    ("npm-dns", Some((1, "network"))),
    ("npm-offline", Some((1, "dependency"))),
    ("permission", Some((1, "permission"))),
    ("pip-dns", Some((4, "dependency"))),
    ("pip-none", Some((2, "dependency"))),
    ("python-import", Some((3, "dependency"))),
    ("python-syntax", Some((4, "compile"))),
    ("rustfmt", Some((1, "lint"))),
    ("tsc", Some((1, "compile"))),
    ("unittest", Some((3, "test"))),
];

fn logs() -> PathBuf {
    Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../fixtures/logs")
}

fn log(desk: &Desk, arguments: &[&str], input: &[u8]) -> Output {
    let mut command: Command = desk.command(&[]);
    command.arg("log").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // A program that reads no input ends before all of it is written.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().unwrap()
    })
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

#[test]
fn of_logs_of_real_tools_the_first_error_and_the_reason_are_told() {
    let desk = Desk::new("ann");
    let mut there: Vec<String> =
        std::fs::read_dir(logs()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    there.sort();
    assert_eq!(there, LABELS.map(|(name, _)| format!("{name}.log")), "each log has its label");
    let mut wrong = Vec::new();
    for (name, label) in LABELS {
        let file = logs().join(format!("{name}.log"));
        let output = log(&desk, &[file.to_str().unwrap(), "--json"], b"");
        let told = report(&output);
        let said = told["firstError"]["line"].as_u64().map(|line| (line, told["domain"].as_str().unwrap_or("none")));
        if said != label {
            wrong.push(format!("{name}: {said:?}, and it is {label:?}"));
        }
        assert_eq!(output.status.code(), Some(i32::from(said.is_some())), "{name}");
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), LABELS.len(), wrong.join("\n"));
}

#[test]
fn the_end_of_a_long_log_is_read_its_lines_are_counted_and_like_lines_stand_together() {
    let desk = Desk::new("ann");
    let mut text = String::new();
    for number in 0..300_000 {
        let _ = writeln!(text, "2026-11-22T10:00:{:02}Z worker {number} took {} ms", number % 60, number % 977);
    }
    text.push_str("2026-11-22T10:01:00Z error: worker 7 cannot reach 10.0.0.7:80: Connection refused\n");
    text.push_str("2026-11-22T10:01:01Z error: worker 9 cannot reach 10.0.0.9:80: Connection refused\n");
    let told = report(&log(&desk, &["--json"], text.as_bytes()));
    assert_eq!((told["lines"].as_u64(), told["read"].as_u64()), (Some(300_002), Some(1_000)));
    assert_eq!((told["firstError"]["line"].as_u64(), told["domain"].as_str()), (Some(300_001), Some("network")));
    let groups = told["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2, "{groups:?}");
    assert_eq!((groups[0]["count"].as_u64(), groups[0]["level"].as_str()), (Some(2), Some("error")));
    assert_eq!((groups[1]["count"].as_u64(), groups[1]["first"].as_u64()), (Some(998), Some(299_003)));
    assert_eq!(groups[0]["template"], "<time> error: worker <*> cannot reach <host>: Connection refused");
    let few = report(&log(&desk, &["--json", "-n", "1"], text.as_bytes()));
    assert_eq!((few["read"].as_u64(), few["firstError"]["line"].as_u64()), (Some(1), Some(300_002)));
}

#[test]
fn what_is_no_log_gets_a_plain_answer_and_nothing_in_one_is_obeyed() {
    let desk = Desk::new("ann");
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none.log");
    for (file, says) in [(missing.as_path(), "cannot be read"), (folder.path(), "is a folder")] {
        let output = log(&desk, &[file.to_str().unwrap()], b"");
        assert_eq!(output.status.code(), Some(2));
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains(says) && error.contains(file.to_str().unwrap()), "{error}");
    }
    assert_eq!(log(&desk, &["-n", "0"], b"").status.code(), Some(2));
    let empty = log(&desk, &["--json"], b"");
    assert_eq!((empty.status.code(), report(&empty)["lines"].as_u64()), (Some(0), Some(0)));
    let mut bytes = b"\x1b]0;stolen\x07\x1b[2Jerror: \xff\xfe\x00 \xe2\x80\xaegnp.exe\x1b[31m\n".to_vec();
    bytes.extend(vec![b'x'; 3 << 20]);
    let output = log(&desk, &[], &bytes);
    assert_eq!(output.status.code(), Some(1));
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("error: ") && shown.len() < 4_000, "{}", shown.len());
    assert!(!shown.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{shown:?}");
    // As many words and as many different lines as there can be.
    let words = "a ".repeat(200_000);
    let mut different = String::new();
    for n in 0..50_000u32 {
        let _ = writeln!(different, "{:x} {}", n.wrapping_mul(2_654_435_761), "w".repeat((n % 40) as usize));
    }
    for text in [words, different] {
        let output = log(&desk, &["--json", "-n", "100000"], text.as_bytes());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(report(&output)["groups"].as_array().unwrap().len() <= 200);
    }
}
