//! Recomputes what the record claims: names of logs, chains, commitments, and the columns that repeat a header.
//! Reads stored bytes only; nothing is written again from its parts.

use crate::chain::{chain_hash, commitment, log_id};
use crate::error::{BadEvent, VerifyError};
use crate::header::Header;
use crate::journal::Journal;
use crate::redact::is_taken;
use crate::retained::Noted;
use crate::sign::check_signature;
use ed25519_dalek::VerifyingKey;
use rusqlite::{Connection, Row};
use std::ops::ControlFlow;

/// Events that one read looks at: some milliseconds.
const AT_A_TIME: i64 = 2_000;

/// What was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Events whose hash, commitment and columns agree.
    pub events: u64,
    /// Logs whose chain is whole from the first event to the head.
    pub logs: u64,
    /// Events whose payload was redacted, so that only the commitment is left.
    pub redacted: u64,
    /// Of these, those that no redaction accounts for.
    pub unexplained: u64,
}

struct Log {
    n: i64,
    id: [u8; 16],
    head_seq: u64,
    head_hash: [u8; 32],
    project: [u8; 16],
    expected: Option<[u8; 16]>,
    /// `None`: what is stored as the device's key is none.
    public: Option<VerifyingKey>,
}

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verifying {
    /// Events that were looked at.
    pub events: u64,
    /// Events that there were when it began.
    pub of: u64,
}

impl Journal {
    /// Recomputes every hash and commitment, log by log, up to the events that are there when it begins, and stops at the
    /// first that is wrong. Reads everything.
    pub fn verify(&self) -> Result<Verified, VerifyError> {
        self.verify_watched(|_| ControlFlow::Continue(()))
    }

    /// [`Journal::verify`], in short reads, so that nobody's work is held up by the picture of a long one. `progress` may stop
    /// it by breaking, which is an error.
    pub fn verify_watched(
        &self,
        mut progress: impl FnMut(Verifying) -> ControlFlow<()>,
    ) -> Result<Verified, VerifyError> {
        let (logs, noted) = self.read(|connection| Ok((logs(connection)?, Noted::read(connection)?)))?;
        let mut now = Verifying { events: 0, of: self.count()? };
        let mut verified = Verified { events: 0, logs: 0, redacted: 0, unexplained: 0 };
        for log in &logs {
            let mut chain = Chain { previous: [0; 32], seq: 0 };
            while self.read(|connection| follow(connection, log, &mut chain, &noted, &mut verified))?? {
                now.events = verified.events;
                if progress(now).is_break() {
                    return Err(VerifyError::Cancelled);
                }
            }
            self.read(|connection| ends_well(connection, log, &chain))??;
            verified.logs += 1;
        }
        self.read(orphan)??;
        Ok(verified)
    }
}

fn logs(connection: &Connection) -> rusqlite::Result<Vec<Log>> {
    connection
        .prepare(
            "SELECT log.n, log.id, log.head_seq, log.head_hash, device.public, log.epoch, log.project, log.lane
             FROM log LEFT JOIN device ON device.n = log.device ORDER BY log.n",
        )?
        .query_map([], |row| {
            let public: Option<[u8; 32]> = row.get(4)?;
            let (epoch, project): ([u8; 16], [u8; 16]) = (row.get(5)?, row.get(6)?);
            let lane: u8 = row.get(7)?;
            Ok(Log {
                n: row.get(0)?,
                id: row.get(1)?,
                head_seq: row.get::<_, i64>(2)?.unsigned_abs(),
                head_hash: row.get(3)?,
                project,
                public: public.and_then(|public| VerifyingKey::from_bytes(&public).ok()),
                expected: public.map(|public| log_id(&public, &epoch, &project, lane)),
            })
        })?
        .collect()
}

/// Of a read: outer error: the file could not be read. Inner: what was read does not agree.
type Read<T> = rusqlite::Result<Result<T, BadEvent>>;

fn orphan(connection: &Connection) -> Read<()> {
    let found =
        connection.query_row("SELECT pos, seq FROM event WHERE log NOT IN (SELECT n FROM log) LIMIT 1", [], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs()))
        });
    match found {
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(Ok(())),
        Err(error) => Err(error),
        Ok((pos, seq)) => {
            Ok(Err(BadEvent { log: String::new(), seq, pos, reason: "its log is not in the list of logs".to_owned() }))
        }
    }
}

/// How far a chain was followed.
struct Chain {
    previous: [u8; 32],
    seq: u64,
}

fn bad<T>(log: &Log, seq: u64, pos: u64, reason: &str) -> Result<T, BadEvent> {
    Err(BadEvent { log: hex::encode(log.id), seq, pos, reason: reason.to_owned() })
}

