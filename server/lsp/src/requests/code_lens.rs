//! `textDocument/codeLens`: what the engine says above the first line of a lockfile, from memory. What was told is kept,
//! so that the client is asked to look again when it would be told something else, and only then.

use super::Request;
use crate::commands::fetch_command;
use crate::event::Reply;
use crate::state::State;
use contract::Action;
use serde_json::Value;
use std::collections::HashMap;
use tower_lsp::ls_types::{CodeLens, CodeLensParams, Command, Uri};

/// What clients were told of the documents that are open.
pub(crate) type Told = HashMap<Uri, Vec<Action>>;

pub(crate) struct CodeLenses;

impl Request for CodeLenses {
    type Params = CodeLensParams;
    type Answer = Option<Vec<CodeLens>>;

    fn run(state: &mut State, params: CodeLensParams, reply: Reply<Option<Vec<CodeLens>>>) {
        let uri = params.text_document.uri;
        let Some(path) = state.documents.get(&uri).and_then(|document| document.path.clone()) else {
            return reply.send(Ok(None));
        };
        let lenses = state.engine.as_ref().map(|engine| engine.lenses(&path)).unwrap_or_default();
        let root = state.root_of(&path).unwrap_or_default();
        let shown = lenses.iter().cloned().map(|lens| {
            let command = if lens.action == engine::SAYS {
                // A lens without a command is not shown; one whose command has no name is shown as plain text.
                Command { title: lens.title, command: String::new(), arguments: None }
            } else {
                fetch_command(lens.title, lens.data, &root)
            };
            CodeLens { range: tower_lsp::ls_types::Range::default(), command: Some(command), data: None }
        });
        reply.send(Ok(Some(shown.collect())));
        state.told_lenses.insert(uri, lenses);
    }
}

impl State {
    /// Has the client look again, if what it was told is not so any more. Nothing waits for its answer.
    pub(crate) fn refresh_lenses(&mut self) {
        let Some(engine) = self.engine.as_ref().filter(|_| self.client.refreshes_lenses) else { return };
        let mut different = false;
        for (uri, told) in &mut self.told_lenses {
            let path = self.documents.get(uri).and_then(|document| document.path.as_deref());
            let now = path.map(|path| engine.lenses(path)).unwrap_or_default();
            different |= *told != now;
            *told = now;
        }
        if different {
            self.ask("workspace/codeLens/refresh", Value::Null, |_, _| {});
        }
    }
}
