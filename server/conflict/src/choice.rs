//! What may be chosen for a conflict, and the text that each choice leaves.
//! A choice is bound to the region it was offered for, and refuses when that region changed.

use crate::index::Markers;
use crate::region::{Conflicts, Region};
use contract::{Edit, Range};
use ropey::{Rope, RopeSlice};
use std::ops;
use std::path::Path;

/// Which lines of a conflict stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Choice {
    /// The side above the separator.
    Current,
    /// The side below the separator.
    Incoming,
    /// Current, then incoming.
    Both,
    /// Incoming, then current.
    BothReversed,
    /// The common ancestor; only where the markers hold it.
    Base,
    /// Nothing.
    None,
}

impl Choice {
    /// Every choice, in the order of a menu.
    pub const ALL: [Choice; 6] =
        [Choice::Current, Choice::Incoming, Choice::Both, Choice::BothReversed, Choice::Base, Choice::None];

    /// The word that the command line takes: `current`, `both-reversed` ….
    pub fn name(self) -> &'static str {
        match self {
            Choice::Current => "current",
            Choice::Incoming => "incoming",
            Choice::Both => "both",
            Choice::BothReversed => "both-reversed",
            Choice::Base => "base",
            Choice::None => "none",
        }
    }

    /// The name of the code action: `conflict.accept-current` ….
    pub fn action(self) -> &'static str {
        match self {
            Choice::Current => "conflict.accept-current",
            Choice::Incoming => "conflict.accept-incoming",
            Choice::Both => "conflict.accept-both",
            Choice::BothReversed => "conflict.accept-both-reversed",
            Choice::Base => "conflict.accept-base",
            Choice::None => "conflict.accept-none",
        }
    }

    /// The choice that a word or an action's name stands for.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name || choice.action() == name)
    }

    fn parts(self, region: &Region) -> Option<[ops::Range<usize>; 2]> {
        let nothing = 0..0;
        let (current, incoming) = (region.current_lines(), region.incoming_lines());
        Some(match self {
            Choice::Current => [current, nothing],
            Choice::Incoming => [incoming, nothing],
            Choice::Both => [current, incoming],
            Choice::BothReversed => [incoming, current],
            Choice::Base => [region.base_lines()?, nothing],
            Choice::None => [nothing.clone(), nothing],
        })
    }
}

/// What a choice replaces a region with.
#[derive(Debug, Clone, PartialEq)]
pub struct Replacement {
    /// The whole region, markers included.
    pub range: Range,
    /// The lines that stay, byte for byte as they stand in the text.
    pub text: String,
    /// [`fingerprint`] of what is replaced.
    pub fingerprint: String,
}

impl Replacement {
    /// The same, for the file that the text came from.
    pub fn into_edit(self, file: &Path) -> Edit {
        Edit { file: file.to_owned(), range: self.range, text: self.text, fingerprint: self.fingerprint }
    }
}

/// What `choice` leaves of `region`; `None` where the region does not hold what was chosen (its common ancestor).
pub fn resolve(text: &Rope, region: &Region, choice: Choice) -> Option<Replacement> {
    let mut kept = String::new();
    for lines in choice.parts(region)? {
        kept.extend(lines_slice(text, lines)?.chunks());
    }
    Some(Replacement { range: region.range(text), text: kept, fingerprint: fingerprint(text, region) })
}

/// `blake3:` and the hexadecimal hash of the region's text, markers included.
pub fn fingerprint(text: &Rope, region: &Region) -> String {
    let mut hasher = blake3::Hasher::new();
    if let Some(slice) = lines_slice(text, region.lines()) {
        for chunk in slice.chunks() {
            hasher.update(chunk.as_bytes());
        }
    }
    format!("blake3:{}", hasher.finalize().to_hex())
}

fn lines_slice(text: &Rope, lines: ops::Range<usize>) -> Option<RopeSlice<'_>> {
    let start = text.try_line_to_char(lines.start).ok()?;
    let end = text.try_line_to_char(lines.end).ok()?;
    text.get_slice(start..end)
}

/// Which region a choice was offered for. Survives edits elsewhere in the text, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// [`fingerprint`] of the region when it was offered.
    pub fingerprint: String,
    /// [`Region::id`] when it was offered.
    pub id: u64,
    /// [`Markers::ids_until`] when it was offered: regions with a lower id stood there already.
    pub until: u64,
}

/// The region that a choice was offered for changed, moved out of reach or is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved;

impl Offer {
    /// Makes an offer for a region as it stands.
    pub fn of(text: &Rope, region: &Region) -> Self {
        Self { fingerprint: fingerprint(text, region), id: region.id, until: Markers::ids_until() }
    }

    /// Finds the region again in the text as it stands now.
    ///
    /// The region with the same id and the same text, wherever it moved to. Where the id is gone because the opening line
    /// was rewritten: the only region with the same text, unless it stood there beside the first when the offer was made.
    pub fn find<'a>(&self, text: &Rope, conflicts: &'a Conflicts) -> Result<&'a Region, Moved> {
        if let Some(region) = conflicts.regions.iter().find(|region| region.id == self.id) {
            return if fingerprint(text, region) == self.fingerprint { Ok(region) } else { Err(Moved) };
        }
        let mut same = conflicts.regions.iter().filter(|region| fingerprint(text, region) == self.fingerprint);
        match (same.next(), same.next()) {
            (Some(region), None) if region.id >= self.until => Ok(region),
            _ => Err(Moved),
        }
    }
}
