//! `holdover.sync {workspace?, remote?, deep?}`: exchanges what is shared with the project's remotes, with progress and a way to stop it.

use super::Call;
use crate::state::State;
use serde::Deserialize;

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
    let Some((root, engine, call)) = call.place(state, fields.workspace.as_deref()) else { return };
    let job = move |cancel: &_, _| engine.sync(&root, fields.remote.as_deref(), fields.deep, cancel);
    call.steered(state, "Synchronising", job, |outcome| match outcome {
        Ok(report) if report.remotes.iter().all(|remote| remote.done) => "done",
        Ok(_) => "a remote was not reached",
        Err(_) => "failed",
    });
}
