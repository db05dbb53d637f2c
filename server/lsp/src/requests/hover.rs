//! `textDocument/hover`: what the engine knows about what is under the cursor; of a conflict, where its sides come from.

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
        let engine = state.engine.clone();
        let Some(document) = state.documents.get_mut(&at.text_document.uri) else { return reply.send(Ok(None)) };
        let Some(path) = document.path.clone() else { return reply.send(Ok(None)) };
        let (text, conflicts) = document.parts();
        let inside = conflicts.at_line(at.position.line as usize).is_some();
        let conflicts = inside.then(|| (conflict::report(text, &path, conflicts), conflicts.clone()));
        let text = text.clone();
        let suggester = state.suggester.clone();
        let engine =
            engine.filter(|engine| engine.knows(&path) || engine.has_notes(&path) || engine.has_threads(&path));
        if engine.is_none() && conflicts.is_none() {
            return reply.send(Ok(None));
        }
        state.answer_later(reply, move |cancel| {
            let place = from_proto::position(&text, at.position, encoding);
            let mut all = Vec::new();
            all.extend(conflicts.and_then(|(mut report, conflicts)| {
                let at = place.line as usize;
                let wanted = |region: &conflict::Region| (region.open..=region.close).contains(&at);
                let found = suggester.suggestions(&path, &text, &conflicts, wanted, cancel);
                engine::add_suggestions(&mut report, &found);
                engine::conflict_hover(report, place.line, cancel)
            }));
            if let Some(engine) = engine {
                let whole = text.to_string();
                all.extend(engine.hover(&path, &whole, usize::try_from(place.byte).unwrap_or(usize::MAX)));
                all.extend(engine.check_hover(&path, &whole, place, cancel));
                all.extend(engine.note_hover(&path, &whole, place.line));
                all.extend(engine.thread_hover(&path, &whole, place.line));
            }
            let found = all.into_iter().reduce(|(range, said), (_, more)| (range, format!("{said}\n\n---\n\n{more}")));
            Ok(found.map(|(range, value)| Hover {
                contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value }),
                range: Some(to_proto::range(&text, range, encoding)),
            }))
        });
    }
}
