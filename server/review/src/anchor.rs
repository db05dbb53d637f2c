//! Where a note or a thread stands: taken down when it is written, found again in the text as it is now by what its lines and their
//! neighbours said. Works on texts that are at hand; reads no file and changes no anchor.

use contract::{AnchorGrade, NoteAnchor, Position, Range};
use journal::QUOTED;
use std::collections::HashMap;

/// A text as places are looked for in it: where its lines begin, and what they say.
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    hashes: Vec<String>,
}

impl<'t> Lines<'t> {
    /// Lines end at LF, CRLF and CR, as editors count them. Takes time in proportion to the text.
    pub fn of(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (at, byte) in bytes.iter().enumerate() {
            if *byte == b'\n' || *byte == b'\r' && bytes.get(at + 1) != Some(&b'\n') {
                starts.push(at + 1);
            }
        }
        let mut lines = Self { text, starts, hashes: Vec::new() };
        lines.hashes = (0..lines.count()).map(|line| hash(lines.line(line))).collect();
        lines
    }

    /// Number of lines; the empty one behind the last line's end counts only where it is the only one.
    pub fn count(&self) -> usize {
        let last_is_empty = self.starts.last() == Some(&self.text.len());
        if last_is_empty && self.starts.len() > 1 { self.starts.len() - 1 } else { self.starts.len() }
    }

    /// The same, for sums that may go below zero.
    fn end(&self) -> i64 {
        i64::try_from(self.count()).unwrap_or(i64::MAX)
    }

    /// A line without what ends it; empty past the end.
    pub fn line(&self, line: usize) -> &'t str {
        let Some(start) = self.starts.get(line) else { return "" };
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        self.text[*start..end].trim_end_matches(['\n', '\r'])
    }

    /// The whole text.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// What a line is compared by: hex of a hash of its words; empty for a line without words, `None` past the end.
    pub fn hash_of(&self, line: usize) -> Option<&str> {
        self.hashes.get(line).map(String::as_str)
    }

    fn hash(&self, line: i64) -> Option<&str> {
        usize::try_from(line).ok().and_then(|line| self.hashes.get(line)).map(String::as_str)
    }

    /// From the first line's beginning to the last one's end.
    pub fn range(&self, first: usize, count: usize) -> Range {
        let last = (first + count.max(1) - 1).min(self.count() - 1);
        let first = first.min(last);
        let (start, text) = (self.starts[first], self.line(last));
        let position = |line: usize, utf16: usize, byte: usize| Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            utf16: u32::try_from(utf16).unwrap_or(u32::MAX),
            byte: byte as u64,
        };
        Range {
            start: position(first, 0, start),
            end: position(last, text.encode_utf16().count(), self.starts[last] + text.len()),
        }
    }

    /// The anchor of `count` lines from `first` on; `None` where the text has no such lines.
    pub fn anchor(&self, path: &str, first: u32, count: u32) -> Option<NoteAnchor> {
        let (from, number) = (first as usize, count as usize);
        if number == 0 || from.checked_add(number)? > self.count() {
            return None;
        }
        let (quoted, characters, hashed, around) = QUOTED;
        let quote = (from..from + number.min(quoted)).map(|line| self.line(line).chars().take(characters).collect());
        let hashes = |lines: std::ops::Range<usize>| self.hashes[lines].to_vec();
        let behind = from + number;
        Some(NoteAnchor {
            path: Some(path.to_owned()),
            line: Some(first),
            lines: count,
            quote: quote.collect(),
            hashes: hashes(from..from + number.min(hashed)),
            before: hashes(from.saturating_sub(around)..from),
            after: hashes(behind..(behind + around).min(self.count())),
        })
    }
}

/// Hex of the first 8 bytes of BLAKE3 over the words with one space between them; empty where there are none.
fn hash(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    if words.is_empty() {
        return String::new();
    }
    let whole = host::fingerprint(words.join(" ").as_bytes());
    whole.trim_start_matches("blake3:").chars().take(16).collect()
}

/// What speaks for the lines being a number of lines further down.
#[derive(Debug, Clone, Copy, Default)]
struct Votes {
    own: usize,
    above: usize,
    below: usize,
}

impl Votes {
    fn around(self) -> usize {
        self.above + self.below
    }

    fn weight(self) -> usize {
        2 * self.own + self.around()
    }
}

