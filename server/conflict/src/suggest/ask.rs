//! One file's text in, suggestions for its conflicts out: what the program `holdover-merge` is asked and answers, as JSON.
//! Reads no file and knows no git.

use super::{Sides, Syntax, hunks, suggest};
use crate::pairing::Conflicts;
use crate::region::Region;
use contract::ConflictSuggestion;
use ropey::Rope;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ask {
    /// What it is called: its suffix says the language.
    pub path: PathBuf,
    /// Its text, with markers.
    pub text: String,
    /// The conflicts that are asked about; all, where none is named.
    pub regions: Vec<AskedRegion>,
}

/// One conflict that is asked about.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AskedRegion {
    /// Line of its opening marker, zero-based.
    pub open: usize,
    /// The common ancestor, where the markers do not hold it and the index does.
    pub base: Option<String>,
}

/// What is suggested.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Line of the opening marker, and the suggestion for that conflict, in order.
    pub suggestions: Vec<(usize, ConflictSuggestion)>,
}

/// Looks at every conflict that is asked about.
pub fn answer(ask: &Ask, syntax: &dyn Syntax) -> Answer {
    let text = Rope::from_str(&ask.text);
    let conflicts = Conflicts::read(&text);
    let asked = |region: &Region| ask.regions.iter().find(|asked| asked.open == region.open);
    let sides = |region: &Region| {
        let mut sides = Sides::of(&text, region)?;
        if let Some(base) = asked(region).and_then(|asked| asked.base.clone()) {
            sides.base = Some(base);
        }
        Some(sides)
    };
    let mut suggestions = Vec::new();
    hunks(
        &text,
        &ask.path,
        &conflicts,
        |region| ask.regions.is_empty() || asked(region).is_some(),
        sides,
        |region, hunk| {
            if let Some(found) = suggest(hunk, syntax) {
                suggestions.push((region.open, found.report(hunk.left, hunk.right)));
            }
        },
    );
    Answer { suggestions }
}
