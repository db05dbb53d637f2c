//! Resolutions taken back from the journal: a conflict of a file back in its place, the versions of a record beside each other again.
//! Each is one more event; nothing is deleted.

use crate::conflicts::{ConflictError, replace_text};
use crate::record::person;
use crate::resolutions::{RESOLVED, UNDONE, resolution, undone_by};
use crate::{Engine, EngineError, Which};
use conflict::{Lost, Resolution};
use contract::{JournalEntry, Lane, ResolvedConflict};
use journal::{Draft, Filter, Journal, NOTE_KINDS, Notes};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use ulid::Ulid;

/// Shortest end of an id that names an event.
const SHORTEST: usize = 6;

/// Why a resolution could not be undone.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// There is no such event here.
    #[error(
        "no resolution of a conflict has this id here: {id}\nhint: `holdover journal log --kind conflict.` lists those of files, `--kind note.` has those of notes"
    )]
    Unknown {
        /// What was asked for.
        id: String,
    },
    /// Several end so.
    #[error("several resolutions have an id that ends so: {id}\nhint: give more of it")]
    Ambiguous {
        /// What was asked for.
        id: String,
    },
    /// It settled a record, which somebody wrote since.
    #[error(
        "this record was written since it was resolved, so what stood before is not put back: {event}\nhint: `holdover journal show {event}` names what it replaced in `pred`, `holdover note edit {note}` writes it anew"
    )]
    Written {
        /// The event.
        event: String,
        /// The note.
        note: String,
    },
    /// What it said was deleted, or was too much to be kept.
    #[error("the journal does not hold the texts of this resolution, so it cannot be undone from there: {id}")]
    NoTexts {
        /// The event.
        id: String,
    },
    /// It was undone before.
    #[error("this resolution was undone already: {id}")]
    Done {
        /// The event.
        id: String,
    },
    /// What it left stands there no more.
    #[error("what this resolution left is not in the file any more, so the conflict cannot be put back: {}\nhint: `holdover journal show {id}` has the conflict as it was", file.display())]
    Gone {
        /// The event.
        id: String,
        /// The file.
        file: PathBuf,
    },
    /// It stands there several times.
    #[error("what this resolution left stands in the file several times, so nobody knows where the conflict was: {}\nhint: `holdover journal show {id}` has the conflict as it was", file.display())]
    Several {
        /// The event.
        id: String,
        /// The file.
        file: PathBuf,
    },
    /// The file.
    #[error(transparent)]
    File(#[from] ConflictError),
}

/// A resolution that may be undone.
#[derive(Debug, Clone)]
pub enum Undoable {
    /// Of a conflict in a file.
    File(FileUndo),
    /// Of a record: its id, and the event that settled it.
    Record {
        /// The note.
        note: String,
        /// The event.
        event: Ulid,
    },
}

/// A resolution of a conflict in a file, as the journal has it.
#[derive(Debug, Clone)]
pub struct FileUndo {
    /// The file.
    pub file: PathBuf,
    id: String,
    path: String,
    entity: Option<Ulid>,
    then: Resolution,
}

impl FileUndo {
    /// The file's text with the conflict back in its place.
    ///
    /// # Errors
    /// [`UndoError::Gone`], [`UndoError::Several`].
    pub fn undone(&self, text: &str) -> Result<String, UndoError> {
        self.then.undone(text).map_err(|lost| match lost {
            Lost::Gone => UndoError::Gone { id: self.id.clone(), file: self.file.clone() },
            Lost::Several => UndoError::Several { id: self.id.clone(), file: self.file.clone() },
        })
    }
}

/// What was undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The file that has the conflict back.
    pub file: Option<PathBuf>,
    /// The record whose versions stand beside each other again.
    pub record: Option<String>,
    /// The event that says so; of a record, the last one.
    pub event: String,
}

