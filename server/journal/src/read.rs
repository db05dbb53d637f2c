//! Reading the record: filters, entries, and the pool of connections that readers share.
//! Readers see whole transactions and never wait for a writer.

use crate::chain::lane_of;
use crate::error::JournalError;
use crate::folder::{Files, Key};
use crate::header::Header;
use crate::store::{connect_reader, journal_error};
use crate::time::rfc3339;
use contract::{Delivery, JournalEntry, Lane};
use rusqlite::types::Value;
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
    /// Events about one thing.
    pub entity: Option<Ulid>,
    /// The event with this id.
    pub id: Option<Ulid>,
    /// Written at this time or later, in milliseconds since 1970 by the writer's clock.
    pub since_ms: Option<i64>,
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
    let (sql, values) = query(filter);
    let durable: i64 = connection
        .prepare_cached("SELECT coalesce(max(durable_pos), 0) FROM log WHERE own = 1")?
        .query_row([], |row| row.get(0))?;
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        let pos: i64 = row.get(0)?;
        if each(pos.unsigned_abs(), entry(row, pos <= durable)?).is_break() {
            break;
        }
    }
    Ok(())
}

fn query(filter: &Filter) -> (String, Vec<Value>) {
    let mut sql = "SELECT event.pos, log.id, log.lane, event.header, payload.bytes
         FROM event JOIN log ON log.n = event.log LEFT JOIN payload ON payload.pos = event.pos WHERE 1"
        .to_owned();
    let mut values = Vec::new();
    let mut and = |condition: &str, value: Value| {
        sql.push_str(" AND ");
        sql.push_str(condition);
        values.push(value);
    };
    let place = |pos: u64| Value::Integer(i64::try_from(pos).unwrap_or(i64::MAX));
    let ulid = |id: Ulid| Value::Blob(id.to_bytes().to_vec());
    if let Some(after) = filter.after {
        and("event.pos > ?", place(after));
    }
    if let Some(before) = filter.before {
        and("event.pos < ?", place(before));
    }
    if let Some(kind) = &filter.kind {
        and("event.kind >= ?", Value::Text(kind.clone()));
        // No kind holds the last character there is, so this bounds the prefix.
        and("event.kind < ?", Value::Text(format!("{kind}\u{10ffff}")));
    }
    if let Some(workspace) = filter.workspace {
        and("event.workspace = ?", ulid(workspace));
    }
    if let Some(entity) = filter.entity {
        and("event.entity = ?", ulid(entity));
    }
    if let Some(id) = filter.id {
        and("event.id = ?", ulid(id));
    }
    if let Some(since) = filter.since_ms {
        and("event.wall_ms >= ?", Value::Integer(since));
    }
    sql.push_str(if filter.newest_first { " ORDER BY event.pos DESC" } else { " ORDER BY event.pos" });
    if let Some(limit) = filter.limit {
        sql.push_str(" LIMIT ?");
        values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
    }
    (sql, values)
}

fn entry(row: &Row<'_>, durable: bool) -> rusqlite::Result<JournalEntry> {
    let log: [u8; 16] = row.get(1)?;
    let lane = lane_of(row.get(2)?).unwrap_or(Lane::Local);
    let header = row.get_ref(3)?.as_blob()?;
    let header = Header::decode(header)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Blob, Box::new(e)))?;
    let payload = match row.get_ref(4)?.as_blob_or_null()? {
        // Another version may write what is not JSON; it is kept, and shown as the text that it is.
        Some(bytes) => serde_json::from_slice(bytes)
            .unwrap_or_else(|_| serde_json::Value::String(String::from_utf8_lossy(bytes).into_owned())),
        None => serde_json::Value::Null,
    };
    Ok(JournalEntry {
        id: header.id.to_string(),
        log: hex::encode(log),
        seq: header.seq,
        at: rfc3339(header.wall_ms),
        actor: header.actor,
        kind: header.kind,
        entity: header.entity.to_string(),
        lane,
        state: if durable { Delivery::Durable } else { Delivery::Saved },
        workspace: header.workspace.map(|w| w.to_string()),
        payload,
    })
}
