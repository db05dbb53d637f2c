//! The notes and the reviews of a workspace as the journal had them when it was read last, so that an editor is answered from memory.
//! Only reads; what is in it can be thrown away and read again.

use crate::inner::Inner;
use crate::workspace::Workspace;
use crate::{EngineError, Notice};
use contract::{DeliveryChange, DeliveryEntry, JournalEntry};
use journal::{
    Filter, Journal, JournalError, NOTE_KINDS, NoteRecord, NoteScope, Notes, REVIEW_KINDS, ReviewRecord, Reviews,
};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use ulid::Ulid;

/// What is made from the events of one family, whatever the order they come in.
pub(crate) trait Projected: Default {
    /// What one of them is.
    type Record: PartialEq;
    /// How the kinds of its events begin.
    const KINDS: &'static str;

    /// All of a scope, through the journal's projection.
    fn read(journal: &Journal, scope: &NoteScope) -> Result<Self, JournalError>;
    /// Takes one event in.
    fn take(&mut self, entry: &JournalEntry);
    /// What they come to, in the order in which they were added.
    fn all(&self) -> Vec<Self::Record>;
}

impl Projected for Notes {
    type Record = NoteRecord;
    const KINDS: &'static str = NOTE_KINDS;

    fn read(journal: &Journal, scope: &NoteScope) -> Result<Self, JournalError> {
        journal.notes_in(scope, None)
    }

    fn take(&mut self, entry: &JournalEntry) {
        self.apply(entry);
    }

    fn all(&self) -> Vec<NoteRecord> {
        self.records().collect()
    }
}

impl Projected for Reviews {
    type Record = ReviewRecord;
    const KINDS: &'static str = REVIEW_KINDS;

    fn read(journal: &Journal, scope: &NoteScope) -> Result<Self, JournalError> {
        journal.reviews_in(scope)
    }

    fn take(&mut self, entry: &JournalEntry) {
        self.apply(entry);
    }

    fn all(&self) -> Vec<ReviewRecord> {
        self.records()
    }
}

/// What was read, and how far.
#[derive(Default)]
struct Reading<P> {
    made: P,
    upto: u64,
    scope: Option<NoteScope>,
}

/// The notes, or the reviews, of one workspace.
pub(crate) struct Book<P: Projected> {
    /// Held while the journal is read.
    reading: Mutex<Reading<P>>,
    known: RwLock<Arc<Vec<P::Record>>>,
    /// The name under which a person writes here.
    writer: RwLock<Arc<str>>,
}

impl<P: Projected> Default for Book<P> {
    fn default() -> Self {
        Self { reading: Mutex::default(), known: RwLock::default(), writer: RwLock::new(Arc::from("")) }
    }
}

