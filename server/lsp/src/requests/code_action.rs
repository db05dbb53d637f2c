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
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CodeActionResponse, CodeActionTriggerKind,
    Command, Diagnostic, NumberOrString,
};

pub(crate) struct CodeActions;

impl Request for CodeActions {
    type Params = CodeActionParams;
    type Answer = Option<CodeActionResponse>;

    fn run(state: &mut State, params: CodeActionParams, reply: Reply<Option<CodeActionResponse>>) {
        let wanted = params.context.only.clone();
        let covered =
            |offered: &CodeActionKind| wanted.as_ref().is_none_or(|only| only.iter().any(|kind| covers(kind, offered)));
        let notes = if covered(&NOTE) { note_action(state, &params) } else { None };
        if !covered(&CodeActionKind::QUICKFIX) {
            return reply.send(Ok(notes.map(|action| vec![action])));
        }
        let mut offered = conflict_actions(state, &params);
        offered.extend(notes);
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

/// The kind of what writes a note.
pub(crate) const NOTE: CodeActionKind = CodeActionKind::new("refactor.note");

/// A note on the lines that are selected, where the client lets people write one. Only where somebody asked: a mark beside
/// every line would say nothing.
fn note_action(state: &State, params: &CodeActionParams) -> Option<CodeActionOrCommand> {
    let asked = params.context.trigger_kind != Some(CodeActionTriggerKind::AUTOMATIC);
    let uri = &params.text_document.uri;
    let path = state.documents.get(uri)?.path.clone()?;
    let root = state.root_of(&path).filter(|_| asked && state.client.notes)?;
    let (first, last) = (params.range.start.line, params.range.end.line);
    // A selection of whole lines ends before the next one's first column.
    let ends_before = last > first && params.range.end.character == 0;
    let lines = last.saturating_sub(first) + u32::from(!ends_before);
    let fields = json!({ "workspace": root, "file": uri, "line": first, "lines": lines });
    let title = "Add a note here".to_owned();
    let command =
        Command { title: title.clone(), command: "holdover.writeNote".to_owned(), arguments: Some(vec![fields]) };
    Some(CodeActionOrCommand::CodeAction(CodeAction {
        title,
        kind: Some(NOTE),
        command: Some(command),
        data: Some(json!({ "action": "note.add" })),
        ..CodeAction::default()
    }))
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
