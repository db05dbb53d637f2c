//! `holdover.prove {workspace?}`: runs what builds and tests the workspace with the network kept from it, with progress and a way to
//! stop it.

use super::Call;
use crate::progress::Teller;
use crate::state::State;
use contract::ProofState;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    workspace: Option<String>,
}

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let Some((root, engine, call)) = call.place(state, fields.workspace.as_deref()) else { return };
    let job = move |cancel: &_, teller: Teller| engine.prove(&root, cancel, &|progress| teller.tell(progress));
    call.steered(state, "Proving without a network", job, |outcome| {
        let Ok(report) = outcome else { return "failed" };
        match report.readiness.proof.as_ref().map(|proof| proof.state) {
            Some(ProofState::Proven) => "proven",
            Some(ProofState::Stopped) => "stopped",
            Some(ProofState::Reached | ProofState::Failed) => "not proven",
            Some(ProofState::Unknown) | None => "could not be told",
        }
    });
}
