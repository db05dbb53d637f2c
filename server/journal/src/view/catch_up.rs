//! Brings projections up to the last event, a bounded batch at a time, so that nobody waits long for the writing lock.
//! Rows and cursor are stored by one transaction: a crash in between leaves both as they were.

use super::{Event, VIEWS, View};
use crate::JournalError;
use crate::chain::lane_of;
use crate::header::Header;
use crate::journal::Journal;
use rusqlite::{Connection, OptionalExtension};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// What one transaction may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    /// Events at most.
    pub events: usize,
    /// After this long no further event is begun.
    pub time: Duration,
}

/// For work beside appends: others wait for the lock below 5 ms, of which the index takes two thirds after the last event.
pub(crate) const BATCH: Batch = Batch { events: 512, time: Duration::from_millis(1) };

/// For what somebody waits for: the fewer transactions, the more rows that stand side by side are written with one page. Others wait
/// for the lock up to a fifth of a second, and get it in between.
const BULK: Batch = Batch { events: 16_384, time: Duration::from_millis(100) };
/// From so many events on that are behind.
const BULK_FROM: u64 = 10_000;
/// Between two transactions of [`BULK`]: other processes look for the lock every few milliseconds.
const BREATH: Duration = Duration::from_millis(6);
/// Pages in memory while so much is written, and what SQLite keeps by itself: KiB, negative by its rule.
const BULK_CACHE: i32 = -8_000;
const USUAL_CACHE: i32 = -2_000;

/// What a transaction may take where so many events are behind.
fn batch_for(behind: u64) -> Batch {
    if behind >= BULK_FROM { BULK } else { BATCH }
}

/// How far projections are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Behind {
    /// Place of the last event that every projection knows.
    pub at: u64,
    /// Place of the last event.
    pub head: u64,
}

impl Behind {
    /// Events that are still to come.
    pub fn events(self) -> u64 {
        self.head.saturating_sub(self.at)
    }
}

struct Cursor {
    view: &'static dyn View,
    pos: i64,
}

/// How far the projections are, without a change of anything. A projection of another version counts as not begun.
pub(crate) fn behind(connection: &Connection) -> rusqlite::Result<Behind> {
    let mut at = i64::MAX;
    for view in VIEWS {
        let found = stored(connection, *view)?;
        let usable = found.filter(|(version, _)| *version >= view.version());
        at = at.min(usable.map_or(0, |(_, pos)| pos));
    }
    Ok(Behind { at: at.unsigned_abs(), head: crate::store::head(connection)? })
}

