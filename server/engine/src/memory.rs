//! What the inventory remembers between runs lies in the journal's database; without a journal nothing is remembered.

use inventory::Memory;
use journal::Journal;

pub(crate) struct Remembered(Option<Journal>);

impl Remembered {
    pub fn new(journal: Option<Journal>) -> Self {
        Self(journal)
    }
}

impl Memory for Remembered {
    fn get_many(&self, keys: &[String]) -> Vec<Option<Vec<u8>>> {
        let Some(journal) = &self.0 else { return vec![None; keys.len()] };
        let mut found = journal.remember_get_many(keys).unwrap_or_else(|e| {
            tracing::warn!("nothing remembered: {e}");
            std::collections::HashMap::new()
        });
        keys.iter().map(|key| found.remove(key)).collect()
    }

    fn put_many(&self, entries: Vec<(String, Vec<u8>)>) {
        if let Some(journal) = &self.0 {
            journal.remember_put_many(entries);
        }
    }
}
