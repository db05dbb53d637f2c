//! `holdover.resolveConflict {file, resolve, fingerprint?, line?}`: resolves conflicts of an open document through the
//! editor, so that undo is the editor's. Without a fingerprint or a line: all of the file.

use super::Call;
use crate::event::error;
use crate::from_proto;
use crate::outbound::REQUEST_FAILED;
use crate::requests::code_action_resolve::{Known, workspace_edit};
use crate::resolutions::Given;
use crate::state::State;
use conflict::{Choice, Region};
use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp::jsonrpc::ErrorCode;

#[derive(Debug, Deserialize)]
struct Fields {
    /// Path or address.
    file: String,
    /// `current`, `incoming`, `both`, `both-reversed`, `base`, `none`.
    resolve: String,
    #[serde(default)]
    fingerprint: Option<String>,
    /// Zero-based; any line of the conflict.
    #[serde(default)]
    line: Option<usize>,
}

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let refuse = |call: Call, code, why: String| call.answer(Err(error(code, why)));
    let Some(choice) = Choice::named(&fields.resolve) else {
        return refuse(call, ErrorCode::InvalidParams, format!("there is no such choice: {}", fields.resolve));
    };
    if !state.client.apply_edit {
        return refuse(call, REQUEST_FAILED, "this editor does not let a server edit: use the code actions".to_owned());
    }
    let client = state.client.clone();
    let path = from_proto::path_or_uri(&fields.file);
    let is_asked = |uri: &str, document_path: Option<&std::path::Path>| {
        uri == fields.file || document_path.is_some() && document_path == path.as_deref()
    };
    let Some((uri, document)) =
        state.documents.iter_mut().find(|(uri, document)| is_asked(uri.as_str(), document.path.as_deref()))
    else {
        return refuse(call, REQUEST_FAILED, format!("this document is not open: {}", fields.file));
    };
    let version = document.version;
    let (text, conflicts) = document.parts();
    let is_wanted = |region: &&Region| {
        let line = fields.line.is_none_or(|line| (region.open..=region.close).contains(&line));
        line && fields.fingerprint.as_ref().is_none_or(|wanted| *wanted == conflict::fingerprint(text, region))
    };
    let wanted: Vec<&Region> = conflicts.regions.iter().filter(is_wanted).collect();
    let one = fields.line.is_some() || fields.fingerprint.is_some();
    if wanted.is_empty() || one && wanted.len() > 1 {
        let why = if wanted.is_empty() {
            "there is no such conflict any more"
        } else {
            "several conflicts have this text: name a line"
        };
        return refuse(call, ErrorCode::ContentModified, why.to_owned());
    }
    let count = wanted.len();
    let given: Vec<Given> = wanted
        .iter()
        .filter_map(|region| {
            let kept = conflict::resolve(text, region, choice)?;
            Some(Given::of(uri, text, region, &choice.name(), &kept.text))
        })
        .collect();
    let edits: Option<Vec<_>> = wanted.into_iter().map(|region| conflict::resolve(text, region, choice)).collect();
    let Some(edits) = edits else {
        return refuse(call, REQUEST_FAILED, "the markers do not hold the common ancestor".to_owned());
    };
    let known = Known { uri, text, version, client: &client };
    let params = json!({ "label": format!("Resolve {count} conflicts"), "edit": workspace_edit(&known, edits) });
    for given in given {
        state.give(given);
    }
    state.ask("workspace/applyEdit", params, move |_, answer| {
        // Some editors say that they applied what they did not: the next change of the document is the truth.
        let applied =
            answer.as_ref().ok().and_then(|answer| answer.get("applied")).and_then(Value::as_bool).unwrap_or(false);
        call.answer(Ok(json!({ "applied": applied, "conflicts": count })));
    });
}