impl Engine {
    /// What an event resolved, by its id or the end of it.
    ///
    /// # Errors
    /// [`UndoError`], where it is none that can be undone.
    pub fn undoable(&self, root: &Path, id: &str) -> Result<Undoable, EngineError> {
        let journal = self.journal()?;
        let workspace = journal.workspace_id(root)?;
        let kind = Some("conflict.".to_owned());
        let filter = Filter { workspace: Some(workspace), kind, newest_first: true, ..Filter::default() };
        let entries = journal.entries(&filter)?;
        let wanted = id.trim().to_ascii_uppercase();
        let is_named =
            |entry: &JournalEntry| entry.id == wanted || wanted.len() >= SHORTEST && entry.id.ends_with(&wanted);
        let is_it = |entry: &&JournalEntry| entry.kind == RESOLVED && is_named(entry);
        let mut named = entries.iter().filter(is_it);
        let entry = match (named.next(), named.next()) {
            (Some(entry), None) => entry,
            (Some(_), Some(_)) => return Err(UndoError::Ambiguous { id: id.to_owned() }.into()),
            (None, _) => {
                let kind = Some(NOTE_KINDS.to_owned());
                let notes = journal.entries(&Filter { kind, newest_first: true, ..Filter::default() })?;
                let settled = notes.iter().filter(|entry| is_named(entry));
                let mut settled = settled.filter_map(|entry| Some((entry, crate::records::settled_by(entry)?)));
                return match (settled.next(), settled.next()) {
                    (Some(_), Some(_)) => Err(UndoError::Ambiguous { id: id.to_owned() }.into()),
                    (Some((entry, note)), None) if entry.id.parse::<Ulid>().is_ok() => {
                        Ok(Undoable::Record { note: note.to_owned(), event: entry.id.parse().unwrap_or_default() })
                    }
                    _ => Err(UndoError::Unknown { id: id.to_owned() }.into()),
                };
            }
        };
        let id = entry.id.clone();
        if entries.iter().any(|other| undone_by(other) == Some(&id)) {
            return Err(UndoError::Done { id }.into());
        }
        let path = entry.payload.get("path").and_then(Value::as_str).filter(|path| journal::is_inside(path));
        let (Some(path), Some(then)) = (path, resolution(&entry.payload)) else {
            return Err(UndoError::NoTexts { id }.into());
        };
        let (file, path, entity) = (root.join(path), path.to_owned(), entry.entity.parse().ok());
        Ok(Undoable::File(FileUndo { file, id, path, entity, then }))
    }

    /// Puts a conflict back that was resolved, by the id of the event that says so, or the end of it: in the file as it is on the disk,
    /// or in the journal, where the record lives.
    ///
    /// # Errors
    /// [`UndoError`]: nothing was changed.
    pub fn undo_resolution(&self, root: &Path, id: &str) -> Result<Undone, EngineError> {
        match self.undoable(root, id)? {
            Undoable::Record { note, event } => self.undo_record(root, &note, event),
            Undoable::File(undo) => self.undo_file(root, undo),
        }
    }

    /// Puts a conflict back in a file, as it is on the disk.
    ///
    /// # Errors
    /// [`UndoError`]: the file is as it was.
    pub fn undo_file(&self, root: &Path, undo: FileUndo) -> Result<Undone, EngineError> {
        replace_text(&undo.file, |text| undo.undone(text))?;
        let event = self.write_undone(root, &undo)?;
        Ok(Undone { file: Some(undo.file), record: None, event })
    }

    /// Writes down that the conflict of a file is back, and gives the event.
    ///
    /// # Errors
    /// What the journal says.
    pub fn write_undone(&self, root: &Path, undo: &FileUndo) -> Result<String, EngineError> {
        let journal = self.journal()?;
        let refs = undo.id.parse::<Ulid>().map(|id| vec![id.to_bytes().to_vec()]).unwrap_or_default();
        let done = journal.append(Draft {
            kind: UNDONE.to_owned(),
            entity: undo.entity,
            workspace: Some(journal.workspace_id(root)?),
            lane: Lane::Local,
            actor: person(),
            payload: json!({ "path": undo.path, "event": undo.id }),
            intent: true,
            refs,
        })?;
        Ok(done.id)
    }