/// The grade of an anchor's place in a text, its first line and how many; `None` where its lines are not found any more.
/// Every line that has a counterpart in the text votes for the distance between them; lines without words do not vote.
pub fn found(anchor: &NoteAnchor, line: u32, lines: &Lines<'_>) -> Option<(AnchorGrade, usize, usize)> {
    let (line, count) = (i64::from(line), i64::from(anchor.lines.max(1)));
    let items = items(anchor, count);
    let mut votes: HashMap<i64, Votes> = HashMap::new();
    let mut by_hash: HashMap<&str, Vec<(i64, Part)>> = HashMap::new();
    for (at, part, hash) in &items {
        by_hash.entry(hash).or_default().push((*at, *part));
    }
    for (at, hash) in (0_i64..).zip(&lines.hashes) {
        for (own, part) in by_hash.get(hash.as_str()).into_iter().flatten() {
            let vote = votes.entry(at - (line + own)).or_default();
            match part {
                Part::Own => vote.own += 1,
                Part::Above => vote.above += 1,
                Part::Below => vote.below += 1,
            }
        }
    }
    let total = |part: Part| items.iter().filter(|(_, of, _)| *of == part).count();
    let (own, around) = (total(Part::Own), total(Part::Above) + total(Part::Below));
    let whole = |by: i64| {
        let first = line + by;
        first >= 0
            && first + count <= lines.end()
            && (first..).zip(&anchor.hashes).all(|(at, hash)| lines.hash(at) == Some(hash))
    };
    let at = |by: i64| usize::try_from(line + by).unwrap_or(0);
    let nearest = |by: i64| std::cmp::Reverse((by.unsigned_abs(), by < 0));

    let mut same: Vec<(i64, Votes)> =
        votes.iter().map(|(by, votes)| (*by, *votes)).filter(|(by, _)| whole(*by)).collect();
    if same.is_empty() && own == 0 && whole(0) {
        same.push((0, Votes::default()));
    }
    let only = same.len() == 1;
    if let Some((by, votes)) = same.into_iter().max_by_key(|(by, votes)| (votes.around(), nearest(*by))) {
        let known = around == 0 || votes.around() > 0 || only && own > 0;
        let number = usize::try_from(count).unwrap_or(1);
        if by == 0 && known {
            return Some((AnchorGrade::Exact, at(0), number));
        }
        // A line that stands in many places, and none of them has a neighbour that it had, says nothing.
        if known && (only || votes.around() > 0) {
            let between = 2 * votes.around() >= around;
            return Some((if between { AnchorGrade::Shifted } else { AnchorGrade::Moved }, at(by), number));
        }
    }
    changed(line, count, &votes, own, around, lines)
}

/// The place of lines that are others now: where most of what is left of them, or of their neighbours, speaks for.
fn changed(
    line: i64,
    count: i64,
    votes: &HashMap<i64, Votes>,
    own: usize,
    around: usize,
    lines: &Lines<'_>,
) -> Option<(AnchorGrade, usize, usize)> {
    let nearest = |by: &i64| std::cmp::Reverse((by.unsigned_abs(), *by < 0));
    let (by, best) = votes.iter().max_by_key(|(by, votes)| (votes.weight(), nearest(by)))?;
    // A third of what could be found: less is chance. So is one line without a neighbour that it had.
    let alone = around > 0 && best.around() == 0 && best.own < 2;
    if 3 * best.weight() < 2 * own + around || alone || best.weight() < 2 && own + around > 1 {
        return None;
    }
    // Lines were added or taken out among them: what stood above says where they begin, what stood below where they end.
    let near = |other: i64, far: std::ops::RangeInclusive<i64>, of: fn(&Votes) -> usize| {
        let near = votes.iter().filter(|(at, votes)| far.contains(&(*at - other)) && of(votes) > 0);
        near.max_by_key(|(at, votes)| (of(votes), nearest(at))).map(|(at, _)| *at)
    };
    let above = if best.above == 0 { near(*by, -64..=count, |votes| votes.above) } else { None };
    let below = if best.below == 0 { near(*by, -count..=64, |votes| votes.below) } else { None };
    let first = line + above.unwrap_or(*by);
    let behind = line + below.unwrap_or(*by) + count;
    let last = lines.end() - 1;
    let first = first.clamp(0, last);
    let number = (behind - first).clamp(1, last + 1 - first);
    Some((AnchorGrade::Changed, usize::try_from(first).ok()?, usize::try_from(number).ok()?))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Own,
    Above,
    Below,
}

