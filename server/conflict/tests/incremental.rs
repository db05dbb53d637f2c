//! The marker index follows edits exactly, and re-reads only what an edit touched.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_conflict::{Choice, Conflicts, LineChange, Markers, Moved, Offer, resolve};
use proptest::prelude::*;
use ropey::Rope;

const PIECES: [&str; 22] = [
    "%%%%%%% diff from: a\n",
    "\\\\\\\\\\\\\\        to: b\n",
    "+++++++ c\n",
    "------- base\n",
    "-------",
    "+",
    "<<<<<<< HEAD\n",
    "=======\n",
    ">>>>>>> b\n",
    "||||||| base\n",
    "<<<<<<<<< long\r\n",
    "=========\r\n",
    ">>>>>>>>> long\n",
    "text\n",
    "𝄞é\r\n",
    "\n",
    "\r",
    "\r\n",
    "<",
    "=======",
    " ",
    "x\r",
];

fn apply(text: &mut Rope, at: usize, remove: usize, insert: &str) -> LineChange {
    let at = at.min(text.len_chars());
    let end = (at + remove).min(text.len_chars());
    let (start, old_end) = (text.char_to_line(at), text.char_to_line(end));
    text.remove(at..end);
    text.insert(at, insert);
    LineChange { start, old_end, new_end: text.char_to_line(at + insert.chars().count()) }
}

fn pieces(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..most).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn following_edits_equals_reading_everything_again(
        start in pieces(40),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..30, pieces(4)), 1..30),
    ) {
        let mut text = Rope::from_str(&start);
        let mut markers = Markers::scan(&text);
        for (at, remove, insert) in edits {
            let at = at.index(text.len_chars() + 1);
            let change = apply(&mut text, at, remove, &insert);
            markers.edit(&text, change);
            prop_assert_eq!(&markers, &Markers::scan(&text), "after {:?} in {:?}", change, text.to_string());
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic_and_its_regions_lie_in_order(start in "[<=>|%+\\\\\r\n a-]{0,200}") {
        let text = Rope::from_str(&start);
        let found = Conflicts::read(&text);
        let mut last = None;
        for region in &found.regions {
            prop_assert!(last.is_none_or(|last| region.open > last));
            last = Some(region.close);
            prop_assert_eq!(resolve(&text, region, Choice::None).unwrap().text, "");
        }
    }
}

fn conflicts_of(count: usize) -> String {
    (0..count)
        .map(|i| format!("fn f{i}() {{}}\n<<<<<<< HEAD\n{i}\n=======\n-{i}\n>>>>>>> b\n"))
        .collect::<Vec<_>>()
        .concat()
}

#[test]
fn an_edit_leaves_the_markers_of_other_lines_unread() {
    let mut text = Rope::from_str(&conflicts_of(20));
    let mut markers = Markers::scan(&text);
    let before: Vec<_> = markers.as_slice().to_vec();
    let change = apply(&mut text, 3, 0, "two\nlines");
    markers.edit(&text, change);
    let after = markers.as_slice();
    assert_eq!(after.len(), before.len());
    for (old, new) in before.iter().zip(after) {
        assert_eq!((old.id, old.line + 1), (new.id, new.line));
    }
}

#[test]
fn an_edit_elsewhere_does_not_make_a_choice_refuse() {
    let mut text = Rope::from_str(&conflicts_of(3));
    let mut markers = Markers::scan(&text);
    let found = Conflicts::pair(&markers);
    let offer = Offer::of(&text, &found.regions[1]);
    // Right above the opening marker, and above everything.
    for at in [text.line_to_char(7) - 1, 0] {
        let change = apply(&mut text, at, 0, "x\ny");
        markers.edit(&text, change);
    }
    let found = Conflicts::pair(&markers);
    assert_eq!(offer.find(&text, &found), Ok(&found.regions[1]));
}

#[test]
fn a_change_inside_the_region_makes_a_choice_refuse() {
    let mut text = Rope::from_str(&conflicts_of(3));
    let mut markers = Markers::scan(&text);
    let offer = Offer::of(&text, &Conflicts::pair(&markers).regions[1]);
    let side = text.line_to_char(8);
    let change = apply(&mut text, side, 1, "2");
    markers.edit(&text, change);
    assert_eq!(offer.find(&text, &Conflicts::pair(&markers)), Err(Moved));
}

#[test]
fn a_twin_of_a_resolved_conflict_is_not_taken_for_it() {
    let twin = "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> b\n";
    let mut text = Rope::from_str(&format!("{twin}between\n{twin}"));
    let mut markers = Markers::scan(&text);
    let found = Conflicts::pair(&markers);
    let (first, second) = (Offer::of(&text, &found.regions[0]), Offer::of(&text, &found.regions[1]));
    let change = apply(&mut text, 0, twin.chars().count(), "a\n");
    markers.edit(&text, change);
    let found = Conflicts::pair(&markers);
    assert_eq!(first.find(&text, &found), Err(Moved));
    assert_eq!(second.find(&text, &found), Ok(&found.regions[0]));
}

#[test]
fn a_file_that_was_closed_and_opened_again_still_takes_the_choice() {
    let text = Rope::from_str(&conflicts_of(2));
    let offer = Offer::of(&text, &Conflicts::read(&text).regions[1]);
    let again = Conflicts::read(&text);
    assert_eq!(offer.find(&text, &again), Ok(&again.regions[1]));
}
