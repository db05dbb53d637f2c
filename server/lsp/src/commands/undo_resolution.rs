//! `holdover.resolutions {workspace?, file?, limit?}`: the newest resolutions that can be undone. `holdover.undoResolution {workspace?, event}`
//! undoes one: in a file that is open by an edit of the editor's, in another on the disk, of a record in the journal.

use super::{Call, failed, json_of};
use crate::event::error;
use crate::from_proto;
use crate::outbound::REQUEST_FAILED;
use crate::requests::code_action_resolve::{Known, workspace_edit};
use crate::state::State;
use conflict::Resolution;
use contract::ResolutionReport;
use engine::{Engine, EngineError, FileUndo, UndoError, Undoable, Undone};
use ropey::Rope;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tower_lsp::jsonrpc::{ErrorCode, Result};
use tower_lsp::ls_types::Uri;

/// Resolutions where nothing is said, and the most.
const USUAL: usize = 50;
const MOST: usize = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListFields {
    workspace: Option<String>,
    /// Path or address: only those of this file.
    file: Option<String>,
    limit: Option<usize>,
}

pub(super) fn list(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<ListFields>() else { return };
    let Some((root, engine, call)) = call.place(state, fields.workspace.as_deref()) else { return };
    let file = fields.file.as_deref().and_then(from_proto::path_or_uri);
    state.answer_later(call.reply, move |_| {
        let limit = fields.limit.unwrap_or(USUAL).min(MOST);
        let resolutions = engine.resolutions(&root, file.as_deref(), limit).map_err(|problem| failed(&problem))?;
        json_of(&ResolutionReport { resolutions }).map(Some)
    });
}

#[derive(Debug, Deserialize)]
struct Fields {
    #[serde(default)]
    workspace: Option<String>,
    /// The event that says what was resolved, or the end of its id.
    event: String,
}

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let Some((root, engine, call)) = call.place(state, fields.workspace.as_deref()) else { return };
    // Where no workspace is named, the event says which it is.
    let roots = if fields.workspace.is_some() { vec![root] } else { state.roots.clone() };
    let find = {
        let engine = engine.clone();
        move || {
            let mut last = None;
            for root in roots {
                match engine.undoable(&root, &fields.event) {
                    Err(problem @ EngineError::Undo(UndoError::Unknown { .. })) => last = Some(Err(problem)),
                    found => return Some(found.map(|found| (root, found))),
                }
            }
            last
        }
    };
    state.work(find, move |state, found| match found.flatten() {
        // Dropping the call answers it with an error.
        None => {}
        Some(Err(problem)) => call.answer(Err(refused(&problem))),
        Some(Ok((root, Undoable::Record { note, event }))) => {
            state.answer_later(call.reply, move |_| told(engine.undo_record(&root, &note, event)));
        }
        Some(Ok((root, Undoable::File(undo)))) => match open_document(state, &undo.file) {
            None => state.answer_later(call.reply, move |_| told(engine.undo_file(&root, undo))),
            Some(uri) => in_editor(state, call, &uri, engine, root, undo),
        },
    });
}

/// The open document of a file.
fn open_document(state: &mut State, file: &Path) -> Option<Uri> {
    let real = std::fs::canonicalize(file).ok();
    let is_it = |path: &Path| path == file || real.is_some() && std::fs::canonicalize(path).ok() == real;
    state
        .documents
        .iter_mut()
        .find(|(_, document)| document.path.as_deref().is_some_and(is_it))
        .map(|(uri, _)| uri.clone())
}

/// Has the client put the conflict back, and writes it down when its change is there.
fn in_editor(state: &mut State, call: Call, uri: &Uri, engine: Engine, root: PathBuf, undo: FileUndo) {
    if !state.client.apply_edit {
        let why =
            "this editor does not let a server edit: `holdover conflicts --undo` does it, where the file is saved";
        return call.answer(Err(error(REQUEST_FAILED, why)));
    }
    let client = state.client.clone();
    let Some(document) = state.documents.get_mut(uri) else { return };
    let version = document.version;
    let (text, _) = document.parts();
    let (text, before) = (text.clone(), text.to_string());
    let edit = undo.undone(&before).map_err(|problem| refused(&problem.into())).and_then(|after| {
        let edit = Resolution::spanning(&before, &after, "undo").map(|spans| spans.replacement(&text));
        let nothing = || error(REQUEST_FAILED, "the file has this conflict already");
        Ok((edit.ok_or_else(nothing)?, Rope::from_str(&after)))
    });
    let (edit, after) = match edit {
        Ok(found) => found,
        Err(problem) => return call.answer(Err(problem)),
    };
    let edit = workspace_edit(&Known { uri, text: &text, version, client: &client }, vec![edit]);
    let batch = state.confirming.expect(vec![(uri.clone(), after, Vec::new())], move |state, applied| {
        if !applied {
            return call.answer(Ok(json!({ "applied": false })));
        }
        state.answer_later(call.reply, move |_| {
            let event = engine.write_undone(&root, &undo);
            told(event.map(|event| Undone { file: Some(undo.file), record: None, event }))
        });
    });
    state.ask("workspace/applyEdit", json!({ "label": "Undo a resolution", "edit": edit }), move |state, answer| {
        let said = answer.as_ref().ok().and_then(|answer| answer.get("applied")).and_then(Value::as_bool);
        state.edit_answered(batch, said.unwrap_or(false));
    });
}

fn told(done: std::result::Result<Undone, EngineError>) -> Result<Option<Value>> {
    let done = done.map_err(|problem| refused(&problem))?;
    Ok(Some(json!({ "applied": true, "path": done.file, "record": done.record, "event": done.event })))
}

/// What stands there is not what the resolution left: as with every edit that comes too late.
fn refused(problem: &EngineError) -> tower_lsp::jsonrpc::Error {
    use UndoError::{Gone, Several, Written};
    match problem {
        EngineError::Undo(Gone { .. } | Several { .. } | Written { .. }) => {
            error(ErrorCode::ContentModified, problem.to_string())
        }
        problem => failed(problem),
    }
}
