//! The marker lines of a text, kept up to date as it is edited.
//! An edit re-reads the lines it touched and moves the others; it never reads the rest of the text.

use crate::marker::{self, Marker, MarkerKind};
use memchr::memchr2;
use ropey::Rope;
use std::sync::atomic::{AtomicU64, Ordering};

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// The lines that one edit touched. Positions are those of the edit's own start and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineChange {
    /// Line in which the edit began, before it.
    pub start: usize,
    /// Line in which the replaced stretch ended, before the edit.
    pub old_end: usize,
    /// Line in which the inserted text ends, after the edit.
    pub new_end: usize,
}

/// Every marker line of one text, in order.
#[derive(Debug, Clone, Default)]
pub struct Markers {
    markers: Vec<Marker>,
}

impl Markers {
    /// Reads a whole text. Linear in its bytes.
    pub fn scan(text: &Rope) -> Self {
        let mut found = Self::default();
        let (mut line, mut at_line_start, mut after_cr) = (0, true, false);
        for chunk in text.chunks() {
            let bytes = chunk.as_bytes();
            let mut at = 0;
            while at < bytes.len() {
                if after_cr && bytes[at] == b'\n' {
                    // The second half of a CRLF: the line was counted at its CR.
                    after_cr = false;
                    at += 1;
                    continue;
                }
                after_cr = false;
                if at_line_start {
                    at_line_start = false;
                    // Lists begin with one `-`, and are many: the second byte is looked at before the line is.
                    let twice = bytes.get(at + 1).is_none_or(|next| *next == bytes[at]);
                    if twice && MarkerKind::of(bytes[at]).is_some() {
                        found.read(text, line);
                    }
                }
                let Some(next) = memchr2(b'\n', b'\r', &bytes[at..]) else { break };
                after_cr = bytes[at + next] == b'\r';
                at += next + 1;
                line += 1;
                at_line_start = true;
            }
        }
        found
    }

    /// Follows one edit: `text` is what stands after it. Costs the touched lines and, where the number of lines changed,
    /// one addition a marker behind them.
    pub fn edit(&mut self, text: &Rope, change: LineChange) {
        // One line more on both sides: joining or parting a CR and an LF changes what the neighbours are.
        let first = change.start.min(change.new_end).saturating_sub(1);
        let (old_last, new_last) = (change.old_end.saturating_add(1), change.new_end.saturating_add(1));
        let from = self.markers.partition_point(|marker| marker.line < first);
        let to = self.markers.partition_point(|marker| marker.line <= old_last).max(from);
        let tail_moves = old_last != new_last && to < self.markers.len();
        let mut reread = Self::default();
        for line in first..=new_last.min(text.len_lines().saturating_sub(1)) {
            reread.read(text, line);
        }
        let untouched = |line: usize| line < change.start.min(change.new_end) || line > change.new_end;
        for marker in &mut reread.markers {
            // The margin was read again, not edited: what stood there keeps its name.
            if !untouched(marker.line) {
                continue;
            }
            let before = if marker.line > change.new_end { marker.line - new_last + old_last } else { marker.line };
            let same = |old: &&Marker| old.line == before && old.kind == marker.kind && old.length == marker.length;
            if let Some(old) = self.markers[from..to].iter().find(same) {
                marker.id = old.id;
            }
        }
        if tail_moves {
            for marker in &mut self.markers[to..] {
                marker.line = marker.line - old_last + new_last;
            }
        }
        self.markers.splice(from..to, reread.markers);
    }

    /// The markers, in order.
    pub fn as_slice(&self) -> &[Marker] {
        &self.markers
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.markers.is_empty()
    }

    /// One more than any id given so far.
    pub fn ids_until() -> u64 {
        NEXT_ID.load(Ordering::Relaxed)
    }

    fn read(&mut self, text: &Rope, line: usize) {
        if let Some((kind, length)) = marker::read(text, line) {
            self.markers.push(Marker { line, kind, length, id: NEXT_ID.fetch_add(1, Ordering::Relaxed) });
        }
    }
}

/// Equal where the same markers stand on the same lines; ids say who read them when, and do not count.
impl PartialEq for Markers {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&Marker, &Marker)| (a.line, a.kind, a.length) == (b.line, b.kind, b.length);
        self.markers.len() == other.markers.len() && self.markers.iter().zip(&other.markers).all(same)
    }
}
