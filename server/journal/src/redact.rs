//! Redaction: a payload is deleted for good, the chain stays whole, and nothing brings the payload back.
//! It deletes payloads and what followed from them, never an event; it cannot reach what has left this machine.
//!
//! Deleting a row leaves its bytes behind; cleaning the files of them is the business of `erase.rs`.

use crate::draft::Draft;
use crate::error::JournalError;
use crate::header::Header;
use crate::journal::Journal;
use crate::left;
use crate::op::{Op, ops_value};
use crate::segment::Segment;
use crate::time::now_ms;
use crate::tx::Tx;
use crate::view::forget;
use contract::{Actor, Lane};
use rusqlite::{Connection, OptionalExtension};
use ulid::Ulid;

/// Kind of the event that deletes another's payload.
pub const REDACTED: &str = "record.redacted";
/// Kind of the event that says what a rule of retention deletes.
pub const RETAINED: &str = "retention.applied";
/// What a redaction of one event does, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redactable {
    /// The event.
    pub id: Ulid,
    /// Its kind.
    pub kind: String,
    /// When it was written, RFC 3339.
    pub at: String,
    /// Length of its payload in bytes.
    pub bytes: u64,
    /// Whether its payload is gone already.
    pub gone: bool,
}

impl Journal {
    /// The event, as a redaction would see it; `None` where there is none with that id.
    pub fn redactable(&self, id: Ulid) -> Result<Option<Redactable>, JournalError> {
        self.read(|connection| redactable(connection, id))
    }

    /// The events about one thing, oldest first.
    pub fn redactable_of(&self, entity: Ulid) -> Result<Vec<Redactable>, JournalError> {
        self.read(|connection| {
            let ids: Vec<[u8; 16]> = connection
                .prepare("SELECT id FROM event WHERE entity = ?1 AND kind <> ?2 ORDER BY pos")?
                .query_map((entity.to_bytes(), REDACTED), |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            ids.into_iter().filter_map(|id| redactable(connection, Ulid::from_bytes(id)).transpose()).collect()
        })
    }

    /// Deletes the payloads of these events in one durable transaction, with a signed event for each that says who and why.
    /// What followed from them goes with them. [`Journal::erase`] then cleans the files.
    pub fn redact(&self, targets: &[Ulid], reason: &str, actor: &Actor) -> Result<Vec<Ulid>, JournalError> {
        let (targets, reason, actor) = (targets.to_vec(), reason.to_owned(), actor.clone());
        self.write(true, move |tx| targets.iter().map(|target| tx.redact(*target, &reason, &actor)).collect())
    }

    /// Whether the payload of this event must not be stored.
    pub fn is_suppressed(&self, id: Ulid) -> Result<bool, JournalError> {
        self.read(|connection| is_suppressed(connection, id))
    }
}

fn redactable(connection: &Connection, id: Ulid) -> rusqlite::Result<Option<Redactable>> {
    connection
        .prepare_cached(
            "SELECT event.kind, event.wall_ms, length(payload.bytes) FROM event
             LEFT JOIN payload ON payload.pos = event.pos WHERE event.id = ?1 ORDER BY event.pos LIMIT 1",
        )?
        .query_row([id.to_bytes()], |row| {
            let bytes: Option<i64> = row.get(2)?;
            Ok(Redactable {
                id,
                kind: row.get(0)?,
                at: crate::time::rfc3339(row.get(1)?),
                bytes: bytes.unwrap_or(0).unsigned_abs(),
                gone: bytes.is_none(),
            })
        })
        .optional()
}

pub(crate) fn is_suppressed(connection: &Connection, id: Ulid) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM suppressed WHERE id = ?1)")?
        .query_row([id.to_bytes()], |row| row.get(0))
}

fn is_without_payload(connection: &Connection, log: i64, seq: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM event WHERE log = ?1 AND seq = ?2
             AND NOT EXISTS (SELECT 1 FROM payload WHERE payload.pos = event.pos))",
        )?
        .query_row((log, seq), |row| row.get(0))
}

