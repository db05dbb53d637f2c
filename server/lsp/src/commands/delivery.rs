//! `holdover.delivery {ids}`: how far events of the journal have come.

use super::{Call, engine, failed, json_of};
use crate::state::State;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    /// ULIDs of events, at most 500.
    ids: Vec<String>,
}

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let engine = match engine(state) {
        Ok(engine) => engine,
        Err(problem) => return call.answer(Err(problem)),
    };
    state.answer_later(call.reply, move |_| {
        engine.delivery(&fields.ids).map_err(|e| failed(&e)).and_then(|report| json_of(&report)).map(Some)
    });
}
