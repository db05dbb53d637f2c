//! Recomputes what the record claims: names of logs, chains, commitments, and the columns that repeat a header.
//! Reads stored bytes only; nothing is written again from its parts.

use crate::chain::{chain_hash, commitment, log_id};
use crate::error::BadEvent;
use crate::header::Header;
use crate::sign::check_signature;
use ed25519_dalek::VerifyingKey;
use rusqlite::{Connection, Row};

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
    expected: Option<[u8; 16]>,
    /// `None`: what is stored as the device's key is none.
    public: Option<VerifyingKey>,
}

/// Outer error: the file could not be read. Inner: what was read does not agree.
pub(crate) fn verify(connection: &Connection) -> rusqlite::Result<Result<Verified, BadEvent>> {
    let snapshot = connection.unchecked_transaction()?;
    let logs = snapshot
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
                public: public.and_then(|public| VerifyingKey::from_bytes(&public).ok()),
                expected: public.map(|public| log_id(&public, &epoch, &project, lane)),
            })
        })?
        .collect::<rusqlite::Result<Vec<Log>>>()?;
    let mut verified = Verified { events: 0, logs: 0, redacted: 0, unexplained: 0 };
    for log in &logs {
        match verify_log(&snapshot, log, &mut verified)? {
            Ok(()) => verified.logs += 1,
            Err(bad) => return Ok(Err(bad)),
        }
    }
    let orphan =
        snapshot.query_row("SELECT pos, seq FROM event WHERE log NOT IN (SELECT n FROM log) LIMIT 1", [], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs()))
        });
    match orphan {
        Err(rusqlite::Error::QueryReturnedNoRows) => {
            if verified.redacted > 0 {
                verified.unexplained = unexplained(&snapshot)?;
            }
            Ok(Ok(verified))
        }
        Err(error) => Err(error),
        Ok((pos, seq)) => {
            Ok(Err(BadEvent { log: String::new(), seq, pos, reason: "its log is not in the list of logs".to_owned() }))
        }
    }
}

/// Events without a payload that are not redacted.
fn unexplained(connection: &Connection) -> rusqlite::Result<u64> {
    let count = "SELECT count(*) FROM event WHERE NOT EXISTS (SELECT 1 FROM payload WHERE payload.pos = event.pos)
                 AND NOT EXISTS (SELECT 1 FROM suppressed WHERE suppressed.id = event.id)";
    connection.query_row(count, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

fn verify_log(connection: &Connection, log: &Log, verified: &mut Verified) -> rusqlite::Result<Result<(), BadEvent>> {
    let bad = |seq: u64, pos: u64, reason: &str| {
        Ok(Err(BadEvent { log: hex::encode(log.id), seq, pos, reason: reason.to_owned() }))
    };
    if log.expected != Some(log.id) {
        return bad(0, 0, "the log's name does not follow from its device, epoch, project and lane");
    }
    let mut statement = connection.prepare_cached(
        "SELECT event.pos, event.seq, event.hash, event.header, payload.salt, payload.bytes,
                event.id, event.kind, event.entity, event.workspace, event.lamport, event.wall_ms
         FROM event LEFT JOIN payload ON payload.pos = event.pos WHERE event.log = ?1 ORDER BY event.seq",
    )?;
    let mut rows = statement.query([log.n])?;
    let mut previous = [0; 32];
    let mut expected = 0;
    while let Some(row) = rows.next()? {
        let pos = row.get::<_, i64>(0)?.unsigned_abs();
        let seq = row.get::<_, i64>(1)?.unsigned_abs();
        expected += 1;
        if seq != expected {
            return bad(expected, pos, &format!("it is missing; the next that is there is {seq}"));
        }
        match verify_event(row, log, &mut previous) {
            Ok(Ok(redacted)) => verified.redacted += u64::from(redacted),
            Ok(Err(reason)) => return bad(seq, pos, &reason),
            // SQLite did its part: what it read is not of the type that the column has.
            Err(error) if error.sqlite_error_code().is_none() => return bad(seq, pos, &error.to_string()),
            Err(error) => return Err(error),
        }
        verified.events += 1;
    }
    if expected != log.head_seq {
        return bad(expected + 1, 0, &format!("it is missing; the log's head is {}", log.head_seq));
    }
    if expected > 0 && previous != log.head_hash {
        return bad(expected, 0, "its hash is not the one that the log's head names");
    }
    Ok(Ok(()))
}

/// `Ok(true)`: agrees, and its payload was redacted.
fn verify_event(row: &Row<'_>, log: &Log, previous: &mut [u8; 32]) -> rusqlite::Result<Result<bool, String>> {
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
        return Ok(Ok(true));
    };
    let committed = <[u8; 16]>::try_from(salt).is_ok_and(|salt| commitment(&salt, payload) == header.payload_commit);
    if !committed || payload.len() != header.payload_len as usize {
        return Ok(Err("its payload is not the one that its header commits to".to_owned()));
    }
    Ok(Ok(false))
}
