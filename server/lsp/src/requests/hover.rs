//! `textDocument/hover`: what the engine knows about what is under the cursor.

use super::Request;
use crate::event::Reply;
use crate::state::State;
use crate::{from_proto, to_proto};
use tower_lsp::ls_types::{Hover, HoverContents, HoverParams, MarkupContent, MarkupKind};

pub(crate) struct HoverAt;

impl Request for HoverAt {
    type Params = HoverParams;
    type Answer = Option<Hover>;

    fn run(state: &mut State, params: HoverParams, reply: Reply<Option<Hover>>) {
        let at = params.text_document_position_params;
        let encoding = state.client.encoding;
        let (Some(engine), Some(document)) = (state.engine.clone(), state.documents.get(&at.text_document.uri)) else {
            return reply.send(Ok(None));
        };
        let Some(path) = document.path.clone().filter(|path| engine.knows(path) || engine.has_notes(path)) else {
            return reply.send(Ok(None));
        };
        let text = document.text.clone();
        state.answer_later(reply, move |_| {
            let place = from_proto::position(&text, at.position, encoding);
            let whole = text.to_string();
            let found = engine.hover(&path, &whole, usize::try_from(place.byte).unwrap_or(usize::MAX));
            let found = match (found, engine.note_hover(&path, &whole, place.line)) {
                (Some((range, said)), Some((_, notes))) => Some((range, format!("{said}\n\n---\n\n{notes}"))),
                (found, notes) => found.or(notes),
            };
            Ok(found.map(|(range, value)| Hover {
                contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value }),
                range: Some(to_proto::range(&text, range, encoding)),
            }))
        });
    }
}
