//! The rows of events as they go into their two tables, one at a time or several by one statement.
//! It knows columns and their order; what stands in them, and which place an event has, is the transaction's.

use crate::header::Header;
use rusqlite::{CachedStatement, Connection, Statement, ToSql};

pub(crate) const INSERT_EVENT: &str =
    "INSERT INTO event (log, seq, id, kind, entity, workspace, lamport, wall_ms, hash, header)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
pub(crate) const INSERT_PAYLOAD: &str = "INSERT INTO payload (pos, salt, bytes) VALUES (?1, ?2, ?3)";

/// Rows that one statement writes where so many are written at once. Within a statement SQLite stays where it is in the table and
/// in each index; a statement for every row has it find each of those places again from the root of its tree.
pub(crate) const TOGETHER: usize = 32;
const EVENT_COLUMNS: usize = 10;
const PAYLOAD_COLUMNS: usize = 3;

/// One event's row, and what its payload's row holds.
pub(crate) struct Row<'e> {
    /// Row of its log.
    pub log: i64,
    pub header: &'e Header,
    pub hash: [u8; 32],
    /// The header's exact bytes.
    pub bytes: &'e [u8],
    /// Salt and exact bytes of the payload, where it has one.
    pub content: Option<(&'e [u8; 16], &'e [u8])>,
}

/// The statements of events: kept for the whole transaction, because finding them again costs more than an event's hashes.
pub(crate) struct Inserts<'c> {
    connection: &'c Connection,
    event: CachedStatement<'c>,
    payload: CachedStatement<'c>,
    /// The same two for [`TOGETHER`] rows.
    together: Option<(CachedStatement<'c>, CachedStatement<'c>)>,
}

impl<'c> Inserts<'c> {
    pub fn prepare(connection: &'c Connection) -> rusqlite::Result<Inserts<'c>> {
        Ok(Inserts {
            connection,
            event: connection.prepare_cached(INSERT_EVENT)?,
            payload: connection.prepare_cached(INSERT_PAYLOAD)?,
            together: None,
        })
    }

    /// Writes one, and answers with its place.
    pub fn one(&mut self, row: &Row<'_>) -> rusqlite::Result<i64> {
        bind_event(&mut self.event, 0, row)?;
        self.event.raw_execute()?;
        let pos = self.connection.last_insert_rowid();
        if let Some(content) = row.content {
            bind_payload(&mut self.payload, 0, pos, content)?;
            self.payload.raw_execute()?;
        }
        Ok(pos)
    }

    /// Writes [`TOGETHER`] rows, each with a payload, and answers with the place of the first; the others follow it one by one.
    pub fn together(&mut self, rows: &[Row<'_>; TOGETHER]) -> rusqlite::Result<i64> {
        let (events, payloads) = match &mut self.together {
            Some(together) => together,
            none => none.insert((
                self.connection.prepare_cached(&several(INSERT_EVENT, EVENT_COLUMNS))?,
                self.connection.prepare_cached(&several(INSERT_PAYLOAD, PAYLOAD_COLUMNS))?,
            )),
        };
        for (n, row) in rows.iter().enumerate() {
            bind_event(events, n, row)?;
        }
        events.raw_execute()?;
        // Events are never deleted, so SQLite numbers them without a gap.
        let last = self.connection.last_insert_rowid();
        let first = last + 1 - i64::try_from(TOGETHER).unwrap_or_default();
        for ((n, pos), row) in (first..=last).enumerate().zip(rows) {
            let content = row.content.ok_or(rusqlite::Error::InvalidQuery)?;
            bind_payload(payloads, n, pos, content)?;
        }
        payloads.raw_execute()?;
        Ok(first)
    }
}

/// The statement for one row, made one for [`TOGETHER`]. `OR FAIL`: SQLite would keep a copy of every page that it changes in case
/// a row in the middle is refused, and here the whole transaction is undone then.
fn several(one: &str, columns: usize) -> String {
    let front = one.split("VALUES").next().unwrap_or_default().replacen("INSERT", "INSERT OR FAIL", 1);
    let row = format!("({})", vec!["?"; columns].join(", "));
    format!("{front} VALUES {}", vec![row; TOGETHER].join(", "))
}

fn bind_event(statement: &mut Statement<'_>, n: usize, row: &Row<'_>) -> rusqlite::Result<()> {
    let header = row.header;
    let (id, entity) = (header.id.to_bytes(), header.entity.to_bytes());
    let workspace = header.workspace.map(|workspace| workspace.to_bytes());
    let columns: [&dyn ToSql; EVENT_COLUMNS] = [
        &row.log,
        &header.seq.cast_signed(),
        &id,
        &header.kind,
        &entity,
        &workspace,
        &header.lamport.cast_signed(),
        &header.wall_ms,
        &row.hash,
        &row.bytes,
    ];
    bind(statement, n * EVENT_COLUMNS, &columns)
}

fn bind_payload(
    statement: &mut Statement<'_>,
    n: usize,
    pos: i64,
    (salt, bytes): (&[u8; 16], &[u8]),
) -> rusqlite::Result<()> {
    let columns: [&dyn ToSql; PAYLOAD_COLUMNS] = [&pos, salt, &bytes];
    bind(statement, n * PAYLOAD_COLUMNS, &columns)
}

fn bind(statement: &mut Statement<'_>, after: usize, columns: &[&dyn ToSql]) -> rusqlite::Result<()> {
    columns.iter().zip(after + 1..).try_for_each(|(value, column)| statement.raw_bind_parameter(column, value))
}
