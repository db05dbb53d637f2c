//! `holdover.fetch {workspace?, artifacts?, dryRun?, giveUp?}`: brings here what is missing, with progress and a way to stop it; or
//! gives up what waits to be tried again by itself.

use super::{Call, failed};
use crate::progress::Teller;
use crate::state::State;
use contract::JobState;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Fields {
    workspace: Option<String>,
    artifacts: Option<Vec<String>>,
    dry_run: bool,
    give_up: bool,
}

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let Some((root, engine, call)) = call.place(state, fields.workspace.as_deref()) else { return };
    if fields.give_up {
        return state.answer_later(call.reply, move |_| {
            let given_up = engine.cancel_retries(&root).map_err(|e| failed(&e))?;
            Ok(Some(serde_json::json!({ "givenUp": given_up })))
        });
    }
    let job = move |cancel: &_, teller: Teller| {
        engine.fetch(&root, fields.artifacts.as_deref(), fields.dry_run, cancel, &|progress| teller.tell(progress))
    };
    call.steered(state, "Getting what is missing", job, |outcome| {
        let Ok(report) = outcome else { return "failed" };
        match report.fetch.as_ref().map(|fetch| fetch.state) {
            Some(JobState::Done) => "done",
            Some(JobState::Cancelled) => "stopped",
            Some(JobState::Queued) => "nothing was run",
            _ => "failed",
        }
    });
}
