//! Seals what is written and may leave the machine, log by log, and hands the segments out.
//! A segment is given out only after the commit that flushed every event in it; the local lane is never sealed.

use crate::chain::{LogId, lane_number};
use crate::error::JournalError;
use crate::journal::Journal;
use crate::segment::{self, Fresh, Origin, Record, Run};
use crate::tx::Tx;
use contract::Lane;
use rusqlite::{Connection, OptionalExtension};

/// A segment is closed at so many bytes of records; small enough that one more event never makes it too large to be read.
const FULL: usize = 1 << 20;

/// A segment that is stored: which run of which log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The log.
    pub log: LogId,
    /// Zeros where nothing is shared as a project.
    pub project: [u8; 16],
    /// Number of the lane.
    pub lane: u8,
    /// Place of its first event.
    pub first: u64,
    /// Place of its last.
    pub last: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

impl Sealed {
    /// `<log>/<first>-<last>.seg`, the log in hex and the places with as many digits as the largest has, so that names sort.
    pub fn name(&self) -> String {
        format!("{}/{:020}-{:020}.seg", hex::encode(self.log), self.first, self.last)
    }
}

impl Journal {
    /// Seals everything of a project that is not sealed yet, and waits until it is flushed to the disk. Answers with how many
    /// segments there are more, or again without what was redacted.
    pub fn seal(&self, project: [u8; 16]) -> Result<usize, JournalError> {
        let mut sealed = 0;
        // One at a time: other writers wait for one segment, not for all.
        while self.write(true, move |tx| tx.seal_next(project))? {
            sealed += 1;
        }
        if sealed > 0 {
            self.bear_witness()?;
        }
        Ok(sealed)
    }

    /// The segments of a project that can be handed on, own ones and those of others, by log and place.
    pub fn segments(&self, project: [u8; 16]) -> Result<Vec<Sealed>, JournalError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT log.id, log.project, log.lane, segment.first, segment.last, segment.hash
                     FROM segment JOIN log ON log.n = segment.log
                     WHERE log.project = ?1 AND segment.bytes IS NOT NULL ORDER BY log.lane, log.id, segment.first",
                )?
                .query_map([project], |row| {
                    Ok(Sealed {
                        log: row.get(0)?,
                        project: row.get(1)?,
                        lane: row.get(2)?,
                        first: row.get::<_, i64>(3)?.unsigned_abs(),
                        last: row.get::<_, i64>(4)?.unsigned_abs(),
                        hash: row.get(5)?,
                    })
                })?
                .collect()
        })
    }

    /// The bytes of a segment, as its owner sealed them; `None` where they are not here, or not any more.
    pub fn segment_bytes(&self, segment: &Sealed) -> Result<Option<Vec<u8>>, JournalError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT segment.bytes FROM segment JOIN log ON log.n = segment.log
                     WHERE log.id = ?1 AND segment.first = ?2 AND segment.hash = ?3",
                )?
                .query_row((segment.log, segment.first.cast_signed(), segment.hash), |row| row.get(0))
                .optional()
                .map(Option::flatten)
        })
    }
}

/// A log that has something to seal.
struct Open {
    n: i64,
    origin: Origin,
    first: i64,
    /// The last place; `None`: as many as fit.
    last: Option<i64>,
    previous: [u8; 32],
}

