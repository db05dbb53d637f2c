//! Measures suggestions on cases `{base,left,right[,expected]}`: `measure open|aside|second WRITTEN REPLAYED`, the folders of
//! `fixtures/conflicts` and of what its replay.py wrote. Prints JSON: counts by strategy and by kind, and of the open half
//! the wrong ones. `second` takes every case that was replayed and none that was written.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a tool of the house, run by hand")]

use conflict::Conflicts;
use conflict::suggest::{Ask, answer};
use contract::ConflictSuggestion;
use merge::Grammars;
use ropey::Rope;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Debug, Default, Clone, serde::Serialize)]
struct Counts {
    cases: u64,
    exact: u64,
    wrong: u64,
    preview_exact: u64,
    preview_wrong: u64,
    left: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [half, written, replayed] = &arguments[..] else { panic!("usage: measure open|aside|second WRITTEN REPLAYED") };
    let second = half == "second";
    let wanted = |name: &str| second || (Sha256::digest(name.as_bytes())[0] % 2 == 1) == (half == "aside");
    let mut cases: Vec<(String, PathBuf)> = Vec::new();
    for topic in folders(Path::new(written)).into_iter().filter(|_| !second) {
        for case in folders(&topic) {
            let name = format!("{}/{}", last(&topic), last(&case));
            if wanted(&name) {
                cases.push((format!("written {}", last(&topic)), case));
            }
        }
    }
    for package in folders(Path::new(replayed)) {
        if wanted(&last(&package)) {
            cases.extend(folders(&package).into_iter().map(|case| {
                let name = last(&case);
                (name.rsplit_once('-').unwrap().0.to_owned(), case)
            }));
        }
    }
    let mut kinds: BTreeMap<String, Counts> = BTreeMap::new();
    let mut strategies: BTreeMap<String, Counts> = BTreeMap::new();
    let mut shown = Vec::new();
    let mut slowest = (std::time::Duration::ZERO, PathBuf::new());
    for (kind, case) in cases {
        let began = std::time::Instant::now();
        let Some(outcome) = measure(&case, kind == "releases-person") else { continue };
        if began.elapsed() > slowest.0 {
            slowest = (began.elapsed(), case.clone());
        }
        let solvable = outcome.solvable;
        let whole = kinds.entry(format!("{kind}{}", if solvable { "" } else { ", for a person" })).or_default();
        whole.cases += 1;
        match outcome.verdict {
            Verdict::Exact => whole.exact += 1,
            Verdict::Wrong => whole.wrong += 1,
            Verdict::PreviewExact => whole.preview_exact += 1,
            Verdict::PreviewWrong => whole.preview_wrong += 1,
            Verdict::Left => whole.left += 1,
        }
        for (strategy, one_click, right) in outcome.regions {
            let counts = strategies.entry(strategy.clone()).or_default();
            counts.cases += 1;
            match (one_click, right) {
                (true, true) => counts.exact += 1,
                (true, false) => counts.wrong += 1,
                (false, true) => counts.preview_exact += 1,
                (false, false) => counts.preview_wrong += 1,
            }
            if !right && half == "open" {
                shown.push(json!({ "case": case, "kind": kind, "strategy": strategy, "oneClick": one_click }));
            }
        }
        if matches!(outcome.verdict, Verdict::Left) && solvable && half == "open" {
            shown.push(json!({ "case": case, "kind": kind, "strategy": "left" }));
        }
    }
    let slowest = json!({ "ms": slowest.0.as_millis() as u64, "case": slowest.1 });
    let report = json!({ "kinds": kinds, "strategies": strategies, "shown": shown, "slowest": slowest });
    println!("{}", serde_json::to_string_pretty(&report).unwrap());
}

enum Verdict {
    Exact,
    Wrong,
    PreviewExact,
    PreviewWrong,
    Left,
}

struct Outcome {
    solvable: bool,
    verdict: Verdict,
    regions: Vec<(String, bool, bool)>,
}