/// Applies the next events, inside the caller's transaction.
pub(crate) fn step(connection: &Connection, views: &[&'static dyn View], batch: Batch) -> rusqlite::Result<Behind> {
    let began = Instant::now();
    let mut cursors = Vec::with_capacity(views.len());
    for view in views {
        let pos = match stored(connection, *view)? {
            Some((version, pos)) if version == view.version() => pos,
            // A later Holdover keeps it, and knows what it is.
            Some((version, _)) if version > view.version() => continue,
            older => {
                make(connection, *view, older.is_some())?;
                0
            }
        };
        cursors.push(Cursor { view: *view, pos });
    }
    let head = crate::store::head(connection)?.cast_signed();
    let from = cursors.iter().map(|cursor| cursor.pos).min().unwrap_or(head);
    let mut reached = from;
    if from < head {
        let limit = i64::try_from(batch.events).unwrap_or(i64::MAX);
        each_event(connection, from, limit, |event| {
            for cursor in cursors.iter().filter(|cursor| cursor.pos < event.pos) {
                if let Some(event) = event.read {
                    cursor.view.apply(connection, event)?;
                }
            }
            reached = event.pos;
            Ok(if is_over(began, batch) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        let mut note =
            connection.prepare_cached("UPDATE view SET pos = max(pos, ?2) WHERE name = ?1 AND version = ?3")?;
        for cursor in &cursors {
            note.execute((cursor.view.name(), reached, cursor.view.version()))?;
        }
    }
    Ok(Behind { at: reached.unsigned_abs(), head: head.unsigned_abs() })
}

fn is_over(began: Instant, batch: Batch) -> bool {
    // How many transactions there are follows from a simulation's seed, and not from how busy the machine is.
    #[cfg(feature = "simulated")]
    if crate::simulated::is_on() {
        return false;
    }
    began.elapsed() > batch.time
}

fn stored(connection: &Connection, view: &dyn View) -> rusqlite::Result<Option<(u32, i64)>> {
    connection
        .prepare_cached("SELECT version, pos FROM view WHERE name = ?1")?
        .query_row([view.name()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// Makes the tables of a projection, in place of those of an older version.
pub(super) fn make(connection: &Connection, view: &dyn View, again: bool) -> rusqlite::Result<()> {
    for table in view.tables() {
        if again {
            connection.execute_batch(&format!("DROP TABLE IF EXISTS {}", table.name))?;
        }
        connection.execute_batch(table.ddl)?;
    }
    connection.execute(
        "INSERT INTO view (name, version, pos) VALUES (?1, ?2, 0)
         ON CONFLICT (name) DO UPDATE SET version = excluded.version, pos = 0",
        (view.name(), view.version()),
    )?;
    Ok(())
}

/// An event's row; `read` is `None` where its header is of a form that this version cannot read.
pub(super) struct Row<'e> {
    pub pos: i64,
    pub read: Option<&'e Event<'e>>,
}

/// Calls `each` for events after a place, in their order, until it breaks.
pub(super) fn each_event(
    connection: &Connection,
    after: i64,
    limit: i64,
    mut each: impl FnMut(Row<'_>) -> rusqlite::Result<ControlFlow<()>>,
) -> rusqlite::Result<()> {
    let mut select = connection.prepare_cached(
        "SELECT event.pos, log.lane, event.header, payload.bytes, log.project
         FROM event JOIN log ON log.n = event.log LEFT JOIN payload ON payload.pos = event.pos
         WHERE event.pos > ?1 ORDER BY event.pos LIMIT ?2",
    )?;
    let mut rows = select.query((after, limit))?;
    while let Some(row) = rows.next()? {
        let pos = row.get(0)?;
        let lane = lane_of(row.get(1)?);
        let header = Header::decode(row.get_ref(2)?.as_blob()?).ok();
        let payload = row.get_ref(3)?.as_blob_or_null()?.and_then(|bytes| serde_json::from_slice(bytes).ok());
        let project = row.get(4)?;
        let event = header.map(|header| Event { pos, header, lane, project, payload: payload.as_ref() });
        if each(Row { pos, read: event.as_ref() })?.is_break() {
            break;
        }
    }
    Ok(())
}

impl Journal {
    /// How many events the projections do not know yet.
    pub fn views_behind(&self) -> Result<Behind, JournalError> {
        self.read(behind)
    }

    /// Brings the projections up to the last event that was there when this was called, and tells `progress` after each
    /// transaction; it may stop the work by breaking, and whoever begins again goes on from there. A few milliseconds where little
    /// is new; about 100 µs an event where they are made for the first time, in longer transactions and with 8 MiB of pages.
    pub fn catch_up(&self, progress: impl FnMut(Behind) -> ControlFlow<()>) -> Result<(), JournalError> {
        let now = self.views_behind()?;
        if now.events() < BULK_FROM {
            return self.catch_up_from(now, progress);
        }
        self.keep_pages(BULK_CACHE)?;
        let done = self.catch_up_from(now, progress);
        self.keep_pages(USUAL_CACHE)?;
        done
    }

    fn catch_up_from(
        &self,
        mut now: Behind,
        mut progress: impl FnMut(Behind) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let head = now.head;
        while now.at < head {
            let batch = batch_for(head - now.at);
            now = self.write(false, move |tx| step(tx.connection, VIEWS, batch).map_err(|e| tx.error(&e)))?;
            if progress(now).is_break() {
                break;
            }
            if now.at < head && batch.events == BULK.events {
                std::thread::sleep(BREATH);
            }
        }
        Ok(())
    }

    fn keep_pages(&self, size: i32) -> Result<(), JournalError> {
        self.write(false, move |tx| tx.connection.pragma_update(None, "cache_size", size).map_err(|e| tx.error(&e)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_far_behind_takes_long_transactions() {
        assert_eq!([0, 1, BULK_FROM - 1].map(|behind| batch_for(behind).time), [BATCH.time; 3]);
        assert_eq!([BULK_FROM, 1_000_000].map(|behind| batch_for(behind).time), [BULK.time; 2]);
    }
}
