//! Markers paired into conflict regions, and the markers that found no pair.
//! Works on markers alone, in one pass; reads the text only for labels and positions.

use crate::index::Markers;
use crate::marker::{self, Marker, MarkerKind};
use contract::{Position, Range};
use ropey::Rope;
use std::collections::BTreeMap;
use std::ops;

/// How a region is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// Two sides.
    Merge,
    /// Two sides and their common ancestor. `zdiff3` looks the same.
    Diff3,
}

impl Style {
    /// `merge` or `diff3`.
    pub fn name(self) -> &'static str {
        match self {
            Style::Merge => "merge",
            Style::Diff3 => "diff3",
        }
    }
}

/// One conflict, as the lines of its markers. All its markers have the same length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// Line of the opening marker.
    pub open: usize,
    /// Line of the common ancestor's marker, if there is one.
    pub base: Option<usize>,
    /// Line of the separator.
    pub separator: usize,
    /// Line of the closing marker.
    pub close: usize,
    /// Characters of each marker.
    pub length: u8,
    /// Id of the opening marker: the region's name while its first line is not touched.
    pub id: u64,
}

/// What is wrong with a marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// An opening marker that nothing closes.
    NotClosed,
    /// A closing marker that nothing opened.
    NotOpened,
    /// An opening marker whose closing marker comes without a separator between.
    NoSeparator,
    /// A second separator or base marker in the conflict that opens at this line: the sides cannot be told apart.
    SecondMarker {
        /// Zero-based line of the opening marker.
        open: usize,
    },
    /// A conflict that begins inside another one, of another marker length, and ends outside it.
    Crosses {
        /// Zero-based line of the other conflict's opening marker.
        open: usize,
    },
}

/// A marker without its counterparts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// The marker's line.
    pub line: usize,
    /// What is wrong.
    pub problem: Problem,
}

/// What the markers of a text say: regions in order, none inside another, and what is malformed, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conflicts {
    /// Whole conflicts.
    pub regions: Vec<Region>,
    /// Markers without counterparts outside any region.
    pub malformed: Vec<Malformed>,
}

#[derive(Clone, Copy)]
struct Opened {
    marker: Marker,
    base: Option<usize>,
    separator: Option<usize>,
    second: Option<usize>,
}

impl Conflicts {
    /// Pairs markers. Linear in their number, times the logarithm of how many lengths there are.
    ///
    /// Markers pair with those of their own length, so a heading of ten `=` inside a conflict of sevens is text, and a
    /// conflict that git left inside a common ancestor, with longer markers, is the outer one's content.
    pub fn pair(markers: &Markers) -> Self {
        let mut opened: BTreeMap<u8, Opened> = BTreeMap::new();
        let mut found = Self::default();
        for marker in markers.as_slice() {
            found.step(&mut opened, *marker);
        }
        for left in opened.values() {
            found.malformed.push(Malformed { line: left.marker.line, problem: Problem::NotClosed });
        }
        found.keep_outermost();
        found
    }

    /// Reads a whole text.
    pub fn read(text: &Rope) -> Self {
        Self::pair(&Markers::scan(text))
    }

    /// Whether there is neither a region nor anything malformed.
    pub fn is_empty(&self) -> bool {
        self.regions.is_empty() && self.malformed.is_empty()
    }

    /// The region that holds `line`, markers included.
    pub fn at_line(&self, line: usize) -> Option<&Region> {
        let after = self.regions.partition_point(|region| region.open <= line);
        self.regions[..after].last().filter(|region| line <= region.close)
    }

    fn step(&mut self, opened: &mut BTreeMap<u8, Opened>, marker: Marker) {
        let fresh = Opened { marker, base: None, separator: None, second: None };
        let Some(current) = opened.get_mut(&marker.length) else {
            match marker.kind {
                MarkerKind::Open => drop(opened.insert(marker.length, fresh)),
                MarkerKind::Close => self.malformed.push(Malformed { line: marker.line, problem: Problem::NotOpened }),
                // A heading's underline or a table's rule: nothing without an opening marker.
                MarkerKind::Base | MarkerKind::Separator => {}
            }
            return;
        };
        match marker.kind {
            MarkerKind::Open => {
                self.malformed.push(Malformed { line: current.marker.line, problem: Problem::NotClosed });
                *current = fresh;
            }
            MarkerKind::Base if current.separator.is_some() => {}
            MarkerKind::Base if current.base.is_none() => current.base = Some(marker.line),
            MarkerKind::Separator if current.separator.is_none() => current.separator = Some(marker.line),
            MarkerKind::Base | MarkerKind::Separator => {
                current.second.get_or_insert(marker.line);
            }
            MarkerKind::Close => {
                let (open, id) = (current.marker.line, current.marker.id);
                match (current.second, current.separator) {
                    (Some(line), _) => {
                        self.malformed.push(Malformed { line, problem: Problem::SecondMarker { open } });
                    }
                    (None, None) => self.malformed.push(Malformed { line: open, problem: Problem::NoSeparator }),
                    (None, Some(separator)) => self.regions.push(Region {
                        open,
                        base: current.base,
                        separator,
                        close: marker.line,
                        length: marker.length,
                        id,
                    }),
                }
                opened.remove(&marker.length);
            }
        }
    }

    fn keep_outermost(&mut self) {
        self.regions.sort_unstable_by_key(|region| region.open);
        let mut outermost: Vec<Region> = Vec::with_capacity(self.regions.len());
        for region in &self.regions {
            match outermost.last() {
                Some(outer) if region.close < outer.close => {}
                Some(outer) if region.open < outer.close => {
                    let problem = Problem::Crosses { open: outer.open };
                    self.malformed.push(Malformed { line: region.open, problem });
                }
                _ => outermost.push(*region),
            }
        }
        self.regions = outermost;
        self.malformed.sort_unstable_by_key(|malformed| malformed.line);
        let regions = &self.regions;
        self.malformed.retain(|malformed| {
            let crosses = matches!(malformed.problem, Problem::Crosses { .. });
            let after = regions.partition_point(|region| region.open <= malformed.line);
            crosses || regions[..after].last().is_none_or(|region| malformed.line > region.close)
        });
    }
}

impl Region {
    /// How it is written.
    pub fn style(&self) -> Style {
        if self.base.is_some() { Style::Diff3 } else { Style::Merge }
    }

    /// The label of the current side, the one above the separator.
    pub fn current_label(&self, text: &Rope) -> Option<String> {
        marker::label(text, self.open, self.length)
    }

    /// The label of the incoming side, the one below the separator.
    pub fn incoming_label(&self, text: &Rope) -> Option<String> {
        marker::label(text, self.close, self.length)
    }

    /// The label of the common ancestor.
    pub fn base_label(&self, text: &Rope) -> Option<String> {
        marker::label(text, self.base?, self.length)
    }

    /// Lines of the current side's text.
    pub fn current_lines(&self) -> ops::Range<usize> {
        self.open + 1..self.base.unwrap_or(self.separator)
    }

    /// Lines of the incoming side's text.
    pub fn incoming_lines(&self) -> ops::Range<usize> {
        self.separator + 1..self.close
    }

    /// Lines of the common ancestor's text.
    pub fn base_lines(&self) -> Option<ops::Range<usize>> {
        self.base.map(|base| base + 1..self.separator)
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
