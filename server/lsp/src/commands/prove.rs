//! `holdover.prove {workspace?}`: runs what builds and tests the workspace with the network kept from it, with progress and a way to
//! stop it.

use super::{Call, engine, failed, json_of, root};
use crate::progress::Teller;
use crate::state::State;
use contract::ProofState;
use serde::Deserialize;
use serde_json::Value;
use tower_lsp::jsonrpc::Result;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    workspace: Option<String>,
}

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let (root, engine) = match (root(state, fields.workspace.as_deref()), engine(state)) {
        (Ok(root), Ok(engine)) => (root, engine),
        (Err(problem), _) | (_, Err(problem)) => return call.answer(Err(problem)),
    };
    let cancel = call.reply.cancel();
    let token = state.begin_progress("Proving without a network", call.token.clone(), cancel.clone());
    let teller = Teller::new(state.events.clone(), token.clone());
    let job = move || engine.prove(&root, &cancel, &|p| teller.tell(p));
    state.work(job, move |state, outcome| {
        let Some(outcome) = outcome else {
            // Dropping the call answers it with an error.
            return state.end_progress(&token, "failed");
        };
        let (words, answer): (_, Result<Value>) = match outcome {
            Ok(report) => {
                let words = match report.readiness.proof.as_ref().map(|proof| proof.state) {
                    Some(ProofState::Proven) => "proven",
                    Some(ProofState::Stopped) => "stopped",
                    Some(ProofState::Reached | ProofState::Failed) => "not proven",
                    Some(ProofState::Unknown) | None => "could not be told",
                };
                (words, json_of(&report))
            }
            Err(problem) => ("failed", Err(failed(&problem))),
        };
        state.end_progress(&token, words);
        call.answer(answer);
    });
}
