//! The audit trail of a file: every event of the journal that concerns it, in words, with how far each has come.
//! Reads the journal; an event of a kind that is not known is shown by its kind.

use crate::notes::shown_plain;
use crate::words;
use crate::{Engine, EngineError};
use contract::{JournalEntry, TrailEntry, TrailReport};
use journal::{Filter, NOTE_KINDS};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

/// Entries of a trail, at most.
pub(crate) const MOST: usize = 500;
/// Events that are looked at for each kind, newest first.
pub(crate) const LOOKED_AT: usize = 5000;

impl Engine {
    /// What the journal knows of one file of a workspace, newest first.
    pub fn trail(&self, root: &Path, file: &Path) -> Result<TrailReport, EngineError> {
        let path = crate::notes::relative(root, file)?.unwrap_or_default();
        let (journal, workspace, opened) = crate::notes::read_now(&self.inner, root)?;
        let known = opened.notes.known();
        let notes: BTreeMap<String, &journal::NoteRecord> = known
            .iter()
            .filter(|note| note.anchor.path.as_deref() == Some(&path))
            .map(|note| (note.id.to_string(), note))
            .collect();
        let lockfile = opened.readiness().ecosystems.iter().any(|one| one.lockfile == Path::new(&path));
        let mut found: BTreeMap<u64, TrailEntry> = BTreeMap::new();
        let project = journal.workspace_project(workspace)?;
        let base = Filter {
            project,
            workspace: Some(workspace),
            newest_first: true,
            limit: Some(LOOKED_AT),
            ..Filter::default()
        };
        let of = |kind: &str| Filter { kind: Some(kind.to_owned()), ..base.clone() };
        let mut asked = vec![of(NOTE_KINDS), Filter { path: Some(path.clone()), ..base.clone() }];
        if lockfile {
            asked.extend([of("fetch."), of("readiness.")]);
        }
        for filter in asked {
            // A change of a note names the note and not its file, and a note on another file is not this one's.
            let of_notes = filter.path.is_none() && filter.kind.as_deref() == Some(NOTE_KINDS);
            let mut taken = 0;
            journal.for_each(&filter, |pos, entry| {
                if !of_notes || notes.contains_key(&entry.entity) {
                    taken += 1;
                    found.insert(pos, told(&entry));
                }
                if taken < MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
        }
        let title = if path.is_empty() { "this workspace".to_owned() } else { shown_plain(&path) };
        let entries = found.into_values().rev().take(MOST).collect();
        Ok(TrailReport { file: path, artifacts: Vec::new(), title, entries })
    }

    /// The trail of a file as a Markdown document.
    pub fn trail_markdown(&self, root: &Path, file: &Path) -> Result<String, EngineError> {
        self.trail(root, file).map(|trail| crate::report::trail_markdown(&trail))
    }
}

pub(crate) fn told(entry: &JournalEntry) -> TrailEntry {
    TrailEntry {
        id: entry.id.clone(),
        at: entry.at.clone(),
        time: host::local_time(&entry.at),
        actor: entry.actor.clone(),
        by: shown_plain(&entry.actor.name),
        kind: entry.kind.clone(),
        entity: entry.entity.clone(),
        what: shown_plain(&crate::summary(entry)),
        state: entry.state,
        state_text: words::delivery(entry.state, &entry.uploaded_to, &entry.seen_by),
        uploaded_to: entry.uploaded_to.clone(),
        seen_by: entry.seen_by.clone(),
    }
}
