//! What notes have to say about an open document: hovers, lines above their places, actions. From memory.
//! The text is the editor's; no file is read.

use crate::Engine;
use crate::notes::find::{File, find};
use crate::notes::{compose, relative};
use contract::{Action, AnchorGrade, Note, Range};
use journal::NoteRecord;
use review::Lines;
use serde_json::json;
use std::path::Path;

/// The action of the line above a note.
pub const SHOWS_NOTE: &str = "note.show";

impl Engine {
    /// Whether any note stands on a file. From memory, at every keystroke.
    #[must_use]
    pub fn has_notes(&self, file: &Path) -> bool {
        self.records_on(file, |_| ()).is_some_and(|on| !on.is_empty())
    }

    /// The notes on an open document, where they stand in `text`, in order of place. Takes as long as hashing its lines.
    #[must_use]
    pub fn notes_in(&self, file: &Path, text: &str) -> Vec<Note> {
        let records = self.records_on(file, NoteRecord::clone).unwrap_or_default();
        if records.is_empty() {
            return Vec::new();
        }
        let lines = Lines::of(text);
        let place = |record: &NoteRecord| compose::note(record, find(&record.anchor, &File::Text(&lines)));
        let mut notes: Vec<Note> = records.iter().map(place).collect();
        notes.sort_by_key(|note| (note.place.range.map(|range| range.start.line), note.id.clone()));
        notes
    }

    /// What the notes on a line say, as Markdown, with the lines of the first of them.
    #[must_use]
    pub fn note_hover(&self, file: &Path, text: &str, line: u32) -> Option<(Range, String)> {
        let on = |range: &Range| (range.start.line..=range.end.line).contains(&line);
        let notes = self.notes_in(file, text);
        let notes: Vec<(Range, String)> = notes
            .iter()
            .filter_map(|note| Some((note.place.range.filter(on)?, crate::report::note_hover(note))))
            .collect();
        let range = notes.first()?.0;
        let text: Vec<String> = notes.into_iter().map(|(_, text)| text).collect();
        Some((range, text.join("\n---\n\n")))
    }

    /// The lines above the places of notes, unless `notes.lenses` says otherwise. Those of the file as a whole, and of
    /// lines that are not found any more, stand above the first line.
    #[must_use]
    pub fn note_lenses(&self, file: &Path, text: &str) -> Vec<Action> {
        let shows = self.inner.workspace_of(file).is_none_or(|w| w.loaded().settings.notes.lenses.unwrap_or(true));
        if !shows {
            return Vec::new();
        }
        let line = |note: Note| Action {
            title: crate::words::note_line(&note),
            action: SHOWS_NOTE.to_owned(),
            answers: Vec::new(),
            range: note.place.range.unwrap_or_default(),
            data: json!({ "note": note.id }),
        };
        self.notes_in(file, text).into_iter().map(line).collect()
    }

    /// The notes on an open document that do not stand where they were put, the most lost first: each may be put to the
    /// lines that are selected.
    #[must_use]
    pub fn lost_notes(&self, file: &Path, text: &str) -> Vec<Note> {
        let rank = |note: &Note| match note.place.grade {
            AnchorGrade::Gone | AnchorGrade::File if note.anchor.line.is_some() => Some(0),
            AnchorGrade::Changed => Some(1),
            AnchorGrade::Moved => Some(2),
            _ => None,
        };
        let mut lost: Vec<(u8, Note)> =
            self.notes_in(file, text).into_iter().filter_map(|note| Some((rank(&note)?, note))).collect();
        lost.sort_by_key(|(rank, _)| *rank);
        lost.into_iter().map(|(_, note)| note).collect()
    }

    /// One note as a Markdown document. Reads the journal.
    pub fn note_markdown(&self, root: &Path, id: &str, texts: &dyn crate::Texts) -> Result<String, crate::EngineError> {
        self.note(root, id, texts).map(|note| crate::report::note_markdown(&note))
    }

    /// What `each` makes of the notes on a file that are not removed; `None` where the file is in no open workspace.
    fn records_on<T>(&self, file: &Path, each: impl Fn(&NoteRecord) -> T) -> Option<Vec<T>> {
        let workspace = self.inner.workspace_of(file)?;
        let known = workspace.notes.known();
        if known.is_empty() {
            return Some(Vec::new());
        }
        let path = relative(&workspace.root, file).ok().flatten()?;
        let on = |record: &&NoteRecord| !record.is_removed() && record.anchor.path.as_deref() == Some(&path);
        Some(known.iter().filter(on).map(each).collect())
    }
}
