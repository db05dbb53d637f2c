//! `holdover.resolveConflict {file | record | workspace?, resolve, fingerprint?, line?, seen?}`: resolves conflicts of open documents
//! through the editor, in one edit, so that undo is the editor's. One conflict, all of a file, or all of a workspace.

use super::{Call, root};
use crate::confirm::applied;
use crate::event::error;
use crate::from_proto;
use crate::outbound::REQUEST_FAILED;
use crate::requests::code_action_resolve::{Known, joined, workspace_edit};
use crate::resolutions::Given;
use crate::state::State;
use conflict::suggest::lacks_ancestor;
use conflict::{Choice, Conflicts, Offer, Region, Replacement};
use contract::ConflictPlace;
use engine::Suggester;
use host::Cancel;
use ropey::Rope;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tower_lsp::jsonrpc::{ErrorCode, Result};
use tower_lsp::ls_types::{Uri, WorkspaceEdit};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    workspace: Option<String>,
    /// Path or address; all of the workspace where there is none.
    file: Option<String>,
    /// `current`, `incoming`, `both`, `both-reversed`, `base`, `none`; `auto` for the merges that one click may apply.
    resolve: String,
    /// In place of a file: the id of a record whose versions stand beside each other.
    record: Option<String>,
    fingerprint: Option<String>,
    /// Zero-based; any line of the conflict.
    line: Option<usize>,
    /// What the person saw: where one of these is not as it was, nothing is changed.
    seen: Option<Vec<Seen>>,
}

/// A conflict that a person saw.
#[derive(Debug, Clone, Deserialize)]
struct Seen {
    /// Path or address.
    file: String,
    fingerprint: String,
}

/// A document of those that are to be resolved, as it was when that was asked.
struct Asked {
    uri: Uri,
    path: Option<PathBuf>,
    text: Rope,
    conflicts: Conflicts,
    regions: Vec<Region>,
}

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    if let Some(record) = fields.record {
        let known = root(state, fields.workspace.as_deref()).and_then(|root| Ok((root, super::engine(state)?)));
        return match known {
            Err(problem) => call.answer(Err(problem)),
            Ok((root, engine)) => state.answer_later(call.reply, move |_| {
                // It is written where all editors and devices read it: no text of an editor's is edited.
                let seen = fields.fingerprint.as_deref();
                let done = engine.resolve_record(&root, &record, &fields.resolve, seen, false);
                let done = done.map_err(|problem| super::failed_or_modified(&problem))?;
                Ok(Some(json!({ "applied": true, "conflicts": 1, "record": done })))
            }),
        };
    }
    let auto = fields.resolve == "auto";
    let choice = Choice::named(&fields.resolve);
    if choice.is_none() && !auto {
        let why = format!("there is no such choice: {}", fields.resolve);
        return call.answer(Err(error(ErrorCode::InvalidParams, why)));
    }
    if !state.client.apply_edit {
        let why = "this editor does not let a server edit: use the code actions";
        return call.answer(Err(error(REQUEST_FAILED, why)));
    }
    let asked = match asked(state, &fields) {
        Ok(asked) => asked,
        Err(problem) => return call.answer(Err(problem)),
    };
    let one = fields.line.is_some() || fields.fingerprint.is_some();
    let lacks_base = || asked.iter().flat_map(|one| &one.regions).any(lacks_ancestor);
    if choice.is_none() || choice == Some(Choice::Base) && lacks_base() {
        // Git is asked, or parsers in a process of their own; what was asked about is bound to its text meanwhile.
        let suggester = state.suggester.clone();
        let cancel = call.reply.cancel();
        let job = move || {
            let texts = asked.iter().map(|document| texts(&suggester, document, choice, &cancel));
            let texts: Vec<Texts> = texts.collect();
            (asked, texts)
        };
        return state.work(job, move |state, found| {
            // Dropping the call answers it with an error.
            let Some((asked, texts)) = found else { return };
            let action = choice.map_or_else(|| "conflict.merge".to_owned(), Choice::action);
            match filled(state, &asked, &texts) {
                Ok(found) if one && choice.is_some() && found.iter().all(|(_, edits)| edits.is_empty()) => {
                    call.answer(Err(no_base()));
                }
                Ok(found) => apply(state, call, &action, found),
                Err(problem) => call.answer(Err(problem)),
            }
        });
    }
    let Some(choice) = choice else { return };
    let mut found = Vec::new();
    for document in asked {
        let edits = document.regions.iter().filter_map(|region| conflict::resolve(&document.text, region, choice));
        found.push((document.uri, edits.collect::<Vec<_>>()));
    }
    if one && found.iter().all(|(_, edits)| edits.is_empty()) {
        return call.answer(Err(no_base()));
    }
    apply(state, call, &choice.action(), found);
}

