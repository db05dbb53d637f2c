//! Byte offsets to positions, for texts of any line length.
//! May not look at what the text means.

use contract::{Position, Range};
use std::cell::Cell;

/// Turns byte offsets of one text into positions. Offsets asked for in ascending order cost one pass in all,
/// also where the whole text is a single line.
pub(crate) struct Places<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// The last answer: line, byte offset, UTF-16 column.
    last: Cell<(usize, usize, u32)>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut starts = Vec::with_capacity(text.len() / 32 + 1);
        starts.push(0);
        starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
        Places { text, starts, last: Cell::new((0, 0, 0)) }
    }

    /// The position of a byte offset; one inside a character or past the end is moved back to where one may stand.
    pub(crate) fn position(&self, byte: usize) -> Position {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let (last_line, last_byte, last_column) = self.last.get();
        let near = self.starts.get(last_line + 1).is_none_or(|&next| byte < next) && byte >= last_byte;
        let (line, from, column) = if near {
            (last_line, last_byte, last_column)
        } else {
            let line = self.starts.partition_point(|&start| start <= byte) - 1;
            (line, self.starts[line], 0)
        };
        let column = column + utf16(&self.text[from..byte]);
        self.last.set((line, byte, column));
        Position { line: line as u32, utf16: column, byte: byte as u64 }
    }

    pub(crate) fn range(&self, span: std::ops::Range<usize>) -> Range {
        let start = self.position(span.start);
        Range { start, end: self.position(span.end.max(span.start)) }
    }
}

fn utf16(text: &str) -> u32 {
    if text.is_ascii() { text.len() as u32 } else { text.chars().map(|c| c.len_utf16() as u32).sum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_utf16_units_and_offsets_count_bytes() {
        let text = "a😀b\r\näc\n";
        let places = Places::new(text);
        let at = places.position(text.find('b').unwrap());
        assert_eq!((at.line, at.utf16, at.byte), (0, 3, 5));
        let at = places.position(text.find('c').unwrap());
        assert_eq!((at.line, at.utf16, at.byte), (1, 1, 10));
        let at = places.position(1);
        assert_eq!((at.line, at.utf16, at.byte), (0, 1, 1), "an earlier offset is right too");
        let at = places.position(2);
        assert_eq!(at.byte, 1, "an offset inside a character moves back");
        assert_eq!(places.position(999).line, 2);
    }
}
