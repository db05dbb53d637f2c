//! What the inventory remembers between runs lies in the journal's database; without a journal nothing is remembered.

use crate::facade::Inner;
use inventory::Memory;

pub(crate) struct Remembered<'a>(pub &'a Inner);

impl Memory for Remembered<'_> {
    /// A journal that is only being made remembers nothing: its making, with all that waits for the disk, is not waited for.
    fn get_many(&self, keys: &[String]) -> Vec<Option<Vec<u8>>> {
        let Some(journal) = self.0.journal_if_old() else { return vec![None; keys.len()] };
        let mut found = journal.remember_get_many(keys).unwrap_or_else(|e| {
            tracing::warn!("nothing remembered: {e}");
            std::collections::HashMap::new()
        });
        keys.iter().map(|key| found.remove(key)).collect()
    }

    fn put_many(&self, entries: Vec<(String, Vec<u8>)>) {
        if let Ok(journal) = self.0.journal() {
            journal.remember_put_many(entries);
        }
    }
}
