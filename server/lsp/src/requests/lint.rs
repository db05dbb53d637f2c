//! `check.fix` and `check.allow`: edits of what a lint found, built from the text as it is now, on a thread of their own.
//! If what the action was offered for has changed, the answer is `ContentModified` and nothing is edited.

use super::code_action_resolve::{Known, workspace_edit};
use crate::capabilities::Client;
use crate::event::{Reply, error};
use crate::state::State;
use conflict::Replacement;
use contract::Action;
use engine::Engine;
use ropey::Rope;
use serde_json::{Value, json};
use std::path::Path;
use tower_lsp::jsonrpc::ErrorCode;
use tower_lsp::ls_types::{CodeAction, CodeActionKind, CodeActionOrCommand, Diagnostic, Uri};

/// A document in which lints found something.
pub(crate) struct Linted {
    pub uri: Uri,
    pub version: i32,
    pub client: Client,
    pub text: Rope,
}

impl Linted {
    /// An action as a client takes it: without its edit, where the client asks for that later.
    pub(crate) fn offered(
        &self,
        engine: &Engine,
        file: &Path,
        whole: &str,
        action: Action,
        diagnostics: &[Diagnostic],
    ) -> CodeActionOrCommand {
        let mut data = action.data;
        let edit = (!self.client.resolve_edit).then(|| engine.lint_edits(file, whole, &action.action, &data)).flatten();
        data["action"] = json!(action.action);
        data["uri"] = json!(self.uri);
        let line = action.range.start.line as usize;
        let rewrites = action.answers.is_empty();
        CodeActionOrCommand::CodeAction(CodeAction {
            title: action.title,
            // What answers no finding is no fix, and no light beside every line.
            kind: Some(if rewrites { CodeActionKind::REFACTOR_REWRITE } else { CodeActionKind::QUICKFIX }),
            diagnostics: super::code_action::answered(diagnostics, &action.answers, Some((line, line))),
            is_preferred: (action.action == "check.fix").then_some(true),
            edit: edit.map(|edits| self.edit(edits)),
            data: Some(data),
            ..CodeAction::default()
        })
    }

    fn edit(&self, edits: Vec<contract::Edit>) -> tower_lsp::ls_types::WorkspaceEdit {
        let known = Known { uri: &self.uri, text: &self.text, version: self.version, client: &self.client };
        let replace =
            |edit: contract::Edit| Replacement { range: edit.range, text: edit.text, fingerprint: edit.fingerprint };
        workspace_edit(&known, edits.into_iter().map(replace).collect())
    }
}

/// Answers `codeAction/resolve` of such an action.
pub(crate) fn resolve(state: &mut State, mut action: CodeAction, data: Value, reply: Reply<CodeAction>) {
    let modified = || error(ErrorCode::ContentModified, "what this was offered for has changed: ask again");
    let uri = data.get("uri").and_then(Value::as_str).and_then(|uri| uri.parse::<Uri>().ok());
    let document = uri.as_ref().and_then(|uri| state.documents.get(uri));
    let found = document.and_then(|document| Some((document.path.clone()?, document.text.clone(), document.version)));
    let (Some(uri), Some((path, text, version)), Some(engine)) = (uri, found, state.engine.clone()) else {
        return reply.send(Err(modified()));
    };
    let linted = Linted { uri, version, client: state.client.clone(), text };
    state.answer_later(reply, move |_| {
        let name = data.get("action").and_then(Value::as_str).unwrap_or_default();
        let edits = engine.lint_edits(&path, &linted.text.to_string(), name, &data).ok_or_else(modified)?;
        action.edit = Some(linted.edit(edits));
        Ok(action)
    });
}