/// The lines of an anchor that have words, each with its distance from the first one of its own.
fn items(anchor: &NoteAnchor, count: i64) -> Vec<(i64, Part, &str)> {
    let above = -i64::try_from(anchor.before.len()).unwrap_or(0);
    let parts =
        [(0, Part::Own, &anchor.hashes), (above, Part::Above, &anchor.before), (count, Part::Below, &anchor.after)];
    let lines = parts.into_iter().flat_map(|(from, part, hashes)| {
        (from..).zip(hashes).filter(|(_, hash)| !hash.is_empty()).map(move |(at, hash)| (at, part, hash.as_str()))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

    use super::*;
    use proptest::prelude::*;

    fn numbered(lines: std::ops::Range<u32>) -> String {
        lines.map(|n| format!("line {n}\n")).collect::<Vec<_>>().concat()
    }

    fn look(anchor: &NoteAnchor, text: &str) -> (AnchorGrade, Option<(u32, u32)>) {
        let lines = Lines::of(text);
        let Some((grade, first, count)) = found(anchor, anchor.line.unwrap(), &lines) else {
            return (AnchorGrade::File, None);
        };
        let range = lines.range(first, count);
        (grade, Some((range.start.line, range.end.line)))
    }

    fn at(text: &str, first: u32, count: u32) -> NoteAnchor {
        Lines::of(text).anchor("a.rs", first, count).unwrap()
    }

    #[test]
    fn lines_that_stayed_are_exact_and_lines_that_were_pushed_down_are_shifted() {
        let text = numbered(0..20);
        let anchor = at(&text, 10, 2);
        assert_eq!(look(&anchor, &text), (AnchorGrade::Exact, Some((10, 11))));
        assert_eq!(look(&anchor, &text.replace("line 11", "  line   11 ")), (AnchorGrade::Exact, Some((10, 11))));
        assert_eq!(look(&anchor, &format!("x\ny\n{text}")), (AnchorGrade::Shifted, Some((12, 13))));
        assert_eq!(look(&anchor, &numbered(5..20)), (AnchorGrade::Shifted, Some((5, 6))));
    }

    #[test]
    fn lines_among_other_ones_are_moved() {
        let text = numbered(0..20);
        let moved = format!("line 10\n{}", text.replace("line 10\n", ""));
        assert_eq!(look(&at(&text, 10, 1), &moved), (AnchorGrade::Moved, Some((0, 0))));
    }

    #[test]
    fn a_line_that_was_rewritten_is_where_its_neighbours_are() {
        let text = numbered(0..20);
        let anchor = at(&text, 10, 1);
        assert_eq!(look(&anchor, &text.replace("line 10\n", "other\n")), (AnchorGrade::Changed, Some((10, 10))));
        let pushed = format!("x\n{}", text.replace("line 10\n", "other\n"));
        assert_eq!(look(&anchor, &pushed), (AnchorGrade::Changed, Some((11, 11))));
        let grown = text.replace("line 11\n", "a\nb\nc\n");
        assert_eq!(look(&at(&text, 10, 3), &grown), (AnchorGrade::Changed, Some((10, 14))), "lines came among them");
    }

    #[test]
    fn lines_that_are_gone_leave_the_note_to_the_file() {
        let text = numbered(0..20);
        let anchor = at(&text, 10, 1);
        assert_eq!(look(&anchor, "something else\n"), (AnchorGrade::File, None));
        assert_eq!(look(&anchor, ""), (AnchorGrade::File, None));
    }

    #[test]
    fn of_many_equal_lines_the_one_with_its_neighbours_is_meant_and_none_without() {
        let text = "fn a() {\n    one();\n}\n\nfn b() {\n    two();\n}\n\nfn c() {\n    three();\n}\n";
        let anchor = at(text, 6, 1);
        assert_eq!(look(&anchor, &format!("\n\n{text}")), (AnchorGrade::Shifted, Some((8, 8))));
        assert_eq!(look(&anchor, "}\nx\n}\ny\n}\n"), (AnchorGrade::File, None), "a brace says nothing");
        let blank = at(text, 3, 1);
        assert_eq!(look(&blank, text), (AnchorGrade::Exact, Some((3, 3))));
    }

    #[test]
    fn lines_end_as_editors_count_them_and_columns_are_utf16() {
        let text = "a\r\nb\rc𝄞\nd";
        let lines = Lines::of(text);
        assert_eq!(lines.count(), 4);
        let range = lines.range(2, 1);
        assert_eq!((range.start.line, range.start.byte, range.end.utf16, range.end.byte), (2, 5, 3, 10));
        assert_eq!(lines.anchor("a", 3, 2), None, "there is no fifth line");
        assert_eq!(lines.anchor("a", u32::MAX, u32::MAX), None);
        assert_eq!(Lines::of("").anchor("a", 0, 1).unwrap().quote, [""]);
    }

    proptest! {
        #[test]
        fn no_anchor_and_no_text_make_it_point_out_of_the_text(
            text in "[ab}\n\r ]{0,60}",
            line in prop_oneof![0_u32..9, Just(u32::MAX)],
            lines in prop_oneof![0_u32..9, Just(u32::MAX)],
            other in "[ab}\n ]{1,30}",
        ) {
            let mut anchor = Lines::of(&other).anchor("a", 0, 1).unwrap();
            (anchor.line, anchor.lines) = (Some(line), lines);
            let at = Lines::of(&text);
            if let Some((_, first, count)) = found(&anchor, anchor.line.unwrap(), &at) {
                let range = at.range(first, count);
                prop_assert!(range.start.line <= range.end.line && (range.end.line as usize) < at.count());
                prop_assert!(range.end.byte as usize <= text.len() && range.start.byte <= range.end.byte);
            }
        }

        #[test]
        fn a_stretch_with_words_is_found_wherever_lines_are_put_in_front(front in 0_u32..30, first in 0_u32..18, count in 1_u32..3) {
            let text = numbered(0..20);
            let pushed = format!("{}{text}", (0..front).map(|n| format!("front {n}\n")).collect::<Vec<_>>().concat());
            let (grade, range) = look(&at(&text, first, count), &pushed);
            prop_assert_eq!(range, Some((first + front, first + front + count - 1)));
            prop_assert_eq!(grade, if front == 0 { AnchorGrade::Exact } else { AnchorGrade::Shifted });
        }
    }
}
