//! Adding, changing and removing notes, and looking them up. What is acknowledged is flushed to the disk.

use crate::inner::Inner;
use crate::notes::book::{read_now, scope_now};
use crate::notes::drafts::drafts_of;
use crate::notes::place::{Finder, anchor_at, relative};
use crate::notes::{NoteError, Texts, compose, shown};
use crate::record::person;
use crate::{Engine, EngineError, Notice};
use contract::{Lane, Note, NoteAnchor, NoteReport};
use journal::{
    Became, Draft, Journal, MAX_NOTE, NoteRecord, OpId, Settled, note_added, note_edited, note_moved, note_restored,
    note_retracted,
};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use ulid::Ulid;

/// Shortest end of an id that names a note.
const SHORTEST: usize = 4;

/// A note that is to be written.
#[derive(Debug, Clone, Default)]
pub struct NewNote {
    /// Markdown.
    pub body: String,
    /// Whether it goes to colleagues.
    pub shared: bool,
    /// The file that it is put on; `None`: the workspace.
    pub file: Option<PathBuf>,
    /// First line, zero-based, and how many; `None`: the whole file.
    pub lines: Option<(u32, u32)>,
    /// Where it was put when it was begun, in place of the two above.
    pub anchor: Option<NoteAnchor>,
    /// The draft that it was; it ends with this. Written again under it, it is the same note with the later text.
    pub draft: Option<Ulid>,
}

/// Which notes are wanted. What is `None` is not asked.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// Those on this file, or on anything in this folder.
    pub file: Option<PathBuf>,
    /// Shared ones, or personal ones.
    pub shared: Option<bool>,
    /// Those whose author's name this is.
    pub author: Option<String>,
    /// Those whose text holds this, whatever its case.
    pub text: Option<String>,
    /// Removed ones too.
    pub removed: bool,
}

impl Engine {
    /// Writes a note.
    pub fn note_add(&self, root: &Path, new: NewNote, texts: &dyn Texts) -> Result<Note, EngineError> {
        let body = sound(&new.body)?;
        let anchor = match new.anchor {
            Some(anchor) if anchor.path.as_deref().is_none_or(journal::is_inside) => anchor,
            Some(anchor) => {
                let file = anchor.path.map(PathBuf::from).unwrap_or_default();
                return Err(NoteError::Outside { root: root.to_path_buf(), file }.into());
            }
            None => anchor_at(root, new.file.as_deref(), new.lines, texts)?,
        };
        let lane = if new.shared { Lane::Notes } else { Lane::Local };
        let payload = note_added(&body, &anchor);
        let id = match self.write_note(root, "note.add", None, lane, payload, new.draft)? {
            Written::Now(id) => id,
            Written::Before(became) => self.write_again(root, became, &body, new.draft)?,
        };
        self.note(root, &id.to_string(), texts)
    }

    /// Writes a note anew, in place of the versions whose operations are `pred`: those that its writer saw. `None`: all
    /// that stand now. A version that came meanwhile stands beside the new one.
    pub fn note_edit(
        &self,
        root: &Path,
        id: &str,
        body: &str,
        pred: Option<Vec<String>>,
        draft: Option<Ulid>,
        texts: &dyn Texts,
    ) -> Result<Note, EngineError> {
        let body = sound(body)?;
        let record = self.note_record(root, id)?;
        let pred = pred_of(&record, pred)?;
        let payload = note_edited(&body, &pred);
        if let Written::Before(became) =
            self.write_note(root, "note.edit", Some(&record), lane(&record), payload, draft)?
        {
            self.write_again(root, became, &body, draft)?;
        }
        self.note(root, &record.id.to_string(), texts)
    }

    /// Puts a note to another place: a file, lines of it (the first, zero-based, and how many), or the workspace as a whole.
    /// What it says, and who sees it, stays as it is.
    pub fn note_move(
        &self,
        root: &Path,
        id: &str,
        file: Option<&Path>,
        lines: Option<(u32, u32)>,
        texts: &dyn Texts,
    ) -> Result<Note, EngineError> {
        let record = self.note_record(root, id)?;
        if record.is_removed() {
            return Err(NoteError::Removed { given: shown::plain(id) }.into());
        }
        let anchor = anchor_at(root, file, lines, texts)?;
        if anchor != record.anchor {
            let payload = note_moved(&anchor, &record.placed);
            self.write_note(root, "note.edit", Some(&record), lane(&record), payload, None)?;
        }
        self.note(root, &record.id.to_string(), texts)
    }

