//! Markers paired into conflict regions, and the markers that found no pair.
//! Works on markers alone, in one pass, and never reads the text.

use crate::index::Markers;
use crate::marker::{Marker, MarkerKind};
use crate::region::{Content, Region, Section, Style};
use ropey::Rope;
use std::collections::BTreeMap;

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
    /// A line in the diff section of the conflict that opens at this line which does not begin as a diff's lines do.
    NotADiff {
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

/// A conflict that is not closed yet.
struct Opened {
    marker: Marker,
    base: Option<usize>,
    separator: Option<usize>,
    second: Option<usize>,
    /// jj's markers, if the first stands right below the opening one.
    jj: Vec<(MarkerKind, usize)>,
    /// Whether a whole conflict of the same length stands inside.
    holds: bool,
}

impl Opened {
    fn new(marker: Marker) -> Self {
        Self { marker, base: None, separator: None, second: None, jj: Vec::new(), holds: false }
    }

    fn take(&mut self, marker: Marker) {
        match marker.kind {
            MarkerKind::Base if self.separator.is_some() => {}
            MarkerKind::Base if self.base.is_none() => self.base = Some(marker.line),
            MarkerKind::Separator if self.separator.is_none() => self.separator = Some(marker.line),
            MarkerKind::Base | MarkerKind::Separator => {
                self.second.get_or_insert(marker.line);
            }
            MarkerKind::Snapshot | MarkerKind::Removed | MarkerKind::Diff => {
                if !self.jj.is_empty() || marker.line == self.marker.line + 1 {
                    self.jj.push((marker.kind, marker.line));
                }
            }
            MarkerKind::DiffTo => {
                if self.jj.last() == Some(&(MarkerKind::Diff, marker.line - 1)) {
                    self.jj.push((marker.kind, marker.line));
                }
            }
            MarkerKind::Open | MarkerKind::Close => {}
        }
    }

    /// jj's sections, if these are a conflict of jj's: one side more than common ancestors. A side of git's that begins with
    /// a rule of dashes is none.
    fn jj_sections(&self, close: usize) -> Option<(Style, Vec<Section>)> {
        let mut sections: Vec<Section> = Vec::with_capacity(self.jj.len());
        let (mut sides, mut bases, mut style) = (0_usize, 0_usize, Style::JjSnapshot);
        for (kind, line) in &self.jj {
            let content = match kind {
                MarkerKind::DiffTo => {
                    sections.last_mut()?.two_lines = true;
                    continue;
                }
                MarkerKind::Snapshot => Content::Side,
                MarkerKind::Removed => Content::Base,
                _ => Content::Diff,
            };
            sides += usize::from(content != Content::Base);
            bases += usize::from(content != Content::Side);
            if content == Content::Diff {
                style = Style::JjDiff;
            }
            if let Some(last) = sections.last_mut() {
                last.end = *line;
            }
            sections.push(Section { marker: *line, two_lines: false, content, end: close });
        }
        (sides >= 2 && sides == bases + 1).then_some((style, sections))
    }

    fn git_sections(&self, separator: usize, close: usize) -> (Style, Vec<Section>) {
        let section = |marker, content, end| Section { marker, two_lines: false, content, end };
        let open = self.marker.line;
        let last = section(separator, Content::Side, close);
        match self.base {
            None => (Style::Merge, vec![section(open, Content::Side, separator), last]),
            Some(base) => {
                let sides = section(open, Content::Side, base);
                (Style::Diff3, vec![sides, section(base, Content::Base, separator), last])
            }
        }
    }
}

impl Conflicts {
    /// Pairs markers. Linear in their number, times the logarithm of how many lengths there are.
    ///
    /// Markers pair with those of their own length, so a heading of ten `=` inside a conflict of sevens is text, and a
    /// conflict that git left inside a common ancestor, with longer markers, is the outer one's content. So is one of the
    /// same length that somebody committed and that stands whole inside a side.
    pub fn pair(markers: &Markers) -> Self {
        let mut opened: BTreeMap<u8, Vec<Opened>> = BTreeMap::new();
        let mut found = Self::default();
        for marker in markers.as_slice() {
            let open = if marker.kind == MarkerKind::Open {
                opened.entry(marker.length).or_default()
            } else if let Some(open) = opened.get_mut(&marker.length) {
                open
            } else if marker.kind == MarkerKind::Close {
                found.tell(marker.line, Problem::NotOpened);
                continue;
            } else {
                // A heading's underline or a table's rule: nothing without an opening marker.
                continue;
            };
            found.step(open, *marker);
        }
        for left in opened.values().flatten() {
            found.tell(left.marker.line, Problem::NotClosed);
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

    fn tell(&mut self, line: usize, problem: Problem) {
        self.malformed.push(Malformed { line, problem });
    }

    fn step(&mut self, opened: &mut Vec<Opened>, marker: Marker) {
        match marker.kind {
            MarkerKind::Open => opened.push(Opened::new(marker)),
            MarkerKind::Close => match opened.pop() {
                None => self.tell(marker.line, Problem::NotOpened),
                Some(whole) => {
                    if self.close(&whole, marker)
                        && let Some(outer) = opened.last_mut()
                    {
                        outer.holds = true;
                    }
                }
            },
            _ => {
                if let Some(top) = opened.last_mut() {
                    top.take(marker);
                }
            }
        }
    }

    /// Says whether a region came of it.
    fn close(&mut self, whole: &Opened, close: Marker) -> bool {
        let open = whole.marker.line;
        let (style, sections) = match (whole.jj_sections(close.line), whole.second, whole.separator) {
            (Some(jj), _, _) => jj,
            (None, Some(line), _) => {
                self.tell(line, Problem::SecondMarker { open });
                return false;
            }
            (None, None, Some(separator)) => whole.git_sections(separator, close.line),
            (None, None, None) if whole.holds => {
                // Two stray markers around conflicts that are whole.
                self.tell(open, Problem::NotClosed);
                self.tell(close.line, Problem::NotOpened);
                return false;
            }
            (None, None, None) => {
                self.tell(open, Problem::NoSeparator);
                return false;
            }
        };
        let (length, id) = (close.length, whole.marker.id);
        self.regions.push(Region { open, close: close.line, length, id, style, sections });
        true
    }

    fn keep_outermost(&mut self) {
        self.regions.sort_unstable_by_key(|region| region.open);
        let mut outermost: Vec<Region> = Vec::with_capacity(self.regions.len());
        for region in std::mem::take(&mut self.regions) {
            match outermost.last() {
                Some(outer) if region.close < outer.close => {}
                Some(outer) if region.open < outer.close => {
                    self.malformed
                        .push(Malformed { line: region.open, problem: Problem::Crosses { open: outer.open } });
                }
                _ => outermost.push(region),
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
