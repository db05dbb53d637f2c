//! Works every projection out anew, in an encrypted scratch database, and compares it with the live one, row by row.
//! It changes nothing of the journal but that the projections are brought up to date first.

use super::catch_up::{each_event, make};
use super::{VIEWS, View};
use crate::connect::connect_scratch;
use crate::error::JournalError;
use crate::journal::Journal;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use ulid::Ulid;

/// Events of one transaction in the scratch database.
const TOGETHER: i64 = 10_000;
/// Longest part of a value that a difference shows, in characters.
const SHOWN: usize = 120;

/// One projection, worked out anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Its name.
    pub view: &'static str,
    /// Version of what it stores.
    pub version: u32,
    /// Events that it was worked out from.
    pub events: u64,
    /// Rows that were compared.
    pub rows: u64,
    /// The first difference, in words; `None` where every row is the same.
    pub difference: Option<String>,
}

/// The scratch database's file; gone when this is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(folder: &Path) -> Scratch {
        Scratch(folder.join(format!("replay-{}.db", Ulid::generate())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is encrypted, and the next replay removes it.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Journal {
    /// Works every projection out anew and compares it with the live one. Reads every event; `progress` is told how many
    /// were applied and how many there are, and may stop the work by breaking, which leaves out the projections that were not compared.
    pub fn replay(
        &self,
        mut progress: impl FnMut(&'static str, u64, u64) -> ControlFlow<()>,
    ) -> Result<Vec<Replayed>, JournalError> {
        self.catch_up(|_| ControlFlow::Continue(()))?;
        sweep(self.folder());
        let mut all = Vec::new();
        for view in VIEWS {
            let file = Scratch::new(self.folder());
            let done = self.read_keyed(|live, key| {
                let scratch = connect_scratch(&file.0, key)?;
                // One picture of events and rows.
                let live = live.unchecked_transaction()?;
                replay_one(&live, &scratch, *view, &mut |done, of| progress(view.name(), done, of))
            })?;
            match done {
                Some(replayed) => all.push(replayed),
                None => break,
            }
        }
        Ok(all)
    }
}

/// Removes what a replay that was killed left behind. One that is at work loses nothing: its file is open.
fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| {
            let id = name.strip_prefix("replay-").and_then(|rest| rest.strip_suffix(".db"));
            id.is_some_and(|id| id.parse::<Ulid>().is_ok())
        });
        let old = entry.metadata().ok().and_then(|meta| meta.modified().ok()?.elapsed().ok());
        if ours && old.is_some_and(|age| age.as_secs() > 24 * 3600) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn replay_one(
    live: &Connection,
    scratch: &Connection,
    view: &'static dyn View,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> rusqlite::Result<Option<Replayed>> {
    let known: Option<(u32, i64)> = live
        .query_row("SELECT version, pos FROM view WHERE name = ?1", [view.name()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let mut replayed = Replayed { view: view.name(), version: view.version(), events: 0, rows: 0, difference: None };
    let Some((version, reached)) = known else {
        return Ok(Some(replayed));
    };
    if version != view.version() {
        replayed.difference = Some(format!("it was made by another version of Holdover: {version}"));
        return Ok(Some(replayed));
    }
    scratch.execute_batch(include_str!("../../migrations/0003-views.sql"))?;
    make(scratch, view, false)?;
    let mut at = 0;
    while at < reached {
        let transaction = scratch.unchecked_transaction()?;
        let until = reached.min(at.saturating_add(TOGETHER));
        each_event(live, at, until - at, |row| {
            if row.pos > until {
                return Ok(ControlFlow::Break(()));
            }
            row.read.map_or(Ok(()), |event| view.apply(scratch, event))?;
            replayed.events += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        transaction.commit()?;
        at = until;
        if progress(at.unsigned_abs(), reached.unsigned_abs()).is_break() {
            return Ok(None);
        }
    }
    for table in view.tables().iter().filter(|table| !table.listing.is_empty()) {
        replayed.difference = compare(live, scratch, table.name, table.listing, &mut replayed.rows)?;
        if replayed.difference.is_some() {
            break;
        }
    }
    Ok(Some(replayed))
}

fn compare(
    live: &Connection,
    scratch: &Connection,
    name: &str,
    listing: &str,
    count: &mut u64,
) -> rusqlite::Result<Option<String>> {
    let (mut live, mut scratch) = (live.prepare(listing)?, scratch.prepare(listing)?);
    let width = live.column_count();
    let (mut live, mut scratch) = (live.query([])?, scratch.query([])?);
    loop {
        let one = |row: Option<&rusqlite::Row<'_>>| -> rusqlite::Result<Option<Vec<Value>>> {
            row.map(|row| (0..width).map(|column| row.get(column)).collect()).transpose()
        };
        let (live, worked_out) = (one(live.next()?)?, one(scratch.next()?)?);
        if live != worked_out {
            let row = |row: Option<Vec<Value>>| row.map_or_else(|| "no further row".to_owned(), |row| words(&row));
            return Ok(Some(format!(
                "{name}, row {}: the journal has {}, and the replay {}",
                *count + 1,
                row(live),
                row(worked_out)
            )));
        }
        if live.is_none() {
            return Ok(None);
        }
        *count += 1;
    }
}

fn words(row: &[Value]) -> String {
    let value = |value: &Value| match value {
        Value::Null => "nothing".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => format!("`{}`", text.chars().take(SHOWN).collect::<String>()),
        Value::Blob(bytes) => hex::encode(&bytes[..bytes.len().min(SHOWN / 2)]),
    };
    format!("({})", row.iter().map(value).collect::<Vec<_>>().join(", "))
}
