//! `holdover/content`: the text of a `holdover:` document, Markdown: the pages of diagnostics, which are in the binary so
//! that they can be read without a network, the status of a workspace, entries of the journal, notes, and the trails of
//! files and artifacts, records with conflicts, explanations, logs of steps; and a document as it would be with a conflict resolved, as it is.

use super::Request;
use crate::commands;
use crate::commands::note::OpenTexts;
use crate::event::{Reply, error};
use crate::outbound::REQUEST_FAILED;
use crate::state::State;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use tower_lsp::jsonrpc::Error;

#[derive(Debug, Deserialize)]
pub(crate) struct Params {
    /// The document's address.
    uri: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    /// Its text, Markdown.
    text: String,
}

pub(crate) struct Content;

impl Request for Content {
    type Params = Params;
    type Answer = Answer;

    fn run(state: &mut State, params: Params, reply: Reply<Answer>) {
        let uri = params.uri;
        let absent = format!("there is no such document: {uri}");
        let absent = move || error(REQUEST_FAILED, absent);
        let (path, query) = uri.split_once('?').map_or((uri.as_str(), None), |(path, query)| (path, Some(query)));
        let name = path.strip_prefix("holdover:").map(|path| path.trim_start_matches('/'));
        if let Some(choice) = name.and_then(|name| name.strip_prefix("conflict/")) {
            match super::conflict::text(state, choice, query.unwrap_or_default()) {
                None => reply.send(Err(absent())),
                Some(Err(problem)) => reply.send(Err(problem)),
                Some(Ok(text)) => state.answer_later(reply, move |cancel| Ok(Answer { text: text(cancel)? })),
            }
            return;
        }
        let name = name.and_then(|path| path.strip_suffix(".md")).unwrap_or_default();
        match name.split_once('/') {
            None if name == "status" => {
                let text = commands::root(state, query.and_then(workspace).as_deref()).and_then(|root| {
                    let text = commands::engine(state)?.status_markdown(&root);
                    Ok(Answer { text: text.ok_or_else(absent)? })
                });
                reply.send(text);
            }
            None if name == "build" => build(state, query, None, reply, absent),
            Some(("build", step)) => build(state, query, Some(step), reply, absent),
            Some(("diagnostics", code)) => {
                reply.send(engine::page(code).map(|text| Answer { text: text.to_owned() }).ok_or_else(absent));
            }
            Some(("explanation", id)) => {
                let text = commands::engine(state)
                    .and_then(|engine| engine.explanation_markdown(id).map_err(|e| commands::failed(&e)));
                reply.send(text.map(|text| Answer { text }));
            }
            Some(("journal", id)) => match commands::engine(state) {
                Err(problem) => reply.send(Err(problem)),
                Ok(engine) => {
                    let id = id.to_owned();
                    state.answer_later(reply, move |_| {
                        let text = engine.journal_entry_markdown(&id).map_err(|e| commands::failed(&e))?;
                        Ok(Answer { text: text.ok_or_else(absent)? })
                    });
                }
            },
            Some(("artifact", ids)) => {
                let root = commands::root(state, query.and_then(workspace).as_deref());
                // Ids hold no comma, and one that does is encoded.
                let ids: Result<Vec<String>, _> =
                    ids.split(',').map(|id| percent_decode_str(id).decode_utf8().map(Cow::into_owned)).collect();
                match (root, commands::engine(state), ids) {
                    (Ok(root), Ok(engine), Ok(ids)) => state.answer_later(reply, move |_| {
                        let text = engine.artifact_trail_markdown(&root, &ids);
                        text.map(|text| Answer { text }).map_err(|e| commands::failed(&e))
                    }),
                    (Err(problem), ..) | (_, Err(problem), _) => reply.send(Err(problem)),
                    (.., Err(_)) => reply.send(Err(absent())),
                }
            }
            Some(("rule", about)) => {
                let decode = |text: &str| percent_decode_str(text).decode_utf8().map(Cow::into_owned).ok();
                let file = query.and_then(decode).and_then(|query| Some(query.strip_prefix("file=")?.to_owned()));
                let rule = about.split_once('/').and_then(|(source, code)| Some((decode(source)?, decode(code)?)));
                match (rule, file, commands::engine(state)) {
                    (Some((source, code)), Some(file), Ok(engine)) => state.answer_later(reply, move |cancel| {
                        let text = engine.rule_markdown(file.as_ref(), &source, &code, cancel);
                        Ok(Answer { text: text.ok_or_else(absent)? })
                    }),
                    (.., Err(problem)) => reply.send(Err(problem)),
                    _ => reply.send(Err(absent())),
                }
            }
            Some((kind @ ("note" | "record" | "trail"), about)) => {
                let root = commands::root(state, query.and_then(workspace).as_deref());
                let about = percent_decode_str(about).decode_utf8().map(Cow::into_owned);
                match (root, commands::engine(state), about) {
                    (Ok(root), Ok(engine), Ok(about)) => {
                        let (texts, kind) = (OpenTexts::of(state), kind.to_owned());
                        state.answer_later(reply, move |_| {
                            let text = match &*kind {
                                "note" => engine.note_markdown(&root, &about, &texts),
                                "record" => engine.record_markdown(&root, &about),
                                _ => engine.trail_markdown(&root, &root.join(about)),
                            };
                            text.map(|text| Answer { text }).map_err(|e| commands::failed(&e))
                        });
                    }
                    (Err(problem), ..) | (_, Err(problem), _) => reply.send(Err(problem)),
                    (.., Err(_)) => reply.send(Err(absent())),
                }
            }
            _ => reply.send(Err(absent())),
        }
    }
}

/// How the steps of a workspace stand, with the log of one.
fn build(
    state: &mut State,
    query: Option<&str>,
    step: Option<&str>,
    reply: Reply<Answer>,
    absent: impl FnOnce() -> Error + Send + 'static,
) {
    let root = commands::root(state, query.and_then(workspace).as_deref());
    let step = step.map(|step| percent_decode_str(step).decode_utf8().map(Cow::into_owned)).transpose();
    match (root, commands::engine(state), step) {
        (Ok(root), Ok(engine), Ok(step)) => state.answer_later(reply, move |_| {
            Ok(Answer { text: engine.build_markdown(&root, step.as_deref()).ok_or_else(absent)? })
        }),
        (Err(problem), ..) | (_, Err(problem), _) => reply.send(Err(problem)),
        (.., Err(_)) => reply.send(Err(absent())),
    }
}

/// The workspace that a query names. Some editors encode the whole query, its `=` included.
fn workspace(query: &str) -> Option<String> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().map(Cow::into_owned).ok();
    match query.strip_prefix("workspace=") {
        Some(path) => decode(path),
        None => decode(query)?.strip_prefix("workspace=").map(str::to_owned),
    }
}
