//! The bytes of a file as a text, and back: whatever the encoding, what is not resolved leaves as it came.
//! Reads and writes no files.

use crate::pairing::Conflicts;
use crate::region::{Region, lines_slice};
use ropey::{Rope, RopeBuilder};

/// A file's text.
#[derive(Debug, Clone)]
pub struct Source {
    /// The text. Of a file that is not UTF-8, each byte is the character with its number: markers, line ends and sides are
    /// found all the same, and [`Source::bytes`] gives the bytes back.
    pub text: Rope,
    /// Whether it is UTF-8.
    pub utf8: bool,
}

/// The bytes are no text: they hold a NUL, as UTF-16 and every binary format do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not text")]
pub struct NotText;

impl Source {
    /// Reads bytes. Linear in their number.
    ///
    /// # Errors
    /// [`NotText`], if there is a NUL in them.
    pub fn read(bytes: &[u8]) -> Result<Self, NotText> {
        if memchr::memchr(0, bytes).is_some() {
            return Err(NotText);
        }
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Ok(Self { text: Rope::from_str(text), utf8: true });
        }
        let mut builder = RopeBuilder::new();
        let mut chunk = String::with_capacity(2048);
        for part in bytes.chunks(1024) {
            chunk.clear();
            chunk.extend(part.iter().map(|byte| char::from(*byte)));
            builder.append(&chunk);
        }
        Ok(Self { text: builder.finish(), utf8: false })
    }

    /// The bytes of a text made of this one's characters.
    pub fn bytes(&self, text: &str) -> Vec<u8> {
        if self.utf8 {
            return text.as_bytes().to_vec();
        }
        text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
    }
}

/// The text with each region replaced by what `resolve` gives for it, and everything else, regions for which it gives
/// `None` included, character by character as it stands.
pub fn rewrite(text: &Rope, conflicts: &Conflicts, mut resolve: impl FnMut(&Region) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len_bytes());
    let mut copied = 0;
    let copy = |out: &mut String, lines: std::ops::Range<usize>| {
        out.extend(lines_slice(text, lines).into_iter().flat_map(|slice| slice.chunks()));
    };
    for region in &conflicts.regions {
        copy(&mut out, copied..region.open);
        if let Some(resolved) = resolve(region) {
            out.push_str(&resolved);
        } else {
            // Section by section: what the region says of its parts is all that it is.
            let first = region.sections.first().map_or(region.close, |section| section.marker);
            copy(&mut out, region.open..first);
            for section in &region.sections {
                copy(&mut out, section.marker..section.lines().start);
                copy(&mut out, section.lines());
            }
            copy(&mut out, region.close..region.close + 1);
        }
        copied = region.close + 1;
    }
    copy(&mut out, copied..text.len_lines());
    out
}
