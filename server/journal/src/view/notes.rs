//! Where notes are: which events are about a note of a project or workspace, and which files notes were put on.
//! It holds no text; what a note says is made from its events, which this finds without a look at any other.

use super::{Event, Table, View};
use crate::note::{NOTE_KINDS, anchored_on};
use contract::Lane;
use rusqlite::Connection;

pub(crate) struct Places;

/// Of what is stored; readers that ask these tables themselves compare it.
pub(crate) const VERSION: u32 = 1;

impl View for Places {
    fn name(&self) -> &'static str {
        "notes"
    }

    fn version(&self) -> u32 {
        VERSION
    }

    fn tables(&self) -> &'static [Table] {
        const TABLES: &[Table] = &[
            // `scope` is a project's id or a workspace's; nobody makes them alike.
            Table {
                name: "note_event",
                ddl: "CREATE TABLE note_event (scope BLOB, note BLOB, pos INTEGER, PRIMARY KEY (scope, note, pos)) WITHOUT ROWID",
                listing: "SELECT scope, note, pos FROM note_event ORDER BY scope, note, pos",
            },
            Table {
                name: "note_path",
                ddl: "CREATE TABLE note_path (scope BLOB, path TEXT, note BLOB, pos INTEGER, PRIMARY KEY (scope, path, note, pos)) WITHOUT ROWID",
                listing: "SELECT scope, path, note, pos FROM note_path ORDER BY scope, path, note, pos",
            },
        ];
        TABLES
    }

    fn apply(&self, connection: &Connection, event: &Event<'_>) -> rusqlite::Result<()> {
        if !event.header.kind.starts_with(NOTE_KINDS) {
            return Ok(());
        }
        let note = event.header.entity.to_bytes();
        let mut about = connection.prepare_cached("INSERT INTO note_event (scope, note, pos) VALUES (?1, ?2, ?3)")?;
        let mut on = connection
            .prepare_cached("INSERT OR IGNORE INTO note_path (scope, path, note, pos) VALUES (?1, ?2, ?3, ?4)")?;
        for scope in scopes(event) {
            about.execute((scope, note, event.pos))?;
            for path in event.payload.map(anchored_on).unwrap_or_default() {
                on.execute((scope, path, note, event.pos))?;
            }
        }
        Ok(())
    }

    fn forget(&self, connection: &Connection, event: &Event<'_>) -> rusqlite::Result<()> {
        if !event.header.kind.starts_with(NOTE_KINDS) {
            return Ok(());
        }
        let note = event.header.entity.to_bytes();
        let mut on = connection
            .prepare_cached("DELETE FROM note_path WHERE scope = ?1 AND path = ?2 AND note = ?3 AND pos = ?4")?;
        for scope in scopes(event) {
            for path in event.payload.map(anchored_on).unwrap_or_default() {
                on.execute((scope, path, note, event.pos))?;
            }
        }
        Ok(())
    }
}

/// The project, where what is shared goes to one, and the workspace in which it was written.
pub(super) fn scopes(event: &Event<'_>) -> Vec<[u8; 16]> {
    let project = (event.project != crate::store::NO_PROJECT && event.lane != Lane::Local).then_some(event.project);
    let workspace = event.header.workspace.map(|workspace| workspace.to_bytes());
    let mut scopes: Vec<[u8; 16]> = project.into_iter().chain(workspace).collect();
    scopes.dedup();
    scopes
}
