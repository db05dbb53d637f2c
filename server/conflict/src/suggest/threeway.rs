//! Three-way merge of sequences: edits of two sides against their base, joined where they do not meet.
//! Knows tokens as equal or different, and nothing of what they mean.

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};
use std::hash::Hash;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Longest that one comparison may take; what is found then is a coarser difference, which meets more often.
const PATIENCE: Duration = Duration::from_millis(200);

/// The sides changed the same place, or places that touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clash;

/// One side's replacement of a stretch of the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change<'a, T> {
    /// Of the base.
    pub at: Range<usize>,
    /// What stands there instead.
    pub put: &'a [T],
}

/// What `side` changed, in order; no two of them touch.
pub(super) fn changes<'a, T: Eq + Hash + Ord>(by: Algorithm, base: &[T], side: &'a [T]) -> Vec<Change<'a, T>> {
    let operations = capture_diff_slices_deadline(by, base, side, Some(Instant::now() + PATIENCE));
    let mut found: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for operation in operations.iter().filter(|operation| !matches!(operation, DiffOp::Equal { .. })) {
        let (old, new) = (operation.old_range(), operation.new_range());
        match found.last_mut() {
            Some(last) if last.0.end == old.start && last.1.end == new.start => {
                last.0.end = old.end;
                last.1.end = new.end;
            }
            _ => found.push((old, new)),
        }
    }
    found.into_iter().map(|(old, new)| Change { at: old, put: &side[new] }).collect()
}

/// The base with both sides' changes. The same change on both sides counts once; changes with nothing of the base between
/// them are a [`Clash`].
pub(super) fn merge<T: Clone + Eq>(
    base: &[T],
    left: &[Change<'_, T>],
    right: &[Change<'_, T>],
) -> Result<Vec<T>, Clash> {
    let mut merged = Vec::with_capacity(base.len());
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    let mut at = 0;
    loop {
        let change = match (left.peek(), right.peek()) {
            (None, None) => break,
            (Some(l), Some(r)) if l == r => {
                left.next();
                right.next()
            }
            (Some(l), Some(r)) if l.at.end < r.at.start => left.next(),
            (Some(l), Some(r)) if r.at.end < l.at.start => right.next(),
            (Some(_), Some(_)) => return Err(Clash),
            (Some(_), None) => left.next(),
            (None, Some(_)) => right.next(),
        };
        let Some(change) = change else { break };
        // What came before was not asked about its neighbour on the same side, which never touches it; on the other it was.
        merged.extend_from_slice(base.get(at..change.at.start).ok_or(Clash)?);
        merged.extend_from_slice(change.put);
        at = change.at.end;
    }
    merged.extend_from_slice(base.get(at..).ok_or(Clash)?);
    Ok(merged)
}

/// Merges tokens, if the sides' changes are apart whichever way they are compared, and all ways agree on the result.
///
/// # Errors
/// [`Clash`], where they meet, or the ways differ: then it is not certain what changed.
pub fn merge_tokens<T: Clone + Eq + Hash + Ord>(base: &[T], left: &[T], right: &[T]) -> Result<Vec<T>, Clash> {
    let by = |algorithm| merge(base, &changes(algorithm, base, left), &changes(algorithm, base, right));
    let first = by(Algorithm::Myers)?;
    for algorithm in [Algorithm::Patience, Algorithm::Histogram] {
        if by(algorithm)? != first {
            return Err(Clash);
        }
    }
    Ok(first)
}
