//! `conflict.merge` of a lockfile: what its ecosystem's own tool makes of the whole file. Worked out when it is looked at or taken, on a thread
//! of its own, and bound to the text and the manifests as they stood. Applies nothing.

use super::code_action_resolve::{Known, offered_edit};
use crate::event::{Reply, error};
use crate::outbound::REQUEST_FAILED;
use crate::resolutions::Given;
use crate::state::State;
use conflict::{Conflicts, Resolution};
use contract::{ConflictSuggestion, LockfileMerge};
use host::Cancel;
use ropey::Rope;
use serde_json::Value;
use std::path::{Path, PathBuf};
use tower_lsp::jsonrpc::{ErrorCode, Result};
use tower_lsp::ls_types::{CodeAction, Uri};

/// What asks a lockfile's tool: the engine, and the workspace that is trusted or not. `None` where the file is no lockfile, or
/// belongs to no workspace.
pub(crate) struct Tool {
    engine: engine::Engine,
    root: PathBuf,
    suggester: engine::Suggester,
}

impl Tool {
    pub(crate) fn of(state: &State, file: Option<&Path>) -> Option<Self> {
        let file = file.filter(|file| engine::is_lockfile(file))?;
        let (engine, root) = state.engine.clone().zip(state.root_of(file))?;
        Some(Self { engine, root, suggester: state.suggester.clone() })
    }

    /// Starts processes: not for the state thread.
    pub(crate) fn merge(
        &self,
        file: &Path,
        text: &Rope,
        conflicts: &Conflicts,
        cancel: &Cancel,
    ) -> Option<LockfileMerge> {
        self.engine.lockfile_merge(&self.root, file, text, conflicts, &self.suggester, cancel)
    }
}

/// Answers `codeAction/resolve` of an action whose data say `lockfile`.
pub(crate) fn resolve(state: &mut State, mut action: CodeAction, data: Value, reply: Reply<CodeAction>) {
    let uri = data.get("uri").and_then(Value::as_str).and_then(|uri| uri.parse::<Uri>().ok());
    let path = uri.as_ref().and_then(|uri| state.documents.get(uri)?.path.clone());
    let (Some(uri), Some(path)) = (uri, path) else {
        return reply.send(Err(modified("the document is not open any more")));
    };
    let Some(tool) = Tool::of(state, Some(&path)) else {
        return reply
            .send(Err(error(ErrorCode::InvalidParams, "this action is not one of ours: it is about no lockfile")));
    };
    let Some(document) = state.documents.get_mut(&uri) else { return };
    let (text, conflicts) = document.parts();
    let (text, conflicts) = (text.clone(), conflicts.clone());
    let is_there = conflict::offer_of(&data).is_some_and(|offer| offer.find(&text, &conflicts).is_ok());
    if !is_there {
        return reply.send(Err(modified("the conflict has changed since the merge was offered: ask again")));
    }
    let cancel = reply.cancel();
    let before = text.clone();
    state.work(
        move || tool.merge(&path, &text, &conflicts, &cancel),
        move |state, made| {
            let edit = made.flatten().ok_or_else(|| modified("there is no conflict any more"));
            let edit = edit.and_then(|merge| edit_of(state, &uri, &before, &merge, &data));
            reply.send(edit.map(|edit| {
                action.edit = Some(edit);
                action
            }));
        },
    );
}

/// The edit of the whole file, if everything is as it was.
fn edit_of(
    state: &mut State,
    uri: &Uri,
    before: &Rope,
    merge: &LockfileMerge,
    data: &Value,
) -> Result<tower_lsp::ls_types::WorkspaceEdit> {
    if let Some(problem) = &merge.problem {
        return Err(error(REQUEST_FAILED, problem.clone()));
    }
    let shown = data.get("lockfile").and_then(Value::as_str);
    if shown.is_some_and(|shown| shown != fingerprint(merge)) {
        return Err(modified("the manifests or the lockfile changed since this was shown: look at it anew"));
    }
    let client = state.client.clone();
    let Some(document) = state.documents.get(uri).filter(|document| document.text == *before) else {
        return Err(modified("the lockfile changed while it was merged: ask again"));
    };
    let known = Known { uri, text: before, version: document.version, client: &client };
    let spans = Resolution::spanning(&before.to_string(), &merge.text, "lockfile");
    let resolution = spans.ok_or_else(|| modified("there is no conflict any more"))?;
    let replacement = resolution.replacement(before);
    let suggestion = ConflictSuggestion {
        kind: "lockfile".to_owned(),
        reason: merge.reason.clone(),
        one_click: data.get("seen").and_then(Value::as_bool).unwrap_or(false),
        ..ConflictSuggestion::default()
    };
    state.confirming.offered(uri, before, &replacement, "conflict.merge");
    let given = Given::whole(uri, before, resolution);
    let edit = offered_edit(&known, replacement, &suggestion);
    state.give(given);
    Ok(edit)
}

/// What binds a merge that was shown to the one that is taken.
pub(crate) fn fingerprint(merge: &LockfileMerge) -> String {
    host::fingerprint(merge.text.as_bytes())
}

fn modified(why: &str) -> tower_lsp::jsonrpc::Error {
    error(ErrorCode::ContentModified, why)
}
