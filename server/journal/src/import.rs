//! Lets the sealed segments of other devices into the journal, whole or not at all, as often as they come.
//! What is sound and may not count is kept with its reason; nothing that was in is changed or taken out.

use crate::chain::{LogId, chain_hash, lane_number};
use crate::error::JournalError;
use crate::journal::Journal;
use crate::member::{Membership, Standing};
use crate::planted;
use crate::segment::{Segment, SegmentError};
use crate::tx::{HIGHEST_LAMPORT, LAST_LAMPORT, Tx};
use contract::Lane;
use rusqlite::{Connection, OptionalExtension};

/// How far a Lamport number may be above every other that is known: a clock that runs further is broken or hostile, and
/// believing it would use up the numbers. As git-bug guards its clocks.
pub const MAX_JUMP: u64 = 1_000_000;

/// The highest Lamport number that is believed when somebody lets it in by hand: as many are left above it.
pub const MAX_BY_HAND: u64 = 1 << 62;

/// What became of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The log.
    pub log: LogId,
    /// Events that were not here before.
    pub new: u64,
    /// Events that were.
    pub known: u64,
    /// Of the new ones, those that are shown and not relied on.
    pub held: u64,
    /// Why it was kept apart; nothing of it is among the events then.
    pub quarantined: Option<Reason>,
    /// Segments that had been kept apart and were let in because of this one.
    pub released: u64,
}

/// Why a sound segment was kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No member has enrolled its device.
    UnknownDevice,
    /// Its device was revoked before these events.
    Revoked,
    /// A Lamport number is more than [`MAX_JUMP`] above every other.
    ClockJump,
    /// It follows a segment that is kept apart.
    Follows,
    /// It contradicts what is here: the same place of the same log holds another event.
    Fork,
}

impl Reason {
    /// The word that stands for it.
    pub fn word(self) -> &'static str {
        match self {
            Reason::UnknownDevice => "unknown-device",
            Reason::Revoked => "revoked",
            Reason::ClockJump => "clock-jump",
            Reason::Follows => "follows",
            Reason::Fork => "fork",
        }
    }
}

/// Why a segment was refused, and nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The bytes are not a segment, or not sound.
    #[error("{0}\nhint: get it again from where it came; nothing of it was kept")]
    Segment(#[from] SegmentError),
    /// Events are missing between what is here and what came.
    #[error(
        "events {expected} to {} of log {log} are missing in front of this segment\nhint: bring the segments of that log in order; nothing of this one was kept",
        first - 1
    )]
    Gap {
        /// The log in hex.
        log: String,
        /// The first that is missing.
        expected: u64,
        /// The first that came.
        first: u64,
    },
    /// So much is kept apart already that no more is.
    #[error(
        "as many segments as may be are kept apart already, {bytes} bytes, and no more are kept\nhint: enrol the devices that they come from, or drop them"
    )]
    TooMuch {
        /// Bytes that are kept apart.
        bytes: u64,
    },
    /// It is of the lane that no device seals.
    #[error(
        "this segment is of what never leaves a device, and nothing of it was kept\nhint: tell whoever sent it: their Holdover does not seal such a segment"
    )]
    Local,
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// What keeps a segment out, decided inside the transaction.
enum Refusal {
    Gap { expected: u64 },
    Apart(Reason, String),
}

impl Journal {
    /// Lets a segment in that another device, or this one, has sealed, and waits until it is flushed to the disk. The bytes are
    /// proven first, on the caller's thread. The same segment may come any number of times.
    pub fn import(&self, bytes: &[u8]) -> Result<Imported, ImportError> {
        self.import_read(Segment::read(bytes)?, bytes)
    }

    /// [`Journal::import`] for who has read it already: `segment` is what [`Segment::read`] made of these bytes.
    pub fn import_read(&self, segment: Segment, bytes: &[u8]) -> Result<Imported, ImportError> {
        // What a colleague has noted for themselves would look like ours.
        if segment.origin.lane == lane_number(Lane::Local) {
            return Err(ImportError::Local);
        }
        let bytes = bytes.to_vec();
        self.write(true, move |tx| tx.import(&segment, &bytes))?
    }
}

/// The log that a segment belongs to, as it stands here.
struct Here {
    n: i64,
    own: bool,
    head_seq: u64,
    head_hash: [u8; 32],
    lamport: u64,
}

