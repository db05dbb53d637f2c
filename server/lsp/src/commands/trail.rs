//! `holdover.trail {workspace?, file}` or `{workspace?, artifacts}`: what the journal knows of one file, or of artifacts by
//! their ids, newest first.

use super::{Call, failed, json_of};
use crate::event::error;
use crate::from_proto;
use crate::state::State;
use serde::Deserialize;
use tower_lsp::jsonrpc::ErrorCode;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    workspace: Option<String>,
    /// Path or address.
    file: String,
    /// Ids, in place of the file.
    artifacts: Vec<String>,
}

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let named = fields.workspace.as_deref().or(Some(fields.file.as_str()).filter(|file| !file.is_empty()));
    let Some((root, engine, call)) = call.place(state, named) else { return };
    if !fields.artifacts.is_empty() {
        let ids = fields.artifacts;
        return state.answer_later(call.reply, move |_| {
            engine.artifact_trail(&root, &ids).map_err(|e| failed(&e)).and_then(|report| json_of(&report)).map(Some)
        });
    }
    let Some(file) = from_proto::path_or_uri(&fields.file).map(|path| state.spelled(&path)) else {
        return call.answer(Err(error(
            ErrorCode::InvalidParams,
            "`file` is missing: a path or an address; or `artifacts`: ids",
        )));
    };
    state.answer_later(call.reply, move |_| {
        engine.trail(&root, &file).map_err(|e| failed(&e)).and_then(|report| json_of(&report)).map(Some)
    });
}
