//! `holdover/content`: the text of a `holdover:` document. For now the pages of diagnostics, which are in the binary so that
//! they can be read without a network; other documents are left to the client.

use super::Request;
use crate::event::{Reply, error};
use crate::outbound::REQUEST_FAILED;
use crate::state::State;
use serde::{Deserialize, Serialize};

/// The pages, by code.
const PAGES: [(&str, &str); 9] = [
    ("corrupt-artifact", include_str!("../../../../docs/diagnostics/corrupt-artifact.md")),
    ("malformed-conflict", include_str!("../../../../docs/diagnostics/malformed-conflict.md")),
    ("malformed-lockfile", include_str!("../../../../docs/diagnostics/malformed-lockfile.md")),
    ("merge-conflict", include_str!("../../../../docs/diagnostics/merge-conflict.md")),
    ("missing-artifact", include_str!("../../../../docs/diagnostics/missing-artifact.md")),
    ("stale-artifact", include_str!("../../../../docs/diagnostics/stale-artifact.md")),
    ("unknown-artifact", include_str!("../../../../docs/diagnostics/unknown-artifact.md")),
    ("unknown-setting", include_str!("../../../../docs/diagnostics/unknown-setting.md")),
    ("unlocked-dependency", include_str!("../../../../docs/diagnostics/unlocked-dependency.md")),
];

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

    fn run(_: &mut State, params: Params, reply: Reply<Answer>) {
        let code = params.uri.strip_prefix("holdover:/diagnostics/").and_then(|name| name.strip_suffix(".md"));
        let page = PAGES.iter().find(|(name, _)| Some(*name) == code);
        reply.send(match page {
            Some((_, text)) => Ok(Answer { text: (*text).to_owned() }),
            None => Err(error(REQUEST_FAILED, format!("there is no such document: {}", params.uri))),
        });
    }
}
