//! Which edits of conflicts a client applied, so that they are written down: an edit that was given out counts once the document
//! has it. What an editor answers proves nothing, for some say `applied` where they skipped it. Edits nothing.

use crate::state::State;
use conflict::{Conflicts, Region, Resolution, fingerprint};
use ropey::Rope;
use tower_lsp::ls_types::Uri;

/// Edits that were given out and are waited for; the oldest are forgotten.
const MOST: usize = 256;

/// An edit that was given out.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    uri: Uri,
    /// The region's id and fingerprint.
    id: u64,
    fingerprint: String,
    resolution: Resolution,
    /// The text for which an edit of the whole file was made.
    whole: Option<Rope>,
}

impl Given {
    /// `choice` is what an event says of it: `current`, `merge`.
    pub(crate) fn of(uri: &Uri, text: &Rope, region: &Region, choice: &str, after: &str) -> Self {
        let resolution = Resolution::of(text, region, choice, after);
        Self { uri: uri.clone(), id: region.id, fingerprint: fingerprint(text, region), resolution, whole: None }
    }

    /// Of all conflicts of a file at once.
    pub(crate) fn whole(uri: &Uri, text: &Rope, resolution: Resolution) -> Self {
        // Region ids begin at 1.
        Self { uri: uri.clone(), id: 0, fingerprint: String::new(), resolution, whole: Some(text.clone()) }
    }

    /// Follows its region while that is there as it was: an edit above moved it.
    fn is_waiting(&mut self, text: &Rope, conflicts: &Conflicts) -> bool {
        if let Some(whole) = &self.whole {
            return whole == text;
        }
        let as_it_was = |region: &&Region| region.id == self.id && fingerprint(text, region) == self.fingerprint;
        let Some(region) = conflicts.regions.iter().find(as_it_was) else { return false };
        self.resolution = Resolution::of(text, region, &self.resolution.choice, &self.resolution.after);
        true
    }
}

impl State {
    /// An edit goes to the client.
    pub(crate) fn give(&mut self, given: Given) {
        let same = |other: &Given| {
            (&other.uri, other.id, &other.resolution.choice) == (&given.uri, given.id, &given.resolution.choice)
        };
        self.given.retain(|other| !same(other));
        if self.given.len() >= MOST {
            self.given.remove(0);
        }
        self.given.push(given);
    }

    /// A document changed: edits that it has by now are written down, each once.
    pub(crate) fn look_for_given(&mut self, uri: &Uri) {
        if !self.given.iter().any(|given| given.uri == *uri) {
            return;
        }
        let Some(document) = self.documents.get_mut(uri) else { return };
        let path = document.path.clone();
        let (text, conflicts) = document.parts();
        let mut applied: Vec<Resolution> = Vec::new();
        // Of several choices for one conflict one was taken.
        let mut taken = Vec::new();
        let mut whole = None;
        self.given.retain_mut(|given| {
            if given.uri != *uri || given.is_waiting(text, conflicts) {
                return true;
            }
            let whole: &String = whole.get_or_insert_with(|| text.to_string());
            if let Some(line) = given.resolution.line_in(whole).filter(|_| !taken.contains(&given.id)) {
                taken.push(given.id);
                applied.push(given.resolution.clone().placed(text, line));
            }
            false
        });
        let engine = self.engine.clone();
        let root = path.as_deref().and_then(|path| self.root_of(path));
        let (Some(engine), Some(path), Some(root)) = (engine, path, root) else { return };
        if !applied.is_empty() {
            self.work(move || engine.record_resolutions(&root, &path, &applied), |_, _| {});
        }
    }
}
