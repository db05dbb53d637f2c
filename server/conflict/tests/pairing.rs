//! Which markers make a conflict, and what is said of those that do not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_conflict::{Choice, Conflicts, Problem, Style, findings, merge_message, resolve};
use ropey::Rope;
use std::path::Path;

fn read(text: &str) -> (Rope, Conflicts) {
    let rope = Rope::from_str(text);
    let conflicts = Conflicts::read(&rope);
    (rope, conflicts)
}

fn malformed(text: &str) -> Vec<(usize, Problem)> {
    read(text).1.malformed.iter().map(|m| (m.line, m.problem)).collect()
}

fn opens(text: &str) -> Vec<usize> {
    read(text).1.regions.iter().map(|region| region.open).collect()
}

#[test]
fn a_merge_conflict_has_two_labelled_sides() {
    let (text, found) = read("a\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> feature\nb\n");
    let region = found.regions[0].clone();
    assert_eq!((region.open, region.sections[1].marker, region.close), (1, 3, 5));
    assert_eq!(region.style, Style::Merge);
    assert_eq!(merge_message(&text, &region), "merge conflict between HEAD and feature");
    assert_eq!(resolve(&text, &region, Choice::Base), None);
    assert_eq!(resolve(&text, &region, Choice::BothReversed).unwrap().text, "theirs\nours\n");
}

#[test]
fn a_diff3_conflict_has_a_common_ancestor() {
    let (text, found) = read("<<<<<<< a\nx\n||||||| 1234\ny\n=======\nz\n>>>>>>> b\n");
    let region = found.regions[0].clone();
    assert_eq!(region.style, Style::Diff3);
    assert_eq!(resolve(&text, &region, Choice::Base).unwrap().text, "y\n");
    assert_eq!(resolve(&text, &region, Choice::Current).unwrap().text, "x\n");
    assert_eq!(region.base_label(&text, 0).as_deref(), Some("1234"));
}

#[test]
fn markers_without_labels_and_without_a_last_newline_are_markers() {
    let (text, found) = read("<<<<<<<\r\nx\r\n=======\r\nz\r\n>>>>>>>");
    assert_eq!(found.regions.len(), 1);
    let chosen = resolve(&text, &found.regions[0], Choice::Incoming).unwrap();
    assert_eq!(chosen.text, "z\r\n");
    assert_eq!(chosen.range.end.byte, text.len_bytes() as u64);
    assert_eq!(chosen.range.end.utf16, 7);
}

#[test]
fn a_heading_of_another_length_inside_a_conflict_is_text() {
    let (text, found) = read("<<<<<<< a\nTitle here\n==========\n=======\nz\n>>>>>>> b\n");
    assert!(found.malformed.is_empty());
    assert_eq!(resolve(&text, &found.regions[0], Choice::Current).unwrap().text, "Title here\n==========\n");
}

#[test]
fn a_heading_of_seven_outside_any_conflict_is_nothing() {
    assert!(read("Chapter\n=======\n\n||||||| table\n").1.is_empty());
}

#[test]
fn a_second_separator_is_told_and_not_guessed() {
    let text = "<<<<<<< a\nChapter\n=======\ntext\n=======\nz\n>>>>>>> b\n<<<<<<< c\n=======\n>>>>>>> d\n";
    assert_eq!(malformed(text), [(4, Problem::SecondMarker { open: 0 })]);
    assert_eq!(opens(text), [7]);
}

#[test]
fn longer_markers_pair_with_their_own_length() {
    let text = "<<<<<<<<<<< a\nx\n<<<<<<< not a marker of this one\n===========\ny\n>>>>>>>>>>> b\n";
    let (rope, found) = read(text);
    assert!(found.malformed.is_empty(), "{found:?}");
    assert_eq!(
        resolve(&rope, &found.regions[0], Choice::Current).unwrap().text,
        "x\n<<<<<<< not a marker of this one\n"
    );
}

#[test]
fn a_conflict_inside_a_common_ancestor_is_the_outer_ones_content() {
    let text = "<<<<<<< a\nx\n||||||| merged common ancestors\n<<<<<<<<< T1\np\n=========\nq\n>>>>>>>>> T2\n=======\ny\n>>>>>>> b\n";
    assert_eq!(opens(text), [0]);
    assert!(malformed(text).is_empty());
}

