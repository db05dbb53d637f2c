//! The commands of `workspace/executeCommand`, one file each. Every command takes one object, `{workspace?, …}`, whose
//! fields are those of its twin on the command line, and gives what that prints with `--json`.

mod build;
mod check;
mod conflicts;
mod delivery;
mod explain;
mod fetch;
mod journal;
pub(crate) mod note;
mod offline;
mod preflight;
mod prove;
mod resolve_conflict;
mod review;
mod status;
mod steered;
mod sync;
mod trail;
mod undo_resolution;

use crate::event::{Reply, error};
use crate::from_proto;
use crate::outbound::REQUEST_FAILED;
use crate::state::State;
use engine::{EngineError, RecordError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp::ls_types::{Command, ExecuteCommandParams, NumberOrString};

/// Every command.
pub(crate) const NAMES: [&str; 37] = [
    "holdover.status",
    "holdover.preflight",
    "holdover.fetch",
    "holdover.prove",
    "holdover.check",
    "holdover.build",
    "holdover.explain",
    "holdover.cancelExplain",
    "holdover.judgeExplain",
    "holdover.conflicts",
    "holdover.resolveConflict",
    "holdover.resolutions",
    "holdover.undoResolution",
    "holdover.offline",
    "holdover.sync",
    "holdover.journal",
    "holdover.note.add",
    "holdover.note.edit",
    "holdover.note.move",
    "holdover.note.remove",
    "holdover.note.list",
    "holdover.note.draft",
    "holdover.trail",
    "holdover.delivery",
    "holdover.review.list",
    "holdover.review.start",
    "holdover.review.show",
    "holdover.review.text",
    "holdover.review.threads",
    "holdover.review.comment",
    "holdover.review.reply",
    "holdover.review.edit",
    "holdover.review.retract",
    "holdover.review.resolve",
    "holdover.review.reopen",
    "holdover.review.verdict",
    "holdover.review.apply",
];

/// A command that was called.
pub(crate) struct Call {
    arguments: Value,
    token: Option<NumberOrString>,
    reply: Reply<Option<Value>>,
}

impl Call {
    /// The command's fields, or `None` after the client was told what is wrong with them.
    fn fields<T: DeserializeOwned>(self) -> Option<(T, Self)> {
        match serde_json::from_value(self.arguments.clone()) {
            Ok(fields) => Some((fields, self)),
            Err(problem) => {
                self.answer(Err(error(
                    ErrorCode::InvalidParams,
                    format!("these fields are not the command's: {problem}"),
                )));
                None
            }
        }
    }

    /// The workspace that was named, or the first one, and the engine; `None` after the client was told why there is none.
    fn place(self, state: &State, named: Option<&str>) -> Option<(PathBuf, engine::Engine, Self)> {
        match (root(state, named), engine(state)) {
            (Ok(root), Ok(engine)) => Some((root, engine, self)),
            (Err(problem), _) | (_, Err(problem)) => {
                self.answer(Err(problem));
                None
            }
        }
    }

    fn answer(self, answer: Result<Value>) {
        self.reply.send(answer.map(Some));
    }
}

/// Runs a command.
pub(crate) fn run(state: &mut State, params: ExecuteCommandParams, reply: Reply<Option<Value>>) {
    let arguments =
        params.arguments.into_iter().next().filter(|argument| !argument.is_null()).unwrap_or_else(|| json!({}));
    let call = Call { arguments, token: params.work_done_progress_params.work_done_token, reply };
    match params.command.as_str() {
        "holdover.status" => status::run(state, call),
        "holdover.preflight" => preflight::run(state, call),
        "holdover.fetch" => fetch::run(state, call),
        "holdover.prove" => prove::run(state, call),
        "holdover.check" => check::run(state, call),
        "holdover.build" => build::run(state, call),
        "holdover.explain" => explain::run(state, call),
        "holdover.cancelExplain" => explain::cancel(state, call),
        "holdover.judgeExplain" => explain::judge(state, call),
        "holdover.conflicts" => conflicts::run(state, call),
        "holdover.resolveConflict" => resolve_conflict::run(state, call),
        "holdover.resolutions" => undo_resolution::list(state, call),
        "holdover.undoResolution" => undo_resolution::run(state, call),
        "holdover.offline" => offline::run(state, call),
        "holdover.sync" => sync::run(state, call),
        "holdover.journal" => journal::run(state, call),
        "holdover.note.add" => note::run(state, call, note::Act::Add),
        "holdover.note.edit" => note::run(state, call, note::Act::Edit),
        "holdover.note.move" => note::run(state, call, note::Act::Move),
        "holdover.note.remove" => note::run(state, call, note::Act::Remove),
        "holdover.note.list" => note::run(state, call, note::Act::List),
        "holdover.note.draft" => note::run(state, call, note::Act::Draft),
        "holdover.trail" => trail::run(state, call),
        "holdover.delivery" => delivery::run(state, call),
        other => match review::act(other) {
            Some(act) => review::run(state, call, act),
            None => call.answer(Err(error(ErrorCode::InvalidParams, format!("there is no such command: {other}")))),
        },
    }
}

/// `holdover.fetch` with these fields, in this workspace.
pub(crate) fn fetch_command(title: String, fields: Value, root: &Path) -> Command {
    let mut fields = if fields.is_object() { fields } else { json!({}) };
    fields["workspace"] = json!(root);
    Command { title, command: "holdover.fetch".to_owned(), arguments: Some(vec![fields]) }
}

/// The status of a workspace, from memory.
pub(crate) fn status_of(state: &State, workspace: Option<&str>) -> Result<Value> {
    let (root, engine) = (root(state, workspace)?, engine(state)?);
    json_of(&engine.status(&root))
}

/// The workspace that was named, or the first one.
pub(crate) fn root(state: &State, named: Option<&str>) -> Result<PathBuf> {
    let Some(named) = named else {
        return state.roots.first().cloned().ok_or_else(|| error(REQUEST_FAILED, "no workspace is open"));
    };
    let found = from_proto::path_or_uri(named)
        .and_then(|path| state.root_of(&path).or_else(|| state.root_of(&state.spelled(&path))));
    found.ok_or_else(|| error(REQUEST_FAILED, format!("this folder is not open: {named}")))
}

pub(crate) fn engine(state: &State) -> Result<engine::Engine> {
    state.engine.clone().ok_or_else(|| error(REQUEST_FAILED, "the server is still starting"))
}

fn json_of(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|problem| error(ErrorCode::InternalError, problem.to_string()))
}

pub(crate) fn failed(problem: &EngineError) -> Error {
    let code = if matches!(problem, EngineError::Cancelled) { ErrorCode::RequestCancelled } else { REQUEST_FAILED };
    Error { data: Some(serde_json::json!({ "kind": problem.kind() })), ..error(code, problem.to_string()) }
}

/// The same, where what was looked at may have changed since.
pub(crate) fn failed_or_modified(problem: &EngineError) -> Error {
    match problem {
        EngineError::Record(RecordError::Changed) => error(ErrorCode::ContentModified, problem.to_string()),
        problem => failed(problem),
    }
}