    /// Removes a note: its versions whose operations are `pred`, or all of them. What it said stays in the journal until
    /// that is redacted.
    pub fn note_remove(
        &self,
        root: &Path,
        id: &str,
        pred: Option<Vec<String>>,
        texts: &dyn Texts,
    ) -> Result<Note, EngineError> {
        let record = self.note_record(root, id)?;
        let pred = pred_of(&record, pred)?;
        if !record.is_removed() {
            self.write_note(root, "note.retract", Some(&record), lane(&record), note_retracted(&pred), None)?;
        }
        self.note(root, &record.id.to_string(), texts)
    }

    /// Writes one text, or its removal, in place of these versions, which stand beside each other; gives the event.
    pub(crate) fn note_settle(
        &self,
        root: &Path,
        id: &str,
        body: Option<&str>,
        pred: Vec<String>,
    ) -> Result<Ulid, EngineError> {
        let record = self.note_record(root, id)?;
        let pred = pred_of(&record, Some(pred))?;
        let (kind, payload) = match body {
            Some(body) => ("note.edit", note_edited(&sound(body)?, &pred)),
            None => ("note.retract", note_retracted(&pred)),
        };
        match self.write_note(root, kind, Some(&record), lane(&record), payload, None)? {
            Written::Now(event) => Ok(event),
            Written::Before(became) => Ok(became.event),
        }
    }

    /// Has the versions stand beside each other again in place of which an event wrote one: first what they were made from, or nothing,
    /// then each of them in place of that. All of it is written or none; gives the last event.
    pub(crate) fn note_restore(
        &self,
        root: &Path,
        id: &str,
        undoes: Ulid,
        settled: &Settled,
    ) -> Result<Ulid, EngineError> {
        let record = self.note_record(root, id)?;
        let journal = recording(&self.inner, root)?;
        let opened = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        let (lane, workspace) = (lane(&record), crate::notes::scope(&journal, &opened)?.workspace);
        let actor = if lane == Lane::Local { person() } else { journal.person()? };
        let draft = move |(kind, payload): (&str, Value)| Draft {
            kind: kind.to_owned(),
            entity: Some(record.id),
            workspace: Some(workspace),
            lane,
            actor: actor.clone(),
            payload,
            refs: Vec::new(),
            intent: true,
        };
        let settled = settled.clone();
        let last = journal.write(true, move |tx| {
            let (of, base) = settled.base.map_or((None, None), |(op, text)| (Some(op), text));
            let first = tx.append(&draft(note_restored(base.as_deref(), of, &settled.ops, undoes)))?;
            let mut last = first;
            for (op, text) in settled.versions {
                last = tx.append(&draft(note_restored(text.as_deref(), Some(op), &[OpId::new(first, 0)], undoes)))?;
            }
            Ok(last)
        })?;
        self.inner.tell(Notice::Notes { root: root.to_path_buf() });
        Ok(last)
    }

    /// One note, removed or not, by its id or the end of it.
    pub fn note(&self, root: &Path, id: &str, texts: &dyn Texts) -> Result<Note, EngineError> {
        let record = self.note_record(root, id)?;
        Ok(compose::note(&record, Finder::new(root, texts).find(&record.anchor)))
    }

