//! `holdover.check {workspace?, files?, checks?, all?}`: what reaches for a network while the project is built and tested, and what the
//! project's own linters find, of the files and folders that are named, or of the whole workspace.

use super::{Call, failed, json_of};
use crate::from_proto;
use crate::state::State;
use engine::CheckAsked;
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    workspace: Option<String>,
    files: Vec<String>,
    checks: Vec<String>,
    all: bool,
}

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let Some((root, engine, call)) = call.place(state, fields.workspace.as_deref()) else { return };
    let named = fields.files.iter().filter_map(|name| from_proto::path_or_uri(name)).map(|path| root.join(path));
    let files: Vec<PathBuf> = named.collect();
    let cancel = call.reply.cancel();
    state.answer_later(call.reply, move |_| {
        let asked = CheckAsked { files: &files, names: &fields.checks, all: fields.all, ..CheckAsked::default() };
        let report = engine.check(&root, asked, &cancel).map_err(|e| failed(&e))?;
        json_of(&report).map(Some)
    });
}
