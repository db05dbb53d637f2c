//! What rules of retention have deleted, as the tables keep it: noting it, carrying it out row by row, and telling whether a
//! payload that is missing is missing because of a rule. Which events go is decided elsewhere.

use crate::header::Header;
use crate::redact::is_kept;
use crate::view::forget;
use contract::Lane;
use rusqlite::{Connection, OptionalExtension};
use std::collections::{BTreeMap, BTreeSet};
use ulid::Ulid;

/// Events of one log and workspace.
pub(crate) struct Run {
    /// Of the log.
    pub id: [u8; 16],
    pub lane: Lane,
    pub first: i64,
    pub last: i64,
    /// Written before this, in milliseconds since 1970.
    pub before_ms: i64,
    pub payloads: u64,
    pub bytes: u64,
}

/// Workspaces that are known here, and a workspace for each project.
pub(crate) type Scopes = (BTreeSet<[u8; 16]>, BTreeMap<[u8; 16], [u8; 16]>);

pub(crate) fn scopes(connection: &Connection) -> rusqlite::Result<Scopes> {
    let mut scopes = Scopes::default();
    let mut select = connection.prepare("SELECT id, project FROM workspace ORDER BY id")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (id, project): ([u8; 16], Option<[u8; 16]>) = (row.get(0)?, row.get(1)?);
        scopes.0.insert(id);
        if let Some(project) = project {
            scopes.1.entry(project).or_insert(id);
        }
    }
    Ok(scopes)
}

/// Under which workspace a deletion is noted; zeros for those of others, which are told by their log.
pub(crate) fn scope(workspace: Option<[u8; 16]>, known: &BTreeSet<[u8; 16]>) -> [u8; 16] {
    workspace.filter(|id| known.contains(id)).unwrap_or_default()
}

/// Jobs that are still to be done, whose events are needed.
pub(crate) fn unfinished_jobs(connection: &Connection) -> rusqlite::Result<BTreeSet<Ulid>> {
    connection
        .prepare(&format!("SELECT id FROM job WHERE state IN {}", crate::job::OPEN))?
        .query_map([], |row| row.get(0).map(Ulid::from_bytes))?
        .collect()
}

/// Notes a run beside what was noted of its log and workspace before.
pub(crate) fn note(
    connection: &Connection,
    log: i64,
    scope: &[u8; 16],
    run: &Run,
    by: Ulid,
    now: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO retained (log, workspace, first, last, before_ms, by, noted_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (log, workspace) DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last),
                 before_ms = max(before_ms, excluded.before_ms), by = excluded.by, noted_ms = excluded.noted_ms, erased_ms = NULL",
        )?
        .execute((log, scope, run.first, run.last, run.before_ms, by.to_bytes(), now))
        .map(drop)
}

/// Deletes the payload at a place, and what followed from it. The segment that holds it goes with it.
pub(crate) fn delete(connection: &Connection, pos: i64) -> rusqlite::Result<()> {
    forget(connection, pos)?;
    connection.prepare_cached("DELETE FROM payload WHERE pos = ?1")?.execute([pos])?;
    // A job that is done repeats what its last attempt said.
    connection
        .prepare_cached(
            "UPDATE job SET last_error = NULL WHERE last_error IS NOT NULL
             AND id = (SELECT entity FROM event WHERE pos = ?1 AND kind >= 'job.' AND kind < 'job/')",
        )?
        .execute([pos])
        .map(drop)
}

/// Drops what is remembered under the id of an event whose payload is gone.
pub(crate) fn forget_remembered(connection: &Connection) -> rusqlite::Result<()> {
    let keys: Vec<String> = connection
        .prepare("SELECT key FROM remembered")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut gone = connection.prepare(
        "SELECT EXISTS (SELECT 1 FROM event WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM payload WHERE payload.pos = event.pos))",
    )?;
    for key in keys {
        let ids = key.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| part.len() == 26);
        for id in ids.filter_map(|part| part.parse::<Ulid>().ok()) {
            if gone.query_row([id.to_bytes()], |row| row.get(0))? {
                connection.execute("DELETE FROM remembered WHERE key = ?1", [&key])?;
            }
        }
    }
    Ok(())
}

/// See [`crate::Journal::clock_stands`].
pub(crate) fn clock_stands(connection: &Connection, now: i64, jump: i64, stands: i64) -> rusqlite::Result<bool> {
    let read = |key: &str| -> rusqlite::Result<Option<i64>> {
        connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()
    };
    let put = |key: &str, value: i64| {
        let put =
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        connection.execute(put, (key, value)).map(drop)
    };
    let (seen, jumped) = (read("clock")?, read("clock-jumped")?);
    match (seen, jumped) {
        (Some(seen), _) if now - seen <= jump => {}
        // It has stood since it jumped, and goes on from there.
        (_, Some(at)) if (stands..=jump).contains(&(now - at)) => {}
        (_, Some(at)) if (0..stands).contains(&(now - at)) => return Ok(false),
        // Or it was never asked: the first date that is seen is no better known than one that jumps.
        _ => {
            put("clock-jumped", now)?;
            return Ok(false);
        }
    }
    put("clock", now)?;
    connection.execute("DELETE FROM meta WHERE key = 'clock-jumped'", [])?;
    Ok(true)
}

/// What is noted, for a verification.
pub(crate) struct Noted {
    runs: BTreeMap<(i64, [u8; 16]), (i64, i64, i64)>,
    known: BTreeSet<[u8; 16]>,
}

impl Noted {
    pub fn read(connection: &Connection) -> rusqlite::Result<Noted> {
        let runs = connection
            .prepare("SELECT log, workspace, first, last, before_ms FROM retained")?
            .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?, row.get(4)?))))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Noted { runs, known: scopes(connection)?.0 })
    }

    /// Whether a rule accounts for the missing payload of this event.
    pub fn accounts_for(&self, log: i64, header: &Header) -> bool {
        let scope = scope(header.workspace.map(|id| id.to_bytes()), &self.known);
        let by_rule =
            !is_kept(&header.kind) && (!header.is_intent() || matches!(header.kind.as_str(), "note.add" | "note.edit"));
        by_rule
            && self.runs.get(&(log, scope)).is_some_and(|(first, last, before)| {
                (*first..=*last).contains(&header.seq.cast_signed()) && header.wall_ms < *before
            })
    }
}
