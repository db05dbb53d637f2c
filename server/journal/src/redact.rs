//! Redaction: a payload is deleted for good, the chain stays whole, and nothing brings the payload back.
//! It deletes payloads and what followed from them, never an event; it cannot reach what has left this machine.
//!
//! Deleting a row leaves its bytes behind; cleaning the files of them is the business of `erase.rs`.

use crate::chain::lane_number;
use crate::draft::Draft;
use crate::error::JournalError;
use crate::header::Header;
use crate::journal::Journal;
use crate::left;
use crate::member::OF_PROJECT;
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

    /// Whether a redaction that counts here names an event with this id, whether that is here or not.
    pub fn is_suppressed(&self, id: Ulid) -> Result<bool, JournalError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM redaction WHERE id = ?1)")?
                .query_row([id.to_bytes()], |row| row.get(0))
        })
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

/// Whether a redaction takes the payload of this event, which stands in that project: by the commitment to its payload too, where
/// the redaction says it, so that what only borrows the id is not meant.
pub(crate) fn is_taken(connection: &Connection, header: &Header, project: &[u8; 16]) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM redaction WHERE id = ?1 AND commitment IN (?2, x'')
             AND (project IN (?3, x'')
                  OR project = zeroblob(16) AND NOT EXISTS (SELECT 1 FROM root WHERE root.project = ?3)))",
        )?
        .query_row((header.id.to_bytes(), header.payload_commit, project), |row| row.get(0))
}

fn is_without_payload(connection: &Connection, log: i64, seq: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM event WHERE log = ?1 AND seq = ?2
             AND NOT EXISTS (SELECT 1 FROM payload WHERE payload.pos = event.pos))",
        )?
        .query_row((log, seq), |row| row.get(0))
}

/// Whether events of that kind keep their payload: who may write must stay readable, and so must what was deleted and why.
pub(crate) fn is_kept(kind: &str) -> bool {
    kind.starts_with("device.") || kind.starts_with("project.") || matches!(kind, REDACTED | RETAINED)
}

/// Member of a redaction's payload: hex of the commitments to the payloads that go, which no other event with the same id has.
const COMMITMENTS: &str = "commitments";
/// Most of them that a redaction names; where more events have one id, whatever has it is meant.
const MOST_COMMITMENTS: usize = 64;

/// What the payload of a redaction says; nothing where it is of an earlier version, or says what cannot be read.
fn commitments_of(says: &serde_json::Value) -> Vec<[u8; 32]> {
    let one = |text: &serde_json::Value| {
        let mut commitment = [0; 32];
        hex::decode_to_slice(text.as_str()?, &mut commitment).ok().map(|()| commitment)
    };
    let list = says[COMMITMENTS].as_array().filter(|list| list.len() <= MOST_COMMITMENTS);
    list.and_then(|list| list.iter().map(one).collect()).unwrap_or_default()
}

/// What a redaction takes.
struct Taken<'p> {
    target: Ulid,
    /// The redaction's own id.
    by: Ulid,
    /// To the payloads that are meant; empty: whatever has the id.
    commitments: Vec<[u8; 32]>,
    /// Where it counts; `None` for one of our own.
    project: Option<&'p [u8; 16]>,
}

/// An event that is to be redacted, at one of its places.
struct Found {
    kind: String,
    entity: [u8; 16],
    workspace: Option<[u8; 16]>,
    lane: u8,
    project: [u8; 16],
    commitment: Option<[u8; 32]>,
    left: Vec<Op>,
}

