//! One conflict with the text around it, ready to be merged.
//! The other conflicts of the file stand in that text as one of their sides, so that the whole can be parsed.

use super::Language;
use crate::choice::{Choice, resolve};
use crate::pairing::Conflicts;
use crate::region::{Region, lines_slice};
use ropey::Rope;
use std::ops;
use std::path::Path;

/// A conflict of two sides, in its file.
#[derive(Debug, Clone, Copy)]
pub struct Hunk<'a> {
    /// What the file is called.
    pub path: &'a Path,
    /// Its language.
    pub language: Language,
    /// The text before the conflict.
    pub before: &'a str,
    /// The text after it.
    pub after: &'a str,
    /// The common ancestor, where it is known.
    pub base: Option<&'a str>,
    /// The current side.
    pub left: &'a str,
    /// The incoming side.
    pub right: &'a str,
}

impl Hunk<'_> {
    /// The whole text with `middle` in place of the conflict.
    pub fn whole(&self, middle: &str) -> String {
        [self.before, middle, self.after].concat()
    }

    /// Whether line ends are what, or part of what, the sides differ in: CRLF on one and LF on the other.
    pub(super) fn mixes_line_ends(&self) -> bool {
        let ends = |text: &str| {
            let crlf = text.matches("\r\n").count();
            (crlf > 0, text.matches('\n').count() > crlf)
        };
        let (left, right) = (ends(self.left), ends(self.right));
        (left.0 || right.0) && (left.1 || right.1)
    }
}

/// The texts that a [`Hunk`] borrows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sides {
    /// Common ancestor.
    pub base: Option<String>,
    /// Current side.
    pub left: String,
    /// Incoming side.
    pub right: String,
}

impl Sides {
    /// As the markers hold them. `None` where there are more than two sides, or a diff is broken.
    pub fn of(text: &Rope, region: &Region) -> Option<Self> {
        if region.sides() != 2 {
            return None;
        }
        let base = if region.bases() == 1 { region.base_text(text, 0) } else { None };
        Some(Self { base, left: region.side_text(text, 0)?, right: region.side_text(text, 1)? })
    }
}

/// Calls `visit` with each conflict of two sides among the first [`super::MOST_HUNKS`] that are `wanted`, and what `sides`
/// says of it. The other conflicts of the text stand there as their current side.
pub fn hunks(
    text: &Rope,
    path: &Path,
    conflicts: &Conflicts,
    wanted: impl Fn(&Region) -> bool,
    sides: impl Fn(&Region) -> Option<Sides>,
    mut visit: impl FnMut(&Region, &Hunk<'_>),
) {
    if text.len_bytes() > super::LARGEST_TEXT {
        return;
    }
    let mut whole = String::with_capacity(text.len_bytes());
    let mut places = Vec::with_capacity(conflicts.regions.len());
    let mut copied = 0;
    for region in &conflicts.regions {
        copy(&mut whole, text, copied..region.open);
        let start = whole.len();
        match resolve(text, region, Choice::Current) {
            Some(current) => whole.push_str(&current.text),
            None => copy(&mut whole, text, region.lines()),
        }
        places.push(start..whole.len());
        copied = region.close + 1;
    }
    copy(&mut whole, text, copied..text.len_lines());
    let asked = conflicts.regions.iter().zip(places).filter(|(region, _)| wanted(region)).take(super::MOST_HUNKS);
    for (region, place) in asked {
        let Some(sides) = sides(region) else { continue };
        let hunk = Hunk {
            path,
            language: Language::of(path),
            before: &whole[..place.start],
            after: &whole[place.end..],
            base: sides.base.as_deref(),
            left: &sides.left,
            right: &sides.right,
        };
        visit(region, &hunk);
    }
}

fn copy(whole: &mut String, text: &Rope, lines: ops::Range<usize>) {
    whole.extend(lines_slice(text, lines).into_iter().flat_map(|slice| slice.chunks()));
}
