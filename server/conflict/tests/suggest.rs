//! Merges that are suggested without parsers, and what holds of every merge of words.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use contract::{ConflictSuggestion, LineOrigin};
use holdover_conflict::suggest::{Ask, LARGEST_SIDE, NoSyntax, answer, merge_tokens};
use proptest::prelude::*;
use std::path::Path;
use std::process::Command;

fn conflict(base: &str, left: &str, right: &str) -> String {
    format!("<<<<<<< a\n{left}||||||| o\n{base}=======\n{right}>>>>>>> b\n")
}

fn suggested(path: &str, text: String) -> Option<ConflictSuggestion> {
    let ask = Ask { path: path.into(), text, regions: Vec::new() };
    let mut found = answer(&ask, &NoSyntax).suggestions;
    assert!(found.len() <= 1, "{found:?}");
    found.pop().map(|(_, suggestion)| suggestion)
}

#[test]
fn other_words_of_the_same_line_are_merged_and_what_is_dropped_is_told() {
    let sides = ["one or two or three\n", "uno or two or three\n", "one or two or tres\n"];
    let found = suggested("a.md", format!("# Text\n\n{}end\n", conflict(sides[0], sides[1], sides[2]))).unwrap();
    assert_eq!((&*found.text, &*found.kind, found.one_click), ("uno or two or tres\n", "words", false));
    assert_eq!(found.lines, [LineOrigin::Made]);
    let dropped: Vec<_> = found.dropped.iter().map(|line| (line.side, &*line.text)).collect();
    assert_eq!(dropped, [(LineOrigin::Current, "uno or two or three"), (LineOrigin::Incoming, "one or two or tres")]);
}

#[test]
fn what_touches_or_needs_a_parser_that_is_not_there_is_left_to_people() {
    let touching = conflict("one two\n", "uno two\n", "dos two\n");
    assert_eq!(suggested("a.md", format!("{touching}\n")), None);
    let versions = conflict("lib 9.2.1\n", "lib 10.0.1\n", "lib 9.4.1\n");
    assert_eq!(suggested("a.md", format!("{versions}\n")), None, "a version is one word");
    let apart = conflict("let a = one(two, three);\n", "let a = uno(two, three);\n", "let a = one(two, tres);\n");
    assert_eq!(suggested("a.rs", format!("{apart}\n")), None, "nobody parsed it");
    assert_eq!(suggested("a.unknown", format!("{apart}\n")), None, "nobody can parse it");
}

#[test]
fn lines_added_by_both_are_offered_to_be_looked_at_and_never_with_one_click() {
    let found = suggested("a.md", format!("a\n{}b\n", conflict("", "one\n", "two\n"))).unwrap();
    assert_eq!((&*found.text, &*found.kind, found.one_click), ("one\ntwo\n", "added", false));
    assert_eq!(found.lines, [LineOrigin::Current, LineOrigin::Incoming]);
}

#[test]
fn sides_whose_line_ends_differ_and_sides_that_are_too_large_get_nothing() {
    let ends = "<<<<<<< a\none\r\n||||||| o\none two\n=======\none two\n>>>>>>> b\nx\n";
    assert_eq!(suggested("a.md", ends.to_owned()), None);
    let long = format!("{}\n", "word ".repeat(LARGEST_SIDE / 5 + 1));
    assert_eq!(suggested("a.md", format!("{}x\n", conflict(&long, &format!("a {long}"), &format!("{long}b\n")))), None);
}

#[test]
fn an_indented_side_takes_the_others_change_with_it() {
    let text = conflict("one();\ntwo();\n", "    one();\n    two();\n", "one();\nthree();\n");
    let found = suggested("a.md", format!("{text}x\n")).unwrap();
    assert_eq!((&*found.text, &*found.kind), ("    one();\n    three();\n", "indent"));
    assert!(!found.one_click, "in a language whose blanks have a meaning a person looks first");
}