#[test]
fn a_stray_marker_hides_nothing_after_it() {
    let text = "<<<<<<< half\nx\n<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n>>>>>>> stray\n<<<<<<< c\n=======\n>>>>>>> d\n";
    assert_eq!(malformed(text), [(0, Problem::NotClosed), (7, Problem::NotOpened)]);
    assert_eq!(opens(text), [2, 8]);
}

#[test]
fn half_typed_conflicts_are_told_at_their_place() {
    assert_eq!(malformed("<<<<<<< a\nx\n"), [(0, Problem::NotClosed)]);
    assert_eq!(malformed("<<<<<<< a\nx\n=======\n"), [(0, Problem::NotClosed)]);
    assert_eq!(malformed("<<<<<<< a\nx\n>>>>>>> b\n"), [(0, Problem::NoSeparator)]);
    assert_eq!(malformed("<<<<<< a\n=======\n>>>>>>> b\n"), [(2, Problem::NotOpened)]);
}

#[test]
fn conflicts_that_cross_are_told() {
    let text = "<<<<<<< a\n<<<<<<<< A\n=======\n========\n>>>>>>> b\n>>>>>>>> B\n";
    assert_eq!(opens(text), [0]);
    assert_eq!(malformed(text), [(1, Problem::Crosses { open: 0 })]);
}

#[test]
fn what_git_would_not_call_a_line_is_no_marker() {
    assert!(read("<<<<<<< a\rx\n").1.is_empty());
    assert!(read("x\r<<<<<<< a\n").1.is_empty());
    assert!(read(" <<<<<<< a\n<<<<<<<a\n<<<<<< a\n======= text\n").1.is_empty());
    assert!(read(&"<".repeat(100_000)).1.is_empty());
}

#[test]
fn findings_stand_at_the_markers_in_order() {
    let (text, found) = read("é𝄞\n>>>>>>> x\n<<<<<<< HÉAD𝄞\r\n=======\r\n>>>>>>> b\r\n");
    let found = findings(&text, Path::new("/f"), &found);
    let codes: Vec<_> = found.iter().map(|f| (f.code.as_str(), f.range.start.line, f.range.end.utf16)).collect();
    assert_eq!(codes, [("malformed-conflict", 1, 9), ("merge-conflict", 2, 14)]);
    assert_eq!(found[1].message, "merge conflict between HÉAD𝄞 and b");
    assert_eq!((found[1].range.start.byte, found[1].range.end.byte), (17, 17 + 8 + 5 + 4));
}

#[test]
fn a_conflict_that_was_committed_inside_a_side_is_the_outer_ones_content() {
    let inner = "<<<<<<< c\np\n=======\nq\n>>>>>>> d\n";
    let (text, found) = read(&format!("<<<<<<< a\n{inner}=======\ny\n>>>>>>> b\n"));
    assert!(found.malformed.is_empty(), "{found:?}");
    assert_eq!(found.regions.len(), 1);
    assert_eq!(resolve(&text, &found.regions[0], Choice::Current).unwrap().text, inner);
}

#[test]
fn stray_markers_around_whole_conflicts_hide_none_of_them() {
    let text = "<<<<<<< stray\n<<<<<<< a\n=======\n>>>>>>> b\n<<<<<<< c\n=======\n>>>>>>> d\n>>>>>>> stray\n";
    assert_eq!(malformed(text), [(0, Problem::NotClosed), (7, Problem::NotOpened)]);
    assert_eq!(opens(text), [1, 4]);
}

#[test]
fn rules_and_lists_of_dashes_and_pluses_are_text_in_a_conflict_of_gits() {
    let text = "<<<<<<< a\n-------\n+++++++ x\n\\\\\\\\\\\\\\ y\n=======\n%%%%%%%\n-------\n>>>>>>> b\n";
    let (rope, found) = read(text);
    assert!(found.malformed.is_empty(), "{found:?}");
    assert_eq!(found.regions[0].style, Style::Merge);
    assert_eq!(resolve(&rope, &found.regions[0], Choice::Incoming).unwrap().text, "%%%%%%%\n-------\n");
}
