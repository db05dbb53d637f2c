//! `holdover.status {workspace?, ask?}`: the status of a workspace, from memory; or after its registries were asked how they answer.

use super::{Call, failed, json_of, status_of};
use crate::state::State;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Fields {
    workspace: Option<String>,
    ask: bool,
}

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    if !fields.ask {
        return call.answer(status_of(state, fields.workspace.as_deref()));
    }
    let Some((root, engine, call)) = call.place(state, fields.workspace.as_deref()) else { return };
    let cancel = call.reply.cancel();
    state.answer_later(call.reply, move |_| {
        engine.ask_registries(&root, &cancel).map_err(|e| failed(&e))?;
        json_of(&engine.status(&root)).map(Some)
    });
}