impl Tx<'_> {
    fn import(&mut self, segment: &Segment, bytes: &[u8]) -> Result<Result<Imported, ImportError>, JournalError> {
        let imported = match self.admit(segment, bytes)? {
            Ok(imported) => imported,
            Err(Refusal::Gap { expected }) => {
                let log = hex::encode(segment.origin.log);
                return Ok(Err(ImportError::Gap { log, expected, first: segment.first }));
            }
            Err(Refusal::Apart(reason, detail)) => {
                if let Err(bytes) = self.set_apart(segment, bytes, reason, &detail)? {
                    return Ok(Err(ImportError::TooMuch { bytes }));
                }
                let log = segment.origin.log;
                Imported { log, new: 0, known: 0, held: 0, quarantined: Some(reason), released: 0 }
            }
        };
        self.answer_requests(segment)?;
        // Where nothing came and nobody was answered, nothing has changed for what is kept apart.
        let may_release = imported.new > 0 || segment.origin.lane == lane_number(Lane::Ctl);
        let released = if may_release { self.release()? } else { 0 };
        Ok(Ok(Imported { released, ..imported }))
    }

    /// Tries what was kept apart once more, until nothing more passes.
    pub(crate) fn release(&mut self) -> Result<u64, JournalError> {
        let mut released = 0;
        loop {
            if planted("apart-for-ever") {
                return Ok(0);
            }
            let mut passed = 0;
            for n in self.kept_apart()? {
                let bytes = self.apart_bytes(n)?;
                let Ok(segment) = Segment::read(&bytes) else { continue };
                if segment.origin.lane == lane_number(Lane::Local) {
                    continue;
                }
                if let Ok(_imported) = self.admit(&segment, &bytes)? {
                    let deleted = self.connection.execute("DELETE FROM quarantine WHERE n = ?1", [n]);
                    deleted.map_err(|e| self.error(&e))?;
                    passed += 1;
                }
            }
            released += passed;
            if passed == 0 {
                return Ok(released);
            }
        }
    }

    /// Outer error: nothing may be stored. Inner: why it is not let in.
    fn admit(&mut self, segment: &Segment, bytes: &[u8]) -> Result<Result<Imported, Refusal>, JournalError> {
        // Heads that this transaction holds are written first, so that the table is the truth.
        self.settle()?;
        let origin = &segment.origin;
        let failed = |tx: &Self, e: rusqlite::Error| tx.error(&e);
        let mut log = find(self.connection, &origin.log).map_err(|e| failed(self, e))?;
        let agrees = agrees(self.connection, log.as_ref(), segment).map_err(|e| failed(self, e))?;
        let in_our_epoch = origin.device == self.device.public() && origin.epoch == self.device.epoch;
        let goes_on = log.as_ref().map_or(in_our_epoch, |log| log.own && (!agrees || segment.last > log.head_seq));
        if goes_on && !planted("copy-unnoticed") {
            // Somebody else goes on with our log, or has begun one that would be ours: a clone, or what we were before a backup was put
            // back.
            self.renew("another copy of this journal has written to its logs")?;
            log = find(self.connection, &origin.log).map_err(|e| failed(self, e))?;
        }
        if !agrees {
            let ours = origin.device == self.device.public() && !planted("other-history-unsaid");
            if let Some(log) = log.as_ref().filter(|_| ours) {
                let agreed = agreed(self.connection, log, segment).map_err(|e| failed(self, e))?;
                self.say_again(log.n, agreed)?;
                self.say_others(segment, agreed)?;
            }
            let detail = format!("log {} holds other events at {} and after", hex::encode(origin.log), segment.first);
            return Ok(Err(Refusal::Apart(Reason::Fork, detail)));
        }
        let head_seq = log.as_ref().map_or(0, |log| log.head_seq);
        if segment.first > head_seq + 1 {
            let follows = follows(self.connection, segment).map_err(|e| failed(self, e))?;
            if follows && origin.device == self.device.public() && !planted("other-history-unsaid") {
                self.say_others(segment, 0)?;
            }
            let detail = "what stands in front of it is kept apart".to_owned();
            let apart = Refusal::Apart(Reason::Follows, detail);
            return Ok(Err(if follows { apart } else { Refusal::Gap { expected: head_seq + 1 } }));
        }
        let members =
            Membership::of(self.connection, self.device.public(), origin.project).map_err(|e| failed(self, e))?;
        // What we sealed ourselves is ours, whoever else has let us in.
        let own = origin.device == self.device.public();
        let by_hand = segment.last <= members.admitted_upto(&origin.device, &origin.log);
        match members.standing(&origin.device) {
            Standing::Unknown if !own && !by_hand && !planted("stranger-counts") => {
                let detail = format!("no member has enrolled device {}", hex::encode(origin.device));
                return Ok(Err(Refusal::Apart(Reason::UnknownDevice, detail)));
            }
            // What it said of membership is weighed there, or two that revoke each other would never agree.
            Standing::Revoked
                if !own
                    && !planted("revoked-counts")
                    && origin.lane != lane_number(Lane::Ctl)
                    && segment.first > members.cutoff(&origin.device, &origin.log) =>
            {
                let detail = format!("device {} was revoked before these events", hex::encode(origin.device));
                return Ok(Err(Refusal::Apart(Reason::Revoked, detail)));
            }
            Standing::Unknown | Standing::Revoked | Standing::Member => {}
        }
        let known_lamport = highest_lamport(self.connection).map_err(|e| failed(self, e))?;
        let last_lamport = log.as_ref().map_or(0, |log| log.lamport);
        if let Some(jump) = jump(segment, head_seq, last_lamport, known_lamport, by_hand) {
            return Ok(Err(Refusal::Apart(Reason::ClockJump, jump)));
        }
        let imported = self.take_in(segment, bytes, log, &members).map_err(|e| failed(self, e))?;
        // Of a log that copies of this journal have told two histories of, others may have the one without what came now.
        if own && imported.new > 0 {
            let forked = forked(self.connection, &origin.log).map_err(|e| failed(self, e))?;
            if let Some(n) = forked {
                self.say_again(n, head_seq)?;
            }
        }
        if origin.lane == lane_number(Lane::Ctl) {
            self.hold(origin.project)?;
        }
        Ok(Ok(imported))
    }

    fn take_in(
        &mut self,
        segment: &Segment,
        bytes: &[u8],
        log: Option<Here>,
        members: &Membership,
    ) -> rusqlite::Result<Imported> {
        let log = match log {
            Some(log) => log,
            None => self.new_log(segment)?,
        };
        let (mut hash, mut lamport, mut last_pos, mut held, mut new) = (log.head_hash, log.lamport, 0, 0, 0);
        for (header, record) in segment.records.iter().filter(|(header, _)| header.seq > log.head_seq) {
            hash = chain_hash(&hash, &record.header);
            lamport = header.lamport;
            let mark = self.mark_for(header, members, segment)?;
            last_pos = self.insert_foreign(log.n, &segment.origin.project, header, record, &hash)?;
            if let Some((what, detail)) = mark {
                held += u64::from(what == "held");
                self.mark(last_pos, what, &detail)?;
            } else if header.kind == crate::redact::REDACTED
                && header.lane() == crate::chain::lane_number(Lane::Ctl)
                && !planted("redaction-unheard")
            {
                let payload = record.content.as_ref().map_or(&[][..], |(_, payload)| payload);
                self.obey(header, payload, &segment.origin.project)?;
            }
            new += 1;
        }
        if new > 0 {
            self.came(last_pos);
            // The commit that follows is flushed.
            self.connection
                .prepare_cached(
                    "UPDATE log SET head_seq = ?2, head_hash = ?3, lamport = ?4, durable_pos = ?5,
                            touched = (SELECT max(touched) + 1 FROM log) WHERE n = ?1",
                )?
                .execute((log.n, segment.last.cast_signed(), hash, lamport.cast_signed(), last_pos))?;
        }
        self.restore_kept(log.n, segment, log.head_seq)?;
        self.store_segment(log.n, segment, bytes)?;
        self.without_deleted(log.n, segment)?;
        let known = segment.records.len() as u64 - new;
        Ok(Imported { log: segment.origin.log, new, known, held, quarantined: None, released: 0 })
    }

    fn new_log(&self, segment: &Segment) -> rusqlite::Result<Here> {
        let origin = &segment.origin;
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO device (public, born_ms) VALUES (?1, ?2)")?
            .execute((origin.device, crate::time::now_ms()))?;
        self.connection
            .prepare_cached(
                "INSERT INTO log (id, device, epoch, project, lane, own, head_seq, head_hash, lamport, durable_pos)
                 VALUES (?1, (SELECT n FROM device WHERE public = ?2), ?3, ?4, ?5, 0, 0, zeroblob(32), 0, 0)",
            )?
            .execute((origin.log, origin.device, origin.epoch, origin.project, origin.lane))?;
        find(self.connection, &origin.log)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
    }
}

