//! `holdover/didChangeConflicts`: where the conflicts of an open document stand, for clients that draw them, and which were
//! just resolved. Made of the marker index, without hashes: it follows every keystroke.

use crate::outbound::Key;
use crate::state::State;
use conflict::{Conflicts, Content, Region};
use contract::{ConflictPart, ConflictParts, ConflictShown, ConflictsShown};
use ropey::Rope;
use tower_lsp::ls_types::Uri;

/// Most conflicts of one document that are drawn.
const MOST: usize = 1000;

impl State {
    /// Tells where the conflicts of a document stand, where that is other than what was told last.
    pub(crate) fn show_conflicts(&mut self, uri: &Uri, shown: bool) {
        if !self.client.conflicts {
            return;
        }
        let resolved = self.confirming.take_resolved(uri);
        let Some(document) = self.documents.get_mut(uri) else { return };
        let version = document.version;
        let (text, conflicts) = document.parts();
        let regions = if shown { regions(text, conflicts) } else { Vec::new() };
        let told = self.told_conflicts.get(uri);
        if resolved.is_empty() && told.map_or(regions.is_empty(), |told| *told == regions) {
            return;
        }
        let count = |list: Option<&Vec<ConflictShown>>| list.map_or(0, Vec::len);
        let lenses = count(told) != regions.len();
        if regions.is_empty() {
            self.told_conflicts.remove(uri);
        } else {
            self.told_conflicts.insert(uri.clone(), regions.clone());
        }
        let params = ConflictsShown { uri: uri.as_str().to_owned(), version, conflicts: regions, resolved };
        if params.resolved.is_empty() {
            let key = Key::Conflicts(uri.clone());
            self.outbound.notify_newest(key, "holdover/didChangeConflicts", params);
        } else {
            // What was resolved is told once, so it may not be overtaken.
            self.outbound.notify("holdover/didChangeConflicts", params);
        }
        if lenses && self.client.lenses && self.client.refreshes_lenses {
            self.ask_for_lenses();
        }
    }
}

fn regions(text: &Rope, conflicts: &Conflicts) -> Vec<ConflictShown> {
    let line = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let shown = |region: &Region| {
        let sides = region.sides();
        let mut nth = 0;
        let part = |section: &conflict::Section| {
            let lines = section.lines();
            let part = match section.content {
                Content::Base => ConflictPart::Base,
                Content::Side | Content::Diff => {
                    nth += 1;
                    match (nth, sides) {
                        (1, 2) => ConflictPart::Current,
                        (_, 2) => ConflictPart::Incoming,
                        _ => ConflictPart::Side,
                    }
                }
            };
            ConflictParts { part, marker: line(section.marker), start: line(lines.start), end: line(lines.end) }
        };
        ConflictShown {
            open: line(region.open),
            close: line(region.close),
            style: region.style.name().to_owned(),
            length: region.length,
            message: conflict::merge_message(text, region),
            parts: region.sections.iter().map(part).collect(),
        }
    };
    conflicts.regions.iter().take(MOST).map(shown).collect()
}
