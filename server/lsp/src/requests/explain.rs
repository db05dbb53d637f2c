//! The code action `explain`: on a selection and on each finding, where somebody asked what may be done here. Never by itself.
//! A server cannot open a document beside: the command is the client's.

use crate::state::State;
use serde_json::json;
use tower_lsp::ls_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CodeActionTriggerKind, Command, Diagnostic,
    NumberOrString,
};

/// Its kind.
pub(crate) const EXPLAIN: CodeActionKind = CodeActionKind::new("explain");
/// Findings that are offered an explanation at a time.
const MOST: usize = 5;

pub(crate) fn offered(state: &State, params: &CodeActionParams) -> Vec<CodeActionOrCommand> {
    let asked = params.context.trigger_kind != Some(CodeActionTriggerKind::AUTOMATIC);
    let uri = &params.text_document.uri;
    let path = state.documents.get(uri).and_then(|document| document.path.clone());
    let Some(root) = path.filter(|_| asked).and_then(|path| state.root_of(&path)) else { return Vec::new() };
    let (first, last) = (params.range.start.line, params.range.end.line);
    // A selection of whole lines ends before the next one's first column.
    let ends_before = last > first && params.range.end.character == 0;
    let lines = last.saturating_sub(first) + u32::from(!ends_before);
    let action = |title: String, fields: serde_json::Value, diagnostic: Option<&Diagnostic>| {
        let command = Command {
            title: title.clone(),
            command: "holdover.showExplanation".to_owned(),
            arguments: Some(vec![fields]),
        };
        CodeActionOrCommand::CodeAction(CodeAction {
            title,
            kind: Some(EXPLAIN),
            diagnostics: diagnostic.map(|one| vec![one.clone()]),
            command: Some(command),
            data: Some(json!({ "action": "explain" })),
            ..CodeAction::default()
        })
    };
    let mut offered = Vec::new();
    for diagnostic in params.context.diagnostics.iter().take(MOST) {
        let code = match &diagnostic.code {
            Some(NumberOrString::String(code)) => code.clone(),
            Some(NumberOrString::Number(code)) => code.to_string(),
            None => String::new(),
        };
        let source = diagnostic.source.clone().unwrap_or_default();
        let range = diagnostic.range;
        let named = if code.is_empty() { source.clone() } else { code.clone() };
        let fields = json!({
            "workspace": root, "file": uri, "line": range.start.line, "lines": range.end.line - range.start.line.min(range.end.line) + 1,
            "finding": { "source": source, "code": code, "message": diagnostic.message },
        });
        offered.push(action(format!("Explain {named}"), fields, Some(diagnostic)));
    }
    let title = if lines > 1 { format!("Explain these {lines} lines") } else { "Explain this line".to_owned() };
    offered.push(action(title, json!({ "workspace": root, "file": uri, "line": first, "lines": lines }), None));
    offered
}
