//! Places of linters in texts: lines and columns from 1 as each tool counts them, as positions of ours. A place outside of a text is
//! moved to the nearest inside.

use contract::{Position, Range};
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// What a tool's columns count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// Unicode scalar values.
    Chars,
}

/// What ends a line for a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
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
}

/// A text and where its lines begin.
#[derive(Debug)]
pub(super) struct Text {
    pub whole: Arc<str>,
    lf: Vec<usize>,
    any: Vec<usize>,
}

impl<'a> Texts<'a> {
    /// `read` gives the text of a file of the workspace; nothing where it is none, too large or not UTF-8.
    pub fn new(
        root: &'a Path,
        real: &'a Path,
        folder: &'a Path,
        read: &'a mut dyn FnMut(&Path) -> Option<Arc<str>>,
    ) -> Self {
        Self { root, real, folder, read, known: HashMap::new() }
    }

    /// The file that a tool means, as the workspace spells it; `None` for one outside of it.
    pub(super) fn file(&self, said: &str) -> Option<PathBuf> {
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
        Self { whole: text, lf, any }
    }

    /// Line and column from 1.
    pub(super) fn position(&self, line: u64, column: u64, counts: Column, ends: Ends) -> Position {
        let starts = if ends == Ends::Lf { &self.lf } else { &self.any };
        let last = starts.len() - 1;
        let line = usize::try_from(line.max(1) - 1).unwrap_or(last);
        if line > last {
            return self.at(self.whole.len());
        }
        let (from, to) = (starts[line], starts.get(line + 1).copied().unwrap_or(self.whole.len()));
        let wanted = usize::try_from(column.max(1) - 1).unwrap_or(usize::MAX);
        let Column::Chars = counts;
        let column = self.whole[from..to].char_indices().nth(wanted).map_or(to - from, |(at, _)| at);
        // What stands behind the last column of a line is its end, and not the next line's beginning.
        let end = from + self.whole[from..to].trim_end_matches(['\n', '\r']).len();
        let byte = from + column;
        self.at(if byte >= to { end.max(from) } else { byte })
    }

    /// The position of a byte, which is a boundary.
    pub(super) fn at(&self, byte: usize) -> Position {
        let line = self.any.partition_point(|start| *start <= byte).saturating_sub(1);
        let utf16 = self.whole[self.any[line]..byte].encode_utf16().count();
        Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            utf16: u32::try_from(utf16).unwrap_or(u32::MAX),
            byte: byte as u64,
        }
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