impl<P: Projected> Book<P> {
    /// As they were read last, in the order in which they were added. From memory.
    pub fn known(&self) -> Arc<Vec<P::Record>> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The name under which a person writes here, as it was when they were read last. From memory.
    pub fn writer(&self) -> Arc<str> {
        Arc::clone(&self.writer.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads what is new; all of it again where something was redacted, where who may write is another now, or where `anew` asks for it. Says whether
    /// anything is different now.
    pub fn read(&self, journal: &Journal, scope: NoteScope, anew: bool) -> Result<bool, journal::JournalError> {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let head = journal.head()?;
        *self.writer.write().unwrap_or_else(PoisonError::into_inner) = Arc::from(journal.person()?.name);
        if anew || reading.scope != Some(scope) || weighed_anew(journal, reading.upto)? {
            // Of all events only those of these notes are read.
            *reading = Reading { made: P::read(journal, &scope)?, upto: head, scope: Some(scope) };
        }
        let filter = Filter {
            after: Some(reading.upto),
            kind: Some(P::KINDS.to_owned()),
            workspace: Some(scope.workspace),
            project: scope.project,
            ..Filter::default()
        };
        let mut held = false;
        journal.for_each(&filter, |_, entry| {
            reading.made.take(&entry);
            held |= entry.held.is_some();
            ControlFlow::Continue(())
        })?;
        // One that is held may have made doubtful what was read before.
        if held {
            reading.made = P::read(journal, &scope)?;
        }
        reading.upto = head;
        let now = reading.made.all();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if **known == now {
            return Ok(false);
        }
        *known = Arc::new(now);
        Ok(true)
    }
}

/// Where a workspace's notes are, as the journal knows it; `None` where it does not know the workspace.
fn known_scope(journal: &Journal, workspace: &Workspace) -> Result<Option<NoteScope>, journal::JournalError> {
    let Some(id) = journal.workspace_known(&workspace.root)? else { return Ok(None) };
    Ok(Some(NoteScope { workspace: id, project: journal.workspace_project(id)? }))
}

/// The same after a look at which project it is, for whoever is about to read or write.
pub(crate) fn scope(journal: &Journal, workspace: &Workspace) -> Result<NoteScope, journal::JournalError> {
    if journal.newer().is_some() {
        let known = known_scope(journal, workspace)?;
        return known
            .map_or_else(|| Ok(NoteScope { workspace: journal.workspace_id(&workspace.root)?, project: None }), Ok);
    }
    let (workspace, project) = crate::project::settle(journal, workspace)?;
    Ok(NoteScope { workspace, project })
}

/// Whether something came after that place by which what came before is read otherwise: a redaction, or a word on who may write.
fn weighed_anew(journal: &Journal, after: u64) -> Result<bool, journal::JournalError> {
    for kind in ["record.", "device."] {
        let filter = Filter { after: Some(after), kind: Some(kind.to_owned()), limit: Some(1), ..Filter::default() };
        if !journal.entries(&filter)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads what is new of a workspace's notes and reviews, and tells if they are others now. A workspace that the journal does not know
/// has none.
pub(crate) fn refresh(inner: &Inner, workspace: &Workspace) {
    let Ok(journal) = inner.journal() else { return };
    read_reviews(inner, &journal, workspace, false);
    let read = known_scope(&journal, workspace).and_then(|scope| match scope {
        Some(scope) => workspace.notes.read(&journal, scope, false),
        None => Ok(false),
    });
    match read {
        Ok(true) => inner.tell(Notice::Notes { root: workspace.root.clone() }),
        Ok(false) => {}
        Err(e) => tracing::warn!("the notes could not be read: {e}"),
    }
}

/// The same of its reviews.
fn read_reviews(inner: &Inner, journal: &Journal, workspace: &Workspace, anew: bool) {
    let read = known_scope(journal, workspace).and_then(|scope| match scope {
        Some(scope) => workspace.reviews.read(journal, scope, anew),
        None => Ok(false),
    });
    match read {
        Ok(true) => inner.tell(Notice::Reviews { root: workspace.root.clone() }),
        Ok(false) => {}
        Err(e) => tracing::warn!("the reviews could not be read: {e}"),
    }
}

/// Events that a notice of their delivery tells of, at most.
const MOST_TOLD: usize = 500;

/// Events have come further, here or elsewhere: tells those of the workspace's notes.
pub(crate) fn refresh_delivery(inner: &Inner, workspace: &Workspace) {
    let before = workspace.notes.known();
    let Ok(journal) = inner.journal() else { return };
    read_reviews(inner, &journal, workspace, true);
    let read = known_scope(&journal, workspace).and_then(|scope| match scope {
        Some(scope) => workspace.notes.read(&journal, scope, true),
        None => Ok(false),
    });
    match read {
        Ok(_) => {}
        Err(e) => return tracing::warn!("how far the notes have come could not be read: {e}"),
    }
    let now = workspace.notes.known();
    let known: HashMap<_, _> = before.iter().flat_map(|note| &note.events).collect();
    let moved = now.iter().flat_map(|note| note.events.iter().map(move |event| (note.id, event)));
    let mut entries: Vec<DeliveryEntry> = moved
        .filter(|(_, (id, reached))| known.get(id) != Some(reached))
        .map(|(note, (id, came))| DeliveryEntry {
            id: id.to_string(),
            entity: note.to_string(),
            state: came.state,
            state_text: crate::words::delivery(came.state, &came.uploaded_to, &came.seen_by),
            uploaded_to: came.uploaded_to.clone(),
            seen_by: came.seen_by.clone(),
        })
        .take(MOST_TOLD + 1)
        .collect();
    let more = entries.len() > MOST_TOLD;
    entries.truncate(MOST_TOLD);
    inner.tell(Notice::Delivery(DeliveryChange { workspace: workspace.root.clone(), entries, more }));
}

/// Where a workspace's notes are now.
pub(crate) fn scope_now(inner: &Inner, root: &Path) -> Result<(Journal, NoteScope), EngineError> {
    let workspace = inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
    let journal = inner.journal().map_err(|reason| EngineError::Journal { reason })?;
    let scope = scope(&journal, &workspace)?;
    if workspace.doubt_to_tell() {
        let text = format!("{}\nhint: {}", crate::words::ANOTHER_HISTORY, crate::words::TRUST_IF_YOURS);
        inner.tell(Notice::Message { text, serious: false });
    }
    Ok((journal, scope))
}

/// The notes of a workspace as the journal has them now, and the workspace's id in it.
pub(crate) fn read_now(inner: &Inner, root: &Path) -> Result<(Journal, Ulid, Arc<Workspace>), EngineError> {
    let (journal, scope) = scope_now(inner, root)?;
    let workspace = inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
    let id = scope.workspace;
    let changed = workspace.notes.read(&journal, scope, true)?;
    if changed {
        inner.tell(Notice::Notes { root: root.to_path_buf() });
    }
    Ok((journal, id, workspace))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use contract::{DeviceKind, Lane, NoteAnchor};
    use journal::{Draft, NO_PROJECT, Terms, note_added};

    const PROJECT: [u8; 16] = [7; 16];

    fn take(into: &Journal, from: &Journal) {
        for project in [NO_PROJECT, PROJECT] {
            from.seal(project).unwrap();
            for segment in from.segments(project).unwrap() {
                into.import(&from.segment_bytes(&segment).unwrap().unwrap()).unwrap();
            }
        }
    }

    #[test]
    fn what_is_shown_follows_a_word_that_its_writer_was_out_already() {
        let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
        let journals: Vec<Journal> = folders.iter().map(|folder| Journal::open(folder.path()).unwrap()).collect();
        let [root, lost, here] = &journals[..] else { panic!("three were made") };
        let terms = Terms { kind: DeviceKind::Person, until_ms: i64::MAX, expires_ms: None };
        for other in [lost, here] {
            other.ask(&root.invite(NO_PROJECT, &terms).unwrap()).unwrap();
            take(root, other);
            take(other, root);
        }
        take(here, root);
        root.revoke(NO_PROJECT, &lost.own_device().unwrap().id, "lost").unwrap();
        let id = lost.workspace_id(Path::new("/there")).unwrap();
        lost.set_workspace_project(id, PROJECT).unwrap();
        let draft = Draft {
            lane: Lane::Notes,
            workspace: Some(id),
            ..Draft::observation("note.add", note_added("by whoever found it", &NoteAnchor::default()))
        };
        lost.append(draft).unwrap();
        let (book, workspace) = (Book::<Notes>::default(), here.workspace_id(Path::new("/here")).unwrap());
        let scope = NoteScope { workspace, project: Some(PROJECT) };
        take(here, lost);
        assert!(book.read(here, scope, false).unwrap());
        assert_eq!(book.known().len(), 1);
        take(here, root);
        assert!(book.read(here, scope, false).unwrap(), "without being asked to read anew");
        assert_eq!(book.known().len(), 0);
    }
}
