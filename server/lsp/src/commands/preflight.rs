//! `holdover.preflight {workspace?, all?}`: whether the workspace is ready, from memory; looked at now where nothing is known.

use super::{Call, failed, json_of};
use crate::state::State;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    workspace: Option<String>,
    all: bool,
    deep: bool,
}

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let Some((root, engine, call)) = call.place(state, fields.workspace.as_deref()) else { return };
    state.answer_later(call.reply, move |cancel| {
        let known = if fields.deep { None } else { engine.preflight(&root, fields.all) };
        let report = if let Some(report) = known {
            report
        } else {
            engine.survey(&root, fields.deep, cancel, &|_, _| {}).map_err(|e| failed(&e))?;
            engine.preflight(&root, fields.all).ok_or_else(|| failed(&engine::EngineError::Cancelled))?
        };
        json_of(&report).map(Some)
    });
}
