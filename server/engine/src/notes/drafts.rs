//! Notes that are being written: saved as they are typed, offered again after a crash.
//! A draft is nobody's record: it is in no chain, and goes when its note is saved.

use crate::notes::place::{Finder, anchor_at};
use crate::notes::write::recording;
use crate::notes::{NoText, NoteError, Texts, compose, shown};
use crate::{Engine, EngineError};
use contract::{NoteAnchor, NoteDraft, NotePlace, ReviewDraft};
use journal::{DraftAbout, DraftSaved, Journal, KeptDraft};
use std::path::{Path, PathBuf};
use ulid::Ulid;

/// What was typed so far.
#[derive(Debug, Clone, Default)]
pub struct DraftToSave {
    /// Which draft; `None`: a new one.
    pub id: Option<Ulid>,
    /// The text.
    pub body: String,
    /// The note that it changes, by its whole id; `None`: it becomes a new one.
    pub note: Option<Ulid>,
    /// The operations that the change replaces.
    pub pred: Vec<String>,
    /// Whether a new note is to be shared.
    pub shared: bool,
    /// The file that a new note is put on; `None`: the workspace.
    pub file: Option<PathBuf>,
    /// First line, zero-based, and how many.
    pub lines: Option<(u32, u32)>,
    /// Where it was put when it was begun, in place of the two above.
    pub anchor: Option<NoteAnchor>,
    /// What it is to become where it is a comment of a review.
    pub review: Option<ReviewDraft>,
}

impl Engine {
    /// The place of a keystroke in the order of all of them: to be taken before the work is handed to another thread.
    #[must_use]
    pub fn draft_turn(&self) -> i64 {
        journal::draft_turn()
    }

    /// Saves what was typed, so that the end of this process loses nothing of it. What was typed earlier, and is saved
    /// later, does not overwrite it. A draft that has ended keeps nothing: [`NoteError::DraftEnded`].
    pub fn note_draft_save(
        &self,
        root: &Path,
        draft: DraftToSave,
        turn: i64,
        texts: &dyn Texts,
    ) -> Result<NoteDraft, EngineError> {
        let journal = recording(&self.inner, root)?;
        if draft.body.len() > journal::MAX_NOTE {
            return Err(NoteError::TooLong { bytes: draft.body.len(), limit: journal::MAX_NOTE }.into());
        }
        let workspace = journal.workspace_id(root)?;
        let id = draft.id.unwrap_or_else(Ulid::generate);
        let anchor = match draft.anchor {
            // Its lines are taken down when it is written: they are those of a revision.
            _ if draft.review.is_some() => stands(draft.review.as_ref()),
            Some(anchor) if anchor.path.as_deref().is_none_or(journal::is_inside) => anchor,
            _ => anchor_at(root, draft.file.as_deref(), draft.lines, texts)?,
        };
        let about =
            DraftAbout { note: draft.note, pred: draft.pred, shared: draft.shared, anchor, review: draft.review };
        let saved = journal.note_draft_save(workspace, id, draft.body.clone(), &about, turn)?;
        if saved == DraftSaved::Ended {
            return Err(NoteError::DraftEnded.into());
        }
        let place = Finder::new(root, texts).find(&about.anchor);
        let kept = KeptDraft { id, body: draft.body, about, changed: host::now(), open: true, ours: true };
        Ok(compose::draft(kept, place))
    }

    /// Throws a draft away.
    pub fn note_draft_end(&self, root: &Path, id: Ulid) -> Result<(), EngineError> {
        Ok(recording(&self.inner, root)?.note_draft_end(id)?)
    }

    /// The drafts of a workspace's notes, those that were typed last first.
    pub fn note_drafts(&self, root: &Path) -> Result<Vec<NoteDraft>, EngineError> {
        let journal = self.journal()?;
        let Some(workspace) = journal.workspace_known(root)? else { return Ok(Vec::new()) };
        drafts_of(&journal, workspace, &mut Finder::new(root, &NoText))
    }

    /// The same of comments of its reviews.
    pub fn review_drafts(&self, root: &Path) -> Result<Vec<NoteDraft>, EngineError> {
        let journal = self.journal()?;
        let Some(workspace) = journal.workspace_known(root)? else { return Ok(Vec::new()) };
        let kept = journal.note_drafts(workspace)?.into_iter().filter(|kept| kept.about.review.is_some());
        let place = |kept: KeptDraft| {
            let at = &kept.about.anchor;
            let text = match (&at.path, at.line) {
                (Some(path), Some(line)) => format!("{}:{}", shown::plain(path), line.saturating_add(1)),
                (Some(path), None) => shown::plain(path),
                _ if kept.about.review.as_ref().is_some_and(|of| of.thread.is_some()) => "a thread".to_owned(),
                _ => "a review".to_owned(),
            };
            let place = NotePlace { text, path: at.path.clone(), ..NotePlace::default() };
            compose::draft(kept, place)
        };
        Ok(kept.map(place).collect())
    }
}

/// Where a comment of a review is to be put, as far as whoever writes it said so.
fn stands(review: Option<&ReviewDraft>) -> NoteAnchor {
    let Some(review) = review else { return NoteAnchor::default() };
    let path = review.path.clone().filter(|path| journal::is_inside(path));
    let line = review.line.filter(|_| path.is_some());
    NoteAnchor {
        path,
        line,
        lines: line.and(review.lines).unwrap_or(u32::from(line.is_some())),
        ..NoteAnchor::default()
    }
}

pub(crate) fn drafts_of(
    journal: &Journal,
    workspace: Ulid,
    finder: &mut Finder<'_>,
) -> Result<Vec<NoteDraft>, EngineError> {
    let kept = journal.note_drafts(workspace)?.into_iter().filter(|kept| kept.about.review.is_none());
    let place = |kept: KeptDraft| {
        let place = finder.find(&kept.about.anchor);
        compose::draft(kept, place)
    };
    Ok(kept.map(place).collect())
}
