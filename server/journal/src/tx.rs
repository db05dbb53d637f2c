//! One writing transaction: gives events their places and chains them.
//! It sees and leaves the journal whole; it never commits by itself.

use crate::chain::{LogId, chain_hash, lane_number};
use crate::draft::{Draft, Prepared};
use crate::error::JournalError;
use crate::sign::{encode_signed, needs_signature};
use crate::store::{Device, NO_PROJECT, journal_error};
use contract::Lane;
use rusqlite::{CachedStatement, Connection};
use std::path::Path;
use ulid::Ulid;

const INSERT_EVENT: &str = "INSERT INTO event (log, seq, id, kind, entity, workspace, lamport, wall_ms, hash, header)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const INSERT_PAYLOAD: &str = "INSERT INTO payload (pos, salt, bytes) VALUES (?1, ?2, ?3)";

/// Where an event was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub pos: u64,
    pub log: LogId,
    pub seq: u64,
}

/// A log's head, as of this transaction.
struct Head {
    lane: Lane,
    n: i64,
    id: LogId,
    seq: u64,
    hash: [u8; 32],
    lamport: u64,
    last_pos: i64,
}

/// A writing transaction. Everything done through it is stored together, or not at all.
pub struct Tx<'c> {
    pub(crate) connection: &'c Connection,
    file: &'c Path,
    device: &'c Device,
    heads: Vec<Head>,
    lamport: Option<u64>,
    header: Vec<u8>,
    inserts: Option<Inserts<'c>>,
}

/// The two statements of every event: kept for the whole transaction, because finding them again costs more than an event's hashes.
struct Inserts<'c> {
    event: CachedStatement<'c>,
    payload: CachedStatement<'c>,
}

impl<'c> Inserts<'c> {
    fn prepare(connection: &'c Connection) -> rusqlite::Result<Inserts<'c>> {
        Ok(Inserts {
            event: connection.prepare_cached(INSERT_EVENT)?,
            payload: connection.prepare_cached(INSERT_PAYLOAD)?,
        })
    }
}

impl<'c> Tx<'c> {
    pub(crate) fn new(connection: &'c Connection, file: &'c Path, device: &'c Device) -> Tx<'c> {
        Tx {
            connection,
            file,
            device,
            heads: Vec::new(),
            lamport: None,
            header: Vec::with_capacity(512),
            inserts: None,
        }
    }

    /// Writes an event. It counts once the transaction is committed.
    pub fn append(&mut self, draft: &Draft) -> Result<Ulid, JournalError> {
        let mut prepared = draft.prepare()?;
        self.place(&mut prepared)?;
        Ok(prepared.header.id)
    }

    pub(crate) fn error(&self, error: &rusqlite::Error) -> JournalError {
        journal_error(self.file, "write", error)
    }

    pub(crate) fn place(&mut self, event: &mut Prepared) -> Result<Place, JournalError> {
        self.try_place(event).map_err(|e| self.error(&e))
    }

    fn try_place(&mut self, event: &mut Prepared) -> rusqlite::Result<Place> {
        let lamport = match self.lamport {
            Some(lamport) => lamport,
            None => self
                .connection
                .prepare_cached("SELECT coalesce(max(lamport), 0) FROM log")?
                .query_row([], |row| row.get::<_, i64>(0))?
                .unsigned_abs(),
        } + 1;
        let index = self.head_of(event.lane)?;
        let head = &self.heads[index];
        let header = &mut event.header;
        (header.log, header.seq, header.lamport) = (head.id, head.seq + 1, lamport);
        self.header.clear();
        if needs_signature(&header.kind) {
            encode_signed(header, &self.device.signing, &mut self.header);
        } else {
            header.encode(&mut self.header);
        }
        let hash = chain_hash(&head.hash, &self.header);
        let inserts = match &mut self.inserts {
            Some(inserts) => inserts,
            none => none.insert(Inserts::prepare(self.connection)?),
        };
        inserts.event.execute((
            head.n,
            header.seq.cast_signed(),
            header.id.to_bytes(),
            &header.kind,
            header.entity.to_bytes(),
            header.workspace.map(|w| w.to_bytes()),
            lamport.cast_signed(),
            header.wall_ms,
            hash,
            &self.header,
        ))?;
        let pos = self.connection.last_insert_rowid();
        inserts.payload.execute((pos, event.salt, &event.payload))?;
        let place = Place { pos: pos.unsigned_abs(), log: header.log, seq: header.seq };
        self.lamport = Some(lamport);
        let head = &mut self.heads[index];
        (head.seq, head.hash, head.lamport, head.last_pos) = (header.seq, hash, lamport, pos);
        Ok(place)
    }

    /// Index of the head of our log for that lane; the log is made at its first event.
    fn head_of(&mut self, lane: Lane) -> rusqlite::Result<usize> {
        if let Some(index) = self.heads.iter().position(|head| head.lane == lane) {
            return Ok(index);
        }
        let id = self.device.log(lane);
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Head {
                lane,
                n: row.get(0)?,
                id,
                seq: row.get::<_, i64>(1)?.unsigned_abs(),
                hash: row.get(2)?,
                lamport: row.get::<_, i64>(3)?.unsigned_abs(),
                last_pos: 0,
            })
        };
        let mut find =
            self.connection.prepare_cached("SELECT n, head_seq, head_hash, lamport FROM log WHERE id = ?1")?;
        let head = match find.query_row([id], read) {
            Err(rusqlite::Error::QueryReturnedNoRows) => {
                self.connection
                    .prepare_cached(
                        "INSERT INTO log (id, device, epoch, project, lane, own, head_seq, head_hash, lamport, durable_pos)
                         VALUES (?1, ?2, ?3, ?4, ?5, 1, 0, zeroblob(32), 0, 0)",
                    )?
                    .execute((id, self.device.n, self.device.epoch, NO_PROJECT, lane_number(lane)))?;
                find.query_row([id], read)?
            }
            found => found?,
        };
        self.heads.push(head);
        Ok(self.heads.len() - 1)
    }

    /// Writes the heads. `full`: the commit that follows is flushed, and with it everything that was committed before.
    /// Answers with whether events were written.
    pub(crate) fn finish(&mut self, full: bool) -> Result<bool, JournalError> {
        self.try_finish(full).map_err(|e| self.error(&e))?;
        Ok(self.heads.iter().any(|head| head.last_pos > 0))
    }

    fn try_finish(&mut self, full: bool) -> rusqlite::Result<()> {
        for head in self.heads.iter().filter(|head| head.last_pos > 0) {
            self.connection
                .prepare_cached(
                    "UPDATE log SET head_seq = ?2, head_hash = ?3, lamport = ?4,
                            durable_pos = iif(?5, ?6, durable_pos) WHERE n = ?1",
                )?
                .execute((
                    head.n,
                    head.seq.cast_signed(),
                    head.hash,
                    head.lamport.cast_signed(),
                    full,
                    head.last_pos,
                ))?;
        }
        Ok(())
    }
}
