//! A thread's lines in a text that came after the one they were put on: by the lines that both texts share, as Gerrit maps them, then
//! by what the lines said, as the places of notes are found, then by how much they look like what was there.
//! Nothing is dropped: lines that are not found leave the thread to its file.

use crate::anchor::{Lines, found};
use contract::{AnchorGrade, NoteAnchor};
use similar::{Algorithm, DiffOp, capture_diff_slices, capture_diff_slices_deadline};
use std::ops::Range;
use std::time::{Duration, Instant};

/// Longest text that is compared line by line; a longer one is looked through for the lines alone.
const MOST_LINES: usize = 50_000;
/// Longest that one comparison takes; it is coarser then.
const PATIENCE: Duration = Duration::from_millis(200);
/// How much of the lines has to be left for them to count as changed, and not as gone: three fifths.
const ALIKE: (usize, usize) = (3, 5);

/// How well lines were found, the first one and how many.
pub type Found = (AnchorGrade, usize, usize);

/// Finds the lines of an anchor again. `old` is the text that it was put on, where that is known; `None`: they are not there any more.
pub fn replace(anchor: &NoteAnchor, old: Option<&Lines<'_>>, new: &Lines<'_>) -> Option<Found> {
    let line = anchor.line?;
    let (first, count) = (line as usize, anchor.lines.max(1) as usize);
    let Some(old) = old.filter(|old| first + count <= old.count()) else { return said(anchor, line, new) };
    if old.text() == new.text() {
        return Some((AnchorGrade::Exact, first, count));
    }
    if old.count().max(new.count()) > MOST_LINES {
        return said(anchor, line, new);
    }
    let lines = |of: &Lines<'_>| -> Vec<String> { (0..of.count()).map(|at| of.line(at).to_owned()).collect() };
    let (before, after) = (lines(old), lines(new));
    let ops = capture_diff_slices_deadline(Algorithm::Myers, &before, &after, Some(Instant::now() + PATIENCE));
    let wanted = first..first + count;
    for op in &ops {
        if let DiffOp::Equal { old_index, new_index, len } = *op
            && old_index <= wanted.start
            && wanted.end <= old_index + len
        {
            let at = new_index + (wanted.start - old_index);
            // A brace or an empty line that a comparison happened to pair says nothing by itself: what stood around it has to agree.
            if says_something(&wanted, old) || len > count {
                return Some((if at == first { AnchorGrade::Exact } else { AnchorGrade::Shifted }, at, count));
            }
        }
    }
    // The lines themselves were touched. The same lines elsewhere are those that were meant; else those that came in their place.
    match said(anchor, line, new) {
        Some((AnchorGrade::Exact | AnchorGrade::Shifted | AnchorGrade::Moved, at, count)) => {
            let grade = if at == first { AnchorGrade::Exact } else { AnchorGrade::Moved };
            Some((grade, at, count))
        }
        _ => changed(&wanted, &ops, &before, &after),
    }
}

/// By what the lines and their neighbours said alone. A line that says nothing, a brace, is not taken for another one among other lines.
fn said(anchor: &NoteAnchor, line: u32, new: &Lines<'_>) -> Option<Found> {
    found(anchor, line, new)
        .filter(|(grade, ..)| *grade != AnchorGrade::Moved || anchor.quote.iter().any(|line| has_words(line)))
}

fn says_something(lines: &Range<usize>, of: &Lines<'_>) -> bool {
    lines.clone().any(|at| has_words(of.line(at)))
}

fn has_words(line: &str) -> bool {
    line.chars().filter(|c| c.is_alphanumeric()).count() > 2
}

/// Where lines that were written anew are: among what came in place of them, what looks most like them.
fn changed(wanted: &Range<usize>, ops: &[DiffOp], before: &[String], after: &[String]) -> Option<Found> {
    // From where what stood before the lines ends to where what stood behind them begins.
    let mut start = 0;
    let mut end = after.len();
    for op in ops {
        if let DiffOp::Equal { old_index, new_index, len } = *op {
            if old_index + len <= wanted.start {
                start = new_index + len;
            } else if old_index < wanted.start {
                start = new_index + (wanted.start - old_index);
            }
            if old_index >= wanted.end {
                end = end.min(new_index);
            } else if old_index + len > wanted.end {
                end = end.min(new_index + (wanted.end - old_index));
            }
        }
    }
    if start >= end {
        return None;
    }
    let was = words(before.get(wanted.clone())?);
    let count = wanted.len().min(end - start);
    let whole = (start, end - start);
    let windows = (start..=end - count).take(200).map(|at| (at, count)).chain([whole]);
    let alike = |(at, count): &(usize, usize)| {
        let now = words(&after[*at..*at + *count]);
        let ops = capture_diff_slices(Algorithm::Myers, &was, &now);
        let kept: usize =
            ops.iter().filter(|op| matches!(op, DiffOp::Equal { .. })).map(|op| op.old_range().len()).sum();
        Alike { kept: 2 * kept, of: was.len() + now.len() }
    };
    let mut best: Option<(Alike, (usize, usize))> = None;
    for window in windows {
        let alike = alike(&window);
        if best.as_ref().is_none_or(|(known, _)| alike.is_more_than(known)) {
            best = Some((alike, window));
        }
    }
    let (alike, (at, count)) = best?;
    (alike.kept * ALIKE.1 >= alike.of * ALIKE.0).then_some((AnchorGrade::Changed, at, count))
}

/// How much of two texts is the same.
struct Alike {
    kept: usize,
    of: usize,
}

impl Alike {
    fn is_more_than(&self, other: &Alike) -> bool {
        self.kept * other.of > other.kept * self.of
    }
}

/// Runs of letters and digits, and every other sign by itself; at most 2,000 of them.
fn words(lines: &[String]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for line in lines {
        let mut open = false;
        for c in line.chars() {
            let part = c.is_alphanumeric() || c == '_';
            if let Some(word) = words.last_mut().filter(|_| part && open) {
                word.push(c);
            } else if words.len() >= 2_000 {
                return words;
            } else if !c.is_whitespace() {
                words.push(c.to_string());
            }
            open = part;
        }
    }
    words
}

/// The nearest line at or above a place that begins at the margin with a word, as the heads of git's hunks have it.
pub fn symbol(lines: &Lines<'_>, line: u32) -> Option<String> {
    let is_head = |text: &str| text.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_' || c == '$');
    let head = (0..=line as usize).rev().take(5_000).map(|at| lines.line(at)).find(|text| is_head(text))?;
    Some(head.trim_end().chars().take(200).collect())
}

#[cfg(test)]
mod tests;
