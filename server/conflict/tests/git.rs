//! Every choice leaves, byte for byte, what `git merge-file` writes for it. The judge is the real git.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_conflict::{Choice, Conflicts, resolve};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use ropey::Rope;
use std::path::Path;
use std::process::Command;

fn git(folder: &Path, style: &[&str], favour: &[&str]) -> Vec<u8> {
    let out = Command::new("git")
        .args(["-c", "core.autocrlf=false", "merge-file", "-p", "-L", "HEAD", "-L", "base", "-L", "feature"])
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

fn choose(text: &str, choice: Choice) -> String {
    let rope = Rope::from_str(text);
    let found = Conflicts::read(&rope);
    assert!(found.malformed.is_empty(), "{:?} in {text:?}", found.malformed);
    let mut out = text.to_owned();
    for region in found.regions.iter().rev() {
        let edit = resolve(&rope, region, choice).expect("ours, theirs and both are always there");
        let bytes = |byte| usize::try_from(byte).unwrap();
        out.replace_range(bytes(edit.range.start.byte)..bytes(edit.range.end.byte), &edit.text);
    }
    out
}

/// Three versions of a file: lines of the base, and what each side makes of every one of them.
fn versions() -> impl Strategy<Value = [String; 3]> {
    let line = prop::sample::select(&["alpha", "beta", "", "    }", "𝄞 clef", "==========", "<<<<<<", "é"][..]);
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
    let config = ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (conflicts, at_the_end, crlf) = Default::default();
    let seen: [std::cell::Cell<u32>; 3] = [conflicts, at_the_end, crlf];
    let folder = tempfile::tempdir().unwrap();
    let run = runner.run(&versions(), |[ours, base, theirs]| {
        for (name, text) in [("ours", &ours), ("base", &base), ("theirs", &theirs)] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        for style in [&[][..], &["--diff3"], &["--zdiff3"]] {
            let merged = String::from_utf8(git(folder.path(), style, &[])).unwrap();
            let rope = Rope::from_str(&merged);
            let found = Conflicts::read(&rope);
            seen[0].set(seen[0].get() + u32::try_from(found.regions.len()).unwrap());
            seen[2].set(seen[2].get() + u32::from(merged.contains("\r\n") && !found.regions.is_empty()));
            // At the end of the file git writes the newline that its marker needs, and whether a side had one is lost.
            let at_the_end = found.regions.last().is_some_and(|last| last.range(&rope).end.byte == merged.len() as u64);
            for (favour, choice) in
                [("--ours", Choice::Current), ("--theirs", Choice::Incoming), ("--union", Choice::Both)]
            {
                let expected = String::from_utf8(git(folder.path(), style, &[favour])).unwrap();
                let chosen = choose(&merged, choice);
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
