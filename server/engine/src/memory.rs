//! What the inventory remembers between runs lies in the journal's database; without a journal nothing is remembered.

use crate::inner::Inner;
use inventory::Memory;
use std::collections::HashMap;

pub(crate) struct Remembered<'a>(pub &'a Inner);

impl Memory for Remembered<'_> {
    /// A journal that is only being made remembers nothing: its making, with all that waits for the disk, is not waited for.
    fn get_many(&self, keys: &[String]) -> Vec<Option<Vec<u8>>> {
        let mut found = match self.0.journal_if_old() {
            Some(journal) => journal.remember_get_many(keys).unwrap_or_else(|e| {
                tracing::warn!("nothing remembered: {e}");
                HashMap::new()
            }),
            None => HashMap::new(),
        };
        keys.iter().map(|key| self.0.about_to_remember(key).or_else(|| found.remove(key))).collect()
    }

    /// Nothing waits for a journal that is only being made. A command's entries are written when it ends, after what must
    /// be on the disk: the disk would be waited for with all of them otherwise.
    fn put_many(&self, entries: Vec<(String, Vec<u8>)>) {
        self.0.remember_later(entries);
    }
}
