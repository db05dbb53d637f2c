//! Segments that are sound and may not be let in, or not yet: kept as they came, with the reason in words.
//! Nothing here counts as an event; what may pass later is tried again at every import.

use crate::chain::LogId;
use crate::error::JournalError;
use crate::import::Reason;
use crate::journal::Journal;
use crate::segment::Segment;
use crate::time::{now_ms, rfc3339};
use crate::tx::Tx;
use rusqlite::OptionalExtension;

/// Most bytes that are kept apart, so that a stranger cannot fill the disk.
const MOST: u64 = 64 << 20;

/// A segment that is kept apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Hash of the segment, in hex: the beginning of it names the segment.
    pub id: String,
    /// The log.
    pub log: LogId,
    /// The device that signed it.
    pub device: [u8; 32],
    /// Place of its first event.
    pub first: u64,
    /// Place of its last.
    pub last: u64,
    /// The word of [`Reason`].
    pub reason: String,
    /// Why, for people.
    pub detail: String,
    /// RFC 3339, when it came.
    pub at: String,
}

impl Quarantined {
    /// The device in hex, as devices are called.
    pub fn device_id(&self) -> String {
        hex::encode(self.device)
    }
}

impl Journal {
    /// What is kept apart, oldest first.
    pub fn quarantined(&self) -> Result<Vec<Quarantined>, JournalError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT log, device, first, last, reason, detail, at_ms, hash FROM quarantine WHERE reason <> 'discarded' ORDER BY n")?
                .query_map([], |row| {
                    Ok(Quarantined {
                        log: row.get(0)?,
                        device: row.get(1)?,
                        first: row.get::<_, i64>(2)?.unsigned_abs(),
                        last: row.get::<_, i64>(3)?.unsigned_abs(),
                        reason: row.get(4)?,
                        detail: row.get(5)?,
                        at: rfc3339(row.get(6)?),
                        id: hex::encode(row.get::<_, [u8; 32]>(7)?),
                    })
                })?
                .collect()
        })
    }
}

impl Tx<'_> {
    /// Keeps a segment apart. Inner error: so many bytes are kept already that it was not.
    pub(crate) fn set_apart(
        &mut self,
        segment: &Segment,
        bytes: &[u8],
        reason: Reason,
        detail: &str,
    ) -> Result<Result<(), u64>, JournalError> {
        let set = || -> rusqlite::Result<Result<(), u64>> {
            let known = "SELECT 1 FROM quarantine WHERE hash = ?1";
            if self.connection.query_row(known, [segment.hash], |_| Ok(())).optional()?.is_some() {
                return Ok(Ok(()));
            }
            let kept: i64 =
                self.connection
                    .query_row("SELECT coalesce(sum(length(bytes)), 0) FROM quarantine", [], |row| row.get(0))?;
            if kept.unsigned_abs() + bytes.len() as u64 > MOST {
                return Ok(Err(kept.unsigned_abs()));
            }
            self.connection
                .prepare_cached(
                    "INSERT INTO quarantine (hash, log, device, first, last, reason, detail, bytes, at_ms)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                )?
                .execute((
                    segment.hash,
                    segment.origin.log,
                    segment.origin.device,
                    segment.first.cast_signed(),
                    segment.last.cast_signed(),
                    reason.word(),
                    detail,
                    bytes,
                    now_ms(),
                ))?;
            Ok(Ok(()))
        };
        set().map_err(|e| self.error(&e))
    }

    /// Rows and bytes of what may pass by now, in the order of places.
    pub(crate) fn kept_apart(&self) -> Result<Vec<i64>, JournalError> {
        let rows = || -> rusqlite::Result<Vec<(i64, String)>> {
            self.connection
                .prepare_cached("SELECT n, reason FROM quarantine ORDER BY log, first")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        let may_pass = [Reason::UnknownDevice, Reason::Revoked, Reason::ClockJump, Reason::Follows].map(Reason::word);
        let rows = rows().map_err(|e| self.error(&e))?;
        Ok(rows.into_iter().filter(|(_, reason)| may_pass.contains(&reason.as_str())).map(|(n, _)| n).collect())
    }

    /// The bytes of one that is kept apart.
    pub(crate) fn apart_bytes(&self, n: i64) -> Result<Vec<u8>, JournalError> {
        self.connection
            .prepare_cached("SELECT bytes FROM quarantine WHERE n = ?1")
            .and_then(|mut find| find.query_row([n], |row| row.get(0)))
            .map_err(|e| self.error(&e))
    }
}
