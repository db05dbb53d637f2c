//! One conflict region: its style, its sections, and the texts of its sides and common ancestors.
//! Made by pairing markers; reads the text only for labels, positions and the sides themselves.

use crate::marker;
use contract::{Position, Range};
use ropey::{Rope, RopeSlice};
use std::ops;

/// How a region is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// Two sides, as git writes them.
    Merge,
    /// Two sides and their common ancestor. `zdiff3`, and jj's `git`, look the same.
    Diff3,
    /// jj's: one side whole, the others as what changed from a common ancestor. Any number of sides.
    JjDiff,
    /// jj's: sides and common ancestors in turn. Any number of sides.
    JjSnapshot,
}

impl Style {
    /// `merge`, `diff3`, `jj-diff` or `jj-snapshot`.
    pub fn name(self) -> &'static str {
        match self {
            Style::Merge => "merge",
            Style::Diff3 => "diff3",
            Style::JjDiff => "jj-diff",
            Style::JjSnapshot => "jj-snapshot",
        }
    }

    fn is_jj(self) -> bool {
        matches!(self, Style::JjDiff | Style::JjSnapshot)
    }
}

/// What a section holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// A side.
    Side,
    /// A common ancestor.
    Base,
    /// A common ancestor and a side, as a diff: each line begins with a blank, `-` or `+`.
    Diff,
}

/// One section of a region: a marker line, perhaps a second one, and what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// Line of its marker; the opening marker is that of git's first side.
    pub marker: usize,
    /// Whether the line after it is the second half of its label.
    pub two_lines: bool,
    /// What it holds.
    pub content: Content,
    /// Line after its last.
    pub end: usize,
}

impl Section {
    /// Its lines, without the marker's.
    pub fn lines(&self) -> ops::Range<usize> {
        let first = self.marker + 1 + usize::from(self.two_lines);
        first.min(self.end)..self.end
    }
}

/// A side or a common ancestor of a region: its place among the region's sections, and which half of a diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Term {
    pub section: Section,
    half: Half,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Side,
    Base,
}

/// One conflict, as the lines of its markers. All its markers have the same length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Line of the opening marker.
    pub open: usize,
    /// Line of the closing marker.
    pub close: usize,
    /// Characters of each marker.
    pub length: u8,
    /// Id of the opening marker: the region's name while its first line is not touched.
    pub id: u64,
    /// How it is written.
    pub style: Style,
    /// What is between the markers, in order.
    pub sections: Vec<Section>,
}

impl Region {
    /// How many sides there are: two, more in jj's styles.
    pub fn sides(&self) -> usize {
        self.sections.iter().filter(|section| section.content != Content::Base).count()
    }

    /// How many common ancestors the markers hold.
    pub fn bases(&self) -> usize {
        self.sections.iter().filter(|section| section.content != Content::Side).count()
    }

    pub(crate) fn side(&self, n: usize) -> Option<Term> {
        let mut sides = self.sections.iter().filter(|section| section.content != Content::Base);
        sides.nth(n).map(|section| Term { section: *section, half: Half::Side })
    }

    pub(crate) fn base(&self, n: usize) -> Option<Term> {
        let mut bases = self.sections.iter().filter(|section| section.content != Content::Side);
        bases.nth(n).map(|section| Term { section: *section, half: Half::Base })
    }

    /// The text of a side, the first is 0. `None` where there is no such side, or it is a diff that is not one.
    pub fn side_text(&self, text: &Rope, n: usize) -> Option<String> {
        self.term_text(text, self.side(n)?)
    }

    /// The text of a common ancestor, the first is 0.
    pub fn base_text(&self, text: &Rope, n: usize) -> Option<String> {
        self.term_text(text, self.base(n)?)
    }

    /// The label of a side: what its marker says.
    pub fn side_label(&self, text: &Rope, n: usize) -> Option<String> {
        let term = self.side(n)?;
        // Git says the name of what is below the separator at the very end.
        let line = match self.style {
            Style::Merge | Style::Diff3 if n > 0 => self.close,
            _ if term.section.two_lines => term.section.marker + 1,
            _ => term.section.marker,
        };
        let label = marker::label(text, line, self.length)?;
        let mut label = if self.style.is_jj() { named(&label) } else { &label };
        if term.section.content == Content::Diff && !term.section.two_lines {
            // "Changes from base to side #1", on one line until jj 0.37.
            label = label.rsplit_once(" to ").map_or(label, |(_, side)| side);
        }
        Some(label.to_owned())
    }

    /// The label of a common ancestor.
    pub fn base_label(&self, text: &Rope, n: usize) -> Option<String> {
        let section = self.base(n)?.section;
        let label = marker::label(text, section.marker, self.length)?;
        // Of a label on one line, "Changes from base to side #1", nothing is the ancestor's alone.
        let whole = section.content == Content::Base || section.two_lines;
        whole.then(|| if self.style.is_jj() { named(&label).to_owned() } else { label })
    }

