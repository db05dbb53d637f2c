//! Merge conflicts on the lines that are explained, by conflict's own analysis: at once from the text, then with what git knows of the sides and
//! the merge that is suggested.

use crate::Engine;
use crate::preview::ConflictLook;
use crate::suggest::Suggester;
use conflict::{Conflicts, Region};
use contract::Fact;
use explain::about;
use host::Cancel;
use ropey::Rope;
use std::path::Path;

/// Conflicts that are told.
const MOST: usize = 4;
/// How a conflict begins.
const OPENING: &[u8] = b"<<<<<<<";
/// Bytes of a text that is looked through.
const LARGEST: usize = 4 << 20;

/// The conflicts that touch lines, and the text's others.
pub(super) fn touching(text: &str, (first, end): (u32, u32)) -> Vec<Region> {
    if text.len() > LARGEST || memchr::memmem::find(text.as_bytes(), OPENING).is_none() {
        return Vec::new();
    }
    let touches = |region: &Region| region.open < end as usize && region.close >= first as usize;
    let found = Conflicts::read(&Rope::from_str(text)).regions;
    found.into_iter().filter(touches).take(MOST).collect()
}

/// What the sides of each did, and what each way out would leave out. `asks`: git and the journal may be asked, of this file of this workspace.
pub(super) fn facts(
    regions: &[Region],
    text: &str,
    asks: Option<(&Engine, &Path, &Path)>,
    cancel: &Cancel,
) -> Vec<Fact> {
    if regions.is_empty() {
        return Vec::new();
    }
    let text = Rope::from_str(text);
    let conflicts = Conflicts::read(&text);
    let suggester = Suggester::default();
    let told = regions.iter().flat_map(|region| {
        let look = ConflictLook {
            file: asks.map(|(_, _, file)| file),
            text: &text,
            conflicts: &conflicts,
            region,
            suggester: &suggester,
            memory: asks.map(|(engine, root, _)| (engine, root)),
        };
        about::conflict(&look.preview(cancel))
    });
    told.collect()
}