impl Tx<'_> {
    /// Writes the redaction of one event, and carries it out. What the payload replaced is told with it, so that no device
    /// that never had the payload shows what stood before.
    pub fn redact(&mut self, target: Ulid, reason: &str, actor: &Actor) -> Result<Ulid, JournalError> {
        let found = self.found(target).map_err(|e| self.error(&e))?;
        let mut commitments: Vec<[u8; 32]> =
            found.iter().filter(|one| !is_kept(&one.kind)).filter_map(|one| one.commitment).collect();
        commitments.sort_unstable();
        commitments.dedup();
        // Beside the event that is meant may stand what only borrows its id.
        let Some(found) = found.iter().find(|one| !is_kept(&one.kind)).or(found.first()) else {
            return Err(JournalError::NoSuchEvent { id: target.to_string() });
        };
        if is_kept(&found.kind) {
            return Err(JournalError::Kept { id: target.to_string(), kind: found.kind.clone() });
        }
        let mut bare = serde_json::json!({"target": target.to_string(), "reason": reason});
        if commitments.len() <= MOST_COMMITMENTS {
            bare[COMMITMENTS] = commitments.iter().map(hex::encode).collect::<Vec<_>>().into();
        } else {
            commitments.clear();
        }
        let draft = |payload| Draft {
            entity: Some(Ulid::from_bytes(found.entity)),
            workspace: found.workspace.map(Ulid::from_bytes),
            // What never leaves the machine is not told of to others either.
            lane: if crate::chain::lane_of(found.lane) == Lane::Local { Lane::Local } else { Lane::Ctl },
            actor: actor.clone(),
            intent: true,
            refs: vec![target.to_bytes().to_vec()],
            ..Draft::observation(REDACTED, payload)
        };
        let mut says = bare.clone();
        if !found.left.is_empty() {
            says[left::LEFT] = ops_value(&found.left);
        }
        // To where the event stands, whatever its workspace is now: those who have it are there.
        let by = match self.append_in(found.project, &draft(says)) {
            // It replaced so much that the list of it does not fit: who has the payload works it out.
            Err(JournalError::TooLarge { .. }) => self.append_in(found.project, &draft(bare))?,
            by => by?,
        };
        let taken = Taken { target, by, commitments, project: None };
        self.try_suppress(&taken, None).map_err(|e| self.error(&e))?;
        Ok(by)
    }

    fn found(&self, target: Ulid) -> rusqlite::Result<Vec<Found>> {
        self.connection
            .prepare_cached(
                "SELECT event.kind, event.entity, event.workspace, log.lane, log.project, payload.bytes,
                        event.header
                 FROM event JOIN log ON log.n = event.log LEFT JOIN payload ON payload.pos = event.pos
                 WHERE event.id = ?1 ORDER BY event.pos",
            )?
            .query_map([target.to_bytes()], |row| {
                Ok(Found {
                    kind: row.get(0)?,
                    entity: row.get(1)?,
                    workspace: row.get(2)?,
                    lane: row.get(3)?,
                    project: row.get(4)?,
                    left: row.get_ref(5)?.as_blob_or_null()?.map(left::of_bytes).unwrap_or_default(),
                    commitment: Header::decode(row.get_ref(6)?.as_blob()?).ok().map(|header| header.payload_commit),
                })
            })?
            .collect()
    }

    /// Carries out a redaction of whatever has that id, here and later: `by` is the redaction's id. The event that it is about need
    /// not be here; when it comes, it comes without its payload.
    pub fn suppress(&mut self, target: Ulid, by: Ulid) -> Result<(), JournalError> {
        let taken = Taken { target, by, commitments: Vec::new(), project: None };
        self.try_suppress(&taken, None).map_err(|e| self.error(&e))
    }

    /// Carries out a redaction that came from a device that may write: on events of its own project, of the projects that have
    /// no members of their own where it is of none, and on those that are not here yet, whatever else has their id by now. Never
    /// on what is of this machine alone.
    pub(crate) fn obey(&self, redaction: &Header, payload: &[u8], project: &[u8; 16]) -> rusqlite::Result<()> {
        let says: serde_json::Value = serde_json::from_slice(payload).unwrap_or_default();
        for reference in &redaction.refs {
            let Ok(target) = <[u8; 16]>::try_from(reference.as_slice()) else { continue };
            let target = Ulid::from_bytes(target);
            let is_meant = says["target"].as_str() == Some(target.to_string().as_str());
            let left = if is_meant { left::of_redaction(&says) } else { None };
            let commitments = if is_meant { commitments_of(&says) } else { Vec::new() };
            let taken = Taken { target, by: redaction.id, commitments, project: Some(project) };
            self.try_suppress(&taken, left)?;
        }
        Ok(())
    }

    /// Carries out, in hindsight, what came from a device that did not count when it came, and does by now.
    pub(crate) fn obey_in_hindsight(&self, places: &[i64]) -> rusqlite::Result<()> {
        for pos in places {
            let (header, payload, project): (Vec<u8>, Option<Vec<u8>>, [u8; 16]) = self
                .connection
                .prepare_cached(
                    "SELECT event.header, payload.bytes, log.project FROM event JOIN log ON log.n = event.log
                     LEFT JOIN payload ON payload.pos = event.pos WHERE event.pos = ?1",
                )?
                .query_row([pos], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            if let Ok(header) = Header::decode(&header) {
                self.obey(&header, payload.as_deref().unwrap_or_default(), &project)?;
            }
        }
        Ok(())
    }

    /// Where events stand whose payload a redaction may delete. Written again in a new epoch one stands at several places, and at
    /// another may stand what only borrows its id.
    fn places(&self, taken: &Taken<'_>) -> rusqlite::Result<Vec<i64>> {
        let mut places = Vec::new();
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT event.pos, event.kind, event.header FROM event JOIN log ON log.n = event.log
             WHERE event.id = ?1 AND (?2 IS NULL OR log.lane <> ?3 AND {OF_PROJECT})"
        ))?;
        let mut rows = select.query((taken.target.to_bytes(), taken.project, lane_number(Lane::Local)))?;
        while let Some(row) = rows.next()? {
            let is_meant = taken.commitments.is_empty()
                || Header::decode(row.get_ref(2)?.as_blob()?)
                    .is_ok_and(|header| taken.commitments.contains(&header.payload_commit));
            if is_meant && !is_kept(row.get_ref(1)?.as_str()?) {
                places.push(row.get(0)?);
            }
        }
        Ok(places)
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
    fn try_suppress(&self, taken: &Taken<'_>, left: Option<Vec<Op>>) -> rusqlite::Result<()> {
        let target = taken.target;
        let places = self.places(taken)?;
        let mut has_payload = self.connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM payload WHERE pos = ?1)")?;
        let mut anew = false;
        for pos in &places {
            anew |= has_payload.query_row([pos], |row| row.get::<_, bool>(0))?;
        }
        self.connection.execute(
            "INSERT INTO suppressed (id, by, noted_ms) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET erased_ms = NULL, noted_ms = excluded.noted_ms WHERE ?4",
            (target.to_bytes(), taken.by.to_bytes(), now_ms(), anew),
        )?;
        let mut note = self
            .connection
            .prepare_cached("INSERT OR IGNORE INTO redaction (id, by, commitment, project) VALUES (?1, ?2, ?3, ?4)")?;
        let project = taken.project.map_or(&[][..], <[u8; 16]>::as_slice);
        let whatever = taken.commitments.is_empty().then_some(&[][..]);
        for commitment in taken.commitments.iter().map(<[u8; 32]>::as_slice).chain(whatever) {
            note.execute((target.to_bytes(), taken.by.to_bytes(), commitment, project))?;
        }
        let left = match left {
            Some(left) => left,
            None => self.left_of(&places)?,
        };
        left::keep(self.connection, target, left)?;
        for pos in places {
            forget(self.connection, pos)?;
            self.wipe(pos, target)?;
        }
        self.forget_in_forks(target)
    }

    fn left_of(&self, places: &[i64]) -> rusqlite::Result<Vec<Op>> {
        let Some(first) = places.first() else { return Ok(Vec::new()) };
        let bytes: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT bytes FROM payload WHERE pos = ?1")?
            .query_row([first], |row| row.get(0))
            .optional()?;
        Ok(bytes.map(|bytes| left::of_bytes(&bytes)).unwrap_or_default())
    }

    fn wipe(&self, pos: i64, target: Ulid) -> rusqlite::Result<()> {
        self.connection.execute("DELETE FROM payload WHERE pos = ?1", [pos])?;
        // What was worked out from it and remembered under its name.
        self.connection.execute("DELETE FROM remembered WHERE instr(key, ?1) > 0", [target.to_string()])?;
        // Whoever was about to change the note has its text before them.
        let note = "SELECT entity FROM event WHERE pos = ?1 AND kind >= 'note.' AND kind < 'note/'";
        let entity: Option<[u8; 16]> = self.connection.query_row(note, [pos], |row| row.get(0)).optional()?;
        if let Some(entity) = entity {
            let end = "UPDATE note_draft SET body = '', about = '{}', ended = 1
                       WHERE ended = 0 AND json_extract(about, '$.note') = ?1";
            self.connection.execute(end, [Ulid::from_bytes(entity).to_string()])?;
        }
        // A job repeats what its events say.
        let job = "SELECT entity FROM event WHERE pos = ?1 AND kind >= 'job.' AND kind < 'job/'";
        self.connection.execute(&format!("UPDATE job SET title = '', last_error = NULL WHERE id IN ({job})"), [pos])?;
        self.connection.execute(&format!("UPDATE job_step SET name = '' WHERE job IN ({job})"), [pos]).map(drop)
    }
}
