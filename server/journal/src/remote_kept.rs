//! What a user said of a remote: that it is to be left alone for now, and the key that its team shares. And which events of this
//! device it does not hold. Kept in the journal, which is encrypted, and never in an event.

use crate::chain::lane_number;
use crate::error::JournalError;
use crate::journal::Journal;
use crate::remote::KnownRemote;
use crate::store::NO_PROJECT;
use crate::time::now_ms;
use contract::Lane;
use rusqlite::{Connection, OptionalExtension};
use ulid::Ulid;
use zeroize::Zeroizing;

fn paused(n: i64) -> String {
    format!("remote-paused:{n}")
}

fn key(n: i64) -> String {
    format!("remote-key:{n}")
}

impl Journal {
    /// Leaves a remote alone until it is resumed. Answers with since when it is.
    pub fn pause_remote(&self, n: i64) -> Result<i64, JournalError> {
        self.write(true, move |tx| {
            let sql = "INSERT INTO meta (key, value) SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM remote WHERE n = ?3)
                       ON CONFLICT (key) DO NOTHING";
            let now = now_ms();
            let written = tx.connection.execute(sql, (paused(n), now.to_be_bytes().as_slice(), n));
            written.map_err(|e| tx.error(&e))?;
            Ok(paused_since(tx.connection, n).map_err(|e| tx.error(&e))?.unwrap_or(now))
        })
    }

    /// Uses it again; `false` where it was not left alone.
    pub fn resume_remote(&self, n: i64) -> Result<bool, JournalError> {
        self.write(true, move |tx| {
            let sql = "DELETE FROM meta WHERE key = ?1";
            tx.connection.execute(sql, [paused(n)]).map(|rows| rows > 0).map_err(|e| tx.error(&e))
        })
    }

    /// Since when a remote is left alone, in milliseconds since 1970.
    pub fn remote_paused(&self, n: i64) -> Result<Option<i64>, JournalError> {
        self.read(|connection| paused_since(connection, n))
    }

    /// Keeps the key of the team that a remote is encrypted with.
    pub fn keep_remote_key(&self, n: i64, bytes: &[u8; 32]) -> Result<(), JournalError> {
        let bytes = Zeroizing::new(*bytes);
        self.write(true, move |tx| {
            let sql =
                "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
            tx.connection.execute(sql, (key(n), bytes.as_slice())).map(drop).map_err(|e| tx.error(&e))
        })
    }

    /// The key that was kept of a remote; `None` where it is not encrypted.
    pub fn remote_key(&self, n: i64) -> Result<Option<Zeroizing<Vec<u8>>>, JournalError> {
        self.read(|connection| {
            let sql = "SELECT value FROM meta WHERE key = ?1";
            let value = connection.prepare_cached(sql)?.query_row([key(n)], |row| row.get(0).map(Zeroizing::new));
            value.optional()
        })
    }

    /// Events of this device that a remote does not hold, most urgent lane and oldest first, at most so many.
    pub fn waiting(&self, remote: &KnownRemote, most: usize) -> Result<Vec<Ulid>, JournalError> {
        let (n, project, most) = (remote.n, remote.project, i64::try_from(most).unwrap_or(i64::MAX));
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT event.id FROM log JOIN event ON event.log = log.n
                     LEFT JOIN remote_log ON remote_log.log = log.id AND remote_log.remote = ?4
                     WHERE log.own = 1 AND log.lane <> ?5 AND (log.project = ?1 OR (log.project = ?2 AND log.lane = ?3))
                           AND event.seq > min(coalesce(remote_log.held, 0), log.sealed_seq)
                     ORDER BY log.lane, log.n, event.seq LIMIT ?6",
                )?
                .query_map((project, NO_PROJECT, lane_number(Lane::Ctl), n, lane_number(Lane::Local), most), |row| {
                    row.get(0).map(Ulid::from_bytes)
                })?
                .collect()
        })
    }
}

/// Forgets both; with the remote's own rows.
pub(crate) fn forget(connection: &Connection, n: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM meta WHERE key IN (?1, ?2)", (paused(n), key(n))).map(drop)
}

fn paused_since(connection: &Connection, n: i64) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT value FROM meta WHERE key = ?1";
    let value: Option<Vec<u8>> = connection.prepare_cached(sql)?.query_row([paused(n)], |row| row.get(0)).optional()?;
    Ok(value.map(|value| value.try_into().map_or(0, i64::from_be_bytes)))
}
