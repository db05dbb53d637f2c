//! Results that were costly to find and can be found again: a bounded map, the least recently used dropped first.
//! Nothing here is a record; losing all of it costs time only.

use crate::error::JournalError;
use crate::journal::Journal;
use crate::time::now_ms;
use crate::tx::Tx;
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of keys and values that are kept.
pub const REMEMBERED_BYTES: u64 = 64 << 20;
/// Bytes that are put between two looks at the whole.
const LOOK_EVERY: u64 = 4 << 20;
/// Milliseconds within which a use is not noted again, so that reading does not write.
const FRESH_MS: i64 = 24 * 3_600_000;

/// Bytes put by this process since it last looked at the whole.
static PUT: AtomicU64 = AtomicU64::new(0);

impl Journal {
    /// What was put under `key`.
    pub fn remember_get(&self, key: &str) -> Result<Option<Vec<u8>>, JournalError> {
        Ok(self.remember_get_many(&[key])?.remove(key))
    }

    /// What was put under those of `keys` that are there.
    pub fn remember_get_many<K: AsRef<str>>(&self, keys: &[K]) -> Result<HashMap<String, Vec<u8>>, JournalError> {
        let now = now_ms();
        let mut old = Vec::new();
        let found = self.read(|connection| {
            // One snapshot, so that the lock of the index is taken once and not once a key.
            let snapshot = connection.unchecked_transaction()?;
            let mut found = HashMap::with_capacity(keys.len());
            let mut select = snapshot.prepare_cached("SELECT value, used_at FROM remembered WHERE key = ?1")?;
            for key in keys {
                let key = key.as_ref();
                let row = select.query_row([key], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?))).optional()?;
                if let Some((value, used_at)) = row {
                    if now - used_at > FRESH_MS {
                        old.push(key.to_owned());
                    }
                    found.insert(key.to_owned(), value);
                }
            }
            Ok(found)
        })?;
        if !old.is_empty() {
            self.write_later(false, move |tx| touch(tx.connection, &old, now).map_err(|e| tx.error(&e)));
        }
        Ok(found)
    }

    /// Puts values, replacing older ones, and returns at once. A crash may lose them.
    pub fn remember_put_many(&self, values: Vec<(String, Vec<u8>)>) {
        self.write_later(false, move |tx| values.iter().try_for_each(|(key, value)| tx.remember_put(key, value)));
    }

    /// Drops the least recently used until at most `bytes` of keys and values are left; waits, and answers with what is left.
    pub fn prune(&self, bytes: u64) -> Result<u64, JournalError> {
        self.write(false, move |tx| prune(tx.connection, bytes).map_err(|e| tx.error(&e)))
    }
}

impl Tx<'_> {
    /// Puts one value; see [`Journal::remember_put_many`].
    pub fn remember_put(&mut self, key: &str, value: &[u8]) -> Result<(), JournalError> {
        let size = (key.len() + value.len()) as u64;
        let put = self
            .connection
            .prepare_cached("INSERT OR REPLACE INTO remembered (key, value, size, used_at) VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut insert| insert.execute((key, value, size.cast_signed(), now_ms())));
        put.map_err(|e| self.error(&e))?;
        if PUT.fetch_add(size, Ordering::Relaxed) + size >= LOOK_EVERY {
            PUT.store(0, Ordering::Relaxed);
            prune(self.connection, REMEMBERED_BYTES).map_err(|e| self.error(&e))?;
        }
        Ok(())
    }
}

fn touch(connection: &Connection, keys: &[String], now: i64) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached("UPDATE remembered SET used_at = ?2 WHERE key = ?1")?;
    keys.iter().try_for_each(|key| update.execute((key, now)).map(drop))
}

fn prune(connection: &Connection, bytes: u64) -> rusqlite::Result<u64> {
    // Both columns are in the index, so the values are not read.
    let total = "SELECT coalesce(sum(size), 0) FROM remembered";
    let mut left: i64 = connection.query_row(total, [], |row| row.get(0))?;
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    if left > bytes {
        connection.execute(
            "DELETE FROM remembered WHERE rowid IN (
                 SELECT rowid FROM (SELECT rowid, sum(size) OVER (ORDER BY used_at DESC, rowid DESC) AS kept FROM remembered)
                 WHERE kept > ?1)",
            [bytes],
        )?;
        left = connection.query_row(total, [], |row| row.get(0))?;
    }
    Ok(left.unsigned_abs())
}