/// Lines that are all different, so that there is one way to compare them.
fn versions() -> impl Strategy<Value = [Vec<String>; 3]> {
    let change = prop::sample::select(vec![0_u8, 0, 0, 0, 0, 1, 2, 3]);
    let changes = prop::collection::vec((change.clone(), change), 1..14);
    changes.prop_map(|changes| {
        let side = |which: fn(&(u8, u8)) -> u8, name: &str| {
            let line = |(n, change): (usize, u8)| match change {
                1 => vec![],
                2 => vec![format!("{name} {n}\n")],
                3 => vec![format!("line {n}\n"), format!("{name} after {n}\n")],
                _ => vec![format!("line {n}\n")],
            };
            changes.iter().map(which).enumerate().flat_map(line).collect::<Vec<_>>()
        };
        [side(|_| 0, ""), side(|change| change.0, "left"), side(|change| change.1, "right")]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_merge_with_the_base_or_with_itself_is_the_side_and_sides_may_be_swapped(
        [base, left, right] in prop::array::uniform3(prop::collection::vec("[ab \n]", 0..12)),
    ) {
        prop_assert_eq!(merge_tokens(&base, &left, &left).ok(), Some(left.clone()));
        prop_assert_eq!(merge_tokens(&base, &base, &right).ok(), Some(right.clone()));
        prop_assert_eq!(merge_tokens(&base, &left, &right), merge_tokens(&base, &right, &left));
    }

    #[test]
    fn where_changes_are_apart_the_merge_is_gits([base, left, right] in versions()) {
        if let Ok(merged) = merge_tokens(&base, &left, &right) {
            let folder = tempfile::tempdir().unwrap();
            for (name, lines) in [("base", &base), ("left", &left), ("right", &right)] {
                std::fs::write(folder.path().join(name), lines.concat()).unwrap();
            }
            prop_assert_eq!(git(folder.path()), merged.concat());
        }
    }

    #[test]
    fn any_sides_are_looked_at_without_harm(
        [base, left, right] in prop::array::uniform3("([a-c{}() .\t]{0,9}\n){0,5}"),
        path in prop::sample::select(vec!["a.md", "CHANGELOG.md", "a.rs", "a"]),
    ) {
        suggested(path, format!("x\n{}y\n", conflict(&base, &left, &right)));
    }
}

fn git(folder: &Path) -> String {
    let out =
        Command::new("git").args(["merge-file", "-p", "left", "base", "right"]).current_dir(folder).output().unwrap();
    assert_eq!(out.status.code(), Some(0), "git finds a conflict where changes are apart");
    String::from_utf8(out.stdout).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands in a conflict: an answer comes, the same one again, it says where each of its lines comes from, and
    /// one click never makes up a word that none of the versions has.
    #[test]
    fn a_suggestion_for_any_text_is_sound(
        versions in prop::collection::vec("([ab1.]|\u{e9}|\u{1d11e}|\t| |\r|\n|[(]|[)]|- |<<<<<<<|=======|>>>>>>> x|\\|\\|\\|\\|\\|\\|\\|){0,12}", 3),
        name in prop::sample::select(&["a.md", "CHANGELOG.md", "a.rs", "a.py", "a", "Cargo.lock"][..]),
    ) {
        let text = format!("x\n{}y\n", conflict(&format!("{}\n", versions[0]), &format!("{}\n", versions[1]), &format!("{}\n", versions[2])));
        let ask = Ask { path: name.into(), text: text.clone(), regions: Vec::new() };
        let found = answer(&ask, &NoSyntax).suggestions;
        let again = answer(&ask, &NoSyntax).suggestions;
        prop_assert_eq!(&found, &again);
        for (_, merge) in found {
            prop_assert_eq!(merge.lines.len(), merge.text.lines().count());
            prop_assert!((0.0..=1.0).contains(&merge.confidence));
            let known: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
            let is_known = |word: &str| known.contains(&word);
            prop_assert!(!merge.one_click || merge.text.split(|c: char| !c.is_alphanumeric()).all(is_known), "{:?} of {:?}", merge.text, text);
        }
    }
}
