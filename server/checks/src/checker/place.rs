//! Places of linters in texts: lines and columns from 1 as each tool counts them, as positions of ours. A place outside of a text is
//! moved to the nearest inside.

use super::anchor::hash;
use contract::{Position, Range};
use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// What a tool's columns count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Column {
    /// Unicode scalar values.
    Chars,
    /// UTF-16 code units.
    Utf16,
    /// Bytes of UTF-8.
    Bytes,
}

/// What ends a line for a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ends {
    /// `\n` alone.
    Lf,
    /// `\n`, `\r\n` and `\r`.
    Any,
}

/// The texts of a workspace, by whoever may read them.
pub struct Texts<'a> {
    /// The workspace, as it is spelled.
    root: &'a Path,
    /// The same with its links followed.
    real: &'a Path,
    /// Where the tool ran, relative to the workspace.
    folder: &'a Path,
    read: &'a mut dyn FnMut(&Path) -> Option<Arc<str>>,
    known: HashMap<PathBuf, Option<Arc<Text>>>,
    /// The file whose text the tool had on its standard input.
    given: Option<PathBuf>,
}

/// What tools call their standard input.
const STANDARD_INPUT: [&str; 4] = ["-", "stdin", "<stdin>", "<standard input>"];
/// Where a text is measured, every so many bytes: a place in a very long line is found without reading all that is before it.
const STEP: usize = 4096;

/// A text and where its lines begin.
#[derive(Debug)]
pub(super) struct Text {
    pub whole: Arc<str>,
    lf: Vec<usize>,
    any: Vec<usize>,
    steps: Vec<Step>,
}

/// How much stands before a byte, which is a boundary.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    byte: usize,
    chars: usize,
    utf16: usize,
}

impl Step {
    fn count(&self, counts: Column) -> usize {
        match counts {
            Column::Chars => self.chars,
            Column::Utf16 => self.utf16,
            Column::Bytes => self.byte,
        }
    }

    fn over(&mut self, c: char) {
        self.byte += c.len_utf8();
        self.chars += 1;
        self.utf16 += c.len_utf16();
    }
}

impl<'a> Texts<'a> {
    /// `read` gives the text of a file of the workspace; nothing where it is none, too large or not UTF-8.
    pub fn new(
        root: &'a Path,
        real: &'a Path,
        folder: &'a Path,
        read: &'a mut dyn FnMut(&Path) -> Option<Arc<str>>,
    ) -> Self {
        Self { root, real, folder, read, known: HashMap::new(), given: None }
    }

    /// The tool had the text of this file on its standard input, and may not know its name.
    pub fn is_given(&mut self, file: PathBuf) {
        self.given = Some(file);
    }

    /// The file that a tool means, as the workspace spells it; `None` for one outside of it.
    pub(super) fn file(&self, said: &str) -> Option<PathBuf> {
        if let Some(given) = self.given.as_ref().filter(|_| STANDARD_INPUT.contains(&said)) {
            return Some(given.clone());
        }
        let said = Path::new(said);
        let whole = if said.is_absolute() { said.to_path_buf() } else { self.root.join(self.folder).join(said) };
        let mut plain = PathBuf::new();
        for part in whole.components() {
            match part {
                Component::ParentDir => drop(plain.pop()),
                Component::CurDir => {}
                part => plain.push(part),
            }
        }
        if plain.starts_with(self.root) {
            return Some(plain);
        }
        plain.strip_prefix(self.real).ok().map(|below| self.root.join(below))
    }

    /// Its text.
    pub(super) fn text(&mut self, file: &Path) -> Option<Arc<Text>> {
        if let Some(known) = self.known.get(file) {
            return known.clone();
        }
        let text = (self.read)(file).map(|text| Arc::new(Text::new(text)));
        self.known.insert(file.to_path_buf(), text.clone());
        text
    }
}

impl std::fmt::Debug for Texts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Texts").field("root", &self.root).finish_non_exhaustive()
    }
}

impl Text {
    pub(super) fn new(text: Arc<str>) -> Self {
        let (lf, any) = (starts(&text, Ends::Lf), starts(&text, Ends::Any));
        let mut steps = vec![Step::default()];
        let mut at = Step::default();
        for c in text.chars() {
            at.over(c);
            if at.byte - steps[steps.len() - 1].byte >= STEP {
                steps.push(at);
            }
        }
        Self { whole: text, lf, any, steps }
    }

    fn starts(&self, ends: Ends) -> &[usize] {
        if ends == Ends::Lf { &self.lf } else { &self.any }
    }

