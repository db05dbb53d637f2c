//! Indexes for the common questions: which events are about this, which speak of this file, who did them, and when.
//! They stand beside the record and are filled later, so that an append does not pay for them.

use super::paths::{paths, with_folders};
use super::{Event, Table, View};
use contract::ActorKind;
use rusqlite::Connection;

pub(crate) struct Trail;

/// Of what is stored; readers that ask these tables themselves compare it.
pub(crate) const VERSION: u32 = 2;

impl View for Trail {
    fn name(&self) -> &'static str {
        "trail"
    }

    fn version(&self) -> u32 {
        VERSION
    }

    fn tables(&self) -> &'static [Table] {
        const TABLES: &[Table] = &[
            // Events that are about something else than themselves.
            Table {
                name: "trail_entity",
                ddl: "CREATE TABLE trail_entity (entity BLOB, pos INTEGER, PRIMARY KEY (entity, pos)) WITHOUT ROWID",
                listing: "SELECT entity, pos FROM trail_entity ORDER BY entity, pos",
            },
            // Events that name another in `refs`.
            Table {
                name: "trail_ref",
                ddl: "CREATE TABLE trail_ref (target BLOB, pos INTEGER, PRIMARY KEY (target, pos)) WITHOUT ROWID",
                listing: "SELECT target, pos FROM trail_ref ORDER BY target, pos",
            },
            // `name:` or `kind:` and what it is.
            Table {
                name: "trail_actor",
                ddl: "CREATE TABLE trail_actor (actor TEXT, pos INTEGER, PRIMARY KEY (actor, pos)) WITHOUT ROWID",
                listing: "SELECT actor, pos FROM trail_actor ORDER BY actor, pos",
            },
            Table {
                name: "trail_time",
                ddl: "CREATE TABLE trail_time (wall_ms INTEGER, pos INTEGER, PRIMARY KEY (wall_ms, pos)) WITHOUT ROWID",
                listing: "SELECT wall_ms, pos FROM trail_time ORDER BY wall_ms, pos",
            },
            // Files and every folder above them.
            Table {
                name: "trail_path",
                ddl: "CREATE TABLE trail_path (path TEXT, pos INTEGER, PRIMARY KEY (path, pos)) WITHOUT ROWID",
                listing: "SELECT path, pos FROM trail_path ORDER BY path, pos",
            },
        ];
        TABLES
    }

    fn apply(&self, connection: &Connection, event: &Event<'_>) -> rusqlite::Result<()> {
        let header = &event.header;
        if header.entity != header.id {
            connection
                .prepare_cached("INSERT INTO trail_entity (entity, pos) VALUES (?1, ?2)")?
                .execute((header.entity.to_bytes(), event.pos))?;
        }
        for reference in header.refs.iter().filter(|reference| reference.len() == 16) {
            // An event may name another twice.
            connection
                .prepare_cached("INSERT OR IGNORE INTO trail_ref (target, pos) VALUES (?1, ?2)")?
                .execute((reference, event.pos))?;
        }
        let mut actor = connection.prepare_cached("INSERT INTO trail_actor (actor, pos) VALUES (?1, ?2)")?;
        actor.execute((format!("name:{}", header.actor.name), event.pos))?;
        actor.execute((format!("kind:{}", kind(header.actor.kind)), event.pos))?;
        connection
            .prepare_cached("INSERT INTO trail_time (wall_ms, pos) VALUES (?1, ?2)")?
            .execute((header.wall_ms, event.pos))?;
        if let Some(payload) = event.payload {
            let mut path = connection.prepare_cached("INSERT INTO trail_path (path, pos) VALUES (?1, ?2)")?;
            for found in with_folders(paths(payload)) {
                path.execute((found, event.pos))?;
            }
        }
        Ok(())
    }

    fn forget(&self, connection: &Connection, event: &Event<'_>) -> rusqlite::Result<()> {
        let mut path = connection.prepare_cached("DELETE FROM trail_path WHERE path = ?1 AND pos = ?2")?;
        for found in with_folders(event.payload.map(paths).unwrap_or_default()) {
            path.execute((found, event.pos))?;
        }
        Ok(())
    }
}

/// The word of an actor's kind.
pub(crate) fn kind(kind: ActorKind) -> &'static str {
    match kind {
        ActorKind::Person => "person",
        ActorKind::Tool => "tool",
        ActorKind::Model => "model",
    }
}
