//! How far events have come, for whoever shows them. Reads the journal; words are chosen in `words`.

use crate::{Engine, EngineError, words};
use contract::{DeliveryEntry, DeliveryReport, JournalEntry};

/// Events that are asked for at once, at most.
pub const MOST_ASKED: usize = 500;

impl Engine {
    /// How far the events with these ids have come; of more than [`MOST_ASKED`], the first. What is no id names nothing.
    pub fn delivery(&self, ids: &[String]) -> Result<DeliveryReport, EngineError> {
        let ids: Vec<_> = ids.iter().take(MOST_ASKED).filter_map(|id| id.parse().ok()).collect();
        let entries = self.journal()?.delivered(&ids)?;
        Ok(DeliveryReport { entries: entries.iter().map(entry).collect() })
    }
}

fn entry(entry: &JournalEntry) -> DeliveryEntry {
    DeliveryEntry {
        id: entry.id.clone(),
        entity: entry.entity.clone(),
        state: entry.state,
        state_text: words::delivery(entry.state, &entry.uploaded_to, &entry.seen_by),
        uploaded_to: entry.uploaded_to.clone(),
        seen_by: entry.seen_by.clone(),
    }
}
