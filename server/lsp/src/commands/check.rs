//! `holdover.check {workspace?, files?}`: what reaches for a network while the project is built and tested, of the files and folders
//! that are named, or of the whole workspace.

use super::{Call, engine, failed, json_of, root};
use crate::from_proto;
use crate::state::State;
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    workspace: Option<String>,
    files: Vec<String>,
}

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let (root, engine) = match (root(state, fields.workspace.as_deref()), engine(state)) {
        (Ok(root), Ok(engine)) => (root, engine),
        (Err(problem), _) | (_, Err(problem)) => return call.answer(Err(problem)),
    };
    let named = fields.files.iter().filter_map(|name| from_proto::path_or_uri(name)).map(|path| root.join(path));
    let files: Vec<PathBuf> = named.collect();
    let cancel = call.reply.cancel();
    state.answer_later(call.reply, move |_| {
        let report = engine.check(&root, &files, &cancel).map_err(|e| failed(&e))?;
        json_of(&report).map(Some)
    });
}
