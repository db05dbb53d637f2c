//! `codeAction/resolve`: the edit of an action, built from the text as it is now. If what the action was offered for has
//! changed, the answer is `ContentModified` and nothing is edited.

use super::Request;
use crate::capabilities::Client;
use crate::event::{Reply, error};
use crate::state::State;
use crate::to_proto;
use conflict::{Choice, Conflicts, Replacement};
use ropey::Rope;
use serde_json::Value;
use std::collections::HashMap;
use tower_lsp::jsonrpc::{ErrorCode, Result};
use tower_lsp::ls_types::{
    CodeAction, DocumentChanges, OneOf, OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextEdit, Uri,
    WorkspaceEdit,
};

pub(crate) struct Resolve;

impl Request for Resolve {
    type Params = CodeAction;
    type Answer = CodeAction;

    fn run(state: &mut State, mut action: CodeAction, reply: Reply<CodeAction>) {
        let data = action.data.clone().unwrap_or_default();
        let name = data.get("action").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !name.starts_with("conflict.") {
            return reply.send(Ok(action));
        }
        let client = state.client.clone();
        let uri = data.get("uri").and_then(Value::as_str).and_then(|uri| uri.parse::<Uri>().ok());
        let document = uri.as_ref().and_then(|uri| state.documents.get_mut(uri));
        let (Some(uri), Some(document)) = (&uri, document) else {
            return reply.send(Err(modified("the document is not open any more")));
        };
        let version = document.version;
        let (text, conflicts) = document.parts();
        let known = Known { uri, text, version, client: &client };
        reply.send(edit(&known, conflicts, &name, &data).map(|edit| {
            action.edit = Some(edit);
            action
        }));
    }
}

/// A document that edits are built for.
pub(crate) struct Known<'a> {
    pub uri: &'a Uri,
    pub text: &'a Rope,
    pub version: i32,
    pub client: &'a Client,
}

/// The edit of a conflict's action.
pub(crate) fn edit(known: &Known<'_>, conflicts: &Conflicts, name: &str, data: &Value) -> Result<WorkspaceEdit> {
    let invalid = |what: &str| error(ErrorCode::InvalidParams, format!("this action is not one of ours: {what}"));
    let choice = Choice::named(name).ok_or_else(|| invalid(name))?;
    let offer = conflict::offer_of(data).ok_or_else(|| invalid("it has no fingerprint"))?;
    let region = offer
        .find(known.text, conflicts)
        .map_err(|_| modified("the conflict has changed since the action was offered: ask again"))?;
    let replacement =
        conflict::resolve(known.text, region, choice).ok_or_else(|| invalid("there is no common ancestor"))?;
    Ok(workspace_edit(known, vec![replacement]))
}

/// An edit of one document: with its version where the client takes versions.
pub(crate) fn workspace_edit(known: &Known<'_>, replacements: Vec<Replacement>) -> WorkspaceEdit {
    let edits = replacements.into_iter().map(|replacement| TextEdit {
        range: to_proto::range(known.text, replacement.range, known.client.encoding),
        new_text: replacement.text,
    });
    if known.client.document_changes {
        let text_document =
            OptionalVersionedTextDocumentIdentifier { uri: known.uri.clone(), version: Some(known.version) };
        let edits = edits.map(OneOf::Left).collect();
        let changes = DocumentChanges::Edits(vec![TextDocumentEdit { text_document, edits }]);
        WorkspaceEdit { document_changes: Some(changes), ..WorkspaceEdit::default() }
    } else {
        let changes = HashMap::from([(known.uri.clone(), edits.collect())]);
        WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }
    }
}

fn modified(why: &str) -> tower_lsp::jsonrpc::Error {
    error(ErrorCode::ContentModified, why)
}
