//! What may be chosen for a conflict, and the text that each choice leaves.
//! A choice is bound to the region it was offered for, and refuses when that region changed.

use crate::index::Markers;
use crate::pairing::Conflicts;
use crate::region::{Region, lines_slice};
use crate::suggest::lacks_ancestor;
use contract::{Edit, Range};
use ropey::Rope;
use std::borrow::Cow;
use std::path::Path;

/// Which lines of a conflict stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Choice {
    /// The first side: above the separator.
    Current,
    /// The other one of two sides: below the separator.
    Incoming,
    /// All sides in the order of the text.
    Both,
    /// All sides, the last one first.
    BothReversed,
    /// The common ancestor; only where the markers hold one.
    Base,
    /// Nothing.
    None,
    /// One of more than two sides. The first is 1.
    Side(usize),
}

/// Most sides of which each has a choice of its own.
const MOST_SIDES: usize = 64;

impl Choice {
    /// Every choice that two sides have, in the order of a menu.
    pub const ALL: [Choice; 6] =
        [Choice::Current, Choice::Incoming, Choice::Both, Choice::BothReversed, Choice::Base, Choice::None];

    /// What may be chosen for a region, in the order of a menu.
    pub fn offered(region: &Region) -> Vec<Choice> {
        let sides = region.sides();
        let mut offered = Vec::new();
        if sides > 2 {
            offered.extend((1..=sides.min(MOST_SIDES)).map(Choice::Side));
        }
        offered.extend(Self::ALL.into_iter().filter(|choice| match choice {
            // Of three sides, none is "the incoming one"; of two ancestors, none is "the" ancestor.
            Choice::Current | Choice::Incoming => sides == 2,
            Choice::Base => region.bases() == 1,
            _ => true,
        }));
        offered
    }

    /// The word that the command line takes: `current`, `both-reversed`, `side-3` ….
    pub fn name(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Choice::Current => "current",
            Choice::Incoming => "incoming",
            Choice::Both => "both",
            Choice::BothReversed => "both-reversed",
            Choice::Base => "base",
            Choice::None => "none",
            Choice::Side(n) => return Cow::Owned(format!("side-{n}")),
        })
    }

    /// The name of the code action: `conflict.accept-current` ….
    pub fn action(self) -> String {
        format!("conflict.accept-{}", self.name())
    }

    /// The choice that a word or an action's name stands for.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.strip_prefix("conflict.accept-").unwrap_or(name);
        let side = || name.strip_prefix("side-")?.parse().ok().filter(|n| (1..=MOST_SIDES).contains(n));
        Self::ALL.into_iter().find(|choice| choice.name() == name).or_else(|| side().map(Choice::Side))
    }

    /// What stays of a region; `None` where the region does not hold what is chosen.
    fn kept(self, text: &Rope, region: &Region) -> Option<String> {
        let sides = region.sides();
        match self {
            Choice::Current if sides == 2 => region.side_text(text, 0),
            Choice::Incoming if sides == 2 => region.side_text(text, 1),
            Choice::Both => (0..sides).map(|n| region.side_text(text, n)).collect(),
            Choice::BothReversed => (0..sides).rev().map(|n| region.side_text(text, n)).collect(),
            Choice::Base if region.bases() == 1 => region.base_text(text, 0),
            // None of three sides is "incoming", none of two ancestors "the" one.
            Choice::Current | Choice::Incoming | Choice::Base => None,
            Choice::None => Some(String::new()),
            Choice::Side(n) => region.side_text(text, n.checked_sub(1)?),
        }
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

/// What `choice` leaves of `region`; `None` where the region does not hold what was chosen: its common ancestor, a third
/// side, or a side whose diff is broken.
pub fn resolve(text: &Rope, region: &Region, choice: Choice) -> Option<Replacement> {
    resolve_with(text, region, choice, None)
}

/// The same, where the common ancestor of a conflict whose markers hold none may be known from elsewhere. What the markers hold counts.
pub fn resolve_with(text: &Rope, region: &Region, choice: Choice, ancestor: Option<&str>) -> Option<Replacement> {
    let known = || ancestor.filter(|_| choice == Choice::Base && lacks_ancestor(region)).map(str::to_owned);
    let kept = choice.kept(text, region).or_else(known)?;
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
