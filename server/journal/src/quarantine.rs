//! Segments that are sound and may not be let in, or not yet: kept as they came, with the reason in words.
//! Nothing here counts as an event; what may pass later is tried again at every import.

use crate::chain::LogId;
use crate::error::JournalError;
use crate::import::Reason;
use crate::journal::Journal;
use crate::member::{Membership, Public, Standing};
use crate::redact::{is_kept, is_taken};
use crate::segment::Segment;
use crate::store::NO_PROJECT;
use crate::time::{now_ms, rfc3339};
use crate::tx::Tx;
use rusqlite::OptionalExtension;
use ulid::Ulid;

/// Most bytes that are kept apart, so that a stranger cannot fill the disk; most segments, and most bytes that they unpack to,
/// so that letting them in some day holds nobody up.
const MOST: u64 = 64 << 20;
const MOST_SEGMENTS: u64 = 4096;
const MOST_UNPACKED: u64 = 512 << 20;
/// Bytes at a segment's beginning among which its header is: 4096 at most, and what stands in front of it.
const BEGINNING: u32 = 4160;

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
    /// Keeps a segment apart. Inner error: so many bytes, or segments, are kept already that it was not.
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
            // One that contradicts what is here is never let in: what a redaction took stays in none.
            let bytes = if reason == Reason::Fork && self.holds_taken(segment)? { &[] } else { bytes };
            let (mut segments, mut kept, mut unpacked) = (0_u64, 0_u64, Segment::announced(bytes) as u64);
            let mut select = self
                .connection
                .prepare_cached("SELECT length(bytes), substr(bytes, 1, ?1) FROM quarantine WHERE length(bytes) > 0")?;
            let mut rows = select.query([BEGINNING])?;
            while let Some(row) = rows.next()? {
                segments += 1;
                kept += row.get::<_, i64>(0)?.unsigned_abs();
                unpacked += Segment::announced(row.get_ref(1)?.as_blob()?) as u64;
            }
            if kept + bytes.len() as u64 > MOST || segments >= MOST_SEGMENTS || unpacked > MOST_UNPACKED {
                return Ok(Err(kept));
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

    fn holds_taken(&self, segment: &Segment) -> rusqlite::Result<bool> {
        for (header, _) in segment.records.iter().filter(|(_, record)| record.content.is_some()) {
            if !is_kept(&header.kind) && is_taken(self.connection, header, &segment.origin.project)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Empties what contradicts what is here, is never let in, and holds what a redaction takes.
    pub(crate) fn forget_in_forks(&self, target: Ulid) -> rusqlite::Result<()> {
        let forks: Vec<(i64, Vec<u8>)> = self
            .connection
            .prepare_cached("SELECT n, bytes FROM quarantine WHERE reason = ?1 AND length(bytes) > 0")?
            .query_map([Reason::Fork.word()], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (n, bytes) in forks {
            let segment = Segment::read(&bytes);
            if segment.is_ok_and(|segment| segment.records.iter().any(|(header, _)| header.id == target)) {
                self.connection.prepare_cached("UPDATE quarantine SET bytes = x'' WHERE n = ?1")?.execute([n])?;
            }
        }
        Ok(())
    }

    /// Rows of what may pass by now, in the order of places: told by who wrote them and where, without unpacking any, because
    /// anybody can have something kept apart. Which project they are of stands in the bytes; a place in any of them will do.
    pub(crate) fn kept_apart(&mut self) -> Result<Vec<i64>, JournalError> {
        self.settle()?;
        let rows = || -> rusqlite::Result<Vec<i64>> {
            let own = self.device.public();
            let mut projects: Vec<[u8; 16]> = self
                .connection
                .prepare_cached("SELECT project FROM root")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            projects.push(NO_PROJECT);
            let mut memberships: Option<Vec<Membership>> = None;
            let mut may_pass = Vec::new();
            let mut select = self.connection.prepare_cached(
                "SELECT n, device, log, first, last, reason,
                        first <= 1 + coalesce((SELECT head_seq FROM log WHERE log.id = quarantine.log), 0)
                 FROM quarantine WHERE reason NOT IN ('discarded', 'fork') ORDER BY log, first",
            )?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                let (device, log): (Public, LogId) = (row.get(1)?, row.get(2)?);
                let (first, last): (i64, i64) = (row.get(3)?, row.get(4)?);
                let is_next: bool = row.get(6)?;
                if row.get_ref(5)?.as_str()? == Reason::Follows.word() && !is_next {
                    continue;
                }
                if memberships.is_none() {
                    let of = |project: &[u8; 16]| Membership::of(self.connection, own, *project);
                    memberships = Some(projects.iter().map(of).collect::<rusqlite::Result<_>>()?);
                }
                let lets = |members: &Membership| {
                    last.unsigned_abs() <= members.admitted_upto(&device, &log)
                        || match members.standing(&device) {
                            Standing::Member => true,
                            Standing::Unknown => device == own,
                            Standing::Revoked => first.unsigned_abs() <= members.cutoff(&device, &log),
                        }
                };
                if memberships.iter().flatten().any(lets) {
                    may_pass.push(row.get(0)?);
                }
            }
            Ok(may_pass)
        };
        rows().map_err(|e| self.error(&e))
    }

    /// The bytes of one that is kept apart.
    pub(crate) fn apart_bytes(&self, n: i64) -> Result<Vec<u8>, JournalError> {
        self.connection
            .prepare_cached("SELECT bytes FROM quarantine WHERE n = ?1")
            .and_then(|mut find| find.query_row([n], |row| row.get(0)))
            .map_err(|e| self.error(&e))
    }
}