fn kinds(connection: &Connection, id: [u8; 16]) -> rusqlite::Result<Vec<String>> {
    connection.prepare_cached("SELECT kind FROM event WHERE id = ?1")?.query_map([id], |row| row.get(0))?.collect()
}

/// Whether events of that kind keep their payload: who may write must stay readable, and so must what was deleted and why.
pub(crate) fn is_kept(kind: &str) -> bool {
    kind.starts_with("device.") || kind.starts_with("project.") || matches!(kind, REDACTED | RETAINED)
}

impl Tx<'_> {
    /// Whether the payload of this event must not be stored. To be asked before any payload that comes from elsewhere is stored.
    pub fn is_suppressed(&self, id: Ulid) -> Result<bool, JournalError> {
        is_suppressed(self.connection, id).map_err(|e| self.error(&e))
    }

    /// Writes the redaction of one event, and carries it out. What the payload replaced is told with it, so that no device
    /// that never had the payload shows what stood before.
    pub fn redact(&mut self, target: Ulid, reason: &str, actor: &Actor) -> Result<Ulid, JournalError> {
        let found = self
            .connection
            .query_row(
                "SELECT event.kind, event.entity, event.workspace, log.lane, payload.bytes
                 FROM event JOIN log ON log.n = event.log LEFT JOIN payload ON payload.pos = event.pos
                 WHERE event.id = ?1 ORDER BY event.pos LIMIT 1",
                [target.to_bytes()],
                |row| {
                    let (entity, workspace): ([u8; 16], Option<[u8; 16]>) = (row.get(1)?, row.get(2)?);
                    let left = row.get_ref(4)?.as_blob_or_null()?.map(left::of_bytes).unwrap_or_default();
                    Ok((row.get::<_, String>(0)?, entity, workspace, row.get::<_, u8>(3)?, left))
                },
            )
            .optional()
            .map_err(|e| self.error(&e))?;
        let Some((kind, entity, workspace, lane, left)) = found else {
            return Err(JournalError::NoSuchEvent { id: target.to_string() });
        };
        if is_kept(&kind) {
            return Err(JournalError::Kept { id: target.to_string(), kind });
        }
        // What never leaves the machine is not told of to others either.
        let lane = if crate::chain::lane_of(lane) == Lane::Local { Lane::Local } else { Lane::Ctl };
        let mut payload = serde_json::json!({"target": target.to_string(), "reason": reason});
        if !left.is_empty() {
            payload[left::LEFT] = ops_value(&left);
        }
        let by = self.append(&Draft {
            entity: Some(Ulid::from_bytes(entity)),
            workspace: workspace.map(Ulid::from_bytes),
            lane,
            actor: actor.clone(),
            intent: true,
            refs: vec![target.to_bytes().to_vec()],
            ..Draft::observation(REDACTED, payload)
        })?;
        self.suppress(target, by)?;
        Ok(by)
    }

    /// Carries out a redaction, our own or one that came from a device that may write: `by` is its id. The event that it is
    /// about need not be here; when it comes, it comes without its payload.
    pub fn suppress(&mut self, target: Ulid, by: Ulid) -> Result<(), JournalError> {
        self.try_suppress(target, by, None).map_err(|e| self.error(&e))
    }

    /// Carries out a redaction that came from a device that may write: on events of its own project, and on those that
    /// are not here yet.
    pub(crate) fn obey(&self, redaction: &Header, payload: &[u8], project: &[u8; 16]) -> rusqlite::Result<()> {
        let says: serde_json::Value = serde_json::from_slice(payload).unwrap_or_default();
        for reference in &redaction.refs {
            let Ok(target) = <[u8; 16]>::try_from(reference.as_slice()) else { continue };
            let other: bool = self
                .connection
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM event JOIN log ON log.n = event.log WHERE event.id = ?1 AND log.project <> ?2)")?
                .query_row((target, project), |row| row.get(0))?;
            let kinds = kinds(self.connection, target)?;
            if !other && (kinds.is_empty() || !kinds.iter().all(|kind| is_kept(kind))) {
                let target = Ulid::from_bytes(target);
                let is_meant = says["target"].as_str() == Some(target.to_string().as_str());
                let left = if is_meant { left::of_redaction(&says) } else { None };
                self.try_suppress(target, redaction.id, left)?;
            }
        }
        Ok(())
    }

    /// What comes with a payload that is not stored: what it replaced is noted, where no redaction has said it.
    pub(crate) fn leave(&self, target: Ulid, payload: &[u8]) -> rusqlite::Result<()> {
        if left::of(self.connection, target)?.is_empty() {
            left::keep(self.connection, target, left::of_bytes(payload))?;
        }
        Ok(())
    }

    /// A segment that carries a payload which was deleted here is known, and its bytes are not kept.
    pub(crate) fn without_deleted(&self, log: i64, segment: &Segment) -> rusqlite::Result<()> {
        for (header, record) in &segment.records {
            let seq = header.seq.cast_signed();
            if record.content.is_some() && is_without_payload(self.connection, log, seq)? {
                self.connection
                    .prepare_cached("UPDATE segment SET bytes = NULL WHERE log = ?1 AND first <= ?2 AND last >= ?2")?
                    .execute((log, seq))?;
            }
        }
        Ok(())
    }

    /// `left`: what the redaction says of what the payload replaced. One of an earlier version says nothing.
    fn try_suppress(&self, target: Ulid, by: Ulid, left: Option<Vec<Op>>) -> rusqlite::Result<()> {
        self.connection.execute(
            "INSERT INTO suppressed (id, by, noted_ms) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET erased_ms = NULL, noted_ms = excluded.noted_ms
             WHERE EXISTS (SELECT 1 FROM event JOIN payload ON payload.pos = event.pos WHERE event.id = excluded.id)",
            (target.to_bytes(), by.to_bytes(), now_ms()),
        )?;
        let left = match left {
            Some(left) => left,
            None => self.left_of(target)?,
        };
        left::keep(self.connection, target, left)?;
        // Written again in a new epoch, an event stands at several places; at another may stand what only borrows its id.
        let places: Vec<(i64, String)> = self
            .connection
            .prepare_cached("SELECT pos, kind FROM event WHERE id = ?1")?
            .query_map([target.to_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (pos, _) in places.into_iter().filter(|(_, kind)| !is_kept(kind)) {
            forget(self.connection, pos)?;
            self.wipe(pos, target)?;
        }
        Ok(())
    }

    fn left_of(&self, target: Ulid) -> rusqlite::Result<Vec<Op>> {
        let bytes: Option<Vec<u8>> = self
            .connection
            .prepare_cached(
                "SELECT payload.bytes FROM event JOIN payload ON payload.pos = event.pos WHERE event.id = ?1 LIMIT 1",
            )?
            .query_row([target.to_bytes()], |row| row.get(0))
            .optional()?;
        Ok(bytes.map(|bytes| left::of_bytes(&bytes)).unwrap_or_default())
    }

    fn wipe(&self, pos: i64, target: Ulid) -> rusqlite::Result<()> {
        self.connection.execute("DELETE FROM payload WHERE pos = ?1", [pos])?;
        // What was worked out from it and remembered under its name.
        self.connection.execute("DELETE FROM remembered WHERE instr(key, ?1) > 0", [target.to_string()])?;
        // A job repeats what its events say.
        let job = "SELECT entity FROM event WHERE pos = ?1 AND kind >= 'job.' AND kind < 'job/'";
        self.connection.execute(&format!("UPDATE job SET title = '', last_error = NULL WHERE id IN ({job})"), [pos])?;
        self.connection.execute(&format!("UPDATE job_step SET name = '' WHERE job IN ({job})"), [pos]).map(drop)
    }
}
