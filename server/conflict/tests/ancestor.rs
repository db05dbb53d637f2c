//! Common ancestors of conflicts that were written without one, from the stages of git's index. The judge is the real git,
//! which writes the same merge with ancestors.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_conflict::suggest::{add_ancestors_in_place, ancestors};
use holdover_conflict::{Choice, Conflicts, Region, resolve};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use ropey::Rope;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

fn merged(folder: &Path, [base, ours, theirs]: [&str; 3], style: &[&str]) -> String {
    for (name, text) in [("ours", ours), ("base", base), ("theirs", theirs)] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let out = Command::new("git")
        .args(["-c", "core.autocrlf=false", "merge-file", "-p"])
        .args(style)
        .args(["ours", "base", "theirs"])
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git must be installed for this test");
    assert!(out.status.code().is_some_and(|code| code <= 127), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// With what git writes of the same merge by each of its algorithms.
fn found(folder: &Path, text: &str, versions: [&str; 3]) -> BTreeMap<usize, String> {
    let rope = Rope::from_str(text);
    let by = |algorithm: &str, style: &[&str]| {
        let merged = merged(folder, versions, &[style, &[&format!("--diff-algorithm={algorithm}")]].concat());
        Rope::from_str(&if text.contains('\r') && !merged.contains('\r') {
            merged.replace('\n', "\r\n")
        } else {
            merged
        })
    };
    let merges = ["myers", "histogram"].map(|algorithm| [by(algorithm, &[]), by(algorithm, &["--diff3"])]);
    let conflicts = Conflicts::read(&rope);
    let mut known = ancestors(&rope, &conflicts, &merges.each_ref().map(|[_, with]| with.clone()));
    add_ancestors_in_place(&rope, &conflicts, &merges, &mut known);
    known
}

/// Whether git writes a conflict with one of these sides and that ancestor, by one of its algorithms.
fn is_gits(text: &str, open: usize, base: &str, folder: &Path, versions: [&str; 3]) -> bool {
    let sides = |rope: &Rope, region: &Region| [0, 1].map(|n| region.side_text(rope, n).unwrap());
    let rope = Rope::from_str(text);
    let region = Conflicts::read(&rope).regions.into_iter().find(|region| region.open == open).unwrap();
    ["myers", "histogram"].iter().any(|algorithm| {
        let with = merged(folder, versions, &["--diff3", &format!("--diff-algorithm={algorithm}")]);
        let with = Rope::from_str(&with);
        let mut places = Conflicts::read(&with).regions.into_iter();
        places.any(|place| {
            let is_same = sides(&with, &place).iter().zip(sides(&rope, &region)).any(|(git, own)| *git == own);
            is_same && place.base_text(&with, 0).as_deref() == Some(base)
        })
    })
}

/// The text without what diff3 says of the ancestors.
fn without_bases(text: &str) -> String {
    let mut inside = false;
    let kept = text.split_inclusive('\n').filter(|line| {
        inside = (inside || line.starts_with("|||||||")) && !line.starts_with("=======");
        !inside
    });
    kept.collect()
}

/// Base, ours and theirs, of lines of which some are alike.
fn versions() -> impl Strategy<Value = [String; 3]> {
    let fate = prop::sample::select(&[0_u8, 0, 0, 0, 0, 0, 0, 1, 2, 2, 3, 4][..]);
    let line = (0..12_u8, fate.clone(), fate);
    (prop::collection::vec(line, 1..30), any::<bool>(), any::<bool>()).prop_map(|(lines, crlf, last)| {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut files = [String::new(), String::new(), String::new()];
        for (line, ours, theirs) in lines {
            for (at, fate, who) in [(0, 0, ""), (1, ours, "ours"), (2, theirs, "theirs")] {
                let written = match fate {
                    1 => String::new(),
                    2 => format!("line {line} of {who}{end}"),
                    3 => format!("line {line}{end}new {who}{end}"),
                    4 => format!("new on both{end}line {line} {who}{end}"),
                    _ => format!("line {line}{end}"),
                };
                files[at].push_str(&written);
            }
        }
        if !last {
            for file in &mut files {
                file.truncate(file.trim_end_matches(end).len());
            }
        }
        files
    })
}

#[test]
fn an_ancestor_is_the_one_that_git_writes_for_the_same_sides() {
    let cases = std::env::var("HOLDOVER_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (asked, told, judged) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let folder = tempfile::tempdir().unwrap();
    let run = runner.run(&versions(), |files| {
        let files = [&*files[0], &*files[1], &*files[2]];
        for algorithm in ["--diff-algorithm=myers", "--diff-algorithm=histogram"] {
            let with = merged(folder.path(), files, &["--diff3", algorithm]);
            let rope = Rope::from_str(&with);
            // What git says of two sides; of sides that it writes twice, nothing.
            let mut said: BTreeMap<(String, String), Option<String>> = BTreeMap::new();
            for region in Conflicts::read(&rope).regions {
                let side = |n| region.side_text(&rope, n).unwrap();
                let base = region.base_text(&rope, 0);
                said.entry((side(0), side(1))).and_modify(|known| *known = None).or_insert(base);
            }
            for text in [merged(folder.path(), files, &[algorithm]), without_bases(&with)] {
                let rope = Rope::from_str(&text);
                let conflicts = Conflicts::read(&rope);
                let bases = found(folder.path(), &text, files);
                asked.set(asked.get() + conflicts.regions.len());
                told.set(told.get() + bases.len());
                for region in &conflicts.regions {
                    let sides = (region.side_text(&rope, 0).unwrap(), region.side_text(&rope, 1).unwrap());
                    let (Some(base), Some(Some(git))) = (bases.get(&region.open), said.get(&sides)) else { continue };
                    judged.set(judged.get() + 1);
                    prop_assert_eq!(base, git, "{:?} in {:?} of {:?}", sides, text, files);
                }
            }
        }
        Ok(())
    });
    run.unwrap();
    let [asked, told, judged] = [asked, told, judged].map(|count| count.get());
    println!("{asked} conflicts, {told} ancestors, {judged} of them judged");
    assert!(judged > 50 && told * 10 > asked * 6, "{asked} conflicts, {told} ancestors, {judged} judged");
}

const BASE: &str = "a\nb\nc\nd\ne\nf\ng\n";
const OURS: &str = "a\nB\nc\nd\ne\nF\ng\n";
const THEIRS: &str = "a\nBB\nc\nd\ne\nFF\ng\n";

#[test]
fn conflicts_that_git_joined_and_conflicts_that_it_parted_get_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let files = [BASE, OURS, THEIRS];
    let text = merged(folder.path(), files, &[]);
    assert_eq!(text.matches("=======").count(), 1, "three lines between: git writes one conflict\n{text}");
    assert_eq!(found(folder.path(), &text, files).into_values().collect::<Vec<_>>(), ["b\nc\nd\ne\nf\n"]);
    // Both changed every line, in the middle in the same way: git writes two conflicts, and diff3 one.
    let files = ["a\n1\n2\n3\n4\n5\n6\nz\n", "a\nx\n2\n3\n4\n5\ny\nz\n", "a\nX\n2\n3\n4\n5\nY\nz\n"];
    let text = merged(folder.path(), files, &[]);
    assert_eq!(found(folder.path(), &text, files).into_values().collect::<Vec<_>>(), ["1\n", "6\n"], "{text}");
}

#[test]
fn a_conflict_of_which_one_side_or_both_were_edited_by_hand_keeps_its_ancestor_and_never_gets_another() {
    let cases = std::env::var("HOLDOVER_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let counts = [(); 2].map(|()| (Cell::new(0), Cell::new(0)));
    let folder = tempfile::tempdir().unwrap();
    let run = runner.run(&(versions(), 0..100_usize, 0..3_u8, 0..3_u8), |(files, which, whose, how)| {
        let files = [&*files[0], &*files[1], &*files[2]];
        for style in [&["--diff3"][..], &[]] {
            let text = merged(folder.path(), files, style);
            let text = if style.is_empty() { text } else { without_bases(&text) };
            let rope = Rope::from_str(&text);
            let conflicts = Conflicts::read(&rope);
            let before = found(folder.path(), &text, files);
            let Some(region) = conflicts.regions.get(which % conflicts.regions.len().max(1)) else { continue };
            let Some(base) = before.get(&region.open) else { continue };
            // A line typed, one taken away, or all of the side written anew.
            let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
            let middle = (region.open..region.close).find(|line| lines[*line].starts_with("=======")).unwrap();
            // The later one first: the earlier one's lines stay where they are.
            for (side, first, last) in [(1, middle + 1, region.close), (0, region.open + 1, middle)] {
                match how {
                    _ if whose != 2 && whose != side => {}
                    0 => lines.insert(first, "typed by hand\n"),
                    1 if first < last => drop(lines.remove(last - 1)),
                    _ => drop(lines.splice(first..last, ["written\n", "anew\n"])),
                }
            }
            let now = lines.concat();
            let after = found(folder.path(), &now, files);
            let (edited, told) = &counts[usize::from(whose == 2)];
            edited.set(edited.get() + 1);
            if let Some(base_now) = after.get(&region.open) {
                told.set(told.get() + 1);
                // What is left of a side may be what git writes by its other algorithm, with another ancestor.
                prop_assert!(
                    base_now == base || is_gits(&now, region.open, base_now, folder.path(), files),
                    "{:?} instead of {:?}: {:?} edited to {:?}",
                    base_now,
                    base,
                    text,
                    lines
                );
            }
        }
        Ok(())
    });
    run.unwrap();
    for ((edited, told), (whose, of_ten)) in counts.iter().zip([("one side", 6), ("both sides", 5)]) {
        let (edited, told) = (edited.get(), told.get());
        println!("{edited} conflicts edited on {whose}, {told} ancestors");
        assert!(edited > 15 && told * 10 > edited * of_ten, "{whose}: {edited} edited, {told} ancestors");
    }
}

#[test]
fn what_was_edited_with_the_lines_around_it_or_is_of_another_merge_gets_none_and_the_others_keep_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let long = |b: &str, f: &str| format!("a\n{b}\nc\nc2\nd\ne\ne2\n{f}\ng\n");
    let (base, ours, theirs) = (long("b", "f"), long("B", "F"), long("BB", "FF"));
    let files = [&*base, &*ours, &*theirs];
    let text = merged(folder.path(), files, &[]);
    assert_eq!(found(folder.path(), &text, files).into_values().collect::<Vec<_>>(), ["b\n", "f\n"]);
    // One side of it: the other says which it is. Both: its place does, if no line around it is another.
    let edited = text.replacen("\nB\n", "\nB!\n", 1);
    let both = edited.replacen("\nBB\n", "\nBB!\n", 1);
    for edited in [&edited, &both] {
        assert_eq!(found(folder.path(), edited, files).into_values().collect::<Vec<_>>(), ["b\n", "f\n"], "{edited}");
    }
    for more in [both.replacen("\nc2\n", "\nc2!\n", 1), edited.replacen("\nc\n", "\nc!\n", 1)] {
        assert_ne!(more, both);
        assert_eq!(found(folder.path(), &more, files).into_values().collect::<Vec<_>>(), ["f\n"], "{more}");
    }
    // The one that git has there is another's, as a whole.
    let first = &text[text.find("<<<<<<<").unwrap()..text.find("c\n").unwrap()];
    let twice = format!("{}{}", text, first.replacen("\nB\n", "\nB!\n", 1));
    assert_eq!(found(folder.path(), &twice, files).into_values().collect::<Vec<_>>(), ["b\n", "f\n"], "{twice}");
    // The first one resolved: the second stands further up.
    let rope = Rope::from_str(&text);
    let first = resolve(&rope, &Conflicts::read(&rope).regions[0], Choice::Both).unwrap();
    let [start, end] = [first.range.start.byte, first.range.end.byte].map(|byte| usize::try_from(byte).unwrap());
    let mut left = text.clone();
    left.replace_range(start..end, &first.text);
    assert_eq!(found(folder.path(), &left, files).into_values().collect::<Vec<_>>(), ["f\n"], "{left}");
    let other = "<<<<<<< HEAD\none\n=======\ntwo\n>>>>>>> b\n";
    assert_eq!(found(folder.path(), other, files).len(), 0);
    let elsewhere = "q\nr\n<<<<<<< HEAD\nB\n=======\nBB\n>>>>>>> b\nc\nc2\n";
    assert_eq!(found(folder.path(), elsewhere, files).len(), 0, "it was carried to other lines");
}

#[test]
fn a_conflict_that_stands_in_two_places_of_gits_gets_none_once_both_sides_were_edited() {
    let folder = tempfile::tempdir().unwrap();
    let all = |which: &str| ["p", "q", "r", "s"].map(|name| format!("{name}{which}\n")).join("1\n2\n3\n4\n");
    let (base, ours, theirs) = (all(""), all(" ours"), all(" theirs"));
    let files = [&*base, &*ours, &*theirs];
    let text = merged(folder.path(), files, &[]);
    let with = |edited: &[&str]| {
        edited.iter().fold(text.clone(), |text, which| {
            text.replace(&format!("{which} ours"), "mine").replace(&format!("{which} theirs"), "yours")
        })
    };
    for (edited, wanted) in [
        (&["p"][..], &["p\n", "q\n", "r\n", "s\n"][..]),
        // Its neighbours say which of the two it is.
        (&["q"], &["p\n", "q\n", "r\n", "s\n"]),
        (&["r"], &["p\n", "q\n", "r\n", "s\n"]),
        (&["q", "r"], &["p\n", "s\n"]),
        (&["p", "q", "r", "s"], &["p\n", "s\n"]),
    ] {
        let text = with(edited);
        assert_eq!(found(folder.path(), &text, files).into_values().collect::<Vec<_>>(), wanted, "{text}");
    }
}

#[test]
fn the_same_sides_at_two_places_with_other_ancestors_get_none() {
    let folder = tempfile::tempdir().unwrap();
    let between = "1\n2\n3\n4\n5\n";
    let all = |a: &str, b: &str| format!("{a}\n{between}{b}\n");
    let (base, ours, theirs) = (all("a", "b"), all("x", "x"), all("y", "y"));
    let files = [&*base, &*ours, &*theirs];
    let text = merged(folder.path(), files, &[]);
    assert_eq!(found(folder.path(), &text, files).len(), 0, "{text}");
    let same = all("a", "a");
    assert_eq!(found(folder.path(), &text, [&same, &ours, &theirs]).into_values().collect::<Vec<_>>(), ["a\n", "a\n"]);
}

#[test]
fn line_ends_are_those_of_the_file_and_markers_that_hold_an_ancestor_are_not_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["a\nb\nc\n", "a\nB\nc\n", "a\nBB\nc\n"];
    let text = merged(folder.path(), files, &[]).replace('\n', "\r\n");
    assert_eq!(
        found(folder.path(), &text, files).into_values().collect::<Vec<_>>(),
        ["b\r\n"],
        "git put the carriage returns"
    );
    assert_eq!(found(folder.path(), &merged(folder.path(), files, &["--diff3"]), files).len(), 0);
}

#[test]
fn texts_that_fit_in_countless_ways_end_and_get_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let many = |n: usize, last: &str| format!("{}{last}\n", "x\n".repeat(n));
    let (base, ours, theirs) = (many(60_000, "b"), many(60_001, "o"), many(60_001, "t"));
    let region = "<<<<<<< HEAD\nx\n=======\nx\nx\n>>>>>>> b\n";
    let text = region.repeat(200);
    assert_eq!(found(folder.path(), &text, [&base, &ours, &theirs]).len(), 0);
    let places = format!("<<<<<<< a\n{base}||||||| o\n{base}=======\n{base}x\n>>>>>>> b\n").repeat(40);
    let (rope, places) = (Rope::from_str(&text), Rope::from_str(&places));
    assert_eq!(ancestors(&rope, &Conflicts::read(&rope), &[places]).len(), 0);
}
