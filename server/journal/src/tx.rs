//! One writing transaction: gives events their places and chains them.
//! It sees and leaves the journal whole; it never commits by itself.

use crate::chain::{LogId, chain_hash, lane_number};
use crate::draft::{Draft, Prepared};
use crate::error::JournalError;
use crate::header::{Header, Seen};
use crate::patience::journal_error;
use crate::rows::{Inserts, Row, TOGETHER};
use crate::sign::{encode_signed, needs_signature};
use crate::store::{Device, NO_PROJECT};
use contract::Lane;
use rusqlite::{Connection, OptionalExtension};
use std::path::Path;
use ulid::Ulid;

/// Most logs that one event tells of, at 36 bytes each at most; a header holds 64 KiB. The next event tells of the rest.
const MOST_SEEN: i64 = 1000;

/// The highest Lamport number of any event, as numbers are stored with a sign: so many are left above it that counting on
/// from it ends never. What an earlier version let in above it is passed over.
pub(crate) const LAST_LAMPORT: i64 = i64::MAX - (1 << 40);
pub(crate) const HIGHEST_LAMPORT: &str = "SELECT coalesce(max(lamport), 0) FROM log WHERE lamport BETWEEN 0 AND ?1";

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
    project: [u8; 16],
    n: i64,
    id: LogId,
    seq: u64,
    hash: [u8; 32],
    lamport: u64,
    last_pos: i64,
    /// The last move of another log that this one has told of, and what has moved since then.
    touched: i64,
    seen: Vec<Seen>,
}

