//! Every choice leaves, byte for byte, what `git merge-file` writes for it. The judge is the real git.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_conflict::{Choice, Conflicts, resolve};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use ropey::Rope;
use std::path::Path;
use std::process::Command;

fn git(folder: &Path, size: usize, style: &[&str], favour: &[&str]) -> Vec<u8> {
    let out = Command::new("git")
        .args(["-c", "core.autocrlf=false", "merge-file", "-p", "-L", "HEAD", "-L", "base", "-L", "feature"])
        .arg(format!("--marker-size={size}"))
        .args(style)
        .args(favour)
        .args(["ours", "base", "theirs"])
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git must be installed for this test");
    // The exit status is the number of conflicts, at most 127; above that it is an error.
    assert!(out.status.code().is_some_and(|code| code <= 127), "{}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

fn choose(text: &str, size: usize, choice: Choice) -> String {
    let rope = Rope::from_str(text);
    let found = Conflicts::read(&rope);
    // A line that looks like a shorter marker is told of, outside a conflict, and changes nothing.
    let of_gits = |line: usize| rope.line(line).chars().take_while(|c| *c == rope.line(line).char(0)).count() == size;
    assert!(!found.malformed.iter().any(|m| of_gits(m.line)), "{:?} in {text:?}", found.malformed);
    let mut out = text.to_owned();
    for region in found.regions.iter().rev() {
        let edit = resolve(&rope, region, choice).expect("ours, theirs and both are always there");
        let bytes = |byte| usize::try_from(byte).unwrap();
        out.replace_range(bytes(edit.range.start.byte)..bytes(edit.range.end.byte), &edit.text);
    }
    out
}

/// Cuts a side off the front of what is left of the file it came from.
fn cut<'a>(left: &'a str, part: &str) -> Option<&'a str> {
    // Where the file ends without a newline, git wrote the one that its marker needs.
    let bare = || part.strip_suffix('\n').map(|part| part.strip_suffix('\r').unwrap_or(part));
    if let Some(at) = left.find(part) {
        return Some(&left[at + part.len()..]);
    }
    bare().filter(|bare| left.ends_with(bare)).map(|_| "")
}

/// Three versions of a file, and how long git's markers shall be: lines of the base, and what each side makes of every one of them.
fn versions() -> impl Strategy<Value = ([String; 3], usize)> {
    prop::sample::select(&[7_usize, 7, 7, 8, 12, 40][..]).prop_flat_map(|size| (texts(size), Just(size)))
}

fn texts(size: usize) -> impl Strategy<Value = [String; 3]> {
    // What looks like a marker, in files whose real markers are longer.
    let alike = if size > 7 { ["=======", "<<<<<<< HEAD", ">>>>>>> x"] } else { ["======", "<<<<<<", ">>>>>> x"] };
    let lines =
        ["alpha", "beta", "", "    }", "𝄞 clef", "====================", "-------", "é", alike[0], alike[1], alike[2]];
    let line = prop::sample::select(lines.to_vec());
    let fate = prop::sample::select(&[0_u8, 0, 0, 0, 0, 0, 1, 2, 3, 4][..]);
    let lines = prop::collection::vec((line, fate.clone(), fate), 1..25);
    (lines, any::<bool>(), any::<[bool; 3]>()).prop_map(|(lines, crlf, last_newline)| {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut files = [String::new(), String::new(), String::new()];
        for (n, (line, ours, theirs)) in lines.iter().enumerate() {
            for (file, fate, who) in [(0, *ours, "ours"), (1, 0, ""), (2, *theirs, "theirs")] {
                let file = &mut files[file];
                let written = match fate {
                    1 => String::new(),
                    2 => format!("{line}{n} {who}{end}"),
                    3 => format!("{line}{n}{end}new {who}{end}"),
                    4 => format!("new on both{end}{line}{n} {who}{end}"),
                    _ => format!("{line}{n}{end}"),
                };
                file.push_str(&written);
            }
        }
        for (file, keep) in files.iter_mut().zip(last_newline) {
            if !keep && file.ends_with(end) {
                file.truncate(file.len() - end.len());
            }
        }
        files
    })
}

#[test]
fn choices_agree_with_git_merge_file_in_every_style() {
    let cases = std::env::var("HOLDOVER_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(80);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (conflicts, at_the_end, crlf) = Default::default();
    let seen: [std::cell::Cell<u32>; 3] = [conflicts, at_the_end, crlf];
    let folder = tempfile::tempdir().unwrap();
    let run = runner.run(&versions(), |([ours, base, theirs], size)| {
        for (name, text) in [("ours", &ours), ("base", &base), ("theirs", &theirs)] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        for style in [&[][..], &["--diff3"], &["--zdiff3"]] {
            let merged = String::from_utf8(git(folder.path(), size, style, &[])).unwrap();
            let rope = Rope::from_str(&merged);
            let found = Conflicts::read(&rope);
            seen[0].set(seen[0].get() + u32::try_from(found.regions.len()).unwrap());
            seen[2].set(seen[2].get() + u32::from(merged.contains("\r\n") && !found.regions.is_empty()));
            let (mut in_ours, mut in_base, mut in_theirs) = (&*ours, &*base, &*theirs);
            for region in &found.regions {
                prop_assert_eq!(usize::from(region.length), size);
                in_ours = cut(in_ours, &region.side_text(&rope, 0).unwrap()).expect("the current side is ours");
                in_theirs = cut(in_theirs, &region.side_text(&rope, 1).unwrap()).expect("the incoming side is theirs");
                prop_assert_eq!(region.bases(), usize::from(!style.is_empty()));
                if !style.is_empty() {
                    in_base = cut(in_base, &region.base_text(&rope, 0).unwrap()).expect("the ancestor is the base");
                }
            }
            // At the end of the file git writes the newline that its marker needs, and whether a side had one is lost.
            let at_the_end = found.regions.last().is_some_and(|last| last.range(&rope).end.byte == merged.len() as u64);
            for (favour, choice) in
                [("--ours", Choice::Current), ("--theirs", Choice::Incoming), ("--union", Choice::Both)]
            {
                let expected = String::from_utf8(git(folder.path(), size, style, &[favour])).unwrap();
                let chosen = choose(&merged, size, choice);
                let without_last =
                    |text: &str| text.strip_suffix('\n').map(|t| t.strip_suffix('\r').unwrap_or(t).to_owned());
                if at_the_end && chosen != expected {
                    seen[1].set(seen[1].get() + 1);
                    prop_assert_eq!(
                        without_last(&chosen),
                        Some(expected),
                        "{:?} {} at the end of {:?}",
                        style,
                        favour,
                        merged
                    );
                } else {
                    prop_assert_eq!(chosen, expected, "{:?} {} of {:?}", style, favour, merged);
                }
            }
        }
        Ok(())
    });
    run.unwrap();
    let seen = seen.map(|count| count.get());
    assert!(seen[0] > 200 && seen[1] > 5 && seen[2] > 30, "too few cases to say anything: {seen:?}");
}
