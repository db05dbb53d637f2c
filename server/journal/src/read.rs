//! Reading the record: filters, entries, and the pool of connections that readers share.
//! Readers see whole transactions, never wait for a writer, and write nothing: what an index does not know yet is looked through.

use crate::chain::lane_of;
use crate::connect::connect_reader;
use crate::delivery::{Deliveries, Reached};
use crate::drive::{self, Run};
use crate::error::JournalError;
use crate::folder::{Files, Key};
use crate::header::Header;
use crate::left;
use crate::op::Op;
use crate::patience::journal_error;
use crate::store::NO_PROJECT;
use crate::time::rfc3339;
use crate::view;
use contract::{ActorKind, Delivery, JournalEntry, Lane};
use rusqlite::{Connection, Row};
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use ulid::Ulid;

/// Connections that are kept open when nobody reads.
const KEPT: usize = 2;

/// Which events are wanted. Everything that is `None` is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Places after this one, as [`crate::Journal::head`] and [`crate::Change`] give them.
    pub after: Option<u64>,
    /// Places before this one.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: Option<usize>,
    /// The last first, so that `limit` keeps the newest.
    pub newest_first: bool,
    /// Kinds that begin so: `fetch.` for every step of every fetch.
    pub kind: Option<String>,
    /// Events of one workspace.
    pub workspace: Option<Ulid>,
    /// With `workspace`: events of the logs of this project, too, whichever device's.
    pub project: Option<[u8; 16]>,
    /// Events about one thing.
    pub entity: Option<Ulid>,
    /// The event with this id.
    pub id: Option<Ulid>,
    /// Written at this time or later, in milliseconds since 1970 by the writer's clock.
    pub since_ms: Option<i64>,
    /// Written before this time, in milliseconds since 1970 by the writer's clock.
    pub until_ms: Option<i64>,
    /// Done by somebody or something of this name.
    pub actor: Option<String>,
    /// Done by a person, a tool or a model.
    pub actor_kind: Option<ActorKind>,
    /// Of logs of this lane.
    pub lane: Option<Lane>,
    /// Events whose payload speaks of this file, or of one in this folder: a path relative to the workspace.
    pub path: Option<String>,
    /// Events that name this one in their references, as a redaction does.
    pub refers: Option<Ulid>,
}

/// One event as it is stored, taken apart.
pub(crate) struct Stored {
    pub header: Header,
    pub lane: Lane,
    project: [u8; 16],
    /// `None` where it was redacted; text that is no JSON as a text.
    pub payload: Option<serde_json::Value>,
    /// Whether it stands here once more, written again in a new epoch: it is read at the place where it came first.
    pub twin: bool,
    /// Whether a segment holds it.
    sealed: bool,
    /// Why it is not relied on.
    pub held: Option<String>,
    /// Where it was redacted: what it wrote to, without what it wrote.
    pub left: Vec<Op>,
}

impl Filter {
    /// Whether an event is one of those that are wanted, as far as its contents say.
    pub(crate) fn lets(&self, event: &Stored) -> bool {
        !event.twin && self.lets_copy(event)
    }

    /// The same, of an event that stands here once more too.
    fn lets_copy(&self, event: &Stored) -> bool {
        let header = &event.header;
        let is = |wanted: Option<Ulid>, found: Option<Ulid>| wanted.is_none() || wanted == found;
        self.kind.as_ref().is_none_or(|kind| header.kind.starts_with(kind.as_str()))
            && (is(self.workspace, header.workspace) || self.is_of_project(event))
            && is(self.entity, Some(header.entity))
            && is(self.id, Some(header.id))
            && self.since_ms.is_none_or(|since| header.wall_ms >= since)
            && self.until_ms.is_none_or(|until| header.wall_ms < until)
            && self.actor.as_ref().is_none_or(|name| header.actor.name == *name)
            && self.actor_kind.is_none_or(|kind| header.actor.kind == kind)
            && self.lane.is_none_or(|lane| event.lane == lane)
            && self.refers.is_none_or(|id| header.refs.iter().any(|reference| *reference == id.to_bytes()))
            && self.path.as_ref().is_none_or(|path| event.payload.as_ref().is_some_and(|p| speaks_of(p, path)))
    }
}

