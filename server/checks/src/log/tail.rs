//! The last lines of what may be much longer, in bounded memory.

use super::MOST_LINES;

/// Bytes that are kept of the end.
const KEPT: usize = 16 << 20;
/// Of a longer line the rest is left out, in bytes.
const LONGEST: usize = 16 << 10;

/// Takes a log piece by piece and keeps its end.
#[derive(Debug)]
pub struct Tail {
    most: usize,
    window: Vec<u8>,
    /// Lines that ended before the window begins.
    gone: u64,
    /// The window begins in the middle of a line.
    broken: bool,
}

pub(super) struct Kept {
    /// The number of the first, from 1.
    pub(super) first: u64,
    pub(super) lines: Vec<String>,
    pub(super) total: u64,
    /// Lines that were longer than is looked at.
    pub(super) shortened: u64,
}

impl Tail {
    /// `most`: how many lines are looked at, [`MOST_LINES`] at most.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most: most.clamp(1, MOST_LINES), window: Vec::new(), gone: 0, broken: false }
    }

    /// The next piece, of any length. Memory stays below twice what is kept and one piece.
    pub fn feed(&mut self, piece: &[u8]) {
        self.window.extend_from_slice(piece);
        if self.window.len() > 2 * KEPT {
            let cut = self.window.len() - KEPT;
            self.gone += memchr::memchr_iter(b'\n', &self.window[..cut]).count() as u64;
            self.broken = self.window[cut - 1] != b'\n';
            self.window.drain(..cut);
        }
    }

    /// The end of the log that is kept, as it came.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.window
    }

    /// The lines that are looked at, without colours and control characters, and the number of the first of them, from 1.
    #[must_use]
    pub fn last_lines(&self) -> (u64, Vec<String>) {
        let kept = self.lines();
        (kept.first, kept.lines)
    }

    pub(super) fn lines(&self) -> Kept {
        let mut pieces: Vec<&[u8]> = self.window.split(|byte| *byte == b'\n').collect();
        // What follows the last line break is a line only where something stands there.
        if pieces.last().is_some_and(|last| last.is_empty()) {
            pieces.pop();
        }
        let total = self.gone + pieces.len() as u64;
        let whole = usize::from(self.broken);
        let from = pieces.len().saturating_sub(self.most).max(whole.min(pieces.len()));
        let pieces = &pieces[from..];
        Kept {
            first: self.gone + from as u64 + 1,
            shortened: pieces.iter().filter(|piece| piece.len() > LONGEST).count() as u64,
            lines: pieces.iter().map(|piece| clean(&piece[..piece.len().min(LONGEST)])).collect(),
            total,
        }
    }
}

/// A line as a terminal would leave it: what was overwritten and what only colours is gone, and nothing in it is obeyed.
fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches('\r');
    let text = text.rsplit('\r').find(|part| !part.trim().is_empty()).unwrap_or_default();
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => match chars.next() {
                Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
                Some(']') => while chars.next().is_some_and(|c| c != '\u{7}' && c != '\u{1b}') {},
                _ => {}
            },
            '\t' => out.push_str("    "),
            // Marks that turn the direction of writing would make a line look like another.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(most: usize, pieces: &[&[u8]]) -> Kept {
        let mut tail = Tail::new(most);
        for piece in pieces {
            tail.feed(piece);
        }
        tail.lines()
    }

    #[test]
    fn the_last_lines_are_kept_with_their_numbers_however_they_come() {
        let all = kept(2, &[b"a\nb", b"b\nc\n"]);
        assert_eq!((all.first, all.total, all.lines), (2, 3, vec!["bb".to_owned(), "c".to_owned()]));
        let unended = kept(9, &[b"a\nb"]);
        assert_eq!((unended.first, unended.total, unended.lines.len()), (1, 2, 2));
        let none = kept(9, &[b""]);
        assert_eq!((none.total, none.lines.len()), (0, 0));
    }

    #[test]
    fn of_what_is_longer_than_is_kept_lines_are_counted_all_the_same() {
        let line = format!("{}\n", "x".repeat(99));
        let piece = line.repeat(10_000);
        let pieces: Vec<&[u8]> = (0..60).map(|_| piece.as_bytes()).collect();
        let all = kept(3, &pieces);
        assert_eq!((all.total, all.first, all.lines.len()), (600_000, 599_998, 3));
        // A single line without an end.
        let endless = vec![b'y'; 3 << 20];
        let pieces: Vec<&[u8]> = (0..20).map(|_| endless.as_slice()).collect();
        let all = kept(3, &pieces);
        assert_eq!((all.total, all.lines.len()), (1, 0));
    }

    #[test]
    fn colours_overwritten_text_and_marks_are_gone_and_bytes_that_are_no_text_stay_told() {
        let all = kept(
            9,
            &[b"\x1b[31merror\x1b[0m: x\r\n 10 %\r 100 %\n\x1b]0;title\x07done\n\xff\xfe\nab\xe2\x80\xaec\x00d\n"],
        );
        assert_eq!(all.lines, ["error: x", " 100 %", "done", "\u{fffd}\u{fffd}", "abc d"]);
    }
}