fn find(connection: &Connection, id: &LogId) -> rusqlite::Result<Option<Here>> {
    connection
        .prepare_cached("SELECT n, own, head_seq, head_hash, lamport FROM log WHERE id = ?1")?
        .query_row([id], |row| {
            Ok(Here {
                n: row.get(0)?,
                own: row.get(1)?,
                head_seq: row.get::<_, i64>(2)?.unsigned_abs(),
                head_hash: row.get(3)?,
                lamport: row.get::<_, i64>(4)?.unsigned_abs(),
            })
        })
        .optional()
}

/// Whether a segment and what is here can be one chain. A chain hash stands for everything in front of it, so one place is enough.
fn agrees(connection: &Connection, log: Option<&Here>, segment: &Segment) -> rusqlite::Result<bool> {
    let Some(log) = log else { return Ok(true) };
    if segment.first > log.head_seq {
        return Ok(segment.first > log.head_seq + 1 || segment.anchor == log.head_hash);
    }
    let place = segment.last.min(log.head_seq);
    let mut hash = segment.anchor;
    for (_, record) in segment.records.iter().take_while(|(header, _)| header.seq <= place) {
        hash = chain_hash(&hash, &record.header);
    }
    let here: [u8; 32] = connection
        .prepare_cached("SELECT hash FROM event WHERE log = ?1 AND seq = ?2")?
        .query_row((log.n, place.cast_signed()), |row| row.get(0))?;
    Ok(here == hash || planted("fork-let-in"))
}

