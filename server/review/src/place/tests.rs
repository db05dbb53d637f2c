#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use AnchorGrade::{Changed, Exact, Moved, Shifted};

const BASE: [&str; 9] = [
    "fn first() {",
    "    let one = read_the_config(path);",
    "    check(one);",
    "}",
    "",
    "fn second() {",
    "    let two = write_the_config(path, value);",
    "    check(two);",
    "}",
];

fn text(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

fn anchor(first: u32, count: u32) -> NoteAnchor {
    Lines::of(&text(&BASE)).anchor("a.rs", first, count).unwrap()
}

fn without(lines: &mut Vec<&str>, at: usize) {
    lines.remove(at);
}

/// Where lines 6 (`let two`) stand after a change, with the old text and without.
fn look(first: u32, count: u32, now: &[&str]) -> (Option<Found>, Option<Found>) {
    let (old, new) = (text(&BASE), text(now));
    let anchor = anchor(first, count);
    (replace(&anchor, Some(&Lines::of(&old)), &Lines::of(&new)), replace(&anchor, None, &Lines::of(&new)))
}

/// What the tracer of GitLab's positions is tested with: a line that is there, written anew or gone, held against changes above it, below it,
/// at it, and both; and what it is in the next revision.
#[test]
fn the_matrix_of_positions() {
    let edited = |change: &dyn Fn(&mut Vec<&'static str>)| {
        let mut lines = BASE.to_vec();
        change(&mut lines);
        lines
    };
    let anew = "    let two = write_the_config(folder, value);";
    let cases: [(&str, Vec<&str>, Option<Found>); 16] = [
        ("nothing", edited(&|_| ()), Some((Exact, 6, 1))),
        ("a line came above", edited(&|l| l.insert(0, "use a;")), Some((Shifted, 7, 1))),
        ("a line came right above", edited(&|l| l.insert(6, "    log();")), Some((Shifted, 7, 1))),
        ("a line went above", edited(&|l| without(l, 2)), Some((Shifted, 5, 1))),
        ("a line changed above", edited(&|l| l[1] = "    let one = 1;"), Some((Exact, 6, 1))),
        ("the neighbour above changed", edited(&|l| l[5] = "fn other() {"), Some((Exact, 6, 1))),
        ("a line came below", edited(&|l| l.insert(7, "    log();")), Some((Exact, 6, 1))),
        ("a line went below", edited(&|l| without(l, 7)), Some((Exact, 6, 1))),
        ("a line changed below", edited(&|l| l[7] = "    done(two);"), Some((Exact, 6, 1))),
        (
            "lines came above and below",
            edited(&|l| {
                l.insert(0, "a");
                l.insert(8, "b");
            }),
            Some((Shifted, 7, 1)),
        ),
        ("it was written anew", edited(&|l| l[6] = anew), Some((Changed, 6, 1))),
        (
            "anew, and a line came above",
            edited(&|l| {
                l[6] = anew;
                l.insert(0, "a");
            }),
            Some((Changed, 7, 1)),
        ),
        ("something else came in its place", edited(&|l| l[6] = "    return Err(Missing.into());"), None),
        ("it went", edited(&|l| without(l, 6)), None),
        (
            "it moved up",
            edited(&|l| {
                let line = l.remove(6);
                l.insert(1, line);
            }),
            Some((Moved, 1, 1)),
        ),
        ("the whole function moved up", edited(&|l| l.rotate_left(5)), Some((Moved, 1, 1))),
    ];
    for (what, now, expected) in cases {
        let (with, without) = look(6, 1, &now);
        assert_eq!(with, expected, "{what}");
        // Without the old text the place is the same where the line still is; only how sure that is may differ.
        let at = |found: Option<Found>| found.map(|(_, first, count)| (first, count));
        if let Some((Exact | Shifted | Moved, ..)) = expected {
            assert_eq!(at(without), at(expected), "{what}, without the old text");
        }
    }
}

#[test]
fn a_range_of_which_one_line_changed_is_changed_and_as_long_as_it_is_now() {
    let mut now = BASE.to_vec();
    now[7] = "    check(two, three);";
    assert_eq!(look(6, 2, &now).0, Some((Changed, 6, 2)));
    now.insert(7, "    log(two);");
    assert_eq!(look(6, 2, &now).0.map(|(grade, first, _)| (grade, first)), Some((Changed, 6)));
}

#[test]
fn a_brace_that_a_comparison_paired_with_another_brace_is_not_taken_for_it() {
    // The second function is gone, the first one's brace is left.
    let now = &BASE[..4];
    let (with, without) = look(8, 1, now);
    assert_eq!((with, without), (None, None));
}

#[test]
fn what_is_asked_about_may_be_nonsense() {
    let mut far = anchor(6, 1);
    (far.line, far.lines) = (Some(u32::MAX), u32::MAX);
    let text = text(&BASE);
    assert_eq!(replace(&far, Some(&Lines::of(&text)), &Lines::of("")), None);
    far.line = None;
    assert_eq!(replace(&far, None, &Lines::of(&text)), None);
}

#[test]
fn what_encloses_a_line_is_the_last_line_at_the_margin() {
    let text = text(&BASE);
    assert_eq!(symbol(&Lines::of(&text), 7).as_deref(), Some("fn second() {"));
    assert_eq!(symbol(&Lines::of("  a\n  b\n"), 1), None);
}
