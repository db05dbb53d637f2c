//! `holdover.note.add|edit|move|remove|list|draft`: notes, and what is being written of them, as the command line's twins do it.
//! Texts of open documents count in place of what is on the disk.

use super::{Call, failed, json_of};
use crate::event::error;
use crate::from_proto;
use crate::state::State;
use contract::{NoteAnchor, ReviewDraft};
use engine::{DraftId, DraftToSave, Engine, EngineError, NewNote, Texts, Which};
use ropey::Rope;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use tower_lsp::jsonrpc::{ErrorCode, Result};

/// The documents that are open, as they are now. Ropes share what they hold, so this costs next to nothing.
pub(crate) struct OpenTexts(HashMap<PathBuf, Rope>);

impl OpenTexts {
    pub(crate) fn of(state: &State) -> Self {
        let open = state.documents.iter();
        Self(open.filter_map(|(_, document)| Some((document.path.clone()?, document.text.clone()))).collect())
    }
}

impl Texts for OpenTexts {
    fn text(&self, file: &Path) -> Option<String> {
        self.0.get(file).map(Rope::to_string)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    /// Path or address; the one that `file` lies in, else the first, where it is not named.
    workspace: Option<String>,
    /// Path or address of what a note is put on, or of the file or folder whose notes are wanted.
    file: Option<String>,
    /// First line, zero-based, and how many.
    line: Option<u32>,
    lines: Option<u32>,
    /// Where it was put when it was begun, in place of the three above: as a draft has it.
    anchor: Option<NoteAnchor>,
    body: String,
    shared: Option<bool>,
    /// A note's id, or the end of it.
    note: Option<String>,
    /// The operations that are replaced: those of the versions that were seen.
    pred: Option<Vec<String>>,
    /// A draft's id.
    draft: Option<String>,
    /// What a draft is to become where it is a comment of a review.
    review: Option<ReviewDraft>,
    /// Throw the draft away.
    discard: bool,
    author: Option<String>,
    text: Option<String>,
    removed: bool,
}

impl Fields {
    fn place(&self) -> Option<(u32, u32)> {
        self.line.map(|line| (line, self.lines.unwrap_or(1)))
    }

    fn draft(&self) -> Result<Option<DraftId>> {
        let parsed = self.draft.as_deref().map(str::parse).transpose();
        parsed.map_err(|_| error(ErrorCode::InvalidParams, "a draft's id is a ULID"))
    }

    fn note(&self) -> Result<&str> {
        self.note.as_deref().ok_or_else(|| error(ErrorCode::InvalidParams, "`note` is missing: the note's id"))
    }
}

/// Which of the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Add,
    Edit,
    Move,
    Remove,
    List,
    Draft,
}

pub(super) fn run(state: &mut State, call: Call, act: Act) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let named = fields.workspace.as_deref().or(fields.file.as_deref());
    let Some((root, engine, call)) = call.place(state, named) else { return };
    let file = fields.file.as_deref().and_then(from_proto::path_or_uri).map(|path| state.spelled(&path));
    let texts = OpenTexts::of(state);
    // Taken here, where keystrokes are heard of in order.
    let turn = engine.draft_turn();
    state.answer_later(call.reply, move |_| {
        let answer = match act {
            Act::Add => add(&engine, &root, fields, file, &texts),
            Act::Edit => {
                let (note, draft) = (fields.note()?.to_owned(), fields.draft()?);
                let note = engine.note_edit(&root, &note, &fields.body, fields.pred, draft, &texts);
                note.map_err(|e| failed(&e)).and_then(|note| json_of(&note))
            }
            Act::Move => {
                let note = engine.note_move(&root, fields.note()?, file.as_deref(), fields.place(), &texts);
                note.map_err(|e| failed(&e)).and_then(|note| json_of(&note))
            }
            Act::Remove => {
                let note = engine.note_remove(&root, fields.note()?, fields.pred.clone(), &texts);
                note.map_err(|e| failed(&e)).and_then(|note| json_of(&note))
            }
            Act::List => {
                let (shared, author, text, removed) = (fields.shared, fields.author, fields.text, fields.removed);
                let report = engine.notes(&root, &Which { file, shared, author, text, removed }, &texts);
                report.map_err(|e| failed(&e)).and_then(|report| json_of(&report))
            }
            Act::Draft => draft(&engine, &root, fields, file, turn, &texts),
        };
        answer.map(Some)
    });
}

fn add(
    engine: &Engine,
    root: &Path,
    fields: Fields,
    file: Option<PathBuf>,
    texts: &OpenTexts,
) -> Result<serde_json::Value> {
    let (lines, draft) = (fields.place(), fields.draft()?);
    let shared = fields.shared.unwrap_or(false);
    let new = NewNote { body: fields.body, shared, file, lines, anchor: fields.anchor, draft };
    engine.note_add(root, new, texts).map_err(|e| failed(&e)).and_then(|note| json_of(&note))
}

fn draft(
    engine: &Engine,
    root: &Path,
    fields: Fields,
    file: Option<PathBuf>,
    turn: i64,
    texts: &OpenTexts,
) -> Result<serde_json::Value> {
    let (id, lines) = (fields.draft()?, fields.place());
    if fields.discard {
        let ended = id.map_or(Ok(()), |id| engine.note_draft_end(root, id));
        return ended.map(|()| serde_json::Value::Null).map_err(|e| failed(&e));
    }
    let note = fields.note.as_deref().map(|note| engine.note(root, note, texts)).transpose().map_err(|e| failed(&e))?;
    let saved = DraftToSave {
        id,
        body: fields.body,
        note: note.and_then(|note| note.id.parse().ok()),
        pred: fields.pred.unwrap_or_default(),
        shared: fields.shared.unwrap_or(false),
        file,
        lines,
        anchor: fields.anchor,
        review: fields.review,
    };
    let kept: std::result::Result<_, EngineError> = engine.note_draft_save(root, saved, turn, texts);
    kept.map_err(|e| failed(&e)).and_then(|draft| json_of(&draft))
}
