//! `textDocument/codeLens`: what the engine says above the first line of a lockfile, from memory, and above the places of
//! notes, which are found again in the text as it is; and above conflicts. What was told of lockfiles is kept, so that the
//! client is asked to look again when it would be told something else, and only then.

use super::Request;
use crate::commands::fetch_command;
use crate::event::Reply;
use crate::state::State;
use crate::to_proto;
use contract::Action;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use tower_lsp::ls_types::{CodeLens, CodeLensParams, Command, Uri};

/// What clients were told of the documents that are open.
pub(crate) type Told = HashMap<Uri, Vec<Action>>;

pub(crate) struct CodeLenses;

impl Request for CodeLenses {
    type Params = CodeLensParams;
    type Answer = Option<Vec<CodeLens>>;

    fn run(state: &mut State, params: CodeLensParams, reply: Reply<Option<Vec<CodeLens>>>) {
        let uri = params.text_document.uri;
        let conflicts = conflicts(state, &uri);
        let Some(path) = state.documents.get(&uri).and_then(|document| document.path.clone()) else {
            return reply.send(Ok(Some(conflicts)));
        };
        let lenses = state.engine.as_ref().map(|engine| engine.lenses(&path)).unwrap_or_default();
        let root = state.root_of(&path).unwrap_or_default();
        let mut shown = shown(&lenses, &root);
        shown.extend(conflicts);
        state.told_lenses.insert(uri.clone(), lenses);
        let noted = state.engine.clone().filter(|engine| engine.has_notes(&path));
        let (Some(engine), Some(document)) = (noted, state.documents.get(&uri)) else {
            return reply.send(Ok(Some(shown)));
        };
        let (text, encoding, opens) = (document.text.clone(), state.client.encoding, state.client.notes);
        state.answer_later(reply, move |_| {
            let notes = engine.note_lenses(&path, &text.to_string()).into_iter().map(|lens| {
                let fields = json!({ "workspace": root, "note": lens.data["note"] });
                let (command, arguments) =
                    if opens { ("holdover.openNote".to_owned(), Some(vec![fields])) } else { (String::new(), None) };
                let range = to_proto::range(&text, lens.range, encoding);
                CodeLens { range, command: Some(Command { title: lens.title, command, arguments }), data: None }
            });
            Ok(Some(shown.into_iter().chain(notes).collect()))
        });
    }
}

/// Above each conflict, for clients that can show what its choices would leave. A press asks anew: what it is about may
/// have moved since.
fn conflicts(state: &mut State, uri: &Uri) -> Vec<CodeLens> {
    let path = state.documents.get(uri).and_then(|document| document.path.clone());
    if !state.client.conflicts || !state.shows_conflicts(path.as_deref()) {
        return Vec::new();
    }
    let encoding = state.client.encoding;
    let Some(document) = state.documents.get_mut(uri) else { return Vec::new() };
    let (text, conflicts) = document.parts();
    let lens = |region: &conflict::Region| {
        let fields = json!({ "uri": uri, "line": region.open });
        CodeLens {
            range: to_proto::range(text, region.marker_range(text), encoding),
            command: Some(Command {
                title: "Preview".to_owned(),
                command: "holdover.previewConflict".to_owned(),
                arguments: Some(vec![fields]),
            }),
            data: None,
        }
    };
    conflicts.regions.iter().take(MOST_CONFLICTS).map(lens).collect()
}

/// Most conflicts of one document that have a line above them.
const MOST_CONFLICTS: usize = 1000;

/// What the engine says above the first line.
fn shown(lenses: &[Action], root: &Path) -> Vec<CodeLens> {
    let shown = lenses.iter().cloned().map(|lens| {
        let command = if lens.action == engine::SAYS {
            // A lens without a command is not shown; one whose command has no name is shown as plain text.
            Command { title: lens.title, command: String::new(), arguments: None }
        } else {
            fetch_command(lens.title, lens.data, root)
        };
        CodeLens { range: tower_lsp::ls_types::Range::default(), command: Some(command), data: None }
    });
    shown.collect()
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
            self.ask_for_lenses();
        }
    }

    /// The notes of a workspace, or what is being written of them, are others now.
    pub(crate) fn notes_changed(&mut self, root: &Path) {
        if self.client.notes {
            self.outbound.notify("holdover/didChangeNotes", json!({ "workspace": root }));
        }
        if self.client.refreshes_lenses && !self.told_lenses.is_empty() {
            self.ask_for_lenses();
        }
    }

    /// The reviews of a workspace are others now: their threads are found anew in what is open, and the status counts them.
    pub(crate) fn reviews_changed(&mut self, root: &Path) {
        if self.client.reviews {
            self.outbound.notify("holdover/didChangeReviews", json!({ "workspace": root }));
        }
        self.place_all(root);
        self.status_soon(root.to_path_buf());
    }

    pub(crate) fn ask_for_lenses(&mut self) {
        self.ask("workspace/codeLens/refresh", Value::Null, |_, _| {});
    }
}
