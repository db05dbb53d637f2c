//! Whether an edit of ours arrived: told from the document's text, and not from what a client says. Some skip an edit that
//! is too old and answer that they applied it. Remembers texts for a moment; edits nothing.

use crate::state::State;
use conflict::Replacement;
use contract::{ConflictPlace, Range};
use ropey::Rope;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tower_lsp::ls_types::Uri;

/// How long a change may be behind the answer of a client that says that it applied an edit. Neovim holds changes back for
/// 150 ms.
const BEHIND: Duration = Duration::from_secs(3);
/// Edits of one document that were handed out and may still be applied, the newest.
const OFFERED: usize = 8;

type Then = Box<dyn FnOnce(&mut State, bool) + Send>;

/// A text that is to come.
struct Awaited {
    after: Rope,
    places: Vec<ConflictPlace>,
    /// Of which request to the client; none where a code action was given its edit.
    batch: Option<u64>,
}

struct Batch {
    missing: usize,
    /// Set when the client said that it applied it.
    deadline: Option<Instant>,
    then: Then,
}

/// Edits that were handed out.
#[derive(Default)]
pub(crate) struct Confirming {
    awaited: HashMap<Uri, Vec<Awaited>>,
    batches: HashMap<u64, Batch>,
    last: u64,
    /// Conflicts that were resolved since the client was told last.
    resolved: HashMap<Uri, Vec<ConflictPlace>>,
}

impl Confirming {
    /// When the oldest request that was answered is given up.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.batches.values().filter_map(|batch| batch.deadline).min()
    }

    /// Whether nothing is waited for.
    pub(crate) fn is_idle(&self) -> bool {
        self.batches.is_empty()
    }

    /// An edit of one conflict was handed out; whether and when it is applied is the client's.
    pub(crate) fn offered(&mut self, uri: &Uri, text: &Rope, replacement: &Replacement, action: &str) {
        let (after, places) = applied(text, std::slice::from_ref(replacement), action);
        let awaited = self.awaited.entry(uri.clone()).or_default();
        if awaited.len() >= OFFERED {
            awaited.remove(0);
        }
        awaited.push(Awaited { after, places, batch: None });
    }

    /// The client is about to be asked to apply edits. `then` runs once all of their texts have come, or the client said no, or
    /// said yes and they did not come.
    pub(crate) fn expect(
        &mut self,
        documents: Vec<(Uri, Rope, Vec<ConflictPlace>)>,
        then: impl FnOnce(&mut State, bool) + Send + 'static,
    ) -> u64 {
        self.last += 1;
        let batch = Batch { missing: documents.len(), deadline: None, then: Box::new(then) };
        self.batches.insert(self.last, batch);
        for (uri, after, places) in documents {
            self.awaited.entry(uri).or_default().push(Awaited { after, places, batch: Some(self.last) });
        }
        self.last
    }

    /// Takes what was resolved in a document since the last time.
    pub(crate) fn take_resolved(&mut self, uri: &Uri) -> Vec<ConflictPlace> {
        self.resolved.remove(uri).unwrap_or_default()
    }

    /// A document was closed.
    pub(crate) fn closed(&mut self, uri: &Uri) {
        self.awaited.remove(uri);
        self.resolved.remove(uri);
    }
}

/// A text with replacements in it, and where they stand in it.
pub(crate) fn applied(text: &Rope, replacements: &[Replacement], action: &str) -> (Rope, Vec<ConflictPlace>) {
    let mut after = text.clone();
    let mut sorted: Vec<&Replacement> = replacements.iter().collect();
    sorted.sort_by_key(|replacement| replacement.range.start.byte);
    let at = |byte: u64| text.byte_to_char(usize::try_from(byte).unwrap_or(usize::MAX).min(text.len_bytes()));
    for replacement in sorted.iter().rev() {
        let (start, end) = (at(replacement.range.start.byte), at(replacement.range.end.byte));
        after.remove(start..end);
        after.insert(start, &replacement.text);
    }
    let mut shift = 0;
    let mut places = Vec::with_capacity(sorted.len());
    for replacement in sorted {
        let Range { start, end } = replacement.range;
        let lines = replacement.text.lines().count();
        let first = i64::from(start.line) + shift;
        let line = |n: i64| u32::try_from(n).unwrap_or_default();
        let kept = i64::try_from(lines).unwrap_or_default();
        places.push(ConflictPlace { action: action.to_owned(), start: line(first), end: line(first + kept) });
        shift += kept - (i64::from(end.line) - i64::from(start.line));
    }
    (after, places)
}

impl State {
    /// A document changed: perhaps by an edit of ours.
    pub(crate) fn confirm(&mut self, uri: &Uri) {
        let Some(awaited) = self.confirming.awaited.get_mut(uri) else { return };
        let Some(document) = self.documents.get(uri) else { return };
        let found = awaited.iter().position(|one| one.after == document.text);
        let Some(found) = found else {
            // An offer is for the text that it was made for; a request may arrive in several changes.
            awaited.retain(|one| one.batch.is_some());
            if awaited.is_empty() {
                self.confirming.awaited.remove(uri);
            }
            return;
        };
        let found = awaited.swap_remove(found);
        awaited.retain(|one| one.batch.is_some());
        if awaited.is_empty() {
            self.confirming.awaited.remove(uri);
        }
        self.confirming.resolved.entry(uri.clone()).or_default().extend(found.places);
        let Some(id) = found.batch else { return };
        let Some(batch) = self.confirming.batches.get_mut(&id) else { return };
        batch.missing = batch.missing.saturating_sub(1);
        if batch.missing == 0 && batch.deadline.is_some() {
            self.finish(id, true);
        }
    }

    /// The client answered a request to apply edits.
    pub(crate) fn edit_answered(&mut self, id: u64, applied: bool) {
        let Some(batch) = self.confirming.batches.get_mut(&id) else { return };
        if !applied {
            self.finish(id, false);
        } else if batch.missing == 0 {
            self.finish(id, true);
        } else {
            batch.deadline = Some(Instant::now() + BEHIND);
        }
    }

    /// Gives up on edits that a client said it applied, and whose change did not come.
    pub(crate) fn expire_edits(&mut self, now: Instant) {
        let over = |batch: &Batch| batch.deadline.is_some_and(|at| at <= now);
        let due: Vec<u64> =
            self.confirming.batches.iter().filter(|(_, batch)| over(batch)).map(|(id, _)| *id).collect();
        for id in due {
            tracing::warn!("the client said that it applied an edit, and no change of the text came");
            self.finish(id, false);
        }
    }

    fn finish(&mut self, id: u64, applied: bool) {
        for awaited in self.confirming.awaited.values_mut() {
            awaited.retain(|one| one.batch != Some(id));
        }
        self.confirming.awaited.retain(|_, awaited| !awaited.is_empty());
        if let Some(batch) = self.confirming.batches.remove(&id) {
            (batch.then)(self, applied);
        }
    }
}