impl Tx<'_> {
    pub(crate) fn seal_next(&mut self, project: [u8; 16]) -> Result<bool, JournalError> {
        let next = next(self.connection, self.device.n, project).map_err(|e| self.error(&e))?;
        let Some(open) = next else { return Ok(false) };
        let (anchor, records) = run_of(self.connection, &open).map_err(|e| self.error(&e))?;
        let first = open.first.unsigned_abs();
        let run = Run { origin: &open.origin, first, previous: open.previous, anchor, records: &records };
        let Fresh { bytes, last, head, hash } = segment::seal(&run, &self.device.signing)
            .map_err(|e| JournalError::InvalidDraft { detail: format!("the log cannot be sealed: {e}") })?;
        let stored = (|| {
            let kept: [u8; 32] = self
                .connection
                .prepare_cached("SELECT hash FROM event WHERE log = ?1 AND seq = ?2")?
                .query_row((open.n, last.cast_signed()), |row| row.get(0))?;
            if kept != head {
                return Ok(false);
            }
            self.connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO segment (log, first, last, hash, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute((open.n, open.first, last.cast_signed(), hash, bytes))?;
            self.connection
                .prepare_cached(
                    "UPDATE log SET sealed_hash = iif(?2 >= sealed_seq, ?3, sealed_hash), sealed_seq = max(sealed_seq, ?2)
                     WHERE n = ?1",
                )?
                .execute((open.n, last.cast_signed(), hash))?;
            Ok(true)
        })();
        match stored {
            Ok(true) => Ok(true),
            // What does not verify must not get a signature.
            Ok(false) => Err(JournalError::Damaged {
                file: self.file.to_owned(),
                detail: format!("the chain of log {} is broken before event {last}", hex::encode(open.origin.log)),
            }),
            Err(error) => Err(self.error(&error)),
        }
    }
}

/// First what was redacted since it was sealed, then what was never sealed.
fn next(connection: &Connection, device: i64, project: [u8; 16]) -> rusqlite::Result<Option<Open>> {
    connection
        .prepare_cached(
            "SELECT * FROM (
                SELECT 0 AS rank, log.n, log.id, device.public, log.epoch, log.project, log.lane, segment.first, segment.last, zeroblob(32)
                FROM segment JOIN log ON log.n = segment.log JOIN device ON device.n = log.device
                WHERE segment.bytes IS NULL AND log.device = ?1 AND log.project = ?2
                UNION ALL
                SELECT 1, log.n, log.id, device.public, log.epoch, log.project, log.lane, log.sealed_seq + 1, NULL, coalesce(log.sealed_hash, zeroblob(32))
                FROM log JOIN device ON device.n = log.device
                WHERE log.own = 1 AND log.project = ?2 AND log.lane <> ?3 AND log.head_seq > log.sealed_seq
             ) ORDER BY rank, lane, first LIMIT 1",
        )?
        .query_row((device, project, lane_number(Lane::Local)), |row| {
            Ok(Open {
                n: row.get(1)?,
                origin: Origin {
                    log: row.get(2)?,
                    device: row.get(3)?,
                    epoch: row.get(4)?,
                    project: row.get(5)?,
                    lane: row.get(6)?,
                },
                first: row.get(7)?,
                last: row.get(8)?,
                previous: row.get(9)?,
            })
        })
        .optional()
}

/// The chain hash in front of a run, and its events.
fn run_of(connection: &Connection, open: &Open) -> rusqlite::Result<([u8; 32], Vec<Record>)> {
    let anchor = connection
        .prepare_cached("SELECT hash FROM event WHERE log = ?1 AND seq = ?2")?
        .query_row((open.n, open.first - 1), |row| row.get(0))
        .optional()?
        .unwrap_or([0; 32]);
    let mut statement = connection.prepare_cached(
        "SELECT event.header, payload.salt, payload.bytes FROM event LEFT JOIN payload ON payload.pos = event.pos
         WHERE event.log = ?1 AND event.seq >= ?2 AND event.seq <= ?3 ORDER BY event.seq",
    )?;
    let mut rows = statement.query((open.n, open.first, open.last.unwrap_or(i64::MAX)))?;
    let (mut records, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let header: Vec<u8> = row.get(0)?;
        let content = row.get::<_, Option<[u8; 16]>>(1)?.zip(row.get::<_, Option<Vec<u8>>>(2)?);
        bytes += header.len() + content.as_ref().map_or(0, |(_, payload)| payload.len());
        records.push(Record { header, content });
        // A run that is sealed again keeps its bounds.
        if open.last.is_none() && bytes >= FULL {
            break;
        }
    }
    Ok((anchor, records))
}
