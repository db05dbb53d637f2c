//! Merges that may be suggested for the conflicts that a code action is asked for: found by parsers in a process of their
//! own, so later, and bound to the conflicts as they stood. Applies nothing.

use super::code_action::answered;
use super::code_action_resolve::{Known, edit};
use super::lockfile::Tool;
use crate::capabilities::Client;
use crate::state::State;
use conflict::Conflicts;
use conflict::suggest::lacks_ancestor;
use contract::codes;
use ropey::Rope;
use serde_json::{Value, json};
use std::path::PathBuf;
use tower_lsp::ls_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CodeActionResponse, CodeActionTriggerKind,
    Diagnostic, Uri,
};

/// Most conflicts of one question for which merges are looked for.
const MOST_MERGES: usize = 3;

/// Conflicts for which a merge may be suggested, as they stand: found by parsers in a process of their own, so later.
pub(crate) struct Merges {
    uri: Uri,
    path: PathBuf,
    text: Rope,
    version: i32,
    client: Client,
    conflicts: Conflicts,
    /// Lines of the opening marker and the closing one, and what binds an action to the conflict.
    asked: Vec<(usize, usize, Value)>,
    diagnostics: Vec<Diagnostic>,
    suggester: engine::Suggester,
    /// Of a lockfile: the tool that can merge it.
    tool: Option<&'static str>,
    /// What remembers, and the workspace that it remembers for.
    memory: Option<(engine::Engine, PathBuf)>,
}

impl Merges {
    /// `None` where nothing was asked about a conflict, or nobody asked but an editor for its light bulb, at every move.
    pub(crate) fn asked(state: &mut State, params: &CodeActionParams) -> Option<Self> {
        if params.context.trigger_kind == Some(CodeActionTriggerKind::AUTOMATIC) {
            return None;
        }
        let (client, suggester) = (state.client.clone(), state.suggester.clone());
        let uri = params.text_document.uri.clone();
        let root = state.documents.get(&uri).and_then(|document| state.root_of(document.path.as_deref()?));
        let memory = state.engine.clone().zip(root);
        let document = state.documents.get(&uri)?;
        let tool =
            Tool::of(state, document.path.as_deref()).and_then(|_| engine::lockfile_tool(document.path.as_deref()?));
        let document = state.documents.get_mut(&uri)?;
        let (path, version) = (document.path.clone()?, document.version);
        let (text, conflicts) = document.parts();
        let (first, last) = (params.range.start.line as usize, params.range.end.line as usize);
        let touched = conflicts.regions.iter().filter(|region| region.open <= last && first <= region.close);
        let bound = |region: &conflict::Region| {
            let data = conflict::actions(text, region).into_iter().next()?.data;
            Some((region.open, region.close, data))
        };
        let asked: Vec<_> = touched.filter(|region| region.sides() == 2).filter_map(bound).take(MOST_MERGES).collect();
        let (text, conflicts) = (text.clone(), conflicts.clone());
        let diagnostics = params.context.diagnostics.clone();
        (!asked.is_empty()).then_some(Self {
            uri,
            path,
            text,
            version,
            client,
            conflicts,
            asked,
            diagnostics,
            suggester,
            tool,
            memory,
        })
    }

    /// A lockfile as its tool makes it: worked out when it is asked for, and shown before it is applied.
    fn by_tool(&self) -> Option<CodeAction> {
        let tool = self.tool.filter(|_| self.client.confirms && self.client.resolve_edit)?;
        let (open, close, data) = self.asked.first()?;
        let mut data = data.clone();
        data["action"] = json!("conflict.merge");
        data["uri"] = json!(self.uri);
        data["lockfile"] = json!(true);
        Some(CodeAction {
            title: format!("Look at this lockfile as {tool} makes it, offline"),
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: answered(&self.diagnostics, &[codes::MERGE_CONFLICT.to_owned()], Some((*open, *close))),
            data: Some(data),
            ..CodeAction::default()
        })
    }

    /// The common ancestors that git's index has, of conflicts whose markers hold none.
    fn bases(&self, cancel: &host::Cancel) -> Vec<CodeActionOrCommand> {
        let asked = |region: &&conflict::Region| self.asked.iter().any(|(open, ..)| *open == region.open);
        let lacking: Vec<_> = self.conflicts.regions.iter().filter(asked).filter(|one| lacks_ancestor(one)).collect();
        if lacking.is_empty() {
            return Vec::new();
        }
        let ancestors = self.suggester.ancestors(&self.path, &self.text, &self.conflicts, cancel);
        let name = conflict::Choice::Base.action();
        let offered = lacking.into_iter().filter_map(|region| {
            let actions = conflict::actions_with(&self.text, region, Some(ancestors.get(&region.open)?));
            let action = actions.into_iter().find(|one| one.action == name)?;
            Some(self.offer(&name, action.title, action.data, (region.open, region.close)))
        });
        offered.collect()
    }

    /// An action for the conflict between two lines. Its edit comes with it where the client cannot ask for it later.
    fn offer(&self, name: &str, title: String, mut data: Value, lines: (usize, usize)) -> CodeActionOrCommand {
        data["action"] = json!(name);
        data["uri"] = json!(self.uri);
        let known = Known { uri: &self.uri, text: &self.text, version: self.version, client: &self.client };
        let built = (!self.client.resolve_edit).then(|| edit(&known, &self.conflicts, name, &data).ok());
        CodeActionOrCommand::CodeAction(CodeAction {
            title,
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: answered(&self.diagnostics, &[codes::MERGE_CONFLICT.to_owned()], Some(lines)),
            edit: built.flatten(),
            data: Some(data),
            ..CodeAction::default()
        })
    }

    pub(crate) fn offered(self, cancel: &host::Cancel) -> CodeActionResponse {
        let wanted = |region: &conflict::Region| self.asked.iter().any(|(open, ..)| *open == region.open);
        let bases = self.bases(cancel);
        let found = self.suggester.suggestions(&self.path, &self.text, &self.conflicts, wanted, cancel);
        let remembered = self
            .memory
            .as_ref()
            .map(|(engine, root)| engine.remembered_resolutions(root, &self.path, &self.text, &self.conflicts));
        let mut offered: CodeActionResponse = self.by_tool().map(CodeActionOrCommand::CodeAction).into_iter().collect();
        let both = self.asked.iter().flat_map(|(open, close, data)| {
            let before = remembered.as_ref().and_then(|remembered| remembered.get(open));
            [found.get(open), before].map(|merge| (*open, *close, data.clone(), merge))
        });
        for (open, close, mut data, merge) in both {
            // What a person must look at first is offered where the editor shows it first.
            let Some(merge) = merge.filter(|merge| merge.one_click || self.client.confirms) else {
                continue;
            };
            data["merge"] = json!(merge);
            offered.push(self.offer("conflict.merge", conflict::suggest::title(merge), data, (open, close)));
        }
        offered.extend(bases);
        offered
    }
}
