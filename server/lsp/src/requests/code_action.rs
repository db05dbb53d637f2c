//! `textDocument/codeAction`: what may be done at a place. Edits come later, with `codeAction/resolve`, unless the client
//! cannot ask for them.

use super::Request;
use crate::commands::fetch_command;
use crate::event::Reply;
use crate::from_proto;
use crate::requests::code_action_resolve::{Known, edit};
use crate::requests::explain::EXPLAIN;
use crate::requests::lint::Linted;
use crate::requests::merges::Merges;
use crate::state::State;
use contract::{Action, Note};
use serde_json::json;
use std::path::{Path, PathBuf};
use tower_lsp::ls_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CodeActionResponse, CodeActionTriggerKind,
    Command, Diagnostic, NumberOrString, Uri,
};

pub(crate) struct CodeActions;

impl Request for CodeActions {
    type Params = CodeActionParams;
    type Answer = Option<CodeActionResponse>;

    fn run(state: &mut State, params: CodeActionParams, reply: Reply<Option<CodeActionResponse>>) {
        let wanted = params.context.only.clone();
        let covered =
            |offered: &CodeActionKind| wanted.as_ref().is_none_or(|only| only.iter().any(|kind| covers(kind, offered)));
        let covers_quick = covered(&CodeActionKind::QUICKFIX);
        let asked_for = params.context.trigger_kind != Some(CodeActionTriggerKind::AUTOMATIC);
        let rewrites = asked_for && covered(&CodeActionKind::REFACTOR_REWRITE);
        let mut offered = if covers_quick { conflict_actions(state, &params) } else { Vec::new() };
        let here = covered(&NOTE).then(|| Here::of(state, &params)).flatten();
        if let Some(here) = here.as_ref().filter(|_| state.client.notes) {
            // A server cannot ask for a text: the command is the client's.
            let action = runs("Add a note here", "note.add", "holdover.writeNote", here.fields());
            offered.push(CodeActionOrCommand::CodeAction(action));
        }
        if state.client.explanations && covered(&EXPLAIN) {
            offered.extend(super::explain::offered(state, &params));
        }
        let merges = covers_quick.then(|| Merges::asked(state, &params)).flatten();
        let uri = &params.text_document.uri;
        let known = state.engine.clone().zip(state.documents.get(uri).and_then(|document| {
            let path = document.path.clone()?;
            Some((state.root_of(&path)?, path, document.text.clone()))
        }));
        let known = known.map(|(engine, (root, path, text))| {
            let here = here.filter(|_| engine.has_notes(&path));
            let knows = engine.knows(&path);
            ((covers_quick && knows, rewrites && knows), here, engine, root, path, text)
        });
        let trails = covers_quick && state.client.trails;
        let replies = state.client.reviews;
        let asks_engine =
            known.as_ref().is_some_and(|((quick, rewrites), here, ..)| *quick || *rewrites || here.is_some());
        if !asks_engine && merges.is_none() {
            if let Some((_, _, _, root, ..)) = known.filter(|_| trails) {
                offered.extend(trail_actions(&root, &params, &[]));
            }
            return reply.send(Ok(Some(offered)));
        }
        let encoding = state.client.encoding;
        let linted = known.as_ref().filter(|((quick, rewrites), ..)| *quick || *rewrites).and_then(|(.., text)| {
            let version = state.documents.get(uri)?.version;
            Some(Linted { uri: uri.clone(), version, client: state.client.clone(), text: text.clone() })
        });
        state.answer_later(reply, move |cancel| {
            offered.extend(merges.into_iter().flat_map(|merges| merges.offered(cancel)));
            let Some(((quick, rewrites), here, engine, root, path, text)) = known else { return Ok(Some(offered)) };
            let whole = text.to_string();
            if let Some(here) = here {
                offered.extend(engine.lost_notes(&path, &whole).iter().take(LOST).map(|note| here.puts(note)));
            }
            let mut about = Vec::new();
            let range = from_proto::range(&text, params.range, encoding);
            if let Some(linted) = linted.as_ref().filter(|_| rewrites) {
                let actions = engine.pin_actions(&path, &whole, range).into_iter();
                let offer = |action| linted.offered(&engine, &path, &whole, action, &[]);
                offered.extend(actions.map(offer));
            }
            if quick {
                offered.extend(super::review::offered(&engine, &root, &path, &whole, range, replies, &params));
                let actions = engine.actions(&path, &whole, range).into_iter();
                offered.extend(actions.map(|action| command_action(action, &root, &params.context.diagnostics)));
                if let Some(linted) = linted {
                    let actions = engine.lint_actions(&path, &whole, range).into_iter();
                    let offer = |action| linted.offered(&engine, &path, &whole, action, &params.context.diagnostics);
                    offered.extend(actions.map(offer));
                }
                about = engine.found_artifacts(&path, &whole, range);
            }
            if trails {
                offered.extend(trail_actions(&root, &params, &about));
            }
            Ok(Some(offered))
        });
    }
}