    /// The notes that are wanted and the drafts, as the journal has them now. Reads the files that notes stand on. A command that
    /// wants those of a file or a folder reads the events of no others; a server knows all of them afterwards.
    pub fn notes(&self, root: &Path, which: &Which, texts: &dyn Texts) -> Result<NoteReport, EngineError> {
        let file = which.file.as_deref().map(|file| relative(root, file)).transpose()?.flatten();
        let (journal, workspace, known) = if let Some(file) = file.as_ref().filter(|_| !self.inner.background()) {
            let (journal, scope) = scope_now(&self.inner, root)?;
            let notes = journal.notes_in(&scope, Some(file))?;
            (journal, scope.workspace, Arc::new(notes.records().collect()))
        } else {
            let (journal, workspace, opened) = read_now(&self.inner, root)?;
            (journal, workspace, opened.notes.known())
        };
        let mut finder = Finder::new(root, texts);
        let text = which.text.as_ref().map(|text| text.to_lowercase());
        let on = |path: Option<&str>| {
            let Some(file) = &file else { return true };
            path.and_then(|path| path.strip_prefix(file.as_str()))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let wanted = |record: &&NoteRecord| {
            let says = |text: &String| {
                record.versions.iter().filter_map(|v| v.body.as_ref()).any(|body| body.to_lowercase().contains(text))
            };
            (which.removed || !record.is_removed())
                && which.shared.is_none_or(|shared| record.shared == shared)
                && which.author.as_ref().is_none_or(|author| record.author.name == *author)
                && text.as_ref().is_none_or(says)
                && on(record.anchor.path.as_deref())
        };
        let mut notes: Vec<Note> =
            known.iter().filter(wanted).map(|record| compose::note(record, finder.find(&record.anchor))).collect();
        // What stands on the workspace first, then by file and line; a file's own notes before those on its lines.
        notes.sort_by(|a, b| {
            let key = |note: &Note| {
                (note.place.path.clone(), note.place.range.map(|range| range.start.line), note.id.clone())
            };
            key(a).cmp(&key(b))
        });
        let drafts = drafts_of(&journal, workspace, &mut finder)?;
        Ok(NoteReport { notes, drafts: drafts.into_iter().filter(|draft| on(draft.anchor.path.as_deref())).collect() })
    }

    /// The note whose id this is, or ends so.
    pub(crate) fn note_record(&self, root: &Path, id: &str) -> Result<NoteRecord, EngineError> {
        let (_, _, workspace) = read_now(&self.inner, root)?;
        let given = id.trim().to_uppercase();
        let known = workspace.notes.known();
        let matching: Vec<&NoteRecord> = if given.len() < SHORTEST {
            Vec::new()
        } else {
            known.iter().filter(|record| record.id.to_string().ends_with(&given)).collect()
        };
        match matching[..] {
            [one] => Ok(one.clone()),
            [] => Err(NoteError::NoSuchNote { given: shown::plain(id) }.into()),
            _ => Err(NoteError::Ambiguous { given: shown::plain(id), number: matching.len() }.into()),
        }
    }

    /// Writes one event of a note, and with it the end of its draft; flushed when this returns. Where the draft was such
    /// an event before, nothing is written.
    fn write_note(
        &self,
        root: &Path,
        kind: &str,
        note: Option<&NoteRecord>,
        lane: Lane,
        payload: Value,
        draft: Option<Ulid>,
    ) -> Result<Written, EngineError> {
        self.write_after(root, kind, note, lane, payload, draft, None)
    }

    /// A draft that is a note already was sent again: by somebody who did not hear the answer, or who typed on. The text
    /// that it became is replaced, and nothing that others made of the note since. Gives the note.
    fn write_again(
        &self,
        root: &Path,
        mut became: Became,
        body: &str,
        draft: Option<Ulid>,
    ) -> Result<Ulid, EngineError> {
        loop {
            let record = self.note_record(root, &became.note.to_string())?;
            if record.versions.iter().any(|version| version.body.as_deref() == Some(body)) {
                return Ok(record.id);
            }
            let own = format!("{}/", became.event);
            let written = record.versions.iter().find(|version| version.ops.iter().any(|op| op.starts_with(&own)));
            let pred = pred_of(&record, Some(written.map_or_else(Vec::new, |version| version.ops.clone())))?;
            let payload = note_edited(body, &pred);
            match self.write_after(root, "note.edit", Some(&record), lane(&record), payload, draft, Some(became))? {
                Written::Now(_) => return Ok(record.id),
                // Sent three times, and the second was written meanwhile.
                Written::Before(later) => became = later,
            }
        }
    }

    /// Writes one event, if the draft is still what it was when the event was made up: `known`.
    #[expect(clippy::too_many_arguments, reason = "what an event is made of, and what it depends on")]
    fn write_after(
        &self,
        root: &Path,
        kind: &str,
        note: Option<&NoteRecord>,
        lane: Lane,
        payload: Value,
        draft: Option<Ulid>,
        known: Option<Became>,
    ) -> Result<Written, EngineError> {
        let journal = recording(&self.inner, root)?;
        let opened = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        let workspace = crate::notes::scope(&journal, &opened)?.workspace;
        let note = note.map(|note| note.id);
        let event = Draft {
            kind: kind.to_owned(),
            entity: note,
            workspace: Some(workspace),
            lane,
            // What may leave the machine is not signed with the account's name, which nobody agreed to show.
            actor: if lane == Lane::Local { person() } else { journal.person()? },
            payload,
            refs: Vec::new(),
            intent: true,
        };
        let written = journal.write(true, move |tx| {
            if let Some(draft) = draft
                && let Some(became) = tx.note_draft_became(draft)?
                && known != Some(became)
            {
                return Ok(Written::Before(became));
            }
            let event = tx.append(&event)?;
            if let Some(draft) = draft {
                tx.note_draft_end(draft, Some(Became { note: note.unwrap_or(event), event }))?;
            }
            Ok(Written::Now(event))
        })?;
        self.inner.tell(Notice::Notes { root: root.to_path_buf() });
        Ok(written)
    }
}

/// What came of writing an event of a note.
enum Written {
    /// It was written; its id.
    Now(Ulid),
    /// Its draft had become a note before, so nothing was.
    Before(Became),
}

/// The journal, where this workspace writes to it.
pub(crate) fn recording(inner: &Inner, root: &Path) -> Result<Journal, EngineError> {
    let workspace = inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
    if !workspace.loaded().settings.journal.enable.unwrap_or(true) {
        return Err(NoteError::Unrecorded.into());
    }
    inner.journal().map_err(|reason| EngineError::Journal { reason })
}

/// The lane that a note is on stays its own: nothing personal comes to be shared by an edit.
fn lane(record: &NoteRecord) -> Lane {
    if record.shared { Lane::Notes } else { Lane::Local }
}

/// A body as it is kept: lines end in LF, no empty lines around it.
pub(crate) fn sound(body: &str) -> Result<String, NoteError> {
    let body = body.replace("\r\n", "\n").replace('\r', "\n");
    let body = body.trim_end().trim_start_matches('\n');
    if body.trim().is_empty() {
        return Err(NoteError::Empty);
    }
    if body.len() > MAX_NOTE {
        return Err(NoteError::TooLong { bytes: body.len(), limit: MAX_NOTE });
    }
    Ok(body.to_owned())
}

/// The operations that are replaced: those that were named, if they are this note's, else all that stand.
fn pred_of(record: &NoteRecord, named: Option<Vec<String>>) -> Result<Vec<OpId>, NoteError> {
    let standing = || record.versions.iter().flat_map(|version| version.ops.iter().cloned()).collect();
    let named: Vec<String> = named.unwrap_or_else(standing);
    let read = |op: &String| match op.parse() {
        Ok(id) if record.has(id) => Ok(id),
        _ => Err(NoteError::NotItsVersion { given: shown::plain(op) }),
    };
    named.iter().map(read).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use crate::notes::NoText;

    #[test]
    fn who_asks_for_the_notes_of_a_file_waits_for_those_of_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(folder.path()).unwrap();
        let engine = || {
            let data_dir = Some(root.join("data"));
            let engine = Engine::new(crate::EngineOptions { data_dir, ..Default::default() });
            engine.open_workspace(&root, Some(true));
            engine
        };
        let writer = engine();
        std::fs::create_dir(root.join("src")).unwrap();
        for file in ["src/a.rs", "b.rs"] {
            std::fs::write(root.join(file), "text").unwrap();
            let (body, file) = (format!("about {file}"), Some(root.join(file)));
            writer.note_add(&root, NewNote { body, file, ..NewNote::default() }, &NoText).unwrap();
        }
        let moved = writer.notes(&root, &Which::default(), &NoText).unwrap().notes[0].id.clone();
        let engine = engine();
        let titles = |file: &str| {
            let which = Which { file: Some(root.join(file)), ..Which::default() };
            let found = engine.notes(&root, &which, &NoText).unwrap();
            found.notes.into_iter().map(|note| note.title).collect::<Vec<_>>()
        };
        for file in ["src", "src/a.rs"] {
            assert_eq!(titles(file), ["about src/a.rs"], "{file}");
        }
        assert_eq!(titles("b.rs"), ["about b.rs"]);
        let read = engine.inner.workspace(&root).unwrap().notes.known();
        assert_eq!(read.len(), 0, "notes of the whole workspace were read");
        // A note that was put elsewhere is no longer found where it was.
        writer.note_move(&root, &moved, Some(&root.join("src/a.rs")), None, &NoText).unwrap();
        assert_eq!((titles("b.rs").len(), titles("src").len()), (0, 2));
        let root_folder = Which { file: Some(root.clone()), ..Which::default() };
        assert_eq!(engine.notes(&root, &root_folder, &NoText).unwrap().notes.len(), 2);
    }
}
