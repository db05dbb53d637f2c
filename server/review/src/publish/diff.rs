//! Which lines a host's comparison of a file shows: those that changed and three around them. A comment on another line is refused there,
//! and with it all that was sent with it.

use contract::{Hunk, ReviewSide};
use std::ops::Range;

/// Lines around a change that a comparison shows.
const AROUND: u32 = 3;

/// Whether a comparison shows all these lines of one side, and in one stretch. `lines` are zero-based.
pub(super) fn shows(hunks: &[Hunk], side: ReviewSide, lines: &Range<u32>) -> bool {
    let of = |hunk: &Hunk| match side {
        ReviewSide::Old => (hunk.old_line, hunk.old_lines),
        ReviewSide::New => (hunk.new_line, hunk.new_lines),
    };
    let mut stretches: Vec<Range<u32>> = Vec::new();
    for (first, count) in hunks.iter().map(of) {
        let end = first.saturating_add(count);
        match stretches.last_mut() {
            // What is shown around two changes is one stretch where nothing is left out between them.
            Some(last) if first.saturating_sub(last.end) <= 2 * AROUND => last.end = end,
            _ => stretches.push(first..end),
        }
    }
    let shown = |stretch: &Range<u32>| {
        stretch.start.saturating_sub(AROUND) <= lines.start && lines.end <= stretch.end.saturating_add(AROUND)
    };
    stretches.iter().any(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_shows_what_changed_and_three_lines_around_it() {
        // Lines 11 and 12 for line 11, and one taken out before what is line 31 now.
        let hunks = [
            Hunk { old_line: 10, old_lines: 1, new_line: 10, new_lines: 2 },
            Hunk { old_line: 30, old_lines: 1, new_line: 31, new_lines: 0 },
        ];
        let new = |lines: Range<u32>| shows(&hunks, ReviewSide::New, &lines);
        assert!(new(7..8) && new(10..12) && new(14..15) && new(7..15));
        assert!(!new(6..7) && !new(15..16) && !new(12..30));
        assert!(new(28..29) && new(33..34) && !new(27..28) && !new(34..35));
        let old = |lines: Range<u32>| shows(&hunks, ReviewSide::Old, &lines);
        assert!(old(13..14) && !old(14..15) && old(33..34) && !old(34..35));
        assert!(!shows(&[], ReviewSide::New, &(0..1)));
    }

    #[test]
    fn changes_that_are_near_are_shown_in_one_stretch() {
        let at = |line| Hunk { old_line: line, old_lines: 1, new_line: line, new_lines: 1 };
        assert!(shows(&[at(10), at(17)], ReviewSide::New, &(10..18)), "six lines between them");
        assert!(!shows(&[at(10), at(18)], ReviewSide::New, &(10..19)), "seven");
    }
}
