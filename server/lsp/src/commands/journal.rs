//! `holdover.journal {workspace?, kind?, limit?}`: the newest events of the record, oldest of them first.

use super::{Call, engine, failed, json_of, root};
use crate::state::State;
use serde::Deserialize;

/// Events where nothing is said.
const USUAL: usize = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    /// Only events of this one.
    workspace: Option<String>,
    /// Only kinds that begin so.
    kind: Option<String>,
    /// At most so many; a thousand at the very most.
    limit: Option<usize>,
}

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let root = fields.workspace.as_deref().map(|named| root(state, Some(named))).transpose();
    let (root, engine) = match (root, engine(state)) {
        (Ok(root), Ok(engine)) => (root, engine),
        (Err(problem), _) | (_, Err(problem)) => return call.answer(Err(problem)),
    };
    state.answer_later(call.reply, move |_| {
        let limit = fields.limit.unwrap_or(USUAL);
        let report = engine.journal_events(root.as_deref(), fields.kind, limit).map_err(|e| failed(&e))?;
        json_of(&report).map(Some)
    });
}