fn measure(case: &Path, person: bool) -> Option<Outcome> {
    let mut texts = BTreeMap::new();
    let mut suffix = String::new();
    for entry in std::fs::read_dir(case).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem()?.to_string_lossy().into_owned();
        if ["base", "left", "right", "expected"].contains(&&*stem) {
            suffix = path.extension()?.to_string_lossy().into_owned();
            texts.insert(stem, std::fs::read(&path).unwrap());
        }
    }
    let at = |name: &str| case.join(format!("{name}.{suffix}"));
    let merged = Command::new("git")
        .args(["merge-file", "-p", "--diff3"])
        .args([at("left"), at("base"), at("right")])
        .output()
        .unwrap();
    let text = String::from_utf8(merged.stdout).ok()?;
    let facts: serde_json::Value = std::fs::read(case.join("case.json"))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let file = facts["file"].as_str().map(PathBuf::from);
    let topic = last(case.parent()?);
    let path = file.unwrap_or_else(|| {
        PathBuf::from(if topic == "changelog" { "CHANGELOG.md".to_owned() } else { format!("f.{suffix}") })
    });
    let expected = texts.get("expected").filter(|_| !person).and_then(|bytes| String::from_utf8(bytes.clone()).ok());
    let rope = Rope::from_str(&text);
    let conflicts = Conflicts::read(&rope);
    let answers: BTreeMap<usize, ConflictSuggestion> =
        answer(&Ask { path, text: text.clone(), regions: Vec::new() }, &Grammars).suggestions.into_iter().collect();
    let every =
        !conflicts.regions.is_empty() && conflicts.regions.iter().all(|region| answers.contains_key(&region.open));
    let one_click = every && answers.values().all(|found| found.one_click);
    let any_click = answers.values().any(|found| found.one_click);
    let result =
        conflict::rewrite(&rope, &conflicts, |region| answers.get(&region.open).map(|found| found.text.clone()));
    let exact = every && expected.as_ref().is_some_and(|expected| *expected == result);
    let regions = conflicts
        .regions
        .iter()
        .filter_map(|region| {
            let found = answers.get(&region.open)?;
            // A region alone is right where the expected text has it between what stands around it.
            let right = exact
                || expected
                    .as_ref()
                    .is_some_and(|expected| stands(expected, &rope, &conflicts, region.open, &found.text));
            Some((found.kind.clone(), found.one_click, right))
        })
        .collect::<Vec<_>>();
    let clicked_wrong = regions.iter().any(|(_, one_click, right)| *one_click && !*right);
    let verdict = match (&expected, exact, one_click) {
        (_, true, true) => Verdict::Exact,
        (_, true, false) => Verdict::PreviewExact,
        (None, _, _) if any_click => Verdict::Wrong,
        _ if clicked_wrong => Verdict::Wrong,
        _ if answers.is_empty() || expected.is_some() && !every => Verdict::Left,
        _ => Verdict::PreviewWrong,
    };
    Some(Outcome { solvable: expected.is_some(), verdict, regions })
}

/// Whether `text` stands in `expected` where the region does, judged by the lines around it.
fn stands(expected: &str, rope: &Rope, conflicts: &Conflicts, open: usize, text: &str) -> bool {
    let at = conflicts.regions.iter().position(|region| region.open == open).unwrap();
    let from = if at == 0 { 0 } else { conflicts.regions[at - 1].close + 1 };
    let to = conflicts.regions.get(at + 1).map_or(rope.len_lines(), |next| next.open);
    let lines = |from: usize, to: usize| rope.slice(rope.line_to_char(from)..rope.line_to_char(to)).to_string();
    let (before, after) = (lines(from, open), lines(conflicts.regions[at].close + 1, to));
    expected.contains(&[&*before, text, &*after].concat())
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|problem| panic!("{}: {problem}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

fn last(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}