    /// Has the versions stand beside each other again in place of which an event wrote one, with the text that they were made from
    /// before them: else the text that was chosen would be it, and two of them would be merged into one.
    ///
    /// # Errors
    /// [`UndoError`]: nothing was written.
    pub fn undo_record(&self, root: &Path, note: &str, event: Ulid) -> Result<Undone, EngineError> {
        let id = event.to_string();
        let entity: Ulid = note.parse().map_err(|_| UndoError::Unknown { id: id.clone() })?;
        let entries = self.journal()?.entries(&Filter { entity: Some(entity), ..Filter::default() })?;
        let mut notes = Notes::default();
        for entry in &entries {
            notes.apply(entry);
        }
        let settled = notes.settled(entity, event).ok_or_else(|| UndoError::Unknown { id: id.clone() })?;
        if entries.iter().any(|entry| entry.payload.get("undoes").and_then(Value::as_str) == Some(&id)) {
            return Err(UndoError::Done { id }.into());
        }
        if !settled.stands {
            return Err(UndoError::Written { event: id, note: note.to_owned() }.into());
        }
        if settled.versions.len() < settled.count {
            return Err(UndoError::NoTexts { id }.into());
        }
        let last = self.note_restore(root, note, event, &settled)?;
        Ok(Undone { file: None, record: Some(note.to_owned()), event: last.to_string() })
    }

    /// The newest resolutions of a workspace, or of one file of it, that stand: those that were undone are left out, and so are those of
    /// records that were written since. At most `limit`.
    ///
    /// # Errors
    /// What the journal says.
    pub fn resolutions(
        &self,
        root: &Path,
        file: Option<&Path>,
        limit: usize,
    ) -> Result<Vec<ResolvedConflict>, EngineError> {
        let Some(journal) = self.inner.journal_if_old() else { return Ok(Vec::new()) };
        let path = file.map(|file| crate::resolutions::relative(root, file));
        let mut found = of_files(&journal, root, path.as_deref(), limit)?;
        let notes = self.notes(root, &Which { removed: true, ..Which::default() }, &crate::NoText)?.notes;
        for note in notes.iter().filter(|note| path.is_none() || note.place.path == path) {
            for version in &note.versions {
                // An operation is named by its event.
                let events =
                    version.ops.iter().filter_map(|op| op.split_once('/')).filter_map(|(event, _)| event.parse().ok());
                for event in events {
                    let filter = Filter { id: Some(event), limit: Some(1), ..Filter::default() };
                    let entries = journal.entries(&filter)?;
                    let settled = entries.first().filter(|entry| crate::records::settled_by(entry).is_some());
                    found.extend(settled.map(|entry| ResolvedConflict {
                        event: entry.id.clone(),
                        at: entry.at.clone(),
                        by: entry.actor.name.clone(),
                        record: Some(note.id.clone()),
                        text: crate::words::resolved(entry, &format!("note \u{201c}{}\u{201d}", note.title), None),
                        ..ResolvedConflict::default()
                    }));
                }
            }
        }
        found.sort_by(|a, b| b.event.cmp(&a.event));
        found.truncate(limit);
        Ok(found)
    }
}

fn of_files(
    journal: &Journal,
    root: &Path,
    path: Option<&str>,
    limit: usize,
) -> Result<Vec<ResolvedConflict>, EngineError> {
    let kind = Some("conflict.".to_owned());
    let workspace = Some(journal.workspace_id(root)?);
    let entries = journal.entries(&Filter { workspace, kind, newest_first: true, ..Filter::default() })?;
    let undone: HashSet<&str> = entries.iter().filter_map(undone_by).collect();
    let stands =
        |entry: &&JournalEntry| entry.kind == RESOLVED && entry.held.is_none() && !undone.contains(entry.id.as_str());
    let told = |entry: &JournalEntry| {
        let of = entry.payload.get("path")?.as_str()?;
        if path.is_some_and(|path| path != of) {
            return None;
        }
        let then = resolution(&entry.payload)?;
        let place = format!("{}:{}", crate::notes::shown_plain(of), then.line + 1);
        Some(ResolvedConflict {
            event: entry.id.clone(),
            at: entry.at.clone(),
            by: entry.actor.name.clone(),
            path: Some(of.to_owned()),
            line: u32::try_from(then.line).ok(),
            choice: Some(then.choice.clone()),
            text: crate::words::resolved(entry, &place, Some(&then.choice)),
            ..ResolvedConflict::default()
        })
    };
    Ok(entries.iter().filter(stands).filter_map(told).take(limit).collect())
}
