//! Finds the one byte that makes a line wrong: the byte with which, changed, every hash agrees again.
//! It changes copies only, and its work is bounded: a line with more than one wrong byte is not searched for long.

use super::scan;
use crate::chain::{chain_hash, commitment};
use std::ops::Range;

/// Bytes that are looked at in a search, over all tries: about a second.
const WORK: usize = 256 << 20;

/// A line that is wrong: what is known of where, and what may be searched for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Suspect {
    pub range: Range<usize>,
    pub search: Range<usize>,
    pub field: &'static str,
    pub reason: String,
    how: How,
}

/// What does not agree, so that most tries can be told wrong without reading the whole line again.
#[derive(Debug, Clone, PartialEq, Eq)]
enum How {
    Any,
    Chain { previous: [u8; 32], header: Range<usize>, hash: usize },
    Payload { salt: [u8; 16], commit: [u8; 32], from: usize },
}

/// The byte that mends a line, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mended {
    pub at: usize,
    pub byte: u8,
}

/// Whether a line is sound; asked of every try.
pub(super) type Sound<'s> = dyn FnMut(&[u8]) -> bool + 's;

impl Suspect {
    pub fn new(range: Range<usize>, search: Range<usize>, field: &'static str, reason: String) -> Box<Suspect> {
        Box::new(Suspect { range, search, field, reason, how: How::Any })
    }

    /// The header, whose text has this range, and the hash, whose text begins there, do not agree.
    pub fn of_chain(mut self: Box<Self>, previous: [u8; 32], header: Range<usize>, hash: usize) -> Box<Suspect> {
        self.how = How::Chain { previous, header, hash };
        self
    }

    /// The payload, whose field begins there, is not what this was committed to.
    pub fn of_payload(mut self: Box<Self>, salt: [u8; 16], commit: [u8; 32], from: usize) -> Box<Suspect> {
        self.how = How::Payload { salt, commit, from };
        self
    }

    /// The place where one changed byte makes the line sound. `line` is as before in the end.
    pub fn find(&self, line: &mut [u8], sound: &mut Sound<'_>) -> Option<Mended> {
        let mut buffer = Vec::new();
        match self.how {
            How::Any => search(line, self.search.clone(), None, sound),
            How::Chain { previous, ref header, hash } => {
                if let Some(mended) = one_digit(line, &previous, header, hash) {
                    return Some(mended);
                }
                let mut stated = [0; 32];
                hex::decode_to_slice(line.get(hash..hash + 64)?, &mut stated).ok()?;
                let quick = &mut |line: &[u8]| {
                    scan::base64(&line[header.clone()], &mut buffer) && chain_hash(&previous, &buffer) == stated
                };
                search(line, header.clone(), Some(quick), sound).or_else(|| search(line, header.end..hash, None, sound))
            }
            How::Payload { salt, commit, from } => {
                let quick =
                    &mut |line: &[u8]| scan::payload(line, from, &mut buffer) && commitment(&salt, &buffer) == commit;
                search(line, from..line.len(), Some(quick), sound)
                    .or_else(|| search(line, self.search.start..from, None, sound))
            }
        }
    }
}

/// Where the stated hash differs in one digit from the one that follows, that digit is wrong, and not the header.
fn one_digit(line: &[u8], previous: &[u8; 32], header: &Range<usize>, hash: usize) -> Option<Mended> {
    let mut bytes = Vec::new();
    if !scan::base64(&line[header.clone()], &mut bytes) {
        return None;
    }
    let follows = hex::encode(chain_hash(previous, &bytes)).into_bytes();
    let mut differ = line.get(hash..hash + 64)?.iter().zip(&follows).enumerate().filter(|(_, (l, r))| l != r);
    let (n, (_, byte)) = differ.next()?;
    differ.next().is_none().then_some(Mended { at: hash + n, byte: *byte })
}

/// Tries every byte of `range`, the last first: those that `quick` lets through are shown to `sound`. Without it a try costs
/// more, and only single bits are tried.
pub(super) fn search(
    line: &mut [u8],
    range: Range<usize>,
    mut quick: Option<&mut Sound<'_>>,
    sound: &mut Sound<'_>,
) -> Option<Mended> {
    let range = range.start.min(line.len())..range.end.min(line.len());
    let tries = WORK / line.len().max(64);
    // Single bits first: what disks and memory do. Then any other byte, where that is not too much.
    let (bits, others): (Vec<u8>, Vec<u8>) = (1..=255).partition(|change: &u8| change.is_power_of_two());
    for changes in [bits, others] {
        if range.len() * changes.len() > tries || (quick.is_none() && changes.len() > 8) {
            return None;
        }
        for at in range.clone().rev() {
            let was = line[at];
            for change in &changes {
                let byte = was ^ change;
                line[at] = byte;
                // A line that runs on past its end is sound up to there.
                let whole = if byte == b'\n' {
                    sound(&line[..at])
                } else {
                    quick.as_mut().is_none_or(|quick| quick(line)) && sound(line)
                };
                line[at] = was;
                if whole {
                    return Some(Mended { at, byte });
                }
            }
        }
    }
    None
}
