//! A resolution that is written down is found again in the text, and undone to the byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_conflict::{Choice, Conflicts, Lost, Resolution, identity, resolve};
use proptest::prelude::*;
use ropey::Rope;

/// A text with one conflict, and what a choice leaves of it.
fn resolved(text: &str, choice: Choice) -> (Resolution, String) {
    let rope = Rope::from_str(text);
    let conflicts = Conflicts::read(&rope);
    let region = &conflicts.regions[0];
    let edit = resolve(&rope, region, choice).unwrap();
    let [start, end] = [edit.range.start.byte, edit.range.end.byte].map(|byte| usize::try_from(byte).unwrap());
    let written = [&text[..start], &edit.text, &text[end..]].concat();
    let resolution = Resolution::of(&rope, region, &choice.name(), &edit.text);
    let line = region.open;
    (resolution.placed(&Rope::from_str(&written), line), written)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_resolution_is_undone_to_the_byte_or_refused(
        lines in prop::collection::vec("[ab]{0,1}", 0..8),
        sides in prop::collection::vec(prop::collection::vec("[ab]{0,1}", 0..3), 2),
        at in 0..8_usize,
        ends in prop::sample::select(&["\n", "\r\n"][..]),
        choice in prop::sample::select(&[Choice::Current, Choice::Incoming, Choice::Both, Choice::None][..]),
        more in prop::collection::vec("[ab]{0,1}", 0..3),
    ) {
        let joined = |lines: &[String]| lines.iter().flat_map(|line| [line.as_str(), ends]).collect::<String>();
        let at = at.min(lines.len());
        let conflict = format!("<<<<<<< x{ends}{}======={ends}{}>>>>>>> y{ends}", joined(&sides[0]), joined(&sides[1]));
        let text = [&*joined(&lines[..at]), &conflict, &joined(&lines[at..])].concat();
        let (resolution, written) = resolved(&text, choice);
        match resolution.undone(&written) {
            Ok(undone) => prop_assert_eq!(undone, text.clone()),
            Err(lost) => prop_assert!(resolution.after.trim().is_empty(), "{:?} of {:?}", lost, text),
        }
        // Whatever was put before it: it is back somewhere that reads the same, or it is refused.
        let moved = [joined(&more), written].concat();
        if let Ok(undone) = resolution.undone(&moved) {
            prop_assert_eq!(undone.replacen(&conflict, &resolution.after, 1), moved);
        }
    }
}

#[test]
fn what_stands_at_several_places_is_only_undone_where_it_was() {
    let (resolution, written) = resolved("p\n<<<<<<< a\nx\n=======\ny\n>>>>>>> b\nq\np\nx\nq\n", Choice::Current);
    assert!(resolution.undone(&written).is_ok());
    let (resolution, _) = resolved("p\n<<<<<<< a\nx\n=======\ny\n>>>>>>> b\nq\n", Choice::Current);
    assert_eq!(resolution.undone("0\np\nx\nq\n1\np\nx\nq\n"), Err(Lost::Several));
    assert_eq!(resolution.undone("p\ny\nq\n"), Err(Lost::Gone));
    assert_eq!(["p\ny\nq\n", "0\np\nx\nq\n"].map(|text| resolution.line_in(text)), [None, Some(2)]);
}

#[test]
fn the_identity_is_that_of_the_sides_and_of_nothing_else() {
    let of = |text: &str| {
        let rope = Rope::from_str(text);
        identity(&rope, &Conflicts::read(&rope).regions[0])
    };
    let plain = of("<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n").unwrap();
    assert_eq!(of("q\n<<<<<<< HEAD\ny\n||||||| o\nbase\n=======\nx\n>>>>>>> z\n"), Some(plain), "sides, in any order");
    assert_eq!(of("<<<<<<< a\r\nx\r\n=======\r\ny\r\n>>>>>>> b\r\n"), Some(plain), "line ends");
    for other in ["<<<<<<< a\nx\n=======\nz\n>>>>>>> b\n", "<<<<<<< a\nx\ny\n=======\n>>>>>>> b\n"] {
        assert!(of(other).is_some_and(|other| other != plain), "{other}");
    }
    assert_eq!(of("<<<<<<< a\n=======\n\n>>>>>>> b\n"), None, "nothing to know it by");
}
