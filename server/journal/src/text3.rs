//! Three-way merge of texts, line by line: two that were made from one are one again where they changed different places.
//! A pure function, the same whichever of the two comes first; where it cannot tell what was meant it says so and takes neither.

use crate::op::OpId;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::BTreeSet;
use std::ops::Range;

/// Most lines of a text that is merged. Others stand beside each other: comparing them could take long, and every reader compares.
const MOST_LINES: usize = 2_000;

/// The last write that both of two are made from: the one before all others. `None` where there is none, or several, as after
/// two merges of the same texts in different hands. `pred` gives what a write replaces, nothing for one that is not known.
pub(crate) fn ancestor<'p>(one: OpId, other: OpId, pred: impl Fn(OpId) -> &'p [OpId]) -> Option<OpId> {
    let before = |of: OpId| {
        let (mut found, mut open) = (BTreeSet::new(), vec![of]);
        while let Some(next) = open.pop() {
            open.extend(pred(next).iter().filter(|op| found.insert(**op)));
        }
        found
    };
    let common: BTreeSet<OpId> = before(one).intersection(&before(other)).copied().collect();
    // What is before one of them is replaced by one of them: a long history costs its length, and not its square.
    let behind: BTreeSet<OpId> = common.iter().flat_map(|op| pred(*op)).copied().collect();
    let mut nearest = common.difference(&behind);
    nearest.next().filter(|_| nearest.next().is_none()).copied()
}

/// What one side put in place of a run of lines of the common text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change<'t> {
    of: Range<usize>,
    by: Vec<&'t str>,
}

/// The text with the changes of both; `None` where they touch each other and are not the same, or where a text is too long.
pub(crate) fn merge(base: &str, one: &str, other: &str) -> Option<String> {
    let [base, one, other] = [base, one, other].map(|text| text.split('\n').collect::<Vec<_>>());
    if [&base, &one, &other].iter().any(|lines| lines.len() > MOST_LINES) {
        return None;
    }
    let (mut ours, mut theirs) =
        (changes(&base, &one).into_iter().peekable(), changes(&base, &other).into_iter().peekable());
    let (mut merged, mut at) = (Vec::new(), 0);
    loop {
        let change = match (ours.peek(), theirs.peek()) {
            (None, None) => break,
            // The same change by both is one change.
            (Some(a), Some(b)) if a == b => {
                theirs.next();
                ours.next()
            }
            // Side by side is together: what one wrote beside a line was written about the line as it was.
            (Some(a), Some(b)) if a.of.start <= b.of.end && b.of.start <= a.of.end => return None,
            (Some(a), Some(b)) => {
                if a.of.start < b.of.start {
                    ours.next()
                } else {
                    theirs.next()
                }
            }
            (Some(_), None) => ours.next(),
            (None, Some(_)) => theirs.next(),
        };
        let Some(Change { of, by }) = change else { break };
        merged.extend_from_slice(base.get(at..of.start)?);
        merged.extend(by);
        at = of.end;
    }
    merged.extend_from_slice(base.get(at..)?);
    Some(merged.join("\n"))
}

