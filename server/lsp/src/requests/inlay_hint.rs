//! `textDocument/inlayHint`: behind each dependency of a manifest what the engine knows of it, from memory. The client is asked
//! to look again when its workspace was looked at again, and only where it was told something before.

use super::Request;
use crate::event::Reply;
use crate::state::State;
use crate::to_proto;
use contract::Range;
use serde_json::Value;
use std::path::Path;
use tower_lsp::ls_types::{InlayHint, InlayHintLabel, InlayHintParams, InlayHintTooltip};

pub(crate) struct InlayHints;

impl Request for InlayHints {
    type Params = InlayHintParams;
    type Answer = Option<Vec<InlayHint>>;

    fn run(state: &mut State, params: InlayHintParams, reply: Reply<Option<Vec<InlayHint>>>) {
        let encoding = state.client.encoding;
        let Some(document) = state.documents.get(&params.text_document.uri) else { return reply.send(Ok(None)) };
        let (Some(path), text) = (document.path.clone(), document.text.clone()) else { return reply.send(Ok(None)) };
        let Some(engine) = state.engine.clone().filter(|engine| engine.knows(&path)) else {
            // What is looked at only now may have hints when that is done.
            state.told_hints.extend(state.root_of(&path).map(|root| (root, None)));
            return reply.send(Ok(None));
        };
        if let Some(root) = state.root_of(&path) {
            // Another document of this root may have been told what was so before: the oldest counts, until all are asked for again.
            let looked = engine.looked_at(&root);
            state.told_hints.entry(root).or_insert(looked);
        }
        let (first, last) = (params.range.start.line, params.range.end.line);
        state.answer_later(reply, move |_| {
            let hints = engine.hints(&path, &text.to_string()).into_iter();
            let within = hints.filter(|hint| (first..=last).contains(&hint.position.line));
            let shown = within.map(|hint| {
                let range = Range { start: hint.position, end: hint.position };
                InlayHint {
                    position: to_proto::range(&text, range, encoding).start,
                    label: InlayHintLabel::String(hint.text),
                    kind: None,
                    text_edits: None,
                    tooltip: Some(InlayHintTooltip::String(hint.detail)),
                    padding_left: Some(true),
                    padding_right: None,
                    data: None,
                }
            });
            Ok(Some(shown.collect()))
        });
    }
}

impl State {
    /// Has the client look again, if the workspace was looked at since it was told hints. Nothing waits for its answer.
    pub(crate) fn refresh_hints(&mut self, root: &Path) {
        let Some(engine) = self.engine.as_ref().filter(|_| self.client.refreshes_hints) else { return };
        let now = engine.looked_at(root);
        let Some(told) = self.told_hints.get_mut(root).filter(|told| **told != now) else { return };
        *told = now;
        self.ask("workspace/inlayHint/refresh", Value::Null, |_, _| {});
    }
}