    /// Where a line begins and where its own text ends; from 1.
    fn line(&self, line: u64, ends: Ends) -> Option<(usize, usize)> {
        let starts = self.starts(ends);
        let line = usize::try_from(line.max(1) - 1).unwrap_or(usize::MAX);
        let (from, to) = (*starts.get(line)?, starts.get(line + 1).copied().unwrap_or(self.whole.len()));
        // What stands behind the last column of a line is its end, and not the next line's beginning.
        Some((from, from + self.whole[from..to].trim_end_matches(['\n', '\r']).len()))
    }

    /// Line and column from 1.
    pub(super) fn position(&self, line: u64, column: u64, counts: Column, ends: Ends) -> Position {
        let Some((from, end)) = self.line(line, ends) else { return self.at(self.whole.len()) };
        let wanted = usize::try_from(column.max(1) - 1).unwrap_or(usize::MAX);
        self.at(self.ahead(from, wanted, counts).byte.min(end))
    }

    /// The same where a tab leads to the next column that `width` divides.
    pub(super) fn position_of_shown(&self, line: u64, column: u64, width: u64, counts: Column, ends: Ends) -> Position {
        let Some((from, end)) = self.line(line, ends) else { return self.at(self.whole.len()) };
        let mut before = 0;
        for (at, c) in self.whole[from..end].char_indices() {
            if before >= column.max(1) - 1 {
                return self.at(from + at);
            }
            before += match (c, counts) {
                ('\t', _) => width.max(1) - before % width.max(1),
                (_, Column::Chars) => 1,
                (c, Column::Utf16) => c.len_utf16() as u64,
                (c, Column::Bytes) => c.len_utf8() as u64,
            };
        }
        self.at(end)
    }

    /// A line from 1 without what it is indented by: what is meant where no column is told.
    pub(super) fn whole_line(&self, line: u64, ends: Ends) -> Range {
        let Some((from, end)) = self.line(line, ends) else {
            return Self::range(self.at(self.whole.len()), Position::default());
        };
        let text = &self.whole[from..end];
        let (indent, kept) = (text.len() - text.trim_start().len(), text.trim_end().len());
        if kept == 0 {
            Self::range(self.at(from), self.at(from))
        } else {
            Self::range(self.at(from + indent), self.at(from + kept))
        }
    }

    /// What stands so much behind the beginning.
    pub(super) fn offset(&self, units: u64, counts: Column) -> Position {
        self.at(self.ahead(0, usize::try_from(units).unwrap_or(usize::MAX), counts).byte)
    }

    /// What stands so much further: the first boundary that is no nearer.
    fn ahead(&self, from: usize, units: usize, counts: Column) -> Step {
        let start = self.measured(from).count(counts);
        let wanted = start.saturating_add(units);
        let known = self.steps.partition_point(|step| step.count(counts) <= wanted).saturating_sub(1);
        let mut at = self.steps[known];
        let mut rest = self.whole[at.byte..].chars();
        while at.count(counts) < wanted {
            let Some(c) = rest.next() else { break };
            at.over(c);
        }
        at
    }

    /// How much stands before a byte, which is a boundary.
    fn measured(&self, byte: usize) -> Step {
        let known = self.steps.partition_point(|step| step.byte <= byte).saturating_sub(1);
        let mut at = self.steps[known];
        for c in self.whole[at.byte..byte].chars() {
            at.over(c);
        }
        at
    }

    /// The position of a byte, which is a boundary.
    pub(super) fn at(&self, byte: usize) -> Position {
        let line = self.any.partition_point(|start| *start <= byte).saturating_sub(1);
        let utf16 = self.measured(byte).utf16 - self.measured(self.any[line]).utf16;
        Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            utf16: u32::try_from(utf16).unwrap_or(u32::MAX),
            byte: byte as u64,
        }
    }

    /// A hash of the whole lines of a range, without their ends.
    pub(super) fn lines(&self, range: Range) -> String {
        hash(&self.whole, &self.any, range.start.line as usize, range.end.line as usize)
    }

    /// From one position to another; the wrong way round is empty.
    pub(super) fn range(start: Position, end: Position) -> Range {
        Range { start, end: if end.byte < start.byte { start } else { end } }
    }
}

