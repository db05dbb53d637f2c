//! `holdover.fetch {workspace?, artifacts?, dryRun?, giveUp?}`: brings here what is missing, with progress and a way to stop it; or
//! gives up what waits to be tried again by itself.

use super::{Call, engine, failed, json_of, root};
use crate::progress::Teller;
use crate::state::State;
use contract::JobState;
use serde::Deserialize;
use serde_json::Value;

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
    let (root, engine) = match (root(state, fields.workspace.as_deref()), engine(state)) {
        (Ok(root), Ok(engine)) => (root, engine),
        (Err(problem), _) | (_, Err(problem)) => return call.answer(Err(problem)),
    };
    if fields.give_up {
        return state.answer_later(call.reply, move |_| {
            let given_up = engine.cancel_retries(&root).map_err(|e| failed(&e))?;
            Ok(Some(serde_json::json!({ "givenUp": given_up })))
        });
    }
    let cancel = call.reply.cancel();
    let token = state.begin_progress("Getting what is missing", call.token.clone(), cancel.clone());
    let teller = Teller::new(state.events.clone(), token.clone());
    let job = move || engine.fetch(&root, fields.artifacts.as_deref(), fields.dry_run, &cancel, &|p| teller.tell(p));
    state.work(job, move |state, outcome| {
        let Some(outcome) = outcome else {
            // Dropping the call answers it with an error.
            return state.end_progress(&token, "failed");
        };
        let (words, answer): (_, Result<Value, _>) = match outcome {
            Ok(report) => {
                let words = match report.fetch.as_ref().map(|fetch| fetch.state) {
                    Some(JobState::Done) => "done",
                    Some(JobState::Cancelled) => "stopped",
                    Some(JobState::Queued) => "nothing was run",
                    _ => "failed",
                };
                (words, json_of(&report))
            }
            Err(problem) => ("failed", Err(failed(&problem))),
        };
        state.end_progress(&token, words);
        call.answer(answer);
    });
}