/// The last place up to which a log and a segment that contradicts it are one; 0 where they part before the segment begins.
fn agreed(connection: &Connection, log: &Here, segment: &Segment) -> rusqlite::Result<u64> {
    let mut here = connection.prepare_cached("SELECT hash FROM event WHERE log = ?1 AND seq = ?2")?;
    let mut is_here = |seq: u64, hash: [u8; 32]| -> rusqlite::Result<bool> {
        let found: Option<[u8; 32]> = here.query_row((log.n, seq.cast_signed()), |row| row.get(0)).optional()?;
        Ok(found.map_or(seq == 0, |found| found == hash))
    };
    let (mut agreed, mut hash) = (segment.first - 1, segment.anchor);
    if !is_here(agreed, hash)? {
        return Ok(0);
    }
    for (header, record) in &segment.records {
        hash = chain_hash(&hash, &record.header);
        if !is_here(header.seq, hash)? {
            break;
        }
        agreed = header.seq;
    }
    Ok(agreed)
}

/// Whether the events in front of a segment are among those that are kept apart.
fn follows(connection: &Connection, segment: &Segment) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM quarantine
             WHERE log = ?1 AND first < ?2 AND last >= ?2 - 1 AND reason <> 'discarded')",
        )?
        .query_row((segment.origin.log, segment.first.cast_signed()), |row| row.get(0))
}

/// Row of a log of which another history is kept apart.
fn forked(connection: &Connection, log: &LogId) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT n FROM log WHERE id = ?1 AND own = 0
             AND EXISTS (SELECT 1 FROM quarantine WHERE quarantine.log = ?1 AND reason = ?2)",
        )?
        .query_row((log, Reason::Fork.word()), |row| row.get(0))
        .optional()
}

fn highest_lamport(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached(HIGHEST_LAMPORT)?
        .query_row([LAST_LAMPORT], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}

/// The first Lamport number among the new events that does not rise, or rises too far above every other, in words.
fn jump(segment: &Segment, head_seq: u64, last: u64, known: u64, by_hand: bool) -> Option<String> {
    if planted("clock-jump-let-in") {
        return None;
    }
    let mut highest = known;
    for (header, _) in segment.records.iter().filter(|(header, _)| header.seq > head_seq) {
        if header.lamport <= last {
            return Some(format!(
                "event {} has the Lamport number {}, and the log was at {last}",
                header.seq, header.lamport
            ));
        }
        let most = highest.saturating_add(MAX_JUMP).max(if by_hand { MAX_BY_HAND } else { 0 });
        if header.lamport > most.min(LAST_LAMPORT.unsigned_abs()) {
            return Some(format!(
                "event {} has the Lamport number {}, and the highest that is known is {highest}",
                header.seq, header.lamport
            ));
        }
        highest = highest.max(header.lamport);
    }
    None
}
