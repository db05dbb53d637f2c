//! Three sequences cut at the elements that all of them have, in order.
//! Knows elements as equal or different, and nothing of what they are.

use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::HashMap;

/// One stretch of three sequences.
pub(crate) enum Chunk {
    /// One element that all three have.
    Same { base: usize, left: usize, right: usize },
    /// What stands between two such elements.
    Changed { base: std::ops::Range<usize>, left: std::ops::Range<usize>, right: std::ops::Range<usize> },
}

/// Three sequences cut at the elements that all of them have, in order.
pub(crate) fn chunks<T: Eq + std::hash::Hash + Ord>(base: &[T], left: &[T], right: &[T]) -> Vec<Chunk> {
    let matched = |side: &[T]| -> HashMap<usize, usize> {
        let mut found = HashMap::new();
        for operation in capture_diff_slices(Algorithm::Patience, base, side) {
            if let DiffOp::Equal { old_index, new_index, len } = operation {
                found.extend((0..len).map(|n| (old_index + n, new_index + n)));
            }
        }
        found
    };
    let (in_left, in_right) = (matched(left), matched(right));
    let mut found = Vec::new();
    let (mut b, mut l, mut r) = (0, 0, 0);
    let push = |found: &mut Vec<Chunk>,
                base: std::ops::Range<usize>,
                left: std::ops::Range<usize>,
                right: std::ops::Range<usize>| {
        if !(base.is_empty() && left.is_empty() && right.is_empty()) {
            found.push(Chunk::Changed { base, left, right });
        }
    };
    for at in 0..base.len() {
        if let (Some(&left_at), Some(&right_at)) = (in_left.get(&at), in_right.get(&at)) {
            push(&mut found, b..at, l..left_at, r..right_at);
            found.push(Chunk::Same { base: at, left: left_at, right: right_at });
            (b, l, r) = (at + 1, left_at + 1, right_at + 1);
        }
    }
    push(&mut found, b..base.len(), l..left.len(), r..right.len());
    found
}
