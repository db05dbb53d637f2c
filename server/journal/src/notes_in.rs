//! The notes of a workspace and of the project that it is: found through the projection, made from their events alone.
//! What the projection does not know yet is looked through; nothing is written.

use crate::error::JournalError;
use crate::journal::Journal;
use crate::note::{NOTE_KINDS, Notes, anchored_on};
use crate::read;
use crate::store::NO_PROJECT;
use crate::view;
use contract::Lane;
use rusqlite::{Connection, OptionalExtension};
use std::collections::BTreeSet;
use ulid::Ulid;

/// Whose notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteScope {
    /// Those that were written in this workspace, personal ones too.
    pub workspace: Ulid,
    /// Those that are shared in this project, whoever wrote them, wherever.
    pub project: Option<[u8; 16]>,
}

impl NoteScope {
    pub(crate) fn ids(&self) -> Vec<[u8; 16]> {
        let project = self.project.filter(|project| *project != NO_PROJECT);
        project.into_iter().chain([self.workspace.to_bytes()]).collect()
    }
}

impl Journal {
    /// The notes of a workspace and its project; with `path`, those that were put on this file, or on anything in this folder,
    /// at some time. Takes as long as there are notes among them, however many events there are.
    pub fn notes_in(&self, scope: &NoteScope, path: Option<&str>) -> Result<Notes, JournalError> {
        self.read(|connection| {
            let _one_picture = connection.unchecked_transaction()?;
            let known = known(connection, "notes", view::NOTES)?;
            let late = late(connection, known, scope)?;
            let mut wanted: BTreeSet<[u8; 16]> = BTreeSet::new();
            for id in scope.ids().iter().filter(|_| known > 0) {
                wanted.extend(indexed(connection, id, path)?);
            }
            for (_, note, paths) in &late {
                if path.is_none_or(|path| paths.iter().any(|found| is_on(found, path))) {
                    wanted.insert(*note);
                }
            }
            let mut places: BTreeSet<i64> =
                late.iter().filter(|(_, note, _)| wanted.contains(note)).map(|(pos, ..)| *pos).collect();
            for id in scope.ids().iter().filter(|_| known > 0) {
                let mut select = connection
                    .prepare_cached("SELECT pos FROM note_event WHERE scope = ?1 AND note = ?2 AND pos <= ?3")?;
                for note in &wanted {
                    for pos in select.query_map((id, note, known), |row| row.get(0))? {
                        places.insert(pos?);
                    }
                }
            }
            let mut notes = Notes::default();
            read::at(connection, places.into_iter(), |entry| notes.apply(&entry))?;
            Ok(notes)
        })
    }
}

/// The last place that a projection knows; 0 where there is none of this version.
pub(crate) fn known(connection: &Connection, name: &str, version: u32) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT pos FROM view WHERE name = ?1 AND version = ?2")?
        .query_row((name, version), |row| row.get(0))
        .optional()
        .map(Option::unwrap_or_default)
}

fn indexed(connection: &Connection, scope: &[u8; 16], path: Option<&str>) -> rusqlite::Result<Vec<[u8; 16]>> {
    match path {
        None => connection
            .prepare_cached("SELECT DISTINCT note FROM note_event WHERE scope = ?1")?
            .query_map([scope], |row| row.get(0))?
            .collect(),
        // What is in a folder lies between the folder with a stroke and the folder with the sign that follows the stroke.
        Some(path) => connection
            .prepare_cached(
                "SELECT note FROM note_path WHERE scope = ?1 AND path = ?2
                 UNION SELECT note FROM note_path WHERE scope = ?1 AND path > ?2 || '/' AND path < ?2 || '0'",
            )?
            .query_map((scope, path), |row| row.get(0))?
            .collect(),
    }
}

fn is_on(found: &str, path: &str) -> bool {
    found.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

type Late = (i64, [u8; 16], Vec<String>);

/// Events of notes of the scope that the projection does not know yet: place, note, and the files it was put on.
fn late(connection: &Connection, known: i64, scope: &NoteScope) -> rusqlite::Result<Vec<Late>> {
    let ids = scope.ids();
    let mut select = connection.prepare_cached(
        "SELECT event.pos, event.entity, payload.bytes, event.workspace, log.project, log.lane FROM event
         JOIN log ON log.n = event.log LEFT JOIN payload ON payload.pos = event.pos
         WHERE event.kind IN ('note.add', 'note.edit', 'note.retract') AND event.pos > ?1 ORDER BY event.pos",
    )?;
    let mut rows = select.query([known])?;
    let mut late = Vec::new();
    while let Some(row) = rows.next()? {
        let (workspace, project): (Option<[u8; 16]>, [u8; 16]) = (row.get(3)?, row.get(4)?);
        let shared = row.get::<_, u8>(5)? != crate::chain::lane_number(Lane::Local);
        let is_here = workspace.is_some_and(|workspace| ids.contains(&workspace));
        if !(is_here || shared && ids.contains(&project)) {
            continue;
        }
        let payload: Option<serde_json::Value> =
            row.get_ref(2)?.as_blob_or_null()?.and_then(|bytes| serde_json::from_slice(bytes).ok());
        late.push((row.get(0)?, row.get(1)?, payload.as_ref().map(anchored_on).unwrap_or_default()));
    }
    debug_assert!(NOTE_KINDS.ends_with('.'), "the kinds above are those that begin so");
    Ok(late)
}