/// The conflicts that are meant, in the texts as they are.
fn asked(state: &mut State, fields: &Fields) -> Result<Vec<Asked>> {
    let within = match (&fields.file, &fields.workspace) {
        (None, Some(named)) => Some(root(state, Some(named))?),
        _ => None,
    };
    let path = fields.file.as_deref().and_then(from_proto::path_or_uri);
    let is_asked = |uri: &Uri, document: Option<&Path>| match (&fields.file, &within) {
        (Some(file), _) => uri.as_str() == file || document.is_some() && document == path.as_deref(),
        (None, Some(root)) => document.is_some_and(|document| document.starts_with(root)),
        (None, None) => true,
    };
    let mut seen = fields.seen.clone();
    let mut found = Vec::new();
    let mut open = false;
    for (uri, document) in state.documents.iter_mut() {
        if !is_asked(uri, document.path.as_deref()) {
            continue;
        }
        open = true;
        let path = document.path.clone();
        let (text, conflicts) = document.parts();
        let mut regions = Vec::new();
        for region in &conflicts.regions {
            if fields.line.is_some_and(|line| !(region.open..=region.close).contains(&line)) {
                continue;
            }
            if fields.fingerprint.is_some() || seen.is_some() {
                let print = conflict::fingerprint(text, region);
                if fields.fingerprint.as_ref().is_some_and(|wanted| *wanted != print) {
                    continue;
                }
                if let Some(seen) = &mut seen {
                    let is_this = |one: &Seen| {
                        let file = from_proto::path_or_uri(&one.file);
                        one.fingerprint == print
                            && (one.file == uri.as_str() || file.is_some() && file.as_deref() == path.as_deref())
                    };
                    // What was not seen is not touched.
                    let Some(at) = seen.iter().position(is_this) else { continue };
                    seen.swap_remove(at);
                }
            }
            regions.push(region.clone());
        }
        if !regions.is_empty() {
            found.push(Asked { uri: uri.clone(), path, text: text.clone(), conflicts: conflicts.clone(), regions });
        }
    }
    found.sort_by(|a, b| a.uri.as_str().cmp(b.uri.as_str()));
    if let (false, Some(file)) = (open, &fields.file) {
        return Err(error(REQUEST_FAILED, format!("this document is not open: {file}")));
    }
    if let Some(gone) = seen.unwrap_or_default().first() {
        let why = format!("a conflict has changed since it was shown, so nothing was changed: {}", gone.file);
        return Err(error(ErrorCode::ContentModified, why));
    }
    let one = fields.line.is_some() || fields.fingerprint.is_some();
    let count: usize = found.iter().map(|document| document.regions.len()).sum();
    match count {
        0 => Err(error(ErrorCode::ContentModified, "there is no such conflict any more")),
        2.. if one => Err(error(ErrorCode::ContentModified, "several conflicts have this text: name a line")),
        _ => Ok(found),
    }
}

fn no_base() -> tower_lsp::jsonrpc::Error {
    error(REQUEST_FAILED, "neither the markers nor git's index hold the common ancestor")
}

/// What is to stand in place of conflicts, by the line of the opening marker.
type Texts = BTreeMap<usize, String>;

