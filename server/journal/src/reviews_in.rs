//! The reviews of a workspace and of the project that it is: found through the projection, made from their events alone.
//! What the projection does not know yet is looked through; nothing is written.

use crate::chain::lane_number;
use crate::error::JournalError;
use crate::journal::Journal;
use crate::notes_in::{NoteScope, known};
use crate::read;
use crate::review::Reviews;
use crate::view;
use contract::Lane;
use rusqlite::Connection;
use std::collections::BTreeSet;

impl Journal {
    /// The reviews of a workspace and its project. Takes as long as there are events of them, however many others there are.
    pub fn reviews_in(&self, scope: &NoteScope) -> Result<Reviews, JournalError> {
        self.read(|connection| {
            let _one_picture = connection.unchecked_transaction()?;
            let mut reviews = Reviews::default();
            read::at(connection, places(connection, scope)?.into_iter(), |entry| reviews.apply(&entry))?;
            Ok(reviews)
        })
    }
}

/// The rows of the events of reviews of the scope.
fn places(connection: &Connection, scope: &NoteScope) -> rusqlite::Result<BTreeSet<i64>> {
    let known = known(connection, "reviews", view::REVIEWS)?;
    let mut places = BTreeSet::new();
    if known > 0 {
        let mut select = connection.prepare_cached("SELECT pos FROM review_event WHERE scope = ?1 AND pos <= ?2")?;
        for id in scope.ids() {
            for pos in select.query_map((id, known), |row| row.get(0))? {
                places.insert(pos?);
            }
        }
    }
    // `/` follows `.`: kinds that begin with the word.
    let mut select = connection.prepare_cached(
        "SELECT event.pos, event.workspace, log.project, log.lane FROM event JOIN log ON log.n = event.log
         WHERE event.kind >= 'review.' AND event.kind < 'review/' AND event.pos > ?1",
    )?;
    let mut rows = select.query([known])?;
    while let Some(row) = rows.next()? {
        let (workspace, project): (Option<[u8; 16]>, [u8; 16]) = (row.get(1)?, row.get(2)?);
        let shared = row.get::<_, u8>(3)? != lane_number(Lane::Local);
        let ids = scope.ids();
        if workspace.is_some_and(|workspace| ids.contains(&workspace)) || shared && ids.contains(&project) {
            places.insert(row.get(0)?);
        }
    }
    Ok(places)
}