/// The trail of what a diagnostic of ours is about: of its artifacts, else of the file.
fn trail_actions(root: &Path, params: &CodeActionParams, about: &[(String, Vec<String>)]) -> CodeActionResponse {
    let diagnostics = &params.context.diagnostics;
    let show = |what: &str, fields: serde_json::Value, answers: &[String]| {
        let title = format!("Show what happened to {what}");
        CodeActionOrCommand::CodeAction(CodeAction {
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: answered(diagnostics, answers, None),
            ..runs(&title, "trail.show", "holdover.showTrail", fields)
        })
    };
    let mut offered: CodeActionResponse = about
        .iter()
        .map(|(code, ids)| {
            let fields = json!({ "workspace": root, "artifacts": ids });
            show(&engine::artifacts_named(ids), fields, std::slice::from_ref(code))
        })
        .collect();
    let told = |code: &String| about.iter().any(|(known, _)| known == code);
    let of_file: Vec<String> = diagnostics
        .iter()
        .filter(|one| one.source.as_deref() == Some("holdover"))
        .filter_map(|one| match &one.code {
            Some(NumberOrString::String(code)) if !told(code) => Some(code.clone()),
            _ => None,
        })
        .collect();
    if !of_file.is_empty() {
        let fields = json!({ "workspace": root, "file": params.text_document.uri });
        offered.push(show("this file", fields, &of_file));
    }
    offered
}

/// The kind of what writes a note.
pub(crate) const NOTE: CodeActionKind = CodeActionKind::new("refactor.note");

/// Lost notes that are offered a new place at a time.
const LOST: usize = 5;

/// The lines that are selected, for a note. Only where somebody asked: a mark beside every line would say nothing.
struct Here {
    root: PathBuf,
    uri: Uri,
    first: u32,
    lines: u32,
}

impl Here {
    fn of(state: &State, params: &CodeActionParams) -> Option<Self> {
        let asked = params.context.trigger_kind != Some(CodeActionTriggerKind::AUTOMATIC);
        let uri = params.text_document.uri.clone();
        let path = state.documents.get(&uri)?.path.clone()?;
        let root = state.root_of(&path).filter(|_| asked)?;
        let (first, last) = (params.range.start.line, params.range.end.line);
        // A selection of whole lines ends before the next one's first column.
        let ends_before = last > first && params.range.end.character == 0;
        Some(Self { root, uri, first, lines: last.saturating_sub(first) + u32::from(!ends_before) })
    }

    fn fields(&self) -> serde_json::Value {
        json!({ "workspace": self.root, "file": self.uri, "line": self.first, "lines": self.lines })
    }

    /// Puts a note here whose own lines are not found as they were.
    fn puts(&self, note: &Note) -> CodeActionOrCommand {
        let mut fields = self.fields();
        fields["note"] = json!(note.id);
        let title = format!("Put the note \u{201c}{}\u{201d} here", note.title);
        CodeActionOrCommand::CodeAction(runs(&title, "note.move", "holdover.note.move", fields))
    }
}

pub(super) fn runs(title: &str, action: &str, command: &str, fields: serde_json::Value) -> CodeAction {
    let command = Command { title: title.to_owned(), command: command.to_owned(), arguments: Some(vec![fields]) };
    CodeAction {
        title: title.to_owned(),
        kind: Some(NOTE),
        command: Some(command),
        data: Some(json!({ "action": action })),
        ..CodeAction::default()
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
        if client.conflicts {
            let fields = json!({ "uri": uri, "line": region.open });
            offered.push(CodeActionOrCommand::CodeAction(CodeAction {
                kind: Some(CodeActionKind::QUICKFIX),
                ..runs("Preview what each choice leaves", "conflict.preview", "holdover.previewConflict", fields)
            }));
        }
    }
    offered
}

/// An action of the engine is a command: it runs tools, it does not edit.
fn command_action(action: Action, root: &Path, diagnostics: &[Diagnostic]) -> CodeActionOrCommand {
    let data = json!({ "action": action.action });
    let mut command = fetch_command(action.title.clone(), action.data, root);
    if action.action == "prove" {
        "holdover.prove".clone_into(&mut command.command);
    }
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
pub(crate) fn answered(
    diagnostics: &[Diagnostic],
    codes: &[String],
    lines: Option<(usize, usize)>,
) -> Option<Vec<Diagnostic>> {
    let answers = |diagnostic: &&Diagnostic| {
        let code = matches!(&diagnostic.code, Some(NumberOrString::String(code)) if codes.contains(code));
        let line = diagnostic.range.start.line as usize;
        code && lines.is_none_or(|(first, last)| (first..=last).contains(&line))
    };
    let found: Vec<_> = diagnostics.iter().filter(answers).cloned().collect();
    (!found.is_empty()).then_some(found)
}
