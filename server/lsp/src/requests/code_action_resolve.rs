//! `codeAction/resolve`: the edit of an action, built from the text as it is now. If what the action was offered for has
//! changed, the answer is `ContentModified` and nothing is edited.

use super::Request;
use crate::capabilities::Client;
use crate::event::{Reply, error};
use crate::resolutions::Given;
use crate::state::State;
use crate::to_proto;
use conflict::{Choice, Conflicts, Replacement};
use contract::ConflictSuggestion;
use ropey::Rope;
use serde_json::Value;
use std::collections::HashMap;
use tower_lsp::jsonrpc::{ErrorCode, Result};
use tower_lsp::ls_types::{
    AnnotatedTextEdit, ChangeAnnotation, CodeAction, DocumentChanges, OneOf, OptionalVersionedTextDocumentIdentifier,
    TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};

pub(crate) struct Resolve;

impl Request for Resolve {
    type Params = CodeAction;
    type Answer = CodeAction;

    fn run(state: &mut State, mut action: CodeAction, reply: Reply<CodeAction>) {
        let data = action.data.clone().unwrap_or_default();
        let name = data.get("action").and_then(Value::as_str).unwrap_or_default().to_owned();
        if name.starts_with("check.") || name == "inventory.pin" {
            return super::lint::resolve(state, action, data, reply);
        }
        if !name.starts_with("conflict.") {
            return reply.send(Ok(action));
        }
        if data.get("lockfile").is_some() {
            return super::lockfile::resolve(state, action, data, reply);
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
        let given = given(&known, conflicts, &name, &data);
        let built = replacement(&known, conflicts, &name, &data).map(|(replacement, suggestion)| {
            state.confirming.offered(uri, text, &replacement, &name);
            action.edit = Some(built(&known, replacement, suggestion.as_ref()));
            action
        });
        if let Some(given) = given.filter(|_| built.is_ok()) {
            state.give(given);
        }
        reply.send(built);
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
    let (replacement, suggestion) = replacement(known, conflicts, name, data)?;
    Ok(built(known, replacement, suggestion.as_ref()))
}

/// The edit of a merge, to be shown to a person first unless it was looked at.
pub(crate) fn offered_edit(
    known: &Known<'_>,
    replacement: Replacement,
    suggestion: &ConflictSuggestion,
) -> WorkspaceEdit {
    built(known, replacement, Some(suggestion))
}

fn built(known: &Known<'_>, replacement: Replacement, suggestion: Option<&ConflictSuggestion>) -> WorkspaceEdit {
    let plain = workspace_edit(known, vec![replacement]);
    match suggestion.filter(|suggestion| !suggestion.one_click) {
        Some(suggestion) => confirmed(plain, suggestion),
        None => plain,
    }
}

/// What a conflict's action replaces, and the merge that it is where it is one.
fn replacement(
    known: &Known<'_>,
    conflicts: &Conflicts,
    name: &str,
    data: &Value,
) -> Result<(Replacement, Option<ConflictSuggestion>)> {
    let invalid = |what: &str| error(ErrorCode::InvalidParams, format!("this action is not one of ours: {what}"));
    if is_merge(name) {
        return merge(known, conflicts, data);
    }
    let choice = Choice::named(name).ok_or_else(|| invalid(name))?;
    let offer = conflict::offer_of(data).ok_or_else(|| invalid("it has no fingerprint"))?;
    let region = offer
        .find(known.text, conflicts)
        .map_err(|_| modified("the conflict has changed since the action was offered: ask again"))?;
    let replacement = conflict::resolve_with(known.text, region, choice, ancestor(data))
        .ok_or_else(|| invalid("there is no common ancestor"))?;
    Ok((replacement, None))
}

/// What to look for once the client has applied an action's edit.
fn given(known: &Known<'_>, conflicts: &Conflicts, name: &str, data: &Value) -> Option<Given> {
    let region = conflict::offer_of(data)?.find(known.text, conflicts).ok()?;
    let (choice, after) = if is_merge(name) {
        let text = data.pointer("/merge/text")?.as_str()?.to_owned();
        let is_remembered = data.pointer("/merge/kind").and_then(Value::as_str) == Some("remembered");
        (if is_remembered { "remembered" } else { "merge" }.into(), text)
    } else {
        let choice = Choice::named(name)?;
        (choice.name(), conflict::resolve_with(known.text, region, choice, ancestor(data))?.text)
    };
    Some(Given::of(known.uri, known.text, region, &choice, &after))
}

/// Whether an action's data hold the text that it leaves.
fn is_merge(name: &str) -> bool {
    matches!(name, "conflict.merge" | "conflict.remembered")
}

/// The common ancestor that went with an action where the markers hold none.
fn ancestor(data: &Value) -> Option<&str> {
    data.get("base").and_then(Value::as_str)
}

/// The text of a merge that was suggested, if its conflict is as it was then.
fn merge(known: &Known<'_>, conflicts: &Conflicts, data: &Value) -> Result<(Replacement, Option<ConflictSuggestion>)> {
    let invalid = || error(ErrorCode::InvalidParams, "this action is not one of ours: it holds no merge");
    let mut suggestion: ConflictSuggestion =
        data.get("merge").and_then(|merge| serde_json::from_value(merge.clone()).ok()).ok_or_else(invalid)?;
    let offer = conflict::offer_of(data).ok_or_else(invalid)?;
    let region = offer
        .find(known.text, conflicts)
        .map_err(|_| modified("the conflict has changed since the merge was suggested: ask again"))?;
    let range = region.range(known.text);
    let replacement = Replacement { range, text: suggestion.text.clone(), fingerprint: offer.fingerprint };
    // Who took it in a preview has looked at it.
    suggestion.one_click |= data.get("seen").and_then(Value::as_bool).unwrap_or(false);
    Ok((replacement, Some(suggestion)))
}

/// The same edit, to be shown to a person before it is applied.
fn confirmed(edit: WorkspaceEdit, suggestion: &ConflictSuggestion) -> WorkspaceEdit {
    let id = "holdover.merge".to_owned();
    let Some(DocumentChanges::Edits(documents)) = edit.document_changes else { return edit };
    let annotated = |document: TextDocumentEdit| {
        let edits = document.edits.into_iter().map(|edit| match edit {
            OneOf::Left(text_edit) => OneOf::Right(AnnotatedTextEdit { text_edit, annotation_id: id.clone() }),
            annotated @ OneOf::Right(_) => annotated,
        });
        TextDocumentEdit { text_document: document.text_document, edits: edits.collect() }
    };
    let told = ChangeAnnotation {
        label: conflict::suggest::title(suggestion),
        needs_confirmation: Some(true),
        description: Some(suggestion.reason.clone()),
    };
    WorkspaceEdit {
        document_changes: Some(DocumentChanges::Edits(documents.into_iter().map(annotated).collect())),
        change_annotations: Some(HashMap::from([(id.clone(), told)])),
        ..WorkspaceEdit::default()
    }
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

/// Two edits in one.
pub(crate) fn joined(mut edit: WorkspaceEdit, more: WorkspaceEdit) -> WorkspaceEdit {
    if let Some(changes) = more.changes {
        edit.changes.get_or_insert_default().extend(changes);
    }
    if let Some(DocumentChanges::Edits(more)) = more.document_changes {
        match &mut edit.document_changes {
            Some(DocumentChanges::Edits(edits)) => edits.extend(more),
            other => *other = Some(DocumentChanges::Edits(more)),
        }
    }
    edit
}

fn modified(why: &str) -> tower_lsp::jsonrpc::Error {
    error(ErrorCode::ContentModified, why)
}
