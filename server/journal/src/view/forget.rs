//! What happens to projections when a payload is deleted: all that followed from it goes in the same transaction.
//! It deletes nothing of the record itself; that is the redaction's business.

use super::VIEWS;
use super::catch_up::each_event;
use crate::error::JournalError;
use crate::tx::Tx;
use rusqlite::{Connection, OptionalExtension};
use std::ops::ControlFlow;

impl Tx<'_> {
    /// Takes what followed from the payload of the event at this place out of every projection. To be called before the
    /// payload's row is deleted, in the same transaction: what is to be taken away is worked out from the payload.
    pub fn forget(&mut self, pos: u64) -> Result<(), JournalError> {
        forget(self.connection, pos.cast_signed()).map_err(|e| self.error(&e))
    }
}

pub(crate) fn forget(connection: &Connection, pos: i64) -> rusqlite::Result<()> {
    each_event(connection, pos - 1, 1, |row| {
        let Some(event) = row.read.filter(|event| event.pos == pos && event.payload.is_some()) else {
            return Ok(ControlFlow::Break(()));
        };
        for view in VIEWS {
            let known: Option<(u32, i64)> = connection
                .query_row("SELECT version, pos FROM view WHERE name = ?1", [view.name()], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()?;
            match known {
                Some((version, reached)) if version == view.version() && reached >= pos => {
                    view.forget(connection, event)?;
                }
                // It has not come there yet, and will find no payload when it does.
                Some((version, _)) if version == view.version() => {}
                None => {}
                // Of another version, whose rows are not ours to know: it is worked out again, without this payload.
                Some(_) => super::catch_up::make(connection, *view, true)?,
            }
        }
        Ok(ControlFlow::Break(()))
    })
}