    /// The first line of a diff section that is none of a diff: that conflict cannot be resolved by choosing.
    pub fn broken_diff(&self, text: &Rope) -> Option<usize> {
        let diffs = self.sections.iter().filter(|section| section.content == Content::Diff);
        diffs.flat_map(Section::lines).find(|line| text.get_line(*line).is_none_or(|line| diff_line(line).is_none()))
    }

    fn term_text(&self, text: &Rope, term: Term) -> Option<String> {
        let mut found = String::new();
        if term.section.content == Content::Diff {
            for line in term.section.lines() {
                let line = text.get_line(line)?;
                let (sign, rest) = diff_line(line)?;
                let wanted = match sign {
                    ' ' => true,
                    '+' => term.half == Half::Side,
                    _ => term.half == Half::Base,
                };
                if wanted {
                    found.extend(rest.chunks());
                }
            }
        } else {
            found.extend(lines_slice(text, term.section.lines())?.chunks());
        }
        if self.style.is_jj() && self.newline_was_added(text, term) {
            let without = found.strip_suffix('\n').unwrap_or(&found);
            found.truncate(without.strip_suffix('\r').unwrap_or(without).len());
        }
        Some(found)
    }

    /// Whether jj wrote a line end after the term that is not in it. Since 0.36 all terms get one where one lacks its own,
    /// and the closing marker then ends without; before, the label of the one that lacks it says so.
    fn newline_was_added(&self, text: &Rope, term: Term) -> bool {
        let bare = text.get_line(self.close).is_some_and(|line| line.chars().all(|c| !matches!(c, '\n' | '\r')));
        if bare {
            return true;
        }
        let said = |line: usize, words: &str| {
            marker::label(text, line, self.length).is_some_and(|label| label.ends_with(words))
        };
        let at = term.section.marker;
        said(at, NO_NEWLINE)
            || term.section.content == Content::Diff
                && said(at, if term.half == Half::Side { REMOVES_NEWLINE } else { ADDS_NEWLINE })
    }

    /// Lines of the whole region, markers included.
    pub fn lines(&self) -> ops::Range<usize> {
        self.open..self.close + 1
    }

    /// The whole region, markers and the last marker's line end included.
    pub fn range(&self, text: &Rope) -> Range {
        lines_range(text, self.lines())
    }
}

const NO_NEWLINE: &str = "(no terminating newline)";
const ADDS_NEWLINE: &str = "(adds terminating newline)";
const REMOVES_NEWLINE: &str = "(removes terminating newline)";

/// What a label of jj names, without what it says of newlines and of the section's form.
fn named(label: &str) -> &str {
    let mut label = label;
    for said in [NO_NEWLINE, ADDS_NEWLINE, REMOVES_NEWLINE] {
        label = label.strip_suffix(said).unwrap_or(label).trim_end();
    }
    for said in ["diff from:", "to:", "Contents of"] {
        label = label.strip_prefix(said).unwrap_or(label).trim_start();
    }
    label
}

/// The sign and the rest of one line of a diff. A line without anything is one whose blank an editor took away.
fn diff_line(line: RopeSlice<'_>) -> Option<(char, RopeSlice<'_>)> {
    match line.get_char(0)? {
        sign @ (' ' | '+' | '-') => Some((sign, line.slice(1..))),
        '\n' | '\r' => Some((' ', line)),
        _ => None,
    }
}

pub(crate) fn lines_slice(text: &Rope, lines: ops::Range<usize>) -> Option<RopeSlice<'_>> {
    let start = text.try_line_to_char(lines.start).ok()?;
    let end = text.try_line_to_char(lines.end).ok()?;
    text.get_slice(start..end)
}

/// The stretch that whole lines cover, their line ends included.
pub(crate) fn lines_range(text: &Rope, lines: ops::Range<usize>) -> Range {
    Range { start: line_start(text, lines.start), end: line_start(text, lines.end) }
}

/// One line without its line end.
pub(crate) fn line_range(text: &Rope, line: usize) -> Range {
    let start = line_start(text, line);
    let Some(slice) = text.get_line(line) else { return Range { start, end: start } };
    let ending = slice.chars_at(slice.len_chars()).reversed().take(2).take_while(|c| matches!(c, '\n' | '\r')).count();
    let slice = slice.slice(..slice.len_chars() - ending);
    let end = Position {
        line: start.line,
        utf16: u32::try_from(slice.len_utf16_cu()).unwrap_or(u32::MAX),
        byte: start.byte + slice.len_bytes() as u64,
    };
    Range { start, end }
}

/// Where a line begins; past the last line, where the text ends.
fn line_start(text: &Rope, line: usize) -> Position {
    if line < text.len_lines() {
        let byte = text.line_to_byte(line) as u64;
        return Position { line: u32::try_from(line).unwrap_or(u32::MAX), utf16: 0, byte };
    }
    let last = text.len_lines().saturating_sub(1);
    let slice = text.line(last);
    Position {
        line: u32::try_from(last).unwrap_or(u32::MAX),
        utf16: u32::try_from(slice.len_utf16_cu()).unwrap_or(u32::MAX),
        byte: text.len_bytes() as u64,
    }
}
