//! `holdover.build {workspace?, steps?, again?}`: runs the steps that build and test the workspace, all or those that are named, with progress,
//! a log that grows, and a way to stop it.

use super::Call;
use crate::progress::Teller;
use crate::state::State;
use contract::{CheckReport, CheckState, Progress};
use serde::Deserialize;
use std::sync::{Mutex, PoisonError};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    workspace: Option<String>,
    steps: Vec<String>,
    again: bool,
}

const TITLE: &str = "Building without a network";

/// Characters of a line that are shown while it runs.
const LINE: usize = 200;

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let Some((root, engine, call)) = call.place(state, fields.workspace.as_deref()) else { return };
    let job = move |cancel: &_, teller: Teller| {
        let teller = Mutex::new(teller);
        let said = |step: &str, line: &str| {
            let line: String = line.trim().chars().take(LINE).collect();
            let teller = teller.lock().unwrap_or_else(PoisonError::into_inner);
            teller.tell(Progress { title: TITLE.to_owned(), message: format!("{step}: {line}"), done: 0, total: 0 });
        };
        engine.build(&root, &fields.steps, fields.again, &said, cancel)
    };
    call.steered(state, TITLE, job, |outcome| outcome.map_or("stopped", words));
}

fn words(report: &CheckReport) -> &'static str {
    let is = |state| report.checks.iter().any(|check| check.state == state);
    match () {
        () if is(CheckState::Failed) => "failed",
        () if is(CheckState::Unavailable) || report.checks.is_empty() => "could not be told",
        () => "passed",
    }
}
