//! A stretch of text as a shell reads it, with where each byte of it stands in the file: without YAML's indentation, JSON's
//! escapes or a Dockerfile's comments. It knows no syntax itself.

use std::ops::Range;

/// Decoded text and its places.
#[derive(Debug, Clone, Default)]
pub(crate) struct Piece {
    pub text: String,
    /// By byte of `text`: where what it stands for begins and ends in the file, at characters of the file.
    at: Vec<(u32, u32)>,
}

impl Piece {
    /// A stretch that stands in the file as it is.
    pub(crate) fn of(source: &str, span: Range<usize>) -> Self {
        let mut piece = Self::default();
        piece.push(source, span);
        piece
    }

    /// Takes a stretch of the file over.
    pub(crate) fn push(&mut self, source: &str, span: Range<usize>) {
        let Some(text) = source.get(span.clone()) else { return };
        self.text.push_str(text);
        self.at.extend(span.map(|at| (at as u32, at as u32 + 1)));
    }

    /// Adds what stands for `span` of the file and is spelled otherwise there.
    pub(crate) fn push_as(&mut self, text: &str, span: Range<usize>) {
        self.text.push_str(text);
        self.at.extend(std::iter::repeat_n((span.start as u32, span.end as u32), text.len()));
    }

    /// Where a stretch of the text stands in the file.
    pub(crate) fn place(&self, span: Range<usize>) -> Range<usize> {
        let end_of_all = || self.at.last().map(|(_, end)| *end);
        let start = self.at.get(span.start).map(|(start, _)| *start).or_else(end_of_all).unwrap_or_default();
        let last = span.end.checked_sub(1).filter(|last| *last >= span.start).and_then(|last| self.at.get(last));
        start as usize..last.map_or(start, |(_, end)| *end).max(start) as usize
    }

    /// Another piece made of a stretch of this one.
    pub(crate) fn part(&self, span: Range<usize>) -> Self {
        match (self.text.get(span.clone()), self.at.get(span)) {
            (Some(text), Some(at)) => Self { text: text.to_owned(), at: at.to_vec() },
            _ => Self::default(),
        }
    }
}

impl Piece {
    /// Adds another piece of the same file, on a line of its own.
    pub(crate) fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
        self.at.extend_from_slice(&other.at);
        let (_, end) = other.at.last().copied().unwrap_or_default();
        self.text.push('\n');
        self.at.push((end, end));
    }
}
