//! Where reviews are: which events are about a review of a project or workspace. It holds no text; what a review says is made from
//! its events, which this finds without a look at any other.

use super::notes::scopes;
use super::{Event, Table, View};
use crate::review::REVIEW_KINDS;
use rusqlite::Connection;

pub(crate) struct Reviewed;

/// Of what is stored; readers that ask this table themselves compare it.
pub(crate) const VERSION: u32 = 1;

impl View for Reviewed {
    fn name(&self) -> &'static str {
        "reviews"
    }

    fn version(&self) -> u32 {
        VERSION
    }

    fn tables(&self) -> &'static [Table] {
        const TABLES: &[Table] = &[Table {
            name: "review_event",
            ddl: "CREATE TABLE review_event (scope BLOB, pos INTEGER, PRIMARY KEY (scope, pos)) WITHOUT ROWID",
            listing: "SELECT scope, pos FROM review_event ORDER BY scope, pos",
        }];
        TABLES
    }

    fn apply(&self, connection: &Connection, event: &Event<'_>) -> rusqlite::Result<()> {
        if event.header.kind.starts_with(REVIEW_KINDS) {
            let mut about = connection.prepare_cached("INSERT INTO review_event (scope, pos) VALUES (?1, ?2)")?;
            for scope in scopes(event) {
                about.execute((scope, event.pos))?;
            }
        }
        Ok(())
    }

    /// Nothing of a payload is in it.
    fn forget(&self, _connection: &Connection, _event: &Event<'_>) -> rusqlite::Result<()> {
        Ok(())
    }
}