impl Filter {
    fn is_of_project(&self, event: &Stored) -> bool {
        event.lane != Lane::Local
            && self.project.is_some_and(|project| project != NO_PROJECT && project == event.project)
    }
}

fn speaks_of(payload: &serde_json::Value, path: &str) -> bool {
    let Some(path) = view::tidy(path) else { return false };
    let below =
        |found: &String| found.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    view::paths(payload).iter().any(below)
}

/// Connections for readers.
pub(crate) struct Readers {
    pub files: Files,
    pub key: Key,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub fn new(files: Files, key: Key) -> Readers {
        Readers { files, key, idle: Mutex::new(Vec::new()) }
    }

    /// Lends a connection.
    pub fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, JournalError> {
        let failed = |e: rusqlite::Error| journal_error(&self.files.database, "read", &e);
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect_reader(&self.files, &self.key).map_err(failed)?,
        };
        let result = read(&connection).map_err(failed);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
        result
    }

    /// Closes what is not in use.
    pub fn close(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Calls `each` for every event that the filter lets through, until it breaks.
pub(crate) fn for_each(
    connection: &Connection,
    filter: &Filter,
    mut each: impl FnMut(u64, JournalEntry) -> ControlFlow<()>,
) -> rusqlite::Result<()> {
    let durable = durable(connection)?;
    let mut deliveries = Deliveries::new(connection)?;
    each_row(connection, filter, false, |row, event| {
        let pos: i64 = row.get(0)?;
        Ok(each(pos.unsigned_abs(), told(&mut deliveries, pos <= durable, row.get(1)?, event)?))
    })
}

/// Calls `each` for the events at these places, but for those that stand there once more.
pub(crate) fn at(
    connection: &Connection,
    places: impl Iterator<Item = i64>,
    mut each: impl FnMut(JournalEntry),
) -> rusqlite::Result<()> {
    let durable = durable(connection)?;
    let mut deliveries = Deliveries::new(connection)?;
    let mut select = connection.prepare_cached(&format!("{COLUMNS} WHERE event.pos = ?1"))?;
    for pos in places {
        let mut rows = select.query([pos])?;
        let Some(row) = rows.next()? else { continue };
        let (log, event) = (row.get(1)?, stored(row)?);
        if !event.twin {
            each(told(&mut deliveries, pos <= durable, log, event)?);
        }
    }
    Ok(())
}

fn durable(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT coalesce(max(durable_pos), 0) FROM log")?.query_row([], |row| row.get(0))
}

fn told(
    deliveries: &mut Deliveries<'_>,
    durable: bool,
    log: [u8; 16],
    event: Stored,
) -> rusqlite::Result<JournalEntry> {
    let state = match (event.sealed, durable) {
        (true, _) => Delivery::Sealed,
        (false, true) => Delivery::Durable,
        (false, false) => Delivery::Saved,
    };
    let reached = deliveries.of(event.header.id, log, event.header.seq, state)?;
    Ok(entry(log, event, reached))
}

/// Calls `each` for every event that the filter lets through, as it is stored, and for those that stand here once more.
pub(crate) fn each_stored(
    connection: &Connection,
    filter: &Filter,
    mut each: impl FnMut(Stored),
) -> rusqlite::Result<()> {
    each_row(connection, filter, true, |_, event| {
        each(event);
        Ok(ControlFlow::Continue(()))
    })
}

fn each_row(
    connection: &Connection,
    filter: &Filter,
    copies: bool,
    mut each: impl FnMut(&Row<'_>, Stored) -> rusqlite::Result<ControlFlow<()>>,
) -> rusqlite::Result<()> {
    // One picture of the index and of what it does not know yet.
    let snapshot = connection.is_autocommit().then(|| connection.unchecked_transaction()).transpose()?;
    let mut left = filter.limit.unwrap_or(usize::MAX);
    let mut select = connection.prepare_cached(&format!("{COLUMNS} WHERE event.pos = ?1"))?;
    let mut ended = left == 0;
    for run in drive::runs(connection, filter)? {
        if ended {
            break;
        }
        let mut take = |row: &Row<'_>| -> rusqlite::Result<bool> {
            let event = stored(row)?;
            if filter.lets(&event) || copies && filter.lets_copy(&event) {
                left -= 1;
                ended = each(row, event)?.is_break() || left == 0;
            }
            Ok(ended)
        };
        match run {
            Run::Places { sql, values } => {
                let mut places = connection.prepare_cached(&sql)?;
                let mut places = places.query(rusqlite::params_from_iter(values))?;
                while let Some(place) = places.next()? {
                    let mut rows = select.query([place.get::<_, i64>(0)?])?;
                    if let Some(row) = rows.next()?
                        && take(row)?
                    {
                        break;
                    }
                }
            }
            Run::All { condition, values } => {
                let mut rows = connection.prepare_cached(&format!("{COLUMNS} WHERE {condition}"))?;
                let mut rows = rows.query(rusqlite::params_from_iter(values))?;
                while let Some(row) = rows.next()? {
                    if take(row)? {
                        break;
                    }
                }
            }
        }
    }
    drop(snapshot);
    Ok(())
}

// Of an event that was written again, what became of its later copy counts.
const COLUMNS: &str = "SELECT event.pos, log.id, log.lane, event.header, payload.bytes, coalesce(mark.what = 'twin', 0), mark.detail,
     event.seq <= log.sealed_seq OR (log.own = 0 AND EXISTS (
         SELECT 1 FROM event twin JOIN log other ON other.n = twin.log WHERE twin.id = event.id AND twin.seq <= other.sealed_seq
     )),
     CASE WHEN payload.pos IS NULL THEN (SELECT ops FROM suppressed WHERE suppressed.id = event.id) END,
     log.project
     FROM event JOIN log ON log.n = event.log LEFT JOIN payload ON payload.pos = event.pos
     LEFT JOIN mark ON mark.pos = event.pos";

/// The event at a place.
pub(crate) fn one(connection: &Connection, pos: i64) -> rusqlite::Result<Stored> {
    connection.prepare_cached(&format!("{COLUMNS} WHERE event.pos = ?1"))?.query_row([pos], stored)
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let header = Header::decode(row.get_ref(3)?.as_blob()?)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Blob, Box::new(e)))?;
    let payload = row.get_ref(4)?.as_blob_or_null()?.map(|bytes| {
        // Another version may write what is not JSON; it is kept, and shown as the text that it is.
        serde_json::from_slice(bytes)
            .unwrap_or_else(|_| serde_json::Value::String(String::from_utf8_lossy(bytes).into_owned()))
    });
    let lane = lane_of(row.get(2)?);
    let left = row.get_ref(8)?.as_str_or_null()?.map(left::of_text).unwrap_or_default();
    Ok(Stored {
        header,
        lane,
        payload,
        twin: row.get(5)?,
        held: row.get(6)?,
        sealed: row.get(7)?,
        left,
        project: row.get(9)?,
    })
}

fn entry(log: [u8; 16], event: Stored, reached: Reached) -> JournalEntry {
    let header = event.header;
    JournalEntry {
        id: header.id.to_string(),
        log: hex::encode(log),
        seq: header.seq,
        at: rfc3339(header.wall_ms),
        actor: header.actor,
        kind: header.kind,
        entity: header.entity.to_string(),
        lane: event.lane,
        state: reached.state,
        uploaded_to: reached.uploaded_to,
        seen_by: reached.seen_by,
        held: event.held,
        workspace: header.workspace.map(|w| w.to_string()),
        payload: event.payload.unwrap_or(serde_json::Value::Null),
        left: left::to_contract(&event.left),
    }
}
