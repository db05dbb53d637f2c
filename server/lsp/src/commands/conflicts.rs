//! `holdover.conflicts {workspace?, files?, suggest?, all?}`: the conflicts of open documents, of the files that are named,
//! and with `all` of those that git holds as unmerged.

use super::{Call, json_of, root};
use crate::from_proto;
use crate::requests::lockfile::Tool;
use crate::state::State;
use contract::{ConflictFile, ConflictReport};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    workspace: Option<String>,
    files: Vec<String>,
    /// With a merge for each conflict that has one.
    suggest: bool,
    /// With the files that nobody opened and git holds as unmerged.
    all: bool,
}

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let within = match root(state, fields.workspace.as_deref()) {
        Ok(root) => Some(root),
        // Open files have conflicts with and without a workspace.
        Err(_) if fields.workspace.is_none() => None,
        Err(problem) => return call.answer(Err(problem)),
    };
    let resolve = |name: &String| {
        let path = from_proto::path_or_uri(name)?;
        Some(within.as_ref().map_or_else(|| path.clone(), |root| root.join(&path)))
    };
    let named: Vec<PathBuf> = fields.files.iter().filter_map(resolve).collect();
    let mut found: BTreeMap<PathBuf, ConflictFile> = BTreeMap::new();
    let mut open = Vec::new();
    let mut texts = Vec::new();
    let suggester = fields.suggest.then(|| state.suggester.clone());
    for (_, document) in state.documents.iter_mut() {
        let Some(path) = document.path.clone() else { continue };
        let asked = if named.is_empty() {
            fields.workspace.is_none() || within.as_ref().is_some_and(|root| path.starts_with(root))
        } else {
            named.contains(&path)
        };
        open.push(path.clone());
        let (text, conflicts) = document.parts();
        if asked && !conflicts.is_empty() {
            found.insert(path.clone(), conflict::report(text, &path, conflicts));
            if fields.suggest {
                texts.push((path, text.clone(), conflicts.clone()));
            }
        }
    }
    let roots = match (&within, fields.all) {
        (_, false) => Vec::new(),
        (Some(root), true) => vec![root.clone()],
        (None, true) => state.roots.clone(),
    };
    // Conflicts of records are not bound to files.
    let (engine, recorded) = (state.engine.clone(), roots.clone());
    let mut closed: Vec<PathBuf> = named.into_iter().filter(|path| !open.contains(path)).collect();
    let tools: Vec<Option<Tool>> = texts.iter().map(|(path, ..)| Tool::of(state, Some(path))).collect();
    state.answer_later(call.reply, move |cancel| {
        for root in roots {
            let unmerged = match &engine {
                Some(engine) => engine.unmerged(&root, cancel),
                None => engine::unmerged_files(&root, cancel),
            };
            closed.extend(unmerged.into_iter().filter(|file| !open.contains(file)));
        }
        let (closed, problems) = match &suggester {
            Some(suggester) => engine::files_suggestions(&closed, false, false, suggester, cancel),
            None => engine::files_conflicts(&closed, None, false),
        };
        for ((path, text, conflicts), tool) in texts.into_iter().zip(tools) {
            let merges = suggester.as_ref().map(|by| by.suggestions(&path, &text, &conflicts, |_| true, cancel));
            if let (Some(merges), Some(file), Some(by)) = (merges, found.get_mut(&path), &suggester) {
                engine::add_suggestions(file, &merges);
                engine::add_ancestors(file, &by.ancestors(&path, &text, &conflicts, cancel));
                file.lockfile = tool.and_then(|tool| tool.merge(&path, &text, &conflicts, cancel));
            }
        }
        for problem in problems {
            tracing::warn!("{problem}");
        }
        found.extend(closed.files.into_iter().map(|file| (file.path.clone(), file)));
        let records = engine.iter().flat_map(|engine| {
            recorded.iter().filter_map(|root| engine.record_conflicts(root).map_err(|e| tracing::warn!("{e}")).ok())
        });
        let records = records.flatten().collect();
        let mut report = ConflictReport { files: found.into_values().collect(), records, ..ConflictReport::default() };
        if let Some(engine) = engine.filter(|_| fields.all) {
            let counted = report.files.iter().map(|file| (file.path.as_path(), file.regions.len() as u64));
            report.repositories = engine.repositories_of(counted.filter(|(_, conflicts)| *conflicts > 0));
            report.text = engine::conflicts_by_repository(&report.repositories);
        }
        engine::trace(&mut report, cancel);
        json_of(&report).map(Some)
    });
}