fn changes<'t>(base: &[&'t str], side: &[&'t str]) -> Vec<Change<'t>> {
    let mut changes: Vec<Change<'t>> = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, base, side) {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        let (of, by) = (op.old_range(), side[op.new_range()].to_vec());
        match changes.last_mut() {
            // Taken out and put in at one place is one change.
            Some(last) if last.of.end == of.start => {
                last.of.end = of.end;
                last.by.extend(by);
            }
            _ => changes.push(Change { of, by }),
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const BASE: &str = "one\ntwo\nthree\nfour\nfive";

    #[test]
    fn changes_of_different_places_go_together_and_of_one_place_do_not() {
        assert_eq!(
            merge(BASE, "ONE\ntwo\nthree\nfour\nfive", "one\ntwo\nthree\nfour\nFIVE").as_deref(),
            Some("ONE\ntwo\nthree\nfour\nFIVE")
        );
        assert_eq!(
            merge(BASE, "one\nthree\nfour\nfive", "one\ntwo\nthree\nfour\nnew\nfive").as_deref(),
            Some("one\nthree\nfour\nnew\nfive")
        );
        assert_eq!(merge(BASE, "1\ntwo\nthree\nfour\nfive", "I\ntwo\nthree\nfour\nfive"), None);
        assert_eq!(
            merge(BASE, "ONE\ntwo\nthree\nfour\nfive", "one\nTWO\nthree\nfour\nfive"),
            None,
            "beside each other"
        );
        assert_eq!(merge(BASE, "one\nthree\nfour\nfive", "one\nTWO\nthree\nfour\nfive"), None, "taken out and changed");
        assert_eq!(merge("a", "a\nb", "a\nc"), None, "put in at one place");
    }

    #[test]
    fn where_two_writes_are_nearest_none_is_taken() {
        let op = |n: u32| OpId::new(ulid::Ulid::from_parts(1, 1), n);
        let (crossed, root, none) = ([op(1), op(2)], [op(0)], []);
        let pred = |id: OpId| match id {
            id if id == op(0) => &none[..],
            id if id == op(1) || id == op(2) => &root[..],
            _ => &crossed[..],
        };
        assert_eq!(ancestor(op(3), op(4), pred), None);
        assert_eq!(ancestor(op(1), op(2), pred), Some(op(0)));
    }

    #[test]
    fn the_nearest_common_write_of_a_long_history_is_found_in_proportion_to_its_length() {
        let op = |n: u32| OpId::new(ulid::Ulid::from_parts(1, 1), n);
        let long = 3_000;
        let preds: Vec<Vec<OpId>> = (0..=long).map(|n| if n == 0 { Vec::new() } else { vec![op(n - 1)] }).collect();
        let of: std::collections::BTreeMap<OpId, usize> = (0..=long).map(|n| (op(n), n as usize)).collect();
        let (one, other) = (op(long + 1), op(long + 2));
        let last = [op(long)];
        let asked = std::cell::Cell::new(0);
        let found = ancestor(one, other, |id| {
            asked.set(asked.get() + 1);
            of.get(&id).map_or(&last[..], |n| &preds[*n])
        });
        assert_eq!(found, Some(op(long)));
        assert!(asked.get() <= 4 * (long as usize + 2), "{} questions", asked.get());
    }

    #[test]
    fn the_same_change_by_both_is_one_and_an_unchanged_side_adds_nothing() {
        let one = "one\ntwo\nTHREE\nfour\nfive";
        assert_eq!(merge(BASE, one, one).as_deref(), Some(one));
        assert_eq!(merge(BASE, BASE, one).as_deref(), Some(one));
        assert_eq!(merge(BASE, "", BASE).as_deref(), Some(""));
        assert_eq!(
            merge(BASE, one, "one\ntwo\nTHREE\nfour\nfive\nsix").as_deref(),
            Some("one\ntwo\nTHREE\nfour\nfive\nsix")
        );
    }

    #[test]
    fn a_text_of_too_many_lines_is_not_compared() {
        let long = "x\n".repeat(MOST_LINES);
        assert_eq!(merge("a", "a", &long), None);
        assert_eq!(merge(&long, "a", "b"), None);
    }

    /// A text, and what two made of it: lines taken out, and new ones, of which no two are equal, put in.
    fn three() -> impl Strategy<Value = [String; 3]> {
        let edit = || proptest::collection::vec((0..4_u8, 0..3_u8), 0..12);
        (0..12_usize, edit(), edit()).prop_map(|(lines, a, b)| {
            let side = |name: &str, edit: &[(u8, u8)]| {
                let mut made = Vec::new();
                for n in 0..=lines {
                    let (drop, add) = edit.get(n).copied().unwrap_or((1, 0));
                    made.extend((0..add.saturating_sub(1)).map(|k| format!("{name}{n}.{k}")));
                    if n < lines && drop > 0 {
                        made.push(format!("line {n}"));
                    }
                }
                made.join("\n")
            };
            [side("", &[]), side("a", &a), side("b", &b)]
        })
    }

    proptest! {
        #[test]
        fn whichever_comes_first_the_outcome_is_the_same_and_nothing_is_lost_or_brought_back([base, a, b] in three()) {
            let merged = merge(&base, &a, &b);
            prop_assert_eq!(&merged, &merge(&base, &b, &a));
            prop_assert_eq!(merge(&base, &base, &b), Some(b.clone()));
            if let Some(merged) = merged {
                let lines = |text: &str| text.split('\n').map(str::to_owned).collect::<BTreeSet<_>>();
                let (base, a, b) = (lines(&base), lines(&a), lines(&b));
                let kept = base.iter().filter(|line| a.contains(*line) && b.contains(*line));
                let wanted: BTreeSet<String> =
                    kept.chain(a.difference(&base)).chain(b.difference(&base)).cloned().collect();
                prop_assert_eq!(&lines(&merged) | &BTreeSet::from([String::new()]), &wanted | &BTreeSet::from([String::new()]));
            }
        }
    }
}