/// Where each line begins, at least one.
pub(super) fn starts(text: &str, ends: Ends) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut starts = vec![0];
    for (at, byte) in bytes.iter().enumerate() {
        let is_end = match byte {
            b'\n' => true,
            b'\r' => ends == Ends::Any && bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        if is_end {
            starts.push(at + 1);
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, line: u64, column: u64) -> (u32, u32, u64) {
        let found = Text::new(text.into()).position(line, column, Column::Chars, Ends::Any);
        (found.line, found.utf16, found.byte)
    }

    #[test]
    fn columns_are_characters_whatever_they_take() {
        let text = "é\u{1f600}x\r\n\tb\r\n";
        assert_eq!(at(text, 1, 3), (0, 3, 6), "x, behind two bytes and a pair");
        assert_eq!(at(text, 1, 4), (0, 4, 7), "the end of the line, before its CRLF");
        assert_eq!(at(text, 2, 2), (1, 1, 10), "a tab is one");
    }

    #[test]
    fn columns_may_be_units_or_bytes_and_none_is_within_a_character() {
        let text = Text::new("é\u{1f600}x".into());
        let at = |column, counts| text.position(1, column, counts, Ends::Lf).byte;
        assert_eq!((at(4, Column::Utf16), at(7, Column::Bytes), at(3, Column::Chars)), (6, 6, 6));
        assert_eq!((at(3, Column::Utf16), at(2, Column::Bytes)), (6, 2), "inside: the next one");
        assert_eq!((text.offset(3, Column::Utf16).byte, text.offset(99, Column::Chars).byte), (6, 7));
    }

    #[test]
    fn a_tab_may_lead_to_the_next_stop() {
        let text = Text::new("a\té\tx\n".into());
        let at = |column| text.position_of_shown(1, column, 8, Column::Chars, Ends::Lf).byte;
        assert_eq!((at(1), at(9), at(10), at(17), at(99)), (0, 2, 4, 5, 6));
    }

    #[test]
    fn a_line_without_a_column_is_meant_but_for_its_indent() {
        let text = Text::new("\té x \r\n\r\n".into());
        let of = |line| {
            let range = text.whole_line(line, Ends::Any);
            (range.start.byte, range.end.byte)
        };
        assert_eq!((of(1), of(2), of(99)), ((1, 5), (8, 8), (10, 10)));
    }

    #[test]
    fn a_very_long_line_is_measured_as_a_short_one_is() {
        let line = "é\u{1f600}x".repeat(30_000);
        let text = Text::new(format!("first\n{line}\nlast").into());
        for n in [0, 1, 4095, 4096, 29_999] {
            let of = |column, counts| text.position(2, column, counts, Ends::Any);
            let all = [of(n * 3 + 3, Column::Chars), of(n * 4 + 4, Column::Utf16), of(n * 7 + 7, Column::Bytes)];
            assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
            assert_eq!((u64::from(all[0].utf16), all[0].byte), (n * 4 + 3, 6 + n * 7 + 6));
        }
        let started = std::time::Instant::now();
        for _ in 0..10_000 {
            text.position(2, 80_000, Column::Chars, Ends::Any);
        }
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }

    #[test]
    fn what_lies_outside_is_moved_inside() {
        let text = "one\ntwo";
        assert_eq!(at(text, 0, 0), (0, 0, 0));
        assert_eq!(at(text, 1, 99), (0, 3, 3), "no further than its line");
        assert_eq!(at(text, 2, u64::MAX), (1, 3, 7));
        assert_eq!(at(text, u64::MAX, 1), (1, 3, 7));
        assert_eq!(at("", 5, 5), (0, 0, 0));
    }

    #[test]
    fn a_lone_carriage_return_ends_a_line_for_who_says_so() {
        let text = Text::new("a\rb\nc".into());
        let (any, lf) = (text.position(2, 1, Column::Chars, Ends::Any), text.position(2, 1, Column::Chars, Ends::Lf));
        assert_eq!((any.byte, any.line, lf.byte, lf.line), (2, 1, 4, 2), "our own lines are the protocol's");
    }

    #[test]
    fn only_files_of_the_workspace_are_meant() {
        let (root, real, folder) = (Path::new("/link"), Path::new("/real/project"), Path::new("sub"));
        let mut none = |_: &Path| -> Option<Arc<str>> { None };
        let texts = Texts::new(root, real, folder, &mut none);
        assert_eq!(texts.file("a.rs"), Some("/link/sub/a.rs".into()));
        assert_eq!(texts.file("../a.rs"), Some("/link/a.rs".into()));
        assert_eq!(texts.file("/real/project/a.rs"), Some("/link/a.rs".into()));
        assert_eq!(texts.file("/real/project/../a.rs"), None);
        assert_eq!(texts.file("../../../etc/passwd"), None);
        assert_eq!(texts.file("/rustc/abc/library/core/src/lib.rs"), None);
    }
}
