//! `holdover-merge ASK ANSWER`: reads one file's conflicts as JSON and writes suggestions for them as JSON. `holdover-merge --structure`:
//! reads a text and a piece of it in a frame from standard input, and writes what the piece is part of; with `--shell` it is a line for a
//! shell, which it takes apart and does not run. Run by `holdover`; a program of its own, because parsers are 10 MB of tables and C that read what others wrote. Knows no network and no git.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::process::ExitCode;

/// Bytes of a question: a text of the largest size, escaped, and its ancestors.
const LARGEST: u64 = 64 << 20;

/// Bytes of address space. A Rust file of 950 kB, near the largest that is parsed, took 160 MiB; what takes more gets nothing.
const MEMORY: u64 = 1 << 30;

fn main() -> ExitCode {
    if let Err(problem) = host::limit_memory(MEMORY) {
        return told(&format!("memory could not be bounded: {problem}"));
    }
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.first().and_then(|first| first.to_str()) {
        Some("--structure") => return frames(merge::structure),
        Some("--shell") => return frames(merge::shell),
        _ => {}
    }
    let [ask, answer] = &arguments[..] else { return told("usage: holdover-merge ASK ANSWER") };
    let bytes = match host::read_small(Path::new(ask), LARGEST) {
        Ok(bytes) => bytes,
        Err(problem) => return told(&format!("the question could not be read: {}: {problem}", ask.display())),
    };
    let ask = match serde_json::from_slice(&bytes) {
        Ok(ask) => ask,
        Err(problem) => return told(&format!("the question is not one: {problem}")),
    };
    let found = conflict::suggest::answer(&ask, &merge::Grammars);
    let written =
        serde_json::to_vec(&found).map_err(std::io::Error::from).and_then(|bytes| std::fs::write(answer, bytes));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => told(&format!("the answer could not be written: {}: {problem}", answer.display())),
    }
}

/// Answers each frame until there is none.
fn frames<A: DeserializeOwned, F: Serialize>(answer: impl Fn(&A) -> F) -> ExitCode {
    let (mut from, mut to) = (std::io::stdin().lock(), std::io::stdout().lock());
    loop {
        let ask = match host::read_frame(&mut from) {
            Ok(Some((_, ask))) => ask,
            Ok(None) => return ExitCode::SUCCESS,
            Err(problem) => return told(&format!("the question could not be read: {problem}")),
        };
        let ask = match serde_json::from_slice(&ask) {
            Ok(ask) => ask,
            Err(problem) => return told(&format!("the question is not one: {problem}")),
        };
        let found = serde_json::to_vec(&answer(&ask)).unwrap_or_default();
        if let Err(problem) = host::write_frame(&mut to, b"", &found) {
            return told(&format!("the answer could not be written: {problem}"));
        }
    }
}

fn told(problem: &str) -> ExitCode {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "holdover-merge: {problem}");
    ExitCode::from(2)
}