/// Common ancestors, from the markers or from git's index; without a choice the merges that one click may apply.
fn texts(suggester: &Suggester, document: &Asked, choice: Option<Choice>, cancel: &Cancel) -> Texts {
    let Asked { text, conflicts, regions, path, .. } = document;
    let path = path.as_deref().unwrap_or(Path::new(""));
    let Some(choice) = choice else {
        let wanted = |region: &Region| regions.iter().any(|known| known.open == region.open);
        let found = suggester.suggestions(path, text, conflicts, wanted, cancel).into_iter();
        return found.filter(|(_, merge)| merge.one_click).map(|(open, merge)| (open, merge.text)).collect();
    };
    let ancestors = suggester.ancestors(path, text, conflicts, cancel);
    let left = |region: &Region| {
        let ancestor = ancestors.get(&region.open).map(String::as_str);
        Some((region.open, conflict::resolve_with(text, region, choice, ancestor)?.text))
    };
    regions.iter().filter_map(left).collect()
}

/// What was found, where the conflicts are as they were.
fn filled(state: &mut State, asked: &[Asked], texts: &[Texts]) -> Result<Vec<(Uri, Vec<Replacement>)>> {
    let moved = || error(ErrorCode::ContentModified, "a conflict has changed meanwhile, so nothing was changed");
    let mut found = Vec::new();
    for (before, texts) in asked.iter().zip(texts) {
        let Some(document) = state.documents.get_mut(&before.uri) else { return Err(moved()) };
        let (text, conflicts) = document.parts();
        let mut edits = Vec::new();
        for region in &before.regions {
            let Some(left) = texts.get(&region.open) else { continue };
            let region = Offer::of(&before.text, region).find(text, conflicts).map_err(|_| moved())?;
            let fingerprint = conflict::fingerprint(text, region);
            edits.push(Replacement { range: region.range(text), text: left.clone(), fingerprint });
        }
        found.push((before.uri.clone(), edits));
    }
    Ok(found)
}

/// Has the client apply all of it in one edit, and answers when its changes are there.
fn apply(state: &mut State, call: Call, action: &str, found: Vec<(Uri, Vec<Replacement>)>) {
    let client = state.client.clone();
    let mut edit = WorkspaceEdit::default();
    let mut expected: Vec<(Uri, Rope, Vec<ConflictPlace>)> = Vec::new();
    let (mut count, mut left, mut given) = (0, 0, Vec::new());
    let mut touched: Vec<(PathBuf, u64)> = Vec::new();
    for (uri, edits) in found {
        let Some(document) = state.documents.get_mut(&uri) else { continue };
        let (version, path) = (document.version, document.path.clone());
        let (text, conflicts) = document.parts();
        left += conflicts.regions.len() - edits.len();
        if edits.is_empty() {
            continue;
        }
        count += edits.len();
        touched.push((path.unwrap_or_default(), edits.len() as u64));
        let (after, places) = applied(text, &edits, action);
        let name = action.trim_start_matches("conflict.").trim_start_matches("accept-");
        given.extend(edits.iter().filter_map(|edit| {
            let region = conflicts.at_line(edit.range.start.line as usize)?;
            Some(Given::of(&uri, text, region, name, &edit.text))
        }));
        let known = Known { uri: &uri, text, version, client: &client };
        edit = joined(edit, workspace_edit(&known, edits));
        expected.push((uri, after, places));
    }
    let files = expected.len();
    if count == 0 {
        let text = engine::resolved_by_repository(&[], left as u64);
        return call.answer(Ok(json!({ "applied": true, "conflicts": 0, "files": 0, "left": left, "text": text })));
    }
    for given in given {
        state.give(given);
    }
    let files_touched = touched.iter().map(|(file, conflicts)| (file.as_path(), *conflicts));
    let repositories = state.engine.as_ref().map(|engine| engine.repositories_of(files_touched)).unwrap_or_default();
    let batch = state.confirming.expect(expected, move |_, applied| {
        let text = engine::resolved_by_repository(&repositories, left as u64);
        let answer = json!({ "applied": applied, "conflicts": count, "files": files, "left": left, "text": text });
        call.answer(Ok(answer));
    });
    let label = if count == 1 { "Resolve a conflict".to_owned() } else { format!("Resolve {count} conflicts") };
    state.ask("workspace/applyEdit", json!({ "label": label, "edit": edit }), move |state, answer| {
        let said = answer.as_ref().ok().and_then(|answer| answer.get("applied")).and_then(Value::as_bool);
        state.edit_answered(batch, said.unwrap_or(false));
    });
}
