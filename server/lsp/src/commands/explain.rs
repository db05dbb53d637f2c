//! `holdover.explain {workspace?, file, line?, lines?, finding?, ask?, follows?, facts?, again?}`, or `{workspace, command | log | step | change | thread}` in
//! place of a file: facts at once; what is slower, and a model's
//! words, come with `holdover/didChangeExplanation`. `holdover.cancelExplain {id?}` stops it, `holdover.judgeExplain {id, accepted, reason?}` says what it was worth.

use super::{Call, engine, failed, json_of};
use crate::event::{Event, error};
use crate::from_proto;
use crate::outbound::Key;
use crate::state::State;
use contract::{ExplainedFinding, Explanation, ExplanationChange, Judgement};
use engine::{About, Engine, ExplainAsk};
use ropey::Rope;
use serde::Deserialize;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;
use tower_lsp::jsonrpc::ErrorCode;

/// How long an answer waits for git and linters; they come after it else.
const PATIENCE: Duration = Duration::from_millis(30);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    /// Path or address; the one that `file` lies in, where it is not named.
    workspace: Option<String>,
    /// Path or address.
    file: Option<String>,
    /// First line, zero-based, and how many; the whole file without them.
    line: Option<u32>,
    lines: Option<u32>,
    finding: Option<ExplainedFinding>,
    /// A line for a shell. It is not run.
    command: Option<String>,
    /// Path or address of a log.
    log: Option<String>,
    /// A step that builds or tests.
    step: Option<String>,
    /// A range of commits, a branch or a commit; empty: the branch that is here.
    change: Option<String>,
    /// A thread of a review.
    thread: Option<String>,
    /// A question beyond "what is this?".
    ask: Option<String>,
    /// The explanation that the question is about.
    follows: Option<String>,
    /// Facts alone.
    facts: bool,
    /// Ask the model anew.
    again: bool,
}

impl Fields {
    fn about(&self) -> About {
        let path = |name: &str| from_proto::path_or_uri(name).unwrap_or_else(|| PathBuf::from(name));
        match self {
            Self { command: Some(text), .. } => About::Command(text.clone()),
            Self { log: Some(name), .. } => About::Log(path(name)),
            Self { step: Some(name), .. } => About::Step(name.clone()),
            Self { change: Some(spec), .. } => About::Change(spec.clone()),
            Self { thread: Some(id), .. } => About::Thread(id.clone()),
            Self { .. } => About::Lines,
        }
    }
}

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let named = fields.workspace.as_deref().or(fields.file.as_deref());
    let Some((root, engine, call)) = call.place(state, named) else { return };
    let about = fields.about();
    let named = fields.file.as_deref().and_then(from_proto::path_or_uri).map(|path| state.spelled(&path));
    let file = match (named, &about) {
        (Some(file), _) => file,
        (None, About::Lines) => {
            return call.answer(Err(error(ErrorCode::InvalidParams, "`file` is missing: what is to be explained")));
        }
        (None, _) => PathBuf::new(),
    };
    let open = state.documents.iter().find(|(_, document)| document.path.as_deref() == Some(&*file));
    let text: Option<Rope> = open.map(|(_, document)| document.text.clone());
    let events = state.events.clone();
    let again = fields.again;
    state.answer_later(call.reply, move |_| {
        let ask = ExplainAsk {
            about,
            text: text.map(|text| text.to_string()),
            lines: fields.line.map(|line| (line, fields.lines.unwrap_or(1))),
            finding: fields.finding,
            question: fields.ask,
            follows: fields.follows,
            facts_only: fields.facts,
            file,
        };
        let explanation = engine.explain(&root, ask, PATIENCE).map_err(|e| failed(&e))?;
        let mut answer = json_of(&explanation)?;
        answer["uri"] = json!(address(&explanation.id));
        if engine.explanation_goes_on(&explanation.id) {
            let id = explanation.id;
            // After the answer, whose id the client has to know.
            let _ = events.send(Event::Run(Box::new(move |state| goes_on(state, engine, id, again))));
        }
        Ok(Some(answer))
    });
}

/// What is slower: on a thread of its own, told as it comes.
fn goes_on(state: &mut State, engine: Engine, id: String, again: bool) {
    let outbound = state.outbound.clone();
    let cancel = host::Cancel::new();
    let job = move || {
        engine.explain_answer(&id, again, &cancel, &mut |explanation| {
            let change = change(explanation);
            outbound.notify_newest(Key::Explanation(change.id.clone()), "holdover/didChangeExplanation", change);
        })
    };
    state.work(job, |_, told| {
        if let Some(Err(problem)) = told {
            tracing::warn!("an explanation ended: {problem}");
        }
    });
}

fn change(explanation: &Explanation) -> ExplanationChange {
    ExplanationChange {
        id: explanation.id.clone(),
        uri: address(&explanation.id),
        state: explanation.state,
        text: explanation.text.clone(),
    }
}

/// The address of an explanation's document.
fn address(id: &str) -> String {
    format!("holdover:/explanation/{id}.md")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Which {
    id: Option<String>,
    accepted: bool,
    reason: String,
}

/// `{cancelled}`: how many.
pub(super) fn cancel(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Which>() else { return };
    let stopped = engine(state).map(|engine| engine.cancel_explanations(fields.id.as_deref()));
    call.answer(stopped.map(|cancelled| json!({ "cancelled": cancelled })));
}

pub(super) fn judge(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Which>() else { return };
    let engine = match engine(state) {
        Ok(engine) => engine,
        Err(problem) => return call.answer(Err(problem)),
    };
    let Some(id) = fields.id else {
        return call.answer(Err(error(ErrorCode::InvalidParams, "`id` is missing: the explanation's")));
    };
    let outbound = state.outbound.clone();
    state.answer_later(call.reply, move |_| {
        let verdict = Judgement { accepted: fields.accepted, reason: fields.reason };
        let explanation = engine.judge_explanation(&id, verdict).map_err(|e| failed(&e))?;
        let change = change(&explanation);
        outbound.notify_newest(Key::Explanation(change.id.clone()), "holdover/didChangeExplanation", change);
        json_of(&explanation).map(Some)
    });
}
