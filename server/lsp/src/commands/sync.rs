//! `holdover.sync {workspace?, remote?, deep?}`: exchanges what is shared with the project's remotes, with progress and a way to stop it.

use super::{Call, engine, failed, json_of, root};
use crate::state::State;
use serde::Deserialize;
use serde_json::Value;
use tower_lsp::jsonrpc::Result;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    workspace: Option<String>,
    /// One remote; all of the project's where it is not named.
    remote: Option<String>,
    /// Read and compare every file there.
    deep: bool,
}

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let (root, engine) = match (root(state, fields.workspace.as_deref()), engine(state)) {
        (Ok(root), Ok(engine)) => (root, engine),
        (Err(problem), _) | (_, Err(problem)) => return call.answer(Err(problem)),
    };
    let cancel = call.reply.cancel();
    let token = state.begin_progress("Synchronising", call.token.clone(), cancel.clone());
    let job = move || engine.sync(&root, fields.remote.as_deref(), fields.deep, &cancel);
    state.work(job, move |state, outcome| {
        let Some(outcome) = outcome else {
            // Dropping the call answers it with an error.
            return state.end_progress(&token, "failed");
        };
        let (words, answer): (_, Result<Value>) = match outcome {
            Ok(report) if report.remotes.iter().all(|remote| remote.done) => ("done", json_of(&report)),
            Ok(report) => ("a remote was not reached", json_of(&report)),
            Err(problem) => ("failed", Err(failed(&problem))),
        };
        state.end_progress(&token, words);
        call.answer(answer);
    });
}
