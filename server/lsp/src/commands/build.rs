//! `holdover.build {workspace?, steps?, again?}`: runs the steps that build and test the workspace, all or those that are named, with progress,
//! a log that grows, and a way to stop it.

use super::{Call, engine, failed, json_of, root};
use crate::progress::Teller;
use crate::state::State;
use contract::{CheckReport, CheckState, Progress};
use serde::Deserialize;
use serde_json::Value;
use std::sync::{Mutex, PoisonError};
use tower_lsp::jsonrpc::Result;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    workspace: Option<String>,
    steps: Vec<String>,
    again: bool,
}

/// Characters of a line that are shown while it runs.
const LINE: usize = 200;

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let (root, engine) = match (root(state, fields.workspace.as_deref()), engine(state)) {
        (Ok(root), Ok(engine)) => (root, engine),
        (Err(problem), _) | (_, Err(problem)) => return call.answer(Err(problem)),
    };
    let cancel = call.reply.cancel();
    let token = state.begin_progress("Building without a network", call.token.clone(), cancel.clone());
    let teller = Mutex::new(Teller::new(state.events.clone(), token.clone()));
    let job = move || {
        let said = |step: &str, line: &str| {
            let line: String = line.trim().chars().take(LINE).collect();
            let title = "Building without a network".to_owned();
            let teller = teller.lock().unwrap_or_else(PoisonError::into_inner);
            teller.tell(Progress { title, message: format!("{step}: {line}"), done: 0, total: 0 });
        };
        engine.build(&root, &fields.steps, fields.again, &said, &cancel)
    };
    state.work(job, move |state, outcome| {
        let Some(outcome) = outcome else {
            // Dropping the call answers it with an error.
            return state.end_progress(&token, "failed");
        };
        let (words, answer): (_, Result<Value>) = match outcome {
            Ok(report) => (words(&report), json_of(&report)),
            Err(problem) => ("stopped", Err(failed(&problem))),
        };
        state.end_progress(&token, words);
        call.answer(answer);
    });
}

fn words(report: &CheckReport) -> &'static str {
    let is = |state| report.checks.iter().any(|check| check.state == state);
    match () {
        () if is(CheckState::Failed) => "failed",
        () if is(CheckState::Unavailable) || report.checks.is_empty() => "could not be told",
        () => "passed",
    }
}
