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
        journal.remember_get_many(keys).unwrap_or_else(|e| {
            tracing::warn!("nothing remembered: {e}");
            vec![None; keys.len()]
        })
    }

    fn put_many(&self, entries: Vec<(String, Vec<u8>)>) {
        if let Some(journal) = &self.0
            && let Err(e) = journal.remember_put_many(entries)
        {
            tracing::warn!("not remembered: {e}");
        }
    }
}
