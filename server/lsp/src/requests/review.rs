//! What may be done about a review's thread at a place: answer it, say that it is done with, apply what it suggests.

use super::code_action::{answered, runs};
use contract::{Range, Thread, codes};
use engine::Engine;
use serde_json::{Value, json};
use std::path::Path;
use tower_lsp::ls_types::{CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams};

/// Threads that are offered something at a time.
const MOST: usize = 5;

/// The actions for the threads on the lines of a range. `replies`: the client asks for a text by itself; a server cannot.
pub(super) fn offered(
    engine: &Engine,
    root: &Path,
    file: &Path,
    text: &str,
    range: Range,
    replies: bool,
    params: &CodeActionParams,
) -> Vec<CodeActionOrCommand> {
    let lines = |thread: &Thread| thread.place.range.map_or((0, 0), |range| (range.start.line, range.end.line));
    let on = |thread: &&Thread| {
        let (first, last) = lines(thread);
        first <= range.end.line && range.start.line <= last
    };
    let threads = engine.threads_in(file, text);
    let mut offered = Vec::new();
    for thread in threads.iter().filter(on).filter(|thread| !thread.resolved).take(MOST) {
        let (first, last) = lines(thread);
        let code = [codes::REVIEW_THREAD.to_owned()];
        let mut offer = |title: String, action: &str, command: &str, fields: Value| {
            offered.push(CodeActionOrCommand::CodeAction(CodeAction {
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: answered(&params.context.diagnostics, &code, Some((first as usize, last as usize))),
                ..runs(&title, action, command, fields)
            }));
        };
        let title = &thread.title;
        if replies {
            let fields = json!({ "workspace": root, "thread": thread.id });
            offer(format!("Answer \u{201c}{title}\u{201d}"), "review.reply", "holdover.replyToThread", fields);
        }
        let fields = json!({ "workspace": root, "id": thread.id });
        offer(format!("Resolve \u{201c}{title}\u{201d}"), "review.resolve", "holdover.review.resolve", fields);
    }
    offered
}
