//! `holdover.status {workspace?, ask?}`: the status of a workspace, from memory; or after its registries were asked how they answer.

use super::{Call, engine, failed, json_of, root, status_of};
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
    let (root, engine) = match (root(state, fields.workspace.as_deref()), engine(state)) {
        (Ok(root), Ok(engine)) => (root, engine),
        (Err(problem), _) | (_, Err(problem)) => return call.answer(Err(problem)),
    };
    let cancel = call.reply.cancel();
    state.answer_later(call.reply, move |_| {
        engine.ask_registries(&root, &cancel).map_err(|e| failed(&e))?;
        json_of(&engine.status(&root)).map(Some)
    });
}