/// A writing transaction. Everything done through it is stored together, or not at all.
pub struct Tx<'c> {
    pub(crate) connection: &'c Connection,
    pub(crate) file: &'c Path,
    pub(crate) device: Device,
    heads: Vec<Head>,
    /// Projects of the workspaces that were met.
    projects: Vec<(Ulid, [u8; 16])>,
    /// Place of the last event whose log's head is written already.
    settled: i64,
    lamport: Option<u64>,
    header: Vec<u8>,
    inserts: Option<Inserts<'c>>,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(connection: &'c Connection, file: &'c Path, device: &Device) -> Tx<'c> {
        Tx {
            connection,
            file,
            device: device.clone(),
            heads: Vec::new(),
            settled: 0,
            projects: Vec::new(),
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

    /// Writes an event to the logs of a project.
    pub(crate) fn append_in(&mut self, project: [u8; 16], draft: &Draft) -> Result<Ulid, JournalError> {
        let mut prepared = draft.prepare()?;
        prepared.project = Some(project);
        self.place(&mut prepared)?;
        Ok(prepared.header.id)
    }

    pub(crate) fn error(&self, error: &rusqlite::Error) -> JournalError {
        journal_error(self.file, "write", error)
    }

    pub(crate) fn place(&mut self, event: &mut Prepared) -> Result<Place, JournalError> {
        self.try_place(event).map_err(|e| self.error(&e))
    }

    /// Writes several events, in their order, as many by one statement as there are.
    pub(crate) fn place_all(&mut self, events: &mut [&mut Prepared]) -> Result<Vec<Place>, JournalError> {
        let mut places = Vec::with_capacity(events.len());
        let mut chunks = events.chunks_exact_mut(TOGETHER);
        for chunk in &mut chunks {
            self.place_together(chunk, &mut places).map_err(|e| self.error(&e))?;
        }
        for event in chunks.into_remainder() {
            places.push(self.place(event)?);
        }
        Ok(places)
    }

    fn try_place(&mut self, event: &mut Prepared) -> rusqlite::Result<Place> {
        let project = self.project_for(event)?;
        let content = Some((&event.salt, event.payload.as_slice()));
        self.put(&mut event.header, event.lane, project, content)
    }

    /// The project in whose log an event is put.
    fn project_for(&mut self, event: &Prepared) -> rusqlite::Result<[u8; 16]> {
        match (event.project, event.header.workspace) {
            (Some(project), _) => Ok(project),
            (None, Some(workspace)) if event.lane != Lane::Local => self.project_of(workspace),
            (None, _) => Ok(NO_PROJECT),
        }
    }

    /// Exactly [`TOGETHER`] events.
    fn place_together(&mut self, events: &mut [&mut Prepared], places: &mut Vec<Place>) -> rusqlite::Result<()> {
        self.header.clear();
        let mut chained = Vec::with_capacity(TOGETHER);
        for event in events.iter_mut() {
            let project = self.project_for(event)?;
            let begin = self.header.len();
            let (index, hash) = self.chain(&mut event.header, event.lane, project)?;
            self.moved(index, &event.header, hash);
            chained.push((index, hash, begin..self.header.len()));
        }
        let rows: Vec<Row<'_>> = chained
            .iter()
            .zip(events.iter())
            .map(|((index, hash, bytes), event)| Row {
                log: self.heads[*index].n,
                header: &event.header,
                hash: *hash,
                bytes: &self.header[bytes.clone()],
                content: Some((&event.salt, &event.payload)),
            })
            .collect();
        let rows = rows.as_array().ok_or(rusqlite::Error::InvalidQuery)?;
        let first = inserts(&mut self.inserts, self.connection)?.together(rows)?;
        for (((index, ..), event), pos) in chained.iter().zip(events.iter()).zip(first..) {
            self.heads[*index].last_pos = pos;
            places.push(Place { pos: pos.unsigned_abs(), log: event.header.log, seq: event.header.seq });
        }
        Ok(())
    }

    /// Writes an event with that header to our own log, whatever the header said of log, place, Lamport number and signature.
    pub(crate) fn put(
        &mut self,
        header: &mut Header,
        lane: Lane,
        project: [u8; 16],
        content: Option<(&[u8; 16], &[u8])>,
    ) -> rusqlite::Result<Place> {
        self.header.clear();
        let (index, hash) = self.chain(header, lane, project)?;
        let row = Row { log: self.heads[index].n, header, hash, bytes: &self.header, content };
        let pos = inserts(&mut self.inserts, self.connection)?.one(&row)?;
        self.moved(index, header, hash);
        self.heads[index].last_pos = pos;
        Ok(Place { pos: pos.unsigned_abs(), log: header.log, seq: header.seq })
    }

    /// Gives a header its place in our own log, and signs it where its kind is signed; its bytes are appended to `self.header`.
    /// Answers with the index of the log's head, and with the hash that follows it.
    fn chain(&mut self, header: &mut Header, lane: Lane, project: [u8; 16]) -> rusqlite::Result<(usize, [u8; 32])> {
        let lamport = match self.lamport {
            Some(lamport) => lamport,
            None => self
                .connection
                .prepare_cached(HIGHEST_LAMPORT)?
                .query_row([LAST_LAMPORT], |row| row.get::<_, i64>(0))?
                .unsigned_abs(),
        } + 1;
        let index = self.head_of(lane, project)?;
        let head = &mut self.heads[index];
        (header.log, header.seq, header.lamport) = (head.id, head.seq + 1, lamport);
        header.seen = std::mem::take(&mut head.seen);
        let begin = self.header.len();
        if needs_signature(&header.kind) {
            encode_signed(header, &self.device.signing, &mut self.header);
        } else {
            header.encode(&mut self.header);
        }
        Ok((index, chain_hash(&head.hash, &self.header[begin..])))
    }

    /// The log goes on after this header.
    fn moved(&mut self, index: usize, header: &Header, hash: [u8; 32]) {
        let head = &mut self.heads[index];
        (head.seq, head.hash, head.lamport) = (header.seq, hash, header.lamport);
        self.lamport = Some(header.lamport);
    }

    fn project_of(&mut self, workspace: Ulid) -> rusqlite::Result<[u8; 16]> {
        if let Some((_, project)) = self.projects.iter().find(|(known, _)| *known == workspace) {
            return Ok(*project);
        }
        let mut find = self.connection.prepare_cached("SELECT project FROM workspace WHERE id = ?1")?;
        let project = find.query_row([workspace.to_bytes()], |row| row.get::<_, Option<[u8; 16]>>(0)).optional()?;
        let project = project.flatten().unwrap_or(NO_PROJECT);
        self.projects.push((workspace, project));
        Ok(project)
    }

    /// Index of the head of our log for that lane; the log is made at its first event.
    fn head_of(&mut self, lane: Lane, project: [u8; 16]) -> rusqlite::Result<usize> {
        if let Some(index) = self.heads.iter().position(|head| head.lane == lane && head.project == project) {
            return Ok(index);
        }
        let id = self.device.log(lane, &project);
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Head {
                lane,
                project,
                n: row.get(0)?,
                id,
                seq: row.get::<_, i64>(1)?.unsigned_abs(),
                hash: row.get(2)?,
                lamport: row.get::<_, i64>(3)?.unsigned_abs(),
                last_pos: 0,
                touched: row.get(4)?,
                seen: Vec::new(),
            })
        };
        let mut find =
            self.connection.prepare_cached("SELECT n, head_seq, head_hash, lamport, touched FROM log WHERE id = ?1")?;
        let mut head = match find.query_row([id], read) {
            Err(rusqlite::Error::QueryReturnedNoRows) => {
                self.connection
                    .prepare_cached(
                        "INSERT INTO log (id, device, epoch, project, lane, own, head_seq, head_hash, lamport, durable_pos)
                         VALUES (?1, ?2, ?3, ?4, ?5, 1, 0, zeroblob(32), 0, 0)",
                    )?
                    .execute((id, self.device.n, self.device.epoch, project, lane_number(lane)))?;
                find.query_row([id], read)?
            }
            found => found?,
        };
        // What never leaves the machine tells nobody anything.
        if lane != Lane::Local {
            (head.seen, head.touched) = self.seen_since(head.touched, &project)?;
        }
        self.heads.push(head);
        Ok(self.heads.len() - 1)
    }

    /// What logs of others, in the same project, have reached that moved after that move; and the last move that is told so.
    fn seen_since(&self, touched: i64, project: &[u8; 16]) -> rusqlite::Result<(Vec<Seen>, i64)> {
        let mut last = touched;
        let mut find = self.connection.prepare_cached(
            "SELECT touched, id, head_seq, head_hash FROM log INDEXED BY log_touched
             WHERE own = 0 AND touched > ?1 AND project = ?2 ORDER BY touched LIMIT ?3",
        )?;
        let seen = find.query_map((touched, project, MOST_SEEN), |row| {
            last = row.get(0)?;
            let hash: [u8; 32] = row.get(3)?;
            let mut short = [0; 8];
            short.copy_from_slice(&hash[..8]);
            Ok(Seen { log: row.get(1)?, seq: row.get::<_, i64>(2)?.unsigned_abs(), hash: short })
        })?;
        let seen = seen.collect::<rusqlite::Result<_>>()?;
        Ok((seen, last))
    }

    /// Writes the heads and forgets them, so that the table is the truth.
    pub(crate) fn settle(&mut self) -> Result<(), JournalError> {
        self.try_finish(false).map_err(|e| self.error(&e))?;
        self.settled = self.heads.iter().map(|head| head.last_pos).fold(self.settled, i64::max);
        self.heads.clear();
        self.lamport = None;
        Ok(())
    }

    /// Writes the heads. `full`: the commit that follows is flushed, and with it everything that was committed before.
    /// Answers with whether events were written.
    pub(crate) fn finish(&mut self, full: bool) -> Result<bool, JournalError> {
        self.try_finish(full).map_err(|e| self.error(&e))?;
        if full && self.settled > 0 {
            let durable =
                "UPDATE log SET durable_pos = max(durable_pos, ?1) WHERE n = (SELECT log FROM event WHERE pos = ?1)";
            self.connection.execute(durable, [self.settled]).map_err(|e| self.error(&e))?;
        }
        Ok(self.settled > 0 || self.heads.iter().any(|head| head.last_pos > 0))
    }

    /// Notes that an event was put at that place past the heads of our own logs.
    pub(crate) fn came(&mut self, pos: i64) {
        self.settled = self.settled.max(pos);
    }

    fn try_finish(&mut self, full: bool) -> rusqlite::Result<()> {
        for head in self.heads.iter().filter(|head| head.last_pos > 0) {
            self.connection
                .prepare_cached(
                    "UPDATE log SET head_seq = ?2, head_hash = ?3, lamport = ?4,
                            durable_pos = iif(?5, ?6, durable_pos), touched = ?7 WHERE n = ?1",
                )?
                .execute((
                    head.n,
                    head.seq.cast_signed(),
                    head.hash,
                    head.lamport.cast_signed(),
                    full,
                    head.last_pos,
                    head.touched,
                ))?;
        }
        Ok(())
    }
}

fn inserts<'i, 'c>(
    kept: &'i mut Option<Inserts<'c>>,
    connection: &'c Connection,
) -> rusqlite::Result<&'i mut Inserts<'c>> {
    match kept {
        Some(inserts) => Ok(inserts),
        none => Ok(none.insert(Inserts::prepare(connection)?)),
    }
}