/// Follows the next events of a log; whether there are more.
fn follow(connection: &Connection, log: &Log, chain: &mut Chain, noted: &Noted, verified: &mut Verified) -> Read<bool> {
    if log.expected != Some(log.id) {
        return Ok(bad(log, 0, 0, "the log's name does not follow from its device, epoch, project and lane"));
    }
    let mut statement = connection.prepare_cached(
        "SELECT event.pos, event.seq, event.hash, event.header, payload.salt, payload.bytes,
                event.id, event.kind, event.entity, event.workspace, event.lamport, event.wall_ms
         FROM event LEFT JOIN payload ON payload.pos = event.pos
         WHERE event.log = ?1 AND event.seq > ?2 AND event.seq <= ?3 ORDER BY event.seq LIMIT ?4",
    )?;
    let mut rows = statement.query((log.n, chain.seq.cast_signed(), log.head_seq.cast_signed(), AT_A_TIME))?;
    let mut some = false;
    while let Some(row) = rows.next()? {
        some = true;
        let pos = row.get::<_, i64>(0)?.unsigned_abs();
        let seq = row.get::<_, i64>(1)?.unsigned_abs();
        chain.seq += 1;
        if seq != chain.seq {
            return Ok(bad(log, chain.seq, pos, &format!("it is missing; the next that is there is {seq}")));
        }
        match verify_event(row, log, &mut chain.previous) {
            Ok(Ok(None)) => {}
            Ok(Ok(Some(without))) => {
                verified.redacted += 1;
                verified.unexplained += u64::from(!is_explained(connection, log, &without, noted)?);
            }
            Ok(Err(reason)) => return Ok(bad(log, seq, pos, &reason)),
            // SQLite did its part: what it read is not of the type that the column has.
            Err(error) if error.sqlite_error_code().is_none() => return Ok(bad(log, seq, pos, &error.to_string())),
            Err(error) => return Err(error),
        }
        verified.events += 1;
    }
    Ok(Ok(some && chain.seq < log.head_seq))
}

/// Whether a chain that was followed ends where the log's head says, and nothing stands behind the head.
fn ends_well(connection: &Connection, log: &Log, chain: &Chain) -> Read<()> {
    if chain.seq != log.head_seq {
        return Ok(bad(log, chain.seq + 1, 0, &format!("it is missing; the log's head is {}", log.head_seq)));
    }
    if chain.seq > 0 && chain.previous != log.head_hash {
        return Ok(bad(log, chain.seq, 0, "its hash is not the one that the log's head names"));
    }
    // One picture: the head moves while others write.
    let (head, last): (i64, i64) = connection.query_row(
        "SELECT head_seq, (SELECT coalesce(max(seq), 0) FROM event WHERE log = log.n) FROM log WHERE n = ?1",
        [log.n],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if last != head {
        let reason = format!("the log's head is {head}, and its last event is {last}");
        return Ok(bad(log, head.unsigned_abs() + 1, 0, &reason));
    }
    Ok(Ok(()))
}

/// Whether a redaction or a rule accounts for a payload that is not there.
fn is_explained(connection: &Connection, log: &Log, header: &Header, noted: &Noted) -> rusqlite::Result<bool> {
    if noted.accounts_for(log.n, header) || is_taken(connection, header, &log.project)? {
        return Ok(true);
    }
    // One that was written again in a new epoch, after its payload was deleted where it stood first.
    let mut twins = connection.prepare_cached("SELECT log, header FROM event WHERE id = ?1 AND log <> ?2")?;
    let mut rows = twins.query((header.id.to_bytes(), log.n))?;
    while let Some(row) = rows.next()? {
        let twin = Header::decode(row.get_ref(1)?.as_blob()?);
        if twin.is_ok_and(|twin| row.get(0).is_ok_and(|log| noted.accounts_for(log, &twin))) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `Ok(None)`: agrees. With a header: agrees, and its payload is not there.
fn verify_event(row: &Row<'_>, log: &Log, previous: &mut [u8; 32]) -> rusqlite::Result<Result<Option<Header>, String>> {
    let bytes = row.get_ref(3)?.as_blob()?;
    let hash = chain_hash(previous, bytes);
    if row.get::<_, Vec<u8>>(2)? != hash {
        return Ok(Err("its hash does not follow from the event before it and its header".to_owned()));
    }
    *previous = hash;
    let header = match Header::decode(bytes) {
        Ok(header) => header,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let signed = log.public.as_ref().ok_or("its device's key is none");
    if let Err(reason) = signed.and_then(|public| check_signature(&header, bytes, public)) {
        return Ok(Err(reason.to_owned()));
    }
    let columns_agree = header.log == log.id
        && header.seq.cast_signed() == row.get::<_, i64>(1)?
        && row.get::<_, Vec<u8>>(6)? == header.id.to_bytes()
        && row.get_ref(7)?.as_bytes()? == header.kind.as_bytes()
        && row.get::<_, Vec<u8>>(8)? == header.entity.to_bytes()
        && row.get::<_, Option<Vec<u8>>>(9)? == header.workspace.map(|w| w.to_bytes().to_vec())
        && row.get::<_, i64>(10)? == header.lamport.cast_signed()
        && row.get::<_, i64>(11)? == header.wall_ms;
    if !columns_agree {
        return Ok(Err("its columns do not repeat what its header says".to_owned()));
    }
    let (Some(salt), Some(payload)) = (row.get::<_, Option<Vec<u8>>>(4)?, row.get_ref(5)?.as_blob_or_null()?) else {
        return Ok(Ok(Some(header)));
    };
    let committed = <[u8; 16]>::try_from(salt).is_ok_and(|salt| commitment(&salt, payload) == header.payload_commit);
    if !committed || payload.len() != header.payload_len as usize {
        return Ok(Err("its payload is not the one that its header commits to".to_owned()));
    }
    Ok(Ok(None))
}
