//! `textDocument/codeAction`: what may be done at a place. Edits come later, with `codeAction/resolve`, unless the client
//! cannot ask for them.

use super::Request;
use crate::commands::fetch_command;
use crate::event::Reply;
use crate::from_proto;
use crate::requests::code_action_resolve::{Known, edit};
use crate::state::State;
use contract::Action;
use serde_json::json;
use std::path::Path;
use tower_lsp::ls_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CodeActionResponse, Diagnostic, NumberOrString,
};

pub(crate) struct CodeActions;

impl Request for CodeActions {
    type Params = CodeActionParams;
    type Answer = Option<CodeActionResponse>;

    fn run(state: &mut State, params: CodeActionParams, reply: Reply<Option<CodeActionResponse>>) {
        let wanted = params.context.only.as_ref();
        if wanted.is_some_and(|only| !only.iter().any(|kind| covers(kind, &CodeActionKind::QUICKFIX))) {
            return reply.send(Ok(None));
        }
        let mut offered = conflict_actions(state, &params);
        let uri = &params.text_document.uri;
        let known = state.engine.clone().zip(state.documents.get(uri).and_then(|document| {
            let path = document.path.clone()?;
            Some((state.root_of(&path)?, path, document.text.clone()))
        }));
        let Some((engine, (root, path, text))) = known.filter(|(engine, (_, path, _))| engine.knows(path)) else {
            return reply.send(Ok(Some(offered)));
        };
        let encoding = state.client.encoding;
        state.answer_later(reply, move |_| {
            let range = from_proto::range(&text, params.range, encoding);
            let actions = engine.actions(&path, &text.to_string(), range);
            offered
                .extend(actions.into_iter().map(|action| command_action(action, &root, &params.context.diagnostics)));
            Ok(Some(offered))
        });
    }
}

/// Whether a kind that was asked for covers one that is offered: `quickfix` covers `quickfix.x`.
fn covers(asked: &CodeActionKind, offered: &CodeActionKind) -> bool {
    let (asked, offered) = (asked.as_str(), offered.as_str());
    offered.strip_prefix(asked).is_some_and(|rest| asked.is_empty() || rest.is_empty() || rest.starts_with('.'))
}

fn conflict_actions(state: &mut State, params: &CodeActionParams) -> CodeActionResponse {
    let client = state.client.clone();
    let uri = &params.text_document.uri;
    let Some(document) = state.documents.get_mut(uri) else { return Vec::new() };
    let version = document.version;
    let (text, conflicts) = document.parts();
    let (first, last) = (params.range.start.line as usize, params.range.end.line as usize);
    let touched = conflicts.regions.iter().filter(|region| region.open <= last && first <= region.close);
    let mut offered = Vec::new();
    // A selection of the whole file offers the first few conflicts, not a thousand.
    for region in touched.take(10) {
        for action in conflict::actions(text, region) {
            let mut data = action.data.clone();
            data["action"] = json!(action.action);
            data["uri"] = json!(uri);
            let built = (!client.resolve_edit).then(|| {
                let known = Known { uri, text, version, client: &client };
                edit(&known, conflicts, &action.action, &data).ok()
            });
            offered.push(CodeActionOrCommand::CodeAction(CodeAction {
                title: action.title,
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: answered(&params.context.diagnostics, &action.answers, Some((region.open, region.close))),
                edit: built.flatten(),
                data: Some(data),
                ..CodeAction::default()
            }));
        }
    }
    offered
}

/// An action of the engine is a command: it runs tools, it does not edit.
fn command_action(action: Action, root: &Path, diagnostics: &[Diagnostic]) -> CodeActionOrCommand {
    let data = json!({ "action": action.action });
    let command = fetch_command(action.title.clone(), action.data, root);
    CodeActionOrCommand::CodeAction(CodeAction {
        title: action.title,
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: answered(diagnostics, &action.answers, None),
        command: Some(command),
        data: Some(data),
        ..CodeAction::default()
    })
}

/// Which of the client's diagnostics an action answers.
fn answered(diagnostics: &[Diagnostic], codes: &[String], lines: Option<(usize, usize)>) -> Option<Vec<Diagnostic>> {
    let answers = |diagnostic: &&Diagnostic| {
        let code = matches!(&diagnostic.code, Some(NumberOrString::String(code)) if codes.contains(code));
        let line = diagnostic.range.start.line as usize;
        code && lines.is_none_or(|(first, last)| (first..=last).contains(&line))
    };
    let found: Vec<_> = diagnostics.iter().filter(answers).cloned().collect();
    (!found.is_empty()).then_some(found)
}
